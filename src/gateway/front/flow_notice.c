/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/flow_internal.h"

#include <string.h>

#include "core/clock.h"
#include "gateway/front/notice.h"

#define TOLD_MAX 10000

static gboolean is_past(gpointer sender, gpointer times, gpointer since)
{
	const GArray *list = times;

	(void)sender; /* the last time alone counts */
	return list->len == 0 || g_array_index(list, int64_t, list->len - 1) < *(int64_t *)since;
}

/* may_tell - not more than so many notices an hour to one sender */
static bool may_tell(WaxFlow *flow, const char *sender)
{
	int64_t now = wax_clock_monotonic(), since = now - 3600 * 1000;
	GArray *times;
	bool may;

	g_mutex_lock(&flow->lock);
	times = g_hash_table_lookup(flow->told, sender);
	if (!times) {
		if (g_hash_table_size(flow->told) >= TOLD_MAX)
			g_hash_table_foreach_remove(flow->told, is_past, &since);
		times = g_array_new(FALSE, FALSE, sizeof(int64_t));
		g_hash_table_insert(flow->told, g_strdup(sender), times);
	}
	while (times->len > 0 && g_array_index(times, int64_t, 0) < since)
		g_array_remove_index(times, 0);
	may = times->len < flow->rules.notices_per_hour;
	if (may)
		g_array_append_val(times, now);
	g_mutex_unlock(&flow->lock);
	return may;
}

/* wants_notice - a refusal of ours, or a refusal that one SMTP answer would hide */
static bool wants_notice(const WaxFlowMessage *m)
{
	bool ours = false, refused = false, temporary = false;

	for (size_t i = 0; i < m->envelope->recipients->len; i++) {
		const WaxReply *reply = &m->replies[i];

		refused = refused || wax_reply_is_permanent(reply);
		temporary = temporary || wax_reply_is_temporary(reply) || reply->code == 0;
		ours = ours || (wax_reply_is_permanent(reply) && m->reasons[i] != WAX_R_NONE);
	}
	if (!m->flow->rules.lmtp)
		/* deferred as a whole: told when it is final */
		return refused && !temporary;
	return ours;
}

static void deliver_notice(WaxFlowMessage *m, const char *route)
{
	size_t n = m->envelope->recipients->len;
	g_autofree WaxNoticeRow *rows = g_new0(WaxNoticeRow, n);
	g_autoptr(WaxEnvelope) envelope = wax_envelope_new();
	g_autoptr(WaxRecipient) to = wax_recipient_new();
	const WaxRecipient *recipients[1] = { to };
	g_autofree char *text = NULL, *identity = NULL;
	WaxReply reply = { 0 };
	WaxCopyDelivery copy;

	for (size_t i = 0; i < n; i++)
		rows[i] = (WaxNoticeRow){ wax_flow_recipient(m, i)->address, m->replies[i],
			m->reasons[i], m->methods[i] };
	text = wax_notice_text(
		m->flow->rules.host, m->envelope->sender, m->reference, rows, n, wax_clock_now());
	envelope->sender = g_strdup("");
	to->address = g_strdup(m->envelope->sender);
	to->key = g_strdup(m->envelope->sender_key);
	to->domain = g_strdup(m->envelope->sender_domain);
	/* one for one message, also when the message comes again */
	identity = m->identity ? g_strdup_printf("notice:%s", m->identity) : NULL;
	copy = (WaxCopyDelivery){ .route = route,
		.envelope = envelope,
		.recipients = recipients,
		.n = 1,
		.octets = wax_source_span(WAX_SPAN(text, strlen(text))),
		.reference = m->reference,
		.content = m->content,
		.identity = identity,
		.method = "notice",
		.deadline = MAX(m->deadline, wax_clock_monotonic() + 10000) };
	wax_deliver_protected(m->flow->deliverer, &copy, &reply);
}

void wax_flow_tell_sender(WaxFlowMessage *m)
{
	g_autofree char *route = NULL;
	bool own = false;

	if (m->flow->rules.direction != WAX_OUTBOUND || !m->envelope->sender_key ||
		!wants_notice(m))
		return;
	if (!m->flow->parts.domain(
		    m->flow->parts.ctx, m->envelope->sender_domain, &own, &route, NULL) ||
		!own || !route || !may_tell(m->flow, m->envelope->sender_key))
		return;
	deliver_notice(m, route);
}
