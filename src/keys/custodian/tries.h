/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	keys/custodian/tries - wrong passphrases, counted across restarts
 *
 * DESCRIPTION
 *	From the third wrong passphrase in a row on, each costs twice the
 *	waiting of the one before, up to five minutes.  The count lies in a
 *	file of the custodian's own folder and is durable before anybody hears
 *	that a passphrase was wrong, so that a restart neither forgets it nor
 *	shortens the waiting, which then begins anew.
 *
 * OWNERSHIP
 *	init fills the caller's struct, done empties it.
 *
 * ERRORS
 *	UNLOCK_WAIT, and IO, DISK_FULL, TOO_LARGE, NO_INPUT of the file.
 */
#ifndef WAX_KEYS_CUSTODIAN_TRIES_H
#define WAX_KEYS_CUSTODIAN_TRIES_H

#include <glib.h>

#include "core/base.h"

typedef struct {
	char *path;
	unsigned wrong; /* passphrases in a row */
	int64_t next;	/* when the next may come; monotonic */
} WaxTries;

bool wax_tries_init(WaxTries *tries, const char *folder, GError **error) WAX_MUST_USE;
void wax_tries_done(WaxTries *tries);

/* wax_tries_check - may another passphrase be tried now? */
bool wax_tries_check(const WaxTries *tries, GError **error) WAX_MUST_USE;

/* wax_tries_wrong - counts one; false when that could not be made durable, and then it counts in memory */
bool wax_tries_wrong(WaxTries *tries, GError **error) WAX_MUST_USE;

/* wax_tries_right - forgets them */
void wax_tries_right(WaxTries *tries);

#endif
