/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/transfer.h"

#include <string.h>

#include "core/status.h"
#include "mime/base64.h"

#define LINE 76

/* at once: whole lines without their breaks, and still small enough for the nearest cache */
#define BLOCK 16384

enum { WHITE = 64, PAD = 65, BAD = 66 };

static uint8_t value_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint8_t)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0' + 52);
	switch (c) {
	case '+':
		return 62;
	case '/':
		return 63;
	case '=':
		return PAD;
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		return WHITE;
	default:
		return BAD;
	}
}

static bool bad(GError **error)
{
	return wax_fail(error, WAX_R_MIME_ENCODING, "the base64 holds what base64 may not");
}

/* take_pad - one or two at the end of a group; what is held becomes octets */
static bool take_pad(WaxBase64Decoder *d, uint8_t **out, GError **error)
{
	if (d->ended) {
		if (d->n == 0)
			return bad(error);
		d->n = 0;
		return true;
	}
	if (d->n < 2)
		return bad(error);
	*(*out)++ = (uint8_t)(d->bits >> (d->n == 2 ? 4 : 10));
	if (d->n == 3)
		*(*out)++ = (uint8_t)(d->bits >> 2);
	d->n = d->n == 2 ? 1 : 0; /* pads still to come */
	d->ended = true;
	return true;
}

/* take_one - one character, whatever it is */
static bool take_one(WaxBase64Decoder *d, uint8_t c, uint8_t **out, GError **error)
{
	uint8_t value = value_of(c);

	if (value == WHITE)
		return true;
	if (value == PAD)
		return take_pad(d, out, error);
	if (value == BAD || d->ended)
		return bad(error);
	d->bits = d->bits << 6 | value;
	if (++d->n < 4)
		return true;
	(*out)[0] = (uint8_t)(d->bits >> 16);
	(*out)[1] = (uint8_t)(d->bits >> 8);
	(*out)[2] = (uint8_t)d->bits;
	*out += 3;
	d->n = 0;
	d->bits = 0;
	return true;
}

/* gather - characters without the ends of their lines; returns how much of the input that was */
static size_t gather(WaxSpan in, uint8_t *block, size_t *ret_n)
{
	size_t used = 0, n = 0;

	while (used < in.n && n < BLOCK) {
		const uint8_t *p = in.p + used;
		size_t most = MIN(in.n - used, BLOCK - n);
		const uint8_t *lf = memchr(p, '\n', most);
		size_t run = lf ? (size_t)(lf - p) : most;

		memcpy(block + n, p, run);
		n += run;
		used += run + (lf != NULL);
		if (lf && run && p[run - 1] == '\r')
			n--;
	}
	*ret_n = n;
	return used;
}

bool wax_base64_decode(WaxBase64Decoder *d, WaxSpan in, uint8_t *out, size_t *ret_n, GError **error)
{
	uint8_t block[BLOCK], *start = out;

	while (in.n) {
		size_t n, used, whole;

		/* the rest of a group that was cut, and what comes after the end */
		if (d->n || d->ended) {
			if (!take_one(d, in.p[0], &out, error))
				return false;
			in = (WaxSpan){ in.p + 1, in.n - 1 };
			continue;
		}
		used = gather(in, block, &n);
		whole = wax_base64_groups_decode(block, n / 4, out);
		out += 3 * whole;
		for (size_t i = 4 * whole; i < n; i++)
			if (!take_one(d, block[i], &out, error))
				return false;
		in = (WaxSpan){ in.p + used, in.n - used };
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

/* put_characters - into lines of 76 with CRLF */
static uint8_t *put_characters(WaxBase64Encoder *e, const uint8_t *text, size_t n, uint8_t *out)
{
	while (n) {
		size_t run = MIN(n, (size_t)(LINE - e->column));

		if (run == LINE)
			memcpy(out, text, LINE); /* a constant: no call for each line */
		else
			memcpy(out, text, run);
		out += run;
		text += run;
		n -= run;
		e->column += (unsigned)run;
		if (e->column == LINE) {
			*out++ = '\r';
			*out++ = '\n';
			e->column = 0;
		}
	}
	return out;
}

static uint8_t *put_groups(WaxBase64Encoder *e, const uint8_t *p, size_t groups, uint8_t *out)
{
	uint8_t block[BLOCK];

	while (groups) {
		size_t some = MIN(groups, (size_t)(BLOCK / 4));

		wax_base64_groups_encode(p, some, block);
		out = put_characters(e, block, 4 * some, out);
		p += 3 * some;
		groups -= some;
	}
	return out;
}

size_t wax_base64_encode(WaxBase64Encoder *e, WaxSpan in, uint8_t *out)
{
	uint8_t *start = out;
	size_t i = 0, groups;

	while (e->n && e->n < 3 && i < in.n)
		e->held[e->n++] = in.p[i++];
	if (e->n == 3) {
		out = put_groups(e, e->held, 1, out);
		e->n = 0;
	}
	groups = e->n ? 0 : (in.n - i) / 3;
	out = put_groups(e, in.p + i, groups, out);
	i += 3 * groups;
	while (i < in.n)
		e->held[e->n++] = in.p[i++];
	return (size_t)(out - start);
}

size_t wax_base64_encode_end(WaxBase64Encoder *e, uint8_t *out)
{
	uint8_t *start = out;

	if (e->n) {
		uint8_t last[3] = { e->held[0], e->n > 1 ? e->held[1] : 0, 0 }, group[4];

		wax_base64_groups_encode(last, 1, group);
		group[3] = '=';
		if (e->n == 1)
			group[2] = '=';
		out = put_characters(e, group, 4, out);
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
