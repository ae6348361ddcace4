/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/transfer.h"

#include <string.h>

#include "core/status.h"

#define LINE 76

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { WHITE = 64, PAD = 65, BAD = 66 };

static uint8_t values[256];

static void fill_values(void)
{
	static gsize once;

	if (!g_once_init_enter(&once))
		return;
	memset(values, BAD, sizeof values);
	for (uint8_t i = 0; i < 64; i++)
		values[(uint8_t)alphabet[i]] = i;
	values[' '] = values['\t'] = values['\r'] = values['\n'] = WHITE;
	values['='] = PAD;
	g_once_init_leave(&once, 1);
}

static bool bad(GError **error)
{
	return wax_fail(error, WAX_R_MIME_ENCODING, "the base64 holds what base64 may not");
}

bool wax_base64_decode(WaxBase64Decoder *d, WaxSpan in, uint8_t *out, size_t *ret_n, GError **error)
{
	uint8_t *start = out;
	size_t i = 0;

	fill_values();
	while (i < in.n) {
		uint8_t value;

		/* whole groups at once while nothing is held and nothing odd is met */
		while (d->n == 0 && !d->ended && in.n - i >= 4) {
			uint8_t a = values[in.p[i]], b = values[in.p[i + 1]],
				c = values[in.p[i + 2]], e = values[in.p[i + 3]];
			uint32_t group;

			if ((a | b | c | e) & 0xc0)
				break;
			group = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | e;
			out[0] = (uint8_t)(group >> 16);
			out[1] = (uint8_t)(group >> 8);
			out[2] = (uint8_t)group;
			out += 3;
			i += 4;
		}
		if (i == in.n)
			break;
		value = values[in.p[i++]];
		if (value == WHITE)
			continue;
		if (value == BAD || (d->ended && value != PAD))
			return bad(error);
		if (value == PAD) {
			/* one or two at the end of a group; what is held becomes octets */
			if (!d->ended && d->n < 2)
				return bad(error);
			if (!d->ended && d->n >= 2)
				*out++ = (uint8_t)(d->bits >> (d->n == 2 ? 4 : 10));
			if (!d->ended && d->n == 3)
				*out++ = (uint8_t)(d->bits >> 2);
			if (d->ended && d->n == 0)
				return bad(error);
			d->n = d->ended ? 0 : d->n == 2 ? 1 : 0; /* pads still to come */
			d->ended = true;
			continue;
		}
		d->bits = d->bits << 6 | value;
		if (++d->n == 4) {
			out[0] = (uint8_t)(d->bits >> 16);
			out[1] = (uint8_t)(d->bits >> 8);
			out[2] = (uint8_t)d->bits;
			out += 3;
			d->n = 0;
			d->bits = 0;
		}
	}
	*ret_n = (size_t)(out - start);
	return true;
}

bool wax_base64_decode_end(WaxBase64Decoder *d, GError **error)
{
	return d->n == 0 || wax_fail(error, WAX_R_MIME_ENCODING, "the base64 is cut");
}

uint64_t wax_base64_size(uint64_t n)
{
	uint64_t characters = (n + 2) / 3 * 4;

	return characters + (characters + LINE - 1) / LINE * 2;
}

static uint8_t *put_group(WaxBase64Encoder *e, const uint8_t *p, uint8_t *out)
{
	uint32_t group = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

	out[0] = (uint8_t)alphabet[group >> 18];
	out[1] = (uint8_t)alphabet[group >> 12 & 63];
	out[2] = (uint8_t)alphabet[group >> 6 & 63];
	out[3] = (uint8_t)alphabet[group & 63];
	out += 4;
	e->column += 4;
	if (e->column == LINE) {
		*out++ = '\r';
		*out++ = '\n';
		e->column = 0;
	}
	return out;
}

size_t wax_base64_encode(WaxBase64Encoder *e, WaxSpan in, uint8_t *out)
{
	uint8_t *start = out;
	size_t i = 0;

	while (e->n && e->n < 3 && i < in.n)
		e->held[e->n++] = in.p[i++];
	if (e->n == 3) {
		out = put_group(e, e->held, out);
		e->n = 0;
	}
	for (; in.n - i >= 3 && e->n == 0; i += 3)
		out = put_group(e, in.p + i, out);
	while (i < in.n)
		e->held[e->n++] = in.p[i++];
	return (size_t)(out - start);
}

size_t wax_base64_encode_end(WaxBase64Encoder *e, uint8_t *out)
{
	uint8_t *start = out;

	if (e->n) {
		uint8_t last[3] = { e->held[0], e->n > 1 ? e->held[1] : 0, 0 };
		uint8_t *group = out;

		out = put_group(e, last, out);
		group[3] = '=';
		if (e->n == 1)
			group[2] = '=';
		e->n = 0;
	}
	if (e->column) {
		*out++ = '\r';
		*out++ = '\n';
		e->column = 0;
	}
	return (size_t)(out - start);
}

void wax_quoted_decode(WaxSpan in, GByteArray *out)
{
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];

		if (c == '=' && i + 1 < in.n && in.p[i + 1] == '\n') {
			i++;
			continue;
		}
		if (c == '=' && i + 2 < in.n) {
			int high = g_ascii_xdigit_value((char)in.p[i + 1]);
			int low = g_ascii_xdigit_value((char)in.p[i + 2]);

			if (in.p[i + 1] == '\r' && in.p[i + 2] == '\n') {
				i += 2;
				continue;
			}
			if (high >= 0 && low >= 0) {
				c = (uint8_t)(high << 4 | low);
				i += 2;
			}
		}
		g_byte_array_append(out, &c, 1);
	}
}

static void put_hex(GByteArray *out, uint8_t c)
{
	static const char digits[] = "0123456789ABCDEF";
	uint8_t text[3] = { '=', (uint8_t)digits[c >> 4], (uint8_t)digits[c & 15] };

	g_byte_array_append(out, text, 3);
}

/* needs_hex - RFC 2045 6.7, and what mail systems change on the way (RFC 8551 3.1.2) */
static bool needs_hex(WaxSpan line, size_t i, bool at_start)
{
	uint8_t c = line.p[i];

	if (c == '=' || c < 0x20 || c > 0x7e)
		return c != '\t' || i + 1 == line.n;
	if (c == ' ')
		return i + 1 == line.n;
	if (!at_start)
		return false;
	return c == '.' || (line.n - i >= 5 && memcmp(line.p + i, "From ", 5) == 0);
}

static void encode_line(WaxSpan line, GByteArray *out)
{
	size_t column = 0;

	for (size_t i = 0; i < line.n; i++) {
		bool hex = needs_hex(line, i, column == 0);

		if (column + (hex ? 3 : 1) > LINE - 1) {
			g_byte_array_append(out, (const uint8_t *)"=\r\n", 3);
			column = 0;
			hex = needs_hex(line, i, true);
		}
		if (hex)
			put_hex(out, line.p[i]);
		else
			g_byte_array_append(out, line.p + i, 1);
		column += hex ? 3 : 1;
	}
}

void wax_quoted_encode(WaxSpan in, GByteArray *out)
{
	while (in.n) {
		const uint8_t *end = memchr(in.p, '\n', in.n);
		size_t whole = end ? (size_t)(end - in.p) + 1 : in.n;
		size_t n = end ? whole - 1 : whole;

		if (end && n && in.p[n - 1] == '\r')
			n--;
		encode_line(WAX_SPAN(in.p, n), out);
		if (end)
			g_byte_array_append(out, (const uint8_t *)"\r\n", 2);
		in = WAX_SPAN(in.p + whole, in.n - whole);
	}
}
