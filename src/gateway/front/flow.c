/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/flow.h"

#include <jansson.h>
#include <string.h>
#include <sys/statvfs.h>

#include "core/clock.h"
#include "core/event.h"
#include "core/status.h"
#include "crypto/digest.h"
#include "gateway/front/notice.h"

struct WaxFlow {
	WaxFlowRules rules;
	WaxFlowParts parts;
	WaxMail *mail;
	WaxDeliverer *deliverer;
	GMutex lock;
	GHashTable *told; /* sender: GArray of the times at which notices went out */
};

/* a message in the hands of one connection */
struct WaxFlowSession {
	WaxFlow *flow;
	char *peer;
	char *helo;
	WaxSpool *spool;
	WaxDigest *digest;
	GError *broken; /* what went wrong while it came in */
};

/* a message on its way: what its steps share */
typedef struct {
	WaxFlow *flow;
	WaxSpool *spool;
	const WaxEnvelope *envelope;
	WaxReply *replies;
	WaxReason *reasons;   /* of our own refusals, for the notice */
	const char **methods; /* how it went, for the notice */
	uint8_t content[32];
	char reference[20];
	char *queue;
	char *identity; /* of the journal's keys; NULL: nothing tells repetitions apart */
	int64_t deadline;
} Message;

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

/* ---- the loop marker (GATEWAY d.9) ---- */

static gint by_key(gconstpointer a, gconstpointer b)
{
	const WaxRecipient *const *left = a, *const *right = b;

	return strcmp((*left)->key, (*right)->key);
}

/* hop_mac - over direction, queue id and recipients in an order of their own */
static char *hop_mac(
	WaxSpan secret, WaxDirection direction, const char *queue, const GPtrArray *recipients)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	g_autoptr(GString) text = g_string_new(NULL);
	uint8_t mac[32];

	for (guint i = 0; i < recipients->len; i++)
		g_ptr_array_add(sorted, g_ptr_array_index(recipients, i));
	g_ptr_array_sort(sorted, by_key);
	g_string_append_printf(text, "%s\n%s\n", direction == WAX_OUTBOUND ? "out" : "in", queue);
	for (guint i = 0; i < sorted->len; i++) {
		const WaxRecipient *recipient = g_ptr_array_index(sorted, i);

		g_string_append_printf(text, "%s\n", recipient->key);
	}
	wax_hmac_sha256(secret, WAX_SPAN(text->str, text->len), mac);
	return wax_hex(WAX_SPAN(mac, sizeof(mac)));
}

char *wax_flow_hop(
	WaxSpan secret, WaxDirection direction, const char *queue, const GPtrArray *recipients)
{
	g_autofree char *mac = hop_mac(secret, direction, queue ? queue : "", recipients);

	return g_strdup_printf("%s; q=%s; h=%s", direction == WAX_OUTBOUND ? "out" : "in",
		queue ? queue : "", mac);
}

bool wax_flow_hop_check(
	WaxSpan secret, WaxDirection direction, const char *value, const GPtrArray *recipients)
{
	g_auto(GStrv) parts = g_strsplit(value, ";", -1);
	g_autofree char *mac = NULL;

	if (g_strv_length(parts) != 3)
		return false;
	for (char **part = parts; *part; part++)
		g_strstrip(*part);
	if (strcmp(parts[0], direction == WAX_OUTBOUND ? "out" : "in") != 0 ||
		!g_str_has_prefix(parts[1], "q=") || !g_str_has_prefix(parts[2], "h="))
		return false;
	mac = hop_mac(secret, direction, parts[1] + 2, recipients);
	return wax_same_secret(
		WAX_SPAN(mac, strlen(mac)), WAX_SPAN(parts[2] + 2, strlen(parts[2] + 2)));
}

/* ---- answers ---- */

static const WaxRecipient *recipient_of(const Message *m, size_t i)
{
	return g_ptr_array_index(m->envelope->recipients, i);
}

/* answer_error - to one recipient, unless it has an answer */
static void answer_error(Message *m, size_t i, const GError *error)
{
	if (m->replies[i].code != 0)
		return;
	m->replies[i] = wax_reply_from_error(error);
	m->reasons[i] = wax_reason_of(error);
}

