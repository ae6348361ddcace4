/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/cipher - content ciphers as streams, and a sealed box
 *
 * DESCRIPTION
 *	AES-CBC with PKCS #7 padding, AES-GCM, AES-CCM and ChaCha20-Poly1305,
 *	streaming; to read old mail, 3DES-CBC and, where libcrypto has its
 *	legacy provider, RC2-CBC.  CCM wants to be told how much will come:
 *	wax_cipher_announce.  And wax_box_*, AES-256-GCM over a small span
 *	with a random nonce in front and its tag behind.
 *
 * OWNERSHIP
 *	Outputs go to the caller's room; update writes at most n + 32 octets.
 *
 * ERRORS
 *	CMS_DECRYPT_FAILED for every failure while decrypting: one error, so
 *	that padding, tag and key cannot be told apart.  ALGORITHM_REFUSED.
 */
#ifndef WAX_CRYPTO_CIPHER_H
#define WAX_CRYPTO_CIPHER_H

#include <glib.h>

#include "asn1/algorithms.h"
#include "core/base.h"
#include "core/secret.h"

#define WAX_CIPHER_SLACK 32

typedef struct WaxCipher WaxCipher;

WaxCipher *wax_cipher_new(
	WaxCipherAlg alg, bool encrypt, WaxSpan key, WaxSpan iv, GError **error) WAX_MUST_USE;
void wax_cipher_free(WaxCipher *cipher);

/* wax_cipher_announce - before anything else, how much content will come; for CCM, others do not mind */
bool wax_cipher_announce(
	WaxCipher *cipher, uint64_t octets, size_t tag_size, GError **error) WAX_MUST_USE;

/* wax_cipher_aad - additional data of an AEAD, before the first update */
bool wax_cipher_aad(WaxCipher *cipher, WaxSpan aad, GError **error) WAX_MUST_USE;
bool wax_cipher_update(
	WaxCipher *cipher, WaxSpan in, uint8_t *out, size_t *ret_n, GError **error) WAX_MUST_USE;

/* wax_cipher_finish - decrypting an AEAD: `tag` is what must come out; encrypting: 16 octets in ret_tag */
bool wax_cipher_finish(WaxCipher *cipher, WaxSpan tag, uint8_t *out, size_t *ret_n,
	uint8_t *ret_tag, GError **error) WAX_MUST_USE;

/* wax_cipher_sealed_size - octets of ciphertext for n of plaintext */
uint64_t wax_cipher_sealed_size(WaxCipherAlg alg, uint64_t n);

/* wax_box_seal - 12 octets nonce, ciphertext, 16 octets tag; the result is to be freed */
GByteArray *wax_box_seal(WaxSpan key, WaxSpan aad, WaxSpan plain);
bool wax_box_open(
	WaxSpan key, WaxSpan aad, WaxSpan box, WaxSecret **ret_plain, GError **error) WAX_MUST_USE;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxCipher, wax_cipher_free)

#endif
