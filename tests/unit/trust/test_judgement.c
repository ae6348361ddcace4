/* SPDX-License-Identifier: Apache-2.0 */
/* Chains that look right and are not: each row was once believed, or could be by a careless reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>

#include "core/status.h"
#include "forge.h"
#include "trust/address.h"
#include "trust/path.h"

static EVP_PKEY *root, *ca, *joe, *rsa;

static int make_keys(void **state)
{
	(void)state;
	root = forge_new_key();
	ca = forge_new_key();
	joe = forge_new_key();
	rsa = EVP_RSA_gen(2048);
	return 0;
}

static int free_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(root);
	EVP_PKEY_free(ca);
	EVP_PKEY_free(joe);
	EVP_PKEY_free(rsa);
	return 0;
}

/* judge - the path from the leaf over `middle` (may be NULL) to `top`; takes the references */
static WaxReason judge(WaxCert *leaf, WaxCert *middle, WaxCert *top)
{
	g_autoptr(GPtrArray) anchors = g_ptr_array_new_with_free_func(
				     (GDestroyNotify)wax_anchor_free),
			     untrusted = g_ptr_array_new_with_free_func(
				     (GDestroyNotify)wax_cert_unref);
	WaxPathQuestion question = {
		.anchors = anchors, .untrusted = untrusted, .at = AT, .purpose = WAX_PURPOSE_SIGN
	};
	g_auto(WaxPathVerdict) verdict = { 0 };
	WaxReason reason;

	g_ptr_array_add(anchors, wax_anchor_new(top, NULL, false));
	if (middle)
		g_ptr_array_add(untrusted, middle);
	verdict = wax_trust_path(leaf, &question);
	reason = verdict.reason;
	wax_cert_unref(leaf);
	wax_cert_unref(top);
	return reason;
}

static WaxCert *top(void)
{
	return forge_authority("Root", root, "Root", root, 1);
}

#define PERSON { "keyUsage", "digitalSignature" }

/* libcrypto lets them pass as known; nobody here acts on what they say */
static void a_critical_extension_that_is_not_acted_on_is_refused(void **state)
{
	static const char *const extensions[][2] = { { "nsCertType", "critical,client" },
		{ "sbgp-autonomousSysNum", "critical,AS:1" },
		{ "sbgp-ipAddrBlock", "critical,IPv4:192.0.2.0/24" },
		{ "proxyCertInfo",
			"critical,DER:30:0F:02:01:00:30:0A:06:08:2B:06:01:05:05:07:15:00" },
		{ "1.2.3.4", "critical,DER:05:00" } };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(extensions); i++) {
		const char *name = extensions[i][0], *value = extensions[i][1];
		WaxReason of_leaf = judge(forge(&(Recipe){ "Joe", "Root", 2, joe, root,
						  { PERSON, { name, value } } }),
			NULL, top());
		/* an authority that is a proxy is malformed */
		WaxReason of_issuer =
			strcmp(name, "proxyCertInfo") == 0
				? WAX_R_TRUST_CRITICAL
				: judge(forge_person(joe, "CA", ca, NULL),
					  forge(&(Recipe){ "CA", "Root", 3, ca, root,
						  { FORGE_CA, { name, value } } }),
					  top());

		if (of_leaf != WAX_R_TRUST_CRITICAL || of_issuer != WAX_R_TRUST_CRITICAL)
			fail_msg("%s: %s, %s", name, wax_reason_info(of_leaf)->label,
				wax_reason_info(of_issuer)->label);
	}
}

/* whoever finds a collision chooses the subject, so the issuer's own name must not excuse it */
static void an_old_digest_below_the_anchor_is_weak_whatever_the_name(void **state)
{
	(void)state;
	for (int self_issued = 0; self_issued < 2; self_issued++) {
		const char *name = self_issued ? "Root" : "CA";

		assert_int_equal(judge(forge_person(joe, name, ca, NULL),
					 forge(&(Recipe){ name, "Root", 2, ca, root, { FORGE_CA },
						 .digest = "SHA1" }),
					 top()),
			WAX_R_TRUST_WEAK);
	}
	/* the anchor is believed for what it is, not for its signature */
	assert_int_equal(judge(forge_person(joe, "Root", root, NULL), NULL,
				 forge(&(Recipe){ "Root", "Root", 2, root, root, { FORGE_CA },
					 .digest = "SHA1" })),
		WAX_R_NONE);
}

static void a_digest_is_weak_by_whatever_identifier(void **state)
{
	static const struct {
		const char *digest, *algorithm;
		bool pss;
		WaxReason reason;
	} rows[] = {
		{ "MD5", NULL, false, WAX_R_TRUST_WEAK },
		{ "MD5", "1.3.14.3.2.3", false, WAX_R_TRUST_WEAK },
		{ "SHA1", "1.3.14.3.2.29", false, WAX_R_TRUST_WEAK },
		{ "SHA1", NULL, true, WAX_R_TRUST_WEAK },
		{ "RIPEMD160", NULL, false, WAX_R_TRUST_WEAK },
		{ "SHA256", NULL, true, WAX_R_NONE },
		{ "SHA384", NULL, false, WAX_R_NONE },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		WaxReason reason = judge(forge(&(Recipe){ "Joe", "Root", 2, joe, rsa, { PERSON },
						 .digest = rows[i].digest,
						 .algorithm = rows[i].algorithm,
						 .pss = rows[i].pss }),
			NULL, forge_authority("Root", rsa, "Root", rsa, 1));

		if (reason != rows[i].reason)
			fail_msg("%s %s%s: %s", rows[i].digest,
				rows[i].algorithm ? rows[i].algorithm : "", rows[i].pss ? "PSS" : "",
				wax_reason_info(reason)->label);
	}
}

