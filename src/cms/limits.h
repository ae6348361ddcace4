/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cms/limits - how much a SignedData may carry beside its signatures
 *
 * SYNOPSIS
 *	if (!wax_cms_lists_bounded(plan.crls, &fault) || !wax_cms_signer_bounded(signer_info, &fault))
 *		return false;
 *
 * DESCRIPTION
 *	Counts before anything is read, sorted or copied: revocation lists of
 *	one message, attributes of one SignerInfo, signed and unsigned alike.
 *
 * OWNERSHIP
 *	Freestanding; nothing is kept.
 *
 * ERRORS
 *	false: CMS_TOO_MANY_CRLS, CMS_TOO_MANY_ATTRS, or DER_* for what is no
 *	list of elements.
 *
 * LIMITS
 *	L-08: 16 lists of 4 MiB together.  L-09: 64 attributes, 64 values, 64 KiB of a set.
 */
#ifndef WAX_CMS_LIMITS_H
#define WAX_CMS_LIMITS_H

#include "asn1/ber.h"

bool wax_cms_lists_bounded(WaxSpan crls, WaxFault *fault) WAX_MUST_USE;

/* wax_cms_signer_bounded - `body` is that of the SignerInfo */
bool wax_cms_signer_bounded(WaxSpan body, WaxFault *fault) WAX_MUST_USE;

#endif
