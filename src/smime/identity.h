/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/identity - may the signer speak for the address in From?
 *
 * SYNOPSIS
 *	WaxIdentityClaim claim = { .from_fields = 1, .from = mailboxes, .sender = "b@corp.example" };
 *	identity = wax_identity_judge(&claim, addresses_of_certificate);
 *
 * DESCRIPTION
 *	Compares addr-specs only, never display names (RFC 8550 section 3,
 *	and stricter: exactly one From field with exactly one mailbox).
 *	Domains are compared as A-labels without case, local parts without
 *	ASCII case, but octet for octet where they hold other characters
 *	(RFC 9598).  What does not parse strictly matches nothing.
 *
 * NOT CHECKED HERE
 *	Whether the certificate is believed, and what a directory or a
 *	pinned domain certificate could add to NO_ADDRESS and MISMATCH.
 *
 * OWNERSHIP
 *	Everything is borrowed.
 *
 * ERRORS
 *	None: a claim that cannot be read is MISSING.
 */
#ifndef WAX_SMIME_IDENTITY_H
#define WAX_SMIME_IDENTITY_H

#include "smime/verdict.h"

typedef struct {
	unsigned from_fields;   /* how many From fields the message has */
	const GPtrArray *from;  /* char *: addr-specs of all of them; NULL for one that is unreadable */
	const char *sender;     /* addr-spec of the only Sender field, or NULL */
} WaxIdentityClaim;

/* wax_identity_judge - `addresses`: char *, as the certificate has them */
WaxIdentity wax_identity_judge(const WaxIdentityClaim *claim, const GPtrArray *addresses);

/* wax_identity_same - do two addr-specs name one mailbox? */
bool wax_identity_same(const char *a, const char *b);

/* wax_identity_reason - what a verdict lists for it; NONE when there is nothing to object */
WaxReason wax_identity_reason(WaxIdentity identity);

#endif
