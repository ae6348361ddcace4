/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "asn1/ber.h"
#include "asn1/identifiers.h"

static WaxDigestAlg read_digest(const char *bytes, size_t n)
{
	WaxDigestAlg alg = WAX_DIGEST_COUNT_;

	assert_true(wax_digest_read(WAX_SPAN(bytes, n), &alg, NULL));
	return alg;
}

#define SHA256	     "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define SHAKE256     "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x0c"
#define SHAKE256_LEN "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x12"
#define DIGEST(text) read_digest(text, sizeof text - 1)

/* */
static void parameters_of_digests_count(void **state)
{
	(void)state;
	assert_int_equal(DIGEST(SHA256), WAX_DIGEST_SHA256);
	assert_int_equal(DIGEST(SHA256 "\x05\x00"), WAX_DIGEST_SHA256);
	assert_int_equal(DIGEST(SHA256 "\x02\x01\x01"), WAX_DIGEST_NONE);
	assert_int_equal(DIGEST(SHAKE256), WAX_DIGEST_SHAKE256);
	assert_int_equal(DIGEST(SHAKE256 "\x05\x00"), WAX_DIGEST_NONE);
	assert_int_equal(DIGEST(SHAKE256_LEN "\x02\x02\x02\x00"), WAX_DIGEST_SHAKE256);
	assert_int_equal(DIGEST(SHAKE256_LEN "\x02\x02\x01\x00"), WAX_DIGEST_NONE);
	assert_int_equal(DIGEST(SHAKE256_LEN), WAX_DIGEST_NONE);
}

static void pss_is_read_as_written_and_defaults_are_left_out(void **state)
{
	static const WaxPss rows[] = { { WAX_DIGEST_SHA1, WAX_DIGEST_SHA1, 20, false },
		{ WAX_DIGEST_SHA256, WAX_DIGEST_SHA256, 32, false }, { WAX_DIGEST_SHA512, WAX_DIGEST_SHA1, 20, false } };
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t room[128];
		WaxDer der = wax_der(room, sizeof room);
		WaxPss pss;

		wax_pss_put(&der, &rows[i]);
		assert_true(wax_pss_read(wax_der_span(&der), &pss, NULL));
		assert_int_equal(pss.digest, rows[i].digest);
		assert_int_equal(pss.mgf_digest, rows[i].mgf_digest);
		assert_int_equal(pss.salt, rows[i].salt);
		if (i == 0)
			assert_int_equal(der.needed, 2);
	}
}

/* P-13: "Parameters absent throughout; NULL refused"; P-01, P-04 */
static void null_is_no_parameter_of_a_pure_signature(void **state)
{
	WaxSpan null = WAX_SPAN("\x05\x00", 2);
	(void)state;

	for (unsigned alg = 1; alg < WAX_SIG_ALG_COUNT_; alg++) {
		if (alg == WAX_SIG_PSS)
			continue;
		assert_true(wax_sig_parameters_fit((WaxSigAlg)alg, WAX_SPAN_NONE));
		assert_int_equal(wax_sig_parameters_fit((WaxSigAlg)alg, null), !wax_sig_is_pure((WaxSigAlg)alg));
	}
}

static bool is_time(uint8_t tag, const char *text)
{
	WaxCivil time;

	return wax_ber_time(tag, WAX_SPAN(text, strlen(text)), &time);
}

/* P-15 */
static void times_are_strict(void **state)
{
	(void)state;
	assert_true(is_time(WAX_TAG_UTC_TIME, "261128232323Z"));
	assert_true(is_time(WAX_TAG_GENERALIZED_TIME, "20501128232323Z"));
	assert_true(is_time(WAX_TAG_GENERALIZED_TIME, "20240229000000Z"));
	assert_false(is_time(WAX_TAG_GENERALIZED_TIME, "20230229000000Z"));
	assert_false(is_time(WAX_TAG_UTC_TIME, "2611282323Z"));
	assert_false(is_time(WAX_TAG_UTC_TIME, "261128232323+0000"));
	assert_false(is_time(WAX_TAG_GENERALIZED_TIME, "20501128232323.5Z"));
	assert_false(is_time(WAX_TAG_GENERALIZED_TIME, "20501128232323"));
}

static void identifiers_are_written_dotted(void **state)
{
	char text[WAX_OID_TEXT];
	WAX_OID(data, WAX_OID_PKCS7(1));
	(void)state;

	assert_string_equal(wax_oid_text(data, text), "1.2.840.113549.1.7.1");
	assert_string_equal(wax_oid_text(WAX_SPAN("\x2b\x81", 2), text), "?");
	assert_string_equal(wax_oid_text(WAX_SPAN("\xff\xff\xff\xff\xff\x7f", 6), text), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_of_digests_count),
		cmocka_unit_test(pss_is_read_as_written_and_defaults_are_left_out),
		cmocka_unit_test(null_is_no_parameter_of_a_pure_signature),
		cmocka_unit_test(times_are_strict),
		cmocka_unit_test(identifiers_are_written_dotted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
