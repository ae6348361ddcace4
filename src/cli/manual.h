/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cli/manual - what the manual pages take from the tables of core
 *
 * DESCRIPTION
 *	The page of waxwing.toml is the table of settings, the chapter on
 *	errors the table of reasons; the commands are cli/words.
 *
 * OWNERSHIP
 *	Texts are the caller's to g_free.
 *
 * ERRORS
 *	None.
 */
#ifndef WAX_CLI_MANUAL_H
#define WAX_CLI_MANUAL_H

#include <glib.h>

/* wax_manual_entry - a title in bold and what it means, as roff */
void wax_manual_entry(GString *out, const char *title, const char *text);

/* wax_manual_errors - every code, with what follows from it */
void wax_manual_errors(GString *out);

/* wax_manual_settings - the page waxwing.toml(5) */
char *wax_manual_settings(void);

#endif
