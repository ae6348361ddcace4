/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/open.h"

#include <string.h>

#include "core/address.h"
#include "core/clock.h"
#include "core/status.h"
#include "mime/addresses.h"
#include "mime/fields.h"
#include "mime/split.h"
#include "smime/level.h"
#include "smime/signers.h"

#define LAYERS_MAX	 6 /* L-10 */
#define HEADER_MAX	 (256 * 1024)
#define PARTS_MAX	 1000
#define DEPTH_MAX	 8
#define SIGNATURE_MAX	 (12 * 1024 * 1024)
#define RECIPIENTS_SHOWN 100

struct WaxOpened {
	const WaxOpenOptions *options;
	WaxLevels levels;
	WaxVerdict *verdict;
	WaxAuthor author;
	GByteArray *outer, *header; /* header blocks of the message and of the payload */
	GPtrArray *addresses;	    /* what `author` points at */
	GPtrArray *senders;
	GArray *dates; /* int64_t: of every Date field */
	bool has_payload;
	unsigned payload; /* level */
};

/* what the next step of the way inward is */
typedef enum { STEP_INWARD, STEP_PAYLOAD, STEP_STOP } Step;

void wax_opened_free(WaxOpened *o)
{
	if (!o)
		return;
	wax_levels_done(&o->levels);
	wax_verdict_free(o->verdict);
	g_byte_array_unref(o->outer);
	g_byte_array_unref(o->header);
	g_ptr_array_unref(o->addresses);
	g_ptr_array_unref(o->senders);
	g_array_unref(o->dates);
	g_free(o);
}

static bool run(WaxOpened *o, unsigned n, uint64_t from, uint64_t to, WaxSinkFunc write, void *data,
	GError **error)
{
	WaxSink sink = { write, data };

	o->levels.enough = false;
	return wax_levels_run(&o->levels, n, from, to, &sink, error);
}

/* --- header blocks --- */

typedef struct {
	WaxOpened *o;
	GByteArray *block;
	bool complete;
} Header;

/* where the empty line ends, or 0 */
static size_t header_end(const GByteArray *block, size_t from)
{
	size_t at = from > 3 ? from - 3 : 0;

	if (block->len && block->data[0] == '\n')
		return 1;
	if (block->len > 1 && block->data[0] == '\r' && block->data[1] == '\n')
		return 2;
	for (; at + 1 < block->len; at++) {
		if (block->data[at] != '\n')
			continue;
		if (block->data[at + 1] == '\n')
			return at + 2;
		if (at + 2 < block->len && block->data[at + 1] == '\r' &&
			block->data[at + 2] == '\n')
			return at + 3;
	}
	return 0;
}

static bool take_header(void *data, WaxSpan bytes, GError **error)
{
	Header *header = data;
	size_t before = header->block->len, end;
	(void)error;

	if (bytes.n > HEADER_MAX - before)
		bytes.n = HEADER_MAX - before;
	g_byte_array_append(header->block, bytes.p, (guint)bytes.n);
	end = header_end(header->block, before);
	if (end) {
		g_byte_array_set_size(header->block, (guint)end);
		header->complete = true;
	}
	header->o->levels.enough = end || header->block->len == HEADER_MAX;
	return true;
}

static WaxSpan span_of(const GByteArray *bytes)
{
	return WAX_SPAN(bytes->data, bytes->len);
}

static bool has_fields(WaxSpan block)
{
	WaxField field;

	while (wax_field_next(&block, &field))
		if (!field.nameless)
			return true;
	return false;
}

/* --- one CMS object --- */

typedef struct {
	WaxOpened *o;
	unsigned level;
	WaxVerdictLayer *layer;
	WaxReason broken; /* the object cannot be read any further */
	bool base64;
	WaxBase64Decoder decoder;
	WaxCmsReader reader;
	WaxBuffer head, tail;
	uint8_t *decoded, *plain;
	/* encrypted */
	WaxOpenPlan plan;
	WaxSecret *key;
	WaxCipher *cipher;
	/* signed */
	WaxDigests digests;
	uint64_t size;
	GByteArray *kept;
} Object;

static void give_up(Object *object, WaxReason reason)
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

static const char *kind_word(WaxRecipientKind kind)
{
	static const char *const words[] = { "none", "ktri", "kari", "kekri", "pwri", "ori" };

	return words[kind];
}

static void show_recipient(WaxVerdictLayer *layer, const WaxRecipient *recipient)
{
	WaxVerdictRecipient *shown;

	layer->recipient_count++;
	if (layer->recipients->len >= RECIPIENTS_SHOWN)
		return;
	shown = wax_verdict_add_recipient(layer);
	shown->kind = kind_word(recipient->kind);
	shown->algorithm = recipient->alg ? wax_keyenc_word(recipient->alg) : NULL;
	if (recipient->id.issuer.n) {
		shown->issuer = wax_hex(recipient->id.issuer);
		shown->serial = wax_hex(recipient->id.serial);
	} else if (recipient->id.key_id.n) {
		shown->key_id = wax_hex(recipient->id.key_id);
	}
}

