/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS #12: a key, its certificate and the chain, sealed by a password (RFC 7292). */
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <string.h>

#include "core/status.h"
#include "crypto/internal.h"
#include "crypto/key.h"

#define ITERATIONS 600000
#define DEPTH_MAX  4 /* of SafeContents in SafeContents; what lies deeper is not seen */

/* RC2 and old PBE live in the legacy provider, which not every system has; it is there for one file only */
static OSSL_PROVIDER *standard;

static void unload_standard(void)
{
	(void)OSSL_PROVIDER_unload(standard);
}

static OSSL_PROVIDER *legacy_begin(void)
{
	static gsize once;
	OSSL_PROVIDER *legacy;

	/* naming any provider turns off the automatic default one, so that is named first */
	if (g_once_init_enter(&once)) {
		standard = OSSL_PROVIDER_load(NULL, "default");
		(void)atexit(unload_standard);
		g_once_init_leave(&once, 1);
	}
	legacy = OSSL_PROVIDER_load(NULL, "legacy");
	ERR_clear_error();
	return legacy;
}

static void legacy_end(OSSL_PROVIDER *legacy)
{
	if (legacy)
		(void)OSSL_PROVIDER_unload(legacy);
}

/* what lies in a file, in its order */
typedef struct {
	const char *password; /* NULL: none, which is not the same as an empty one */
	GPtrArray *keys;      /* WaxKey */
	GPtrArray *certs;     /* WaxCert */
	uint64_t left;	      /* of the iterations that the password may cost */
	bool old;	      /* sealed by what the legacy provider alone may know */
} Bags;

static void bags_clear(Bags *bags)
{
	g_clear_pointer(&bags->keys, g_ptr_array_unref);
	g_clear_pointer(&bags->certs, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Bags, bags_clear)

/* note_old - PBES1 and PKCS #12's own schemes name RC2, RC4 or DES */
static void note_old(Bags *bags, const X509_ALGOR *alg)
{
	bags->old = bags->old || OBJ_obj2nid(alg->algorithm) != NID_pbes2;
}

static bool take_key(Bags *bags, const PKCS8_PRIV_KEY_INFO *info, GError **error)
{
	EVP_PKEY *pkey = info ? EVP_PKCS82PKEY(info) : NULL;

	if (!pkey)
		return wax_crypto_fail(error, WAX_R_KEY_UNSUPPORTED,
			"this PKCS #12 file uses an algorithm that cannot be read here");
	g_ptr_array_add(bags->keys, wax_crypto_key_take(pkey));
	return true;
}

static bool take_sealed_key(Bags *bags, const PKCS12_SAFEBAG *bag, GError **error)
{
	const X509_ALGOR *alg;
	PKCS8_PRIV_KEY_INFO *info;
	bool ok;

	X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &alg, NULL);
	note_old(bags, alg);
	if (!wax_crypto_pbe_spend(alg, &bags->left, "a key in this PKCS #12 file", error))
		return false;
	info = PKCS12_decrypt_skey(bag, bags->password, -1);
	ok = take_key(bags, info, error);
	PKCS8_PRIV_KEY_INFO_free(info);
	return ok;
}

static bool take_cert(Bags *bags, const PKCS12_SAFEBAG *bag, GError **error)
{
	X509 *x509 = PKCS12_SAFEBAG_get_bag_nid(bag) == NID_x509Certificate
			     ? PKCS12_SAFEBAG_get1_cert(bag)
			     : NULL;
	unsigned char *der = NULL;
	WaxCert *cert;
	int n;

	if (!x509)
		return true;
	n = i2d_X509(x509, &der);
	cert = wax_cert_parse(WAX_SPAN(der, (size_t)MAX(n, 0)), error);
	OPENSSL_free(der);
	X509_free(x509);
	if (!cert)
		return false;
	g_ptr_array_add(bags->certs, cert);
	return true;
}

static bool take_bags(
	Bags *bags, const STACK_OF(PKCS12_SAFEBAG) * safe, unsigned depth, GError **error)
{
	bool ok = true;

	for (int i = 0; ok && safe && i < sk_PKCS12_SAFEBAG_num(safe); i++) {
		const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(safe, i);

		switch (PKCS12_SAFEBAG_get_nid(bag)) {
		case NID_keyBag:
			ok = take_key(bags, PKCS12_SAFEBAG_get0_p8inf(bag), error);
			break;
		case NID_pkcs8ShroudedKeyBag:
			ok = take_sealed_key(bags, bag, error);
			break;
		case NID_certBag:
			ok = take_cert(bags, bag, error);
			break;
		case NID_safeContentsBag:
			ok = depth == DEPTH_MAX ||
			     take_bags(bags, PKCS12_SAFEBAG_get0_safes(bag), depth + 1, error);
			break;
		default:
			break;
		}
	}
	return ok;
}

