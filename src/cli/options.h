/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cli/options - the words after a verb
 *
 * DESCRIPTION
 *	Reads "--name value", "--name=value", flags and operands by a table.
 *	Nothing is abbreviated, nothing unknown is ignored.
 *
 * OWNERSHIP
 *	Values point into argv; lists are the caller's to free.
 *
 * ERRORS
 *	USAGE, with the word that is wrong.
 */
#ifndef WAX_CLI_OPTIONS_H
#define WAX_CLI_OPTIONS_H

#include <glib.h>

#include "core/base.h"

typedef enum {
	WAX_OPTION_FLAG,  /* bool */
	WAX_OPTION_TEXT,  /* const char *, once */
	WAX_OPTION_MAYBE, /* const char *, once: "" without "=value" */
	WAX_OPTION_LIST,  /* GPtrArray * of const char *, any number of times */
} WaxOptionKind;

typedef struct {
	const char *name; /* "--json" */
	WaxOptionKind kind;
	void *into;
} WaxOption;

/* wax_options_read - exactly one operand, or none when ret_operand is NULL */
bool wax_options_read(int argc, char **argv, const WaxOption *options, size_t count,
	const char **ret_operand, GError **error) WAX_MUST_USE;

/* wax_cli_report - what went wrong, on standard error; returns the exit code */
int wax_cli_report(const char *verb, const GError *error);

#endif
