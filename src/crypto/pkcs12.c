/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS #12: a key, its certificate and the chain, sealed by a password (RFC 7292). */
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <string.h>

#include "asn1/ber.h"
#include "core/status.h"
#include "crypto/internal.h"
#include "crypto/key.h"

#define ITERATIONS_MAX 5000000 /* L-14 */
#define ITERATIONS     600000

/* pkcs-12 bag types (RFC 7292 appendix D) */
#define BAG(n) 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, n

static bool mac_is_bounded(const PKCS12 *p12)
{
	const ASN1_INTEGER *iterations = NULL;

	PKCS12_get0_mac(NULL, NULL, NULL, &iterations, p12);
	return !iterations || ASN1_INTEGER_get(iterations) <= ITERATIONS_MAX;
}

/* RC2 and old PBE live in the legacy provider, which not every system has; it is there for one file only */
static OSSL_PROVIDER *legacy_begin(void)
{
	OSSL_PROVIDER *legacy;
	static gsize once;

	/* naming any provider turns off the automatic default one, so that is named first */
	if (g_once_init_enter(&once)) {
		(void)OSSL_PROVIDER_load(NULL, "default");
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

/* keys_in - how many private keys a SafeContents lists in the open, sealed one by one or not (RFC 7292 4.2) */
static unsigned keys_in(WaxSpan safe)
{
	WAX_OID(key_bag, BAG(1));
	WAX_OID(shrouded_key_bag, BAG(2));
	WaxSpan bags, bag, oid;
	unsigned count = 0;
	WaxBer in, inner;

	if (!wax_ber_only(safe, WAX_TAG_SEQUENCE, &bags, NULL))
		return 0;
	for (in = wax_ber(bags); wax_ber_take(&in, WAX_TAG_SEQUENCE, &bag, NULL);) {
		inner = wax_ber(bag);
		if (wax_ber_take(&inner, WAX_TAG_OID, &oid, NULL) &&
			(wax_span_equal(oid, key_bag) || wax_span_equal(oid, shrouded_key_bag)))
			count++;
	}
	return count;
}

/* octets_of - the content of a ContentInfo of type data */
static bool octets_of(WaxSpan info, WaxSpan *ret_octets)
{
	WAX_OID(data, WAX_OID_PKCS7(1));
	WaxBer in = wax_ber(info);
	WaxSpan oid, wrapped;

	return wax_ber_take(&in, WAX_TAG_OID, &oid, NULL) && wax_span_equal(oid, data) &&
	       wax_ber_take(&in, WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED, &wrapped, NULL) &&
	       wax_ber_only(wrapped, WAX_TAG_OCTET_STRING, ret_octets, NULL);
}

/* count_keys - libcrypto would take the first and say nothing of the others; `der` is strict DER */
static unsigned count_keys(WaxSpan der)
{
	WaxSpan pfx, version, info, octets, safes, safe;
	unsigned count = 0;
	WaxBer in;

	if (!wax_ber_only(der, WAX_TAG_SEQUENCE, &pfx, NULL))
		return 0;
	in = wax_ber(pfx);
	if (!wax_ber_take(&in, WAX_TAG_INTEGER, &version, NULL) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &info, NULL) || !octets_of(info, &octets) ||
		!wax_ber_only(octets, WAX_TAG_SEQUENCE, &safes, NULL))
		return 0;
	for (in = wax_ber(safes); wax_ber_take(&in, WAX_TAG_SEQUENCE, &safe, NULL);)
		if (octets_of(safe, &octets))
			count += keys_in(octets);
	return count;
}

static bool has_several_keys(const PKCS12 *p12)
{
	unsigned char *der = NULL;
	int n = i2d_PKCS12(p12, &der);
	bool several = n > 0 && count_keys(WAX_SPAN(der, (size_t)n)) > 1;

	OPENSSL_free(der);
	return several;
}

static bool take_chain(STACK_OF(X509) * certs, X509 *own, WaxPkcs12 *contents, GError **error)
{
	for (int i = 0; certs && i < sk_X509_num(certs); i++) {
		X509 *x509 = sk_X509_value(certs, i);
		unsigned char *der = NULL;
		int n = i2d_X509(x509, &der);
		WaxCert *cert = wax_cert_parse(WAX_SPAN(der, (size_t)MAX(n, 0)), error);

		(void)own;
		OPENSSL_free(der);
		if (!cert)
			return false;
		if (!contents->cert && contents->key && wax_key_fits(contents->key, cert))
			contents->cert = cert;
		else
			g_ptr_array_add(contents->chain, cert);
	}
	return true;
}

static bool parse_with_providers(
	WaxSpan bytes, const WaxSecret *password, WaxPkcs12 *ret_contents, GError **error)
{
	const unsigned char *p = bytes.p;
	PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)bytes.n);
	g_auto(WaxPkcs12) contents = { NULL, NULL, NULL };
	g_autofree char *text = NULL;
	EVP_PKEY *pkey = NULL;
	STACK_OF(X509) *certs = NULL;
	X509 *own = NULL;
	bool ok;

	if (!p12)
		return wax_crypto_fail(error, WAX_R_KEY_MALFORMED, "this is not a PKCS #12 file");
	text = g_strndup(password ? (const char *)password->p : "", password ? password->n : 0);
	if (!mac_is_bounded(p12)) {
		PKCS12_free(p12);
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED,
			"this PKCS #12 file asks for more than %d iterations", ITERATIONS_MAX);
	}
	if (!PKCS12_mac_present(p12)) {
		PKCS12_free(p12);
		wax_wipe(text, strlen(text));
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED,
			"this PKCS #12 file has no MAC by its password (RFC 7292): anybody could "
			"have changed it");
	}
	if (PKCS12_verify_mac(p12, text, (int)strlen(text)) != 1 &&
		(text[0] || PKCS12_verify_mac(p12, NULL, 0) != 1)) {
		PKCS12_free(p12);
		ERR_clear_error();
		wax_wipe(text, strlen(text));
		return wax_fail(error, WAX_R_PASSWORD_WRONG,
			"the password does not open this PKCS #12 file");
	}
	if (has_several_keys(p12)) {
		PKCS12_free(p12);
		wax_wipe(text, strlen(text));
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED,
			"this PKCS #12 file holds several private keys; export each into a file of "
			"its own");
	}
	ok = PKCS12_parse(p12, text, &pkey, &own, &certs) == 1;
	PKCS12_free(p12);
	wax_wipe(text, strlen(text));
	if (!ok)
		return wax_crypto_fail(error, WAX_R_KEY_UNSUPPORTED,
			"this PKCS #12 file uses an algorithm that cannot be read here");
	contents.chain = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	if (pkey)
		contents.key = wax_crypto_key_take(pkey);
	if (own) {
		STACK_OF(X509) *first = sk_X509_new_null();

		sk_X509_push(first, own);
		ok = take_chain(first, own, &contents, error);
		sk_X509_free(first);
		X509_free(own);
	}
	ok = ok && take_chain(certs, NULL, &contents, error);
	sk_X509_pop_free(certs, X509_free);
	if (!ok)
		return false;
	if (!contents.key)
		return wax_fail(
			error, WAX_R_KEY_MALFORMED, "this PKCS #12 file holds no private key");
	if (!contents.cert)
		return wax_fail(error, WAX_R_KEY_MISMATCH,
			"no certificate in this PKCS #12 file belongs to its private key");
	*ret_contents = contents;
	contents = (WaxPkcs12){ NULL, NULL, NULL };
	return true;
}

bool wax_pkcs12_parse(
	WaxSpan bytes, const WaxSecret *password, WaxPkcs12 *ret_contents, GError **error)
{
	OSSL_PROVIDER *legacy = legacy_begin();
	bool ok = parse_with_providers(bytes, password, ret_contents, error);

	legacy_end(legacy);
	return ok;
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
