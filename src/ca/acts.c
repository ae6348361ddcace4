/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acts.h"

#include <string.h>

#include "core/address.h"
#include "core/clock.h"
#include "core/ipc.h"
#include "core/status.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "directory/change.h"
#include "keys/proto/requests.h"
#include "policy/rules.h"
#include "store/people.h"
#include "store/records.h"

#define PATIENCE 30000
#define DAY	 (24 * 3600)

typedef bool (*Act)(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error);

/* ---- arguments ---- */

static const char *text_of(json_t *args, const char *key)
{
	return json_string_value(json_object_get(args, key));
}

static const char *need(json_t *args, const char *key, GError **error)
{
	const char *text = text_of(args, key);

	if (!text || !text[0])
		wax_set_error(error, WAX_R_VALUE_INVALID, "'%s' is missing", key);
	return text && text[0] ? text : NULL;
}

static GByteArray *need_bytes(json_t *args, const char *key, GError **error)
{
	const char *text = need(args, key, error);
	g_autofree guchar *bytes = NULL;
	gsize n;

	if (!text)
		return NULL;
	bytes = g_base64_decode(text, &n);
	if (!n) {
		wax_set_error(error, WAX_R_VALUE_INVALID, "'%s' is empty, or no base64", key);
		return NULL;
	}
	return g_byte_array_append(g_byte_array_new(), bytes, (guint)n);
}

/* list_of - NULL when the key is absent */
static char **list_of(json_t *args, const char *key)
{
	json_t *list = json_object_get(args, key), *item;
	GPtrArray *out;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) == 0)
		return NULL;
	out = g_ptr_array_new();
	json_array_foreach(list, i, item)
		g_ptr_array_add(out, g_strdup(json_is_string(item) ? json_string_value(item) : ""));
	g_ptr_array_add(out, NULL);
	return (char **)g_ptr_array_free(out, false);
}

/* ---- custodians ---- */

static bool ask(int sock, const WaxFrame *request, WaxFrame **ret_reply, GError **error)
{
	g_autoptr(GError) why = NULL;
	WaxReason reason;

	if (sock >= 0 && wax_ipc_call(sock, request, PATIENCE, ret_reply, &why))
		return true;
	reason = why ? wax_reason_of(why) : WAX_R_PEER_GONE;
	if (reason == WAX_R_PEER_GONE || reason == WAX_R_TIMEOUT)
		return wax_fail(error, WAX_R_CUSTODY_DOWN,
			"the key custody does not answer; it is being started again, try once "
			"more");
	return wax_fail(error, reason, "%s", why->message);
}

typedef struct {
	GByteArray *record, *spki;
	WaxCert *cert;
} Made;

static void made_clear(Made *made)
{
	g_clear_pointer(&made->record, g_byte_array_unref);
	g_clear_pointer(&made->spki, g_byte_array_unref);
	g_clear_pointer(&made->cert, wax_cert_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Made, made_clear)

static GByteArray *copy(WaxSpan span)
{
	return g_byte_array_append(g_byte_array_new(), span.p, (guint)span.n);
}

static bool generate(int sock, const char *identity, const char *purpose, uint64_t epoch,
	const char *kind, Made *made, GError **error)
{
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_GENERATE), reply = NULL;
	WaxSpan record, spki;

	wax_frame_put_str(request, identity);
	wax_frame_put_str(request, purpose);
	wax_frame_put_u64(request, epoch);
	wax_frame_put_str(request, kind);
	if (!ask(sock, request, &reply, error) || !wax_frame_get_span(reply, &record, error) ||
		!wax_frame_get_span(reply, &spki, error))
		return false;
	made->record = copy(record);
	made->spki = copy(spki);
	return true;
}

/* reserve - a serial number that nobody had, durable before it is used */
static bool reserve(WaxCa *ca, const char *certifier, const char *profile, bool root,
	uint8_t serial[16], GError **error)
{
	g_autofree char *hex = NULL;

	wax_random(serial, 16);
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
	/* a root signs itself before the certifier is known to anybody, and only once */
	if (root)
		return true;
	hex = wax_hex(WAX_SPAN(serial, 16));
	if (!wax_store_begin(ca->store, error))
		return false;
	if (!wax_store_serial_reserve(ca->store, certifier, hex, profile, wax_clock_now(), error)) {
		wax_store_rollback(ca->store);
		return false;
	}
	return wax_store_commit(ca->store, error);
}

