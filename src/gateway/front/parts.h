/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/parts - the real parts of the flow: workers, directory, policy, custody
 *
 * DESCRIPTION
 *	Fills the table that front/flow asks.  Workers (maild) form a pool: one
 *	is taken for each job and given back.  One that dies, answers nonsense
 *	or is too slow costs the message in its hands a 451 and is dropped; the
 *	pool waits for its replacement.  The custodian is asked for tickets
 *	over one socket, a request at a time.
 *
 * OWNERSHIP
 *	Takes the sockets it is given; borrows directory and rules.
 *
 * ERRORS
 *	WORKER_DIED, CUSTODY_DOWN, DIRECTORY_DOWN and what the parts refuse.
 */
#ifndef WAX_GATEWAY_FRONT_PARTS_H
#define WAX_GATEWAY_FRONT_PARTS_H

#include <glib.h>

#include "core/base.h"
#include "directory/directory.h"
#include "gateway/front/flow.h"

typedef struct WaxParts WaxParts;

typedef struct {
	const char *host;
	const char *relay_outbound;
	const char *relay_inbound; /* "": only domains with a route of their own */
	uint64_t size_out;
	int64_t worker_wait; /* ms for one job */
	bool promote_subject;
	bool shy_headers;  /* encrypted copies hide names and time zone, too */
	const char *spool; /* folder of what the workers make; NULL: in memory */
	const char *tag_signed, *tag_encrypted; /* "": none */
	const char *const *foreign_tags;	/* taken out of Subjects too */
	const char *cipher;			/* of copies to people of whom nothing is known */
	const char *default_policy;		/* text that holds until one is applied */
} WaxPartsRules;

WaxParts *wax_parts_new(const WaxPartsRules *rules, WaxDirectory *directory);
void wax_parts_free(WaxParts *parts);

/* wax_parts_worker - a maild's socket; the one with this index before is replaced */
void wax_parts_worker(WaxParts *parts, uint32_t index, int sock);
/* wax_parts_custody - keyd's socket; -1: it is gone */
void wax_parts_custody(WaxParts *parts, int sock);

/* wax_parts_table - what the flow asks; lives as long as the parts */
WaxFlowParts wax_parts_table(WaxParts *parts);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxParts, wax_parts_free)

#endif
