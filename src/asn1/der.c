/* SPDX-License-Identifier: Apache-2.0 */
#include "asn1/der.h"

#define SET_MAX 256

void wax_der_raw(WaxDer *out, WaxSpan bytes)
{
	out->needed += bytes.n;
	if (out->full || bytes.n > out->at) {
		out->full = true;
		return;
	}
	out->at -= bytes.n;
	for (size_t i = 0; i < bytes.n; i++)
		out->p[out->at + i] = bytes.p[i];
}

size_t wax_der_header_size(uint64_t length)
{
	size_t octets = 2;

	if (length >= 0x80)
		for (; length; length >>= 8)
			octets++;
	return octets;
}

void wax_der_header(WaxDer *out, uint8_t tag, uint64_t length)
{
	uint8_t header[10];
	size_t n = wax_der_header_size(length);

	header[0] = tag;
	if (n == 2) {
		header[1] = (uint8_t)length;
	} else {
		header[1] = (uint8_t)(0x80 | (n - 2));
		for (size_t i = n - 1; i >= 2; i--, length >>= 8)
			header[i] = (uint8_t)length;
	}
	wax_der_raw(out, (WaxSpan){ header, n });
}

void wax_der_wrap(WaxDer *out, uint8_t tag, size_t mark)
{
	wax_der_header(out, tag, out->needed - mark);
}

void wax_der_wrap_more(WaxDer *out, uint8_t tag, size_t mark, uint64_t more)
{
	wax_der_header(out, tag, out->needed - mark + more);
}

void wax_der_put(WaxDer *out, uint8_t tag, WaxSpan body)
{
	wax_der_raw(out, body);
	wax_der_header(out, tag, body.n);
}

void wax_der_small(WaxDer *out, uint32_t value)
{
	uint8_t bytes[5] = { 0, (uint8_t)(value >> 24), (uint8_t)(value >> 16),
		(uint8_t)(value >> 8), (uint8_t)value };
	size_t from = 0;

	while (from < 4 && bytes[from] == 0 && !(bytes[from + 1] & 0x80))
		from++;
	wax_der_put(out, WAX_TAG_INTEGER, (WaxSpan){ bytes + from, 5 - from });
}

void wax_der_oid(WaxDer *out, WaxSpan body)
{
	wax_der_put(out, WAX_TAG_OID, body);
}

void wax_der_null(WaxDer *out)
{
	wax_der_put(out, WAX_TAG_NULL, WAX_SPAN_NONE);
}

void wax_der_algorithm(WaxDer *out, WaxSpan oid, WaxSpan parameters)
{
	size_t mark = wax_der_mark(out);

	wax_der_raw(out, parameters);
	wax_der_oid(out, oid);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
}

static uint8_t *digits(uint8_t *p, int value)
{
	p[0] = (uint8_t)('0' + value / 10 % 10);
	p[1] = (uint8_t)('0' + value % 10);
	return p + 2;
}

void wax_der_time(WaxDer *out, int64_t seconds)
{
	WaxCivil t = wax_civil_from_seconds(seconds);
	bool utc = t.year >= 1950 && t.year < 2050;
	uint8_t text[15], *p = text;

	if (!utc)
		p = digits(p, t.year / 100);
	p = digits(p, t.year % 100);
	p = digits(p, t.month);
	p = digits(p, t.day);
	p = digits(p, t.hour);
	p = digits(p, t.minute);
	p = digits(p, t.second);
	*p++ = 'Z';
	wax_der_put(out, utc ? WAX_TAG_UTC_TIME : WAX_TAG_GENERALIZED_TIME,
		(WaxSpan){ text, (size_t)(p - text) });
}

/* X.690 11.6: encodings ascending, the shorter padded with zero octets */
static bool comes_before(WaxSpan a, WaxSpan b)
{
	size_t n = a.n < b.n ? a.n : b.n;

	for (size_t i = 0; i < n; i++)
		if (a.p[i] != b.p[i])
			return a.p[i] < b.p[i];
	return a.n < b.n;
}

static void reverse(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		uint8_t keep = p[i];

		p[i] = p[n - 1 - i];
		p[n - 1 - i] = keep;
	}
}

/* swap_neighbours - exchange two adjacent runs in place, without room to copy */
static void swap_neighbours(uint8_t *p, size_t first, size_t second)
{
	reverse(p, first);
	reverse(p + first, second);
	reverse(p, first + second);
}

bool wax_der_sort_set(WaxDer *out, size_t mark, WaxFault *fault)
{
	size_t n = out->needed - mark, count = 0;
	size_t sizes[SET_MAX];
	WaxBer in;

	if (out->full)
		return true; /* reported once, at the end */
	in = wax_ber((WaxSpan){ out->p + out->at, n });
	while (!wax_ber_at_end(&in)) {
		WaxElement e;

		if (count == SET_MAX)
			return wax_fault(fault, WAX_R_CMS_TOO_MANY_ATTRS, in.at);
		if (!wax_ber_next(&in, &e, fault))
			return false;
		sizes[count++] = e.whole.n;
	}
	/* few elements, mostly in order: insertion by neighbouring swaps */
	for (size_t i = 1; i < count; i++) {
		size_t at = 0, k = i;

		for (size_t j = 0; j < i; j++)
			at += sizes[j];
		while (k > 0) {
			uint8_t *left = out->p + out->at + at - sizes[k - 1];
			size_t keep;

			if (!comes_before((WaxSpan){ left + sizes[k - 1], sizes[k] },
				    (WaxSpan){ left, sizes[k - 1] }))
				break;
			swap_neighbours(left, sizes[k - 1], sizes[k]);
			at -= sizes[k - 1];
			keep = sizes[k];
			sizes[k] = sizes[k - 1];
			sizes[k - 1] = keep;
			k--;
		}
	}
	return true;
}
