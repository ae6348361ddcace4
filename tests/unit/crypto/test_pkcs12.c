/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever writes a file says how dear its password is; nothing too dear is begun. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "core/clock.h"
#include "core/status.h"
#include "crypto/internal.h"
#include "crypto/key.h"

#define WORD "secret99"
#define MOST WAX_PBE_EACH
/* some hours of work, should anybody begin */
#define HOURS 2000000000

typedef struct {
	WaxKey *key;
	WaxCert *cert;
} World;

static int make_world(void **state)
{
	static const char *const addresses[] = { "ann@a.example", NULL };
	static const uint8_t serial = 7;
	World *w = g_new0(World, 1);
	g_autoptr(GByteArray) spki = NULL;
	WaxCertProfile profile = { .common_name = "Ann",
		.addresses = addresses,
		.serial = WAX_SPAN(&serial, 1),
		.not_before = wax_clock_now() - 60,
		.not_after = wax_clock_now() + 3600,
		.path_length = -1,
		.key_usage = WAX_KU_DIGITAL_SIGNATURE,
		.eku_mail = true };

	w->key = wax_key_generate("p256", NULL);
	spki = wax_key_spki(w->key);
	profile.spki = WAX_SPAN(spki->data, spki->len);
	w->cert = wax_cert_issue(&profile, NULL, w->key, NULL);
	assert_non_null(w->cert);
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	World *w = *state;

	wax_key_unref(w->key);
	wax_cert_unref(w->cert);
	g_free(w);
	return 0;
}

static X509_ALGOR *pbkdf2(int iterations)
{
	return PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), iterations, NULL, 8, NULL, -1);
}

static X509_ALGOR *pbkdf2_long(int octets)
{
	X509_ALGOR *alg = pbkdf2(1000);
	PBE2PARAM *two = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), alg->parameter);

	X509_ALGOR_free(two->keyfunc);
	two->keyfunc = PKCS5_pbkdf2_set(1000, NULL, 8, -1, octets);
	assert_non_null(
		ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBE2PARAM), two, &alg->parameter));
	PBE2PARAM_free(two);
	return alg;
}

static X509_ALGOR *scrypt(uint64_t n, uint64_t r, uint64_t p)
{
	X509_ALGOR *alg = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 8, NULL, 16, 1, 1);
	PBE2PARAM *two = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), alg->parameter);
	SCRYPT_PARAMS *how = ASN1_TYPE_unpack_sequence(
		ASN1_ITEM_rptr(SCRYPT_PARAMS), two->keyfunc->parameter);

	assert_true(ASN1_INTEGER_set_uint64(how->costParameter, n));
	assert_true(ASN1_INTEGER_set_uint64(how->blockSize, r));
	assert_true(ASN1_INTEGER_set_uint64(how->parallelizationParameter, p));
	assert_non_null(ASN1_TYPE_pack_sequence(
		ASN1_ITEM_rptr(SCRYPT_PARAMS), how, &two->keyfunc->parameter));
	assert_non_null(
		ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBE2PARAM), two, &alg->parameter));
	SCRYPT_PARAMS_free(how);
	PBE2PARAM_free(two);
	return alg;
}

static X509_ALGOR *old(int iterations)
{
	return PKCS5_pbe_set(NID_pbe_WithSHA1And3_Key_TripleDES_CBC, iterations, NULL, 8);
}

static X509_ALGOR *negative(void)
{
	X509_ALGOR *alg = old(1000);
	PBEPARAM *one = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), alg->parameter);

	assert_true(ASN1_INTEGER_set_int64(one->iter, -1));
	assert_non_null(
		ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBEPARAM), one, &alg->parameter));
	PBEPARAM_free(one);
	return alg;
}

/* the algorithm as it will be named, not as it was sealed: sealing costs what opening does */
static void rename_as(X509_ALGOR *alg, X509_ALGOR *other)
{
	if (other)
		assert_true(X509_ALGOR_copy(alg, other));
	X509_ALGOR_free(other);
}

