/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	policy/rules - the policy text: read, tested, asked
 *
 * DESCRIPTION
 *	One rule a line; '#' begins a comment.
 *
 *	default FLOOR
 *	floor FLOOR [from PATTERN] [to PATTERN] [except PATTERN...]
 *	signing if-possible|required [from PATTERN]
 *	all-or-nothing [from PATTERN]
 *	grant lower [FLOOR] from PATTERN
 *	expect FLOOR from ADDRESS to ADDRESS
 *
 *	FLOOR is none, sign, try-encrypt, must-encrypt or must-smime; PATTERN
 *	is *, *@domain, *@*.domain or one address.  Every rule that matches
 *	counts and the highest floor wins, so a rule can only raise; `except`
 *	names recipients that a rule does not hold for.  Without
 *	a default line the default is try-encrypt.  `expect` lines are the
 *	text's own tests: it is not applied when one fails.
 *
 * OWNERSHIP
 *	Reference counted; never changes after it was parsed.
 *
 * ERRORS
 *	POLICY_SYNTAX (name:line:column, what was expected, the nearest
 *	word), POLICY_TEST_FAILED, TOO_LARGE.
 *
 * LIMITS
 *	1 MiB of text, 20 000 rules.
 */
#ifndef WAX_POLICY_RULES_H
#define WAX_POLICY_RULES_H

#include "policy/plan.h"

typedef struct WaxPolicy WaxPolicy;

/* wax_policy_parse - name stands in error texts and origins: "policy" or a file's name */
WaxPolicy *wax_policy_parse(const char *text, const char *name, GError **error) WAX_MUST_USE;
WaxPolicy *wax_policy_ref(WaxPolicy *policy);
void wax_policy_unref(WaxPolicy *policy);

/* wax_policy_test - run the expect lines; *ret_count how many, also when one fails */
bool wax_policy_test(const WaxPolicy *policy, unsigned *ret_count, GError **error) WAX_MUST_USE;

/* wax_policy_floor - the highest matching floor; notes (WaxPlanNote, may be NULL) get every input */
WaxFloor wax_policy_floor(const WaxPolicy *policy, const char *sender, const char *recipient,
	WaxPlanRecipient *notes);

/* the rules that hold for a sender; *ret_origin is borrowed, "factory" or "policy:3" */
bool wax_policy_signing_required(
	const WaxPolicy *policy, const char *sender, const char **ret_origin);
bool wax_policy_all_or_nothing(
	const WaxPolicy *policy, const char *sender, const char **ret_origin);

/* wax_policy_may_lower - down to which floor; UNDECIDED: no grant */
WaxFloor wax_policy_may_lower(const WaxPolicy *policy, const char *sender, const char **ret_origin);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxPolicy, wax_policy_unref)

#endif
