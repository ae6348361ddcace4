/* SPDX-License-Identifier: Apache-2.0 */
/* signatures, made by a key and checked by a certificate's */
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "asn1/ber.h"
#include "asn1/identifiers.h"
#include "core/status.h"
#include "crypto/digest.h"
#include "crypto/internal.h"
#include "crypto/key.h"

/* a context that was set up for one scheme: that costs about as much as P-256 itself */
typedef struct WaxSigning {
	EVP_PKEY_CTX *context;
	WaxSigAlg alg;
	WaxDigestAlg digest;
} Signing;

void wax_crypto_signing_free(Signing *signing)
{
	if (!signing)
		return;
	EVP_PKEY_CTX_free(signing->context);
	g_free(signing);
}

static const struct {
	WaxSigAlg alg;
	const char *name;
} pure[] = {
	{ WAX_SIG_ED25519, "ED25519" },
	{ WAX_SIG_ED448, "ED448" },
	{ WAX_SIG_ML_DSA_44, "ML-DSA-44" },
	{ WAX_SIG_ML_DSA_65, "ML-DSA-65" },
	{ WAX_SIG_ML_DSA_87, "ML-DSA-87" },
	{ WAX_SIG_SLH_DSA_SHA2_128S, "SLH-DSA-SHA2-128s" },
	{ WAX_SIG_SLH_DSA_SHA2_128F, "SLH-DSA-SHA2-128f" },
	{ WAX_SIG_SLH_DSA_SHA2_192S, "SLH-DSA-SHA2-192s" },
	{ WAX_SIG_SLH_DSA_SHA2_192F, "SLH-DSA-SHA2-192f" },
	{ WAX_SIG_SLH_DSA_SHA2_256S, "SLH-DSA-SHA2-256s" },
	{ WAX_SIG_SLH_DSA_SHA2_256F, "SLH-DSA-SHA2-256f" },
	{ WAX_SIG_SLH_DSA_SHAKE_128S, "SLH-DSA-SHAKE-128s" },
	{ WAX_SIG_SLH_DSA_SHAKE_128F, "SLH-DSA-SHAKE-128f" },
	{ WAX_SIG_SLH_DSA_SHAKE_192S, "SLH-DSA-SHAKE-192s" },
	{ WAX_SIG_SLH_DSA_SHAKE_192F, "SLH-DSA-SHAKE-192f" },
	{ WAX_SIG_SLH_DSA_SHAKE_256S, "SLH-DSA-SHAKE-256s" },
	{ WAX_SIG_SLH_DSA_SHAKE_256F, "SLH-DSA-SHAKE-256f" },
};

const char *wax_crypto_pure_name(WaxSigAlg alg)
{
	for (size_t i = 0; i < G_N_ELEMENTS(pure); i++)
		if (pure[i].alg == alg)
			return pure[i].name;
	return NULL;
}

WaxSigAlg wax_crypto_pure_alg(const EVP_PKEY *pkey)
{
	for (size_t i = 0; i < G_N_ELEMENTS(pure); i++)
		if (EVP_PKEY_is_a(pkey, pure[i].name))
			return pure[i].alg;
	return WAX_SIG_ALG_NONE;
}

bool wax_sig_available(WaxSigAlg alg)
{
	const char *name = wax_crypto_pure_name(alg);
	EVP_SIGNATURE *method = name ? EVP_SIGNATURE_fetch(NULL, name, NULL) : NULL;
	bool available = !name || method;

	EVP_SIGNATURE_free(method);
	ERR_clear_error();
	return available && alg != WAX_SIG_ALG_NONE;
}

bool wax_crypto_pss_restriction(WaxSpan spki, WaxPss *ret_pss)
{
	WaxSpan body, algorithm, oid, parameters;
	WaxBer in;

	if (!wax_ber_only(spki, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	in = wax_ber(body);
	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, NULL) ||
		!wax_ber_algorithm(algorithm, &oid, &parameters, NULL) || !parameters.n)
		return false;
	/* a restriction that cannot be read permits nothing */
	if (!wax_pss_read(parameters, ret_pss, NULL))
		*ret_pss = (WaxPss){ .bad_trailer = true };
	return true;
}

