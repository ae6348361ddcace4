/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	trust/revocation - what lists and responders say of a chain
 *
 * DESCRIPTION
 *	Asks, for each certificate of a chain but its anchor, the revocation
 *	lists (RFC 5280 6.3: complete and delta, direct and indirect, for all
 *	reasons or some) and OCSP responses (RFC 6960, 9654) at hand.  Nothing
 *	is fetched.  docs/decisions/0011-revocation.md says what counts when
 *	sources disagree, are old, or speak of another time.
 *
 * OWNERSHIP
 *	Everything is borrowed.
 *
 * ERRORS
 *	The result is NONE, TRUST_REVOKED, or TRUST_STATUS_UNKNOWN: a source of
 *	revocation exists and gave no usable answer.
 *
 * LIMITS
 *	Signature checks count as those of the question's paths do; signers of
 *	lists whose own status is asked, 4 deep.
 */
#ifndef WAX_TRUST_REVOCATION_H
#define WAX_TRUST_REVOCATION_H

#include "crypto/crl.h"
#include "crypto/ocsp.h"
#include "trust/path.h"

typedef struct {
	const GPtrArray *crls;	/* WaxCrl; may be NULL */
	const GPtrArray *ocsps; /* WaxOcsp; may be NULL */
	WaxSpan nonce;		/* responses must carry it; empty: none is asked for */
	bool demanded;		/* a certificate that names no source must be cleared, too */
} WaxRevocationSources;

/*
 * wax_trust_revocation - chain: WaxCert, leaf first, anchor last, as trust/path gave it for this
 * question; a signer of lists outside the chain must reach the same anchor
 */
WaxReason wax_trust_revocation(const GPtrArray *chain, const WaxPathQuestion *question,
	const WaxRevocationSources *sources);

#endif
