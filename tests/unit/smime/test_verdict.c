/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "core/status.h"
#include "smime/receipt.h"
#include "smime/verdict.h"

#define CLEAR  WAX_LAYER_CLEAR_SIGNED
#define OPAQUE WAX_LAYER_OPAQUE_SIGNED
#define ENV    WAX_LAYER_ENVELOPED
#define AUTH   WAX_LAYER_AUTH_ENVELOPED

/* one signer per signed layer, with these reasons */
typedef struct {
	WaxLayerKind kind;
	WaxReason a, b;
} Layer;

static WaxVerdict *build(const Layer *layers, size_t n)
{
	WaxVerdict *verdict = wax_verdict_new();

	for (size_t i = 0; i < n && layers[i].kind; i++) {
		WaxVerdictLayer *layer = wax_verdict_add_layer(verdict, layers[i].kind, "1");

		if (wax_layer_is_encrypted(layers[i].kind)) {
			layer->encryption = layers[i].kind == AUTH ? WAX_ENCRYPTION_AUTHENTICATED
								   : WAX_ENCRYPTION_UNAUTHENTICATED;
			continue;
		}
		if (!wax_layer_is_signed(layers[i].kind))
			continue;
		WaxVerdictSigner *signer = wax_verdict_add_signer(layer);
		if (layers[i].a)
			wax_reasons_add(&signer->reasons, layers[i].a);
		if (layers[i].b)
			wax_reasons_add(&signer->reasons, layers[i].b);
	}
	wax_verdict_decide(verdict);
	return verdict;
}

/* V-07: first match decides */
static void words_follow_their_order(void **state)
{
	static const struct {
		Layer layers[3];
		WaxSignatureWord signature;
		WaxEncryptionWord encryption;
	} rows[] = {
		{ { { 0 } }, WAX_SIGNATURE_NONE, WAX_ENCRYPTION_NONE },
		{ { { CLEAR } }, WAX_SIGNATURE_VALID_TRUSTED, WAX_ENCRYPTION_NONE },
		{ { { ENV } }, WAX_SIGNATURE_NONE, WAX_ENCRYPTION_UNAUTHENTICATED },
		{ { { AUTH } }, WAX_SIGNATURE_NONE, WAX_ENCRYPTION_AUTHENTICATED },
		{ { { AUTH }, { ENV } }, WAX_SIGNATURE_NONE, WAX_ENCRYPTION_UNAUTHENTICATED },
		{ { { ENV }, { OPAQUE } }, WAX_SIGNATURE_VALID_TRUSTED,
			WAX_ENCRYPTION_UNAUTHENTICATED },
		{ { { WAX_LAYER_CERTS_ONLY } }, WAX_SIGNATURE_NONE, WAX_ENCRYPTION_NONE },
		/* T-20: a signature above encryption proves no authorship */
		{ { { OPAQUE }, { ENV } }, WAX_SIGNATURE_PARTIAL, WAX_ENCRYPTION_UNAUTHENTICATED },
		{ { { OPAQUE, WAX_R_TRUST_UNTRUSTED }, { ENV } }, WAX_SIGNATURE_PARTIAL,
			WAX_ENCRYPTION_UNAUTHENTICATED },
		{ { { OPAQUE, WAX_R_SIG_DIGEST_MISMATCH }, { ENV } }, WAX_SIGNATURE_ALTERED,
			WAX_ENCRYPTION_UNAUTHENTICATED },
		/* a transport layer's identity is nobody's business, its arithmetic is */
		{ { { OPAQUE, WAX_R_SIG_IDENTITY_MISMATCH }, { AUTH }, { CLEAR } },
			WAX_SIGNATURE_VALID_TRUSTED, WAX_ENCRYPTION_AUTHENTICATED },
		{ { { OPAQUE, WAX_R_SIG_MISMATCH }, { AUTH }, { CLEAR } }, WAX_SIGNATURE_ALTERED,
			WAX_ENCRYPTION_AUTHENTICATED },
		/* T-19: the inner signature is not the author's, but must hold */
		{ { { CLEAR }, { CLEAR, WAX_R_TRUST_UNTRUSTED } }, WAX_SIGNATURE_VALID_TRUSTED,
			WAX_ENCRYPTION_NONE },
		{ { { CLEAR }, { CLEAR, WAX_R_SIG_DIGEST_MISMATCH } }, WAX_SIGNATURE_ALTERED,
			WAX_ENCRYPTION_NONE },
		{ { { CLEAR, WAX_R_TRUST_EXPIRED } }, WAX_SIGNATURE_EXPIRED_SIGNER,
			WAX_ENCRYPTION_NONE },
		{ { { CLEAR, WAX_R_TRUST_EXPIRED, WAX_R_SIG_WEAK_DIGEST } },
			WAX_SIGNATURE_EXPIRED_SIGNER, WAX_ENCRYPTION_NONE },
		{ { { CLEAR, WAX_R_TRUST_EXPIRED, WAX_R_TRUST_UNTRUSTED } },
			WAX_SIGNATURE_VALID_UNTRUSTED, WAX_ENCRYPTION_NONE },
		{ { { CLEAR, WAX_R_TRUST_REVOKED, WAX_R_SIG_IDENTITY_MISMATCH } },
			WAX_SIGNATURE_REVOKED, WAX_ENCRYPTION_NONE },
		{ { { CLEAR, WAX_R_TRUST_UNTRUSTED, WAX_R_SIG_SENDER_ONLY } },
			WAX_SIGNATURE_MISMATCH, WAX_ENCRYPTION_NONE },
		{ { { CLEAR, WAX_R_TRUST_STATUS_UNKNOWN, WAX_R_SIG_WEAK_KEY } },
			WAX_SIGNATURE_STATUS_UNKNOWN, WAX_ENCRYPTION_NONE },
		{ { { CLEAR, WAX_R_SIG_NO_ATTRIBUTES } }, WAX_SIGNATURE_WEAK, WAX_ENCRYPTION_NONE },
		{ { { CLEAR, WAX_R_SIG_NO_CERTIFICATE } }, WAX_SIGNATURE_UNSUPPORTED,
			WAX_ENCRYPTION_NONE },
		{ { { CLEAR, WAX_R_CMS_ATTRS_AS_CONTENT, WAX_R_SIG_MISMATCH } },
			WAX_SIGNATURE_MALFORMED, WAX_ENCRYPTION_NONE },
		{ { { CLEAR, WAX_R_DER_TRUNCATED } }, WAX_SIGNATURE_MALFORMED,
			WAX_ENCRYPTION_NONE },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(WaxVerdict) verdict = build(rows[i].layers, 3);

		if (verdict->signature != rows[i].signature)
			print_error("row %zu: %s\n", i, wax_signature_word(verdict->signature));
		assert_int_equal(verdict->signature, rows[i].signature);
		assert_int_equal(verdict->encryption, rows[i].encryption);
	}
}

