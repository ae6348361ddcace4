/* SPDX-License-Identifier: Apache-2.0 */
/* Key encapsulation: RSA-KEM (RFC 9690) with any RSA key, ML-KEM (FIPS 203) where libcrypto has it. */
#include <openssl/err.h>

#include "core/status.h"
#include "crypto/internal.h"
#include "crypto/key.h"

static bool select_operation(EVP_PKEY_CTX *context, const EVP_PKEY *pkey)
{
	return !EVP_PKEY_is_a(pkey, "RSA") || EVP_PKEY_CTX_set_kem_op(context, "RSASVE") == 1;
}

static bool has_kem(const EVP_PKEY *pkey)
{
	WaxKeyEncAlg alg = pkey ? wax_crypto_keyenc(pkey) : WAX_KEYENC_NONE;

	return alg == WAX_KEYENC_RSA || wax_keyenc_is_kem(alg);
}

bool wax_key_decapsulate(WaxKey *key, WaxSpan ciphertext, WaxSecret **ret_secret, GError **error)
{
	EVP_PKEY *ours = wax_crypto_pkey(key);
	g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
	g_autoptr(WaxSecret) secret = NULL;
	size_t n = 0;
	bool ok = has_kem(ours) && context && EVP_PKEY_decapsulate_init(context, NULL) == 1 &&
		  select_operation(context, ours) &&
		  EVP_PKEY_decapsulate(context, NULL, &n, ciphertext.p, ciphertext.n) == 1;

	if (ok) {
		secret = wax_secret_new(n);
		ok = EVP_PKEY_decapsulate(context, secret->p, &n, ciphertext.p, ciphertext.n) ==
			     1 &&
		     n == secret->n;
	}
	ERR_clear_error();
	if (!ok)
		return wax_fail(
			error, WAX_R_CMS_DECRYPT_FAILED, "the content could not be decrypted");
	*ret_secret = g_steal_pointer(&secret);
	return true;
}

bool wax_cert_encapsulate(
	const WaxCert *cert, GByteArray **ret_ciphertext, WaxSecret **ret_secret, GError **error)
{
	EVP_PKEY *theirs = wax_crypto_pubkey(cert);
	g_autoptr(EVP_PKEY_CTX) context =
		has_kem(theirs) ? EVP_PKEY_CTX_new_from_pkey(NULL, theirs, NULL) : NULL;
	g_autoptr(GByteArray) ciphertext = g_byte_array_new();
	g_autoptr(WaxSecret) secret = NULL;
	size_t n = 0, secret_n = 0;
	bool ok = context && EVP_PKEY_encapsulate_init(context, NULL) == 1 &&
		  select_operation(context, theirs) &&
		  EVP_PKEY_encapsulate(context, NULL, &n, NULL, &secret_n) == 1;

	if (ok) {
		g_byte_array_set_size(ciphertext, (guint)n);
		secret = wax_secret_new(secret_n);
		ok = EVP_PKEY_encapsulate(context, ciphertext->data, &n, secret->p, &secret_n) == 1;
	}
	if (!ok)
		return wax_crypto_fail(error, WAX_R_CRYPTO_ERROR,
			"the content key could not be encrypted to a recipient");
	*ret_ciphertext = g_steal_pointer(&ciphertext);
	*ret_secret = g_steal_pointer(&secret);
	return true;
}
