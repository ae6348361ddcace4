/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: path [COUNT]
 * What building and judging one path costs beside its signature checks, with COUNT authorities
 * stored: the signatures have been checked once and are remembered.  Instructions:
 * valgrind --tool=callgrind --toggle-collect=wax_trust_path bench/path COUNT
 */
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/cost.h"
#include "trust/path.h"

#define ROUNDS 1000
#define NOW    1800000000

static WaxCert *make(const char *subject, const char *issuer, EVP_PKEY *key, bool is_ca)
{
	X509 *x509 = X509_new();
	X509_NAME *names[2] = { X509_NAME_new(), X509_NAME_new() };
	unsigned char *der = NULL;
	WaxCert *cert;
	int n;

	X509_NAME_add_entry_by_txt(names[0], "CN", MBSTRING_UTF8, (const void *)subject, -1, -1, 0);
	X509_NAME_add_entry_by_txt(names[1], "CN", MBSTRING_UTF8, (const void *)issuer, -1, -1, 0);
	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_set_subject_name(x509, names[0]);
	X509_set_issuer_name(x509, names[1]);
	ASN1_TIME_set(X509_getm_notBefore(x509), NOW - 1000);
	ASN1_TIME_set(X509_getm_notAfter(x509), NOW + 1000);
	X509_set_pubkey(x509, key);
	if (is_ca) {
		X509_EXTENSION *extension = X509V3_EXT_conf_nid(
			NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");

		X509_add_ext(x509, extension, -1);
		X509_EXTENSION_free(extension);
	}
	X509_sign(x509, key, EVP_sha256());
	n = i2d_X509(x509, &der);
	cert = wax_cert_parse(WAX_SPAN(der, (size_t)n), NULL);
	OPENSSL_free(der);
	X509_NAME_free(names[0]);
	X509_NAME_free(names[1]);
	X509_free(x509);
	return cert;
}

int main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100000;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	WaxCertPool *pool = wax_cert_pool_new();
	WaxCert *root = make("Root", "Root", key, true), *leaf = make("Joe", "CA 0", key, false);
	WaxAnchor *anchor = wax_anchor_new(root, NULL, false);
	WaxPathQuestion question = { .pool = pool, .at = NOW };
	WaxPathVerdict verdict;
	double begun;

	wax_cert_pool_add_anchor(pool, anchor);
	for (unsigned i = 0; i < count; i++) {
		char name[32];
		WaxCert *cert;

		g_snprintf(name, sizeof name, "CA %u", i);
		cert = make(name, "Root", key, true);
		wax_cert_pool_add(pool, cert);
		wax_cert_unref(cert);
	}
	verdict = wax_trust_path(leaf, &question);
	printf("%u stored: %s\n", count, verdict.reason ? "no path" : "a path of 3");
	wax_path_verdict_clear(&verdict);
	begun = cpu_seconds();
	for (unsigned i = 0; i < ROUNDS; i++) {
		verdict = wax_trust_path(leaf, &question);
		wax_path_verdict_clear(&verdict);
	}
	printf("%.1f us each\n", (cpu_seconds() - begun) * 1e6 / ROUNDS);
	wax_cert_pool_unref(pool);
	wax_anchor_free(anchor);
	wax_cert_unref(root);
	wax_cert_unref(leaf);
	EVP_PKEY_free(key);
	return 0;
}