/* T-02, V-06 */
static void two_signers_are_as_good_as_the_worse(void **state)
{
	(void)state;
	for (int bad = 0; bad < 2; bad++) {
		g_autoptr(WaxVerdict) verdict = wax_verdict_new();
		WaxVerdictLayer *layer = wax_verdict_add_layer(verdict, CLEAR, "1");
		WaxVerdictSigner *signers[] = { wax_verdict_add_signer(layer),
			wax_verdict_add_signer(layer) };

		wax_reasons_add(&signers[bad]->reasons, WAX_R_SIG_MISMATCH);
		wax_verdict_decide(verdict);
		assert_int_equal(verdict->signature, WAX_SIGNATURE_ALTERED);
		assert_int_equal(signers[!bad]->verdict, WAX_SIGNATURE_VALID_TRUSTED);
	}
}

/* */
static void an_unknown_algorithm_is_excused_only_by_the_same_person(void **state)
{
	static const struct {
		const char *other;
		WaxReason flaw;
		WaxSignatureWord expected;
	} rows[] = {
		{ "CN=Alice", WAX_R_NONE, WAX_SIGNATURE_VALID_TRUSTED },
		{ "CN=Bob", WAX_R_NONE, WAX_SIGNATURE_UNSUPPORTED },
		{ "CN=Alice", WAX_R_SIG_MISMATCH, WAX_SIGNATURE_ALTERED },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(WaxVerdict) verdict = wax_verdict_new();
		WaxVerdictLayer *layer = wax_verdict_add_layer(verdict, CLEAR, "1");
		WaxVerdictSigner *unknown = wax_verdict_add_signer(layer);
		WaxVerdictSigner *other = wax_verdict_add_signer(layer);

		unknown->subject = g_strdup("CN=Alice");
		wax_reasons_add(&unknown->reasons, WAX_R_CMS_ALGORITHM_UNSUPPORTED);
		other->subject = g_strdup(rows[i].other);
		if (rows[i].flaw)
			wax_reasons_add(&other->reasons, rows[i].flaw);
		wax_verdict_decide(verdict);
		assert_int_equal(verdict->signature, rows[i].expected);
	}
}

