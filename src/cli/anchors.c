/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/anchors.h"

#include <jansson.h>
#include <string.h>

#include "api/client.h"
#include "cli/input.h"
#include "cli/local.h"
#include "core/clock.h"
#include "crypto/cert.h"

char *wax_anchors_socket(const char *given, const char *config_file, GError **error)
{
	g_autoptr(WaxConfig) config = NULL;

	if (given)
		return g_strdup(given);
	return wax_local_config(config_file, &config, error) ? wax_local_socket(config) : NULL;
}

static void add_record(const json_t *record, GPtrArray *anchors)
{
	const char *pem = json_string_value(json_object_get(record, "pem"));
	const char *until = json_string_value(json_object_get(record, "valid_until"));
	json_t *domains = json_object_get(record, "domains"), *domain;
	g_autoptr(GStrvBuilder) list = g_strv_builder_new();
	g_autoptr(GPtrArray) certs = NULL;
	g_auto(GStrv) limits = NULL;
	int64_t end = 0;
	size_t i;

	if (!pem || !wax_certs_parse(WAX_SPAN(pem, strlen(pem)), &certs, NULL) ||
		(until && (!wax_clock_from_rfc3339(until, &end) || wax_clock_now() > end)))
		return;
	json_array_foreach(domains, i, domain) g_strv_builder_add(list, json_string_value(domain));
	limits = g_strv_builder_end(list);
	g_ptr_array_add(anchors, wax_anchor_new(certs->pdata[0], (const char *const *)limits,
					 json_is_true(json_object_get(record, "forbidden"))));
}

/* ask_service - without --anchor the records of the service count; where nobody answers, nothing is trusted */
static void ask_service(const WaxAnchorService *service, GPtrArray *anchors, GPtrArray *untrusted)
{
	g_autofree char *socket = wax_anchors_socket(service->socket, service->config, NULL);
	json_t *answer = NULL, *item;
	size_t i;

	if (!socket || !wax_api_call(socket, "GET", "/v1/trust?pem=1", NULL, &answer, NULL))
		return;
	json_array_foreach(json_object_get(answer, "items"), i, item)
	{
		const char *purpose = json_string_value(json_object_get(item, "purpose"));

		/* "verify" answers for signatures, "encrypt" for recipients */
		if (service->purpose == WAX_PURPOSE_ANY || !purpose ||
			strcmp(purpose, "both") == 0 ||
			json_is_true(json_object_get(item, "forbidden")) ||
			strcmp(purpose,
				service->purpose == WAX_PURPOSE_SIGN ? "verify" : "encrypt") == 0)
			add_record(item, anchors);
	}
	json_array_foreach(json_object_get(answer, "intermediates"), i, item)
	{
		const char *pem = json_string_value(item);
		g_autoptr(GPtrArray) certs = NULL;

		if (pem && wax_certs_parse(WAX_SPAN(pem, strlen(pem)), &certs, NULL))
			g_ptr_array_add(untrusted, wax_cert_ref(certs->pdata[0]));
	}
	json_decref(answer);
}

bool wax_anchors_load(const GPtrArray *paths, const WaxAnchorService *service, GPtrArray *anchors,
	GPtrArray *untrusted, GError **error)
{
	g_autoptr(GPtrArray) certs = NULL;

	if (paths->len == 0) {
		ask_service(service, anchors, untrusted);
		return true;
	}
	if (!wax_certificates_load(paths, &certs, error))
		return false;
	for (guint i = 0; i < certs->len; i++)
		g_ptr_array_add(
			anchors, wax_anchor_new(certs->pdata[i], NULL, /* forbidden= */ false));
	return true;
}