/* unpack - a part of the file, which its password may seal; NULL with the error set */
static STACK_OF(PKCS12_SAFEBAG) * unpack(Bags *bags, PKCS7 *safe, GError **error)
{
	STACK_OF(PKCS12_SAFEBAG) * inside;

	if (OBJ_obj2nid(safe->type) == NID_pkcs7_encrypted && safe->d.encrypted)
		note_old(bags, safe->d.encrypted->enc_data->algorithm);
	if (OBJ_obj2nid(safe->type) == NID_pkcs7_data)
		inside = PKCS12_unpack_p7data(safe);
	else if (safe->d.encrypted && !wax_crypto_pbe_spend(safe->d.encrypted->enc_data->algorithm,
					      &bags->left, "a part of this PKCS #12 file", error))
		return NULL;
	else
		inside = PKCS12_unpack_p7encdata(safe, bags->password, -1);
	if (!inside)
		wax_crypto_set_error(error, WAX_R_KEY_UNSUPPORTED,
			"this PKCS #12 file uses an algorithm that cannot be read here");
	return inside;
}

static bool take_safes(Bags *bags, const PKCS12 *p12, GError **error)
{
	STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(p12);
	bool ok = true;

	for (int i = 0; ok && safes && i < sk_PKCS7_num(safes); i++) {
		PKCS7 *safe = sk_PKCS7_value(safes, i);
		int type = OBJ_obj2nid(safe->type);
		STACK_OF(PKCS12_SAFEBAG) * inside;

		if (type != NID_pkcs7_data && type != NID_pkcs7_encrypted)
			continue;
		inside = unpack(bags, safe, error);
		ok = inside && take_bags(bags, inside, 0, error);
		sk_PKCS12_SAFEBAG_pop_free(inside, PKCS12_SAFEBAG_free);
	}
	ASN1_item_free((ASN1_VALUE *)safes, ASN1_ITEM_rptr(PKCS12_AUTHSAFES));
	return ok;
}

/* spend_mac - an ordinary one has a number beside it, PBMAC1 (RFC 9579) its parameters */
static bool spend_mac(const PKCS12 *p12, Bags *bags, GError **error)
{
	static const char what[] = "the MAC of this PKCS #12 file";
	const ASN1_INTEGER *rounds = NULL;
	const X509_ALGOR *alg = NULL;

	PKCS12_get0_mac(NULL, &alg, NULL, &rounds, p12);
	if (alg && OBJ_obj2nid(alg->algorithm) == NID_pbmac1)
		return wax_crypto_pbe_spend(alg, &bags->left, what, error);
	return wax_crypto_pbe_spend_rounds(rounds, &bags->left, what, error);
}

/* check_mac - it must be there, be affordable, and hold; says in which form the password made it hold */
static bool check_mac(WaxSpan file, PKCS12 *p12, const char *text, Bags *bags, GError **error)
{
	const ASN1_OCTET_STRING *mac = NULL;
	const X509_ALGOR *alg = NULL;

	if (!PKCS12_mac_present(p12))
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED,
			"this PKCS #12 file has no MAC by its password (RFC 7292): anybody could "
			"have changed it");
	if (!spend_mac(p12, bags, error))
		return false;
	bags->password = text;
	PKCS12_get0_mac(&mac, &alg, NULL, NULL, p12);
	if (OBJ_obj2nid(alg->algorithm) == NID_pbmac1) {
		if (wax_crypto_pbmac1_holds(file, alg, mac, WAX_SPAN(text, strlen(text))))
			return true;
	} else if (PKCS12_verify_mac(p12, text, (int)strlen(text)) == 1)
		return true;
	bags->password = NULL;
	if (OBJ_obj2nid(alg->algorithm) != NID_pbmac1 && !text[0] &&
		PKCS12_verify_mac(p12, NULL, 0) == 1)
		return true;
	ERR_clear_error();
	return wax_fail(
		error, WAX_R_PASSWORD_WRONG, "the password does not open this PKCS #12 file");
}

