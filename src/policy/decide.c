/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/decide.h"

#include <string.h>

#include "core/status.h"

/* how near to usable a reason is: the nearest one is what the sender is told */
static unsigned nearness(WaxReason reason)
{
	switch (reason) {
	case WAX_R_TRUST_UNTRUSTED:
		return 6;
	case WAX_R_CERT_NOT_YET_VALID:
		return 5;
	case WAX_R_CERT_EXPIRED:
		return 4;
	case WAX_R_CERT_SIGN_ONLY:
		return 3;
	case WAX_R_CERT_REVOKED:
		return 2;
	default:
		return 1;
	}
}

/* what the candidates come to, for one recipient */
typedef struct {
	const WaxCandidateFact *best;	 /* usable, first in order */
	const WaxCandidateFact *unknown; /* revocation unknown, first in order */
	const WaxCandidateFact *nearest; /* unusable, for the reason to tell */
} Choice;

static Choice choose(const WaxRecipientFacts *facts)
{
	Choice choice = { NULL, NULL, NULL };

	/* a user certificate goes before a domain certificate, whatever the order given */
	for (int of_domain = 0; of_domain < 2; of_domain++)
		for (size_t i = 0; i < facts->count; i++) {
			const WaxCandidateFact *c = &facts->candidates[i];

			if (c->of_domain != (of_domain == 1))
				continue;
			if (c->state == WAX_CANDIDATE_USABLE && !choice.best)
				choice.best = c;
			else if (c->state == WAX_CANDIDATE_STATUS_UNKNOWN && !choice.unknown)
				choice.unknown = c;
			else if (c->state == WAX_CANDIDATE_UNUSABLE &&
				 (!choice.nearest ||
					 nearness(c->reason) > nearness(choice.nearest->reason)))
				choice.nearest = c;
		}
	return choice;
}

static void raise_floor(WaxPlanRecipient *r, WaxFloor floor, const char *input, const char *origin)
{
	if (floor <= r->floor)
		return;
	wax_plan_note(r, input, origin, "raised from %s to %s", wax_floor_name(r->floor),
		wax_floor_name(floor));
	r->floor = floor;
}

/* lower_floor - only by a grant to this sender, and only below what rules alone gave */
static void lower_floor(
	WaxPlan *plan, WaxPlanRecipient *r, const WaxPolicy *policy, const WaxMessageFacts *facts)
{
	const char *origin = "";
	const char *asked = facts->lowered_by ? facts->lowered_by : "trigger";
	WaxFloor limit = wax_policy_may_lower(policy, facts->sender, &origin);
	WaxFloor floor = MAX(limit, facts->lower);

	if (facts->lower == WAX_FLOOR_UNDECIDED || facts->lower >= r->floor)
		return;
	if (limit == WAX_FLOOR_UNDECIDED || floor >= r->floor) {
		wax_plan_note(r, "trigger", asked,
			"asked for %s and was ignored: no grant allows it",
			wax_floor_name(facts->lower));
		plan->lower_ignored = true;
		return;
	}
	wax_plan_note(r, "grant", origin, "%s lowered the floor from %s to %s", asked,
		wax_floor_name(r->floor), wax_floor_name(floor));
	r->floor = floor;
	plan->lowered = true;
}

static void set_floor(WaxPlan *plan, WaxPlanRecipient *r, const WaxPolicy *policy,
	const WaxMessageFacts *facts, const WaxRecipientFacts *rf)
{
	r->floor = wax_policy_floor(policy, facts->sender, rf->address, r);
	lower_floor(plan, r, policy, facts);
	raise_floor(r, facts->raise, "trigger", facts->raised_by ? facts->raised_by : "trigger");
	raise_floor(r, rf->thread, "thread", "the mail that this one answers");
}

static void stop(WaxPlanRecipient *r, WaxReason reason)
{
	bool later = wax_class_of_reason(reason) == WAX_CLASS_TEMP;

	r->method = later ? WAX_PLAN_DEFER : WAX_PLAN_REFUSE;
	r->reason = reason;
	r->sign = false;
	g_clear_pointer(&r->certificate, g_free);
}

static void take(WaxPlanRecipient *r, const WaxCandidateFact *candidate)
{
	r->method = candidate->of_domain ? WAX_PLAN_DOMAIN_CERT : WAX_PLAN_USER_CERT;
	r->certificate = g_strdup(candidate->id);
	wax_plan_note(r, "certificate", candidate->id, "%s",
		candidate->state == WAX_CANDIDATE_USABLE
			? "usable and trusted"
			: "trusted; its revocation status could not be asked");
	if (candidate->state == WAX_CANDIDATE_STATUS_UNKNOWN)
		r->reason = WAX_R_TRUST_STATUS_UNKNOWN;
}

