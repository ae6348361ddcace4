/* SPDX-License-Identifier: Apache-2.0 */
#include "asn1/ber.h"

#define INDEFINITE SIZE_MAX

typedef struct {
	uint8_t tag;
	size_t header; /* octets of tag and length */
	size_t body;   /* or INDEFINITE */
	bool strict;
} Header;

/* read_header - bounds are checked for the header alone; the body is the caller's */
static bool read_header(const WaxBer *in, size_t at, Header *ret_header, WaxFault *fault)
{
	Header header = { .strict = true };
	size_t left = in->n - at;
	uint8_t first;

	if (left < 2)
		return wax_fault(fault, WAX_R_DER_TRUNCATED, at);
	header.tag = in->p[at];
	if ((header.tag & 0x1f) == 0x1f)
		return wax_fault(fault, WAX_R_DER_LONG_TAG, at);
	first = in->p[at + 1];
	header.header = 2;
	if (first < 0x80) {
		header.body = first;
	} else if (first == 0x80) {
		if (!(header.tag & WAX_TAG_CONSTRUCTED))
			return wax_fault(fault, WAX_R_DER_LENGTH, at + 1);
		header.body = INDEFINITE;
		header.strict = false;
	} else {
		size_t octets = first & 0x7f, value = 0;

		if (octets > left - 2)
			return wax_fault(fault, WAX_R_DER_TRUNCATED, at + 1);
		for (size_t i = 0; i < octets; i++) {
			if (value > (SIZE_MAX >> 9))
				return wax_fault(fault, WAX_R_DER_LENGTH, at + 1);
			value = value << 8 | in->p[at + 2 + i];
		}
		header.strict = value >= 0x80 && in->p[at + 2] != 0;
		header.header += octets;
		header.body = value;
	}
	*ret_header = header;
	return true;
}

/* find_end - where the end marker of an indefinite body begins; linear, no recursion */
static bool find_end(const WaxBer *in, size_t at, size_t *ret_end, WaxFault *fault)
{
	size_t open = 1;

	for (;;) {
		Header header;

		if (in->n - at >= 2 && in->p[at] == 0 && in->p[at + 1] == 0) {
			if (--open == 0) {
				*ret_end = at;
				return true;
			}
			at += 2;
			continue;
		}
		if (!read_header(in, at, &header, fault))
			return false;
		at += header.header;
		if (header.body == INDEFINITE) {
			if (++open > WAX_BER_DEPTH)
				return wax_fault(fault, WAX_R_DER_DEPTH, at);
		} else {
			if (header.body > in->n - at)
				return wax_fault(fault, WAX_R_DER_TRUNCATED, at);
			at += header.body;
		}
	}
}

bool wax_ber_next(WaxBer *in, WaxElement *ret_element, WaxFault *fault)
{
	size_t start = in->at, body, end;
	Header header;

	if (!read_header(in, start, &header, fault))
		return false;
	body = start + header.header;
	if (header.body == INDEFINITE) {
		if (!find_end(in, body, &end, fault))
			return false;
		in->at = end + 2;
	} else {
		if (header.body > in->n - body)
			return wax_fault(fault, WAX_R_DER_TRUNCATED, start);
		end = body + header.body;
		in->at = end;
	}
	*ret_element = (WaxElement){
		.tag = header.tag,
		.whole = { in->p + start, in->at - start },
		.body = { in->p + body, end - body },
		.strict = header.strict,
	};
	return true;
}

static bool next_with_tag(WaxBer *in, uint8_t tag, WaxElement *ret_element, WaxFault *fault)
{
	if (wax_ber_at_end(in))
		return wax_fault(fault, WAX_R_DER_TRUNCATED, in->at);
	if (wax_ber_peek(in) != tag)
		return wax_fault(fault, WAX_R_DER_UNEXPECTED, in->at);
	return wax_ber_next(in, ret_element, fault);
}

bool wax_ber_take(WaxBer *in, uint8_t tag, WaxSpan *ret_body, WaxFault *fault)
{
	WaxElement element;

	if (!next_with_tag(in, tag, &element, fault))
		return false;
	*ret_body = element.body;
	return true;
}

bool wax_ber_take_whole(WaxBer *in, uint8_t tag, WaxSpan *ret_whole, WaxFault *fault)
{
	WaxElement element;

	if (!next_with_tag(in, tag, &element, fault))
		return false;
	*ret_whole = element.whole;
	return true;
}

