/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/legacy.h"

#include <string.h>

#define ELEMENT "header-protection-legacy-display"

static void splice(GByteArray *text, size_t at, size_t remove, const char *insert)
{
	g_autoptr(GByteArray) tail = g_byte_array_new();

	g_byte_array_append(tail, text->data + at + remove, (guint)(text->len - at - remove));
	g_byte_array_set_size(text, (guint)at);
	g_byte_array_append(text, (const uint8_t *)insert, (guint)strlen(insert));
	g_byte_array_append(text, tail->data, tail->len);
}

/* find_tag - where "<name" begins at or after `from`; text->len when it does not */
static size_t find_tag(const GByteArray *text, size_t from, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = from; i + n + 1 < text->len; i++) {
		uint8_t next = text->data[i + n + 1];

		if (text->data[i] == '<' &&
			g_ascii_strncasecmp((const char *)text->data + i + 1, name, n) == 0 &&
			(next == '>' || g_ascii_isspace(next)))
			return i;
	}
	return text->len;
}

/* end_of_tag - after its ">"; text->len when it has none */
static size_t end_of_tag(const GByteArray *text, size_t from)
{
	const uint8_t *end =
		from < text->len ? memchr(text->data + from, '>', text->len - from) : NULL;

	return end ? (size_t)(end - text->data) + 1 : text->len;
}

static size_t body_of(const GByteArray *text)
{
	size_t body = find_tag(text, 0, "body");

	return body < text->len ? end_of_tag(text, body) : 0;
}

void wax_legacy_insert(GByteArray *text, bool html, const char *lines)
{
	g_autofree char *escaped = NULL, *element = NULL;

	if (!html) {
		element = g_strconcat(lines, "\r\n", NULL);
		splice(text, 0, 0, element);
		return;
	}
	escaped = g_markup_escape_text(lines, -1);
	element = g_strconcat(
		"<div class=\"" ELEMENT "\">\r\n<pre>", escaped, "</pre>\r\n</div>\r\n", NULL);
	splice(text, body_of(text), 0, element);
}

static bool remove_lines(GByteArray *text)
{
	size_t line = 0;

	for (size_t i = 0; i < text->len; i++) {
		if (text->data[i] != '\n')
			continue;
		if (i == line || (i == line + 1 && text->data[line] == '\r')) {
			splice(text, 0, i + 1, "");
			return true;
		}
		line = i + 1;
	}
	return false;
}

/* the element holds text alone, so its end is the next one of a div (RFC 9788 5.2.2) */
static bool remove_div(GByteArray *text)
{
	size_t at = body_of(text);

	while ((at = find_tag(text, at, "div")) < text->len) {
		size_t inside = end_of_tag(text, at), close = find_tag(text, inside, "/div"), end;

		if (!g_strstr_len((const char *)text->data + at, (gssize)(inside - at), ELEMENT)) {
			at = inside;
			continue;
		}
		if (close == text->len)
			return false;
		end = end_of_tag(text, close);
		while (end < text->len && (text->data[end] == '\r' || text->data[end] == '\n'))
			end++;
		splice(text, at, end - at, "");
		return true;
	}
	return false;
}

bool wax_legacy_remove(GByteArray *text, bool html)
{
	return html ? remove_div(text) : remove_lines(text);
}

bool wax_legacy_is_marked(WaxSpan content_type)
{
	uint8_t room[8];
	WaxBuffer value = { room, 0, sizeof room };
	bool twice;

	return wax_param(content_type, "hp-legacy-display", &value, &twice) && !twice &&
	       wax_span_equal((WaxSpan){ value.p, value.n }, WAX_SPAN_LIT("1"));
}

static bool is_one_of(const char *type, const char *const *list)
{
	return g_strv_contains(list, type);
}

bool *wax_legacy_mains(const WaxPart *parts, const char *const *types, uint32_t count)
{
	static const char *const first_counts[] = { "multipart/mixed", "multipart/related", NULL };
	static const char *const all_count[] = { "multipart/alternative", NULL };
	static const char *const texts[] = { "text/plain", "text/html", NULL };
	bool *main = g_new0(bool, count);

	/* what holds main parts first, by part; then what is none of the texts is none of them */
	for (uint32_t i = 0; i < count; i++) {
		uint32_t parent = parts[i].parent;

		main[i] = i == 0 ||
			  (main[parent] && (is_one_of(types[parent], all_count) ||
						   (is_one_of(types[parent], first_counts) &&
							   i == parent + 1)));
	}
	for (uint32_t i = 0; i < count; i++)
		main[i] = main[i] && is_one_of(types[i], texts);
	return main;
}
