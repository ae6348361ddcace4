/* SPDX-License-Identifier: Apache-2.0 */
#include "store/identities.h"

#include "core/status.h"
#include "store/rows.h"

void wax_stored_identity_free(WaxStoredIdentity *identity)
{
	if (!identity)
		return;
	g_free(identity->id);
	g_free(identity->person);
	g_free(identity->domain);
	g_free(identity->default_sign);
	g_strfreev(identity->addresses);
	g_free(identity);
}

void wax_epoch_free(WaxEpoch *epoch)
{
	if (!epoch)
		return;
	g_free(epoch->id);
	g_free(epoch->identity);
	g_free(epoch->purpose);
	g_free(epoch->state);
	g_free(epoch->protection);
	g_clear_pointer(&epoch->record, g_byte_array_unref);
	g_clear_pointer(&epoch->spki_sha256, g_byte_array_unref);
	g_free(epoch->certificate);
	g_clear_pointer(&epoch->issuer_serial, g_byte_array_unref);
	g_clear_pointer(&epoch->key_id, g_byte_array_unref);
	g_free(epoch);
}

void wax_certifier_free(WaxCertifier *certifier)
{
	if (!certifier)
		return;
	g_free(certifier->id);
	g_free(certifier->name);
	g_clear_pointer(&certifier->der, g_byte_array_unref);
	g_clear_pointer(&certifier->record, g_byte_array_unref);
	g_free(certifier->state);
	g_free(certifier);
}

static void free_identity(void *identity)
{
	wax_stored_identity_free(identity);
}

static void free_epoch(void *epoch)
{
	wax_epoch_free(epoch);
}

static void free_certifier(void *certifier)
{
	wax_certifier_free(certifier);
}

bool wax_store_identity_add(WaxStore *store, const WaxStoredIdentity *identity, GError **error)
{
	if (!wax_store_run(store, error,
		    "INSERT INTO identities (id, person, domain, default_sign, created)"
		    " VALUES (?1,?2,?3,?4,?5)",
		    "ssssi", identity->id, identity->person, identity->domain,
		    identity->default_sign, identity->created))
		return false;
	for (int i = 0; identity->addresses && identity->addresses[i]; i++)
		if (!wax_store_run(store, error,
			    "INSERT INTO identity_addresses (address, identity) VALUES (?1,?2)",
			    "ss", identity->addresses[i], identity->id)) {
			g_prefix_error(error, "%s: ", identity->addresses[i]);
			return false;
		}
	return true;
}

static void *identity_of(WaxQuery *query)
{
	WaxStoredIdentity *identity = g_new0(WaxStoredIdentity, 1);

	identity->id = wax_query_dup(query, 0);
	identity->person = wax_query_dup(query, 1);
	identity->domain = wax_query_dup(query, 2);
	identity->default_sign = wax_query_dup(query, 3);
	identity->created = wax_query_int(query, 4);
	return identity;
}

static bool finish_identities(
	WaxStore *store, WaxQuery *taken, GPtrArray **ret_list, GError **error)
{
	g_autoptr(WaxQuery) query = taken;
	g_autoptr(GPtrArray) list = NULL;

	if (!wax_rows_all(query, identity_of, free_identity, &list, error))
		return false;
	for (guint i = 0; i < list->len; i++) {
		WaxStoredIdentity *identity = list->pdata[i];
		g_autoptr(WaxQuery) more = NULL;

		if (!wax_store_query(store, &more, error,
			    "SELECT address FROM identity_addresses WHERE identity=?1"
			    " ORDER BY address",
			    "s", identity->id) ||
			!wax_rows_texts(more, &identity->addresses, error))
			return false;
	}
	*ret_list = g_steal_pointer(&list);
	return true;
}

#define IDENTITY_COLUMNS "SELECT id, person, domain, default_sign, created FROM identities "

bool wax_store_identity_find(
	WaxStore *store, const char *key, WaxStoredIdentity **ret_identity, GError **error)
{
	g_autoptr(GPtrArray) list = NULL;
	WaxQuery *query = NULL;

	if (!wax_store_query(store, &query, error,
		    IDENTITY_COLUMNS "WHERE id=?1 OR domain=?1 OR id IN"
				     " (SELECT identity FROM identity_addresses WHERE address=?1)"
				     " ORDER BY created, id LIMIT 1",
		    "s", key) ||
		!finish_identities(store, query, &list, error))
		return false;
	*ret_identity = list->len ? g_ptr_array_steal_index(list, 0) : NULL;
	return true;
}

