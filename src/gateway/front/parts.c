/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/parts_internal.h"

#include <unistd.h>

#include "core/status.h"

WaxParts *wax_parts_new(const WaxPartsRules *rules, WaxDirectory *directory)
{
	WaxParts *parts = g_new0(WaxParts, 1);

	parts->rules = *rules;
	parts->directory = directory;
	parts->custody = -1;
	parts->policy_version = -1;
	g_mutex_init(&parts->lock);
	g_mutex_init(&parts->custody_lock);
	g_mutex_init(&parts->policy_lock);
	g_cond_init(&parts->freed);
	g_queue_init(&parts->idle);
	return parts;
}

void wax_parts_free(WaxParts *parts)
{
	if (!parts)
		return;
	g_queue_clear_full(&parts->idle, wax_worker_drop);
	if (parts->custody >= 0)
		close(parts->custody);
	if (parts->policy)
		wax_policy_unref(parts->policy);
	g_mutex_clear(&parts->lock);
	g_mutex_clear(&parts->custody_lock);
	g_mutex_clear(&parts->policy_lock);
	g_cond_clear(&parts->freed);
	g_free(parts);
}

/* ---- certificates ---- */

void wax_parts_unref_bytes(gpointer bytes)
{
	g_bytes_unref(bytes);
}

void wax_parts_add_cert(GPtrArray *certs, WaxCert *cert)
{
	WaxSpan der = cert ? wax_cert_info(cert)->der : WAX_SPAN_NONE;

	if (der.n > 0)
		g_ptr_array_add(certs, g_bytes_new(der.p, der.n));
}

/* ---- domains and facts ---- */

bool wax_parts_domain(
	void *ctx, const char *domain, bool *ret_own, char **ret_route, GError **error)
{
	WaxParts *parts = ctx;

	if (!wax_directory_domain(parts->directory, domain, ret_own, ret_route, error))
		return false;
	if (*ret_own && !*ret_route && parts->rules.relay_inbound[0])
		*ret_route = g_strdup(parts->rules.relay_inbound);
	return true;
}

typedef struct {
	WaxSpool *message;
	WaxJobFacts *facts;
} FactsJob;

static bool run_facts(
	WaxParts *parts, WaxWorker *worker, void *data, bool *ret_healthy, GError **error)
{
	FactsJob *job = data;
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_JOB_FACTS), reply = NULL;
	g_autoptr(GError) why = NULL;
	g_auto(WaxJobFacts) facts = { 0 };

	*ret_healthy = true; /* until it was asked */
	wax_spool_put(job->message, request);
	if (!wax_worker_ask(parts, worker, request, &reply, ret_healthy, error))
		return false;
	if (!wax_job_facts_get(reply, &facts, &why) || !wax_frame_done(reply, &why)) {
		*ret_healthy = false;
		return wax_worker_nonsense(error, why);
	}
	*job->facts = facts;
	facts = (WaxJobFacts){ 0 };
	return true;
}

static bool part_facts(void *ctx, WaxSpool *message, WaxJobFacts *ret_facts, GError **error)
{
	FactsJob job = { message, ret_facts };

	return wax_parts_with_worker(ctx, run_facts, &job, error);
}

/* ---- building ---- */

typedef struct {
	WaxSpool *message;
	WaxJobBuild *job;
	GPtrArray *records; /* GBytes: the sealed key that signs, if one does */
	WaxFlowBuilt *built;
} BuildJob;

/* with_signer - the sealed key, and the certificates that go with it */
static bool with_signer(WaxParts *parts, const char *address, BuildJob *work, GError **error)
{
	g_autoptr(WaxDirSender) sender = NULL;
	WaxJobBuild *job = work->job;

	if (!wax_directory_sender(parts->directory, address, &sender, error))
		return false;
	if (!sender || !sender->sign.epoch)
		return wax_fail(error, WAX_R_NO_SIGNING_IDENTITY, "no key signs for this sender");
	g_ptr_array_add(work->records, g_bytes_ref(sender->sign.record));
	wax_parts_add_cert(job->signer_certs, sender->sign.cert);
	if (sender->encrypt.epoch && g_strcmp0(sender->encrypt.epoch, sender->sign.epoch) != 0)
		wax_parts_add_cert(job->signer_certs, sender->encrypt.cert);
	job->signs = true;
	return true;
}