/* every recipient is read; the first one that is ours is chosen (one attempt, R-46) */
static WaxReason choose_recipient(Object *object, WaxRecipient *ret_chosen, int *ret_handle)
{
	const WaxUnwrapper *keys = object->o->options->keys;
	WaxRecipients list = wax_cms_recipients(&object->plan);
	WaxRecipient recipient, last = { 0 };
	bool more;
	WaxFault fault;

	*ret_handle = -1;
	for (;;) {
		if (!wax_cms_next_recipient(&list, &recipient, &more, &fault))
			return fault.reason;
		if (!more)
			break;
		show_recipient(object->layer, &recipient);
		last = recipient;
		if (*ret_handle >= 0 || !keys)
			continue;
		*ret_handle = keys->find(keys->data, &recipient, /* alone= */ false);
		if (*ret_handle < 0)
			continue;
		*ret_chosen = recipient;
		if (object->layer->recipients->len == object->layer->recipient_count)
			((WaxVerdictRecipient *)object->layer->recipients
					->pdata[object->layer->recipients->len - 1])
				->opened = true;
	}
	if (*ret_handle < 0 && keys && object->layer->recipient_count == 1) {
		*ret_handle = keys->find(keys->data, &last, /* alone= */ true);
		*ret_chosen = last;
	}
	return WAX_R_NONE;
}

static void begin_encrypted(Object *object)
{
	const WaxUnwrapper *keys = object->o->options->keys;
	WaxVerdictLayer *layer = object->layer;
	WaxRecipient chosen;
	size_t key_size;
	WaxReason reason;
	WaxFault fault;
	int handle;

	layer->encryption = WAX_ENCRYPTION_FAILED;
	if (!wax_cms_open_plan(&object->reader, &object->plan, &fault)) {
		give_up(object, fault.reason);
		return;
	}
	layer->cipher = object->plan.cipher;
	reason = choose_recipient(object, &chosen, &handle);
	if (reason) {
		give_up(object, reason);
		return;
	}
	if (handle < 0) {
		layer->encryption = WAX_ENCRYPTION_UNDECRYPTABLE;
		wax_reasons_add(&layer->reasons, WAX_R_CMS_NO_RECIPIENT);
		object->o->levels.enough = true;
		return;
	}
	if (object->plan.cipher == WAX_CIPHER_NONE) {
		give_up(object, WAX_R_CMS_ALGORITHM_UNSUPPORTED);
		return;
	}
	key_size = wax_cipher_key_size(object->plan.cipher);
	if (!keys->unwrap(keys->data, handle, &chosen, key_size, &object->key, NULL) ||
		object->key->n != key_size) {
		give_up(object, WAX_R_CMS_DECRYPT_FAILED);
		return;
	}
	object->cipher = wax_cipher_new(object->plan.cipher, /* encrypt= */ false,
		wax_secret_span(object->key), object->plan.iv, NULL);
	object->plain = g_malloc(WAX_LEVEL_CHUNK + WAX_CIPHER_SLACK);
	if (!object->cipher)
		give_up(object, WAX_R_CMS_DECRYPT_FAILED);
}

static void begin_object(Object *object)
{
	object->layer->kind = kind_of(object->reader.type);
	if (wax_layer_is_encrypted(object->layer->kind))
		begin_encrypted(object);
	else if (object->layer->kind == WAX_LAYER_OPAQUE_SIGNED)
		wax_digests_begin(&object->digests, &object->reader);
	else
		give_up(object, WAX_R_CMS_TYPE_UNKNOWN);
}

static void keep(Object *object, WaxSpan bytes)
{
	object->size += bytes.n;
	if (!object->kept)
		return;
	if (object->size > WAX_LEVEL_KEEP_MAX) {
		wax_wipe(object->kept->data, object->kept->len);
		g_clear_pointer(&object->kept, g_byte_array_unref);
		return;
	}
	g_byte_array_append(object->kept, bytes.p, (guint)bytes.n);
}

static void take_content(Object *object, WaxSpan content)
{
	size_t got;

	if (!object->cipher) {
		wax_digests_update(&object->digests, content);
		keep(object, content);
		return;
	}
	while (content.n) {
		size_t n = content.n < WAX_LEVEL_CHUNK ? content.n : WAX_LEVEL_CHUNK;

		if (!wax_cipher_update(
			    object->cipher, (WaxSpan){ content.p, n }, object->plain, &got, NULL)) {
			give_up(object, WAX_R_CMS_DECRYPT_FAILED);
			return;
		}
		keep(object, WAX_SPAN(object->plain, got));
		content = (WaxSpan){ content.p + n, content.n - n };
	}
}

static void read_object(Object *object, WaxSpan in)
{
	WaxCmsEvent event;
	WaxSpan content;
	WaxFault fault;

	do {
		if (!wax_cms_reader_step(&object->reader, &in, &event, &content, &fault)) {
			give_up(object, fault.reason);
			return;
		}
		if (event == WAX_CMS_HEAD)
			begin_object(object);
		else if (event == WAX_CMS_CONTENT)
			take_content(object, content);
	} while (event != WAX_CMS_NEED_INPUT && event != WAX_CMS_END && !object->o->levels.enough);
}

