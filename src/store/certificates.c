/* SPDX-License-Identifier: Apache-2.0 */
#include "store/certificates.h"

#include <string.h>

#include "core/status.h"
#include "store/rows.h"

void wax_stored_cert_free(WaxStoredCert *cert)
{
	if (!cert)
		return;
	g_free(cert->id);
	g_clear_pointer(&cert->der, g_byte_array_unref);
	g_free(cert->subject);
	g_free(cert->issuer);
	g_free(cert->serial);
	g_clear_pointer(&cert->issuer_serial, g_byte_array_unref);
	g_clear_pointer(&cert->key_id, g_byte_array_unref);
	g_free(cert->kind);
	g_free(cert->domain);
	g_free(cert->source);
	g_free(cert->note);
	g_strfreev(cert->addresses);
	g_free(cert);
}

void wax_trust_record_free(WaxTrustRecord *record)
{
	if (!record)
		return;
	g_free(record->id);
	g_free(record->certificate);
	g_clear_pointer(&record->der, g_byte_array_unref);
	g_free(record->subject);
	g_strfreev(record->domains);
	g_free(record->purpose);
	g_free(record->scope);
	g_free(record->state);
	g_free(record->provenance);
	g_free(record->note);
	g_free(record->granted_by);
	g_free(record->withdrawn_by);
	g_free(record);
}

static void free_cert(void *cert)
{
	wax_stored_cert_free(cert);
}

static void free_record(void *record)
{
	wax_trust_record_free(record);
}

bool wax_store_cert_add(WaxStore *store, const WaxStoredCert *cert, GError **error)
{
	if (!wax_store_run(store, error,
		    "INSERT INTO certificates (id, der, subject, issuer, serial, issuer_serial, "
		    "key_id,"
		    " not_before, not_after, kind, domain, source, pinned, note, added)"
		    " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
		    "sbsssbbiisssnsi", cert->id, wax_bytes_span(cert->der), cert->subject,
		    cert->issuer, cert->serial, wax_bytes_span(cert->issuer_serial),
		    wax_bytes_span(cert->key_id), cert->not_before, cert->not_after, cert->kind,
		    cert->domain, cert->source, (int)cert->pinned, cert->note, cert->added))
		return false;
	for (int i = 0; cert->addresses && cert->addresses[i]; i++)
		if (!wax_store_run(store, error,
			    "INSERT INTO certificate_addresses (certificate, address) VALUES "
			    "(?1,?2)"
			    " ON CONFLICT DO NOTHING",
			    "ss", cert->id, cert->addresses[i]))
			return false;
	return true;
}

bool wax_store_cert_delete(WaxStore *store, const char *id, GError **error)
{
	return wax_store_run(store, error, "DELETE FROM certificates WHERE id=?1", "s", id) &&
	       wax_rows_changed(store, "certificate", id, error);
}

bool wax_store_cert_pin(WaxStore *store, const char *id, bool pinned, GError **error)
{
	return wax_store_run(store, error, "UPDATE certificates SET pinned=?2 WHERE id=?1", "sn",
		       id, (int)pinned) &&
	       wax_rows_changed(store, "certificate", id, error);
}

#define CERT_COLUMNS                                                                               \
	"SELECT id, der, subject, issuer, serial, issuer_serial, key_id, not_before, not_after, "  \
	"kind, domain, source, pinned, note, added FROM certificates "

/* own certificates stand with the directory's: we know them at first hand */
#define CERT_ORDER                                                                                 \
	" ORDER BY pinned DESC, CASE source WHEN 'own' THEN 0 WHEN 'import' THEN 1"                \
	" WHEN 'directory' THEN 1 ELSE 2 END, not_before DESC, id"

static void *cert_of(WaxQuery *query)
{
	WaxStoredCert *cert = g_new0(WaxStoredCert, 1);

	cert->id = wax_query_dup(query, 0);
	cert->der = wax_query_bytes(query, 1);
	cert->subject = wax_query_dup(query, 2);
	cert->issuer = wax_query_dup(query, 3);
	cert->serial = wax_query_dup(query, 4);
	cert->issuer_serial = wax_query_bytes(query, 5);
	cert->key_id = wax_query_bytes(query, 6);
	cert->not_before = wax_query_int(query, 7);
	cert->not_after = wax_query_int(query, 8);
	cert->kind = wax_query_dup(query, 9);
	cert->domain = wax_query_dup(query, 10);
	cert->source = wax_query_dup(query, 11);
	cert->pinned = wax_query_int(query, 12) != 0;
	cert->note = wax_query_dup(query, 13);
	cert->added = wax_query_int(query, 14);
	return cert;
}

static bool load_addresses(WaxStore *store, WaxStoredCert *cert, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;

	return wax_store_query(store, &query, error,
		       "SELECT address FROM certificate_addresses WHERE certificate=?1"
		       " ORDER BY address",
		       "s", cert->id) &&
	       wax_rows_texts(query, &cert->addresses, error);
}

/* finish_list - takes the query; adds to each certificate its addresses */
static bool finish_list(WaxStore *store, WaxQuery *taken, GPtrArray **ret_certs, GError **error)
{
	g_autoptr(WaxQuery) query = taken;
	g_autoptr(GPtrArray) list = NULL;

	if (!wax_rows_all(query, cert_of, free_cert, &list, error))
		return false;
	for (guint i = 0; i < list->len; i++)
		if (!load_addresses(store, list->pdata[i], error))
			return false;
	*ret_certs = g_steal_pointer(&list);
	return true;
}

static bool first_only(GPtrArray *taken, WaxStoredCert **ret_cert)
{
	g_autoptr(GPtrArray) list = taken;

	*ret_cert = list->len ? g_ptr_array_steal_index(list, 0) : NULL;
	return true;
}

