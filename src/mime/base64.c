/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/base64.h"

#include <glib.h>
#include <string.h>

#if defined __x86_64__
#include <immintrin.h>
#define HAS_AVX2 1
#else
#define HAS_AVX2 0
#endif

#define BAD 0xff

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static uint8_t values[256];
static uint16_t pairs[4096]; /* two characters for twelve bits, in the order of memory */
static bool vectors, portable_only;

static void prepare(void)
{
	static gsize once;

	if (!g_once_init_enter(&once))
		return;
	memset(values, BAD, sizeof values);
	for (unsigned i = 0; i < 64; i++)
		values[(uint8_t)alphabet[i]] = (uint8_t)i;
	for (unsigned i = 0; i < 4096; i++) {
		const char both[2] = { alphabet[i >> 6], alphabet[i & 63] };

		memcpy(&pairs[i], both, 2);
	}
#if HAS_AVX2
	vectors = __builtin_cpu_supports("avx2");
#endif
	g_once_init_leave(&once, 1);
}

void wax_base64_portable(bool portable)
{
	portable_only = portable;
}

#if HAS_AVX2
/* encode_24 - each lane takes twelve octets; every six bits go to an octet of their own */
__attribute__((target("avx2"))) static inline __m256i encode_24(const uint8_t *in)
{
	const __m256i spread = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,
		1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
	const __m256i shift = _mm256_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
		'0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A',
		0, 0, 'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
		'0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
	__m128i low = _mm_loadu_si128((const __m128i *)(const void *)in);
	__m128i high = _mm_loadu_si128((const __m128i *)(const void *)(in + 12));
	__m256i x = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), spread);
	__m256i odd = _mm256_mulhi_epu16(
		_mm256_and_si256(x, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
	__m256i even = _mm256_mullo_epi16(
		_mm256_and_si256(x, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
	__m256i six = _mm256_or_si256(odd, even);
	/* 0 for a..z, 1 to 12 for what follows, 13 for A..Z: the row of `shift` */
	__m256i row = _mm256_subs_epu8(six, _mm256_set1_epi8(51));
	__m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), six);

	row = _mm256_or_si256(row, _mm256_and_si256(upper, _mm256_set1_epi8(13)));
	return _mm256_add_epi8(six, _mm256_shuffle_epi8(shift, row));
}

__attribute__((target("avx2"))) static size_t encode_vectors(
	const uint8_t *in, size_t groups, uint8_t *out)
{
	size_t done = 0;

	/* 28 octets are loaded for 24 that are used */
	for (; groups - done >= 10; done += 8)
		_mm256_storeu_si256((__m256i *)(void *)(out + done * 4), encode_24(in + done * 3));
	return done;
}

__attribute__((target("avx2"))) static size_t decode_vectors(
	const uint8_t *in, size_t groups, uint8_t *out)
{
	/* bits of `low` and `high` meet where a character is none of base64 */
	const __m256i low_table = _mm256_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
		0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a, 0x15, 0x11, 0x11, 0x11, 0x11, 0x11,
		0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
	const __m256i high_table = _mm256_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08,
		0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x01, 0x02, 0x04, 0x08,
		0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
	const __m256i roll = _mm256_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m256i pack = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1,
		-1, 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
	const __m256i nibble = _mm256_set1_epi8(0x2f);
	size_t done = 0;

	/* 32 octets are stored for 24 that count */
	for (; groups - done >= 11; done += 8) {
		__m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(in + done * 4));
		__m256i high = _mm256_and_si256(_mm256_srli_epi32(x, 4), nibble);
		__m256i low = _mm256_and_si256(x, nibble);
		__m256i slash = _mm256_cmpeq_epi8(x, nibble);

		if (!_mm256_testz_si256(_mm256_shuffle_epi8(low_table, low),
			    _mm256_shuffle_epi8(high_table, high)))
			break;
		x = _mm256_add_epi8(x, _mm256_shuffle_epi8(roll, _mm256_add_epi8(slash, high)));
		x = _mm256_maddubs_epi16(x, _mm256_set1_epi32(0x01400140));
		x = _mm256_madd_epi16(x, _mm256_set1_epi32(0x00011000));
		x = _mm256_shuffle_epi8(x, pack);
		x = _mm256_permutevar8x32_epi32(x, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
		_mm256_storeu_si256((__m256i *)(void *)(out + done * 3), x);
	}
	return done;
}
#endif

static bool use_vectors(void)
{
	prepare();
	return vectors && !portable_only;
}

void wax_base64_groups_encode(const uint8_t *in, size_t groups, uint8_t *out)
{
	size_t done = 0;

	if (use_vectors()) {
#if HAS_AVX2
		done = encode_vectors(in, groups, out);
#endif
	}
	for (; done < groups; done++) {
		const uint8_t *p = in + done * 3;
		uint32_t group = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

		memcpy(out + done * 4, &pairs[group >> 12], 2);
		memcpy(out + done * 4 + 2, &pairs[group & 0xfff], 2);
	}
}

size_t wax_base64_groups_decode(const uint8_t *in, size_t groups, uint8_t *out)
{
	size_t done = 0;

	if (use_vectors()) {
#if HAS_AVX2
		done = decode_vectors(in, groups, out);
#endif
	}
	for (; done < groups; done++) {
		const uint8_t *p = in + done * 4;
		uint8_t a = values[p[0]], b = values[p[1]], c = values[p[2]], d = values[p[3]];
		uint32_t group;

		if ((a | b | c | d) & 0xc0)
			break;
		group = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | d;
		out[done * 3] = (uint8_t)(group >> 16);
		out[done * 3 + 1] = (uint8_t)(group >> 8);
		out[done * 3 + 2] = (uint8_t)group;
	}
	return done;
}
