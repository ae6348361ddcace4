/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/deliver.h"

#include <jansson.h>
#include <string.h>

#include "core/clock.h"
#include "core/status.h"
#include "crypto/digest.h"
#include "gateway/front/maildir.h"

#define IDLE_EACH 8
#define IDLE_WAIT (20 * 1000)

typedef struct {
	WaxClient *client;
	int64_t since;
} Idle;

struct WaxDeliverer {
	WaxMail *mail;
	char *helo;
	const WaxTls *tls;
	WaxClientTls tls_duty;
	GMutex lock;
	GHashTable *idle; /* route: GQueue of Idle */
};

static void free_idle(gpointer data)
{
	Idle *idle = data;

	wax_client_free(idle->client);
	g_free(idle);
}

static void free_queue(gpointer data)
{
	g_queue_free_full(data, free_idle);
}

WaxDeliverer *wax_deliverer_new(WaxMail *mail, const char *helo)
{
	WaxDeliverer *deliverer = g_new0(WaxDeliverer, 1);

	deliverer->mail = mail;
	deliverer->helo = g_strdup(helo);
	g_mutex_init(&deliverer->lock);
	deliverer->idle = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_queue);
	return deliverer;
}

void wax_deliverer_set_tls(WaxDeliverer *deliverer, const WaxTls *tls, WaxClientTls duty)
{
	deliverer->tls = tls;
	deliverer->tls_duty = duty;
}

void wax_deliverer_free(WaxDeliverer *deliverer)
{
	if (!deliverer)
		return;
	g_hash_table_unref(deliverer->idle);
	g_mutex_clear(&deliverer->lock);
	g_free(deliverer->helo);
	g_free(deliverer);
}

/* ---- connections kept for the next message ---- */

/* take_idle - a client that is still connected; those idle for too long go */
static WaxClient *take_idle(WaxDeliverer *deliverer, const char *route)
{
	int64_t now = wax_clock_monotonic();
	WaxClient *found = NULL;
	GQueue *queue;

	g_mutex_lock(&deliverer->lock);
	queue = g_hash_table_lookup(deliverer->idle, route);
	while (queue && !found && !g_queue_is_empty(queue)) {
		Idle *idle = g_queue_pop_tail(queue);

		if (now - idle->since < IDLE_WAIT && wax_client_idle(idle->client))
			found = g_steal_pointer(&idle->client);
		free_idle(idle);
	}
	g_mutex_unlock(&deliverer->lock);
	return found;
}

static void keep_idle(WaxDeliverer *deliverer, const char *route, WaxClient *client)
{
	GQueue *queue;
	Idle *idle;

	if (!wax_client_idle(client)) {
		wax_client_free(client);
		return;
	}
	idle = g_new0(Idle, 1);
	idle->client = client;
	idle->since = wax_clock_monotonic();
	g_mutex_lock(&deliverer->lock);
	queue = g_hash_table_lookup(deliverer->idle, route);
	if (!queue) {
		queue = g_queue_new();
		g_hash_table_insert(deliverer->idle, g_strdup(route), queue);
	}
	g_queue_push_tail(queue, idle);
	idle = g_queue_get_length(queue) > IDLE_EACH ? g_queue_pop_head(queue) : NULL;
	g_mutex_unlock(&deliverer->lock);
	if (idle)
		free_idle(idle);
}

/* ---- the journal ---- */

static void add_field(WaxDigest *digest, WaxSpan field)
{
	uint8_t length[8];

	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)((uint64_t)field.n >> (56 - 8 * i));
	wax_digest_update(digest, WAX_SPAN(length, sizeof(length)));
	wax_digest_update(digest, field);
}

void wax_copy_key(const char *identity, const char *recipient, const uint8_t content[32],
	uint8_t ret_key[WAX_JOURNAL_KEY])
{
	g_autoptr(WaxDigest) digest = wax_digest_new(WAX_DIGEST_SHA256, NULL);
	uint8_t once[16];

	g_assert(digest);
	if (identity) {
		add_field(digest, WAX_SPAN(identity, strlen(identity)));
	} else {
		/* nothing tells a repetition from a second message: treat it as one */
		wax_random(once, sizeof(once));
		add_field(digest, WAX_SPAN(once, sizeof(once)));
	}
	add_field(digest, WAX_SPAN(recipient, strlen(recipient)));
	add_field(digest, WAX_SPAN(content, 32));
	wax_digest_finish(digest, ret_key);
}

