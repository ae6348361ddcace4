/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/parts.h"

#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/event.h"
#include "core/status.h"
#include "crypto/digest.h"
#include "keys/proto/requests.h"
#include "policy/decide.h"

#define CUSTODY_WAIT (10 * 1000)
#define ASKED_MOST   6000 /* questions for keys in one message: layers times RecipientInfos */
#define KEYS_MOST    64	  /* keys of ours that one message may name */

typedef struct {
	uint32_t index;
	int sock;
} Worker;

struct WaxParts {
	WaxPartsRules rules;
	WaxDirectory *directory;
	GMutex lock;
	GCond freed;
	GQueue idle; /* Worker */
	GMutex custody_lock;
	int custody;
	GMutex policy_lock;
	WaxPolicy *policy;
	int64_t policy_version;
};

/* ---- the pool of workers ---- */

static void drop(gpointer data)
{
	Worker *worker = data;

	close(worker->sock);
	g_free(worker);
}

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
	g_queue_clear_full(&parts->idle, drop);
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

void wax_parts_worker(WaxParts *parts, uint32_t index, int sock)
{
	Worker *worker = g_new0(Worker, 1);

	worker->index = index;
	worker->sock = sock;
	g_mutex_lock(&parts->lock);
	for (GList *l = parts->idle.head; l; l = l->next) {
		Worker *old = l->data;

		/* the one before died idle; one that died at work is dropped by its user */
		if (old->index != index)
			continue;
		g_queue_delete_link(&parts->idle, l);
		drop(old);
		break;
	}
	g_queue_push_tail(&parts->idle, worker);
	g_cond_signal(&parts->freed);
	g_mutex_unlock(&parts->lock);
}

void wax_parts_custody(WaxParts *parts, int sock)
{
	g_mutex_lock(&parts->custody_lock);
	if (parts->custody >= 0)
		close(parts->custody);
	parts->custody = sock;
	g_mutex_unlock(&parts->custody_lock);
}

static bool hung_up(const Worker *worker)
{
	struct pollfd fd = { .fd = worker->sock, .events = POLLIN };

	/* an idle worker has nothing to say: whatever is there, it is not fit for a job */
	return poll(&fd, 1, 0) != 0;
}

static Worker *take(WaxParts *parts, GError **error)
{
	gint64 until = g_get_monotonic_time() + parts->rules.worker_wait * 1000;
	Worker *worker;
	bool late = false;

	g_mutex_lock(&parts->lock);
	for (;;) {
		worker = g_queue_pop_head(&parts->idle);
		if (worker && !hung_up(worker))
			break;
		/* it ended while idle, as workers do after some messages */
		g_clear_pointer(&worker, drop);
		if (late)
			break;
		if (g_queue_is_empty(&parts->idle))
			late = !g_cond_wait_until(&parts->freed, &parts->lock, until);
	}
	g_mutex_unlock(&parts->lock);
	if (!worker)
		wax_set_error(error, WAX_R_WORKER_DIED, "no worker is free");
	return worker;
}

/* give_back - a worker that answered as it should; another one is not trusted again */
static void give_back(WaxParts *parts, Worker *worker, bool healthy)
{
	if (!healthy) {
		wax_event(
			WAX_WARNING, "worker-dropped", WAX_FIELD("index", WAX_UINT(worker->index)));
		/* it sees the end of the stream, ends itself, and is started afresh */
		(void)shutdown(worker->sock, SHUT_RDWR);
		drop(worker);
		return;
	}
	g_mutex_lock(&parts->lock);
	g_queue_push_tail(&parts->idle, worker);
	g_cond_signal(&parts->freed);
	g_mutex_unlock(&parts->lock);
}

/* ask - one question and its answer; false with *ret_healthy when the worker itself refused */
static bool ask(WaxParts *parts, Worker *worker, const WaxFrame *request, WaxFrame **ret_reply,
	bool *ret_healthy, GError **error)
{
	g_autoptr(WaxFrame) reply = NULL;
	g_autoptr(GError) failure = NULL;

	*ret_healthy = false;
	if (!wax_ipc_send(worker->sock, request, &failure) ||
		!wax_ipc_recv(worker->sock, (int)parts->rules.worker_wait, &reply, &failure))
		return wax_fail(error,
			wax_reason_of(failure) == WAX_R_PEER_GONE ? WAX_R_PEER_GONE
								  : WAX_R_WORKER_DIED,
			"the worker: %s", failure->message);
	*ret_healthy = true;
	if (!wax_frame_check(reply, error))
		return false;
	*ret_reply = g_steal_pointer(&reply);
	return true;
}

