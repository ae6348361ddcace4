/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	mime/lines - what do the lines of a text hold that canonical form forbids?
 *
 * SYNOPSIS
 *	WaxLines lines;
 *	wax_lines_begin(&lines);
 *	while (...) wax_lines_look(&lines, piece);
 *	WaxFindings found = wax_lines_end(&lines);
 *
 * DESCRIPTION
 *	Looks at a text in pieces of any size (RFC 8551 3.1.1, RFC 2046 4.1.1).  Lines that are
 *	as they must be are passed over in blocks of 32 octets where the
 *	machine has AVX2; only the others are looked at octet by octet.
 *
 * OWNERSHIP
 *	The state is the caller's; nothing is allocated.
 *
 * ERRORS
 *	None.
 */
#ifndef WAX_MIME_LINES_H
#define WAX_MIME_LINES_H

#include "core/base.h"

#define WAX_LINE_MOST 998 /* octets without the line end (RFC 5322 2.1.1) */

typedef struct {
	bool eight_bit;
	bool control; /* NUL, or a CR inside a line */
	bool bare_lf; /* a line end that is not CRLF */
	bool long_line;
	bool trailing_blank;
	bool from_line; /* begins with "From " */
} WaxFindings;

typedef struct {
	WaxFindings found;
	size_t column; /* octets of the line so far, without its end */
	uint8_t start[5];
	uint8_t previous;
	uint8_t last; /* of the line, CRs at its end apart */
} WaxLines;

void wax_lines_begin(WaxLines *lines);
void wax_lines_look(WaxLines *lines, WaxSpan piece);
WaxFindings wax_lines_end(WaxLines *lines);

/* wax_lines_canonical - has every LF of the piece a CR before it?  `cr`: the octet before the piece is one */
bool wax_lines_canonical(WaxSpan piece, bool cr);

/* wax_lines_portable - tests only: look without the machine's vectors */
void wax_lines_portable(bool portable);

#endif
