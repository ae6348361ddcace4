/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/status.h"
#include "crypto/key.h"
#include "directory/change.h"
#include "directory/directory.h"

#define ADDRESS "bob@b.example"
#define DAY     86400

static WaxCert *make(const char *kind, bool ca, const char *address, int64_t begin, int64_t end)
{
	static uint8_t serial = 1;
	const char *const addresses[] = { address, NULL };
	g_autoptr(WaxKey) key = wax_key_generate(kind, NULL);
	g_autoptr(GByteArray) spki = wax_key_spki(key);
	uint8_t number[1] = { serial++ };
	WaxCertProfile profile = { .common_name = "Bob", .addresses = address ? addresses : NULL,
		.spki = WAX_SPAN(spki->data, spki->len), .serial = WAX_SPAN(number, 1),
		.not_before = begin, .not_after = end, .ca = ca, .path_length = -1,
		.key_usage = ca ? WAX_KU_CERT_SIGN
				: WAX_KU_DIGITAL_SIGNATURE | WAX_KU_KEY_AGREEMENT,
		.eku_mail = !ca };
	g_autoptr(GError) error = NULL;
	WaxCert *cert = wax_cert_issue(&profile, NULL, key, &error);

	assert_non_null(cert);
	return cert;
}

static WaxDirectory *fresh(void)
{
	WaxStore *store = NULL;

	assert_true(wax_store_open(":memory:", WAX_STORE_WRITE, 0, &store, NULL));
	return wax_directory_new(store);
}

static void an_import_is_refused_for_its_own_reason_and_stores_nothing(void **state)
{
	int64_t now = wax_clock_now();
	g_autoptr(WaxDirectory) directory = fresh();
	WaxStore *store = wax_directory_store(directory);
	const char *const foreign[] = { "eve@b.example", NULL };
	struct {
		WaxCert *cert;
		WaxCertImport import;
		WaxReason reason;
	} rows[] = {
		{ make("p256", true, NULL, now - DAY, now + DAY), { .kind = "user", .source = "import" },
			WAX_R_CERT_IS_CA },
		{ make("p256", false, ADDRESS, now - DAY, now + DAY), { .kind = "ca", .source = "import" },
			WAX_R_CERT_NOT_CA },
		{ make("p256", false, ADDRESS, now - 2 * DAY, now - DAY),
			{ .kind = "user", .source = "import" }, WAX_R_CERT_EXPIRED },
		{ make("p256", false, ADDRESS, now - DAY, now + DAY),
			{ .kind = "user", .source = "import", .addresses = foreign },
			WAX_R_CERT_ADDRESS_FOREIGN },
		{ make("p256", false, NULL, now - DAY, now + DAY), { .kind = "user", .source = "import" },
			WAX_R_CERT_ADDRESS_FOREIGN },
		{ make("p256", false, ADDRESS, now - DAY, now + DAY),
			{ .kind = "domain", .source = "import" }, WAX_R_VALUE_INVALID },
		{ make("p256", false, ADDRESS, now - DAY, now + DAY),
			{ .kind = "friend", .source = "import" }, WAX_R_VALUE_INVALID },
	};
	g_autoptr(GPtrArray) list = NULL;
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		char *id = (char *)"poison";

		assert_false(wax_directory_import(store, rows[i].cert, &rows[i].import, now, &id,
			&error));
		assert_int_equal(wax_reason_of(error), rows[i].reason);
		assert_string_equal(id, "poison");
		wax_cert_unref(rows[i].cert);
	}
	assert_true(wax_store_cert_list(store, NULL, 10, &list, NULL));
	assert_int_equal(list->len, 0);
}