static bool build_with_ticket(
	WaxParts *parts, WaxWorker *worker, BuildJob *job, bool *ret_healthy, GError **error)
{
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_JOB_BUILD), reply = NULL;
	g_auto(WaxJobBuilt) built = { 0 };
	g_autoptr(GError) why = NULL;
	g_autoptr(WaxSpool) copy = NULL;

	*ret_healthy = true; /* until it was asked */
	if (!wax_spool_for_results(parts->rules.spool, job->message, &copy, error))
		return false;
	wax_spool_put(job->message, request);
	wax_spool_put(copy, request);
	wax_job_build_put(job->job, request);
	if (!wax_worker_ask(parts, worker, request, &reply, ret_healthy, error))
		return false;
	if (!wax_spool_get_result(copy, reply, &why) || !wax_job_built_get(reply, &built, &why) ||
		!wax_frame_done(reply, &why)) {
		*ret_healthy = false;
		return wax_worker_nonsense(error, why);
	}
	*job->built = (WaxFlowBuilt){ g_steal_pointer(&copy), built.eight_bit,
		g_steal_pointer(&built.summary) };
	return true;
}

/* run_build - each attempt has a ticket of its own, for one signature: a worker may die after it asked */
static bool run_build(
	WaxParts *parts, WaxWorker *worker, void *data, bool *ret_healthy, GError **error)
{
	BuildJob *job = data;
	bool built;

	*ret_healthy = true; /* until it was asked */
	if (!job->job->signs)
		return build_with_ticket(parts, worker, job, ret_healthy, error);
	if (!wax_parts_open_ticket(parts, 1, 0, job->records, job->job->ticket, error))
		return false;
	built = build_with_ticket(parts, worker, job, ret_healthy, error);
	/* what was built was signed, and with its one signature the ticket ended */
	if (!built)
		wax_parts_close_ticket(parts, job->job->ticket);
	return built;
}

static bool part_build(void *ctx, WaxSpool *message, const WaxFlowBuild *build,
	WaxFlowBuilt *ret_built, GError **error)
{
	WaxParts *parts = ctx;
	g_auto(WaxJobBuild) job = { .method = build->method,
		.signer_certs = g_ptr_array_new_with_free_func(wax_parts_unref_bytes),
		.recipient_certs = g_ptr_array_new_with_free_func(wax_parts_unref_bytes),
		.cipher = g_strdup(parts->rules.cipher),
		.shy = parts->rules.shy_headers,
		.headers = g_strdup_printf("X-Waxwing-Hop: %s\r\n", build->hop),
		.size_limit = parts->rules.size_out };
	g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(wax_parts_unref_bytes);
	BuildJob work = { message, &job, records, ret_built };

	for (guint i = 0; i < build->certs->len; i++)
		g_ptr_array_add(
			job.recipient_certs, g_bytes_ref(g_ptr_array_index(build->certs, i)));
	if (build->signer &&
		(build->method == WAX_METHOD_SIGN || build->method == WAX_METHOD_SEAL) &&
		!with_signer(parts, build->signer, &work, error))
		return false;
	return wax_parts_with_worker(parts, run_build, &work, error);
}

/* ---- the table ---- */

WaxFlowParts wax_parts_table(WaxParts *parts)
{
	return (WaxFlowParts){ .ctx = parts,
		.domain = wax_parts_domain,
		.facts = part_facts,
		.decide = wax_parts_decide,
		.build = part_build,
		.open = wax_parts_open };
}
