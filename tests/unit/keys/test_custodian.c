/* SPDX-License-Identifier: Apache-2.0 */
/* The custodian acts for a ticket's keys, for their purpose, as often as was said, and for nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cms/sign.h"
#include "core/status.h"
#include "crypto/digest.h"
#include "keys/custodian/custodian.h"
#include "keys/custodian/record.h"
#include "keys/custodian/tries.h"
#include "keys/proto/requests.h"

typedef struct {
	char *folder;
	WaxCustodian *custodian;
	GByteArray *sign, *encrypt; /* records */
	uint8_t attributes[1024];
	size_t attributes_n;
} World;

static const uint8_t ticket[16] = { 1 }, other_ticket[16] = { 2 };

/* ask - the reason of the answer; NONE and the first span when it was given */
static WaxReason ask(World *w, unsigned who, WaxFrame *request, GByteArray **ret_span)
{
	g_autoptr(WaxFrame) sent = request, reply = NULL;
	g_autoptr(GError) error = NULL;
	WaxSpan span;

	reply = wax_custodian_answer(w->custodian, who, sent);
	assert_non_null(reply);
	if (!wax_frame_check(reply, &error))
		return wax_reason_of(error);
	if (ret_span) {
		assert_true(wax_frame_get_span(reply, &span, &error));
		*ret_span = g_byte_array_append(g_byte_array_new(), span.p, (guint)span.n);
	}
	return WAX_R_NONE;
}

static GByteArray *generate(World *w, const char *purpose, const char *kind)
{
	WaxFrame *request = wax_frame_new(WAX_KEY_GENERATE);
	GByteArray *record = NULL;

	wax_frame_put_str(request, "id-1");
	wax_frame_put_str(request, purpose);
	wax_frame_put_u64(request, 1);
	wax_frame_put_str(request, kind);
	assert_int_equal(ask(w, WAX_PEER_CAD, request, &record), WAX_R_NONE);
	return record;
}

static WaxReason open_ticket(World *w, const uint8_t id[16], uint32_t signs, uint32_t unwraps)
{
	WaxFrame *request = wax_frame_new(WAX_KEY_TICKET_OPEN);

	wax_frame_put_span(request, WAX_SPAN(id, 16));
	wax_frame_put_u32(request, signs);
	wax_frame_put_u32(request, unwraps);
	wax_frame_put_u32(request, 2);
	wax_frame_put_u32(request, 7);
	wax_frame_put_span(request, WAX_SPAN(w->sign->data, w->sign->len));
	wax_frame_put_u32(request, 8);
	wax_frame_put_span(request, WAX_SPAN(w->encrypt->data, w->encrypt->len));
	return ask(w, WAX_PEER_GATED, request, NULL);
}

static WaxReason sign_by(World *w, unsigned who, const uint8_t id[16], uint32_t handle, WaxSigAlg alg,
	WaxDigestAlg digest, WaxSpan bytes, GByteArray **ret_value)
{
	WaxFrame *request = wax_frame_new(WAX_KEY_SIGN);

	wax_frame_put_span(request, WAX_SPAN(id, 16));
	wax_frame_put_u32(request, handle);
	wax_frame_put_u32(request, alg);
	wax_frame_put_u32(request, digest);
	wax_frame_put_span(request, bytes);
	return ask(w, who, request, ret_value);
}

static WaxReason sign(World *w, unsigned who, const uint8_t id[16], uint32_t handle, WaxSpan bytes)
{
	return sign_by(w, who, id, handle, WAX_SIG_ECDSA, WAX_DIGEST_SHA256, bytes, NULL);
}

static void put_no_agreement(WaxFrame *request)
{
	wax_frame_put_span(request, WAX_SPAN_NONE);
	wax_frame_put_span(request, WAX_SPAN_NONE);
	wax_frame_put_bool(request, false);
	wax_frame_put_u32(request, 0);
	wax_frame_put_u32(request, 0);
	wax_frame_put_span(request, WAX_SPAN_NONE);
	wax_frame_put_span(request, WAX_SPAN_NONE);
	wax_frame_put_u32(request, 0);
}

