/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acts.h"

#include <string.h>

#include "ca/internal.h"
#include "core/clock.h"
#include "core/status.h"
#include "store/records.h"

static const struct {
	const char *name;
	WaxCaAct *act;
	bool reads; /* changes nothing: no transaction, no audit event */
} acts[] = {
	{ "domain-add", wax_ca_act_domain_add },
	{ "domain-set", wax_ca_act_domain_set },
	{ "domain-remove", wax_ca_act_domain_remove },
	{ "person-create", wax_ca_act_person_create },
	{ "person-remove", wax_ca_act_person_remove },
	{ "identity-create", wax_ca_act_identity_create },
	{ "identity-import", wax_ca_act_identity_import },
	{ "identity-export", wax_ca_act_identity_export },
	{ "identity-rollover", wax_ca_act_identity_rollover },
	{ "keys-status", wax_ca_act_keys_status, .reads = true },
	{ "keys-unlock", wax_ca_act_keys_unlock },
	{ "keys-lock", wax_ca_act_keys_lock },
	{ "keys-protect", wax_ca_act_keys_protect },
	{ "keys-unprotect", wax_ca_act_keys_unprotect },
	{ "keys-change", wax_ca_act_keys_change },
	{ "cert-import", wax_ca_act_cert_import },
	{ "cert-delete", wax_ca_act_cert_delete },
	{ "trust-grant", wax_ca_act_trust_grant },
	{ "trust-withdraw", wax_ca_act_trust_withdraw },
	{ "policy-apply", wax_ca_act_policy_apply },
};

/* each act ends inside its transaction; the audit event joins it, and both are durable or neither */
bool wax_ca_do(WaxCa *ca, const char *act, const char *actor, json_t *args, json_t **ret_result,
	GError **error)
{
	g_autofree char *object = NULL, *name = g_strdup(act);
	json_t *result = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(acts); i++) {
		WaxAuditEvent event = {
			.at = wax_clock_now(), .actor = (char *)(uintptr_t)actor, .reason = name
		};

		if (strcmp(acts[i].name, act) != 0)
			continue;
		if (acts[i].reads)
			return acts[i].act(ca, actor, args, ret_result, &object, error);
		if (acts[i].act(ca, actor, args, &result, &object, error)) {
			event.object = object;
			if (wax_store_audit_add(ca->store, &event, error) &&
				wax_store_commit(ca->store, error)) {
				*ret_result = result;
				return true;
			}
		}
		wax_store_rollback(ca->store);
		json_decref(result);
		return false;
	}
	return wax_fail(error, WAX_R_NOT_FOUND, "there is no act %s", act);
}
