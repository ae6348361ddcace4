/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/offer.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "crypto/cipher.h"
#include "crypto/internal.h"
#include "crypto/key.h"

const char *wax_offer_word(WaxOffer offer)
{
	static const char *const words[WAX_OFFER_COUNT_] = { "signatures", "recipients", "digests",
		"ciphers" };

	return words[offer];
}

/* has_cipher - it takes a key and a nonce of its size */
static bool has_cipher(WaxCipherAlg alg)
{
	static const uint8_t zeros[64];
	static const size_t nonces[] = { 12, 16, 8 };
	WaxSpan key = WAX_SPAN(zeros, wax_cipher_key_size(alg));

	for (size_t i = 0; i < G_N_ELEMENTS(nonces); i++) {
		g_autoptr(WaxCipher) cipher = wax_cipher_new(
			alg, /* encrypt= */ false, key, WAX_SPAN(zeros, nonces[i]), NULL);

		ERR_clear_error();
		if (cipher)
			return true;
	}
	return false;
}

/* has_recipient - RSA, ECDH and what needs no key pair are everywhere; the others have keys of their name */
static bool has_recipient(WaxKeyEncAlg alg)
{
	bool named = alg == WAX_KEYENC_X25519 || alg == WAX_KEYENC_X448 ||
		     (wax_keyenc_is_kem(alg) && alg != WAX_KEYENC_RSA_KEM);
	EVP_KEYMGMT *keys = named ? EVP_KEYMGMT_fetch(NULL, wax_keyenc_word(alg), NULL) : NULL;
	bool has = !named || keys;

	EVP_KEYMGMT_free(keys);
	ERR_clear_error();
	return has;
}

static void add(GPtrArray *list, const char *word)
{
	g_ptr_array_add(list, (char *)(uintptr_t)word);
}

GPtrArray *wax_offer_list(WaxOffer offer)
{
	GPtrArray *list = g_ptr_array_new();

	for (unsigned i = 1; offer == WAX_OFFER_SIGNATURES && i < WAX_SIG_ALG_COUNT_; i++)
		if (wax_sig_available((WaxSigAlg)i))
			add(list, wax_sig_word((WaxSigAlg)i));
	for (unsigned i = 1; offer == WAX_OFFER_RECIPIENTS && i < WAX_KEYENC_COUNT_; i++)
		if (has_recipient((WaxKeyEncAlg)i))
			add(list, wax_keyenc_word((WaxKeyEncAlg)i));
	for (unsigned i = 1; offer == WAX_OFFER_DIGESTS && i < WAX_DIGEST_COUNT_; i++)
		if (wax_crypto_md((WaxDigestAlg)i))
			add(list, wax_digest_word((WaxDigestAlg)i));
	for (unsigned i = 1; offer == WAX_OFFER_CIPHERS && i < WAX_CIPHER_COUNT_; i++)
		if (has_cipher((WaxCipherAlg)i))
			add(list, wax_cipher_word((WaxCipherAlg)i));
	return list;
}

const char *wax_offer_library(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}
