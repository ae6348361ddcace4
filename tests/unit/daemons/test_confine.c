/* SPDX-License-Identifier: Apache-2.0 */
/* L-19: what a message may cost, just below and just above; each in a process of its own, which the kernel ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemons/confine.h"

#define MIB ((size_t)1024 * 1024)

static double seconds_used(void)
{
	struct rusage used;

	(void)getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* burn - processor time, not time: other processes make no difference */
static void burn(double seconds)
{
	double end = seconds_used() + seconds;

	while (seconds_used() < end)
		;
}

typedef struct {
	unsigned allowed;
	double spent;
	int signal; /* that ends it; 0: none */
} Budget;

static void processor_time_is_counted_from_the_message_on(void **state)
{
	static const Budget rows[] = { { 3, 1.0, 0 }, { 0, 6.0, SIGXCPU }, { 1, 8.0, SIGXCPU } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			burn(0.3); /* of the message before */
			wax_confine_seconds(rows[i].allowed);
			burn(rows[i].spent);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		if (rows[i].signal)
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == rows[i].signal);
		else
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

#ifndef __SANITIZE_ADDRESS__
static bool can_have(size_t octets)
{
	volatile char *p = malloc(octets);
	bool got = p != NULL;

	for (size_t i = 0; got && i < octets; i += 4096)
		p[i] = 1;
	free((void *)(uintptr_t)p);
	return got;
}

static void a_worker_has_64_mebioctets(void **state)
{
	static const struct {
		size_t octets;
		bool given;
	} rows[] = { { 56 * MIB, true }, { 65 * MIB, false } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			(void)wax_confine(WAX_CONFINE_MAILD, NULL);
			_exit(can_have(rows[i].octets) == rows[i].given ? 0 : 1);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processor_time_is_counted_from_the_message_on),
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(a_worker_has_64_mebioctets),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
