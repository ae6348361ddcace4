/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mime/addresses.h"

typedef bool (*Reader)(WaxSpan block, const char *name, GPtrArray *keys);

/* what a reader makes of a block: keys joined by a space, or NULL */
static char *read_as(Reader reader, const char *block)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
	bool ok = reader(WAX_SPAN(block, strlen(block)), "from", keys);

	g_ptr_array_add(keys, NULL);
	return ok ? g_strjoinv(" ", (char **)keys->pdata) : NULL;
}

static void expect(Reader reader, const char *block, const char *expected)
{
	g_autofree char *got = read_as(reader, block);

	if (g_strcmp0(got, expected) != 0)
		fail_msg("%s: %s", block, got ? got : "unreadable");
}

static void lists_are_read_strictly(void **state)
{
	static const char *const rows[][2] = {
		{ "From: a@b.example\r\n", "a@b.example" },
		{ "From: \"x@evil.example\" <A@B.Example>\r\n", "a@b.example" },
		{ "From: Some One (c@d.example) <a@b.example>\r\n", "a@b.example" },
		{ "From: a@b.example, c@d.example\r\n", "a@b.example c@d.example" },
		{ "From: a@b.example,\r\n ,c@d.example\r\n", "a@b.example c@d.example" },
		{ "From: group: a@b.example, c@d.example;\r\n", "a@b.example c@d.example" },
		{ "From: undisclosed-recipients:;\r\n", "" },
		{ "From: <a@b.example> c@d.example\r\n", NULL },
		{ "From: <a@b.example><c@d.example>\r\n", NULL },
		{ "From: a b@c.example\r\n", NULL },
		{ "From: <a@b.example \r\n", NULL },
		{ "From: a@b@c.example\r\n", NULL },
		{ "From: a(x)@c.example\r\n", NULL },
		{ "From: (never closed a@b.example\r\n", NULL },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		expect(wax_addresses_read, rows[i][0], rows[i][1]);
}

/* CVE-2026-27444, CVE-2026-2748: no form that another program may read as somebody else */
static void an_author_is_read_in_one_way_or_not_at_all(void **state)
{
	static const char *const rows[][2] = {
		{ "From: a@b.example\r\n", "a@b.example" },
		{ "From:\r\n\tAnn (of the office) <a@b.example>\r\n", "a@b.example" },
		{ "From: a@b.example (Ann)\r\n", "a@b.example" },
		{ "From: a@b.example <A@b.example>\r\n", "a@b.example" },
		{ "From: \"c@d.example\" <a@b.example>\r\n", "a@b.example" },
		{ "From: \"a b\"@b.example\r\n", "a b@b.example" },
		{ "From: a@b.example, c@d.example\r\n", "a@b.example c@d.example" },
		{ "From:\r\n", "" },
		{ "From: c@d.example <a@b.example>\r\n", NULL },
		{ "From: c@d.example (x) <a@b.example>\r\n", NULL },
		{ "From: group: a@b.example;\r\n", NULL },
		{ "From: c@d.example: a@b.example;\r\n", NULL },
		{ "From: a@b.example;\r\n", NULL },
		{ "From: a@b.example,\r\n", NULL },
		{ "From: <a@b.example >\r\n", NULL },
		{ "From: < a@b.example>\r\n", NULL },
		{ "From: <>\r\n", NULL },
		{ "From: \"a\"@b.example\r\n", NULL },
		{ "From: a@b.example\r c@d.example\r\n", NULL },
		{ "From: c@d.example\r<a@b.example>\r\n", NULL },
		{ "From: a@b.example\v\r\n", NULL },
		{ "From: a@b.example\x7f\r\n", NULL },
		{ "From: a@b.example\r\nX: y\rFrom: c@d.example\r\n", NULL },
		{ "X: y\rfrom\t: c@d.example\r\nFrom: a@b.example\r\n", NULL },
		{ "From: a@b.example\xe2\x80\x8b\r\n", NULL },      /* zero width space */
		{ "From: a@b\xe3\x80\x82" "example\r\n", NULL },    /* ideographic full stop */
		{ "From: a\xef\xbc\xa0" "b.example\r\n", NULL },    /* full-width @ */
		{ "From: a@B\xc3\x9c" "cher.example\r\n", "a@xn--bcher-kva.example" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		expect(wax_addresses_author, rows[i][0], rows[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_read_strictly),
		cmocka_unit_test(an_author_is_read_in_one_way_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
