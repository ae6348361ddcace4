/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/status.h"
#include "gateway/front/client.h"
#include "gateway/front/maildir.h"
#include "gateway/front/serve.h"
#include "gateway/front/wire.h"

static char folder[64], path[96];

static int begin(void **state)
{
	(void)state;
	g_strlcpy(folder, "/tmp/wax-hop-XXXXXX", sizeof(folder));
	if (!mkdtemp(folder))
		return -1;
	g_snprintf(path, sizeof(path), "%s/hop", folder);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

/*
 * A next hop that follows a script.  Each line is what it says after it has
 * heard one line; "<" in front: hear the whole message first; "" hears and
 * says nothing; "!" hangs up.  All connections go through the one script.
 */
typedef struct {
	int listener;
	const char *const *script;
	GString *heard;
	GThread *thread;
} Hop;

static bool hear_line(WaxWire *wire, GString *heard, bool *ret_dot)
{
	WaxSpan line;

	if (!wax_wire_line(wire, wax_clock_monotonic() + 2000, &line, NULL))
		return false;
	g_string_append_len(heard, (const char *)line.p, (gssize)line.n);
	g_string_append_c(heard, '\n');
	*ret_dot = line.n == 1 && line.p[0] == '.';
	return true;
}

static gpointer play(gpointer data)
{
	Hop *hop = data;
	const char *const *say = hop->script;

	while (*say) {
		int sock = accept(hop->listener, NULL, NULL);
		g_autoptr(WaxWire) wire = NULL;
		bool greeting = true;

		if (sock < 0)
			break;
		wire = wax_wire_new(sock, -1);
		for (; *say; say++) {
			const char *text = *say;
			bool dot = false;

			if (strcmp(text, "!") == 0) {
				say++;
				break;
			}
			if (!greeting && !hear_line(wire, hop->heard, &dot))
				break;
			greeting = false;
			if (*text == '<') {
				while (!dot)
					if (!hear_line(wire, hop->heard, &dot))
						return NULL;
				text++;
				if (*text == '!') {
					say++;
					break;
				}
			}
			if (*text && !wax_wire_write(wire, WAX_SPAN(text, strlen(text)),
					     wax_clock_monotonic() + 2000, NULL))
				break;
		}
	}
	return NULL;
}

static void hop_start(Hop *hop, const char *const *script)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	unlink(path);
	hop->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(hop->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(hop->listener, 4), 0);
	hop->script = script;
	hop->heard = g_string_new(NULL);
	hop->thread = g_thread_new("hop", play, hop);
}

static void hop_stop(Hop *hop)
{
	shutdown(hop->listener, SHUT_RDWR);
	g_thread_join(hop->thread);
	close(hop->listener);
	g_string_free(hop->heard, TRUE);
}

typedef struct {
	WaxEnvelope *envelope;
	WaxRecipient recipients[4];
	const WaxRecipient *pointers[4];
	WaxDelivery delivery;
	WaxReply replies[4];
	bool dotted;
	int commits;
	bool commit_fails;
} Mail;

static bool count_commit(void *ctx, GError **error)
{
	Mail *mail = ctx;

	mail->commits++;
	return !mail->commit_fails || wax_fail(error, WAX_R_STORE_DOWN, "no journal");
}

static void mail_init(Mail *mail, size_t n, WaxSpan octets)
{
	static const char *const names[] = { "a@y.example", "b@y.example", "c@y.example",
		"d@y.example" };

	memset(mail, 0, sizeof(*mail));
	mail->envelope = wax_envelope_new();
	mail->envelope->sender = g_strdup("s@x.example");
	for (size_t i = 0; i < n; i++) {
		mail->recipients[i].address = (char *)names[i];
		mail->pointers[i] = &mail->recipients[i];
	}
	mail->delivery = (WaxDelivery){ .envelope = mail->envelope,
		.recipients = mail->pointers,
		.n = n,
		.octets = wax_source_span(octets),
		.commit = count_commit,
		.commit_ctx = mail };
}

static WaxClient *client_new(WaxHopKind kind)
{
	/* SMTP over a UNIX socket exists for tests alone: LMTP_UNIX dials, SMTP talks */
	WaxHop hop = { kind, path, 0 };

	return wax_client_new(&hop, "gw.example");
}

