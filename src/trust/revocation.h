/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	trust/revocation - what the revocation lists at hand say of a chain
 *
 * DESCRIPTION
 *	Asks, for each certificate of a chain but its anchor, the lists that its
 *	issuer signed (RFC 5280 6.3, RFC 8550 4.1).  A list that is too old may
 *	still revoke, but clears nobody.
 *
 * OWNERSHIP
 *	Everything is borrowed.
 *
 * ERRORS
 *	The result is NONE, TRUST_REVOKED, or TRUST_STATUS_UNKNOWN: a source of
 *	revocation exists and gave no usable answer.
 */
#ifndef WAX_TRUST_REVOCATION_H
#define WAX_TRUST_REVOCATION_H

#include "crypto/crl.h"

/* chain: WaxCert, leaf first, anchor last; crls: WaxCrl, may be NULL; demanded: a certificate that
 * names no source must be cleared by a list too */
WaxReason wax_trust_revocation(
	const GPtrArray *chain, const GPtrArray *crls, int64_t at, bool demanded);

#endif