static void candidates_come_pinned_first_then_newest_and_change_is_seen(void **state)
{
	int64_t now = wax_clock_now();
	g_autoptr(WaxDirectory) directory = fresh();
	WaxStore *store = wax_directory_store(directory);
	g_autoptr(WaxCert) old = make("p256", false, ADDRESS, now - 3 * DAY, now + DAY);
	g_autoptr(WaxCert) new = make("p256", false, ADDRESS, now - DAY, now + DAY);
	g_autoptr(WaxCert) harvest = make("p256", false, ADDRESS, now - 60, now + DAY);
	g_autoptr(WaxCert) domain = make("p256", false, "gw@b.example", now - DAY, now + DAY);
	WaxCertImport by_hand = { .kind = "user", .source = "import" };
	WaxCertImport seen = { .kind = "user", .source = "harvest" };
	WaxCertImport gateway = { .kind = "domain", .domain = "b.example", .source = "import" };
	g_autoptr(GPtrArray) none = NULL, some = NULL, pinned = NULL;
	g_autofree char *old_id = NULL, *new_id = wax_directory_cert_id(new);
	g_autoptr(GError) again = NULL;
	(void)state;

	assert_true(wax_directory_candidates(directory, ADDRESS, &none, NULL));
	assert_int_equal(none->len, 0);
	assert_true(wax_directory_import(store, old, &by_hand, now, &old_id, NULL));
	assert_true(wax_directory_import(store, harvest, &seen, now, NULL, NULL));
	assert_true(wax_directory_import(store, domain, &gateway, now, NULL, NULL));
	assert_true(wax_directory_import(store, new, &by_hand, now, NULL, NULL));
	assert_false(wax_directory_import(store, new, &by_hand, now, NULL, &again));
	assert_int_equal(wax_reason_of(again), WAX_R_DUPLICATE);
	assert_true(wax_directory_candidates(directory, ADDRESS, &some, NULL));
	assert_int_equal(some->len, 4);
	assert_string_equal(((WaxDirCandidate *)some->pdata[0])->id, new_id);
	assert_string_equal(((WaxDirCandidate *)some->pdata[2])->source, "harvest");
	assert_true(((WaxDirCandidate *)some->pdata[3])->of_domain);
	assert_true(wax_store_cert_pin(store, old_id, true, NULL));
	assert_true(wax_directory_candidates(directory, ADDRESS, &pinned, NULL));
	assert_string_equal(((WaxDirCandidate *)pinned->pdata[0])->id, old_id);
}

static void a_stored_certificate_is_no_anchor_and_a_withdrawn_record_is_none(void **state)
{
	int64_t now = wax_clock_now();
	g_autoptr(WaxDirectory) directory = fresh();
	WaxStore *store = wax_directory_store(directory);
	g_autoptr(WaxCert) ca = make("p256", true, NULL, now - DAY, now + DAY);
	WaxCertImport import = { .kind = "ca", .source = "import" };
	WaxTrustGrant grant = { .purpose = "verify", .by = "root" };
	WaxTrustGrant wrong = { .purpose = "everything", .by = "root" };
	g_autoptr(GPtrArray) none = NULL, one = NULL, other = NULL, after = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *id = NULL;
	(void)state;

	assert_true(wax_directory_import(store, ca, &import, now, NULL, NULL));
	assert_true(wax_directory_anchors(directory, WAX_PURPOSE_SIGN, &none, NULL));
	assert_int_equal(none->len, 0);
	assert_false(wax_directory_grant(store, ca, &wrong, now, NULL, &error));
	assert_true(wax_directory_grant(store, ca, &grant, now, &id, NULL));
	assert_true(wax_directory_anchors(directory, WAX_PURPOSE_SIGN, &one, NULL));
	assert_int_equal(one->len, 1);
	assert_true(wax_directory_anchors(directory, WAX_PURPOSE_ENCRYPT, &other, NULL));
	assert_int_equal(other->len, 0);
	assert_true(wax_store_trust_withdraw(store, id, "root", now, NULL));
	assert_true(wax_directory_anchors(directory, WAX_PURPOSE_SIGN, &after, NULL));
	assert_int_equal(after->len, 0);
}

static void a_sender_without_identity_is_none_and_not_an_error(void **state)
{
	g_autoptr(WaxDirectory) directory = fresh();
	WaxDirSender *sender = (WaxDirSender *)directory; /* poison */
	bool own = true;
	char *route = NULL;
	(void)state;

	assert_true(wax_directory_sender(directory, ADDRESS, &sender, NULL));
	assert_null(sender);
	assert_true(wax_directory_domain(directory, "b.example", &own, &route, NULL));
	assert_false(own);
	assert_null(route);
}

static void a_route_is_one_of_four_forms(void **state)
{
	static const struct {
		const char *route;
		bool good;
	} rows[] = { { "smtp:h:25", true }, { "lmtp:[::1]:24", true }, { "lmtp:unix:/run/x", true },
		{ "maildir:/var/mail", true }, { "maildir:x", false }, { "smtp:h", false },
		{ "smtp::25", false }, { "smtp:h:0", false }, { "smtp:h:65536", false },
		{ "smtp:h:25x", false }, { "http:h:80", false }, { "", false } };
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_int_equal(wax_directory_check_route(rows[i].route, NULL), rows[i].good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_import_is_refused_for_its_own_reason_and_stores_nothing),
		cmocka_unit_test(candidates_come_pinned_first_then_newest_and_change_is_seen),
		cmocka_unit_test(a_stored_certificate_is_no_anchor_and_a_withdrawn_record_is_none),
		cmocka_unit_test(a_sender_without_identity_is_none_and_not_an_error),
		cmocka_unit_test(a_route_is_one_of_four_forms),
	};

	return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
