/* SPDX-License-Identifier: Apache-2.0 */
/* What outsiders write into a header never looks like ours when it is delivered (GATEWAY d.8, A 17). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/work/header.h"
#include "gateway/work/tags.h"
#include "mime/fields.h"

static GPtrArray *list_of(const char *const *texts)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);

	for (; *texts; texts++)
		g_ptr_array_add(list, g_strdup(*texts));
	return list;
}

static void a_mark_goes_however_it_is_written(void **state)
{
	static const char *const marks[] = { "[signed]", "[decrypted]", NULL };
	static const char *const rows[][2] = {
		{ "[signed] hello", "hello" },
		{ "hello [SIGNED]", "hello" },
		{ "[ signed ] hello", "hello" },
		{ "a [sig\xe2\x80\x8bned] b", "a b" },		       /* zero width space */
		{ "[\xd1\x95igned] b", "b" },			       /* Cyrillic dze */
		{ "\xef\xbc\xbbsigned\xef\xbc\xbd b", "b" },	       /* full-width brackets */
		{ "[s\xcc\x88igned] b", "b" },			       /* combining mark */
		{ "[sig[signed]ned] b", "b" },			       /* what is left is looked at again */
		{ "[sig[decrypted]ned] b", "b" },
		{ "[signe] b", NULL },
		{ "signed b", NULL },
		{ "", NULL },
	};
	g_autoptr(GPtrArray) tags = list_of(marks), none = g_ptr_array_new();
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *got = wax_tags_strip(rows[i][0], tags);

		if (g_strcmp0(got, rows[i][1]) != 0)
			fail_msg("'%s' became '%s'", rows[i][0], got ? got : "(as it was)");
		assert_null(wax_tags_strip(rows[i][0], none));
	}
}

static bool gather(void *data, WaxSpan bytes, GError **error)
{
	(void)error;
	g_string_append_len(data, (const char *)bytes.p, (gssize)bytes.n);
	return true;
}

static char *delivered(const char *block, const WaxHeaderRules *rules)
{
	GString *out = g_string_new(NULL);
	WaxSink sink = { gather, out };

	assert_true(wax_work_put_header(WAX_SPAN(block, strlen(block)), rules, &sink, NULL));
	return g_string_free(out, FALSE);
}

static void only_ours_is_taken_out(void **state)
{
	static const char *const marks[] = { "[signed]", NULL };
	static const char *const rows[][2] = {
		{ "X-Waxwing-Status: layer=1\r\nx-waxwing-verdict : a\r\nX-Waxwing-Hop:\r\n in; q=1\r\n",
			"" },
		{ "Authentication-Results: mx.example; smime=pass\r\n", "" },
		{ "authentication-results : (a comment) MX.example\r\n ; smime=pass\r\n", "" },
		{ "Authentication-Results: \"m\\x.example\"; smime=pass\r\n", "" },
		{ "Authentication-Results: mx(;).example 1; smime=pass\r\n", "" },
		{ "Authentication-Results: other.example; mx.example\r\n",
			"Authentication-Results: other.example; mx.example\r\n" },
		{ "Authentication-Results: other.example; dkim=pass\r\n",
			"Authentication-Results: other.example; dkim=pass\r\n" },
		{ "Received: from x\r\n\tby y\r\nX-Odd :  kept  \r\n",
			"Received: from x\r\n\tby y\r\nX-Odd :  kept  \r\n" },
		{ "Subject: plain  spaces\r\n", "Subject: plain  spaces\r\n" },
		{ "Subject: =?utf-8?B?W3NpZ25lZF0gaGk=?=\r\n", "Subject: hi\r\n" },
		{ "Subject: =?utf-8?q?=5Bsig?=\r\n =?utf-8?q?ned=5D?= hi\r\n", "Subject: hi\r\n" },
		{ "From: a@x\r\nFrom: b@x\r\nfrom : c@x\r\nSubject: s\r\nSubject: t\r\n",
			"From: a@x\r\nX-Duplicate-From: b@x\r\nX-Duplicate-from : c@x\r\n"
			"Subject: s\r\nX-Duplicate-Subject: t\r\n" },
	};
	g_autoptr(GPtrArray) tags = list_of(marks);
	WaxJobOpen open = { .host = (char *)(uintptr_t) "mx.example", .tags = tags };
	WaxHeaderRules rules = { .open = &open, .keeps_content = true };
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *got = delivered(rows[i][0], &rules);

		assert_string_equal(got, rows[i][1]);
	}
}