typedef struct {
	const char *profile, *common_name;
	char *const *addresses;
	char *const *domains;
	WaxSpan spki;
	int days;
} Wanted;

static void put_texts(char *const *list, WaxFrame *frame)
{
	uint32_t n = 0;

	while (list && list[n])
		n++;
	wax_frame_put_u32(frame, n);
	for (uint32_t i = 0; i < n; i++)
		wax_frame_put_str(frame, list[i]);
}

static bool issue(WaxCa *ca, WaxSpan record, WaxSpan issuer, const char *certifier,
	const Wanted *wanted, WaxCert **ret_cert, GError **error)
{
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_ISSUE), reply = NULL;
	int64_t now = wax_clock_now();
	uint8_t serial[16];
	WaxSpan der;

	if (!reserve(ca, certifier, wanted->profile, issuer.n == 0, serial, error))
		return false;
	wax_frame_put_span(request, record);
	wax_frame_put_span(request, issuer);
	wax_frame_put_str(request, wanted->profile);
	wax_frame_put_str(request, wanted->common_name);
	wax_frame_put_str(request, ca->organisation[0] ? ca->organisation : certifier);
	put_texts(wanted->addresses, request);
	wax_frame_put_span(request, wanted->spki);
	wax_frame_put_span(request, WAX_SPAN(serial, 16));
	/* a day back: clocks of partners differ */
	wax_frame_put_u64(request, (uint64_t)(now - DAY));
	wax_frame_put_u64(request, (uint64_t)(now + (int64_t)(wanted->days - 1) * DAY));
	put_texts(wanted->domains, request);
	if (!ask(ca->certd, request, &reply, error) || !wax_frame_get_span(reply, &der, error))
		return false;
	*ret_cert = wax_cert_parse(der, error);
	return *ret_cert != NULL;
}

/* ---- domains ---- */

static bool route_of(json_t *args, char **ret_route, GError **error)
{
	const char *relay = text_of(args, "relay"), *route = text_of(args, "route");

	*ret_route = NULL;
	if (relay)
		*ret_route = strrchr(relay, ':') ? g_strconcat("smtp:", relay, NULL)
						 : g_strconcat("smtp:", relay, ":25", NULL);
	else if (route)
		*ret_route = g_strdup(route);
	if (*ret_route && !wax_directory_check_route(*ret_route, error)) {
		g_clear_pointer(ret_route, g_free);
		return false;
	}
	return true;
}

/* begin_certifier - its key and its certificate, constrained to the domain */
static bool begin_certifier(WaxCa *ca, const char *domain, Made *made, GError **error)
{
	g_autofree char *name = g_strdup_printf("%s mail certifier", domain);
	char *domains[] = { (char *)(uintptr_t)domain, NULL };
	Wanted wanted = { "root", name, NULL, domains, WAX_SPAN_NONE, 3650 };

	if (!generate(ca->certd, domain, "certifier", 1, "p256", made, error))
		return false;
	wanted.spki = WAX_SPAN(made->spki->data, made->spki->len);
	return issue(ca, WAX_SPAN(made->record->data, made->record->len), WAX_SPAN_NONE, domain,
		&wanted, &made->cert, error);
}

static bool store_certifier(WaxCa *ca, const char *domain, const Made *made, const char *actor,
	char **ret_id, GError **error)
{
	const WaxCertInfo *info = wax_cert_info(made->cert);
	const char *domains[] = { domain, NULL };
	WaxCertImport import = {
		.kind = "ca", .source = "own", .note = "certifier of this service"
	};
	WaxTrustGrant grant = {
		.domains = domains, .purpose = "both", .provenance = "own certifier", .by = actor
	};
	g_autoptr(GByteArray) der = copy(info->der);
	WaxCertifier certifier = { .id = (char *)(uintptr_t)domain,
		.name = (char *)(uintptr_t)domain,
		.der = der,
		.record = made->record,
		.state = (char *)(uintptr_t) "active",
		.created = wax_clock_now() };

	return wax_store_certifier_add(ca->store, &certifier, error) &&
	       wax_directory_import(
		       ca->store, made->cert, &import, wax_clock_now(), ret_id, error) &&
	       wax_directory_grant(ca->store, made->cert, &grant, wax_clock_now(), NULL, error);
}

