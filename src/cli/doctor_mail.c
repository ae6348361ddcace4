/* SPDX-License-Identifier: Apache-2.0 */
/* the way of the mail: our listeners, the next hops, and a forgery that must not get through */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/client.h"
#include "cli/doctor.h"
#include "core/clock.h"
#include "core/status.h"

#define WAIT 10000 /* ms for the whole talk */

static int connect_unix(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof at.sun_path || sock < 0)
		return -1;
	g_strlcpy(at.sun_path, path, sizeof at.sun_path);
	if (connect(sock, (struct sockaddr *)&at, sizeof at) == 0)
		return sock;
	close(sock);
	return -1;
}

static int connect_tcp(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	int sock = -1;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -1;
	for (struct addrinfo *a = found; a && sock < 0; a = a->ai_next) {
		sock = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (sock >= 0 && connect(sock, a->ai_addr, a->ai_addrlen) != 0) {
			close(sock);
			sock = -1;
		}
	}
	freeaddrinfo(found);
	return sock;
}

/* connect_spec - PROTOCOL:unix:PATH or PROTOCOL:HOST:PORT, brackets around an IPv6 host */
static int connect_spec(const char *spec)
{
	const char *rest = strchr(spec, ':'), *port;
	g_autofree char *host = NULL;
	size_t n;

	if (!rest)
		return -1;
	rest++;
	if (g_str_has_prefix(rest, "unix:"))
		return connect_unix(rest + strlen("unix:"));
	port = strrchr(rest, ':');
	if (!port || port == rest)
		return -1;
	n = (size_t)(port - rest);
	host = rest[0] == '[' && n > 2 ? g_strndup(rest + 1, n - 2) : g_strndup(rest, n);
	return connect_tcp(host, port + 1);
}

/* get_reply - the last line of a reply, which may have several */
static char *get_reply(int sock, int64_t until)
{
	g_autoptr(GString) line = g_string_new(NULL);

	while (line->len < 4096) {
		struct pollfd ready = { sock, POLLIN, 0 };
		int64_t left = until - wax_clock_monotonic();
		char c;

		if (left <= 0 || poll(&ready, 1, (int)left) <= 0 || recv(sock, &c, 1, 0) != 1)
			return NULL;
		if (c == '\r')
			continue;
		if (c != '\n') {
			g_string_append_c(line, c);
			continue;
		}
		if (line->len < 4 || line->str[3] != '-')
			return g_string_free(g_steal_pointer(&line), FALSE);
		g_string_truncate(line, 0);
	}
	return NULL;
}

char *wax_doctor_talk(const char *spec, const char *const *lines, GError **error)
{
	int64_t until = wax_clock_monotonic() + WAIT;
	int sock = connect_spec(spec);
	char *reply;

	if (sock < 0) {
		wax_set_error(error, WAX_R_NEXT_HOP, "nobody listens at %s (%s)", spec,
			g_strerror(errno));
		return NULL;
	}
	reply = get_reply(sock, until);
	for (const char *const *line = lines; reply && line && *line; line++) {
		g_autofree char *whole = g_strconcat(*line, "\r\n", NULL);

		g_free(reply);
		reply = send(sock, whole, strlen(whole), MSG_NOSIGNAL) == (ssize_t)strlen(whole)
				? get_reply(sock, until)
				: NULL;
	}
	close(sock);
	if (!reply)
		wax_set_error(error, WAX_R_NEXT_HOP, "%s gave no answer", spec);
	return reply;
}

static const char *hello_of(const char *spec)
{
	return g_str_has_prefix(spec, "lmtp:") ? "LHLO doctor" : "EHLO doctor";
}

static void look_at_listener(WaxDoctor *doctor, const char *side, const char *spec)
{
	g_autoptr(GError) error = NULL;
	const char *lines[] = { hello_of(spec), NULL };
	g_autofree char *reply = wax_doctor_talk(spec, lines, &error);
	g_autofree char *check = g_strdup_printf("listen.%s", side);

	if (!reply)
		wax_doctor_note(doctor, check, WAX_HEALTH_FAIL, "waxwing up", "%s", error->message);
	else if (!g_str_has_prefix(reply, "250"))
		wax_doctor_note(doctor, check, WAX_HEALTH_FAIL,
			"run this as root, or as a user of listen.users", "%s answers %s", spec,
			reply);
	else
		wax_doctor_note(doctor, check, WAX_HEALTH_OK, NULL, "%s answers", spec);
}

