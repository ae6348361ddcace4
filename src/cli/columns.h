/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cli/columns - answers that are read best as aligned columns
 *
 * DESCRIPTION
 *	A command whose row of the table names one of these shows its answer
 *	that way; with --json nothing changes.
 *
 * OWNERSHIP
 *	Texts are the caller's.
 *
 * ERRORS
 *	None: what is missing is shown as "-".
 */
#ifndef WAX_CLI_COLUMNS_H
#define WAX_CLI_COLUMNS_H

#include <jansson.h>

char *wax_columns_identities(const json_t *answer);
char *wax_columns_keys(const json_t *answer);

#endif