/* file_of - a sealed key and a sealed certificate; the algorithms are taken, NULL: cheap and honest */
static GByteArray *file_of(
	const World *w, X509_ALGOR *of_key, X509_ALGOR *of_part, int64_t mac_rounds)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(wax_crypto_pkey(w->key));
	PKCS12_SAFEBAG *bag = PKCS12_SAFEBAG_create_pkcs8_encrypt(
		NID_aes_256_cbc, WORD, -1, NULL, 8, 1000, info);
	STACK_OF(PKCS12_SAFEBAG) *keys = sk_PKCS12_SAFEBAG_new_null(),
				 *certs = sk_PKCS12_SAFEBAG_new_null();
	STACK_OF(PKCS7) *safes = sk_PKCS7_new_null();
	const ASN1_INTEGER *rounds = NULL;
	X509_ALGOR *alg = NULL;
	GByteArray *bytes = g_byte_array_new();
	unsigned char *der = NULL;
	PKCS7 *part;
	PKCS12 *p12;
	int n;

	X509_SIG_getm((X509_SIG *)(uintptr_t)PKCS12_SAFEBAG_get0_pkcs8(bag), &alg, NULL);
	rename_as(alg, of_key);
	sk_PKCS12_SAFEBAG_push(keys, bag);
	sk_PKCS12_SAFEBAG_push(certs, PKCS12_SAFEBAG_create_cert(wax_crypto_x509(w->cert)));
	part = PKCS12_pack_p7encdata(NID_aes_256_cbc, WORD, -1, NULL, 8, 1000, certs);
	rename_as(part->d.encrypted->enc_data->algorithm, of_part);
	sk_PKCS7_push(safes, part);
	sk_PKCS7_push(safes, PKCS12_pack_p7data(keys));
	p12 = PKCS12_add_safes(safes, 0);
	assert_true(PKCS12_set_mac(p12, WORD, -1, NULL, 0, 2, EVP_sha256()));
	PKCS12_get0_mac(NULL, NULL, NULL, &rounds, p12);
	if (mac_rounds)
		assert_true(
			ASN1_INTEGER_set_int64((ASN1_INTEGER *)(uintptr_t)rounds, mac_rounds));
	n = i2d_PKCS12(p12, &der);
	g_byte_array_append(bytes, der, (guint)n);
	OPENSSL_free(der);
	PKCS12_free(p12);
	PKCS8_PRIV_KEY_INFO_free(info);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	sk_PKCS12_SAFEBAG_pop_free(keys, PKCS12_SAFEBAG_free);
	sk_PKCS12_SAFEBAG_pop_free(certs, PKCS12_SAFEBAG_free);
	return bytes;
}

/* why_not - NULL: it opens */
static GError *why_not(const GByteArray *file)
{
	g_autoptr(WaxSecret) word = wax_secret_dup(WAX_SPAN_LIT(WORD));
	g_autoptr(GPtrArray) contents = NULL;
	GError *error = NULL;

	if (wax_pkcs12_parse(WAX_SPAN(file->data, file->len), word, &contents, &error))
		assert_int_equal(contents->len, 1);
	return error;
}

static void is_refused(const GByteArray *file, const char *what, const char *why)
{
	g_autoptr(GError) error = why_not(file);

	assert_non_null(error);
	assert_int_equal(wax_reason_of(error), WAX_R_KEY_UNSUPPORTED);
	assert_non_null(strstr(error->message, what));
	assert_non_null(strstr(error->message, why));
}

static void an_honest_file_opens(void **state)
{
	g_autoptr(GByteArray) file = file_of(*state, NULL, NULL, 0);

	assert_null(why_not(file));
}

/* each in the place of the key's, then of the part's */
static void too_dear_a_password_is_refused_before_it_is_tried(void **state)
{
	for (unsigned i = 0; i < 18; i++) {
		X509_ALGOR *dear = i / 2 == 0   ? pbkdf2(MOST + 1)
				   : i / 2 == 1 ? pbkdf2(HOURS)
				   : i / 2 == 2 ? old(MOST + 1)
				   : i / 2 == 3 ? old(HOURS)
				   : i / 2 == 4 ? scrypt(1 << 22, 8, 1)
				   : i / 2 == 5 ? scrypt(16, 1, 1 << 25)
				   : i / 2 == 6 ? scrypt(1ULL << 32, 1ULL << 31, 2)
				   : i / 2 == 7 ? scrypt(1 << 14, 1 << 10, 1)
						: pbkdf2(MOST + 2);
		g_autoptr(GByteArray) file =
			file_of(*state, i % 2 ? dear : NULL, i % 2 ? NULL : dear, 0);

		is_refused(file, i % 2 ? "a key in this" : "a part of this",
			"more than 5000000 iterations");
	}
}

