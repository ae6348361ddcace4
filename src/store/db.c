/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>

#include "core/status.h"
#include "store/schema.h"

#define BUSY_DEFAULT 5000

struct WaxStore {
	sqlite3 *db;
	GHashTable *idle; /* SQL text -> GPtrArray of sqlite3_stmt not in use */
	GRecMutex lock;
	bool in_transaction;
	int schema;
};

struct WaxQuery {
	WaxStore *store;
	sqlite3_stmt *stmt;
	GPtrArray *home; /* where the statement rests; owned by the store */
};

static WaxReason reason_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return WAX_R_STORE_LOCKED;
	case SQLITE_FULL:
		return WAX_R_DISK_FULL;
	case SQLITE_CONSTRAINT:
		return code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE
			       ? WAX_R_DUPLICATE
			       : WAX_R_STORE_CONSTRAINT;
	case SQLITE_ERROR:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
		return WAX_R_INTERNAL;
	default:
		return WAX_R_STORE_DOWN;
	}
}

static bool fail(WaxStore *store, GError **error)
{
	int code = sqlite3_extended_errcode(store->db);

	return wax_fail(error, reason_of(code), "database: %s", sqlite3_errmsg(store->db));
}

static void free_statement(void *stmt)
{
	sqlite3_finalize(stmt);
}

static void free_home(void *home)
{
	g_ptr_array_unref(home);
}

static bool script(WaxStore *store, const char *sql, GError **error)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return fail(store, error);
}

static bool read_schema(WaxStore *store, int *ret_schema, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;
	bool more;

	if (!wax_store_query(store, &query, error, "PRAGMA user_version", "") ||
		!wax_query_next(query, &more, error))
		return false;
	*ret_schema = (int)wax_query_int(query, 0);
	return true;
}

static bool apply(WaxStore *store, const char *sql, int number, GError **error)
{
	g_autofree char *mark = g_strdup_printf("PRAGMA user_version=%d", number);

	if (!script(store, sql, error) || !script(store, mark, error))
		return false;
	store->schema = number;
	return true;
}

/* migrate - under the write lock, so that two starting owners apply each migration once */
static bool migrate(WaxStore *store, GError **error)
{
	const char *const *scripts = wax_schema();
	int last = (int)g_strv_length((char **)scripts);

	if (!wax_store_begin(store, error))
		return false;
	if (!read_schema(store, &store->schema, error)) {
		wax_store_rollback(store);
		return false;
	}
	for (int n = store->schema; n < last; n++)
		if (!apply(store, scripts[n], n + 1, error)) {
			wax_store_rollback(store);
			return false;
		}
	return wax_store_commit(store, error);
}

static bool check_schema(WaxStore *store, GError **error)
{
	int last = (int)g_strv_length((char **)wax_schema());

	if (!read_schema(store, &store->schema, error))
		return false;
	if (store->schema == last)
		return true;
	return wax_fail(error, WAX_R_STORE_VERSION,
		"the database has schema %d and this program knows %d: start the version of "
		"Waxwing that made it, or upgrade all of its programs together",
		store->schema, last);
}

static bool prepare_files(WaxStore *store, WaxStoreMode mode, GError **error)
{
	int schema;

	if (!script(store, "PRAGMA foreign_keys=ON", error))
		return false;
	if (mode == WAX_STORE_READ)
		return check_schema(store, error);
	if (!script(store, "PRAGMA journal_mode=WAL", error) ||
		!script(store, "PRAGMA synchronous=FULL", error) ||
		!read_schema(store, &schema, error))
		return false;
	if (schema < (int)g_strv_length((char **)wax_schema()) && !migrate(store, error))
		return false;
	return check_schema(store, error);
}

bool wax_store_open(
	const char *path, WaxStoreMode mode, unsigned busy, WaxStore **ret_store, GError **error)
{
	int flags = mode == WAX_STORE_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
					    : SQLITE_OPEN_READWRITE;
	g_autoptr(WaxStore) store = g_new0(WaxStore, 1);

	g_rec_mutex_init(&store->lock);
	store->idle = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_home);
	/* a reader opens read-write where it may, since it has to share the log's index */
	if (sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return wax_fail(error, WAX_R_STORE_DOWN, "%s: %s", path, sqlite3_errmsg(store->db));
	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_busy_timeout(store->db, busy ? (int)busy : BUSY_DEFAULT);
	if (mode == WAX_STORE_READ && !script(store, "PRAGMA query_only=ON", error))
		return false;
	if (!prepare_files(store, mode, error)) {
		g_prefix_error(error, "%s: ", path);
		return false;
	}
	*ret_store = g_steal_pointer(&store);
	return true;
}

void wax_store_free(WaxStore *store)
{
	if (!store)
		return;
	g_hash_table_unref(store->idle);
	sqlite3_close(store->db);
	g_rec_mutex_clear(&store->lock);
	g_free(store);
}

int wax_store_schema(const WaxStore *store)
{
	return store->schema;
}

/* data_version shows others' commits, total_changes our own */
bool wax_store_version(WaxStore *store, int64_t *ret_version, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;
	bool more;

	if (!wax_store_query(store, &query, error, "PRAGMA data_version", "") ||
		!wax_query_next(query, &more, error))
		return false;
	*ret_version = (wax_query_int(query, 0) << 32) + sqlite3_total_changes(store->db);
	return true;
}

bool wax_store_begin(WaxStore *store, GError **error)
{
	g_rec_mutex_lock(&store->lock);
	if (!store->in_transaction && script(store, "BEGIN IMMEDIATE", error)) {
		store->in_transaction = true;
		return true;
	}
	if (store->in_transaction)
		wax_set_error(error, WAX_R_INTERNAL, "database: a transaction inside another");
	g_rec_mutex_unlock(&store->lock);
	return false;
}

