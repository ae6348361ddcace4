/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/doorman.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/status.h"

#define HEARD_FOR 200 /* ms that a caller of the API has to send its request and read the answer */

static void say(int sock, const char *text)
{
	ssize_t said = send(sock, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);

	(void)said; /* it hangs up either way */
}

/* hear_out - a request of which the end finds nobody would look to its caller like a broken line */
static void hear_out(int sock)
{
	int64_t until = wax_clock_monotonic() + HEARD_FOR, left = HEARD_FOR;
	char heard[4096];

	for (; left > 0; left = until - wax_clock_monotonic()) {
		struct pollfd one = { sock, POLLIN, 0 };

		if (poll(&one, 1, (int)left) <= 0 ||
			recv(sock, heard, sizeof heard, MSG_DONTWAIT) <= 0)
			return;
	}
}

static void answer_http(int sock)
{
	const WaxReasonInfo *info = wax_reason_info(WAX_R_SERVICE_DOWN);
	g_autofree char *body = g_strdup_printf(
		"{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"Waxwing is "
		"not ready: a process that this needs does not start, or is being started again; "
		"the log says why\",\"reason\":\"%s\",\"code\":\"%s\"}",
		info->label, info->http, info->label, info->code);
	g_autofree char *text =
		g_strdup_printf("HTTP/1.1 %d Service Unavailable\r\n"
				"Content-Type: application/problem+json\r\n"
				"Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
			info->http, strlen(body), body);

	say(sock, text);
	(void)shutdown(sock, SHUT_WR);
	hear_out(sock);
}

void wax_doorman_turn_away(const WaxListener *listener)
{
	int sock = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);

	if (sock < 0)
		return;
	if (strcmp(listener->kind, "api") == 0)
		answer_http(sock);
	else
		say(sock, "421 4.3.2 the gateway is being started again, try again later\r\n");
	close(sock);
}
