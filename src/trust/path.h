/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	trust/path - is there a chain from this certificate to an anchor that is believed?
 *
 * DESCRIPTION
 *	Builds and validates certification paths (RFC 5280 section 6, RFC 8550).
 *	Pure: certificates, anchors and the time come in as arguments; nothing
 *	is fetched, nothing is remembered.  A self-signed certificate among
 *	the untrusted ones is never an anchor (SMIME.md R-31).  Every path is
 *	tried within the limits, those that key identifiers speak for first;
 *	when none is good, the reason given is that of the path that came
 *	furthest.  A DSA key without parameters has those of the certificate
 *	above it in the very path that is judged (P-14), so the certificates
 *	of the verdict's chain are to be used, not those that were passed in.
 *
 * NOT CHECKED HERE
 *	Who the certificate speaks for: trust/address.  Revocation comes in as
 *	CRLs when there are any.
 *
 * OWNERSHIP
 *	The verdict's chain holds references; clear it.
 *
 * ERRORS
 *	None: a chain that does not stand is a verdict with a TRUST_ reason.
 *
 * LIMITS
 *	8 certificates a chain, 100 attempts; 200 signature checks for all
 *	questions that share a counter (L-16).
 */
#ifndef WAX_TRUST_PATH_H
#define WAX_TRUST_PATH_H

#include <glib.h>

#include "core/base.h"
#include "crypto/cert.h"
#include "trust/pool.h"

typedef enum {
	WAX_PURPOSE_ANY,
	WAX_PURPOSE_SIGN,
	WAX_PURPOSE_ENCRYPT,
	WAX_PURPOSE_CA,
	WAX_PURPOSE_LIST, /* to sign revocation lists */
} WaxPurpose;

typedef struct {
	GPtrArray *anchors;	 /* WaxAnchor; may be NULL */
	GPtrArray *untrusted;	 /* WaxCert; may be NULL */
	const WaxCertPool *pool; /* many more of both kinds; may be NULL */
	int64_t at;		 /* epoch seconds */
	WaxPurpose purpose;
	const char *mail; /* the address it is asked for, or NULL */
	bool historic;	  /* old algorithms and sizes pass (V-11) */
	WaxPolicyQuestion policy;
	unsigned
		*checks; /* signature checks so far, of all questions of one message; may be NULL */
} WaxPathQuestion;

#define WAX_SIGNATURE_CHECKS_MAX 200

typedef struct {
	WaxReason reason;	   /* NONE: the chain stands */
	GPtrArray *chain;	   /* WaxCert, leaf first; the best one found */
	char **policies;	   /* certificate policies that hold for the chain, dotted */
	bool no_revocation_source; /* nothing in it names a CRL or a responder */
} WaxPathVerdict;

WaxPathVerdict wax_trust_path(const WaxCert *leaf, const WaxPathQuestion *question);

/* wax_trust_forbids - a record says that nobody may rely on this certificate */
bool wax_trust_forbids(const WaxPathQuestion *question, const WaxCert *cert);

void wax_path_verdict_clear(WaxPathVerdict *verdict);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxPathVerdict, wax_path_verdict_clear)

#endif
