/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/flow_internal.h"

#include <string.h>
#include <sys/statvfs.h>

#include "core/clock.h"
#include "core/event.h"
#include "core/status.h"
#include "crypto/digest.h"

/* a message in the hands of one connection */
struct WaxFlowSession {
	WaxFlow *flow;
	char *peer;
	WaxSpool *spool;
	WaxDigest *digest;
	GError *broken; /* what went wrong while it came in */
};

/* ---- ownership ---- */

void wax_decision_clear(WaxDecision *decision)
{
	g_clear_pointer(&decision->text, g_free);
	g_clear_pointer(&decision->route, g_free);
	g_clear_pointer(&decision->floor, g_free);
	g_clear_pointer(&decision->why, g_free);
	g_clear_pointer(&decision->signer, g_free);
	g_clear_pointer(&decision->certs, g_ptr_array_unref);
	g_clear_pointer(&decision->token, wax_plain_token_free);
}

void wax_flow_built_clear(WaxFlowBuilt *built)
{
	g_clear_pointer(&built->copy, wax_spool_free);
	g_clear_pointer(&built->summary, g_free);
}

void wax_flow_opened_clear(WaxFlowOpened *opened)
{
	g_clear_pointer(&opened->message_id, g_free);
	g_clear_pointer(&opened->hop, g_free);
	g_clear_pointer(&opened->shown, wax_spool_free);
	g_clear_pointer(&opened->original, wax_spool_free);
	g_clear_pointer(&opened->may_see, g_free);
	g_clear_pointer(&opened->summary, g_free);
}

static void unref_times(gpointer times)
{
	g_array_unref(times);
}

WaxFlow *wax_flow_new(const WaxFlowRules *rules, const WaxFlowParts *parts, WaxMail *mail,
	WaxDeliverer *deliverer)
{
	WaxFlow *flow = g_new0(WaxFlow, 1);

	flow->rules = *rules;
	flow->parts = *parts;
	flow->mail = mail;
	flow->deliverer = deliverer;
	g_mutex_init(&flow->lock);
	flow->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_times);
	return flow;
}

void wax_flow_free(WaxFlow *flow)
{
	if (!flow)
		return;
	g_hash_table_unref(flow->told);
	g_mutex_clear(&flow->lock);
	g_free(flow);
}

/* ---- one connection ---- */

static bool refuse(WaxReply *ret_refusal, WaxReason reason, const char *text)
{
	g_autoptr(GError) error = NULL;

	wax_set_error(&error, reason, "%s", text);
	*ret_refusal = wax_reply_from_error(error);
	return false;
}

static void on_peer(void *ctx, const char *peer)
{
	WaxFlowSession *session = ctx;

	g_free(session->peer);
	session->peer = g_strdup(peer);
}

/* on_mail - d.1: out only from a domain of ours; in from anybody */
static bool on_mail(void *ctx, const WaxEnvelope *envelope, WaxReply *ret_refusal)
{
	WaxFlowSession *session = ctx;
	const WaxFlowParts *parts = &session->flow->parts;
	g_autoptr(GError) error = NULL;
	g_autofree char *route = NULL;
	bool own = false;

	if (session->flow->rules.direction == WAX_INBOUND || !envelope->sender_domain)
		return true;
	if (!parts->domain(parts->ctx, envelope->sender_domain, &own, &route, &error)) {
		*ret_refusal = wax_reply_from_error(error);
		return false;
	}
	if (!own)
		return refuse(ret_refusal, WAX_R_UNLISTED_DOMAIN,
			"the sender's domain is not registered here");
	return true;
}

/* on_rcpt - in only to a domain of ours: this is no relay */
static bool on_rcpt(void *ctx, const WaxEnvelope *envelope, WaxReply *ret_refusal)
{
	WaxFlowSession *session = ctx;
	const WaxFlowParts *parts = &session->flow->parts;
	const WaxRecipient *last =
		g_ptr_array_index(envelope->recipients, envelope->recipients->len - 1);
	g_autoptr(GError) error = NULL;
	g_autofree char *route = NULL;
	bool own = false;

	if (session->flow->rules.direction == WAX_OUTBOUND)
		return true;
	if (!parts->domain(parts->ctx, last->domain, &own, &route, &error)) {
		*ret_refusal = wax_reply_from_error(error);
		return false;
	}
	if (!own)
		return refuse(ret_refusal, WAX_R_NO_ROUTE, "that is no domain of ours");
	return true;
}

/* has_room - the disk takes this message, its copies and still has its reserve */
static bool has_room(const WaxFlowRules *rules, uint64_t size)
{
	struct statvfs disk;

	if (!rules->spool || statvfs(rules->spool, &disk) < 0)
		return true; /* making the spool will tell */
	return (uint64_t)disk.f_bavail * disk.f_frsize > rules->disk_reserve + 3 * size;
}