static bool act_domain_add(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *given = need(args, "name", error);
	bool own = !json_is_true(json_object_get(args, "partner"));
	g_autofree char *name = NULL, *route = NULL, *id = NULL;
	g_autoptr(WaxDomain) known = NULL;
	g_autoptr(WaxCertifier) certifier = NULL;
	g_auto(Made) made = { NULL, NULL, NULL };
	WaxDomain domain = { .own = own,
		.note = (char *)(uintptr_t)text_of(args, "note"),
		.created = wax_clock_now() };
	bool ok;

	name = given ? wax_domain_normal(given, error) : NULL;
	if (!name || !route_of(args, &route, error) ||
		!wax_store_domain_get(ca->store, name, &known, error))
		return false;
	if (known)
		return wax_fail(error, WAX_R_DUPLICATE,
			"the domain %s is there already; change it with: waxwing domain set", name);
	if (!wax_store_certifier_find(ca->store, name, &certifier, error) ||
		(own && !certifier && !begin_certifier(ca, name, &made, error)))
		return false;
	domain.name = name;
	domain.route = route;
	if (!wax_store_begin(ca->store, error))
		return false;
	ok = wax_store_domain_add(ca->store, &domain, error) &&
	     (!made.cert || store_certifier(ca, name, &made, actor, &id, error));
	if (!ok)
		return false;
	*ret_object = g_strdup_printf("domain %s", name);
	*ret_result = json_pack(
		"{s:s,s:b,s:s?,s:s?}", "domain", name, "own", own, "route", route, "certifier", id);
	return true;
}

static bool act_domain_set(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *name = need(args, "name", error);
	g_autofree char *route = NULL;
	g_autoptr(WaxDomain) domain = NULL;

	(void)actor; /* the audit event names it */
	if (!name || !route_of(args, &route, error) ||
		!wax_store_domain_get(ca->store, name, &domain, error))
		return false;
	if (!domain)
		return wax_fail(error, WAX_R_NOT_FOUND, "there is no domain %s", name);
	if (route) {
		g_free(domain->route);
		domain->route = g_steal_pointer(&route);
	}
	if (text_of(args, "note")) {
		g_free(domain->note);
		domain->note = g_strdup(text_of(args, "note"));
	}
	if (!wax_store_begin(ca->store, error) || !wax_store_domain_set(ca->store, domain, error))
		return false;
	*ret_object = g_strdup_printf("domain %s", name);
	*ret_result = json_pack("{s:s,s:s?}", "domain", name, "route", domain->route);
	return true;
}

static bool act_domain_remove(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *name = need(args, "name", error);

	(void)actor; /* the audit event names it */
	if (!name || !wax_store_begin(ca->store, error) ||
		!wax_store_domain_remove(ca->store, name, error))
		return false;
	*ret_object = g_strdup_printf("domain %s", name);
	*ret_result = json_pack("{s:s}", "removed", name);
	return true;
}

/* ---- people ---- */

static bool own_domain(WaxCa *ca, const char *address, GError **error)
{
	const char *at = strrchr(address, '@');
	g_autoptr(WaxDomain) domain = NULL;

	if (!wax_store_domain_get(ca->store, at ? at + 1 : address, &domain, error))
		return false;
	return (domain && domain->own) ||
	       wax_fail(error, WAX_R_ADDRESS_NOT_OWNED,
		       "%s is not in a domain of ours; add it with: waxwing domain add %s", address,
		       at ? at + 1 : address);
}

static bool act_person_create(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *given = need(args, "address", error);
	g_auto(GStrv) aliases = list_of(args, "aliases");
	g_autofree char *id = wax_store_new_id();
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
	WaxPerson person = {
		.id = id, .state = (char *)(uintptr_t) "active", .created = wax_clock_now()
	};

	(void)actor; /* the audit event names it */
	if (!given)
		return false;
	for (guint i = 0; i == 0 || (aliases && aliases[i - 1]); i++) {
		char *key = wax_address_normal(i ? aliases[i - 1] : given, error);

		if (!key)
			return false;
		g_ptr_array_add(addresses, key);
		if (!own_domain(ca, key, error))
			return false;
	}
	g_ptr_array_add(addresses, NULL);
	person.addresses = (char **)addresses->pdata;
	person.name = (char *)(uintptr_t)(text_of(args, "name") ? text_of(args, "name") : given);
	if (!wax_store_begin(ca->store, error) || !wax_store_person_add(ca->store, &person, error))
		return false;
	*ret_object = g_strdup_printf("person %s", id);
	*ret_result = json_pack("{s:s,s:s}", "person", id, "address", person.addresses[0]);
	return true;
}

