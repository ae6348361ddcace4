/* SPDX-License-Identifier: Apache-2.0 */
/* one CMS object: read to its end, and the layer that it makes */
#include "smime/open_internal.h"

#include <string.h>

#include "asn1/identifiers.h"
#include "cms/verify.h"
#include "core/status.h"

WAX_OID(oid_receipt, WAX_OID_SMIME(1, 1));

void wax_object_give_up(WaxObject *object, WaxReason reason)
{
	object->broken = reason;
	object->o->levels.enough = true;
}

static WaxLayerKind kind_of(WaxCmsType type)
{
	switch (type) {
	case WAX_CMS_SIGNED:
		return WAX_LAYER_OPAQUE_SIGNED;
	case WAX_CMS_ENVELOPED:
		return WAX_LAYER_ENVELOPED;
	case WAX_CMS_AUTH_ENVELOPED:
		return WAX_LAYER_AUTH_ENVELOPED;
	case WAX_CMS_COMPRESSED:
		return WAX_LAYER_COMPRESSED;
	default:
		return WAX_LAYER_UNKNOWN;
	}
}

static void begin_object(WaxObject *object)
{
	object->layer->kind = kind_of(object->reader.type);
	if (wax_layer_is_encrypted(object->layer->kind))
		wax_object_begin_encrypted(object);
	else if (object->layer->kind == WAX_LAYER_OPAQUE_SIGNED)
		wax_digests_begin(&object->digests, &object->reader);
	else if (object->layer->kind == WAX_LAYER_COMPRESSED)
		wax_object_begin_compressed(object);
	else
		wax_object_give_up(object, WAX_R_CMS_TYPE_UNKNOWN);
}

void wax_object_forget(WaxObject *object)
{
	if (object->kept)
		wax_wipe(object->kept->data, object->kept->len);
	g_clear_pointer(&object->kept, g_byte_array_unref);
}

void wax_object_keep(WaxObject *object, WaxSpan bytes)
{
	object->size += bytes.n;
	if (!object->kept)
		return;
	if (object->size > WAX_LEVEL_KEEP_MAX) {
		wax_object_forget(object);
		return;
	}
	g_byte_array_append(object->kept, bytes.p, (guint)bytes.n);
}

static void expand(WaxObject *object, WaxSpan content)
{
	g_autoptr(GError) error = NULL;

	if (!wax_zlib_write(object->zlib, content, &error))
		wax_object_give_up(object, wax_reason_of(error));
}

static void take_content(WaxObject *object, WaxSpan content)
{
	size_t got;

	if (object->zlib) {
		expand(object, content);
		return;
	}
	if (!object->cipher && object->key)
		return;
	if (!object->cipher) {
		wax_digests_update(&object->digests, content);
		wax_object_keep(object, content);
		return;
	}
	while (content.n) {
		size_t n = MIN(content.n, object->o->levels.chunk);

		object->plain_used = MAX(object->plain_used, n + WAX_CIPHER_SLACK);
		if (!wax_cipher_update(
			    object->cipher, (WaxSpan){ content.p, n }, object->plain, &got, NULL)) {
			wax_object_give_up(object, WAX_R_CMS_DECRYPT_FAILED);
			return;
		}
		wax_object_keep(object, WAX_SPAN(object->plain, got));
		content = (WaxSpan){ content.p + n, content.n - n };
	}
}

static void read_object(WaxObject *object, WaxSpan in)
{
	WaxCmsEvent event;
	WaxSpan content;
	WaxFault fault;

	do {
		if (!wax_cms_reader_step(&object->reader, &in, &event, &content, &fault)) {
			wax_object_give_up(object, fault.reason);
			return;
		}
		if (event == WAX_CMS_HEAD)
			begin_object(object);
		else if (event == WAX_CMS_CONTENT)
			take_content(object, content);
	} while (event != WAX_CMS_NEED_INPUT && event != WAX_CMS_END && !object->o->levels.enough);
}

bool wax_object_write(void *data, WaxSpan in, GError **error)
{
	WaxObject *object = data;
	(void)error;

	if (!object->base64) {
		read_object(object, in);
		return true;
	}
	while (in.n && !object->o->levels.enough) {
		size_t n = MIN(in.n, object->o->levels.chunk), got;

		if (!wax_base64_decode(
			    &object->decoder, (WaxSpan){ in.p, n }, object->decoded, &got, NULL)) {
			wax_object_give_up(object, WAX_R_MIME_ENCODING);
			return true;
		}
		read_object(object, WAX_SPAN(object->decoded, got));
		in = (WaxSpan){ in.p + n, in.n - n };
	}
	return true;
}

static GByteArray *copy(WaxSpan bytes)
{
	GByteArray *array = g_byte_array_sized_new((guint)bytes.n);

	if (bytes.n)
		g_byte_array_append(array, bytes.p, (guint)bytes.n);
	return array;
}

