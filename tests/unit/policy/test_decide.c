/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/status.h"
#include "policy/decide.h"
#include "policy/explain.h"

#define FROM "a@a.example"
#define TO   "b@b.example"

static const WaxFloor floors[] = { WAX_FLOOR_NONE, WAX_FLOOR_SIGN, WAX_FLOOR_TRY_ENCRYPT,
	WAX_FLOOR_MUST_ENCRYPT, WAX_FLOOR_MUST_SMIME };

static WaxPolicy *policy_with(WaxFloor floor)
{
	g_autofree char *text = g_strdup_printf("default %s\n", wax_floor_name(floor));

	return wax_policy_parse(text, "policy", NULL);
}

static WaxPlan *plan_one(WaxFloor floor, const WaxCandidateFact *candidates, size_t count,
	bool down, WaxSignerState signer)
{
	g_autoptr(WaxPolicy) policy = policy_with(floor);
	WaxRecipientFacts recipient = { .address = TO,
		.candidates = candidates,
		.count = count,
		.directory_down = down };
	WaxMessageFacts facts = { .sender = FROM, .recipients = &recipient, .count = 1,
		.signer = signer };

	return wax_policy_plan(policy, &facts);
}

/* the rows of the table of GATEWAY.md d.2; columns are the five floors */
static void every_cell_of_the_table_has_its_outcome(void **state)
{
	const WaxPlanMethod C = WAX_PLAN_SIGNED, E = WAX_PLAN_USER_CERT, R = WAX_PLAN_REFUSE,
			    D = WAX_PLAN_DEFER;
	const struct {
		WaxCandidateFact fact;
		bool known, down;
		WaxPlanMethod method[5];
		WaxReason reason; /* of try and above */
	} rows[] = {
		{ { "c1", false, WAX_CANDIDATE_USABLE, WAX_R_NONE }, true, false, { C, C, E, E, E },
			WAX_R_NONE },
		{ { NULL }, false, false, { C, C, C, R, R }, WAX_R_NO_CERTIFICATE },
		{ { "c1", false, WAX_CANDIDATE_UNUSABLE, WAX_R_TRUST_UNTRUSTED }, true, false,
			{ C, C, C, R, R }, WAX_R_TRUST_UNTRUSTED },
		{ { "c1", false, WAX_CANDIDATE_UNUSABLE, WAX_R_CERT_EXPIRED }, true, false,
			{ C, C, C, R, R }, WAX_R_CERT_EXPIRED },
		{ { "c1", false, WAX_CANDIDATE_UNUSABLE, WAX_R_CERT_REVOKED }, true, false,
			{ C, C, C, R, R }, WAX_R_CERT_REVOKED },
		{ { "c1", false, WAX_CANDIDATE_UNUSABLE, WAX_R_CERT_SIGN_ONLY }, true, false,
			{ C, C, C, R, R }, WAX_R_CERT_SIGN_ONLY },
		{ { "c1", false, WAX_CANDIDATE_STATUS_UNKNOWN, WAX_R_TRUST_STATUS_UNKNOWN }, true,
			false, { C, C, E, D, D }, WAX_R_TRUST_STATUS_UNKNOWN },
		{ { NULL }, false, true, { C, C, D, D, D }, WAX_R_DIRECTORY_DOWN },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		for (size_t f = 0; f < G_N_ELEMENTS(floors); f++) {
			g_autoptr(WaxPlan) plan = plan_one(floors[f], &rows[i].fact,
				rows[i].known ? 1 : 0, rows[i].down, WAX_SIGNER_READY);
			const WaxPlanRecipient *r = wax_plan_get(plan, TO);

			assert_int_equal(r->method, rows[i].method[f]);
			assert_int_equal(r->floor, floors[f]);
			if (floors[f] >= WAX_FLOOR_TRY_ENCRYPT)
				assert_int_equal(r->reason, rows[i].reason);
		}
}

static void no_token_without_a_floor_below_must(void **state)
{
	WaxCandidateFact good = { "c1", false, WAX_CANDIDATE_USABLE, WAX_R_NONE };
	(void)state;

	for (size_t f = 0; f < G_N_ELEMENTS(floors); f++)
		for (size_t with = 0; with < 2; with++) {
			g_autoptr(WaxPlan) plan =
				plan_one(floors[f], &good, with, false, WAX_SIGNER_READY);
			g_autoptr(WaxPlainToken) token = wax_plan_plain_token(plan, TO);
			bool clear = floors[f] < WAX_FLOOR_TRY_ENCRYPT ||
				     (floors[f] == WAX_FLOOR_TRY_ENCRYPT && !with);

			assert_int_equal(token != NULL, clear);
			assert_int_equal(wax_plain_token_covers(token, TO), clear);
			assert_false(wax_plain_token_covers(token, "other@b.example"));
			assert_null(wax_plan_plain_token(plan, "other@b.example"));
		}
}

static void a_plan_that_somebody_altered_gives_no_token(void **state)
{
	g_autoptr(WaxPlan) plan =
		plan_one(WAX_FLOOR_MUST_SMIME, NULL, 0, false, WAX_SIGNER_READY);
	WaxPlanRecipient *r = plan->recipients->pdata[0];
	(void)state;

	r->method = WAX_PLAN_PLAIN;
	assert_null(wax_plan_plain_token(plan, TO));
	r->floor = WAX_FLOOR_UNDECIDED;
	assert_null(wax_plan_plain_token(plan, TO));
}

static void a_user_certificate_goes_before_a_domain_certificate(void **state)
{
	const WaxCandidateFact both[] = {
		{ "d1", true, WAX_CANDIDATE_USABLE, WAX_R_NONE },
		{ "u1", false, WAX_CANDIDATE_UNUSABLE, WAX_R_CERT_EXPIRED },
		{ "u2", false, WAX_CANDIDATE_USABLE, WAX_R_NONE },
	};
	g_autoptr(WaxPlan) plan =
		plan_one(WAX_FLOOR_MUST_SMIME, both, 3, false, WAX_SIGNER_READY);
	g_autoptr(WaxPlan) only =
		plan_one(WAX_FLOOR_MUST_SMIME, both, 2, false, WAX_SIGNER_READY);
	(void)state;

	assert_string_equal(wax_plan_get(plan, TO)->certificate, "u2");
	assert_int_equal(wax_plan_get(only, TO)->method, WAX_PLAN_DOMAIN_CERT);
	assert_string_equal(wax_plan_get(only, TO)->certificate, "d1");
}

/* colleague - a recipient of ours, or a stranger whose key lies here all the same */
static WaxPlan *plan_colleague(WaxFloor floor, bool own, const WaxCandidateFact *one)
{
	g_autoptr(WaxPolicy) policy = policy_with(floor);
	WaxRecipientFacts recipient = { .address = TO, .candidates = one, .count = 1, .own = own };
	WaxMessageFacts facts = { .sender = FROM, .recipients = &recipient, .count = 1,
		.signer = WAX_SIGNER_READY };

	return wax_policy_plan(policy, &facts);
}

static void only_a_colleague_whose_key_is_here_and_no_must_gets_it_open(void **state)
{
	(void)state;

	for (size_t f = 0; f < G_N_ELEMENTS(floors); f++)
		for (int own = 0; own < 2; own++)
			for (int kept = 0; kept < 2; kept++) {
				WaxCandidateFact one = { "c1", false, WAX_CANDIDATE_USABLE,
					WAX_R_NONE, kept };
				WaxCandidateFact unknown = { "c1", false,
					WAX_CANDIDATE_STATUS_UNKNOWN, WAX_R_TRUST_STATUS_UNKNOWN, kept };
				g_autoptr(WaxPlan) plan = plan_colleague(floors[f], own, &one);
				g_autoptr(WaxPlainToken) token = wax_plan_plain_token(plan, TO);
				g_autoptr(WaxPlan) later = plan_colleague(floors[f], own, &unknown);
				bool open = floors[f] < WAX_FLOOR_TRY_ENCRYPT ||
					    (floors[f] == WAX_FLOOR_TRY_ENCRYPT && own && kept);

				assert_int_equal(wax_plan_get(later, TO)->method == WAX_PLAN_SIGNED, open);

				assert_int_equal(wax_plan_get(plan, TO)->method,
					open ? WAX_PLAN_SIGNED : WAX_PLAN_USER_CERT);
				assert_int_equal(token != NULL, open);
			}
}

static void of_several_unusable_ones_the_nearest_is_told(void **state)
{
	const WaxCandidateFact two[] = {
		{ "c1", false, WAX_CANDIDATE_UNUSABLE, WAX_R_CERT_REVOKED },
		{ "c2", false, WAX_CANDIDATE_UNUSABLE, WAX_R_TRUST_UNTRUSTED },
	};
	g_autoptr(WaxPlan) plan =
		plan_one(WAX_FLOOR_MUST_ENCRYPT, two, 2, false, WAX_SIGNER_READY);
	(void)state;

	assert_int_equal(wax_plan_get(plan, TO)->reason, WAX_R_TRUST_UNTRUSTED);
}

static void a_candidate_that_nobody_judged_is_not_used(void **state)
{
	const WaxCandidateFact one = { .id = "c1" };
	g_autoptr(WaxPlan) plan =
		plan_one(WAX_FLOOR_MUST_ENCRYPT, &one, 1, false, WAX_SIGNER_READY);
	(void)state;

	assert_int_equal(wax_plan_get(plan, TO)->method, WAX_PLAN_REFUSE);
}

static void a_signing_key_that_is_away_defers_whatever_the_floor(void **state)
{
	(void)state;

	for (size_t f = 0; f < G_N_ELEMENTS(floors); f++) {
		g_autoptr(WaxPlan) plan =
			plan_one(floors[f], NULL, 0, false, WAX_SIGNER_UNAVAILABLE);
		const WaxPlanRecipient *r = wax_plan_get(plan, TO);

		assert_int_equal(r->method, WAX_PLAN_DEFER);
		assert_int_equal(r->reason, WAX_R_CUSTODY_DOWN);
	}
}

static WaxPlan *plan_text(const char *rules, const WaxMessageFacts *facts)
{
	g_autoptr(WaxPolicy) policy = wax_policy_parse(rules, "policy", NULL);

	assert_non_null(policy);
	return wax_policy_plan(policy, facts);
}

static void required_signing_without_identity_refuses(void **state)
{
	WaxRecipientFacts recipient = { .address = TO };
	WaxMessageFacts facts = { .sender = FROM, .recipients = &recipient, .count = 1 };
	g_autoptr(WaxPlan) required = plan_text("default none\nsigning required\n", &facts);
	g_autoptr(WaxPlan) possible = plan_text("default none\n", &facts);
	(void)state;

	assert_int_equal(wax_plan_get(required, TO)->reason, WAX_R_NO_SIGNING_IDENTITY);
	assert_int_equal(wax_plan_get(required, TO)->method, WAX_PLAN_REFUSE);
	assert_int_equal(wax_plan_get(possible, TO)->method, WAX_PLAN_PLAIN);
	assert_false(wax_plan_get(possible, TO)->sign);
}

static void lowering_needs_a_grant(void **state)
{
	WaxRecipientFacts recipient = { .address = TO };
	WaxMessageFacts facts = { .sender = FROM, .recipients = &recipient, .count = 1,
		.signer = WAX_SIGNER_READY, .lower = WAX_FLOOR_NONE, .lowered_by = "X-Waxwing-Encrypt" };
	g_autoptr(WaxPlan) without = plan_text("default must-smime\n", &facts);
	g_autoptr(WaxPlan) other =
		plan_text("default must-smime\ngrant lower from x@a.example\n", &facts);
	g_autoptr(WaxPlan) granted =
		plan_text("default must-smime\ngrant lower sign from " FROM "\n", &facts);
	(void)state;

	assert_int_equal(wax_plan_get(without, TO)->floor, WAX_FLOOR_MUST_SMIME);
	assert_true(without->lower_ignored);
	assert_int_equal(wax_plan_get(other, TO)->floor, WAX_FLOOR_MUST_SMIME);
	assert_int_equal(wax_plan_get(granted, TO)->floor, WAX_FLOOR_SIGN);
	assert_true(granted->lowered);
}

static void a_thread_keeps_its_floor_even_against_a_grant(void **state)
{
	WaxRecipientFacts recipient = { .address = TO, .thread = WAX_FLOOR_MUST_ENCRYPT };
	WaxMessageFacts facts = { .sender = FROM, .recipients = &recipient, .count = 1,
		.lower = WAX_FLOOR_NONE };
	g_autoptr(WaxPlan) plan = plan_text("default none\ngrant lower from " FROM "\n", &facts);
	(void)state;

	assert_int_equal(wax_plan_get(plan, TO)->floor, WAX_FLOOR_MUST_ENCRYPT);
	assert_int_equal(wax_plan_get(plan, TO)->method, WAX_PLAN_REFUSE);
}

static void all_or_nothing_stops_those_who_had_a_way(void **state)
{
	const WaxCandidateFact good = { "c1", false, WAX_CANDIDATE_USABLE, WAX_R_NONE };
	WaxRecipientFacts recipients[] = { { TO, &good, 1, false, 0 },
		{ "n@b.example", NULL, 0, false, 0 } };
	WaxMessageFacts facts = { .sender = FROM, .recipients = recipients, .count = 2,
		.signer = WAX_SIGNER_READY };
	g_autoptr(WaxPlan) plan = plan_text("default must-smime\nall-or-nothing\n", &facts);
	g_autoptr(WaxPlan) later = NULL;
	(void)state;

	assert_int_equal(wax_plan_get(plan, TO)->reason, WAX_R_ALL_OR_NOTHING);
	assert_int_equal(wax_plan_get(plan, "n@b.example")->reason, WAX_R_NO_CERTIFICATE);
	recipients[1].directory_down = true;
	later = plan_text("default must-smime\nall-or-nothing\n", &facts);
	assert_int_equal(wax_plan_get(later, TO)->method, WAX_PLAN_DEFER);
}

static void malformed_is_refused_under_must_only(void **state)
{
	const WaxCandidateFact good = { "c1", false, WAX_CANDIDATE_USABLE, WAX_R_NONE };
	WaxRecipientFacts recipient = { TO, &good, 1, false, 0 };
	WaxMessageFacts facts = { .sender = FROM, .recipients = &recipient, .count = 1,
		.signer = WAX_SIGNER_READY, .malformed = true };
	g_autoptr(WaxPlan) must = plan_text("default must-smime\n", &facts);
	g_autoptr(WaxPlan) attempt = plan_text("default try-encrypt\n", &facts);
	(void)state;

	assert_int_equal(wax_plan_get(must, TO)->reason, WAX_R_MIME_MALFORMED);
	assert_int_equal(wax_plan_get(attempt, TO)->method, WAX_PLAN_USER_CERT);
	assert_false(wax_plan_get(attempt, TO)->sign);
}

static void explain_says_what_the_plan_says(void **state)
{
	g_autoptr(WaxPlan) plan =
		plan_one(WAX_FLOOR_MUST_SMIME, NULL, 0, false, WAX_SIGNER_READY);
	g_autofree char *text = wax_plan_text(plan);
	json_t *object = wax_plan_json(plan);
	json_t *first = json_array_get(json_object_get(object, "recipients"), 0);
	(void)state;

	assert_non_null(strstr(text, "must-smime"));
	assert_non_null(strstr(text, "550 5.7.4"));
	assert_non_null(strstr(text, "policy:1"));
	assert_string_equal(json_string_value(json_object_get(first, "reason")), "no_certificate");
	assert_string_equal(json_string_value(json_object_get(first, "method")), "refuse");
	json_decref(object);
}

/* GATEWAY.md d.2: OpenPGP satisfies must-encrypt, not must-smime */
static void openpgp_of_the_sender_is_no_smime(void **state)
{
	(void)state;

	for (size_t i = 0; i < sizeof floors / sizeof *floors; i++) {
		g_autoptr(WaxPolicy) policy = policy_with(floors[i]);
		WaxRecipientFacts recipient = { TO, NULL, 0, false, WAX_FLOOR_UNDECIDED };
		WaxMessageFacts facts = { .sender = FROM, .recipients = &recipient, .count = 1,
			.encrypted = true, .openpgp = true };
		g_autoptr(WaxPlan) plan = wax_policy_plan(policy, &facts);
		const WaxPlanRecipient *r = wax_plan_get(plan, TO);

		assert_int_equal(r->method, floors[i] == WAX_FLOOR_MUST_SMIME
						    ? WAX_PLAN_REFUSE
						    : WAX_PLAN_END_TO_END);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openpgp_of_the_sender_is_no_smime),
		cmocka_unit_test(every_cell_of_the_table_has_its_outcome),
		cmocka_unit_test(no_token_without_a_floor_below_must),
		cmocka_unit_test(a_plan_that_somebody_altered_gives_no_token),
		cmocka_unit_test(a_user_certificate_goes_before_a_domain_certificate),
		cmocka_unit_test(only_a_colleague_whose_key_is_here_and_no_must_gets_it_open),
		cmocka_unit_test(of_several_unusable_ones_the_nearest_is_told),
		cmocka_unit_test(a_candidate_that_nobody_judged_is_not_used),
		cmocka_unit_test(a_signing_key_that_is_away_defers_whatever_the_floor),
		cmocka_unit_test(required_signing_without_identity_refuses),
		cmocka_unit_test(lowering_needs_a_grant),
		cmocka_unit_test(a_thread_keeps_its_floor_even_against_a_grant),
		cmocka_unit_test(all_or_nothing_stops_those_who_had_a_way),
		cmocka_unit_test(malformed_is_refused_under_must_only),
		cmocka_unit_test(explain_says_what_the_plan_says),
	};

	return cmocka_run_group_tests_name("policy/decide", tests, NULL, NULL);
}
