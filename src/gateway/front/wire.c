/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/status.h"

#define WIRE_ROOM 65536

struct WaxWire {
	int sock;
	int stop_fd;
	WaxTlsLink *tls; /* NULL: in clear */
	char peer[INET6_ADDRSTRLEN];
	bool local;
	size_t from, to; /* unread input */
	uint8_t input[WIRE_ROOM];
};

static void name_peer(WaxWire *wire)
{
	struct sockaddr_storage address;
	socklen_t n = sizeof(address);
	const void *ip = NULL;

	g_strlcpy(wire->peer, "local", sizeof(wire->peer));
	wire->local = false;
	if (getpeername(wire->sock, (struct sockaddr *)&address, &n) < 0)
		return;
	if (address.ss_family == AF_INET)
		ip = &((struct sockaddr_in *)&address)->sin_addr;
	else if (address.ss_family == AF_INET6)
		ip = &((struct sockaddr_in6 *)&address)->sin6_addr;
	if (ip)
		(void)inet_ntop(address.ss_family, ip, wire->peer, sizeof(wire->peer));
	wire->local = !ip || g_str_has_prefix(wire->peer, "127.") ||
		      g_str_has_prefix(wire->peer, "::ffff:127.") || strcmp(wire->peer, "::1") == 0;
}

WaxWire *wax_wire_new(int sock, int stop_fd)
{
	WaxWire *wire = g_new(WaxWire, 1);
	int one = 1;

	wire->sock = sock;
	wire->stop_fd = stop_fd;
	wire->tls = NULL;
	wire->from = wire->to = 0;
	/* fails on a UNIX socket, which has no such delay */
	(void)setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)fcntl(sock, F_SETFL, fcntl(sock, F_GETFL) | O_NONBLOCK);
	name_peer(wire);
	return wire;
}

void wax_wire_free(WaxWire *wire)
{
	if (!wire)
		return;
	wax_tls_link_free(wire->tls);
	close(wire->sock);
	g_free(wire);
}

/* await - until the socket is ready, the deadline passes or the service stops */
static bool await(int sock, int stop_fd, short events, int64_t deadline, GError **error)
{
	for (;;) {
		int64_t left = deadline - wax_clock_monotonic();
		struct pollfd fds[2] = { { .fd = sock, .events = events },
			{ .fd = stop_fd, .events = POLLIN } };
		int n;

		if (left <= 0)
			return wax_fail(error, WAX_R_TIMEOUT, "the other side is too slow");
		n = poll(fds, stop_fd >= 0 ? 2 : 1, (int)MIN(left, 3600 * 1000));
		if (n < 0 && errno != EINTR)
			return wax_fail_errno(error, errno, "poll");
		if (n <= 0)
			continue;
		if (fds[0].revents)
			return true;
		if (stop_fd >= 0 && fds[1].revents)
			return wax_fail(error, WAX_R_SERVICE_DOWN, "the service is stopping");
	}
}

static bool connect_to(
	int sock, const struct sockaddr *address, socklen_t n, int64_t deadline, GError **error)
{
	int failure = 0;
	socklen_t size = sizeof(failure);

	if (connect(sock, address, n) == 0)
		return true;
	if (errno != EINPROGRESS && errno != EAGAIN)
		return wax_fail(error, WAX_R_NEXT_HOP, "cannot connect: %s", g_strerror(errno));
	if (!await(sock, -1, POLLOUT, deadline, error))
		return false;
	if (getsockopt(sock, SOL_SOCKET, SO_ERROR, &failure, &size) < 0 || failure != 0)
		return wax_fail(error, WAX_R_NEXT_HOP, "cannot connect: %s", g_strerror(failure));
	return true;
}

