/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/internal.h"

#include <string.h>

#include "core/address.h"
#include "core/clock.h"
#include "core/status.h"
#include "store/people.h"

bool wax_ca_own_domain(WaxCa *ca, const char *address, GError **error)
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

static bool is_free(WaxCa *ca, const char *address, GError **error)
{
	g_autoptr(WaxPerson) person = NULL;

	if (!wax_store_person_find(ca->store, address, &person, error))
		return false;
	return !person || wax_fail(error, WAX_R_DUPLICATE,
				  "the address %s belongs to %s already, and nobody was created; "
				  "look with: waxwing person list, and to give it to somebody else "
				  "remove that person first: waxwing person remove %s",
				  address, person->name, address);
}

bool wax_ca_act_person_create(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *given = wax_ca_need(args, "address", error);
	g_auto(GStrv) aliases = wax_ca_list(args, "aliases");
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
		if (g_ptr_array_find_with_equal_func(addresses, key, g_str_equal, NULL)) {
			g_free(key);
			continue;
		}
		g_ptr_array_add(addresses, key);
		if (!wax_ca_own_domain(ca, key, error) || !is_free(ca, key, error))
			return false;
	}
	g_ptr_array_add(addresses, NULL);
	person.addresses = (char **)addresses->pdata;
	person.name =
		(char *)(uintptr_t)(wax_ca_text(args, "name") ? wax_ca_text(args, "name") : given);
	if (!wax_store_begin(ca->store, error) || !wax_store_person_add(ca->store, &person, error))
		return false;
	*ret_object = g_strdup_printf("person %s", id);
	*ret_result = json_pack("{s:s,s:s}", "person", id, "address", person.addresses[0]);
	return true;
}

bool wax_ca_act_person_remove(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *key = wax_ca_need(args, "person", error);
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
