/* SPDX-License-Identifier: Apache-2.0 */
/* RC2, which only old mail has, from libcrypto's legacy provider, which not every system has. */
#include <openssl/err.h>
#include <openssl/provider.h>

#include "crypto/internal.h"

static const struct {
	size_t key_size;
	const char *name;
} sizes[] = { { 5, "RC2-40-CBC" }, { 8, "RC2-64-CBC" }, { 16, "RC2-CBC" } };

static struct {
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER *provider;
	EVP_CIPHER *methods[G_N_ELEMENTS(sizes)];
} legacy;

static void unload(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++)
		EVP_CIPHER_free(legacy.methods[i]);
	if (legacy.provider)
		(void)OSSL_PROVIDER_unload(legacy.provider);
	OSSL_LIB_CTX_free(legacy.context);
}

/* in a context of its own: nothing else can come to use it */
static void load(void)
{
	legacy.context = OSSL_LIB_CTX_new();
	if (legacy.context)
		legacy.provider = OSSL_PROVIDER_load(legacy.context, "legacy");
	for (size_t i = 0; legacy.provider && i < G_N_ELEMENTS(sizes); i++)
		legacy.methods[i] = EVP_CIPHER_fetch(legacy.context, sizes[i].name, NULL);
	ERR_clear_error();
	(void)atexit(unload);
}

const EVP_CIPHER *wax_crypto_rc2(size_t key_size)
{
	static gsize once;

	if (g_once_init_enter(&once)) {
		load();
		g_once_init_leave(&once, 1);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++)
		if (sizes[i].key_size == key_size)
			return legacy.methods[i];
	return NULL;
}
