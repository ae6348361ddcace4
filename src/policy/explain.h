/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	policy/explain - a plan in words and in JSON
 *
 * DESCRIPTION
 *	Shows for each recipient the floor and the inputs that set it, the
 *	method, the reason, the reply the gateway would give, and what would
 *	change it.  Both forms come from the plan that decides, so that what
 *	is foretold is what happens.  A sender whom the gateway turns away at
 *	MAIL FROM has no such plan; wax_plan_foreign_sender makes one that says so.
 *
 * OWNERSHIP
 *	Results are the caller's.
 *
 * ERRORS
 *	None.
 */
#ifndef WAX_POLICY_EXPLAIN_H
#define WAX_POLICY_EXPLAIN_H

#include <jansson.h>

#include "policy/plan.h"

/* wax_plan_foreign_sender - of a domain that is not ours: refused before anything is decided (d.1) */
WaxPlan *wax_plan_foreign_sender(const char *sender, const char *domain, const char *recipient);

char *wax_plan_text(const WaxPlan *plan);
json_t *wax_plan_json(const WaxPlan *plan);

#endif