static void answer_all(Message *m, const GError *error)
{
	for (size_t i = 0; i < m->envelope->recipients->len; i++)
		answer_error(m, i, error);
}

static void answer_reason(Message *m, size_t i, WaxReason reason, const char *text)
{
	g_autoptr(GError) error = NULL;

	wax_set_error(&error, reason, "%s", text);
	answer_error(m, i, error);
}

/* ---- timeline ---- */

static void note_step(WaxMailBatch *batch, const Message *m, const char *recipient,
	const char *step, const char *detail)
{
	wax_mail_batch_step(batch, m->reference, wax_clock_micros(), recipient, step, detail);
}

static void post_step(Message *m, const char *recipient, const char *step, const char *detail)
{
	WaxMailBatch *batch = wax_mail_batch_new();

	note_step(batch, m, recipient, step, detail);
	wax_mail_post(m->flow->mail, batch);
}

static void post_received(Message *m, const char *message_id, const char *peer)
{
	WaxMailBatch *batch = wax_mail_batch_new();
	json_t *detail = json_object();
	char *text;

	json_object_set_new(detail, "peer", json_string(peer));
	json_object_set_new(detail, "octets", json_integer((json_int_t)wax_spool_size(m->spool)));
	text = json_dumps(detail, JSON_COMPACT);
	wax_mail_batch_message(batch, m->reference, wax_clock_now(),
		m->flow->rules.direction == WAX_OUTBOUND ? "out" : "in", m->queue,
		m->envelope->sender, message_id, wax_spool_size(m->spool),
		m->envelope->recipients->len);
	note_step(batch, m, NULL, "received", text);
	wax_mail_post(m->flow->mail, batch);
	free(text);
	json_decref(detail);
}

/* post_answers - what was not told by a delivery: our own refusals and deferrals */
static void post_answers(Message *m)
{
	WaxMailBatch *batch = wax_mail_batch_new();
	bool saved;

	for (size_t i = 0; i < m->envelope->recipients->len; i++) {
		json_t *detail;
		char *text;

		if (m->reasons[i] == WAX_R_NONE)
			continue;
		detail = json_object();
		json_object_set_new(
			detail, "reason", json_string(wax_reason_info(m->reasons[i])->label));
		json_object_set_new(detail, "reply",
			json_sprintf("%d %s %s", m->replies[i].code, m->replies[i].enhanced,
				m->replies[i].text));
		text = json_dumps(detail, JSON_COMPACT);
		note_step(batch, m, recipient_of(m, i)->key,
			wax_reply_is_permanent(&m->replies[i]) ? "refused" : "deferred", text);
		free(text);
		json_decref(detail);
	}
	note_step(batch, m, NULL, "answered", NULL);
	saved = wax_mail_commit(m->flow->mail, batch, NULL);
	(void)saved; /* a timeline that cannot be written changes no outcome */
}

/* ---- copies ---- */

/*
 * deliver_group - one finished copy to those recipients, all of one route; decisions
 * hold the tokens of an unencrypted copy, NULL: the copy needs none
 */
static void deliver_group(Message *m, const GArray *group, const char *route, WaxSpool *spool,
	const char *method, bool eight_bit, bool header_only, const WaxDecision *decisions)
{
	size_t n = group->len;
	g_autofree const WaxRecipient **recipients = g_new0(const WaxRecipient *, n);
	g_autofree const WaxPlainToken **tokens = g_new0(const WaxPlainToken *, n);
	g_autofree WaxReply *replies = g_new0(WaxReply, n);
	WaxCopyDelivery copy = { .route = route,
		.envelope = m->envelope,
		.recipients = recipients,
		.n = n,
		.octets = wax_source_spool(spool),
		.eight_bit = eight_bit,
		.header_only = header_only,
		.reference = m->reference,
		.content = m->content,
		.identity = m->identity,
		.method = method,
		.deadline = m->deadline };

	for (size_t i = 0; i < n; i++) {
		size_t at = g_array_index(group, size_t, i);

		recipients[i] = recipient_of(m, at);
		tokens[i] = decisions ? decisions[at].token : NULL;
	}
	if (decisions)
		wax_deliver_plain(m->flow->deliverer, &copy, tokens, replies);
	else
		wax_deliver_protected(m->flow->deliverer, &copy, replies);
	for (size_t i = 0; i < n; i++) {
		size_t at = g_array_index(group, size_t, i);

		m->replies[at] = replies[i];
		m->methods[at] = method;
	}
}

