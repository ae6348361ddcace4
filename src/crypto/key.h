/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/key - private keys and what is done with them, public keys of certificates
 *
 * DESCRIPTION
 *	Signing: RSA PKCS #1 v1.5, PSS (salt = hash, or what a restricted key
 *	wants), ECDSA, EdDSA, ML-DSA, SLH-DSA (those that this libcrypto has).
 *	Unwrapping: RSA v1.5 with implicit rejection and OAEP; key agreement:
 *	ECDH, X25519, X448; encapsulation: RSA-KEM and, where libcrypto has it,
 *	ML-KEM.  The same on the public side.
 *	RSA v1.5 unwrapping never says that it failed: it takes the expected
 *	length and gives that many octets, right or pseudo-random, in the
 *	same time (SMIME.md R-46).
 *
 * OWNERSHIP
 *	Reference counted.  Secrets come back as WaxSecret.
 *
 * ERRORS
 *	KEY_MALFORMED, PASSWORD_WRONG, KEY_UNSUPPORTED, CRYPTO_ERROR,
 *	CMS_DECRYPT_FAILED.
 */
#ifndef WAX_CRYPTO_KEY_H
#define WAX_CRYPTO_KEY_H

#include <glib.h>

#include "asn1/algorithms.h"
#include "core/secret.h"
#include "crypto/cert.h"

typedef struct WaxKey WaxKey;

/*
 * wax_key_generate - "rsa-2048", "rsa-3072", "rsa-4096", "p256", "p384", "p521", "x25519", "x448";
 * where libcrypto has them "ml-kem-512", "ml-kem-768", "ml-kem-1024", "ed25519", "ed448",
 * "ml-dsa-44", "slh-dsa-sha2-128s" and their like (wax_sig_word)
 */
WaxKey *wax_key_generate(const char *kind, GError **error) WAX_MUST_USE;

/* wax_key_parse - PKCS #8 or traditional, PEM or DER; password may be NULL */
WaxKey *wax_key_parse(WaxSpan bytes, const WaxSecret *password, GError **error) WAX_MUST_USE;
WaxKey *wax_key_ref(WaxKey *key);
void wax_key_unref(WaxKey *key);

WaxKeyKind wax_key_kind(const WaxKey *key);
WaxKeyEncAlg wax_key_keyenc(const WaxKey *key); /* as WaxCertInfo's */
unsigned wax_key_bits(const WaxKey *key);

/* wax_key_pkcs8 - unencrypted PrivateKeyInfo */
WaxSecret *wax_key_pkcs8(const WaxKey *key);

/* wax_key_spki - SubjectPublicKeyInfo, whole DER */
GByteArray *wax_key_spki(const WaxKey *key);
bool wax_key_fits(const WaxKey *key, const WaxCert *cert);

/* wax_key_sign - over bytes, hashed here unless the scheme is pure, which takes no digest; the value is appended to ret_signature */
bool wax_key_sign(WaxKey *key, WaxSigAlg alg, WaxDigestAlg digest, WaxSpan bytes,
	GByteArray **ret_signature, GError **error) WAX_MUST_USE;

bool wax_key_unwrap_rsa(WaxKey *key, WaxSpan wrapped, size_t expected, WaxSecret **ret_key,
	GError **error) WAX_MUST_USE;
bool wax_key_unwrap_oaep(WaxKey *key, const WaxOaep *oaep, WaxSpan wrapped, WaxSecret **ret_key,
	GError **error) WAX_MUST_USE;

/*
 * wax_key_agree - Z of ECDH, the x coordinate, or of X25519 and X448; not zero.  The point must be
 * on the key's curve, and the curve that is named (OID body), if one is, must be the key's.
 */
bool wax_key_agree(WaxKey *key, WaxSpan point, WaxSpan curve, bool cofactor, WaxSecret **ret_secret,
	GError **error) WAX_MUST_USE;

