/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/flow_internal.h"

#include <jansson.h>

#include "core/clock.h"
#include "core/status.h"

const WaxRecipient *wax_flow_recipient(const WaxFlowMessage *m, size_t i)
{
	return g_ptr_array_index(m->envelope->recipients, i);
}

/* ---- answers ---- */

void wax_flow_answer_error(WaxFlowMessage *m, size_t i, const GError *error)
{
	if (m->replies[i].code != 0)
		return;
	m->replies[i] = wax_reply_from_error(error);
	m->reasons[i] = wax_reason_of(error);
}

void wax_flow_answer_all(WaxFlowMessage *m, const GError *error)
{
	for (size_t i = 0; i < m->envelope->recipients->len; i++)
		wax_flow_answer_error(m, i, error);
}

/* ---- timeline ---- */

static void note_step(WaxMailBatch *batch, const WaxFlowMessage *m, const char *recipient,
	const char *step, const char *detail)
{
	wax_mail_batch_step(batch, m->reference, wax_clock_micros(), recipient, step, detail);
}

void wax_flow_post_step(
	WaxFlowMessage *m, const char *recipient, const char *step, const char *detail)
{
	WaxMailBatch *batch = wax_mail_batch_new();

	note_step(batch, m, recipient, step, detail);
	wax_mail_post(m->flow->mail, batch);
}

void wax_flow_post_received(WaxFlowMessage *m, const char *message_id, const char *peer)
{
	WaxMailBatch *batch = wax_mail_batch_new();
	json_t *detail = json_object();
	char *text;

	json_object_set_new(detail, "peer", json_string(peer));
	json_object_set_new(detail, "octets", json_integer((json_int_t)wax_spool_size(m->spool)));
	text = json_dumps(detail, JSON_COMPACT);
	wax_mail_batch_message(batch, m->reference, wax_clock_now(),
		m->flow->rules.direction == WAX_OUTBOUND ? "out" : "in", m->queue,
		m->envelope->sender, message_id, wax_spool_size(m->spool),
		m->envelope->recipients->len);
	note_step(batch, m, NULL, "received", text);
	wax_mail_post(m->flow->mail, batch);
	free(text);
	json_decref(detail);
}

void wax_flow_post_answers(WaxFlowMessage *m)
{
	WaxMailBatch *batch = wax_mail_batch_new();

	for (size_t i = 0; i < m->envelope->recipients->len; i++) {
		json_t *detail;
		char *text;

		if (m->reasons[i] == WAX_R_NONE)
			continue;
		detail = json_object();
		json_object_set_new(
			detail, "reason", json_string(wax_reason_info(m->reasons[i])->label));
		json_object_set_new(detail, "reply",
			json_sprintf("%d %s %s", m->replies[i].code, m->replies[i].enhanced,
				m->replies[i].text));
		text = json_dumps(detail, JSON_COMPACT);
		note_step(batch, m, wax_flow_recipient(m, i)->key,
			wax_reply_is_permanent(&m->replies[i]) ? "refused" : "deferred", text);
		free(text);
		json_decref(detail);
	}
	note_step(batch, m, NULL, "answered", NULL);
	/* a timeline that cannot be written changes no outcome */
	wax_mail_post_now(m->flow->mail, batch);
}

/* ---- copies ---- */

void wax_flow_set_identity(WaxFlowMessage *m, const char *message_id)
{
	/* the queue id tells a repetition from a second message; else its Message-ID must */
	if (m->queue)
		m->identity = g_strdup_printf("q:%s", m->queue);
	else if (message_id)
		m->identity = g_strdup_printf("m:%s:%s", m->envelope->sender, message_id);
}

void wax_flow_deliver_group(WaxFlowMessage *m, const GArray *group, const char *route,
	WaxSpool *spool, const char *method, bool eight_bit, bool header_only,
	const WaxDecision *decisions)
{
	size_t n = group->len;
	g_autofree const WaxRecipient **recipients = g_new0(const WaxRecipient *, n);
	g_autofree const WaxPlainToken **tokens = g_new0(const WaxPlainToken *, n);
	g_autofree WaxReply *replies = g_new0(WaxReply, n);
	WaxCopyDelivery copy = { .route = route,
		.envelope = m->envelope,
		.recipients = recipients,
		.n = n,
		.octets = wax_source_spool(spool),
		.eight_bit = eight_bit,
		.header_only = header_only,
		.reference = m->reference,
		.content = m->content,
		.identity = m->identity,
		.method = method,
		.deadline = m->deadline };

	for (size_t i = 0; i < n; i++) {
		size_t at = g_array_index(group, size_t, i);

		recipients[i] = wax_flow_recipient(m, at);
		tokens[i] = decisions ? decisions[at].token : NULL;
	}
	if (decisions)
		wax_deliver_plain(m->flow->deliverer, &copy, tokens, replies);
	else
		wax_deliver_protected(m->flow->deliverer, &copy, replies);
	for (size_t i = 0; i < n; i++) {
		size_t at = g_array_index(group, size_t, i);

		m->replies[at] = replies[i];
		m->methods[at] = method;
	}
}

bool wax_flow_in_time(const WaxFlowMessage *m, GError **error)
{
	if (wax_clock_monotonic() < m->deadline)
		return true;
	return wax_fail(error, WAX_R_RUN_OUT_OF_TIME, "not finished in time, try again");
}
