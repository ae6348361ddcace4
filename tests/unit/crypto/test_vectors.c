/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers of RFCs and of NIST, and what must not be accepted beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/status.h"
#include "crypto/cipher.h"
#include "crypto/constant.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "crypto/key.h"
#include "crypto/unwrap.h"
#include "crypto/wrap.h"

/* bytes - of hex; they live until the test ends */
static WaxSpan bytes(const char *hex)
{
	size_t n = strlen(hex) / 2;
	uint8_t *p = test_malloc(n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 |
				 g_ascii_xdigit_value(hex[2 * i + 1]));
	return WAX_SPAN(p, n);
}

static void done(WaxSpan span)
{
	test_free((void *)(uintptr_t)span.p);
}

static void expect(const uint8_t *got, size_t n, const char *hex)
{
	g_autofree char *text = wax_hex(WAX_SPAN(got, n));

	assert_string_equal(text, hex);
}

static void rfc_9709_derives_the_key_of_the_cipher(void **state)
{
	static const struct {
		const char *info, *key;
	} rows[] = {
		{ "301b0609608648016503040106300e040c5c79058ba2f43447639d29e2",
			"2124ffb29fac4e0fbbc7d5d87492bff3" },
		{ "301d06096086480165030401020410651f722ffd512c52fe072e507d72b377",
			"9cd102c52f1e19ece8729b35bfeceb50" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		WaxSpan cek = bytes("c702e7d0a9e064b09ba55245fb733cf3"), info = bytes(rows[i].info);
		g_autoptr(WaxSecret) key = NULL;

		assert_true(wax_kdf_cek(cek, info, &key, NULL));
		expect(key->p, key->n, rows[i].key);
		done(cek);
		done(info);
	}
}

static void rfc_5869_and_9690_derive_keys(void **state)
{
	WaxSpan ikm = bytes("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
		salt = bytes("000102030405060708090a0b0c"), info = bytes("f0f1f2f3f4f5f6f7f8f9"),
		shared = bytes("3cf82ec41b54ed4d37402bbd8f805a52"),
		other = bytes("3010300b0609608648016503040105020110");
	WaxKdf hkdf = { WAX_KDF_HKDF, WAX_DIGEST_SHA256 }, kdf3 = { WAX_KDF_KDF3, WAX_DIGEST_SHA256 };
	uint8_t out[42];

	(void)state;
	assert_true(wax_kdf(hkdf, ikm, salt, info, out, 42, NULL));
	expect(out, 42, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
			"34007208d5b887185865");
	assert_true(wax_kdf(hkdf, ikm, WAX_SPAN_NONE, WAX_SPAN_NONE, out, 42, NULL));
	expect(out, 42, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
			"9d201395faa4b61a96c8");
	assert_true(wax_kdf(kdf3, shared, WAX_SPAN_NONE, other, out, 16, NULL));
	expect(out, 16, "e6dc9d62ff2b469bef604c617b018718");
	done(ikm);
	done(salt);
	done(info);
	done(shared);
	done(other);
}

static void rfc_3394_wraps_a_key(void **state)
{
	WaxSpan kek = bytes("000102030405060708090a0b0c0d0e0f"),
		key = bytes("00112233445566778899aabbccddeeff");
	g_autoptr(WaxSecret) back = NULL;
	uint8_t out[40];
	size_t n;

	(void)state;
	assert_true(wax_key_wrap(kek, key, out, &n, NULL));
	expect(out, n, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5");
	assert_true(wax_key_unwrap(WAX_WRAP_AES128, kek, WAX_SPAN(out, n), &back, NULL));
	assert_memory_equal(back->p, key.p, 16);
	g_clear_pointer(&back, wax_secret_free);
	for (size_t i = 0; i < n; i++) {
		out[i] ^= 1;
		assert_false(wax_key_unwrap(WAX_WRAP_AES128, kek, WAX_SPAN(out, n), &back, NULL));
		out[i] ^= 1;
	}
	done(kek);
	done(key);
}

/* RFC 3217 3.3: what old mail has */
static void rfc_3217_unwraps_3des(void **state)
{
	WaxSpan kek = bytes("255e0d1c07b646dfb3134cc843ba8aa71f025b7c0838251f"),
		wrapped = bytes("690107618ef092b3b48ca1796b234ae9fa33ebb4159604037db5d6a84eb3aac2"
				"768c632775a467d4");
	g_autoptr(WaxSecret) key = NULL;

	(void)state;
	assert_true(wax_key_unwrap(WAX_WRAP_3DES, kek, wrapped, &key, NULL));
	expect(key->p, key->n, "2923bf85e06dd6ae529149f1f1bae9eab3a7da3d860d3e98");
	done(kek);
	done(wrapped);
}

/* rc2 - whole blocks; false: this libcrypto has no legacy provider */
static bool rc2(WaxSpan key, const uint8_t *iv, WaxSpan in, uint8_t *out)
{
	g_autoptr(WaxCipher) cipher =
		wax_cipher_new(WAX_CIPHER_RC2_128_CBC, true, key, WAX_SPAN(iv, 8), NULL);
	size_t n;

	return cipher && wax_cipher_update(cipher, in, out, &n, NULL) && n == in.n;
}

/* RFC 3217 4.1, step by step; its own example has a KEK of 40 bits, which CMS mail has not */
static void rfc_3217_unwraps_rc2(void **state)
{
	static const uint8_t iv[8] = { 0x4a, 0xdd, 0xa2, 0x2c, 0x79, 0xe8, 0x21, 0x05 };
	WaxSpan kek = bytes("fd04fd08060707fb0003fefffd02fe05"),
		key = bytes("b70a25fbc9d86a86050ce0d711ead4d9");
	uint8_t inner[32] = { 16 }, sum[64], chained[40], turned[40], wrapped[72];
	g_autoptr(WaxSecret) back = NULL;

	(void)state;
	memcpy(inner + 1, key.p, 16);
	assert_true(wax_digest_once(WAX_DIGEST_SHA1, WAX_SPAN(inner, 24), sum, NULL));
	memcpy(inner + 24, sum, 8);
	wax_random(chained, 8);
	if (!rc2(kek, chained, WAX_SPAN(inner, 32), chained + 8))
		skip();
	for (size_t i = 0; i < 40; i++)
		turned[i] = chained[39 - i];
	assert_true(rc2(kek, iv, WAX_SPAN(turned, 40), wrapped));
	assert_true(wax_key_unwrap(WAX_WRAP_RC2, kek, WAX_SPAN(wrapped, 40), &back, NULL));
	assert_int_equal(back->n, 16);
	assert_memory_equal(back->p, key.p, 16);
	g_clear_pointer(&back, wax_secret_free);
	wrapped[9] ^= 1;
	assert_false(wax_key_unwrap(WAX_WRAP_RC2, kek, WAX_SPAN(wrapped, 40), &back, NULL));
	done(kek);
	done(key);
}

typedef struct {
	WaxCipherAlg alg;
	WaxSpan key, iv, aad, plain;
	size_t tag_n;
} Aead;

static bool run(const Aead *a, bool encrypt, uint64_t announced, WaxSpan in, size_t piece,
	WaxSpan tag, uint8_t *out, uint8_t *ret_tag)
{
	g_autoptr(WaxCipher) cipher = wax_cipher_new(a->alg, encrypt, a->key, a->iv, NULL);
	size_t n, total = 0;
	uint8_t room[256 + WAX_CIPHER_SLACK];

	assert_non_null(cipher);
	if (!wax_cipher_announce(cipher, announced, a->tag_n, NULL) ||
		!wax_cipher_aad(cipher, a->aad, NULL))
		return false;
	for (size_t at = 0; at < in.n; at += piece) {
		WaxSpan part = WAX_SPAN(in.p + at, MIN(piece, in.n - at));

		if (!wax_cipher_update(cipher, part, room, &n, NULL))
			return false;
		memcpy(out + total, room, n);
		total += n;
	}
	return wax_cipher_finish(cipher, tag, room, &n, ret_tag, NULL) && n == 0 && total == in.n;
}

/* check_aead - the known answer, in pieces of every size, and nothing else */
static void check_aead(const Aead *a, const char *sealed, const char *tag_hex)
{
	uint8_t out[256], back[256], tag[16], wrong[16];
	size_t n = a->plain.n;

	for (size_t piece = 1; piece <= n; piece++) {
		memset(tag, 0, sizeof tag);
		assert_true(run(a, true, n, a->plain, piece, WAX_SPAN_NONE, out, tag));
		expect(out, n, sealed);
		expect(tag, a->tag_n, tag_hex);
		assert_true(run(a, false, n, WAX_SPAN(out, n), piece, WAX_SPAN(tag, a->tag_n), back,
			NULL));
		assert_memory_equal(back, a->plain.p, n);
	}
	for (size_t i = 0; i < a->tag_n; i++) {
		memcpy(wrong, tag, sizeof wrong);
		wrong[i] ^= 0x80;
		assert_false(run(a, false, n, WAX_SPAN(out, n), 7, WAX_SPAN(wrong, a->tag_n), back,
			NULL));
	}
	out[n / 2] ^= 1;
	assert_false(run(a, false, n, WAX_SPAN(out, n), 7, WAX_SPAN(tag, a->tag_n), back, NULL));
	if (!wax_cipher_is_ccm(a->alg))
		return;
	out[n / 2] ^= 1;
	/* more or fewer octets than announced, and a tag of another length */
	assert_false(run(a, false, n - 1, WAX_SPAN(out, n), 7, WAX_SPAN(tag, a->tag_n), back, NULL));
	assert_false(run(a, false, n + 1, WAX_SPAN(out, n), 7, WAX_SPAN(tag, a->tag_n), back, NULL));
	assert_false(run(a, false, n, WAX_SPAN(out, n), 7, WAX_SPAN(tag, 4), back, NULL));
}

static void ccm_of_sp_800_38c(void **state)
{
	Aead a = { WAX_CIPHER_AES128_CCM, bytes("404142434445464748494a4b4c4d4e4f"),
		bytes("101112131415161718191a1b"), bytes("000102030405060708090a0b0c0d0e0f10111213"),
		bytes("202122232425262728292a2b2c2d2e2f3031323334353637"), 8 };
	static uint8_t long_aad[65536];

	(void)state;
	check_aead(&a, "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5", "484392fbc1b09951");
	done(a.iv);
	done(a.aad);
	done(a.plain);
	/* example 4: additional data whose length takes six octets, a nonce of 13 */
	for (size_t i = 0; i < sizeof long_aad; i++)
		long_aad[i] = (uint8_t)i;
	a.iv = bytes("101112131415161718191a1b1c");
	a.aad = WAX_SPAN(long_aad, sizeof long_aad);
	a.plain = bytes("202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f");
	a.tag_n = 14;
	check_aead(&a, "69915dad1e84c6376a68c2967e4dab615ae0fd1faec44cc484828529463ccf72",
		"b4ac6bec93e8598e7f0dadbcea5b");
	done(a.key);
	done(a.iv);
	done(a.plain);
}

/* a nonce of 13 octets leaves two to count with */
static void ccm_counts_no_further_than_its_nonce_lets_it(void **state)
{
	uint8_t key[16] = { 0 }, nonce[13] = { 0 };
	g_autoptr(WaxCipher) cipher = wax_cipher_new(
		WAX_CIPHER_AES128_CCM, true, WAX_SPAN(key, 16), WAX_SPAN(nonce, 13), NULL);

	(void)state;
	assert_false(wax_cipher_announce(cipher, 65536, 16, NULL));
	assert_true(wax_cipher_announce(cipher, 65535, 16, NULL));
	assert_null(wax_cipher_new(
		WAX_CIPHER_AES128_CCM, true, WAX_SPAN(key, 16), WAX_SPAN(nonce, 6), NULL));
}

static void chacha20_poly1305_of_rfc_8439(void **state)
{
	Aead a = { WAX_CIPHER_CHACHA20_POLY1305,
		bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
		bytes("070000004041424344454647"), bytes("50515253c0c1c2c3c4c5c6c7"),
		WAX_SPAN_LIT("Ladies and Gentlemen of the class of '99: If I could offer you only "
			     "one tip for the future, sunscreen would be it."),
		16 };

	(void)state;
	check_aead(&a,
		"d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
		"3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
		"92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
		"3ff4def08e4b7a9de576d26586cec64b6116",
		"1ae10b594f09e26a7e902ecbd0600691");
	done(a.key);
	done(a.iv);
	done(a.aad);
}

/* RFC 7748 6.1, with the key as PKCS #8 (RFC 8410); and points of small order, whose secret is zero */
static void x25519_of_rfc_7748(void **state)
{
	WaxSpan pkcs8 = bytes("302e020100300506032b656e0422042077076d0a7318a57d3c16c17251b26645df4c"
			      "2f87ebc0992ab177fba51db92c2a"),
		bob = bytes("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"),
		small = bytes("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
	uint8_t zero[32] = { 0 };
	g_autoptr(WaxKey) key = wax_key_parse(pkcs8, NULL, NULL);
	g_autoptr(WaxSecret) secret = NULL;

	(void)state;
	assert_non_null(key);
	assert_int_equal(wax_key_keyenc(key), WAX_KEYENC_X25519);
	assert_true(wax_key_agree(key, bob, WAX_SPAN_NONE, false, &secret, NULL));
	expect(secret->p, secret->n,
		"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
	g_clear_pointer(&secret, wax_secret_free);
	assert_false(wax_key_agree(key, WAX_SPAN(zero, 32), WAX_SPAN_NONE, false, &secret, NULL));
	assert_false(wax_key_agree(key, small, WAX_SPAN_NONE, false, &secret, NULL));
	assert_false(wax_key_agree(key, WAX_SPAN(bob.p, 31), WAX_SPAN_NONE, false, &secret, NULL));
	done(pkcs8);
	done(bob);
	done(small);
}

static void padding_is_right_or_it_is_not(void **state)
{
	uint8_t block[16];

	(void)state;
	for (unsigned pad = 0; pad < 256; pad++) {
		for (size_t wrong = 0; wrong <= 16; wrong++) {
			uint32_t want = pad >= 1 && pad <= 16 ? pad : 0;

			memset(block, 0xee, sizeof block);
			for (size_t i = 0; i < 16 && i < pad; i++)
				block[15 - i] = (uint8_t)pad;
			block[15] = (uint8_t)pad;
			if (wrong >= 1 && wrong < pad && wrong < 16) {
				block[15 - wrong] ^= 0x40;
				want = 0;
			}
			assert_int_equal(wax_constant_unpad(block, 16), want);
		}
	}
	memset(block, 8, sizeof block);
	assert_int_equal(wax_constant_unpad(block + 8, 8), 8);
	block[15] = 9;
	assert_int_equal(wax_constant_unpad(block + 8, 8), 0);
}

/* RFC 3211: another password yields another key, never an error (P-11) */
static void pwri_never_says_that_it_failed(void **state)
{
	uint8_t kek[32] = { 1 }, iv[16] = { 2 }, key[32];
	GByteArray *wrapped = NULL;
	g_autoptr(WaxSecret) one = NULL, two = NULL, three = NULL;
	WaxSpan kek_span = WAX_SPAN(kek, 32), iv_span = WAX_SPAN(iv, 16);

	(void)state;
	for (size_t n = 16; n <= 32; n += 8) {
		wax_random(key, n);
		assert_true(wax_pwri_wrap(WAX_CIPHER_AES256_CBC, kek_span, iv_span, WAX_SPAN(key, n),
			&wrapped, NULL));
		assert_true(wax_pwri_unwrap(WAX_CIPHER_AES256_CBC, kek_span, iv_span,
			WAX_SPAN(wrapped->data, wrapped->len), n, &one, NULL));
		assert_int_equal(one->n, n);
		assert_memory_equal(one->p, key, n);
		/* another length than what is in it; an octet changed */
		if (n == 24) {
			assert_true(wax_pwri_unwrap(WAX_CIPHER_AES256_CBC, kek_span, iv_span,
				WAX_SPAN(wrapped->data, wrapped->len), 16, &two, NULL));
			assert_memory_not_equal(two->p, key, 16);
		}
		wrapped->data[3] ^= 1;
		assert_true(wax_pwri_unwrap(WAX_CIPHER_AES256_CBC, kek_span, iv_span,
			WAX_SPAN(wrapped->data, wrapped->len), n, &three, NULL));
		assert_int_equal(three->n, n);
		assert_memory_not_equal(three->p, key, n);
		/* what everybody can see is refused */
		g_clear_pointer(&three, wax_secret_free);
		assert_false(wax_pwri_unwrap(WAX_CIPHER_AES256_CBC, kek_span, iv_span,
			WAX_SPAN(wrapped->data, 16), n, &three, NULL));
		assert_false(wax_pwri_unwrap(WAX_CIPHER_AES256_GCM, kek_span, iv_span,
			WAX_SPAN(wrapped->data, wrapped->len), n, &three, NULL));
		g_clear_pointer(&one, wax_secret_free);
		g_clear_pointer(&wrapped, g_byte_array_unref);
	}
}

/* P-05: the curve that is named must be the key's; hybrid points are refused */
static void a_point_of_another_curve_is_refused(void **state)
{
	WaxSpan p256 = bytes("2a8648ce3d030107"), p384 = bytes("2b81040022");
	g_autoptr(WaxKey) key = wax_key_generate("p256", NULL), other = wax_key_generate("p256", NULL);
	g_autoptr(GByteArray) spki = wax_key_spki(other);
	g_autoptr(WaxSecret) secret = NULL;
	uint8_t *point = spki->data + spki->len - 65;
	WaxSpan span = WAX_SPAN(point, 65);

	(void)state;
	assert_true(wax_key_agree(key, span, p256, false, &secret, NULL));
	g_clear_pointer(&secret, wax_secret_free);
	assert_true(wax_key_agree(key, span, WAX_SPAN_NONE, false, &secret, NULL));
	g_clear_pointer(&secret, wax_secret_free);
	assert_false(wax_key_agree(key, span, p384, false, &secret, NULL));
	point[0] = point[64] & 1 ? 7 : 6;
	assert_false(wax_key_agree(key, span, WAX_SPAN_NONE, false, &secret, NULL));
	point[0] = 4;
	point[64] ^= 1;
	assert_false(wax_key_agree(key, span, WAX_SPAN_NONE, false, &secret, NULL));
	done(p256);
	done(p384);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_9709_derives_the_key_of_the_cipher),
		cmocka_unit_test(rfc_5869_and_9690_derive_keys),
		cmocka_unit_test(rfc_3394_wraps_a_key),
		cmocka_unit_test(rfc_3217_unwraps_3des),
		cmocka_unit_test(rfc_3217_unwraps_rc2),
		cmocka_unit_test(ccm_of_sp_800_38c),
		cmocka_unit_test(ccm_counts_no_further_than_its_nonce_lets_it),
		cmocka_unit_test(chacha20_poly1305_of_rfc_8439),
		cmocka_unit_test(x25519_of_rfc_7748),
		cmocka_unit_test(padding_is_right_or_it_is_not),
		cmocka_unit_test(pwri_never_says_that_it_failed),
		cmocka_unit_test(a_point_of_another_curve_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
