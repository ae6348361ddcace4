/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/wrap.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "core/status.h"
#include "crypto/constant.h"
#include "crypto/digest.h"
#include "crypto/internal.h"

#define WRAPPED_MAX 1024
#define BLOCK_MAX   16
#define RC2_BLOCK   8

static bool fail(GError **error)
{
	ERR_clear_error();
	return wax_fail(error, WAX_R_CMS_DECRYPT_FAILED, "the content could not be decrypted");
}

static const char *name_of(WaxWrapAlg wrap)
{
	return wrap == WAX_WRAP_AES128	 ? "AES-128-WRAP"
	       : wrap == WAX_WRAP_AES192 ? "AES-192-WRAP"
	       : wrap == WAX_WRAP_AES256 ? "AES-256-WRAP"
	       : wrap == WAX_WRAP_3DES	 ? "DES3-WRAP"
					 : NULL;
}

/* run - libcrypto's wraps, in either direction; out has room for in.n + 16 */
static bool run(WaxWrapAlg wrap, WaxSpan kek, bool forth, WaxSpan in, uint8_t *out, size_t *ret_n)
{
	const char *name = name_of(wrap);
	EVP_CIPHER *method = name ? EVP_CIPHER_fetch(NULL, name, NULL) : NULL;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int n = 0, rest = 0;
	bool ok;

	EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = method && kek.n == wax_wrap_key_size(wrap) && in.n >= 16 && in.n % 8 == 0 &&
	     in.n <= WRAPPED_MAX &&
	     EVP_CipherInit_ex2(context, method, kek.p, NULL, forth, NULL) == 1 &&
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
	WaxWrapAlg wrap = kek.n == 16	? WAX_WRAP_AES128
			  : kek.n == 24 ? WAX_WRAP_AES192
					: WAX_WRAP_AES256;

	if (!run(wrap, kek, true, key, out, ret_n))
		return wax_fail(error, WAX_R_CRYPTO_ERROR, "a key could not be wrapped");
	return true;
}

/* cbc - whole blocks, without padding */
static bool cbc(const EVP_CIPHER *method, bool encrypt, WaxSpan key, const uint8_t *iv, WaxSpan in,
	uint8_t *out)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok = method && EVP_CipherInit_ex2(context, method, key.p, iv, encrypt, NULL) == 1 &&
		  EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
		  EVP_CipherUpdate(context, out, &n, in.p, (int)in.n) == 1 && (size_t)n == in.n;

	EVP_CIPHER_CTX_free(context);
	ERR_clear_error();
	return ok;
}

static void reverse(uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		uint8_t other = bytes[n - 1 - i];

		bytes[n - 1 - i] = bytes[i];
		bytes[i] = other;
	}
}

/* RFC 3217 4.2; the length stands in front, a checksum behind */
static bool unwrap_rc2(WaxSpan kek, WaxSpan wrapped, WaxSecret **ret_key)
{
	static const uint8_t iv[RC2_BLOCK] = { 0x4a, 0xdd, 0xa2, 0x2c, 0x79, 0xe8, 0x21, 0x05 };
	const EVP_CIPHER *method = wax_crypto_rc2(16);
	g_autoptr(WaxSecret) once = NULL, twice = NULL;
	uint8_t sum[WAX_DIGEST_MAX];
	size_t n = wrapped.n, inner;

	if (kek.n != 16 || n < 4 * RC2_BLOCK || n % RC2_BLOCK || n > WRAPPED_MAX)
		return false;
	once = wax_secret_new(n);
	twice = wax_secret_new(n);
	if (!cbc(method, false, kek, iv, wrapped, once->p))
		return false;
	reverse(once->p, n);
	if (!cbc(method, false, kek, once->p, WAX_SPAN(once->p + RC2_BLOCK, n - RC2_BLOCK),
		    twice->p))
		return false;
	inner = n - 2 * RC2_BLOCK;
	if (!wax_digest_once(WAX_DIGEST_SHA1, WAX_SPAN(twice->p, inner), sum, NULL) ||
		!wax_same_secret(WAX_SPAN(sum, RC2_BLOCK), WAX_SPAN(twice->p + inner, RC2_BLOCK)) ||
		twice->p[0] > inner - 1 || inner - 1 - twice->p[0] >= RC2_BLOCK)
		return false;
	*ret_key = wax_secret_dup(WAX_SPAN(twice->p + 1, twice->p[0]));
	return true;
}

