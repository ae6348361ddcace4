/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/directory.h"

#include <string.h>

#include "core/clock.h"
#include "core/status.h"

#define CACHE_MAX 100000

struct WaxDirectory {
	WaxStore *store;
	GMutex lock;
	int64_t version;	/* of the database when the cache was filled */
	int64_t asked, age;	/* when for that version, monotonic; how old it may be; ms */
	int64_t expires;	/* a trust record ends then; 0: none does */
	GHashTable *candidates; /* address -> GPtrArray of WaxDirCandidate */
	GHashTable *senders;	/* address -> WaxDirSender, or NULL for none */
	GHashTable *domains;	/* name -> WaxDomain, or NULL for none */
	GPtrArray *anchors[3];	/* by purpose ANY, SIGN, ENCRYPT */
	GPtrArray *intermediates;
};

static void unref_list(void *list)
{
	if (list)
		g_ptr_array_unref(list);
}

static void unref_sender(void *sender)
{
	wax_dir_sender_unref(sender);
}

static void free_domain(void *domain)
{
	wax_domain_free(domain);
}

static void free_candidate(void *data)
{
	WaxDirCandidate *candidate = data;

	wax_cert_unref(candidate->cert);
	g_free(candidate->id);
	g_free(candidate->source);
	g_free(candidate);
}

static void clear_key(WaxDirKey *key)
{
	g_free(key->epoch);
	g_clear_pointer(&key->record, g_bytes_unref);
	g_clear_pointer(&key->cert, wax_cert_unref);
}

void wax_dir_sender_unref(WaxDirSender *sender)
{
	if (!sender || !g_atomic_ref_count_dec(&sender->refs))
		return;
	g_free(sender->identity);
	g_free(sender->address);
	clear_key(&sender->sign);
	clear_key(&sender->encrypt);
	g_free(sender);
}

WaxDirectory *wax_directory_new(WaxStore *store)
{
	WaxDirectory *directory = g_new0(WaxDirectory, 1);

	directory->store = store;
	directory->version = -1;
	g_mutex_init(&directory->lock);
	directory->candidates = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_list);
	directory->senders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_sender);
	directory->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_domain);
	return directory;
}

static void forget(WaxDirectory *directory)
{
	g_hash_table_remove_all(directory->candidates);
	g_hash_table_remove_all(directory->senders);
	g_hash_table_remove_all(directory->domains);
	for (size_t i = 0; i < G_N_ELEMENTS(directory->anchors); i++)
		g_clear_pointer(&directory->anchors[i], g_ptr_array_unref);
	g_clear_pointer(&directory->intermediates, g_ptr_array_unref);
	directory->expires = 0;
}

void wax_directory_free(WaxDirectory *directory)
{
	if (!directory)
		return;
	forget(directory);
	g_hash_table_unref(directory->candidates);
	g_hash_table_unref(directory->senders);
	g_hash_table_unref(directory->domains);
	wax_store_free(directory->store);
	g_mutex_clear(&directory->lock);
	g_free(directory);
}

WaxStore *wax_directory_store(WaxDirectory *directory)
{
	return directory->store;
}

/* down - whatever the store said, for the sender it is one thing: ask again later */
static bool down(GError *cause, GError **error)
{
	g_autoptr(GError) held = cause;

	return wax_fail(error, WAX_R_DIRECTORY_DOWN, "the directory cannot be asked: %s",
		held ? held->message : "no reason given");
}

/* catch_up - forget what is of an earlier version than the database */
static bool catch_up(WaxDirectory *directory, GError **cause)
{
	int64_t version;

	if (!wax_store_version(directory->store, &version, cause))
		return false;
	if (version != directory->version || g_hash_table_size(directory->candidates) > CACHE_MAX ||
		g_hash_table_size(directory->senders) > CACHE_MAX ||
		g_hash_table_size(directory->domains) > CACHE_MAX)
		forget(directory);
	directory->version = version;
	directory->asked = wax_clock_monotonic();
	return true;
}