/* nonsense - an answer that cannot be read is a worker that cannot be trusted */
static bool nonsense(GError **error, const GError *why)
{
	return wax_fail(
		error, WAX_R_WORKER_DIED, "the worker: %s", why ? why->message : "nonsense");
}

/* one job: what is asked, and who reads the answer */
typedef bool (*RunFunc)(
	WaxParts *parts, Worker *worker, void *data, bool *ret_healthy, GError **error);

/*
 * with_worker - a worker that was just leaving took the job along: another one gets it,
 * once, so that a message which kills workers does not kill them all
 */
static bool with_worker(WaxParts *parts, RunFunc run, void *data, GError **error)
{
	g_autoptr(GError) failure = NULL;

	for (int attempt = 0; attempt < 2; attempt++) {
		Worker *worker = take(parts, error);
		bool healthy = false, done;

		if (!worker)
			return false;
		g_clear_error(&failure);
		done = run(parts, worker, data, &healthy, &failure);
		give_back(parts, worker, healthy);
		if (done)
			return true;
		if (healthy || wax_reason_of(failure) != WAX_R_PEER_GONE)
			break;
	}
	if (wax_reason_of(failure) == WAX_R_PEER_GONE)
		return wax_fail(error, WAX_R_WORKER_DIED, "%s", failure->message);
	g_propagate_error(error, g_steal_pointer(&failure));
	return false;
}

/* ---- tickets ---- */

static bool custody_call(WaxParts *parts, const WaxFrame *request, GError **error)
{
	g_autoptr(WaxFrame) reply = NULL;
	g_autoptr(GError) failure = NULL;
	WaxReason reason;
	bool done;

	g_mutex_lock(&parts->custody_lock);
	done = parts->custody >= 0
		       ? wax_ipc_call(parts->custody, request, CUSTODY_WAIT, &reply, &failure)
		       : wax_fail(&failure, WAX_R_PEER_GONE, "it is not there");
	reason = done ? WAX_R_NONE : wax_reason_of(failure);
	/* gone for good: the parent hands over a new socket when it runs again */
	if (reason == WAX_R_PEER_GONE && parts->custody >= 0) {
		close(parts->custody);
		parts->custody = -1;
	}
	g_mutex_unlock(&parts->custody_lock);
	if (reason == WAX_R_PEER_GONE || reason == WAX_R_TIMEOUT || reason == WAX_R_IO)
		return wax_fail(error, WAX_R_CUSTODY_DOWN, "the custodian: %s", failure->message);
	if (!done)
		g_propagate_error(error, g_steal_pointer(&failure));
	return done;
}

/* open_ticket - for one message; the handle of a record is its place */
static bool open_ticket(WaxParts *parts, uint32_t signs, uint32_t unwraps, const GPtrArray *records,
	uint8_t ret_ticket[WAX_TICKET_SIZE], GError **error)
{
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_TICKET_OPEN);

	wax_random(ret_ticket, WAX_TICKET_SIZE);
	wax_frame_put_span(request, WAX_SPAN(ret_ticket, WAX_TICKET_SIZE));
	wax_frame_put_u32(request, signs);
	wax_frame_put_u32(request, unwraps);
	wax_frame_put_u32(request, records->len);
	for (guint i = 0; i < records->len; i++) {
		gsize n;
		const void *p = g_bytes_get_data(g_ptr_array_index(records, i), &n);

		wax_frame_put_u32(request, i);
		wax_frame_put_span(request, WAX_SPAN(p, n));
	}
	return custody_call(parts, request, error);
}

static void close_ticket(WaxParts *parts, const uint8_t ticket[WAX_TICKET_SIZE])
{
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_TICKET_CLOSE);
	bool closed;

	wax_frame_put_span(request, WAX_SPAN(ticket, WAX_TICKET_SIZE));
	closed = custody_call(parts, request, NULL);
	(void)closed; /* an unclosed ticket ends by its age */
}

/* ---- the table ---- */

