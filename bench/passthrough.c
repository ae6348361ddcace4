/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	passthrough - the least an LMTP content filter can do, for bench/postfix
 *
 * DESCRIPTION
 *	usage: passthrough PORT NEXT_PORT.  Both on 127.0.0.1; a thread and a
 *	kept SMTP session to the next hop for each session.  A message is held
 *	whole in memory and handed on unchanged; the next hop's answer is ours,
 *	once for each recipient.  Commands that come together go on together.
 *
 * ERRORS
 *	Whatever goes wrong ends the session; the MTA comes again.
 */
#include <arpa/inet.h>
#include <glib.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
	int fd;
	GByteArray *in; /* read and not yet used */
} Peer;

static in_port_t next_port;

static struct sockaddr_in loopback(in_port_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void no_delay(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static bool more(Peer *peer)
{
	uint8_t piece[65536];
	ssize_t n = read(peer->fd, piece, sizeof(piece));

	if (n > 0)
		g_byte_array_append(peer->in, piece, (guint)n);
	return n > 0;
}

static bool send_all(int fd, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size > 0) {
		ssize_t n = write(fd, at, size);

		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

/* the size of what is there up to and with `end`; 0: not yet */
static size_t upto(const Peer *peer, const char *end, size_t from)
{
	const uint8_t *found = NULL;

	if (peer->in->len > from)
		found = memmem(peer->in->data + from, peer->in->len - from, end, strlen(end));
	return found ? (size_t)(found - peer->in->data) + strlen(end) : 0;
}

static size_t line(Peer *peer)
{
	size_t size = 0;

	while (!(size = upto(peer, "\r\n", 0)))
		if (!more(peer))
			return 0;
	return size;
}

static bool take_reply(Peer *next, GByteArray *reply)
{
	bool last = false;

	while (!last) {
		size_t size = line(next);

		if (size < 6)
			return false;
		last = next->in->data[3] != '-';
		g_byte_array_append(reply, next->in->data, (guint)size);
		g_byte_array_remove_range(next->in, 0, (guint)size);
	}
	return true;
}

/* the message up to its final dot, then the answer for each recipient */
static bool hand_on(Peer *client, Peer *next, unsigned recipients)
{
	g_autoptr(GByteArray) reply = g_byte_array_new();
	size_t from = 0, size = 0;
	bool fine = true;

	while (!(size = upto(client, "\r\n.\r\n", from))) {
		from = client->in->len > 4 ? client->in->len - 4 : 0;
		if (!more(client))
			return false;
	}
	fine = send_all(next->fd, client->in->data, size) && take_reply(next, reply);
	g_byte_array_remove_range(client->in, 0, (guint)size);
	for (unsigned i = 0; fine && i < recipients; i++)
		fine = send_all(client->fd, reply->data, reply->len);
	return fine;
}

/* the commands that came together, and their answers; DATA ends them */
static bool commands(Peer *client, Peer *next, unsigned *recipients, bool *ret_data)
{
	g_autoptr(GByteArray) said = g_byte_array_new();
	g_autoptr(GByteArray) reply = g_byte_array_new();
	unsigned count = 0;
	size_t size = line(client);

	for (*ret_data = false; size && !*ret_data; size = upto(client, "\r\n", 0)) {
		char *word = (char *)client->in->data;

		if (g_ascii_strncasecmp(word, "LHLO", 4) == 0)
			word[0] = 'E', word[1] = 'H';
		if (g_ascii_strncasecmp(word, "MAIL", 4) == 0)
			*recipients = 0;
		if (g_ascii_strncasecmp(word, "RCPT", 4) == 0)
			(*recipients)++;
		*ret_data = g_ascii_strncasecmp(word, "DATA", 4) == 0;
		g_byte_array_append(said, client->in->data, (guint)size);
		g_byte_array_remove_range(client->in, 0, (guint)size);
		count++;
	}
	if (count == 0 || !send_all(next->fd, said->data, said->len))
		return false;
	while (count-- > 0)
		if (!take_reply(next, reply))
			return false;
	return send_all(client->fd, reply->data, reply->len);
}

static void *session(void *data)
{
	Peer client = { .fd = GPOINTER_TO_INT(data), .in = g_byte_array_new() };
	Peer next = { .fd = socket(AF_INET, SOCK_STREAM, 0), .in = g_byte_array_new() };
	struct sockaddr_in there = loopback(next_port);
	g_autoptr(GByteArray) greeting = g_byte_array_new();
	unsigned recipients = 0;
	bool body = false;

	no_delay(client.fd);
	no_delay(next.fd);
	if (connect(next.fd, (struct sockaddr *)&there, sizeof(there)) == 0 &&
		take_reply(&next, greeting) &&
		send_all(client.fd, greeting->data, greeting->len))
		while (commands(&client, &next, &recipients, &body) &&
			(!body || hand_on(&client, &next, recipients)))
			;
	close(client.fd);
	close(next.fd);
	g_byte_array_unref(client.in);
	g_byte_array_unref(next.in);
	return NULL;
}

int main(int argc, char **argv)
{
	guint64 port, next;
	struct sockaddr_in here;
	int on = 1, server = socket(AF_INET, SOCK_STREAM, 0);

	if (argc != 3 || !g_ascii_string_to_unsigned(argv[1], 10, 1, 65535, &port, NULL) ||
		!g_ascii_string_to_unsigned(argv[2], 10, 1, 65535, &next, NULL)) {
		g_printerr("usage: passthrough PORT NEXT_PORT (each 1 to 65535)\n");
		return 64;
	}
	here = loopback((in_port_t)port);
	next_port = (in_port_t)next;
	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(server, (struct sockaddr *)&here, sizeof(here)) || listen(server, 128)) {
		g_printerr("passthrough: cannot listen on port %s\n", argv[1]);
		return 1;
	}
	for (;;) {
		int client = accept(server, NULL, NULL);

		if (client >= 0)
			g_thread_unref(g_thread_new("session", session, GINT_TO_POINTER(client)));
	}
}
