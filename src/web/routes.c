/* SPDX-License-Identifier: Apache-2.0 */
#include "web/web.h"

#include <string.h>

#include "core/status.h"
#include "web/read.h"

/* {} in a pattern stands for one segment; a row reads or has an act for cad, never both */
static const struct {
	const char *method, *pattern;
	WaxWebRead read;
	const char *act;
	const char *name; /* the JSON key under which cad gets the segment */
} routes[] = {
	{ "GET", "/v1/status", wax_web_read_status, NULL, NULL },
	{ "GET", "/v1/domains", wax_web_read_domains, NULL, NULL },
	{ "POST", "/v1/domains", NULL, "domain-add", NULL },
	{ "PATCH", "/v1/domains/{}", NULL, "domain-set", "name" },
	{ "DELETE", "/v1/domains/{}", NULL, "domain-remove", "name" },
	{ "GET", "/v1/people", wax_web_read_people, NULL, NULL },
	{ "POST", "/v1/people", NULL, "person-create", NULL },
	{ "DELETE", "/v1/people/{}", NULL, "person-remove", "person" },
	{ "GET", "/v1/certs", wax_web_read_certs, NULL, NULL },
	{ "POST", "/v1/certs", NULL, "cert-import", NULL },
	{ "GET", "/v1/certs/{}", wax_web_read_cert, NULL, NULL },
	{ "DELETE", "/v1/certs/{}", NULL, "cert-delete", "certificate" },
	{ "GET", "/v1/identities", wax_web_read_identities, NULL, NULL },
	{ "POST", "/v1/identities", NULL, "identity-create", NULL },
	{ "POST", "/v1/identities/import", NULL, "identity-import", NULL },
	{ "POST", "/v1/identities/{}/export", NULL, "identity-export", "identity" },
	{ "POST", "/v1/identities/{}/rollover", NULL, "identity-rollover", "identity" },
	{ "GET", "/v1/keys", NULL, "keys-status", NULL },
	{ "POST", "/v1/keys/unlock", NULL, "keys-unlock", NULL },
	{ "POST", "/v1/keys/lock", NULL, "keys-lock", NULL },
	{ "POST", "/v1/keys/protect", NULL, "keys-protect", NULL },
	{ "POST", "/v1/keys/unprotect", NULL, "keys-unprotect", NULL },
	{ "POST", "/v1/keys/change-passphrase", NULL, "keys-change", NULL },
	{ "GET", "/v1/trust", wax_web_read_trust, NULL, NULL },
	{ "POST", "/v1/trust", NULL, "trust-grant", NULL },
	{ "DELETE", "/v1/trust/{}", NULL, "trust-withdraw", "record" },
	{ "GET", "/v1/policy", wax_web_read_policy, NULL, NULL },
	{ "PUT", "/v1/policy", NULL, "policy-apply", NULL },
	{ "GET", "/v1/policy/explain", wax_web_read_explain, NULL, NULL },
	{ "GET", "/v1/messages", wax_web_read_messages, NULL, NULL },
	{ "GET", "/v1/messages/{}", wax_web_read_trace, NULL, NULL },
	{ "GET", "/v1/audit", wax_web_read_audit, NULL, NULL },
};

/* match - *ret_segment (to g_free) is what stood for {}; the path is still escaped */
static bool match(const char *pattern, const char *path, char **ret_segment)
{
	const char *hole = strstr(pattern, "{}");
	const char *rest;
	size_t n;

	if (!hole)
		return strcmp(pattern, path) == 0;
	if (strncmp(pattern, path, (size_t)(hole - pattern)) != 0)
		return false;
	rest = path + (hole - pattern);
	n = strcspn(rest, "/");
	if (n == 0 || strcmp(rest + n, hole + 2) != 0)
		return false;
	*ret_segment = g_uri_unescape_segment(rest, rest + n, NULL);
	return *ret_segment != NULL;
}

static unsigned problem(const GError *error, json_t **ret_body)
{
	const WaxReasonInfo *info = wax_reason_info(wax_reason_of(error));
	int status = info->http;

	if (info->reason == WAX_R_NOT_FOUND)
		status = 404;
	if (info->reason == WAX_R_DUPLICATE)
		status = 409;
	*ret_body = json_pack("{s:s,s:s,s:i,s:s,s:s,s:s}", "type", "about:blank", "title",
		info->label, "status", status, "detail", error->message, "reason", info->label,
		"code", info->code);
	return (unsigned)status;
}

static bool change(const WaxWebParts *parts, const WaxWebRequest *request, const char *act,
	const char *name, const char *segment, json_t **ret_body, GError **error)
{
	json_t *body = request->body ? json_deep_copy(request->body) : json_object();
	bool good;

	if (!json_is_object(body)) {
		json_decref(body);
		return wax_fail(error, WAX_R_VALUE_INVALID, "the request is no JSON object");
	}
	if (name)
		json_object_set_new(body, name, json_string(segment));
	good = parts->change ? parts->change(parts->ctx, act, request->actor, body, ret_body, error)
			     : wax_fail(error, WAX_R_SERVICE_DOWN,
				       "changes cannot be made now: the administration process is "
				       "not running");
	json_decref(body);
	return good;
}

unsigned wax_web_answer(const WaxWebParts *parts, const WaxWebRequest *request, json_t **ret_body)
{
	g_autoptr(GError) error = NULL;
	json_t *body = NULL;
	bool good;

	for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
		g_autofree char *segment = NULL;

		if (strcmp(routes[i].method, request->method) != 0 ||
			!match(routes[i].pattern, request->path, &segment))
			continue;
		good = routes[i].read ? routes[i].read(parts, request, segment, &body, &error)
				      : change(parts, request, routes[i].act, routes[i].name,
						segment, &body, &error);
		if (!good)
			return problem(error, ret_body);
		*ret_body = body ? body : json_object();
		return 200;
	}
	wax_set_error(&error, WAX_R_NOT_FOUND, "there is no resource %s %s", request->method,
		request->path);
	return problem(error, ret_body);
}
