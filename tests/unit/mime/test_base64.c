/* SPDX-License-Identifier: Apache-2.0 */
/* The fast way gives what the plain one gives, whatever the length, the cut and the octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mime/base64.h"
#include "mime/transfer.h"

#define MOST 5000

static uint64_t state = 88172645463325252u;

static uint8_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint8_t)state;
}

/* every octet value, each length, exactly the room that is promised */
static void both_ways_encode_and_decode_alike(void **unused)
{
	(void)unused;

	for (size_t n = 0; n < 400; n++) {
		size_t groups = n;
		g_autofree uint8_t *in = g_malloc(3 * groups + 1), *a = g_malloc(4 * groups + 1);
		g_autofree uint8_t *b = g_malloc(4 * groups + 1), *back = g_malloc(3 * groups + 1);

		for (size_t i = 0; i < 3 * groups; i++)
			in[i] = next();
		wax_base64_portable(true);
		wax_base64_groups_encode(in, groups, a);
		wax_base64_portable(false);
		wax_base64_groups_encode(in, groups, b);
		assert_memory_equal(a, b, 4 * groups);
		assert_int_equal(wax_base64_groups_decode(b, groups, back), groups);
		assert_memory_equal(back, in, 3 * groups);
	}
}

/* each of the 256 octets in each place of a vector: taken or refused alike */
static void both_ways_refuse_alike(void **unused)
{
	enum { GROUPS = 24 };
	uint8_t text[4 * GROUPS], a[3 * GROUPS], b[3 * GROUPS];
	(void)unused;

	for (size_t at = 0; at < sizeof text; at++)
		for (unsigned c = 0; c < 256; c++) {
			size_t plain, fast;

			memset(text, 'Q', sizeof text);
			text[at] = (uint8_t)c;
			wax_base64_portable(true);
			plain = wax_base64_groups_decode(text, GROUPS, a);
			wax_base64_portable(false);
			fast = wax_base64_groups_decode(text, GROUPS, b);
			assert_int_equal(plain, fast);
			assert_memory_equal(a, b, 3 * fast);
		}
}

static size_t encode_cut(const uint8_t *in, size_t n, size_t piece, uint8_t *out)
{
	WaxBase64Encoder encoder = { { 0 }, 0, 0 };
	size_t m = 0;

	for (size_t at = 0; at < n; at += piece)
		m += wax_base64_encode(&encoder, WAX_SPAN(in + at, MIN(piece, n - at)), out + m);
	return m + wax_base64_encode_end(&encoder, out + m);
}

static bool decode_cut(const uint8_t *in, size_t n, size_t piece, GByteArray *out)
{
	WaxBase64Decoder decoder = { 0 };

	for (size_t at = 0; at < n; at += piece) {
		size_t some = MIN(piece, n - at), got;
		g_autofree uint8_t *room = g_malloc(some / 4 * 3 + 3); /* as promised: ASan looks */

		if (!wax_base64_decode(&decoder, WAX_SPAN(in + at, some), room, &got, NULL))
			return false;
		g_byte_array_append(out, room, (guint)got);
	}
	return wax_base64_decode_end(&decoder, NULL);
}

static void streams_are_the_same_however_they_are_cut(void **unused)
{
	static const size_t pieces[] = { 1, 2, 3, 5, 57, 76, 77, 78, 79, 1000, MOST };
	static uint8_t in[MOST], text[2 * MOST], other[2 * MOST];
	(void)unused;

	for (size_t i = 0; i < MOST; i++)
		in[i] = next();
	for (size_t n = 0; n < MOST; n += n < 120 ? 1 : 977) {
		size_t m = encode_cut(in, n, MOST, text);

		assert_int_equal(m, wax_base64_size(n));
		for (size_t k = 0; k < m; k++)
			assert_true(text[k] != '\n' || (k % 78 == 77 || k == m - 1));
		for (size_t p = 0; p < G_N_ELEMENTS(pieces); p++) {
			g_autoptr(GByteArray) back = g_byte_array_new();

			assert_int_equal(encode_cut(in, n, pieces[p], other), m);
			assert_memory_equal(text, other, m);
			assert_true(decode_cut(text, m, pieces[p], back));
			assert_int_equal(back->len, n);
			assert_memory_equal(back->data, in, n);
		}
	}
}

/* SMIME.md L-20: lines of any length and white space anywhere, and nothing else */
static void lines_may_be_odd_and_nothing_else(void **unused)
{
	static const struct {
		const char *text;
		const char *meant; /* NULL: refused */
	} rows[] = {
		{ "aGVsbG8gd29ybGQ=", "hello world" },
		{ "aGVs\nbG8gd29y\rbGQ=\r\n\r\n", "hello world" },
		{ " a G\tV s bG8gd29ybGQ = \n", "hello world" },
		{ "aGVsbG8gd29ybGQh", "hello world!" },
		{ "aGVsbG8gd29ybA==", "hello worl" },
		{ "aGVsbG8gd29ybA=\n=", "hello worl" },
		{ "aGVsbG8gd29ybA=", NULL },
		{ "aGVsbG8gd29ybGQ", NULL },
		{ "aGVsbG8gd29ybGQ==", NULL },
		{ "aGVsbG8gd29ybGQ=aGVs", NULL },
		{ "aGVs*G8gd29ybGQ=", NULL },
		{ "aGVs-G8gd29ybGQ=", NULL },
		{ "a===", NULL },
		{ "=", NULL },
		{ "", "" },
	};
	(void)unused;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		for (size_t piece = 1; piece < 20; piece++) {
			g_autoptr(GByteArray) got = g_byte_array_new();
			bool ok = decode_cut((const uint8_t *)rows[i].text, strlen(rows[i].text),
				piece, got);

			assert_int_equal(ok, rows[i].meant != NULL);
			if (ok) {
				assert_int_equal(got->len, strlen(rows[i].meant));
				assert_memory_equal(got->data, rows[i].meant, got->len);
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_encode_and_decode_alike),
		cmocka_unit_test(both_ways_refuse_alike),
		cmocka_unit_test(streams_are_the_same_however_they_are_cut),
		cmocka_unit_test(lines_may_be_odd_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