static WaxReason unwrap(World *w, const uint8_t id[16], uint32_t handle, WaxKeyEncAlg alg, WaxSpan wrapped,
	uint32_t key_size, GByteArray **ret_key)
{
	WaxFrame *request = wax_frame_new(WAX_KEY_UNWRAP);

	wax_frame_put_span(request, WAX_SPAN(id, 16));
	wax_frame_put_u32(request, handle);
	wax_frame_put_u32(request, alg);
	wax_frame_put_span(request, wrapped);
	wax_frame_put_u32(request, key_size);
	wax_frame_put_u32(request, WAX_DIGEST_SHA256);
	wax_frame_put_u32(request, WAX_DIGEST_SHA256);
	wax_frame_put_span(request, WAX_SPAN_NONE);
	put_no_agreement(request);
	return ask(w, WAX_PEER_MAILD, request, ret_key);
}

static int set_up(void **state)
{
	static const uint8_t issuer[] = { 0x30, 0x05, 0x30, 0x00, 0x02, 0x01, 0x05 }, zeros[32];
	World *w = g_new0(World, 1);
	WaxSignRequest request = { .digest = WAX_DIGEST_SHA256, .alg = WAX_SIG_ECDSA,
		.issuer_and_serial = WAX_SPAN(issuer, sizeof issuer), .certificate_sha256 = WAX_SPAN(zeros, 32),
		.message_digest = WAX_SPAN(zeros, 32) };
	WaxBuffer buffer = { w->attributes, 0, sizeof w->attributes };

	w->folder = g_dir_make_tmp("custodian-XXXXXX", NULL);
	assert_true(wax_custodian_new(w->folder, &w->custodian, NULL));
	w->sign = generate(w, "sign", "p256");
	w->encrypt = generate(w, "encrypt", "rsa-2048");
	assert_true(wax_cms_sign_plan(&request, &buffer, NULL));
	w->attributes_n = buffer.n;
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	World *w = *state;
	g_autofree char *kek = g_build_filename(w->folder, "kek", NULL);
	g_autofree char *tries = g_build_filename(w->folder, "tries", NULL);

	wax_custodian_free(w->custodian);
	g_byte_array_unref(w->sign);
	g_byte_array_unref(w->encrypt);
	g_unlink(kek);
	g_unlink(tries);
	g_rmdir(w->folder);
	g_free(w->folder);
	g_free(w);
	return 0;
}

/* EdDSA and the like sign the attributes themselves, and what is none they do not sign either */
static void keys_without_a_digest_sign_attributes_and_nothing_else(void **state)
{
	static const struct {
		const char *kind;
		WaxSigAlg alg;
		size_t octets;
	} rows[] = { { "ed25519", WAX_SIG_ED25519, 64 }, { "ed448", WAX_SIG_ED448, 114 },
		{ "ml-dsa-44", WAX_SIG_ML_DSA_44, 2420 } };
	World *w = *state;
	GByteArray *before = w->sign;

	for (uint8_t i = 0; i < 3; i++) {
		const uint8_t id[16] = { 77, i };
		g_autoptr(GByteArray) value = NULL;
		WaxSpan attributes = WAX_SPAN(w->attributes, w->attributes_n);

		if (!wax_sig_available(rows[i].alg))
			continue;
		w->sign = generate(w, "sign", rows[i].kind);
		assert_int_equal(open_ticket(w, id, 3, 0), WAX_R_NONE);
		assert_int_equal(sign_by(w, WAX_PEER_MAILD, id, 7, rows[i].alg, wax_sig_digest(rows[i].alg), attributes, &value),
			WAX_R_NONE);
		assert_int_equal(value->len, rows[i].octets);
		assert_int_equal(sign_by(w, WAX_PEER_MAILD, id, 7, rows[i].alg, wax_sig_digest(rows[i].alg),
					 WAX_SPAN("any octets", 10), NULL),
			WAX_R_REQUEST_REFUSED);
		assert_int_equal(sign_by(w, WAX_PEER_MAILD, id, 7, WAX_SIG_ECDSA, WAX_DIGEST_SHA256, attributes, NULL),
			WAX_R_KEY_UNSUPPORTED);
		g_byte_array_unref(w->sign);
	}
	w->sign = before;
}

