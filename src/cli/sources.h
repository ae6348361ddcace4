/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cli/sources - revocation lists and OCSP responses that a verb is given
 *
 * DESCRIPTION
 *	The arguments --crl, --ocsp and --ocsp-nonce, and what they load.
 *
 * OWNERSHIP
 *	wax_sources_done frees what was loaded; the question borrows it.
 *
 * ERRORS
 *	USAGE; those of crypto/crl and crypto/ocsp.
 */
#ifndef WAX_CLI_SOURCES_H
#define WAX_CLI_SOURCES_H

#include "cli/options.h"
#include "trust/revocation.h"

typedef struct {
	GPtrArray *crl_files, *ocsp_files; /* of the arguments; borrowed texts */
	const char *nonce_text;
	GPtrArray *crls, *ocsps;
	uint8_t nonce[128]; /* RFC 9654 2.1 */
	size_t nonce_n;
} WaxSources;

void wax_sources_init(WaxSources *sources);
void wax_sources_done(WaxSources *sources);

/* to be put among the options of a verb */
#define WAX_SOURCES_OPTIONS(sources)                                                               \
	{ "--crl", WAX_OPTION_LIST, (sources)->crl_files },                                        \
		{ "--ocsp", WAX_OPTION_LIST, (sources)->ocsp_files },                              \
	{                                                                                          \
		"--ocsp-nonce", WAX_OPTION_TEXT, &(sources)->nonce_text                            \
	}

bool wax_sources_load(WaxSources *sources, GError **error) WAX_MUST_USE;
WaxRevocationSources wax_sources_question(const WaxSources *sources, bool demanded);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxSources, wax_sources_done)

#endif