static bool part_domain(
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
	WaxParts *parts, Worker *worker, void *data, bool *ret_healthy, GError **error)
{
	FactsJob *job = data;
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_JOB_FACTS), reply = NULL;
	g_autoptr(GError) why = NULL;
	g_auto(WaxJobFacts) facts = { 0 };

	*ret_healthy = true; /* until it was asked */
	if (!wax_spool_put(job->message, request, error) ||
		!ask(parts, worker, request, &reply, ret_healthy, error))
		return false;
	if (!wax_job_facts_get(reply, &facts, &why) || !wax_frame_done(reply, &why)) {
		*ret_healthy = false;
		return nonsense(error, why);
	}
	*job->facts = facts;
	facts = (WaxJobFacts){ 0 };
	return true;
}

static bool part_facts(void *ctx, WaxSpool *message, WaxJobFacts *ret_facts, GError **error)
{
	FactsJob job = { message, ret_facts };

	return with_worker(ctx, run_facts, &job, error);
}

/* ---- decisions ---- */

/* policy_in_force - parsed once for each version */
static WaxPolicy *policy_in_force(WaxParts *parts, GError **error)
{
	g_autofree char *text = NULL;
	WaxPolicy *policy = NULL;
	int64_t version = 0;

	if (!wax_directory_policy(parts->directory, &text, &version, error))
		return NULL;
	g_mutex_lock(&parts->policy_lock);
	if (parts->policy && parts->policy_version == version) {
		policy = wax_policy_ref(parts->policy);
	} else {
		policy = wax_policy_parse(
			version > 0 ? text : parts->rules.default_policy, "policy", error);
		if (policy) {
			if (parts->policy)
				wax_policy_unref(parts->policy);
			parts->policy = wax_policy_ref(policy);
			parts->policy_version = version;
		}
	}
	g_mutex_unlock(&parts->policy_lock);
	return policy;
}

/* what is known about one recipient */
typedef struct {
	GPtrArray *candidates; /* WaxDirCandidate */
	WaxCandidateFact *facts;
} Known;

static bool know(WaxParts *parts, const char *address, const WaxJudgeContext *context, Known *known,
	WaxRecipientFacts *ret_facts)
{
	ret_facts->address = address;
	if (!wax_directory_candidates(parts->directory, address, &known->candidates, NULL)) {
		ret_facts->directory_down = true;
		return false;
	}
	known->facts = g_new0(WaxCandidateFact, known->candidates->len + 1);
	for (guint i = 0; i < known->candidates->len; i++) {
		const WaxDirCandidate *one = g_ptr_array_index(known->candidates, i);

		known->facts[i] = wax_policy_judge(
			one->cert, one->id, one->of_domain, one->pinned, address, context);
		known->facts[i].kept = one->kept;
	}
	ret_facts->candidates = known->facts;
	ret_facts->count = known->candidates->len;
	return true;
}

static char *plan_text(const WaxPlanRecipient *recipient)
{
	json_t *object = json_object(), *notes = json_array();
	char *text, *copy;

	json_object_set_new(object, "floor", json_string(wax_floor_name(recipient->floor)));
	json_object_set_new(object, "method", json_string(wax_plan_method_name(recipient->method)));
	json_object_set_new(object, "sign", json_boolean(recipient->sign));
	if (recipient->certificate)
		json_object_set_new(object, "certificate", json_string(recipient->certificate));
	if (recipient->reason)
		json_object_set_new(
			object, "reason", json_string(wax_reason_info(recipient->reason)->label));
	for (guint i = 0; recipient->notes && i < recipient->notes->len; i++) {
		const WaxPlanNote *note = g_ptr_array_index(recipient->notes, i);

		json_array_append_new(notes, json_pack("{s:s?,s:s?,s:s?}", "input", note->input,
						     "origin", note->origin, "text", note->text));
	}
	json_object_set_new(object, "why", notes);
	text = json_dumps(object, JSON_COMPACT);
	copy = g_strdup(text);
	free(text);
	json_decref(object);
	return copy;
}

static void unref_bytes(gpointer bytes)
{
	g_bytes_unref(bytes);
}

static GPtrArray *chosen_cert(const Known *known, const char *id)
{
	GPtrArray *certs = g_ptr_array_new_with_free_func(unref_bytes);

	for (guint i = 0; known->candidates && i < known->candidates->len; i++) {
		const WaxDirCandidate *one = g_ptr_array_index(known->candidates, i);
		WaxSpan der = wax_cert_info(one->cert)->der;

		if (g_strcmp0(one->id, id) != 0)
			continue;
		g_ptr_array_add(certs, g_bytes_new(der.p, der.n));
		break;
	}
	return certs;
}