bool wax_crypto_key_affordable(EVP_PKEY *pkey)
{
	BIGNUM *exponent = NULL;
	bool affordable;

	if (EVP_PKEY_is_a(pkey, "DSA"))
		return EVP_PKEY_get_bits(pkey) <= WAX_DSA_BITS_MAX;
	if (!EVP_PKEY_is_a(pkey, "RSA") && !EVP_PKEY_is_a(pkey, "RSA-PSS"))
		return true;
	affordable = EVP_PKEY_get_bits(pkey) <= WAX_RSA_BITS_MAX &&
		     EVP_PKEY_get_bn_param(pkey, "e", &exponent) == 1 &&
		     BN_num_bits(exponent) <= WAX_RSA_EXPONENT_MAX;
	BN_free(exponent);
	ERR_clear_error();
	return affordable;
}

/* set_padding - what a signature scheme wants of the context */
static bool set_padding(EVP_PKEY_CTX *context, WaxSigAlg alg, const WaxPss *pss)
{
	if (alg == WAX_SIG_RSA)
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
	if (alg != WAX_SIG_PSS)
		return true;
	return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(context, wax_crypto_md(pss->mgf_digest)) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, (int)pss->salt) == 1;
}

static bool scheme_fits(WaxSigAlg alg, EVP_PKEY *pkey)
{
	if (wax_sig_is_pure(alg))
		return EVP_PKEY_is_a(pkey, wax_crypto_pure_name(alg));
	if (alg == WAX_SIG_ECDSA)
		return EVP_PKEY_is_a(pkey, "EC");
	if (alg == WAX_SIG_RSA)
		return EVP_PKEY_is_a(pkey, "RSA");
	if (alg == WAX_SIG_DSA)
		return EVP_PKEY_is_a(pkey, "DSA");
	return alg == WAX_SIG_PSS && (EVP_PKEY_is_a(pkey, "RSA") || EVP_PKEY_is_a(pkey, "RSA-PSS"));
}

/* set_up - for this scheme, from the time before where it fits; NULL: libcrypto refuses */
static Signing *set_up(WaxKey *key, WaxSigAlg alg, WaxDigestAlg digest)
{
	Signing *signing = g_atomic_pointer_exchange(&key->signing, NULL);
	WaxPss pss = wax_pss_for(key->restricted ? &key->pss : NULL, digest);

	if (signing && signing->alg == alg && signing->digest == digest)
		return signing;
	wax_crypto_signing_free(signing);
	signing = g_new0(Signing, 1);
	signing->alg = alg;
	signing->digest = digest;
	signing->context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	if (signing->context && EVP_PKEY_sign_init(signing->context) == 1 &&
		set_padding(signing->context, alg, &pss) &&
		EVP_PKEY_CTX_set_signature_md(signing->context, wax_crypto_md(digest)) == 1)
		return signing;
	wax_crypto_signing_free(signing);
	return NULL;
}

/* put_back - for the next signature; of two threads that sign at once one sets up anew */
static void put_back(WaxKey *key, Signing *signing)
{
	wax_crypto_signing_free(g_atomic_pointer_exchange(&key->signing, signing));
}

static bool sign_hashed(WaxKey *key, WaxSigAlg alg, WaxDigestAlg digest, WaxSpan bytes,
	GByteArray *value, size_t *n, GError **error)
{
	uint8_t hash[WAX_DIGEST_MAX];
	Signing *signing;

	if (!wax_digest_once(digest, bytes, hash, error))
		return false;
	signing = set_up(key, alg, digest);
	if (!signing || EVP_PKEY_sign(signing->context, value->data, n, hash,
				wax_digest_size(digest)) != 1) {
		wax_crypto_signing_free(signing);
		return wax_crypto_fail(error, WAX_R_CRYPTO_ERROR, "signing failed");
	}
	put_back(key, signing);
	return true;
}

static bool sign_pure(WaxKey *key, WaxSpan bytes, GByteArray *value, size_t *n, GError **error)
{
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();

	if (!context ||
		EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, key->pkey, NULL) != 1 ||
		EVP_DigestSign(context, value->data, n, bytes.p, bytes.n) != 1)
		return wax_crypto_fail(error, WAX_R_CRYPTO_ERROR, "signing failed");
	return true;
}

