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
 *	Reads a source, writes a sink; a plan keeps where the parts lie and
 *	what they hold, so that a large entity is looked at once and written
 *	twice.
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
	WaxSpan span;	   /* the message, when it lies in memory: it is not read, then */
} WaxEntity;

typedef struct {
	bool content_fields_only; /* of the root's own fields, only Content-* */
	const char *extra_fields; /* whole lines with CRLF, before them; NULL when none */
	const char *
		type_suffix; /* appended to the root's Content-Type, as "; hp=\"cipher\""; or NULL */
	const char *legacy;  /* lines for the head of the main body parts (mime/legacy); or NULL */
} WaxCanonicalOptions;

typedef struct WaxCanonical WaxCanonical;

/* wax_canonical_plan - look at the entity once; it and the options are borrowed, and may not change */
bool wax_canonical_plan(const WaxEntity *entity, const WaxCanonicalOptions *options,
	WaxCanonical **ret_plan, GError **error) WAX_MUST_USE;

/* wax_canonical_write - as often as needed, the same octets each time */
bool wax_canonical_write(
	WaxCanonical *plan, WaxWriteFunc write, void *data, GError **error) WAX_MUST_USE;
void wax_canonical_free(WaxCanonical *plan);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxCanonical, wax_canonical_free)

#endif
