/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/parts_internal.h"

#include <jansson.h>

#include "core/clock.h"
#include "core/status.h"
#include "policy/decide.h"

/* read_policy - one that another version took in and this one refuses stops mail, and bounces none */
static WaxPolicy *read_policy(const char *text, GError **error)
{
	g_autoptr(GError) why = NULL;
	WaxPolicy *policy = wax_policy_parse(text, "policy", &why);

	if (!policy)
		wax_set_error(error, WAX_R_DIRECTORY_DOWN, "the policy in force cannot be read: %s",
			why->message);
	return policy;
}

/* policy_in_force - parsed once for each version */
static WaxPolicy *policy_in_force(WaxParts *parts, int64_t *ret_version, GError **error)
{
	g_autofree char *text = NULL;
	WaxPolicy *policy = NULL;
	int64_t version = 0;

	if (!wax_directory_policy(parts->directory, &text, &version, error))
		return NULL;
	g_mutex_lock(&parts->policy_lock);
	if (parts->policy && parts->policy_version == version) {
		policy = wax_policy_ref(parts->policy);
	} else {
		policy = read_policy(version > 0 ? text : parts->rules.default_policy, error);
		if (policy) {
			if (parts->policy)
				wax_policy_unref(parts->policy);
			parts->policy = wax_policy_ref(policy);
			parts->policy_version = version;
		}
	}
	g_mutex_unlock(&parts->policy_lock);
	*ret_version = version;
	return policy;
}

/* what is known about one recipient */
typedef struct {
	GPtrArray *candidates; /* WaxDirCandidate */
	WaxCandidateFact *facts;
} Known;

static bool know(WaxParts *parts, const char *address, const WaxJudgeContext *context, Known *known,
	WaxRecipientFacts *ret_facts)
{
	ret_facts->address = address;
	if (!wax_directory_candidates(parts->directory, address, &known->candidates, NULL)) {
		ret_facts->directory_down = true;
		return false;
	}
	known->facts = g_new0(WaxCandidateFact, known->candidates->len + 1);
	for (guint i = 0; i < known->candidates->len; i++) {
		const WaxDirCandidate *one = g_ptr_array_index(known->candidates, i);

		known->facts[i] = wax_policy_judge(
			one->cert, one->id, one->of_domain, one->pinned, address, context);
		known->facts[i].kept = one->kept;
	}
	ret_facts->candidates = known->facts;
	ret_facts->count = known->candidates->len;
	return true;
}

static char *plan_text(const WaxPlanRecipient *recipient)
{
	json_t *object = json_object(), *notes = json_array();
	char *text, *copy;

	json_object_set_new(object, "floor", json_string(wax_floor_name(recipient->floor)));
	json_object_set_new(object, "method", json_string(wax_plan_method_name(recipient->method)));
	json_object_set_new(object, "sign", json_boolean(recipient->sign));
	if (recipient->certificate)
		json_object_set_new(object, "certificate", json_string(recipient->certificate));
	if (recipient->reason)
		json_object_set_new(
			object, "reason", json_string(wax_reason_info(recipient->reason)->label));
	for (guint i = 0; recipient->notes && i < recipient->notes->len; i++) {
		const WaxPlanNote *note = g_ptr_array_index(recipient->notes, i);

		json_array_append_new(notes, json_pack("{s:s?,s:s?,s:s?}", "input", note->input,
						     "origin", note->origin, "text", note->text));
	}
	json_object_set_new(object, "why", notes);
	text = json_dumps(object, JSON_COMPACT);
	copy = g_strdup(text);
	free(text);
	json_decref(object);
	return copy;
}

static GPtrArray *chosen_cert(const Known *known, const char *id)
{
	GPtrArray *certs = g_ptr_array_new_with_free_func(wax_parts_unref_bytes);

	for (guint i = 0; known->candidates && i < known->candidates->len; i++) {
		const WaxDirCandidate *one = g_ptr_array_index(known->candidates, i);
		WaxSpan der = wax_cert_info(one->cert)->der;

		if (g_strcmp0(one->id, id) != 0)
			continue;
		g_ptr_array_add(certs, g_bytes_new(der.p, der.n));
		break;
	}
	return certs;
}

