/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	store/mail - mail.db: the retry journal and the timeline of messages
 *
 * DESCRIPTION
 *	Two aggregates of gated, in the file that it alone writes.
 *
 *	The *journal* has one row for each copy under way: `sending`, durable
 *	before the final dot leaves; `sent`, durable before our own 250.  A
 *	message given to us again skips what is sent.  `sending` that nobody
 *	is working on was left by a crash or a lost reply: it is sent again
 *	and counts as a possible duplicate (GATEWAY d.4).
 *
 *	The *timeline* tells, for each message and recipient, what happened
 *	and why.  Recipient NULL speaks for the message.
 *
 *	Changes are collected in a batch; commit returns when they are
 *	durable.  Threads that commit at the same time share one transaction
 *	and one fsync.
 *
 * OWNERSHIP
 *	wax_mail_commit takes the batch.  Lists are the caller's to free.
 *
 * ERRORS
 *	STORE_DOWN, STORE_LOCKED, STORE_VERSION, DISK_FULL, NOT_FOUND.
 */
#ifndef WAX_STORE_MAIL_H
#define WAX_STORE_MAIL_H

#include <glib.h>

#include "core/base.h"

#define WAX_JOURNAL_KEY 32

typedef struct WaxMail WaxMail;
typedef struct WaxMailBatch WaxMailBatch;

/* wax_mail_open - create or migrate; only gated calls this */
bool wax_mail_open(const char *path, WaxMail **ret_mail, GError **error) WAX_MUST_USE;
/* wax_mail_open_reader - for webd: never writes, never creates */
bool wax_mail_open_reader(const char *path, WaxMail **ret_mail, GError **error) WAX_MUST_USE;
void wax_mail_close(WaxMail *mail);

/* ---- journal ---- */

typedef enum {
	WAX_COPY_UNKNOWN,
	WAX_COPY_NEW,	/* never seen: send it */
	WAX_COPY_AGAIN, /* an attempt has no known end: send it, mark it */
	WAX_COPY_SENT,	/* done: answer with the reply that was given */
	WAX_COPY_BUSY,	/* another connection is sending it this moment */
} WaxCopyState;

typedef struct {
	uint8_t key[WAX_JOURNAL_KEY];
	WaxCopyState state;
	int64_t first; /* when it was first seen: the same in every attempt */
	bool possible_duplicate;
	char reply[256]; /* of SENT */
} WaxCopy;

/*
 * wax_mail_claim - fills state of the copy, by its key.  NEW and AGAIN are
 * this caller's until wax_mail_release; SENT and BUSY are nobody's to release.
 */
bool wax_mail_claim(WaxMail *mail, WaxCopy *copy, int64_t now, GError **error) WAX_MUST_USE;
void wax_mail_release(WaxMail *mail, const WaxCopy *copy);

/* wax_mail_forget_before - drop journal rows and timelines untouched since then */
bool wax_mail_forget_before(
	WaxMail *mail, int64_t journal, int64_t timeline, GError **error) WAX_MUST_USE;

/* ---- changes ---- */

WaxMailBatch *wax_mail_batch_new(void);
void wax_mail_batch_free(WaxMailBatch *batch);
/* wax_mail_batch_sending - the copy may reach the next hop from now on */
void wax_mail_batch_sending(WaxMailBatch *batch, const WaxCopy *copy, int64_t now);
/* wax_mail_batch_sent - the next hop has it */
void wax_mail_batch_sent(WaxMailBatch *batch, const WaxCopy *copy, const char *reply, int64_t now);
/* wax_mail_batch_unsent - the next hop certainly does not have it */
void wax_mail_batch_unsent(WaxMailBatch *batch, const WaxCopy *copy);

/* wax_mail_batch_message - one row; the reference is ours and unique */
void wax_mail_batch_message(WaxMailBatch *batch, const char *reference, int64_t now,
	const char *direction, const char *queue, const char *sender, const char *message_id,
	uint64_t size, unsigned recipients);
/* wax_mail_batch_step - what happened: step is one word, detail a JSON object */
void wax_mail_batch_step(WaxMailBatch *batch, const char *reference, int64_t micros,
	const char *recipient, const char *step, const char *detail);

/* wax_mail_commit - durable when it returns true; takes the batch either way */
bool wax_mail_commit(WaxMail *mail, WaxMailBatch *batch, GError **error) WAX_MUST_USE;

/* wax_mail_post - written with the next commit of anybody, or at close; takes the batch */
void wax_mail_post(WaxMail *mail, WaxMailBatch *batch);

/*
 * wax_mail_post_now - written now, or by whoever is writing; readers see it, but a loss of
 * power may take it back: for what no outcome depends on.  Takes the batch
 */
void wax_mail_post_now(WaxMail *mail, WaxMailBatch *batch);

/* ---- reading ---- */

typedef struct {
	char *reference;
	int64_t received;
	char *direction; /* "out" or "in" */
	char *queue, *sender, *message_id;
	uint64_t size;
	unsigned recipients;
} WaxMailMessage;

typedef struct {
	int64_t micros;
	char *recipient; /* NULL: the whole message */
	char *step;
	char *detail;
} WaxMailStep;

/* wax_mail_list - newest first, received before `before` (0: now), at most `limit` */
bool wax_mail_list(WaxMail *mail, int64_t before, unsigned limit, GPtrArray **ret_messages,
	GError **error) WAX_MUST_USE;
/* wax_mail_find - by reference, queue id or Message-ID, newest first */
bool wax_mail_find(
	WaxMail *mail, const char *name, GPtrArray **ret_messages, GError **error) WAX_MUST_USE;
bool wax_mail_trace(
	WaxMail *mail, const char *reference, GPtrArray **ret_steps, GError **error) WAX_MUST_USE;

void wax_mail_message_free(WaxMailMessage *message);
void wax_mail_step_free(WaxMailStep *step);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxMail, wax_mail_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxMailBatch, wax_mail_batch_free)

#endif
