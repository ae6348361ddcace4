/* SPDX-License-Identifier: Apache-2.0 */
/* Header protection (RFC 9788): what is hidden, what is shown, and that neither can be had by tricks. */
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

enum { SIGN = 1, ENCRYPT = 2, SHY = 4, LEGACY = 8, BARE = 16 };

static GString *seal(World *w, const char *text, unsigned how)
{
	WaxSource source = wax_source_span(WAX_SPAN(text, strlen(text)));
	WaxSealSigner signer = { .cert = w->cert, .data = w->key, .sign = wax_seal_local_sign };
	WaxSealOptions options = {
		.signer = how & SIGN ? &signer : NULL,
		.recipients = how & ENCRYPT ? w->recipients : NULL,
		.cipher = WAX_CIPHER_AES256_GCM,
		.hcp = how & BARE ? WAX_HCP_NONE : how & SHY ? WAX_HCP_SHY : WAX_HCP_BASELINE,
		.legacy_display = how & LEGACY,
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
	assert_true(wax_open_judge(&source, &options, &opened, &error));
	return opened;
}

/* message - with a Date of now, so that signatures stand */
static char *message(const char *fields, const char *rest)
{
	g_autofree char *date = wax_clock_rfc5322(wax_clock_now());

	return g_strdup_printf("%sDate: %s\r\nMIME-Version: 1.0\r\n%s", fields, date, rest);
}

#define FIELDS                                                                                     \
	"Received: from a by b; now\r\nFrom: Alice <" FROM ">\r\nTo: Bob <bob@partner.example>\r\n" \
	"Subject: Dinner\r\n plans\r\nComments: secret\r\nX-Project: red\r\nMessage-ID: <1@corp>\r\n" \
	"Bcc: eve@corp.example\r\n"
#define PLAIN "Content-Type: text/plain\r\n\r\nSee you.\r\n"

static const WaxVerdictField *find(const WaxOpened *opened, const char *name)
{
	const GPtrArray *fields = wax_opened_verdict(opened)->fields;

	for (unsigned i = 0; i < fields->len; i++) {
		const WaxVerdictField *field = fields->pdata[i];

		if (g_ascii_strcasecmp(field->name, name) == 0)
			return field;
	}
	return NULL;
}

static void expect(const WaxOpened *opened, const char *name, const char *value, WaxFieldState state)
{
	const WaxVerdictField *field = find(opened, name);

	assert_non_null(field);
	assert_string_equal(field->value, value);
	if (field->state != state)
		fail_msg("%s is %s", name, wax_field_word(field->state));
}

static char *shown(WaxOpened *opened)
{
	GString *out = g_string_new(NULL);
	WaxSink sink = { gather, out };

	assert_true(wax_opened_show(opened, &sink, NULL));
	return g_string_free(out, FALSE);
}

static char *emitted(WaxOpened *opened)
{
	GString *out = g_string_new(NULL);
	WaxSink sink = { gather, out };

	assert_true(wax_opened_emit(opened, &sink, NULL));
	return g_string_free(out, FALSE);
}

static void replace(GString *text, const char *old, const char *new)
{
	assert_int_equal(g_string_replace(text, old, new, 1), 1);
}

/* S-70, S-71, R-77 */
static void each_field_is_as_protected_as_it_says(void **state)
{
	static const struct {
		unsigned how;
		const char *hp;
		WaxFieldState hidden, open;
	} rows[] = {
		{ SIGN, "hp=\"clear\"", WAX_FIELD_SIGNED_ONLY, WAX_FIELD_SIGNED_ONLY },
		{ ENCRYPT, "hp=\"cipher\"", WAX_FIELD_ENCRYPTED_ONLY, WAX_FIELD_UNPROTECTED },
		{ SIGN | ENCRYPT, "hp=\"cipher\"", WAX_FIELD_SIGNED_AND_ENCRYPTED, WAX_FIELD_SIGNED_ONLY },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = message(FIELDS, PLAIN), *payload = NULL;
		GString *sealed = seal(*state, text, rows[i].how);
		g_autoptr(WaxOpened) opened = judge(*state, sealed);
		bool secret = rows[i].how & ENCRYPT;

		assert_true(!strstr(sealed->str, "Dinner") == secret);
		assert_true(!strstr(sealed->str, "secret") == secret);
		assert_true(!strstr(sealed->str, "Subject: [...]\r\n") == !secret);
		assert_null(strstr(sealed->str, "eve@corp"));
		expect(opened, "Subject", "Dinner plans", rows[i].hidden);
		expect(opened, "Comments", "secret", rows[i].hidden);
		expect(opened, "From", "Alice <" FROM ">", rows[i].open);
		expect(opened, "X-Project", "red", rows[i].open);
		assert_null(find(opened, "Received"));
		assert_null(find(opened, "HP-Outer"));
		payload = emitted(opened);
		assert_non_null(strstr(payload, rows[i].hp));
		assert_true(!strstr(payload, "HP-Outer: Subject: [...]\r\n") == !secret);
		assert_null(strstr(payload, "HP-Outer: Comments"));
		g_string_free(sealed, TRUE);
	}
}

static void the_shy_policy_hides_names_and_zone(void **state)
{
	g_autoptr(WaxOpened) opened = NULL;
	GString *sealed = seal(*state,
		"From: Alice <" FROM ">\r\nTo: \"B, Bob\" <bob@partner.example>, c@d.example\r\n"
		"Cc: Friends: e@f.example;\r\nDate: Fri, 21 Jan 2022 20:40:48 -0500\r\nSubject: x\r\n" PLAIN,
		SIGN | ENCRYPT | SHY);

	assert_non_null(strstr(sealed->str, "From: " FROM "\r\n"));
	assert_non_null(strstr(sealed->str, "To: bob@partner.example,\r\n c@d.example\r\n"));
	assert_non_null(strstr(sealed->str, "Cc: Friends: e@f.example;\r\n"));
	assert_non_null(strstr(sealed->str, "Date: Sat, 22 Jan 2022 01:40:48 +0000\r\n"));
	opened = judge(*state, sealed);
	expect(opened, "To", "\"B, Bob\" <bob@partner.example>, c@d.example", WAX_FIELD_SIGNED_AND_ENCRYPTED);
	expect(opened, "Cc", "Friends: e@f.example;", WAX_FIELD_SIGNED_ONLY);
	/* a name was hidden, the address was not */
	assert_int_equal(wax_opened_verdict(opened)->reply->hidden->len, 0);
	g_string_free(sealed, TRUE);
}

/* what somebody writes outside changes nothing inside */
static void the_outside_changes_nothing(void **state)
{
	g_autofree char *text = message(FIELDS, PLAIN);
	GString *sealed = seal(*state, text, SIGN | ENCRYPT);
	g_autoptr(WaxOpened) opened = NULL;

	replace(sealed, "Subject: [...]\r\n",
		"Subject: Dinner plans\r\nHP-Outer: Subject: Dinner plans\r\nReply-To: mallory@evil.example\r\n"
		"Comments: secret\r\n");
	opened = judge(*state, sealed);
	expect(opened, "Subject", "Dinner plans", WAX_FIELD_SIGNED_AND_ENCRYPTED);
	expect(opened, "Comments", "secret", WAX_FIELD_SIGNED_AND_ENCRYPTED);
	assert_null(find(opened, "Reply-To"));
	assert_int_equal(wax_opened_verdict(opened)->reply->to->len, 1);
	assert_string_equal(wax_opened_verdict(opened)->reply->to->pdata[0], FROM);
	g_string_free(sealed, TRUE);
}

/* T-36 */
static void hp_counts_at_the_root_of_the_payload_alone(void **state)
{
	static const char nested[] =
		"From: " FROM "\r\nSubject: outer\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
		"--b\r\nContent-Type: text/plain; hp=\"cipher\"\r\nSubject: phony\r\nHP-Outer: Subject: x\r\n\r\nhi\r\n"
		"--b--\r\n";
	static const char phony[] = "From: " FROM "\r\nSubject: phony\r\nHP-Outer: Subject: [...]\r\n"
				    "Content-Type: text/plain; hp=\"cipher\"\r\n\r\nhi\r\n";
	GString *sealed = seal(*state, nested, SIGN | ENCRYPT | BARE), *open = g_string_new(phony);
	g_autoptr(WaxOpened) first = judge(*state, sealed), second = judge(*state, open), third = NULL;

	assert_int_equal(wax_opened_verdict(first)->fields->len, 0);
	assert_null(wax_opened_verdict(first)->reply);
	assert_int_equal(wax_opened_verdict(second)->fields->len, 0);
	/* an author's own parameter does not stand beside ours, nor do HP-Outer fields of the author's */
	g_string_free(sealed, TRUE);
	sealed = seal(*state,
		"From: " FROM "\r\nSubject: phony\r\nHP-Outer: Subject: phony\r\n"
		"Content-Type: text/plain; HP = \"clear\"\r\n\r\nhi\r\n",
		SIGN | ENCRYPT);
	third = judge(*state, sealed);
	expect(third, "Subject", "phony", WAX_FIELD_SIGNED_AND_ENCRYPTED);
	g_string_free(sealed, TRUE);
	g_string_free(open, TRUE);
}

/* */
static void another_from_inside_is_not_shown_unless_its_owner_signed(void **state)
{
	static const struct {
		unsigned how;
		const char *inner, *outer, *shown;
		bool warning, protected_;
		const char *answer;
	} rows[] = {
		{ SIGN | ENCRYPT, FROM, FROM, FROM, false, true, FROM },
		{ SIGN | ENCRYPT, FROM, "mallory@evil.example", FROM, false, true, FROM },
		{ SIGN | ENCRYPT, "ceo@corp.example", FROM, FROM, true, false, NULL },
		{ ENCRYPT, FROM, "mallory@evil.example", "mallory@evil.example", true, false, NULL },
		{ ENCRYPT, "ALICE@CORP.example", FROM, FROM, false, true, FROM },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *fields = g_strdup_printf("From: %s\r\nSubject: s\r\n", rows[i].inner);
		g_autofree char *text = message(fields, PLAIN), *inside = g_strdup_printf("From: %s\r\n", rows[i].inner);
		g_autofree char *outside = g_strdup_printf("From: %s\r\n", rows[i].outer);
		GString *sealed = seal(*state, text, rows[i].how);
		g_autoptr(WaxOpened) opened = NULL;
		const WaxVerdict *verdict;

		replace(sealed, inside, outside);
		opened = judge(*state, sealed);
		verdict = wax_opened_verdict(opened);
		if (g_ascii_strcasecmp(verdict->from_shown, rows[i].shown) != 0 || verdict->from_warning != rows[i].warning)
			fail_msg("row %zu shows %s", i, verdict->from_shown);
		assert_true(verdict->from_protected == rows[i].protected_);
		assert_int_equal(verdict->reply->to->len, rows[i].answer ? 1 : 0);
		/* the word is about the From that others see: a signature of somebody else is none of his */
		if (strcmp(rows[i].outer, FROM) != 0)
			assert_int_not_equal(verdict->signature, WAX_SIGNATURE_VALID_TRUSTED);
		g_string_free(sealed, TRUE);
	}
}

/* S-72, R-75 */
static void what_is_hidden_stands_in_the_text_for_old_programs_alone(void **state)
{
	static const char alternative[] =
		"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n"
		"Content-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\n" PLAIN
		"\r\n--i\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
		"PGh0bWw+PGJvZHkgY2xhc3M9ImEiPjxwPlNlZSB5b3UuPC9wPjwvYm9keT48L2h0bWw+\r\n--i--\r\n"
		"\r\n--o\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nfile\r\n--o--\r\n";
	static const struct {
		const char *rest;
		unsigned marks;
	} rows[] = {
		{ PLAIN, 1 },
		{ "Content-Type: text/plain; charset=us-ascii; format=flowed\r\n\r\nSee you.\r\n", 1 },
		{ "\r\nSee you.\r\n", 1 },
		{ alternative, 2 },
		/* a charset that cannot hold it, and what is no text of a reader's, stay as they are */
		{ "Content-Type: text/plain; charset=iso-8859-1\r\n\r\nSee you.\r\n", 0 },
		{ "Content-Type: application/pdf\r\n\r\nSee you.\r\n", 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = message("From: " FROM "\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe_<b>?=\r\n", rows[i].rest);
		GString *sealed = seal(*state, text, SIGN | ENCRYPT | LEGACY), *clear = seal(*state, text, SIGN | LEGACY);
		g_autoptr(WaxOpened) opened = judge(*state, sealed), open = NULL;
		g_autofree char *raw = emitted(opened), *seen = shown(opened), *plainly = NULL;
		GString *count = g_string_new(raw);

		assert_int_equal(g_string_replace(count, "hp-legacy-display=\"1\"", "", 0), rows[i].marks);
		if (rows[i].marks == 1)
			assert_non_null(strstr(raw, "Subject: Gr=C3=BC=C3=9Fe <b>\r\n\r\nSee you."));
		if (rows[i].marks == 2) {
			assert_non_null(strstr(raw, "class=3D\"header-protection-legacy-display\""));
			assert_non_null(strstr(raw, "\r\n\r\nfile\r\n"));
		}
		assert_null(strstr(seen, "Subject: Gr"));
		assert_null(strstr(seen, "header-protection-legacy-display"));
		assert_null(strstr(seen, "hp-legacy-display=\"1\""));
		assert_non_null(strstr(seen, "See you."));
		assert_int_equal(wax_opened_verdict(opened)->signature, WAX_SIGNATURE_VALID_TRUSTED);
		/* what is only signed hides nothing */
		open = judge(*state, clear);
		plainly = emitted(open);
		assert_null(strstr(plainly, "hp-legacy-display"));
		g_string_free(count, TRUE);
		g_string_free(sealed, TRUE);
		g_string_free(clear, TRUE);
	}
}

/* */
static void a_wrapped_message_is_read(void **state)
{
	static const char wrapped[] =
		"From: " FROM "\r\nTo: bob@partner.example\r\nSubject: ...\r\n"
		"Content-Type: message/rfc822; forwarded=no\r\n\r\n"
		"From: Alice <" FROM ">\r\nTo: bob@partner.example\r\nSubject: inside\r\n" PLAIN;
	g_autofree char *forwarded = NULL, *text = g_strdup(wrapped), *seen = NULL;
	GString *sealed = seal(*state, wrapped, SIGN | ENCRYPT | BARE), *plain;
	g_autoptr(WaxOpened) opened = judge(*state, sealed), other = NULL;

	expect(opened, "Subject", "inside", WAX_FIELD_SIGNED_AND_ENCRYPTED);
	seen = shown(opened);
	assert_true(g_str_has_prefix(seen, "From: Alice"));
	assert_true(g_str_has_suffix(seen, "See you.\r\n"));
	assert_string_equal(wax_opened_verdict(opened)->content_type, "text/plain");
	assert_int_equal(wax_opened_verdict(opened)->content_bytes, strlen(seen));
	/* without the word it is a message that somebody forwards */
	plain = g_string_new(text);
	replace(plain, "; forwarded=no", "");
	g_string_free(sealed, TRUE);
	sealed = seal(*state, plain->str, SIGN | ENCRYPT | BARE);
	other = judge(*state, sealed);
	assert_int_equal(wax_opened_verdict(other)->fields->len, 0);
	assert_string_equal(wax_opened_verdict(other)->content_type, "message/rfc822");
	g_string_free(sealed, TRUE);
	g_string_free(plain, TRUE);
}

/* */
static void an_answer_gives_nothing_away(void **state)
{
	g_autofree char *text = message(
		"From: " FROM "\r\nTo: bob@partner.example, carol@partner.example\r\nCc: dan@partner.example\r\n"
		"Subject: Dinner plans\r\nKeywords: k\r\nMessage-ID: <1@corp>\r\n", PLAIN);
	GString *sealed = seal(*state, text, SIGN | ENCRYPT);
	g_autoptr(WaxOpened) opened = judge(*state, sealed);
	const WaxReply *reply = wax_opened_verdict(opened)->reply;
	g_autofree char *json = wax_verdict_format(wax_opened_verdict(opened));
	g_autofree char *summary = wax_verdict_summary(wax_opened_verdict(opened));

	assert_string_equal(reply->subject, "Re: Dinner plans");
	assert_false(wax_reply_may_show(reply, "subject"));
	assert_false(wax_reply_may_show(reply, "Keywords"));
	assert_true(wax_reply_may_show(reply, "In-Reply-To"));
	assert_int_equal(reply->to->len, 1);
	assert_int_equal(reply->cc->len, 3);
	assert_string_equal(reply->message_id, "<1@corp>");
	assert_non_null(strstr(json, "\"confidential\":[\"Subject\",\"Keywords\"]"));
	/* what goes into logs says nothing of it */
	assert_null(strstr(summary, "Dinner"));
	g_string_free(sealed, TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_is_as_protected_as_it_says),
		cmocka_unit_test(the_shy_policy_hides_names_and_zone),
		cmocka_unit_test(the_outside_changes_nothing),
		cmocka_unit_test(hp_counts_at_the_root_of_the_payload_alone),
		cmocka_unit_test(another_from_inside_is_not_shown_unless_its_owner_signed),
		cmocka_unit_test(what_is_hidden_stands_in_the_text_for_old_programs_alone),
		cmocka_unit_test(a_wrapped_message_is_read),
		cmocka_unit_test(an_answer_gives_nothing_away),
	};

	return cmocka_run_group_tests(tests, make_world, end_world);
}
