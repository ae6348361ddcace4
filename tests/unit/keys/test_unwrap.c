/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages are opened with keys that stay in the custodian: a worker's side of UNWRAP and the
 * custodian's, over a socket, for every kind of key and every way to send to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/ipc.h"
#include "core/status.h"
#include "keys/client/worker.h"
#include "keys/custodian/custodian.h"
#include "keys/proto/requests.h"
#include "smime/open.h"
#include "smime/seal.h"

static const uint8_t ticket[16] = { 9 };

typedef struct {
	char *folder;
	WaxCustodian *custodian;
	int here, there;
	GThread *thread;
	unsigned asked;
} World;

/* answer - as keyd does: one request after the other, until the worker is gone */
static void *answer(void *data)
{
	World *w = data;
	g_autoptr(WaxFrame) request = NULL;

	while (wax_ipc_recv(w->there, 60000, &request, NULL)) {
		g_autoptr(WaxFrame) reply =
			wax_custodian_answer(w->custodian, WAX_PEER_MAILD, request);

		if (!wax_ipc_send(w->there, reply, NULL))
			break;
		g_clear_pointer(&request, wax_frame_free);
	}
	return NULL;
}

static int set_up(void **state)
{
	World *w = g_new0(World, 1);
	int pair[2];

	w->folder = g_dir_make_tmp("unwrap-XXXXXX", NULL);
	assert_true(wax_custodian_new(w->folder, &w->custodian, NULL));
	assert_true(wax_ipc_pair(pair, NULL));
	w->here = pair[0];
	w->there = pair[1];
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const left[] = { "kek", "tries" };
	World *w = *state;

	close(w->here);
	if (w->thread)
		g_thread_join(w->thread);
	close(w->there);
	wax_custodian_free(w->custodian);
	for (size_t i = 0; i < G_N_ELEMENTS(left); i++) {
		g_autofree char *path = g_build_filename(w->folder, left[i], NULL);

		g_unlink(path);
	}
	g_rmdir(w->folder);
	g_free(w->folder);
	g_free(w);
	return 0;
}

static bool ask(World *w, unsigned who, WaxFrame *request, WaxFrame **ret_reply)
{
	WaxFrame *reply = wax_custodian_answer(w->custodian, who, request);
	bool good = wax_frame_check(reply, NULL);

	wax_frame_free(request);
	*ret_reply = reply;
	return good;
}

/* make_key - its record, and a certificate for it; false: this libcrypto has no such keys */
static bool make_key(World *w, const char *kind, GByteArray **ret_record, WaxCert **ret_cert)
{
	static uint8_t serial[2] = { 1, 0 };
	g_autoptr(WaxKey) ca_key = wax_key_generate("p256", NULL);
	g_autoptr(GByteArray) ca_spki = wax_key_spki(ca_key);
	g_autoptr(WaxCert) ca = NULL;
	g_autoptr(WaxFrame) reply = NULL;
	WaxFrame *request = wax_frame_new(WAX_KEY_GENERATE);
	WaxSpan record, spki;
	WaxCertProfile profile = { .common_name = kind,
		.serial = WAX_SPAN(serial, 2),
		.spki = WAX_SPAN(ca_spki->data, ca_spki->len),
		.not_before = wax_clock_now() - 60,
		.not_after = wax_clock_now() + 86400,
		.ca = true,
		.path_length = -1,
		.key_usage = WAX_KU_CERT_SIGN };

	wax_frame_put_str(request, "bob");
	wax_frame_put_str(request, "encrypt");
	wax_frame_put_u64(request, 1);
	wax_frame_put_str(request, kind);
	if (!ask(w, WAX_PEER_CAD, request, &reply))
		return false;
	assert_true(wax_frame_get_span(reply, &record, NULL));
	assert_true(wax_frame_get_span(reply, &spki, NULL));
	ca = wax_cert_issue(&profile, NULL, ca_key, NULL);
	assert_non_null(ca);
	serial[1]++;
	profile.ca = false;
	profile.spki = spki;
	profile.key_usage = WAX_KU_KEY_AGREEMENT | WAX_KU_KEY_ENCIPHERMENT;
	*ret_cert = wax_cert_issue(&profile, ca, ca_key, NULL);
	assert_non_null(*ret_cert);
	*ret_record = g_byte_array_append(g_byte_array_new(), record.p, (guint)record.n);
	return true;
}

