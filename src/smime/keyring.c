/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/keyring.h"

#include <string.h>

#include "core/io.h"
#include "core/status.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"

#define IDENTITY_FILE_MAX (1024 * 1024)

static void identity_free(void *p)
{
	WaxIdentityKey *identity = p;

	wax_key_unref(identity->key);
	wax_cert_unref(identity->cert);
	g_clear_pointer(&identity->chain, g_ptr_array_unref);
	g_free(identity);
}

WaxKeyring *wax_keyring_new(void)
{
	WaxKeyring *keyring = g_new0(WaxKeyring, 1);

	keyring->keys = g_ptr_array_new_with_free_func(identity_free);
	return keyring;
}

void wax_keyring_free(WaxKeyring *keyring)
{
	if (!keyring)
		return;
	g_ptr_array_unref(keyring->keys);
	g_free(keyring);
}

void wax_keyring_add(WaxKeyring *keyring, WaxKey *key, WaxCert *cert, GPtrArray *chain)
{
	WaxIdentityKey *identity = g_new0(WaxIdentityKey, 1);

	identity->key = wax_key_ref(key);
	identity->cert = cert ? wax_cert_ref(cert) : NULL;
	identity->chain = chain ? g_ptr_array_ref(chain)
				: g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	g_ptr_array_add(keyring->keys, identity);
}

static bool load_p12(WaxKeyring *keyring, WaxSpan bytes, const WaxSecret *password, GError **error)
{
	g_autoptr(GPtrArray) all = NULL;

	if (!wax_pkcs12_parse_all(bytes, password, &all, error))
		return false;
	for (guint i = 0; i < all->len; i++) {
		const WaxPkcs12 *one = all->pdata[i];

		wax_keyring_add(keyring, one->key, one->cert, one->chain);
	}
	return true;
}

static bool is_pem(WaxSpan bytes)
{
	return g_strstr_len((const char *)bytes.p, (gssize)bytes.n, "-----BEGIN ") != NULL;
}

/* the certificate that fits the key is its own, the others are its chain */
static bool sort_certificates(WaxKey *key, GPtrArray *found, bool demanded, WaxCert **ret_cert,
	GPtrArray *chain, GError **error)
{
	for (unsigned i = 0; found && i < found->len; i++) {
		WaxCert *cert = found->pdata[i];

		if (!*ret_cert && wax_key_fits(key, cert))
			*ret_cert = cert;
		else
			g_ptr_array_add(chain, wax_cert_ref(cert));
	}
	if (!*ret_cert && demanded)
		return wax_fail(error, WAX_R_KEY_MISMATCH,
			"the certificate does not belong to the private key");
	return true;
}

static bool load_pem(WaxKeyring *keyring, WaxSpan bytes, const char *cert_path,
	const WaxSecret *password, GError **error)
{
	g_autoptr(WaxKey) key = wax_key_parse(bytes, password, error);
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(GPtrArray) chain = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	WaxCert *cert = NULL;

	if (!key)
		return false;
	if (cert_path) {
		if (!wax_certs_load(cert_path, &found, error))
			return false;
	} else if (is_pem(bytes) &&
		   g_strstr_len((const char *)bytes.p, (gssize)bytes.n, "-----BEGIN CERT")) {
		if (!wax_certs_parse(bytes, &found, error))
			return false;
	}
	if (!sort_certificates(key, found, cert_path != NULL, &cert, chain, error))
		return false;
	wax_keyring_add(keyring, key, cert, chain);
	return true;
}

/* PKCS #12 begins with SEQUENCE { INTEGER 3, as a DER key never does */
static bool is_p12(WaxSpan bytes)
{
	for (size_t i = 2; i + 2 < bytes.n && i <= 6; i++)
		if (bytes.p[0] == 0x30 && bytes.p[i] == 2 && bytes.p[i + 1] == 1)
			return bytes.p[i + 2] == 3;
	return false;
}

