/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/secret.h"

static void what_is_used_again_is_empty(void **state)
{
	(void)state;

	for (unsigned round = 0; round < 100; round++) {
		WaxSecret *secrets[40];

		for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++) {
			secrets[i] = wax_secret_new(1 + i * 100);
			for (size_t k = 0; k < secrets[i]->mapped; k++)
				assert_int_equal(secrets[i]->p[k], 0);
			memset(secrets[i]->p, 0xa5, secrets[i]->mapped);
		}
		for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++)
			wax_secret_free(secrets[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_used_again_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