static bool act_person_remove(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *key = need(args, "person", error);
	g_autoptr(WaxPerson) person = NULL;

	(void)actor; /* the audit event names it */
	if (!key || !wax_store_person_find(ca->store, key, &person, error))
		return false;
	if (!person)
		return wax_fail(error, WAX_R_NOT_FOUND, "there is no person %s", key);
	if (!wax_store_begin(ca->store, error) ||
		!wax_store_person_remove(ca->store, person->id, error))
		return false;
	*ret_object = g_strdup_printf("person %s", person->id);
	*ret_result = json_pack("{s:s}", "removed", person->id);
	return true;
}

/* ---- identities ---- */

/* a key with its certificate, about to become an epoch */
typedef struct {
	const char *purpose;
	int64_t number;
	Made made;
	GPtrArray *chain; /* WaxCert, of an import */
} NewKey;

static void new_key_free(NewKey *key)
{
	made_clear(&key->made);
	g_clear_pointer(&key->chain, g_ptr_array_unref);
	g_free(key);
}

static bool issue_for(WaxCa *ca, const char *domain, const char *profile, const char *name,
	char *const *addresses, Made *made, GError **error)
{
	g_autoptr(WaxCertifier) certifier = NULL;
	Wanted wanted = { profile, name, addresses, NULL,
		WAX_SPAN(made->spki->data, made->spki->len), ca->validity_days };

	if (!wax_store_certifier_find(ca->store, domain, &certifier, error))
		return false;
	if (!certifier)
		return wax_fail(error, WAX_R_NOT_FOUND, "the domain %s has no certifier", domain);
	return issue(ca, WAX_SPAN(certifier->record->data, certifier->record->len),
		WAX_SPAN(certifier->der->data, certifier->der->len), domain, &wanted, &made->cert,
		error);
}

static bool make_key(WaxCa *ca, const char *identity, const char *purpose, const char *profile,
	const char *kind, int64_t number, const char *domain, const char *name,
	char *const *addresses, GPtrArray *keys, GError **error)
{
	NewKey *key = g_new0(NewKey, 1);

	g_ptr_array_add(keys, key);
	key->purpose = purpose;
	key->number = number;
	return generate(ca->keyd, identity, purpose, (uint64_t)number, kind, &key->made, error) &&
	       issue_for(ca, domain, profile, name, addresses, &key->made, error);
}

