/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	daemons/confine - what a process gives up before it reads its first byte
 *
 * DESCRIPTION
 *	No new privileges, no core files, no debugger of the same user, limits
 *	of memory for a worker, Landlock, and a seccomp filter that lists what
 *	each kind of process may call: a worker opens no file and no socket,
 *	starts no thread and executes nothing; a custodian has no network.
 *	Whatever is not listed fails with EPERM.  Under sanitizers seccomp,
 *	Landlock and limits are left out and said so.
 *
 * OWNERSHIP
 *	Nothing is kept.
 *
 * ERRORS
 *	What the kernel lacks is reported, never fatal; a user that cannot be
 *	taken is.
 */
#ifndef WAX_DAEMONS_CONFINE_H
#define WAX_DAEMONS_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "daemons/child.h"

typedef struct {
	bool seccomp, landlock, locked_memory;
} WaxConfined;

/* wax_become - another user for good, with exactly these further groups */
bool wax_become(uid_t uid, gid_t gid, const gid_t *groups, size_t n) WAX_MUST_USE;

/* wax_confine - `places` as in daemons/landlock; NULL: Landlock is not entered */
WaxConfined wax_confine(WaxConfinement confinement, const WaxPlace *places);

/* wax_confine_seconds - the processor time from now after which the kernel ends this process */
void wax_confine_seconds(unsigned seconds);

#endif
