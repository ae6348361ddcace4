/* SPDX-License-Identifier: Apache-2.0 */
/* DSA keys whose parameters are those of the issuer (RFC 3279 2.3.2, SMIME.md P-14). */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "asn1/ber.h"
#include "crypto/internal.h"

/* read_spki - id-dsa, its parameters (empty when absent or NULL) and the INTEGER in the BIT STRING */
static bool read_spki(WaxSpan spki, WaxSpan *ret_parameters, WaxSpan *ret_y)
{
	WAX_OID(id_dsa, 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01);
	WaxSpan body, algorithm, oid, bits, y;
	WaxBer in;

	if (!wax_ber_only(spki, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	in = wax_ber(body);
	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, NULL) ||
		!wax_ber_take(&in, WAX_TAG_BIT_STRING, &bits, NULL) || !wax_ber_at_end(&in) ||
		!wax_ber_algorithm(algorithm, &oid, ret_parameters, NULL) ||
		!wax_span_equal(oid, id_dsa) || bits.n < 2 || bits.p[0] != 0 ||
		!wax_ber_only(WAX_SPAN(bits.p + 1, bits.n - 1), WAX_TAG_INTEGER, &y, NULL))
		return false;
	if (ret_parameters->n == 2 && ret_parameters->p[0] == WAX_TAG_NULL)
		*ret_parameters = WAX_SPAN_NONE;
	*ret_y = y;
	return true;
}

bool wax_crypto_dsa_lacks_parameters(WaxSpan spki)
{
	WaxSpan parameters, y;

	return read_spki(spki, &parameters, &y) && parameters.n == 0;
}

static EVP_PKEY *make(const OSSL_PARAM params[])
{
	g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	EVP_PKEY *key = NULL;

	if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
		EVP_PKEY_fromdata(
			context, &key, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)(uintptr_t)params) != 1)
		return NULL;
	return key;
}

EVP_PKEY *wax_crypto_dsa_inherit(WaxSpan spki, EVP_PKEY *other)
{
	static const char *const names[] = { OSSL_PKEY_PARAM_FFC_P, OSSL_PKEY_PARAM_FFC_Q,
		OSSL_PKEY_PARAM_FFC_G };
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	BIGNUM *numbers[4] = { NULL };
	EVP_PKEY *key = NULL;
	WaxSpan parameters, y;
	bool good = EVP_PKEY_is_a(other, "DSA") && read_spki(spki, &parameters, &y);

	for (size_t i = 0; good && i < 3; i++)
		good = EVP_PKEY_get_bn_param(other, names[i], &numbers[i]) == 1 &&
		       OSSL_PARAM_BLD_push_BN(builder, names[i], numbers[i]) == 1;
	/* a number of the group: 1 < y < p */
	good = good && y.n <= 1024 && (numbers[3] = BN_bin2bn(y.p, (int)y.n, NULL)) &&
	       !(y.p[0] & 0x80) && !BN_is_zero(numbers[3]) && !BN_is_one(numbers[3]) &&
	       BN_cmp(numbers[3], numbers[0]) < 0 &&
	       OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PUB_KEY, numbers[3]) == 1;
	if (good && (params = OSSL_PARAM_BLD_to_param(builder)))
		key = make(params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	for (size_t i = 0; i < 4; i++)
		BN_free(numbers[i]);
	ERR_clear_error();
	return key;
}