static void fail_group(Message *m, const GArray *group, const GError *error)
{
	for (guint i = 0; i < group->len; i++)
		answer_error(m, g_array_index(group, size_t, i), error);
}

/* in_time - the worker and the next hop would answer too late for our client */
static bool in_time(const Message *m, GError **error)
{
	if (wax_clock_monotonic() < m->deadline)
		return true;
	return wax_fail(error, WAX_R_RUN_OUT_OF_TIME, "not finished in time, try again");
}

/* ---- outbound ---- */

static bool is_named(const WaxJobFacts *facts, const char *key)
{
	for (guint i = 0; facts->named && i < facts->named->len; i++)
		if (strcmp(g_ptr_array_index(facts->named, i), key) == 0)
			return true;
	return false;
}

static guint certs_of(const WaxDecision *decision)
{
	return decision->certs ? decision->certs->len : 0;
}

/* may_share - one copy for both?  Never with a recipient that nobody was told about (d.3) */
static bool may_share(const WaxDecision *a, const WaxDecision *b)
{
	return a->method == b->method && g_strcmp0(a->signer, b->signer) == 0 &&
	       g_strcmp0(a->route, b->route) == 0;
}

/* group_of - the recipients that share the copy of `first`; all get marked as taken */
static GArray *group_of(Message *m, const WaxJobFacts *facts, const WaxDecision *decisions,
	size_t first, bool *taken)
{
	GArray *group = g_array_new(FALSE, FALSE, sizeof(size_t));
	guint infos = certs_of(&decisions[first]);

	g_array_append_val(group, first);
	taken[first] = true;
	if (!is_named(facts, recipient_of(m, first)->key))
		return group;
	for (size_t i = first + 1; i < m->envelope->recipients->len; i++) {
		if (taken[i] || m->replies[i].code != 0 ||
			!may_share(&decisions[first], &decisions[i]) ||
			!is_named(facts, recipient_of(m, i)->key))
			continue;
		if (infos + certs_of(&decisions[i]) > m->flow->rules.recipient_infos)
			continue;
		infos += certs_of(&decisions[i]);
		g_array_append_val(group, i);
		taken[i] = true;
	}
	return group;
}

static const char *method_name(const WaxDecision *decision)
{
	switch (decision->method) {
	case WAX_METHOD_SEAL:
		return "sealed";
	case WAX_METHOD_SIGN:
		return "signed";
	case WAX_METHOD_PASS:
		return "as-is";
	default:
		return "plain";
	}
}

/* build_group - the worker makes the copy and reads it again */
static bool build_group(Message *m, const GArray *group, const WaxDecision *decisions,
	const char *hop, WaxFlowBuilt *ret_built, GError **error)
{
	const WaxDecision *first = &decisions[g_array_index(group, size_t, 0)];
	g_autoptr(GPtrArray) certs = g_ptr_array_new();
	g_autofree const WaxRecipient **recipients = g_new0(const WaxRecipient *, group->len);
	WaxFlowBuild build = { .method = first->method,
		.signer = first->signer,
		.certs = certs,
		.sender = m->envelope->sender_key,
		.recipients = recipients,
		.n = group->len,
		.hop = hop,
		.deadline = m->deadline };

	for (guint i = 0; i < group->len; i++) {
		size_t at = g_array_index(group, size_t, i);

		recipients[i] = recipient_of(m, at);
		for (guint c = 0; c < certs_of(&decisions[at]); c++)
			g_ptr_array_add(certs, g_ptr_array_index(decisions[at].certs, c));
	}
	if (first->method == WAX_METHOD_SEAL && certs->len == 0)
		return wax_fail(error, WAX_R_INTERNAL, "a plan to encrypt to nobody");
	if (!in_time(m, error) ||
		!m->flow->parts.build(m->flow->parts.ctx, m->spool, &build, ret_built, error))
		return false;
	if (wax_spool_size(ret_built->copy) > m->flow->rules.size_out)
		return wax_fail(error, WAX_R_TOO_LARGE,
			"the finished message has %" G_GUINT64_FORMAT " octets, %" G_GUINT64_FORMAT
			" are allowed",
			wax_spool_size(ret_built->copy), m->flow->rules.size_out);
	return true;
}

