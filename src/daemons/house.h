/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	daemons/house - the folders of the processes, and the users they belong to
 *
 * DESCRIPTION
 *	As root, when every user PREFIX-PROCESS exists, each process gets its
 *	own user, and its folders belong to it.  What an earlier start as one
 *	user left behind (files of root) is handed over; a file of anybody
 *	else is not touched, and the start refused.  Who reads another's
 *	database gets the group of its owner (WAX_READS in daemons/peers).
 *
 * OWNERSHIP
 *	A WaxHouse is a value.
 *
 * ERRORS
 *	CONFIG_RANGE (some of the users are missing, a folder is not ours or
 *	cannot be reached), IO.
 */
#ifndef WAX_DAEMONS_HOUSE_H
#define WAX_DAEMONS_HOUSE_H

#include <sys/types.h>

#include "core/settings.h"
#include "daemons/peers.h"

enum {
#define X(name, executable, sections) PROCESS_##name,
	WAX_PROCESSES(X)
#undef X
		PROCESS_COUNT
};

typedef struct {
	bool separate;
	uid_t uid[PROCESS_COUNT];
	gid_t gid[PROCESS_COUNT];
} WaxHouse;

/* wax_house_look - find the users; same user for all when there are none of them */
bool wax_house_look(const WaxConfig *config, WaxHouse *ret_house, GError **error) WAX_MUST_USE;

/* wax_house_missing - the names of users that there are not */
GPtrArray *wax_house_missing(const WaxConfig *config);

/* wax_house_prepare - make the folders, and their owners right */
bool wax_house_prepare(const WaxHouse *house, const WaxConfig *config, GError **error) WAX_MUST_USE;

/* wax_house_groups - of the owners whose files this process reads; how many */
size_t wax_house_groups(const WaxHouse *house, int process, gid_t groups[PROCESS_COUNT]);

#endif