static bool deliver(WaxClient *client, Mail *mail)
{
	return wax_client_deliver(client, &mail->delivery, wax_clock_monotonic() + 5000,
		mail->replies, &mail->dotted);
}

#define OFFER "250-hop\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n" \
	      "250-XFORWARD NAME IDENT\r\n250 SIZE 1000\r\n"

/* four recipients, four outcomes (PERFORMANCE.md 6) */
static void every_recipient_has_its_own_outcome(void **state)
{
	static const char *const script[] = { "220 hop LMTP\r\n", OFFER, "250 ok\r\n", "250 ok\r\n",
		"451 4.2.1 busy\r\n", "550 5.1.1 who?\r\n", "250 ok\r\n",
		"354 go\r\n", "<250 2.0.0 kept 1\r\n250 2.0.0 kept 4\r\n", "", NULL };
	WaxClient *client = client_new(WAX_HOP_LMTP_UNIX);
	Hop hop;
	Mail mail;
	(void)state;

	hop_start(&hop, script);
	mail_init(&mail, 4, WAX_SPAN_LIT("Subject: x\r\n\r\n.dot\r\nbare\nline"));
	assert_true(deliver(client, &mail));
	assert_int_equal(mail.replies[0].code, 250);
	assert_int_equal(mail.replies[1].code, 451);
	assert_int_equal(mail.replies[2].code, 550);
	assert_string_equal(mail.replies[2].enhanced, "5.1.1");
	assert_int_equal(mail.replies[3].code, 250);
	assert_string_equal(mail.replies[3].text, "kept 4");
	assert_int_equal(mail.commits, 1);
	assert_true(mail.dotted);
	assert_true(wax_client_idle(client));
	/* stuffed, CR LF everywhere, an end of its own */
	assert_non_null(strstr(hop.heard->str, "\n\n..dot\nbare\nline\n.\n"));
	wax_client_free(client);
	wax_envelope_free(mail.envelope);
	hop_stop(&hop);
}

static void what_was_asked_for_is_passed_on(void **state)
{
	static const char *const script[] = { "220 hop\r\n", OFFER, "250 ok\r\n", "250 ok\r\n",
		"250 ok\r\n", "354 go\r\n", "<250 2.0.0 ok\r\n", NULL };
	g_autoptr(WaxClient) client = client_new(WAX_HOP_LMTP_UNIX);
	Hop hop;
	Mail mail;
	(void)state;

	hop_start(&hop, script);
	mail_init(&mail, 1, WAX_SPAN_LIT("x\r\n"));
	mail.envelope->envid = g_strdup("e1");
	mail.envelope->ret = WAX_RET_FULL;
	mail.envelope->forward[WAX_FORWARD_NAME] = g_strdup("client.example");
	mail.envelope->forward[WAX_FORWARD_HELO] = g_strdup("not-offered");
	mail.recipients[0].notify = WAX_NOTIFY_SUCCESS | WAX_NOTIFY_DELAY;
	mail.recipients[0].orcpt = (char *)"rfc822;z@y.example";
	mail.delivery.eight_bit = true;
	mail.delivery.header_only = true; /* d.6: whatever the sender asked for */
	assert_true(deliver(client, &mail));
	assert_int_equal(mail.replies[0].code, 250);
	assert_non_null(strstr(hop.heard->str, "XFORWARD NAME=client.example\n"));
	assert_non_null(strstr(hop.heard->str,
		"MAIL FROM:<s@x.example> SIZE=3 BODY=8BITMIME RET=HDRS ENVID=e1\n"));
	assert_non_null(strstr(hop.heard->str,
		"RCPT TO:<a@y.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;z@y.example\n"));
	wax_envelope_free(mail.envelope);
	hop_stop(&hop);
}

