/* SPDX-License-Identifier: Apache-2.0 */
/* Paths through authorities of our own making: meshes, bombs, hints, names, limits, inherited keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <openssl/dsa.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "core/status.h"
#include "forge.h"
#include "trust/path.h"

/* ask - the reason of the path from `leaf`; takes every reference, the last of `others` is NULL */
static WaxReason ask(WaxCert *leaf, WaxCert *root, bool pooled, WaxCert *const *others)
{
	g_autoptr(GPtrArray) anchors = g_ptr_array_new_with_free_func(
				     (GDestroyNotify)wax_anchor_free),
			     untrusted = g_ptr_array_new_with_free_func(
				     (GDestroyNotify)wax_cert_unref);
	g_autoptr(WaxCertPool) pool = wax_cert_pool_new();
	g_autoptr(WaxAnchor) anchor = wax_anchor_new(root, NULL, false);
	WaxPathQuestion question = { .at = AT, .purpose = WAX_PURPOSE_SIGN };
	unsigned checks = 0;
	WaxReason reason;

	question.checks = &checks;
	if (pooled)
		wax_cert_pool_add_anchor(pool, anchor);
	else
		g_ptr_array_add(anchors, wax_anchor_ref(anchor));
	for (size_t i = 0; others[i]; i++) {
		if (pooled)
			wax_cert_pool_add(pool, others[i]);
		g_ptr_array_add(untrusted, others[i]);
	}
	question.anchors = anchors;
	if (pooled)
		question.pool = pool;
	else
		question.untrusted = untrusted;
	{
		g_auto(WaxPathVerdict) verdict = wax_trust_path(leaf, &question);

		reason = verdict.reason;
	}
	assert_true(checks <= WAX_SIGNATURE_CHECKS_MAX + 1);
	wax_cert_unref(leaf);
	wax_cert_unref(root);
	return reason;
}

/* the same subject and key several times, one of them expired: R-36 */
static void any_of_several_certificates_of_an_authority_will_do(void **state)
{
	EVP_PKEY *root = forge_new_key(), *ca = forge_new_key(), *joe = forge_new_key();

	(void)state;
	for (int pooled = 0; pooled < 2; pooled++)
		for (int first = 0; first < 2; first++) {
			WaxCert *old = forge(&(Recipe){
				"CA", "Root", 2, ca, root, { FORGE_CA }, .dated_before = true });
			WaxCert *now = forge_authority("CA", ca, "Root", root, 3);
			WaxCert *others[] = { first ? old : now, first ? now : old, NULL };

			assert_int_equal(ask(forge_person(joe, "CA", ca, NULL),
						 forge_authority("Root", root, "Root", root, 1), pooled,
						 others),
				WAX_R_NONE);
		}
	EVP_PKEY_free(root);
	EVP_PKEY_free(ca);
	EVP_PKEY_free(joe);
}

/* two authorities that certify each other, and one of them is certified by the root */
static void a_mesh_ends_and_is_crossed(void **state)
{
	EVP_PKEY *root = forge_new_key(), *a = forge_new_key(), *b = forge_new_key(), *joe = forge_new_key();
	WaxCert *others[] = { forge_authority("A", a, "B", b, 2), forge_authority("B", b, "A", a, 3),
		forge_authority("B", b, "Root", root, 4), NULL };
	WaxCert *circle[] = { forge_authority("A", a, "B", b, 2), forge_authority("B", b, "A", a, 3), NULL };

	(void)state;
	assert_int_equal(ask(forge_person(joe, "A", a, NULL), forge_authority("Root", root, "Root", root, 1),
				 true, others),
		WAX_R_NONE);
	assert_int_equal(ask(forge_person(joe, "A", a, NULL), forge_authority("Root", root, "Root", root, 1),
				 false, circle),
		WAX_R_TRUST_LOOP);
	EVP_PKEY_free(root);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
	EVP_PKEY_free(joe);
}

#define BOMB 20

