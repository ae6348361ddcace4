/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of others, trust, policy. */
#include "ca/internal.h"

#include <string.h>

#include "core/clock.h"
#include "core/status.h"
#include "directory/change.h"
#include "policy/rules.h"
#include "store/records.h"

/* has_leaf - what came with the certificate of a person or domain are its authorities */
static bool has_leaf(const GPtrArray *certs)
{
	for (guint i = 0; i < certs->len; i++)
		if (!wax_cert_info(certs->pdata[i])->is_ca)
			return true;
	return false;
}

/* import_authority - it completes chains and grants no trust; it may be stored already */
static bool import_authority(WaxCa *ca, const WaxCert *cert, char **ret_id, GError **error)
{
	WaxCertImport import = { .kind = "ca", .source = "import" };
	g_autoptr(GError) why = NULL;

	if (wax_directory_import(ca->store, cert, &import, wax_clock_now(), ret_id, &why))
		return true;
	if (wax_reason_of(why) == WAX_R_DUPLICATE)
		return true;
	g_propagate_error(error, g_steal_pointer(&why));
	return false;
}

bool wax_ca_act_cert_import(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	g_autoptr(GByteArray) bytes = wax_ca_need_bytes(args, "certificates", error);
	g_auto(GStrv) addresses = wax_ca_list(args, "addresses");
	const char *domain = wax_ca_text(args, "domain");
	bool is_ca = json_is_true(json_object_get(args, "ca"));
	WaxCertImport import = { .kind = is_ca	  ? "ca"
					 : domain ? "domain"
						  : "user",
		.domain = domain,
		.source = "import",
		.addresses = (const char *const *)addresses,
		.pinned = json_is_true(json_object_get(args, "pin")) };
	g_autoptr(GPtrArray) certs = NULL;
	json_t *list = json_array();

	(void)actor; /* the audit event names it */
	if (!bytes || !wax_certs_parse(WAX_SPAN(bytes->data, bytes->len), &certs, error) ||
		!wax_store_begin(ca->store, error)) {
		json_decref(list);
		return false;
	}
	for (guint i = 0; i < certs->len; i++) {
		const WaxCert *cert = certs->pdata[i];
		g_autofree char *id = NULL;
		bool authority = wax_cert_info(cert)->is_ca && !is_ca && has_leaf(certs);

		if (!(authority ? import_authority(ca, cert, &id, error)
				: wax_directory_import(
					  ca->store, cert, &import, wax_clock_now(), &id, error))) {
			json_decref(list);
			return false;
		}
		if (id)
			json_array_append_new(list, json_string(id));
	}
	*ret_object = g_strdup("certificates");
	*ret_result = json_pack("{s:o}", "certificates", list);
	return true;
}

bool wax_ca_act_cert_delete(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *prefix = wax_ca_need(args, "certificate", error);
	g_autoptr(WaxStoredCert) cert = NULL;
	int archived;

	(void)actor; /* the audit event names it */
	if (!prefix || !wax_store_cert_by_prefix(ca->store, prefix, &cert, error))
		return false;
	if (!cert)
		return wax_fail(error, WAX_R_NOT_FOUND, "there is no certificate %s", prefix);
	if (!wax_store_begin(ca->store, error) ||
		!wax_directory_delete_cert(ca->store, cert->id, wax_clock_now(), &archived, error))
		return false;
	*ret_object = g_strdup_printf("certificate %s", cert->id);
	*ret_result = json_pack("{s:s,s:i}", "deleted", cert->id, "archived_keys", archived);
	return true;
}

bool wax_ca_act_trust_grant(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	g_autoptr(GByteArray) bytes = wax_ca_need_bytes(args, "certificate", error);
	g_auto(GStrv) domains = wax_ca_list(args, "domains");
	g_autoptr(GPtrArray) certs = NULL;
	g_autofree char *id = NULL;
	WaxTrustGrant grant = { .domains = (const char *const *)domains,
		.purpose = wax_ca_text(args, "purpose") ? wax_ca_text(args, "purpose") : "both",
		.forbidden = json_is_true(json_object_get(args, "forbidden")),
		.provenance = "file",
		.note = wax_ca_text(args, "note"),
		.by = actor };

	if (!bytes || !wax_certs_parse(WAX_SPAN(bytes->data, bytes->len), &certs, error))
		return false;
	if (certs->len != 1)
		return wax_fail(error, WAX_R_VALUE_INVALID,
			"there are %u certificates in it; trust is granted to one", certs->len);
	if (wax_ca_text(args, "until") &&
		!wax_clock_from_rfc3339(wax_ca_text(args, "until"), &grant.valid_until))
		return wax_fail(error, WAX_R_VALUE_INVALID, "'%s' is no date like 2030-01-31",
			wax_ca_text(args, "until"));
	if (!wax_store_begin(ca->store, error) || !wax_directory_grant(ca->store, certs->pdata[0],
							  &grant, wax_clock_now(), &id, error))
		return false;
	*ret_object = g_strdup_printf("trust %s", id);
	*ret_result = json_pack(
		"{s:s,s:s}", "record", id, "subject", wax_cert_info(certs->pdata[0])->subject_text);
	return true;
}

bool wax_ca_act_trust_withdraw(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *id = wax_ca_need(args, "record", error);

	if (!id || !wax_store_begin(ca->store, error) ||
		!wax_store_trust_withdraw(ca->store, id, actor, wax_clock_now(), error))
		return false;
	*ret_object = g_strdup_printf("trust %s", id);
	*ret_result = json_pack("{s:s}", "withdrawn", id);
	return true;
}

bool wax_ca_act_policy_apply(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *given = wax_ca_text(args, "text");
	/* the empty policy is one too: it is what stands before the first */
	g_autoptr(GByteArray) bytes =
		given && !given[0] ? g_byte_array_new() : wax_ca_need_bytes(args, "text", error);
	g_autofree char *text = NULL;
	WaxPolicy *policy;
	unsigned tests;
	int64_t version;
	bool ok;

	if (!bytes)
		return false;
	text = bytes->len ? g_strndup((const char *)bytes->data, bytes->len) : g_strdup("");
	policy = wax_policy_parse(text, "policy", error);
	if (!policy)
		return false;
	ok = wax_policy_test(policy, &tests, error);
	wax_policy_unref(policy);
	if (!ok || !wax_store_begin(ca->store, error) ||
		!wax_store_policy_add(ca->store, text, actor, wax_clock_now(), &version, error))
		return false;
	*ret_object = g_strdup("policy");
	*ret_result = json_pack("{s:i,s:i}", "version", (int)version, "tests", (int)tests);
	return true;
}