bool wax_wire_connect_tcp(
	const char *host, uint16_t port, int64_t deadline, WaxWire **ret_wire, GError **error)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *found = NULL;
	char service[8];
	int failure;

	g_snprintf(service, sizeof(service), "%u", port);
	/* loopback must resolve where no interface but lo is up */
	hints.ai_flags = g_ascii_isdigit(host[0]) || strchr(host, ':') ? AI_NUMERICHOST : 0;
	failure = getaddrinfo(host, service, &hints, &found);
	if (failure != 0)
		return wax_fail(
			error, WAX_R_NEXT_HOP, "cannot find %s: %s", host, gai_strerror(failure));
	g_clear_error(error);
	for (struct addrinfo *a = found; a; a = a->ai_next) {
		int sock = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (sock < 0)
			continue;
		g_clear_error(error);
		if (connect_to(sock, a->ai_addr, a->ai_addrlen, deadline, error)) {
			*ret_wire = wax_wire_new(sock, -1);
			freeaddrinfo(found);
			return true;
		}
		close(sock);
	}
	freeaddrinfo(found);
	if (error && *error)
		return false;
	return wax_fail(error, WAX_R_NEXT_HOP, "cannot connect to %s", host);
}

bool wax_wire_connect_unix(const char *path, int64_t deadline, WaxWire **ret_wire, GError **error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock;

	if (strlen(path) >= sizeof(address.sun_path))
		return wax_fail(error, WAX_R_NEXT_HOP, "the path of the socket is too long");
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return wax_fail_errno(error, errno, "socket");
	if (!connect_to(sock, (struct sockaddr *)&address, sizeof(address), deadline, error)) {
		close(sock);
		return false;
	}
	*ret_wire = wax_wire_new(sock, -1);
	return true;
}

bool wax_wire_secure(
	WaxWire *wire, const WaxTls *tls, const char *host, int64_t deadline, GError **error)
{
	wire->from = wire->to = 0;
	wire->tls = wax_tls_link_new(tls, wire->sock, host);
	for (;;) {
		switch (wax_tls_link_handshake(wire->tls)) {
		case WAX_TLS_DONE:
			return true;
		case WAX_TLS_WANT_READ:
			if (!await(wire->sock, wire->stop_fd, POLLIN, deadline, error))
				return false;
			break;
		case WAX_TLS_WANT_WRITE:
			if (!await(wire->sock, wire->stop_fd, POLLOUT, deadline, error))
				return false;
			break;
		default:
			return wax_fail(error, WAX_R_NEXT_HOP,
				"no TLS connection came about with %s", host ? host : wire->peer);
		}
	}
}

bool wax_wire_verified(const WaxWire *wire)
{
	return wire->tls && wax_tls_link_verified(wire->tls);
}

bool wax_wire_is_local(const WaxWire *wire)
{
	return wire->local;
}

