/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "core/status.h"
#include "store/identities.h"
#include "store/people.h"
#include "store/records.h"

static char *folder(void)
{
	char *path = g_dir_make_tmp("waxwing-store-XXXXXX", NULL);

	assert_non_null(path);
	return path;
}

static void sweep(char *path)
{
	static const char *const names[] = { "a.db", "a.db-wal", "a.db-shm" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *file = g_build_filename(path, names[i], NULL);

		(void)g_unlink(file); /* some are not there */
	}
	assert_int_equal(g_rmdir(path), 0);
	g_free(path);
}

static WaxStore *memory(void)
{
	WaxStore *store = NULL;

	assert_true(wax_store_open(":memory:", WAX_STORE_WRITE, 0, &store, NULL));
	return store;
}

static void a_domain_is_added_once_and_a_missing_one_is_not_found(void **state)
{
	g_autoptr(WaxStore) store = memory();
	WaxDomain row = { "a.example", true, "smtp:h:25", NULL, 7 };
	WaxDomain none = { "none.example", false, NULL, NULL, 0 };
	g_autoptr(WaxDomain) got = NULL;
	g_autoptr(GError) twice = NULL, missing = NULL, removed = NULL;
	(void)state;

	assert_true(wax_store_domain_add(store, &row, NULL));
	assert_false(wax_store_domain_add(store, &row, &twice));
	assert_int_equal(wax_reason_of(twice), WAX_R_DUPLICATE);
	assert_false(wax_store_domain_set(store, &none, &missing));
	assert_int_equal(wax_reason_of(missing), WAX_R_NOT_FOUND);
	assert_false(wax_store_domain_remove(store, "none.example", &removed));
	assert_int_equal(wax_reason_of(removed), WAX_R_NOT_FOUND);
	assert_true(wax_store_domain_get(store, "a.example", &got, NULL));
	assert_string_equal(got->route, "smtp:h:25");
}

static void a_rolled_back_transaction_leaves_nothing(void **state)
{
	g_autoptr(WaxStore) store = memory();
	char *addresses[] = { "x@a.example", "x@a.example", NULL };
	WaxPerson person = { "p1", "X", "active", addresses, 1 };
	g_autoptr(WaxPerson) got = NULL;
	g_autoptr(GError) error = NULL;
	(void)state;

	assert_true(wax_store_begin(store, NULL));
	assert_false(wax_store_begin(store, &error));
	g_clear_error(&error);
	assert_false(wax_store_person_add(store, &person, &error));
	assert_int_equal(wax_reason_of(error), WAX_R_DUPLICATE);
	wax_store_rollback(store);
	assert_true(wax_store_person_find(store, "p1", &got, NULL));
	assert_null(got);
}

static void a_database_locked_by_another_says_so(void **state)
{
	char *path = folder();
	g_autofree char *file = g_build_filename(path, "a.db", NULL);
	g_autoptr(GError) error = NULL;
	WaxStore *one = NULL, *two = NULL;
	(void)state;

	assert_true(wax_store_open(file, WAX_STORE_WRITE, 1, &one, NULL));
	assert_true(wax_store_open(file, WAX_STORE_WRITE, 1, &two, NULL));
	assert_true(wax_store_begin(one, NULL));
	assert_false(wax_store_begin(two, &error));
	assert_int_equal(wax_reason_of(error), WAX_R_STORE_LOCKED);
	wax_store_rollback(one);
	assert_true(wax_store_begin(two, NULL));
	wax_store_rollback(two);
	wax_store_free(one);
	wax_store_free(two);
	sweep(path);
}

static void a_reader_creates_nothing_writes_nothing_and_sees_changes(void **state)
{
	char *path = folder();
	g_autofree char *file = g_build_filename(path, "a.db", NULL);
	WaxDomain row = { "a.example", true, NULL, NULL, 7 };
	g_autoptr(GError) missing = NULL, refused = NULL;
	WaxStore *writer = NULL, *reader = NULL;
	int64_t before = 0, after = 0;
	(void)state;

	assert_false(wax_store_open(file, WAX_STORE_READ, 0, &reader, &missing));
	assert_int_equal(wax_reason_of(missing), WAX_R_STORE_DOWN);
	assert_null(reader);
	assert_true(wax_store_open(file, WAX_STORE_WRITE, 0, &writer, NULL));
	assert_true(wax_store_open(file, WAX_STORE_READ, 0, &reader, NULL));
	assert_true(wax_store_version(reader, &before, NULL));
	assert_false(wax_store_domain_add(reader, &row, &refused));
	assert_true(wax_store_domain_add(writer, &row, NULL));
	assert_true(wax_store_version(reader, &after, NULL));
	assert_true(before != after);
	wax_store_free(reader);
	wax_store_free(writer);
	sweep(path);
}

