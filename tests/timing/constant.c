/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: constant CASE - run under valgrind, which tells when a branch or an address depends on
 * memory that is marked undefined: here, everything that is secret.  `leaky` is what it must find.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "crypto/constant.h"

#define SECRET(bytes) (void)VALGRIND_MAKE_MEM_UNDEFINED((bytes), sizeof(bytes))
#define PUBLIC(bytes) (void)VALGRIND_MAKE_MEM_DEFINED((bytes), sizeof(bytes))

static uint8_t block[256], other[32], out[32];

static unsigned sum(void)
{
	unsigned total = 0;

	PUBLIC(out);
	for (size_t i = 0; i < sizeof out; i++)
		total += out[i];
	return total;
}

/* a block of EME-PKCS1-v1_5: right, then wrong in each place that is looked at */
static unsigned pkcs1(void)
{
	unsigned total = 0;

	for (size_t wrong = 0; wrong <= 224; wrong++) {
		memset(block, 0x5a, sizeof block);
		block[0] = 0;
		block[1] = 2;
		block[sizeof block - 33] = 0;
		if (wrong)
			block[wrong - 1] ^= block[wrong - 1] ? block[wrong - 1] : 1;
		SECRET(block);
		SECRET(other);
		wax_constant_pkcs1(block, sizeof block, other, sizeof out, out);
		total += sum();
	}
	return total;
}

static unsigned pwri(void)
{
	unsigned total = 0;

	for (size_t wrong = 0; wrong <= 7; wrong++) {
		memset(block, 0x33, sizeof block);
		block[0] = 32;
		memset(block + 1, 0xcc, 3);
		if (wrong)
			block[wrong - 1] ^= 1;
		SECRET(block);
		SECRET(other);
		wax_constant_pwri(block, 48, other, sizeof out, out);
		total += sum();
	}
	return total;
}

static unsigned unpad(void)
{
	unsigned total = 0;

	for (unsigned pad = 0; pad < 256; pad++) {
		uint32_t n[1];

		memset(block, (int)pad, 16);
		SECRET(block);
		n[0] = wax_constant_unpad(block, 16);
		PUBLIC(n);
		total += n[0];
	}
	return total;
}

static unsigned is_zero(void)
{
	uint32_t yes[1];

	memset(block, 0, sizeof block);
	SECRET(block);
	yes[0] = wax_constant_is_zero(block, sizeof block);
	PUBLIC(yes);
	return yes[0];
}

/* leaky - the check that everybody writes first */
static unsigned leaky(void)
{
	SECRET(block);
	for (unsigned i = 0; i < 16; i++)
		if (block[i] != 16)
			return i;
	return 16;
}

static const struct {
	const char *name;
	unsigned (*run)(void);
} cases[] = { { "pkcs1", pkcs1 }, { "pwri", pwri }, { "unpad", unpad }, { "is_zero", is_zero },
	{ "leaky", leaky } };

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof cases / sizeof cases[0]; i++)
		if (strcmp(argv[1], cases[i].name) == 0) {
			printf("%u\n", cases[i].run());
			return 0;
		}
	return 64;
}
