/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and responses that seem to clear a certificate, and must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "core/status.h"
#include "forge.h"
#include "trust/revocation.h"

#define HOUR 3600

static EVP_PKEY *root, *ca, *joe, *evil;
static GPtrArray *crls, *ocsps, *untrusted, *anchors, *chain;

static int begin(void **state)
{
	(void)state;
	root = forge_new_key();
	ca = forge_new_key();
	joe = forge_new_key();
	evil = forge_new_key();
	crls = g_ptr_array_new_with_free_func((GDestroyNotify)wax_crl_free);
	ocsps = g_ptr_array_new_with_free_func((GDestroyNotify)wax_ocsp_free);
	untrusted = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	chain = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	anchors = g_ptr_array_new_with_free_func((GDestroyNotify)wax_anchor_free);
	return 0;
}

static int end(void **state)
{
	(void)state;
	EVP_PKEY_free(root);
	EVP_PKEY_free(ca);
	EVP_PKEY_free(joe);
	EVP_PKEY_free(evil);
	g_ptr_array_unref(crls);
	g_ptr_array_unref(ocsps);
	g_ptr_array_unref(untrusted);
	g_ptr_array_unref(chain);
	g_ptr_array_unref(anchors);
	return 0;
}

/* one entry of a list; no serial ends them */
typedef struct {
	long serial;
	int reason;
} Entry;

static GByteArray *list_octets(const char *issuer, EVP_PKEY *signer, long made, const Entry *entries)
{
	X509_CRL *crl = X509_CRL_new();
	X509_NAME *name = X509_NAME_new();
	ASN1_TIME *time = ASN1_TIME_set(NULL, AT + made);
	GByteArray *octets = g_byte_array_new();
	unsigned char *der = NULL;
	int n;

	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const void *)issuer, -1, -1, 0);
	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, name);
	X509_CRL_set1_lastUpdate(crl, time);
	ASN1_TIME_set(time, AT + HOUR);
	X509_CRL_set1_nextUpdate(crl, time);
	ASN1_TIME_set(time, AT - 2 * HOUR);
	for (; entries->serial; entries++) {
		X509_REVOKED *revoked = X509_REVOKED_new();
		ASN1_INTEGER *serial = ASN1_INTEGER_new();
		ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();

		ASN1_INTEGER_set(serial, entries->serial);
		ASN1_ENUMERATED_set(reason, entries->reason);
		X509_REVOKED_set_serialNumber(revoked, serial);
		X509_REVOKED_set_revocationDate(revoked, time);
		X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, reason, 0, 0);
		X509_CRL_add0_revoked(crl, revoked);
		ASN1_INTEGER_free(serial);
		ASN1_ENUMERATED_free(reason);
	}
	assert_true(X509_CRL_sign(crl, signer, EVP_sha256()) > 0);
	n = i2d_X509_CRL(crl, &der);
	g_byte_array_append(octets, der, (guint)n);
	OPENSSL_free(der);
	ASN1_TIME_free(time);
	X509_NAME_free(name);
	X509_CRL_free(crl);
	return octets;
}

static void add_list(const char *issuer, EVP_PKEY *signer, long made, const Entry *entries)
{
	g_autoptr(GByteArray) der = list_octets(issuer, signer, made, entries);
	WaxCrl *crl = wax_crl_parse(WAX_SPAN(der->data, der->len), NULL);

	assert_non_null(crl);
	g_ptr_array_add(crls, crl);
}

static const Entry nobody[] = { { 0, 0 } };

static X509 *x509_of(const WaxCert *cert)
{
	const unsigned char *p = wax_cert_info(cert)->der.p;

	return d2i_X509(NULL, &p, (long)wax_cert_info(cert)->der.n);
}

