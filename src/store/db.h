/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	store/db - admin.db: opened, migrated, asked
 *
 * SYNOPSIS
 *	g_autoptr(WaxQuery) query = NULL;
 *	if (!wax_store_query(store, &query, error, "SELECT name FROM domains WHERE own=?1", "i", 1))
 *		return false;
 *	while (wax_query_next(query, &more, error) && more) ... wax_query_text(query, 0)
 *
 * DESCRIPTION
 *	A thin face over SQLite: write-ahead log, every commit synced to the
 *	disk, foreign keys on, statements prepared once and kept.  The schema
 *	is a row of numbered migrations compiled in; the owner applies what is
 *	missing when it opens, a reader refuses a schema that it does not know.
 *	SQL stays in the subset that PostgreSQL shares; values are bound by
 *	?1, ?2, never pasted.
 *
 *	A store may be used by several threads: a query holds the store from
 *	its start until it is freed, a transaction from begin to its end.
 *
 *	mail.db has a face of its own (store/mail), made for many small
 *	commits at once.
 *
 * OWNERSHIP
 *	Texts and spans of a row live until the query moves on.
 *
 * ERRORS
 *	STORE_DOWN, STORE_LOCKED (busy for longer than the time-out),
 *	STORE_VERSION (schema newer or older than this program), DISK_FULL,
 *	STORE_CONSTRAINT, DUPLICATE, INTERNAL (SQL that does not compile).
 */
#ifndef WAX_STORE_DB_H
#define WAX_STORE_DB_H

#include <glib.h>

#include "core/base.h"

typedef struct WaxStore WaxStore;
typedef struct WaxQuery WaxQuery;

typedef enum {
	WAX_STORE_READ,
	WAX_STORE_WRITE, /* creates and migrates */
} WaxStoreMode;

/* wax_store_open - path ":memory:" is for tests; busy is in milliseconds, 0 means the default */
bool wax_store_open(const char *path, WaxStoreMode mode, unsigned busy, WaxStore **ret_store,
	GError **error) WAX_MUST_USE;
void wax_store_free(WaxStore *store);

/* wax_store_schema - the number of the last migration applied */
int wax_store_schema(const WaxStore *store);

/* wax_store_version - differs after anybody changed the database; cheap */
bool wax_store_version(WaxStore *store, int64_t *ret_version, GError **error) WAX_MUST_USE;

/* Transactions (BEGIN IMMEDIATE) do not nest.  rollback after a failure is always right. */
bool wax_store_begin(WaxStore *store, GError **error) WAX_MUST_USE;
bool wax_store_commit(WaxStore *store, GError **error) WAX_MUST_USE;
void wax_store_rollback(WaxStore *store);

/*
 * wax_store_query, wax_store_run - types has one letter a value:
 * 's' const char * (NULL is null), 'i' int64_t, 'n' int, 'b' WaxSpan (p NULL is null)
 */
bool wax_store_query(WaxStore *store, WaxQuery **ret_query, GError **error, const char *sql,
	const char *types, ...) WAX_MUST_USE;
bool wax_store_run(
	WaxStore *store, GError **error, const char *sql, const char *types, ...) WAX_MUST_USE;

/* wax_store_changes - rows that the last run changed */
int wax_store_changes(WaxStore *store);

/* wax_query_next - false only for an error; *ret_more says whether there is a row */
bool wax_query_next(WaxQuery *query, bool *ret_more, GError **error) WAX_MUST_USE;
void wax_query_free(WaxQuery *query);

int64_t wax_query_int(WaxQuery *query, int column);
const char *wax_query_text(WaxQuery *query, int column); /* NULL for null */
char *wax_query_dup(WaxQuery *query, int column);
WaxSpan wax_query_span(WaxQuery *query, int column);
GByteArray *wax_query_bytes(WaxQuery *query, int column);

/* wax_store_new_id - 128 random bits as text, for TEXT ids */
char *wax_store_new_id(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxStore, wax_store_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxQuery, wax_query_free)

#endif
