/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#include "core/status.h"
#include "crypto/internal.h"

struct WaxDigest {
	EVP_MD_CTX *context;
	const EVP_MD *method;
	size_t size;
};

/* fetched once: EVP_get_digestbyname looks its method up again at every init */
const EVP_MD *wax_crypto_md(WaxDigestAlg alg)
{
	static EVP_MD *methods[WAX_DIGEST_COUNT_];
	static const char *const names[WAX_DIGEST_COUNT_] = { NULL, "MD5", "SHA1", "SHA2-224",
		"SHA2-256", "SHA2-384", "SHA2-512", "SHAKE-256" };
	static gsize once;

	if (g_once_init_enter(&once)) {
		for (unsigned i = 1; i < WAX_DIGEST_COUNT_; i++)
			methods[i] = EVP_MD_fetch(NULL, names[i], NULL);
		g_once_init_leave(&once, 1);
	}
	return (unsigned)alg < WAX_DIGEST_COUNT_ ? methods[alg] : NULL;
}

WaxDigest *wax_digest_new(WaxDigestAlg alg, GError **error)
{
	const EVP_MD *method = wax_crypto_md(alg);
	WaxDigest *digest;

	if (!method) {
		wax_set_error(error, WAX_R_ALGORITHM_REFUSED, "the digest %s is not available here",
			wax_digest_word(alg));
		return NULL;
	}
	digest = g_new0(WaxDigest, 1);
	digest->method = method;
	digest->size = wax_digest_size(alg);
	digest->context = EVP_MD_CTX_new();
	if (!digest->context || EVP_DigestInit_ex2(digest->context, method, NULL) != 1)
		g_error("libcrypto cannot start a digest");
	return digest;
}

void wax_digest_update(WaxDigest *digest, WaxSpan bytes)
{
	if (bytes.n && EVP_DigestUpdate(digest->context, bytes.p, bytes.n) != 1)
		g_error("libcrypto cannot go on with a digest");
}

void wax_digest_finish(WaxDigest *digest, uint8_t *ret_value)
{
	int done = EVP_MD_get_flags(digest->method) & EVP_MD_FLAG_XOF
			   ? EVP_DigestFinalXOF(digest->context, ret_value, digest->size)
			   : EVP_DigestFinal_ex(digest->context, ret_value, NULL);

	if (done != 1 || EVP_DigestInit_ex2(digest->context, digest->method, NULL) != 1)
		g_error("libcrypto cannot finish a digest");
}

void wax_digest_free(WaxDigest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->context);
	g_free(digest);
}

bool wax_digest_once(WaxDigestAlg alg, WaxSpan bytes, uint8_t *ret_value, GError **error)
{
	g_autoptr(WaxDigest) digest = wax_digest_new(alg, error);

	if (!digest)
		return false;
	wax_digest_update(digest, bytes);
	wax_digest_finish(digest, ret_value);
	return true;
}

void wax_sha256(WaxSpan bytes, uint8_t ret_value[32])
{
	if (EVP_Digest(bytes.n ? bytes.p : (const uint8_t *)"", bytes.n, ret_value, NULL,
		    wax_crypto_md(WAX_DIGEST_SHA256), NULL) != 1)
		g_error("libcrypto has no SHA-256");
}

void wax_hmac_sha256(WaxSpan key, WaxSpan bytes, uint8_t ret_value[32])
{
	unsigned size = 32;

	if (!HMAC(wax_crypto_md(WAX_DIGEST_SHA256), key.p, (int)key.n, bytes.p, bytes.n, ret_value,
		    &size))
		g_error("libcrypto cannot make an HMAC");
}

void wax_random(void *bytes, size_t n)
{
	if (RAND_priv_bytes(bytes, (int)n) != 1)
		g_error("libcrypto has no random bytes");
}

char *wax_hex(WaxSpan bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *text = g_malloc(bytes.n * 2 + 1);

	for (size_t i = 0; i < bytes.n; i++) {
		text[2 * i] = digits[bytes.p[i] >> 4];
		text[2 * i + 1] = digits[bytes.p[i] & 15];
	}
	text[bytes.n * 2] = 0;
	return text;
}
