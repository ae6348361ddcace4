/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/clock.h"
#include "core/status.h"
#include "smime/open.h"
#include "smime/seal.h"
#include "trust/path.h"

#define FROM "alice@corp.example"
#define BODY "Dear Bob,\r\nthe figures.\r\n"

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
				: WAX_KU_DIGITAL_SIGNATURE | WAX_KU_KEY_AGREEMENT,
		.eku_mail = !ca,
	};
	WaxCert *cert;
	g_autoptr(GError) error = NULL;

	serial++;
	cert = wax_cert_issue(&profile, issuer, key, &error);
	assert_non_null(cert);
	return cert;
}

static WaxCert *issue_for(World *w, int64_t not_before, int64_t not_after, unsigned usage)
{
	static const char *const addresses[] = { "bob@partner.example", NULL };
	static uint8_t serial[2] = { 1, 0 };
	g_autoptr(GByteArray) spki = wax_key_spki(w->key);
	WaxCertProfile profile = {
		.common_name = "Bob",
		.addresses = addresses,
		.spki = WAX_SPAN(spki->data, spki->len),
		.serial = WAX_SPAN(serial, sizeof serial),
		.not_before = not_before,
		.not_after = not_after,
		.path_length = -1,
		.key_usage = usage,
		.eku_mail = true,
	};
	WaxCert *cert;

	serial[1]++;
	cert = wax_cert_issue(&profile, w->ca, w->ca_key, NULL);
	assert_non_null(cert);
	return cert;
}

