/* SPDX-License-Identifier: Apache-2.0 */
/* What a password-based seal costs to open; whoever wrote the file chose it, so it is looked at before it is paid. */
#include <openssl/pkcs12.h>

#include "core/status.h"
#include "crypto/internal.h"

#define DERIVED_MAX 64 /* octets of a derived key: more of them cost further passes */

/* number_of - 0 when it is none that counts */
static uint64_t number_of(const ASN1_INTEGER *n)
{
	uint64_t value;

	return n && ASN1_INTEGER_get_uint64(&value, n) == 1 ? value : 0;
}

static bool is_short(const ASN1_INTEGER *octets)
{
	return !octets || (number_of(octets) > 0 && number_of(octets) <= DERIVED_MAX);
}

/* product_of - 0 when one of them is, else at most one more than may be */
static uint64_t product_of(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0)
		return 0;
	return a > WAX_PBE_EACH / b ? WAX_PBE_EACH + 1 : a * b;
}

static uint64_t cost_of_pbkdf2(const X509_ALGOR *kdf)
{
	PBKDF2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), kdf->parameter);
	uint64_t cost = p && is_short(p->keylength) ? number_of(p->iter) : 0;

	PBKDF2PARAM_free(p);
	return cost;
}

/* a step of scrypt is one block mixed, which takes about as long as a round of PBKDF2 */
static uint64_t cost_of_scrypt(const X509_ALGOR *kdf)
{
	SCRYPT_PARAMS *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), kdf->parameter);
	uint64_t cost = 0;

	if (p && is_short(p->keyLength))
		cost = product_of(number_of(p->costParameter),
			product_of(
				number_of(p->blockSize), number_of(p->parallelizationParameter)));
	SCRYPT_PARAMS_free(p);
	return cost;
}

/* of PBES2, and of PBMAC1, whose parameters begin in the same way (RFC 8018 A.4, A.5) */
static uint64_t cost_of_version_2(const X509_ALGOR *alg)
{
	PBE2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), alg->parameter);
	int kdf = p ? OBJ_obj2nid(p->keyfunc->algorithm) : NID_undef;
	uint64_t cost = kdf == NID_id_pbkdf2   ? cost_of_pbkdf2(p->keyfunc)
			: kdf == NID_id_scrypt ? cost_of_scrypt(p->keyfunc)
					       : 0;

	PBE2PARAM_free(p);
	return cost;
}

static uint64_t cost_of_version_1(const X509_ALGOR *alg)
{
	PBEPARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), alg->parameter);
	uint64_t cost = p ? number_of(p->iter) : 0;

	PBEPARAM_free(p);
	return cost;
}

static bool spend(uint64_t cost, uint64_t *left, const char *what, GError **error)
{
	if (cost == 0)
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED,
			"%s is protected in a way that cannot be read here; write the file anew "
			"with PBES2 and AES, as openssl pkcs12 -export does",
			what);
	if (cost > WAX_PBE_EACH)
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED,
			"%s asks for more than %d iterations for its password; write the file anew "
			"with fewer, as with openssl pkcs12 -export -iter 600000",
			what, WAX_PBE_EACH);
	if (cost > *left)
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED,
			"the parts of this file together ask for more than %d iterations for their "
			"password; write it anew with fewer, as with openssl pkcs12 -export -iter "
			"600000",
			WAX_PBE_ALL);
	*left -= cost;
	return true;
}

bool wax_crypto_pbe_spend(const X509_ALGOR *alg, uint64_t *left, const char *what, GError **error)
{
	int nid = OBJ_obj2nid(alg->algorithm);
	bool two = nid == NID_pbes2 || nid == NID_pbmac1;

	return spend(two ? cost_of_version_2(alg) : cost_of_version_1(alg), left, what, error);
}

bool wax_crypto_pbe_spend_rounds(
	const ASN1_INTEGER *rounds, uint64_t *left, const char *what, GError **error)
{
	return spend(rounds ? number_of(rounds) : 1, left, what, error);
}