bool wax_key_unwrap(
	WaxWrapAlg wrap, WaxSpan kek, WaxSpan wrapped, WaxSecret **ret_key, GError **error)
{
	g_autoptr(WaxSecret) key = NULL;
	size_t n;

	if (wrap == WAX_WRAP_RC2)
		return unwrap_rc2(kek, wrapped, ret_key) || fail(error);
	if (wrapped.n > WRAPPED_MAX)
		return fail(error);
	key = wax_secret_new(wrapped.n + 16);
	if (!run(wrap, kek, false, wrapped, key->p, &n) || n > wrapped.n)
		return fail(error);
	key->n = n;
	*ret_key = g_steal_pointer(&key);
	return true;
}

static EVP_CIPHER *pwri_method(WaxCipherAlg cipher)
{
	const char *name = cipher == WAX_CIPHER_AES128_CBC   ? "AES-128-CBC"
			   : cipher == WAX_CIPHER_AES192_CBC ? "AES-192-CBC"
			   : cipher == WAX_CIPHER_AES256_CBC ? "AES-256-CBC"
			   : cipher == WAX_CIPHER_3DES_CBC   ? "DES-EDE3-CBC"
							     : NULL;

	return name ? EVP_CIPHER_fetch(NULL, name, NULL) : NULL;
}

bool wax_pwri_wrap(WaxCipherAlg cipher, WaxSpan kek, WaxSpan iv, WaxSpan key,
	GByteArray **ret_wrapped, GError **error)
{
	EVP_CIPHER *method = pwri_method(cipher);
	size_t block = wax_cipher_block_size(cipher);
	size_t n = MAX((key.n + 4 + block - 1) / block, (size_t)2) * block;
	g_autoptr(WaxSecret) plain = wax_secret_new(n);
	g_autoptr(GByteArray) out = g_byte_array_new();
	bool ok;

	g_assert(key.n >= 3 && key.n < 256 && kek.n == wax_cipher_key_size(cipher));
	plain->p[0] = (uint8_t)key.n;
	for (size_t i = 0; i < 3; i++)
		plain->p[1 + i] = (uint8_t)~key.p[i];
	memcpy(plain->p + 4, key.p, key.n);
	wax_random(plain->p + 4 + key.n, n - 4 - key.n);
	g_byte_array_set_size(out, (guint)n);
	/* twice: the second goes on where the first ended, so that every octet depends on every other */
	ok = iv.n == block && cbc(method, true, kek, iv.p, wax_secret_span(plain), out->data);
	if (ok)
		memcpy(plain->p, out->data, n);
	ok = ok && cbc(method, true, kek, plain->p + n - block, wax_secret_span(plain), out->data);
	EVP_CIPHER_free(method);
	if (!ok)
		return wax_fail(error, WAX_R_CRYPTO_ERROR, "a key could not be wrapped");
	*ret_wrapped = g_steal_pointer(&out);
	return true;
}

/* undo - both passes of the encryption; the last block first, since the others need it as their IV */
static bool undo(const EVP_CIPHER *method, size_t block, WaxSpan kek, const uint8_t *iv,
	WaxSpan wrapped, uint8_t *once, uint8_t *twice)
{
	const uint8_t *last = wrapped.p + wrapped.n - block;
	size_t before = wrapped.n - block;

	return cbc(method, false, kek, last - block, WAX_SPAN(last, block), once + before) &&
	       cbc(method, false, kek, once + before, WAX_SPAN(wrapped.p, before), once) &&
	       cbc(method, false, kek, iv, WAX_SPAN(once, wrapped.n), twice);
}

bool wax_pwri_unwrap(WaxCipherAlg cipher, WaxSpan kek, WaxSpan iv, WaxSpan wrapped, size_t expected,
	WaxSecret **ret_key, GError **error)
{
	size_t block = wax_cipher_block_size(cipher), n = wrapped.n;
	g_autoptr(WaxSecret) once = NULL, twice = NULL, out = NULL;
	EVP_CIPHER *method = pwri_method(cipher);
	uint8_t other[64];
	bool ok;

	ok = method && kek.n == wax_cipher_key_size(cipher) && iv.n == block && n >= 2 * block &&
	     n % block == 0 && n <= WRAPPED_MAX && expected && expected <= sizeof other &&
	     n >= expected + 4;
	if (ok) {
		once = wax_secret_new(n);
		twice = wax_secret_new(n);
		ok = undo(method, block, kek, iv.p, wrapped, once->p, twice->p);
	}
	EVP_CIPHER_free(method);
	if (!ok)
		return fail(error);
	wax_random(other, sizeof other);
	out = wax_secret_new(expected);
	wax_constant_pwri(twice->p, n, other, expected, out->p);
	wax_wipe(other, sizeof other);
	*ret_key = g_steal_pointer(&out);
	return true;
}
