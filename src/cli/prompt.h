/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cli/prompt - a secret asked for at the terminal
 *
 * DESCRIPTION
 *	Asks at the controlling terminal, whatever the standard streams are,
 *	and shows nothing of what is typed.  A new secret is asked for twice.
 *
 * OWNERSHIP
 *	The secret is the caller's.
 *
 * ERRORS
 *	USAGE where there is no terminal, VALUE_INVALID when the two differ.
 */
#ifndef WAX_CLI_PROMPT_H
#define WAX_CLI_PROMPT_H

#include "core/secret.h"

/* wax_prompt_secret - `flag` is what could have named a file instead */
bool wax_prompt_secret(const char *what, const char *flag, bool twice, WaxSecret **ret_secret,
	GError **error) WAX_MUST_USE;

#endif
