/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/partner - a partner's profile, applied to what is written and to what came in
 *
 * DESCRIPTION
 *	The rows are asn1/partners'.  What came in and lies below the row is
 *	rated weak, with the reason below_profile; the verdict names the row.
 *
 * OWNERSHIP
 *	Everything is borrowed.
 *
 * ERRORS
 *	VALUE_INVALID: there is no such row; it lists those there are.
 *	KEY_WEAK: a recipient's or the signer's RSA key is shorter than the row asks.
 */
#ifndef WAX_SMIME_PARTNER_H
#define WAX_SMIME_PARTNER_H

#include "asn1/partners.h"
#include "smime/seal.h"
#include "smime/verdict.h"

const WaxPartnerProfile *wax_partner_find(const char *name, GError **error) WAX_MUST_USE;

/* wax_partner_apply - before wax_seal; `signers` are the options' own, or NULL */
bool wax_partner_apply(const WaxPartnerProfile *profile, WaxSealOptions *options,
	WaxSealSigner *signers, GError **error) WAX_MUST_USE;

/* wax_partner_judge - before wax_verdict_decide */
void wax_partner_judge(const WaxPartnerProfile *profile, WaxVerdict *verdict);

#endif
