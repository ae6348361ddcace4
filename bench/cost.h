/* SPDX-License-Identifier: Apache-2.0 */
/* What this process has cost so far, in seconds of processor time: user and system. */
#ifndef WAX_BENCH_COST_H
#define WAX_BENCH_COST_H

#include <sys/resource.h>

static inline double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
	       1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

#endif