bool wax_ber_only(WaxSpan span, uint8_t tag, WaxSpan *ret_body, WaxFault *fault)
{
	WaxBer in = wax_ber(span);
	WaxSpan body;

	if (!wax_ber_take(&in, tag, &body, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	*ret_body = body;
	return true;
}

bool wax_ber_take_small(WaxBer *in, uint32_t *ret_value, WaxFault *fault)
{
	WaxBer saved = *in;
	uint32_t value = 0;
	WaxSpan body;

	if (!wax_ber_take(in, WAX_TAG_INTEGER, &body, fault))
		return false;
	if (body.n == 0 || body.n > 4 || body.p[0] & 0x80) {
		*in = saved;
		return wax_fault(fault, WAX_R_DER_VALUE, saved.at);
	}
	for (size_t i = 0; i < body.n; i++)
		value = value << 8 | body.p[i];
	*ret_value = value;
	return true;
}

/* join - collect the pieces of a constructed OCTET STRING; two levels are all that is met */
static bool join(WaxSpan body, unsigned depth, WaxBuffer *out, WaxFault *fault)
{
	WaxBer in = wax_ber(body);

	while (!wax_ber_at_end(&in)) {
		WaxElement piece;

		if (!wax_ber_next(&in, &piece, fault))
			return false;
		if (piece.tag == (WAX_TAG_OCTET_STRING | WAX_TAG_CONSTRUCTED) && depth < 4) {
			if (!join(piece.body, depth + 1, out, fault))
				return false;
			continue;
		}
		if (piece.tag != WAX_TAG_OCTET_STRING)
			return wax_fault(fault, WAX_R_DER_UNEXPECTED, in.at);
		if (piece.body.n > out->room - out->n)
			return wax_fault(fault, WAX_R_DER_NO_ROOM, in.at);
		for (size_t i = 0; i < piece.body.n; i++)
			out->p[out->n++] = piece.body.p[i];
	}
	return true;
}

bool wax_ber_take_octets(WaxBer *in, WaxBuffer *out, WaxSpan *ret_octets, WaxFault *fault)
{
	WaxBer saved = *in;
	size_t from = out->n;
	WaxSpan body;

	if (wax_ber_peek(in) != (WAX_TAG_OCTET_STRING | WAX_TAG_CONSTRUCTED))
		return wax_ber_take(in, WAX_TAG_OCTET_STRING, ret_octets, fault);
	if (!wax_ber_take(in, WAX_TAG_OCTET_STRING | WAX_TAG_CONSTRUCTED, &body, fault))
		return false;
	if (!join(body, 0, out, fault)) {
		*in = saved;
		out->n = from;
		return false;
	}
	*ret_octets = (WaxSpan){ out->p + from, out->n - from };
	return true;
}

bool wax_ber_algorithm(WaxSpan body, WaxSpan *ret_oid, WaxSpan *ret_parameters, WaxFault *fault)
{
	WaxBer in = wax_ber(body);
	WaxElement parameters = { .whole = WAX_SPAN_NONE };
	WaxSpan oid;

	if (!wax_ber_take(&in, WAX_TAG_OID, &oid, fault))
		return false;
	if (oid.n == 0 || oid.n > 64) /* L-15 */
		return wax_fault(fault, WAX_R_DER_VALUE, 0);
	if (!wax_ber_at_end(&in) && !wax_ber_next(&in, &parameters, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	*ret_oid = oid;
	*ret_parameters = parameters.whole;
	return true;
}

static bool two_digits(const uint8_t *p, int low, int high, int *ret_value)
{
	int value;

	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	value = (p[0] - '0') * 10 + p[1] - '0';
	*ret_value = value;
	return value >= low && value <= high;
}

static int days_of(int year, int month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* RFC 5652 11.3: seconds are there, the zone is Z, no fraction (P-15) */
bool wax_ber_time(uint8_t tag, WaxSpan body, WaxCivil *ret_time)
{
	WaxCivil t = { 0 };
	const uint8_t *p = body.p;
	int century = 0, year;

	if (tag == WAX_TAG_GENERALIZED_TIME) {
		if (body.n != 15 || !two_digits(p, 0, 99, &century))
			return false;
		p += 2;
	} else if (tag != WAX_TAG_UTC_TIME || body.n != 13) {
		return false;
	}
	if (!two_digits(p, 0, 99, &year) || !two_digits(p + 2, 1, 12, &t.month) ||
		!two_digits(p + 4, 1, 31, &t.day) || !two_digits(p + 6, 0, 23, &t.hour) ||
		!two_digits(p + 8, 0, 59, &t.minute) || !two_digits(p + 10, 0, 59, &t.second) ||
		p[12] != 'Z')
		return false;
	if (tag == WAX_TAG_GENERALIZED_TIME)
		t.year = century * 100 + year;
	else
		t.year = year >= 50 ? 1900 + year : 2000 + year;
	if (t.day > days_of(t.year, t.month))
		return false;
	*ret_time = t;
	return true;
}

/* days since 1970-01-01 of a civil date: March-based years make leap days come last */
int64_t wax_civil_seconds(const WaxCivil *t)
{
	int64_t year = t->month <= 2 ? t->year - 1 : t->year;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (t->month + (t->month > 2 ? -3 : 9)) + 2) / 5 + t->day - 1;
	int64_t day = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;

	return day * 86400 + t->hour * 3600 + t->minute * 60 + t->second;
}

WaxCivil wax_civil_from_seconds(int64_t seconds)
{
	int64_t days = seconds >= 0 ? seconds / 86400 : -((86399 - seconds) / 86400);
	int64_t rest = seconds - days * 86400, z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	WaxCivil t = { .day = (int)(of_year - (153 * month + 2) / 5 + 1),
		.month = (int)(month < 10 ? month + 3 : month - 9),
		.hour = (int)(rest / 3600),
		.minute = (int)(rest / 60 % 60),
		.second = (int)(rest % 60) };

	t.year = (int)(year + era * 400 + (t.month <= 2 ? 1 : 0));
	return t;
}

static bool put(WaxBuffer *out, const uint8_t *p, size_t n)
{
	if (n > out->room - out->n)
		return false;
	for (size_t i = 0; i < n; i++)
		out->p[out->n++] = p[i];
	return true;
}

static size_t length_octets(size_t n)
{
	size_t octets = 1;

	if (n < 0x80)
		return 1;
	while (n) {
		octets++;
		n >>= 8;
	}
	return octets;
}

/* insert_header - move the body that begins at `from` right and write tag and length before it */
static bool insert_header(WaxBuffer *out, size_t from, uint8_t tag)
{
	size_t body = out->n - from, header = 1 + length_octets(body);

	if (header > out->room - out->n)
		return false;
	for (size_t i = body; i-- > 0;)
		out->p[from + header + i] = out->p[from + i];
	out->n += header;
	out->p[from] = tag;
	if (header == 2) {
		out->p[from + 1] = (uint8_t)body;
	} else {
		out->p[from + 1] = (uint8_t)(0x80 | (header - 2));
		for (size_t i = header - 1; i >= 2; i--, body >>= 8)
			out->p[from + i] = (uint8_t)body;
	}
	return true;
}

bool wax_ber_to_der(WaxSpan element, WaxBuffer *out, WaxFault *fault)
{
	struct {
		WaxBer in;
		size_t from;
		uint8_t tag;
	} open[WAX_BER_DEPTH];
	size_t depth = 1, start = out->n;

	open[0].in = wax_ber(element);
	open[0].from = out->n;
	open[0].tag = 0;
	while (depth) {
		WaxElement e;

		if (wax_ber_at_end(&open[depth - 1].in)) {
			depth--;
			if (depth && !insert_header(out, open[depth].from, open[depth].tag)) {
				out->n = start;
				return wax_fault(fault, WAX_R_DER_NO_ROOM, 0);
			}
			continue;
		}
		if (!wax_ber_next(&open[depth - 1].in, &e, fault)) {
			out->n = start;
			return false;
		}
		if (e.tag == (WAX_TAG_OCTET_STRING | WAX_TAG_CONSTRUCTED)) {
			size_t from = out->n;

			if (!join(e.body, 0, out, fault)) {
				out->n = start;
				return false;
			}
			if (!insert_header(out, from, WAX_TAG_OCTET_STRING)) {
				out->n = start;
				return wax_fault(fault, WAX_R_DER_NO_ROOM, 0);
			}
		} else if (e.tag & WAX_TAG_CONSTRUCTED) {
			if (depth == WAX_BER_DEPTH) {
				out->n = start;
				return wax_fault(fault, WAX_R_DER_DEPTH, 0);
			}
			open[depth].in = wax_ber(e.body);
			open[depth].from = out->n;
			open[depth].tag = e.tag;
			depth++;
		} else {
			size_t from = out->n;

			if (!put(out, e.body.p, e.body.n) || !insert_header(out, from, e.tag)) {
				out->n = start;
				return wax_fault(fault, WAX_R_DER_NO_ROOM, 0);
			}
		}
	}
	return true;
}