static bool object_write(void *data, WaxSpan in, GError **error)
{
	Object *object = data;
	(void)error;

	if (!object->base64) {
		read_object(object, in);
		return true;
	}
	while (in.n && !object->o->levels.enough) {
		size_t n = in.n < WAX_LEVEL_CHUNK ? in.n : WAX_LEVEL_CHUNK, got;

		if (!wax_base64_decode(
			    &object->decoder, (WaxSpan){ in.p, n }, object->decoded, &got, NULL)) {
			give_up(object, WAX_R_MIME_ENCODING);
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

/* the way to make the content again */
static void make_level(Object *object, const char *part, uint64_t from, uint64_t to)
{
	WaxLevel *level;

	level = wax_levels_push(&object->o->levels, part);
	level->from = from;
	level->to = to;
	level->base64 = object->base64;
	level->cms = true;
	level->size = object->size;
	level->kept = g_steal_pointer(&object->kept);
	if (!object->cipher)
		return;
	level->cipher = object->plan.cipher;
	level->key = g_steal_pointer(&object->key);
	level->iv = copy(object->plan.iv);
	level->tag = copy(object->plan.tag);
	level->aad = copy(object->plan.auth_attributes);
}

typedef struct {
	uint64_t size;
} Count;

static bool count_octets(void *data, WaxSpan bytes, GError **error)
{
	Count *count = data;
	(void)error;

	count->size += bytes.n;
	return true;
}

/*
 * The object has been read to its end: does the content stand?  GCM wants its
 * additional data first, so an object with attributes is decrypted a second time.
 */
static void end_encrypted(Object *object, const char *part, uint64_t from, uint64_t to)
{
	uint8_t attributes[64 * 1024];
	WaxBuffer room = { attributes, 0, sizeof attributes };
	unsigned n = object->o->levels.levels->len;
	Count count = { 0 };
	WaxFault fault;
	WaxLevel *level;
	size_t last;
	bool good;

	if (object->plan.type == WAX_CMS_AUTH_ENVELOPED &&
		!wax_cms_open_finish(&object->reader, &object->plan, &room, &fault)) {
		give_up(object, fault.reason);
		return;
	}
	if (object->plan.auth_attributes.n) {
		g_clear_pointer(&object->kept, g_byte_array_unref);
		make_level(object, part, from, to);
		good = run(object->o, n, 0, UINT64_MAX, count_octets, &count, NULL);
		wax_level(&object->o->levels, n)->size = count.size;
	} else {
		good = wax_cipher_finish(
			object->cipher, object->plan.tag, object->plain, &last, NULL, NULL);
		if (good) {
			keep(object, WAX_SPAN(object->plain, last));
			make_level(object, part, from, to);
		}
	}
	if (!good) {
		g_ptr_array_set_size(object->o->levels.levels, (int)n);
		give_up(object, WAX_R_CMS_DECRYPT_FAILED);
		return;
	}
	level = wax_level(&object->o->levels, n);
	object->layer->encryption = wax_cipher_is_aead(level->cipher)
					    ? WAX_ENCRYPTION_AUTHENTICATED
					    : WAX_ENCRYPTION_UNAUTHENTICATED;
}

static const WaxReason limits[] = {
	WAX_R_DER_DEPTH,
	WAX_R_CMS_TOO_LARGE,
	WAX_R_CMS_TOO_MANY_RECIPIENTS,
	WAX_R_CMS_TOO_MANY_SIGNERS,
	WAX_R_CMS_TOO_MANY_CERTS,
	WAX_R_CMS_TOO_MANY_ATTRS,
};

/* what stopped an encrypted layer is one reason, whatever it was; only a limit has a name */
static void note_broken(Object *object)
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
	if (g_strcmp0(smime_type, "signed-data") == 0)
		return WAX_LAYER_OPAQUE_SIGNED;
	return WAX_LAYER_UNKNOWN;
}

static void object_init(
	Object *object, WaxOpened *o, unsigned level, WaxVerdictLayer *layer, bool base64)
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
		object->decoded = g_malloc(WAX_LEVEL_CHUNK + 8);
	wax_cms_reader_init(&object->reader, object->head, object->tail);
}

static void object_done(Object *object)
{
	wax_room_free(&object->head);
	wax_room_free(&object->tail);
	wax_cipher_free(object->cipher);
	wax_secret_free(object->key);
	wax_digests_done(&object->digests);
	if (object->plain)
		wax_wipe(object->plain, WAX_LEVEL_CHUNK);
	g_free(object->plain);
	g_free(object->decoded);
	if (object->kept)
		wax_wipe(object->kept->data, object->kept->len);
	g_clear_pointer(&object->kept, g_byte_array_unref);
}

static void end_input(Object *object)
{
	WaxFault fault;

	if (object->broken || object->o->levels.enough)
		return;
	if (object->base64 && !wax_base64_decode_end(&object->decoder, NULL))
		give_up(object, WAX_R_MIME_ENCODING);
	else if (!wax_cms_reader_finish(&object->reader, &fault))
		give_up(object, fault.reason);
}

/* judge_signers - SignedData that has been read, its content digested */
static void judge_signers(Object *object)
{
	const WaxOpenOptions *options = object->o->options;
	WaxSignersContext context = {
		.author = &object->o->author,
		.anchors = options->anchors,
		.untrusted = options->untrusted,
		.crls = options->crls,
		.at = options->at,
		.historic = options->historic,
		.structure_only = options->structure_only,
		.dates = object->o->dates,
	};

	wax_signers_judge(&object->reader, &object->digests, &context, object->layer);
	if (object->layer->signers->len == 0 && !object->reader.has_content &&
		wax_reasons_empty(&object->layer->reasons))
		object->layer->kind = WAX_LAYER_CERTS_ONLY;
}

/* a bare signature whose content was given apart */
static bool digest_detached(Object *object, GError **error)
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

/* content given apart that nothing signs would pass for judged: refused before it can */
static bool content_has_its_signature(const WaxOpened *o, bool is_cms, GError **error)
{
	const WaxVerdictLayer *first =
		is_cms && o->verdict->layers->len ? o->verdict->layers->pdata[0] : NULL;

	if (!o->options->detached || (first && !wax_layer_is_encrypted(first->kind)))
		return true;
	return wax_fail(error, WAX_R_USAGE,
		"content is given apart, but the input is no signature made apart from it");
}

/* peel_object - a CMS object that is the whole content of octets [from, to) of a level */
static bool peel_object(WaxOpened *o, unsigned n, uint64_t from, uint64_t to, bool base64,
	const char *claimed, Step *ret_step, GError **error)
{
	g_autofree char *part = g_strconcat(wax_level(&o->levels, n)->part, ".1", NULL);
	WaxVerdictLayer *layer = wax_verdict_add_layer(
		o->verdict, claimed_kind(claimed), wax_level(&o->levels, n)->part);
	unsigned next = o->levels.levels->len;
	Object object;
	bool ok;

	object_init(&object, o, n, layer, base64);
	ok = run(o, n, from, to, object_write, &object, error);
	end_input(&object);
	/* cut before its head was complete: the type may be known all the same */
	if (object.broken && layer->kind == WAX_LAYER_UNKNOWN)
		layer->kind = kind_of(object.reader.type);
	if (ok && !object.broken && layer->encryption != WAX_ENCRYPTION_UNDECRYPTABLE) {
		bool detached =
			layer->kind == WAX_LAYER_OPAQUE_SIGNED && !object.reader.has_content;

		if (wax_layer_is_encrypted(layer->kind))
			end_encrypted(&object, part, from, to);
		if (detached && o->options->detached)
			ok = digest_detached(&object, error);
		if (ok && layer->kind == WAX_LAYER_OPAQUE_SIGNED) {
			if (object.reader.has_content)
				make_level(&object, part, from, to);
			judge_signers(&object);
			/* two contents, and the signature speaks for one of them */
			if (object.reader.has_content && o->options->detached)
				wax_reasons_add(&layer->reasons, WAX_R_CMS_ECONTENT_PRESENT);
			if (detached && !o->options->detached &&
				layer->kind != WAX_LAYER_CERTS_ONLY)
				wax_reasons_add(&layer->reasons, WAX_R_CMS_MALFORMED);
		}
	}
	note_broken(&object);
	if (claimed && layer->kind != claimed_kind(claimed) &&
		claimed_kind(claimed) != WAX_LAYER_UNKNOWN)
		wax_reasons_add(&layer->notes, WAX_R_SIG_TYPE_DISAGREES); /* */
	object_done(&object);
	*ret_step = o->levels.levels->len > next ? STEP_INWARD : STEP_STOP;
	return ok;
}

/* --- multipart/signed --- */

typedef struct {
	WaxSplit split;
	WaxPart *parts;
	uint8_t *room;
	WaxFault fault;
	bool broken;
} Parts;

static bool split_write(void *data, WaxSpan bytes, GError **error)
{
	Parts *parts = data;
	(void)error;

	if (!parts->broken)
		parts->broken = !wax_split_feed(&parts->split, bytes, &parts->fault);
	return true;
}

static void parts_done(Parts *parts)
{
	g_free(parts->parts);
	g_free(parts->room);
}

static bool split_level(WaxOpened *o, unsigned n, Parts *parts, GError **error)
{
	WaxSplitLimits split_limits = { DEPTH_MAX, HEADER_MAX };

	memset(parts, 0, sizeof *parts);
	parts->parts = g_new0(WaxPart, PARTS_MAX);
	parts->room = g_malloc(HEADER_MAX);
	wax_split_init(&parts->split, parts->parts, PARTS_MAX,
		(WaxBuffer){ parts->room, 0, HEADER_MAX }, &split_limits);
	if (!run(o, n, 0, UINT64_MAX, split_write, parts, error)) {
		parts_done(parts);
		return false;
	}
	if (!parts->broken)
		parts->broken = !wax_split_finish(&parts->split, &parts->fault);
	return true;
}

typedef struct {
	GByteArray *bytes;
	size_t limit;
	bool over;
} Gather;

static bool gather(void *data, WaxSpan bytes, GError **error)
{
	Gather *into = data;
	(void)error;

	if (bytes.n > into->limit - into->bytes->len)
		into->over = true;
	else
		g_byte_array_append(into->bytes, bytes.p, (guint)bytes.n);
	return true;
}

static bool read_range(WaxOpened *o, unsigned n, uint64_t from, uint64_t to, size_t limit,
	GByteArray **ret_bytes, bool *ret_over, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	Gather into = { bytes, limit, false };

	if (!run(o, n, from, to, gather, &into, error))
		return false;
	*ret_over = into.over;
	*ret_bytes = g_steal_pointer(&bytes);
	return true;
}

/* the octets with every line end as CRLF; `lf`: as LF, to find out what else was digested */
typedef struct {
	WaxDigests *digests;
	bool lf, cr;
} Canonical;

static bool digest_canonical(void *data, WaxSpan bytes, GError **error)
{
	Canonical *state = data;
	size_t begin = 0;
	(void)error;

	for (size_t i = 0; i < bytes.n;) {
		const uint8_t *lf = memchr(bytes.p + i, '\n', bytes.n - i);
		size_t at = lf ? (size_t)(lf - bytes.p) : bytes.n;
		bool cr = lf && (at ? bytes.p[at - 1] == '\r' : state->cr);

		if (lf && !cr && !state->lf) {
			wax_digests_update(
				state->digests, (WaxSpan){ bytes.p + begin, at - begin });
			wax_digests_update(state->digests, WAX_SPAN_LIT("\r\n"));
			begin = at + 1;
		} else if (lf && cr && state->lf && at) {
			wax_digests_update(
				state->digests, (WaxSpan){ bytes.p + begin, at - 1 - begin });
			begin = at;
		}
		i = at + 1;
	}
	state->cr = bytes.p[bytes.n - 1] == '\r';
	/* a CR that ends this piece may belong to a line end */
	wax_digests_update(state->digests, (WaxSpan){ bytes.p + begin, bytes.n - begin });
	return true;
}

static bool digest_part(
	WaxOpened *o, unsigned n, const WaxPart *part, WaxDigests *digests, bool lf, GError **error)
{
	Canonical state = { digests, lf, false };

	return run(o, n, part->start, part->end, digest_canonical, &state, error);
}

static bool layer_has(const WaxVerdictLayer *layer, WaxReason reason)
{
	for (unsigned i = 0; i < layer->signers->len; i++)
		if (wax_reasons_has(&wax_verdict_signer(layer, i)->reasons, reason))
			return true;
	return false;
}

/* the digest may have been made over LF; it is altered all the same, but the reason is better */
static bool explain_mismatch(Object *object, unsigned n, const WaxPart *part, GError **error)
{
	WaxVerdictLayer *layer = object->layer;
	g_autoptr(WaxVerdict) scratch = wax_verdict_new();
	WaxDigests digests = { 0 };
	bool ok;

	if (!layer_has(layer, WAX_R_SIG_DIGEST_MISMATCH))
		return true;
	wax_digests_begin(&digests, &object->reader);
	ok = digest_part(object->o, n, part, &digests, /* lf= */ true, error);
	if (ok) {
		object->layer = wax_verdict_add_layer(scratch, WAX_LAYER_CLEAR_SIGNED, "");
		WaxDigests ours = object->digests;

		object->digests = digests;
		judge_signers(object);
		if (!layer_has(object->layer, WAX_R_SIG_DIGEST_MISMATCH))
			wax_reasons_add(&layer->reasons, WAX_R_SIG_NOT_CANONICAL);
		object->digests = ours;
		object->layer = layer;
	}
	wax_digests_done(&digests);
	return ok;
}

/* the signature part: its own header, then the CMS object in base64 or binary */
static bool judge_clear(WaxOpened *o, unsigned n, WaxVerdictLayer *layer, const WaxPart *content,
	const WaxPart *signature, GError **error)
{
	g_autoptr(GByteArray) header = NULL;
	g_auto(WaxContent) type = { 0 };
	Object object;
	bool over, ok;

	if (!read_range(o, n, signature->start, signature->body, HEADER_MAX, &header, &over, error))
		return false;
	wax_content_read(span_of(header), &type);
	object_init(&object, o, n, layer, g_strcmp0(type.encoding, "base64") == 0);
	layer->kind = WAX_LAYER_CLEAR_SIGNED;
	ok = run(o, n, signature->body, signature->end, object_write, &object, error);
	end_input(&object);
	if (!object.broken && object.reader.type != WAX_CMS_SIGNED)
		object.broken = WAX_R_CMS_MALFORMED;
	layer->kind = WAX_LAYER_CLEAR_SIGNED;
	layer->encryption = WAX_ENCRYPTION_UNLOOKED;
	if (ok && !object.broken && object.reader.has_content)
		object.broken = WAX_R_CMS_ECONTENT_PRESENT; /* R-15, T-01 */
	if (ok && !object.broken) {
		ok = digest_part(o, n, content, &object.digests, /* lf= */ false, error);
		if (ok) {
			judge_signers(&object);
			ok = explain_mismatch(&object, n, content, error);
		}
		if (layer->kind == WAX_LAYER_CERTS_ONLY)
			layer->kind = WAX_LAYER_CLEAR_SIGNED;
	}
	note_broken(&object);
	object_done(&object);
	return ok;
}

static const WaxPart *child(const Parts *parts, unsigned wanted)
{
	for (unsigned i = 1; i < parts->split.count; i++)
		if (parts->parts[i].parent == 0 && wanted-- == 0)
			return &parts->parts[i];
	return NULL;
}

static bool peel_clear(WaxOpened *o, unsigned n, Step *ret_step, GError **error)
{
	const char *path = wax_level(&o->levels, n)->part;
	g_autofree char *part = g_strconcat(path, ".1", NULL);
	WaxVerdictLayer *layer = wax_verdict_add_layer(o->verdict, WAX_LAYER_CLEAR_SIGNED, path);
	const WaxPart *content, *signature;
	WaxLevel *level;
	Parts parts;
	bool ok = true;

	*ret_step = STEP_STOP;
	if (!split_level(o, n, &parts, error))
		return false;
	content = child(&parts, 0);
	signature = child(&parts, 1);
	if (parts.broken || !content || !signature) {
		wax_reasons_add(
			&layer->reasons, parts.broken ? parts.fault.reason : WAX_R_MIME_MALFORMED);
		parts_done(&parts);
		return true;
	}
	if (parts.parts[0].has_preamble)
		g_ptr_array_add(o->verdict->outside, g_strdup_printf("%s preamble", path));
	if (parts.parts[0].has_epilogue)
		g_ptr_array_add(o->verdict->outside, g_strdup_printf("%s epilogue", path));
	if (parts.parts[0].children > 2) {
		wax_reasons_add(&layer->reasons, WAX_R_SIG_THIRD_PART);
		g_ptr_array_add(o->verdict->outside, g_strdup_printf("%s.3", path));
	}
	ok = judge_clear(o, n, layer, content, signature, error);
	level = wax_levels_push(&o->levels, part);
	level->from = content->start;
	level->to = content->end;
	level->size = content->end - content->start;
	parts_done(&parts);
	*ret_step = STEP_INWARD;
	return ok;
}

/* --- the payload --- */

static bool is_pkcs7_mime(const WaxContent *content)
{
	return strcmp(content->type, "application/pkcs7-mime") == 0 ||
	       strcmp(content->type, "application/x-pkcs7-mime") == 0 ||
	       ((strcmp(content->type, "application/octet-stream") == 0 ||
			strcmp(content->type, "application/pkcs7-signature") == 0 ||
			strcmp(content->type, "application/x-pkcs7-signature") == 0) &&
		       wax_content_named_smime(content));
}

static bool is_pkcs7_signature(const char *type)
{
	return type && (g_ascii_strcasecmp(type, "application/pkcs7-signature") == 0 ||
			       g_ascii_strcasecmp(type, "application/x-pkcs7-signature") == 0);
}

static bool is_clear_signed(const WaxContent *content)
{
	return strcmp(content->type, "multipart/signed") == 0 && content->boundary &&
	       (!content->protocol || is_pkcs7_signature(content->protocol));
}

static char *path_of(const WaxOpened *o, unsigned n, const Parts *parts, unsigned i)
{
	g_autofree char *above = NULL;
	unsigned number = 0, parent = parts->parts[i].parent;

	if (i == 0)
		return g_strdup(wax_level(&o->levels, n)->part);
	above = path_of(o, n, parts, parent); /* as deep as the splitter's limit */
	for (unsigned k = 1; k <= i; k++)
		number += parts->parts[k].parent == parent;
	return g_strdup_printf("%s.%u", above, number);
}

/* what is cryptographic below the payload is an attachment with a life of its own (V-04) */
static bool look_below(WaxOpened *o, unsigned n, GError **error)
{
	Parts parts;
	bool ok = true;

	if (!split_level(o, n, &parts, error))
		return false;
	for (unsigned i = 1; ok && i < parts.split.count; i++) {
		g_autoptr(GByteArray) header = NULL;
		g_auto(WaxContent) content = { 0 };
		bool over;

		if (parts.parts[i].body == parts.parts[i].start)
			continue;
		ok = read_range(o, n, parts.parts[i].start, parts.parts[i].body, HEADER_MAX,
			&header, &over, error);
		if (!ok)
			break;
		wax_content_read(span_of(header), &content);
		if (!is_clear_signed(&content) && !is_pkcs7_mime(&content))
			continue;
		g_ptr_array_add(o->verdict->attachments, path_of(o, n, &parts, i));
		if (is_clear_signed(&content) || g_strcmp0(content.smime_type, "signed-data") == 0)
			wax_reasons_add(&o->verdict->notes, WAX_R_SIG_BELOW_ROOT);
	}
	parts_done(&parts);
	return ok;
}

static void protected_fields(WaxOpened *o, WaxSpan block)
{
	bool is_signed = false, is_encrypted = false;
	WaxFieldState state;
	WaxField field;

	for (unsigned i = 0; i < o->verdict->layers->len; i++) {
		is_signed |= wax_layer_is_signed(wax_verdict_layer(o->verdict, i)->kind);
		is_encrypted |= wax_layer_is_encrypted(wax_verdict_layer(o->verdict, i)->kind);
	}
	state = is_signed && is_encrypted ? WAX_FIELD_SIGNED_AND_ENCRYPTED
		: is_signed		  ? WAX_FIELD_SIGNED_ONLY
					  : WAX_FIELD_ENCRYPTED_ONLY;
	while (wax_field_next(&block, &field)) {
		g_autofree char *name = NULL, *value = NULL;

		if (field.nameless || wax_field_is(&field, "HP-Outer") ||
			wax_field_is(&field, "MIME-Version") ||
			(field.name.n > 8 && g_ascii_strncasecmp((const char *)field.name.p,
						     "Content-", 8) == 0))
			continue;
		name = g_strndup((const char *)field.name.p, field.name.n);
		value = wax_field_decoded(field.value);
		wax_verdict_add_field(o->verdict, name, value, state);
	}
}

static bool take_payload(WaxOpened *o, unsigned n, const WaxContent *content, WaxSpan header,
	bool entity, GError **error)
{
	WaxLevel *level = wax_level(&o->levels, n);

	o->has_payload = true;
	o->payload = n;
	o->verdict->content_type = g_strdup(entity ? content->type : "application/octet-stream");
	o->verdict->content_bytes = level->size;
	g_byte_array_append(o->header, header.p, entity ? (guint)header.n : 0);
	if (!entity)
		return true;
	if (n > 0 && content->hp)
		protected_fields(o, header);
	if (g_str_has_prefix(content->type, "multipart/") ||
		strcmp(content->type, "message/rfc822") == 0)
		return look_below(o, n, error);
	return true;
}

static bool read_header(WaxOpened *o, unsigned n, Header *header, GError **error)
{
	*header = (Header){ .o = o, .block = g_byte_array_new() };
	return run(o, n, 0, UINT64_MAX, take_header, header, error);
}

static bool peel_entity(WaxOpened *o, unsigned n, Step *ret_step, GError **error)
{
	g_auto(WaxContent) content = { 0 };
	Header header;
	g_autoptr(GByteArray) block = NULL;
	bool entity;

	if (!read_header(o, n, &header, error))
		return false;
	block = header.block;
	entity = has_fields(span_of(block)) || (header.complete && block->len <= 2);
	if (n == 0) {
		if (!has_fields(span_of(block)) ||
			memchr(block->data, 0, block->len < 8 ? block->len : 8))
			return wax_fail(error, WAX_R_MIME_MALFORMED,
				"this is neither an e-mail message nor a CMS object");
		g_byte_array_append(o->outer, block->data, block->len);
	}
	wax_content_read(span_of(block), &content);
	*ret_step = STEP_PAYLOAD;
	if (content.ambiguous && entity && (is_pkcs7_mime(&content) || is_clear_signed(&content)))
		/* T-25: two programs would see two messages; it is shown as it is, unopened */
		wax_reasons_add(&o->verdict->reasons, WAX_R_SIG_BELOW_ROOT);
	else if (entity && is_pkcs7_mime(&content))
		return peel_object(o, n, block->len, wax_level(&o->levels, n)->size,
			strcmp(content.encoding, "base64") == 0, content.smime_type, ret_step,
			error);
	else if (entity && is_clear_signed(&content))
		return peel_clear(o, n, ret_step, error);
	return take_payload(o, n, &content, span_of(block), entity, error);
}

/* --- the root --- */

typedef struct {
	bool is_cms, base64;
	uint64_t from, to;
} Bare;

static bool looks_base64(WaxSpan bytes)
{
	size_t n = 0;

	for (; n < bytes.n && n < 64; n++)
		if (!g_ascii_isalnum(bytes.p[n]) && bytes.p[n] != '+' && bytes.p[n] != '/' &&
			bytes.p[n] != '\r' && bytes.p[n] != '\n')
			return false;
	return n == 64 && bytes.p[0] == 'M';
}

/* RFC 7468 8 and 9, and what gpgsm writes */
static bool is_object_label(const char *label)
{
	static const char *const labels[] = { "PKCS7-----", "PKCS #7 SIGNED DATA-----", "CMS-----",
		"SIGNED MESSAGE-----", "ENCRYPTED MESSAGE-----" };

	for (size_t i = 0; i < G_N_ELEMENTS(labels); i++)
		if (strncmp(label, labels[i], strlen(labels[i])) == 0)
			return true;
	return false;
}

/* a bare object: SEQUENCE of DER or BER, PEM, or its base64 alone */
static bool recognise(WaxOpened *o, Bare *bare, GError **error)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END ";
	g_autoptr(GByteArray) start = NULL, close = NULL;
	uint64_t size = o->levels.source->size;
	const char *text, *found;
	bool over;

	*bare = (Bare){ .to = size };
	if (!read_range(o, 0, 0, size < 4096 ? size : 4096, 4096, &start, &over, error) ||
		!read_range(o, 0, size > 512 ? size - 512 : 0, size, 512, &close, &over, error))
		return false;
	if (start->len == 0)
		return wax_fail(error, WAX_R_MIME_MALFORMED, "the input is empty");
	bare->is_cms = start->len > 1 && start->data[0] == 0x30 &&
		       (start->data[1] >= 0x80 || start->data[1] == size - 2);
	if (bare->is_cms)
		return true;
	g_byte_array_append(start, (const uint8_t *)"", 1); /* texts below end somewhere */
	text = (const char *)start->data;
	found = g_strstr_len(text, start->len, begin);
	if (found && (found == text || found[-1] == '\n')) {
		const char *line = memchr(found, '\n', start->len - (size_t)(found - text));
		const char *last =
			g_strrstr_len((const char *)close->data, (gssize)close->len, end);

		if (is_object_label(found + sizeof begin - 1)) {
			bare->is_cms = bare->base64 = true;
			bare->from = line ? (uint64_t)(line - text) + 1 : 0;
			if (last)
				bare->to = size - close->len +
					   (uint64_t)(last - (const char *)close->data);
		}
	} else if (looks_base64(span_of(start))) {
		bare->is_cms = bare->base64 = true;
	}
	return true;
}