/* carry_over - the plan's word for a recipient as the flow wants it */
static void carry_over(const WaxPlan *plan, const WaxPlanRecipient *planned, const Known *known,
	const WaxDirSender *sender, WaxDecision *decision)
{
	decision->floor = g_strdup(wax_floor_name(planned->floor));
	decision->why = plan_text(planned);
	decision->all_or_nothing = plan->all_or_nothing;
	if (planned->sign && sender)
		decision->signer = g_strdup(sender->address);
	switch (planned->method) {
	case WAX_PLAN_END_TO_END:
		decision->method = WAX_METHOD_PASS;
		break;
	case WAX_PLAN_USER_CERT:
	case WAX_PLAN_DOMAIN_CERT:
		decision->method = WAX_METHOD_SEAL;
		decision->certs = chosen_cert(known, planned->certificate);
		break;
	case WAX_PLAN_SIGNED:
		decision->method = planned->sign ? WAX_METHOD_SIGN : WAX_METHOD_PLAIN;
		decision->token = wax_plan_plain_token(plan, planned->address);
		break;
	case WAX_PLAN_PLAIN:
		decision->method = WAX_METHOD_PLAIN;
		decision->token = wax_plan_plain_token(plan, planned->address);
		break;
	case WAX_PLAN_REFUSE:
	case WAX_PLAN_DEFER:
		decision->method = WAX_METHOD_REFUSE;
		decision->reason = planned->reason ? planned->reason : WAX_R_METHODS_EXHAUSTED;
		/* an expired certificate is for ever, but a deferral must read as one */
		if (planned->method == WAX_PLAN_DEFER &&
			wax_class_of_reason(decision->reason) != WAX_CLASS_TEMP)
			decision->reason = WAX_R_DIRECTORY_DOWN;
		decision->text = g_strdup_printf(
			"%s: %s", planned->address, wax_reason_info(decision->reason)->label);
		break;
	case WAX_PLAN_UNDECIDED:
	case WAX_PLAN_COUNT_:
		break;
	}
}

static bool route_of(
	WaxParts *parts, const char *domain, bool *ret_own, char **ret_route, GError **error)
{
	if (!part_domain(parts, domain, ret_own, ret_route, error))
		return false;
	if (!*ret_route && !*ret_own && parts->rules.relay_outbound[0])
		*ret_route = g_strdup(parts->rules.relay_outbound);
	return true;
}

/* signer_of - d.17: only the envelope sender's own single From is signed for */
static bool signer_of(WaxParts *parts, const WaxEnvelope *envelope, const WaxJobFacts *facts,
	WaxDirSender **ret_sender, GError **error)
{
	*ret_sender = NULL;
	if (!envelope->sender_key || g_strcmp0(facts->from, envelope->sender_key) != 0)
		return true;
	return wax_directory_sender(parts->directory, envelope->sender_key, ret_sender, error);
}

static bool part_decide(void *ctx, const WaxEnvelope *envelope, const WaxJobFacts *facts,
	WaxDecision *decisions, GError **error)
{
	WaxParts *parts = ctx;
	size_t n = envelope->recipients->len;
	g_autoptr(WaxPolicy) policy = policy_in_force(parts, error);
	g_autoptr(WaxDirSender) sender = NULL;
	g_autoptr(GPtrArray) anchors = NULL, untrusted = NULL;
	g_autoptr(WaxPlan) plan = NULL;
	g_autofree Known *known = g_new0(Known, n);
	g_autofree WaxRecipientFacts *recipients = g_new0(WaxRecipientFacts, n);
	WaxJudgeContext context = { .at = wax_clock_now() };
	WaxMessageFacts message = { .sender = envelope->sender_key ? envelope->sender_key : "",
		.recipients = recipients,
		.count = n,
		.encrypted = facts->sealed || facts->openpgp,
		.openpgp = facts->openpgp && !facts->sealed,
		.already_signed = facts->is_signed,
		.malformed = facts->malformed,
		.raise = facts->raise ? wax_floor_by_name(facts->raise) : WAX_FLOOR_UNDECIDED,
		.raised_by = "a header or tag of the message",
		.lower = facts->lower ? wax_floor_by_name(facts->lower) : WAX_FLOOR_UNDECIDED,
		.lowered_by = "a header or tag of the message" };
	bool decided = true;

	if (!policy || !signer_of(parts, envelope, facts, &sender, error) ||
		!wax_directory_anchors(parts->directory, WAX_PURPOSE_ENCRYPT, &anchors, error) ||
		!wax_directory_intermediates(parts->directory, &untrusted, error))
		return false;
	message.policy_version = parts->policy_version;
	message.signer = sender && sender->sign.epoch ? WAX_SIGNER_READY : WAX_SIGNER_NONE;
	context.anchors = anchors;
	context.untrusted = untrusted;
	for (size_t i = 0; i < n && decided; i++) {
		const WaxRecipient *recipient = g_ptr_array_index(envelope->recipients, i);

		(void)know(parts, recipient->key, &context, &known[i],
			&recipients[i]); /* not to know is a fact too */
		decided = route_of(
			parts, recipient->domain, &recipients[i].own, &decisions[i].route, error);
	}
	plan = decided ? wax_policy_plan(policy, &message) : NULL;
	for (size_t i = 0; i < n && decided; i++)
		carry_over(plan, g_ptr_array_index(plan->recipients, i), &known[i], sender,
			&decisions[i]);
	for (size_t i = 0; i < n; i++) {
		g_clear_pointer(&known[i].candidates, g_ptr_array_unref);
		g_free(known[i].facts);
	}
	return decided;
}