static void what_is_no_number_is_refused(void **state)
{
	for (unsigned i = 0; i < 5; i++) {
		g_autoptr(GByteArray) file = file_of(*state,
			i == 0	 ? negative()
			: i == 1 ? scrypt(0, 8, 1)
			: i == 2 ? scrypt(1 << 14, 8, 0)
			: i == 3 ? pbkdf2_long(65)
				 : pbkdf2_long(1 << 30),
			NULL, 0);

		is_refused(file, "a key in this", "cannot be read here");
	}
}

static void the_mac_is_bounded_too(void **state)
{
	static const int64_t rounds[] = { MOST + 1, HOURS, INT64_MAX, -1 };

	for (size_t i = 0; i < G_N_ELEMENTS(rounds); i++) {
		g_autoptr(GByteArray) file = file_of(*state, NULL, NULL, rounds[i]);

		is_refused(file, "the MAC", rounds[i] < 0 ? "cannot be read" : "more than 5000000");
	}
}

static void the_most_that_is_permitted_is_tried(void **state)
{
	uint64_t left = WAX_PBE_ALL;
	X509_ALGOR *most = pbkdf2(MOST), *block = scrypt(1 << 14, 8, 38);

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		assert_true(wax_crypto_pbe_spend(most, &left, "it", NULL));
	assert_int_equal(left, 0);
	left = WAX_PBE_ALL;
	assert_true(wax_crypto_pbe_spend(block, &left, "it", NULL));
	assert_int_equal(left, WAX_PBE_ALL - (1 << 14) * 8 * 38);
	X509_ALGOR_free(most);
	X509_ALGOR_free(block);
}

/* a file of a thousand keys, each of them just affordable, is not */
static void all_parts_together_are_bounded(void **state)
{
	uint64_t left = WAX_PBE_ALL;
	X509_ALGOR *most = pbkdf2(MOST);
	g_autoptr(GError) error = NULL;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		assert_true(wax_crypto_pbe_spend(most, &left, "it", &error));
	assert_false(wax_crypto_pbe_spend(most, &left, "it", &error));
	assert_int_equal(wax_reason_of(error), WAX_R_KEY_UNSUPPORTED);
	assert_non_null(strstr(error->message, "together"));
	X509_ALGOR_free(most);
}

/* as a PEM file has it; libcrypto goes on to the second when the first is damaged */
static void a_sealed_key_alone_is_bounded(void **state)
{
	static const char damaged[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n"
				      "-----END ENCRYPTED PRIVATE KEY-----\n";
	const World *w = *state;
	g_autoptr(WaxSecret) word = wax_secret_dup(WAX_SPAN_LIT(WORD));

	for (unsigned i = 0; i < 4; i++) {
		g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
		PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(wax_crypto_pkey(w->key));
		X509_SIG *sealed = PKCS8_encrypt(
			-1, EVP_aes_256_cbc(), WORD, -1, NULL, 8, 1000, info);
		g_autoptr(WaxKey) key = NULL;
		g_autoptr(GError) error = NULL;
		X509_ALGOR *alg;
		char *bytes;
		long n;

		X509_SIG_getm(sealed, &alg, NULL);
		if (i)
			rename_as(alg, pbkdf2(HOURS));
		if (i == 2)
			assert_int_equal(BIO_puts(bio, damaged), sizeof damaged - 1);
		assert_true(i == 3 ? i2d_PKCS8_bio(bio, sealed) : PEM_write_bio_PKCS8(bio, sealed));
		n = BIO_get_mem_data(bio, &bytes);
		key = wax_key_parse(WAX_SPAN(bytes, (size_t)n), word, &error);
		if (i == 0)
			assert_non_null(key);
		else
			assert_int_equal(wax_reason_of(error), WAX_R_KEY_UNSUPPORTED);
		X509_SIG_free(sealed);
		PKCS8_PRIV_KEY_INFO_free(info);
	}
}

/* pbmac1_of - the algorithm as RFC 9579 has it */
static X509_ALGOR *pbmac1_of(int iterations, int key_octets)
{
	PBE2PARAM *p = PBE2PARAM_new();
	X509_ALGOR *alg = X509_ALGOR_new();

	X509_ALGOR_free(p->keyfunc);
	p->keyfunc = PKCS5_pbkdf2_set(iterations, (unsigned char *)(uintptr_t)"saltsalt", 8, NID_hmacWithSHA256, key_octets);
	X509_ALGOR_set0(p->encryption, OBJ_nid2obj(NID_hmacWithSHA512), V_ASN1_NULL, NULL);
	ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBE2PARAM), p, &alg->parameter);
	ASN1_OBJECT_free(alg->algorithm);
	alg->algorithm = OBJ_nid2obj(NID_pbmac1);
	PBE2PARAM_free(p);
	return alg;
}

