/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/pool.h"

#include <string.h>

#include "crypto/points.h"

WaxAnchor *wax_anchor_new(WaxCert *cert, const char *const *domains, bool forbidden)
{
	WaxAnchor *anchor = g_new0(WaxAnchor, 1);

	anchor->refs = 1;
	anchor->cert = wax_cert_ref(cert);
	anchor->domains = g_strdupv((char **)(uintptr_t)domains);
	anchor->forbidden = forbidden;
	return anchor;
}

WaxAnchor *wax_anchor_ref(WaxAnchor *anchor)
{
	g_atomic_int_inc(&anchor->refs);
	return anchor;
}

void wax_anchor_free(WaxAnchor *anchor)
{
	if (!anchor || !g_atomic_int_dec_and_test(&anchor->refs))
		return;
	wax_cert_unref(anchor->cert);
	g_strfreev(anchor->domains);
	g_free(anchor);
}

/* one certificate; the next ones with the same value in each of the indexes */
typedef struct Entry {
	WaxCert *cert;
	WaxAnchor *anchor; /* NULL: it only helps to build */
	uint64_t by_name, by_key, by_serial, by_id, by_hash;
	struct Entry *next_name, *next_key, *next_serial, *next_id, *next_hash;
} Entry;

struct WaxCertPool {
	gint refs;
	uint64_t seed; /* strangers choose what is indexed, so they must not know where it lies */
	GPtrArray *entries;
	GHashTable *names, *keys, *serials, *ids, *hashes;
};

static void free_entry(void *p)
{
	Entry *entry = p;

	wax_cert_unref(entry->cert);
	wax_anchor_free(entry->anchor);
	g_free(entry);
}

WaxCertPool *wax_cert_pool_new(void)
{
	WaxCertPool *pool = g_new0(WaxCertPool, 1);

	pool->refs = 1;
	pool->seed = (uint64_t)g_random_int() << 32 | g_random_int();
	pool->entries = g_ptr_array_new_with_free_func(free_entry);
	pool->names = g_hash_table_new(g_int64_hash, g_int64_equal);
	pool->keys = g_hash_table_new(g_int64_hash, g_int64_equal);
	pool->serials = g_hash_table_new(g_int64_hash, g_int64_equal);
	pool->ids = g_hash_table_new(g_int64_hash, g_int64_equal);
	pool->hashes = g_hash_table_new(g_int64_hash, g_int64_equal);
	return pool;
}

WaxCertPool *wax_cert_pool_ref(WaxCertPool *pool)
{
	g_atomic_int_inc(&pool->refs);
	return pool;
}

void wax_cert_pool_unref(WaxCertPool *pool)
{
	if (!pool || !g_atomic_int_dec_and_test(&pool->refs))
		return;
	g_hash_table_unref(pool->names);
	g_hash_table_unref(pool->keys);
	g_hash_table_unref(pool->serials);
	g_hash_table_unref(pool->ids);
	g_hash_table_unref(pool->hashes);
	g_ptr_array_unref(pool->entries);
	g_free(pool);
}

/* mix - of FNV's kind, begun with the pool's seed */
static uint64_t mix(uint64_t value, WaxSpan bytes)
{
	for (size_t i = 0; i < bytes.n; i++)
		value = (value ^ bytes.p[i]) * 0x100000001b3u;
	return value ^ value >> 29;
}

static uint64_t name_key(const WaxCertPool *pool, uint32_t hash)
{
	return mix(pool->seed, WAX_SPAN(&hash, sizeof hash));
}

static uint64_t pair_key(const WaxCertPool *pool, WaxSpan a, WaxSpan b)
{
	return mix(mix(pool->seed, a), b);
}

static Entry *first(GHashTable *table, uint64_t key)
{
	return g_hash_table_lookup(table, &key);
}

/* put - in front; the table's keys lie in the entries, which live as long as the pool */
static Entry *put(GHashTable *table, uint64_t *key, Entry *entry)
{
	Entry *before = first(table, *key);

	g_hash_table_replace(table, key, entry);
	return before;
}

