/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of our own certifiers are renewed at two thirds of their life; nobody has to ask. */
#include <string.h>

#include "ca/internal.h"
#include "core/event.h"
#include "core/status.h"
#include "store/certificates.h"
#include "store/records.h"

/* is_ours - issued by the certifier of that name, so that it can be issued anew */
static bool is_ours(const WaxStoredCert *cert, const GPtrArray *certifiers)
{
	for (guint i = 0; i < certifiers->len; i++) {
		const WaxCertifier *certifier = certifiers->pdata[i];
		g_autoptr(WaxCert) issuer =
			wax_cert_parse(WAX_SPAN(certifier->der->data, certifier->der->len), NULL);
		g_autoptr(WaxCert) own =
			wax_cert_parse(WAX_SPAN(cert->der->data, cert->der->len), NULL);

		if (issuer && own && wax_cert_signed_by(own, issuer))
			return true;
	}
	return false;
}

static bool is_due(const WaxStoredCert *cert, int64_t at)
{
	return at >= cert->not_before + (cert->not_after - cert->not_before) / 3 * 2;
}

static bool identity_is_due(WaxCa *ca, const WaxStoredIdentity *identity,
	const GPtrArray *certifiers, int64_t at, bool *ret_due, GError **error)
{
	g_autoptr(GPtrArray) epochs = NULL;

	*ret_due = false;
	if (!wax_store_epoch_list(ca->store, identity->id, &epochs, error))
		return false;
	for (guint i = 0; i < epochs->len && !*ret_due; i++) {
		const WaxEpoch *epoch = epochs->pdata[i];
		g_autoptr(WaxStoredCert) cert = NULL;

		if (strcmp(epoch->state, "active") != 0)
			continue;
		if (!wax_store_cert_get(ca->store, epoch->certificate, &cert, error))
			return false;
		*ret_due = cert && is_due(cert, at) && is_ours(cert, certifiers);
	}
	return true;
}

static bool renew(WaxCa *ca, const char *identity, int64_t at, GError **error)
{
	g_autofree char *object = NULL;
	json_t *result = NULL;
	WaxAuditEvent event = { .at = at,
		.actor = (char *)(uintptr_t) "service:renewal",
		.reason = (char *)(uintptr_t) "identity-rollover" };
	bool ok = wax_ca_rollover(ca, identity, &result, &object, error);

	event.object = object;
	ok = ok && wax_store_audit_add(ca->store, &event, error) &&
	     wax_store_commit(ca->store, error);
	if (!ok)
		wax_store_rollback(ca->store);
	json_decref(result);
	return ok;
}

bool wax_ca_renew(WaxCa *ca, int64_t at, unsigned *ret_count, GError **error)
{
	g_autoptr(GPtrArray) identities = NULL, certifiers = NULL;

	*ret_count = 0;
	if (!wax_store_identity_list(ca->store, &identities, error) ||
		!wax_store_certifier_list(ca->store, &certifiers, error))
		return false;
	for (guint i = 0; i < identities->len; i++) {
		const WaxStoredIdentity *identity = identities->pdata[i];
		bool due;

		if (!identity_is_due(ca, identity, certifiers, at, &due, error))
			return false;
		if (!due)
			continue;
		if (!renew(ca, identity->id, at, error))
			return false;
		(*ret_count)++;
		wax_event(WAX_NOTICE, "certificates-renewed",
			WAX_FIELD("identity", WAX_STR(identity->id)));
	}
	return true;
}
