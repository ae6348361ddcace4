/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/cert - an X.509 certificate, parsed once
 *
 * DESCRIPTION
 *	Reads what Waxwing asks of a certificate (RFC 5280, RFC 9598) and keeps
 *	the octets as they came.  Parsing costs more than using, so parsed
 *	certificates are kept in a bounded cache by the hash of their octets.
 *
 * NOT CHECKED HERE
 *	Whether anybody should believe it: trust/path.
 *
 * OWNERSHIP
 *	Reference counted; spans and texts live as long as the certificate.
 *
 * ERRORS
 *	CERT_MALFORMED, NO_INPUT.
 */
#ifndef WAX_CRYPTO_CERT_H
#define WAX_CRYPTO_CERT_H

#include <glib.h>

#include "asn1/algorithms.h"
#include "core/base.h"

typedef struct WaxCert WaxCert;

typedef enum {
	WAX_KEY_UNKNOWN,
	WAX_KEY_RSA,
	WAX_KEY_RSA_PSS, /* an RSA key restricted to PSS */
	WAX_KEY_EC,
	WAX_KEY_PURE, /* EdDSA, ML-DSA, SLH-DSA: `pure` says which */
	WAX_KEY_XDH,  /* X25519, X448 */
	WAX_KEY_ML_KEM,
	WAX_KEY_OTHER,
	WAX_KEY_DSA, /* read only */
} WaxKeyKind;

/* keyUsage bits of RFC 5280 4.2.1.3 that decide anything here */
enum {
	WAX_KU_DIGITAL_SIGNATURE = 1,
	WAX_KU_NON_REPUDIATION = 2,
	WAX_KU_KEY_ENCIPHERMENT = 4,
	WAX_KU_KEY_AGREEMENT = 8,
	WAX_KU_CERT_SIGN = 16,
	WAX_KU_CRL_SIGN = 32,
};

typedef struct {
	WaxSpan der;
	uint8_t sha256[32];
	WaxSpan subject, issuer;		/* Names, whole DER */
	WaxSpan serial;				/* INTEGER body */
	WaxSpan issuer_and_serial;		/* the CMS SEQUENCE, whole DER */
	WaxSpan key_id, authority_key_id;	/* empty when absent */
	WaxSpan spki;				/* SubjectPublicKeyInfo, whole DER */
	const char *subject_text, *issuer_text; /* RFC 2253 */
	const char *serial_text;		/* hex */
	int64_t not_before, not_after;
	const char *const *addresses;	   /* keys of core/address, NULL-ended */
	const char *const *utf8_addresses; /* SmtpUTF8Mailbox: local part octet for octet */
	WaxKeyKind key_kind;		   /* UNKNOWN also when this libcrypto does not know it */
	WaxKeyEncAlg keyenc; /* what the key encrypts with of itself: RSA, ECDH, X25519, ML-KEM */
	unsigned key_bits;
	const char *curve;   /* "P-256", NULL when not EC */
	WaxSigAlg pure;	     /* of a PURE key: the one algorithm that it signs with */
	bool pss_restricted; /* an RSA_PSS key whose parameters are `pss` (P-02) */
	WaxPss pss;
	bool key_too_large; /* L-17: nothing is computed with it */
	bool has_key_usage;
	unsigned key_usage;
	bool has_eku, eku_mail;
	bool eku_ocsp;	    /* id-kp-OCSPSigning, by name */
	bool ocsp_no_check; /* RFC 6960 4.2.2.2.1 */
	bool is_version_1, is_ca, has_basic_constraints;
	int path_length; /* -1: no limit */
	bool has_name_constraints;
	bool self_issued;
	bool unknown_critical;
	bool names_revocation_source; /* a CRL or an OCSP responder */
	bool key_inherits; /* DSA without parameters: it has those of its issuer (RFC 3279 2.3.2) */
	uint32_t subject_hash, issuer_hash; /* names equal by RFC 5280 7.1 have equal ones */
	WaxSpan capabilities;	 /* smimeCapabilities (RFC 4262), whole DER; empty when absent */
	const GPtrArray *points; /* WaxPoint: its distribution points, maybe none */
	WaxSigAlg sig_alg;
	WaxDigestAlg sig_digest; /* NONE where the algorithm's name does not say it */
	bool sig_weak;		 /* signed over a digest of less than 112 bits of security */
} WaxCertInfo;

/* wax_cert_parse - one certificate, exactly */
WaxCert *wax_cert_parse(WaxSpan der, GError **error) WAX_MUST_USE;
WaxCert *wax_cert_ref(WaxCert *cert);
void wax_cert_unref(WaxCert *cert);
const WaxCertInfo *wax_cert_info(const WaxCert *cert);

/* wax_cert_load - every certificate of PEM text or of PKCS #7, or one in DER; elements are WaxCert */
bool wax_certs_parse(WaxSpan bytes, GPtrArray **ret_certs, GError **error) WAX_MUST_USE;
bool wax_certs_load(const char *path, GPtrArray **ret_certs, GError **error) WAX_MUST_USE;
char *wax_cert_pem(const WaxCert *cert);

/* wax_cert_signed_by - does the issuer's key verify this certificate's signature? */
bool wax_cert_signed_by(const WaxCert *cert, const WaxCert *issuer);

/*
 * wax_cert_completed - a DSA certificate without parameters, with those of its issuer, whose own
 * are complete (P-14); NULL when that makes no key.  Whose parameters they are decides what the key
 * verifies: they must be those of the next certificate of the very path that is believed.
 */
WaxCert *wax_cert_completed(const WaxCert *cert, const WaxCert *issuer) WAX_MUST_USE;

/* wax_cert_named_issuer - is the issuer's name the one that the certificate gives? (RFC 5280 7.1) */
bool wax_cert_named_issuer(const WaxCert *cert, const WaxCert *issuer);

/* wax_cert_names_permitted - do the issuer's name constraints allow this certificate's names? */
bool wax_cert_names_permitted(const WaxCert *issuer, const WaxCert *cert);

bool wax_cert_can_sign(const WaxCert *cert);	/* keyUsage only */
bool wax_cert_can_encrypt(const WaxCert *cert); /* keyUsage only */

/* wax_cert_has_address - the key of core/address among its addresses */
bool wax_cert_has_address(const WaxCert *cert, const char *key);

/* wax_cert_has_weak_key - RSA below 2048, a curve below 224 bits, DSA */
bool wax_cert_has_weak_key(const WaxCert *cert);

/* wax_cert_is_weak - a weak key, or signed with SHA-1, MD5 or the like (not when by its own key) */
bool wax_cert_is_weak(const WaxCert *cert);

/* the inputs of RFC 5280 6.1.1 c, e, f, g; all zero asks for any policy */
typedef struct {
	const char *const *oids; /* dotted, NULL-ended; NULL: any policy */
	bool explicit_policy, no_mapping, no_any;
} WaxPolicyQuestion;

/* wax_cert_policies_stand - leaf first, anchor last; *ret_oids (to g_strfreev) is what holds for the user */
bool wax_cert_policies_stand(
	WaxCert *const *chain, unsigned depth, const WaxPolicyQuestion *question, char ***ret_oids);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxCert, wax_cert_unref)

#endif
