/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	asn1/ber - read BER that lies in memory (X.690), one element at a time
 *
 * SYNOPSIS
 *	WaxBer in = wax_ber(span);
 *	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &body, &fault)) return false;
 *
 * DESCRIPTION
 *	A cursor over borrowed bytes.  Definite and indefinite lengths are
 *	read alike; the body of an indefinite element excludes its end marker.
 *	Single-octet tags only.  What streams is cms/reader.
 *
 * OWNERSHIP
 *	Everything returned points into the span that the cursor was made of.
 *
 * ERRORS
 *	DER_TRUNCATED, DER_LONG_TAG, DER_LENGTH, DER_DEPTH, DER_UNEXPECTED,
 *	DER_VALUE, DER_TRAILING.  On failure the cursor has not moved.
 *
 * LIMITS
 *	64 levels of indefinite lengths within one element.
 */
#ifndef WAX_ASN1_BER_H
#define WAX_ASN1_BER_H

#include "core/base.h"

enum {
	WAX_TAG_BOOLEAN = 0x01,
	WAX_TAG_INTEGER = 0x02,
	WAX_TAG_BIT_STRING = 0x03,
	WAX_TAG_OCTET_STRING = 0x04,
	WAX_TAG_NULL = 0x05,
	WAX_TAG_OID = 0x06,
	WAX_TAG_UTF8 = 0x0c,
	WAX_TAG_UTC_TIME = 0x17,
	WAX_TAG_GENERALIZED_TIME = 0x18,
	WAX_TAG_SEQUENCE = 0x30,
	WAX_TAG_SET = 0x31,
	WAX_TAG_CONTEXT = 0x80,
	WAX_TAG_CONSTRUCTED = 0x20,
};

#define WAX_BER_DEPTH 64

typedef struct {
	const uint8_t *p;
	size_t n;
	size_t at;
} WaxBer;

typedef struct {
	uint8_t tag;
	WaxSpan whole; /* with tag, length and end marker */
	WaxSpan body;
	bool strict; /* length written as DER demands */
} WaxElement;

static inline WaxBer wax_ber(WaxSpan span)
{
	return (WaxBer){ span.p, span.n, 0 };
}

static inline bool wax_ber_at_end(const WaxBer *in)
{
	return in->at == in->n;
}

/* wax_ber_peek - the next tag, or 0 at the end */
static inline uint8_t wax_ber_peek(const WaxBer *in)
{
	return in->at < in->n ? in->p[in->at] : 0;
}

bool wax_ber_next(WaxBer *in, WaxElement *ret_element, WaxFault *fault) WAX_MUST_USE;

/* wax_ber_take - the next element must have this tag; gives its body */
bool wax_ber_take(WaxBer *in, uint8_t tag, WaxSpan *ret_body, WaxFault *fault) WAX_MUST_USE;

/* wax_ber_take_whole - as take, with tag and length */
bool wax_ber_take_whole(WaxBer *in, uint8_t tag, WaxSpan *ret_whole, WaxFault *fault) WAX_MUST_USE;

/* wax_ber_only - the span holds exactly one element with this tag */
bool wax_ber_only(WaxSpan span, uint8_t tag, WaxSpan *ret_body, WaxFault *fault) WAX_MUST_USE;

/* wax_ber_take_small - a non-negative INTEGER below 2^31 */
bool wax_ber_take_small(WaxBer *in, uint32_t *ret_value, WaxFault *fault) WAX_MUST_USE;

/* wax_ber_take_octets - an OCTET STRING in one piece, or joined into `out` when constructed */
bool wax_ber_take_octets(
	WaxBer *in, WaxBuffer *out, WaxSpan *ret_octets, WaxFault *fault) WAX_MUST_USE;

/* wax_ber_algorithm - AlgorithmIdentifier: OID body, and parameters whole (empty when absent) */
bool wax_ber_algorithm(
	WaxSpan body, WaxSpan *ret_oid, WaxSpan *ret_parameters, WaxFault *fault) WAX_MUST_USE;

/* wax_ber_time - UTCTime or GeneralizedTime as RFC 5652 11.3 allows; civil fields */
typedef struct {
	int year, month, day, hour, minute, second;
} WaxCivil;

bool wax_ber_time(uint8_t tag, WaxSpan body, WaxCivil *ret_time) WAX_MUST_USE;

/* wax_civil_seconds - epoch seconds (UTC, proleptic Gregorian) */
int64_t wax_civil_seconds(const WaxCivil *time);
WaxCivil wax_civil_from_seconds(int64_t seconds);

/*
 * wax_ber_to_der - append one element with definite, minimal lengths.  Constructed
 * strings stay constructed; SETs keep their order.
 */
bool wax_ber_to_der(WaxSpan element, WaxBuffer *out, WaxFault *fault) WAX_MUST_USE;

#endif
