/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/wrap - one key under another
 *
 * DESCRIPTION
 *	AES key wrap (RFC 3394), both ways; 3DES and RC2 key wrap (RFC 3217),
 *	to read old mail; and PWRI-KEK (RFC 3211 2.3), both ways.  PWRI-KEK
 *	never says that it failed: it gives as many octets as are expected,
 *	right or random, in the same time (SMIME.md R-46, P-11).
 *
 * OWNERSHIP
 *	Secrets come back as WaxSecret.
 *
 * ERRORS
 *	CMS_DECRYPT_FAILED for whatever goes wrong while unwrapping, CRYPTO_ERROR.
 */
#ifndef WAX_CRYPTO_WRAP_H
#define WAX_CRYPTO_WRAP_H

#include <glib.h>

#include "asn1/algorithms.h"
#include "core/base.h"
#include "core/secret.h"

/* wax_key_wrap - AES, of the size of kek; out has room for key.n + 8 */
bool wax_key_wrap(
	WaxSpan kek, WaxSpan key, uint8_t *out, size_t *ret_n, GError **error) WAX_MUST_USE;
bool wax_key_unwrap(WaxWrapAlg wrap, WaxSpan kek, WaxSpan wrapped, WaxSecret **ret_key,
	GError **error) WAX_MUST_USE;

/* wax_pwri_wrap - under a block cipher in CBC mode */
bool wax_pwri_wrap(WaxCipherAlg cipher, WaxSpan kek, WaxSpan iv, WaxSpan key,
	GByteArray **ret_wrapped, GError **error) WAX_MUST_USE;
bool wax_pwri_unwrap(WaxCipherAlg cipher, WaxSpan kek, WaxSpan iv, WaxSpan wrapped, size_t expected,
	WaxSecret **ret_key, GError **error) WAX_MUST_USE;

#endif
