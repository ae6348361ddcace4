/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: failures IDENTITY TRIES MESSAGE... - does the time of a refusal tell why? (Q-05, T-29)
 * The messages are opened in turns, in a fresh order each round, in this process alone.  Prints
 * for each the quartiles of its times, and how often a message drawn at random took longer than
 * one of the first kind: 0.50 tells nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/io.h"
#include "smime/open.h"

typedef struct {
	GByteArray *octets;
	double *times;
} Kind;

static void must(bool good, const GError *error)
{
	if (good)
		return;
	fprintf(stderr, "failures: %s\n", error ? error->message : "a message was opened");
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double open_once(const Kind *kind, WaxOpenOptions *options)
{
	WaxSource source = wax_source_span(WAX_SPAN(kind->octets->data, kind->octets->len));
	g_autoptr(WaxOpened) opened = NULL;
	g_autoptr(GError) error = NULL;
	double began = now(), took;

	must(wax_open_judge(&source, options, &opened, &error), error);
	took = now() - began;
	must(!wax_opened_has_payload(opened), NULL);
	return took;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* both sorted: how often one of `a` exceeds one of `b` */
static double exceeds(const double *a, const double *b, unsigned n)
{
	double sum = 0;

	for (unsigned i = 0, below = 0; i < n; i++) {
		while (below < n && b[below] < a[i])
			below++;
		sum += below;
	}
	return sum / n / n;
}

int main(int argc, char **argv)
{
	g_autoptr(WaxKeyring) keyring = wax_keyring_new();
	g_autoptr(GPtrArray) anchors = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	unsigned tries = argc > 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0, count = argc > 3 ? (unsigned)argc - 3 : 0;
	g_autofree Kind *kinds = g_new0(Kind, count + 1);
	g_autofree unsigned *order = g_new0(unsigned, count + 1);
	WaxUnwrapper keys;
	WaxOpenOptions options;

	if (!tries)
		return fputs("usage: failures IDENTITY TRIES MESSAGE...\n", stderr), 64;
	must(wax_keyring_load(keyring, argv[1], NULL, &error), error);
	keys = wax_keyring_unwrapper(keyring);
	options = (WaxOpenOptions){ .keys = &keys, .anchors = anchors, .at = 1800000000 };
	for (unsigned k = 0; k < count; k++) {
		must(wax_io_load(argv[k + 3], 1024 * 1024, &kinds[k].octets, &error), error);
		kinds[k].times = g_new(double, tries);
		order[k] = k;
	}
	for (unsigned i = 0; i < tries; i++) {
		for (unsigned k = count; k > 1; k--) {
			unsigned other = (unsigned)g_random_int_range(0, (gint32)k), keep = order[k - 1];

			order[k - 1] = order[other];
			order[other] = keep;
		}
		for (unsigned k = 0; k < count; k++)
			kinds[order[k]].times[i] = open_once(&kinds[order[k]], &options);
	}
	for (unsigned k = 0; k < count; k++)
		qsort(kinds[k].times, tries, sizeof(double), ascending);
	for (unsigned k = 0; k < count; k++)
		printf("%-28s %8.1f %8.1f %8.1f us  %.3f\n", strrchr(argv[k + 3], '/') + 1, kinds[k].times[tries / 4],
			kinds[k].times[tries / 2], kinds[k].times[tries * 3 / 4],
			exceeds(kinds[k].times, kinds[0].times, tries));
	for (unsigned k = 0; k < count; k++) {
		g_byte_array_unref(kinds[k].octets);
		g_free(kinds[k].times);
	}
	return 0;
}
