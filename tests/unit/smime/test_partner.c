/* SPDX-License-Identifier: Apache-2.0 */
/* A partner's profile is kept to when writing, and asked for when reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/clock.h"
#include "core/status.h"
#include "smime/open.h"
#include "smime/partner.h"
#include "smime/seal.h"
#include "trust/path.h"

#define FROM "alice@corp.example"

/* one authority, one person with a key for everything */
typedef struct {
	WaxKey *ca_key, *key;
	WaxCert *ca, *cert;
	GPtrArray *anchors, *recipients;
	WaxKeyring *keyring;
} World;

static WaxCert *issue(const char *name, const char *const *addresses, bool ca, WaxKey *subject,
	WaxCert *issuer, WaxKey *key)
{
	static uint8_t serial;
	g_autoptr(GByteArray) spki = wax_key_spki(subject);
	WaxCertProfile profile = {
		.common_name = name,
		.addresses = addresses,
		.spki = WAX_SPAN(spki->data, spki->len),
		.serial = WAX_SPAN(&serial, 1),
		.not_before = wax_clock_now() - 86400,
		.not_after = wax_clock_now() + 86400 * 365,
		.ca = ca,
		.path_length = -1,
		.key_usage = ca ? WAX_KU_CERT_SIGN | WAX_KU_CRL_SIGN
				: WAX_KU_DIGITAL_SIGNATURE | WAX_KU_KEY_ENCIPHERMENT,
		.eku_mail = !ca,
	};
	WaxCert *cert;
	g_autoptr(GError) error = NULL;

	serial++;
	cert = wax_cert_issue(&profile, issuer, key, &error);
	assert_non_null(cert);
	return cert;
}

static int make_world(void **state)
{
	static const char *const addresses[] = { FROM, NULL };
	World *w = g_new0(World, 1);

	w->ca_key = wax_key_generate("p256", NULL);
	w->key = wax_key_generate("rsa-2048", NULL);
	w->ca = issue("Root", NULL, true, w->ca_key, NULL, w->ca_key);
	w->cert = issue("Alice", addresses, false, w->key, w->ca, w->ca_key);
	w->anchors = g_ptr_array_new_with_free_func((GDestroyNotify)wax_anchor_free);
	g_ptr_array_add(w->anchors, wax_anchor_new(w->ca, NULL, false));
	w->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	g_ptr_array_add(w->recipients, wax_cert_ref(w->cert));
	w->keyring = wax_keyring_new();
	wax_keyring_add(w->keyring, w->key, w->cert, NULL);
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	World *w = *state;

	wax_key_unref(w->ca_key);
	wax_key_unref(w->key);
	wax_cert_unref(w->ca);
	wax_cert_unref(w->cert);
	g_ptr_array_unref(w->anchors);
	g_ptr_array_unref(w->recipients);
	wax_keyring_free(w->keyring);
	g_free(w);
	return 0;
}

static bool gather(void *data, WaxSpan bytes, GError **error)
{
	(void)error;
	g_string_append_len(data, (const char *)bytes.p, (gssize)bytes.n);
	return true;
}

/* NULL: signed alone, as the default has it */
static GString *seal(World *w, const WaxPartnerProfile *profile)
{
	g_autofree char *date = wax_clock_rfc5322(wax_clock_now());
	g_autofree char *text = g_strdup_printf("From: " FROM "\r\nDate: %s\r\nSubject: s\r\n\r\nhi\r\n", date);
	WaxSource source = wax_source_span(WAX_SPAN(text, strlen(text)));
	WaxSealSigner signer = { .cert = w->cert, .data = w->key, .sign = wax_seal_local_sign };
	WaxSealOptions options = {
		.signer = &signer, .recipients = w->recipients, .cipher = WAX_CIPHER_AES256_CBC, .now = wax_clock_now()
	};
	GString *out = g_string_new(NULL);
	WaxSink sink = { gather, out };

	if (!profile)
		options.recipients = NULL;
	else
		assert_true(wax_partner_apply(profile, &options, &signer, NULL));
	assert_true(wax_seal(&source, &options, &sink, NULL));
	return out;
}