/* wax_key_decapsulate - the secret of ML-KEM, or Z of RSA-KEM */
bool wax_key_decapsulate(
	WaxKey *key, WaxSpan ciphertext, WaxSecret **ret_secret, GError **error) WAX_MUST_USE;

/* wax_cert_verify - true when the signature over bytes is right; pss may be NULL for other schemes */
bool wax_cert_verify(const WaxCert *cert, WaxSigAlg alg, WaxDigestAlg digest, const WaxPss *pss,
	WaxSpan bytes, WaxSpan signature);

/* wax_sig_available - can this libcrypto make and check such signatures? */
bool wax_sig_available(WaxSigAlg alg);

/* wax_cert_verify_digest - as verify, for a digest that is known already; pure schemes have none */
bool wax_cert_verify_digest(const WaxCert *cert, WaxSigAlg alg, WaxDigestAlg digest,
	const WaxPss *pss, WaxSpan value, WaxSpan signature);

bool wax_cert_wrap_rsa(const WaxCert *cert, bool oaep, WaxSpan key, GByteArray **ret_wrapped,
	GError **error) WAX_MUST_USE;

/* wax_cert_agree - a fresh ephemeral key of the certificate's kind: its public half, and Z */
bool wax_cert_agree(const WaxCert *cert, GByteArray **ret_point, WaxSecret **ret_secret,
	GError **error) WAX_MUST_USE;

/* wax_cert_encapsulate - a fresh secret of ML-KEM, or Z of RSA-KEM, and what tells it to the owner */
bool wax_cert_encapsulate(const WaxCert *cert, GByteArray **ret_ciphertext, WaxSecret **ret_secret,
	GError **error) WAX_MUST_USE;

/* PKCS #12 (RFC 7292) */
typedef struct {
	WaxKey *key;
	WaxCert *cert; /* the one that fits the key */
	GPtrArray *chain;
} WaxPkcs12;

/*
 * wax_pkcs12_parse - elements are WaxPkcs12, one for each key; chains in any order; RC2 and 3DES read
 * where libcrypto still can.  A key that no certificate fits is refused.
 */
bool wax_pkcs12_parse(WaxSpan bytes, const WaxSecret *password, GPtrArray **ret_contents,
	GError **error) WAX_MUST_USE;
void wax_pkcs12_clear(WaxPkcs12 *contents);

/* wax_pkcs12_parse_all - as parse, but such a key is left out */
bool wax_pkcs12_parse_all(WaxSpan bytes, const WaxSecret *password, GPtrArray **ret_contents,
	GError **error) WAX_MUST_USE;

/* wax_pkcs12_write - PBES2 with AES-256-CBC, HMAC-SHA-256 */
bool wax_pkcs12_write(const WaxPkcs12 *contents, const char *name, const WaxSecret *password,
	GByteArray **ret_bytes, GError **error) WAX_MUST_USE;

/* what a certificate that we issue says */
typedef struct {
	const char *common_name;
	const char *organisation;     /* NULL when none */
	const char *const *addresses; /* rfc822Name, NULL-ended; NULL when none */
	WaxSpan spki;		      /* the subject's key */
	WaxSpan serial;		      /* INTEGER body, positive, at most 20 octets */
	int64_t not_before, not_after;
	bool ca;
	int path_length;    /* of a CA; -1: none */
	unsigned key_usage; /* WAX_KU_ */
	bool eku_mail;
	const char *policy_oid;			   /* dotted; NULL when none */
	const char *const *permitted_mail_domains; /* name constraints of a CA; NULL when none */
} WaxCertProfile;

/* wax_cert_issue - issuer NULL: self-signed with `key` */
WaxCert *wax_cert_issue(const WaxCertProfile *profile, const WaxCert *issuer, WaxKey *key,
	GError **error) WAX_MUST_USE;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxKey, wax_key_unref)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxPkcs12, wax_pkcs12_clear)

#endif
