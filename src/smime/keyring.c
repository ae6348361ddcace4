/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/keyring.h"

#include <string.h>

#include "core/io.h"
#include "core/status.h"
#include "crypto/kdf.h"
#include "crypto/unwrap.h"
#include "crypto/wrap.h"

#define IDENTITY_FILE_MAX (1024 * 1024)
#define SECRETS_FROM	  0x10000 /* handles below are keys */

static void identity_free(void *p)
{
	WaxIdentityKey *identity = p;

	wax_key_unref(identity->key);
	wax_cert_unref(identity->cert);
	g_clear_pointer(&identity->chain, g_ptr_array_unref);
	g_free(identity);
}

static void shared_free(void *p)
{
	WaxSharedSecret *shared = p;

	wax_secret_free(shared->secret);
	g_clear_pointer(&shared->key_id, g_byte_array_unref);
	g_free(shared);
}

WaxKeyring *wax_keyring_new(void)
{
	WaxKeyring *keyring = g_new0(WaxKeyring, 1);

	keyring->keys = g_ptr_array_new_with_free_func(identity_free);
	keyring->secrets = g_ptr_array_new_with_free_func(shared_free);
	return keyring;
}

void wax_keyring_free(WaxKeyring *keyring)
{
	if (!keyring)
		return;
	g_ptr_array_unref(keyring->keys);
	g_ptr_array_unref(keyring->secrets);
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

void wax_keyring_add_secret(WaxKeyring *keyring, WaxSpan key_id, WaxSpan secret)
{
	WaxSharedSecret *shared = g_new0(WaxSharedSecret, 1);

	shared->secret = wax_secret_dup(secret);
	if (key_id.n)
		shared->key_id = g_byte_array_append(g_byte_array_new(), key_id.p, (guint)key_id.n);
	g_ptr_array_add(keyring->secrets, shared);
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
	WaxKeyEncAlg own = wax_key_keyenc(identity->key);

	return own == recipient->alg ||
	       (own == WAX_KEYENC_RSA &&
		       (recipient->alg == WAX_KEYENC_OAEP || recipient->alg == WAX_KEYENC_RSA_KEM));
}

/* find_secret - by its name; the first password serves whoever asks for one */
static int find_secret(const WaxKeyring *keyring, const WaxRecipient *recipient)
{
	for (unsigned i = 0; i < keyring->secrets->len; i++) {
		const GByteArray *id =
			((const WaxSharedSecret *)keyring->secrets->pdata[i])->key_id;
		bool fits = recipient->alg == WAX_KEYENC_PASSWORD
				    ? !id
				    : id && wax_span_equal(recipient->id.key_id,
						    WAX_SPAN(id->data, id->len));

		if (fits)
			return SECRETS_FROM + (int)i;
	}
	return WAX_FIND_NONE;
}

static int find(void *data, const WaxRecipient *recipient, bool alone)
{
	WaxKeyring *keyring = data;
	WaxIdentityKey *only = keyring->keys->len == 1 ? keyring->keys->pdata[0] : NULL;

	if (recipient->alg == WAX_KEYENC_NONE)
		return WAX_FIND_NONE;
	if (recipient->alg == WAX_KEYENC_KEK || recipient->alg == WAX_KEYENC_PASSWORD)
		return find_secret(keyring, recipient);
	for (unsigned i = 0; i < keyring->keys->len; i++) {
		const WaxIdentityKey *identity = keyring->keys->pdata[i];

		if (identity->cert && fits_id(&recipient->id, wax_cert_info(identity->cert)))
			return (int)i;
	}
	if (alone && only && can_serve(only, recipient) && (!only->cert || recipient->id.key_id.n))
		return 0;
	return WAX_FIND_NONE;
}

static bool failed(GError **error)
{
	return wax_fail(error, WAX_R_CMS_DECRYPT_FAILED, "the content could not be decrypted");
}

static bool unwrap_with_key(WaxKey *key, const WaxRecipient *recipient, size_t key_size,
	WaxSecret **ret_key, GError **error)
{
	uint8_t room[1024];
	WaxBuffer info = { room, 0, sizeof room };
	WaxUnwrap unwrap = {
		.alg = recipient->alg,
		.wrapped = recipient->wrapped_key,
		.key_size = key_size,
		.oaep = recipient->oaep,
		.originator = recipient->originator,
		.curve = recipient->curve,
		.cofactor = recipient->cofactor,
		.kdf = recipient->kdf,
		.salt = wax_cms_kdf_salt(recipient),
		.wrap = recipient->wrap,
	};

	if (recipient->wrap && !wax_cms_kdf_info(recipient, &info, NULL))
		return failed(error);
	unwrap.info = WAX_SPAN(info.p, info.n);
	return wax_unwrap(key, &unwrap, ret_key, error);
}

static bool unwrap_with_password(const WaxSecret *password, const WaxPasswordParameters *parameters,
	WaxSpan wrapped, size_t key_size, WaxSecret **ret_key, GError **error)
{
	g_autoptr(WaxSecret) kek = wax_secret_new(wax_cipher_key_size(parameters->cipher));

	return (wax_kdf_pbkdf2(parameters->prf, wax_secret_span(password), parameters->salt,
			parameters->iterations, kek->p, kek->n, NULL) &&
		       wax_pwri_unwrap(parameters->cipher, wax_secret_span(kek), parameters->iv,
			       wrapped, key_size, ret_key, NULL)) ||
	       failed(error);
}

static bool unwrap(void *data, int handle, const WaxRecipient *recipient, size_t key_size,
	WaxSecret **ret_key, GError **error)
{
	WaxKeyring *keyring = data;
	const WaxSharedSecret *shared;

	if (handle < SECRETS_FROM)
		return unwrap_with_key(((WaxIdentityKey *)keyring->keys->pdata[handle])->key,
			recipient, key_size, ret_key, error);
	shared = keyring->secrets->pdata[handle - SECRETS_FROM];
	if (recipient->alg == WAX_KEYENC_PASSWORD)
		return unwrap_with_password(shared->secret, &recipient->password,
			recipient->wrapped_key, key_size, ret_key, error);
	return wax_key_unwrap(recipient->wrap, wax_secret_span(shared->secret),
		       recipient->wrapped_key, ret_key, NULL) ||
	       failed(error);
}

WaxUnwrapper wax_keyring_unwrapper(WaxKeyring *keyring)
{
	return (WaxUnwrapper){ .data = keyring, .find = find, .unwrap = unwrap };
}
