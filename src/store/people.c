/* SPDX-License-Identifier: Apache-2.0 */
#include "store/people.h"

#include "core/status.h"

void wax_domain_free(WaxDomain *domain)
{
	if (!domain)
		return;
	g_free(domain->name);
	g_free(domain->route);
	g_free(domain->note);
	g_free(domain);
}

void wax_person_free(WaxPerson *person)
{
	if (!person)
		return;
	g_free(person->id);
	g_free(person->name);
	g_free(person->state);
	g_strfreev(person->addresses);
	g_free(person);
}

static void free_domain(void *domain)
{
	wax_domain_free(domain);
}

static void free_person(void *person)
{
	wax_person_free(person);
}

bool wax_store_domain_add(WaxStore *store, const WaxDomain *domain, GError **error)
{
	if (wax_store_run(store, error,
		    "INSERT INTO domains (name, own, route, note, created) VALUES (?1,?2,?3,?4,?5)",
		    "snssi", domain->name, (int)domain->own, domain->route, domain->note,
		    domain->created))
		return true;
	g_prefix_error(error, "domain %s: ", domain->name);
	return false;
}

bool wax_store_domain_set(WaxStore *store, const WaxDomain *domain, GError **error)
{
	if (!wax_store_run(store, error,
		    "UPDATE domains SET own=?2, route=?3, note=?4 WHERE name=?1", "snss",
		    domain->name, (int)domain->own, domain->route, domain->note))
		return false;
	if (wax_store_changes(store) == 1)
		return true;
	return wax_fail(error, WAX_R_NOT_FOUND, "there is no domain %s", domain->name);
}

/* the domain's own identity holds it by its reference, those of its people by their addresses */
static bool domain_is_free(WaxStore *store, const char *name, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;
	bool used;

	if (!wax_store_query(store, &query, error,
		    "SELECT address FROM identity_addresses WHERE address LIKE '%@' || ?1 LIMIT 1",
		    "s", name) ||
		!wax_query_next(query, &used, error))
		return false;
	return !used || wax_fail(error, WAX_R_KEY_IN_USE,
				"%s has identities, as that of %s: without the domain their mail "
				"would be refused",
				name, wax_query_text(query, 0));
}

bool wax_store_domain_remove(WaxStore *store, const char *name, GError **error)
{
	if (!domain_is_free(store, name, error))
		return false;
	if (!wax_store_run(store, error, "DELETE FROM domains WHERE name=?1", "s", name))
		return false;
	if (wax_store_changes(store) == 1)
		return true;
	return wax_fail(error, WAX_R_NOT_FOUND, "there is no domain %s", name);
}

#define DOMAIN_COLUMNS "SELECT name, own, route, note, created FROM domains "

static WaxDomain *domain_of(WaxQuery *query)
{
	WaxDomain *domain = g_new0(WaxDomain, 1);

	domain->name = wax_query_dup(query, 0);
	domain->own = wax_query_int(query, 1) != 0;
	domain->route = wax_query_dup(query, 2);
	domain->note = wax_query_dup(query, 3);
	domain->created = wax_query_int(query, 4);
	return domain;
}

bool wax_store_domain_get(WaxStore *store, const char *name, WaxDomain **ret_domain, GError **error)
{
	g_autoptr(WaxQuery) query = NULL;
	bool more;

	if (!wax_store_query(store, &query, error, DOMAIN_COLUMNS "WHERE name=?1", "s", name) ||
		!wax_query_next(query, &more, error))
		return false;
	*ret_domain = more ? domain_of(query) : NULL;
	return true;
}

bool wax_store_domain_list(WaxStore *store, GPtrArray **ret_domains, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(free_domain);
	g_autoptr(WaxQuery) query = NULL;
	bool more;

	if (!wax_store_query(store, &query, error, DOMAIN_COLUMNS "ORDER BY name", "") ||
		!wax_query_next(query, &more, error))
		return false;
	while (more) {
		g_ptr_array_add(list, domain_of(query));
		if (!wax_query_next(query, &more, error))
			return false;
	}
	*ret_domains = g_steal_pointer(&list);
	return true;
}

bool wax_store_person_add(WaxStore *store, const WaxPerson *person, GError **error)
{
	if (!wax_store_run(store, error,
		    "INSERT INTO persons (id, name, state, created) VALUES (?1,?2,?3,?4)", "sssi",
		    person->id, person->name, person->state, person->created))
		return false;
	for (int i = 0; person->addresses && person->addresses[i]; i++)
		if (!wax_store_run(store, error,
			    "INSERT INTO addresses (address, person, is_primary) VALUES (?1,?2,?3)",
			    "ssn", person->addresses[i], person->id, i == 0)) {
			g_prefix_error(error, "%s: ", person->addresses[i]);
			return false;
		}
	return true;
}

bool wax_store_person_remove(WaxStore *store, const char *id, GError **error)
{
	if (!wax_store_run(store, error, "DELETE FROM persons WHERE id=?1", "s", id))
		return false;
	if (wax_store_changes(store) == 1)
		return true;
	return wax_fail(error, WAX_R_NOT_FOUND, "there is no person %s", id);
}

static bool load_addresses(WaxStore *store, WaxPerson *person, GError **error)
{
	g_autoptr(GStrvBuilder) list = g_strv_builder_new();
	g_autoptr(WaxQuery) query = NULL;
	bool more;

	if (!wax_store_query(store, &query, error,
		    "SELECT address FROM addresses WHERE person=?1 ORDER BY is_primary DESC, "
		    "address",
		    "s", person->id) ||
		!wax_query_next(query, &more, error))
		return false;
	while (more) {
		g_strv_builder_add(list, wax_query_text(query, 0));
		if (!wax_query_next(query, &more, error))
			return false;
	}
	person->addresses = g_strv_builder_end(list);
	return true;
}

static WaxPerson *person_of(WaxQuery *query)
{
	WaxPerson *person = g_new0(WaxPerson, 1);

	person->id = wax_query_dup(query, 0);
	person->name = wax_query_dup(query, 1);
	person->state = wax_query_dup(query, 2);
	person->created = wax_query_int(query, 3);
	return person;
}

bool wax_store_person_find(WaxStore *store, const char *key, WaxPerson **ret_person, GError **error)
{
	g_autoptr(WaxPerson) person = NULL;
	g_autoptr(WaxQuery) query = NULL;
	bool more;

	if (!wax_store_query(store, &query, error,
		    "SELECT id, name, state, created FROM persons WHERE id=?1 OR id IN "
		    "(SELECT person FROM addresses WHERE address=?1)",
		    "s", key) ||
		!wax_query_next(query, &more, error))
		return false;
	if (more) {
		person = person_of(query);
		if (!load_addresses(store, person, error))
			return false;
	}
	*ret_person = g_steal_pointer(&person);
	return true;
}

bool wax_store_person_list(WaxStore *store, GPtrArray **ret_persons, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(free_person);
	g_autoptr(WaxQuery) query = NULL;
	bool more;

	if (!wax_store_query(store, &query, error,
		    "SELECT id, name, state, created FROM persons ORDER BY name, id", "") ||
		!wax_query_next(query, &more, error))
		return false;
	while (more) {
		WaxPerson *person = person_of(query);

		g_ptr_array_add(list, person);
		if (!load_addresses(store, person, error) || !wax_query_next(query, &more, error))
			return false;
	}
	*ret_persons = g_steal_pointer(&list);
	return true;
}
