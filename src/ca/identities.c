/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/internal.h"

#include <string.h>

#include "core/address.h"
#include "core/clock.h"
#include "core/status.h"
#include "crypto/digest.h"
#include "directory/change.h"
#include "store/people.h"

void wax_ca_key_free(WaxCaKey *key)
{
	wax_ca_made_clear(&key->made);
	g_clear_pointer(&key->chain, g_ptr_array_unref);
	g_strfreev(key->addresses);
	g_free(key);
}

static bool issue_for(WaxCa *ca, const char *domain, const char *profile, const char *name,
	char *const *addresses, WaxCaMade *made, GError **error)
{
	g_autoptr(WaxCertifier) certifier = NULL;
	WaxCaWanted wanted = { profile, name, addresses, NULL,
		WAX_SPAN(made->spki->data, made->spki->len), ca->validity_days };

	if (!wax_store_certifier_find(ca->store, domain, &certifier, error))
		return false;
	if (!certifier)
		return wax_fail(error, WAX_R_NOT_FOUND, "the domain %s has no certifier", domain);
	return wax_ca_issue(ca, WAX_SPAN(certifier->record->data, certifier->record->len),
		WAX_SPAN(certifier->der->data, certifier->der->len), domain, &wanted, &made->cert,
		error);
}

static bool make_key(WaxCa *ca, const char *identity, const char *purpose, const char *profile,
	const char *kind, int64_t number, const char *domain, const char *name,
	char *const *addresses, GPtrArray *keys, GError **error)
{
	WaxCaKey *key = g_new0(WaxCaKey, 1);

	g_ptr_array_add(keys, key);
	key->purpose = purpose;
	key->number = number;
	return wax_ca_generate(
		       ca->keyd, identity, purpose, (uint64_t)number, kind, &key->made, error) &&
	       issue_for(ca, domain, profile, name, addresses, &key->made, error);
}

static bool store_key(WaxCa *ca, const char *identity, bool of_domain, const char *domain,
	const WaxCaKey *key, bool pending, GError **error)
{
	const WaxCertInfo *info = wax_cert_info(key->made.cert);
	g_autofree char *id = wax_store_new_id(), *cert_id = NULL;
	uint8_t sha256[32];
	g_autoptr(GByteArray) hash = NULL;
	int64_t now = wax_clock_now();
	WaxCertImport import = { .kind = of_domain ? "domain" : "user",
		.domain = of_domain ? domain : NULL,
		.source = "own",
		.addresses = (const char *const *)key->addresses };
	WaxEpoch epoch = { .id = id,
		.identity = (char *)(uintptr_t)identity,
		.purpose = (char *)(uintptr_t)key->purpose,
		.number = key->number,
		.state = (char *)(uintptr_t) "pending",
		.protection = (char *)(uintptr_t)wax_ca_protection(ca),
		.record = key->made.record,
		.created = now };

	wax_sha256(WAX_SPAN(key->made.spki->data, key->made.spki->len), sha256);
	hash = wax_ca_copy(WAX_SPAN(sha256, 32));
	epoch.spki_sha256 = hash;
	for (guint i = 0; key->chain && i < key->chain->len; i++) {
		WaxCertImport chain = { .kind = "ca", .source = "import" };

		/* the chain only helps: one that is known, expired or no CA is not needed */
		wax_ignore(wax_directory_import(
			ca->store, key->chain->pdata[i], &chain, now, NULL, NULL));
	}
	return wax_directory_import(ca->store, key->made.cert, &import, now, &cert_id, error) &&
	       wax_store_epoch_add(ca->store, &epoch, NULL, error) &&
	       wax_store_epoch_certify(
		       ca->store, id, cert_id, info->issuer_and_serial, info->key_id, error) &&
	       (pending || wax_store_epoch_move(ca->store, id, "pending", "active", now, error));
}

bool wax_ca_store_keys(WaxCa *ca, const char *identity, bool of_domain, const char *domain,
	GPtrArray *keys, json_t **ret_result, GError **error)
{
	json_t *list = json_array();

	for (guint i = 0; i < keys->len; i++) {
		const WaxCaKey *key = keys->pdata[i];
		g_autofree char *id = wax_directory_cert_id(key->made.cert);

		if (!store_key(ca, identity, of_domain, domain, key, false, error)) {
			json_decref(list);
			return false;
		}
		json_array_append_new(list, json_pack("{s:s,s:s,s:i}", "purpose", key->purpose,
						    "certificate", id, "epoch", (int)key->number));
	}
	*ret_result = json_pack("{s:s,s:o}", "identity", identity, "keys", list);
	return true;
}

void wax_ca_owner_clear(WaxCaOwner *owner)
{
	g_free(owner->key);
	g_free(owner->domain);
	g_free(owner->person);
}

bool wax_ca_owner_of(WaxCa *ca, const char *given, WaxCaOwner *owner, GError **error)
{
	g_autoptr(WaxPerson) person = NULL;

	owner->of_domain = !strchr(given, '@');
	owner->key = owner->of_domain ? wax_domain_normal(given, error)
				      : wax_address_normal(given, error);
	if (!owner->key || !wax_ca_own_domain(ca, owner->key, error))
		return false;
	owner->domain = g_strdup(owner->of_domain ? owner->key : strrchr(owner->key, '@') + 1);
	if (owner->of_domain)
		return true;
	if (!wax_store_person_find(ca->store, owner->key, &person, error))
		return false;
	owner->new_person = !person;
	owner->person = person ? g_strdup(person->id) : wax_store_new_id();
	return true;
}

