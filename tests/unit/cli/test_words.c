/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/manual.h"
#include "cli/words.h"
#include "core/settings.h"

static bool read_line(const char *text, WaxLine *line, GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	int used = 0, n = (int)g_strv_length(words);
	const WaxCommand *command = wax_line_find(n, words, &used, error);

	return command && wax_line_read(command, n - used, words + used, line, error);
}

static void what_the_table_lacks_is_usage_and_names_the_word(void **state)
{
	static const struct {
		const char *line, *names;
	} rows[] = {
		{ "domian add x", "domain add" },
		{ "domain", "domain" },
		{ "domain add", "NAME" },
		{ "domain add a b", "'b'" },
		{ "domain add a --rely h", "--rely" },
		{ "domain add a --relay", "HOST" },
		{ "domain add a --relay x --relay y", "twice" },
		{ "domain add a --partner=yes", "no value" },
		{ "domain list --dry-run", "--dry-run" },
		{ "policy explain a@a.example", "RECIPIENT" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		WaxLine line = { .config = "poison" };

		/* a whole verb, or nothing: the first word alone is no command here */
		if (read_line(rows[i].line, &line, &error))
			fail_msg("accepted: %s", rows[i].line);
		assert_int_equal(wax_reason_of(error), WAX_R_USAGE);
		assert_non_null(strstr(error->message, rows[i].names));
		assert_string_equal(line.config, "poison");
	}
}

static void a_file_that_is_not_there_is_no_input(void **state)
{
	g_autoptr(GError) error = NULL;
	WaxLine line;
	(void)state;

	assert_false(read_line("cert import /nonexistent/cert.pem", &line, &error));
	assert_int_equal(wax_reason_of(error), WAX_R_NO_INPUT);
}

static void operands_become_path_query_and_body_escaped(void **state)
{
	static const struct {
		const char *line, *path;
	} rows[] = {
		{ "message trace <a/b@c>", "/v1/messages/%3Ca%2Fb%40c%3E" },
		{ "policy explain a@a.example b&c@b.example",
			"/v1/policy/explain?sender=a%40a.example&recipient=b%26c%40b.example" },
		{ "trust list --all", "/v1/trust?all=1" },
		{ "domain set a.example --relay h", "/v1/domains/a.example" },
		{ "identity rollover -- --odd", "/v1/identities/--odd/rollover" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = NULL;
		WaxLine line;

		assert_true(read_line(rows[i].line, &line, NULL));
		path = wax_line_path(&line);
		assert_string_equal(path, rows[i].path);
		wax_line_clear(&line);
	}
}

static void every_command_is_in_help_manual_and_completion_once(void **state)
{
	g_autofree char *man = wax_help_man(), *list = wax_help_text(NULL), *bash = wax_help_bash();
	(void)state;

	for (size_t i = 0; i < wax_command_count; i++) {
		const WaxCommand *c = &wax_commands[i];
		g_autofree char *one = wax_help_text(c);
		g_auto(GStrv) parts = g_strsplit(c->verb, "-", -1);
		g_autofree char *escaped = g_strjoinv("\\-", parts); /* as roff wants it */

		assert_non_null(strstr(man, escaped));
		assert_non_null(strstr(list, c->verb));
		assert_non_null(strstr(bash, c->verb));
		assert_non_null(strstr(one, c->sentence));
		for (size_t f = 0; f < WAX_FLAGS_MAX && c->flags[f].name; f++) {
			g_auto(GStrv) words = g_strsplit(c->flags[f].sentence, "-", -1);
			g_autofree char *sentence = g_strjoinv("\\-", words);

			assert_non_null(strstr(one, c->flags[f].sentence));
			assert_non_null(strstr(man, sentence));
		}
		assert_int_equal((c->path != NULL) + (c->run != NULL) + (c->raw != NULL), 1);
		for (size_t j = i + 1; j < wax_command_count; j++)
			assert_string_not_equal(c->verb, wax_commands[j].verb);
	}
}

static void the_manual_has_every_setting_and_every_error(void **state)
{
	g_autofree char *man = wax_help_man(), *page = wax_manual_settings();
	(void)state;

	for (size_t i = 0; i < wax_setting_count; i++) {
		const char *key = strchr(wax_settings[i].name, '.') + 1;
		g_autofree char *line = g_strdup_printf("\n.B %s = ", key);

		assert_non_null(strstr(page, line));
	}
	for (int r = 1; r < WAX_REASON_COUNT_; r++)
		assert_non_null(strstr(man, wax_reason_info((WaxReason)r)->label));
}

static void the_first_word_of_several_commands_lists_them(void **state)
{
	g_autofree char *identity = wax_help_group("identity"), *none = wax_help_group("identit");
	(void)state;

	assert_non_null(strstr(identity, "identity create"));
	assert_non_null(strstr(identity, "identity rollover"));
	assert_null(strstr(identity, "\n  cert "));
	assert_null(none);
	assert_null(wax_help_group("open"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_table_lacks_is_usage_and_names_the_word),
		cmocka_unit_test(a_file_that_is_not_there_is_no_input),
		cmocka_unit_test(operands_become_path_query_and_body_escaped),
		cmocka_unit_test(every_command_is_in_help_manual_and_completion_once),
		cmocka_unit_test(the_first_word_of_several_commands_lists_them),
		cmocka_unit_test(the_manual_has_every_setting_and_every_error),
	};

	return cmocka_run_group_tests_name("cli/words", tests, NULL, NULL);
}
