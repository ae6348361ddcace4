/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/status.h"
#include "policy/rules.h"

static void a_wrong_line_names_place_expectation_and_nearest_word(void **state)
{
	static const struct {
		const char *text, *place, *hint;
	} rows[] = {
		{ "flor sign", "policy:1:1:", "'floor'" },
		{ "\n\nfloor must-smine to *", "policy:3:7:", "'must-smime'" },
		{ "floor sign form *", "policy:1:12:", "'from'" },
		{ "floor sign from", "policy:1:16:", "end of the line" },
		{ "floor sign from *@a..b", "policy:1:17:", "*@domain" },
		{ "floor", "policy:1:6:", "a floor" },
		{ "floor sign from * to * x", "policy:1:24:", "end of the line" },
		{ "signing requird", "policy:1:9:", "'required'" },
		{ "grant lower from", "policy:1:17:", "an address" },
		{ "floor sign from a*@b.example", "policy:1:17:", "or an address" },
		{ "grant raise from *", "policy:1:7:", "'lower'" },
		{ "grant lower none", "policy:1:17:", "'from'" },
		{ "expect sign from *@a.example to b@b.example", "policy:1:18:", "an address" },
		{ "expect sign from a@a.example", "policy:1:29:", "'to'" },
		{ "default", "policy:1:8:", "a floor" },
		{ "default sign\ndefault none", "policy:2:1:", "policy:1" },
		{ "all-or-nothing to *", "policy:1:16:", "'from'" },
		{ "default sign # \xff", "policy:1:1:", "UTF-8" },
		{ "floor sign to * exept *@a.example", "policy:1:17:", "'except'" },
		{ "floor sign except", "policy:1:18:", "*@domain" },
		{ "floor sign except a@a.example to", "policy:1:31:", "*@domain" },
		{ "floor sign except a@a.example from *", "policy:1:31:", "*@domain" },
		{ "grant lower from * except *@a.example", "policy:1:20:", "end of the line" },
		{ "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a "
		  "a a a a a a a a a a a a a a a a a a a a a a a a a a",
			"policy:1:129:", "more words" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(wax_policy_parse(rows[i].text, "policy", &error));
		assert_int_equal(wax_reason_of(error), WAX_R_POLICY_SYNTAX);
		assert_non_null(strstr(error->message, rows[i].place));
		assert_non_null(strstr(error->message, rows[i].hint));
	}
}

static void rules_only_raise_and_the_highest_wins(void **state)
{
	static const struct {
		const char *from, *to;
		WaxFloor floor;
	} rows[] = {
		{ "x@a.example", "y@b.example", WAX_FLOOR_MUST_SMIME },
		{ "x@a.example", "y@c.example", WAX_FLOOR_SIGN },
		{ "x@c.example", "y@deep.sub.d.example", WAX_FLOOR_MUST_ENCRYPT },
		{ "x@c.example", "y@d.example", WAX_FLOOR_SIGN }, /* *. is below the domain */
		{ "x@c.example", "y@notd.example", WAX_FLOOR_SIGN },
		{ "boss@c.example", "y@z.example", WAX_FLOOR_TRY_ENCRYPT },
		{ "notboss@c.example", "y@z.example", WAX_FLOOR_SIGN },
	};
	g_autoptr(WaxPolicy) policy = wax_policy_parse(
		"# ours\n"
		"default sign\n"
		"floor must-smime from *@A.example to *@b.example # partner\n"
		"floor none from *@a.example\n"
		"floor must-encrypt to *@*.d.example\n"
		"\tfloor try-encrypt from boss@c.example#touching\r\n",
		"policy", NULL);
	(void)state;

	assert_non_null(policy);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_int_equal(wax_policy_floor(policy, rows[i].from, rows[i].to, NULL),
			rows[i].floor);
}

static void an_exception_takes_recipients_out_of_its_own_rule_alone(void **state)
{
	static const struct {
		const char *to;
		WaxFloor floor;
	} rows[] = {
		{ "y@b.example", WAX_FLOOR_MUST_ENCRYPT },
		{ "y@a.example", WAX_FLOOR_SIGN },
		{ "y@deep.d.example", WAX_FLOOR_SIGN },
		{ "y@d.example", WAX_FLOOR_MUST_ENCRYPT },
		{ "one@c.example", WAX_FLOOR_SIGN },
		{ "two@c.example", WAX_FLOOR_MUST_ENCRYPT },
		{ "law@a.example", WAX_FLOOR_MUST_SMIME },
	};
	g_autoptr(WaxPolicy) policy = wax_policy_parse(
		"default sign\n"
		"floor must-encrypt to * except *@A.example *@*.d.example one@c.example\n"
		"floor must-smime to law@a.example\n",
		"policy", NULL);
	(void)state;

	assert_non_null(policy);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_int_equal(wax_policy_floor(policy, "x@a.example", rows[i].to, NULL),
			rows[i].floor);
}

static void an_empty_policy_tries_to_encrypt_and_demands_nothing(void **state)
{
	g_autoptr(WaxPolicy) policy = wax_policy_parse("", "policy", NULL);
	const char *origin = NULL;
	(void)state;

	assert_int_equal(wax_policy_floor(policy, "a@a.example", "b@b.example", NULL),
		WAX_FLOOR_TRY_ENCRYPT);
	assert_false(wax_policy_signing_required(policy, "a@a.example", &origin));
	assert_string_equal(origin, "factory");
	assert_int_equal(wax_policy_may_lower(policy, "a@a.example", NULL), WAX_FLOOR_UNDECIDED);
}

static void a_failing_test_stops_the_text_and_names_its_line(void **state)
{
	g_autoptr(WaxPolicy) policy = wax_policy_parse(
		"floor must-smime to *@b.example\n"
		"expect must-smime from a@a.example to b@b.example\n"
		"expect must-smime from a@a.example to b@c.example\n",
		"policy", NULL);
	g_autoptr(GError) error = NULL;
	unsigned count = 99;
	(void)state;

	assert_false(wax_policy_test(policy, &count, &error));
	assert_int_equal(count, 2);
	assert_int_equal(wax_reason_of(error), WAX_R_POLICY_TEST_FAILED);
	assert_non_null(strstr(error->message, "policy:3"));
	assert_non_null(strstr(error->message, "try-encrypt"));
}

static void a_grant_holds_for_its_sender_alone(void **state)
{
	g_autoptr(WaxPolicy) policy =
		wax_policy_parse("grant lower sign from alerts@a.example\n", "policy", NULL);
	const char *origin = NULL;
	(void)state;

	assert_int_equal(wax_policy_may_lower(policy, "alerts@a.example", &origin), WAX_FLOOR_SIGN);
	assert_string_equal(origin, "policy:1");
	assert_int_equal(wax_policy_may_lower(policy, "bob@a.example", NULL), WAX_FLOOR_UNDECIDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_line_names_place_expectation_and_nearest_word),
		cmocka_unit_test(rules_only_raise_and_the_highest_wins),
		cmocka_unit_test(an_exception_takes_recipients_out_of_its_own_rule_alone),
		cmocka_unit_test(an_empty_policy_tries_to_encrypt_and_demands_nothing),
		cmocka_unit_test(a_failing_test_stops_the_text_and_names_its_line),
		cmocka_unit_test(a_grant_holds_for_its_sender_alone),
	};

	return cmocka_run_group_tests_name("policy/rules", tests, NULL, NULL);
}
