/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/internal - libcrypto's types, for the files of this room alone
 *
 * DESCRIPTION
 *	The one header of the room that shows what is behind the door.
 *
 * OWNERSHIP
 *	Borrowed everywhere.
 *
 * ERRORS
 *	wax_crypto_fail empties libcrypto's queue into the text of the error.
 */
#ifndef WAX_CRYPTO_INTERNAL_H
#define WAX_CRYPTO_INTERNAL_H

#include <glib.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "asn1/algorithms.h"
#include "crypto/cert.h"

const EVP_MD *wax_crypto_md(WaxDigestAlg alg);
/* wax_crypto_rc2 - RC2-CBC with a key of so many octets, from a legacy provider of its own; NULL: none */
const EVP_CIPHER *wax_crypto_rc2(size_t key_size);

typedef struct WaxKey WaxKey;

#define WAX_RSA_BITS_MAX     8192 /* L-17 */
#define WAX_RSA_EXPONENT_MAX 64	  /* bits */
#define WAX_DSA_BITS_MAX     4096

struct WaxKey {
	gint refs;
	EVP_PKEY *pkey;
	uint8_t rejection[32]; /* what implicit rejection derives its answers from */
	bool restricted;       /* an RSA-PSS key with parameters of its own */
	WaxPss pss;
	struct WaxSigning *signing; /* taken while it signs; NULL: none was set up yet */
};

void wax_crypto_signing_free(struct WaxSigning *signing);
X509 *wax_crypto_x509(const WaxCert *cert);

/* wax_crypto_pubkey - its public key; NULL when it has none that may be asked (L-17) */
EVP_PKEY *wax_crypto_pubkey(const WaxCert *cert);

/* wax_crypto_dsa_inherit - the key of this SubjectPublicKeyInfo with the parameters of another */
EVP_PKEY *wax_crypto_dsa_inherit(WaxSpan spki, EVP_PKEY *other);
bool wax_crypto_dsa_lacks_parameters(WaxSpan spki);

/* what X.509 signs: certificates, lists, answers of responders */
typedef struct {
	WaxSpan signed_octets; /* whole element */
	WaxSpan algorithm;     /* AlgorithmIdentifier, whole */
	WaxSpan signature;     /* body of the BIT STRING */
} WaxSigned;

/* wax_crypto_signed_read - SEQUENCE { SEQUENCE, AlgorithmIdentifier, BIT STRING, ... }; *ret_rest is what follows */
bool wax_crypto_signed_read(WaxSpan der, WaxSigned *ret_signed, WaxSpan *ret_rest) WAX_MUST_USE;
bool wax_crypto_signed_by(const WaxSigned *what, const WaxCert *issuer);
bool wax_crypto_signed_is_weak(const WaxSigned *what);

/* wax_crypto_name - a Name from its DER; NULL when it is none */
X509_NAME *wax_crypto_name(WaxSpan der);
uint32_t wax_crypto_name_hash(const X509_NAME *name);
EVP_PKEY *wax_crypto_pkey(const WaxKey *key);

/* wax_crypto_pure_alg - the algorithm that such a key fixes; NONE: it is no such key */
WaxSigAlg wax_crypto_pure_alg(const EVP_PKEY *pkey);

/* wax_crypto_pure_name - libcrypto's name of it */
const char *wax_crypto_pure_name(WaxSigAlg alg);

/* wax_crypto_pss_restriction - the parameters in a SubjectPublicKeyInfo with id-RSASSA-PSS, whole (RFC 4055 1.2) */
bool wax_crypto_pss_restriction(WaxSpan spki, WaxPss *ret_pss);

/* wax_crypto_key_affordable - within L-17 */
bool wax_crypto_key_affordable(EVP_PKEY *pkey);
WaxKey *wax_crypto_key_take(EVP_PKEY *pkey);
WaxKeyKind wax_crypto_kind(const EVP_PKEY *pkey);
/* wax_crypto_keyenc - what a key of this kind encrypts with: RSA, ECDH, X25519, ML-KEM; NONE: nothing */
WaxKeyEncAlg wax_crypto_keyenc(const EVP_PKEY *pkey);

/*
 * wax_crypto_pbe_spend - may the key for that algorithm be derived from a password?  Iterations
 * (L-14), or N * r * p of scrypt, are bounded for each part of a file and for all of them together:
 * `left` begins at WAX_PBE_ALL.  KEY_UNSUPPORTED when not.
 */
#define WAX_PBE_EACH 5000000
#define WAX_PBE_ALL  10000000
bool wax_crypto_pbe_spend(
	const X509_ALGOR *alg, uint64_t *left, const char *what, GError **error) WAX_MUST_USE;
/* wax_crypto_pbe_spend_rounds - of the MAC of PKCS #12, which has nothing but a number; NULL: one */
bool wax_crypto_pbe_spend_rounds(
	const ASN1_INTEGER *rounds, uint64_t *left, const char *what, GError **error) WAX_MUST_USE;

/* wax_crypto_pbmac1_holds - does the MAC of the whole file hold by this password? (RFC 9579) */
bool wax_crypto_pbmac1_holds(WaxSpan file, const X509_ALGOR *alg, const ASN1_OCTET_STRING *mac,
	WaxSpan password) WAX_MUST_USE;

void wax_crypto_set_error(GError **error, WaxReason reason, const char *what);
#define wax_crypto_fail(error, reason, what) (wax_crypto_set_error(error, reason, what), false)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_NAME, X509_NAME_free)

#endif
