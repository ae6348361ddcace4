/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/status.h"

static void what_an_error_quotes_is_text_and_steers_nothing(void **state)
{
	static const struct {
		const char *quoted, *shown;
	} rows[] = {
		{ "plain", "'plain'" },
		{ "gr\xc3\xbc\xc3\x9f dich", "'gr\xc3\xbc\xc3\x9f dich'" },
		{ "\xa6\x8a", "'\xef\xbf\xbd\xef\xbf\xbd'" },
		{ "\x1b[2J\x7f\r", "'?[2J?" "?'" },
		{ "\xc2\x9b" "2J\xc2\x80\xc2\x9f\xc2\xa0", "'?2J??\xc2\xa0'" },
		{ "two\n\tlines", "'two\n\tlines'" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		wax_set_error(&error, WAX_R_VALUE_INVALID, "'%s'", rows[i].quoted);
		assert_string_equal(error->message, rows[i].shown);
		assert_int_equal(wax_reason_of(error), WAX_R_VALUE_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_error_quotes_is_text_and_steers_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