static bool read_bags(WaxSpan bytes, const WaxSecret *password, Bags *bags, GError **error)
{
	OSSL_PROVIDER *legacy = legacy_begin();
	const unsigned char *p = bytes.p;
	PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)bytes.n);
	g_autofree char *text =
		g_strndup(password ? (const char *)password->p : "", password ? password->n : 0);
	bool ok;

	bags->left = WAX_PBE_ALL;
	bags->keys = g_ptr_array_new_with_free_func((GDestroyNotify)wax_key_unref);
	bags->certs = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	ok = p12 ? check_mac(bytes, p12, text, bags, error) && take_safes(bags, p12, error)
		 : wax_crypto_fail(error, WAX_R_KEY_MALFORMED, "this is not a PKCS #12 file");
	bags->password = NULL;
	wax_wipe(text, strlen(text));
	PKCS12_free(p12);
	if (!ok && !legacy && p12 && bags->old)
		g_prefix_error(error,
			"this file is sealed by RC2 or DES, which libcrypto reads with its legacy "
			"provider alone, and that is not installed (Debian 13: "
			"openssl-provider-legacy); write the file anew with AES, or install it: ");
	legacy_end(legacy);
	if (ok && bags->keys->len == 0)
		return wax_fail(
			error, WAX_R_KEY_MALFORMED, "this PKCS #12 file holds no private key");
	return ok;
}

/* contents_of - a key with the certificate that fits it and all the others */
static WaxPkcs12 contents_of(const Bags *bags, guint n)
{
	WaxPkcs12 contents = { .key = wax_key_ref(bags->keys->pdata[n]),
		.chain = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref) };

	for (guint i = 0; i < bags->certs->len; i++) {
		WaxCert *cert = wax_cert_ref(bags->certs->pdata[i]);

		if (!contents.cert && wax_key_fits(contents.key, cert))
			contents.cert = cert;
		else
			g_ptr_array_add(contents.chain, cert);
	}
	return contents;
}

static void contents_free(void *p)
{
	wax_pkcs12_clear(p);
	g_free(p);
}

/* parse - `whole`: a key without its certificate is not passed over in silence */
static bool parse(WaxSpan bytes, const WaxSecret *password, bool whole, GPtrArray **ret_contents,
	GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(contents_free);
	g_auto(Bags) bags = { 0 };

	if (!read_bags(bytes, password, &bags, error))
		return false;
	for (guint i = 0; i < bags.keys->len; i++) {
		WaxPkcs12 contents = contents_of(&bags, i);

		if (contents.cert)
			g_ptr_array_add(all, g_memdup2(&contents, sizeof(contents)));
		else
			wax_pkcs12_clear(&contents);
	}
	if (all->len == 0 || (whole && all->len < bags.keys->len))
		return wax_fail(error, WAX_R_KEY_MISMATCH,
			"no certificate in this PKCS #12 file belongs to %s",
			bags.keys->len == 1 ? "its private key" : "one of its private keys");
	*ret_contents = g_steal_pointer(&all);
	return true;
}

bool wax_pkcs12_parse(
	WaxSpan bytes, const WaxSecret *password, GPtrArray **ret_contents, GError **error)
{
	return parse(bytes, password, /* whole= */ true, ret_contents, error);
}

bool wax_pkcs12_parse_all(
	WaxSpan bytes, const WaxSecret *password, GPtrArray **ret_contents, GError **error)
{
	return parse(bytes, password, /* whole= */ false, ret_contents, error);
}

void wax_pkcs12_clear(WaxPkcs12 *contents)
{
	g_clear_pointer(&contents->key, wax_key_unref);
	g_clear_pointer(&contents->cert, wax_cert_unref);
	g_clear_pointer(&contents->chain, g_ptr_array_unref);
}

bool wax_pkcs12_write(const WaxPkcs12 *contents, const char *name, const WaxSecret *password,
	GByteArray **ret_bytes, GError **error)
{
	g_autofree char *text = g_strndup((const char *)password->p, password->n);
	STACK_OF(X509) *chain = sk_X509_new_null();
	unsigned char *der = NULL;
	PKCS12 *p12;
	int n;

	for (guint i = 0; contents->chain && i < contents->chain->len; i++)
		sk_X509_push(chain, wax_crypto_x509(contents->chain->pdata[i]));
	p12 = PKCS12_create(text, name, wax_crypto_pkey(contents->key),
		wax_crypto_x509(contents->cert), chain, NID_aes_256_cbc, NID_aes_256_cbc,
		ITERATIONS, -1, 0);
	sk_X509_free(chain);
	if (!p12 || PKCS12_set_mac(p12, text, -1, NULL, 0, ITERATIONS, EVP_sha256()) != 1) {
		PKCS12_free(p12);
		wax_wipe(text, strlen(text));
		return wax_crypto_fail(
			error, WAX_R_CRYPTO_ERROR, "the PKCS #12 file could not be made");
	}
	wax_wipe(text, strlen(text));
	n = i2d_PKCS12(p12, &der);
	PKCS12_free(p12);
	*ret_bytes = g_byte_array_new();
	g_byte_array_append(*ret_bytes, der, (guint)n);
	OPENSSL_free(der);
	return true;
}
