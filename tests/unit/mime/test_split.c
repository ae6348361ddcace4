/* SPDX-License-Identifier: Apache-2.0 */
/* The octets of a signed part are those that arrived, whatever they are and however they are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "mime/fields.h"
#include "mime/split.h"
#include "mime/transfer.h"

#define PARTS 64

static const char top[] = "From: a@b.example\r\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n"
			  "\tboundary=\"b=_1\"\r\n\r\npreamble\r\n--b=_1\r\n";
static const char second[] = "\r\n--b=_1\r\nContent-Type: application/pkcs7-signature\r\n\r\nMIIB";

#define BODY(text) { text, sizeof(text) - 1 }
static const struct {
	const char *bytes;
	size_t n;
} bodies[] = {
	BODY("Content-Type: text/plain\r\n\r\ntrailing blanks  \r\nand tabs\t\t\r\n \r\n"),
	BODY("Content-Type: text/plain\r\n\r\nmixed\rends\nof\r\nlines\n\r\r\n\n"),
	BODY("Content-Type: text/plain; charset=latin1\r\n\r\ncaf\xe9 \xff\xfe\r\n"),
	BODY("Content-Type: text/plain\r\n\r\nnul \0 inside\r\n"),
	BODY("Content-Type: text/plain;\r\n\t  charset=us-ascii\r\nX-Odd : strange\r\n\r\nodd\r\n"),
	BODY("\r\nno header at all\r\n"),
	BODY("Content-Type: text/plain\n\nLF\nonly\n"),
	BODY("Content-Type: text/plain\r\n\r\nFrom here\r\n.dot\r\n..\r\n"),
	BODY("Content-Type: text/plain\r\n\r\n--b=_1x is no boundary\r\n --b=_1\r\n"),
	BODY("Content-Type: text/plain\r\nthis line has no colon\r\nX: y\r\n\r\nbody\r\n"),
	BODY("Content-Type: text/plain\r\n\r\n"),
};

typedef struct {
	WaxPart parts[PARTS];
	uint32_t count;
} Seen;

/* split_in - feeds pieces of `piece` octets, the first of `first` */
static bool split_in(WaxSpan all, size_t first, size_t piece, Seen *seen)
{
	static uint8_t header[65536];
	WaxSplitLimits limits = { 8, sizeof header };
	WaxSplit *split = g_new0(WaxSplit, 1);
	size_t at = 0;
	bool ok = true;

	wax_split_init(split, seen->parts, PARTS, (WaxBuffer){ header, 0, sizeof header }, &limits);
	while (ok && at < all.n) {
		size_t n = MIN(at == 0 && first ? first : piece, all.n - at);

		ok = wax_split_feed(split, WAX_SPAN(all.p + at, n), NULL);
		at += n;
	}
	ok = ok && wax_split_finish(split, NULL);
	seen->count = split->count;
	g_free(split);
	return ok;
}

static GByteArray *message_of(WaxSpan body, const char *tail)
{
	GByteArray *all = g_byte_array_new();

	g_byte_array_append(all, (const uint8_t *)top, sizeof top - 1);
	g_byte_array_append(all, body.p, (guint)body.n);
	g_byte_array_append(all, (const uint8_t *)second, sizeof second - 1);
	g_byte_array_append(all, (const uint8_t *)tail, (guint)strlen(tail));
	return all;
}

static void check_exact(WaxSpan body, const char *tail, bool closed)
{
	g_autoptr(GByteArray) all = message_of(body, tail);
	WaxSpan span = WAX_SPAN(all->data, all->len);
	Seen whole, cut;

	assert_true(split_in(span, 0, span.n, &whole));
	assert_int_equal(whole.count, 3);
	assert_int_equal(whole.parts[1].start, sizeof top - 1);
	assert_int_equal(whole.parts[1].end - whole.parts[1].start, body.n);
	assert_memory_equal(all->data + whole.parts[1].start, body.p, body.n);
	assert_int_equal(whole.parts[0].closed, closed);
	assert_int_equal(whole.parts[0].has_preamble, true);
	if (span.n > 4000)
		return;
	for (size_t first = 0; first < span.n; first++) {
		memset(&cut, 0xee, sizeof cut);
		assert_true(split_in(span, first, first ? span.n : 1, &cut));
		assert_int_equal(cut.count, whole.count);
		for (uint32_t i = 0; i < whole.count; i++) {
			assert_int_equal(cut.parts[i].start, whole.parts[i].start);
			assert_int_equal(cut.parts[i].body, whole.parts[i].body);
			assert_int_equal(cut.parts[i].end, whole.parts[i].end);
		}
	}
}

static void signed_part_is_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
		WaxSpan body = WAX_SPAN(bodies[i].bytes, bodies[i].n);

		check_exact(body, "\r\n--b=_1--\r\n", true);
		check_exact(body, "\r\n--b=_1-- \t \r\nepilogue\r\n", true); /* blanks after the boundary */
		check_exact(body, "\r\n", false);                         /* no closing boundary */
	}
}

static void long_line_is_exact(void **state)
{
	g_autoptr(GByteArray) body = g_byte_array_new();

	(void)state;
	g_byte_array_append(body, (const uint8_t *)"Content-Type: text/plain\r\n\r\n", 28);
	for (int i = 0; i < 20000; i++)
		g_byte_array_append(body, (const uint8_t *)"x", 1);
	check_exact(WAX_SPAN(body->data, body->len), "\r\n--b=_1--\r\n", true);
	check_exact(WAX_SPAN(body->data, body->len), "", false);
}

