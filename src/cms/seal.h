/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cms/seal - what stands before and after encrypted content
 *
 * DESCRIPTION
 *	Writes EnvelopedData (RFC 5652 section 6) for CBC and AuthEnvelopedData
 *	(RFC 5083, RFC 5084) for GCM: recipients by issuer and serial number,
 *	by RSA (v1.5, OAEP with SHA-256) or ECDH (RFC 5753).  DER: the number
 *	of ciphertext octets is known.
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

typedef struct {
	WaxKeyEncAlg alg;
	WaxSpan issuer_and_serial; /* whole DER */
	WaxSpan wrapped_key;
	/* ECDH */
	WaxSpan originator; /* EC point of the ephemeral key */
	WaxDigestAlg kdf;
	WaxWrapAlg wrap;
} WaxSealRecipient;

bool wax_cms_seal_head(WaxCipherAlg cipher, WaxSpan iv, const WaxSealRecipient *recipients,
	size_t count, uint64_t cipher_octets, WaxDer *head, WaxFault *fault) WAX_MUST_USE;

/* wax_cms_seal_tail - after the ciphertext: the tag of GCM; nothing for CBC */
void wax_cms_seal_tail(WaxCipherAlg cipher, WaxSpan tag, WaxDer *tail);

/* wax_cms_wrap_identifier - AlgorithmIdentifier of an AES key wrap, as we write it and as SharedInfo needs it */
void wax_cms_wrap_identifier(WaxWrapAlg wrap, WaxDer *out);

/* wax_cms_compress_head - CompressedData (RFC 3274) up to its content of so many octets; nothing follows them */
bool wax_cms_compress_head(uint64_t octets, WaxDer *head, WaxFault *fault) WAX_MUST_USE;

#endif