static void a_schema_from_the_future_is_refused(void **state)
{
	char *path = folder();
	g_autofree char *file = g_build_filename(path, "a.db", NULL);
	g_autoptr(GError) error = NULL;
	WaxStore *store = NULL, *again = NULL;
	(void)state;

	assert_true(wax_store_open(file, WAX_STORE_WRITE, 0, &store, NULL));
	assert_true(wax_store_run(store, NULL, "PRAGMA user_version=999", ""));
	wax_store_free(store);
	assert_false(wax_store_open(file, WAX_STORE_WRITE, 0, &again, &error));
	assert_int_equal(wax_reason_of(error), WAX_R_STORE_VERSION);
	sweep(path);
}

static void an_epoch_outlives_its_certificate_and_moves_only_from_its_state(void **state)
{
	g_autoptr(WaxStore) store = memory();
	WaxStoredIdentity identity = { .id = "i1", .created = 1 };
	g_autoptr(GByteArray) record = g_byte_array_append(g_byte_array_new(), (guint8 *)"r", 1);
	WaxEpoch epoch = { .id = "e1", .identity = "i1", .purpose = "encrypt", .state = "pending",
		.protection = "host-key", .record = record, .spki_sha256 = record, .created = 1 };
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(GError) error = NULL;
	int64_t number = 0;
	int archived = 0;
	(void)state;

	assert_true(wax_store_identity_add(store, &identity, NULL));
	assert_true(wax_store_epoch_add(store, &epoch, &number, NULL));
	assert_int_equal(number, 1);
	assert_true(wax_store_epoch_certify(store, "e1", "c1", WAX_SPAN_LIT("is"),
		WAX_SPAN_LIT("ki"), NULL));
	assert_false(wax_store_epoch_move(store, "e1", "active", "archived", 5, &error));
	assert_int_equal(wax_reason_of(error), WAX_R_NOT_FOUND);
	assert_true(wax_store_epoch_move(store, "e1", "pending", "active", 5, NULL));
	assert_true(wax_store_epoch_archive_cert(store, "c1", 9, &archived, NULL));
	assert_int_equal(archived, 1);
	assert_true(wax_store_epoch_by_issuer_serial(store, WAX_SPAN_LIT("is"), &found, NULL));
	assert_int_equal(found->len, 1);
	assert_string_equal(((WaxEpoch *)found->pdata[0])->state, "archived");
}

static void a_serial_is_reserved_once(void **state)
{
	g_autoptr(WaxStore) store = memory();
	g_autoptr(GByteArray) bytes = g_byte_array_append(g_byte_array_new(), (guint8 *)"r", 1);
	WaxCertifier certifier = { "k1", "root", bytes, bytes, "active", 1 };
	g_autoptr(GError) error = NULL;
	(void)state;

	assert_true(wax_store_certifier_add(store, &certifier, NULL));
	assert_true(wax_store_serial_reserve(store, "k1", "01", "proxy", 1, NULL));
	assert_false(wax_store_serial_reserve(store, "k1", "01", "proxy", 1, &error));
	assert_int_equal(wax_reason_of(error), WAX_R_DUPLICATE);
}

static void policy_versions_and_audit_events_only_grow(void **state)
{
	g_autoptr(WaxStore) store = memory();
	g_autoptr(WaxStoredPolicy) policy = NULL;
	g_autoptr(GPtrArray) events = NULL;
	WaxAuditEvent event = { .at = 1, .actor = "root", .object = "domain a.example" };
	int64_t version = 0;
	(void)state;

	assert_true(wax_store_policy_latest(store, &policy, NULL));
	assert_int_equal(policy->version, 0);
	assert_true(wax_store_policy_add(store, "default sign\n", "root", 1, &version, NULL));
	assert_true(wax_store_policy_add(store, "default none\n", "root", 2, &version, NULL));
	assert_int_equal(version, 2);
	assert_true(wax_store_audit_add(store, &event, NULL));
	assert_true(wax_store_audit_add(store, &event, NULL));
	assert_true(wax_store_audit_list(store, 2, 10, &events, NULL));
	assert_int_equal(events->len, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_is_added_once_and_a_missing_one_is_not_found),
		cmocka_unit_test(a_rolled_back_transaction_leaves_nothing),
		cmocka_unit_test(a_database_locked_by_another_says_so),
		cmocka_unit_test(a_reader_creates_nothing_writes_nothing_and_sees_changes),
		cmocka_unit_test(a_schema_from_the_future_is_refused),
		cmocka_unit_test(an_epoch_outlives_its_certificate_and_moves_only_from_its_state),
		cmocka_unit_test(a_serial_is_reserved_once),
		cmocka_unit_test(policy_versions_and_audit_events_only_grow),
	};

	return cmocka_run_group_tests_name("store/admin", tests, NULL, NULL);
}
