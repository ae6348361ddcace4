/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cipher.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "core/status.h"
#include "crypto/ccm.h"
#include "crypto/constant.h"
#include "crypto/digest.h"
#include "crypto/internal.h"

#define BLOCK_MAX 16

struct WaxCipher {
	EVP_CIPHER_CTX *context; /* NULL when it is CCM */
	WaxCcm *ccm;
	WaxCipherAlg alg;
	bool encrypt;
	uint8_t held[BLOCK_MAX]; /* the last block of CBC so far: it may hold the padding */
	size_t held_n;
};

static const EVP_CIPHER *method_of(WaxCipherAlg alg)
{
	static const char *const names[WAX_CIPHER_COUNT_] = {
		[WAX_CIPHER_AES128_CBC] = "AES-128-CBC",
		[WAX_CIPHER_AES192_CBC] = "AES-192-CBC",
		[WAX_CIPHER_AES256_CBC] = "AES-256-CBC",
		[WAX_CIPHER_AES128_GCM] = "AES-128-GCM",
		[WAX_CIPHER_AES192_GCM] = "AES-192-GCM",
		[WAX_CIPHER_AES256_GCM] = "AES-256-GCM",
		[WAX_CIPHER_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
		[WAX_CIPHER_3DES_CBC] = "DES-EDE3-CBC",
	};
	static EVP_CIPHER *methods[WAX_CIPHER_COUNT_];
	static gsize once;

	if (wax_cipher_is_rc2(alg))
		return wax_crypto_rc2(wax_cipher_key_size(alg));
	if (g_once_init_enter(&once)) {
		for (unsigned i = 1; i < WAX_CIPHER_COUNT_; i++)
			methods[i] = names[i] ? EVP_CIPHER_fetch(NULL, names[i], NULL) : NULL;
		g_once_init_leave(&once, 1);
	}
	return (unsigned)alg < WAX_CIPHER_COUNT_ ? methods[alg] : NULL;
}

static bool fail(GError **error)
{
	ERR_clear_error();
	return wax_fail(error, WAX_R_CMS_DECRYPT_FAILED, "the content could not be decrypted");
}

/* set_up - padding is ours when decrypting: libcrypto's check of it depends on what it finds */
static bool set_up(WaxCipher *cipher, const EVP_CIPHER *method, WaxSpan key, WaxSpan iv)
{
	bool aead = wax_cipher_is_aead(cipher->alg);

	if (wax_cipher_is_ccm(cipher->alg)) {
		cipher->ccm = wax_ccm_new(key, iv, cipher->encrypt);
		return cipher->ccm != NULL;
	}
	cipher->context = EVP_CIPHER_CTX_new();
	return EVP_CipherInit_ex2(cipher->context, method, NULL, NULL, cipher->encrypt, NULL) ==
		       1 &&
	       (aead ? EVP_CIPHER_CTX_ctrl(
			       cipher->context, EVP_CTRL_AEAD_SET_IVLEN, (int)iv.n, NULL) == 1
		     : iv.n == wax_cipher_block_size(cipher->alg)) &&
	       EVP_CipherInit_ex2(cipher->context, NULL, key.p, iv.p, cipher->encrypt, NULL) == 1 &&
	       (aead || cipher->encrypt || EVP_CIPHER_CTX_set_padding(cipher->context, 0) == 1);
}

WaxCipher *wax_cipher_new(WaxCipherAlg alg, bool encrypt, WaxSpan key, WaxSpan iv, GError **error)
{
	g_autoptr(WaxCipher) cipher = g_new0(WaxCipher, 1);
	const EVP_CIPHER *method = method_of(alg);

	if (!method && !wax_cipher_is_ccm(alg)) {
		wax_set_error(error, WAX_R_ALGORITHM_REFUSED, "the cipher %s is not available here",
			wax_cipher_word(alg));
		return NULL;
	}
	cipher->alg = alg;
	cipher->encrypt = encrypt;
	if (key.n != wax_cipher_key_size(alg) || !set_up(cipher, method, key, iv)) {
		(void)fail(error);
		return NULL;
	}
	return g_steal_pointer(&cipher);
}

void wax_cipher_free(WaxCipher *cipher)
{
	if (!cipher)
		return;
	EVP_CIPHER_CTX_free(cipher->context);
	wax_ccm_free(cipher->ccm);
	wax_wipe(cipher->held, sizeof cipher->held);
	g_free(cipher);
}

bool wax_cipher_announce(WaxCipher *cipher, uint64_t octets, size_t tag_size, GError **error)
{
	return !cipher->ccm || wax_ccm_announce(cipher->ccm, octets, tag_size) || fail(error);
}

bool wax_cipher_aad(WaxCipher *cipher, WaxSpan aad, GError **error)
{
	int n;

	if (cipher->ccm)
		return wax_ccm_aad(cipher->ccm, aad) || fail(error);
	if (aad.n && EVP_CipherUpdate(cipher->context, NULL, &n, aad.p, (int)aad.n) != 1)
		return fail(error);
	return true;
}

/* hold_back - the last block stays until it is known whether another follows */
static size_t hold_back(WaxCipher *cipher, uint8_t *out, size_t n)
{
	size_t block = wax_cipher_block_size(cipher->alg);
	uint8_t last[BLOCK_MAX];

	if (n == 0)
		return 0;
	memcpy(last, out + n - block, block);
	memmove(out + cipher->held_n, out, n - block);
	memcpy(out, cipher->held, cipher->held_n);
	n = n - block + cipher->held_n;
	memcpy(cipher->held, last, block);
	cipher->held_n = block;
	return n;
}

bool wax_cipher_update(WaxCipher *cipher, WaxSpan in, uint8_t *out, size_t *ret_n, GError **error)
{
	int n = 0;

	g_assert(in.n <= (1u << 30));
	*ret_n = in.n;
	if (cipher->ccm)
		return wax_ccm_update(cipher->ccm, in, out) || fail(error);
	if (in.n && EVP_CipherUpdate(cipher->context, out, &n, in.p, (int)in.n) != 1)
		return fail(error);
	*ret_n = cipher->encrypt || wax_cipher_is_aead(cipher->alg)
			 ? (size_t)n
			 : hold_back(cipher, out, (size_t)n);
	return true;
}

/* finish_cbc - how long the padding is shows in what comes out; that it is wrong shows once, here */
static bool finish_cbc(WaxCipher *cipher, uint8_t *out, size_t *ret_n, GError **error)
{
	size_t block = wax_cipher_block_size(cipher->alg);
	uint32_t pad;
	int n = 0;

	/* an incomplete block is seen from outside, too */
	if (EVP_CipherFinal_ex(cipher->context, out, &n) != 1 || cipher->held_n != block)
		return fail(error);
	pad = wax_constant_unpad(cipher->held, block);
	if (pad == 0)
		return fail(error);
	memcpy(out, cipher->held, block - pad);
	*ret_n = block - pad;
	return true;
}

bool wax_cipher_finish(WaxCipher *cipher, WaxSpan tag, uint8_t *out, size_t *ret_n,
	uint8_t *ret_tag, GError **error)
{
	bool aead = wax_cipher_is_aead(cipher->alg);
	int n = 0;

	*ret_n = 0;
	if (cipher->ccm)
		return wax_ccm_finish(cipher->ccm, tag, ret_tag) || fail(error);
	if (!aead && !cipher->encrypt)
		return finish_cbc(cipher, out, ret_n, error);
	if (aead && !cipher->encrypt &&
		EVP_CIPHER_CTX_ctrl(cipher->context, EVP_CTRL_AEAD_SET_TAG, (int)tag.n,
			(void *)(uintptr_t)tag.p) != 1)
		return fail(error);
	if (EVP_CipherFinal_ex(cipher->context, out, &n) != 1)
		return fail(error);
	if (aead && cipher->encrypt &&
		EVP_CIPHER_CTX_ctrl(cipher->context, EVP_CTRL_AEAD_GET_TAG, 16, ret_tag) != 1)
		return fail(error);
	*ret_n = (size_t)n;
	return true;
}

uint64_t wax_cipher_sealed_size(WaxCipherAlg alg, uint64_t n)
{
	size_t block = wax_cipher_block_size(alg);

	return block > 1 ? (n / block + 1) * block : n;
}

GByteArray *wax_box_seal(WaxSpan key, WaxSpan aad, WaxSpan plain)
{
	GByteArray *box = g_byte_array_sized_new((guint)(plain.n + 28 + WAX_CIPHER_SLACK));
	g_autoptr(WaxCipher) cipher = NULL;
	uint8_t nonce[12];
	size_t n = 0, rest = 0;

	wax_random(nonce, sizeof nonce);
	g_byte_array_append(box, nonce, sizeof nonce);
	g_byte_array_set_size(box, (guint)(plain.n + 28 + WAX_CIPHER_SLACK));
	cipher = wax_cipher_new(WAX_CIPHER_AES256_GCM, true, key, WAX_SPAN(nonce, 12), NULL);
	if (!cipher || !wax_cipher_aad(cipher, aad, NULL) ||
		!wax_cipher_update(cipher, plain, box->data + 12, &n, NULL) ||
		!wax_cipher_finish(cipher, WAX_SPAN_NONE, box->data + 12 + n, &rest,
			box->data + 12 + plain.n, NULL))
		g_error("libcrypto cannot seal");
	g_byte_array_set_size(box, (guint)(plain.n + 28));
	return box;
}

bool wax_box_open(WaxSpan key, WaxSpan aad, WaxSpan box, WaxSecret **ret_plain, GError **error)
{
	g_autoptr(WaxCipher) cipher = NULL;
	g_autoptr(WaxSecret) plain = NULL;
	size_t n, rest;

	if (box.n < 28)
		return fail(error);
	plain = wax_secret_new(box.n);
	cipher = wax_cipher_new(WAX_CIPHER_AES256_GCM, false, key, WAX_SPAN(box.p, 12), error);
	if (!cipher || !wax_cipher_aad(cipher, aad, error) ||
		!wax_cipher_update(cipher, WAX_SPAN(box.p + 12, box.n - 28), plain->p, &n, error) ||
		!wax_cipher_finish(
			cipher, WAX_SPAN(box.p + box.n - 16, 16), plain->p + n, &rest, NULL, error))
		return false;
	plain->n = box.n - 28;
	*ret_plain = g_steal_pointer(&plain);
	return true;
}