static void send_group(Message *m, const GArray *group, const WaxDecision *decisions)
{
	const WaxDecision *first = &decisions[g_array_index(group, size_t, 0)];
	g_autoptr(GPtrArray) recipients = g_ptr_array_new();
	g_autofree char *hop = NULL;
	g_auto(WaxFlowBuilt) built = { 0 };
	g_autoptr(GError) error = NULL;
	bool protected = first->method == WAX_METHOD_SEAL || first->method == WAX_METHOD_PASS;

	for (guint i = 0; i < group->len; i++)
		g_ptr_array_add(
			recipients, (gpointer)recipient_of(m, g_array_index(group, size_t, i)));
	hop = wax_flow_hop(
		m->flow->rules.hop_secret, m->flow->rules.direction, m->queue, recipients);
	if (!build_group(m, group, decisions, hop, &built, &error)) {
		fail_group(m, group, error);
		return;
	}
	for (guint i = 0; i < group->len; i++)
		post_step(m, recipient_of(m, g_array_index(group, size_t, i))->key,
			protected ? "sealed" : "prepared", built.summary);
	deliver_group(m, group, first->route, built.copy, method_name(first), built.eight_bit,
		/* header_only= */ false, protected ? NULL : decisions);
}

/* check_outbound - what refuses the whole message before anybody decides */
static bool check_outbound(Message *m, const WaxJobFacts *facts, GError **error)
{
	if (facts->fault != WAX_R_NONE)
		return wax_fail(error, facts->fault, "the message cannot be sent as it is: %s",
			wax_reason_info(facts->fault)->label);
	if (facts->received > m->flow->rules.received_limit)
		return wax_fail(
			error, WAX_R_LOOP, "the message has passed %u hosts", facts->received);
	return true;
}

/* honour_marker - what carries our marker was done before: it passes, or it is a loop */
static void honour_marker(Message *m, const WaxJobFacts *facts, WaxDecision *decisions)
{
	for (size_t i = 0; i < m->envelope->recipients->len; i++) {
		WaxDecision *decision = &decisions[i];

		switch (decision->method) {
		case WAX_METHOD_SIGN:
			/* its token allows it to leave as it is */
			decision->method = WAX_METHOD_PLAIN;
			break;
		case WAX_METHOD_SEAL:
			if (facts->sealed || facts->openpgp)
				decision->method = WAX_METHOD_PASS;
			else
				answer_reason(m, i, WAX_R_LOOP,
					"marked as done and not encrypted: it went round");
			break;
		default:
			break;
		}
	}
}

/* refuse_undecided - answers for those whom the policy gives no way */
static void refuse_undecided(Message *m, const WaxDecision *decisions)
{
	bool any = false, temporary = false, all = m->flow->rules.all_or_nothing;

	for (size_t i = 0; i < m->envelope->recipients->len; i++) {
		const WaxDecision *decision = &decisions[i];

		all = all || decision->all_or_nothing;
		/* named before: its first row is the one that is decided */
		if (wax_reply_is_ok(&m->replies[i]))
			continue;
		post_step(m, recipient_of(m, i)->key, "decided", decision->why);
		if (decision->method == WAX_METHOD_REFUSE)
			answer_reason(m, i, decision->reason,
				decision->text ? decision->text : "refused by policy");
		else if (decision->method == WAX_METHOD_UNDECIDED)
			answer_reason(m, i, WAX_R_INTERNAL, "no decision was made");
		else if (!decision->route)
			answer_reason(m, i, WAX_R_NO_ROUTE, "no way leads to that domain");
		if (m->replies[i].code != 0) {
			any = true;
			temporary = temporary || wax_reply_is_temporary(&m->replies[i]);
		}
	}
	if (!any || !all)
		return;
	for (size_t i = 0; i < m->envelope->recipients->len; i++) {
		if (temporary && m->replies[i].code == 0)
			answer_reason(m, i, WAX_R_SERVICE_DOWN,
				"another recipient cannot be decided yet and all must go or none");
		else
			answer_reason(m, i, WAX_R_ALL_OR_NOTHING,
				"another recipient cannot be reached protected and all must go or "
				"none");
	}
}

