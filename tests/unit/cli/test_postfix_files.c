/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/postfix_files.h"

static const char MASTER[] = "# comment\n"
			     "smtp inet n - y - - smtpd\n"
			     "#  -o no=yes\n"
			     "\n"
			     "submission inet n - y - - smtpd\n"
			     "  -o a=1 -o { b = x, y }\n"
			     "# between\n"
			     "  -ocontent_filter=\n"
			     "#  -o content_filter=no\n"
			     "pickup unix n - y 60 1 pickup";

static void a_service_is_read_with_all_its_options(void **state)
{
	g_autoptr(GPtrArray) all = wax_postfix_services(MASTER);
	const WaxPostfixService *service;
	g_autofree char *a = NULL, *b = NULL, *filter = NULL;
	(void)state;

	assert_int_equal(all->len, 3);
	service = all->pdata[1];
	assert_string_equal(service->name, "submission");
	assert_string_equal(service->command, "smtpd");
	a = wax_postfix_option(service, "a");
	b = wax_postfix_option(service, "b");
	filter = wax_postfix_option(service, "content_filter");
	assert_string_equal(a, "1");
	assert_string_equal(b, "x, y");
	assert_string_equal(filter, "");
	assert_null(wax_postfix_option(all->pdata[0], "no"));
}

static void an_option_is_added_and_every_other_octet_stays(void **state)
{
	static const struct {
		unsigned service;
		const char *value, *after, *line;
	} rows[] = {
		{ 0, "v", "y - - smtpd\n", "  -o n=v\n" },
		{ 1, "v, w", "  -ocontent_filter=\n", "  -o { n = v, w }\n" },
		{ 2, "v", "1 pickup", "\n  -o n=v\n" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) all = wax_postfix_services(MASTER);
		g_autofree char *made = wax_postfix_add_option(
			MASTER, all->pdata[rows[i].service], "n", rows[i].value);
		size_t at = (size_t)(strstr(MASTER, rows[i].after) - MASTER) +
			    strlen(rows[i].after);

		assert_memory_equal(made, MASTER, at);
		assert_true(g_str_has_prefix(made + at, rows[i].line));
		assert_string_equal(made + at + strlen(rows[i].line), MASTER + at);
	}
}

static void a_parameter_is_set_where_it_stands(void **state)
{
	static const struct {
		const char *before, *after;
	} rows[] = {
		{ "a = 1\nx = 2\n  3\nb = 4\n", "a = 1\nx = 9\nb = 4\n" },
		{ "x=1\n#x = 2\n", "x = 9\n#x = 2\n" },
		{ "x = 1\nx = 2\n", "x = 1\nx = 9\n" },
		{ "xx = 1", "xx = 1\nx = 9\n" },
		{ "", "x = 9\n" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *made = wax_postfix_set(rows[i].before, "x", "9");

		assert_string_equal(made, rows[i].after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_is_read_with_all_its_options),
		cmocka_unit_test(an_option_is_added_and_every_other_octet_stays),
		cmocka_unit_test(a_parameter_is_set_where_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