static void what_the_next_hop_lacks_is_refused(void **state)
{
	static const char *const script[] = { "220 hop\r\n", "250-hop\r\n250 SIZE 2\r\n", NULL };
	static const char *const small[] = { "220 hop\r\n", "250 hop\r\n", NULL };
	static const struct {
		bool eight, utf8;
		const char *const *script;
		int code;
		const char *enhanced;
	} rows[] = {
		{ true, false, small, 554, "5.6.3" },
		{ false, true, small, 550, "5.6.7" },
		{ false, false, script, 552, "5.3.4" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(WaxClient) client = client_new(WAX_HOP_LMTP_UNIX);
		Hop hop;
		Mail mail;

		hop_start(&hop, rows[i].script);
		mail_init(&mail, 2, WAX_SPAN_LIT("xyz\r\n"));
		mail.delivery.eight_bit = rows[i].eight;
		mail.envelope->utf8 = rows[i].utf8;
		(void)deliver(client, &mail); /* its replies say it */
		for (size_t r = 0; r < 2; r++) {
			assert_int_equal(mail.replies[r].code, rows[i].code);
			assert_string_equal(mail.replies[r].enhanced, rows[i].enhanced);
		}
		assert_int_equal(mail.commits, 0);
		assert_false(mail.dotted);
		wax_envelope_free(mail.envelope);
		hop_stop(&hop);
	}
}

/* wherever the next hop breaks off, the answer is "again later", and honest about the dot */
static void a_broken_next_hop_is_temporary(void **state)
{
	static const struct {
		const char *script[12];
		bool dotted;
		int commits;
	} rows[] = {
		{ { "!", NULL }, false, 0 },
		{ { "554 go away\r\n", "!", NULL }, false, 0 },
		{ { "421 4.3.2 later\r\n", "!", NULL }, false, 0 },
		{ { "garbage\r\n", "!", NULL }, false, 0 },
		{ { "220 hop\r\n", "500 what\r\n", "!", NULL }, false, 0 },
		{ { "220 hop\r\n", "250 hop\r\n", "!", NULL }, false, 0 },
		{ { "220 hop\r\n", "250 hop\r\n", "451 4.3.0 no\r\n", "250 ok\r\n", NULL }, false, 0 },
		{ { "220 hop\r\n", "250 hop\r\n", "250 ok\r\n", "250 ok\r\n", "!", NULL }, false, 0 },
		{ { "220 hop\r\n", "250 hop\r\n", "250 ok\r\n", "250 ok\r\n", "452 4.3.1 full\r\n",
			  "250 ok\r\n", NULL },
			false, 0 },
		{ { "220 hop\r\n", "250 hop\r\n", "250 ok\r\n", "250 ok\r\n", "250 huh\r\n",
			  "250 ok\r\n", NULL },
			false, 0 },
		{ { "220 hop\r\n", "250 hop\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "<!", NULL },
			true, 1 },
		{ { "220 hop\r\n", "250 hop\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n",
			  "<451 4.3.0 disk\r\n", NULL },
			true, 1 },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(WaxClient) client = client_new(WAX_HOP_LMTP_UNIX);
		Hop hop;
		Mail mail;

		hop_start(&hop, rows[i].script);
		mail_init(&mail, 1, WAX_SPAN_LIT("x\r\n"));
		(void)deliver(client, &mail); /* its replies say it */
		if (mail.replies[0].code / 100 != 4 || mail.dotted != rows[i].dotted ||
			mail.commits != rows[i].commits)
			fail_msg("row %zu: %d %s, dotted %d, commits %d", i, mail.replies[0].code,
				mail.replies[0].text, mail.dotted, mail.commits);
		wax_envelope_free(mail.envelope);
		hop_stop(&hop);
	}
}

static void without_a_journal_the_dot_is_never_sent(void **state)
{
	static const char *const script[] = { "220 hop\r\n", "250 hop\r\n", "250 ok\r\n",
		"250 ok\r\n", "354 go\r\n", "<250 got it\r\n", NULL };
	g_autoptr(WaxClient) client = client_new(WAX_HOP_LMTP_UNIX);
	Hop hop;
	Mail mail;
	(void)state;

	hop_start(&hop, script);
	mail_init(&mail, 1, WAX_SPAN_LIT("x\r\n"));
	mail.commit_fails = true;
	assert_false(deliver(client, &mail));
	assert_int_equal(mail.replies[0].code, 451);
	assert_string_equal(mail.replies[0].enhanced, "4.4.3");
	assert_false(mail.dotted);
	assert_false(wax_client_idle(client));
	wax_envelope_free(mail.envelope);
	hop_stop(&hop);
}

static void a_stale_connection_is_replaced_once(void **state)
{
	static const char *const script[] = { "220 hop\r\n", "250-hop\r\n250 PIPELINING\r\n",
		"250 ok\r\n", "250 ok\r\n", "354 go\r\n", "<250 one\r\n", "421 4.4.2 idle too long\r\n",
		"!", "220 hop\r\n", "250 hop\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n",
		"<250 two\r\n", NULL };
	g_autoptr(WaxClient) client = client_new(WAX_HOP_LMTP_UNIX);
	Hop hop;
	Mail mail;
	(void)state;

	hop_start(&hop, script);
	mail_init(&mail, 1, WAX_SPAN_LIT("x\r\n"));
	assert_true(deliver(client, &mail));
	assert_string_equal(mail.replies[0].text, "one");
	(void)deliver(client, &mail); /* its reply says it */
	/* a 421 in answer to MAIL is the next hop's own word */
	assert_true(mail.replies[0].code == 421 || mail.replies[0].code == 250);
	wax_envelope_free(mail.envelope);
	hop_stop(&hop);
}

/* ---- our own server as the next hop: both halves speak the same language ---- */

typedef struct {
	GString *octets;
	int sock;
} Mailbox;

static void keep(void *ctx, WaxSpan octets)
{
	Mailbox *box = ctx;

	g_string_append_len(box->octets, (const char *)octets.p, (gssize)octets.n);
}

static void accept_all(void *ctx, const WaxEnvelope *envelope, WaxReply *replies)
{
	(void)ctx;
	for (size_t i = 0; i < envelope->recipients->len; i++)
		replies[i] = wax_reply_make(250, "2.0.0", "kept");
}

static gpointer serve_one(gpointer data)
{
	Mailbox *box = data;
	static const WaxServeRules rules = { .talk = { .lmtp = true, .host = "hop",
						     .size_limit = 1 << 24, .max_recipients = 10 },
		.command_wait = 2000, .data_wait = 2000, .stop_fd = -1 };
	WaxServeCalls calls = { .body = keep, .end = accept_all, .ctx = box };
	int sock = accept(box->sock, NULL, NULL);

	if (sock >= 0)
		wax_serve(sock, &rules, &calls);
	return NULL;
}

static void client_and_server_agree_on_octets(void **state)
{
	static const char *const lines[] = { ".", "..", "", "\r\n", ".\r\n", "\r\n.\r\n", "a\r",
		".\r", "\r\n..\r\n", "long" };
	g_autoptr(GString) message = g_string_new(NULL);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	WaxClient *client = client_new(WAX_HOP_LMTP_UNIX);
	Mailbox box = { g_string_new(NULL), -1 };
	GThread *thread;
	Mail mail;
	(void)state;

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	box.sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(box.sock, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(box.sock, 1), 0);
	thread = g_thread_new("server", serve_one, &box);
	for (unsigned i = 0; i < 60000; i++) {
		g_string_append(message, lines[(i * 7 + i / 13) % G_N_ELEMENTS(lines)]);
		if (i % 3 == 0)
			g_string_append(message, "\r\n");
	}
	g_string_append(message, "\r\n");
	mail_init(&mail, 1, WAX_SPAN(message->str, message->len));
	assert_true(deliver(client, &mail));
	assert_int_equal(mail.replies[0].code, 250);
	assert_int_equal(box.octets->len, message->len);
	assert_memory_equal(box.octets->str, message->str, message->len);
	wax_client_free(client);
	g_thread_join(thread);
	close(box.sock);
	g_string_free(box.octets, TRUE);
	wax_envelope_free(mail.envelope);
}

/* ---- routes and Maildirs ---- */

static void routes_are_read_strictly(void **state)
{
	static const struct {
		const char *route;
		WaxHopKind kind;
		const char *host;
		uint16_t port;
	} rows[] = {
		{ "smtp:mx.example:25", WAX_HOP_SMTP, "mx.example", 25 },
		{ "smtp:[::1]:2525", WAX_HOP_SMTP, "::1", 2525 },
		{ "lmtp:127.0.0.1:24", WAX_HOP_LMTP, "127.0.0.1", 24 },
		{ "lmtp:unix:/run/x", WAX_HOP_LMTP_UNIX, "/run/x", 0 },
		{ "maildir:/var/mail", WAX_HOP_MAILDIR, "/var/mail", 0 },
	};
	static const char *const bad[] = { "", "smtp:", "smtp:host", "smtp::25", "smtp:h:0",
		"smtp:h:65536", "smtp:h:2x", "smtp:[]:25", "lmtp:unix:rel", "maildir:rel", "http:h:1" };
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(WaxHop) hop = { 0 };

		assert_true(wax_hop_parse(rows[i].route, &hop, NULL));
		assert_int_equal(hop.kind, rows[i].kind);
		assert_string_equal(hop.host, rows[i].host);
		assert_int_equal(hop.port, rows[i].port);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		WaxHop hop = { WAX_HOP_NONE, NULL, 7 };
		g_autoptr(GError) error = NULL;

		assert_false(wax_hop_parse(bad[i], &hop, &error));
		assert_non_null(error);
		assert_int_equal(hop.port, 7);
	}
}

static void an_address_cannot_climb_out_of_its_folder(void **state)
{
	g_autofree char *a = wax_maildir_folder("/m", "../../etc@x.example");
	g_autofree char *b = wax_maildir_folder("/m", "a/b@x.example");
	g_autofree char *c = wax_maildir_folder("/m", "bob@x.example");
	(void)state;

	assert_string_equal(a, "/m/%2E.%2F..%2Fetc@x.example");
	assert_string_equal(b, "/m/a%2Fb@x.example");
	assert_string_equal(c, "/m/bob@x.example");
}

static unsigned count_files(const char *box, const char *part)
{
	g_autofree char *name = g_build_filename(box, part, NULL);
	GDir *dir = g_dir_open(name, 0, NULL);
	unsigned n = 0;

	assert_non_null(dir);
	while (g_dir_read_name(dir))
		n++;
	g_dir_close(dir);
	return n;
}

static void remove_box(const char *box)
{
	static const char *const parts[] = { "tmp", "new", "cur" };

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *name = g_build_filename(box, parts[i], NULL);
		GDir *dir = g_dir_open(name, 0, NULL);
		const char *file;

		while (dir && (file = g_dir_read_name(dir))) {
			g_autofree char *full = g_build_filename(name, file, NULL);

			unlink(full);
		}
		g_clear_pointer(&dir, g_dir_close);
		rmdir(name);
	}
	rmdir(box);
}

