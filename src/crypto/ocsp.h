/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/ocsp - an OCSP response as a file (RFC 6960)
 *
 * DESCRIPTION
 *	Reads one response, says who claims to have signed it and whether a
 *	key did, and what it has about a certificate.
 *
 * NOT CHECKED HERE
 *	Whether the signer may answer for the issuer, and whether the answer
 *	is recent enough: trust/revocation.
 *
 * OWNERSHIP
 *	The caller frees the response; spans and certificates live as long as
 *	it does.
 *
 * ERRORS
 *	CERT_MALFORMED: it cannot be read, or the responder answered with an
 *	error.  NO_INPUT.
 *
 * LIMITS
 *	1 MiB, 16 certificates.
 */
#ifndef WAX_CRYPTO_OCSP_H
#define WAX_CRYPTO_OCSP_H

#include <glib.h>

#include "crypto/cert.h"
#include "crypto/crl.h"

typedef struct WaxOcsp WaxOcsp;

WaxOcsp *wax_ocsp_parse(WaxSpan der, GError **error) WAX_MUST_USE;
WaxOcsp *wax_ocsp_load(const char *path, GError **error) WAX_MUST_USE;
void wax_ocsp_free(WaxOcsp *ocsp);

typedef struct {
	GPtrArray *certs;      /* WaxCert: sent along */
	WaxSpan nonce;	       /* RFC 9654; empty when absent */
	bool unknown_critical; /* an extension of the whole response */
	bool weak;	       /* signed with SHA-1, MD5 or DSA */
} WaxOcspInfo;

const WaxOcspInfo *wax_ocsp_info(const WaxOcsp *ocsp);

/* wax_ocsp_signed_by - does the response name this certificate (by name or key), and did its key sign? */
bool wax_ocsp_signed_by(const WaxOcsp *ocsp, const WaxCert *responder);

/* zero: nobody said */
typedef enum {
	WAX_OCSP_NONE,
	WAX_OCSP_GOOD,
	WAX_OCSP_REVOKED,
	WAX_OCSP_UNKNOWN,
} WaxOcspStatus;

typedef struct {
	WaxOcspStatus status;
	WaxRevoked revoked;
	int64_t this_update, next_update; /* next_update is 0 when there is none */
	bool unknown_critical;
} WaxOcspAnswer;

/*
 * wax_ocsp_next - the next answer about this certificate of this issuer, from *at (first 0) on; its
 * CertID must name the issuer's name and key, by SHA-1 or SHA-2
 */
bool wax_ocsp_next(const WaxOcsp *ocsp, const WaxCert *cert, const WaxCert *issuer, size_t *at,
	WaxOcspAnswer *ret_answer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxOcsp, wax_ocsp_free)

#endif