static void nothing_happens_outside_a_ticket(void **state)
{
	World *w = *state;
	WaxSpan attributes = WAX_SPAN(w->attributes, w->attributes_n);

	assert_int_equal(sign(w, WAX_PEER_MAILD, ticket, 7, attributes), WAX_R_TICKET_UNKNOWN);
	assert_int_equal(open_ticket(w, ticket, 1, 1), WAX_R_NONE);
	assert_int_equal(sign(w, WAX_PEER_MAILD, other_ticket, 7, attributes), WAX_R_TICKET_UNKNOWN);
	assert_int_equal(sign(w, WAX_PEER_MAILD, ticket, 9, attributes), WAX_R_REQUEST_REFUSED); /* no such handle */
	assert_int_equal(sign(w, WAX_PEER_MAILD, ticket, 8, attributes), WAX_R_REQUEST_REFUSED); /* an encryption key */
	assert_int_equal(unwrap(w, ticket, 7, WAX_KEYENC_RSA, attributes, 32, NULL), WAX_R_REQUEST_REFUSED);
	assert_int_equal(sign(w, WAX_PEER_MAILD, ticket, 7, attributes), WAX_R_NONE);
	assert_int_equal(sign(w, WAX_PEER_MAILD, ticket, 7, attributes), WAX_R_TICKET_SPENT);
}

static void a_ticket_that_is_used_up_is_over(void **state)
{
	World *w = *state;
	WaxSpan attributes = WAX_SPAN(w->attributes, w->attributes_n);

	assert_int_equal(open_ticket(w, ticket, 2, 0), WAX_R_NONE);
	assert_int_equal(sign(w, WAX_PEER_MAILD, ticket, 7, attributes), WAX_R_NONE);
	assert_int_equal(sign(w, WAX_PEER_MAILD, ticket, 7, attributes), WAX_R_NONE);
	assert_int_equal(sign(w, WAX_PEER_MAILD, ticket, 7, attributes), WAX_R_TICKET_UNKNOWN);
	/* its number is free again, which a ticket that is still there would not allow */
	assert_int_equal(open_ticket(w, ticket, 1, 0), WAX_R_NONE);
}

/* a worker that was taken over may leave every ticket open that it is shown */
static void tickets_that_nobody_ends_keep_no_message_out(void **state)
{
	World *w = *state;
	WaxSpan attributes = WAX_SPAN(w->attributes, w->attributes_n);
	uint8_t id[16] = { [15] = 3 };

	for (unsigned i = 0; i < 5000; i++) {
		memcpy(id, &i, sizeof i);
		assert_int_equal(open_ticket(w, id, 1, 0), WAX_R_NONE);
	}
	assert_int_equal(sign(w, WAX_PEER_MAILD, id, 7, attributes), WAX_R_NONE);
	memset(id, 0, sizeof(unsigned));
	assert_int_equal(sign(w, WAX_PEER_MAILD, id, 7, attributes), WAX_R_TICKET_UNKNOWN);
}

static void only_the_right_peer_may_ask(void **state)
{
	World *w = *state;
	WaxSpan attributes = WAX_SPAN(w->attributes, w->attributes_n);

	assert_int_equal(open_ticket(w, ticket, 9, 9), WAX_R_NONE);
	assert_int_equal(sign(w, WAX_PEER_GATED, ticket, 7, attributes), WAX_R_REQUEST_REFUSED);
	assert_int_equal(sign(w, WAX_PEER_CAD, ticket, 7, attributes), WAX_R_REQUEST_REFUSED);
	for (uint16_t type = 295; type < 320; type++) {
		if (type == WAX_KEY_UNWRAP || type == WAX_KEY_SIGN)
			continue;
		assert_int_equal(ask(w, WAX_PEER_MAILD, wax_frame_new(type), NULL), WAX_R_REQUEST_REFUSED);
	}
}