/* ---- building ---- */

static void add_cert(GPtrArray *certs, WaxCert *cert)
{
	WaxSpan der = cert ? wax_cert_info(cert)->der : WAX_SPAN_NONE;

	if (der.n > 0)
		g_ptr_array_add(certs, g_bytes_new(der.p, der.n));
}

/* with_signer - a ticket for one signature, and the certificates that go with it */
static bool with_signer(WaxParts *parts, const char *address, WaxJobBuild *job, GError **error)
{
	g_autoptr(WaxDirSender) sender = NULL;
	g_autoptr(GPtrArray) records = g_ptr_array_new();

	if (!wax_directory_sender(parts->directory, address, &sender, error))
		return false;
	if (!sender || !sender->sign.epoch)
		return wax_fail(error, WAX_R_NO_SIGNING_IDENTITY, "no key signs for this sender");
	g_ptr_array_add(records, sender->sign.record);
	add_cert(job->signer_certs, sender->sign.cert);
	if (sender->encrypt.epoch && g_strcmp0(sender->encrypt.epoch, sender->sign.epoch) != 0)
		add_cert(job->signer_certs, sender->encrypt.cert);
	/* two: a worker may die after it has asked */
	if (!open_ticket(parts, 2, 0, records, job->ticket, error))
		return false;
	job->signs = true;
	return true;
}

typedef struct {
	WaxSpool *message;
	const WaxJobBuild *job;
	WaxFlowBuilt *built;
} BuildJob;

static bool run_build(
	WaxParts *parts, Worker *worker, void *data, bool *ret_healthy, GError **error)
{
	BuildJob *job = data;
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_JOB_BUILD), reply = NULL;
	g_auto(WaxJobBuilt) built = { 0 };
	g_autoptr(GError) why = NULL;
	g_autoptr(WaxSpool) copy = NULL;
	uint64_t size;

	*ret_healthy = true; /* until it was asked */
	if (!wax_spool_new(parts->rules.spool, &copy, error) ||
		!wax_spool_put(job->message, request, error) ||
		!wax_spool_put(copy, request, error))
		return false;
	wax_job_build_put(job->job, request);
	if (!ask(parts, worker, request, &reply, ret_healthy, error))
		return false;
	if (!wax_frame_get_u64(reply, &size, &why) || !wax_job_built_get(reply, &built, &why) ||
		!wax_frame_done(reply, &why)) {
		*ret_healthy = false;
		return nonsense(error, why);
	}
	wax_spool_set_size(copy, size);
	*job->built = (WaxFlowBuilt){ g_steal_pointer(&copy), built.eight_bit,
		g_steal_pointer(&built.summary) };
	return true;
}

static bool part_build(void *ctx, WaxSpool *message, const WaxFlowBuild *build,
	WaxFlowBuilt *ret_built, GError **error)
{
	WaxParts *parts = ctx;
	g_auto(WaxJobBuild) job = { .method = build->method,
		.signer_certs = g_ptr_array_new_with_free_func(unref_bytes),
		.recipient_certs = g_ptr_array_new_with_free_func(unref_bytes),
		.cipher = g_strdup(parts->rules.cipher),
		.headers = g_strdup_printf("X-Waxwing-Hop: %s\r\n", build->hop),
		.size_limit = parts->rules.size_out };
	BuildJob work = { message, &job, ret_built };
	bool built;

	for (guint i = 0; i < build->certs->len; i++)
		g_ptr_array_add(
			job.recipient_certs, g_bytes_ref(g_ptr_array_index(build->certs, i)));
	if (build->signer && !with_signer(parts, build->signer, &job, error))
		return false;
	built = with_worker(parts, run_build, &work, error);
	if (job.signs)
		close_ticket(parts, job.ticket);
	return built;
}

