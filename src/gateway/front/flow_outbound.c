/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/flow_internal.h"

#include <string.h>

#include "core/status.h"

static void answer_reason(WaxFlowMessage *m, size_t i, WaxReason reason, const char *text)
{
	g_autoptr(GError) error = NULL;

	wax_set_error(&error, reason, "%s", text);
	wax_flow_answer_error(m, i, error);
}

static void fail_group(WaxFlowMessage *m, const GArray *group, const GError *error)
{
	for (guint i = 0; i < group->len; i++)
		wax_flow_answer_error(m, g_array_index(group, size_t, i), error);
}

static bool is_named(const WaxJobFacts *facts, const char *key)
{
	for (guint i = 0; facts->named && i < facts->named->len; i++)
		if (strcmp(g_ptr_array_index(facts->named, i), key) == 0)
			return true;
	return false;
}

static guint certs_of(const WaxDecision *decision)
{
	return decision->certs ? decision->certs->len : 0;
}

/* may_share - one copy for both?  Never with a recipient that nobody was told about (d.3) */
static bool may_share(const WaxDecision *a, const WaxDecision *b)
{
	return a->method == b->method && g_strcmp0(a->signer, b->signer) == 0 &&
	       g_strcmp0(a->route, b->route) == 0;
}

/* group_of - the recipients that share the copy of `first`; all get marked as taken */
static GArray *group_of(WaxFlowMessage *m, const WaxJobFacts *facts, const WaxDecision *decisions,
	size_t first, bool *taken)
{
	GArray *group = g_array_new(FALSE, FALSE, sizeof(size_t));
	guint infos = certs_of(&decisions[first]);

	g_array_append_val(group, first);
	taken[first] = true;
	if (!is_named(facts, wax_flow_recipient(m, first)->key))
		return group;
	for (size_t i = first + 1; i < m->envelope->recipients->len; i++) {
		if (taken[i] || m->replies[i].code != 0 ||
			!may_share(&decisions[first], &decisions[i]) ||
			!is_named(facts, wax_flow_recipient(m, i)->key))
			continue;
		if (infos + certs_of(&decisions[i]) > m->flow->rules.recipient_infos)
			continue;
		infos += certs_of(&decisions[i]);
		g_array_append_val(group, i);
		taken[i] = true;
	}
	return group;
}

static const char *method_name(const WaxDecision *decision)
{
	switch (decision->method) {
	case WAX_METHOD_SEAL:
		return "sealed";
	case WAX_METHOD_SIGN:
		return "signed";
	case WAX_METHOD_PASS:
		return "as-is";
	default:
		return "plain";
	}
}

/* build_group - the worker makes the copy and reads it again */
static bool build_group(WaxFlowMessage *m, const GArray *group, const WaxDecision *decisions,
	const char *hop, WaxFlowBuilt *ret_built, GError **error)
{
	const WaxDecision *first = &decisions[g_array_index(group, size_t, 0)];
	g_autoptr(GPtrArray) certs = g_ptr_array_new();
	g_autofree const WaxRecipient **recipients = g_new0(const WaxRecipient *, group->len);
	WaxFlowBuild build = { .method = first->method,
		.signer = first->signer,
		.certs = certs,
		.sender = m->envelope->sender_key,
		.recipients = recipients,
		.n = group->len,
		.hop = hop,
		.deadline = m->deadline };

	for (guint i = 0; i < group->len; i++) {
		size_t at = g_array_index(group, size_t, i);

		recipients[i] = wax_flow_recipient(m, at);
		for (guint c = 0; c < certs_of(&decisions[at]); c++)
			g_ptr_array_add(certs, g_ptr_array_index(decisions[at].certs, c));
	}
	if (first->method == WAX_METHOD_SEAL && certs->len == 0)
		return wax_fail(error, WAX_R_INTERNAL, "a plan to encrypt to nobody");
	if (!wax_flow_in_time(m, error) ||
		!m->flow->parts.build(m->flow->parts.ctx, m->spool, &build, ret_built, error))
		return false;
	if (wax_spool_size(ret_built->copy) > m->flow->rules.size_out)
		return wax_fail(error, WAX_R_TOO_LARGE,
			"the finished message has %" G_GUINT64_FORMAT " octets, %" G_GUINT64_FORMAT
			" are allowed",
			wax_spool_size(ret_built->copy), m->flow->rules.size_out);
	return true;
}

static void send_group(WaxFlowMessage *m, const GArray *group, const WaxDecision *decisions)
{
	const WaxDecision *first = &decisions[g_array_index(group, size_t, 0)];
	g_autoptr(GPtrArray) recipients = g_ptr_array_new();
	g_autofree char *hop = NULL;
	g_auto(WaxFlowBuilt) built = { 0 };
	g_autoptr(GError) error = NULL;
	bool protected = first->method == WAX_METHOD_SEAL || first->method == WAX_METHOD_PASS;

	for (guint i = 0; i < group->len; i++)
		g_ptr_array_add(recipients,
			(gpointer)wax_flow_recipient(m, g_array_index(group, size_t, i)));
	hop = wax_flow_hop(
		m->flow->rules.hop_secret, m->flow->rules.direction, m->queue, recipients);
	if (!build_group(m, group, decisions, hop, &built, &error)) {
		fail_group(m, group, error);
		return;
	}
	for (guint i = 0; i < group->len; i++)
		wax_flow_post_step(m, wax_flow_recipient(m, g_array_index(group, size_t, i))->key,
			protected ? "sealed" : "prepared", built.summary);
	wax_flow_deliver_group(m, group, first->route, built.copy, method_name(first),
		built.eight_bit,
		/* header_only= */ false, protected ? NULL : decisions);
}

