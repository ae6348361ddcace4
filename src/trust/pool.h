/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	trust/pool - many certificates and trust records, found by name, key and hash
 *
 * DESCRIPTION
 *	Path building asks "who may have issued this?" and "is this believed,
 *	or forbidden?"; a reader of CMS asks "whose number is this?".  Each
 *	answer costs the same among ten certificates and a hundred thousand.
 *	Filled once, then only read; what is read by many threads must not be
 *	added to.
 *
 * NOT CHECKED HERE
 *	Anything: a key identifier is a hint that orders the candidates
 *	(RFC 5280 4.2.1.1), it decides nothing.
 *
 * OWNERSHIP
 *	Reference counted; holds references to certificates and anchors.
 *
 * ERRORS
 *	None.
 */
#ifndef WAX_TRUST_POOL_H
#define WAX_TRUST_POOL_H

#include <glib.h>

#include "crypto/cert.h"

/* a trust record: a certificate believed, perhaps for some mail domains only */
typedef struct {
	gint refs;
	WaxCert *cert;
	char **domains; /* keys of core/address; NULL or empty: no limit */
	bool forbidden; /* overrides every other record */
} WaxAnchor;

WaxAnchor *wax_anchor_new(WaxCert *cert, const char *const *domains, bool forbidden);
WaxAnchor *wax_anchor_ref(WaxAnchor *anchor);
void wax_anchor_free(WaxAnchor *anchor);

typedef struct WaxCertPool WaxCertPool;

WaxCertPool *wax_cert_pool_new(void);
WaxCertPool *wax_cert_pool_ref(WaxCertPool *pool);
void wax_cert_pool_unref(WaxCertPool *pool);

void wax_cert_pool_add(WaxCertPool *pool, WaxCert *cert);
void wax_cert_pool_add_anchor(WaxCertPool *pool, WaxAnchor *anchor);

/* wax_cert_pool_anchor - the record of exactly this certificate */
const WaxAnchor *wax_cert_pool_anchor(const WaxCertPool *pool, const WaxCert *cert, bool forbidden);

/* how well the key identifiers of an issuer and a certificate go together */
typedef enum {
	WAX_HINT_AGREES,
	WAX_HINT_SILENT,
	WAX_HINT_CONTRADICTS,
} WaxHint;

typedef struct {
	WaxCert *cert; /* borrowed */
	bool is_anchor;
	WaxHint hint;
} WaxCandidate;

/*
 * wax_issuer_candidate - appends `issuer` when it is named as the issuer of `cert`.
 * wax_cert_pool_issuers - appends those of the pool, those whose key identifier agrees first; no
 * more than `most` are looked at.
 */
void wax_issuer_candidate(GArray *list, const WaxCert *cert, WaxCert *issuer, bool is_anchor);
void wax_cert_pool_issuers(
	const WaxCertPool *pool, const WaxCert *cert, unsigned most, GArray *list);

/* wax_cert_pool_named - appends those with this subject (hash as in WaxCertInfo, and DER) */
void wax_cert_pool_named(
	const WaxCertPool *pool, uint32_t hash, WaxSpan name, unsigned most, GPtrArray *list);

/* wax_cert_pool_by_serial, _by_key_id - what CMS names a certificate by; NULL when there is none */
WaxCert *wax_cert_pool_by_serial(const WaxCertPool *pool, WaxSpan issuer, WaxSpan serial);
WaxCert *wax_cert_pool_by_key_id(const WaxCertPool *pool, WaxSpan key_id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxAnchor, wax_anchor_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxCertPool, wax_cert_pool_unref)

#endif