/* 112 bits of a curve are 56 of security */
static void a_small_curve_is_weak(void **state)
{
	static const char *const curves[] = { "secp112r1", "secp160r1", "prime192v1" };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(curves); i++) {
		EVP_PKEY *small = EVP_EC_gen(curves[i]);

		if (!small)
			continue; /* built without it */
		assert_int_equal(judge(forge_person(small, "Root", root, NULL), NULL, top()),
			WAX_R_TRUST_WEAK);
		assert_int_equal(judge(forge_person(joe, "CA", small, NULL),
					 forge_authority("CA", small, "Root", root, 2), top()),
			WAX_R_TRUST_WEAK);
		EVP_PKEY_free(small);
	}
}

/* RFC 5480 2.1.1: curves have names; one that a certificate describes may be anything */
static void a_described_curve_verifies_nothing(void **state)
{
	EVP_PKEY *described = forge_new_key();

	(void)state;
	EVP_PKEY_set_utf8_string_param(described, OSSL_PKEY_PARAM_EC_ENCODING, "explicit");
	assert_int_equal(judge(forge_person(joe, "CA", described, NULL),
				 forge_authority("CA", described, "Root", root, 2), top()),
		WAX_R_TRUST_SIGNATURE);
	EVP_PKEY_free(described);
}

/* a root of version 1 cannot say what it is; a certificate of version 3 that does not say so is no CA */
static void a_pinned_person_issues_nothing(void **state)
{
	(void)state;
	assert_int_equal(judge(forge_person(joe, "Root", root, NULL), NULL,
				 forge(&(Recipe){ "Root", "Root", 1, root, root, { { NULL, NULL } },
					 .version_1 = true })),
		WAX_R_NONE);
	assert_int_equal(judge(forge_person(joe, "Root", root, NULL), NULL,
				 forge(&(Recipe){ "Root", "Root", 1, root, root,
					 { { "subjectAltName", "email:ann@corp.example" } } })),
		WAX_R_TRUST_BASIC_CONSTRAINTS);
}

#define UTF8 "otherName:1.3.6.1.5.5.7.8.9;UTF8:"

/* ways to write an excluded address that another reader takes for the same */
static const struct {
	const char *constraints, *names, *key;
} disguised[] = {
	{ "excluded;email:ceo@corp.example", UTF8 "ceo@corp.example", "ceo@corp.example" },
	{ "excluded;email:ceo@corp.example", "email:\"ceo\"@corp.example", "ceo@corp.example" },
	{ "excluded;email:\"ceo\"@corp.example", "email:ceo@corp.example", "ceo@corp.example" },
	{ "excluded;email:xn--bcher-kva.example", "email:ceo@b\xc3\xbc" "cher.example",
		"ceo@xn--bcher-kva.example" },
	{ "excluded;email:.xn--bcher-kva.example", "email:ceo@a.b\xc3\xbc" "cher.example",
		"ceo@a.xn--bcher-kva.example" },
	{ "excluded;email:xn--bcher-kva.example", UTF8 "j\xc3\xb6@xn--bcher-kva.example",
		"j\xc3\xb6@xn--bcher-kva.example" },
	{ "excluded;email:.xn--bcher-kva.example", UTF8 "j\xc3\xb6@a.xn--bcher-kva.example",
		"j\xc3\xb6@a.xn--bcher-kva.example" },
	{ "excluded;email:xn--bcher-kva.example", UTF8 "j\xc3\xb6@B\xc3\x9c" "CHER.example",
		"j\xc3\xb6@xn--bcher-kva.example" },
	{ "excluded;email:kelvin.example", UTF8 "j\xc3\xb6@\xe2\x84\xaa" "elvin.example",
		"j\xc3\xb6@kelvin.example" },
};

static void a_disguised_address_is_still_excluded(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(disguised); i++) {
		WaxCert *leaf = forge_person(joe, "CA", ca, disguised[i].names);
		const char *const from[] = { disguised[i].key, NULL };
		WaxIdentity identity = wax_trust_identity(
			leaf, &(WaxAuthorClaim){ .from = from, .from_fields = 1 }, false);
		WaxReason reason = judge(leaf,
			forge(&(Recipe){ "CA", "Root", (long)i + 2, ca, root,
				{ FORGE_CA, { "nameConstraints", disguised[i].constraints } } }),
			top());

		if (reason == WAX_R_NONE && identity == WAX_IDENTITY_EXACT)
			fail_msg("%s speaks for %s", disguised[i].names, disguised[i].key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_critical_extension_that_is_not_acted_on_is_refused),
		cmocka_unit_test(an_old_digest_below_the_anchor_is_weak_whatever_the_name),
		cmocka_unit_test(a_digest_is_weak_by_whatever_identifier),
		cmocka_unit_test(a_small_curve_is_weak),
		cmocka_unit_test(a_described_curve_verifies_nothing),
		cmocka_unit_test(a_pinned_person_issues_nothing),
		cmocka_unit_test(a_disguised_address_is_still_excluded),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
