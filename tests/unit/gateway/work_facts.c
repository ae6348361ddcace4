/* SPDX-License-Identifier: Apache-2.0 */
/* What a message is, never what it calls itself: only what is encrypted passes as encrypted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/status.h"
#include "gateway/work/work.h"
#include "smime/seal.h"

#define HEAD "From: ann@a.example\r\nTo: bob@b.example\r\nSubject: s\r\nMIME-Version: 1.0\r\n"
#define TEXT "the figures of this quarter\r\n"

enum { SEALED = 1, OPENPGP = 2, SIGNED = 4 };

static WaxCert *self_issued(WaxKey *key)
{
	static const char *const addresses[] = { "ann@a.example", NULL };
	static const uint8_t serial = 1;
	g_autoptr(GByteArray) spki = wax_key_spki(key);
	WaxCertProfile profile = { .common_name = "Ann",
		.addresses = addresses,
		.spki = WAX_SPAN(spki->data, spki->len),
		.serial = WAX_SPAN(&serial, 1),
		.not_before = wax_clock_now() - 60,
		.not_after = wax_clock_now() + 3600,
		.path_length = -1,
		.key_usage = WAX_KU_DIGITAL_SIGNATURE | WAX_KU_KEY_AGREEMENT,
		.eku_mail = true };

	return wax_cert_issue(&profile, NULL, key, NULL);
}

static bool gather(void *data, WaxSpan bytes, GError **error)
{
	(void)error;
	g_string_append_len(data, (const char *)bytes.p, (gssize)bytes.n);
	return true;
}

static GString *sealed(bool sign, bool encrypt)
{
	WaxKey *key = wax_key_generate("p256", NULL);
	WaxCert *cert = self_issued(key);
	g_autoptr(GPtrArray) recipients = g_ptr_array_new();
	WaxSource source = wax_source_span(
		WAX_SPAN_LIT(HEAD "Content-Type: text/plain\r\n\r\n" TEXT));
	WaxSealSigner signer = { .cert = cert, .data = key, .sign = wax_seal_local_sign };
	WaxSealOptions options = { .signer = sign ? &signer : NULL,
		.recipients = encrypt ? recipients : NULL,
		.cipher = WAX_CIPHER_AES256_CBC,
		.opaque = true,
		.now = wax_clock_now() };
	GString *out = g_string_new(NULL);
	WaxSink sink = { gather, out };

	g_ptr_array_add(recipients, cert);
	assert_true(wax_seal(&source, &options, &sink, NULL));
	wax_cert_unref(cert);
	wax_key_unref(key);
	return out;
}

static unsigned facts_of(const char *text, size_t n)
{
	g_autoptr(WaxSpool) spool = NULL;
	g_auto(WaxJobFacts) facts = { NULL };
	g_autoptr(GError) error = NULL;

	spool = wax_spool_new(NULL);
	assert_true(wax_spool_append(spool, WAX_SPAN(text, n), NULL));
	if (!wax_work_facts(spool, &facts, &error))
		fail_msg("%s", error->message);
	return (facts.sealed ? SEALED : 0) | (facts.openpgp ? OPENPGP : 0) |
	       (facts.is_signed ? SIGNED : 0);
}

#define PGP(control, armour)                                                                       \
	HEAD "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; "         \
	     "boundary=x\r\n\r\n--x\r\n" control "\r\n--x\r\n"                                     \
	     "Content-Type: application/octet-stream\r\n\r\n" armour "\r\n--x--\r\n"
#define CONTROL "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"

static void a_label_alone_makes_nothing_encrypted(void **state)
{
	static const struct {
		const char *text;
		unsigned is;
	} rows[] = {
		{ HEAD "Content-Type: text/plain\r\n\r\n" TEXT, 0 },
		{ HEAD "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\n" TEXT,
			0 },
		{ HEAD "Content-Type: application/pkcs7-mime\r\n"
		       "Content-Transfer-Encoding: base64\r\n\r\nMAsGCSqGSIb3DQEHAw==\r\n",
			0 },
		{ HEAD "Content-Type: application/octet-stream; name=smime.p7m\r\n\r\n" TEXT, 0 },
		{ HEAD "Content-Type: multipart/encrypted; boundary=x\r\n\r\n--x\r\n\r\n" TEXT
		       "\r\n--x--\r\n",
			0 },
		{ HEAD "Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\n" TEXT
		       "\r\n--x\r\n\r\nno signature\r\n--x--\r\n",
			0 },
		{ PGP(CONTROL, TEXT), 0 },
		{ PGP("Content-Type: text/plain\r\n\r\n" TEXT, "-----BEGIN PGP MESSAGE-----\r\n"), 0 },
		{ PGP(CONTROL, "-----BEGIN PGP MESSAGE-----\r\n\r\nhQ==\r\n"), OPENPGP },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		unsigned is = facts_of(rows[i].text, strlen(rows[i].text));

		if (is != rows[i].is)
			fail_msg("row %zu is %u", i, is);
	}
}

static void an_opaque_signature_is_no_encryption_whatever_its_label(void **state)
{
	static const char *const labels[] = { "smime-type=signed-data", "x-type=none",
		"smime-type=enveloped-data" };
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(labels); i++) {
		GString *message = sealed(true, false);

		assert_int_equal(
			g_string_replace(message, "smime-type=signed-data", labels[i], 1), 1);
		assert_int_equal(facts_of(message->str, message->len), SIGNED);
		g_string_free(message, TRUE);
	}
}

static void what_is_encrypted_is_known_whatever_its_label(void **state)
{
	static const char *const labels[] = { "smime-type=enveloped-data", "x-type=none",
		"smime-type=signed-data" };
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(labels); i++) {
		GString *message = sealed(true, true);

		assert_int_equal(
			g_string_replace(message, "smime-type=enveloped-data", labels[i], 1), 1);
		assert_int_equal(facts_of(message->str, message->len), SEALED);
		g_string_free(message, TRUE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_label_alone_makes_nothing_encrypted),
		cmocka_unit_test(an_opaque_signature_is_no_encryption_whatever_its_label),
		cmocka_unit_test(what_is_encrypted_is_known_whatever_its_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