/* ---- opening ---- */

/* one key of this message's recipients, by its handle */
typedef struct {
	GBytes *record;
	char *identity;
	char *epoch;
} Granted;

typedef struct {
	WaxParts *parts;
	const WaxEnvelope *envelope;
	GPtrArray *granted; /* Granted; the handle is the place */
	uint8_t ticket[WAX_TICKET_SIZE];
	bool open;
	bool fresh; /* keys were granted that the ticket does not have yet */
} Opening;

static void free_granted(gpointer data)
{
	Granted *granted = data;

	g_bytes_unref(granted->record);
	g_free(granted->identity);
	g_free(granted->epoch);
	g_free(granted);
}

/* speaks_for - is that identity the recipient's own, or its domain's? */
static bool speaks_for(const WaxStoredIdentity *identity, const WaxRecipient *recipient)
{
	if (identity->domain && strcmp(identity->domain, recipient->domain) == 0)
		return true;
	for (char **address = identity->addresses; address && *address; address++)
		if (strcmp(*address, recipient->key) == 0)
			return true;
	return false;
}

static bool of_this_message(Opening *o, const char *identity_id, bool *ret_yes, GError **error)
{
	g_autoptr(WaxStoredIdentity) identity = NULL;

	*ret_yes = false;
	if (!wax_directory_identity(o->parts->directory, identity_id, &identity, error))
		return false;
	for (guint i = 0; identity && i < o->envelope->recipients->len; i++)
		*ret_yes = *ret_yes ||
			   speaks_for(identity, g_ptr_array_index(o->envelope->recipients, i));
	return true;
}

static WaxSpan span_of(GBytes *bytes)
{
	gsize n = 0;
	const void *p = bytes ? g_bytes_get_data(bytes, &n) : NULL;

	return WAX_SPAN(p, n);
}

/* find_granted - the same key may be named in several layers */
static bool find_granted(const Opening *o, const WaxEpoch *epoch, uint32_t *ret_handle)
{
	for (guint i = 0; i < o->granted->len; i++) {
		const Granted *granted = g_ptr_array_index(o->granted, i);

		if (strcmp(granted->epoch, epoch->id) != 0)
			continue;
		*ret_handle = i;
		return true;
	}
	return false;
}

/* grant - the keys that one RecipientInfo names and that belong to this message */
static bool grant(Opening *o, const WaxJobNamed *named, GArray *keys, GError **error)
{
	g_autoptr(GPtrArray) epochs = NULL;

	if (!wax_directory_epochs(o->parts->directory, span_of(named->issuer_serial),
		    span_of(named->key_id), &epochs, error))
		return false;
	for (guint i = 0; i < epochs->len; i++) {
		const WaxEpoch *epoch = g_ptr_array_index(epochs, i);
		WaxJobKey key = { .index = named->index, .handle = o->granted->len };
		Granted *granted;
		bool ours = false;

		if (!of_this_message(o, epoch->identity, &ours, error))
			return false;
		if (!ours || !epoch->record || strcmp(epoch->purpose, "sign") == 0)
			continue;
		if (find_granted(o, epoch, &key.handle)) {
			g_array_append_val(keys, key);
			continue;
		}
		if (o->granted->len >= KEYS_MOST)
			break;
		o->fresh = true;
		granted = g_new0(Granted, 1);
		granted->record = g_bytes_new(epoch->record->data, epoch->record->len);
		granted->identity = g_strdup(epoch->identity);
		granted->epoch = g_strdup(epoch->id);
		g_ptr_array_add(o->granted, granted);
		g_array_append_val(keys, key);
	}
	return true;
}

/* renew_ticket - over all keys granted so far, new handles at its end */
static bool renew_ticket(Opening *o, GError **error)
{
	g_autoptr(GPtrArray) records = g_ptr_array_new();

	if (o->open)
		close_ticket(o->parts, o->ticket);
	o->open = false;
	for (guint i = 0; i < o->granted->len; i++)
		g_ptr_array_add(records, ((Granted *)g_ptr_array_index(o->granted, i))->record);
	/* each layer is read to judge it and to write what is in it, some twice */
	if (!open_ticket(o->parts, 0, 4 * records->len + 8, records, o->ticket, error))
		return false;
	o->open = true;
	o->fresh = false;
	return true;
}

