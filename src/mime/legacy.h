/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	mime/legacy - hidden header fields repeated in the text, for programs that know no better
 *
 * DESCRIPTION
 *	RFC 9788 5.2.2 and 4.5.3: fields that are hidden outside stand once more
 *	at the head of the main body parts, marked hp-legacy-display="1", so
 *	that a program which does not know protected fields shows them all the
 *	same.  A program that does know them hides the element.
 *
 *	In text/plain it is lines, then an empty one; in text/html a div of the
 *	class header-protection-legacy-display at the head of the body.
 *
 * OWNERSHIP
 *	Works on the caller's array: decoded text in an encoding that has ASCII
 *	in it.
 *
 * ERRORS
 *	None: where nothing fits, nothing changes.
 */
#ifndef WAX_MIME_LEGACY_H
#define WAX_MIME_LEGACY_H

#include <glib.h>

#include "mime/split.h"

/* wax_legacy_insert - `lines` is UTF-8, each line with CRLF */
void wax_legacy_insert(GByteArray *text, bool html, const char *lines);

/* wax_legacy_remove - false when there is no such element */
bool wax_legacy_remove(GByteArray *text, bool html);

/* wax_legacy_is_marked - hp-legacy-display="1", by a Content-Type's value */
bool wax_legacy_is_marked(WaxSpan content_type);

/*
 * wax_legacy_mains - which parts are text that a reader sees as the message's own (RFC 9787 7.1);
 * `types` and the result by part, the result is the caller's
 */
bool *wax_legacy_mains(const WaxPart *parts, const char *const *types, uint32_t count);

#endif