static void a_repeated_delivery_finds_the_first(void **state)
{
	g_autofree char *box = g_build_filename(folder, "box", NULL);
	g_autofree char *was = NULL, *read = NULL, *text = NULL;
	WaxSource octets = wax_source_span(WAX_SPAN_LIT("Subject: x\r\n\r\nbody\r\n"));
	bool there = true;
	(void)state;

	assert_true(wax_maildir_deliver(box, WAX_SPAN_LIT("Return-Path: <>\r\n"), &octets, 77, "abcd",
		false, &there, NULL));
	assert_false(there);
	assert_int_equal(count_files(box, "new"), 1);
	assert_int_equal(count_files(box, "tmp"), 0);
	was = g_build_filename(box, "new", "77.Kabcd.waxwing", NULL);
	assert_true(g_file_get_contents(was, &text, NULL, NULL));
	assert_string_equal(text, "Return-Path: <>\r\nSubject: x\r\n\r\nbody\r\n");
	assert_true(wax_maildir_deliver(box, WAX_SPAN_NONE, &octets, 77, "abcd", true, &there, NULL));
	assert_true(there);
	/* somebody read it meanwhile */
	read = g_build_filename(box, "cur", "77.Kabcd.waxwing:2,S", NULL);
	assert_int_equal(rename(was, read), 0);
	assert_true(wax_maildir_deliver(box, WAX_SPAN_NONE, &octets, 77, "abcd", true, &there, NULL));
	assert_true(there);
	assert_int_equal(count_files(box, "new"), 0);
	/* another copy is another file */
	assert_true(wax_maildir_deliver(box, WAX_SPAN_NONE, &octets, 77, "abcde", true, &there, NULL));
	assert_false(there);
	remove_box(box);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(every_recipient_has_its_own_outcome),
		TEST(what_was_asked_for_is_passed_on),
		TEST(what_the_next_hop_lacks_is_refused),
		TEST(a_broken_next_hop_is_temporary),
		TEST(without_a_journal_the_dot_is_never_sent),
		TEST(a_stale_connection_is_replaced_once),
		TEST(client_and_server_agree_on_octets),
		TEST(routes_are_read_strictly),
		TEST(an_address_cannot_climb_out_of_its_folder),
		TEST(a_repeated_delivery_finds_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
