/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cms/seal - what stands before and after encrypted content
 *
 * DESCRIPTION
 *	Writes EnvelopedData (RFC 5652 section 6) for CBC and AuthEnvelopedData
 *	(RFC 5083) for AES-GCM and AES-CCM (RFC 5084) and ChaCha20-Poly1305
 *	(RFC 8103), on request with a key that is derived from the content key
 *	(RFC 9709).  Recipients: by issuer and serial number, by RSA (v1.5,
 *	OAEP with SHA-256), ECDH (RFC 5753), X25519 and X448 (RFC 8418), RSA-KEM
 *	and ML-KEM (RFC 9629); by the name of a symmetric key; by password
 *	(RFC 3211).  DER: the number of ciphertext octets is known.
 *
 * OWNERSHIP
 *	Freestanding.  The head is written backwards into the caller's room.
 *
 * ERRORS
 *	CMS_NO_ROOM (with the octets needed as the fault's place), CMS_ALGORITHM_UNSUPPORTED.
 */
#ifndef WAX_CMS_SEAL_H
#define WAX_CMS_SEAL_H

#include "asn1/algorithms.h"
#include "asn1/der.h"
#include "cms/open.h"

typedef struct {
	WaxKeyEncAlg alg;
	WaxSpan issuer_and_serial; /* whole DER */
	WaxSpan key_id;		   /* KEK: its name */
	WaxSpan wrapped_key;
	/* agreement and KEM */
	WaxSpan originator; /* the ephemeral public key, or the ciphertext */
	WaxKdf kdf;
	WaxWrapAlg wrap; /* of a KEK, too */
	WaxPasswordParameters password;
} WaxSealRecipient;

typedef struct {
	WaxCipherAlg cipher;
	WaxSpan iv;
	bool derived; /* RFC 9709 */
} WaxSealContent;

bool wax_cms_seal_head(const WaxSealContent *content, const WaxSealRecipient *recipients,
	size_t count, uint64_t cipher_octets, WaxDer *head, WaxFault *fault) WAX_MUST_USE;

/* wax_cms_seal_tail - after the ciphertext: the tag of an AEAD; nothing for CBC */
void wax_cms_seal_tail(WaxCipherAlg cipher, WaxSpan tag, WaxDer *tail);

/* wax_cms_wrap_identifier - AlgorithmIdentifier of an AES key wrap, as we write it and as the KDF needs it */
void wax_cms_wrap_identifier(WaxWrapAlg wrap, WaxDer *out);

/* wax_cms_compress_head - CompressedData (RFC 3274) up to its content of so many octets; nothing follows them */
bool wax_cms_compress_head(uint64_t octets, WaxDer *head, WaxFault *fault) WAX_MUST_USE;
/* wax_cms_cipher_identifier - AlgorithmIdentifier of the cipher: what RFC 9709 derives its key with */
void wax_cms_cipher_identifier(WaxCipherAlg cipher, WaxSpan iv, WaxDer *out);

#endif