static int make_world(void **state)
{
	static const char *const addresses[] = { FROM, NULL };
	World *w = g_new0(World, 1);

	w->ca_key = wax_key_generate("p256", NULL);
	w->key = wax_key_generate("p256", NULL);
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

enum { SIGN = 1, ENCRYPT = 2, OPAQUE = 4, CBC = 8, PROTECT = 16 };

static GString *seal(World *w, const char *from, unsigned how)
{
	g_autofree char *date = wax_clock_rfc5322(wax_clock_now());
	g_autofree char *text =
		g_strdup_printf("From: %s\r\nTo: bob@partner.example\r\nDate: %s\r\nSubject: s\r\n"
				"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n" BODY,
			from, date);
	WaxSource source = wax_source_span(WAX_SPAN(text, strlen(text)));
	WaxSealSigner signer = { .cert = w->cert, .data = w->key, .sign = wax_seal_local_sign };
	WaxSealOptions options = {
		.signer = how & SIGN ? &signer : NULL,
		.recipients = how & ENCRYPT ? w->recipients : NULL,
		.cipher = how & CBC ? WAX_CIPHER_AES128_CBC : WAX_CIPHER_AES256_GCM,
		.opaque = how & OPAQUE,
		.hcp = how & PROTECT ? WAX_HCP_BASELINE : WAX_HCP_NONE,
		.now = wax_clock_now(),
	};
	GString *out = g_string_new(NULL);
	WaxSink sink = { gather, out };
	g_autoptr(GError) error = NULL;

	assert_true(wax_seal(&source, &options, &sink, &error));
	return out;
}

static WaxOpened *judge(World *w, const GString *message)
{
	static WaxUnwrapper keys;
	static WaxOpenOptions options;
	static WaxSource source; /* outlives the opened message, as it must */
	WaxOpened *opened = NULL;
	g_autoptr(GError) error = NULL;

	keys = wax_keyring_unwrapper(w->keyring);
	options = (WaxOpenOptions){ .keys = &keys, .anchors = w->anchors, .at = wax_clock_now() };
	source = wax_source_span(WAX_SPAN(message->str, message->len));
	if (!wax_open_judge(&source, &options, &opened, &error))
		print_error("%s\n", error->message);
	return opened;
}

static void expect(
	World *w, const GString *message, WaxSignatureWord signature, WaxEncryptionWord encryption)
{
	g_autoptr(WaxOpened) opened = judge(w, message);
	const WaxVerdict *verdict;

	assert_non_null(opened);
	verdict = wax_opened_verdict(opened);
	if (verdict->signature != signature || verdict->encryption != encryption)
		print_error("got %s %s\n", wax_signature_word(verdict->signature),
			wax_encryption_word(verdict->encryption));
	assert_int_equal(verdict->signature, signature);
	assert_int_equal(verdict->encryption, encryption);
}

static void replace(GString *message, const char *old, const char *new)
{
	assert_int_equal(g_string_replace(message, old, new, 1), 1);
}

static void what_we_seal_we_open(void **state)
{
	static const struct {
		unsigned how;
		WaxSignatureWord signature;
		WaxEncryptionWord encryption;
	} rows[] = {
		{ SIGN, WAX_SIGNATURE_VALID_TRUSTED, WAX_ENCRYPTION_NONE },
		{ SIGN | OPAQUE, WAX_SIGNATURE_VALID_TRUSTED, WAX_ENCRYPTION_NONE },
		{ ENCRYPT, WAX_SIGNATURE_NONE, WAX_ENCRYPTION_AUTHENTICATED },
		{ ENCRYPT | CBC, WAX_SIGNATURE_NONE, WAX_ENCRYPTION_UNAUTHENTICATED },
		{ SIGN | ENCRYPT, WAX_SIGNATURE_VALID_TRUSTED, WAX_ENCRYPTION_AUTHENTICATED },
		{ SIGN | ENCRYPT | PROTECT, WAX_SIGNATURE_VALID_TRUSTED,
			WAX_ENCRYPTION_AUTHENTICATED },
		{ SIGN | OPAQUE | ENCRYPT | CBC, WAX_SIGNATURE_VALID_TRUSTED,
			WAX_ENCRYPTION_UNAUTHENTICATED },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GString *message = seal(*state, FROM, rows[i].how), *payload = g_string_new(NULL);
		g_autoptr(WaxOpened) opened = judge(*state, message);
		WaxSink sink = { gather, payload };

		expect(*state, message, rows[i].signature, rows[i].encryption);
		assert_non_null(opened);
		assert_true(wax_opened_emit(opened, &sink, NULL));
		assert_true(g_str_has_suffix(payload->str, BODY) ||
			    g_str_has_suffix(payload->str, "the figures.\r\n"));
		g_string_free(message, TRUE);
		g_string_free(payload, TRUE);
	}
}

/* T-16: an old signature under a new Date, however the Date is hidden from one of two readers */
static void every_date_must_agree_with_the_signature(void **state)
{
	static const char *const odd[] = { "Date: Mon, 1 Jan 2024 10:00:00 +0000\r\nSubject: s",
		"date : Mon, 1 Jan 2024 10:00:00 +0000\r\nSubject: s",
		"Date: yesterday\r\nSubject: s", "Date:\r\nSubject: s" };

	for (size_t i = 0; i < G_N_ELEMENTS(odd); i++) {
		GString *message = seal(*state, FROM, SIGN);

		replace(message, "Subject: s", odd[i]);
		expect(*state, message, WAX_SIGNATURE_WEAK, WAX_ENCRYPTION_NONE);
		g_string_free(message, TRUE);
	}
}

/* T-12 to T-14: only the single mailbox of the single From counts */
static void the_signer_must_be_the_only_author(void **state)
{
	static const struct {
		const char *from;
		WaxSignatureWord expected;
	} rows[] = {
		{ FROM, WAX_SIGNATURE_VALID_TRUSTED },
		{ "Alice <" FROM ">", WAX_SIGNATURE_VALID_TRUSTED },
		{ "ALICE@Corp.Example", WAX_SIGNATURE_VALID_TRUSTED },
		{ "mallory@corp.example", WAX_SIGNATURE_MISMATCH },
		{ "\"" FROM "\" <mallory@evil.example>", WAX_SIGNATURE_MISMATCH },
		{ FROM " <mallory@evil.example>", WAX_SIGNATURE_MISMATCH },
		{ FROM ", mallory@evil.example", WAX_SIGNATURE_MISMATCH },
		{ "mallory@evil.example, " FROM, WAX_SIGNATURE_MISMATCH },
		{ FROM "\r\nFrom: mallory@evil.example", WAX_SIGNATURE_MISMATCH },
		{ "mallory@evil.example\r\nFrom: " FROM, WAX_SIGNATURE_MISMATCH },
		{ "mallory@evil.example\r\nSender: " FROM, WAX_SIGNATURE_MISMATCH },
		{ "", WAX_SIGNATURE_MISMATCH },
		{ "Alice", WAX_SIGNATURE_MISMATCH },
		{ FROM ".evil.example", WAX_SIGNATURE_MISMATCH },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GString *message = seal(*state, FROM, SIGN);
		g_autofree char *line = g_strdup_printf("From: %s\r\n", rows[i].from);

		replace(message, "From: " FROM "\r\n", line);
		expect(*state, message, rows[i].expected, WAX_ENCRYPTION_NONE);
		g_string_free(message, TRUE);
	}
}

static void a_changed_signed_message_is_altered_or_malformed(void **state)
{
	static const struct {
		const char *old, *new;
		WaxSignatureWord expected;
	} rows[] = {
		{ "the figures", "the fingers", WAX_SIGNATURE_ALTERED },
		{ "the figures.\r\n", "the figures. \r\n", WAX_SIGNATURE_ALTERED },
		/* R-25: line ends alone are made canonical again */
		{ "Bob,\r\nthe", "Bob,\nthe", WAX_SIGNATURE_VALID_TRUSTED },
		/* R-12, T-18: micalg says nothing */
		{ "micalg=sha-256", "micalg=md5", WAX_SIGNATURE_VALID_TRUSTED },
		/* T-09: below another root there is nothing but an attachment */
		{ "Content-Type: multipart/signed", "Content-Type: multipart/mixed;\r\n x=y",
			WAX_SIGNATURE_NONE },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GString *message = seal(*state, FROM, SIGN);

		replace(message, rows[i].old, rows[i].new);
		expect(*state, message, rows[i].expected, WAX_ENCRYPTION_NONE);
		g_string_free(message, TRUE);
	}
}

/* a list's footer is told from a forgery: the digest differs, the signature over it holds */
static void what_a_list_changes_is_altered_by_list(void **state)
{
	static const struct {
		const char *old, *new;
		WaxSignatureWord expected;
	} rows[] = {
		{ "the figures", "the figures", WAX_SIGNATURE_VALID_TRUSTED },
		{ "the figures.\r\n", "the figures.\r\n-- \r\nto leave: write\r\n",
			WAX_SIGNATURE_ALTERED_BY_LIST },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GString *message = seal(*state, FROM, SIGN);

		replace(message, rows[i].old, rows[i].new);
		replace(message, "Subject: s", "List-Id: <l.corp.example>\r\nSubject: s");
		expect(*state, message, rows[i].expected, WAX_ENCRYPTION_NONE);
		g_string_free(message, TRUE);
	}
}

/* T-06: an unsigned part beside the signed one */
static void a_signed_part_among_others_is_partial(void **state)
{
	GString *message = seal(*state, FROM, SIGN);
	char *body = strstr(message->str, "Content-Type: multipart/signed");
	g_autofree char *inner = g_strdup(body);

	g_string_truncate(message, (size_t)(body - message->str));
	g_string_append_printf(message,
		"Content-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n"
		"Content-Type: text/plain\r\n\r\nunsigned\r\n--outer\r\n%s\r\n--outer--\r\n",
		inner);
	expect(*state, message, WAX_SIGNATURE_PARTIAL, WAX_ENCRYPTION_NONE);
	g_string_free(message, TRUE);
}

/* T-10 */
static void a_third_part_is_malformed(void **state)
{
	GString *message = seal(*state, FROM, SIGN);
	const char *at = strstr(message->str, "boundary=\"") + 10;
	g_autofree char *boundary = g_strndup(at, strcspn(at, "\""));
	g_autofree char *close = g_strdup_printf("--%s--", boundary);
	g_autofree char *more = g_strdup_printf(
		"--%s\r\nContent-Type: text/plain\r\n\r\nthird\r\n--%s--", boundary, boundary);

	replace(message, close, more);
	expect(*state, message, WAX_SIGNATURE_MALFORMED, WAX_ENCRYPTION_NONE);
	g_string_free(message, TRUE);
}

/* T-28, R-46: whatever is changed, nothing comes out and the reason is the same */
static void a_changed_encrypted_message_fails_uniformly(void **state)
{
	GString *message = seal(*state, FROM, ENCRYPT);
	size_t body = (size_t)(strstr(message->str, "\r\n\r\n") - message->str) + 4;

	for (size_t at = body + 700; at + 4 < message->len; at += 61) {
		GString *bad = g_string_new_len(message->str, (gssize)message->len);
		g_autoptr(WaxOpened) opened = NULL;
		const WaxVerdict *verdict;

		bad->str[at] = bad->str[at] == 'A' ? 'B' : 'A';
		opened = judge(*state, bad);
		assert_non_null(opened);
		verdict = wax_opened_verdict(opened);
		assert_int_equal(verdict->signature, WAX_SIGNATURE_NONE);
		if (bad->str[at] != message->str[at] && message->str[at] != '\r' &&
			message->str[at] != '\n') {
			assert_true(verdict->encryption == WAX_ENCRYPTION_FAILED);
			assert_true(wax_reasons_has(&verdict->reasons, WAX_R_CMS_DECRYPT_FAILED));
			assert_false(wax_opened_has_payload(opened));
		}
		g_string_free(bad, TRUE);
	}
	g_string_free(message, TRUE);
}

static int find_first(void *data, const WaxRecipient *recipient, bool alone)
{
	(void)data;
	(void)recipient;
	(void)alone;
	return 0;
}

static bool cannot_unwrap(void *data, int handle, const WaxRecipient *recipient, size_t key_size,
	WaxSecret **ret_key, GError **error)
{
	(void)handle;
	(void)recipient;
	(void)key_size;
	(void)ret_key;
	return wax_fail(error, *(WaxReason *)data, "not now, or never");
}

static int find_nobody_there(void *data, const WaxRecipient *recipient, bool alone)
{
	(void)data;
	(void)recipient;
	(void)alone;
	return WAX_FIND_UNANSWERED;
}

/* not to be told whose key it is, is not to have none */
static void who_cannot_be_asked_for_keys_is_no_verdict(void **state)
{
	GString *message = seal(*state, FROM, ENCRYPT);
	WaxSource source = wax_source_span(WAX_SPAN(message->str, message->len));
	WaxUnwrapper keys = { NULL, find_nobody_there, cannot_unwrap };
	WaxOpenOptions options = { .keys = &keys, .at = wax_clock_now() };
	WaxOpened *opened = NULL;
	g_autoptr(GError) error = NULL;

	assert_false(wax_open_judge(&source, &options, &opened, &error));
	assert_null(opened);
	assert_int_equal(wax_reason_of(error), WAX_R_CUSTODY_DOWN);
	g_string_free(message, TRUE);
}

/* d.5: without the custodian it is 451; a verdict would be a 250 for what nobody can read */
static void a_custodian_that_is_away_is_no_verdict(void **state)
{
	static const struct {
		WaxReason reason;
		bool judged;
	} rows[] = { { WAX_R_CUSTODY_DOWN, false }, { WAX_R_CUSTODY_LOCKED, false },
		{ WAX_R_TICKET_UNKNOWN, false }, { WAX_R_TICKET_SPENT, false },
		{ WAX_R_CMS_DECRYPT_FAILED, true }, { WAX_R_REQUEST_REFUSED, true },
		{ WAX_R_CRYPTO_ERROR, true } };
	GString *message = seal(*state, FROM, ENCRYPT);
	WaxSource source = wax_source_span(WAX_SPAN(message->str, message->len));

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		WaxReason reason = rows[i].reason;
		WaxUnwrapper keys = { &reason, find_first, cannot_unwrap };
		WaxOpenOptions options = { .keys = &keys, .at = wax_clock_now() };
		g_autoptr(WaxOpened) opened = NULL;
		g_autoptr(GError) error = NULL;

		assert_int_equal(
			wax_open_judge(&source, &options, &opened, &error), rows[i].judged);
		if (!rows[i].judged) {
			assert_int_equal(wax_reason_of(error), reason);
			continue;
		}
		assert_int_equal(
			wax_opened_verdict(opened)->encryption, WAX_ENCRYPTION_FAILED);
	}
	g_string_free(message, TRUE);
}

