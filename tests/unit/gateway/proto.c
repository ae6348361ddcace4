/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/status.h"
#include "gateway/proto.h"

static void free_bytes(gpointer bytes)
{
	g_bytes_unref(bytes);
}

static void facts_cross_unchanged(void **state)
{
	g_autoptr(WaxFrame) frame = wax_frame_new(WAX_JOB_FACTS);
	g_auto(WaxJobFacts) facts = { .message_id = g_strdup("<1@x>"),
		.named = g_ptr_array_new_with_free_func(g_free),
		.received = 3,
		.sealed = true,
		.raise = g_strdup("must-smime"),
		.fault = WAX_R_MIME_DUPLICATE_HEADER,
		.malformed = true };
	g_auto(WaxJobFacts) got = { 0 };
	(void)state;

	g_ptr_array_add(facts.named, g_strdup("b@y.example"));
	wax_job_facts_put(&facts, frame);
	assert_true(wax_job_facts_get(frame, &got, NULL));
	assert_true(wax_frame_done(frame, NULL));
	assert_string_equal(got.message_id, "<1@x>");
	assert_null(got.from);
	assert_int_equal(got.named->len, 1);
	assert_string_equal(g_ptr_array_index(got.named, 0), "b@y.example");
	assert_int_equal(got.parents->len, 0);
	assert_int_equal(got.received, 3);
	assert_true(got.sealed && got.malformed && !got.is_signed);
	assert_string_equal(got.raise, "must-smime");
	assert_int_equal(got.fault, WAX_R_MIME_DUPLICATE_HEADER);
}

static void a_build_crosses_unchanged(void **state)
{
	g_autoptr(WaxFrame) frame = wax_frame_new(WAX_JOB_BUILD);
	g_auto(WaxJobBuild) build = { .method = WAX_METHOD_SEAL,
		.ticket = { 1, 2, 3 },
		.handle = 7,
		.signs = true,
		.recipient_certs = g_ptr_array_new_with_free_func(free_bytes),
		.cipher = g_strdup("aes256-gcm"),
		.shy = true,
		.size_limit = 99 };
	g_auto(WaxJobBuild) got = { 0 };
	(void)state;

	g_ptr_array_add(build.recipient_certs, g_bytes_new("der", 3));
	wax_job_build_put(&build, frame);
	assert_true(wax_job_build_get(frame, &got, NULL));
	assert_true(wax_frame_done(frame, NULL));
	assert_int_equal(got.method, WAX_METHOD_SEAL);
	assert_memory_equal(got.ticket, build.ticket, 16);
	assert_int_equal(got.recipient_certs->len, 1);
	assert_int_equal(g_bytes_get_size(g_ptr_array_index(got.recipient_certs, 0)), 3);
	assert_int_equal(got.signer_certs->len, 0);
	assert_string_equal(got.cipher, "aes256-gcm");
	assert_null(got.headers);
	assert_true(got.shy);
}

static void needs_and_keys_cross_unchanged(void **state)
{
	g_autoptr(WaxFrame) need = wax_frame_new(WAX_JOB_NEED_KEYS);
	g_autoptr(WaxFrame) keys = wax_frame_new(WAX_JOB_KEYS);
	g_autoptr(GArray) named = g_array_new(FALSE, TRUE, sizeof(WaxJobNamed));
	g_autoptr(GArray) given = g_array_new(FALSE, TRUE, sizeof(WaxJobKey));
	g_autoptr(GArray) got_named = NULL, got_keys = NULL;
	g_autoptr(GBytes) id = g_bytes_new("id", 2);
	WaxJobNamed one = { 4, NULL, id };
	WaxJobKey key = { 4, 9, true, id };
	uint8_t ticket[16] = { 5 }, got_ticket[16] = { 0 };
	(void)state;

	g_array_append_val(named, one);
	wax_job_need_put(named, need);
	assert_true(wax_job_need_get(need, &got_named, NULL));
	assert_int_equal(got_named->len, 1);
	assert_null(g_array_index(got_named, WaxJobNamed, 0).issuer_serial);
	assert_true(g_bytes_equal(g_array_index(got_named, WaxJobNamed, 0).key_id, id));
	g_array_append_val(given, key);
	wax_job_keys_put(ticket, given, keys);
	assert_true(wax_job_keys_get(keys, got_ticket, &got_keys, NULL));
	assert_memory_equal(got_ticket, ticket, 16);
	assert_int_equal(g_array_index(got_keys, WaxJobKey, 0).handle, 9);
	assert_true(g_array_index(got_keys, WaxJobKey, 0).ec);
}

/* a taken-over peer says something else: an error, and nothing is touched */
static void what_is_not_a_job_is_refused(void **state)
{
	static const uint8_t noise[] = { 1, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff };
	(void)state;

	for (size_t n = 0; n <= sizeof(noise); n++) {
		g_autoptr(WaxFrame) a = wax_frame_from_bytes(WAX_JOB_FACTS, WAX_SPAN(noise, n));
		g_autoptr(WaxFrame) b = wax_frame_from_bytes(WAX_JOB_BUILD, WAX_SPAN(noise, n));
		g_autoptr(WaxFrame) c = wax_frame_from_bytes(WAX_JOB_OPEN, WAX_SPAN(noise, n));
		WaxJobFacts facts = { .received = 77 };
		WaxJobBuild build = { .handle = 77 };
		WaxJobOpened opened = { .received = 77 };
		g_autoptr(GError) error = NULL;

		assert_false(wax_job_facts_get(a, &facts, &error));
		assert_int_equal(wax_reason_of(error), WAX_R_FRAME_MALFORMED);
		assert_false(wax_job_build_get(b, &build, NULL));
		assert_false(wax_job_opened_get(c, &opened, NULL));
		assert_int_equal(facts.received, 77);
		assert_int_equal(build.handle, 77);
		assert_int_equal(opened.received, 77);
	}
}

static void counts_reasons_and_methods_have_limits(void **state)
{
	g_autoptr(WaxFrame) many = wax_frame_new(WAX_JOB_NEED_KEYS);
	g_autoptr(WaxFrame) method = wax_frame_new(WAX_JOB_BUILD);
	g_autoptr(WaxFrame) ticket = wax_frame_new(WAX_JOB_KEYS);
	g_autoptr(GArray) named = NULL, keys = NULL;
	WaxJobBuild build = { .handle = 77 };
	uint8_t got[16];
	(void)state;

	wax_frame_put_u32(many, 1001);
	assert_false(wax_job_need_get(many, &named, NULL));
	wax_frame_put_u32(method, WAX_METHOD_COUNT_);
	assert_false(wax_job_build_get(method, &build, NULL));
	wax_frame_put_span(ticket, WAX_SPAN_LIT("short"));
	assert_false(wax_job_keys_get(ticket, got, &keys, NULL));
	assert_null(named);
	assert_null(keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_cross_unchanged),
		cmocka_unit_test(a_build_crosses_unchanged),
		cmocka_unit_test(needs_and_keys_cross_unchanged),
		cmocka_unit_test(what_is_not_a_job_is_refused),
		cmocka_unit_test(counts_reasons_and_methods_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