/* with_pbmac1 - the same file under another MAC, computed apart from the product */
static GByteArray *with_pbmac1(const GByteArray *file, int iterations, int key_octets)
{
	const unsigned char *p = file->data;
	PKCS12 *p12 = d2i_PKCS12(NULL, &p, file->len);
	STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(p12);
	const ASN1_OCTET_STRING *mac;
	const X509_ALGOR *alg;
	unsigned char key[64], out[64], *content = NULL, *der = NULL;
	int n = ASN1_item_i2d((ASN1_VALUE *)safes, &content, ASN1_ITEM_rptr(PKCS12_AUTHSAFES));
	GByteArray *bytes = g_byte_array_new();

	PKCS12_get0_mac(&mac, &alg, NULL, NULL, p12);
	PKCS5_PBKDF2_HMAC(WORD, -1, (const unsigned char *)"saltsalt", 8, iterations, EVP_sha256(),
		key_octets > 0 ? key_octets : 32, key);
	HMAC(EVP_sha512(), key, key_octets > 0 ? key_octets : 32, content, (size_t)n, out, NULL);
	ASN1_OCTET_STRING_set((ASN1_OCTET_STRING *)(uintptr_t)mac, out, sizeof out);
	rename_as((X509_ALGOR *)(uintptr_t)alg, pbmac1_of(iterations, key_octets));
	n = i2d_PKCS12(p12, &der);
	g_byte_array_append(bytes, der, (guint)n);
	OPENSSL_free(der);
	OPENSSL_free(content);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	PKCS12_free(p12);
	return bytes;
}

/* libcrypto 3.0 does not know it: it is computed here, and so it is on every libcrypto */
static void a_pbmac1_holds_or_does_not(void **state)
{
	g_autoptr(GByteArray) file = file_of(*state, NULL, NULL, 0);
	g_autoptr(GByteArray) good = with_pbmac1(file, 2048, 32), other = with_pbmac1(file, 2048, 48);
	g_autoptr(GByteArray) endless = with_pbmac1(file, 1, -1), dear = with_pbmac1(file, 2, 32);
	g_autoptr(WaxSecret) wrong = wax_secret_dup(WAX_SPAN_LIT("not it"));
	g_autoptr(GPtrArray) contents = NULL;
	g_autoptr(GError) error = NULL, without = why_not(endless);
	uint8_t *mac = NULL;

	assert_null(why_not(good));
	assert_null(why_not(other));
	/* RFC 9579 4: the length of the key must be there */
	assert_int_equal(wax_reason_of(without), WAX_R_PASSWORD_WRONG);
	assert_false(wax_pkcs12_parse(WAX_SPAN(good->data, good->len), wrong, &contents, &error));
	assert_int_equal(wax_reason_of(error), WAX_R_PASSWORD_WRONG);
	/* an octet of what the MAC is over */
	mac = memmem(dear->data, dear->len, "saltsalt", 8);
	assert_non_null(mac);
	dear->data[dear->len / 2] ^= 1;
	g_clear_error(&error);
	error = why_not(dear);
	assert_non_null(error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_honest_file_opens),
		cmocka_unit_test(too_dear_a_password_is_refused_before_it_is_tried),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(the_mac_is_bounded_too),
		cmocka_unit_test(the_most_that_is_permitted_is_tried),
		cmocka_unit_test(all_parts_together_are_bounded),
		cmocka_unit_test(a_sealed_key_alone_is_bounded),
		cmocka_unit_test(a_pbmac1_holds_or_does_not),
	};

	return cmocka_run_group_tests(tests, make_world, end_world);
}
