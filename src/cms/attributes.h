/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cms/attributes - signed and unsigned attributes of one SignerInfo, for cms/verify alone
 *
 * DESCRIPTION
 *	Makes the octets that a signature covers (RFC 5652 5.4), looks at the
 *	attributes that bind it to its content, and hands
 *	the others on by name.
 *
 * OWNERSHIP
 *	Freestanding.  Spans point into the object or into `room`.
 *
 * ERRORS
 *	As cms/verify says: false when the set cannot be read, else the first
 *	rule that is broken becomes the signer's reason.
 */
#ifndef WAX_CMS_ATTRIBUTES_H
#define WAX_CMS_ATTRIBUTES_H

#include "asn1/identifiers.h"
#include "cms/verify.h"

/* wax_signer_note - the first rule broken is the one that is told */
static inline void wax_signer_note(WaxSigner *signer, WaxReason reason)
{
	if (signer->reason == WAX_R_NONE)
		signer->reason = reason;
}

/* wax_signed_attributes_read - `whole` is [0] as it came; content_type empty: there must be none (RFC 5652 11.4) */
bool wax_signed_attributes_read(WaxSpan whole, WaxSpan content_type, WaxBuffer *room,
	WaxSigner *signer, WaxFault *fault) WAX_MUST_USE;

bool wax_unsigned_attributes_check(WaxSigner *signer, WaxFault *fault) WAX_MUST_USE;

#endif
