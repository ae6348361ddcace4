/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	core/event - what happened, as a name and typed fields
 *
 * SYNOPSIS
 *	wax_event(WAX_INFO, "message-decrypted", WAX_FIELD("queue", WAX_STR(id)),
 *		WAX_FIELD("recipients", WAX_UINT(n)));
 *
 * DESCRIPTION
 *	One line of JSON an event on standard error, in a file, or a datagram
 *	to journald.  The names are listed in docs/events.txt.  Never an
 *	address, a subject or a secret at info level or above.
 *
 * OWNERSHIP
 *	Fields are borrowed for the call.
 *
 * ERRORS
 *	An event that cannot be written is lost: logging never stops mail.
 */
#ifndef WAX_CORE_EVENT_H
#define WAX_CORE_EVENT_H

#include <glib.h>

#include "core/base.h"

typedef enum { WAX_DEBUG, WAX_INFO, WAX_NOTICE, WAX_WARNING, WAX_ERR } WaxLevelOfEvent;

typedef struct {
	enum { WAX_EVENT_STR, WAX_EVENT_UINT, WAX_EVENT_BOOL } kind;
	const char *text;
	uint64_t number;
} WaxEventValue;

typedef struct {
	const char *name;
	WaxEventValue value;
} WaxEventField;

#define WAX_STR(t)	((WaxEventValue){ WAX_EVENT_STR, (t), 0 })
#define WAX_UINT(n)	((WaxEventValue){ WAX_EVENT_UINT, NULL, (uint64_t)(n) })
#define WAX_BOOL(b)	((WaxEventValue){ WAX_EVENT_BOOL, NULL, (b) })
#define WAX_FIELD(n, v) ((WaxEventField){ (n), (v) })

/* wax_event_open - once at start: who speaks, and where to ("stderr", "journald", or a file) */
void wax_event_open(const char *process, const char *target, const char *level);

/* fields end with a NULL name */
void wax_event_write(WaxLevelOfEvent level, const char *name, const WaxEventField *fields);

#define wax_event(level, name, ...)                                                                \
	wax_event_write(                                                                           \
		level, name, (const WaxEventField[]){ __VA_ARGS__ __VA_OPT__(, ){ NULL, { 0 } } })

/* wax_event_error - an error with its code */
void wax_event_error(WaxLevelOfEvent level, const char *name, const GError *error);

#endif