static void open_ticket(World *w, const GByteArray *record, uint32_t unwraps)
{
	g_autoptr(WaxFrame) reply = NULL;
	WaxFrame *request = wax_frame_new(WAX_KEY_TICKET_CLOSE);

	wax_frame_put_span(request, WAX_SPAN(ticket, 16));
	assert_true(ask(w, WAX_PEER_GATED, request, &reply));
	g_clear_pointer(&reply, wax_frame_free);
	request = wax_frame_new(WAX_KEY_TICKET_OPEN);
	wax_frame_put_span(request, WAX_SPAN(ticket, 16));
	wax_frame_put_u32(request, 0);
	wax_frame_put_u32(request, unwraps);
	wax_frame_put_u32(request, 1);
	wax_frame_put_u32(request, 3);
	wax_frame_put_span(request, WAX_SPAN(record->data, record->len));
	assert_true(ask(w, WAX_PEER_GATED, request, &reply));
}

static bool gather(void *data, WaxSpan bytes, GError **error)
{
	(void)error;
	g_string_append_len(data, (const char *)bytes.p, (gssize)bytes.n);
	return true;
}

static GString *seal(WaxCert *cert, bool oaep, bool rsa_kem)
{
	g_autoptr(GPtrArray) certs = g_ptr_array_new();
	WaxSealOptions options = { .recipients = certs,
		.cipher = WAX_CIPHER_AES256_GCM,
		.oaep = oaep,
		.rsa_kem = rsa_kem,
		.now = wax_clock_now() };
	WaxSource source = wax_source_span(WAX_SPAN_LIT("From: a@corp.example\r\n\r\nsecret\r\n"));
	GString *out = g_string_new(NULL);
	WaxSink sink = { gather, out };
	g_autoptr(GError) error = NULL;

	g_ptr_array_add(certs, cert);
	if (!wax_seal(&source, &options, &sink, &error))
		fail_msg("%s", error->message);
	return out;
}

static int find(void *data, const WaxRecipient *recipient, bool alone)
{
	(void)data;
	(void)alone;
	return recipient->alg ? 3 : WAX_FIND_NONE;
}

static bool unwrap(void *data, int handle, const WaxRecipient *recipient, size_t key_size,
	WaxSecret **ret_key, GError **error)
{
	World *w = data;

	w->asked++;
	return wax_keyd_unwrap(w->here, WAX_SPAN(ticket, 16), (uint32_t)handle, recipient, key_size,
		ret_key, error);
}

static WaxEncryptionWord open(World *w, const GString *message)
{
	WaxUnwrapper keys = { w, find, unwrap };
	WaxOpenOptions options = { .keys = &keys, .at = wax_clock_now() };
	WaxSource source = wax_source_span(WAX_SPAN(message->str, message->len));
	g_autoptr(WaxOpened) opened = NULL;

	if (!wax_open_judge(&source, &options, &opened, NULL))
		return WAX_ENCRYPTION_NONE; /* nothing can be judged now */
	return wax_opened_verdict(opened)->encryption;
}

static void every_kind_of_key_opens_from_the_custodian(void **state)
{
	static const char *const kinds[] = { "rsa-2048", "p256", "p384", "p521", "x25519", "x448",
		"ml-kem-512", "ml-kem-768", "ml-kem-1024" };
	World *w = *state;
	g_autoptr(GByteArray) before = NULL;
	unsigned made = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(GByteArray) record = NULL;
		g_autoptr(WaxCert) cert = NULL;

		if (!make_key(w, kinds[i], &record, &cert))
			continue;
		made++;
		for (unsigned how = 0; how < (i == 0 ? 3 : 1); how++) {
			GString *message = seal(cert, how == 1, how == 2);

			open_ticket(w, record, 1);
			if (!w->thread)
				w->thread = g_thread_new("keyd", answer, w);
			w->asked = 0;
			assert_int_equal(open(w, message), WAX_ENCRYPTION_AUTHENTICATED);
			assert_int_equal(w->asked, 1);
			/* its ticket was for one: the answer is not that the message is bad */
			assert_int_equal(open(w, message), WAX_ENCRYPTION_NONE);
			/* and with another key it is not opened */
			if (before && i > 1) {
				open_ticket(w, before, 1);
				assert_int_equal(open(w, message), WAX_ENCRYPTION_FAILED);
			}
			g_string_free(message, true);
		}
		g_clear_pointer(&before, g_byte_array_unref);
		before = g_steal_pointer(&record);
	}
	assert_true(made >= 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			every_kind_of_key_opens_from_the_custodian, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