static bool store_key(WaxCa *ca, const char *identity, bool of_domain, const char *domain,
	const NewKey *key, bool pending, GError **error)
{
	const WaxCertInfo *info = wax_cert_info(key->made.cert);
	g_autofree char *id = wax_store_new_id(), *cert_id = NULL;
	uint8_t sha256[32];
	g_autoptr(GByteArray) hash = NULL;
	int64_t now = wax_clock_now();
	WaxCertImport import = { .kind = of_domain ? "domain" : "user",
		.domain = of_domain ? domain : NULL,
		.source = "own" };
	WaxEpoch epoch = { .id = id,
		.identity = (char *)(uintptr_t)identity,
		.purpose = (char *)(uintptr_t)key->purpose,
		.number = key->number,
		.state = (char *)(uintptr_t) "pending",
		.protection = (char *)(uintptr_t)ca->protection,
		.record = key->made.record,
		.created = now };

	wax_sha256(WAX_SPAN(key->made.spki->data, key->made.spki->len), sha256);
	hash = copy(WAX_SPAN(sha256, 32));
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

static bool store_keys(WaxCa *ca, const char *identity, bool of_domain, const char *domain,
	GPtrArray *keys, json_t **ret_result, GError **error)
{
	json_t *list = json_array();

	for (guint i = 0; i < keys->len; i++) {
		const NewKey *key = keys->pdata[i];
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

/* owner_of - the identity's row for an address or a domain; the person is made when it is missing */
typedef struct {
	char *key, *domain, *person;
	bool of_domain, new_person;
} Owner;

static void owner_clear(Owner *owner)
{
	g_free(owner->key);
	g_free(owner->domain);
	g_free(owner->person);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Owner, owner_clear)

static bool owner_of(WaxCa *ca, const char *given, Owner *owner, GError **error)
{
	g_autoptr(WaxPerson) person = NULL;

	owner->of_domain = !strchr(given, '@');
	owner->key = owner->of_domain ? wax_domain_normal(given, error)
				      : wax_address_normal(given, error);
	if (!owner->key || !own_domain(ca, owner->key, error))
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

static bool store_identity(
	WaxCa *ca, const Owner *owner, const char *id, const char *name, GError **error)
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

/* make_keys - a person has one key to sign and one to encrypt; a domain one for both (SYSTEMS 9.2) */
static bool make_keys(WaxCa *ca, const Owner *owner, const char *identity, int64_t number,
	const char *name, GPtrArray *keys, GError **error)
{
	g_autofree char *authority =
		g_strconcat("domain-confidentiality-authority@", owner->domain, NULL);
	char *addresses[] = { owner->of_domain ? authority : owner->key, NULL };

	if (owner->of_domain)
		return make_key(ca, identity, "both", "domain", "rsa-2048", number, owner->domain,
			name, addresses, keys, error);
	return make_key(ca, identity, "sign", "sign", "p256", number, owner->domain, name,
		       addresses, keys, error) &&
	       make_key(ca, identity, "encrypt", "encrypt", "rsa-2048", number + 1, owner->domain,
		       name, addresses, keys, error);
}

static bool act_identity_create(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *given = need(args, "owner", error);
	g_autoptr(WaxStoredIdentity) known = NULL;
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)new_key_free);
	g_autofree char *id = wax_store_new_id();
	g_auto(Owner) owner = { NULL };
	const char *name;

	(void)actor; /* the audit event names it */
	if (!given || !owner_of(ca, given, &owner, error) ||
		!wax_store_identity_find(ca->store, owner.key, &known, error))
		return false;
	if (known)
		return wax_fail(error, WAX_R_DUPLICATE,
			"%s has an identity; for new keys use: waxwing identity rollover %s",
			owner.key, owner.key);
	name = text_of(args, "name") ? text_of(args, "name") : owner.key;
	if (!make_keys(ca, &owner, id, 1, name, keys, error) ||
		!wax_store_begin(ca->store, error) ||
		!store_identity(ca, &owner, id, name, error) ||
		!store_keys(ca, id, owner.of_domain, owner.domain, keys, ret_result, error))
		return false;
	*ret_object = g_strdup_printf("identity %s", id);
	return true;
}

static bool next_number(WaxCa *ca, const char *identity, int64_t *ret_number, GError **error)
{
	g_autoptr(GPtrArray) epochs = NULL;

	if (!wax_store_epoch_list(ca->store, identity, &epochs, error))
		return false;
	*ret_number = 1;
	for (guint i = 0; i < epochs->len; i++)
		*ret_number = MAX(*ret_number, ((const WaxEpoch *)epochs->pdata[i])->number + 1);
	return true;
}

static bool act_identity_rollover(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *given = need(args, "identity", error);
	g_autoptr(WaxStoredIdentity) known = NULL;
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)new_key_free),
			     old = NULL;
	g_auto(Owner) owner = { NULL };
	int64_t number, now = wax_clock_now();

	(void)actor; /* the audit event names it */
	if (!given || !wax_store_identity_find(ca->store, given, &known, error))
		return false;
	if (!known)
		return wax_fail(error, WAX_R_NOT_FOUND, "%s has no identity", given);
	if (!owner_of(ca, known->domain ? known->domain : known->addresses[0], &owner, error) ||
		!next_number(ca, known->id, &number, error) ||
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
	if (!store_keys(ca, known->id, owner.of_domain, owner.domain, keys, ret_result, error))
		return false;
	*ret_object = g_strdup_printf("identity %s", known->id);
	return true;
}

static const char *purpose_of(const WaxCert *cert)
{
	if (wax_cert_can_sign(cert) && wax_cert_can_encrypt(cert))
		return "both";
	return wax_cert_can_sign(cert) ? "sign" : "encrypt";
}

/* import_key - keyd opens the file; two passes, since the purpose is in the certificate that is inside */
static bool import_key(WaxCa *ca, const char *identity, int64_t number, const GByteArray *p12,
	const char *password, NewKey *key, GError **error)
{
	key->number = number;
	key->purpose = "both";
	for (int pass = 0; pass < 2; pass++) {
		g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_IMPORT), reply = NULL;
		WaxSpan record, spki, der;
		uint32_t n;

		wax_frame_put_str(request, identity);
		wax_frame_put_str(request, key->purpose);
		wax_frame_put_u64(request, (uint64_t)number);
		wax_frame_put_span(request, WAX_SPAN(p12->data, p12->len));
		wax_frame_put_span(request, WAX_SPAN(password, strlen(password)));
		if (!ask(ca->keyd, request, &reply, error) ||
			!wax_frame_get_span(reply, &record, error) ||
			!wax_frame_get_span(reply, &spki, error) ||
			!wax_frame_get_span(reply, &der, error) ||
			!wax_frame_get_u32(reply, &n, error))
			return false;
		made_clear(&key->made);
		g_clear_pointer(&key->chain, g_ptr_array_unref);
		key->made.record = copy(record);
		key->made.spki = copy(spki);
		key->made.cert = wax_cert_parse(der, error);
		key->chain = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
		if (!key->made.cert)
			return false;
		for (; n; n--) {
			WaxCert *cert;

			if (!wax_frame_get_span(reply, &der, error))
				return false;
			cert = wax_cert_parse(der, NULL);
			if (cert)
				g_ptr_array_add(key->chain, cert);
		}
		if (strcmp(key->purpose, purpose_of(key->made.cert)) == 0)
			break;
		key->purpose = purpose_of(key->made.cert);
	}
	return true;
}