/* enter - take the lock with a cache that fits the database; false: no lock is held */
static bool enter(WaxDirectory *directory, GError **error)
{
	GError *cause = NULL;

	g_mutex_lock(&directory->lock);
	if ((directory->age == 0 || wax_clock_monotonic() - directory->asked > directory->age) &&
		!catch_up(directory, &cause)) {
		g_mutex_unlock(&directory->lock);
		return down(cause, error);
	}
	if (directory->expires && wax_clock_now() >= directory->expires)
		forget(directory);
	return true;
}

/* leave - give the lock back; cause (taken) tells why there is no answer */
static bool leave(WaxDirectory *directory, bool good, GError *cause, GError **error)
{
	g_mutex_unlock(&directory->lock);
	return good || down(cause, error);
}

void wax_directory_allow_age(WaxDirectory *directory, int64_t ms)
{
	directory->age = ms;
}

bool wax_directory_refresh(WaxDirectory *directory, GError **error)
{
	GError *cause = NULL;
	bool good;

	g_mutex_lock(&directory->lock);
	good = catch_up(directory, &cause);
	return leave(directory, good, cause, error);
}

static bool find_domain(
	WaxDirectory *directory, const char *name, WaxDomain **ret_domain, GError **error)
{
	void *found = NULL;

	if (!g_hash_table_lookup_extended(directory->domains, name, NULL, &found)) {
		WaxDomain *domain;

		if (!wax_store_domain_get(directory->store, name, &domain, error))
			return false;
		g_hash_table_insert(directory->domains, g_strdup(name), domain);
		found = domain;
	}
	*ret_domain = found;
	return true;
}

bool wax_directory_domain(WaxDirectory *directory, const char *domain, bool *ret_own,
	char **ret_route, GError **error)
{
	WaxDomain *found = NULL;
	GError *cause = NULL;
	bool good;

	if (!enter(directory, error))
		return false;
	good = find_domain(directory, domain, &found, &cause);
	if (good) {
		*ret_own = found && found->own;
		*ret_route = found ? g_strdup(found->route) : NULL;
	}
	return leave(directory, good, cause, error);
}

/* add_candidates - a certificate that cannot be read is left out: it could not be used either */
static bool add_candidates(
	WaxStore *store, GPtrArray *list, GPtrArray *rows, bool of_domain, GError **error)
{
	for (guint i = 0; i < rows->len; i++) {
		const WaxStoredCert *row = rows->pdata[i];
		g_autoptr(WaxCert) cert =
			wax_cert_parse(WAX_SPAN(row->der->data, row->der->len), NULL);
		WaxDirCandidate *candidate;

		if (!cert)
			continue;
		candidate = g_new0(WaxDirCandidate, 1);
		candidate->cert = g_steal_pointer(&cert);
		candidate->id = g_strdup(row->id);
		candidate->source = g_strdup(row->source);
		candidate->pinned = row->pinned;
		candidate->of_domain = of_domain;
		g_ptr_array_add(list, candidate);
		if (!wax_store_epoch_is_kept(store, row->id, &candidate->kept, error))
			return false;
	}
	return true;
}

static bool load_candidates(
	WaxDirectory *directory, const char *address, GPtrArray **ret_list, GError **error)
{
	const char *at = strrchr(address, '@');
	g_autoptr(GPtrArray) users = NULL, domains = NULL;
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(free_candidate);

	if (!wax_store_cert_for_address(directory->store, address, &users, error) ||
		!wax_store_cert_for_domain(
			directory->store, at ? at + 1 : address, &domains, error) ||
		!add_candidates(directory->store, list, users, false, error) ||
		!add_candidates(directory->store, list, domains, true, error))
		return false;
	*ret_list = list;
	g_hash_table_insert(directory->candidates, g_strdup(address), g_steal_pointer(&list));
	return true;
}

bool wax_directory_candidates(
	WaxDirectory *directory, const char *address, GPtrArray **ret_candidates, GError **error)
{
	GPtrArray *list;
	GError *cause = NULL;
	bool good;

	if (!enter(directory, error))
		return false;
	list = g_hash_table_lookup(directory->candidates, address);
	good = list || load_candidates(directory, address, &list, &cause);
	if (good)
		*ret_candidates = g_ptr_array_ref(list);
	return leave(directory, good, cause, error);
}

