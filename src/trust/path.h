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
 *	tried within the limits; when none is good, the reason given is that
 *	of the path that came furthest.
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
 *	8 certificates a chain, 100 attempts (L-16).
 */
#ifndef WAX_TRUST_PATH_H
#define WAX_TRUST_PATH_H

#include <glib.h>

#include "core/base.h"
#include "crypto/cert.h"

typedef enum {
	WAX_PURPOSE_ANY,
	WAX_PURPOSE_SIGN,
	WAX_PURPOSE_ENCRYPT,
	WAX_PURPOSE_CA,
} WaxPurpose;

/* a trust record: a certificate believed, perhaps for some mail domains only */
typedef struct {
	WaxCert *cert;
	char **domains; /* keys of core/address; NULL or empty: no limit */
	bool forbidden; /* overrides every other record */
} WaxAnchor;

WaxAnchor *wax_anchor_new(WaxCert *cert, const char *const *domains, bool forbidden);
void wax_anchor_free(WaxAnchor *anchor);

typedef struct {
	GPtrArray *anchors;   /* WaxAnchor */
	GPtrArray *untrusted; /* WaxCert; may be NULL */
	int64_t at;	      /* epoch seconds */
	WaxPurpose purpose;
	const char *mail; /* the address it is asked for, or NULL */
	bool historic;	  /* old algorithms and sizes pass (V-11) */
	WaxPolicyQuestion policy;
} WaxPathQuestion;

typedef struct {
	WaxReason reason;	   /* NONE: the chain stands */
	GPtrArray *chain;	   /* WaxCert, leaf first; the best one found */
	char **policies;	   /* certificate policies that hold for the chain, dotted */
	bool no_revocation_source; /* nothing in it names a CRL or a responder */
} WaxPathVerdict;

WaxPathVerdict wax_trust_path(const WaxCert *leaf, const WaxPathQuestion *question);
void wax_path_verdict_clear(WaxPathVerdict *verdict);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxPathVerdict, wax_path_verdict_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxAnchor, wax_anchor_free)

#endif
