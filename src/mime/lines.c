/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/lines.h"

#include <string.h>

#if defined __x86_64__
#include <immintrin.h>
#define HAS_AVX2 1
#else
#define HAS_AVX2 0
#endif

#define BLOCK 32

static bool portable_only;

void wax_lines_portable(bool portable)
{
	portable_only = portable;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

#if HAS_AVX2
static bool has_vectors(void)
{
	return !portable_only && __builtin_cpu_supports("avx2");
}

/* one bit for each octet of a block */
typedef struct {
	uint32_t lf, cr, blank, from, never; /* never: NUL or above 127 */
} Block;

#define EQUALS(v, c) (uint32_t) _mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(c)))

__attribute__((target("avx2"))) static inline Block block_at(const uint8_t *p)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);

	return (Block){ .lf = EQUALS(v, '\n'),
		.cr = EQUALS(v, '\r'),
		.blank = EQUALS(v, ' ') | EQUALS(v, '\t'),
		.from = EQUALS(v, 'F'),
		.never = EQUALS(v, 0) | (uint32_t)_mm256_movemask_epi8(v) };
}

/* starts_from - is one of these octets, each the first of a line, that of "From "? */
static bool starts_from(const uint8_t *p, size_t n, uint32_t at)
{
	for (; at; at &= at - 1) {
		size_t i = (size_t)__builtin_ctz(at);

		if (n - i < 5 || memcmp(p + i, "From ", 5) == 0)
			return true;
	}
	return false;
}

/*
 * clean_lines - octets of whole lines at the front in which there is nothing to find; the piece
 * begins with a line
 */
__attribute__((target("avx2"))) static size_t clean_lines(const uint8_t *p, size_t n)
{
	uint32_t lf = 1, cr = 0, blank = 0; /* the bit of the octet before this block */
	size_t line = 0;

	for (size_t i = 0; n - i >= BLOCK; i += BLOCK) {
		Block b = block_at(p + i);
		uint32_t starts = b.from & (b.lf << 1 | lf);

		if (b.never | (b.lf ^ (b.cr << 1 | cr)) | (b.cr & (b.blank << 1 | blank)))
			return line;
		if (starts && starts_from(p + i, n - i, starts))
			return line;
		if (i + (b.lf ? (size_t)__builtin_ctz(b.lf) : BLOCK - 1) - line > WAX_LINE_MOST + 1)
			return line;
		if (b.lf)
			line = i + BLOCK - (size_t)__builtin_clz(b.lf);
		lf = b.lf >> (BLOCK - 1);
		cr = b.cr >> (BLOCK - 1);
		blank = b.blank >> (BLOCK - 1);
	}
	return line;
}

__attribute__((target("avx2"))) static size_t canonical_blocks(
	const uint8_t *p, size_t n, uint32_t *cr)
{
	size_t i = 0;

	for (; n - i >= BLOCK; i += BLOCK) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
		uint32_t ends = EQUALS(v, '\r');

		if (EQUALS(v, '\n') & ~(ends << 1 | *cr))
			break;
		*cr = ends >> (BLOCK - 1);
	}
	return i;
}
#else
static bool has_vectors(void)
{
	return false;
}

static size_t clean_lines(const uint8_t *p, size_t n)
{
	(void)p;
	(void)n;
	return 0;
}

static size_t canonical_blocks(const uint8_t *p, size_t n, uint32_t *cr)
{
	(void)p;
	(void)n;
	(void)cr;
	return 0;
}
#endif

bool wax_lines_canonical(WaxSpan piece, bool cr)
{
	uint32_t before = cr;
	size_t i = has_vectors() ? canonical_blocks(piece.p, piece.n, &before) : 0;
	const uint8_t *lf;

	while ((lf = memchr(piece.p + i, '\n', piece.n - i))) {
		if (lf == piece.p + i ? !before : lf[-1] != '\r')
			return false;
		before = 0;
		i = (size_t)(lf - piece.p) + 1;
	}
	return true;
}

/* look_at_run - octets of one line, none of them LF; CRs that end it may be the line's end */
static void look_at_run(WaxLines *l, const uint8_t *p, size_t n)
{
	size_t text = n;
	uint8_t high = 0;

	for (size_t k = 0; k < n; k++)
		high |= p[k];
	l->found.eight_bit = l->found.eight_bit || high & 0x80;
	l->found.control = l->found.control || memchr(p, 0, n) != NULL;
	while (text && p[text - 1] == '\r')
		text--;
	if (n - text > 1 || (n > text && l->previous == '\r' && text == 0))
		l->found.bare_lf = true;
	if (text && (l->previous == '\r' || memchr(p, '\r', text)))
		l->found.control = true;
	for (size_t k = 0; k < text && l->column + k < 5; k++)
		l->start[l->column + k] = p[k];
	l->column += text;
	if (l->column >= 5 && memcmp(l->start, "From ", 5) == 0)
		l->found.from_line = true;
	l->found.long_line = l->found.long_line || l->column > WAX_LINE_MOST;
	if (text)
		l->last = p[text - 1];
	if (n)
		l->previous = p[n - 1];
}

static void look_at_end(WaxLines *l)
{
	l->found.bare_lf = l->found.bare_lf || l->previous != '\r';
	l->found.trailing_blank = l->found.trailing_blank || is_blank(l->last);
	l->last = 0;
	l->column = 0;
	l->previous = '\n';
}

void wax_lines_begin(WaxLines *lines)
{
	*lines = (WaxLines){ .previous = '\n' };
}

void wax_lines_look(WaxLines *lines, WaxSpan piece)
{
	bool vectors = has_vectors();
	const uint8_t *p = piece.p;
	size_t n = piece.n;

	while (n) {
		size_t clean = vectors && lines->previous == '\n' ? clean_lines(p, n) : 0, run;
		const uint8_t *lf;

		p += clean;
		n -= clean;
		/* a text of faults is not begun again in blocks at each of its lines */
		vectors = vectors && (lines->previous != '\n' || clean);
		lf = n ? memchr(p, '\n', n) : NULL;
		run = lf ? (size_t)(lf - p) : n;
		look_at_run(lines, p, run);
		if (lf)
			look_at_end(lines);
		p += run + (lf != NULL);
		n -= run + (lf != NULL);
	}
}

WaxFindings wax_lines_end(WaxLines *lines)
{
	WaxFindings found = lines->found;

	found.trailing_blank = found.trailing_blank || is_blank(lines->last);
	/* a CR at the very end becomes a line end */
	found.bare_lf = found.bare_lf || lines->previous == '\r';
	return found;
}
