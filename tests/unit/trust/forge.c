/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <openssl/conf.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "forge.h"

EVP_PKEY *forge_new_key(void)
{
	return EVP_EC_gen("P-256");
}

static X509_NAME *name_of(const char *common)
{
	X509_NAME *name = X509_NAME_new();

	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_UTF8, (const unsigned char *)common, -1, -1, 0);
	return name;
}

/* drop_parameters - of the key in a certificate, before it is signed */
static void drop_parameters(X509 *x509)
{
	X509_ALGOR *algorithm;

	X509_PUBKEY_get0_param(NULL, NULL, NULL, &algorithm, X509_get_X509_PUBKEY(x509));
	X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_dsa), V_ASN1_UNDEF, NULL);
}

/* resign - with another name for the same algorithm */
static void resign(X509 *x509, const Recipe *r, const EVP_MD *digest)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const ASN1_BIT_STRING *signature;
	const X509_ALGOR *outer;
	unsigned char *tbs = NULL, value[1024];
	size_t size = sizeof value;
	int n;

	X509_get0_signature(&signature, &outer, x509);
	X509_ALGOR_set0((X509_ALGOR *)(uintptr_t)outer, OBJ_txt2obj(r->algorithm, 1), V_ASN1_NULL, NULL);
	X509_ALGOR_set0((X509_ALGOR *)(uintptr_t)X509_get0_tbs_sigalg(x509),
		OBJ_txt2obj(r->algorithm, 1), V_ASN1_NULL, NULL);
	n = i2d_re_X509_tbs(x509, &tbs);
	assert_int_equal(EVP_DigestSignInit(context, NULL, digest, NULL, r->signer), 1);
	assert_int_equal(EVP_DigestSign(context, value, &size, tbs, (size_t)n), 1);
	ASN1_STRING_set((ASN1_BIT_STRING *)(uintptr_t)signature, value, (int)size);
	OPENSSL_free(tbs);
	EVP_MD_CTX_free(context);
}

static void sign(X509 *x509, const Recipe *r)
{
	bool pure = EVP_PKEY_is_a(r->signer, "ED25519");
	const EVP_MD *digest = pure ? NULL : EVP_get_digestbyname(r->digest ? r->digest : "SHA256");
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key = NULL;

	assert_int_equal(EVP_DigestSignInit(context, &key, digest, NULL, r->signer), 1);
	if (r->pss)
		EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING);
	if (X509_sign_ctx(x509, context) <= 0)
		fail_msg("libcrypto does not sign with %s", r->digest);
	EVP_MD_CTX_free(context);
	if (r->algorithm)
		resign(x509, r, digest);
}

static void add_extensions(X509 *x509, const Recipe *r)
{
	CONF *none = NCONF_new(NULL); /* certificatePolicies looks for a section, even for none */
	X509V3_CTX context;

	X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
	X509V3_set_nconf(&context, none);
	for (size_t i = 0; i < 10 && r->extensions[i][0]; i++) {
		X509_EXTENSION *extension = X509V3_EXT_conf(
			NULL, &context, r->extensions[i][0], r->extensions[i][1]);

		if (!extension)
			fail_msg("%s=%s", r->extensions[i][0], r->extensions[i][1]);
		X509_add_ext(x509, extension, -1);
		X509_EXTENSION_free(extension);
	}
	NCONF_free(none);
}

GByteArray *forge_octets(const Recipe *r)
{
	X509 *x509 = X509_new();
	X509_NAME *subject = name_of(r->subject), *issuer = name_of(r->issuer);
	GByteArray *octets = g_byte_array_new();
	unsigned char *der = NULL;
	int n;

	X509_set_version(x509, r->version_1 ? 0 : 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), r->serial);
	X509_set_subject_name(x509, subject);
	X509_set_issuer_name(x509, issuer);
	ASN1_TIME_set(X509_getm_notBefore(x509), AT - (r->dated_before ? 20000000 : 10000000));
	ASN1_TIME_set(X509_getm_notAfter(x509), AT + (r->dated_before ? -10000000 : 10000000));
	X509_set_pubkey(x509, r->key);
	if (r->without_parameters)
		drop_parameters(x509);
	add_extensions(x509, r);
	sign(x509, r);
	n = i2d_X509(x509, &der);
	g_byte_array_append(octets, der, (guint)n);
	OPENSSL_free(der);
	X509_NAME_free(subject);
	X509_NAME_free(issuer);
	X509_free(x509);
	return octets;
}

WaxCert *forge(const Recipe *r)
{
	g_autoptr(GByteArray) der = forge_octets(r);
	WaxCert *cert = wax_cert_parse(WAX_SPAN(der->data, der->len), NULL);

	assert_non_null(cert);
	return cert;
}

WaxCert *forge_authority(
	const char *subject, EVP_PKEY *key, const char *issuer, EVP_PKEY *signer, long serial)
{
	return forge(&(Recipe){ subject, issuer, serial, key, signer, { FORGE_CA } });
}

WaxCert *forge_person(EVP_PKEY *key, const char *issuer, EVP_PKEY *signer, const char *names)
{
	return forge(&(Recipe){ "Joe", issuer, 77, key, signer,
		{ { "keyUsage", "digitalSignature" }, { names ? "subjectAltName" : NULL, names } } });
}
