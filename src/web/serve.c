/* SPDX-License-Identifier: Apache-2.0 */
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>

#include "core/status.h"
#include "web/web.h"

#define REQUEST_MAX (32u << 20)
#define CONNECTIONS 64
#define IDLE_S	    60

struct WaxWebServer {
	const WaxWebParts *parts;
	struct MHD_Daemon *daemon;
};

/* one request while its body arrives */
typedef struct {
	GByteArray *body;
	bool too_large;
} Arriving;

static bool caller_of(struct MHD_Connection *connection, struct ucred *ret_caller)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	socklen_t n = sizeof(*ret_caller);

	return info && getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, ret_caller, &n) == 0;
}

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, json_t *body)
{
	static const char wrong[] =
		"{\"type\":\"about:blank\",\"title\":\"internal\",\"status\":500,"
		"\"detail\":\"the answer cannot be written as JSON\"}";
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	struct MHD_Response *response;
	enum MHD_Result result;

	if (text) {
		response =
			MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	} else {
		status = 500;
		response = MHD_create_response_from_buffer(
			sizeof wrong - 1, (void *)(uintptr_t)wrong, MHD_RESPMEM_PERSISTENT);
	}
	MHD_add_response_header(response, "Content-Type",
		status >= 400 ? "application/problem+json" : "application/json");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	json_decref(body);
	return result;
}

static enum MHD_Result refuse(
	struct MHD_Connection *connection, unsigned status, WaxReason reason, const char *detail)
{
	const WaxReasonInfo *info = wax_reason_info(reason);

	return reply(connection, status,
		json_pack("{s:s,s:s,s:i,s:s,s:s,s:s}", "type", "about:blank", "title", info->label,
			"status", (int)status, "detail", detail, "reason", info->label, "code",
			info->code));
}

static enum MHD_Result add_query(
	void *into, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	json_object_set_new(into, name, json_string(value ? value : ""));
	return MHD_YES;
}

static enum MHD_Result answer(const WaxWebServer *server, struct MHD_Connection *connection,
	const char *path, const char *method, const Arriving *arriving)
{
	g_autofree char *actor = NULL;
	WaxWebRequest request = { .method = method, .path = path };
	json_t *query, *body = NULL, *result = NULL;
	struct ucred caller;
	unsigned status;

	if (arriving->too_large)
		return refuse(connection, 413, WAX_R_TOO_LARGE, "the request is too large");
	if (!caller_of(connection, &caller) ||
		(server->parts->permitted && !server->parts->permitted(server->parts->ctx,
						     caller.uid, caller.gid, caller.pid)))
		return refuse(connection, 403, WAX_R_NOT_PERMITTED,
			"only root, the service's user and members of the administrators' group "
			"may ask here");
	if (arriving->body->len) {
		body = json_loadb((const char *)arriving->body->data, arriving->body->len,
			JSON_REJECT_DUPLICATES, NULL);
		if (!body)
			return refuse(connection, 400, WAX_R_VALUE_INVALID,
				"the request is no JSON object");
	}
	query = json_object();
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_query, query);
	actor = g_strdup_printf("uid:%u", (unsigned)caller.uid);
	request.actor = actor;
	request.query = query;
	request.body = body;
	status = wax_web_answer(server->parts, &request, &result);
	json_decref(query);
	json_decref(body);
	return reply(connection, status, result);
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *bytes, size_t *count, void **state)
{
	Arriving *arriving = *state;

	(void)version;
	if (!arriving) {
		arriving = g_new0(Arriving, 1);
		arriving->body = g_byte_array_new();
		*state = arriving;
		return MHD_YES;
	}
	if (*count == 0)
		return answer(ctx, connection, path, method, arriving);
	if (*count > REQUEST_MAX - arriving->body->len)
		arriving->too_large = true;
	else
		g_byte_array_append(arriving->body, (const guint8 *)bytes, (guint)*count);
	*count = 0;
	return MHD_YES;
}

static void completed(void *ctx, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	Arriving *arriving = *state;

	(void)ctx;
	(void)connection;
	(void)code;
	if (!arriving)
		return;
	wax_wipe(arriving->body->data, arriving->body->len); /* a password may be in it */
	g_byte_array_unref(arriving->body);
	g_free(arriving);
}

/* keep_escaped - a segment is unescaped after the path was cut, so that %2F cuts nothing */
static size_t keep_escaped(void *ctx, struct MHD_Connection *connection, char *text)
{
	(void)ctx;
	(void)connection;
	/* query values hold '=' or '&' only escaped; they are cut already when this is called */
	if (text[0] != '/')
		return MHD_http_unescape(text);
	return strlen(text);
}

bool wax_web_start(
	const WaxWebParts *parts, int listener, WaxWebServer **ret_server, GError **error)
{
	g_autoptr(WaxWebServer) server = g_new0(WaxWebServer, 1);

	server->parts = parts;
	/* a thread for each: who reads does not wait for who changes */
	server->daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_AUTO, 0,
		NULL, NULL, handle, server, MHD_OPTION_LISTEN_SOCKET, listener,
		MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_UNESCAPE_CALLBACK,
		keep_escaped, NULL, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_END);
	if (!server->daemon)
		return wax_fail(error, WAX_R_IO, "the HTTP server cannot start");
	*ret_server = g_steal_pointer(&server);
	return true;
}

void wax_web_stop(WaxWebServer *server)
{
	if (!server)
		return;
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	g_free(server);
}
