/* SPDX-License-Identifier: Apache-2.0 */
/* Key agreement: ECDH, X25519, X448. */
#include <openssl/ec.h>
#include <openssl/err.h>

#include "core/status.h"
#include "crypto/constant.h"
#include "crypto/internal.h"
#include "crypto/key.h"

#define SECRET_MAX 80

static bool derive(EVP_PKEY *ours, EVP_PKEY *theirs, bool cofactor, WaxSecret **ret_secret)
{
	g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
	g_autoptr(WaxSecret) secret = wax_secret_new(SECRET_MAX);
	size_t n = secret->n;

	if (!context || EVP_PKEY_derive_init(context) != 1 ||
		(EVP_PKEY_is_a(ours, "EC") &&
			EVP_PKEY_CTX_set_ecdh_cofactor_mode(context, cofactor) != 1) ||
		EVP_PKEY_derive_set_peer_ex(context, theirs, 1) != 1 ||
		EVP_PKEY_derive(context, secret->p, &n) != 1)
		return false;
	secret->n = n;
	/* a point of small order gives zero, whatever the key is (P-07) */
	if (wax_constant_is_zero(secret->p, n))
		return false;
	*ret_secret = g_steal_pointer(&secret);
	return true;
}

/* is_curve_of - does the OID name the group of this key?  None named: yes */
static bool is_curve_of(const EVP_PKEY *pkey, WaxSpan curve)
{
	char group[80];
	const ASN1_OBJECT *object;

	if (!curve.n)
		return true;
	if (EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) != 1)
		return false;
	object = OBJ_nid2obj(OBJ_txt2nid(group));
	return object && wax_span_equal(curve, WAX_SPAN(OBJ_get0_data(object), OBJ_length(object)));
}

/* on_curve - a point on the curve of our key; hybrid encoding (6, 7) is refused (P-05) */
static EVP_PKEY *on_curve(const EVP_PKEY *ours, WaxSpan point)
{
	EVP_PKEY *peer;

	if (point.n < 2 || point.p[0] < 2 || point.p[0] > 4)
		return NULL;
	peer = EVP_PKEY_new();
	if (EVP_PKEY_copy_parameters(peer, ours) == 1 &&
		EVP_PKEY_set1_encoded_public_key(peer, point.p, point.n) == 1)
		return peer;
	EVP_PKEY_free(peer);
	return NULL;
}

bool wax_key_agree(WaxKey *key, WaxSpan point, WaxSpan curve, bool cofactor, WaxSecret **ret_secret,
	GError **error)
{
	EVP_PKEY *ours = wax_crypto_pkey(key);
	WaxKeyEncAlg alg = wax_crypto_keyenc(ours);
	g_autoptr(EVP_PKEY) peer = NULL;
	bool ok;

	if (alg == WAX_KEYENC_ECDH && is_curve_of(ours, curve))
		peer = on_curve(ours, point);
	else if (alg == WAX_KEYENC_X25519 || alg == WAX_KEYENC_X448)
		peer = EVP_PKEY_new_raw_public_key_ex(
			NULL, alg == WAX_KEYENC_X448 ? "X448" : "X25519", NULL, point.p, point.n);
	ok = peer && derive(ours, peer, cofactor, ret_secret);
	ERR_clear_error();
	return ok ||
	       wax_fail(error, WAX_R_CMS_DECRYPT_FAILED, "the content could not be decrypted");
}

bool wax_cert_agree(
	const WaxCert *cert, GByteArray **ret_point, WaxSecret **ret_secret, GError **error)
{
	EVP_PKEY *theirs = wax_crypto_pubkey(cert);
	g_autoptr(EVP_PKEY) ours = NULL;
	g_autoptr(EVP_PKEY_CTX) context = NULL;
	EVP_PKEY *made = NULL;
	unsigned char *point = NULL;
	size_t n;

	if (theirs)
		context = EVP_PKEY_CTX_new_from_pkey(NULL, theirs, NULL);
	if (!context || EVP_PKEY_keygen_init(context) != 1 || EVP_PKEY_keygen(context, &made) != 1)
		return wax_crypto_fail(error, WAX_R_CRYPTO_ERROR, "no ephemeral key could be made");
	ours = made;
	if (!derive(ours, theirs, false, ret_secret))
		return wax_crypto_fail(error, WAX_R_CRYPTO_ERROR, "the key agreement failed");
	n = EVP_PKEY_get1_encoded_public_key(ours, &point);
	*ret_point = g_byte_array_new();
	g_byte_array_append(*ret_point, point, (guint)n);
	OPENSSL_free(point);
	return true;
}
