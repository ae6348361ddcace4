/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	store/records - policy versions and audit events
 *
 * DESCRIPTION
 *	Policy is kept as the text that was applied, every version of it.  The
 *	audit table holds one row per act until the log process takes over.
 *
 * OWNERSHIP
 *	Lists are GPtrArrays that free their elements.
 *
 * ERRORS
 *	Those of store/db.
 */
#ifndef WAX_STORE_RECORDS_H
#define WAX_STORE_RECORDS_H

#include "store/db.h"

typedef struct {
	int64_t version; /* 0: none was ever applied */
	char *text;
	char *applied_by;
	int64_t applied;
} WaxStoredPolicy;

typedef struct {
	int64_t seq, at;
	char *actor, *actor_key;
	char *object; /* "domain example.com" */
	char *from_state, *to_state;
	char *reason;
	char *input_sha256;
} WaxAuditEvent;

void wax_stored_policy_free(WaxStoredPolicy *policy);
void wax_audit_event_free(WaxAuditEvent *event);

/* wax_store_policy_latest - version 0 and an empty text when there is none */
bool wax_store_policy_latest(
	WaxStore *store, WaxStoredPolicy **ret_policy, GError **error) WAX_MUST_USE;
bool wax_store_policy_add(WaxStore *store, const char *text, const char *by, int64_t at,
	int64_t *ret_version, GError **error) WAX_MUST_USE;

/* wax_store_audit_add - in the transaction of what it tells; seq is ignored */
bool wax_store_audit_add(WaxStore *store, const WaxAuditEvent *event, GError **error) WAX_MUST_USE;

/* wax_store_audit_list - newest first, below `before` (0: from the newest) */
bool wax_store_audit_list(WaxStore *store, int64_t before, int limit, GPtrArray **ret_events,
	GError **error) WAX_MUST_USE;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxStoredPolicy, wax_stored_policy_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxAuditEvent, wax_audit_event_free)

#endif
