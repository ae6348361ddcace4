/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	asn1/algorithms - the algorithms that messages name, and their object identifiers
 *
 * DESCRIPTION
 *	Enumerations shared by the CMS core and the door to libcrypto.  Zero
 *	is always "none of those we know".
 *
 * OWNERSHIP
 *	OID spans are constants.
 *
 * ERRORS
 *	An unknown identifier gives the zero value.
 */
#ifndef WAX_ASN1_ALGORITHMS_H
#define WAX_ASN1_ALGORITHMS_H

#include "core/base.h"

typedef enum {
	WAX_DIGEST_NONE,
	WAX_DIGEST_MD5,
	WAX_DIGEST_SHA1,
	WAX_DIGEST_SHA224,
	WAX_DIGEST_SHA256,
	WAX_DIGEST_SHA384,
	WAX_DIGEST_SHA512,
	WAX_DIGEST_SHAKE256, /* 512 bits of it (RFC 8419 2.3, RFC 8702 3.1) */
	WAX_DIGEST_COUNT_
} WaxDigestAlg;

typedef enum {
	WAX_CIPHER_NONE,
	WAX_CIPHER_AES128_CBC,
	WAX_CIPHER_AES192_CBC,
	WAX_CIPHER_AES256_CBC,
	WAX_CIPHER_AES128_GCM,
	WAX_CIPHER_AES192_GCM,
	WAX_CIPHER_AES256_GCM,
	WAX_CIPHER_AES128_CCM,
	WAX_CIPHER_AES192_CCM,
	WAX_CIPHER_AES256_CCM,
	WAX_CIPHER_CHACHA20_POLY1305,
	WAX_CIPHER_3DES_CBC,
	WAX_CIPHER_RC2_40_CBC, /* by effective key bits, which the parameters tell */
	WAX_CIPHER_RC2_64_CBC,
	WAX_CIPHER_RC2_128_CBC,
	WAX_CIPHER_COUNT_
} WaxCipherAlg;

/* how a SignerInfo's or certificate's signature is made */
typedef enum {
	WAX_SIG_ALG_NONE,
	WAX_SIG_RSA, /* PKCS #1 v1.5 */
	WAX_SIG_PSS,
	WAX_SIG_ECDSA,
	WAX_SIG_DSA, /* read only */
	/* from here on: over the octets themselves, no digest before (wax_sig_is_pure) */
	WAX_SIG_ED25519,
	WAX_SIG_ED448,
	WAX_SIG_ML_DSA_44,
	WAX_SIG_ML_DSA_65,
	WAX_SIG_ML_DSA_87,
	WAX_SIG_SLH_DSA_SHA2_128S,
	WAX_SIG_SLH_DSA_SHA2_128F,
	WAX_SIG_SLH_DSA_SHA2_192S,
	WAX_SIG_SLH_DSA_SHA2_192F,
	WAX_SIG_SLH_DSA_SHA2_256S,
	WAX_SIG_SLH_DSA_SHA2_256F,
	WAX_SIG_SLH_DSA_SHAKE_128S,
	WAX_SIG_SLH_DSA_SHAKE_128F,
	WAX_SIG_SLH_DSA_SHAKE_192S,
	WAX_SIG_SLH_DSA_SHAKE_192F,
	WAX_SIG_SLH_DSA_SHAKE_256S,
	WAX_SIG_SLH_DSA_SHAKE_256F,
	WAX_SIG_ALG_COUNT_
} WaxSigAlg;

/* how the content-encryption key reaches a recipient */
typedef enum {
	WAX_KEYENC_NONE,
	WAX_KEYENC_RSA, /* PKCS #1 v1.5 */
	WAX_KEYENC_OAEP,
	WAX_KEYENC_ECDH, /* standard or cofactor */
	WAX_KEYENC_X25519,
	WAX_KEYENC_X448,
	WAX_KEYENC_KEK,	     /* a symmetric key known to both */
	WAX_KEYENC_PASSWORD, /* PBKDF2 and PWRI-KEK (RFC 3211) */
	WAX_KEYENC_RSA_KEM,  /* KEMRecipientInfo (RFC 9629) */
	WAX_KEYENC_ML_KEM_512,
	WAX_KEYENC_ML_KEM_768,
	WAX_KEYENC_ML_KEM_1024,
	WAX_KEYENC_COUNT_
} WaxKeyEncAlg;

typedef enum {
	WAX_WRAP_NONE,
	WAX_WRAP_AES128,
	WAX_WRAP_AES192,
	WAX_WRAP_AES256,
	WAX_WRAP_3DES, /* RFC 3217; read only, as RC2 */
	WAX_WRAP_RC2,
	WAX_WRAP_COUNT_
} WaxWrapAlg;

/* how a key-encryption key comes from a shared secret */
typedef enum {
	WAX_KDF_NONE,
	WAX_KDF_X963, /* RFC 5753 7.2; KDF2 of ANS X9.44 is the same function */
	WAX_KDF_KDF3, /* ANS X9.44: as X9.63, with the counter in front */
	WAX_KDF_HKDF, /* RFC 5869 */
	WAX_KDF_COUNT_
} WaxKdfScheme;