/* answer_need - the keys that are meant and may be used */
static bool answer_need(Opening *o, WaxFrame *need, WaxFrame **ret_answer, GError **error)
{
	g_autoptr(GArray) named = NULL, keys = g_array_new(FALSE, TRUE, sizeof(WaxJobKey));
	g_autoptr(WaxFrame) answer = wax_frame_new(WAX_JOB_KEYS);
	g_autoptr(GError) why = NULL;

	if (!wax_job_need_get(need, &named, &why) || !wax_frame_done(need, &why))
		return nonsense(error, why);
	for (guint i = 0; i < named->len; i++)
		if (!grant(o, &g_array_index(named, WaxJobNamed, i), keys, error))
			return false;
	if (o->fresh && !renew_ticket(o, error))
		return false;
	wax_job_keys_put(o->ticket, keys, answer);
	*ret_answer = g_steal_pointer(&answer);
	return true;
}

/* may_see - whose own or domain key opened it; a message in clear is everybody's */
static bool fill_may_see(Opening *o, const WaxJobOpened *job, WaxFlowOpened *opened, GError **error)
{
	g_autoptr(WaxStoredIdentity) identity = NULL;
	const Granted *granted;

	if (!job->decrypted)
		return true;
	if (job->opened_by >= o->granted->len)
		return wax_fail(
			error, WAX_R_WORKER_DIED, "the worker names a key it was not given");
	granted = g_ptr_array_index(o->granted, job->opened_by);
	if (!wax_directory_identity(o->parts->directory, granted->identity, &identity, error))
		return false;
	opened->may_see = g_new0(bool, o->envelope->recipients->len);
	for (guint i = 0; identity && i < o->envelope->recipients->len; i++)
		opened->may_see[i] =
			speaks_for(identity, g_ptr_array_index(o->envelope->recipients, i));
	return true;
}

static bool take_opened(
	Opening *o, WaxFrame *reply, WaxFlowOpened *opened, bool *ret_healthy, GError **error)
{
	g_auto(WaxJobOpened) job = { 0 };
	g_autoptr(GError) why = NULL;
	uint64_t shown, original;

	if (!wax_job_opened_get(reply, &job, &why) || !wax_frame_get_u64(reply, &shown, &why) ||
		!wax_frame_get_u64(reply, &original, &why) || !wax_frame_done(reply, &why) ||
		(job.decrypted && !job.has_original)) {
		*ret_healthy = false;
		return nonsense(error, why);
	}
	wax_spool_set_size(opened->shown, shown);
	wax_spool_set_size(opened->original, original);
	if (!job.has_original)
		g_clear_pointer(&opened->original, wax_spool_free);
	opened->message_id = g_steal_pointer(&job.message_id);
	opened->received = job.received;
	opened->hop = g_steal_pointer(&job.hop);
	opened->decrypted = job.decrypted;
	opened->shown_eight_bit = job.shown_eight_bit;
	opened->original_eight_bit = job.original_eight_bit;
	opened->summary = g_steal_pointer(&job.summary);
	opened->fault = job.fault;
	return fill_may_see(o, &job, opened, error);
}

/* put_anchors - with the domains each is trusted for, and with what is forbidden */
static void put_anchors(const GPtrArray *anchors, WaxJobOpen *job)
{
	for (guint i = 0; anchors && i < anchors->len; i++) {
		const WaxAnchor *anchor = g_ptr_array_index(anchors, i);

		add_cert(anchor->forbidden ? job->forbidden : job->anchors, anchor->cert);
		if (!anchor->forbidden)
			g_ptr_array_add(job->limits,
				anchor->domains ? g_strdupv(anchor->domains) : g_new0(char *, 1));
	}
}

static char *text_or_none(const char *text)
{
	return text && text[0] ? g_strdup(text) : NULL;
}

/* put_tags - our own marks are for nobody else to make, and so is what the house lists */
static void put_tags(const WaxParts *parts, WaxJobOpen *job)
{
	if (job->tag_signed)
		g_ptr_array_add(job->tags, g_strdup(job->tag_signed));
	if (job->tag_encrypted)
		g_ptr_array_add(job->tags, g_strdup(job->tag_encrypted));
	for (const char *const *tag = parts->rules.foreign_tags; tag && *tag; tag++)
		g_ptr_array_add(job->tags, g_strdup(*tag));
}

