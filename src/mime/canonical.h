/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	mime/canonical - the form in which an entity is signed by us
 *
 * DESCRIPTION
 *	RFC 8551 3.1.1 and 3.1.2, GATEWAY.md d.11: every line ends in CRLF; every
 *	leaf is 7bit, quoted-printable or base64, without trailing blanks,
 *	with "From " protected, in lines of at most 998.  A leaf that is so
 *	already keeps its bytes.  What somebody else signed or sealed is never
 *	changed: inside multipart/signed and application/pkcs7-mime every byte
 *	passes as it is.
 *
 * OWNERSHIP
 *	Reads a source, writes a sink; keeps nothing.
 *
 * ERRORS
 *	MIME_*; CONVERSION_FORBIDDEN when a foreign signed part would have to
 *	change to be carried; and what source and sink say.
 */
#ifndef WAX_MIME_CANONICAL_H
#define WAX_MIME_CANONICAL_H

#include <glib.h>

#include "core/base.h"

typedef bool (*WaxReadFunc)(
	void *data, uint64_t offset, void *bytes, size_t n, size_t *ret_got, GError **error);
typedef bool (*WaxWriteFunc)(void *data, WaxSpan bytes, GError **error);

typedef struct {
	WaxReadFunc read;
	void *data;
	uint64_t from, to; /* the entity lies here */
} WaxEntity;

typedef struct {
	bool content_fields_only; /* of the root's own fields, only Content-* */
	const char *extra_fields; /* whole lines with CRLF, before them; NULL when none */
	const char *
		type_suffix; /* appended to the root's Content-Type, as "; hp=\"cipher\""; or NULL */
} WaxCanonicalOptions;

bool wax_canonical_write(const WaxEntity *entity, const WaxCanonicalOptions *options,
	WaxWriteFunc write, void *data, GError **error) WAX_MUST_USE;

#endif