static void only_signed_attributes_are_signed(void **state)
{
	World *w = *state;
	uint8_t changed[1024];

	assert_int_equal(open_ticket(w, ticket, 1000, 1), WAX_R_NONE);
	assert_int_equal(sign(w, WAX_PEER_MAILD, ticket, 7, WAX_SPAN_LIT("any text")), WAX_R_REQUEST_REFUSED);
	assert_int_equal(sign(w, WAX_PEER_MAILD, ticket, 7, WAX_SPAN_NONE), WAX_R_REQUEST_REFUSED);
	assert_int_equal(sign(w, WAX_PEER_MAILD, ticket, 7, WAX_SPAN(w->attributes, w->attributes_n - 1)),
		WAX_R_REQUEST_REFUSED);
	memcpy(changed, w->attributes, w->attributes_n);
	changed[0] = 0x30; /* a TBSCertificate is a SEQUENCE */
	assert_int_equal(sign(w, WAX_PEER_MAILD, ticket, 7, WAX_SPAN(changed, w->attributes_n)), WAX_R_REQUEST_REFUSED);
}

/* padding that is wrong yields a key of the right size, the same each time, and no error */
static void v15_never_says_that_it_failed(void **state)
{
	World *w = *state;
	uint8_t garbage[256] = { 0 };

	assert_int_equal(open_ticket(w, ticket, 1, 1000), WAX_R_NONE);
	for (int i = 0; i < 40; i++) {
		g_autoptr(GByteArray) one = NULL, two = NULL;
		size_t n = i < 30 ? sizeof garbage : (size_t)i;

		garbage[1 + i] = (uint8_t)(i + 1);
		assert_int_equal(unwrap(w, ticket, 8, WAX_KEYENC_RSA, WAX_SPAN(garbage, n), i % 2 ? 16 : 32, &one), WAX_R_NONE);
		assert_int_equal(unwrap(w, ticket, 8, WAX_KEYENC_RSA, WAX_SPAN(garbage, n), i % 2 ? 16 : 32, &two), WAX_R_NONE);
		assert_int_equal(one->len, i % 2 ? 16 : 32);
		assert_memory_equal(one->data, two->data, one->len);
	}
	assert_int_equal(unwrap(w, ticket, 8, WAX_KEYENC_OAEP, WAX_SPAN(garbage, 256), 32, NULL), WAX_R_CMS_DECRYPT_FAILED);
}

static void a_changed_record_is_refused(void **state)
{
	World *w = *state;
	g_autoptr(WaxSecret) kek = wax_secret_new(32), wrong = wax_secret_new(32);
	g_autoptr(WaxKey) key = wax_key_generate("p256", NULL);
	g_autoptr(GByteArray) record = NULL;
	WaxSealedKey out;

	(void)w;
	wax_random(kek->p, 32);
	record = wax_record_seal(kek, "id", "sign", 3, key);
	assert_true(wax_record_open(kek, WAX_SPAN(record->data, record->len), &out, NULL));
	assert_int_equal(out.epoch, 3);
	assert_string_equal(out.purpose, "sign");
	wax_sealed_key_clear(&out);
	assert_false(wax_record_open(wrong, WAX_SPAN(record->data, record->len), &out, NULL));
	assert_false(wax_record_open(NULL, WAX_SPAN(record->data, record->len), &out, NULL));
	for (guint i = 0; i < record->len; i++) {
		record->data[i] ^= 1;
		assert_false(wax_record_open(kek, WAX_SPAN(record->data, record->len), &out, NULL));
		record->data[i] ^= 1;
	}
}

