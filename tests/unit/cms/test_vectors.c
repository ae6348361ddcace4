/* SPDX-License-Identifier: Apache-2.0 */
/* The same inputs give the same octets on every build (C-10): the digests are in vectors.sha256. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "crypto/digest.h"
#include "vectors.h"

static const char *list_path;

/* describe - a line as vectors.sha256 has it */
static void describe(unsigned number, char *line, size_t room)
{
	uint8_t octets[VECTOR_ROOM], hash[32];
	size_t n = vector_make(number, octets, sizeof octets);

	assert_true(n > 0);
	assert_true(wax_digest_once(WAX_DIGEST_SHA256, WAX_SPAN(octets, n), hash, NULL));
	for (size_t i = 0; i < sizeof hash; i++)
		snprintf(line + 2 * i, room - 2 * i, "%02x", hash[i]);
	snprintf(line + 64, room - 64, "  %s\n", vector_name(number));
}

static void test_octets_are_those_of_every_build(void **state)
{
	FILE *list = fopen(list_path, "r");
	char line[256], expected[256];

	(void)state;
	assert_non_null(list);
	for (unsigned i = 0; vector_name(i); i++) {
		describe(i, line, sizeof line);
		assert_non_null(fgets(expected, sizeof expected, list));
		assert_string_equal(line, expected);
	}
	assert_null(fgets(expected, sizeof expected, list));
	fclose(list);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_octets_are_those_of_every_build) };
	char line[256];

	if (argc == 2 && strcmp(argv[1], "--write") == 0) {
		/* after a change that is meant to change what is written */
		for (unsigned i = 0; vector_name(i); i++) {
			describe(i, line, sizeof line);
			fputs(line, stdout);
		}
		return 0;
	}
	list_path = argc == 2 ? argv[1] : "vectors.sha256";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
