/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/work/tags - marks in a Subject that only this gateway may make
 *
 * DESCRIPTION
 *	A house may let its gateway put "[signed]" in front of a Subject; then
 *	the same mark from outside must go, however it is written: RFC 2047
 *	encoded, in other case, with blanks or signs that nobody sees in it,
 *	full-width, or with letters of other alphabets that look alike
 *	(GATEWAY d.8).  What comes together when a mark is taken out is looked
 *	at again.
 *
 * OWNERSHIP
 *	Results are the caller's.
 *
 * ERRORS
 *	None.
 */
#ifndef WAX_GATEWAY_WORK_TAGS_H
#define WAX_GATEWAY_WORK_TAGS_H

#include <glib.h>
#include <stdbool.h>

/* wax_tags_strip - a decoded Subject (UTF-8) without any of these; NULL when it has none */
char *wax_tags_strip(const char *subject, const GPtrArray *tags);

#endif
