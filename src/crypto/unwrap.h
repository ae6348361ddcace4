/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/unwrap - from a RecipientInfo to the content key, with one private key
 *
 * DESCRIPTION
 *	One meaning for each way that a content key is sent to the owner of a
 *	certificate, the same in this process and in the custodian: RSA v1.5
 *	and OAEP; ECDH, X25519 and X448 with a KDF and a key wrap; RSA-KEM and
 *	ML-KEM likewise.
 *
 * NOT CHECKED HERE
 *	Whether the recipient is the one that the key is for.
 *
 * OWNERSHIP
 *	All spans are borrowed.
 *
 * ERRORS
 *	CMS_DECRYPT_FAILED: one error for all that goes wrong, also for a way
 *	that does not fit the key.
 */
#ifndef WAX_CRYPTO_UNWRAP_H
#define WAX_CRYPTO_UNWRAP_H

#include "crypto/key.h"

#define WAX_CEK_MAX 32

typedef struct {
	WaxKeyEncAlg alg;
	WaxSpan wrapped;
	size_t key_size; /* what the content cipher needs */
	WaxOaep oaep;
	/* agreement and KEM */
	WaxSpan originator; /* the sender's public key, or the KEM's ciphertext */
	WaxSpan curve;	    /* OID body; empty when it is not named */
	bool cofactor;
	WaxKdf kdf;
	WaxSpan salt, info;
	WaxWrapAlg wrap;
} WaxUnwrap;

bool wax_unwrap(
	WaxKey *key, const WaxUnwrap *unwrap, WaxSecret **ret_key, GError **error) WAX_MUST_USE;

/*
 * wax_kek_derive - the key-encryption key from a secret that was agreed or encapsulated; wax_wrap_key_size
 * octets.  RSA-KEM runs the KDF a first time over Z (RFC 9690).
 */
bool wax_kek_derive(
	const WaxUnwrap *unwrap, WaxSpan secret, WaxSecret **ret_kek, GError **error) WAX_MUST_USE;

#endif
