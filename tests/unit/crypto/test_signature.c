/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "asn1/ber.h"
#include "asn1/identifiers.h"
#include "core/clock.h"
#include "crypto/digest.h"
#include "crypto/internal.h"
#include "crypto/key.h"

#define TEXT WAX_SPAN("what is signed", 14)

static WaxKey *restricted_key(const char *digest, const char *mgf, int salt)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	EVP_PKEY *pkey = NULL;

	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_md_name(context, digest, NULL), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md_name(context, mgf), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(context, salt), 1);
	assert_int_equal(EVP_PKEY_generate(context, &pkey), 1);
	EVP_PKEY_CTX_free(context);
	return wax_crypto_key_take(pkey);
}

/* freed_key - the same numbers without the restriction, so that anything can be signed with them */
static WaxKey *freed_key(const WaxKey *key)
{
	g_autoptr(WaxSecret) pkcs8 = wax_key_pkcs8(key);
	WaxBer in;
	WaxSpan body, algorithm, numbers;
	uint32_t version;
	WaxKey *freed;

	assert_true(wax_ber_only(wax_secret_span(pkcs8), WAX_TAG_SEQUENCE, &body, NULL));
	in = wax_ber(body);
	assert_true(wax_ber_take_small(&in, &version, NULL) && wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, NULL) &&
		wax_ber_take(&in, WAX_TAG_OCTET_STRING, &numbers, NULL));
	freed = wax_key_parse(numbers, NULL, NULL);
	assert_int_equal(wax_key_kind(freed), WAX_KEY_RSA);
	return freed;
}

static WaxCert *cert_of(WaxKey *key)
{
	g_autoptr(GByteArray) spki = wax_key_spki(key);
	WaxCertProfile profile = { .common_name = "A", .spki = WAX_SPAN(spki->data, spki->len), .serial = WAX_SPAN("\1", 1),
		.not_before = wax_clock_now() - 60, .not_after = wax_clock_now() + 3600, .path_length = -1,
		.key_usage = WAX_KU_DIGITAL_SIGNATURE };
	WaxCert *cert = wax_cert_issue(&profile, NULL, key, NULL);

	assert_non_null(cert);
	return cert;
}

static GByteArray *sign_with(WaxKey *key, const WaxPss *pss)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, wax_crypto_pkey(key), NULL);
	GByteArray *value = g_byte_array_new();
	uint8_t hash[WAX_DIGEST_MAX];
	size_t n = 256;

	g_byte_array_set_size(value, 256);
	assert_true(wax_digest_once(pss->digest, TEXT, hash, NULL));
	assert_int_equal(EVP_PKEY_sign_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, wax_crypto_md(pss->digest)), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(context, wax_crypto_md(pss->mgf_digest)), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, (int)pss->salt), 1);
	assert_int_equal(EVP_PKEY_sign(context, value->data, &n, hash, wax_digest_size(pss->digest)), 1);
	EVP_PKEY_CTX_free(context);
	return value;
}

/* P-02: "hash, MGF and trailer equal the key's, salt at least the key's" */
static void a_restricted_key_verifies_within_its_restriction_alone(void **state)
{
	static const struct {
		WaxPss pss;
		bool good;
	} rows[] = {
		{ { WAX_DIGEST_SHA256, WAX_DIGEST_SHA256, 32, false }, true },
		{ { WAX_DIGEST_SHA256, WAX_DIGEST_SHA256, 48, false }, true },
		{ { WAX_DIGEST_SHA256, WAX_DIGEST_SHA256, 222, false }, true }, /* the longest that fits 2048 bits */
		{ { WAX_DIGEST_SHA256, WAX_DIGEST_SHA256, 31, false }, false },
		{ { WAX_DIGEST_SHA256, WAX_DIGEST_SHA1, 32, false }, false },
		{ { WAX_DIGEST_SHA384, WAX_DIGEST_SHA384, 48, false }, false },
	};
	g_autoptr(WaxKey) key = restricted_key("SHA256", "SHA256", 32), freed = freed_key(key);
	g_autoptr(WaxCert) narrow = cert_of(key), wide = cert_of(freed);
	(void)state;

	assert_true(wax_cert_info(narrow)->pss_restricted);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GByteArray) value = sign_with(freed, &rows[i].pss);
		WaxSpan signature = WAX_SPAN(value->data, value->len);

		assert_true(wax_cert_verify(wide, WAX_SIG_PSS, rows[i].pss.digest, &rows[i].pss, TEXT, signature));
		assert_int_equal(wax_cert_verify(narrow, WAX_SIG_PSS, rows[i].pss.digest, &rows[i].pss, TEXT, signature), rows[i].good);
		assert_false(wax_cert_verify(narrow, WAX_SIG_RSA, rows[i].pss.digest, NULL, TEXT, signature));
	}
}

static void a_restricted_key_signs_as_it_must(void **state)
{
	g_autoptr(WaxKey) key = restricted_key("SHA512", "SHA256", 80);
	g_autoptr(WaxCert) cert = cert_of(key);
	g_autoptr(GByteArray) value = NULL;
	WaxPss pss = { WAX_DIGEST_SHA512, WAX_DIGEST_SHA256, 80, false };
	(void)state;

	assert_true(wax_cert_signed_by(cert, cert));
	assert_true(wax_key_sign(key, WAX_SIG_PSS, WAX_DIGEST_SHA512, TEXT, &value, NULL));
	assert_true(wax_cert_verify(cert, WAX_SIG_PSS, WAX_DIGEST_SHA512, &pss, TEXT, WAX_SPAN(value->data, value->len)));
}