/* add_response - "good" of the leaf of the chain, by this responder */
static void add_response(const WaxCert *responder, EVP_PKEY *key)
{
	X509 *subject = x509_of(chain->pdata[0]), *issuer = x509_of(chain->pdata[1]),
	     *signer = x509_of(responder);
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	ASN1_TIME *from = ASN1_TIME_adj(NULL, AT - HOUR, 0, 0),
		  *until = ASN1_TIME_adj(NULL, AT + HOUR, 0, 0);
	OCSP_RESPONSE *response;
	unsigned char *der = NULL;
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), subject, issuer);
	int n;

	ASN1_TIME_to_generalizedtime(from, (ASN1_GENERALIZEDTIME **)&from);
	ASN1_TIME_to_generalizedtime(until, (ASN1_GENERALIZEDTIME **)&until);
	assert_non_null(OCSP_basic_add1_status(
		basic, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, from, until));
	assert_int_equal(OCSP_basic_sign(basic, signer, key, EVP_sha256(), NULL, 0), 1);
	response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	n = i2d_OCSP_RESPONSE(response, &der);
	g_ptr_array_add(ocsps, wax_ocsp_parse(WAX_SPAN(der, (size_t)n), NULL));
	assert_non_null(ocsps->pdata[ocsps->len - 1]);
	OPENSSL_free(der);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	X509_free(subject);
	X509_free(issuer);
	X509_free(signer);
}

static WaxReason ask(bool demanded, WaxSpan nonce)
{
	WaxPathQuestion question = {
		.anchors = anchors, .untrusted = untrusted, .at = AT, .purpose = WAX_PURPOSE_SIGN
	};
	WaxRevocationSources sources = { crls, ocsps, nonce, demanded };

	g_ptr_array_add(anchors, wax_anchor_new(chain->pdata[chain->len - 1], NULL, false));
	return wax_trust_revocation(chain, &question, &sources);
}

static void stand_on_root(void)
{
	g_ptr_array_add(chain, forge_authority("Root", root, "Root", root, 1));
}

static void stand_on_ca(void)
{
	g_ptr_array_add(chain, forge_person(joe, "CA", ca, NULL));
	g_ptr_array_add(chain, forge_authority("CA", ca, "Root", root, 2));
	stand_on_root();
}

/* an authority below the one that is asked for took the name of the one above it */
static void nobody_below_clears_what_stands_above(void **state)
{
	(void)state;
	g_ptr_array_add(chain, forge_person(joe, "Root", evil, NULL));
	g_ptr_array_add(chain, forge_authority("Root", evil, "CA", ca, 3));
	g_ptr_array_add(chain, forge_authority("CA", ca, "Root", root, 2));
	stand_on_root();
	for (guint i = 0; i < chain->len; i++)
		g_ptr_array_add(untrusted, wax_cert_ref(chain->pdata[i]));
	add_list("Root", evil, -HOUR, nobody);
	add_list("CA", ca, -HOUR, nobody);
	assert_int_equal(ask(true, WAX_SPAN_NONE), WAX_R_TRUST_STATUS_UNKNOWN);
	add_list("Root", root, -HOUR, nobody);
	assert_int_equal(ask(true, WAX_SPAN_NONE), WAX_R_NONE);
}

/* strangers with the name of a list's signer come first; its silence must not be taken for good */
static void a_crowd_does_not_silence_a_list(void **state)
{
	EVP_PKEY *lists = forge_new_key();

	(void)state;
	stand_on_ca();
	add_list("CA", lists, -HOUR, (Entry[]){ { 77, 4 }, { 0, 0 } });
	for (long i = 0; i < 40; i++)
		g_ptr_array_add(untrusted, forge_authority("CA", evil, "CA", evil, 100 + i));
	g_ptr_array_add(untrusted, forge_authority("CA", lists, "Root", root, 5));
	assert_int_equal(ask(false, WAX_SPAN_NONE), WAX_R_TRUST_STATUS_UNKNOWN);
	g_ptr_array_remove_range(untrusted, 0, 40);
	assert_int_equal(ask(false, WAX_SPAN_NONE), WAX_R_TRUST_REVOKED);
	EVP_PKEY_free(lists);
}

