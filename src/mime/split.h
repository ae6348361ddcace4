/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	mime/split - where in the original bytes do the parts of a message lie?
 *
 * SYNOPSIS
 *	WaxSplit split;
 *	wax_split_init(&split, parts, room, header_room, &limits);
 *	while (...) if (!wax_split_feed(&split, piece, &fault)) ...
 *	if (!wax_split_finish(&split, &fault)) ...
 *
 * DESCRIPTION
 *	Reads a MIME entity (RFC 2045, RFC 2046) in pieces of any size and notes
 *	for every part the offsets at which it starts, its body starts and it
 *	ends.  Nothing is decoded, moved or written: a signature is checked
 *	over exactly these bytes.  A part ends before the line break that
 *	belongs to the boundary (RFC 2046 5.1.1); a missing closing boundary
 *	ends it with the input.  Lines end in LF or CRLF; a bare CR is data.
 *	part 0 is the message; multiparts and message/rfc822 are descended.
 *
 * NOT CHECKED HERE
 *	Transfer encodings, charsets, whether a header field makes sense.
 *
 * OWNERSHIP
 *	Freestanding.  Parts and the room for one header are the caller's.
 *
 * ERRORS
 *	MIME_DEPTH, MIME_PARTS, MIME_HEADER_SIZE.  After an error the splitter
 *	stays in error.
 *
 * LIMITS
 *	As given (SMIME.md L-11): depth, parts, octets of one header.
 */
#ifndef WAX_MIME_SPLIT_H
#define WAX_MIME_SPLIT_H

#include "core/base.h"

#define WAX_SPLIT_DEPTH	   32
#define WAX_SPLIT_BOUNDARY 200 /* RFC 2046 says 70; some senders exceed it */
#define WAX_PART_NONE	   UINT32_MAX

typedef struct {
	uint64_t start; /* of the header */
	uint64_t body;	/* after the empty line */
	uint64_t end;
	uint32_t parent;
	uint32_t depth;
	uint32_t children;
	bool multipart;
	bool rfc822;
	bool open;			 /* the splitter's own: its end is not known */
	bool closed;			 /* multipart: its closing boundary was there */
	bool has_preamble, has_epilogue; /* multipart: anything but blank lines there */
} WaxPart;

typedef struct {
	uint32_t depth;
	uint64_t header_octets;
} WaxSplitLimits;

typedef struct {
	uint32_t part;
	uint8_t boundary[WAX_SPLIT_BOUNDARY];
	uint32_t n;
	bool ended;
} WaxSplitLevel;

typedef struct {
	WaxPart *parts;
	uint32_t room, count;
	WaxBuffer header;
	WaxSplitLimits limits;

	/* the rest is the splitter's own */
	WaxSplitLevel levels[WAX_SPLIT_DEPTH];
	uint32_t depth;
	uint32_t current; /* part whose header or body is being read */
	bool in_header;
	uint64_t at, line_start;
	uint32_t previous_end; /* octets of the line break before this line */
	uint8_t line[WAX_SPLIT_BOUNDARY + 8];
	uint32_t line_n;
	bool line_long, last_cr, failed;
	WaxFault fault;
} WaxSplit;

void wax_split_init(WaxSplit *split, WaxPart *parts, uint32_t room, WaxBuffer header,
	const WaxSplitLimits *limits);
bool wax_split_feed(WaxSplit *split, WaxSpan piece, WaxFault *fault) WAX_MUST_USE;
bool wax_split_finish(WaxSplit *split, WaxFault *fault) WAX_MUST_USE;

/* one header field, as it stands in a header block */
typedef struct {
	WaxSpan name;  /* without blanks before the colon */
	WaxSpan value; /* raw, folding included, without the final line break */
	WaxSpan whole; /* with its line break */
	bool nameless; /* a line without a colon */
} WaxField;

/* wax_field_next - the next field of a block of memory; false at its end */
bool wax_field_next(WaxSpan *block, WaxField *ret_field);

/* wax_field_is - ASCII case-insensitive */
bool wax_field_is(const WaxField *field, const char *name);

/*
 * wax_param - the value of a parameter (RFC 2045 5.1), unquoted and unfolded, into out.
 * Returns false when it is absent or does not fit; *ret_twice when it stands there twice.
 */
bool wax_param(WaxSpan value, const char *name, WaxBuffer *out, bool *ret_twice);

/* wax_media_type - "type/subtype" in lower case; empty when it cannot be read */
void wax_media_type(WaxSpan value, WaxBuffer *out);

#endif