static void free_decisions(WaxDecision *decisions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		wax_decision_clear(&decisions[i]);
	g_free(decisions);
}

static void set_identity(Message *m, const char *message_id)
{
	/* the queue id tells a repetition from a second message; else its Message-ID must */
	if (m->queue)
		m->identity = g_strdup_printf("q:%s", m->queue);
	else if (message_id)
		m->identity = g_strdup_printf("m:%s:%s", m->envelope->sender, message_id);
}

static void go_out(Message *m, const char *peer)
{
	size_t n = m->envelope->recipients->len;
	g_auto(WaxJobFacts) facts = { 0 };
	g_autoptr(GError) error = NULL;
	g_autofree bool *taken = g_new0(bool, n);
	WaxDecision *decisions;

	if (!m->flow->parts.facts(m->flow->parts.ctx, m->spool, &facts, &error)) {
		post_received(m, NULL, peer);
		answer_all(m, error);
		return;
	}
	post_received(m, facts.message_id, peer);
	set_identity(m, facts.message_id);
	if (!check_outbound(m, &facts, &error)) {
		answer_all(m, error);
		return;
	}
	decisions = g_new0(WaxDecision, n);
	if (m->flow->parts.decide(m->flow->parts.ctx, m->envelope, &facts, decisions, &error)) {
		if (facts.hop && wax_flow_hop_check(m->flow->rules.hop_secret, WAX_OUTBOUND,
					 facts.hop, m->envelope->recipients))
			honour_marker(m, &facts, decisions);
		refuse_undecided(m, decisions);
		for (size_t i = 0; i < n; i++) {
			g_autoptr(GArray) group = NULL;

			if (taken[i] || m->replies[i].code != 0)
				continue;
			group = group_of(m, &facts, decisions, i, taken);
			send_group(m, group, decisions);
		}
	} else {
		answer_all(m, error);
	}
	free_decisions(decisions, n);
}

/* ---- inbound ---- */

/* find_route - of a recipient's domain, which must be ours */
static bool find_route(Message *m, size_t i, char **ret_route, GError **error)
{
	bool own = false;

	if (!m->flow->parts.domain(
		    m->flow->parts.ctx, recipient_of(m, i)->domain, &own, ret_route, error))
		return false;
	if (!own || !*ret_route)
		return wax_fail(error, WAX_R_NO_ROUTE, "'%s' is no domain of ours",
			recipient_of(m, i)->domain);
	return true;
}

/* deliver_inbound - those who see the same and live at the same place share a delivery */
static void deliver_inbound(Message *m, WaxFlowOpened *opened, char **routes, const bool *asked)
{
	size_t n = m->envelope->recipients->len;

	for (size_t i = 0; i < n; i++) {
		g_autoptr(GArray) group = NULL;
		bool sees = !opened->may_see || opened->may_see[i];
		bool shown = sees || !opened->original;

		if (!asked[i] || m->replies[i].code != 0)
			continue;
		group = g_array_new(FALSE, FALSE, sizeof(size_t));
		for (size_t j = i; j < n; j++)
			if (asked[j] && m->replies[j].code == 0 &&
				g_strcmp0(routes[i], routes[j]) == 0 &&
				(!opened->may_see || opened->may_see[j]) == sees)
				g_array_append_val(group, j);
		/* inbound copies go to mailboxes of ours: no token is asked for that */
		deliver_group(m, group, routes[i], shown ? opened->shown : opened->original,
			shown && opened->decrypted ? "opened" : "as-is",
			shown ? opened->shown_eight_bit : opened->original_eight_bit,
			shown && opened->decrypted, /* decisions= */ NULL);
	}
}

