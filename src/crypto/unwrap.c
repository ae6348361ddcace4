/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/unwrap.h"

#include "core/status.h"
#include "crypto/kdf.h"
#include "crypto/wrap.h"

bool wax_kek_derive(const WaxUnwrap *u, WaxSpan secret, WaxSecret **ret_kek, GError **error)
{
	size_t n = wax_wrap_key_size(u->wrap);
	g_autoptr(WaxSecret) kek = wax_secret_new(n), shared = NULL;

	if (u->alg == WAX_KEYENC_RSA_KEM) {
		shared = wax_secret_new(n);
		if (!wax_kdf(u->kdf, secret, WAX_SPAN_NONE, WAX_SPAN_NONE, shared->p, n, error))
			return false;
		secret = wax_secret_span(shared);
	}
	if (!wax_kdf(u->kdf, secret, u->salt, u->info, kek->p, n, error))
		return false;
	*ret_kek = g_steal_pointer(&kek);
	return true;
}

static bool unwrap_with_secret(
	const WaxUnwrap *u, const WaxSecret *secret, WaxSecret **ret_key, GError **error)
{
	g_autoptr(WaxSecret) kek = NULL;

	return u->wrap && wax_kek_derive(u, wax_secret_span(secret), &kek, error) &&
	       wax_key_unwrap(u->wrap, wax_secret_span(kek), u->wrapped, ret_key, error);
}

static bool run(WaxKey *key, const WaxUnwrap *u, WaxSecret **ret_key, GError **error)
{
	WaxKeyEncAlg own = wax_key_keyenc(key);
	g_autoptr(WaxSecret) secret = NULL;

	if (u->alg == WAX_KEYENC_RSA)
		return wax_key_unwrap_rsa(key, u->wrapped, u->key_size, ret_key, error);
	if (u->alg == WAX_KEYENC_OAEP)
		return wax_key_unwrap_oaep(key, &u->oaep, u->wrapped, ret_key, error);
	if (wax_keyenc_is_agreement(u->alg))
		return own == u->alg &&
		       wax_key_agree(key, u->originator, u->curve, u->cofactor, &secret, error) &&
		       unwrap_with_secret(u, secret, ret_key, error);
	if (wax_keyenc_is_kem(u->alg))
		return (own == u->alg || (own == WAX_KEYENC_RSA && u->alg == WAX_KEYENC_RSA_KEM)) &&
		       wax_key_decapsulate(key, u->originator, &secret, error) &&
		       unwrap_with_secret(u, secret, ret_key, error);
	return false;
}

bool wax_unwrap(WaxKey *key, const WaxUnwrap *u, WaxSecret **ret_key, GError **error)
{
	return run(key, u, ret_key, NULL) ||
	       wax_fail(error, WAX_R_CMS_DECRYPT_FAILED, "the content could not be decrypted");
}
