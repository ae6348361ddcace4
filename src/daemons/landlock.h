/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	daemons/landlock - the files that a process may still reach
 *
 * DESCRIPTION
 *	Everything that is not named is out of reach for the rest of the
 *	process's life, whatever its user may do.  A place that does not exist
 *	is left out.  Rights that this kernel does not know stay unhandled.
 *
 * OWNERSHIP
 *	Nothing is kept.
 *
 * ERRORS
 *	false when the kernel has no Landlock, or it is switched off.
 */
#ifndef WAX_DAEMONS_LANDLOCK_H
#define WAX_DAEMONS_LANDLOCK_H

#include "daemons/child.h"

/* wax_landlock_enter - `places` ends with a NULL path; only of the calling thread and its children */
bool wax_landlock_enter(const WaxPlace *places);

#endif