static bool fill_key(WaxDirectory *directory, const WaxEpoch *epoch, WaxDirKey *key, GError **error)
{
	g_autoptr(WaxStoredCert) row = NULL;

	if (!epoch->certificate)
		return true;
	if (!wax_store_cert_get(directory->store, epoch->certificate, &row, error))
		return false;
	if (!row)
		return true;
	key->cert = wax_cert_parse(WAX_SPAN(row->der->data, row->der->len), error);
	if (!key->cert)
		return false;
	key->epoch = g_strdup(epoch->id);
	key->record = g_bytes_new(epoch->record->data, epoch->record->len);
	return true;
}

/* serves - is this active epoch the one for the purpose?  The list has the newest first. */
static bool serves(const WaxStoredIdentity *identity, const WaxEpoch *epoch, const char *purpose,
	const WaxDirKey *have)
{
	if (strcmp(epoch->state, "active") != 0)
		return false;
	if (strcmp(epoch->purpose, purpose) != 0 && strcmp(epoch->purpose, "both") != 0)
		return false;
	if (strcmp(purpose, "sign") == 0 && identity->default_sign)
		return strcmp(identity->default_sign, epoch->id) == 0;
	return have->epoch == NULL;
}

static bool fill_sender(WaxDirectory *directory, const WaxStoredIdentity *identity,
	WaxDirSender *sender, GError **error)
{
	g_autoptr(GPtrArray) epochs = NULL;

	if (!wax_store_epoch_list(directory->store, identity->id, &epochs, error))
		return false;
	for (guint i = 0; i < epochs->len; i++) {
		const WaxEpoch *epoch = epochs->pdata[i];

		if (serves(identity, epoch, "sign", &sender->sign) &&
			!fill_key(directory, epoch, &sender->sign, error))
			return false;
		if (serves(identity, epoch, "encrypt", &sender->encrypt) &&
			!fill_key(directory, epoch, &sender->encrypt, error))
			return false;
	}
	return true;
}

static bool find_identity(WaxDirectory *directory, const char *address,
	WaxStoredIdentity **ret_identity, GError **error)
{
	const char *at = strrchr(address, '@');

	if (!wax_store_identity_find(directory->store, address, ret_identity, error))
		return false;
	if (*ret_identity || !at)
		return true;
	return wax_store_identity_find(directory->store, at + 1, ret_identity, error);
}

static bool load_sender(
	WaxDirectory *directory, const char *address, WaxDirSender **ret_sender, GError **error)
{
	g_autoptr(WaxStoredIdentity) identity = NULL;
	g_autoptr(WaxDirSender) sender = NULL;

	if (!find_identity(directory, address, &identity, error))
		return false;
	if (identity) {
		sender = g_new0(WaxDirSender, 1);
		g_atomic_ref_count_init(&sender->refs);
		sender->identity = g_strdup(identity->id);
		sender->address = g_strdup(address);
		sender->of_domain = identity->domain != NULL;
		if (!fill_sender(directory, identity, sender, error))
			return false;
	}
	*ret_sender = sender;
	g_hash_table_insert(directory->senders, g_strdup(address), g_steal_pointer(&sender));
	return true;
}

bool wax_directory_sender(
	WaxDirectory *directory, const char *address, WaxDirSender **ret_sender, GError **error)
{
	WaxDirSender *sender = NULL;
	GError *cause = NULL;
	void *found = NULL;
	bool good;

	if (!enter(directory, error))
		return false;
	good = g_hash_table_lookup_extended(directory->senders, address, NULL, &found);
	sender = found;
	if (!good)
		good = load_sender(directory, address, &sender, &cause);
	if (good && sender)
		g_atomic_ref_count_inc(&sender->refs);
	if (good)
		*ret_sender = sender;
	return leave(directory, good, cause, error);
}

bool wax_directory_epochs(WaxDirectory *directory, WaxSpan issuer_serial, WaxSpan key_id,
	GPtrArray **ret_epochs, GError **error)
{
	GError *cause = NULL;
	bool good = issuer_serial.n ? wax_store_epoch_by_issuer_serial(
					      directory->store, issuer_serial, ret_epochs, &cause)
				    : wax_store_epoch_by_key_id(
					      directory->store, key_id, ret_epochs, &cause);

	return good || down(cause, error);
}

