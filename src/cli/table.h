/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cli/table - every command of `waxwing`, once
 *
 * DESCRIPTION
 *	The parser, the help, the manual page and the completion are made from
 *	these rows.  A row with a path is answered by the running service:
 *	operands and flags become its path, query or JSON.  A row with `run`
 *	works here; one with `raw` reads its words by itself, and its operands
 *	and flags are here to be explained.
 *
 * OWNERSHIP
 *	Constants.
 *
 * ERRORS
 *	None of its own.
 */
#ifndef WAX_CLI_TABLE_H
#define WAX_CLI_TABLE_H

#include <jansson.h>

#include "core/base.h"
#include "core/status.h"

#define WAX_FLAGS_MAX	 20
#define WAX_OPERANDS_MAX 2

typedef enum {
	WAX_FLAG_NONE_, /* ends the list */
	WAX_FLAG_BOOL,
	WAX_FLAG_TEXT,
	WAX_FLAG_NEEDED,  /* a text; without it the command is refused */
	WAX_FLAG_LIST,	  /* any number of times */
	WAX_FLAG_BYTES,	  /* a file, sent as base64 */
	WAX_FLAG_SECRET,  /* the first line of a file */
	WAX_FLAG_ASK,	  /* as SECRET, and asked for at the terminal when it is missing */
	WAX_FLAG_ASK_NEW, /* as ASK, typed twice */
	WAX_FLAG_OUT,	  /* where `save` of the answer goes; not sent */
} WaxFlagKind;

typedef struct {
	const char *name;  /* "--relay" */
	const char *value; /* "HOST", NULL for BOOL */
	const char *key;   /* of the JSON; NULL: not sent */
	WaxFlagKind kind;
	const char *sentence;
} WaxFlag;

typedef struct {
	const char *name; /* "FILE"; "[FILE]" may be left out */
	const char *key;
	WaxFlagKind kind; /* TEXT or BYTES */
} WaxOperand;

typedef struct WaxCommand {
	const char *verb; /* "domain add" */
	WaxOperand operands[WAX_OPERANDS_MAX];
	WaxFlag flags[WAX_FLAGS_MAX];
	const char *sentence;
	const char *method, *path; /* NULL: run or raw */
	const char *show;	   /* print this text of the answer as it is */
	const char *save;	   /* base64 of the answer that goes to the file of a flag OUT */
	char *(*columns)(const json_t *answer);
	bool (*run)(const json_t *words, json_t **ret_answer, GError **error);
	int (*raw)(int argc, char **argv);
} WaxCommand;

extern const WaxCommand wax_commands[];
extern const size_t wax_command_count;

#endif