/* one delivery under way: those recipients that the journal leaves to be sent */
typedef struct {
	WaxDeliverer *deliverer;
	const WaxCopyDelivery *copy;
	WaxCopy *rows;			 /* by recipient of the copy */
	size_t *open;			 /* indices of those to send */
	const WaxRecipient **recipients; /* the same, for the client */
	WaxReply *replies;		 /* the same */
	size_t n;
} Attempt;

static void step(WaxMailBatch *batch, const WaxCopyDelivery *copy, size_t i, const char *what,
	const WaxReply *reply, bool duplicate)
{
	json_t *detail = json_object();
	char *text;

	json_object_set_new(detail, "method", json_string(copy->method));
	json_object_set_new(detail, "next_hop", json_string(copy->route));
	json_object_set_new(detail, "reply",
		json_sprintf("%d %s%s%s", reply->code, reply->enhanced,
			reply->enhanced[0] ? " " : "", reply->text));
	if (duplicate)
		json_object_set_new(detail, "possible_duplicate", json_true());
	text = json_dumps(detail, JSON_COMPACT);
	wax_mail_batch_step(
		batch, copy->reference, wax_clock_micros(), copy->recipients[i]->key, what, text);
	free(text);
	json_decref(detail);
}

/* claim - ask the journal about every recipient; fills replies of those that are settled */
static void claim(Attempt *a, WaxReply *replies)
{
	const WaxCopyDelivery *copy = a->copy;

	for (size_t i = 0; i < copy->n; i++) {
		g_autoptr(GError) error = NULL;
		WaxCopy *row = &a->rows[i];

		wax_copy_key(copy->identity, copy->recipients[i]->key, copy->content, row->key);
		if (!wax_mail_claim(a->deliverer->mail, row, wax_clock_now(), &error)) {
			replies[i] = wax_reply_from_error(error);
			continue;
		}
		switch (row->state) {
		case WAX_COPY_SENT:
			replies[i] =
				wax_reply_make(250, "2.0.0", "delivered before: %s", row->reply);
			break;
		case WAX_COPY_BUSY:
		case WAX_COPY_UNKNOWN:
			replies[i] = wax_reply_make(451, "4.3.0", "being delivered this moment");
			break;
		case WAX_COPY_NEW:
		case WAX_COPY_AGAIN:
			a->open[a->n] = i;
			a->recipients[a->n] = copy->recipients[i];
			a->n++;
			break;
		}
	}
}

static bool commit_sending(void *ctx, GError **error)
{
	Attempt *a = ctx;
	WaxMailBatch *batch = wax_mail_batch_new();

	for (size_t i = 0; i < a->n; i++)
		wax_mail_batch_sending(batch, &a->rows[a->open[i]], wax_clock_now());
	return wax_mail_commit(a->deliverer->mail, batch, error);
}

/* settle - write down what the next hop said; only then is a 250 ours to give */
static void settle(Attempt *a, bool answered, bool dotted, WaxReply *replies)
{
	WaxMailBatch *batch = wax_mail_batch_new();
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < a->n; i++) {
		WaxReply *reply = &a->replies[i];
		size_t at = a->open[i];
		WaxCopy *row = &a->rows[at];
		bool again = row->state == WAX_COPY_AGAIN;

		if (wax_reply_is_ok(reply)) {
			g_autofree char *text = g_strdup_printf(
				"%d %s %s", reply->code, reply->enhanced, reply->text);

			wax_mail_batch_sent(batch, row, text, wax_clock_now());
			step(batch, a->copy, at, "delivered", reply, again);
		} else {
			/* no answer after the dot: the row stays as it is */
			if (answered || !dotted)
				wax_mail_batch_unsent(batch, row);
			step(batch, a->copy, at,
				wax_reply_is_permanent(reply) ? "refused" : "deferred", reply,
				again);
		}
		/* 421 speaks of the next hop's connection, not of ours */
		if (reply->code == 421)
			reply->code = 451;
		replies[at] = *reply;
	}
	if (wax_mail_commit(a->deliverer->mail, batch, &error))
		return;
	for (size_t i = 0; i < a->n; i++)
		if (wax_reply_is_ok(&replies[a->open[i]]))
			replies[a->open[i]] = wax_reply_from_error(error);
}

/* ---- the two kinds of next hop ---- */

