/* SPDX-License-Identifier: Apache-2.0 */
/* What compilers call by themselves: wasm32 has no C library to take it from. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *at, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* __builtin_ forms become memory.copy and memory.fill: instructions, not calls (-mbulk-memory) */
void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	return __builtin_memmove(to, from, n);
}

void *memmove(void *to, const void *from, size_t n)
{
	return __builtin_memmove(to, from, n);
}

void *memset(void *at, int value, size_t n)
{
	return __builtin_memset(at, value, n);
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;

	for (size_t i = 0; i < n; i++)
		if (p[i] != q[i])
			return p[i] < q[i] ? -1 : 1;
	return 0;
}
