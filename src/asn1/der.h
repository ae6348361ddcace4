/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	asn1/der - write DER (X.690 10), from the end of a buffer to its front
 *
 * SYNOPSIS
 *	WaxDer out = wax_der(room, sizeof room);
 *	size_t end = wax_der_mark(&out);
 *	wax_der_oid(&out, oid);              last child first
 *	wax_der_small(&out, 1);
 *	wax_der_wrap(&out, WAX_TAG_SEQUENCE, end);
 *	if (out.full) ... what was written is wax_der_span(&out)
 *
 * DESCRIPTION
 *	Written backwards, each length is known when its header is due, so
 *	nothing is measured twice and nothing is moved.  Children therefore
 *	come in reverse order.  Running out of room is remembered (`full`,
 *	`needed` counts on) and checked once at the end.
 *
 * OWNERSHIP
 *	The buffer is the caller's.
 *
 * ERRORS
 *	None but `full`.
 */
#ifndef WAX_ASN1_DER_H
#define WAX_ASN1_DER_H

#include "asn1/ber.h"

typedef struct {
	uint8_t *p;
	size_t room;
	size_t at;     /* first written octet */
	size_t needed; /* octets asked for so far */
	bool full;
} WaxDer;

static inline WaxDer wax_der(uint8_t *p, size_t room)
{
	return (WaxDer){ p, room, room, 0, false };
}

static inline size_t wax_der_mark(const WaxDer *out)
{
	return out->needed;
}

static inline WaxSpan wax_der_span(const WaxDer *out)
{
	return (WaxSpan){ out->p + out->at, out->room - out->at };
}

void wax_der_raw(WaxDer *out, WaxSpan bytes);
void wax_der_header(WaxDer *out, uint8_t tag, uint64_t length);

/* wax_der_wrap - put tag and length before everything written since the mark */
void wax_der_wrap(WaxDer *out, uint8_t tag, size_t mark);

/* wax_der_wrap_more - as wrap, for a body that goes on with `more` octets elsewhere */
void wax_der_wrap_more(WaxDer *out, uint8_t tag, size_t mark, uint64_t more);

void wax_der_put(WaxDer *out, uint8_t tag, WaxSpan body);
void wax_der_small(WaxDer *out, uint32_t value);
void wax_der_oid(WaxDer *out, WaxSpan body);
void wax_der_null(WaxDer *out);

/* wax_der_algorithm - SEQUENCE { OID, parameters whole or absent } */
void wax_der_algorithm(WaxDer *out, WaxSpan oid, WaxSpan parameters);

/* wax_der_time - UTCTime through 2049, GeneralizedTime after (RFC 5652 11.3) */
void wax_der_time(WaxDer *out, int64_t seconds);

/* wax_der_sort_set - sort the elements written since the mark as DER demands of a SET OF */
bool wax_der_sort_set(WaxDer *out, size_t mark, WaxFault *fault) WAX_MUST_USE;

/* octets of tag and length before a body of this size */
size_t wax_der_header_size(uint64_t length);

#endif