typedef struct {
	WaxKdfScheme scheme;
	WaxDigestAlg digest;
} WaxKdf;

/* parameters of RSASSA-PSS (RFC 4055 3.1); defaults filled in */
typedef struct {
	WaxDigestAlg digest;
	WaxDigestAlg mgf_digest;
	uint32_t salt;
	bool bad_trailer;
} WaxPss;

/* parameters of RSAES-OAEP (RFC 4055 4.1); defaults filled in */
typedef struct {
	WaxDigestAlg digest;
	WaxDigestAlg mgf_digest;
	WaxSpan label;
} WaxOaep;

/* content octets of the OID, without tag and length */
WaxSpan wax_digest_oid(WaxDigestAlg alg);
WaxSpan wax_cipher_oid(WaxCipherAlg alg);
WaxSpan wax_wrap_oid(WaxWrapAlg alg);

/* wax_agreement_oid - dhSinglePass-stdDH with this KDF (RFC 5753 7.1.4, RFC 8418 2) */
WaxSpan wax_agreement_oid(WaxKdf kdf);

/* wax_hkdf_oid - id-alg-hkdf-with-sha256 and its like (RFC 8619) */
WaxSpan wax_hkdf_oid(WaxDigestAlg digest);

/* wax_keyenc_oid - the algorithm of the public key or of the KEM; empty for RSA's, which depend on more */
WaxSpan wax_keyenc_oid(WaxKeyEncAlg alg);

WaxDigestAlg wax_digest_from_oid(WaxSpan oid);
WaxCipherAlg wax_cipher_from_oid(WaxSpan oid);
WaxWrapAlg wax_wrap_from_oid(WaxSpan oid);

/* wax_sig_from_oid - and the digest that the identifier itself names, or NONE */
WaxSigAlg wax_sig_from_oid(WaxSpan oid, WaxDigestAlg *ret_digest);

/* wax_sig_oid - the identifier that we write (P-01, P-04) */
WaxSpan wax_sig_oid(WaxSigAlg alg, WaxDigestAlg digest);

/* wax_sig_is_pure - EdDSA, ML-DSA, SLH-DSA: the key fixes the algorithm, nothing is hashed before */
bool wax_sig_is_pure(WaxSigAlg alg);

/* wax_sig_digest - the digest of the content that we write beside a pure signature */
WaxDigestAlg wax_sig_digest(WaxSigAlg alg);

/*
 * wax_sig_digest_fits - NONE, or what is wrong with that digest of the content beside a pure
 * signature: CMS_ALGORITHM_MISMATCH (RFC 8419 3.1: one digest and no other), SIG_WEAK_DIGEST (RFC
 * 9882 3.3, RFC 9814 4: at least as strong as the signature)
 */
WaxReason wax_sig_digest_fits(WaxSigAlg alg, WaxDigestAlg digest);

/* wax_agreement_from_oid - its KDF; NONE when it is no scheme of RFC 5753 or RFC 8418 */
WaxKdf wax_agreement_from_oid(WaxSpan oid, bool *ret_cofactor);

/* wax_hkdf_from_oid - NONE when it is no HKDF of RFC 8619 */
WaxDigestAlg wax_hkdf_from_oid(WaxSpan oid);

/* wax_keyenc_from_oid - NONE when wax_keyenc_oid gives it for nothing */
WaxKeyEncAlg wax_keyenc_from_oid(WaxSpan oid);

size_t wax_digest_size(WaxDigestAlg alg);
size_t wax_cipher_key_size(WaxCipherAlg alg);
size_t wax_wrap_key_size(WaxWrapAlg alg);
size_t wax_cipher_block_size(WaxCipherAlg alg); /* of the padding; 1 for an AEAD */
bool wax_cipher_is_aead(WaxCipherAlg alg);
bool wax_cipher_is_ccm(WaxCipherAlg alg);
bool wax_cipher_is_rc2(WaxCipherAlg alg);
bool wax_keyenc_is_kem(WaxKeyEncAlg alg);
bool wax_keyenc_is_agreement(WaxKeyEncAlg alg);
bool wax_digest_is_weak(WaxDigestAlg alg);
bool wax_cipher_is_weak(WaxCipherAlg alg);
bool wax_wrap_is_weak(WaxWrapAlg alg);

/* lower-case words as CLI and JSON write them: "sha256", "aes256-gcm" */
const char *wax_digest_word(WaxDigestAlg alg);
const char *wax_cipher_word(WaxCipherAlg alg);
const char *wax_sig_word(WaxSigAlg alg);
const char *wax_keyenc_word(WaxKeyEncAlg alg);

/* wax_digest_micalg - "sha-256" (RFC 8551 3.5.3.2) */
const char *wax_digest_micalg(WaxDigestAlg alg);

#define WAX_OID(name, ...)                                                                         \
	static const uint8_t name##_bytes[] = { __VA_ARGS__ };                                     \
	static const WaxSpan name = { name##_bytes, sizeof name##_bytes }

#define WAX_OID_PKCS7(n)   0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, n
#define WAX_OID_PKCS9(n)   0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, n
#define WAX_OID_SMIME(...) 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, __VA_ARGS__

#endif
