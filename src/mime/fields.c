/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/fields.h"

#include <gmime/gmime.h>
#include <string.h>

#include "core/address.h"

#define LIST_MAX 20000 /* addresses a header may hold: 256 KiB hold no more */

unsigned wax_fields_count(WaxSpan block, const char *name, WaxSpan *ret_value)
{
	unsigned count = 0;
	WaxField field;

	while (wax_field_next(&block, &field))
		if (wax_field_is(&field, name) && count++ == 0 && ret_value)
			*ret_value = field.value;
	return count;
}

char *wax_field_text(WaxSpan value)
{
	GString *text = g_string_sized_new(value.n);

	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] != '\r' && value.p[i] != '\n')
			g_string_append_c(text, value.p[i] ? (char)value.p[i] : '?');
	return g_strstrip(g_string_free(text, false));
}

char *wax_field_decoded(WaxSpan value)
{
	static gsize once;
	g_autofree char *text = wax_field_text(value), *decoded = NULL;

	if (g_once_init_enter(&once)) {
		g_mime_init();
		g_once_init_leave(&once, 1);
	}
	decoded = g_mime_utils_header_decode_text(NULL, text);
	return g_utf8_make_valid(decoded ? decoded : text, -1);
}

void wax_mime_warm_up(void)
{
	static const char *const charsets[] = { "iso-8859-1", "iso-8859-15", "windows-1252",
		"utf-8", "us-ascii", "iso-2022-jp", "shift_jis", "gb18030", "euc-kr", "koi8-r",
		"iso-8859-2", "big5" };

	g_free(wax_field_decoded(WAX_SPAN_LIT("=?utf-8?q?x?=")));
	for (size_t i = 0; i < G_N_ELEMENTS(charsets); i++) {
		GIConv conversion = g_iconv_open("UTF-8", charsets[i]);

		if (conversion != (GIConv)-1)
			g_iconv_close(conversion);
	}
}

static size_t skip_quoted(WaxSpan text, size_t i)
{
	for (i++; i < text.n && text.p[i] != '"'; i++)
		if (text.p[i] == '\\')
			i++;
	return i + 1;
}

static size_t skip_comment(WaxSpan text, size_t i)
{
	unsigned depth = 0;

	for (; i < text.n; i++) {
		if (text.p[i] == '\\') {
			i++;
		} else if (text.p[i] == '(') {
			depth++;
		} else if (text.p[i] == ')' && --depth == 0) {
			return i + 1;
		}
	}
	return text.n + 1; /* never closed */
}

/* add - one mailbox's addr-spec; blanks at its ends are folding, inside they are an error */
static bool add(GPtrArray *keys, GString *spec)
{
	g_auto(WaxAddress) address = { NULL, NULL };
	char *text = g_strstrip(spec->str);

	if (keys->len >= LIST_MAX ||
		!wax_address_parse(WAX_SPAN(text, strlen(text)), &address, NULL))
		return false;
	g_ptr_array_add(keys, wax_address_key(&address));
	return true;
}

typedef struct {
	GString *plain; /* outside angle brackets */
	GString *angle; /* inside; NULL when there were none */
	bool any, in_group;
} Mailbox;

static bool finish(Mailbox *m, GPtrArray *keys)
{
	bool ok = true;

	if (m->angle)
		ok = add(keys, m->angle);
	else if (m->any)
		ok = add(keys, m->plain);
	if (m->angle)
		g_string_free(m->angle, true);
	m->angle = NULL;
	g_string_truncate(m->plain, 0);
	m->any = false;
	return ok;
}

static size_t take_angle(WaxSpan text, size_t i, Mailbox *m)
{
	size_t from = i + 1;

	for (i = from; i < text.n && text.p[i] != '>';)
		i = text.p[i] == '"' ? skip_quoted(text, i) : i + 1;
	if (i >= text.n || m->angle)
		return SIZE_MAX;
	m->angle = g_string_new_len((const char *)text.p + from, (gssize)(i - from));
	return i + 1;
}

