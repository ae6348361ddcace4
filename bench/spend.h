/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the programs that work in one process are measured, all alike: something is done until so
 * many seconds of processor time are spent.  bench/run asks them in turns over their standard
 * input, a line each, and they stay warm in between:
 *
 *	JOB OCTETS SECONDS	->	RUNS CPU-SECONDS, or "missing"
 */
#ifndef WAX_BENCH_SPEND_H
#define WAX_BENCH_SPEND_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/cost.h"

typedef struct {
	unsigned runs;
	double seconds;
} Spent;

/* spend - at least once, until `seconds` are over; with `exactly`, so many times */
static inline Spent spend(void (*once)(void *), void *data, double seconds, unsigned exactly)
{
	double start = cpu_seconds();
	Spent spent = { 0, 0 };

	do {
		once(data);
		spent.runs++;
		spent.seconds = cpu_seconds() - start;
	} while (exactly ? spent.runs < exactly : spent.seconds < seconds);
	return spent;
}

/* serve - answers until the input ends; `measure` is false for a job it does not know */
static inline void serve(bool (*measure)(const char *job, size_t n, double seconds, Spent *ret_spent))
{
	char job[64];
	size_t n;
	double seconds;
	Spent spent;

	while (scanf("%63s %zu %lf", job, &n, &seconds) == 3) {
		if (measure(job, n, seconds, &spent))
			printf("%u %.9f\n", spent.runs, spent.seconds);
		else
			puts("missing");
		fflush(stdout);
	}
}

#endif
