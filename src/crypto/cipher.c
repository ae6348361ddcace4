/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cipher.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "core/status.h"
#include "crypto/digest.h"
#include "crypto/internal.h"

struct WaxCipher {
	EVP_CIPHER_CTX *context;
	WaxCipherAlg alg;
	bool encrypt;
};

static const EVP_CIPHER *method_of(WaxCipherAlg alg)
{
	static const char *const names[WAX_CIPHER_COUNT_] = { NULL, "AES-128-CBC", "AES-192-CBC",
		"AES-256-CBC", "AES-128-GCM", "AES-192-GCM", "AES-256-GCM", "DES-EDE3-CBC" };
	static EVP_CIPHER *methods[WAX_CIPHER_COUNT_];
	static gsize once;

	if (g_once_init_enter(&once)) {
		for (unsigned i = 1; i < WAX_CIPHER_COUNT_; i++)
			methods[i] = EVP_CIPHER_fetch(NULL, names[i], NULL);
		g_once_init_leave(&once, 1);
	}
	return (unsigned)alg < WAX_CIPHER_COUNT_ ? methods[alg] : NULL;
}

static bool fail(GError **error)
{
	ERR_clear_error();
	return wax_fail(error, WAX_R_CMS_DECRYPT_FAILED, "the content could not be decrypted");
}

WaxCipher *wax_cipher_new(WaxCipherAlg alg, bool encrypt, WaxSpan key, WaxSpan iv, GError **error)
{
	g_autoptr(WaxCipher) cipher = g_new0(WaxCipher, 1);
	const EVP_CIPHER *method = method_of(alg);

	if (!method) {
		wax_set_error(error, WAX_R_ALGORITHM_REFUSED, "the cipher %s is not available here",
			wax_cipher_word(alg));
		return NULL;
	}
	cipher->alg = alg;
	cipher->encrypt = encrypt;
	cipher->context = EVP_CIPHER_CTX_new();
	if (key.n != wax_cipher_key_size(alg) ||
		EVP_CipherInit_ex2(cipher->context, method, NULL, NULL, encrypt, NULL) != 1 ||
		(wax_cipher_is_aead(alg) &&
			EVP_CIPHER_CTX_ctrl(
				cipher->context, EVP_CTRL_AEAD_SET_IVLEN, (int)iv.n, NULL) != 1) ||
		(!wax_cipher_is_aead(alg) && iv.n != wax_cipher_block_size(alg)) ||
		EVP_CipherInit_ex2(cipher->context, NULL, key.p, iv.p, encrypt, NULL) != 1) {
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
	g_free(cipher);
}

bool wax_cipher_aad(WaxCipher *cipher, WaxSpan aad, GError **error)
{
	int n;

	if (aad.n && EVP_CipherUpdate(cipher->context, NULL, &n, aad.p, (int)aad.n) != 1)
		return fail(error);
	return true;
}

bool wax_cipher_update(WaxCipher *cipher, WaxSpan in, uint8_t *out, size_t *ret_n, GError **error)
{
	int n = 0;

	g_assert(in.n <= (1u << 30));
	if (in.n && EVP_CipherUpdate(cipher->context, out, &n, in.p, (int)in.n) != 1)
		return fail(error);
	*ret_n = (size_t)n;
	return true;
}

bool wax_cipher_finish(WaxCipher *cipher, WaxSpan tag, uint8_t *out, size_t *ret_n,
	uint8_t *ret_tag, GError **error)
{
	bool aead = wax_cipher_is_aead(cipher->alg);
	int n = 0;

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

static EVP_CIPHER *wrap_method(size_t key)
{
	return EVP_CIPHER_fetch(NULL,
		key == 16   ? "AES-128-WRAP"
		: key == 24 ? "AES-192-WRAP"
			    : "AES-256-WRAP",
		NULL);
}

/* run_wrap - RFC 3394 in either direction; out has room for in.n + 8 */
static bool run_wrap(WaxSpan kek, bool wrap, WaxSpan in, uint8_t *out, size_t *ret_n)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	EVP_CIPHER *method = wrap_method(kek.n);
	int n = 0, rest = 0;
	bool ok;

	EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = method && (kek.n == 16 || kek.n == 24 || kek.n == 32) && in.n >= 16 && in.n % 8 == 0 &&
	     in.n <= 1024 && EVP_CipherInit_ex2(context, method, kek.p, NULL, wrap, NULL) == 1 &&
	     EVP_CipherUpdate(context, out, &n, in.p, (int)in.n) == 1 && n > 0 &&
	     EVP_CipherFinal_ex(context, out + n, &rest) == 1;
	EVP_CIPHER_free(method);
	EVP_CIPHER_CTX_free(context);
	ERR_clear_error();
	*ret_n = (size_t)(n + rest);
	return ok;
}

bool wax_key_wrap(WaxSpan kek, WaxSpan key, uint8_t *out, size_t *ret_n, GError **error)
{
	if (!run_wrap(kek, true, key, out, ret_n))
		return wax_fail(error, WAX_R_CRYPTO_ERROR, "a key could not be wrapped");
	return true;
}

bool wax_key_unwrap(WaxSpan kek, WaxSpan wrapped, WaxSecret **ret_key, GError **error)
{
	g_autoptr(WaxSecret) key = wax_secret_new(wrapped.n + 8);
	size_t n;

	if (!run_wrap(kek, false, wrapped, key->p, &n) || n > wrapped.n)
		return fail(error);
	key->n = n;
	*ret_key = g_steal_pointer(&key);
	return true;
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