/* open_alone - for one recipient, with nothing but that recipient's keys */
static bool open_alone(Message *m, size_t i, WaxFlowOpened *ret_opened, GError **error)
{
	size_t n = m->envelope->recipients->len;
	g_autoptr(GPtrArray) one = g_ptr_array_new();
	WaxEnvelope envelope = *m->envelope;
	bool sees;

	g_ptr_array_add(one, g_ptr_array_index(m->envelope->recipients, i));
	envelope.recipients = one;
	if (!in_time(m, error) ||
		!m->flow->parts.open(m->flow->parts.ctx, m->spool, &envelope, ret_opened, error))
		return false;
	if (ret_opened->fault != WAX_R_NONE || !ret_opened->shown)
		return wax_fail(error, WAX_R_WORKER_DIED, "the worker judged it otherwise before");
	sees = !ret_opened->may_see || ret_opened->may_see[0];
	g_free(ret_opened->may_see);
	ret_opened->may_see = g_new0(bool, n);
	ret_opened->may_see[i] = sees;
	return true;
}

/*
 * deliver_others - that one key opened the message says nothing of the others that it
 * names: each recipient's own key must open it, a name in a RecipientInfo proves nothing
 */
static void deliver_others(Message *m, char **routes)
{
	size_t n = m->envelope->recipients->len;
	g_autofree bool *asked = g_new0(bool, n);

	for (size_t i = 0; i < n; i++) {
		g_auto(WaxFlowOpened) opened = { 0 };
		g_autoptr(GError) error = NULL;

		if (m->replies[i].code != 0)
			continue;
		if (!open_alone(m, i, &opened, &error)) {
			answer_error(m, i, error);
			continue;
		}
		asked[i] = true;
		deliver_inbound(m, &opened, routes, asked);
		asked[i] = false;
	}
}

/* deliver_opened - first to those whose key opened it, or to all where nothing was sealed */
static void deliver_opened(Message *m, WaxFlowOpened *opened, char **routes)
{
	size_t n = m->envelope->recipients->len;
	g_autofree bool *asked = g_new0(bool, n);

	for (size_t i = 0; i < n; i++)
		asked[i] = !opened->may_see || opened->may_see[i] || !opened->original;
	deliver_inbound(m, opened, routes, asked);
	deliver_others(m, routes);
}

static void come_in(Message *m, const char *peer)
{
	size_t n = m->envelope->recipients->len;
	g_auto(WaxFlowOpened) opened = { 0 };
	g_autoptr(GPtrArray) routes = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;

	if (!m->flow->parts.open(m->flow->parts.ctx, m->spool, m->envelope, &opened, &error)) {
		post_received(m, NULL, peer);
		answer_all(m, error);
		return;
	}
	post_received(m, opened.message_id, peer);
	set_identity(m, opened.message_id);
	post_step(m, NULL, "opened", opened.summary);
	if (opened.fault != WAX_R_NONE)
		wax_set_error(&error, opened.fault, "the message cannot be delivered: %s",
			wax_reason_info(opened.fault)->label);
	else if (opened.received > m->flow->rules.received_limit)
		wax_set_error(
			&error, WAX_R_LOOP, "the message has passed %u hosts", opened.received);
	else if (!opened.shown)
		wax_set_error(&error, WAX_R_INTERNAL, "the worker gave nothing to deliver");
	if (error) {
		answer_all(m, error);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		g_autoptr(GError) none = NULL;
		char *route = NULL;

		if (!find_route(m, i, &route, &none))
			answer_error(m, i, none);
		g_ptr_array_add(routes, route);
	}
	deliver_opened(m, &opened, (char **)routes->pdata);
}

/* ---- notices (GATEWAY d.7) ---- */