/* check_outbound - what refuses the whole message before anybody decides */
static bool check_outbound(WaxFlowMessage *m, const WaxJobFacts *facts, GError **error)
{
	if (facts->fault != WAX_R_NONE)
		return wax_fail(error, facts->fault, "the message cannot be sent as it is: %s",
			wax_reason_info(facts->fault)->label);
	if (facts->received > m->flow->rules.received_limit)
		return wax_fail(
			error, WAX_R_LOOP, "the message has passed %u hosts", facts->received);
	return true;
}

/* honour_marker - what carries our marker was done before: it passes, or it is a loop */
static void honour_marker(WaxFlowMessage *m, const WaxJobFacts *facts, WaxDecision *decisions)
{
	for (size_t i = 0; i < m->envelope->recipients->len; i++) {
		WaxDecision *decision = &decisions[i];

		switch (decision->method) {
		case WAX_METHOD_SIGN:
			/* its token allows it to leave as it is */
			decision->method = WAX_METHOD_PLAIN;
			break;
		case WAX_METHOD_SEAL:
			if (facts->sealed || facts->openpgp)
				decision->method = WAX_METHOD_PASS;
			else
				answer_reason(m, i, WAX_R_LOOP,
					"marked as done and not encrypted: it went round");
			break;
		default:
			break;
		}
	}
}

/* refuse_undecided - answers for those whom the policy gives no way */
static void refuse_undecided(WaxFlowMessage *m, const WaxDecision *decisions)
{
	bool any = false, temporary = false, all = m->flow->rules.all_or_nothing;

	for (size_t i = 0; i < m->envelope->recipients->len; i++) {
		const WaxDecision *decision = &decisions[i];

		all = all || decision->all_or_nothing;
		/* named before: its first row is the one that is decided */
		if (wax_reply_is_ok(&m->replies[i]))
			continue;
		wax_flow_post_step(m, wax_flow_recipient(m, i)->key, "decided", decision->why);
		if (decision->method == WAX_METHOD_REFUSE)
			answer_reason(m, i, decision->reason,
				decision->text ? decision->text : "refused by policy");
		else if (decision->method == WAX_METHOD_UNDECIDED)
			answer_reason(m, i, WAX_R_INTERNAL, "no decision was made");
		else if (!decision->route)
			answer_reason(m, i, WAX_R_NO_ROUTE, "no way leads to that domain");
		if (m->replies[i].code != 0) {
			any = true;
			temporary = temporary || wax_reply_is_temporary(&m->replies[i]);
		}
	}
	if (!any || !all)
		return;
	for (size_t i = 0; i < m->envelope->recipients->len; i++) {
		if (temporary && m->replies[i].code == 0)
			answer_reason(m, i, WAX_R_SERVICE_DOWN,
				"another recipient cannot be decided yet and all must go or none");
		else
			answer_reason(m, i, WAX_R_ALL_OR_NOTHING,
				"another recipient cannot be reached protected and all must go or "
				"none");
	}
}

static void free_decisions(WaxDecision *decisions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		wax_decision_clear(&decisions[i]);
	g_free(decisions);
}

void wax_flow_go_out(WaxFlowMessage *m, const char *peer)
{
	size_t n = m->envelope->recipients->len;
	g_auto(WaxJobFacts) facts = { 0 };
	g_autoptr(GError) error = NULL;
	g_autofree bool *taken = g_new0(bool, n);
	WaxDecision *decisions;

	if (!m->flow->parts.facts(m->flow->parts.ctx, m->spool, &facts, &error)) {
		wax_flow_post_received(m, NULL, peer);
		wax_flow_answer_all(m, error);
		return;
	}
	wax_flow_post_received(m, facts.message_id, peer);
	wax_flow_set_identity(m, facts.message_id);
	if (!check_outbound(m, &facts, &error)) {
		wax_flow_answer_all(m, error);
		return;
	}
	decisions = g_new0(WaxDecision, n);
	if (m->flow->parts.decide(m->flow->parts.ctx, m->envelope, &facts, decisions, &error)) {
		if (facts.hop && wax_flow_hop_check(m->flow->rules.hop_secret, WAX_OUTBOUND,
					 facts.hop, m->envelope->recipients))
			honour_marker(m, &facts, decisions);
		refuse_undecided(m, decisions);
		for (size_t i = 0; i < n; i++) {
			g_autoptr(GArray) group = NULL;

			if (taken[i] || m->replies[i].code != 0)
				continue;
			group = group_of(m, &facts, decisions, i, taken);
			send_group(m, group, decisions);
		}
	} else {
		wax_flow_answer_all(m, error);
	}
	free_decisions(decisions, n);
}
