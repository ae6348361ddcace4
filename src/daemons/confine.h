/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	daemons/confine - what a process gives up before it reads its first byte
 *
 * DESCRIPTION
 *	No new privileges, no core files, no debugger of the same user, and a
 *	seccomp filter by kind of process: a worker opens no file and no
 *	socket and executes nothing; a custodian has no network; the others
 *	execute nothing.  Under sanitizers the filter is left out and said so.
 *
 * OWNERSHIP
 *	Nothing is kept.
 *
 * ERRORS
 *	What the kernel lacks is reported, never fatal.
 */
#ifndef WAX_DAEMONS_CONFINE_H
#define WAX_DAEMONS_CONFINE_H

#include <stdbool.h>

#include "daemons/child.h"

typedef struct {
	bool own_user, seccomp, landlock, locked_memory;
} WaxConfined;

WaxConfined wax_confine(WaxConfinement confinement, const char *user);

#endif