bool wax_key_sign(WaxKey *key, WaxSigAlg alg, WaxDigestAlg digest, WaxSpan bytes,
	GByteArray **ret_signature, GError **error)
{
	g_autoptr(GByteArray) value = g_byte_array_new();
	size_t n = (size_t)EVP_PKEY_get_size(key->pkey);
	bool is_pure = wax_sig_is_pure(alg);

	if (!scheme_fits(alg, key->pkey) ||
		(!is_pure && (!wax_crypto_md(digest) || digest == WAX_DIGEST_SHAKE256)))
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED, "this key cannot sign with %s and %s",
			wax_sig_word(alg), wax_digest_word(digest));
	g_byte_array_set_size(value, (guint)n);
	if (!(is_pure ? sign_pure(key, bytes, value, &n, error)
		      : sign_hashed(key, alg, digest, bytes, value, &n, error)))
		return false;
	g_byte_array_set_size(value, (guint)n);
	*ret_signature = g_steal_pointer(&value);
	return true;
}

/* pss_stands - parameters that may be checked at all, and that the key allows (P-02) */
static bool pss_stands(const WaxCertInfo *info, const WaxPss *pss, WaxDigestAlg digest)
{
	/* RFC 8017 9.1.1: the encoded message has one bit less than the modulus */
	size_t octets = (info->key_bits + 6) / 8, taken = wax_digest_size(digest) + 2;

	return pss && pss->digest == digest && wax_crypto_md(pss->mgf_digest) &&
	       pss->mgf_digest != WAX_DIGEST_SHAKE256 && !pss->bad_trailer && octets >= taken &&
	       pss->salt <= octets - taken &&
	       (!info->pss_restricted || wax_pss_permits(&info->pss, pss));
}

bool wax_cert_verify_digest(const WaxCert *cert, WaxSigAlg alg, WaxDigestAlg digest,
	const WaxPss *pss, WaxSpan value, WaxSpan signature)
{
	EVP_PKEY *key = wax_crypto_pubkey(cert);
	const WaxCertInfo *info = wax_cert_info(cert);
	const EVP_MD *md = wax_crypto_md(digest);
	g_autoptr(EVP_PKEY_CTX) context = NULL;
	bool right;

	if (!key || !md || wax_sig_is_pure(alg) || !scheme_fits(alg, key) ||
		digest == WAX_DIGEST_SHAKE256 || value.n != wax_digest_size(digest) ||
		(alg == WAX_SIG_PSS && !pss_stands(info, pss, digest)))
		return false;
	context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	right = context && EVP_PKEY_verify_init(context) == 1 && set_padding(context, alg, pss) &&
		EVP_PKEY_CTX_set_signature_md(context, md) == 1 &&
		EVP_PKEY_verify(context, signature.p, signature.n, value.p, value.n) == 1;
	ERR_clear_error();
	return right;
}

static bool verify_pure(const WaxCert *cert, WaxSigAlg alg, WaxSpan bytes, WaxSpan signature)
{
	EVP_PKEY *key = wax_crypto_pubkey(cert);
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
	bool right = key && scheme_fits(alg, key) && context &&
		     EVP_DigestVerifyInit_ex(context, NULL, NULL, NULL, NULL, key, NULL) == 1 &&
		     EVP_DigestVerify(context, signature.p, signature.n, bytes.p, bytes.n) == 1;

	ERR_clear_error();
	return right;
}

bool wax_cert_verify(const WaxCert *cert, WaxSigAlg alg, WaxDigestAlg digest, const WaxPss *pss,
	WaxSpan bytes, WaxSpan signature)
{
	uint8_t value[WAX_DIGEST_MAX];

	if (wax_sig_is_pure(alg))
		return verify_pure(cert, alg, bytes, signature);
	return wax_digest_once(digest, bytes, value, NULL) &&
	       wax_cert_verify_digest(
		       cert, alg, digest, pss, WAX_SPAN(value, wax_digest_size(digest)), signature);
}
