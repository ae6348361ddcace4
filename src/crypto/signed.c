/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures over what X.509 signs, checked on the octets as they came; names from their DER. */
#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "asn1/ber.h"
#include "crypto/internal.h"

bool wax_crypto_signed_read(WaxSpan der, WaxSigned *ret_signed, WaxSpan *ret_rest)
{
	WaxSigned what;
	WaxSpan body;
	WaxBer in;

	if (!wax_ber_only(der, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	in = wax_ber(body);
	if (!wax_ber_take_whole(&in, WAX_TAG_SEQUENCE, &what.signed_octets, NULL) ||
		!wax_ber_take_whole(&in, WAX_TAG_SEQUENCE, &what.algorithm, NULL) ||
		!wax_ber_take(&in, WAX_TAG_BIT_STRING, &what.signature, NULL) ||
		what.signature.n < 2 || what.signature.p[0] != 0)
		return false;
	*ret_signed = what;
	*ret_rest = WAX_SPAN(body.p + in.at, body.n - in.at);
	return true;
}

static X509_ALGOR *algorithm_of(const WaxSigned *what)
{
	const unsigned char *p = what->algorithm.p;

	return d2i_X509_ALGOR(NULL, &p, (long)what->algorithm.n);
}

bool wax_crypto_signed_by(const WaxSigned *what, const WaxCert *issuer)
{
	EVP_PKEY *key = wax_crypto_pubkey(issuer);
	X509_ALGOR *algorithm = key ? algorithm_of(what) : NULL;
	/* a SEQUENCE taken as a string is encoded as its octets stand */
	ASN1_STRING octets = { .type = V_ASN1_SEQUENCE,
		.data = (unsigned char *)(uintptr_t)what->signed_octets.p,
		.length = (int)what->signed_octets.n };
	ASN1_BIT_STRING *signature = ASN1_BIT_STRING_new();
	bool good = false;

	if (algorithm && ASN1_STRING_set(signature, what->signature.p + 1,
				 (int)what->signature.n - 1) == 1) {
		signature->flags |= ASN1_STRING_FLAG_BITS_LEFT;
		good = ASN1_item_verify(ASN1_ITEM_rptr(ASN1_SEQUENCE), algorithm, signature,
			       &octets, key) == 1;
	}
	ASN1_BIT_STRING_free(signature);
	X509_ALGOR_free(algorithm);
	ERR_clear_error();
	return good;
}

/* pss_digest - what the parameters name; absent ones mean SHA-1 (RFC 4055 3.1) */
static WaxDigestAlg pss_digest(const X509_ALGOR *algorithm)
{
	const void *value;
	const ASN1_OBJECT *object = NULL;
	RSA_PSS_PARAMS *params = NULL;
	WaxDigestAlg digest = WAX_DIGEST_SHA1;
	int type;

	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	if (type == V_ASN1_SEQUENCE)
		params = ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
	if (params && params->hashAlgorithm) {
		X509_ALGOR_get0(&object, NULL, NULL, params->hashAlgorithm);
		digest = wax_digest_from_oid(WAX_SPAN(OBJ_get0_data(object), OBJ_length(object)));
	}
	RSA_PSS_PARAMS_free(params);
	return digest;
}

/* is_short - of an algorithm that only libcrypto knows: a digest of less than SHA-224 */
static bool is_short(const ASN1_OBJECT *algorithm)
{
	int md = NID_undef;
	const EVP_MD *digest;

	if (!OBJ_find_sigid_algs(OBJ_obj2nid(algorithm), &md, NULL) || md == NID_undef)
		return false;
	digest = EVP_get_digestbynid(md);
	return !digest || EVP_MD_get_size(digest) < 28;
}

bool wax_crypto_signed_is_weak(const WaxSigned *what)
{
	X509_ALGOR *algorithm = algorithm_of(what);
	const ASN1_OBJECT *object = NULL;
	WaxDigestAlg digest = WAX_DIGEST_NONE;
	WaxSigAlg alg = WAX_SIG_ALG_NONE;
	bool weak = false;

	if (algorithm) {
		X509_ALGOR_get0(&object, NULL, NULL, algorithm);
		alg = wax_sig_from_oid(
			WAX_SPAN(OBJ_get0_data(object), OBJ_length(object)), &digest);
		if (alg == WAX_SIG_PSS)
			digest = pss_digest(algorithm);
		weak = alg == WAX_SIG_PSS ? digest == WAX_DIGEST_NONE
					  : alg == WAX_SIG_ALG_NONE && is_short(object);
	}
	X509_ALGOR_free(algorithm);
	ERR_clear_error();
	return weak || alg == WAX_SIG_DSA ||
	       (digest != WAX_DIGEST_NONE && wax_digest_is_weak(digest));
}

X509_NAME *wax_crypto_name(WaxSpan der)
{
	const unsigned char *p = der.p;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der.n);

	ERR_clear_error();
	return name;
}

uint32_t wax_crypto_name_hash(const X509_NAME *name)
{
	return (uint32_t)X509_NAME_hash_ex(name, NULL, NULL, NULL);
}
