/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cli/postfix - how Postfix is wired to Waxwing
 *
 * DESCRIPTION
 *	The plan is made from Postfix's two files and Waxwing's settings and
 *	changes nothing: it is the texts that the files should have.  The
 *	probe hands a message to Postfix and follows it.
 *
 * OWNERSHIP
 *	Free the plan.
 *
 * ERRORS
 *	NO_INPUT without Postfix; CONFIG_RANGE where the files or settings do
 *	not allow the wiring, with the place and what to change; IO.
 */
#ifndef WAX_CLI_POSTFIX_H
#define WAX_CLI_POSTFIX_H

#include <glib.h>

#include "core/base.h"
#include "core/settings.h"

/* what the command line says */
typedef struct {
	const char *folder, *config_file, *login_maps, *test_to;
	GPtrArray *submission, *inbound;
	bool no_test, undo, keep_changes, dry_run, yes;
} WaxPostfixAsk;

typedef struct {
	char *main, *master; /* as they should be */
	char *settings;	     /* of Waxwing, for a file of our own; NULL: none is needed */
	char *out, *in; /* Waxwing's listeners as Postfix names them: unix:PATH, inet:HOST:PORT */
	char *again;	/* HOST:PORT where mail comes back */
	char *door;	/* HOST:PORT where mail from outside comes in */
	GString *notes; /* what a person should know, a line each */
} WaxPostfixPlan;

void wax_postfix_plan_free(WaxPostfixPlan *plan);

/*
 * wax_postfix_plan - `folder` holds the two files without any line of ours;
 * `settings_path` is the file of our own, whose values are kept
 */
bool wax_postfix_plan(const WaxPostfixAsk *ask, const WaxConfig *config, const char *folder,
	const char *settings_path, WaxPostfixPlan **ret_plan, GError **error) WAX_MUST_USE;

/* wax_postfix_run - a program by its words, NULL at the end; *ret_text may be NULL: it is shown */
bool wax_postfix_run(const char *const *words, char **ret_text, GError **error) WAX_MUST_USE;

/* wax_postfix_load - a text of at most 1 MiB, whatever its encoding */
bool wax_postfix_load(
	const char *folder, const char *name, char **ret_text, GError **error) WAX_MUST_USE;

/* wax_postfix_probe - says on standard output what became of a test message */
bool wax_postfix_probe(
	const WaxPostfixAsk *ask, const WaxConfig *config, const WaxPostfixPlan *plan);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxPostfixPlan, wax_postfix_plan_free)

#endif