static void a_passphrase_locks(void **state)
{
	World *w = *state;
	WaxFrame *request = wax_frame_new(WAX_KEY_PROTECT);

	wax_frame_put_span(request, WAX_SPAN_LIT("correct horse"));
	assert_int_equal(ask(w, WAX_PEER_CAD, request, NULL), WAX_R_NONE);
	wax_custodian_free(w->custodian);
	assert_true(wax_custodian_new(w->folder, &w->custodian, NULL));
	assert_int_equal(open_ticket(w, ticket, 1, 1), WAX_R_CUSTODY_LOCKED);
	request = wax_frame_new(WAX_KEY_UNLOCK);
	wax_frame_put_span(request, WAX_SPAN_LIT("wrong horse"));
	assert_int_equal(ask(w, WAX_PEER_CAD, request, NULL), WAX_R_PASSWORD_WRONG);
	request = wax_frame_new(WAX_KEY_UNLOCK);
	wax_frame_put_span(request, WAX_SPAN_LIT("correct horse"));
	assert_int_equal(ask(w, WAX_PEER_CAD, request, NULL), WAX_R_NONE);
	assert_int_equal(open_ticket(w, ticket, 1, 1), WAX_R_NONE);
}

/* switch_for_ever - to and fro until somebody ends it; seals once more where the passphrase shall last */
static void switch_for_ever(const char *path, const WaxSecret *kek, bool lasting)
{
	const WaxSpan word = WAX_SPAN_LIT("correct horse");

	for (;;)
		if (!wax_kek_protect(path, kek, WAX_SPAN_NONE, NULL) ||
			!wax_kek_protect(path, kek, word, NULL) ||
			(lasting && !wax_kek_protect(path, kek, word, NULL)))
			_exit(1);
}

/* strays - files beside it; one could hold the key in clear */
static unsigned strays(const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;
	unsigned count = 0;

	while ((name = g_dir_read_name(dir)))
		count += g_str_has_prefix(name, "kek-2.");
	return count;
}

static void killed_while_it_switches_one_of_the_two_is_whole(void **state)
{
	World *w = *state;
	g_autofree char *path = g_build_filename(w->folder, "kek-2", NULL), *stray = NULL;
	g_autoptr(WaxSecret) kek = NULL;
	unsigned sealed = 0;

	assert_true(wax_kek_load(path, &kek, NULL));
	/* as a kill between the writing and the renaming leaves it */
	stray = g_strconcat(path, ".a1B2c3", NULL);
	assert_true(g_file_set_contents(stray, "waxwing-kek-1h", -1, NULL));
	for (unsigned round = 0; round < 12; round++) {
		g_autoptr(WaxSecret) again = NULL;
		int status;
		pid_t pid = fork();

		if (pid == 0)
			switch_for_ever(path, kek, round % 2);
		g_usleep(round * 17000); /* at which moment it dies is the point */
		for (bool has = false; round % 2 && !has; g_usleep(1000))
			assert_true(wax_kek_has_passphrase(path, &has, NULL));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_true(wax_kek_load(path, &again, NULL));
		assert_int_equal(strays(w->folder), 0);
		if (!again) {
			sealed++;
			assert_true(wax_kek_unlock(
				path, WAX_SPAN_LIT("correct horse"), &again, NULL));
		}
		assert_true(wax_same_secret(wax_secret_span(kek), wax_secret_span(again)));
	}
	assert_in_range(sealed, 1, 11);
	(void)g_unlink(path);
}

static WaxReason unlock_with(World *w, const char *passphrase)
{
	WaxFrame *request = wax_frame_new(WAX_KEY_UNLOCK);

	wax_frame_put_span(request, WAX_SPAN(passphrase, strlen(passphrase)));
	return ask(w, WAX_PEER_CAD, request, NULL);
}

