/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	trust/address - does this certificate speak for that From?
 *
 * DESCRIPTION
 *	Compares the addr-specs of From and Sender with those of a certificate
 *	(SMIME.md R-33, V-09; GATEWAY.md d.8.5).  Only addr-specs count, never
 *	display names.
 *
 * OWNERSHIP
 *	Nothing is kept.
 *
 * ERRORS
 *	None: it is a verdict.
 */
#ifndef WAX_TRUST_ADDRESS_H
#define WAX_TRUST_ADDRESS_H

#include "crypto/cert.h"

/* zero: nobody looked */
typedef enum {
	WAX_IDENTITY_UNJUDGED,
	WAX_IDENTITY_EXACT,
	WAX_IDENTITY_DOMAIN,	/* a pinned domain certificate */
	WAX_IDENTITY_DIRECTORY, /* no address in it, bound by the directory */
	WAX_IDENTITY_SENDER_ONLY,
	WAX_IDENTITY_NO_ADDRESS,
	WAX_IDENTITY_AMBIGUOUS, /* several From fields or mailboxes */
	WAX_IDENTITY_MISSING,	/* From is empty or cannot be read */
	WAX_IDENTITY_MISMATCH,
	WAX_IDENTITY_COUNT_,
} WaxIdentity;

/* what a message says of its author; addresses as keys of core/address */
typedef struct {
	const char *const *from; /* NULL-ended; every mailbox of every From field */
	unsigned from_fields;
	bool from_unreadable;
	const char *const *sender;
} WaxAuthorClaim;

/* domain_pinned: this certificate was pinned for the domain of From */
WaxIdentity wax_trust_identity(
	const WaxCert *cert, const WaxAuthorClaim *claim, bool domain_pinned);

const char *wax_identity_word(WaxIdentity identity);

#endif