/* may_tell - not more than so many notices an hour to one sender */
static bool may_tell(WaxFlow *flow, const char *sender)
{
	int64_t now = wax_clock_monotonic();
	GArray *times;
	bool may;

	g_mutex_lock(&flow->lock);
	times = g_hash_table_lookup(flow->told, sender);
	if (!times) {
		times = g_array_new(FALSE, FALSE, sizeof(int64_t));
		g_hash_table_insert(flow->told, g_strdup(sender), times);
	}
	while (times->len > 0 && g_array_index(times, int64_t, 0) < now - 3600 * 1000)
		g_array_remove_index(times, 0);
	may = times->len < flow->rules.notices_per_hour;
	if (may)
		g_array_append_val(times, now);
	g_mutex_unlock(&flow->lock);
	return may;
}

/* wants_notice - a refusal of ours, or a refusal that one SMTP answer would hide */
static bool wants_notice(const Message *m)
{
	bool ours = false, refused = false, temporary = false;

	for (size_t i = 0; i < m->envelope->recipients->len; i++) {
		const WaxReply *reply = &m->replies[i];

		refused = refused || wax_reply_is_permanent(reply);
		temporary = temporary || wax_reply_is_temporary(reply) || reply->code == 0;
		ours = ours || (wax_reply_is_permanent(reply) && m->reasons[i] != WAX_R_NONE);
	}
	if (!m->flow->rules.lmtp)
		/* deferred as a whole: told when it is final */
		return refused && !temporary;
	return ours;
}

static void deliver_notice(Message *m, const char *route)
{
	size_t n = m->envelope->recipients->len;
	g_autofree WaxNoticeRow *rows = g_new0(WaxNoticeRow, n);
	g_autoptr(WaxEnvelope) envelope = wax_envelope_new();
	g_autoptr(WaxRecipient) to = wax_recipient_new();
	const WaxRecipient *recipients[1] = { to };
	g_autofree char *text = NULL, *identity = NULL, *reference = NULL;
	WaxReply reply = { 0 };
	WaxCopyDelivery copy;

	for (size_t i = 0; i < n; i++)
		rows[i] = (WaxNoticeRow){ recipient_of(m, i)->address, m->replies[i], m->reasons[i],
			m->methods[i] };
	text = wax_notice_text(
		m->flow->rules.host, m->envelope->sender, m->reference, rows, n, wax_clock_now());
	envelope->sender = g_strdup("");
	to->address = g_strdup(m->envelope->sender);
	to->key = g_strdup(m->envelope->sender_key);
	to->domain = g_strdup(m->envelope->sender_domain);
	/* one for one message, also when the message comes again */
	identity = m->identity ? g_strdup_printf("notice:%s", m->identity) : NULL;
	copy = (WaxCopyDelivery){ .route = route,
		.envelope = envelope,
		.recipients = recipients,
		.n = 1,
		.octets = wax_source_span(WAX_SPAN(text, strlen(text))),
		.reference = m->reference,
		.content = m->content,
		.identity = identity,
		.method = "notice",
		.deadline = MAX(m->deadline, wax_clock_monotonic() + 10000) };
	wax_deliver_protected(m->flow->deliverer, &copy, &reply);
}

static void tell_sender(Message *m)
{
	g_autofree char *route = NULL;
	bool own = false;

	if (m->flow->rules.direction != WAX_OUTBOUND || !m->envelope->sender_key ||
		!wants_notice(m))
		return;
	if (!m->flow->parts.domain(
		    m->flow->parts.ctx, m->envelope->sender_domain, &own, &route, NULL) ||
		!own || !route || !may_tell(m->flow, m->envelope->sender_key))
		return;
	deliver_notice(m, route);
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
	if (session->digest && wax_spool_new(session->flow->rules.spool, &session->spool, &error))
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
static void report(const Message *m)
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
	Message m = { .flow = session->flow,
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
		answer_all(&m, session->broken);
	else if (session->flow->rules.direction == WAX_OUTBOUND)
		go_out(&m, session->peer);
	else
		come_in(&m, session->peer);
	tell_sender(&m);
	post_answers(&m);
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
	g_free(session->helo);
	g_free(session);
}
