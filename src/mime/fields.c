/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/fields.h"

#include <gmime/gmime.h>
#include <string.h>

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

/* fold - at blanks, so that lines stay within 78 characters where they can */
static char *fold(const char *name, const char *value)
{
	GString *out = g_string_new(NULL);
	size_t column = strlen(name) + 2;
	g_auto(GStrv) words = g_strsplit(value, " ", -1);

	for (char **word = words; *word; word++) {
		size_t n = strlen(*word);

		if (word != words) {
			bool full = column + 1 + n > 78 && n > 0;

			g_string_append(out, full ? "\r\n " : " ");
			column = full ? 1 : column + 1;
		}
		g_string_append(out, *word);
		column += n;
	}
	return g_string_free(out, false);
}

char *wax_field_encoded(const char *name, const char *text)
{
	g_autofree char *clean = g_utf8_make_valid(text, -1), *encoded = NULL;

	for (char *c = clean; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	encoded = g_mime_utils_header_encode_text(NULL, g_strstrip(clean), "UTF-8");
	return fold(name, encoded);
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
