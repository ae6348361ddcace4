/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/parts_internal - what the files of the parts share
 *
 * DESCRIPTION
 *	parts.c has the table, the domains and the jobs of facts and of
 *	building; parts_workers the pool, parts_tickets the custodian,
 *	parts_decide the policy, parts_open the job of opening.
 *
 *	A job is a question to a worker and who reads its answer.  Who reads it
 *	says whether the worker is healthy: another one is dropped.
 *
 * OWNERSHIP
 *	A worker belongs to the pool, or to the job that has it.  Frames and
 *	certificates that are handed out are the caller's.
 *
 * ERRORS
 *	PEER_GONE from wax_worker_ask: it was just leaving; WORKER_DIED,
 *	CUSTODY_DOWN, and what a worker or the custodian refuses.
 */
#ifndef WAX_GATEWAY_FRONT_PARTS_INTERNAL_H
#define WAX_GATEWAY_FRONT_PARTS_INTERNAL_H

#include "gateway/front/parts.h"
#include "keys/proto/requests.h"
#include "policy/rules.h"

struct WaxParts {
	WaxPartsRules rules;
	WaxDirectory *directory;
	GMutex lock;
	GCond freed;
	GQueue idle; /* WaxWorker */
	GMutex custody_lock;
	int custody;
	GMutex policy_lock;
	WaxPolicy *policy;
	int64_t policy_version;
};

/* ---- the pool of workers ---- */

typedef struct WaxWorker WaxWorker;

/* wax_worker_drop - it is not asked again; for GLib's containers, too */
void wax_worker_drop(gpointer worker);

/* wax_worker_ask - question and answer; false with *ret_healthy when the worker itself refused */
bool wax_worker_ask(WaxParts *parts, WaxWorker *worker, const WaxFrame *request,
	WaxFrame **ret_reply, bool *ret_healthy, GError **error) WAX_MUST_USE;

/* wax_worker_nonsense - an answer that cannot be read is a worker that cannot be trusted */
bool wax_worker_nonsense(GError **error, const GError *why);

/* one job: what is asked, and who reads the answer */
typedef bool (*WaxWorkerRun)(
	WaxParts *parts, WaxWorker *worker, void *data, bool *ret_healthy, GError **error);

/*
 * wax_parts_with_worker - a worker that was just leaving took the job along: another one
 * gets it, once, so that a message which kills workers does not kill them all
 */
bool wax_parts_with_worker(
	WaxParts *parts, WaxWorkerRun run, void *data, GError **error) WAX_MUST_USE;

/* ---- tickets ---- */

/* wax_parts_open_ticket - for one message; the handle of a record is its place */
bool wax_parts_open_ticket(WaxParts *parts, uint32_t signs, uint32_t unwraps,
	const GPtrArray *records, uint8_t ret_ticket[WAX_TICKET_SIZE], GError **error) WAX_MUST_USE;
void wax_parts_close_ticket(WaxParts *parts, const uint8_t ticket[WAX_TICKET_SIZE]);

/* ---- certificates as DER in GBytes ---- */

void wax_parts_unref_bytes(gpointer bytes);
/* wax_parts_add_cert - nothing is added for NULL */
void wax_parts_add_cert(GPtrArray *certs, WaxCert *cert);

/* ---- what the table names; ctx is the parts ---- */

bool wax_parts_domain(void *ctx, const char *domain, bool *ret_own, char **ret_route,
	GError **error) WAX_MUST_USE;
bool wax_parts_decide(void *ctx, const WaxEnvelope *envelope, const WaxJobFacts *facts,
	WaxDecision *decisions, GError **error) WAX_MUST_USE;
bool wax_parts_open(void *ctx, WaxSpool *message, const WaxEnvelope *envelope,
	WaxFlowOpened *ret_opened, GError **error) WAX_MUST_USE;

#endif
