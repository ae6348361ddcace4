/* SPDX-License-Identifier: Apache-2.0 */
#include "store/mail.h"

#include <sqlite3.h>
#include <string.h>

#include "core/status.h"

#define BUSY_WAIT 5000

/* numbered: a file says which of them it has had */
static const char *const migrations[] = {
	"CREATE TABLE journal ("
	" key TEXT PRIMARY KEY,"
	" state TEXT NOT NULL,"
	" first_at BIGINT NOT NULL,"
	" touched_at BIGINT NOT NULL,"
	" duplicate INTEGER NOT NULL,"
	" reply TEXT NOT NULL"
	");"
	"CREATE INDEX journal_touched ON journal (touched_at);"
	"CREATE TABLE message ("
	" reference TEXT PRIMARY KEY,"
	" received_at BIGINT NOT NULL,"
	" direction TEXT NOT NULL,"
	" queue TEXT NOT NULL,"
	" sender TEXT NOT NULL,"
	" message_id TEXT NOT NULL,"
	" size BIGINT NOT NULL,"
	" recipients INTEGER NOT NULL"
	");"
	"CREATE INDEX message_received ON message (received_at);"
	"CREATE INDEX message_queue ON message (queue);"
	"CREATE INDEX message_message_id ON message (message_id);"
	"CREATE TABLE step ("
	" reference TEXT NOT NULL,"
	" at BIGINT NOT NULL,"
	" place INTEGER NOT NULL,"
	" recipient TEXT,"
	" step TEXT NOT NULL,"
	" detail TEXT NOT NULL"
	");"
	"CREATE INDEX step_reference ON step (reference);",
};

typedef enum {
	ROW_SENDING,
	ROW_SENT,
	ROW_UNSENT,
	ROW_MESSAGE,
	ROW_STEP,
	ROW_COUNT_,
} RowKind;

static const char *const statements[ROW_COUNT_] = {
	[ROW_SENDING] = "INSERT INTO journal (key, state, first_at, touched_at, duplicate, reply)"
			" VALUES (?1, 'sending', ?2, ?3, ?4, '') ON CONFLICT (key) DO UPDATE"
			" SET state = 'sending', touched_at = ?3, duplicate = ?4",
	[ROW_SENT] = "INSERT INTO journal (key, state, first_at, touched_at, duplicate, reply)"
		     " VALUES (?1, 'sent', ?2, ?3, ?4, ?5) ON CONFLICT (key) DO UPDATE"
		     " SET state = 'sent', touched_at = ?3, duplicate = ?4, reply = ?5",
	[ROW_UNSENT] = "DELETE FROM journal WHERE key = ?1",
	[ROW_MESSAGE] = "INSERT INTO message (reference, received_at, direction, queue, sender,"
			" message_id, size, recipients) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[ROW_STEP] = "INSERT INTO step (reference, at, place, recipient, step, detail)"
		     " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
};

typedef struct {
	RowKind kind;
	char *text[6];
	int64_t number[4];
} Row;

struct WaxMailBatch {
	GArray *rows;
	bool posted; /* nobody waits: free it when it is written */
	bool soon;   /* but it is not to wait for the next commit either */
	bool done;
	GError *failure;
};

struct WaxMail {
	sqlite3 *db;
	sqlite3_stmt *write[ROW_COUNT_];
	sqlite3_stmt *look, *begin, *commit;
	GMutex lock;  /* the database handle */
	bool relaxed; /* its commits do not wait for the disk */
	GMutex queue_lock;
	GCond queue_moved;
	GPtrArray *queue;    /* batches that wait for the next transaction */
	bool leading;	     /* somebody writes the queue */
	GHashTable *claimed; /* keys being sent by this process; under queue_lock */
};

/* ---- SQLite's answers in our words ---- */

static bool fail_sql(WaxMail *mail, GError **error, const char *what)
{
	int code = sqlite3_extended_errcode(mail->db);
	const char *text = sqlite3_errmsg(mail->db);

	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return wax_fail(error, WAX_R_STORE_LOCKED, "mail.db: %s: %s", what, text);
	case SQLITE_FULL:
		return wax_fail(error, WAX_R_DISK_FULL, "mail.db: %s: %s", what, text);
	default:
		return wax_fail(error, WAX_R_STORE_DOWN, "mail.db: %s: %s", what, text);
	}
}

