/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/addresses.h"

#include <string.h>

#include "core/address.h"

#define LIST_MAX 20000 /* addresses a header may hold: 256 KiB hold no more */

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

/* a list as it is read, and the mailbox under way */
typedef struct {
	GPtrArray *keys;
	GPtrArray *specs; /* each as it is written; NULL: not wanted */
	bool strict;
	GString *plain; /* outside angle brackets */
	GString *angle; /* inside; NULL when there were none */
	bool any, quoted, in_group;
} List;

/* same_address - a name that is an address says the same as the address itself */
static bool same_address(const char *name, const char *key)
{
	g_autofree char *text = g_strdup(name);
	g_autofree char *other = wax_address_normal(g_strstrip(text), NULL);

	return g_strcmp0(other, key) == 0;
}

/* is_plain - nothing about this mailbox that two programs might read in two ways */
static bool is_plain(const List *list, const char *spec, const char *key)
{
	if (spec[0] == '"' && !strpbrk(key, " \"(),:;<>[]\\"))
		return false;
	if (!list->angle)
		return true;
	if (g_ascii_isspace(list->angle->str[0]) ||
		g_ascii_isspace(list->angle->str[list->angle->len - 1]))
		return false;
	return list->quoted || !strchr(list->plain->str, '@') ||
	       same_address(list->plain->str, key);
}

/* add - one mailbox's addr-spec; blanks at its ends are folding, inside they are an error */
static bool add(List *list, const GString *spec)
{
	g_auto(WaxAddress) address = { NULL, NULL };
	g_autofree char *text = g_strdup(spec->str), *key = NULL;

	g_strstrip(text);
	if (list->keys->len >= LIST_MAX ||
		!wax_address_parse(WAX_SPAN(text, strlen(text)), &address, NULL))
		return false;
	key = wax_address_key(&address);
	if (list->strict && !is_plain(list, text, key))
		return false;
	g_ptr_array_add(list->keys, g_steal_pointer(&key));
	if (list->specs)
		g_ptr_array_add(list->specs, g_steal_pointer(&text));
	return true;
}

/* finish - the mailbox under way ends here */
static bool finish(List *list, bool at_end)
{
	bool ok = true;

	if (list->angle)
		ok = add(list, list->angle);
	else if (list->any)
		ok = add(list, list->plain);
	else
		ok = !list->strict || (at_end && list->keys->len == 0);
	if (list->angle)
		g_string_free(list->angle, true);
	list->angle = NULL;
	g_string_truncate(list->plain, 0);
	list->any = list->quoted = false;
	return ok;
}

static size_t take_angle(List *list, WaxSpan text, size_t i)
{
	size_t from = i + 1;

	for (i = from; i < text.n && text.p[i] != '>';)
		i = text.p[i] == '"' ? skip_quoted(text, i) : i + 1;
	if (i >= text.n || list->angle || i == from)
		return SIZE_MAX;
	list->angle = g_string_new_len((const char *)text.p + from, (gssize)(i - from));
	return i + 1;
}

static size_t take_quoted(List *list, WaxSpan text, size_t i)
{
	size_t end = MIN(skip_quoted(text, i), text.n);

	g_string_append_len(list->plain, (const char *)text.p + i, (gssize)(end - i));
	list->any = list->quoted = true;
	return end;
}

/* read_list - one field's value: mailboxes, groups, comments; no recursion */
static bool read_list(List *list, WaxSpan text)
{
	bool ok = true;
	size_t i = 0;

	while (ok && i < text.n) {
		uint8_t c = text.p[i];

		if (c == '"') {
			i = take_quoted(list, text, i);
		} else if (c == '(') {
			i = skip_comment(text, i);
			ok = i <= text.n;
			/* a comment parts what stands around it */
			g_string_append_c(list->plain, ' ');
		} else if (c == '<') {
			i = take_angle(list, text, i);
			ok = i != SIZE_MAX;
		} else if (c == ',' || c == ';') {
			ok = finish(list, false) && !(list->strict && c == ';');
			list->in_group = list->in_group && c != ';';
			i++;
		} else if (c == ':' && !list->in_group && !list->angle) {
			/* the name of a group; its members follow */
			ok = !list->strict;
			list->in_group = true;
			list->any = list->quoted = false;
			g_string_truncate(list->plain, 0);
			i++;
		} else {
			bool blank = g_ascii_isspace(c);

			/* text after the angle brackets belongs to no mailbox */
			ok = blank || !list->angle;
			g_string_append_c(list->plain, (char)c);
			list->any = list->any || !blank;
			i++;
		}
	}
	return finish(list, true) && ok;
}

/* unfold - without the line breaks; false at a NUL and, when strict, at any other control */
static bool unfold(WaxSpan value, bool strict, GString *text)
{
	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];
		bool line_end =
			c == '\n' || (c == '\r' && (i + 1 == value.n || value.p[i + 1] == '\n'));

		if (c == 0 || (strict && !line_end && c != '\t' && (c < 0x20 || c == 0x7f)))
			return false;
		if (c != '\r' && c != '\n')
			g_string_append_c(text, (char)c);
	}
	return true;
}

static bool read_fields(WaxSpan block, const char *name, bool strict, GPtrArray *keys)
{
	bool ok = true;
	WaxField field;

	while (wax_field_next(&block, &field)) {
		g_autoptr(GString) text = NULL;
		List list = { .keys = keys, .strict = strict };

		if (!wax_field_is(&field, name))
			continue;
		text = g_string_sized_new(field.value.n);
		list.plain = g_string_new(NULL);
		ok = unfold(field.value, strict, text) &&
		     read_list(&list, WAX_SPAN(text->str, text->len)) && ok;
		if (list.angle)
			g_string_free(list.angle, true);
		g_string_free(list.plain, true);
	}
	return ok;
}

char *wax_addresses_bare(WaxSpan value)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free),
			     specs = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) text = g_string_sized_new(value.n);
	List list = { .keys = keys, .specs = specs, .strict = true };
	bool ok;

	list.plain = g_string_new(NULL);
	ok = unfold(value, true, text) && read_list(&list, WAX_SPAN(text->str, text->len));
	if (list.angle)
		g_string_free(list.angle, true);
	g_string_free(list.plain, true);
	if (!ok || specs->len == 0)
		return NULL;
	g_ptr_array_add(specs, NULL);
	return g_strjoinv(",\r\n ", (char **)specs->pdata);
}

bool wax_addresses_read(WaxSpan block, const char *name, GPtrArray *keys)
{
	return read_fields(block, name, false, keys);
}

/* is_behind_cr - a field of this name that only a program with CR as a line end sees */
static bool is_behind_cr(WaxSpan block, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i + n + 1 < block.n; i++) {
		size_t at = i + 1 + n;

		if (block.p[i] != '\r' || block.p[i + 1] == '\n' ||
			g_ascii_strncasecmp((const char *)block.p + i + 1, name, n) != 0)
			continue;
		while (at < block.n && (block.p[at] == ' ' || block.p[at] == '\t'))
			at++;
		if (at < block.n && block.p[at] == ':')
			return true;
	}
	return false;
}

bool wax_addresses_author(WaxSpan block, const char *name, GPtrArray *keys)
{
	return read_fields(block, name, true, keys) && !is_behind_cr(block, name);
}