bool wax_ca_store_identity(
	WaxCa *ca, const WaxCaOwner *owner, const char *id, const char *name, GError **error)
{
	char *addresses[] = { owner->key, NULL }, *none[] = { NULL };
	WaxStoredIdentity identity = { .id = (char *)(uintptr_t)id,
		.person = owner->person,
		.domain = owner->of_domain ? owner->domain : NULL,
		.addresses = owner->of_domain ? none : addresses,
		.created = wax_clock_now() };
	WaxPerson person = { .id = owner->person,
		.name = (char *)(uintptr_t)name,
		.state = (char *)(uintptr_t) "active",
		.addresses = addresses,
		.created = identity.created };

	return (!owner->new_person || wax_store_person_add(ca->store, &person, error)) &&
	       wax_store_identity_add(ca->store, &identity, error);
}

/* make_keys - a person has one key to sign and one to encrypt, or by ca.one_key one for both; a domain one for both */
static bool make_keys(WaxCa *ca, const WaxCaOwner *owner, const char *identity, int64_t number,
	const char *name, GPtrArray *keys, GError **error)
{
	g_autofree char *authority =
		g_strconcat("domain-confidentiality-authority@", owner->domain, NULL);
	char *addresses[] = { owner->of_domain ? authority : owner->key, NULL };

	if (owner->of_domain)
		return make_key(ca, identity, "both", "domain", "rsa-2048", number, owner->domain,
			name, addresses, keys, error);
	if (ca->one_key)
		return make_key(ca, identity, "both", "both", "rsa-2048", number, owner->domain,
			name, addresses, keys, error);
	return make_key(ca, identity, "sign", "sign", "p256", number, owner->domain, name,
		       addresses, keys, error) &&
	       make_key(ca, identity, "encrypt", "encrypt", "rsa-2048", number + 1, owner->domain,
		       name, addresses, keys, error);
}

bool wax_ca_act_identity_create(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *given = wax_ca_need(args, "owner", error);
	g_autoptr(WaxStoredIdentity) known = NULL;
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)wax_ca_key_free);
	g_autofree char *id = wax_store_new_id();
	g_auto(WaxCaOwner) owner = { NULL };
	const char *name;

	(void)actor; /* the audit event names it */
	if (!given || !wax_ca_owner_of(ca, given, &owner, error) ||
		!wax_store_identity_find(ca->store, owner.key, &known, error))
		return false;
	if (known)
		return wax_fail(error, WAX_R_DUPLICATE,
			"%s has an identity; for new keys use: waxwing identity rollover %s",
			owner.key, owner.key);
	name = wax_ca_text(args, "name") ? wax_ca_text(args, "name") : owner.key;
	if (!make_keys(ca, &owner, id, 1, name, keys, error) ||
		!wax_store_begin(ca->store, error) ||
		!wax_ca_store_identity(ca, &owner, id, name, error) ||
		!wax_ca_store_keys(ca, id, owner.of_domain, owner.domain, keys, ret_result, error))
		return false;
	*ret_object = g_strdup_printf("identity %s", id);
	return true;
}

bool wax_ca_next_number(WaxCa *ca, const char *identity, int64_t *ret_number, GError **error)
{
	g_autoptr(GPtrArray) epochs = NULL;

	if (!wax_store_epoch_list(ca->store, identity, &epochs, error))
		return false;
	*ret_number = 1;
	for (guint i = 0; i < epochs->len; i++)
		*ret_number = MAX(*ret_number, ((const WaxEpoch *)epochs->pdata[i])->number + 1);
	return true;
}

bool wax_ca_rollover(
	WaxCa *ca, const char *key, json_t **ret_result, char **ret_object, GError **error)
{
	g_autoptr(WaxStoredIdentity) known = NULL;
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)wax_ca_key_free),
			     old = NULL;
	g_auto(WaxCaOwner) owner = { NULL };
	int64_t number, now = wax_clock_now();

	if (!wax_store_identity_find(ca->store, key, &known, error))
		return false;
	if (!known)
		return wax_fail(error, WAX_R_NOT_FOUND, "%s has no identity", key);
	if (!wax_ca_owner_of(
		    ca, known->domain ? known->domain : known->addresses[0], &owner, error) ||
		!wax_ca_next_number(ca, known->id, &number, error) ||
		!wax_store_epoch_list(ca->store, known->id, &old, error) ||
		!make_keys(ca, &owner, known->id, number, owner.key, keys, error) ||
		!wax_store_begin(ca->store, error))
		return false;
	for (guint i = 0; i < old->len; i++) {
		const WaxEpoch *epoch = old->pdata[i];

		if (strcmp(epoch->state, "active") == 0 &&
			!wax_store_epoch_move(
				ca->store, epoch->id, "active", "archived", now, error))
			return false;
	}
	if (!wax_ca_store_keys(
		    ca, known->id, owner.of_domain, owner.domain, keys, ret_result, error))
		return false;
	*ret_object = g_strdup_printf("identity %s", known->id);
	return true;
}

bool wax_ca_act_identity_rollover(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *given = wax_ca_need(args, "identity", error);

	(void)actor; /* the audit event names it */
	return given && wax_ca_rollover(ca, given, ret_result, ret_object, error);
}