/* R-57, V-06: what else stands against it counts, but for a chain that may be signed with the same */
static void an_unknown_algorithm_excuses_nothing_else(void **state)
{
	static const struct {
		WaxReason more;
		WaxSignatureWord expected;
	} rows[] = {
		{ WAX_R_TRUST_SIGNATURE, WAX_SIGNATURE_VALID_TRUSTED },
		{ WAX_R_TRUST_REVOKED, WAX_SIGNATURE_UNSUPPORTED },
		{ WAX_R_SIG_ESS_MISMATCH, WAX_SIGNATURE_ALTERED },
		{ WAX_R_CMS_ATTRS_MALFORMED, WAX_SIGNATURE_MALFORMED },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(WaxVerdict) verdict = wax_verdict_new();
		WaxVerdictLayer *layer = wax_verdict_add_layer(verdict, CLEAR, "1");
		WaxVerdictSigner *unknown = wax_verdict_add_signer(layer);

		unknown->subject = g_strdup("CN=Alice");
		wax_reasons_add(&unknown->reasons, WAX_R_CMS_ALGORITHM_UNSUPPORTED);
		wax_reasons_add(&unknown->reasons, rows[i].more);
		wax_verdict_add_signer(layer)->subject = g_strdup("CN=Alice");
		wax_verdict_decide(verdict);
		assert_int_equal(verdict->signature, rows[i].expected);
	}
}

/* anybody can put a signature that cannot be checked beside a good one, with a request in it */
static void no_receipt_is_for_a_signature_that_nobody_could_check(void **state)
{
	static const uint8_t request[] = { 0x30, 0x17, 0x04, 0x01, 'i', 0x80, 0x01, 0x00, 0x30,
		0x0f, 0x30, 0x0d, 0x81, 0x0b, 'e', '@', 'e', '.', 'e', 'x', 'a', 'm', 'p', 'l',
		'e' };
	(void)state;

	for (unsigned asking = 0; asking < 2; asking++) {
		g_autoptr(WaxVerdict) verdict = wax_verdict_new();
		WaxVerdictLayer *layer = wax_verdict_add_layer(verdict, CLEAR, "1");
		g_autoptr(GError) error = NULL;

		for (unsigned i = 0; i < 2; i++) {
			WaxVerdictSigner *signer = wax_verdict_add_signer(layer);

			signer->subject = g_strdup("CN=Alice");
			if (i == 0)
				wax_reasons_add(&signer->reasons, WAX_R_CMS_ALGORITHM_UNSUPPORTED);
			if (i == asking)
				signer->named[WAX_ATTRIBUTE_RECEIPT_REQUEST] =
					g_bytes_new(request, sizeof request);
		}
		wax_verdict_decide(verdict);
		assert_int_equal(verdict->signature, WAX_SIGNATURE_VALID_TRUSTED);
		assert_false(wax_receipt_check(verdict, verdict, WAX_SPAN_NONE, &error));
		assert_int_equal(wax_reason_of(error),
			asking == 0 ? WAX_R_NOT_FOUND : WAX_R_CMS_MALFORMED);
	}
}

/* T-03 */
static void signed_data_without_signers_is_not_signed(void **state)
{
	g_autoptr(WaxVerdict) verdict = wax_verdict_new();
	(void)state;

	wax_verdict_add_layer(verdict, OPAQUE, "1");
	wax_verdict_decide(verdict);
	assert_int_equal(verdict->signature, WAX_SIGNATURE_NONE);
}

/* T-06 */
static void a_signed_part_below_the_root_is_partial(void **state)
{
	g_autoptr(WaxVerdict) verdict = wax_verdict_new();
	(void)state;

	wax_reasons_add(&verdict->reasons, WAX_R_SIG_BELOW_ROOT);
	wax_verdict_decide(verdict);
	assert_int_equal(verdict->signature, WAX_SIGNATURE_PARTIAL);
}

