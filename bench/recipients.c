/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: recipients FOLDER [COUNT [ROUNDS]]
 * What opening a message for COUNT recipients (1,000) costs beyond its content, Ann being the
 * first of them, in the middle, the last, or none: the same message for her alone is taken away.
 * One process, 10 KB, RSA-OAEP and AES-256-GCM, the others' certificates are like hers; medians of
 * the rounds, taken in turns.  bench/work-keys fills FOLDER.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/people.h"
#include "bench/spend.h"
#include "core/clock.h"
#include "smime/open.h"
#include "smime/seal.h"

#define PLACES 5 /* alone, first, middle, last, nobody */

static People people;
static GByteArray *messages[PLACES];

static bool append(void *data, WaxSpan bytes, GError **error)
{
	(void)error;
	g_byte_array_append(data, bytes.p, (guint)bytes.n);
	return true;
}

static bool count_octets(void *data, WaxSpan bytes, GError **error)
{
	(void)error;
	*(size_t *)data += bytes.n;
	return true;
}

static GByteArray *seal(const GByteArray *letter, GPtrArray *to)
{
	GByteArray *sealed = g_byte_array_new();
	WaxSource source = wax_source_span(WAX_SPAN(letter->data, letter->len));
	WaxSink sink = { append, sealed };
	WaxSealOptions options = { .recipients = to,
		.cipher = WAX_CIPHER_AES256_GCM,
		.oaep = true,
		.now = wax_clock_now() };
	GError *error = NULL;

	must(wax_seal(&source, &options, &sink, &error), error, "seal");
	return sealed;
}

static void open_once(void *data)
{
	unsigned place = *(const unsigned *)data;
	const GByteArray *message = messages[place];
	WaxSource source = wax_source_span(WAX_SPAN(message->data, message->len));
	WaxUnwrapper keys = wax_keyring_unwrapper(people.ring);
	WaxOpenOptions options = { .keys = &keys, .anchors = people.anchors, .at = wax_clock_now() };
	g_autoptr(WaxOpened) opened = NULL;
	size_t got = 0;
	WaxSink sink = { count_octets, &got };
	GError *error = NULL;

	must(wax_open_judge(&source, &options, &opened, &error), error, "open");
	must(wax_opened_has_payload(opened) == (place + 1 < PLACES), NULL, "who may open it");
	if (place + 1 == PLACES)
		return;
	must(wax_opened_emit(opened, &sink, &error) && got > 10000, error, "emit");
}

static void make_messages(unsigned count)
{
	GByteArray *letter = people_letter(10000);
	WaxCert *ann = people_ann(&people, false)->cert;
	GPtrArray *others = g_ptr_array_new();
	const unsigned at[PLACES] = { 0, 0, count / 2, count - 1, 0 };

	for (unsigned i = 0; i < count; i++)
		g_ptr_array_add(others, people_issue(&people, false, people.ca_certs[0]));
	for (unsigned place = 0; place < PLACES; place++) {
		g_autoptr(GPtrArray) to = g_ptr_array_new();

		for (unsigned i = 0; i < (place ? count : 1); i++)
			g_ptr_array_add(to, place + 1 < PLACES && i == at[place] ? ann : others->pdata[i]);
		messages[place] = seal(letter, to);
	}
	g_byte_array_unref(letter);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static const char *const names[PLACES] = { "alone", "first", "middle", "last", "nobody" };
	unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
	unsigned rounds = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 9;
	double *times[PLACES];

	if (argc < 2 || !count || !rounds)
		return fputs("usage: recipients FOLDER [COUNT [ROUNDS]]\n", stderr), 64;
	people_load(&people, argv[1]);
	make_messages(count);
	for (unsigned place = 0; place < PLACES; place++)
		times[place] = g_new(double, rounds);
	for (unsigned round = 0; round < rounds; round++)
		for (unsigned place = 0; place < PLACES; place++) {
			Spent spent = spend(open_once, &place, 0.05, 0);

			times[place][round] = 1e3 * spent.seconds / spent.runs;
		}
	printf("%u recipients, %u rounds, CPU time\n%-8s %10s %14s\n", count, rounds, "place", "ms",
		"beyond alone");
	for (unsigned place = 0; place < PLACES; place++) {
		qsort(times[place], rounds, sizeof(double), ascending);
		printf("%-8s %10.3f %14.3f\n", names[place], times[place][rounds / 2],
			times[place][rounds / 2] - times[0][rounds / 2]);
	}
	return 0;
}
