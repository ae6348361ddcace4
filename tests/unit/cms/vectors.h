/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects made from fixed time, random octets and signatures (C-10): one set, made by every
 * build, WebAssembly included, and the same octet for octet.  Freestanding.
 */
#ifndef WAX_TEST_VECTORS_H
#define WAX_TEST_VECTORS_H

#include "core/base.h"

#define VECTOR_ROOM 8192

/* vector_name - NULL behind the last */
const char *vector_name(unsigned number);

/* vector_make - its octets; 0 when it could not be made */
size_t vector_make(unsigned number, uint8_t *out, size_t room);

#endif