static bool act_identity_import(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *given = need(args, "owner", error), *password = text_of(args, "password");
	g_autoptr(GByteArray) p12 = given ? need_bytes(args, "p12", error) : NULL;
	g_autoptr(WaxStoredIdentity) known = NULL;
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)new_key_free);
	g_autofree char *fresh = wax_store_new_id();
	g_auto(Owner) owner = { NULL };
	NewKey *key = g_new0(NewKey, 1);
	int64_t number = 1, now = wax_clock_now();
	const char *id;

	(void)actor; /* the audit event names it */
	g_ptr_array_add(keys, key);
	if (!p12 || !owner_of(ca, given, &owner, error) ||
		!wax_store_identity_find(ca->store, owner.key, &known, error))
		return false;
	id = known ? known->id : fresh;
	if (known && !next_number(ca, id, &number, error))
		return false;
	if (!import_key(ca, id, number, p12, password ? password : "", key, error))
		return false;
	if (!owner.of_domain) {
		const char *addresses[] = { owner.key, NULL };
		WaxCertImport import = { .kind = "user", .source = "own", .addresses = addresses };

		if (!wax_directory_check_import(ca->store, key->made.cert, &import, now, error))
			return false;
	}
	if (!wax_store_begin(ca->store, error) ||
		(!known && !store_identity(ca, &owner, id, owner.key, error)) ||
		!store_keys(ca, id, owner.of_domain, owner.domain, keys, ret_result, error))
		return false;
	if (key->chain->len == 0 && !wax_cert_info(key->made.cert)->self_issued)
		json_object_set_new(*ret_result, "warning", json_string("chain_incomplete"));
	*ret_object = g_strdup_printf("identity %s", id);
	return true;
}

static bool export_one(
	WaxCa *ca, const WaxEpoch *epoch, const char *password, json_t *into, GError **error)
{
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_EXPORT), reply = NULL;
	g_autoptr(WaxStoredCert) cert = NULL;
	g_autoptr(GPtrArray) cas = NULL;
	g_autofree char *text = NULL;
	uint32_t n = 0;
	WaxSpan p12;

	if (!wax_store_cert_get(ca->store, epoch->certificate, &cert, error) ||
		!wax_store_cert_list_kind(ca->store, "ca", &cas, error))
		return false;
	if (!cert)
		return wax_fail(error, WAX_R_NOT_FOUND, "the certificate of epoch %d was deleted",
			(int)epoch->number);
	wax_frame_put_span(request, WAX_SPAN(epoch->record->data, epoch->record->len));
	wax_frame_put_span(request, WAX_SPAN(cert->der->data, cert->der->len));
	for (guint i = 0; i < cas->len; i++)
		n += strcmp(((const WaxStoredCert *)cas->pdata[i])->subject, cert->issuer) == 0;
	wax_frame_put_u32(request, n);
	for (guint i = 0; i < cas->len; i++) {
		const WaxStoredCert *issuer = cas->pdata[i];

		if (strcmp(issuer->subject, cert->issuer) == 0)
			wax_frame_put_span(request, WAX_SPAN(issuer->der->data, issuer->der->len));
	}
	wax_frame_put_str(request,
		cert->addresses && cert->addresses[0] ? cert->addresses[0] : cert->subject);
	wax_frame_put_span(request, WAX_SPAN(password, strlen(password)));
	if (!ask(ca->keyd, request, &reply, error) || !wax_frame_get_span(reply, &p12, error))
		return false;
	text = g_base64_encode(p12.p, p12.n);
	json_object_set_new(
		into, strcmp(epoch->purpose, "sign") == 0 ? "p12_sign" : "p12", json_string(text));
	return true;
}

