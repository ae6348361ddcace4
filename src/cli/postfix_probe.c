/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test message of waxwing setup postfix.
 *
 * It comes in where mail from outside does and is then looked for at Waxwing.
 * Submission wants a login and is not tried: of that way, whether Waxwing
 * and the port behind it greet.
 */
#include "cli/postfix.h"

#include <errno.h>
#include <jansson.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/client.h"
#include "cli/local.h"
#include "core/status.h"

#define ANSWER_WAIT 60	/* s for one reply */
#define TRACE_TRIES 100 /* of 200 ms until Waxwing has taken the message */

typedef struct {
	int fd;
	FILE *in;
	char reply[512]; /* the last line of it */
} Talk;

static void talk_end(Talk *talk)
{
	if (talk->in)
		fclose(talk->in);
	talk->in = NULL;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Talk, talk_end)

static int connect_unix(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_strlcpy(to.sun_path, path, sizeof to.sun_path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int connect_inet(const char *place)
{
	const char *colon = strrchr(place, ':');
	g_autofree char *host = g_strndup(place, (gsize)(colon - place));
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	int fd;

	if (getaddrinfo(host, colon + 1, &hints, &list) != 0)
		return -1;
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, list->ai_addr, list->ai_addrlen) != 0) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	return fd;
}

/* answer - the code of a reply, which may have several lines; 0: the peer went away */
static int answer(Talk *talk)
{
	do {
		if (!fgets(talk->reply, sizeof talk->reply, talk->in))
			return 0;
	} while (strlen(talk->reply) > 3 && talk->reply[3] == '-');
	g_strchomp(talk->reply);
	return (int)strtol(talk->reply, NULL, 10);
}

/* open_talk - up to the greeting; "unix:PATH", "inet:HOST:PORT" or "HOST:PORT" */
static bool open_talk(const char *place, Talk *talk)
{
	struct timeval limit = { ANSWER_WAIT, 0 };

	if (g_str_has_prefix(place, "unix:"))
		talk->fd = connect_unix(place + strlen("unix:"));
	else
		talk->fd = connect_inet(
			g_str_has_prefix(place, "inet:") ? place + strlen("inet:") : place);
	if (talk->fd < 0)
		return false;
	(void)setsockopt(talk->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	talk->in = fdopen(talk->fd, "r");
	return talk->in && answer(talk) == 220;
}

static bool say(Talk *talk, const char *line, int wanted)
{
	g_autofree char *text = g_strconcat(line, "\r\n", NULL);
	size_t n = strlen(text);

	return send(talk->fd, text, n, MSG_NOSIGNAL) == (ssize_t)n && answer(talk) == wanted;
}

static bool greets(const char *what, const char *place)
{
	g_auto(Talk) talk = { .fd = -1 };

	if (open_talk(place, &talk))
		return true;
	printf("Not tested: %s does not answer at %s.\n", what, place);
	return false;
}

static bool hand_over(const char *place, const char *to, const char *id, Talk *talk)
{
	g_autofree char *rcpt = g_strdup_printf("RCPT TO:<%s>", to);
	g_autofree char *message = g_strdup_printf(
		"From: Waxwing setup <%s>\r\nTo: <%s>\r\nSubject: Test of Waxwing\r\n"
		"Message-ID: %s\r\nAuto-Submitted: auto-generated\r\n\r\n"
		"This message came in as mail from outside does, and passed Waxwing.\r\n.",
		to, to, id);

	talk->reply[0] = 0;
	return open_talk(place, talk) && say(talk, "EHLO localhost", 250) &&
	       say(talk, "MAIL FROM:<>", 250) && say(talk, rcpt, 250) && say(talk, "DATA", 354) &&
	       say(talk, message, 250);
}

/* outcome - what was done for the recipient; NULL: Waxwing has not answered for the message yet */
static char *outcome(const char *socket, const char *path)
{
	const char *done = "answered";
	json_t *trace = NULL, *step;
	char *said = NULL;
	size_t i;

	if (!wax_api_call(socket, "GET", path, NULL, &trace, NULL))
		return NULL;
	json_array_foreach(json_object_get(trace, "timeline"), i, step)
	{
		const char *name = json_string_value(json_object_get(step, "step"));

		if (json_string_value(json_object_get(step, "recipient")))
			done = name;
		if (g_strcmp0(name, "answered") == 0)
			said = g_strdup(done);
	}
	json_decref(trace);
	return said;
}

static bool follow(const WaxConfig *config, const char *to, const char *id)
{
	g_autofree char *socket = wax_local_socket(config), *escaped = wax_api_escape(id),
			*path = g_strconcat("/v1/messages/", escaped, NULL), *said = NULL;

	for (int i = 0; i < TRACE_TRIES && !said; i++) {
		said = outcome(socket, path);
		if (!said)
			(void)poll(NULL, 0, 200);
	}
	if (said)
		printf("Test message for %s: Postfix took it, Waxwing says: %s.\n", to, said);
	else
		printf("Test message for %s: Postfix took it, but Waxwing has not seen it yet; "
		       "look "
		       "into the queue: mailq\n",
			to);
	printf("More: waxwing message trace '%s'\n", id);
	return said != NULL;
}

bool wax_postfix_probe(
	const WaxPostfixAsk *ask, const WaxConfig *config, const WaxPostfixPlan *plan)
{
	const char *words[] = { "postconf", "-c", ask->folder ? ask->folder : "/etc/postfix", "-hx",
		"mydomain", NULL };
	g_autofree char *domain = NULL, *to = NULL, *id = NULL, *unique = g_uuid_string_random();
	g_auto(Talk) talk = { .fd = -1 };

	if (!greets("Waxwing (outbound)", plan->out) || !greets("Waxwing (inbound)", plan->in) ||
		!greets("Postfix, where mail comes back,", plan->again))
		return false;
	if (!wax_postfix_run(words, &domain, NULL))
		return false;
	to = ask->test_to ? g_strdup(ask->test_to)
			  : g_strconcat("postmaster@", g_strstrip(domain), NULL);
	id = g_strdup_printf("<%s@waxwing.invalid>", unique);
	if (hand_over(plan->door, to, id, &talk))
		return follow(config, to, id);
	printf("Test message for %s: Postfix did not take it at %s: %s\n", to, plan->door,
		talk.reply[0] ? talk.reply : "no answer");
	printf("Another mailbox: --test-to ADDRESS\n");
	return false;
}
