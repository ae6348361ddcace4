/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cli/anchors - whom a command that judges believes
 *
 * DESCRIPTION
 *	The certificates that --anchor names; without any, the trust records
 *	of the running service.  Where no service answers, or does not let the
 *	caller read them, nobody is believed.  The system's own anchors never
 *	count.
 *
 * OWNERSHIP
 *	What is found is added to lists that the caller made.
 *
 * ERRORS
 *	NO_INPUT, CERT_MALFORMED for files that were named; a silent service
 *	is no error.
 */
#ifndef WAX_CLI_ANCHORS_H
#define WAX_CLI_ANCHORS_H

#include <glib.h>

#include "core/base.h"
#include "trust/path.h"

typedef struct {
	const char *socket, *config; /* NULL: where the configuration puts it */
	WaxPurpose purpose;
} WaxAnchorService;

/* wax_anchors_load - adds WaxAnchor to `anchors` and WaxCert that help in building chains to `untrusted` */
bool wax_anchors_load(const GPtrArray *paths, const WaxAnchorService *service, GPtrArray *anchors,
	GPtrArray *untrusted, GError **error) WAX_MUST_USE;

/* wax_anchors_socket - the one given, or where that configuration puts it; to g_free */
char *wax_anchors_socket(const char *given, const char *config_file, GError **error);

#endif