bool wax_directory_identity(
	WaxDirectory *directory, const char *key, WaxStoredIdentity **ret_identity, GError **error)
{
	GError *cause = NULL;

	return wax_store_identity_find(directory->store, key, ret_identity, &cause) ||
	       down(cause, error);
}

static bool is_for(const WaxTrustRecord *record, WaxPurpose purpose)
{
	if (record->forbidden || purpose == WAX_PURPOSE_ANY || strcmp(record->purpose, "both") == 0)
		return true;
	return strcmp(record->purpose, purpose == WAX_PURPOSE_SIGN ? "verify" : "encrypt") == 0;
}

static void add_anchor(WaxDirectory *directory, GPtrArray *list, const WaxTrustRecord *record)
{
	g_autoptr(WaxCert) cert =
		wax_cert_parse(WAX_SPAN(record->der->data, record->der->len), NULL);

	if (!cert)
		return;
	if (record->valid_until && wax_clock_now() >= record->valid_until)
		return;
	if (record->valid_until &&
		(!directory->expires || record->valid_until < directory->expires))
		directory->expires = record->valid_until;
	g_ptr_array_add(list,
		wax_anchor_new(cert, (const char *const *)record->domains, record->forbidden));
}

static void free_anchor(void *anchor)
{
	wax_anchor_free(anchor);
}

static bool load_anchors(WaxDirectory *directory, WaxPurpose purpose, GError **error)
{
	g_autoptr(GPtrArray) records = NULL;
	GPtrArray *list;

	if (!wax_store_trust_list(directory->store, false, &records, error))
		return false;
	list = g_ptr_array_new_with_free_func(free_anchor);
	for (guint i = 0; i < records->len; i++)
		if (is_for(records->pdata[i], purpose))
			add_anchor(directory, list, records->pdata[i]);
	directory->anchors[purpose] = list;
	return true;
}

bool wax_directory_anchors(
	WaxDirectory *directory, WaxPurpose purpose, GPtrArray **ret_anchors, GError **error)
{
	WaxPurpose slot = purpose > WAX_PURPOSE_ENCRYPT ? WAX_PURPOSE_ANY : purpose;
	GError *cause = NULL;
	bool good;

	if (!enter(directory, error))
		return false;
	good = directory->anchors[slot] || load_anchors(directory, slot, &cause);
	if (good)
		*ret_anchors = g_ptr_array_ref(directory->anchors[slot]);
	return leave(directory, good, cause, error);
}

static void unref_cert(void *cert)
{
	wax_cert_unref(cert);
}

static bool load_intermediates(WaxDirectory *directory, GError **error)
{
	g_autoptr(GPtrArray) rows = NULL;
	GPtrArray *list;

	if (!wax_store_cert_list_kind(directory->store, "ca", &rows, error))
		return false;
	list = g_ptr_array_new_with_free_func(unref_cert);
	for (guint i = 0; i < rows->len; i++) {
		const WaxStoredCert *row = rows->pdata[i];
		WaxCert *cert = wax_cert_parse(WAX_SPAN(row->der->data, row->der->len), NULL);

		if (cert)
			g_ptr_array_add(list, cert);
	}
	directory->intermediates = list;
	return true;
}

bool wax_directory_intermediates(WaxDirectory *directory, GPtrArray **ret_certs, GError **error)
{
	GError *cause = NULL;
	bool good;

	if (!enter(directory, error))
		return false;
	good = directory->intermediates || load_intermediates(directory, &cause);
	if (good)
		*ret_certs = g_ptr_array_ref(directory->intermediates);
	return leave(directory, good, cause, error);
}

bool wax_directory_policy(
	WaxDirectory *directory, char **ret_text, int64_t *ret_version, GError **error)
{
	g_autoptr(WaxStoredPolicy) policy = NULL;
	GError *cause = NULL;

	if (!wax_store_policy_latest(directory->store, &policy, &cause))
		return down(cause, error);
	*ret_text = g_steal_pointer(&policy->text);
	*ret_version = policy->version;
	return true;
}
