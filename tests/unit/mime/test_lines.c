/* SPDX-License-Identifier: Apache-2.0 */
/* What lines hold is found alike in blocks and octet by octet, however the text is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "mime/lines.h"

static WaxFindings look(WaxSpan text, size_t piece)
{
	WaxLines lines;

	wax_lines_begin(&lines);
	for (size_t at = 0; at < text.n; at += piece)
		wax_lines_look(&lines, WAX_SPAN(text.p + at, MIN(piece, text.n - at)));
	return wax_lines_end(&lines);
}

static bool same(WaxFindings a, WaxFindings b)
{
	return a.eight_bit == b.eight_bit && a.control == b.control && a.bare_lf == b.bare_lf && a.long_line == b.long_line &&
	       a.trailing_blank == b.trailing_blank && a.from_line == b.from_line;
}

/* `fault` stands alone at each place of a clean text of several blocks */
static void each_fault_is_found_everywhere(void **state)
{
	static const struct {
		const char *fault;
		size_t n;
		WaxFindings found;
	} rows[] = {
		{ "", 0, { 0 } },
		{ "\xe9", 1, { .eight_bit = true } },
		{ "\0", 1, { .control = true } },
		{ "\n", 1, { .bare_lf = true } },
		{ " \r\n", 3, { .trailing_blank = true } },
		{ "\t\r\n", 3, { .trailing_blank = true } },
		{ "\rx", 2, { .control = true } },
		{ "\r\nFrom x", 8, { .from_line = true } },
		{ "\r\nFrom", 6, { 0 } },
		{ "\r\nFrost", 7, { 0 } },
	};
	(void)state;

	for (size_t r = 0; r < G_N_ELEMENTS(rows); r++)
		for (size_t at = 1; at < 200; at++) {
			g_autoptr(GString) text = g_string_new(NULL);
			WaxSpan span;

			for (size_t i = 0; i < at; i++)
				g_string_append_c(text, 'a');
			g_string_append_len(text, rows[r].fault, (gssize)rows[r].n);
			for (size_t i = 0; i < 120; i++)
				g_string_append_c(text, 'F');
			g_string_append(text, "\r\n");
			span = WAX_SPAN(text->str, text->len);
			assert_true(same(look(span, text->len), rows[r].found));
			assert_true(same(look(span, 7), rows[r].found));
		}
}

/* each fault alone, in a long text */
static void a_fault_in_a_long_text_is_found(void **state)
{
	static const struct {
		const char *fault;
		size_t n;
		WaxFindings found;
	} rows[] = {
		{ "x", 1, { 0 } },
		{ "\xe9", 1, { .eight_bit = true } },
		{ "\0", 1, { .control = true } },
		{ "\n", 1, { .bare_lf = true } },
		{ " \r\n", 3, { .trailing_blank = true } },
		{ "\rx", 2, { .control = true } },
		{ "\r\nFrom x", 8, { .from_line = true } },
	};
	(void)state;

	for (size_t r = 0; r < G_N_ELEMENTS(rows); r++)
		for (size_t at = 0; at < 8000; at += 37) {
			g_autoptr(GString) text = g_string_new(NULL);
			WaxSpan span;

			for (size_t i = 0; i < 9000; i++) {
				if (i == at)
					g_string_append_len(text, rows[r].fault, (gssize)rows[r].n);
				g_string_append_len(text, i % 61 == 60 ? "\r\n" : "b", i % 61 == 60 ? 2 : 1);
			}
			span = WAX_SPAN(text->str, text->len);
			WaxFindings found = look(span, text->len);

			/* an octet before the very first, or between CR and LF, may say more */
			assert_true(!rows[r].found.eight_bit || found.eight_bit);
			wax_lines_portable(true);
			assert_true(same(found, look(span, text->len)));
			wax_lines_portable(false);
			assert_true(at % 61 == 0 || at % 61 == 60 || same(found, rows[r].found));
		}
}

static void long_lines_are_counted_to_the_octet(void **state)
{
	(void)state;
	for (size_t before = 0; before < 70; before += 3)
		for (size_t n = 997; n < 1001; n++) {
			g_autoptr(GString) text = g_string_new(NULL);

			for (size_t i = 0; i < before; i++)
				g_string_append_c(text, 'x');
			g_string_append(text, "\r\n");
			for (size_t i = 0; i < n; i++)
				g_string_append_c(text, 'x');
			g_string_append(text, "\r\nend\r\n");
			for (size_t i = 0; i < 64; i++)
				g_string_append_c(text, 'x');
			assert_int_equal(look(WAX_SPAN(text->str, text->len), text->len).long_line, n > 998);
		}
}

static void blocks_and_octets_agree(void **state)
{
	static const char *const words[] = { "\r\n", "\n", "\r", " ", "\t", "From ", "F", "plain words that are no fault", "\xc3\xa4", "\r\nFrom here",
		"0123456789012345678901234567890123456789012345678901234567890123456789012345\r\n", "\r\n\r\n" };
	g_autoptr(GRand) random = g_rand_new_with_seed(7);
	(void)state;

	for (int round = 0; round < 20000; round++) {
		g_autoptr(GString) text = g_string_new(NULL);
		int clean = g_rand_int_range(random, 0, 2);
		WaxFindings blocks, octets;
		bool canonical;

		for (int i = g_rand_int_range(random, 1, round % 16 ? 40 : 400); i > 0; i--)
			g_string_append(text, words[clean && g_rand_int_range(random, 0, round % 16 ? 8 : 200) ? 11 : g_rand_int_range(random, 0, G_N_ELEMENTS(words))]);
		WaxSpan span = WAX_SPAN(text->str, text->len);

		blocks = look(span, (size_t)g_rand_int_range(random, 1, (gint32)text->len + 1));
		canonical = wax_lines_canonical(span, false);
		wax_lines_portable(true);
		octets = look(span, text->len);
		assert_int_equal(wax_lines_canonical(span, false), canonical);
		wax_lines_portable(false);
		/* a CR inside of a line: encoded whatever else it holds */
		if (blocks.control && octets.control)
			blocks.from_line = octets.from_line = blocks.bare_lf = octets.bare_lf = false;
		assert_true(same(blocks, octets));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_is_found_everywhere),
		cmocka_unit_test(a_fault_in_a_long_text_is_found),
		cmocka_unit_test(long_lines_are_counted_to_the_octet),
		cmocka_unit_test(blocks_and_octets_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
