/* SPDX-License-Identifier: Apache-2.0 */
/* A policy is read or refused with its place; whatever it says, plaintext needs a floor below must. */
#include <glib.h>
#include <string.h>

#include "core/status.h"
#include "must.h"
#include "policy/decide.h"

static void check_plan(const WaxPolicy *policy)
{
	WaxCandidateFact usable = { "c", false, WAX_CANDIDATE_USABLE, WAX_R_NONE };
	WaxRecipientFacts recipients[] = { { "b@b.example", NULL, 0, false, WAX_FLOOR_UNDECIDED },
		{ "c@c.example", &usable, 1, false, WAX_FLOOR_UNDECIDED },
		{ "d@d.example", NULL, 0, true, WAX_FLOOR_MUST_ENCRYPT } };
	WaxMessageFacts facts = { .sender = "a@a.example", .recipients = recipients, .count = 3,
		.signer = WAX_SIGNER_READY, .lower = WAX_FLOOR_NONE };
	g_autoptr(WaxPlan) plan = wax_policy_plan(policy, &facts);

	must(plan->recipients->len == 3);
	for (guint i = 0; i < 3; i++) {
		const WaxPlanRecipient *r = plan->recipients->pdata[i];
		WaxPlainToken *token = wax_plan_plain_token(plan, r->address);

		must(r->floor != WAX_FLOOR_UNDECIDED && r->method != 0);
		must(!token || r->floor < WAX_FLOOR_MUST_ENCRYPT);
		wax_plain_token_free(token);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(WaxPolicy) policy = wax_policy_parse(text, "p", &error);
	unsigned count;

	must((policy != NULL) == (error == NULL));
	if (!policy) {
		must(wax_class_of(error) != WAX_CLASS_BUG);
		return 0;
	}
	wax_ignore(wax_policy_test(policy, &count, NULL));
	check_plan(policy);
	return 0;
}