/* read_list - one field's value: mailboxes, groups, comments; no recursion */
static bool read_list(WaxSpan text, GPtrArray *keys)
{
	Mailbox m = { .plain = g_string_new(NULL) };
	bool ok = true;
	size_t i = 0;

	while (ok && i < text.n) {
		uint8_t c = text.p[i];

		if (c == '"') {
			size_t end = MIN(skip_quoted(text, i), text.n);

			g_string_append_len(m.plain, (const char *)text.p + i, (gssize)(end - i));
			m.any = true;
			i = end;
		} else if (c == '(') {
			i = skip_comment(text, i);
			ok = i <= text.n;
		} else if (c == '<') {
			i = take_angle(text, i, &m);
			ok = i != SIZE_MAX;
		} else if (c == ',' || c == ';') {
			ok = finish(&m, keys);
			m.in_group = m.in_group && c != ';';
			i++;
		} else if (c == ':' && !m.in_group && !m.angle) {
			/* the name of a group; its members follow */
			m.in_group = true;
			m.any = false;
			g_string_truncate(m.plain, 0);
			i++;
		} else {
			bool blank = g_ascii_isspace(c);

			/* text after the angle brackets belongs to no mailbox */
			ok = blank || !m.angle;
			g_string_append_c(m.plain, (char)c);
			m.any = m.any || !blank;
			i++;
		}
	}
	ok = finish(&m, keys) && ok;
	g_string_free(m.plain, true);
	return ok;
}

bool wax_fields_addresses(WaxSpan block, const char *name, GPtrArray *keys)
{
	bool ok = true;
	WaxField field;

	while (wax_field_next(&block, &field)) {
		g_autoptr(GString) text = NULL;

		if (!wax_field_is(&field, name))
			continue;
		if (memchr(field.value.p, 0, field.value.n)) {
			ok = false;
			continue;
		}
		text = g_string_sized_new(field.value.n);
		for (size_t i = 0; i < field.value.n; i++)
			if (field.value.p[i] != '\r' && field.value.p[i] != '\n')
				g_string_append_c(text, (char)field.value.p[i]);
		ok = read_list(WAX_SPAN(text->str, text->len), keys) && ok;
	}
	return ok;
}

static char *parameter(WaxSpan value, const char *name, bool fold, bool *ambiguous)
{
	uint8_t room[WAX_SPLIT_BOUNDARY];
	WaxBuffer out = { room, 0, sizeof room };
	bool twice, found = wax_param(value, name, &out, &twice);
	char *text;

	*ambiguous = *ambiguous || twice;
	if (!found || memchr(out.p, 0, out.n))
		return NULL;
	text = g_strndup((const char *)out.p, out.n);
	if (fold) {
		char *folded = g_ascii_strdown(text, -1);

		g_free(text);
		return folded;
	}
	return text;
}

void wax_content_read(WaxSpan block, WaxContent *ret_content)
{
	WaxContent content = { NULL };
	WaxSpan value = WAX_SPAN_NONE;
	uint8_t room[128];
	WaxBuffer type = { room, 0, sizeof room };
	bool ignored = false;

	if (wax_fields_count(block, "content-type", &value) > 1)
		content.ambiguous = true;
	wax_media_type(value, &type);
	content.type = memchr(type.p, '/', type.n) && !memchr(type.p, 0, type.n)
			       ? g_strndup((const char *)type.p, type.n)
			       : g_strdup("text/plain");
	content.smime_type = parameter(value, "smime-type", true, &content.ambiguous);
	content.protocol = parameter(value, "protocol", true, &content.ambiguous);
	content.micalg = parameter(value, "micalg", true, &ignored);
	content.boundary = parameter(value, "boundary", false, &content.ambiguous);
	content.charset = parameter(value, "charset", true, &ignored);
	content.hp = parameter(value, "hp", true, &ignored);
	content.method = parameter(value, "method", true, &ignored);
	content.name = parameter(value, "name", true, &ignored);
	value = WAX_SPAN_NONE;
	if (!content.name && wax_fields_count(block, "content-disposition", &value))
		content.name = parameter(value, "filename", true, &ignored);
	value = WAX_SPAN_NONE;
	if (wax_fields_count(block, "content-transfer-encoding", &value) > 1)
		content.ambiguous = true;
	wax_media_type(value, &type);
	content.encoding = type.n && !memchr(type.p, 0, type.n)
				   ? g_strndup((const char *)type.p, type.n)
				   : g_strdup("7bit");
	*ret_content = content;
}

void wax_content_clear(WaxContent *content)
{
	g_free(content->type);
	g_free(content->smime_type);
	g_free(content->protocol);
	g_free(content->micalg);
	g_free(content->name);
	g_free(content->boundary);
	g_free(content->charset);
	g_free(content->hp);
	g_free(content->method);
	g_free(content->encoding);
	*content = (WaxContent){ NULL };
}

bool wax_content_named_smime(const WaxContent *content)
{
	static const char *const ends[] = { ".p7m", ".p7s", ".p7c", ".p7z" };

	for (size_t i = 0; content->name && i < G_N_ELEMENTS(ends); i++)
		if (g_str_has_suffix(content->name, ends[i]))
			return true;
	return false;
}