bool wax_store_identity_list(WaxStore *store, GPtrArray **ret_identities, GError **error)
{
	WaxQuery *query = NULL;

	return wax_store_query(store, &query, error, IDENTITY_COLUMNS "ORDER BY created, id", "") &&
	       finish_identities(store, query, ret_identities, error);
}

static bool next_number(WaxStore *store, const WaxEpoch *epoch, int64_t *ret_number, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;
	bool more;

	if (!wax_store_query(store, &query, error,
		    "SELECT COALESCE(MAX(number),0)+1 FROM key_epochs WHERE identity=?1 AND "
		    "purpose=?2",
		    "ss", epoch->identity, epoch->purpose) ||
		!wax_query_next(query, &more, error))
		return false;
	*ret_number = wax_query_int(query, 0);
	return true;
}

bool wax_store_epoch_add(
	WaxStore *store, const WaxEpoch *epoch, int64_t *ret_number, GError **error)
{
	int64_t number = epoch->number;

	if (number == 0 && !next_number(store, epoch, &number, error))
		return false;
	if (!wax_store_run(store, error,
		    "INSERT INTO key_epochs (id, identity, purpose, number, state, protection, "
		    "record,"
		    " spki_sha256, certificate, issuer_serial, key_id, created, activated, "
		    "archived)"
		    " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
		    "sssissbbsbbiii", epoch->id, epoch->identity, epoch->purpose, number,
		    epoch->state, epoch->protection, wax_bytes_span(epoch->record),
		    wax_bytes_span(epoch->spki_sha256), epoch->certificate,
		    wax_bytes_span(epoch->issuer_serial), wax_bytes_span(epoch->key_id),
		    epoch->created, epoch->activated, epoch->archived))
		return false;
	if (ret_number)
		*ret_number = number;
	return true;
}

bool wax_store_epoch_certify(WaxStore *store, const char *id, const char *certificate,
	WaxSpan issuer_serial, WaxSpan key_id, GError **error)
{
	return wax_store_run(store, error,
		       "UPDATE key_epochs SET certificate=?2, issuer_serial=?3, key_id=?4 WHERE "
		       "id=?1",
		       "ssbb", id, certificate, issuer_serial, key_id) &&
	       wax_rows_changed(store, "key epoch", id, error);
}

bool wax_store_epoch_move(WaxStore *store, const char *id, const char *from, const char *to,
	int64_t at, GError **error)
{
	return wax_store_run(store, error,
		       "UPDATE key_epochs SET state=?3,"
		       " activated=CASE WHEN ?3='active' THEN ?4 ELSE activated END,"
		       " archived=CASE WHEN ?3='archived' THEN ?4 ELSE archived END"
		       " WHERE id=?1 AND (?2 IS NULL OR state=?2)",
		       "sssi", id, from, to, at) &&
	       wax_rows_changed(store, "key epoch in that state:", id, error);
}

bool wax_store_epoch_archive_cert(
	WaxStore *store, const char *certificate, int64_t at, int *ret_count, GError **error)
{
	if (!wax_store_run(store, error,
		    "UPDATE key_epochs SET state='archived', archived=?2"
		    " WHERE certificate=?1 AND state IN ('pending','active')",
		    "si", certificate, at))
		return false;
	if (ret_count)
		*ret_count = wax_store_changes(store);
	return true;
}

bool wax_store_epoch_is_kept(
	WaxStore *store, const char *certificate, bool *ret_kept, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;

	return wax_store_query(store, &query, error,
		       "SELECT id FROM key_epochs WHERE certificate=?1 LIMIT 1", "s",
		       certificate) &&
	       wax_query_next(query, ret_kept, error);
}

bool wax_store_epoch_protect(WaxStore *store, const char *protection, GError **error)
{
	return wax_store_run(store, error, "UPDATE key_epochs SET protection=?1", "s", protection);
}

