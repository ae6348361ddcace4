/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/custodian/tries.h"

#include <unistd.h>

#include "core/clock.h"
#include "core/io.h"
#include "core/status.h"

#define FREE	 3		 /* wrong passphrases before each next one costs time */
#define WAIT_MAX (5 * 60 * 1000) /* ms */
#define MOST	 1000		 /* more are not told apart */

static void begin_waiting(WaxTries *tries)
{
	unsigned over;

	if (tries->wrong < FREE)
		return;
	over = MIN(tries->wrong - FREE, 20);
	tries->next = wax_clock_monotonic() + MIN((int64_t)1000 << over, WAIT_MAX);
}

static bool store(const WaxTries *tries, GError **error)
{
	char text[16];
	int n = g_snprintf(text, sizeof text, "%u\n", tries->wrong);

	return wax_io_replace(tries->path, WAX_SPAN(text, (size_t)n), 0600, error);
}

bool wax_tries_init(WaxTries *tries, const char *folder, GError **error)
{
	g_autofree char *path = g_build_filename(folder, "tries", NULL), *text = NULL;

	wax_io_remove_strays(path);
	if (access(path, F_OK) == 0 && !wax_io_load_text(path, 64, &text, error))
		return false;
	tries->path = g_steal_pointer(&path);
	tries->wrong = text ? (unsigned)MIN(g_ascii_strtoull(text, NULL, 10), MOST) : 0;
	begin_waiting(tries);
	return true;
}

void wax_tries_done(WaxTries *tries)
{
	g_clear_pointer(&tries->path, g_free);
}

bool wax_tries_check(const WaxTries *tries, GError **error)
{
	int64_t left = tries->next - wax_clock_monotonic();

	return left <= 0 || wax_fail(error, WAX_R_UNLOCK_WAIT,
				    "%u wrong passphrases in a row; try again in %d s",
				    tries->wrong, (int)(left / 1000 + 1));
}

bool wax_tries_wrong(WaxTries *tries, GError **error)
{
	tries->wrong = MIN(tries->wrong + 1, MOST);
	begin_waiting(tries);
	if (store(tries, error))
		return true;
	g_prefix_error(error, "a wrong passphrase could not be counted: ");
	return false;
}

void wax_tries_right(WaxTries *tries)
{
	if (tries->wrong == 0)
		return;
	tries->wrong = 0;
	/* a count that stays too high only costs time */
	wax_ignore(store(tries, NULL));
}