static void set_dates(WaxOpened *o, WaxSpan block)
{
	WaxField field;

	while (wax_field_next(&block, &field)) {
		g_autofree char *text = NULL;
		int64_t date = WAX_DATE_UNREADABLE;

		if (!wax_field_is(&field, "Date"))
			continue;
		text = wax_field_text(field.value);
		if (wax_clock_from_rfc5322(text, &date) && !o->verdict->has_date) {
			o->verdict->has_date = true;
			o->verdict->date = date;
		}
		g_array_append_val(o->dates, date);
	}
}

static void set_author(WaxOpened *o, WaxSpan block)
{
	o->author.from_fields = wax_fields_count(block, "From", NULL);
	o->author.from_unreadable = !wax_addresses_author(block, "From", o->addresses);
	if (wax_fields_count(block, "Sender", NULL) == 1 &&
		!wax_addresses_author(block, "Sender", o->senders))
		g_ptr_array_set_size(o->senders, 0);
	if (o->author.from_fields == 0 && o->options->from) {
		char *key = wax_address_normal(o->options->from, NULL);

		o->author.from_unreadable = !key;
		o->author.from_fields = 1;
		if (key)
			g_ptr_array_add(o->addresses, key);
	}
	o->verdict->from = o->addresses->len ? g_strdup(o->addresses->pdata[0]) : NULL;
	o->verdict->sender = o->senders->len ? g_strdup(o->senders->pdata[0]) : NULL;
	g_ptr_array_add(o->addresses, NULL);
	g_ptr_array_add(o->senders, NULL);
	o->author.from = (const char *const *)o->addresses->pdata;
	o->author.sender = (const char *const *)o->senders->pdata;
	set_dates(o, block);
}

