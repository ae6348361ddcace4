/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "smime/identity.h"

static GPtrArray *list(const char *const *texts, unsigned n)
{
	GPtrArray *array = g_ptr_array_new();

	for (unsigned i = 0; i < n; i++)
		g_ptr_array_add(array, (char *)texts[i]);
	return array;
}

/* V-09, T-12 to T-14: one row per way to be or not to be the author */
static void identity_needs_exactly_one_matching_mailbox(void **state)
{
	static const struct {
		unsigned fields, mailboxes;
		const char *from[2], *sender, *certificate;
		WaxIdentity expected;
	} rows[] = {
		{ 1, 1, { "alice@corp.example" }, NULL, "alice@corp.example", WAX_IDENTITY_EXACT },
		{ 1, 1, { "Alice@CORP.example" }, NULL, "alice@corp.example", WAX_IDENTITY_EXACT },
		{ 1, 1, { "mallory@corp.example" }, NULL, "alice@corp.example", WAX_IDENTITY_MISMATCH },
		{ 1, 1, { "alice@corp.example.evil" }, NULL, "alice@corp.example", WAX_IDENTITY_MISMATCH },
		{ 1, 1, { "mallory@corp.example" }, "alice@corp.example", "alice@corp.example",
		  WAX_IDENTITY_SENDER_ONLY },
		{ 1, 2, { "alice@corp.example", "mallory@corp.example" }, NULL, "alice@corp.example",
		  WAX_IDENTITY_AMBIGUOUS },
		{ 2, 2, { "alice@corp.example", "alice@corp.example" }, NULL, "alice@corp.example",
		  WAX_IDENTITY_AMBIGUOUS },
		{ 2, 1, { "alice@corp.example" }, "alice@corp.example", "alice@corp.example",
		  WAX_IDENTITY_AMBIGUOUS },
		{ 0, 0, { NULL }, "alice@corp.example", "alice@corp.example", WAX_IDENTITY_MISSING },
		{ 1, 0, { NULL }, NULL, "alice@corp.example", WAX_IDENTITY_MISSING },
		{ 1, 1, { NULL }, NULL, "alice@corp.example", WAX_IDENTITY_MISSING },
		{ 1, 1, { "alice" }, NULL, "alice@corp.example", WAX_IDENTITY_MISSING },
		{ 1, 1, { "alice@corp.example" }, NULL, NULL, WAX_IDENTITY_NO_ADDRESS },
		/* an address with a blank in the certificate is nobody's */
		{ 1, 1, { "alice@corp.example" }, NULL, "alice@corp.example ", WAX_IDENTITY_MISMATCH },
		{ 1, 1, { "alice@corp.example" }, NULL, " alice@corp.example", WAX_IDENTITY_MISMATCH },
		/* RFC 9598: beyond ASCII the local part counts octet for octet */
		{ 1, 1, { "J\xc3\xb6rg@corp.example" }, NULL, "J\xc3\xb6rg@corp.example", WAX_IDENTITY_EXACT },
		{ 1, 1, { "j\xc3\xb6rg@corp.example" }, NULL, "J\xc3\xb6rg@corp.example", WAX_IDENTITY_MISMATCH },
		{ 1, 1, { "a@b\xc3\xbc" "cher.example" }, NULL, "a@xn--bcher-kva.example", WAX_IDENTITY_EXACT },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) from = list(rows[i].from, rows[i].mailboxes);
		g_autoptr(GPtrArray) owned = list(&rows[i].certificate, rows[i].certificate ? 1 : 0);
		WaxIdentityClaim claim = { rows[i].fields, from, rows[i].sender };
		WaxIdentity got = wax_identity_judge(&claim, owned);

		if (got != rows[i].expected)
			print_error("row %zu: %s\n", i, wax_identity_word(got));
		assert_int_equal(got, rows[i].expected);
	}
}

static void only_bindings_that_hold_raise_no_objection(void **state)
{
	(void)state;
	for (WaxIdentity i = WAX_IDENTITY_EXACT; i < WAX_IDENTITY_COUNT_; i++)
		assert_int_equal(wax_identity_reason(i) == WAX_R_NONE, i <= WAX_IDENTITY_DIRECTORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity_needs_exactly_one_matching_mailbox),
		cmocka_unit_test(only_bindings_that_hold_raise_no_objection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