/* L-10: six layers are peeled, a seventh is refused */
static void layers_are_counted(void **state)
{
	World *w = *state;
	GString *message = seal(w, FROM, SIGN);

	for (unsigned layers = 2; layers <= 7; layers++) {
		WaxSource source = wax_source_span(WAX_SPAN(message->str, message->len));
		WaxSealSigner signer = {
			.cert = w->cert, .data = w->key, .sign = wax_seal_local_sign
		};
		WaxSealOptions options = {
			.signer = &signer, .opaque = true, .now = wax_clock_now()
		};
		GString *next = g_string_new(NULL);
		WaxSink sink = { gather, next };

		assert_true(wax_seal(&source, &options, &sink, NULL));
		g_string_free(message, TRUE);
		message = next;
		expect(w, message,
			layers <= 6 ? WAX_SIGNATURE_VALID_TRUSTED : WAX_SIGNATURE_MALFORMED,
			WAX_ENCRYPTION_NONE);
	}
	g_string_free(message, TRUE);
}

static bool seal_to(GPtrArray *recipients, int64_t now, GString *out, GError **error)
{
	WaxSource source = wax_source_span(
		WAX_SPAN_LIT("From: " FROM "\r\nContent-Type: text/plain\r\n\r\n" BODY));
	WaxSealOptions options = {
		.recipients = recipients, .cipher = WAX_CIPHER_AES256_CBC, .now = now
	};
	WaxSink sink = { gather, out };

	return wax_seal(&source, &options, &sink, error);
}