static bool peel_all(WaxOpened *o, Step step, GError **error)
{
	while (step == STEP_INWARD) {
		unsigned n = o->levels.levels->len - 1;

		if (o->verdict->layers->len >= LAYERS_MAX) {
			g_autoptr(GByteArray) block = NULL;
			g_auto(WaxContent) content = { 0 };
			Header header;

			if (!read_header(o, n, &header, error))
				return false;
			block = header.block;
			wax_content_read(span_of(block), &content);
			if (is_pkcs7_mime(&content) || is_clear_signed(&content)) {
				WaxVerdictLayer *layer = wax_verdict_add_layer(o->verdict,
					WAX_LAYER_UNKNOWN, wax_level(&o->levels, n)->part);

				wax_reasons_add(&layer->reasons, WAX_R_SIG_LAYER_DEPTH);
				return true;
			}
		}
		if (!peel_entity(o, n, &step, error))
			return false;
	}
	return true;
}

/*
 * A list that adds its footer changes what is signed and nothing else: the digest differs while
 * the signature over it holds.  Nothing follows from the word but a calmer text: both are "fail".
 */
static bool altered_by_list(const WaxOpened *o)
{
	const WaxVerdict *verdict = o->verdict;
	WaxSpan block = span_of(o->outer);
	WaxField field;

	if (verdict->signature != WAX_SIGNATURE_ALTERED ||
		verdict->encryption != WAX_ENCRYPTION_NONE ||
		!wax_reasons_has(&verdict->reasons, WAX_R_SIG_DIGEST_MISMATCH) ||
		wax_reasons_has(&verdict->reasons, WAX_R_SIG_MISMATCH))
		return false;
	while (wax_field_next(&block, &field))
		if (wax_field_is(&field, "List-Id"))
			return true;
	return false;
}