static void forget(WaxFlowSession *session)
{
	g_clear_pointer(&session->spool, wax_spool_free);
	g_clear_pointer(&session->digest, wax_digest_free);
	g_clear_error(&session->broken);
}

static bool on_data(void *ctx, const WaxEnvelope *envelope, WaxReply *ret_refusal)
{
	WaxFlowSession *session = ctx;
	g_autoptr(GError) error = NULL;

	forget(session);
	if (!has_room(&session->flow->rules, envelope->size))
		return refuse(ret_refusal, WAX_R_DISK_FULL, "no room for the message, try again");
	session->digest = wax_digest_new(WAX_DIGEST_SHA256, &error);
	session->spool = wax_spool_new(session->flow->rules.spool);
	if (session->digest)
		return true;
	*ret_refusal = wax_reply_from_error(error);
	return false;
}

static void on_body(void *ctx, WaxSpan octets)
{
	WaxFlowSession *session = ctx;

	if (session->broken)
		return;
	wax_digest_update(session->digest, octets);
	if (!wax_spool_append(session->spool, octets, &session->broken))
		g_assert(session->broken);
}

static void on_abort(void *ctx)
{
	forget(ctx);
}

/* report - one event for one message: no address, no subject */
static void report(const WaxFlowMessage *m)
{
	size_t sent = 0, refused = 0, n = m->envelope->recipients->len;

	for (size_t i = 0; i < n; i++) {
		sent += wax_reply_is_ok(&m->replies[i]);
		refused += wax_reply_is_permanent(&m->replies[i]);
	}
	wax_event(WAX_INFO, "message-answered",
		WAX_FIELD("direction",
			WAX_STR(m->flow->rules.direction == WAX_OUTBOUND ? "out" : "in")),
		WAX_FIELD("reference", WAX_STR(m->reference)),
		WAX_FIELD("queue", WAX_STR(m->queue ? m->queue : "")),
		WAX_FIELD("size", WAX_UINT(wax_spool_size(m->spool))),
		WAX_FIELD("sent", WAX_UINT(sent)), WAX_FIELD("refused", WAX_UINT(refused)),
		WAX_FIELD("deferred", WAX_UINT(n - sent - refused)));
}

/* first_named - the same mailbox may be named twice: it gets one copy and two answers */
static size_t first_named(const WaxEnvelope *envelope, size_t i)
{
	const WaxRecipient *recipient = g_ptr_array_index(envelope->recipients, i);

	for (size_t j = 0; j < i; j++) {
		const WaxRecipient *earlier = g_ptr_array_index(envelope->recipients, j);

		if (strcmp(earlier->key, recipient->key) == 0)
			return j;
	}
	return i;
}

static void on_end(void *ctx, const WaxEnvelope *envelope, WaxReply *replies)
{
	WaxFlowSession *session = ctx;
	size_t n = envelope->recipients->len;
	g_autofree WaxReason *reasons = g_new0(WaxReason, n);
	g_autofree const char **methods = g_new0(const char *, n);
	g_autofree char *queue = wax_envelope_ident(envelope);
	g_autofree char *name = NULL;
	uint8_t random[6];
	WaxFlowMessage m = { .flow = session->flow,
		.spool = session->spool,
		.envelope = envelope,
		.replies = replies,
		.reasons = reasons,
		.methods = methods,
		.queue = queue,
		.deadline = wax_clock_monotonic() + session->flow->rules.time_limit };

	wax_digest_finish(session->digest, m.content);
	wax_random(random, sizeof(random));
	name = wax_hex(WAX_SPAN(random, sizeof(random)));
	g_snprintf(m.reference, sizeof(m.reference), "W%s", name);
	for (size_t i = 0; i < n; i++)
		if (first_named(envelope, i) != i)
			replies[i] = wax_reply_make(250, "2.0.0", "named before");
	if (session->broken)
		wax_flow_answer_all(&m, session->broken);
	else if (session->flow->rules.direction == WAX_OUTBOUND)
		wax_flow_go_out(&m, session->peer);
	else
		wax_flow_come_in(&m, session->peer);
	wax_flow_tell_sender(&m);
	wax_flow_post_answers(&m);
	report(&m);
	for (size_t i = 0; i < n; i++)
		replies[i] = replies[first_named(envelope, i)];
	g_free(m.identity);
	forget(session);
}

WaxFlowSession *wax_flow_session_new(WaxFlow *flow, WaxServeCalls *ret_calls)
{
	WaxFlowSession *session = g_new0(WaxFlowSession, 1);

	session->flow = flow;
	session->peer = g_strdup("local");
	*ret_calls = (WaxServeCalls){ .mail = on_mail,
		.rcpt = on_rcpt,
		.data = on_data,
		.body = on_body,
		.abort = on_abort,
		.end = on_end,
		.peer = on_peer,
		.ctx = session };
	return session;
}

void wax_flow_session_free(WaxFlowSession *session)
{
	if (!session)
		return;
	forget(session);
	g_free(session->peer);
	g_free(session);
}