static bool act_identity_export(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *given = need(args, "identity", error),
		   *password = given ? need(args, "password", error) : NULL;
	g_autoptr(WaxStoredIdentity) known = NULL;
	g_autoptr(GPtrArray) epochs = NULL;
	json_t *result;

	(void)actor; /* the audit event names it */
	if (!password || !wax_store_identity_find(ca->store, given, &known, error))
		return false;
	if (!known)
		return wax_fail(error, WAX_R_NOT_FOUND, "%s has no identity", given);
	if (!wax_store_epoch_list(ca->store, known->id, &epochs, error))
		return false;
	result = json_pack("{s:s}", "identity", known->id);
	for (guint i = 0; i < epochs->len; i++) {
		const WaxEpoch *epoch = epochs->pdata[i];

		if (strcmp(epoch->state, "active") == 0 &&
			!export_one(ca, epoch, password, result, error)) {
			json_decref(result);
			return false;
		}
	}
	*ret_result = result;
	*ret_object = g_strdup_printf("identity %s", known->id);
	return wax_store_begin(ca->store, error);
}

/* ---- certificates, trust, policy ---- */

static bool act_cert_import(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	g_autoptr(GByteArray) bytes = need_bytes(args, "certificates", error);
	g_auto(GStrv) addresses = list_of(args, "addresses");
	const char *domain = text_of(args, "domain");
	bool is_ca = json_is_true(json_object_get(args, "ca"));
	WaxCertImport import = { .kind = is_ca	  ? "ca"
					 : domain ? "domain"
						  : "user",
		.domain = domain,
		.source = "import",
		.addresses = (const char *const *)addresses,
		.pinned = json_is_true(json_object_get(args, "pin")) };
	g_autoptr(GPtrArray) certs = NULL;
	json_t *list = json_array();

	(void)actor; /* the audit event names it */
	if (!bytes || !wax_certs_parse(WAX_SPAN(bytes->data, bytes->len), &certs, error) ||
		!wax_store_begin(ca->store, error)) {
		json_decref(list);
		return false;
	}
	for (guint i = 0; i < certs->len; i++) {
		g_autofree char *id = NULL;

		if (!wax_directory_import(
			    ca->store, certs->pdata[i], &import, wax_clock_now(), &id, error)) {
			json_decref(list);
			return false;
		}
		json_array_append_new(list, json_string(id));
	}
	*ret_object = g_strdup("certificates");
	*ret_result = json_pack("{s:o}", "certificates", list);
	return true;
}

static bool act_cert_delete(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *prefix = need(args, "certificate", error);
	g_autoptr(WaxStoredCert) cert = NULL;
	int archived;

	(void)actor; /* the audit event names it */
	if (!prefix || !wax_store_cert_by_prefix(ca->store, prefix, &cert, error))
		return false;
	if (!cert)
		return wax_fail(error, WAX_R_NOT_FOUND, "there is no certificate %s", prefix);
	if (!wax_store_begin(ca->store, error) ||
		!wax_directory_delete_cert(ca->store, cert->id, wax_clock_now(), &archived, error))
		return false;
	*ret_object = g_strdup_printf("certificate %s", cert->id);
	*ret_result = json_pack("{s:s,s:i}", "deleted", cert->id, "archived_keys", archived);
	return true;
}