bool wax_store_cert_get(WaxStore *store, const char *id, WaxStoredCert **ret_cert, GError **error)
{
	GPtrArray *list = NULL;
	WaxQuery *query = NULL;

	return wax_store_query(store, &query, error, CERT_COLUMNS "WHERE id=?1", "s", id) &&
	       finish_list(store, query, &list, error) && first_only(list, ret_cert);
}

bool wax_store_cert_by_prefix(
	WaxStore *store, const char *prefix, WaxStoredCert **ret_cert, GError **error)
{
	g_autofree char *end = g_strconcat(prefix, "g", NULL); /* after every hex digit */
	GPtrArray *list = NULL;
	WaxQuery *query = NULL;

	if (!wax_store_query(store, &query, error,
		    CERT_COLUMNS "WHERE id>=?1 AND id<?2 ORDER BY id LIMIT 2", "ss", prefix, end) ||
		!finish_list(store, query, &list, error))
		return false;
	if (list->len > 1) {
		g_ptr_array_unref(list);
		return wax_fail(error, WAX_R_VALUE_INVALID,
			"several certificates begin with %s: give more of the fingerprint", prefix);
	}
	return first_only(list, ret_cert);
}

bool wax_store_cert_for_address(
	WaxStore *store, const char *address, GPtrArray **ret_certs, GError **error)
{
	WaxQuery *query = NULL;

	return wax_store_query(store, &query, error,
		       CERT_COLUMNS "WHERE kind='user' AND id IN (SELECT certificate FROM"
				    " certificate_addresses WHERE address=?1)" CERT_ORDER,
		       "s", address) &&
	       finish_list(store, query, ret_certs, error);
}

bool wax_store_cert_for_domain(
	WaxStore *store, const char *domain, GPtrArray **ret_certs, GError **error)
{
	WaxQuery *query = NULL;

	return wax_store_query(store, &query, error,
		       CERT_COLUMNS "WHERE kind='domain' AND domain=?1" CERT_ORDER, "s", domain) &&
	       finish_list(store, query, ret_certs, error);
}

bool wax_store_cert_list(
	WaxStore *store, const char *after, int limit, GPtrArray **ret_certs, GError **error)
{
	WaxQuery *query = NULL;

	return wax_store_query(store, &query, error,
		       CERT_COLUMNS "WHERE id>?1 ORDER BY id LIMIT ?2", "sn", after ? after : "",
		       limit) &&
	       finish_list(store, query, ret_certs, error);
}

bool wax_store_cert_list_kind(
	WaxStore *store, const char *kind, GPtrArray **ret_certs, GError **error)
{
	WaxQuery *query = NULL;

	return wax_store_query(
		       store, &query, error, CERT_COLUMNS "WHERE kind=?1 ORDER BY id", "s", kind) &&
	       finish_list(store, query, ret_certs, error);
}

bool wax_store_trust_grant(WaxStore *store, const WaxTrustRecord *record, GError **error)
{
	g_autofree char *domains =
		record->domains && record->domains[0] ? g_strjoinv(" ", record->domains) : NULL;

	return wax_store_run(store, error,
		"INSERT INTO trust_records (id, certificate, der, subject, domains, purpose, scope,"
		" forbidden, state, valid_until, provenance, note, granted_by, granted)"
		" VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
		"ssbssssnsisssi", record->id, record->certificate, wax_bytes_span(record->der),
		record->subject, domains, record->purpose, record->scope, (int)record->forbidden,
		record->state, record->valid_until, record->provenance, record->note,
		record->granted_by, record->granted);
}

bool wax_store_trust_withdraw(
	WaxStore *store, const char *id, const char *by, int64_t at, GError **error)
{
	return wax_store_run(store, error,
		       "UPDATE trust_records SET state='withdrawn', withdrawn_by=?2, withdrawn=?3"
		       " WHERE id=?1 AND state='granted'",
		       "ssi", id, by, at) &&
	       wax_rows_changed(store, "granted trust record", id, error);
}

static void *record_of(WaxQuery *query)
{
	WaxTrustRecord *record = g_new0(WaxTrustRecord, 1);
	const char *domains = wax_query_text(query, 4);

	record->id = wax_query_dup(query, 0);
	record->certificate = wax_query_dup(query, 1);
	record->der = wax_query_bytes(query, 2);
	record->subject = wax_query_dup(query, 3);
	record->domains = g_strsplit(domains ? domains : "", " ", -1);
	record->purpose = wax_query_dup(query, 5);
	record->scope = wax_query_dup(query, 6);
	record->forbidden = wax_query_int(query, 7) != 0;
	record->state = wax_query_dup(query, 8);
	record->valid_until = wax_query_int(query, 9);
	record->provenance = wax_query_dup(query, 10);
	record->note = wax_query_dup(query, 11);
	record->granted_by = wax_query_dup(query, 12);
	record->granted = wax_query_int(query, 13);
	record->withdrawn_by = wax_query_dup(query, 14);
	record->withdrawn = wax_query_int(query, 15);
	return record;
}

bool wax_store_trust_list(WaxStore *store, bool all, GPtrArray **ret_records, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;

	return wax_store_query(store, &query, error,
		       "SELECT id, certificate, der, subject, domains, purpose, scope, forbidden,"
		       " state, valid_until, provenance, note, granted_by, granted, withdrawn_by,"
		       " withdrawn FROM trust_records WHERE state='granted' OR ?1=1"
		       " ORDER BY granted, id",
		       "n", (int)all) &&
	       wax_rows_all(query, record_of, free_record, ret_records, error);
}
