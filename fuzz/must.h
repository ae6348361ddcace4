/* SPDX-License-Identifier: Apache-2.0 */
/* What a fuzz target asserts: the contract of what it calls, not only that nothing crashes. */
#ifndef WAX_FUZZ_MUST_H
#define WAX_FUZZ_MUST_H

#include <stddef.h>
#include <stdint.h>

#define must(x)                           \
	do {                              \
		if (!(x))                 \
			__builtin_trap(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