/* a response that was given and cannot be believed is not the same as none */
static void a_replayed_response_is_not_silence(void **state)
{
	(void)state;
	stand_on_ca();
	add_response(chain->pdata[1], ca);
	assert_int_equal(ask(false, WAX_SPAN_NONE), WAX_R_NONE);
	assert_int_equal(ask(false, WAX_SPAN("other", 5)), WAX_R_TRUST_STATUS_UNKNOWN);
}

static void a_forbidden_responder_is_not_believed(void **state)
{
	EVP_PKEY *key = forge_new_key();
	g_autoptr(WaxCert) responder = forge(&(Recipe){ "Responder", "CA", 9, key, ca,
		{ { "keyUsage", "digitalSignature" }, { "extendedKeyUsage", "OCSPSigning" },
			{ "noCheck", "ignored" } } });

	(void)state;
	stand_on_ca();
	add_response(responder, key);
	assert_int_equal(ask(false, WAX_SPAN_NONE), WAX_R_NONE);
	g_ptr_array_add(anchors, wax_anchor_new(responder, NULL, true));
	assert_int_equal(ask(false, WAX_SPAN_NONE), WAX_R_TRUST_STATUS_UNKNOWN);
	EVP_PKEY_free(key);
}

/* two entries for one number: the worse one counts, wherever it stands */
static void the_worst_entry_of_a_list_counts(void **state)
{
	(void)state;
	stand_on_ca();
	add_list("CA", ca, -2 * HOUR, (Entry[]){ { 77, WAX_REVOKED_HOLD },
		{ 77, WAX_REVOKED_KEY_COMPROMISE }, { 0, 0 } });
	add_list("CA", ca, -HOUR, nobody);
	assert_int_equal(ask(false, WAX_SPAN_NONE), WAX_R_TRUST_REVOKED);
}

/* a number written with a zero too many would match no certificate */
static void a_padded_number_makes_a_list_unreadable(void **state)
{
	g_autoptr(GByteArray) der = list_octets("CA", ca, -HOUR, (Entry[]){ { 0x4d0001, 0 }, { 0, 0 } });
	static const uint8_t wanted[] = { 0x02, 0x03, 0x4d, 0x00, 0x01 };
	uint8_t *at = memmem(der->data, der->len, wanted, sizeof wanted);
	WaxCrl *crl = wax_crl_parse(WAX_SPAN(der->data, der->len), NULL);

	(void)state;
	assert_non_null(crl);
	wax_crl_free(crl);
	assert_non_null(at);
	memcpy(at, (const uint8_t[]){ 0x02, 0x03, 0x00, 0x00, 0x4d }, 5);
	assert_null(wax_crl_parse(WAX_SPAN(der->data, der->len), NULL));
}

/* two authorityInfoAccess: which of them is meant nobody knows, but sources there are */
static void an_unreadable_source_is_a_source(void **state)
{
	static const char access[] = "OCSP;URI:http://ocsp.example/";
	g_autoptr(WaxCert) one = forge(&(Recipe){
		"Joe", "CA", 7, joe, ca, { { "authorityInfoAccess", access } } });
	g_autoptr(WaxCert) two = forge(&(Recipe){ "Joe", "CA", 7, joe, ca,
		{ { "authorityInfoAccess", access }, { "authorityInfoAccess", access } } });

	(void)state;
	assert_true(wax_cert_info(one)->names_revocation_source);
	assert_true(wax_cert_info(two)->names_revocation_source);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_below_clears_what_stands_above),
		TEST(a_crowd_does_not_silence_a_list),
		TEST(a_replayed_response_is_not_silence),
		TEST(a_forbidden_responder_is_not_believed),
		TEST(the_worst_entry_of_a_list_counts),
		TEST(a_padded_number_makes_a_list_unreadable),
		TEST(an_unreadable_source_is_a_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
