/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cms/reader - take a CMS object apart while it streams by
 *
 * SYNOPSIS
 *	wax_cms_reader_init(&reader, head, tail);
 *	while (wax_cms_reader_step(&reader, &input, &event, &content, &fault)) ...
 *
 * DESCRIPTION
 *	Reads one ContentInfo (RFC 5652 section 3) in pieces of any size.  What
 *	stands before the content octets (recipients, algorithms) is kept in
 *	the head buffer, what stands after them (certificates, SignerInfos,
 *	tag) in the tail buffer, both as the octets that arrived; content
 *	octets are handed out as spans of the input, so memory does not
 *	depend on their number.  cms/open and cms/verify read head and tail.
 *	The result is the same however the input is cut.
 *
 *	Events: NEED_INPUT (all consumed), HEAD (the head is complete; content,
 *	if any, comes next), CONTENT, END.
 *
 * NOT CHECKED HERE
 *	The inside of head and tail, beyond nesting and lengths.
 *
 * OWNERSHIP
 *	Freestanding.  The reader and both buffers are the caller's.
 *
 * ERRORS
 *	DER_TRUNCATED (from finish), DER_LONG_TAG, DER_LENGTH, DER_DEPTH,
 *	DER_UNEXPECTED, CMS_TYPE_UNKNOWN, CMS_TOO_LARGE (a buffer is full),
 *	CMS_TRAILING.  After an error the reader stays in error.
 *
 * LIMITS
 *	Depth 32 (L-01), constructed strings 4 deep (L-02), buffers as given (L-03).
 */
#ifndef WAX_CMS_READER_H
#define WAX_CMS_READER_H

#include "core/base.h"

#define WAX_CMS_DEPTH 32

typedef enum {
	WAX_CMS_UNKNOWN,
	WAX_CMS_DATA,
	WAX_CMS_SIGNED,
	WAX_CMS_ENVELOPED,
	WAX_CMS_AUTH_ENVELOPED,
	WAX_CMS_COMPRESSED,
	WAX_CMS_OTHER, /* a content type that is known by name only */
} WaxCmsType;

typedef enum {
	WAX_CMS_NEED_INPUT,
	WAX_CMS_HEAD,
	WAX_CMS_CONTENT,
	WAX_CMS_END,
} WaxCmsEvent;

typedef struct {
	WaxBuffer head, tail;
	size_t head_split; /* head octets that stand before EncapContentInfo's or EncryptedContentInfo's own */
	WaxCmsType type;
	bool has_content;
	uint64_t offset;	 /* octets consumed */
	uint64_t content_octets; /* handed out so far */

	/* the rest is the reader's own */
	struct {
		uint64_t left; /* of a definite length */
		bool indefinite;
	} open[WAX_CMS_DEPTH];
	unsigned depth, phase, octets_from, copy_from;
	uint8_t header[16];
	unsigned header_n;
	uint64_t primitive_left;
	unsigned primitive_kind;
	uint8_t oid[64];
	unsigned oid_n;
	bool head_due, failed;
	bool loose; /* what is kept is not all DER */
	WaxFault fault;
} WaxCmsReader;

void wax_cms_reader_init(WaxCmsReader *reader, WaxBuffer head, WaxBuffer tail);

/* wax_cms_reader_step - consumes the front of *input; one event per call */
bool wax_cms_reader_step(WaxCmsReader *reader, WaxSpan *input, WaxCmsEvent *ret_event,
	WaxSpan *ret_content, WaxFault *fault) WAX_MUST_USE;

/* wax_cms_reader_finish - the input has ended; was the object complete? */
bool wax_cms_reader_finish(WaxCmsReader *reader, WaxFault *fault) WAX_MUST_USE;

/* wax_cms_type_from_oid - content type identifiers of RFC 5652, 5083, 3274 */
WaxCmsType wax_cms_type_from_oid(WaxSpan oid);
WaxSpan wax_cms_type_oid(WaxCmsType type);

#endif
