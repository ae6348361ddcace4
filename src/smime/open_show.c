/* SPDX-License-Identifier: Apache-2.0 */
/* the payload as a reader sees it: what repeats hidden fields in the text is taken out */
#include "smime/open_internal.h"

#include <string.h>

#include "mime/fields.h"
#include "mime/legacy.h"

#define TEXT_MAX (4 * 1024 * 1024)

typedef struct {
	WaxOpened *o;
	const WaxSink *sink;
	uint64_t at; /* of the level: written up to here */
} Show;

/* encode_like - as the part's header says that it is */
static void encode_like(const char *encoding, const GByteArray *text, GByteArray *out)
{
	WaxBase64Encoder encoder = { { 0 }, 0, 0 };
	size_t n;

	if (strcmp(encoding, "quoted-printable") == 0) {
		wax_quoted_encode(wax_open_span(text), out);
		return;
	}
	if (strcmp(encoding, "base64") != 0) {
		g_byte_array_append(out, text->data, text->len);
		return;
	}
	g_byte_array_set_size(out, (guint)wax_base64_size(text->len + 3));
	n = wax_base64_encode(&encoder, wax_open_span(text), out->data);
	n += wax_base64_encode_end(&encoder, out->data + n);
	g_byte_array_set_size(out, (guint)n);
}

static bool decode(const char *encoding, WaxSpan raw, GByteArray *text)
{
	WaxBase64Decoder decoder = { 0 };
	size_t n;

	if (strcmp(encoding, "quoted-printable") == 0) {
		wax_quoted_decode(raw, text);
		return true;
	}
	if (strcmp(encoding, "base64") != 0) {
		g_byte_array_append(text, raw.p, (guint)raw.n);
		return true;
	}
	g_byte_array_set_size(text, (guint)raw.n + 3);
	if (!wax_base64_decode(&decoder, raw, text->data, &n, NULL) ||
		!wax_base64_decode_end(&decoder, NULL))
		return false;
	g_byte_array_set_size(text, (guint)n);
	return true;
}

/* unmark - the header of a part that has no such element any more: "1" becomes "0" */
static void unmark(GByteArray *header)
{
	static const char name[] = "hp-legacy-display";

	for (size_t i = 0; i + sizeof name < header->len; i++) {
		size_t at = i + sizeof name - 1;

		if (g_ascii_strncasecmp((char *)header->data + i, name, sizeof name - 1) != 0)
			continue;
		while (at < header->len && strchr(" \t\r\n=\"", header->data[at]))
			at++;
		if (at < header->len && header->data[at] == '1')
			header->data[at] = '0';
	}
}

/* show_text - one marked text; what cannot be taken apart stays as it is */
static bool show_text(Show *show, const WaxPart *part, const char *type, const char *encoding,
	GByteArray *header, GError **error)
{
	g_autoptr(GByteArray) raw = NULL, text = g_byte_array_new(), out = g_byte_array_new();
	bool over;

	if (!wax_opened_read_range(
		    show->o, show->o->payload, part->body, part->end, TEXT_MAX, &raw, &over, error))
		return false;
	if (over || !decode(encoding, wax_open_span(raw), text) ||
		!wax_legacy_remove(text, strcmp(type, "text/html") == 0))
		return true;
	encode_like(encoding, text, out);
	unmark(header);
	if (!wax_opened_run(show->o, show->o->payload, show->at, part->start, show->sink->write,
		    show->sink->data, error) ||
		!wax_sink_write(show->sink, wax_open_span(header), error) ||
		!wax_sink_write(show->sink, wax_open_span(out), error))
		return false;
	show->at = part->end;
	return true;
}

static bool read_headers(WaxOpened *o, const WaxOpenParts *parts, GPtrArray *headers,
	GPtrArray *types, GError **error)
{
	for (uint32_t i = 0; i < parts->split.count; i++) {
		const WaxPart *part = &parts->parts[i];
		g_auto(WaxContent) content = { 0 };
		GByteArray *header = NULL;
		bool over;

		if (!wax_opened_read_range(o, o->payload, part->start, part->body,
			    WAX_OPEN_HEADER_MAX, &header, &over, error))
			return false;
		g_ptr_array_add(headers, header);
		wax_content_read(wax_open_span(header), &content);
		g_ptr_array_add(types, g_strdup(content.type));
	}
	return true;
}

static bool show_parts(Show *show, const WaxOpenParts *parts, GError **error)
{
	g_autoptr(GPtrArray) headers =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
	g_autoptr(GPtrArray) types = g_ptr_array_new_with_free_func(g_free);
	g_autofree bool *mains = NULL;

	if (!read_headers(show->o, parts, headers, types, error))
		return false;
	mains = wax_legacy_mains(
		parts->parts, (const char *const *)types->pdata, parts->split.count);
	for (uint32_t i = 0; i < parts->split.count; i++) {
		g_auto(WaxContent) content = { 0 };
		WaxSpan value = WAX_SPAN_NONE;

		(void)wax_fields_count(wax_open_span(headers->pdata[i]), "content-type", &value);
		if (!mains[i] || !wax_legacy_is_marked(value))
			continue;
		wax_content_read(wax_open_span(headers->pdata[i]), &content);
		if (!show_text(show, &parts->parts[i], content.type, content.encoding,
			    headers->pdata[i], error))
			return false;
	}
	return true;
}

bool wax_opened_show(WaxOpened *o, const WaxSink *sink, GError **error)
{
	Show show = { o, sink, 0 };
	WaxOpenParts parts;
	bool ok;

	if (!o->has_payload || o->protection != WAX_PROTECTION_CIPHER)
		return wax_opened_emit(o, sink, error);
	if (!wax_opened_split(o, o->payload, &parts, error))
		return false;
	ok = parts.broken || show_parts(&show, &parts, error);
	wax_open_parts_done(&parts);
	return ok &&
	       wax_opened_run(o, o->payload, show.at, UINT64_MAX, sink->write, sink->data, error);
}