bool wax_wire_user(const WaxWire *wire, uint32_t *ret_uid)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);

	if (getsockname(wire->sock, (struct sockaddr *)&address, &size) < 0 ||
		address.ss_family != AF_UNIX ||
		getsockopt(wire->sock, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
		return false;
	*ret_uid = peer.uid;
	return true;
}

/* write_tls - as much as goes out without waiting, or wait for the socket */
static bool write_tls(WaxWire *wire, WaxSpan *bytes, int64_t deadline, GError **error)
{
	size_t n = 0;

	switch (wax_tls_link_write(wire->tls, *bytes, &n)) {
	case WAX_TLS_DONE:
		bytes->p += n;
		bytes->n -= n;
		return true;
	case WAX_TLS_WANT_READ:
		return await(wire->sock, -1, POLLIN, deadline, error);
	case WAX_TLS_WANT_WRITE:
		return await(wire->sock, -1, POLLOUT, deadline, error);
	default:
		return wax_fail(error, WAX_R_PEER_GONE, "the TLS connection broke");
	}
}

bool wax_wire_write(WaxWire *wire, WaxSpan bytes, int64_t deadline, GError **error)
{
	while (wire->tls && bytes.n > 0)
		if (!write_tls(wire, &bytes, deadline, error))
			return false;
	while (bytes.n > 0) {
		ssize_t n = send(wire->sock, bytes.p, bytes.n, MSG_NOSIGNAL);

		if (n > 0) {
			bytes.p += n;
			bytes.n -= (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return wax_fail(error, WAX_R_PEER_GONE, "the connection broke: %s",
				g_strerror(errno));
		/* replies are written even while stopping */
		if (!await(wire->sock, -1, POLLOUT, deadline, error))
			return false;
	}
	return true;
}

/* read_tls - append to the input, or wait for the socket; *ret_done when either end is reached */
static bool read_tls(WaxWire *wire, int64_t deadline, bool *ret_done, bool *ret_end, GError **error)
{
	size_t n = 0;

	*ret_done = true;
	switch (wax_tls_link_read(wire->tls, wire->input + wire->to, WIRE_ROOM - wire->to, &n)) {
	case WAX_TLS_DONE:
		wire->to += n;
		return true;
	case WAX_TLS_END:
		*ret_end = true;
		return true;
	case WAX_TLS_WANT_READ:
		*ret_done = false;
		return await(wire->sock, wire->stop_fd, POLLIN, deadline, error);
	case WAX_TLS_WANT_WRITE:
		*ret_done = false;
		return await(wire->sock, wire->stop_fd, POLLOUT, deadline, error);
	default:
		return wax_fail(error, WAX_R_PEER_GONE, "the TLS connection broke");
	}
}

/* more - append to the input; *ret_end at the end of the stream */
static bool more(WaxWire *wire, int64_t deadline, bool *ret_end, GError **error)
{
	if (wire->from == wire->to)
		wire->from = wire->to = 0;
	if (wire->to == WIRE_ROOM) {
		memmove(wire->input, wire->input + wire->from, wire->to - wire->from);
		wire->to -= wire->from;
		wire->from = 0;
	}
	if (wire->to == WIRE_ROOM)
		return wax_fail(error, WAX_R_FRAME_MALFORMED, "a line without end");
	for (bool done = false; wire->tls && !done;) {
		if (!read_tls(wire, deadline, &done, ret_end, error))
			return false;
		if (done)
			return true;
	}
	for (;;) {
		ssize_t n = recv(wire->sock, wire->input + wire->to, WIRE_ROOM - wire->to, 0);

		if (n >= 0) {
			wire->to += (size_t)n;
			*ret_end = n == 0;
			return true;
		}
		if (errno == EINTR)
			continue;
		if (errno == ECONNRESET) {
			*ret_end = true;
			return true;
		}
		if (errno != EAGAIN)
			return wax_fail(error, WAX_R_PEER_GONE, "the connection broke: %s",
				g_strerror(errno));
		if (!await(wire->sock, wire->stop_fd, POLLIN, deadline, error))
			return false;
	}
}

bool wax_wire_fill(WaxWire *wire, int64_t deadline, WaxSpan *ret_input, GError **error)
{
	bool end = false;

	if (wire->from == wire->to && !more(wire, deadline, &end, error))
		return false;
	*ret_input = WAX_SPAN(wire->input + wire->from, wire->to - wire->from);
	return true;
}

void wax_wire_used(WaxWire *wire, size_t n)
{
	g_assert(n <= wire->to - wire->from);
	wire->from += n;
}

bool wax_wire_line(WaxWire *wire, int64_t deadline, WaxSpan *ret_line, GError **error)
{
	size_t seen = 0;

	for (;;) {
		const uint8_t *at = wire->input + wire->from;
		size_t n = wire->to - wire->from;
		const uint8_t *lf = n > seen ? memchr(at + seen, '\n', n - seen) : NULL;
		bool end = false;

		if (lf) {
			size_t length = (size_t)(lf - at);

			wire->from += length + 1;
			if (length > 0 && at[length - 1] == '\r')
				length--;
			*ret_line = WAX_SPAN(at, length);
			return true;
		}
		seen = n;
		if (!more(wire, deadline, &end, error))
			return false;
		if (end)
			return wax_fail(error, WAX_R_PEER_GONE, "the other side hung up");
	}
}

bool wax_wire_quiet(WaxWire *wire)
{
	uint8_t peek;

	if (wire->from != wire->to || (wire->tls && wax_tls_link_pending(wire->tls)))
		return false;
	return recv(wire->sock, &peek, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

const char *wax_wire_peer(const WaxWire *wire)
{
	return wire->peer;
}