static void add(WaxCertPool *pool, WaxCert *cert, WaxAnchor *anchor)
{
	const WaxCertInfo *info = wax_cert_info(cert);
	Entry *entry = g_new0(Entry, 1);

	entry->cert = wax_cert_ref(cert);
	entry->anchor = anchor ? wax_anchor_ref(anchor) : NULL;
	entry->by_name = name_key(pool, info->subject_hash);
	entry->by_key = mix(entry->by_name, info->key_id);
	entry->by_serial = pair_key(pool, info->issuer, info->serial);
	entry->by_id = mix(pool->seed, info->key_id);
	entry->by_hash = mix(pool->seed, WAX_SPAN(info->sha256, 8));
	g_ptr_array_add(pool->entries, entry);
	entry->next_name = put(pool->names, &entry->by_name, entry);
	entry->next_serial = put(pool->serials, &entry->by_serial, entry);
	entry->next_hash = put(pool->hashes, &entry->by_hash, entry);
	if (!info->key_id.n)
		return;
	entry->next_key = put(pool->keys, &entry->by_key, entry);
	entry->next_id = put(pool->ids, &entry->by_id, entry);
}

void wax_cert_pool_add(WaxCertPool *pool, WaxCert *cert)
{
	add(pool, cert, NULL);
}

void wax_cert_pool_add_anchor(WaxCertPool *pool, WaxAnchor *anchor)
{
	add(pool, anchor->cert, anchor);
}

const WaxAnchor *wax_cert_pool_anchor(const WaxCertPool *pool, const WaxCert *cert, bool forbidden)
{
	const uint8_t *sha256 = wax_cert_info(cert)->sha256;

	for (Entry *e = first(pool->hashes, mix(pool->seed, WAX_SPAN(sha256, 8))); e;
		e = e->next_hash)
		if (e->anchor && e->anchor->forbidden == forbidden &&
			memcmp(wax_cert_info(e->cert)->sha256, sha256, 32) == 0)
			return e->anchor;
	return NULL;
}

static WaxHint hint_of(const WaxCert *issuer, const WaxCert *cert)
{
	WaxSpan up = wax_cert_info(issuer)->key_id, down = wax_cert_info(cert)->authority_key_id;

	if (!up.n || !down.n)
		return WAX_HINT_SILENT;
	return wax_span_equal(up, down) ? WAX_HINT_AGREES : WAX_HINT_CONTRADICTS;
}

void wax_issuer_candidate(GArray *list, const WaxCert *cert, WaxCert *issuer, bool is_anchor)
{
	WaxCandidate candidate = { issuer, is_anchor, WAX_HINT_SILENT };

	if (wax_cert_info(issuer)->subject_hash != wax_cert_info(cert)->issuer_hash ||
		!wax_cert_named_issuer(cert, issuer))
		return;
	candidate.hint = hint_of(issuer, cert);
	g_array_append_val(list, candidate);
}

static void offer(GArray *list, const WaxCert *cert, const Entry *entry)
{
	if (!entry->anchor || !entry->anchor->forbidden)
		wax_issuer_candidate(list, cert, entry->cert, entry->anchor != NULL);
}

void wax_cert_pool_issuers(
	const WaxCertPool *pool, const WaxCert *cert, unsigned most, GArray *list)
{
	const WaxCertInfo *info = wax_cert_info(cert);
	uint64_t name = name_key(pool, info->issuer_hash);
	WaxSpan id = info->authority_key_id;
	unsigned seen = 0;

	for (Entry *e = id.n ? first(pool->keys, mix(name, id)) : NULL; e && seen < most;
		e = e->next_key, seen++)
		offer(list, cert, e);
	seen = 0;
	for (Entry *e = first(pool->names, name); e && seen < most; e = e->next_name, seen++)
		if (!id.n || !wax_span_equal(wax_cert_info(e->cert)->key_id, id))
			offer(list, cert, e);
}

void wax_cert_pool_named(
	const WaxCertPool *pool, uint32_t hash, WaxSpan name, unsigned most, GPtrArray *list)
{
	unsigned seen = 0;

	for (Entry *e = first(pool->names, name_key(pool, hash)); e && seen < most;
		e = e->next_name, seen++)
		if ((!e->anchor || !e->anchor->forbidden) &&
			wax_name_equal(wax_cert_info(e->cert)->subject, name))
			g_ptr_array_add(list, e->cert);
}

WaxCert *wax_cert_pool_by_serial(const WaxCertPool *pool, WaxSpan issuer, WaxSpan serial)
{
	for (Entry *e = first(pool->serials, pair_key(pool, issuer, serial)); e; e = e->next_serial)
		if (wax_span_equal(wax_cert_info(e->cert)->issuer, issuer) &&
			wax_span_equal(wax_cert_info(e->cert)->serial, serial))
			return e->cert;
	return NULL;
}

WaxCert *wax_cert_pool_by_key_id(const WaxCertPool *pool, WaxSpan key_id)
{
	for (Entry *e = first(pool->ids, mix(pool->seed, key_id)); e; e = e->next_id)
		if (wax_span_equal(wax_cert_info(e->cert)->key_id, key_id))
			return e->cert;
	return NULL;
}
