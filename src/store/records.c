/* SPDX-License-Identifier: Apache-2.0 */
#include "store/records.h"

#include "store/rows.h"

void wax_stored_policy_free(WaxStoredPolicy *policy)
{
	if (!policy)
		return;
	g_free(policy->text);
	g_free(policy->applied_by);
	g_free(policy);
}

void wax_audit_event_free(WaxAuditEvent *event)
{
	if (!event)
		return;
	g_free(event->actor);
	g_free(event->actor_key);
	g_free(event->object);
	g_free(event->from_state);
	g_free(event->to_state);
	g_free(event->reason);
	g_free(event->input_sha256);
	g_free(event);
}

static void free_event(void *event)
{
	wax_audit_event_free(event);
}

bool wax_store_policy_latest(WaxStore *store, WaxStoredPolicy **ret_policy, GError **error)
{
	g_autoptr(WaxStoredPolicy) policy = g_new0(WaxStoredPolicy, 1);
	g_autoptr(WaxQuery) query = NULL;
	bool more;

	if (!wax_store_query(store, &query, error,
		    "SELECT version, body, applied_by, applied FROM policies"
		    " ORDER BY version DESC LIMIT 1",
		    "") ||
		!wax_query_next(query, &more, error))
		return false;
	policy->version = more ? wax_query_int(query, 0) : 0;
	policy->text = more ? wax_query_dup(query, 1) : g_strdup("");
	policy->applied_by = more ? wax_query_dup(query, 2) : NULL;
	policy->applied = more ? wax_query_int(query, 3) : 0;
	*ret_policy = g_steal_pointer(&policy);
	return true;
}

bool wax_store_policy_add(WaxStore *store, const char *text, const char *by, int64_t at,
	int64_t *ret_version, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;
	bool more;

	if (!wax_store_query(store, &query, error,
		    "INSERT INTO policies (version, body, applied_by, applied)"
		    " SELECT COALESCE(MAX(version),0)+1, ?1, ?2, ?3 FROM policies RETURNING "
		    "version",
		    "ssi", text, by, at) ||
		!wax_query_next(query, &more, error))
		return false;
	*ret_version = wax_query_int(query, 0);
	return true;
}

bool wax_store_audit_add(WaxStore *store, const WaxAuditEvent *event, GError **error)
{
	return wax_store_run(store, error,
		"INSERT INTO audit (seq, at, actor, actor_key, object, from_state, to_state, "
		"reason,"
		" input_sha256) SELECT COALESCE(MAX(seq),0)+1, ?1,?2,?3,?4,?5,?6,?7,?8 FROM audit",
		"isssssss", event->at, event->actor, event->actor_key, event->object,
		event->from_state, event->to_state, event->reason, event->input_sha256);
}

static void *event_of(WaxQuery *query)
{
	WaxAuditEvent *event = g_new0(WaxAuditEvent, 1);

	event->seq = wax_query_int(query, 0);
	event->at = wax_query_int(query, 1);
	event->actor = wax_query_dup(query, 2);
	event->actor_key = wax_query_dup(query, 3);
	event->object = wax_query_dup(query, 4);
	event->from_state = wax_query_dup(query, 5);
	event->to_state = wax_query_dup(query, 6);
	event->reason = wax_query_dup(query, 7);
	event->input_sha256 = wax_query_dup(query, 8);
	return event;
}

bool wax_store_audit_list(
	WaxStore *store, int64_t before, int limit, GPtrArray **ret_events, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;

	return wax_store_query(store, &query, error,
		       "SELECT seq, at, actor, actor_key, object, from_state, to_state, reason,"
		       " input_sha256 FROM audit WHERE ?1=0 OR seq<?1 ORDER BY seq DESC LIMIT ?2",
		       "in", before, limit) &&
	       wax_rows_all(query, event_of, free_event, ret_events, error);
}
