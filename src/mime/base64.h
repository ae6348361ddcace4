/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	mime/base64 - whole groups of base64, as fast as the machine can
 *
 * DESCRIPTION
 *	The arithmetic below mime/transfer: no line breaks, no padding, no
 *	state.  With AVX2 (looked for at run time) 24 octets are done at once,
 *	by multiplications that move six bits into each octet and table look-ups
 *	within a register; elsewhere by tables.  Both give the same octets.
 *
 * OWNERSHIP
 *	Everything is the caller's.
 *
 * ERRORS
 *	None: decoding stops where something is met that is no base64.
 */
#ifndef WAX_MIME_BASE64_H
#define WAX_MIME_BASE64_H

#include "core/base.h"

/* wax_base64_groups_encode - 3 * groups octets become 4 * groups characters */
void wax_base64_groups_encode(const uint8_t *in, size_t groups, uint8_t *out);

/* wax_base64_groups_decode - returns how many groups of 4 characters were read; out: 3 for each */
size_t wax_base64_groups_decode(const uint8_t *in, size_t groups, uint8_t *out);

/* wax_base64_portable - for tests: do without what the machine can do beyond C */
void wax_base64_portable(bool portable);

#endif