static bool open_request(WaxParts *parts, WaxSpool *message, const WaxEnvelope *envelope,
	WaxFlowOpened *opened, WaxFrame **ret_request, GError **error)
{
	g_autoptr(GPtrArray) anchors = NULL, untrusted = NULL;
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_JOB_OPEN);
	g_auto(WaxJobOpen) job = { .anchors = g_ptr_array_new_with_free_func(unref_bytes),
		.limits = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev),
		.forbidden = g_ptr_array_new_with_free_func(unref_bytes),
		.untrusted = g_ptr_array_new_with_free_func(unref_bytes),
		.at = wax_clock_now(),
		.sender = g_strdup(envelope->sender_key ? envelope->sender_key : ""),
		.host = g_strdup(parts->rules.host),
		.promote_subject = parts->rules.promote_subject,
		.tags = g_ptr_array_new_with_free_func(g_free),
		.tag_signed = text_or_none(parts->rules.tag_signed),
		.tag_encrypted = text_or_none(parts->rules.tag_encrypted) };

	if (!wax_directory_anchors(parts->directory, WAX_PURPOSE_SIGN, &anchors, error) ||
		!wax_directory_intermediates(parts->directory, &untrusted, error))
		return false;
	put_tags(parts, &job);
	put_anchors(anchors, &job);
	for (guint i = 0; untrusted && i < untrusted->len; i++)
		add_cert(job.untrusted, g_ptr_array_index(untrusted, i));
	/* both forms go to the disk: a large message must not lie in a worker's memory */
	if (!wax_spool_new(parts->rules.spool, &opened->shown, error) ||
		!wax_spool_new(parts->rules.spool, &opened->original, error) ||
		!wax_spool_put(message, request, error) ||
		!wax_spool_put(opened->shown, request, error) ||
		!wax_spool_put(opened->original, request, error))
		return false;
	wax_job_open_put(&job, request);
	*ret_request = g_steal_pointer(&request);
	return true;
}

/* converse - the worker asks for keys until it has seen every layer */
static bool converse(Opening *o, Worker *worker, WaxFrame *first, WaxFlowOpened *opened,
	bool *ret_healthy, GError **error)
{
	g_autoptr(WaxFrame) question = first;

	for (unsigned asked = 0; asked < ASKED_MOST; asked++) {
		g_autoptr(WaxFrame) reply = NULL;
		WaxFrame *answer = NULL;

		if (!ask(o->parts, worker, question, &reply, ret_healthy, error))
			return false;
		if (wax_frame_type(reply) != WAX_JOB_NEED_KEYS)
			return take_opened(o, reply, opened, ret_healthy, error);
		if (!answer_need(o, reply, &answer, error)) {
			/* it waits for an answer that will not come: not fit for another job */
			*ret_healthy = false;
			return false;
		}
		wax_frame_free(question);
		question = answer;
	}
	*ret_healthy = false;
	return nonsense(error, NULL);
}

typedef struct {
	WaxSpool *message;
	const WaxEnvelope *envelope;
	WaxFlowOpened *opened;
} OpenJob;

static bool run_open(WaxParts *parts, Worker *worker, void *data, bool *ret_healthy, GError **error)
{
	OpenJob *job = data;
	g_autoptr(GPtrArray) granted = g_ptr_array_new_with_free_func(free_granted);
	Opening o = { .parts = parts, .envelope = job->envelope, .granted = granted };
	g_auto(WaxFlowOpened) opened = { 0 };
	WaxFrame *request = NULL;
	bool done;

	if (!open_request(parts, job->message, job->envelope, &opened, &request, error)) {
		*ret_healthy = true; /* it was not even asked */
		return false;
	}
	done = converse(&o, worker, request, &opened, ret_healthy, error);
	if (o.open)
		close_ticket(parts, o.ticket);
	if (!done)
		return false;
	*job->opened = opened;
	opened = (WaxFlowOpened){ 0 };
	return true;
}

static bool part_open(void *ctx, WaxSpool *message, const WaxEnvelope *envelope,
	WaxFlowOpened *ret_opened, GError **error)
{
	OpenJob job = { message, envelope, ret_opened };

	return with_worker(ctx, run_open, &job, error);
}

WaxFlowParts wax_parts_table(WaxParts *parts)
{
	return (WaxFlowParts){ .ctx = parts,
		.domain = part_domain,
		.facts = part_facts,
		.decide = part_decide,
		.build = part_build,
		.open = part_open };
}