static void finish_verdict(WaxOpened *o)
{
	bool is_signed = false;

	for (unsigned i = 0; i < o->verdict->layers->len; i++)
		is_signed |= wax_layer_is_signed(wax_verdict_layer(o->verdict, i)->kind);
	/* T-06: a signed part below, and no signed layer above it */
	if (!is_signed && wax_reasons_has(&o->verdict->notes, WAX_R_SIG_BELOW_ROOT))
		wax_reasons_add(&o->verdict->reasons, WAX_R_SIG_BELOW_ROOT);
	wax_verdict_decide(o->verdict);
	if (altered_by_list(o))
		o->verdict->signature = WAX_SIGNATURE_ALTERED_BY_LIST;
}

bool wax_open_judge(const WaxSource *source, const WaxOpenOptions *options, WaxOpened **ret_opened,
	GError **error)
{
	g_autoptr(WaxOpened) o = g_new0(WaxOpened, 1);
	Step step = STEP_INWARD;
	Bare bare;

	o->options = options;
	o->outer = g_byte_array_new();
	o->header = g_byte_array_new();
	o->addresses = g_ptr_array_new_with_free_func(g_free);
	o->senders = g_ptr_array_new_with_free_func(g_free);
	o->dates = g_array_new(FALSE, FALSE, sizeof(int64_t));
	o->verdict = wax_verdict_new();
	o->verdict->judged_at = options->at;
	o->verdict->historic = options->historic;
	wax_levels_init(&o->levels, source);
	if (!recognise(o, &bare, error))
		return false;
	if (bare.is_cms) {
		set_author(o, WAX_SPAN_NONE);
		if (!peel_object(o, 0, bare.from, bare.to, bare.base64, NULL, &step, error))
			return false;
	} else {
		Header header;
		bool ok = read_header(o, 0, &header, error);

		set_author(o, span_of(header.block));
		g_byte_array_unref(header.block);
		if (!ok)
			return false;
	}
	if (!content_has_its_signature(o, bare.is_cms, error) || !peel_all(o, step, error))
		return false;
	finish_verdict(o);
	*ret_opened = g_steal_pointer(&o);
	return true;
}

const WaxVerdict *wax_opened_verdict(const WaxOpened *o)
{
	return o->verdict;
}

bool wax_opened_has_payload(const WaxOpened *o)
{
	return o->has_payload;
}

WaxSpan wax_opened_headers(const WaxOpened *o)
{
	return span_of(o->header);
}

WaxSpan wax_opened_outer_headers(const WaxOpened *o)
{
	return span_of(o->outer);
}

bool wax_opened_emit(WaxOpened *o, const WaxSink *sink, GError **error)
{
	if (!o->has_payload)
		return wax_fail(
			error, WAX_R_CMS_DECRYPT_FAILED, "the content could not be decrypted");
	o->levels.enough = false;
	return wax_levels_run(&o->levels, o->payload, 0, UINT64_MAX, sink, error);
}