/* everybody certifies everybody: 20 * 19 certificates, and more paths than can be walked (L-16) */
static void a_mesh_bomb_costs_no_more_than_the_limits(void **state)
{
	EVP_PKEY *keys[BOMB], *root = forge_new_key(), *joe = forge_new_key();
	WaxCert *others[BOMB * BOMB + 1];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < BOMB; i++)
		keys[i] = forge_new_key();
	for (size_t i = 0; i < BOMB; i++)
		for (size_t j = 0; j < BOMB; j++) {
			char down[8], up[8];

			g_snprintf(down, sizeof down, "N%zu", i);
			g_snprintf(up, sizeof up, "N%zu", j);
			if (i != j)
				others[n++] = forge_authority(
					down, keys[i], up, keys[j], (long)(i * BOMB + j + 1));
		}
	others[n] = NULL;
	/* ask() itself asserts that the signatures checked are bounded */
	assert_int_not_equal(ask(forge_person(joe, "N0", keys[0], NULL),
				     forge_authority("Root", root, "Root", root, 1), true, others),
		WAX_R_NONE);
	for (size_t i = 0; i < BOMB; i++)
		EVP_PKEY_free(keys[i]);
	EVP_PKEY_free(root);
	EVP_PKEY_free(joe);
}

/* a key identifier that says otherwise orders, and refuses nothing */
static void key_identifiers_are_hints(void **state)
{
	EVP_PKEY *root = forge_new_key(), *ca = forge_new_key(), *foreign = forge_new_key(), *joe = forge_new_key();

	(void)state;
	for (int pooled = 0; pooled < 2; pooled++) {
		WaxCert *leaf = forge(&(Recipe){ "Joe", "CA", 9, joe, ca,
			{ { "keyUsage", "digitalSignature" }, { "2.5.29.35", "DER:30:03:80:01:07" } } });
		WaxCert *others[] = { forge(&(Recipe){ "CA", "Root", 2, ca, root,
					      { FORGE_CA, { "subjectKeyIdentifier", "08" } } }),
			forge(&(Recipe){ "CA", "Root", 3, foreign, root,
				{ FORGE_CA, { "subjectKeyIdentifier", "07" } } }),
			NULL };

		assert_int_equal(wax_cert_info(leaf)->authority_key_id.n, 1);
		assert_int_equal(ask(leaf, forge_authority("Root", root, "Root", root, 1), pooled, others),
			WAX_R_NONE);
	}
	EVP_PKEY_free(root);
	EVP_PKEY_free(ca);
	EVP_PKEY_free(foreign);
	EVP_PKEY_free(joe);
}

