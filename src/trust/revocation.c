/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/revocation.h"

/* may_sign_lists - RFC 5280 4.2.1.3: a key whose usages leave cRLSign out signs none */
static bool may_sign_lists(const WaxCert *issuer)
{
	const WaxCertInfo *info = wax_cert_info(issuer);

	return !info->has_key_usage || info->key_usage & WAX_KU_CRL_SIGN;
}

/* signed_here - by the issuer, or by another key of the same issuer that stands in the chain too */
static bool signed_here(const WaxCrl *crl, const GPtrArray *chain, unsigned below)
{
	for (unsigned i = below + 1; i < chain->len; i++)
		if (wax_cert_named_issuer(chain->pdata[below], chain->pdata[i]) &&
			may_sign_lists(chain->pdata[i]) && wax_crl_signed_by(crl, chain->pdata[i]))
			return true;
	return false;
}

static WaxReason ask(
	const GPtrArray *chain, unsigned below, const GPtrArray *crls, int64_t at, bool demanded)
{
	const WaxCert *cert = chain->pdata[below];
	bool cleared = false, asked = demanded || wax_cert_info(cert)->names_revocation_source;

	for (unsigned i = 0; crls && i < crls->len; i++) {
		const WaxCrl *crl = crls->pdata[i];
		const WaxCrlInfo *info = wax_crl_info(crl);

		if (!signed_here(crl, chain, below))
			continue;
		asked = true;
		if (wax_crl_revokes(crl, cert, at))
			return WAX_R_TRUST_REVOKED;
		if (!info->critical && info->this_update <= at &&
			(!info->next_update || at <= info->next_update))
			cleared = true;
	}
	return cleared || !asked ? WAX_R_NONE : WAX_R_TRUST_STATUS_UNKNOWN;
}

WaxReason wax_trust_revocation(
	const GPtrArray *chain, const GPtrArray *crls, int64_t at, bool demanded)
{
	WaxReason worst = WAX_R_NONE;

	for (unsigned i = 0; i + 1 < chain->len; i++) {
		WaxReason reason = ask(chain, i, crls, at, demanded);

		if (reason == WAX_R_TRUST_REVOKED)
			return reason;
		if (reason)
			worst = reason;
	}
	return worst;
}
