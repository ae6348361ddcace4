/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/constant.h"

/* all_ones - every bit set when the value is not zero; no bit when it is */
static uint32_t all_ones(uint32_t value)
{
	return 0u - ((value | (0u - value)) >> 31);
}

/* below - every bit set when a < b; both are small */
static uint32_t below(uint32_t a, uint32_t b)
{
	return 0u - ((a - b) >> 31);
}

static void choose(uint32_t bad, const uint8_t *key, const uint8_t *other, size_t n, uint8_t *out)
{
	uint8_t mask = (uint8_t)all_ones(bad);

	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)((other[i] & mask) | (key[i] & (uint8_t)~mask));
}

void wax_constant_pkcs1(
	const uint8_t *block, size_t n, const uint8_t *other, size_t expected, uint8_t *out)
{
	uint32_t bad = block[0] | (block[1] ^ 2u);

	for (size_t i = 2; i < n - expected - 1; i++)
		bad |= (uint32_t)((block[i] - 1u) >> 31); /* a zero before its place */
	bad |= block[n - expected - 1];
	choose(bad, block + n - expected, other, expected, out);
}

void wax_constant_pwri(
	const uint8_t *block, size_t n, const uint8_t *other, size_t expected, uint8_t *out)
{
	uint32_t bad = block[0] ^ (uint32_t)expected;

	(void)n; /* what follows the key is random padding, and not looked at */
	for (size_t i = 0; i < 3; i++)
		bad |= 0xffu ^ block[1 + i] ^ block[4 + i];
	choose(bad, block + 4, other, expected, out);
}

uint32_t wax_constant_unpad(const uint8_t *block, size_t n)
{
	uint32_t pad = block[n - 1], bad = ~all_ones(pad) | below((uint32_t)n, pad);

	for (size_t i = 0; i < n; i++) /* i octets from the end */
		bad |= below((uint32_t)i, pad) & (block[n - 1 - i] ^ pad);
	return pad & ~all_ones(bad);
}

uint32_t wax_constant_is_zero(const uint8_t *bytes, size_t n)
{
	uint32_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= bytes[i];
	return 1u & ~all_ones(any);
}
