/* SPDX-License-Identifier: Apache-2.0 */
/* The vectors of tests/unit/cms, made in WebAssembly. */
#include "../../tests/unit/cms/vectors.h"

static uint8_t octets[VECTOR_ROOM];

const char *web_vector_name(unsigned number);
uint8_t *web_vector(unsigned number);
size_t web_vector_size(unsigned number);

__attribute__((export_name("vector_name"))) const char *web_vector_name(unsigned number)
{
	return vector_name(number);
}

__attribute__((export_name("vector"))) uint8_t *web_vector(unsigned number)
{
	return vector_make(number, octets, sizeof octets) ? octets : NULL;
}

__attribute__((export_name("vector_size"))) size_t web_vector_size(unsigned number)
{
	return vector_make(number, octets, sizeof octets);
}
