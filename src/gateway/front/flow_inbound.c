/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/flow_internal.h"

#include "core/status.h"

/* find_route - of a recipient's domain, which must be ours */
static bool find_route(WaxFlowMessage *m, size_t i, char **ret_route, GError **error)
{
	bool own = false;

	if (!m->flow->parts.domain(
		    m->flow->parts.ctx, wax_flow_recipient(m, i)->domain, &own, ret_route, error))
		return false;
	if (!own || !*ret_route)
		return wax_fail(error, WAX_R_NO_ROUTE, "'%s' is no domain of ours",
			wax_flow_recipient(m, i)->domain);
	return true;
}

/* deliver_inbound - those who see the same and live at the same place share a delivery */
static void deliver_inbound(
	WaxFlowMessage *m, WaxFlowOpened *opened, char **routes, const bool *asked)
{
	size_t n = m->envelope->recipients->len;

	for (size_t i = 0; i < n; i++) {
		g_autoptr(GArray) group = NULL;
		bool sees = !opened->may_see || opened->may_see[i];
		bool shown = sees || !opened->original;

		if (!asked[i] || m->replies[i].code != 0)
			continue;
		group = g_array_new(FALSE, FALSE, sizeof(size_t));
		for (size_t j = i; j < n; j++)
			if (asked[j] && m->replies[j].code == 0 &&
				g_strcmp0(routes[i], routes[j]) == 0 &&
				(!opened->may_see || opened->may_see[j]) == sees)
				g_array_append_val(group, j);
		/* inbound copies go to mailboxes of ours: no token is asked for that */
		wax_flow_deliver_group(m, group, routes[i],
			shown ? opened->shown : opened->original,
			shown && opened->decrypted ? "opened" : "as-is",
			shown ? opened->shown_eight_bit : opened->original_eight_bit,
			shown && opened->decrypted, /* decisions= */ NULL);
	}
}

/* open_alone - for one recipient, with nothing but that recipient's keys */
static bool open_alone(WaxFlowMessage *m, size_t i, WaxFlowOpened *ret_opened, GError **error)
{
	size_t n = m->envelope->recipients->len;
	g_autoptr(GPtrArray) one = g_ptr_array_new();
	WaxEnvelope envelope = *m->envelope;
	bool sees;

	g_ptr_array_add(one, g_ptr_array_index(m->envelope->recipients, i));
	envelope.recipients = one;
	if (!wax_flow_in_time(m, error) ||
		!m->flow->parts.open(m->flow->parts.ctx, m->spool, &envelope, ret_opened, error))
		return false;
	if (ret_opened->fault != WAX_R_NONE || !ret_opened->shown)
		return wax_fail(error, WAX_R_WORKER_DIED, "the worker judged it otherwise before");
	sees = !ret_opened->may_see || ret_opened->may_see[0];
	g_free(ret_opened->may_see);
	ret_opened->may_see = g_new0(bool, n);
	ret_opened->may_see[i] = sees;
	return true;
}

/*
 * deliver_others - that one key opened the message says nothing of the others that it
 * names: each recipient's own key must open it, a name in a RecipientInfo proves nothing
 */
static void deliver_others(WaxFlowMessage *m, char **routes)
{
	size_t n = m->envelope->recipients->len;
	g_autofree bool *asked = g_new0(bool, n);

	for (size_t i = 0; i < n; i++) {
		g_auto(WaxFlowOpened) opened = { 0 };
		g_autoptr(GError) error = NULL;

		if (m->replies[i].code != 0)
			continue;
		if (!open_alone(m, i, &opened, &error)) {
			wax_flow_answer_error(m, i, error);
			continue;
		}
		asked[i] = true;
		deliver_inbound(m, &opened, routes, asked);
		asked[i] = false;
	}
}

/* deliver_opened - first to those whose key opened it, or to all where nothing was sealed */
static void deliver_opened(WaxFlowMessage *m, WaxFlowOpened *opened, char **routes)
{
	size_t n = m->envelope->recipients->len;
	g_autofree bool *asked = g_new0(bool, n);

	for (size_t i = 0; i < n; i++)
		asked[i] = !opened->may_see || opened->may_see[i] || !opened->original;
	deliver_inbound(m, opened, routes, asked);
	deliver_others(m, routes);
}

void wax_flow_come_in(WaxFlowMessage *m, const char *peer)
{
	size_t n = m->envelope->recipients->len;
	g_auto(WaxFlowOpened) opened = { 0 };
	g_autoptr(GPtrArray) routes = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;

	if (!m->flow->parts.open(m->flow->parts.ctx, m->spool, m->envelope, &opened, &error)) {
		wax_flow_post_received(m, NULL, peer);
		wax_flow_answer_all(m, error);
		return;
	}
	wax_flow_post_received(m, opened.message_id, peer);
	wax_flow_set_identity(m, opened.message_id);
	wax_flow_post_step(m, NULL, "opened", opened.summary);
	if (opened.fault != WAX_R_NONE)
		wax_set_error(&error, opened.fault, "the message cannot be delivered: %s",
			wax_reason_info(opened.fault)->label);
	else if (opened.received > m->flow->rules.received_limit)
		wax_set_error(
			&error, WAX_R_LOOP, "the message has passed %u hosts", opened.received);
	else if (!opened.shown)
		wax_set_error(&error, WAX_R_INTERNAL, "the worker gave nothing to deliver");
	if (error) {
		wax_flow_answer_all(m, error);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		g_autoptr(GError) none = NULL;
		char *route = NULL;

		if (!find_route(m, i, &route, &none))
			wax_flow_answer_error(m, i, none);
		g_ptr_array_add(routes, route);
	}
	deliver_opened(m, &opened, (char **)routes->pdata);
}
