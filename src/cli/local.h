/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cli/local - commands that need no service
 *
 * DESCRIPTION
 *	Each takes its operands and flags as a JSON object and answers with one.
 *
 * OWNERSHIP
 *	The answer is the caller's.
 *
 * ERRORS
 *	NO_INPUT, TOO_LARGE, POLICY_SYNTAX, POLICY_TEST_FAILED, NOT_FOUND,
 *	and those of core/settings.
 */
#ifndef WAX_CLI_LOCAL_H
#define WAX_CLI_LOCAL_H

#include <glib.h>
#include <jansson.h>

#include "core/base.h"
#include "core/settings.h"

bool wax_local_policy_check(const json_t *words, json_t **ret_answer, GError **error) WAX_MUST_USE;
bool wax_local_policy_test(const json_t *words, json_t **ret_answer, GError **error) WAX_MUST_USE;
bool wax_local_config_check(const json_t *words, json_t **ret_answer, GError **error) WAX_MUST_USE;
bool wax_local_config_show(const json_t *words, json_t **ret_answer, GError **error) WAX_MUST_USE;
/* wax_local_algorithms - what this libcrypto has; the service says it in its status too */
bool wax_local_algorithms(const json_t *words, json_t **ret_answer, GError **error) WAX_MUST_USE;
bool wax_local_explain(const json_t *words, json_t **ret_answer, GError **error) WAX_MUST_USE;

/* wax_local_config - that file, or the system's, or the embedded defaults */
bool wax_local_config(const char *file, WaxConfig **ret_config, GError **error) WAX_MUST_USE;

/* wax_local_config_file - where the settings of this command line stand, or would stand */
const char *wax_local_config_file(const char *file);

/* wax_local_state - the folder that the service keeps; to g_free */
char *wax_local_state(const WaxConfig *config);

/* wax_local_socket - where the service listens for this command line; to g_free */
char *wax_local_socket(const WaxConfig *config);

#endif
