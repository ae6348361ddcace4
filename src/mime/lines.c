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

#define SET(c)	     _mm256_set1_epi8(c)
#define EQUALS(v, c) (uint32_t) _mm256_movemask_epi8(_mm256_cmpeq_epi8(v, SET(c)))

__attribute__((target("avx2"))) static inline __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* faults - which of these octets, with the one before each, make a fault? */
__attribute__((target("avx2"))) static inline __m256i faults(__m256i v, __m256i before)
{
	__m256i lf = _mm256_cmpeq_epi8(v, SET('\n')), cr = _mm256_cmpeq_epi8(v, SET('\r'));
	__m256i after_cr = _mm256_cmpeq_epi8(before, SET('\r'));
	__m256i after_lf = _mm256_cmpeq_epi8(before, SET('\n'));
	__m256i after_blank = _mm256_or_si256(
		_mm256_cmpeq_epi8(before, SET(' ')), _mm256_cmpeq_epi8(before, SET('\t')));
	/* NUL, or above 127: all that is not greater than zero */
	__m256i never = _mm256_cmpeq_epi8(
		_mm256_cmpgt_epi8(v, _mm256_setzero_si256()), _mm256_setzero_si256());
	__m256i from = _mm256_and_si256(_mm256_cmpeq_epi8(v, SET('F')), after_lf);

	return _mm256_or_si256(_mm256_or_si256(never, _mm256_xor_si256(lf, after_cr)),
		_mm256_or_si256(_mm256_and_si256(cr, after_blank), from));
}

/* are_frost - all of these octets that are at fault are an F that begins a line, and no "From " */
static bool are_frost(const uint8_t *p, const uint8_t *before, size_t n, uint32_t at)
{
	for (; at; at &= at - 1) {
		size_t i = (size_t)__builtin_ctz(at);

		if (p[i] != 'F' || before[i] != '\n' || n - i < 5 || memcmp(p + i, "From ", 5) == 0)
			return false;
	}
	return true;
}

/* has_faults - the n octets from p begin with a block */
__attribute__((target("avx2"))) static inline bool has_faults(
	const uint8_t *p, const uint8_t *before, size_t n)
{
	__m256i found = faults(load(p), load(before));

	return !_mm256_testz_si256(found, found) &&
	       !are_frost(p, before, n, (uint32_t)_mm256_movemask_epi8(found));
}

/* octets among which a line must end, else they are looked at one by one: twice as many, and a block, fit a line */
#define STRIDE (15 * BLOCK)
_Static_assert(2 * STRIDE + BLOCK <= WAX_LINE_MOST, "lines of clean strides are not too long");

/* clean_octets - octets at the front in which there is nothing to find; a line begins with them */
__attribute__((target("avx2"))) static size_t clean_octets(const uint8_t *p, size_t n)
{
	uint8_t before[BLOCK] = { '\n' };
	size_t i = BLOCK;

	if (n < BLOCK + STRIDE)
		return 0;
	memcpy(before + 1, p, BLOCK - 1);
	if (has_faults(p, before, n))
		return 0;
	for (; n - i >= STRIDE; i += STRIDE) {
		__m256i ends = _mm256_setzero_si256();

		for (size_t k = i; k < i + STRIDE; k += BLOCK) {
			if (has_faults(p + k, p + k - 1, n - k))
				return k;
			ends = _mm256_or_si256(ends, _mm256_cmpeq_epi8(load(p + k), SET('\n')));
		}
		if (_mm256_testz_si256(ends, ends))
			return i;
	}
	return i;
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

static size_t clean_octets(const uint8_t *p, size_t n)
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

/* clean_lines - the same in whole lines */
static size_t clean_lines(const uint8_t *p, size_t n)
{
	size_t clean = clean_octets(p, n);

	while (clean && p[clean - 1] != '\n')
		clean--;
	return clean;
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