/* tell_way_out - what would let this recipient be encrypted to */
static void tell_way_out(WaxPlanRecipient *r, WaxReason reason)
{
	if (reason == WAX_R_TRUST_UNTRUSTED) {
		wax_plan_change(r, "waxwing trust grant CA.pem --domain %s",
			strrchr(r->address, '@') ? strrchr(r->address, '@') + 1 : "DOMAIN");
		return;
	}
	wax_plan_change(r, "waxwing cert import FILE --address %s", r->address);
	wax_plan_change(r, "ask %s for a signed message", r->address);
}

static void in_clear(WaxPlanRecipient *r)
{
	r->method = r->sign ? WAX_PLAN_SIGNED : WAX_PLAN_PLAIN;
}

/* no_certificate - the lower rows of the table of d.2 */
static void without(WaxPlanRecipient *r, const Choice *choice)
{
	WaxReason reason = choice->nearest ? choice->nearest->reason : WAX_R_NO_CERTIFICATE;

	if (choice->nearest)
		wax_plan_note(r, "certificate", choice->nearest->id, "not usable: %s",
			wax_reason_info(reason)->label);
	else
		wax_plan_note(r, "certificate", "directory", "none is known for %s", r->address);
	tell_way_out(r, reason);
	if (r->floor >= WAX_FLOOR_MUST_ENCRYPT) {
		stop(r, reason);
		return;
	}
	in_clear(r);
	r->reason = reason;
}

/*
 * stays_in_house - a colleague whose key only we hold: what is encrypted to it would lie
 * closed in the mailbox, since it does not come in again and nothing opens it there
 */
static bool stays_in_house(
	WaxPlanRecipient *r, const WaxRecipientFacts *facts, const WaxCandidateFact *best)
{
	if (!facts->own || !best->kept)
		return false;
	if (r->floor >= WAX_FLOOR_MUST_ENCRYPT) {
		wax_plan_note(r, "certificate", best->id,
			"the key is kept here: the mailbox gets it closed, and nothing opens it "
			"there");
		wax_plan_change(r, "'except %s' in the rule that raises the floor", r->address);
		return false;
	}
	wax_plan_note(r, "certificate", best->id,
		"the key is kept here and %s is one of our own: the copy stays in the house",
		r->address);
	wax_plan_change(r, "a rule 'floor must-encrypt to %s'", r->address);
	return true;
}

static void encrypt(WaxPlanRecipient *r, const WaxRecipientFacts *facts)
{
	Choice choice = choose(facts);

	if (facts->directory_down) {
		wax_plan_note(r, "certificate", "directory", "cannot be asked now");
		stop(r, WAX_R_DIRECTORY_DOWN);
	} else if (choice.best && stays_in_house(r, facts, choice.best)) {
		in_clear(r);
	} else if (choice.best) {
		take(r, choice.best);
	} else if (choice.unknown && r->floor < WAX_FLOOR_MUST_ENCRYPT) {
		/* not weaker than the plaintext that it replaces */
		if (stays_in_house(r, facts, choice.unknown))
			in_clear(r);
		else
			take(r, choice.unknown);
	} else if (choice.unknown) {
		wax_plan_note(r, "certificate", choice.unknown->id,
			"its revocation status could not be asked");
		stop(r, WAX_R_TRUST_STATUS_UNKNOWN);
	} else {
		without(r, &choice);
	}
}

static void end_to_end(WaxPlanRecipient *r)
{
	r->method = WAX_PLAN_END_TO_END;
	r->sign = false;
	wax_plan_note(r, "message", "the sender", "encrypted it end to end: passed on as it is");
}

/* check_signing - false when the signing duty alone decides the outcome */
static bool check_signing(
	WaxPlanRecipient *r, const WaxPolicy *policy, const WaxMessageFacts *facts)
{
	const char *origin = NULL;
	bool required = wax_policy_signing_required(policy, facts->sender, &origin);

	if (facts->already_signed)
		return true;
	if (facts->signer == WAX_SIGNER_UNAVAILABLE) {
		wax_plan_note(r, "signing", origin, "the signing key is not available now");
		stop(r, WAX_R_CUSTODY_DOWN);
		return false;
	}
	if (facts->signer == WAX_SIGNER_READY) {
		r->sign = !facts->malformed;
		return true;
	}
	wax_plan_note(r, "signing", origin, "%s has no signing identity", facts->sender);
	wax_plan_change(r, "waxwing identity create %s", facts->sender);
	if (!required)
		return true;
	stop(r, WAX_R_NO_SIGNING_IDENTITY);
	return false;
}

static void decide(WaxPlanRecipient *r, const WaxPolicy *policy, const WaxMessageFacts *facts,
	const WaxRecipientFacts *rf)
{
	if (facts->encrypted && !(facts->openpgp && r->floor >= WAX_FLOOR_MUST_SMIME)) {
		end_to_end(r);
		return;
	}
	if (facts->malformed && r->floor >= WAX_FLOOR_MUST_ENCRYPT) {
		wax_plan_note(r, "message", "the message", "is malformed");
		stop(r, WAX_R_MIME_MALFORMED);
		return;
	}
	if (!check_signing(r, policy, facts))
		return;
	if (r->floor >= WAX_FLOOR_TRY_ENCRYPT)
		encrypt(r, rf);
	else
		in_clear(r);
	if (r->floor >= WAX_FLOOR_TRY_ENCRYPT || facts->malformed)
		return;
	wax_plan_change(r, "a rule 'floor try-encrypt to %s'", r->address);
}