/* V-11 */
static void the_historic_policy_pardons_age_and_nothing_else(void **state)
{
	static const struct {
		WaxReason reason;
		WaxSignatureWord expected;
	} rows[] = {
		{ WAX_R_SIG_WEAK_DIGEST, WAX_SIGNATURE_VALID_TRUSTED },
		{ WAX_R_SIG_WEAK_KEY, WAX_SIGNATURE_VALID_TRUSTED },
		{ WAX_R_SIG_DATE_DIFFERS, WAX_SIGNATURE_VALID_TRUSTED },
		{ WAX_R_SIG_NO_ATTRIBUTES, WAX_SIGNATURE_WEAK },
		{ WAX_R_SIG_DIGEST_MISMATCH, WAX_SIGNATURE_ALTERED },
		{ WAX_R_TRUST_UNTRUSTED, WAX_SIGNATURE_VALID_UNTRUSTED },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(WaxVerdict) verdict = wax_verdict_new();
		WaxVerdictLayer *layer = wax_verdict_add_layer(verdict, CLEAR, "1");

		wax_reasons_add(&wax_verdict_add_signer(layer)->reasons, rows[i].reason);
		verdict->historic = true;
		wax_verdict_decide(verdict);
		assert_int_equal(verdict->signature, rows[i].expected);
		assert_int_equal(wax_reasons_has(&verdict->notes, WAX_R_SIG_HISTORIC),
			rows[i].expected == WAX_SIGNATURE_VALID_TRUSTED);
	}
}

/* the names that outside programs rely on */
/* V-14 */
static void zero_is_nobody_looked(void **state)
{
	(void)state;
	assert_string_equal(wax_signature_word((WaxSignatureWord)0), "cannot_check");
	assert_string_equal(wax_encryption_word((WaxEncryptionWord)0), "cannot_check");
	assert_string_equal(wax_layer_word((WaxLayerKind)0), "cannot_check");
}

static void json_has_the_promised_names(void **state)
{
	g_autoptr(WaxVerdict) verdict = wax_verdict_new();
	WaxVerdictLayer *layer = wax_verdict_add_layer(verdict, CLEAR, "1");
	WaxVerdictSigner *signer = wax_verdict_add_signer(layer);
	g_autofree char *written = NULL;
	const char *s = NULL, *subject = NULL;
	(void)state;

	signer->subject = g_strdup("CN=\xff broken");
	wax_reasons_add(&signer->reasons, WAX_R_TRUST_EXPIRED);
	wax_verdict_add_field(verdict, "Subject", "hello", WAX_FIELD_SIGNED_AND_ENCRYPTED);
	wax_verdict_decide(verdict);
	written = wax_verdict_format(verdict);

	json_t *o = json_loads(written, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(o);
	assert_int_equal(
		json_unpack(o,
			"{s:{s:s,s:s,s:[s]},s:n,s:[{s:s,s:s,s:[{s:s,s:s,s:[],s:n,s:n,s:n,s:n,s:n,s:"
			"[]}],"
			"s:[],s:n,s:n}],s:{},s:{s:n,s:i}}",
			"verdict", "signature", &s, "encryption", &subject, "reasons", &subject,
			"from", "layers", "kind", &subject, "part", &subject, "signers", "verdict",
			&subject, "subject", &subject, "addresses", "issuer", "serial", "digest",
			"algorithm", "signing_time", "chain", "recipients", "cipher", "integrity",
			"protected_headers", "content", "type", "bytes", &(int){ 0 }),
		0);
	assert_string_equal(s, "expired_signer");
	assert_non_null(strstr(subject, "\xef\xbf\xbd"));
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_follow_their_order),
		cmocka_unit_test(two_signers_are_as_good_as_the_worse),
		cmocka_unit_test(an_unknown_algorithm_is_excused_only_by_the_same_person),
		cmocka_unit_test(an_unknown_algorithm_excuses_nothing_else),
		cmocka_unit_test(no_receipt_is_for_a_signature_that_nobody_could_check),
		cmocka_unit_test(signed_data_without_signers_is_not_signed),
		cmocka_unit_test(a_signed_part_below_the_root_is_partial),
		cmocka_unit_test(the_historic_policy_pardons_age_and_nothing_else),
		cmocka_unit_test(zero_is_nobody_looked),
		cmocka_unit_test(json_has_the_promised_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