void wax_object_make_level(WaxObject *object, const char *part, uint64_t from, uint64_t to)
{
	WaxLevel *level;

	level = wax_levels_push(&object->o->levels, part);
	level->from = from;
	level->to = to;
	level->base64 = object->base64;
	level->cms = true;
	level->size = object->size;
	level->kept = g_steal_pointer(&object->kept);
	if (!object->key)
		return;
	level->cipher = object->plan.cipher;
	level->content = object->reader.content_octets;
	level->key = g_steal_pointer(&object->key);
	level->iv = copy(object->plan.iv);
	level->tag = copy(object->plan.tag);
	level->aad = copy(object->plan.auth_attributes);
}

static const WaxReason limits[] = {
	WAX_R_DER_DEPTH,
	WAX_R_CMS_TOO_LARGE,
	WAX_R_CMS_TOO_MANY_RECIPIENTS,
	WAX_R_CMS_TOO_MANY_SIGNERS,
	WAX_R_CMS_TOO_MANY_CERTS,
	WAX_R_CMS_TOO_MANY_ATTRS,
};

void wax_object_note_broken(WaxObject *object)
{
	WaxVerdictLayer *layer = object->layer;

	if (!object->broken)
		return;
	if (!wax_layer_is_encrypted(layer->kind)) {
		wax_reasons_add(&layer->reasons, object->broken);
		return;
	}
	layer->encryption = WAX_ENCRYPTION_FAILED;
	wax_reasons_add(&layer->reasons, WAX_R_CMS_DECRYPT_FAILED);
	for (size_t i = 0; i < G_N_ELEMENTS(limits); i++)
		if (limits[i] == object->broken)
			wax_reasons_add(&layer->reasons, object->broken);
}

/* what the wrapping says about an object whose own type could not be read */
static WaxLayerKind claimed_kind(const char *smime_type)
{
	if (g_strcmp0(smime_type, "enveloped-data") == 0)
		return WAX_LAYER_ENVELOPED;
	if (g_strcmp0(smime_type, "authenveloped-data") == 0)
		return WAX_LAYER_AUTH_ENVELOPED;
	if (g_strcmp0(smime_type, "compressed-data") == 0)
		return WAX_LAYER_COMPRESSED;
	if (g_strcmp0(smime_type, "signed-data") == 0)
		return WAX_LAYER_OPAQUE_SIGNED;
	return WAX_LAYER_UNKNOWN;
}

void wax_object_init(
	WaxObject *object, WaxOpened *o, unsigned level, WaxVerdictLayer *layer, bool base64)
{
	memset(object, 0, sizeof *object);
	object->o = o;
	object->level = level;
	object->layer = layer;
	object->base64 = base64;
	object->head = wax_room_new(WAX_LEVEL_HEAD);
	object->tail = wax_room_new(WAX_LEVEL_TAIL);
	object->kept = g_byte_array_new();
	if (base64)
		object->decoded = g_malloc(o->levels.chunk + 8);
	wax_cms_reader_init(&object->reader, object->head, object->tail);
}

void wax_object_done(WaxObject *object)
{
	wax_room_free(&object->head);
	wax_room_free(&object->tail);
	wax_cipher_free(object->cipher);
	wax_secret_free(object->key);
	wax_digests_done(&object->digests);
	wax_zlib_free(object->zlib);
	if (object->plain)
		wax_wipe(object->plain, MAX(object->plain_used, (size_t)WAX_CIPHER_SLACK));
	g_free(object->plain);
	g_free(object->decoded);
	wax_object_forget(object);
}

void wax_object_end_input(WaxObject *object)
{
	WaxFault fault;

	if (object->broken || object->o->levels.enough)
		return;
	if (object->base64 && !wax_base64_decode_end(&object->decoder, NULL))
		wax_object_give_up(object, WAX_R_MIME_ENCODING);
	else if (!wax_cms_reader_finish(&object->reader, &fault))
		wax_object_give_up(object, fault.reason);
}

bool wax_object_signs(const WaxObject *object, WaxSpan content_type)
{
	WaxVerifyPlan plan;

	return wax_cms_signed_head(&object->reader, &plan, NULL) &&
	       wax_span_equal(plan.content_type, content_type);
}

/*
 * RFC 8551 2.4.1: a MIME entity is signed as id-data.  A receipt holds octets that the sender of
 * the message chose; shown as an entity it would be his words under the signature of its reader.
 */
static void check_content_type(WaxObject *object)
{
	WaxLevels *levels = &object->o->levels;

	if (wax_object_signs(object, wax_cms_type_oid(WAX_CMS_DATA)))
		return;
	wax_level(levels, levels->levels->len - 1)->no_mime = true;
	if (!wax_object_signs(object, oid_receipt) && object->layer->signers->len)
		wax_reasons_add(&object->layer->reasons, WAX_R_CMS_CONTENT_TYPE_MISMATCH);
}