static void a_promoted_subject_can_be_nothing_but_a_subject(void **state)
{
	static const char *const marks[] = { "[decrypted]", NULL };
	WaxJobOpen open = { .host = (char *)(uintptr_t) "mx.example" };
	WaxHeaderRules rules = { .open = &open, .subject = "hi\r\nBcc: eve@x\n\nbody", .marks = marks };
	g_autofree char *got = delivered("Subject: [...]\r\nContent-Type: x/y\r\n", &rules), *wide = NULL;
	g_autofree char *umlaut = NULL, *back = NULL;
	(void)state;

	assert_string_equal(got, "Subject: [decrypted] hi  Bcc: eve@x  body\r\n");
	rules.subject = "\xc3\xbc" "ber";
	rules.marks = NULL;
	umlaut = delivered("Subject: [...]\r\n", &rules);
	for (const char *c = umlaut; *c; c++)
		assert_true((unsigned char)*c < 0x80);
	back = wax_field_decoded(WAX_SPAN(umlaut + 8, strlen(umlaut) - 8));
	assert_string_equal(back, rules.subject);
	wide = wax_field_encoded("Subject", "a b c d e f g h i j k l m n o p q r s t u v w x y z "
					    "a b c d e f g h i j k l m n o p q r s t u v w x y z");
	assert_non_null(strstr(wide, "\r\n "));
}

static void what_stands_there_twice_is_named(void **state)
{
	static const char twice[] = "From: a@x\r\nTo: b@x\r\nfrom: c@x\r\nSubject: s\r\nSUBJECT: t\r\n";
	g_autofree char *names = wax_work_duplicates(WAX_SPAN_LIT(twice));
	(void)state;

	assert_string_equal(names, "from,subject");
	assert_null(wax_work_duplicates(WAX_SPAN_LIT("From: a@x\r\nReceived: a\r\nReceived: b\r\n")));
}

static void protected_fields_win_but_what_was_hidden_stays_hidden(void **state)
{
	static const char inner[] = "From: a@x\r\nTo: \"Bob\" <b@y>\r\nDate: real\r\nCc: hidden@y\r\n"
				    "Message-ID: <1>\r\nReceived: inner\r\nX-Waxwing-Verdict: mine\r\n";
	static const char outer[] = "Received: outer\r\nFrom: a@x\r\nTo: evil@z\r\nDate: coarse\r\nMessage-ID: <1>\r\n"
				    "Message-ID: <2>\r\nReply-To: evil@z\r\n";
	g_autoptr(WaxVerdict) verdict = wax_verdict_new();
	WaxJobOpen open = { .host = (char *)(uintptr_t) "mx.example" };
	WaxHeaderRules rules = { .open = &open, .protected_block = WAX_SPAN_LIT(inner), .verdict = verdict };
	g_autofree char *got = NULL, *promoted = NULL;
	(void)state;

	wax_verdict_add_field(verdict, "To", "\"Bob\" <b@y>", WAX_FIELD_SIGNED_ONLY);
	wax_verdict_add_field(verdict, "Date", "real", WAX_FIELD_SIGNED_AND_ENCRYPTED);
	wax_verdict_add_field(verdict, "Cc", "hidden@y", WAX_FIELD_ENCRYPTED_ONLY);
	wax_verdict_add_field(verdict, "Message-ID", "<1>", WAX_FIELD_SIGNED_ONLY);
	got = delivered(outer, &rules);
	assert_string_equal(got, "Received: outer\r\nFrom: a@x\r\nTo: \"Bob\" <b@y>\r\nDate: coarse\r\nMessage-ID: <1>\r\n"
				 "X-Unprotected-Message-ID: <2>\r\nX-Unprotected-Reply-To: evil@z\r\n");
	rules.promote = true;
	promoted = delivered(outer, &rules);
	assert_string_equal(promoted, "Received: outer\r\nFrom: a@x\r\nTo: \"Bob\" <b@y>\r\nDate: real\r\nMessage-ID: <1>\r\n"
				      "X-Unprotected-Message-ID: <2>\r\nX-Unprotected-Reply-To: evil@z\r\nCc: hidden@y\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mark_goes_however_it_is_written),
		cmocka_unit_test(only_ours_is_taken_out),
		cmocka_unit_test(a_promoted_subject_can_be_nothing_but_a_subject),
		cmocka_unit_test(what_stands_there_twice_is_named),
		cmocka_unit_test(protected_fields_win_but_what_was_hidden_stays_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
