/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	core/clock - the only place that asks what time it is
 *
 * DESCRIPTION
 *	Epoch seconds (UTC) for everything that is stored or judged,
 *	monotonic milliseconds for waiting, and the text forms of both
 *	standards that mail meets (RFC 3339, RFC 5322 3.3).
 *
 * OWNERSHIP
 *	Texts are the caller's to g_free.
 *
 * ERRORS
 *	A text that is no date gives false.
 */
#ifndef WAX_CORE_CLOCK_H
#define WAX_CORE_CLOCK_H

#include <glib.h>

#include "core/base.h"

int64_t wax_clock_now(void);	   /* epoch seconds */
int64_t wax_clock_micros(void);	   /* epoch microseconds */
int64_t wax_clock_monotonic(void); /* milliseconds */

char *wax_clock_rfc3339(int64_t seconds);
bool wax_clock_from_rfc3339(const char *text, int64_t *ret_seconds) WAX_MUST_USE;
char *wax_clock_rfc5322(int64_t seconds);

/* wax_clock_from_rfc5322 - strict enough for Date; comments at the end are ignored */
bool wax_clock_from_rfc5322(const char *text, int64_t *ret_seconds) WAX_MUST_USE;

/* wax_clock_from_civil - seconds of a UTC date and time; false outside the calendar */
bool wax_clock_from_civil(int year, int month, int day, int hour, int minute, int second,
	int64_t *ret_seconds) WAX_MUST_USE;

#endif