bool wax_keyring_load(
	WaxKeyring *keyring, const char *spec, const WaxSecret *password, GError **error)
{
	g_auto(GStrv) paths = g_strsplit(spec, ",", 2);
	g_autoptr(GByteArray) bytes = NULL;
	WaxSpan span;
	bool ok;

	if (!wax_io_load(paths[0], IDENTITY_FILE_MAX, &bytes, error)) {
		g_prefix_error(error, "identity %s: ", paths[0]);
		return false;
	}
	span = WAX_SPAN(bytes->data, bytes->len);
	ok = is_p12(span) && !paths[1] ? load_p12(keyring, span, password, error)
				       : load_pem(keyring, span, paths[1], password, error);
	wax_wipe(bytes->data, bytes->len);
	if (!ok && !password && error && wax_reason_of(*error) == WAX_R_PASSWORD_WRONG) {
		g_clear_error(error);
		return wax_fail(error, WAX_R_PASSWORD_WRONG,
			"identity %s: it lies under a password, and none was given", paths[0]);
	}
	if (!ok)
		g_prefix_error(error, "identity %s: ", paths[0]);
	return ok;
}

static bool fits_id(const WaxCmsId *id, const WaxCertInfo *info)
{
	if (id->issuer.n)
		return wax_span_equal(id->issuer, info->issuer) &&
		       wax_span_equal(id->serial, info->serial);
	return id->key_id.n && wax_span_equal(id->key_id, info->key_id);
}

static bool can_serve(const WaxIdentityKey *identity, const WaxRecipient *recipient)
{
	WaxKeyKind kind = wax_key_kind(identity->key);

	return recipient->kind == WAX_RECIPIENT_KARI ? kind == WAX_KEY_EC : kind == WAX_KEY_RSA;
}

static int find(void *data, const WaxRecipient *recipient, bool alone)
{
	WaxKeyring *keyring = data;
	WaxIdentityKey *only = keyring->keys->len == 1 ? keyring->keys->pdata[0] : NULL;

	if (recipient->kind != WAX_RECIPIENT_KTRI && recipient->kind != WAX_RECIPIENT_KARI)
		return -1;
	for (unsigned i = 0; i < keyring->keys->len; i++) {
		const WaxIdentityKey *identity = keyring->keys->pdata[i];

		if (identity->cert && fits_id(&recipient->id, wax_cert_info(identity->cert)))
			return (int)i;
	}
	if (alone && only && can_serve(only, recipient) && (!only->cert || recipient->id.key_id.n))
		return 0;
	return -1;
}

static bool failed(GError **error)
{
	return wax_fail(error, WAX_R_CMS_DECRYPT_FAILED, "the content could not be decrypted");
}

static bool unwrap_agreed(
	WaxKey *key, const WaxRecipient *recipient, WaxSecret **ret_key, GError **error)
{
	g_autoptr(WaxSecret) shared = NULL;
	uint8_t kek[32], room[1024];
	WaxBuffer info = { room, 0, sizeof room };
	size_t n = wax_wrap_key_size(recipient->wrap);
	bool ok;

	if (!n || !wax_key_agree(key, recipient->originator, recipient->cofactor, &shared, NULL) ||
		!wax_cms_shared_info(
			recipient->wrap_identifier, recipient->ukm, recipient->wrap, &info, NULL))
		return failed(error);
	ok = wax_kdf_x963(recipient->kdf, wax_secret_span(shared), WAX_SPAN(info.p, info.n), kek, n,
		     NULL) &&
	     wax_key_unwrap(WAX_SPAN(kek, n), recipient->wrapped_key, ret_key, NULL);
	wax_wipe(kek, sizeof kek);
	return ok || failed(error);
}

bool wax_unwrap_local(WaxKey *key, const WaxRecipient *recipient, size_t key_size,
	WaxSecret **ret_key, GError **error)
{
	switch (recipient->alg) {
	case WAX_KEYENC_RSA:
		return wax_key_unwrap_rsa(key, recipient->wrapped_key, key_size, ret_key, NULL) ||
		       failed(error);
	case WAX_KEYENC_OAEP:
		return wax_key_unwrap_oaep(
			       key, &recipient->oaep, recipient->wrapped_key, ret_key, NULL) ||
		       failed(error);
	case WAX_KEYENC_ECDH:
		return unwrap_agreed(key, recipient, ret_key, error);
	default:
		return failed(error);
	}
}

static bool unwrap(void *data, int handle, const WaxRecipient *recipient, size_t key_size,
	WaxSecret **ret_key, GError **error)
{
	WaxKeyring *keyring = data;
	WaxIdentityKey *identity = keyring->keys->pdata[handle];

	return wax_unwrap_local(identity->key, recipient, key_size, ret_key, error);
}

WaxUnwrapper wax_keyring_unwrapper(WaxKeyring *keyring)
{
	return (WaxUnwrapper){ .data = keyring, .find = find, .unwrap = unwrap };
}