/* carry_over - the plan's word for a recipient as the flow wants it */
static void carry_over(const WaxPlan *plan, const WaxPlanRecipient *planned, const Known *known,
	const WaxDirSender *sender, WaxDecision *decision)
{
	decision->floor = g_strdup(wax_floor_name(planned->floor));
	decision->why = plan_text(planned);
	decision->all_or_nothing = plan->all_or_nothing;
	if (planned->sign && sender)
		decision->signer = g_strdup(sender->address);
	switch (planned->method) {
	case WAX_PLAN_END_TO_END:
		decision->method = WAX_METHOD_PASS;
		break;
	case WAX_PLAN_USER_CERT:
	case WAX_PLAN_DOMAIN_CERT:
		decision->method = WAX_METHOD_SEAL;
		decision->certs = chosen_cert(known, planned->certificate);
		break;
	case WAX_PLAN_SIGNED:
		decision->method = planned->sign ? WAX_METHOD_SIGN : WAX_METHOD_PLAIN;
		decision->token = wax_plan_plain_token(plan, planned->address);
		break;
	case WAX_PLAN_PLAIN:
		decision->method = WAX_METHOD_PLAIN;
		decision->token = wax_plan_plain_token(plan, planned->address);
		break;
	case WAX_PLAN_REFUSE:
	case WAX_PLAN_DEFER:
		decision->method = WAX_METHOD_REFUSE;
		decision->reason = planned->reason ? planned->reason : WAX_R_METHODS_EXHAUSTED;
		/* an expired certificate is for ever, but a deferral must read as one */
		if (planned->method == WAX_PLAN_DEFER &&
			wax_class_of_reason(decision->reason) != WAX_CLASS_TEMP)
			decision->reason = WAX_R_DIRECTORY_DOWN;
		decision->text = g_strdup_printf(
			"%s: %s", planned->address, wax_reason_info(decision->reason)->label);
		break;
	case WAX_PLAN_UNDECIDED:
	case WAX_PLAN_COUNT_:
		break;
	}
}

static bool route_of(
	WaxParts *parts, const char *domain, bool *ret_own, char **ret_route, GError **error)
{
	if (!wax_parts_domain(parts, domain, ret_own, ret_route, error))
		return false;
	if (!*ret_route && !*ret_own && parts->rules.relay_outbound[0])
		*ret_route = g_strdup(parts->rules.relay_outbound);
	return true;
}

/* signer_of - d.17: only the envelope sender's own single From is signed for */
static bool signer_of(WaxParts *parts, const WaxEnvelope *envelope, const WaxJobFacts *facts,
	WaxDirSender **ret_sender, GError **error)
{
	*ret_sender = NULL;
	if (!envelope->sender_key || g_strcmp0(facts->from, envelope->sender_key) != 0)
		return true;
	return wax_directory_sender(parts->directory, envelope->sender_key, ret_sender, error);
}

bool wax_parts_decide(void *ctx, const WaxEnvelope *envelope, const WaxJobFacts *facts,
	WaxDecision *decisions, GError **error)
{
	WaxParts *parts = ctx;
	size_t n = envelope->recipients->len;
	g_autoptr(WaxPolicy) policy = NULL;
	g_autoptr(WaxDirSender) sender = NULL;
	g_autoptr(GPtrArray) anchors = NULL, untrusted = NULL;
	g_autoptr(WaxPlan) plan = NULL;
	g_autofree Known *known = g_new0(Known, n);
	g_autofree WaxRecipientFacts *recipients = g_new0(WaxRecipientFacts, n);
	WaxJudgeContext context = { .at = wax_clock_now() };
	WaxMessageFacts message = { .sender = envelope->sender_key ? envelope->sender_key : "",
		.recipients = recipients,
		.count = n,
		.encrypted = facts->sealed || facts->openpgp,
		.openpgp = facts->openpgp && !facts->sealed,
		.already_signed = facts->is_signed,
		.malformed = facts->malformed,
		.raise = facts->raise ? wax_floor_by_name(facts->raise) : WAX_FLOOR_UNDECIDED,
		.raised_by = "a header or tag of the message",
		.lower = facts->lower ? wax_floor_by_name(facts->lower) : WAX_FLOOR_UNDECIDED,
		.lowered_by = "a header or tag of the message" };
	bool decided = true;

	/* what was changed counts from here; the look-ups after this one are of the same moment */
	if (!wax_directory_refresh(parts->directory, error))
		return false;
	policy = policy_in_force(parts, &message.policy_version, error);
	if (!policy || !signer_of(parts, envelope, facts, &sender, error) ||
		!wax_directory_anchors(parts->directory, WAX_PURPOSE_ENCRYPT, &anchors, error) ||
		!wax_directory_intermediates(parts->directory, &untrusted, error))
		return false;
	message.signer = sender && sender->sign.epoch ? WAX_SIGNER_READY : WAX_SIGNER_NONE;
	context.anchors = anchors;
	context.untrusted = untrusted;
	for (size_t i = 0; i < n && decided; i++) {
		const WaxRecipient *recipient = g_ptr_array_index(envelope->recipients, i);

		(void)know(parts, recipient->key, &context, &known[i],
			&recipients[i]); /* not to know is a fact too */
		decided = route_of(
			parts, recipient->domain, &recipients[i].own, &decisions[i].route, error);
	}
	plan = decided ? wax_policy_plan(policy, &message) : NULL;
	for (size_t i = 0; i < n && decided; i++)
		carry_over(plan, g_ptr_array_index(plan->recipients, i), &known[i], sender,
			&decisions[i]);
	for (size_t i = 0; i < n; i++) {
		g_clear_pointer(&known[i].candidates, g_ptr_array_unref);
		g_free(known[i].facts);
	}
	return decided;
}