/* the second of two, so that the first does not hide it; and not one octet is written */
static void a_certificate_that_may_not_be_encrypted_to_is_refused_before_anything_is_written(
	void **state)
{
	static const int64_t begin = 1700000000, end = 1800000000;
	static const struct {
		int64_t now;
		unsigned usage;
		WaxReason reason;
		const char *told;
	} rows[] = {
		{ begin - 1, WAX_KU_KEY_AGREEMENT, WAX_R_CERT_NOT_YET_VALID, "2023-11-14T22:13:20" },
		{ begin, WAX_KU_KEY_AGREEMENT, WAX_R_NONE, NULL },
		{ end, WAX_KU_KEY_AGREEMENT, WAX_R_NONE, NULL },
		{ end + 1, WAX_KU_KEY_AGREEMENT, WAX_R_CERT_EXPIRED, "2027-01-15T08:00:00" },
		{ begin, WAX_KU_DIGITAL_SIGNATURE, WAX_R_CERT_SIGN_ONLY, "not for encryption" },
	};
	World *w = *state;
	g_autoptr(WaxCert) good = issue_for(w, begin - 10, end + 10, WAX_KU_KEY_AGREEMENT);

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(WaxCert) cert = issue_for(w, begin, end, rows[i].usage);
		g_autoptr(GPtrArray) recipients = g_ptr_array_new();
		g_autoptr(GError) error = NULL;
		GString *out = g_string_new(NULL);

		g_ptr_array_add(recipients, good);
		g_ptr_array_add(recipients, cert);
		if (rows[i].reason == WAX_R_NONE) {
			assert_true(seal_to(recipients, rows[i].now, out, &error));
		} else {
			assert_false(seal_to(recipients, rows[i].now, out, &error));
			assert_int_equal(wax_reason_of(error), rows[i].reason);
			assert_int_equal(wax_reason_info(rows[i].reason)->exit_code, 65);
			assert_non_null(strstr(error->message, "Bob"));
			assert_non_null(strstr(error->message, wax_cert_info(cert)->serial_text));
			assert_non_null(strstr(error->message, rows[i].told));
			assert_int_equal(out->len, 0);
		}
		g_string_free(out, TRUE);
	}
}