/* end - commit or roll back; a commit that fails is rolled back */
static bool end(WaxStore *store, bool commit, GError **error)
{
	bool good;

	if (!store->in_transaction)
		return wax_fail(error, WAX_R_INTERNAL, "database: no transaction to end");
	good = script(store, commit ? "COMMIT" : "ROLLBACK", error);
	if (!good && commit)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	store->in_transaction = false;
	g_rec_mutex_unlock(&store->lock);
	return good;
}

bool wax_store_commit(WaxStore *store, GError **error)
{
	return end(store, true, error);
}

void wax_store_rollback(WaxStore *store)
{
	/* a rollback that fails leaves what SQLite itself rolls back on the next open */
	(void)end(store, false, NULL);
}

static GPtrArray *home_of(WaxStore *store, const char *sql)
{
	GPtrArray *home = g_hash_table_lookup(store->idle, sql);

	if (home)
		return home;
	home = g_ptr_array_new_with_free_func(free_statement);
	g_hash_table_insert(store->idle, g_strdup(sql), home);
	return home;
}

static bool take_statement(WaxStore *store, const char *sql, WaxQuery *query, GError **error)
{
	query->home = home_of(store, sql);
	if (query->home->len > 0) {
		query->stmt = g_ptr_array_steal_index_fast(query->home, query->home->len - 1);
		return true;
	}
	if (sqlite3_prepare_v2(store->db, sql, -1, &query->stmt, NULL) == SQLITE_OK)
		return true;
	return fail(store, error);
}

static int bind_span(sqlite3_stmt *stmt, int at, WaxSpan bytes)
{
	if (!bytes.p)
		return sqlite3_bind_null(stmt, at);
	return sqlite3_bind_blob64(stmt, at, bytes.p, bytes.n, SQLITE_TRANSIENT);
}

static int bind_one(sqlite3_stmt *stmt, int at, char type, va_list *values)
{
	switch (type) {
	case 's':
		return sqlite3_bind_text(
			stmt, at, va_arg(*values, const char *), -1, SQLITE_TRANSIENT);
	case 'i':
		return sqlite3_bind_int64(stmt, at, va_arg(*values, int64_t));
	case 'n':
		return sqlite3_bind_int(stmt, at, va_arg(*values, int));
	case 'b':
		return bind_span(stmt, at, va_arg(*values, WaxSpan));
	default:
		g_assert_not_reached();
	}
}

static bool start(WaxStore *store, WaxQuery **ret_query, GError **error, const char *sql,
	const char *types, va_list *values)
{
	g_autoptr(WaxQuery) query = g_new0(WaxQuery, 1);

	g_rec_mutex_lock(&store->lock);
	query->store = store; /* from here on, freeing the query unlocks */
	if (!take_statement(store, sql, query, error))
		return false;
	for (int i = 0; types[i]; i++)
		if (bind_one(query->stmt, i + 1, types[i], values) != SQLITE_OK)
			return fail(store, error);
	*ret_query = g_steal_pointer(&query);
	return true;
}

bool wax_store_query(WaxStore *store, WaxQuery **ret_query, GError **error, const char *sql,
	const char *types, ...)
{
	va_list values;
	bool good;

	va_start(values, types);
	good = start(store, ret_query, error, sql, types, &values);
	va_end(values);
	return good;
}

bool wax_store_run(WaxStore *store, GError **error, const char *sql, const char *types, ...)
{
	g_autoptr(WaxQuery) query = NULL;
	va_list values;
	bool good, more;

	va_start(values, types);
	good = start(store, &query, error, sql, types, &values);
	va_end(values);
	return good && wax_query_next(query, &more, error);
}

int wax_store_changes(WaxStore *store)
{
	return sqlite3_changes(store->db);
}

bool wax_query_next(WaxQuery *query, bool *ret_more, GError **error)
{
	int code = sqlite3_step(query->stmt);

	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return fail(query->store, error);
	*ret_more = code == SQLITE_ROW;
	return true;
}

void wax_query_free(WaxQuery *query)
{
	if (!query)
		return;
	if (query->stmt) {
		sqlite3_reset(query->stmt);
		sqlite3_clear_bindings(query->stmt);
		g_ptr_array_add(query->home, query->stmt);
	}
	if (query->store)
		g_rec_mutex_unlock(&query->store->lock);
	g_free(query);
}

int64_t wax_query_int(WaxQuery *query, int column)
{
	return sqlite3_column_int64(query->stmt, column);
}

const char *wax_query_text(WaxQuery *query, int column)
{
	return (const char *)sqlite3_column_text(query->stmt, column);
}

char *wax_query_dup(WaxQuery *query, int column)
{
	return g_strdup(wax_query_text(query, column));
}

WaxSpan wax_query_span(WaxQuery *query, int column)
{
	const void *bytes = sqlite3_column_blob(query->stmt, column);

	return WAX_SPAN(bytes, (size_t)sqlite3_column_bytes(query->stmt, column));
}

GByteArray *wax_query_bytes(WaxQuery *query, int column)
{
	WaxSpan span = wax_query_span(query, column);
	GByteArray *bytes = g_byte_array_sized_new((guint)span.n);

	return g_byte_array_append(bytes, span.p, (guint)span.n);
}

char *wax_store_new_id(void)
{
	uint8_t random[16];
	GString *text = g_string_sized_new(33);

	while (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		if (errno != EINTR)
			g_error("no random numbers: %s", g_strerror(errno));
	for (size_t i = 0; i < sizeof(random); i++)
		g_string_append_printf(text, "%02x", random[i]);
	return g_string_free(text, FALSE);
}
