/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	daemons/child - what every process of Waxwing does first
 *
 * SYNOPSIS
 *	int main(void)
 *	{
 *		WaxChild *child = wax_child_start();        reads what the parent hands over
 *		... read what only root can read ...
 *		wax_child_become(child);                     its own user, when the parent is root
		... open databases, make what is needed ...
		wax_child_confine(child, WAX_CONFINE_KEYD, places);
 *		wax_child_ready(child);
 *		wax_child_run_control(child);                a thread that follows the parent
 *		... serve wax_child_peer(child, "gated", 0) ...
 *	}
 *
 * DESCRIPTION
 *	The parent talks on descriptor 3: first the configuration (those
 *	sections this process has a right to), peers and listeners; later
 *	fresh sockets of peers that were started again, and the word to stop.
 *	When the parent is gone the process ends.
 *
 * OWNERSHIP
 *	Sockets of peers belong to the child and change when the peer does: ask
 *	for them each time, under wax_child_lock when several threads do.
 *
 * ERRORS
 *	A process that cannot start says why as an event and exits with 70.
 */
#ifndef WAX_DAEMONS_CHILD_H
#define WAX_DAEMONS_CHILD_H

#include <glib.h>

#include "core/settings.h"

typedef struct WaxChild WaxChild;

/* frames on the control channel */
enum {
	WAX_CTL_SETUP =
		500, /* str name, u32 index, bool own user, u32 uid, u32 gid, u32 n, n*u32 group, config */
	WAX_CTL_PEER,	  /* str name, u32 index, fd */
	WAX_CTL_LISTENER, /* str kind, str spec, fd */
	WAX_CTL_GO,
	WAX_CTL_STOP,
	WAX_CTL_READY, /* child: u32 uid, bool seccomp, bool landlock, bool locked memory */
};

typedef enum {
	WAX_CONFINE_MAILD,
	WAX_CONFINE_KEYD,
	WAX_CONFINE_CAD,
	WAX_CONFINE_WEBD,
	WAX_CONFINE_GATED,
} WaxConfinement;

/* a file or folder that stays in reach; a list ends with a NULL path */
typedef struct {
	const char *path;
	bool write;
} WaxPlace;

typedef struct {
	char *kind; /* "outbound", "inbound", "api" */
	char *spec; /* "smtp:127.0.0.1:10025" */
	int fd;
} WaxListener;

WaxChild *wax_child_start(void);
const char *wax_child_name(const WaxChild *child);
unsigned wax_child_index(const WaxChild *child);
const WaxConfig *wax_child_config(const WaxChild *child);
GPtrArray *wax_child_listeners(const WaxChild *child); /* WaxListener */

/* wax_child_peer - the socket, or -1 while there is none */
int wax_child_peer(WaxChild *child, const char *name, unsigned index);

/* wax_child_peers - how many sockets of that name there may be (the highest index plus one) */
unsigned wax_child_peers(WaxChild *child, const char *name);

/* wax_child_become - the own user, where the parent says so; before a file is made */
void wax_child_become(WaxChild *child);

/* wax_child_confine - no new privileges, limits, Landlock, seccomp; before the first thread */
void wax_child_confine(WaxChild *child, WaxConfinement confinement, const WaxPlace *places);

/* wax_child_seconds - the processor time that is left to this process */
void wax_child_seconds(unsigned seconds);

/* wax_child_ready - tell the parent that this process serves; others may be waiting for it */
void wax_child_ready(WaxChild *child);

/* wax_child_on_peer - called (in the control thread) when a peer's socket is new */
void wax_child_on_peer(WaxChild *child,
	void (*call)(void *data, const char *name, unsigned index, int fd), void *data);
void wax_child_run_control(WaxChild *child);

/* wax_child_control - read one frame of the parent; for processes with a poll loop of their own */
int wax_child_control_fd(const WaxChild *child);
void wax_child_control(WaxChild *child);

/* wax_child_stop_fd - readable when the service stops */
int wax_child_stop_fd(const WaxChild *child);

#endif
