/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	daemons/doorman - says "try again" at a door behind which nobody is
 *
 * SYNOPSIS
 *	if (poll says that somebody is at listener->fd)
 *		wax_doorman_turn_away(listener);
 *
 * DESCRIPTION
 *	The parent keeps the listening sockets while gated or webd is away.
 *	Who comes in the first seconds waits until it is back; after that a
 *	mail client gets 421 4.3.2 and a caller of the API 503, instead of
 *	silence.  Nothing that a client says is looked at.
 *
 * OWNERSHIP
 *	The listener is borrowed, and does not block.
 *
 * ERRORS
 *	None: a client that is gone needs no answer.
 */
#ifndef WAX_DAEMONS_DOORMAN_H
#define WAX_DAEMONS_DOORMAN_H

#include "daemons/child.h"

/* ms that a door may stand unattended before somebody is turned away */
#define WAX_DOORMAN_GRACE 3000

/* wax_doorman_turn_away - one client */
void wax_doorman_turn_away(const WaxListener *listener);

#endif