static void *epoch_of(WaxQuery *query)
{
	WaxEpoch *epoch = g_new0(WaxEpoch, 1);

	epoch->id = wax_query_dup(query, 0);
	epoch->identity = wax_query_dup(query, 1);
	epoch->purpose = wax_query_dup(query, 2);
	epoch->number = wax_query_int(query, 3);
	epoch->state = wax_query_dup(query, 4);
	epoch->protection = wax_query_dup(query, 5);
	epoch->record = wax_query_bytes(query, 6);
	epoch->spki_sha256 = wax_query_bytes(query, 7);
	epoch->certificate = wax_query_dup(query, 8);
	epoch->issuer_serial = wax_query_bytes(query, 9);
	epoch->key_id = wax_query_bytes(query, 10);
	epoch->created = wax_query_int(query, 11);
	epoch->activated = wax_query_int(query, 12);
	epoch->archived = wax_query_int(query, 13);
	return epoch;
}

#define EPOCH_COLUMNS                                                                              \
	"SELECT id, identity, purpose, number, state, protection, record, spki_sha256,"            \
	" certificate, issuer_serial, key_id, created, activated, archived FROM key_epochs "

bool wax_store_epoch_list(
	WaxStore *store, const char *identity, GPtrArray **ret_epochs, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;

	return wax_store_query(store, &query, error,
		       EPOCH_COLUMNS "WHERE ?1 IS NULL OR identity=?1"
				     " ORDER BY identity, purpose, number DESC",
		       "s", identity) &&
	       wax_rows_all(query, epoch_of, free_epoch, ret_epochs, error);
}

bool wax_store_epoch_by_issuer_serial(
	WaxStore *store, WaxSpan issuer_serial, GPtrArray **ret_epochs, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;

	return wax_store_query(store, &query, error,
		       EPOCH_COLUMNS "WHERE issuer_serial=?1 ORDER BY id", "b", issuer_serial) &&
	       wax_rows_all(query, epoch_of, free_epoch, ret_epochs, error);
}

bool wax_store_epoch_by_key_id(
	WaxStore *store, WaxSpan key_id, GPtrArray **ret_epochs, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;

	return wax_store_query(store, &query, error, EPOCH_COLUMNS "WHERE key_id=?1 ORDER BY id",
		       "b", key_id) &&
	       wax_rows_all(query, epoch_of, free_epoch, ret_epochs, error);
}

bool wax_store_certifier_add(WaxStore *store, const WaxCertifier *certifier, GError **error)
{
	return wax_store_run(store, error,
		"INSERT INTO certifiers (id, name, der, record, state, created)"
		" VALUES (?1,?2,?3,?4,?5,?6)",
		"ssbbsi", certifier->id, certifier->name, wax_bytes_span(certifier->der),
		wax_bytes_span(certifier->record), certifier->state, certifier->created);
}

static void *certifier_of(WaxQuery *query)
{
	WaxCertifier *certifier = g_new0(WaxCertifier, 1);

	certifier->id = wax_query_dup(query, 0);
	certifier->name = wax_query_dup(query, 1);
	certifier->der = wax_query_bytes(query, 2);
	certifier->record = wax_query_bytes(query, 3);
	certifier->state = wax_query_dup(query, 4);
	certifier->created = wax_query_int(query, 5);
	return certifier;
}

#define CERTIFIER_COLUMNS "SELECT id, name, der, record, state, created FROM certifiers "

bool wax_store_certifier_find(
	WaxStore *store, const char *name, WaxCertifier **ret_certifier, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;
	bool more;

	if (!wax_store_query(
		    store, &query, error, CERTIFIER_COLUMNS "WHERE name=?1 OR id=?1", "s", name) ||
		!wax_query_next(query, &more, error))
		return false;
	*ret_certifier = more ? certifier_of(query) : NULL;
	return true;
}

bool wax_store_certifier_list(WaxStore *store, GPtrArray **ret_certifiers, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;

	return wax_store_query(store, &query, error, CERTIFIER_COLUMNS "ORDER BY name", "") &&
	       wax_rows_all(query, certifier_of, free_certifier, ret_certifiers, error);
}

bool wax_store_serial_reserve(WaxStore *store, const char *certifier, const char *serial,
	const char *profile, int64_t at, GError **error)
{
	return wax_store_run(store, error,
		"INSERT INTO serials (certifier, serial, profile, reserved) VALUES (?1,?2,?3,?4)",
		"sssi", certifier, serial, profile, at);
}

bool wax_store_serial_issued(WaxStore *store, const char *certifier, const char *serial,
	const char *certificate, GError **error)
{
	return wax_store_run(store, error,
		       "UPDATE serials SET certificate=?3 WHERE certifier=?1 AND serial=?2", "sss",
		       certifier, serial, certificate) &&
	       wax_rows_changed(store, "reserved serial", serial, error);
}
