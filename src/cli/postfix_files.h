/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cli/postfix_files - the texts of main.cf and master.cf, read and edited
 *
 * DESCRIPTION
 *	Knows logical lines, services and their -o options.  Edits change the
 *	lines that they must and leave every other octet as it is.
 *
 * OWNERSHIP
 *	Texts and lists are the caller's.
 *
 * ERRORS
 *	None: what is no service or parameter is passed over.
 */
#ifndef WAX_CLI_POSTFIX_FILES_H
#define WAX_CLI_POSTFIX_FILES_H

#include <glib.h>

#include "core/base.h"

typedef struct {
	char *name, *type, *command;
	char **words; /* all that follows the command, { groups } kept together */
	size_t end;   /* where in the text its last line ends */
} WaxPostfixService;

void wax_postfix_service_free(WaxPostfixService *service);

/* wax_postfix_services - of master.cf, in their order */
GPtrArray *wax_postfix_services(const char *text);

/* wax_postfix_option - what the last -o says of this parameter; NULL: none does; to g_free */
char *wax_postfix_option(const WaxPostfixService *service, const char *name);

/* wax_postfix_add_option - master.cf with -o name=value added to the service */
char *wax_postfix_add_option(
	const char *text, const WaxPostfixService *service, const char *name, const char *value);

/* wax_postfix_set - main.cf with this value: in the place of the old one, else at the end */
char *wax_postfix_set(const char *text, const char *name, const char *value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxPostfixService, wax_postfix_service_free)

#endif