static void judge(World *w, const GString *message, const char *name, WaxSignatureWord word, WaxCipherAlg cipher)
{
	WaxUnwrapper keys = wax_keyring_unwrapper(w->keyring);
	WaxOpenOptions options = { .keys = &keys, .anchors = w->anchors, .at = wax_clock_now(),
		.profile = name ? wax_partner_find(name, NULL) : NULL };
	WaxSource source = wax_source_span(WAX_SPAN(message->str, message->len));
	g_autoptr(WaxOpened) opened = NULL;
	const WaxVerdict *verdict;

	assert_true(wax_open_judge(&source, &options, &opened, NULL));
	verdict = wax_opened_verdict(opened);
	if (verdict->signature != word)
		fail_msg("%s: %s", name, wax_signature_word(verdict->signature));
	assert_int_equal(wax_verdict_layer(verdict, 0)->cipher, cipher);
	assert_true(wax_reasons_has(&verdict->reasons, WAX_R_SIG_BELOW_PROFILE) == (word == WAX_SIGNATURE_WEAK));
}

static void what_is_written_keeps_to_the_profile_that_is_asked_of_it(void **state)
{
	static const struct {
		const char *written, *asked;
		WaxSignatureWord word;
		WaxCipherAlg cipher;
	} rows[] = {
		{ "default", "default", WAX_SIGNATURE_VALID_TRUSTED, WAX_CIPHER_AES256_CBC },
		{ "legacy", "direct", WAX_SIGNATURE_VALID_TRUSTED, WAX_CIPHER_AES128_CBC },
		{ "direct", NULL, WAX_SIGNATURE_VALID_TRUSTED, WAX_CIPHER_AES256_CBC },
		{ "edi-energy", "edi-energy", WAX_SIGNATURE_VALID_TRUSTED, WAX_CIPHER_AES128_GCM },
		{ "edi-energy", "tr-03116", WAX_SIGNATURE_WEAK, WAX_CIPHER_AES128_GCM },
		{ NULL, "edi-energy", WAX_SIGNATURE_WEAK, WAX_CIPHER_NONE },
		{ "legacy", "edi-energy", WAX_SIGNATURE_WEAK, WAX_CIPHER_AES128_CBC },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GString *message = seal(*state, rows[i].written ? wax_partner_find(rows[i].written, NULL) : NULL);

		judge(*state, message, rows[i].asked, rows[i].word, rows[i].cipher);
		g_string_free(message, TRUE);
	}
}

static void a_short_key_is_refused_where_the_profile_asks_for_a_longer_one(void **state)
{
	World *w = *state;
	WaxSealSigner signer = { .cert = w->cert };
	WaxSealOptions options = { .recipients = w->recipients }, alone = { .signer = &signer };
	g_autoptr(GError) error = NULL, unknown = NULL;

	assert_false(wax_partner_apply(wax_partner_find("tr-03116", NULL), &options, NULL, &error));
	assert_int_equal(wax_reason_of(error), WAX_R_KEY_WEAK);
	assert_false(wax_partner_apply(wax_partner_find("tr-03116", NULL), &alone, &signer, NULL));
	assert_null(wax_partner_find("edi", &unknown));
	assert_non_null(strstr(unknown->message, "edi-energy"));
}

/* the least that is ever written is AES-128: no row can name less */
static void no_profile_writes_what_is_weak(void **state)
{
	(void)state;
	for (size_t i = 0; wax_partner_profile_at(i); i++)
		assert_true(wax_partner_profile_at(i)->cipher == WAX_CIPHER_NONE ||
			    !wax_cipher_is_weak(wax_partner_profile_at(i)->cipher));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_keeps_to_the_profile_that_is_asked_of_it),
		cmocka_unit_test(a_short_key_is_refused_where_the_profile_asks_for_a_longer_one),
		cmocka_unit_test(no_profile_writes_what_is_weak),
	};

	return cmocka_run_group_tests(tests, make_world, end_world);
}