static void to_maildirs(Attempt *a, const WaxHop *hop)
{
	g_autoptr(GError) error = NULL;

	if (!commit_sending(a, &error)) {
		for (size_t i = 0; i < a->n; i++)
			a->replies[i] = wax_reply_from_error(error);
		return;
	}
	for (size_t i = 0; i < a->n; i++) {
		const WaxCopy *row = &a->rows[a->open[i]];
		const WaxRecipient *recipient = a->recipients[i];
		g_autofree char *folder = wax_maildir_folder(hop->host, recipient->key);
		g_autofree char *header =
			g_strdup_printf("Return-Path: <%s>\r\nDelivered-To: %s\r\n",
				a->copy->envelope->sender, recipient->address);
		g_autofree char *key = wax_hex(WAX_SPAN(row->key, 16));
		g_autoptr(GError) failure = NULL;
		bool there = false;

		if (wax_maildir_deliver(folder, WAX_SPAN(header, strlen(header)), &a->copy->octets,
			    row->first, key, row->state == WAX_COPY_AGAIN, &there, &failure))
			a->replies[i] = wax_reply_make(250, "2.0.0", "delivered to the mailbox");
		else
			a->replies[i] = wax_reply_from_error(failure);
	}
}

static bool to_next_hop(Attempt *a, const WaxHop *hop, bool *ret_dotted)
{
	const WaxCopyDelivery *copy = a->copy;
	WaxClient *client = take_idle(a->deliverer, copy->route);
	WaxDelivery delivery = { .envelope = copy->envelope,
		.recipients = a->recipients,
		.n = a->n,
		.eight_bit = copy->eight_bit,
		.header_only = copy->header_only,
		.octets = copy->octets,
		.commit = commit_sending,
		.commit_ctx = a };
	bool answered;

	if (!client) {
		client = wax_client_new(hop, a->deliverer->helo);
		wax_client_set_tls(client, a->deliverer->tls, a->deliverer->tls_duty);
	}
	answered = wax_client_deliver(client, &delivery, copy->deadline, a->replies, ret_dotted);
	keep_idle(a->deliverer, copy->route, client);
	return answered;
}

static void deliver(WaxDeliverer *deliverer, const WaxCopyDelivery *copy, WaxReply *replies)
{
	g_autofree WaxCopy *rows = g_new0(WaxCopy, copy->n);
	g_autofree size_t *open = g_new0(size_t, copy->n);
	g_autofree const WaxRecipient **recipients = g_new0(const WaxRecipient *, copy->n);
	g_autofree WaxReply *said = g_new0(WaxReply, copy->n);
	Attempt a = { deliverer, copy, rows, open, recipients, said, 0 };
	g_auto(WaxHop) hop = { 0 };
	g_autoptr(GError) error = NULL;
	bool answered = true, dotted = false;

	if (!wax_hop_parse(copy->route, &hop, &error)) {
		for (size_t i = 0; i < copy->n; i++)
			replies[i] = wax_reply_make(
				451, "4.3.5", "the route of the domain is unreadable");
		return;
	}
	claim(&a, replies);
	if (a.n == 0)
		return;
	if (hop.kind == WAX_HOP_MAILDIR) {
		to_maildirs(&a, &hop);
		/* a failure may have come after the rename: keep the row, and the file's name */
		answered = false;
		dotted = true;
	} else {
		answered = to_next_hop(&a, &hop, &dotted);
	}
	settle(&a, answered, dotted, replies);
	for (size_t i = 0; i < a.n; i++)
		wax_mail_release(deliverer->mail, &rows[open[i]]);
}

void wax_deliver_protected(
	WaxDeliverer *deliverer, const WaxCopyDelivery *copy, WaxReply *ret_replies)
{
	deliver(deliverer, copy, ret_replies);
}

void wax_deliver_plain(WaxDeliverer *deliverer, const WaxCopyDelivery *copy,
	const WaxPlainToken *const *tokens, WaxReply *ret_replies)
{
	bool covered = true;

	for (size_t i = 0; i < copy->n; i++)
		covered = covered && wax_plain_token_covers(tokens[i], copy->recipients[i]->key);
	/* the type demands tokens; a wrong one is a bug that must not become a leak */
	if (!covered) {
		for (size_t i = 0; i < copy->n; i++)
			ret_replies[i] =
				wax_reply_make(451, "4.3.0", "no permission for plaintext");
		return;
	}
	deliver(deliverer, copy, ret_replies);
}