void wax_object_judge_signers(WaxObject *object)
{
	const WaxOpenOptions *options = object->o->options;
	WaxSignersContext context = {
		.content = object->content,
		.content_data = object->content_data,
		.author = &object->o->author,
		.anchors = options->anchors,
		.untrusted = options->untrusted,
		.pool = options->pool,
		.revocation = options->revocation,
		.at = options->at,
		.historic = options->historic,
		.structure_only = options->structure_only,
		.header = object->o->outer ? wax_open_span(object->o->outer) : WAX_SPAN_NONE,
		.dates = object->o->dates,
	};

	wax_signers_judge(&object->reader, &object->digests, &context, object->layer);
	if (object->layer->signers->len == 0 && !object->reader.has_content &&
		wax_reasons_empty(&object->layer->reasons))
		object->layer->kind = WAX_LAYER_CERTS_ONLY;
}

/* whole_content - of the level that was made of this object, or of what was given apart */
static bool whole_content(void *data, GByteArray **ret_content)
{
	WaxObject *object = data;
	const WaxSource *detached = object->o->options->detached;
	bool over = false;

	if (object->reader.has_content)
		return wax_opened_read_range(object->o, object->o->levels.levels->len - 1, 0,
			       UINT64_MAX, WAX_CONTENT_MAX, ret_content, &over, NULL) &&
		       !over;
	if (!detached || detached->size > WAX_CONTENT_MAX)
		return false;
	*ret_content = g_byte_array_new();
	g_byte_array_set_size(*ret_content, (guint)detached->size);
	for (uint64_t at = 0; at < detached->size;) {
		size_t got;

		if (!wax_source_read(detached, at, (*ret_content)->data + at,
			    (size_t)(detached->size - at), &got, NULL) ||
			got == 0) {
			g_clear_pointer(ret_content, g_byte_array_unref);
			return false;
		}
		at += got;
	}
	return true;
}

/* a bare signature whose content was given apart */
static bool digest_detached(WaxObject *object, GError **error)
{
	const WaxSource *content = object->o->options->detached;
	g_autofree uint8_t *chunk = g_malloc(WAX_LEVEL_CHUNK);
	uint64_t at = 0;
	size_t got = 1;

	while (at < content->size && got) {
		if (!wax_source_read(content, at, chunk, WAX_LEVEL_CHUNK, &got, error))
			return false;
		wax_digests_update(&object->digests, WAX_SPAN(chunk, got));
		at += got;
	}
	return true;
}

bool wax_open_peel_object(WaxOpened *o, unsigned n, uint64_t from, uint64_t to, bool base64,
	const char *claimed, WaxOpenStep *ret_step, GError **error)
{
	g_autofree char *part = g_strconcat(wax_level(&o->levels, n)->part, ".1", NULL);
	WaxVerdictLayer *layer = wax_verdict_add_layer(
		o->verdict, claimed_kind(claimed), wax_level(&o->levels, n)->part);
	unsigned next = o->levels.levels->len;
	WaxObject object;
	bool ok;

	wax_object_init(&object, o, n, layer, base64);
	ok = wax_opened_run(o, n, from, to, wax_object_write, &object, error);
	wax_object_end_input(&object);
	/* cut before its head was complete: the type may be known all the same */
	if (object.broken && layer->kind == WAX_LAYER_UNKNOWN)
		layer->kind = kind_of(object.reader.type);
	if (ok && !object.broken && layer->encryption != WAX_ENCRYPTION_UNDECRYPTABLE) {
		bool detached =
			layer->kind == WAX_LAYER_OPAQUE_SIGNED && !object.reader.has_content;

		if (wax_layer_is_encrypted(layer->kind))
			wax_object_end_encrypted(&object, part, from, to);
		if (layer->kind == WAX_LAYER_COMPRESSED)
			wax_object_end_compressed(&object, part, from, to);
		if (detached && o->options->detached)
			ok = digest_detached(&object, error);
		if (ok && layer->kind == WAX_LAYER_OPAQUE_SIGNED) {
			if (object.reader.has_content)
				wax_object_make_level(&object, part, from, to);
			object.content = whole_content;
			object.content_data = &object;
			wax_object_judge_signers(&object);
			if (object.reader.has_content)
				check_content_type(&object);
			/* two contents, and the signature speaks for one of them */
			if (object.reader.has_content && o->options->detached)
				wax_reasons_add(&layer->reasons, WAX_R_CMS_ECONTENT_PRESENT);
			if (detached && !o->options->detached &&
				layer->kind != WAX_LAYER_CERTS_ONLY)
				wax_reasons_add(&layer->reasons, WAX_R_CMS_MALFORMED);
		}
	}
	wax_object_note_broken(&object);
	if (claimed && layer->kind != claimed_kind(claimed) &&
		claimed_kind(claimed) != WAX_LAYER_UNKNOWN)
		wax_reasons_add(&layer->notes, WAX_R_SIG_TYPE_DISAGREES); /* */
	wax_object_done(&object);
	*ret_step = o->levels.levels->len > next ? WAX_STEP_INWARD : WAX_STEP_STOP;
	if (ok && o->unanswered) {
		g_propagate_error(error, g_steal_pointer(&o->unanswered));
		return false;
	}
	return ok;
}