static void wrong_passphrases_cost_time_and_locking_forgets(void **state)
{
	World *w = *state;
	WaxFrame *request = wax_frame_new(WAX_KEY_PROTECT);

	assert_int_equal(ask(w, WAX_PEER_CAD, wax_frame_new(WAX_KEY_LOCK), NULL),
		WAX_R_REQUEST_REFUSED);
	wax_frame_put_span(request, WAX_SPAN_LIT("short"));
	assert_int_equal(ask(w, WAX_PEER_CAD, request, NULL), WAX_R_VALUE_INVALID);
	request = wax_frame_new(WAX_KEY_PROTECT);
	wax_frame_put_span(request, WAX_SPAN_LIT("correct horse"));
	assert_int_equal(ask(w, WAX_PEER_CAD, request, NULL), WAX_R_NONE);
	assert_int_equal(open_ticket(w, ticket, 1, 1), WAX_R_NONE);
	assert_int_equal(ask(w, WAX_PEER_CAD, wax_frame_new(WAX_KEY_LOCK), NULL), WAX_R_NONE);
	assert_int_equal(open_ticket(w, other_ticket, 1, 1), WAX_R_CUSTODY_LOCKED);
	for (int i = 0; i < 3; i++)
		assert_int_equal(unlock_with(w, "wrong horse"), WAX_R_PASSWORD_WRONG);
	assert_int_equal(unlock_with(w, "wrong horse"), WAX_R_UNLOCK_WAIT);
	assert_int_equal(unlock_with(w, "correct horse"), WAX_R_UNLOCK_WAIT);
	assert_int_equal(open_ticket(w, other_ticket, 1, 1), WAX_R_CUSTODY_LOCKED);
}

static void start_again(World *w)
{
	wax_custodian_free(w->custodian);
	assert_true(wax_custodian_new(w->folder, &w->custodian, NULL));
}

/* until_it_may_be_tried - a second count of the same file begins its waiting now, and so ends it later */
static void until_it_may_be_tried(World *w)
{
	WaxTries tries;

	assert_true(wax_tries_init(&tries, w->folder, NULL));
	assert_false(wax_tries_check(&tries, NULL));
	while (!wax_tries_check(&tries, NULL))
		g_thread_yield();
	wax_tries_done(&tries);
}

static void a_restart_forgets_no_wrong_passphrase(void **state)
{
	World *w = *state;
	g_autofree char *path = g_build_filename(w->folder, "tries", NULL),
			*stray = g_strconcat(path, ".a1B2c3", NULL), *text = NULL;
	WaxFrame *request = wax_frame_new(WAX_KEY_PROTECT);

	wax_frame_put_span(request, WAX_SPAN_LIT("correct horse"));
	assert_int_equal(ask(w, WAX_PEER_CAD, request, NULL), WAX_R_NONE);
	assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	for (int i = 0; i < 3; i++) {
		start_again(w);
		assert_int_equal(unlock_with(w, "wrong horse"), WAX_R_PASSWORD_WRONG);
	}
	assert_true(g_file_set_contents(stray, "0\n", -1, NULL));
	start_again(w);
	assert_false(g_file_test(stray, G_FILE_TEST_EXISTS));
	assert_int_equal(unlock_with(w, "correct horse"), WAX_R_UNLOCK_WAIT);
	until_it_may_be_tried(w);
	assert_int_equal(unlock_with(w, "correct horse"), WAX_R_NONE);
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	assert_string_equal(text, "0\n");
}

/* a folder stands where the file should: nobody hears that it was wrong, and it counts nonetheless */
static void what_cannot_be_counted_is_not_told(void **state)
{
	World *w = *state;
	g_autofree char *path = g_build_filename(w->folder, "tries", NULL);
	WaxFrame *request = wax_frame_new(WAX_KEY_PROTECT);

	wax_frame_put_span(request, WAX_SPAN_LIT("correct horse"));
	assert_int_equal(ask(w, WAX_PEER_CAD, request, NULL), WAX_R_NONE);
	assert_int_equal(g_mkdir(path, 0700), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(unlock_with(w, "wrong horse"), WAX_R_IO);
	assert_int_equal(unlock_with(w, "correct horse"), WAX_R_UNLOCK_WAIT);
	assert_int_equal(g_rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_without_a_digest_sign_attributes_and_nothing_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_happens_outside_a_ticket, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_ticket_that_is_used_up_is_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tickets_that_nobody_ends_keep_no_message_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_the_right_peer_may_ask, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_signed_attributes_are_signed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(v15_never_says_that_it_failed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_changed_record_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_passphrase_locks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(killed_while_it_switches_one_of_the_two_is_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wrong_passphrases_cost_time_and_locking_forgets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_restart_forgets_no_wrong_passphrase, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_counted_is_not_told, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
