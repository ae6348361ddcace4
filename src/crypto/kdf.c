/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/kdf.h"

#include <argon2.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "core/status.h"
#include "crypto/digest.h"
#include "crypto/internal.h"

/* X9.63 hashes Z, counter, info; KDF3 hashes counter, Z, info; both count from 1 */
static bool counted(
	WaxKdf kdf, WaxSpan secret, WaxSpan info, uint8_t *ret_key, size_t n, GError **error)
{
	g_autoptr(WaxDigest) digest = wax_digest_new(kdf.digest, error);
	uint8_t block[WAX_DIGEST_MAX];
	size_t size = wax_digest_size(kdf.digest);
	bool first = kdf.scheme == WAX_KDF_KDF3;

	if (!digest)
		return false;
	for (uint32_t counter = 1; n; counter++) {
		uint8_t number[4] = { (uint8_t)(counter >> 24), (uint8_t)(counter >> 16),
			(uint8_t)(counter >> 8), (uint8_t)counter };
		size_t take = MIN(n, size);

		wax_digest_update(digest, first ? WAX_SPAN(number, 4) : secret);
		wax_digest_update(digest, first ? secret : WAX_SPAN(number, 4));
		wax_digest_update(digest, info);
		wax_digest_finish(digest, block);
		memcpy(ret_key, block, take);
		ret_key += take;
		n -= take;
	}
	wax_wipe(block, sizeof block);
	return true;
}

static bool hmac(const EVP_MD *md, WaxSpan key, WaxSpan bytes, uint8_t *ret_value)
{
	unsigned size;

	return HMAC(md, key.p, (int)key.n, bytes.p, bytes.n, ret_value, &size) != NULL;
}

/* expand - T(i) = HMAC(PRK, T(i-1) | info | i) (RFC 5869 2.3) */
static bool expand(const EVP_MD *md, WaxSpan prk, WaxSpan info, uint8_t *ret_key, size_t n)
{
	g_autoptr(WaxSecret) input = wax_secret_new(prk.n + info.n + 1);
	uint8_t block[WAX_DIGEST_MAX];
	size_t before = 0;
	bool ok = true;

	for (uint8_t i = 1; ok && n; i++) {
		size_t take = MIN(n, prk.n);

		memcpy(input->p, block, before);
		if (info.n)
			memcpy(input->p + before, info.p, info.n);
		input->p[before + info.n] = i;
		ok = hmac(md, prk, WAX_SPAN(input->p, before + info.n + 1), block);
		memcpy(ret_key, block, take);
		before = prk.n;
		ret_key += take;
		n -= take;
	}
	wax_wipe(block, sizeof block);
	return ok;
}

static bool hkdf(WaxDigestAlg digest, WaxSpan secret, WaxSpan salt, WaxSpan info, uint8_t *ret_key,
	size_t n, GError **error)
{
	static const uint8_t zero[WAX_DIGEST_MAX] = { 0 };
	const EVP_MD *md = wax_crypto_md(digest);
	size_t size = wax_digest_size(digest);
	uint8_t prk[WAX_DIGEST_MAX];
	bool ok;

	if (!md)
		return wax_fail(error, WAX_R_ALGORITHM_REFUSED,
			"the digest %s is not available here", wax_digest_word(digest));
	ok = n <= 255 * size && hmac(md, salt.n ? salt : WAX_SPAN(zero, size), secret, prk) &&
	     expand(md, WAX_SPAN(prk, size), info, ret_key, n);
	wax_wipe(prk, sizeof prk);
	return ok || wax_fail(error, WAX_R_CRYPTO_ERROR, "a key could not be derived");
}

bool wax_kdf(WaxKdf kdf, WaxSpan secret, WaxSpan salt, WaxSpan info, uint8_t *ret_key, size_t n,
	GError **error)
{
	switch (kdf.scheme) {
	case WAX_KDF_X963:
	case WAX_KDF_KDF3:
		return counted(kdf, secret, info, ret_key, n, error);
	case WAX_KDF_HKDF:
		return hkdf(kdf.digest, secret, salt, info, ret_key, n, error);
	default:
		return wax_fail(
			error, WAX_R_ALGORITHM_REFUSED, "there is no such key derivation here");
	}
}

bool wax_kdf_cek(WaxSpan key, WaxSpan info, WaxSecret **ret_key, GError **error)
{
	g_autoptr(WaxSecret) out = wax_secret_new(key.n);

	if (!hkdf(WAX_DIGEST_SHA256, key, WAX_SPAN_LIT("The Cryptographic Message Syntax"), info,
		    out->p, out->n, error))
		return false;
	*ret_key = g_steal_pointer(&out);
	return true;
}

bool wax_kdf_pbkdf2(WaxDigestAlg prf, WaxSpan password, WaxSpan salt, uint32_t iterations,
	uint8_t *ret_key, size_t n, GError **error)
{
	const EVP_MD *md = wax_crypto_md(prf);
	bool ok = md && iterations <= INT32_MAX &&
		  PKCS5_PBKDF2_HMAC((const char *)password.p, (int)password.n, salt.p, (int)salt.n,
			  (int)iterations, md, (int)n, ret_key) == 1;

	ERR_clear_error();
	return ok ||
	       wax_fail(error, WAX_R_CRYPTO_ERROR, "no key could be derived from the password");
}

bool wax_kdf_argon2id(WaxSpan passphrase, WaxSpan salt, uint32_t passes, uint32_t memory,
	uint8_t ret_key[32], GError **error)
{
	int code = argon2id_hash_raw(
		passes, memory, 1, passphrase.p, passphrase.n, salt.p, salt.n, ret_key, 32);

	if (code != ARGON2_OK)
		return wax_fail(
			error, WAX_R_CRYPTO_ERROR, "Argon2id: %s", argon2_error_message(code));
	return true;
}
