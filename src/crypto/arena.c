/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/arena.h"

#include <openssl/crypto.h>

#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "crypto/key.h"

bool wax_crypto_arena(size_t octets)
{
	return CRYPTO_secure_malloc_init(octets, 64) == 1;
}

void wax_crypto_warm_up(void)
{
	uint8_t out[32], key[32] = { 0 };
	g_autoptr(WaxKey) ec = wax_key_generate("p256", NULL);
	g_autoptr(GByteArray) box =
		wax_box_seal(WAX_SPAN(key, 32), WAX_SPAN_NONE, WAX_SPAN(key, 32));
	g_autoptr(GByteArray) signature = NULL;

	wax_sha256(WAX_SPAN(key, 32), out);
	wax_random(out, sizeof out);
	if (!ec || !box ||
		!wax_key_sign(
			ec, WAX_SIG_ECDSA, WAX_DIGEST_SHA256, WAX_SPAN(key, 32), &signature, NULL))
		g_error("libcrypto cannot do what Waxwing needs");
}
