/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/digest - hash functions, HMAC and random bytes
 *
 * DESCRIPTION
 *	The door to libcrypto's digests and its generator.
 *
 * OWNERSHIP
 *	A WaxDigest is freed by finish or free.  Outputs are the caller's room:
 *	WAX_DIGEST_MAX octets hold any digest.
 *
 * ERRORS
 *	ALGORITHM_REFUSED when this libcrypto lacks the digest; CRYPTO_ERROR.
 */
#ifndef WAX_CRYPTO_DIGEST_H
#define WAX_CRYPTO_DIGEST_H

#include <glib.h>

#include "asn1/algorithms.h"
#include "core/base.h"
#include "core/secret.h"

#define WAX_DIGEST_MAX 64

typedef struct WaxDigest WaxDigest;

WaxDigest *wax_digest_new(WaxDigestAlg alg, GError **error) WAX_MUST_USE;
void wax_digest_update(WaxDigest *digest, WaxSpan bytes);

/* wax_digest_finish - writes wax_digest_size() octets and starts anew */
void wax_digest_finish(WaxDigest *digest, uint8_t *ret_value);
void wax_digest_free(WaxDigest *digest);

bool wax_digest_once(
	WaxDigestAlg alg, WaxSpan bytes, uint8_t *ret_value, GError **error) WAX_MUST_USE;

/* wax_sha256 - cannot fail; 32 octets */
void wax_sha256(WaxSpan bytes, uint8_t ret_value[32]);

/* wax_hmac_sha256 - 32 octets */
void wax_hmac_sha256(WaxSpan key, WaxSpan bytes, uint8_t ret_value[32]);

/* wax_random - from libcrypto's generator; failure ends the process */
void wax_random(void *bytes, size_t n);

/* wax_hex - lower-case; to g_free */
char *wax_hex(WaxSpan bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxDigest, wax_digest_free)

#endif