/* L-17: nothing is computed with an exponent of more than 64 bits */
static void a_large_exponent_is_refused(void **state)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *exponent = BN_new();
	EVP_PKEY *pkey = NULL;
	g_autoptr(WaxKey) key = NULL;
	g_autoptr(WaxCert) cert = NULL;
	g_autoptr(GByteArray) value = NULL;
	(void)state;

	assert_int_equal(BN_set_bit(exponent, 64) & BN_set_bit(exponent, 0), 1);
	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, exponent), 1);
	assert_int_equal(EVP_PKEY_generate(context, &pkey), 1);
	key = wax_crypto_key_take(pkey);
	cert = cert_of(key);
	assert_true(wax_cert_info(cert)->key_too_large);
	assert_true(wax_key_sign(key, WAX_SIG_RSA, WAX_DIGEST_SHA256, TEXT, &value, NULL));
	assert_false(wax_cert_verify(cert, WAX_SIG_RSA, WAX_DIGEST_SHA256, NULL, TEXT, WAX_SPAN(value->data, value->len)));
	assert_false(wax_cert_signed_by(cert, cert));
	BN_free(exponent);
	EVP_PKEY_CTX_free(context);
}

/* RFC 8032 7.1, test 3: the one known answer that shows no context and no digest before */
static void ed25519_is_pure(void **state)
{
	static const uint8_t seed[] = { 0xc5, 0xaa, 0x8d, 0xf4, 0x3f, 0x9f, 0x83, 0x7b, 0xed, 0xb7, 0x44, 0x2f, 0x31, 0xdc, 0xb7,
		0xb1, 0x66, 0xd3, 0x85, 0x35, 0x07, 0x6f, 0x09, 0x4b, 0x85, 0xce, 0x3a, 0x2e, 0x0b, 0x44, 0x58, 0xf7 };
	static const uint8_t begins[] = { 0x62, 0x91, 0xd6, 0x57, 0xde, 0xec, 0x24, 0x02 };
	g_autoptr(WaxKey) key = wax_crypto_key_take(EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed, sizeof seed));
	g_autoptr(GByteArray) value = NULL;
	(void)state;

	assert_int_equal(wax_key_kind(key), WAX_KEY_PURE);
	assert_true(wax_key_sign(key, WAX_SIG_ED25519, WAX_DIGEST_NONE, WAX_SPAN("\xaf\x82", 2), &value, NULL));
	assert_int_equal(value->len, 64);
	assert_memory_equal(value->data, begins, sizeof begins);
}

/* changed - the key parsed again with one octet changed, this far before the end of its PKCS #8; NULL: refused */
static WaxKey *changed(WaxKey *key, size_t before_end)
{
	g_autoptr(WaxSecret) pkcs8 = wax_key_pkcs8(key);

	assert_true(pkcs8->n > before_end);
	if (before_end)
		pkcs8->p[pkcs8->n - before_end] ^= 1;
	return wax_key_parse(wax_secret_span(pkcs8), NULL, NULL);
}

/* RFC 9881 6, a private key that is there as seed and expanded is refused when the two disagree */
static void ml_dsa_seed_and_expanded_key_agree(void **state)
{
	static const struct {
		WaxSigAlg alg;
		size_t expanded; /* octets (FIPS 204, table 2) */
	} rows[] = { { WAX_SIG_ML_DSA_44, 2560 }, { WAX_SIG_ML_DSA_65, 4032 }, { WAX_SIG_ML_DSA_87, 4896 } };
	(void)state;

	if (!wax_sig_available(WAX_SIG_ML_DSA_44))
		skip();
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(WaxKey) key = wax_key_generate(wax_sig_word(rows[i].alg), NULL);
		g_autoptr(WaxSecret) pkcs8 = wax_key_pkcs8(key);
		g_autoptr(WaxKey) same = changed(key, 0), seed = NULL, start = NULL, end = NULL;

		/* SEQUENCE { OCTET STRING of the seed, OCTET STRING of the expanded key } ends the structure */
		assert_int_equal(pkcs8->p[pkcs8->n - rows[i].expanded - 4], 0x04);
		assert_int_equal(pkcs8->p[pkcs8->n - rows[i].expanded - 4 - 34], 0x04);
		assert_int_equal(pkcs8->p[pkcs8->n - rows[i].expanded - 4 - 33], 32);
		assert_non_null(same);
		assert_null(seed = changed(key, rows[i].expanded + 4 + 16));
		assert_null(start = changed(key, rows[i].expanded - 40));
		assert_null(end = changed(key, 5));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restricted_key_verifies_within_its_restriction_alone),
		cmocka_unit_test(a_restricted_key_signs_as_it_must),
		cmocka_unit_test(a_large_exponent_is_refused),
		cmocka_unit_test(ed25519_is_pure),
		cmocka_unit_test(ml_dsa_seed_and_expanded_key_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
