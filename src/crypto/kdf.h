/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/kdf - keys from secrets and from passwords
 *
 * DESCRIPTION
 *	From a shared secret: the KDF of X9.63 (RFC 5753 7.2), which is also
 *	KDF2, KDF3 (ANS X9.44) and HKDF (RFC 5869).  From a content key:
 *	RFC 9709.  From a password: PBKDF2 (RFC 8018) for messages, Argon2id
 *	(RFC 9106, libargon2's) for what lies on our disk.
 *
 * NOT CHECKED HERE
 *	How many iterations somebody else may ask of us.
 *
 * OWNERSHIP
 *	Outputs are the caller's room.
 *
 * ERRORS
 *	ALGORITHM_REFUSED when this libcrypto lacks the digest; CRYPTO_ERROR.
 */
#ifndef WAX_CRYPTO_KDF_H
#define WAX_CRYPTO_KDF_H

#include <glib.h>

#include "asn1/algorithms.h"
#include "core/base.h"
#include "core/secret.h"

/* wax_kdf - n octets of key from the shared secret and what both sides know; only HKDF takes salt */
bool wax_kdf(WaxKdf kdf, WaxSpan secret, WaxSpan salt, WaxSpan info, uint8_t *ret_key, size_t n,
	GError **error) WAX_MUST_USE;

/* wax_kdf_cek - the key for a cipher whose AlgorithmIdentifier is `info` (RFC 9709); as long as `key` */
bool wax_kdf_cek(WaxSpan key, WaxSpan info, WaxSecret **ret_key, GError **error) WAX_MUST_USE;

bool wax_kdf_pbkdf2(WaxDigestAlg prf, WaxSpan password, WaxSpan salt, uint32_t iterations,
	uint8_t *ret_key, size_t n, GError **error) WAX_MUST_USE;

/* wax_kdf_argon2id - 32 octets from a passphrase; memory in KiB */
bool wax_kdf_argon2id(WaxSpan passphrase, WaxSpan salt, uint32_t passes, uint32_t memory,
	uint8_t ret_key[32], GError **error) WAX_MUST_USE;

#endif