static bool act_trust_grant(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	g_autoptr(GByteArray) bytes = need_bytes(args, "certificate", error);
	g_auto(GStrv) domains = list_of(args, "domains");
	g_autoptr(GPtrArray) certs = NULL;
	g_autofree char *id = NULL;
	WaxTrustGrant grant = { .domains = (const char *const *)domains,
		.purpose = text_of(args, "purpose") ? text_of(args, "purpose") : "both",
		.forbidden = json_is_true(json_object_get(args, "forbidden")),
		.provenance = "file",
		.note = text_of(args, "note"),
		.by = actor };

	if (!bytes || !wax_certs_parse(WAX_SPAN(bytes->data, bytes->len), &certs, error))
		return false;
	if (certs->len != 1)
		return wax_fail(error, WAX_R_VALUE_INVALID,
			"there are %u certificates in it; trust is granted to one", certs->len);
	if (text_of(args, "until") &&
		!wax_clock_from_rfc3339(text_of(args, "until"), &grant.valid_until))
		return wax_fail(error, WAX_R_VALUE_INVALID, "'%s' is no date like 2030-01-31",
			text_of(args, "until"));
	if (!wax_store_begin(ca->store, error) || !wax_directory_grant(ca->store, certs->pdata[0],
							  &grant, wax_clock_now(), &id, error))
		return false;
	*ret_object = g_strdup_printf("trust %s", id);
	*ret_result = json_pack(
		"{s:s,s:s}", "record", id, "subject", wax_cert_info(certs->pdata[0])->subject_text);
	return true;
}

static bool act_trust_withdraw(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *id = need(args, "record", error);

	if (!id || !wax_store_begin(ca->store, error) ||
		!wax_store_trust_withdraw(ca->store, id, actor, wax_clock_now(), error))
		return false;
	*ret_object = g_strdup_printf("trust %s", id);
	*ret_result = json_pack("{s:s}", "withdrawn", id);
	return true;
}

static bool act_policy_apply(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	g_autoptr(GByteArray) bytes = need_bytes(args, "text", error);
	g_autofree char *text = NULL;
	WaxPolicy *policy;
	unsigned tests;
	int64_t version;
	bool ok;

	if (!bytes)
		return false;
	text = g_strndup((const char *)bytes->data, bytes->len);
	policy = wax_policy_parse(text, "policy", error);
	if (!policy)
		return false;
	ok = wax_policy_test(policy, &tests, error);
	wax_policy_unref(policy);
	if (!ok || !wax_store_begin(ca->store, error) ||
		!wax_store_policy_add(ca->store, text, actor, wax_clock_now(), &version, error))
		return false;
	*ret_object = g_strdup("policy");
	*ret_result = json_pack("{s:i,s:i}", "version", (int)version, "tests", (int)tests);
	return true;
}

static const struct {
	const char *name;
	Act act;
} acts[] = {
	{ "domain-add", act_domain_add },
	{ "domain-set", act_domain_set },
	{ "domain-remove", act_domain_remove },
	{ "person-create", act_person_create },
	{ "person-remove", act_person_remove },
	{ "identity-create", act_identity_create },
	{ "identity-import", act_identity_import },
	{ "identity-export", act_identity_export },
	{ "identity-rollover", act_identity_rollover },
	{ "cert-import", act_cert_import },
	{ "cert-delete", act_cert_delete },
	{ "trust-grant", act_trust_grant },
	{ "trust-withdraw", act_trust_withdraw },
	{ "policy-apply", act_policy_apply },
};

/* each act ends inside its transaction; the audit event joins it, and both are durable or neither */
bool wax_ca_do(WaxCa *ca, const char *act, const char *actor, json_t *args, json_t **ret_result,
	GError **error)
{
	g_autofree char *object = NULL, *name = g_strdup(act);
	json_t *result = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(acts); i++) {
		WaxAuditEvent event = {
			.at = wax_clock_now(), .actor = (char *)(uintptr_t)actor, .reason = name
		};

		if (strcmp(acts[i].name, act) != 0)
			continue;
		if (acts[i].act(ca, actor, args, &result, &object, error)) {
			event.object = object;
			if (wax_store_audit_add(ca->store, &event, error) &&
				wax_store_commit(ca->store, error)) {
				*ret_result = result;
				return true;
			}
		}
		wax_store_rollback(ca->store);
		json_decref(result);
		return false;
	}
	return wax_fail(error, WAX_R_NOT_FOUND, "there is no act %s", act);
}
