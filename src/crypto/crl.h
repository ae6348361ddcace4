/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/crl - a certificate revocation list (RFC 5280 section 5)
 *
 * DESCRIPTION
 *	Parses one list and answers two questions: did this issuer sign it, and
 *	does it name this certificate?
 *
 * NOT CHECKED HERE
 *	Whether the list is recent enough: trust/revocation.
 *
 * OWNERSHIP
 *	The caller frees the list.
 *
 * ERRORS
 *	CERT_MALFORMED, NO_INPUT.
 */
#ifndef WAX_CRYPTO_CRL_H
#define WAX_CRYPTO_CRL_H

#include <glib.h>

#include "crypto/cert.h"

typedef struct WaxCrl WaxCrl;

/* wax_crl_parse - DER or PEM */
WaxCrl *wax_crl_parse(WaxSpan bytes, GError **error) WAX_MUST_USE;
WaxCrl *wax_crl_load(const char *path, GError **error) WAX_MUST_USE;
void wax_crl_free(WaxCrl *crl);

typedef struct {
	int64_t this_update, next_update; /* next_update is 0 when the list names none */
	bool critical; /* a critical extension: indirect, partial or delta, thus not the whole truth */
} WaxCrlInfo;

const WaxCrlInfo *wax_crl_info(const WaxCrl *crl);
bool wax_crl_signed_by(const WaxCrl *crl, const WaxCert *issuer);

/* wax_crl_revokes - is the certificate on the list, revoked at this time or before? */
bool wax_crl_revokes(const WaxCrl *crl, const WaxCert *cert, int64_t at);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxCrl, wax_crl_free)

#endif
