/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/secret.h"

/* locked_pages - of this process, in KiB; -1 where the kernel does not say */
static long locked_pages(void)
{
	g_autofree char *status = NULL;
	const char *line;

	if (!g_file_get_contents("/proc/self/status", &status, NULL, NULL))
		return -1;
	line = strstr(status, "VmLck:");
	return line ? strtol(line + 6, NULL, 10) : -1;
}

/* tight_for_a_while - 0: what was made after the limit was raised again is locked */
static int tight_for_a_while(void)
{
	struct rlimit before, none;
	WaxSecret *secret;
	long locked;

	if (getrlimit(RLIMIT_MEMLOCK, &before) != 0 || before.rlim_cur < 1024 * 1024 ||
		(geteuid() == 0 && setuid(65534) != 0))
		return 77;
	secret = wax_secret_new(1024 * 1024 / 2);
	locked = locked_pages();
	wax_secret_free(secret);
	if (locked <= 0)
		return 77; /* nothing is locked here, as under a sanitizer */
	none = before;
	none.rlim_cur = 0;
	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || locked_pages() != 0)
		return 77;
	secret = wax_secret_new(32);
	if (locked_pages() != 0)
		return 77; /* the limit does not count here */
	wax_secret_free(secret);
	if (setrlimit(RLIMIT_MEMLOCK, &before) != 0)
		return 77;
	secret = wax_secret_new(32);
	locked = locked_pages();
	wax_secret_free(secret);
	return locked > 0 ? 0 : 1;
}

/* a page that could not be locked once is not handed out again and again */
static void a_page_that_is_not_locked_is_not_kept(void **state)
{
	pid_t child = fork();
	int status;
	(void)state;

	if (child == 0)
		_exit(tight_for_a_while());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_that_is_not_locked_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
