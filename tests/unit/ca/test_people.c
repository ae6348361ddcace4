/* SPDX-License-Identifier: Apache-2.0 */
/* Who has an address has it alone, and whoever asks for it again is told whose it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "ca/acts.h"
#include "core/status.h"
#include "store/people.h"

static int set_up(void **state)
{
	WaxCa *ca = g_new0(WaxCa, 1);
	WaxDomain domain = { "a.example", true, NULL, NULL, 7 };

	ca->organisation = "";
	assert_true(wax_store_open(":memory:", WAX_STORE_WRITE, 0, &ca->store, NULL));
	assert_true(wax_store_domain_add(ca->store, &domain, NULL));
	*state = ca;
	return 0;
}

static int tear_down(void **state)
{
	WaxCa *ca = *state;

	wax_store_free(ca->store);
	g_free(ca);
	return 0;
}

/* NULL: it was made */
static GError *create(WaxCa *ca, const char *address, const char *alias, const char *name)
{
	json_t *args = json_pack("{s:s,s:s,s:[s]}", "address", address, "name", name, "aliases",
		alias);
	json_t *result = NULL;
	GError *error = NULL;

	if (wax_ca_do(ca, "person-create", "uid:0", args, &result, &error))
		assert_null(error);
	json_decref(args);
	json_decref(result);
	return error;
}

static unsigned people(WaxCa *ca)
{
	g_autoptr(GPtrArray) list = NULL;

	assert_true(wax_store_person_list(ca->store, &list, NULL));
	return list->len;
}

static void an_address_that_exists_is_named_with_its_owner_and_the_way_out(void **state)
{
	static const struct {
		const char *address, *alias, *told;
	} rows[] = {
		{ "ann@a.example", "new@a.example", "ann@a.example" },
		{ "ANN@A.example", "new@a.example", "ann@a.example" },
		{ "new@a.example", "ann@a.example", "ann@a.example" },
		{ "boss@a.example", "new@a.example", "boss@a.example" },
		{ "new@a.example", "boss@a.example", "boss@a.example" },
	};
	WaxCa *ca = *state;

	assert_null(create(ca, "ann@a.example", "boss@a.example", "Ann Smith"));
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = create(ca, rows[i].address, rows[i].alias, "Bob");
		g_autofree char *out = g_strconcat("waxwing person remove ", rows[i].told, NULL);

		assert_int_equal(wax_reason_of(error), WAX_R_DUPLICATE);
		assert_non_null(strstr(error->message, "Ann Smith"));
		assert_non_null(strstr(error->message, out));
		assert_null(strstr(error->message, "database"));
		assert_int_equal(people(ca), 1);
	}
}

static void an_address_named_twice_counts_once(void **state)
{
	WaxCa *ca = *state;
	g_autoptr(WaxPerson) person = NULL;

	assert_null(create(ca, "ann@a.example", "Ann@a.example", "Ann Smith"));
	assert_true(wax_store_person_find(ca->store, "ann@a.example", &person, NULL));
	assert_int_equal(g_strv_length(person->addresses), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_address_that_exists_is_named_with_its_owner_and_the_way_out, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			an_address_named_twice_counts_once, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
