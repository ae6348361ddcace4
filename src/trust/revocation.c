/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/revocation.h"

static WaxReason ask(const WaxCert *cert, const WaxCert *issuer, const GPtrArray *crls, int64_t at)
{
	bool cleared = false, asked = wax_cert_info(cert)->names_revocation_source;

	for (unsigned i = 0; crls && i < crls->len; i++) {
		const WaxCrl *crl = crls->pdata[i];
		const WaxCrlInfo *info = wax_crl_info(crl);

		if (!wax_crl_signed_by(crl, issuer))
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

WaxReason wax_trust_revocation(const GPtrArray *chain, const GPtrArray *crls, int64_t at)
{
	WaxReason worst = WAX_R_NONE;

	for (unsigned i = 0; i + 1 < chain->len; i++) {
		WaxReason reason = ask(chain->pdata[i], chain->pdata[i + 1], crls, at);

		if (reason == WAX_R_TRUST_REVOKED)
			return reason;
		if (reason)
			worst = reason;
	}
	return worst;
}
