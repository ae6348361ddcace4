/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/work/tags.h"

#include <string.h>

/* what each character stands for, and where it came from */
typedef struct {
	GArray *signs;	 /* gunichar */
	GArray *origins; /* gsize: offset of the character in the text */
} Skeleton;

/* letters of other alphabets that are drawn like Latin ones */
static const struct {
	gunichar other, latin;
} alike[] = {
	{ 0x0430, 'a' },
	{ 0x0435, 'e' },
	{ 0x043e, 'o' },
	{ 0x0440, 'p' },
	{ 0x0441, 'c' },
	{ 0x0443, 'y' },
	{ 0x0445, 'x' },
	{ 0x0455, 's' },
	{ 0x0456, 'i' },
	{ 0x0458, 'j' },
	{ 0x04bb, 'h' },
	{ 0x0501, 'd' },
	{ 0x051b, 'q' },
	{ 0x051d, 'w' },
	{ 0x0442, 't' },
	{ 0x043c, 'm' },
	{ 0x043a, 'k' },
	{ 0x0432, 'b' },
	{ 0x043d, 'h' },
	{ 0x0261, 'g' },
	{ 0x0251, 'a' },
	{ 0x0131, 'i' },
	{ 0x03b1, 'a' },
	{ 0x03bf, 'o' },
	{ 0x03b9, 'i' },
	{ 0x03bd, 'v' },
	{ 0x03c1, 'p' },
	{ 0x03c5, 'u' },
	{ 0x03ba, 'k' },
	{ 0x03b7, 'n' },
	{ 0x03c4, 't' },
	{ 0x0578, 'n' },
	{ 0x057d, 'u' },
	{ 0x0585, 'o' },
	{ 0x0581, 'g' },
	{ 0x2768, '(' },
	{ 0x2769, ')' },
	{ 0x27e6, '[' },
	{ 0x27e7, ']' },
	{ 0x3010, '[' },
	{ 0x3011, ']' },
	{ 0x3014, '[' },
	{ 0x3015, ']' },
	{ 0x2045, '[' },
	{ 0x2046, ']' },
	{ 0x2013, '-' },
	{ 0x2010, '-' },
	{ 0x2011, '-' },
	{ 0x2212, '-' },
};

static gunichar latin_of(gunichar c)
{
	for (size_t i = 0; i < G_N_ELEMENTS(alike); i++)
		if (alike[i].other == c)
			return alike[i].latin;
	return c;
}

/* is_unseen - blanks count too: "[ signed ]" is read as the mark */
static bool is_unseen(gunichar c)
{
	switch (g_unichar_type(c)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_NON_SPACING_MARK:
	case G_UNICODE_ENCLOSING_MARK:
	case G_UNICODE_SPACE_SEPARATOR:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return true;
	default:
		return g_unichar_iszerowidth(c) || g_unichar_isspace(c);
	}
}

static void add_signs(Skeleton *skeleton, gunichar c, gsize origin)
{
	char one[8] = "";
	g_autofree char *folded = NULL, *plain = NULL;

	one[g_unichar_to_utf8(c, one)] = 0;
	/* compatibility forms first: full-width letters and brackets become plain ones */
	plain = g_utf8_normalize(one, -1, G_NORMALIZE_NFKD);
	folded = g_utf8_casefold(plain ? plain : one, -1);
	for (const char *p = folded; *p; p = g_utf8_next_char(p)) {
		gunichar sign = latin_of(g_utf8_get_char(p));

		if (is_unseen(sign))
			continue;
		g_array_append_val(skeleton->signs, sign);
		g_array_append_val(skeleton->origins, origin);
	}
}

static Skeleton skeleton_of(const char *text)
{
	Skeleton skeleton = { g_array_new(FALSE, FALSE, sizeof(gunichar)),
		g_array_new(FALSE, FALSE, sizeof(gsize)) };

	for (const char *p = text; *p; p = g_utf8_next_char(p))
		add_signs(&skeleton, g_utf8_get_char(p), (gsize)(p - text));
	return skeleton;
}

static void skeleton_clear(Skeleton *skeleton)
{
	g_array_unref(skeleton->signs);
	g_array_unref(skeleton->origins);
}

/* find - the first place where the mark stands; as offsets of the text */
static bool find(const char *text, const char *tag, gsize *ret_from, gsize *ret_to)
{
	Skeleton in = skeleton_of(text), mark = skeleton_of(tag);
	guint n = mark.signs->len;
	bool found = false;

	for (guint i = 0; n && i + n <= in.signs->len && !found; i++) {
		found = memcmp(&g_array_index(in.signs, gunichar, i), mark.signs->data,
				n * sizeof(gunichar)) == 0;
		if (!found)
			continue;
		*ret_from = g_array_index(in.origins, gsize, i);
		*ret_to = i + n < in.signs->len ? g_array_index(in.origins, gsize, i + n)
						: strlen(text);
	}
	skeleton_clear(&in);
	skeleton_clear(&mark);
	return found;
}

char *wax_tags_strip(const char *subject, const GPtrArray *tags)
{
	g_autoptr(GString) text = g_string_new(subject);
	bool any = false, again = true;
	gsize from = 0, to = 0;

	while (again) {
		again = false;
		for (guint i = 0; tags && i < tags->len; i++)
			while (find(text->str, g_ptr_array_index(tags, i), &from, &to)) {
				g_string_erase(text, (gssize)from, (gssize)(to - from));
				any = again = true;
			}
	}
	return any ? g_strstrip(g_string_free(g_steal_pointer(&text), FALSE)) : NULL;
}
