/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/compress - compress and expand octets that stream by (RFC 3274, RFC 1950)
 *
 * DESCRIPTION
 *	The door to zlib.  Octets go in as they come and are handed to a sink;
 *	memory does not depend on their number.  Expanding ends where it has
 *	made more than it was allowed to (L-12), before the rest is made.
 *
 * OWNERSHIP
 *	The sink is borrowed until free.
 *
 * ERRORS
 *	EXPANSION: above the limit; COMPRESSION_DAMAGED: this is no zlib
 *	stream, or not all of one; and what the sink says.
 */
#ifndef WAX_SMIME_COMPRESS_H
#define WAX_SMIME_COMPRESS_H

#include <glib.h>

#include "core/base.h"
#include "crypto/spool.h"

#define WAX_EXPANSION_TIMES 10		  /* L-12 */
#define WAX_EXPANSION_FREE  (1024 * 1024) /* a small message may say this much, however small */

typedef struct WaxZlib WaxZlib;

WaxZlib *wax_deflate_new(const WaxSink *sink);

/* wax_inflate_new - at most so many octets come out */
WaxZlib *wax_inflate_new(const WaxSink *sink, uint64_t most);

bool wax_zlib_write(WaxZlib *zlib, WaxSpan bytes, GError **error) WAX_MUST_USE;

/* wax_zlib_finish - the last octets; of an expansion: was the stream complete? */
bool wax_zlib_finish(WaxZlib *zlib, GError **error) WAX_MUST_USE;
void wax_zlib_free(WaxZlib *zlib);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxZlib, wax_zlib_free)

#endif
