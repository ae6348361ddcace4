/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/internal.h"

#include <string.h>

#include "core/address.h"
#include "core/clock.h"
#include "core/status.h"
#include "directory/change.h"
#include "store/people.h"

static bool route_of(json_t *args, char **ret_route, GError **error)
{
	const char *relay = wax_ca_text(args, "relay"), *route = wax_ca_text(args, "route");

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
static bool begin_certifier(WaxCa *ca, const char *domain, WaxCaMade *made, GError **error)
{
	g_autofree char *name = g_strdup_printf("%s mail certifier", domain);
	char *domains[] = { (char *)(uintptr_t)domain, NULL };
	WaxCaWanted wanted = { "root", name, NULL, domains, WAX_SPAN_NONE, 3650 };

	if (!wax_ca_generate(ca->certd, domain, "certifier", 1, "p256", made, error))
		return false;
	wanted.spki = WAX_SPAN(made->spki->data, made->spki->len);
	return wax_ca_issue(ca, WAX_SPAN(made->record->data, made->record->len), WAX_SPAN_NONE,
		domain, &wanted, &made->cert, error);
}

static bool store_certifier(WaxCa *ca, const char *domain, const WaxCaMade *made, const char *actor,
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
	g_autoptr(GByteArray) der = wax_ca_copy(info->der);
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

bool wax_ca_act_domain_add(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *given = wax_ca_need(args, "name", error);
	bool own = !json_is_true(json_object_get(args, "partner"));
	g_autofree char *name = NULL, *route = NULL, *id = NULL;
	g_autoptr(WaxDomain) known = NULL;
	g_autoptr(WaxCertifier) certifier = NULL;
	g_auto(WaxCaMade) made = { NULL, NULL, NULL };
	WaxDomain domain = { .own = own,
		.note = (char *)(uintptr_t)wax_ca_text(args, "note"),
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

bool wax_ca_act_domain_set(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *name = wax_ca_need(args, "name", error);
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
	if (wax_ca_text(args, "note")) {
		g_free(domain->note);
		domain->note = g_strdup(wax_ca_text(args, "note"));
	}
	if (!wax_store_begin(ca->store, error) || !wax_store_domain_set(ca->store, domain, error))
		return false;
	*ret_object = g_strdup_printf("domain %s", name);
	*ret_result = json_pack("{s:s,s:s?}", "domain", name, "route", domain->route);
	return true;
}

bool wax_ca_act_domain_remove(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *name = wax_ca_need(args, "name", error);

	(void)actor; /* the audit event names it */
	if (!name || !wax_store_begin(ca->store, error) ||
		!wax_store_domain_remove(ca->store, name, error))
		return false;
	*ret_object = g_strdup_printf("domain %s", name);
	*ret_result = json_pack("{s:s}", "removed", name);
	return true;
}
