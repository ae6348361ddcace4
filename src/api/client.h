/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	api/client - asks the running service over its local socket
 *
 * DESCRIPTION
 *	HTTP with JSON over a UNIX socket; the caller's user id is the login.
 *	One request, one connection, an answer that ends when the service closes:
 *	so little of HTTP that no library is loaded for it.  (libcurl was: 4 MB
 *	and half of the start of each command, also of those that ask nobody.)
 *	A problem document (RFC 9457) comes back as the error that it names.
 *
 * OWNERSHIP
 *	Bodies are borrowed, answers are the caller's.
 *
 * ERRORS
 *	SERVICE_DOWN when nobody listens, TIMEOUT, IO, and what the service
 *	answers.
 *
 * LIMITS
 *	32 MiB an answer.
 */
#ifndef WAX_API_CLIENT_H
#define WAX_API_CLIENT_H

#include <glib.h>
#include <jansson.h>

#include "core/base.h"

/* wax_api_call - path with its query; body may be NULL; *ret_answer may be JSON null */
bool wax_api_call(const char *socket_path, const char *method, const char *path, json_t *body,
	json_t **ret_answer, GError **error) WAX_MUST_USE;

/* wax_api_escape - for one segment of a path or a value of a query; to g_free */
char *wax_api_escape(const char *text);

#endif
