/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of our own certifiers are renewed at two thirds of their life, by nobody's hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "ca/acts.h"
#include "core/clock.h"
#include "core/ipc.h"
#include "core/status.h"
#include "keys/custodian/custodian.h"
#include "keys/proto/requests.h"
#include "store/certificates.h"
#include "store/identities.h"

#define DAYS 90
#define DAY  (24 * 3600)

/* a custodian behind a socket, as its own process would be */
typedef struct {
	char *folder;
	int ours, theirs;
	WaxCustodian *custodian;
	GThread *thread;
} Behind;

static void *serve(void *data)
{
	Behind *b = data;

	for (;;) {
		g_autoptr(WaxFrame) request = NULL, reply = NULL;

		if (!wax_ipc_recv(b->theirs, 60000, &request, NULL))
			return NULL;
		reply = wax_custodian_answer(b->custodian, WAX_PEER_CAD, request);
		wax_frame_answers(reply, request);
		if (!wax_ipc_send(b->theirs, reply, NULL))
			return NULL;
	}
}

static void begin(Behind *b)
{
	g_autoptr(GError) error = NULL;
	int pair[2];

	b->folder = g_dir_make_tmp("waxwing-renew-XXXXXX", &error);
	assert_null(error);
	assert_true(wax_custodian_new(b->folder, &b->custodian, &error));
	assert_true(wax_ipc_pair(pair, &error));
	b->ours = pair[0];
	b->theirs = pair[1];
	b->thread = g_thread_new("custodian", serve, b);
}

static void end(Behind *b)
{
	g_autofree char *kek = g_build_filename(b->folder, "kek", NULL);

	close(b->ours);
	g_thread_join(b->thread);
	close(b->theirs);
	wax_custodian_free(b->custodian);
	(void)g_unlink(kek);
	(void)g_rmdir(b->folder);
	g_free(b->folder);
}

static void act(WaxCa *ca, const char *name, json_t *args)
{
	g_autoptr(GError) error = NULL;
	json_t *result = NULL;

	if (!wax_ca_do(ca, name, "uid:0", args, &result, &error))
		fail_msg("%s: %s", name, error->message);
	json_decref(args);
	json_decref(result);
}

/* begin_with_ann - both custodians, a store, and a domain of ours with one person */
static void begin_with_ann(WaxCa *ca, Behind *people, Behind *certifiers)
{
	g_autoptr(GError) error = NULL;

	begin(people);
	begin(certifiers);
	ca->keyd = people->ours;
	ca->certd = certifiers->ours;
	assert_true(wax_store_open(":memory:", WAX_STORE_WRITE, 0, &ca->store, &error));
	act(ca, "domain-add", json_pack("{s:s}", "name", "alpha.example"));
	act(ca, "identity-create", json_pack("{s:s}", "owner", "ann@alpha.example"));
}

static void end_all(WaxCa *ca, Behind *people, Behind *certifiers)
{
	wax_store_free(ca->store);
	end(people);
	end(certifiers);
}

static unsigned count(WaxCa *ca, const char *state)
{
	g_autoptr(GPtrArray) epochs = NULL;
	g_autoptr(GError) error = NULL;
	unsigned n = 0;

	assert_true(wax_store_epoch_list(ca->store, NULL, &epochs, &error));
	for (guint i = 0; i < epochs->len; i++)
		n += strcmp(((const WaxEpoch *)epochs->pdata[i])->state, state) == 0;
	return n;
}

static unsigned renewed(WaxCa *ca, int64_t at)
{
	g_autoptr(GError) error = NULL;
	unsigned n = 0;

	if (!wax_ca_renew(ca, at, &n, &error))
		fail_msg("%s", error->message);
	return n;
}

static void renewed_at_two_thirds(void **state)
{
	Behind people, certifiers;
	g_autoptr(GError) error = NULL;
	WaxCa ca = { .organisation = "", .validity_days = DAYS };
	int64_t now = wax_clock_now();

	(void)state;
	begin_with_ann(&ca, &people, &certifiers);
	assert_int_equal(count(&ca, "active"), 2);
	/* they began a day ago, because clocks of partners differ */
	assert_int_equal(renewed(&ca, now), 0);
	assert_int_equal(renewed(&ca, now + (DAYS * 2 / 3 - 2) * DAY), 0);
	assert_int_equal(count(&ca, "archived"), 0);
	assert_int_equal(renewed(&ca, now + (DAYS * 2 / 3) * DAY), 1);
	assert_int_equal(count(&ca, "active"), 2);
	assert_int_equal(count(&ca, "archived"), 2);
	/* locked: it fails, and nothing is lost */
	act(&ca, "keys-protect", json_pack("{s:s}", "passphrase", "a long enough one"));
	act(&ca, "keys-lock", json_object());
	{
		unsigned n;

		assert_false(
			wax_ca_renew(&ca, now + (DAYS * 2 / 3) * DAY, &n, &error));
		assert_int_equal(wax_reason_of(error), WAX_R_CUSTODY_LOCKED);
	}
	assert_int_equal(count(&ca, "active"), 2);
	end_all(&ca, &people, &certifiers);
}

static void one_key_by_setting(void **state)
{
	Behind people, certifiers;
	g_autoptr(GPtrArray) epochs = NULL;
	g_autoptr(GError) error = NULL;
	WaxCa ca = { .organisation = "", .validity_days = DAYS, .one_key = true };

	(void)state;
	begin_with_ann(&ca, &people, &certifiers);
	assert_true(wax_store_epoch_list(ca.store, NULL, &epochs, &error));
	assert_int_equal(epochs->len, 1);
	assert_string_equal(((const WaxEpoch *)epochs->pdata[0])->purpose, "both");
	end_all(&ca, &people, &certifiers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renewed_at_two_thirds),
		cmocka_unit_test(one_key_by_setting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
