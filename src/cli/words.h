/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cli/words - a command line, read by the table
 *
 * DESCRIPTION
 *	Finds the command, reads its operands and flags into one JSON object,
 *	and makes the request's path.  Nothing is abbreviated and nothing
 *	unknown is ignored; the nearest known word is named.
 *
 * OWNERSHIP
 *	Clear what was read.
 *
 * ERRORS
 *	USAGE, and what reading a named file says.
 */
#ifndef WAX_CLI_WORDS_H
#define WAX_CLI_WORDS_H

#include "cli/table.h"

typedef struct {
	const WaxCommand *command;
	json_t *words; /* operands and flags by their keys */
	bool json, dry_run, help;
	const char *config, *socket, *out;
} WaxLine;

/* wax_line_find - the command that the words begin with; *ret_used of them */
const WaxCommand *wax_line_find(int argc, char **argv, int *ret_used, GError **error);

/* wax_line_read - the words after the command */
bool wax_line_read(const WaxCommand *command, int argc, char **argv, WaxLine *ret_line,
	GError **error) WAX_MUST_USE;
void wax_line_clear(WaxLine *line);

/* wax_line_path - with {key} filled in, and for GET the rest as its query; to g_free */
char *wax_line_path(const WaxLine *line);

/* texts made from the table; to g_free */
char *wax_help_text(const WaxCommand *command);

/* wax_help_group - the commands that begin with this word, or NULL */
char *wax_help_group(const char *word); /* NULL: the list of all */
char *wax_help_man(void);
char *wax_help_bash(void);

/* wax_answer_text - an answer for people; to g_free */
char *wax_answer_text(const json_t *answer);

#endif