static const struct {
	const char *constraints, *names;
	WaxReason reason;
} named[] = {
	/* rfc822Name: a host, a domain with a dot, a whole address (RFC 5280 4.2.1.10) */
	{ "permitted;email:corp.example", "email:joe@corp.example", WAX_R_NONE },
	{ "permitted;email:corp.example", "email:joe@CORP.example", WAX_R_NONE },
	{ "permitted;email:corp.example", "email:joe@sub.corp.example", WAX_R_TRUST_NAME_CONSTRAINTS },
	{ "permitted;email:corp.example", "email:joe@evilcorp.example", WAX_R_TRUST_NAME_CONSTRAINTS },
	{ "permitted;email:.corp.example", "email:joe@sub.corp.example", WAX_R_NONE },
	{ "permitted;email:.corp.example", "email:joe@corp.example", WAX_R_TRUST_NAME_CONSTRAINTS },
	{ "permitted;email:joe@corp.example", "email:joe@corp.example", WAX_R_NONE },
	{ "permitted;email:joe@corp.example", "email:ann@corp.example", WAX_R_TRUST_NAME_CONSTRAINTS },
	{ "excluded;email:joe@corp.example", "email:joe@corp.example", WAX_R_TRUST_NAME_CONSTRAINTS },
	{ "excluded;email:joe@corp.example", "email:JOE@corp.example", WAX_R_TRUST_NAME_CONSTRAINTS },
	{ "excluded;email:joe@corp.example", "email:joey@corp.example", WAX_R_NONE },
	{ "excluded;email:@corp.example", "email:joe@corp.example", WAX_R_TRUST_NAME_CONSTRAINTS },
	{ "excluded;email:corp..example", "email:joe@other.example", WAX_R_TRUST_NAME_CONSTRAINTS },
	{ "excluded;email:corp.example", "email:joe@sub.corp.example", WAX_R_NONE },
	{ "excluded;email:.corp.example", "email:joe@corp.example", WAX_R_NONE },
	{ "excluded;email:.corp.example", "email:joe@a.corp.example", WAX_R_TRUST_NAME_CONSTRAINTS },
	{ "permitted;email:corp.example", "email:joe@corp.example,email:joe@other.example",
		WAX_R_TRUST_NAME_CONSTRAINTS },
	/* RFC 9598 6: they apply to SmtpUTF8Mailbox, too */
	{ "permitted;email:corp.example", "otherName:1.3.6.1.5.5.7.8.9;UTF8:j\xc3\xb6@corp.example",
		WAX_R_NONE },
	{ "permitted;email:corp.example", "otherName:1.3.6.1.5.5.7.8.9;UTF8:j\xc3\xb6@other.example",
		WAX_R_TRUST_NAME_CONSTRAINTS },
	{ "excluded;email:corp.example", "otherName:1.3.6.1.5.5.7.8.9;UTF8:j\xc3\xb6@corp.example",
		WAX_R_TRUST_NAME_CONSTRAINTS },
	/* the others, where a certificate bears such names */
	{ "permitted;DNS:corp.example", "DNS:www.corp.example", WAX_R_NONE },
	{ "permitted;DNS:corp.example", "DNS:www.other.example", WAX_R_TRUST_NAME_CONSTRAINTS },
	{ "excluded;URI:.corp.example", "URI:http://a.corp.example/", WAX_R_TRUST_NAME_CONSTRAINTS },
	{ "permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.2.9", WAX_R_NONE },
	{ "permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.3.9", WAX_R_TRUST_NAME_CONSTRAINTS },
};

static void names_stand_within_constraints(void **state)
{
	EVP_PKEY *root = forge_new_key(), *ca = forge_new_key(), *joe = forge_new_key();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(named); i++) {
		WaxCert *others[] = { forge(&(Recipe){ "CA", "Root", (long)i + 2, ca, root,
					      { FORGE_CA, { "nameConstraints", named[i].constraints } } }),
			NULL };
		WaxReason reason = ask(forge_person(joe, "CA", ca, named[i].names),
			forge_authority("Root", root, "Root", root, 1), false, others);

		if (reason != named[i].reason)
			fail_msg("%s with %s gives %s", named[i].names, named[i].constraints,
				wax_reason_info(reason)->label);
	}
	EVP_PKEY_free(root);
	EVP_PKEY_free(ca);
	EVP_PKEY_free(joe);
}

static EVP_PKEY *dsa_parameters(void)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	EVP_PKEY *parameters = NULL;

	assert_int_equal(EVP_PKEY_paramgen_init(context), 1);
	EVP_PKEY_CTX_set_dsa_paramgen_bits(context, 1024);
	EVP_PKEY_CTX_set_dsa_paramgen_q_bits(context, 160);
	assert_int_equal(EVP_PKEY_paramgen(context, &parameters), 1);
	EVP_PKEY_CTX_free(context);
	return parameters;
}

static EVP_PKEY *dsa_key(EVP_PKEY *parameters)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, parameters, NULL);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_keygen(context, &key), 1);
	EVP_PKEY_CTX_free(context);
	return key;
}