static bool stopped(const WaxPlanRecipient *r)
{
	return r->method == WAX_PLAN_REFUSE || r->method == WAX_PLAN_DEFER;
}

/* all_or_nothing - one without a way stops all; later wins over never */
static void all_or_nothing(WaxPlan *plan, const char *origin)
{
	WaxReason later = WAX_R_NONE;
	bool any = false;

	for (guint i = 0; i < plan->recipients->len; i++) {
		const WaxPlanRecipient *r = plan->recipients->pdata[i];

		any = any || stopped(r);
		if (r->method == WAX_PLAN_DEFER)
			later = r->reason;
	}
	for (guint i = 0; any && i < plan->recipients->len; i++) {
		WaxPlanRecipient *r = plan->recipients->pdata[i];

		if (stopped(r) && !(later && r->method == WAX_PLAN_REFUSE))
			continue;
		wax_plan_note(r, "rule", origin, "all or nothing: another recipient has no way");
		stop(r, later ? later : WAX_R_ALL_OR_NOTHING);
	}
}

WaxPlan *wax_policy_plan(const WaxPolicy *policy, const WaxMessageFacts *facts)
{
	WaxPlan *plan = wax_plan_new(facts->sender);
	const char *origin = NULL;

	plan->policy_version = facts->policy_version;
	plan->signing_required = wax_policy_signing_required(policy, facts->sender, NULL);
	for (size_t i = 0; i < facts->count; i++) {
		WaxPlanRecipient *r = wax_plan_add(plan, facts->recipients[i].address);

		set_floor(plan, r, policy, facts, &facts->recipients[i]);
		decide(r, policy, facts, &facts->recipients[i]);
	}
	plan->all_or_nothing = wax_policy_all_or_nothing(policy, facts->sender, &origin);
	if (plan->all_or_nothing)
		all_or_nothing(plan, origin);
	return plan;
}

/* reason_of_path - the words of GATEWAY.md d.7: untrusted, expired, revoked, sign_only */
static WaxReason reason_of_path(WaxReason reason, const WaxCertInfo *info, int64_t at)
{
	switch (reason) {
	case WAX_R_TRUST_INCOMPLETE:
	case WAX_R_TRUST_UNTRUSTED:
		return WAX_R_TRUST_UNTRUSTED;
	case WAX_R_TRUST_EXPIRED:
		return at > info->not_after ? WAX_R_CERT_EXPIRED : WAX_R_TRUST_EXPIRED;
	case WAX_R_TRUST_NOT_YET_VALID:
		return at < info->not_before ? WAX_R_CERT_NOT_YET_VALID : WAX_R_TRUST_NOT_YET_VALID;
	case WAX_R_TRUST_REVOKED:
		return WAX_R_CERT_REVOKED;
	default:
		return reason;
	}
}

static WaxCandidateFact unusable(WaxCandidateFact fact, WaxReason reason)
{
	fact.state = WAX_CANDIDATE_UNUSABLE;
	fact.reason = reason;
	return fact;
}

WaxCandidateFact wax_policy_judge(const WaxCert *cert, const char *id, bool of_domain, bool pinned,
	const char *address, const WaxJudgeContext *context)
{
	const WaxCertInfo *info = wax_cert_info(cert);
	WaxPathQuestion question = { .anchors = context->anchors,
		.untrusted = context->untrusted,
		.at = context->at,
		.purpose = WAX_PURPOSE_ENCRYPT,
		.mail = address };
	WaxCandidateFact fact = { .id = id, .of_domain = of_domain };
	g_auto(WaxPathVerdict) verdict = { WAX_R_NONE };

	if (!of_domain && !pinned && !wax_cert_has_address(cert, address))
		return unusable(fact, WAX_R_CERT_ADDRESS_FOREIGN);
	if (!wax_cert_can_encrypt(cert))
		return unusable(fact, WAX_R_CERT_SIGN_ONLY);
	verdict = wax_trust_path(cert, &question);
	if (verdict.reason == WAX_R_TRUST_STATUS_UNKNOWN ||
		(verdict.reason == WAX_R_NONE && context->need_revocation)) {
		fact.state = WAX_CANDIDATE_STATUS_UNKNOWN;
		fact.reason = WAX_R_TRUST_STATUS_UNKNOWN;
		return fact;
	}
	if (verdict.reason)
		return unusable(fact, reason_of_path(verdict.reason, info, context->at));
	fact.state = WAX_CANDIDATE_USABLE;
	return fact;
}
