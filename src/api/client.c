/* SPDX-License-Identifier: Apache-2.0 */
#include "api/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/status.h"

#define ANSWER_MAX (32u << 20)
#define TIMEOUT	   (120 * 1000) /* ms, for the whole exchange */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define WAX_CLOSED __attribute__((cleanup(close_fd))) int

static bool connect_to(const char *path, int *ret_sock, GError **error)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	WAX_CLOSED sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return wax_fail_errno(error, errno, "cannot make a socket");
	if (strlen(path) >= sizeof at.sun_path)
		return wax_fail(error, WAX_R_CONFIG_RANGE, "the socket path %s is too long", path);
	memcpy(at.sun_path, path, strlen(path) + 1);
	if (connect(sock, (struct sockaddr *)&at, sizeof at) != 0)
		return wax_fail(error, WAX_R_SERVICE_DOWN,
			"nobody answers at %s (%s): is Waxwing running? 'waxwing up' starts it",
			path, g_strerror(errno));
	*ret_sock = sock;
	sock = -1;
	return true;
}

static bool send_all(int sock, const char *text, size_t n, GError **error)
{
	while (n) {
		ssize_t sent = send(sock, text, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return wax_fail_errno(error, errno, "the service hung up");
		text += sent;
		n -= (size_t)sent;
	}
	return true;
}

/* receive_all - until the service closes: the request says that it shall */
static bool receive_all(int sock, GByteArray *into, GError **error)
{
	int64_t until = wax_clock_monotonic() + TIMEOUT;
	uint8_t chunk[16 * 1024];

	for (;;) {
		struct pollfd ready = { sock, POLLIN, 0 };
		int64_t left = until - wax_clock_monotonic();
		ssize_t got;

		if (left <= 0 || poll(&ready, 1, (int)left) == 0)
			return wax_fail(error, WAX_R_TIMEOUT, "the service gave no answer in time");
		got = recv(sock, chunk, sizeof chunk, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return wax_fail_errno(error, errno, "the service hung up");
		if (got == 0)
			return true;
		if ((size_t)got > ANSWER_MAX - into->len)
			return wax_fail(
				error, WAX_R_TOO_LARGE, "the service's answer is too large");
		g_byte_array_append(into, chunk, (guint)got);
	}
}

/* split_answer - status and body; an answer that was cut is none */
static bool split_answer(
	const GByteArray *bytes, unsigned *ret_status, WaxSpan *ret_body, GError **error)
{
	static const char length[] = "\r\ncontent-length:";
	g_autofree char *head = NULL;
	const char *text = (const char *)bytes->data, *end, *field;
	size_t head_n;

	end = bytes->len ? g_strstr_len(text, (gssize)bytes->len, "\r\n\r\n") : NULL;
	if (!end || sscanf(text, "HTTP/1.%*1[01] %3u", ret_status) != 1)
		return wax_fail(error, WAX_R_IO, "the service's answer is no HTTP");
	head_n = (size_t)(end - text);
	head = g_ascii_strdown(text, (gssize)head_n);
	field = strstr(head, length);
	*ret_body = WAX_SPAN(bytes->data + head_n + 4, bytes->len - head_n - 4);
	if (field && g_ascii_strtoull(field + strlen(length), NULL, 10) != ret_body->n)
		return wax_fail(error, WAX_R_IO, "the service's answer was cut");
	return true;
}

/* fail_problem - the reason that the service named, in our own table */
static bool fail_problem(unsigned status, const json_t *problem, GError **error)
{
	const char *label = json_string_value(json_object_get(problem, "reason"));
	const char *detail = json_string_value(json_object_get(problem, "detail"));
	WaxReason reason = label ? wax_reason_by_label(label) : WAX_R_NONE;

	return wax_fail(error, reason ? reason : WAX_R_INTERNAL, "%s",
		detail ? detail : (status == 404 ? "no such resource" : "the service refused"));
}

static bool read_answer(unsigned status, WaxSpan bytes, json_t **ret_answer, GError **error)
{
	json_t *answer = bytes.n ? json_loadb((const char *)bytes.p, bytes.n, JSON_DECODE_ANY, NULL)
				 : json_null();

	if (!answer)
		return wax_fail(error, WAX_R_IO, "the service's answer is no JSON");
	if (status >= 400) {
		fail_problem(status, answer, error);
		json_decref(answer);
		return false;
	}
	*ret_answer = answer;
	return true;
}

static bool exchange(const char *socket_path, const char *method, const char *path,
	const char *body, GByteArray *answer, GError **error)
{
	size_t n = body ? strlen(body) : 0;
	g_autofree char *head = g_strdup_printf("%s %s HTTP/1.1\r\nHost: localhost\r\n"
						"Connection: close\r\n"
						"Content-Type: application/json\r\n"
						"Content-Length: %zu\r\n\r\n",
		method, path, n);
	WAX_CLOSED sock = -1;

	return connect_to(socket_path, &sock, error) && send_all(sock, head, strlen(head), error) &&
	       send_all(sock, body, n, error) && receive_all(sock, answer, error);
}

bool wax_api_call(const char *socket_path, const char *method, const char *path, json_t *body,
	json_t **ret_answer, GError **error)
{
	g_autoptr(GByteArray) answer = g_byte_array_new();
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	unsigned status = 0;
	WaxSpan span;
	bool good = exchange(socket_path, method, path, text, answer, error) &&
		    split_answer(answer, &status, &span, error);

	if (text)
		wax_wipe(text, strlen(text)); /* a password may be in it */
	free(text);
	return good && read_answer(status, span, ret_answer, error);
}

char *wax_api_escape(const char *text)
{
	return g_uri_escape_string(text, NULL, FALSE);
}
