/* SPDX-License-Identifier: Apache-2.0 */
/* multipart/signed: a content in clear and the signature beside it */
#include "smime/open_internal.h"

#include <string.h>

#include "mime/lines.h"

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

	if (!state->lf && wax_lines_canonical(bytes, state->cr)) {
		state->cr = bytes.p[bytes.n - 1] == '\r';
		wax_digests_update(state->digests, bytes);
		return true;
	}
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

typedef struct {
	WaxOpened *o;
	unsigned level;
	const WaxPart *part;
} Content;

/* append_canonical - bytes with every line end as CRLF; false: more than is kept */
static bool append_canonical(GByteArray *out, WaxSpan bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		if (bytes.p[i] == '\n' && (i == 0 || bytes.p[i - 1] != '\r'))
			g_byte_array_append(out, (const uint8_t *)"\r", 1);
		g_byte_array_append(out, bytes.p + i, 1);
	}
	return out->len <= WAX_CONTENT_MAX;
}

/* whole_content - R-25, for a signature over the octets themselves */
static bool whole_content(void *data, GByteArray **ret_content)
{
	const Content *content = data;
	g_autoptr(GByteArray) raw = NULL;
	g_autoptr(GByteArray) canonical = g_byte_array_new();
	bool over;

	if (!wax_opened_read_range(content->o, content->level, content->part->start,
		    content->part->end, WAX_CONTENT_MAX, &raw, &over, NULL) ||
		over || !append_canonical(canonical, wax_open_span(raw)))
		return false;
	*ret_content = g_steal_pointer(&canonical);
	return true;
}

static bool digest_part(
	WaxOpened *o, unsigned n, const WaxPart *part, WaxDigests *digests, bool lf, GError **error)
{
	Canonical state = { digests, lf, false };

	return wax_opened_run(o, n, part->start, part->end, digest_canonical, &state, error);
}

static bool layer_has(const WaxVerdictLayer *layer, WaxReason reason)
{
	for (unsigned i = 0; i < layer->signers->len; i++)
		if (wax_reasons_has(&wax_verdict_signer(layer, i)->reasons, reason))
			return true;
	return false;
}

/* the digest may have been made over LF; it is altered all the same, but the reason is better */
static bool explain_mismatch(WaxObject *object, unsigned n, const WaxPart *part, GError **error)
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
		wax_object_judge_signers(object);
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
	Content again = { o, n, content };
	WaxObject object;
	bool over, ok;

	if (!wax_opened_read_range(o, n, signature->start, signature->body, WAX_OPEN_HEADER_MAX,
		    &header, &over, error))
		return false;
	wax_content_read(wax_open_span(header), &type);
	wax_object_init(&object, o, n, layer, g_strcmp0(type.encoding, "base64") == 0);
	layer->kind = WAX_LAYER_CLEAR_SIGNED;
	ok = wax_opened_run(
		o, n, signature->body, signature->end, wax_object_write, &object, error);
	wax_object_end_input(&object);
	if (!object.broken && object.reader.type != WAX_CMS_SIGNED)
		object.broken = WAX_R_CMS_MALFORMED;
	layer->kind = WAX_LAYER_CLEAR_SIGNED;
	layer->encryption = WAX_ENCRYPTION_UNLOOKED;
	if (ok && !object.broken && object.reader.has_content)
		object.broken = WAX_R_CMS_ECONTENT_PRESENT; /* R-15, T-01 */
	/* what was signed as something else was not signed as mail (RFC 8551 2.4.1) */
	if (ok && !object.broken && !wax_object_signs(&object, wax_cms_type_oid(WAX_CMS_DATA)))
		object.broken = WAX_R_CMS_CONTENT_TYPE_MISMATCH;
	if (ok && !object.broken) {
		ok = digest_part(o, n, content, &object.digests, /* lf= */ false, error);
		if (ok) {
			object.content = whole_content;
			object.content_data = &again;
			wax_object_judge_signers(&object);
			ok = explain_mismatch(&object, n, content, error);
		}
		if (layer->kind == WAX_LAYER_CERTS_ONLY)
			layer->kind = WAX_LAYER_CLEAR_SIGNED;
	}
	wax_object_note_broken(&object);
	wax_object_done(&object);
	return ok;
}

static const WaxPart *child(const WaxOpenParts *parts, unsigned wanted)
{
	for (unsigned i = 1; i < parts->split.count; i++)
		if (parts->parts[i].parent == 0 && wanted-- == 0)
			return &parts->parts[i];
	return NULL;
}

bool wax_open_peel_clear(WaxOpened *o, unsigned n, WaxOpenStep *ret_step, GError **error)
{
	const char *path = wax_level(&o->levels, n)->part;
	g_autofree char *part = g_strconcat(path, ".1", NULL);
	WaxVerdictLayer *layer = wax_verdict_add_layer(o->verdict, WAX_LAYER_CLEAR_SIGNED, path);
	const WaxPart *content, *signature;
	WaxLevel *level;
	WaxOpenParts parts;
	bool ok = true;

	*ret_step = WAX_STEP_STOP;
	if (!wax_opened_split(o, n, &parts, error))
		return false;
	content = child(&parts, 0);
	signature = child(&parts, 1);
	if (parts.broken || !content || !signature) {
		wax_reasons_add(
			&layer->reasons, parts.broken ? parts.fault.reason : WAX_R_MIME_MALFORMED);
		wax_open_parts_done(&parts);
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
	wax_open_parts_done(&parts);
	*ret_step = WAX_STEP_INWARD;
	return ok;
}