/* look_at_openness - on loopback whoever has an account may hand mail over as internal */
static void look_at_openness(WaxDoctor *doctor, const char *spec)
{
	if (strstr(spec, ":unix:"))
		return;
	wax_doctor_note(doctor, "internal hop", WAX_HEALTH_WARN,
		"listen.outbound = [\"lmtp:unix:/path\"] with listen.users = [\"postfix\"]",
		"every program on this host may hand mail to %s, and it is signed", spec);
}

/* try_forgery - a sender whose domain is not ours must be refused where mail of ours is signed */
static void try_forgery(WaxDoctor *doctor, const char *spec)
{
	g_autoptr(GError) error = NULL;
	const char *lines[] = { hello_of(spec), "MAIL FROM:<forged@doctor.invalid>", NULL };
	g_autofree char *reply = wax_doctor_talk(spec, lines, &error);

	if (!reply)
		wax_doctor_note(
			doctor, "forged sender", WAX_HEALTH_UNKNOWN, NULL, "%s", error->message);
	else if (g_str_has_prefix(reply, "5"))
		wax_doctor_note(doctor, "forged sender", WAX_HEALTH_OK, NULL,
			"%s refuses a sender of a foreign domain", spec);
	else if (g_str_has_prefix(reply, "4"))
		wax_doctor_note(doctor, "forged sender", WAX_HEALTH_UNKNOWN,
			"look again when the service is well", "%s answers %s", spec, reply);
	else
		wax_doctor_note(doctor, "forged sender", WAX_HEALTH_FAIL,
			"report this: a foreign sender domain must be refused",
			"%s takes a sender of a foreign domain (%s)", spec, reply);
}

static void look_at_hop(WaxDoctor *doctor, const char *what, const char *route)
{
	g_autoptr(GError) error = NULL;
	const char *lines[] = { hello_of(route), NULL };
	g_autofree char *reply = NULL, *check = g_strdup_printf("next hop %s", what);

	if (g_str_has_prefix(route, "maildir:")) {
		const char *folder = route + strlen("maildir:");

		wax_doctor_note(doctor, check,
			g_file_test(folder, G_FILE_TEST_IS_DIR) ? WAX_HEALTH_OK : WAX_HEALTH_WARN,
			g_file_test(folder, G_FILE_TEST_IS_DIR)
				? NULL
				: "it is made with the first mail, if gated may write there",
			"mailboxes in %s", folder);
		return;
	}
	reply = wax_doctor_talk(route, lines, &error);
	if (reply && g_str_has_prefix(reply, "250"))
		wax_doctor_note(doctor, check, WAX_HEALTH_OK, NULL, "%s answers", route);
	else
		wax_doctor_note(doctor, check, WAX_HEALTH_FAIL,
			"start the mail server there, or change the route; mail waits meanwhile",
			"%s", reply ? reply : error->message);
}

static void look_at_routes(WaxDoctor *doctor)
{
	json_t *answer = NULL, *domain;
	size_t i;

	if (!wax_api_call(doctor->socket, "GET", "/v1/domains", NULL, &answer, NULL))
		return; /* the service was found down already */
	json_array_foreach(json_object_get(answer, "items"), i, domain)
	{
		const char *route = json_string_value(json_object_get(domain, "route"));
		const char *name = json_string_value(json_object_get(domain, "name"));

		if (route && name)
			look_at_hop(doctor, name, route);
	}
	json_decref(answer);
}

void wax_doctor_mail(WaxDoctor *doctor)
{
	static const char *const sides[] = { "outbound", "inbound" };

	for (size_t i = 0; i < G_N_ELEMENTS(sides); i++) {
		g_autofree char *listen = g_strdup_printf("listen.%s", sides[i]);
		g_autofree char *relay = g_strdup_printf("relay.%s", sides[i]);
		const char *hop = wax_config_text(doctor->config, relay);

		for (const char *const *spec = wax_config_list(doctor->config, listen); *spec;
			spec++) {
			look_at_listener(doctor, sides[i], *spec);
			if (i == 0) {
				look_at_openness(doctor, *spec);
				try_forgery(doctor, *spec);
			}
		}
		if (hop[0])
			look_at_hop(doctor, relay, hop);
	}
	look_at_routes(doctor);
}