static bool run(WaxMail *mail, const char *sql, GError **error)
{
	if (sqlite3_exec(mail->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail_sql(mail, error, "cannot execute");
	return true;
}

static bool prepare(WaxMail *mail, const char *sql, sqlite3_stmt **ret_stmt, GError **error)
{
	if (sqlite3_prepare_v3(mail->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_stmt, NULL) !=
		SQLITE_OK)
		return fail_sql(mail, error, "cannot prepare");
	return true;
}

static bool read_version(WaxMail *mail, size_t *ret_version, GError **error)
{
	sqlite3_stmt *stmt = NULL;
	bool got;

	if (!prepare(mail, "PRAGMA user_version", &stmt, error))
		return false;
	got = sqlite3_step(stmt) == SQLITE_ROW;
	if (got)
		*ret_version = (size_t)sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return got || fail_sql(mail, error, "cannot read the version");
}

static bool migrate(WaxMail *mail, GError **error)
{
	size_t version = 0;

	if (!run(mail, "BEGIN IMMEDIATE", error))
		return false;
	if (!read_version(mail, &version, error))
		return false;
	if (version > G_N_ELEMENTS(migrations))
		return wax_fail(error, WAX_R_STORE_VERSION,
			"mail.db was written by a newer Waxwing (version %zu)", version);
	for (; version < G_N_ELEMENTS(migrations); version++) {
		g_autofree char *mark = g_strdup_printf("PRAGMA user_version = %zu", version + 1);

		if (!run(mail, migrations[version], error) || !run(mail, mark, error))
			return false;
	}
	return run(mail, "COMMIT", error);
}

static bool open_file(const char *path, int flags, WaxMail **ret_mail, GError **error)
{
	g_autoptr(WaxMail) mail = g_new0(WaxMail, 1);

	g_mutex_init(&mail->lock);
	g_mutex_init(&mail->queue_lock);
	g_cond_init(&mail->queue_moved);
	mail->queue = g_ptr_array_new();
	mail->claimed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (sqlite3_open_v2(path, &mail->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return fail_sql(mail, error, "cannot open");
	sqlite3_extended_result_codes(mail->db, 1);
	sqlite3_busy_timeout(mail->db, BUSY_WAIT);
	*ret_mail = g_steal_pointer(&mail);
	return true;
}

bool wax_mail_open(const char *path, WaxMail **ret_mail, GError **error)
{
	g_autoptr(WaxMail) mail = NULL;

	if (!open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &mail, error) ||
		!run(mail, "PRAGMA journal_mode = WAL", error) ||
		!run(mail, "PRAGMA synchronous = FULL", error) ||
		/* pages of the journal change with each message: the fewer times they are copied back */
		!run(mail, "PRAGMA wal_autocheckpoint = 8000", error) || !migrate(mail, error))
		return false;
	for (size_t i = 0; i < ROW_COUNT_; i++)
		if (!prepare(mail, statements[i], &mail->write[i], error))
			return false;
	if (!prepare(mail, "SELECT state, first_at, duplicate, reply FROM journal WHERE key = ?1",
		    &mail->look, error) ||
		!prepare(mail, "BEGIN IMMEDIATE", &mail->begin, error) ||
		!prepare(mail, "COMMIT", &mail->commit, error))
		return false;
	*ret_mail = g_steal_pointer(&mail);
	return true;
}

bool wax_mail_open_reader(const char *path, WaxMail **ret_mail, GError **error)
{
	g_autoptr(WaxMail) mail = NULL;
	size_t version = 0;

	if (!open_file(path, SQLITE_OPEN_READONLY, &mail, error) ||
		!read_version(mail, &version, error))
		return false;
	if (version != G_N_ELEMENTS(migrations))
		return wax_fail(error, WAX_R_STORE_VERSION,
			"mail.db has version %zu, this program reads %zu", version,
			G_N_ELEMENTS(migrations));
	*ret_mail = g_steal_pointer(&mail);
	return true;
}

static void lead(WaxMail *mail);

void wax_mail_close(WaxMail *mail)
{
	if (!mail)
		return;
	g_mutex_lock(&mail->queue_lock);
	if (mail->queue->len > 0)
		lead(mail);
	g_mutex_unlock(&mail->queue_lock);
	for (size_t i = 0; i < ROW_COUNT_; i++)
		sqlite3_finalize(mail->write[i]);
	sqlite3_finalize(mail->look);
	sqlite3_finalize(mail->begin);
	sqlite3_finalize(mail->commit);
	sqlite3_close(mail->db);
	g_ptr_array_unref(mail->queue);
	g_hash_table_unref(mail->claimed);
	g_mutex_clear(&mail->lock);
	g_mutex_clear(&mail->queue_lock);
	g_cond_clear(&mail->queue_moved);
	g_free(mail);
}

/* ---- journal ---- */

static char *key_text(const WaxCopy *copy)
{
	static const char digits[] = "0123456789abcdef";
	char *text = g_malloc(2 * WAX_JOURNAL_KEY + 1);

	for (size_t i = 0; i < WAX_JOURNAL_KEY; i++) {
		text[2 * i] = digits[copy->key[i] >> 4];
		text[2 * i + 1] = digits[copy->key[i] & 15];
	}
	text[2 * WAX_JOURNAL_KEY] = '\0';
	return text;
}

/* look_up - what the journal says of a key that nobody here is sending */
static bool look_up(WaxMail *mail, const char *key, WaxCopy *copy, int64_t now, GError **error)
{
	sqlite3_stmt *stmt = mail->look;
	int step;

	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	step = sqlite3_step(stmt);
	if (step == SQLITE_ROW) {
		bool sent = strcmp((const char *)sqlite3_column_text(stmt, 0), "sent") == 0;

		copy->state = sent ? WAX_COPY_SENT : WAX_COPY_AGAIN;
		copy->first = sqlite3_column_int64(stmt, 1);
		copy->possible_duplicate = !sent || sqlite3_column_int(stmt, 2) != 0;
		g_strlcpy(copy->reply, (const char *)sqlite3_column_text(stmt, 3),
			sizeof(copy->reply));
	} else if (step == SQLITE_DONE) {
		copy->state = WAX_COPY_NEW;
		copy->first = now;
		copy->possible_duplicate = false;
		copy->reply[0] = '\0';
	} else {
		(void)fail_sql(mail, error, "cannot read the journal"); /* returned below */
	}
	sqlite3_reset(stmt);
	return step == SQLITE_ROW || step == SQLITE_DONE;
}

bool wax_mail_claim(WaxMail *mail, WaxCopy *copy, int64_t now, GError **error)
{
	g_autofree char *key = key_text(copy);
	bool mine, known;

	g_mutex_lock(&mail->queue_lock);
	mine = g_hash_table_add(mail->claimed, g_strdup(key));
	g_mutex_unlock(&mail->queue_lock);
	if (!mine) {
		copy->state = WAX_COPY_BUSY;
		return true;
	}
	g_mutex_lock(&mail->lock);
	known = look_up(mail, key, copy, now, error);
	g_mutex_unlock(&mail->lock);
	if (!known || copy->state == WAX_COPY_SENT)
		wax_mail_release(mail, copy);
	return known;
}

void wax_mail_release(WaxMail *mail, const WaxCopy *copy)
{
	g_autofree char *key = key_text(copy);

	g_mutex_lock(&mail->queue_lock);
	g_hash_table_remove(mail->claimed, key);
	g_mutex_unlock(&mail->queue_lock);
}

bool wax_mail_forget_before(WaxMail *mail, int64_t journal, int64_t timeline, GError **error)
{
	g_autofree char *sql =
		g_strdup_printf("BEGIN IMMEDIATE;"
				"DELETE FROM journal WHERE touched_at < %" G_GINT64_FORMAT ";"
				"DELETE FROM step WHERE reference IN (SELECT reference FROM message"
				" WHERE received_at < %" G_GINT64_FORMAT ");"
				"DELETE FROM message WHERE received_at < %" G_GINT64_FORMAT ";"
				"COMMIT",
			journal, timeline, timeline);
	bool done;

	g_mutex_lock(&mail->lock);
	done = run(mail, sql, error);
	if (!done && !sqlite3_get_autocommit(mail->db))
		sqlite3_exec(mail->db, "ROLLBACK", NULL, NULL, NULL);
	g_mutex_unlock(&mail->lock);
	return done;
}

/* ---- changes ---- */

static void clear_row(gpointer data)
{
	Row *row = data;

	for (size_t i = 0; i < G_N_ELEMENTS(row->text); i++)
		g_free(row->text[i]);
}

WaxMailBatch *wax_mail_batch_new(void)
{
	WaxMailBatch *batch = g_new0(WaxMailBatch, 1);

	batch->rows = g_array_new(FALSE, TRUE, sizeof(Row));
	g_array_set_clear_func(batch->rows, clear_row);
	return batch;
}

void wax_mail_batch_free(WaxMailBatch *batch)
{
	if (!batch)
		return;
	g_array_unref(batch->rows);
	g_clear_error(&batch->failure);
	g_free(batch);
}

void wax_mail_batch_sending(WaxMailBatch *batch, const WaxCopy *copy, int64_t now)
{
	Row row = { ROW_SENDING, { key_text(copy) },
		{ copy->first, now, copy->state == WAX_COPY_AGAIN || copy->possible_duplicate } };

	g_array_append_val(batch->rows, row);
}

void wax_mail_batch_sent(WaxMailBatch *batch, const WaxCopy *copy, const char *reply, int64_t now)
{
	Row row = { ROW_SENT, { key_text(copy), g_strdup(reply) },
		{ copy->first, now, copy->state == WAX_COPY_AGAIN || copy->possible_duplicate } };

	g_array_append_val(batch->rows, row);
}

void wax_mail_batch_unsent(WaxMailBatch *batch, const WaxCopy *copy)
{
	Row row = { ROW_UNSENT, { NULL }, { 0 } };

	/* an earlier attempt may still have got through: what is unknown stays unknown */
	if (copy->state == WAX_COPY_AGAIN)
		return;
	row.text[0] = key_text(copy);
	g_array_append_val(batch->rows, row);
}

void wax_mail_batch_message(WaxMailBatch *batch, const char *reference, int64_t now,
	const char *direction, const char *queue, const char *sender, const char *message_id,
	uint64_t size, unsigned recipients)
{
	Row row = { ROW_MESSAGE,
		{ g_strdup(reference), g_strdup(direction), g_strdup(queue ? queue : ""),
			g_strdup(sender), g_strdup(message_id ? message_id : "") },
		{ now, (int64_t)size, recipients } };

	g_array_append_val(batch->rows, row);
}

void wax_mail_batch_step(WaxMailBatch *batch, const char *reference, int64_t micros,
	const char *recipient, const char *step, const char *detail)
{
	Row row = { ROW_STEP,
		{ g_strdup(reference), g_strdup(recipient), g_strdup(step),
			g_strdup(detail ? detail : "{}") },
		{ micros, batch->rows->len } };

	g_array_append_val(batch->rows, row);
}

static void bind_text(sqlite3_stmt *stmt, int place, const char *text)
{
	sqlite3_bind_text(stmt, place, text, -1, SQLITE_STATIC);
}

static void bind_row(sqlite3_stmt *stmt, const Row *row)
{
	bind_text(stmt, 1, row->text[0]);
	switch (row->kind) {
	case ROW_SENT:
		bind_text(stmt, 5, row->text[1]);
		G_GNUC_FALLTHROUGH;
	case ROW_SENDING:
		for (int i = 0; i < 3; i++)
			sqlite3_bind_int64(stmt, i + 2, row->number[i]);
		break;
	case ROW_MESSAGE:
		sqlite3_bind_int64(stmt, 2, row->number[0]);
		for (int i = 1; i < 5; i++)
			bind_text(stmt, i + 2, row->text[i]);
		sqlite3_bind_int64(stmt, 7, row->number[1]);
		sqlite3_bind_int64(stmt, 8, row->number[2]);
		break;
	case ROW_STEP:
		sqlite3_bind_int64(stmt, 2, row->number[0]);
		sqlite3_bind_int64(stmt, 3, row->number[1]);
		for (int i = 1; i < 4; i++)
			bind_text(stmt, i + 3, row->text[i]);
		break;
	case ROW_UNSENT:
	case ROW_COUNT_:
		break;
	}
}

static bool write_batch(WaxMail *mail, const WaxMailBatch *batch, GError **error)
{
	for (guint i = 0; i < batch->rows->len; i++) {
		const Row *row = &g_array_index(batch->rows, Row, i);
		sqlite3_stmt *stmt = mail->write[row->kind];
		int step;

		bind_row(stmt, row);
		step = sqlite3_step(stmt);
		if (step != SQLITE_DONE)
			(void)fail_sql(mail, error, "cannot write"); /* returned below */
		sqlite3_reset(stmt);
		sqlite3_clear_bindings(stmt);
		if (step != SQLITE_DONE)
			return false;
	}
	return true;
}

/* step_once - a statement without rows */
static bool step_once(WaxMail *mail, sqlite3_stmt *stmt, GError **error)
{
	bool done = sqlite3_step(stmt) == SQLITE_DONE;

	if (!done)
		(void)fail_sql(mail, error, "cannot execute"); /* returned below */
	sqlite3_reset(stmt);
	return done;
}

/* is_awaited - does somebody rely on it when the commit returns? */
static bool is_awaited(const GPtrArray *batches)
{
	for (guint i = 0; i < batches->len; i++)
		if (!((const WaxMailBatch *)g_ptr_array_index(batches, i))->posted)
			return true;
	return false;
}

/* set_durable - a commit waits for the disk, or only for whoever reads the file */
static bool set_durable(WaxMail *mail, bool durable, GError **error)
{
	if (mail->relaxed == !durable)
		return true;
	if (!run(mail, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
		    error))
		return false;
	mail->relaxed = !durable;
	return true;
}

/* write_all - the whole queue in one transaction: all of it, durable where that is awaited, or none */
static bool write_all(WaxMail *mail, GPtrArray *batches, GError **error)
{
	bool done;

	g_mutex_lock(&mail->lock);
	done = set_durable(mail, is_awaited(batches), error) && step_once(mail, mail->begin, error);
	for (guint i = 0; done && i < batches->len; i++)
		done = write_batch(mail, g_ptr_array_index(batches, i), error);
	done = done && step_once(mail, mail->commit, error);
	if (!done && !sqlite3_get_autocommit(mail->db))
		sqlite3_exec(mail->db, "ROLLBACK", NULL, NULL, NULL);
	g_mutex_unlock(&mail->lock);
	return done;
}

/* lead - write what has queued up, in its order; called and left with the queue locked */
static void lead(WaxMail *mail)
{
	g_autoptr(GPtrArray) batches = mail->queue;
	g_autoptr(GError) failure = NULL;
	bool done;

	mail->queue = g_ptr_array_new();
	mail->leading = true;
	g_mutex_unlock(&mail->queue_lock);
	done = write_all(mail, batches, &failure);
	g_mutex_lock(&mail->queue_lock);
	mail->leading = false;
	for (guint i = 0; i < batches->len; i++) {
		WaxMailBatch *batch = g_ptr_array_index(batches, i);

		if (batch->posted) {
			wax_mail_batch_free(batch);
			continue;
		}
		batch->done = true;
		batch->failure = done ? NULL : g_error_copy(failure);
	}
	g_cond_broadcast(&mail->queue_moved);
}

/* has_soon - something in the queue waits for nobody who could write it */
static bool has_soon(const WaxMail *mail)
{
	bool soon = false;

	for (guint i = 0; i < mail->queue->len; i++) {
		const WaxMailBatch *batch = g_ptr_array_index(mail->queue, i);

		if (!batch->posted)
			return false;
		soon = soon || batch->soon;
	}
	return soon;
}

bool wax_mail_commit(WaxMail *mail, WaxMailBatch *batch, GError **error)
{
	bool done;

	if (batch->rows->len == 0) {
		wax_mail_batch_free(batch);
		return true;
	}
	g_mutex_lock(&mail->queue_lock);
	g_ptr_array_add(mail->queue, batch);
	while (!batch->done) {
		if (mail->leading)
			g_cond_wait(&mail->queue_moved, &mail->queue_lock);
		else
			lead(mail);
	}
	while (!mail->leading && has_soon(mail))
		lead(mail);
	g_mutex_unlock(&mail->queue_lock);
	done = batch->failure == NULL;
	if (!done)
		g_propagate_error(error, g_steal_pointer(&batch->failure));
	wax_mail_batch_free(batch);
	return done;
}

void wax_mail_post(WaxMail *mail, WaxMailBatch *batch)
{
	batch->posted = true;
	g_mutex_lock(&mail->queue_lock);
	g_ptr_array_add(mail->queue, batch);
	g_mutex_unlock(&mail->queue_lock);
}

void wax_mail_post_now(WaxMail *mail, WaxMailBatch *batch)
{
	batch->posted = batch->soon = true;
	g_mutex_lock(&mail->queue_lock);
	g_ptr_array_add(mail->queue, batch);
	while (!mail->leading && has_soon(mail))
		lead(mail);
	g_mutex_unlock(&mail->queue_lock);
}

/* ---- reading ---- */

void wax_mail_message_free(WaxMailMessage *message)
{
	if (!message)
		return;
	g_free(message->reference);
	g_free(message->direction);
	g_free(message->queue);
	g_free(message->sender);
	g_free(message->message_id);
	g_free(message);
}

void wax_mail_step_free(WaxMailStep *step)
{
	if (!step)
		return;
	g_free(step->recipient);
	g_free(step->step);
	g_free(step->detail);
	g_free(step);
}

static void free_message(gpointer message)
{
	wax_mail_message_free(message);
}

static void free_step(gpointer step)
{
	wax_mail_step_free(step);
}

static char *dup_column(sqlite3_stmt *stmt, int column)
{
	return g_strdup((const char *)sqlite3_column_text(stmt, column));
}

static gpointer read_message(sqlite3_stmt *stmt)
{
	WaxMailMessage *message = g_new0(WaxMailMessage, 1);

	message->reference = dup_column(stmt, 0);
	message->received = sqlite3_column_int64(stmt, 1);
	message->direction = dup_column(stmt, 2);
	message->queue = dup_column(stmt, 3);
	message->sender = dup_column(stmt, 4);
	message->message_id = dup_column(stmt, 5);
	message->size = (uint64_t)sqlite3_column_int64(stmt, 6);
	message->recipients = (unsigned)sqlite3_column_int(stmt, 7);
	return message;
}

static gpointer read_step(sqlite3_stmt *stmt)
{
	WaxMailStep *step = g_new0(WaxMailStep, 1);

	step->micros = sqlite3_column_int64(stmt, 0);
	step->recipient = dup_column(stmt, 1);
	step->step = dup_column(stmt, 2);
	step->detail = dup_column(stmt, 3);
	return step;
}

/* select - all rows of a query with at most one text and two numbers */
static bool select_rows(WaxMail *mail, const char *sql, const char *text, int64_t before,
	unsigned limit, gpointer (*read)(sqlite3_stmt *), GPtrArray *rows, GError **error)
{
	sqlite3_stmt *stmt = NULL;
	int step;

	g_mutex_lock(&mail->lock);
	if (!prepare(mail, sql, &stmt, error)) {
		g_mutex_unlock(&mail->lock);
		return false;
	}
	if (text) {
		bind_text(stmt, 1, text);
	} else {
		sqlite3_bind_int64(stmt, 1, before);
		sqlite3_bind_int64(stmt, 2, limit);
	}
	while ((step = sqlite3_step(stmt)) == SQLITE_ROW)
		g_ptr_array_add(rows, read(stmt));
	if (step != SQLITE_DONE)
		(void)fail_sql(mail, error, "cannot read"); /* returned below */
	sqlite3_finalize(stmt);
	g_mutex_unlock(&mail->lock);
	return step == SQLITE_DONE;
}

#define MESSAGE_COLUMNS                                                                            \
	"SELECT reference, received_at, direction, queue, sender, message_id, size, recipients"

bool wax_mail_list(
	WaxMail *mail, int64_t before, unsigned limit, GPtrArray **ret_messages, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(free_message);

	if (!select_rows(mail,
		    MESSAGE_COLUMNS " FROM message WHERE received_at < ?1"
				    " ORDER BY received_at DESC, reference DESC LIMIT ?2",
		    NULL, before ? before : INT64_MAX, limit, read_message, rows, error))
		return false;
	*ret_messages = g_steal_pointer(&rows);
	return true;
}

bool wax_mail_find(WaxMail *mail, const char *name, GPtrArray **ret_messages, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(free_message);

	if (!select_rows(mail,
		    MESSAGE_COLUMNS " FROM message WHERE reference = ?1 OR queue = ?1"
				    " OR message_id = ?1 ORDER BY received_at DESC LIMIT 100",
		    name, 0, 0, read_message, rows, error))
		return false;
	*ret_messages = g_steal_pointer(&rows);
	return true;
}

bool wax_mail_trace(WaxMail *mail, const char *reference, GPtrArray **ret_steps, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(free_step);

	if (!select_rows(mail,
		    "SELECT at, recipient, step, detail FROM step WHERE reference = ?1"
		    " ORDER BY at, place",
		    reference, 0, 0, read_step, rows, error))
		return false;
	*ret_steps = g_steal_pointer(&rows);
	return true;
}