/* P-14: the parameters are those of the certificate above, and the result is weak */
static void dsa_parameters_are_inherited_and_weak(void **state)
{
	EVP_PKEY *group = dsa_parameters(), *other = dsa_parameters();
	EVP_PKEY *root = dsa_key(group), *ca = dsa_key(group), *joe = forge_new_key();
	WaxCert *inherits = forge(&(Recipe){
		"CA", "Root", 2, ca, root, { FORGE_CA }, .without_parameters = true });
	WaxCert *anchor = forge_authority("Root", root, "Root", root, 1), *leaf;
	g_autoptr(WaxAnchor) record = wax_anchor_new(anchor, NULL, false);
	g_autoptr(GPtrArray) anchors = g_ptr_array_new(), untrusted = g_ptr_array_new();
	WaxPathQuestion question = { .anchors = anchors, .untrusted = untrusted, .at = AT };
	EVP_PKEY *foreign = dsa_key(other);

	(void)state;
	g_ptr_array_add(anchors, record);
	g_ptr_array_add(untrusted, inherits);
	assert_true(wax_cert_info(inherits)->key_inherits);
	leaf = forge_person(joe, "CA", ca, NULL);
	for (int historic = 0; historic < 2; historic++) {
		g_auto(WaxPathVerdict) verdict = { 0 };

		question.historic = historic;
		verdict = wax_trust_path(leaf, &question);
		assert_int_equal(verdict.reason, historic ? WAX_R_NONE : WAX_R_TRUST_WEAK);
		assert_false(wax_cert_info(verdict.chain->pdata[1])->key_inherits);
	}
	wax_cert_unref(leaf);
	/* signed with a key of another group, which a completed key must not verify */
	leaf = forge_person(joe, "CA", foreign, NULL);
	{
		g_auto(WaxPathVerdict) verdict = wax_trust_path(leaf, &question);

		assert_int_equal(verdict.reason, WAX_R_TRUST_SIGNATURE);
	}
	wax_cert_unref(leaf);
	wax_cert_unref(inherits);
	wax_cert_unref(anchor);
	EVP_PKEY_free(group);
	EVP_PKEY_free(other);
	EVP_PKEY_free(root);
	EVP_PKEY_free(ca);
	EVP_PKEY_free(joe);
	EVP_PKEY_free(foreign);
}

/* a record that forbids an authority overrides the one that trusts what stands above it */
static void what_is_forbidden_in_a_pool_ends_the_path(void **state)
{
	EVP_PKEY *root = forge_new_key(), *ca = forge_new_key(), *joe = forge_new_key();
	g_autoptr(WaxCert) top = forge_authority("Root", root, "Root", root, 1);
	g_autoptr(WaxCert) middle = forge_authority("CA", ca, "Root", root, 2);
	g_autoptr(WaxCert) leaf = forge_person(joe, "CA", ca, NULL);
	g_autoptr(WaxAnchor) trusted = wax_anchor_new(top, NULL, false);
	g_autoptr(WaxAnchor) forbidden = wax_anchor_new(middle, NULL, true);
	g_autoptr(WaxCertPool) pool = wax_cert_pool_new();
	WaxPathQuestion question = { .pool = pool, .at = AT };

	(void)state;
	wax_cert_pool_add_anchor(pool, trusted);
	wax_cert_pool_add(pool, middle);
	{
		g_auto(WaxPathVerdict) verdict = wax_trust_path(leaf, &question);

		assert_int_equal(verdict.reason, WAX_R_NONE);
	}
	assert_ptr_equal(wax_cert_pool_by_serial(pool, wax_cert_info(middle)->issuer,
				 wax_cert_info(middle)->serial),
		middle);
	wax_cert_pool_add_anchor(pool, forbidden);
	{
		g_auto(WaxPathVerdict) verdict = wax_trust_path(leaf, &question);

		assert_int_equal(verdict.reason, WAX_R_TRUST_UNTRUSTED);
	}
	EVP_PKEY_free(root);
	EVP_PKEY_free(ca);
	EVP_PKEY_free(joe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_of_several_certificates_of_an_authority_will_do),
		cmocka_unit_test(a_mesh_ends_and_is_crossed),
		cmocka_unit_test(a_mesh_bomb_costs_no_more_than_the_limits),
		cmocka_unit_test(key_identifiers_are_hints),
		cmocka_unit_test(names_stand_within_constraints),
		cmocka_unit_test(dsa_parameters_are_inherited_and_weak),
		cmocka_unit_test(what_is_forbidden_in_a_pool_ends_the_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
