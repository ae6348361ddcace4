/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	profile/profile - what a certificate that we issue must and may say
 *
 * DESCRIPTION
 *	The custodian of certifiers fills usages and constraints from here
 *	itself, whatever it is asked, and refuses names outside the mail
 *	domains of the issuing certificate (SYSTEMS 9.2, RFC 5280).
 *	Profiles: "root", "sign" and "encrypt" (the two certificates of a
 *	person whose keys we hold), "both" (one dual-use key), "domain".
 *
 * OWNERSHIP
 *	Fills the caller's struct with constants.
 *
 * ERRORS
 *	PROFILE_VIOLATION, NAME_NOT_PERMITTED.
 */
#ifndef WAX_PROFILE_PROFILE_H
#define WAX_PROFILE_PROFILE_H

#include "crypto/key.h"

/* "key held by organisation": an arc under the joint UUID arc of ITU-T X.667 */
#define WAX_POLICY_KEY_HELD "2.25.207634901877654321098765432109876543"

/* wax_profile_apply - sets what the profile decides; checks what was asked for */
bool wax_profile_apply(const char *name, const WaxCert *issuer, WaxCertProfile *profile,
	GError **error) WAX_MUST_USE;

#endif