static void third_part_and_epilogue_are_seen(void **state)
{
	g_autoptr(GByteArray) all = message_of(WAX_SPAN_LIT("\r\nx"), "\r\n--b=_1\r\n\r\nthird\r\n--b=_1--\r\nafter\r\n");
	Seen seen;

	(void)state;
	assert_true(split_in(WAX_SPAN(all->data, all->len), 0, all->len, &seen));
	assert_int_equal(seen.parts[0].children, 3);
	assert_true(seen.parts[0].has_epilogue);
}

/* whole pieces are skipped over where single octets are looked at: both must see the same parts */
static void pieces_and_octets_agree(void **state)
{
	static const char *const words[] = { "\r\n", "\n", "\r", "--", "-", "\n--", "\r\n--b=_1", "\r\n--b=_1\r\n", "\r\n--b=_1--\r\n",
		"\r\n\r\n", "\r\n--i\r\n", "\r\n--i--", "Content-Type: multipart/mixed; boundary=i\r\n\r\n", "\n-", " ",
		"a line of text that is longer than sixty-four octets, so that whole blocks are looked at\r\n" };
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	Seen whole, octets, cut;
	(void)state;

	for (int round = 0; round < 3000; round++) {
		g_autoptr(GString) text = g_string_new_len(top, sizeof top - 1);

		for (int i = g_rand_int_range(random, 0, 60); i > 0; i--)
			g_string_append(text, words[g_rand_int_range(random, 0, G_N_ELEMENTS(words))]);
		bool ok = split_in(WAX_SPAN(text->str, text->len), 0, text->len, &whole);

		assert_int_equal(split_in(WAX_SPAN(text->str, text->len), 0, 1, &octets), ok);
		assert_int_equal(split_in(WAX_SPAN(text->str, text->len), (size_t)g_rand_int_range(random, 1, (gint32)text->len), 71, &cut), ok);
		if (!ok)
			continue;
		assert_int_equal(whole.count, octets.count);
		assert_int_equal(whole.count, cut.count);
		for (uint32_t i = 0; i < whole.count; i++) {
			const WaxPart *a = &whole.parts[i], *b = &octets.parts[i], *c = &cut.parts[i];

			assert_true(a->start == b->start && a->body == b->body && a->end == b->end && a->closed == b->closed &&
				a->has_preamble == b->has_preamble && a->has_epilogue == b->has_epilogue && a->children == b->children);
			assert_true(a->start == c->start && a->body == c->body && a->end == c->end && a->closed == c->closed &&
				a->has_preamble == c->has_preamble && a->has_epilogue == c->has_epilogue && a->children == c->children);
		}
	}
}

static void bombs_are_refused(void **state)
{
	g_autoptr(GString) deep = g_string_new(NULL), wide = g_string_new("Content-Type: multipart/mixed; boundary=w\r\n\r\n");
	Seen seen;

	(void)state;
	for (int i = 0; i < 40; i++)
		g_string_append_printf(deep, "Content-Type: multipart/mixed; boundary=d%d\r\n\r\n--d%d\r\n", i, i);
	for (int i = 0; i < 2 * PARTS; i++)
		g_string_append(wide, "--w\r\n\r\n");
	assert_false(split_in(WAX_SPAN(deep->str, deep->len), 0, deep->len, &seen));
	assert_false(split_in(WAX_SPAN(wide->str, wide->len), 0, wide->len, &seen));
}

static void base64_survives_every_cut(void **state)
{
	uint8_t bytes[200], text[400], back[400];
	(void)state;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t n = 0; n <= sizeof bytes; n++) {
		WaxBase64Encoder encoder = { { 0 }, 0, 0 };
		size_t cut = n / 3, m = wax_base64_encode(&encoder, WAX_SPAN(bytes, cut), text), got, more;
		WaxBase64Decoder decoder = { 0 };

		m += wax_base64_encode(&encoder, WAX_SPAN(bytes + cut, n - cut), text + m);
		m += wax_base64_encode_end(&encoder, text + m);
		assert_int_equal(m, wax_base64_size(n));
		assert_true(wax_base64_decode(&decoder, WAX_SPAN(text, m / 2), back, &got, NULL));
		assert_true(wax_base64_decode(&decoder, WAX_SPAN(text + m / 2, m - m / 2), back + got, &more, NULL));
		assert_true(wax_base64_decode_end(&decoder, NULL));
		assert_int_equal(got + more, n);
		assert_memory_equal(back, bytes, n);
	}
}

static void bad_base64_is_refused(void **state)
{
	static const char *const bad[] = { "QUJ", "QQ=", "=QQ=", "QUJD=", "QU-D", "QQ==QQ==", "Q\x80JD" };
	uint8_t out[64];
	size_t n;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		WaxBase64Decoder decoder = { 0 };

		assert_false(wax_base64_decode(&decoder, WAX_SPAN(bad[i], strlen(bad[i])), out, &n, NULL) &&
			wax_base64_decode_end(&decoder, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signed_part_is_exact),
		cmocka_unit_test(long_line_is_exact),
		cmocka_unit_test(third_part_and_epilogue_are_seen),
		cmocka_unit_test(pieces_and_octets_agree),
		cmocka_unit_test(bombs_are_refused),
		cmocka_unit_test(base64_survives_every_cut),
		cmocka_unit_test(bad_base64_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