static void a_certificate_named_twice_gets_one_recipient_info(void **state)
{
	World *w = *state;
	int64_t now = wax_clock_now();
	g_autoptr(WaxCert) other = issue_for(w, now - 10, now + 1000, WAX_KU_KEY_AGREEMENT);
	g_autoptr(WaxCert) again = wax_cert_parse(wax_cert_info(w->cert)->der, NULL);
	g_autoptr(GPtrArray) recipients = g_ptr_array_new();
	GString *out = g_string_new(NULL);
	g_autoptr(WaxOpened) opened = NULL;

	g_ptr_array_add(recipients, w->cert);
	g_ptr_array_add(recipients, other);
	g_ptr_array_add(recipients, again);
	g_ptr_array_add(recipients, other);
	assert_true(seal_to(recipients, now, out, NULL));
	opened = judge(w, out);
	assert_int_equal(wax_verdict_layer(wax_opened_verdict(opened), 0)->recipient_count, 2);
	g_string_free(out, TRUE);
}

static void what_is_no_message_is_refused(void **state)
{
	static const char *const inputs[] = { "", "\r\n", "hello", "no colon here\r\n\r\nbody",
		"\xd0\xcf\x11\xe0" };

	for (size_t i = 0; i < G_N_ELEMENTS(inputs); i++) {
		WaxSource source = wax_source_span(WAX_SPAN(inputs[i], strlen(inputs[i])));
		WaxOpenOptions options = { .at = wax_clock_now() };
		WaxOpened *opened = (WaxOpened *)state; /* poison */
		g_autoptr(GError) error = NULL;

		assert_false(wax_open_judge(&source, &options, &opened, &error));
		assert_int_equal(wax_reason_of(error), WAX_R_MIME_MALFORMED);
		assert_ptr_equal(opened, state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_we_seal_we_open),
		cmocka_unit_test(every_date_must_agree_with_the_signature),
		cmocka_unit_test(the_signer_must_be_the_only_author),
		cmocka_unit_test(a_changed_signed_message_is_altered_or_malformed),
		cmocka_unit_test(what_a_list_changes_is_altered_by_list),
		cmocka_unit_test(a_signed_part_among_others_is_partial),
		cmocka_unit_test(a_third_part_is_malformed),
		cmocka_unit_test(a_changed_encrypted_message_fails_uniformly),
		cmocka_unit_test(a_custodian_that_is_away_is_no_verdict),
		cmocka_unit_test(who_cannot_be_asked_for_keys_is_no_verdict),
		cmocka_unit_test(layers_are_counted),
		cmocka_unit_test(
			a_certificate_that_may_not_be_encrypted_to_is_refused_before_anything_is_written),
		cmocka_unit_test(a_certificate_named_twice_gets_one_recipient_info),
		cmocka_unit_test(what_is_no_message_is_refused),
	};

	return cmocka_run_group_tests(tests, make_world, end_world);
}
