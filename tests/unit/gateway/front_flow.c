/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/status.h"
#include "gateway/front/flow.h"

/* token_for - as the policy makes it, for a plan that allows plaintext */
static WaxPlainToken *token_for(const char *address)
{
	g_autoptr(WaxPlan) plan = wax_plan_new("ann@own.example");
	WaxPlanRecipient *recipient = wax_plan_add(plan, address);

	recipient->floor = WAX_FLOOR_NONE;
	recipient->method = WAX_PLAN_PLAIN;
	return wax_plan_plain_token(plan, address);
}

/* the rest of the service, as simple as it can be */
typedef struct {
	char folder[64];
	WaxMail *mail;
	WaxDeliverer *deliverer;
	WaxFlow *flow;
	WaxFlowRules rules;
	/* what the worker says of the message */
	const char *message_id;
	const char *named[8];
	unsigned received;
	WaxReason fault;
	char *hop;
	bool sealed;
	WaxReason facts_fail, decide_fail, build_fail, open_fail;
	const char *build_fail_for;
	bool may_see[8];
	bool decrypted;
	/* what was asked of it */
	GString *built;
	unsigned builds;
} Service;

static bool fake_domain(void *ctx, const char *domain, bool *ret_own, char **ret_route,
	GError **error)
{
	Service *s = ctx;

	(void)error;
	*ret_own = strcmp(domain, "own.example") == 0;
	*ret_route = g_strdup_printf("maildir:%s", s->folder);
	return true;
}

static bool fake_facts(void *ctx, WaxSpool *message, WaxJobFacts *facts, GError **error)
{
	Service *s = ctx;

	(void)message;
	if (s->facts_fail)
		return wax_fail(error, s->facts_fail, "the worker died");
	facts->message_id = g_strdup(s->message_id);
	facts->named = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < G_N_ELEMENTS(s->named) && s->named[i]; i++)
		g_ptr_array_add(facts->named, g_strdup(s->named[i]));
	facts->received = s->received;
	facts->fault = s->fault;
	facts->hop = g_strdup(s->hop);
	facts->sealed = s->sealed;
	return true;
}

static void free_bytes(gpointer bytes)
{
	g_bytes_unref(bytes);
}

static bool fake_decide(void *ctx, const WaxEnvelope *envelope, const WaxJobFacts *facts,
	WaxDecision *decisions, GError **error)
{
	Service *s = ctx;

	(void)facts;
	if (s->decide_fail)
		return wax_fail(error, s->decide_fail, "the directory does not answer");
	for (guint i = 0; i < envelope->recipients->len; i++) {
		const WaxRecipient *recipient = g_ptr_array_index(envelope->recipients, i);
		WaxDecision *decision = &decisions[i];

		decision->route = g_strdup_printf("maildir:%s", s->folder);
		decision->why = g_strdup("{}");
		if (g_str_has_prefix(recipient->key, "seal")) {
			decision->method = WAX_METHOD_SEAL;
			decision->certs = g_ptr_array_new_with_free_func(free_bytes);
			g_ptr_array_add(decision->certs, g_bytes_new("cert", 4));
		} else if (g_str_has_prefix(recipient->key, "plain")) {
			decision->method = WAX_METHOD_PLAIN;
			decision->token = token_for(recipient->key);
			assert_non_null(decision->token);
		} else if (g_str_has_prefix(recipient->key, "stolen")) {
			decision->method = WAX_METHOD_PLAIN; /* a token that is for somebody else */
			decision->token = token_for("plain@x.example");
		} else if (g_str_has_prefix(recipient->key, "none")) {
			decision->method = WAX_METHOD_REFUSE;
			decision->reason = WAX_R_NO_CERTIFICATE;
			decision->text = g_strdup("no certificate");
		} else if (g_str_has_prefix(recipient->key, "wait")) {
			decision->method = WAX_METHOD_REFUSE;
			decision->reason = WAX_R_TRUST_STATUS_UNKNOWN;
		} else if (g_str_has_prefix(recipient->key, "lost")) {
			g_clear_pointer(&decision->route, g_free);
			decision->method = WAX_METHOD_SEAL;
		}
	}
	return true;
}

static bool fake_build(void *ctx, WaxSpool *message, const WaxFlowBuild *build,
	WaxFlowBuilt *built, GError **error)
{
	Service *s = ctx;
	g_autoptr(GString) text = g_string_new(
		build->method == WAX_METHOD_SEAL ? "X: sealed" : "X: plain");

	(void)message;
	s->builds++;
	for (size_t i = 0; i < build->n; i++) {
		if (s->build_fail && strcmp(build->recipients[i]->key, s->build_fail_for) == 0)
			return wax_fail(error, s->build_fail, "not built");
		g_string_append_printf(text, " %s", build->recipients[i]->key);
	}
	g_string_append_printf(s->built, "%s/%u\n", text->str, build->certs->len);
	g_string_append(text, "\r\n\r\nx\r\n");
	built->copy = wax_spool_new_near();
	return wax_spool_append(built->copy, WAX_SPAN(text->str, text->len), error);
}

static bool fake_spool(const char *text, WaxSpool **ret_spool, GError **error)
{
	*ret_spool = wax_spool_new_near();
	return wax_spool_append(*ret_spool, WAX_SPAN(text, strlen(text)), error);
}

static bool fake_open(void *ctx, WaxSpool *message, const WaxEnvelope *envelope,
	WaxFlowOpened *opened, GError **error)
{
	Service *s = ctx;

	(void)message;
	if (s->open_fail)
		return wax_fail(error, s->open_fail, "not opened");
	opened->message_id = g_strdup(s->message_id);
	opened->received = s->received;
	opened->decrypted = s->decrypted;
	if (s->decrypted) {
		opened->may_see = g_new0(bool, envelope->recipients->len);
		/* as a worker does: the first key that opens it is enough, the others are not tried */
		for (guint i = 0; i < envelope->recipients->len; i++) {
			const WaxRecipient *to = g_ptr_array_index(envelope->recipients, i);

			opened->may_see[i] = s->may_see[(to->key[0] - 'a') & 7];
			if (opened->may_see[i])
				break;
		}
		if (!fake_spool("X: original\r\n\r\n", &opened->original, error))
			return false;
	}
	return fake_spool("X: shown\r\n\r\n", &opened->shown, error);
}

static void renew(Service *s)
{
	WaxFlowParts parts = { s, fake_domain, fake_facts, fake_decide, fake_build, fake_open };

	wax_flow_free(s->flow);
	s->flow = wax_flow_new(&s->rules, &parts, s->mail, s->deliverer);
}

static int begin(void **state)
{
	Service *s = g_new0(Service, 1);
	g_autofree char *path = NULL;

	g_strlcpy(s->folder, "/tmp/wax-flow-XXXXXX", sizeof(s->folder));
	if (!mkdtemp(s->folder))
		return -1;
	path = g_build_filename(s->folder, "mail.db", NULL);
	if (!wax_mail_open(path, &s->mail, NULL))
		return -1;
	s->deliverer = wax_deliverer_new(s->mail, "gw.own.example");
	s->built = g_string_new(NULL);
	s->message_id = "<1@own.example>";
	s->rules = (WaxFlowRules){ .direction = WAX_OUTBOUND,
		.host = "gw.own.example",
		.size_out = 10000,
		.received_limit = 50,
		.recipient_infos = 50,
		.time_limit = 480 * 1000,
		.hop_secret = WAX_SPAN_LIT("0123456789abcdef0123456789abcdef"),
		.lmtp = true,
		.notices_per_hour = 3 };
	renew(s);
	*state = s;
	return 0;
}

static void remove_tree(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *full = g_build_filename(path, name, NULL);

		if (g_file_test(full, G_FILE_TEST_IS_DIR))
			remove_tree(full);
		else
			unlink(full);
	}
	g_clear_pointer(&dir, g_dir_close);
	rmdir(path);
}

static int end(void **state)
{
	Service *s = *state;

	wax_flow_free(s->flow);
	wax_deliverer_free(s->deliverer);
	wax_mail_close(s->mail);
	remove_tree(s->folder);
	g_string_free(s->built, TRUE);
	g_free(s->hop);
	g_free(s);
	return 0;
}

/* converse - one connection; gives back the codes of the replies after the envelope */
static char *converse(Service *s, const char *queue, const char *sender, const char *const *rcpts,
	const char *body)
{
	g_autoptr(GString) in = g_string_new(NULL);
	GString *out = g_string_new(NULL);
	WaxServeRules rules = { .talk = { .lmtp = s->rules.lmtp, .host = "gw", .size_limit = 100000,
					.max_recipients = 100, .xforward = true },
		.command_wait = 2000, .data_wait = 2000, .stop_fd = -1 };
	WaxServeCalls calls;
	g_autoptr(WaxFlowSession) session = wax_flow_session_new(s->flow, &calls);
	g_auto(GStrv) lines = NULL;
	g_autofree char *said = g_malloc0(65536);
	int pair[2];
	size_t got = 0, skip = 0;
	ssize_t n;

	g_string_append(in, s->rules.lmtp ? "LHLO c\r\n" : "EHLO c\r\n");
	if (queue)
		g_string_append_printf(in, "XFORWARD IDENT=%s\r\n", queue);
	g_string_append_printf(in, "MAIL FROM:<%s>\r\n", sender);
	for (; *rcpts; rcpts++)
		g_string_append_printf(in, "RCPT TO:<%s>\r\n", *rcpts);
	g_string_append_printf(in, "DATA\r\n%s.\r\nQUIT\r\n", body);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(write(pair[0], in->str, in->len), (ssize_t)in->len);
	wax_serve(pair[1], &rules, &calls);
	while ((n = read(pair[0], said + got, 65535 - got)) > 0)
		got += (size_t)n;
	close(pair[0]);
	lines = g_strsplit(said, "\r\n", -1);
	for (char **line = lines; *line; line++) {
		if (strlen(*line) < 4 || (*line)[3] == '-' || g_str_has_prefix(*line, "221"))
			continue;
		if (g_str_has_prefix(*line, "354")) {
			skip = out->len;
			continue;
		}
		/* code and enhanced code */
		g_string_append_printf(out, "%s%.*s", out->len > skip ? " " : "",
			(int)strcspn(*line + 4, " ") + 4, *line);
	}
	g_string_erase(out, 0, (gssize)skip);
	return g_string_free(out, FALSE);
}

/* in_box - how many copies lie there; the text of the last */
static unsigned in_box(Service *s, const char *address, char **ret_text)
{
	g_autofree char *path = g_build_filename(s->folder, address, "new", NULL);
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;
	unsigned n = 0;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *full = g_build_filename(path, name, NULL);

		n++;
		if (ret_text) {
			g_free(*ret_text);
			assert_true(g_file_get_contents(full, ret_text, NULL, NULL));
		}
	}
	g_clear_pointer(&dir, g_dir_close);
	return n;
}

#define RCPTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void each_recipient_gets_an_answer_and_the_sender_one_text(void **state)
{
	Service *s = *state;
	g_autofree char *codes = NULL, *text = NULL;

	codes = converse(s, "Q1", "ann@own.example",
		RCPTS("seal1@x.example", "none@x.example", "wait@x.example", "plain@x.example"),
		"Subject: secret plan\r\n\r\nthe body\r\n");
	assert_string_equal(codes, "250 2.0.0 550 5.7.4 451 4.7.5 250 2.0.0");
	assert_int_equal(in_box(s, "seal1@x.example", NULL), 1);
	assert_int_equal(in_box(s, "none@x.example", NULL), 0);
	assert_int_equal(in_box(s, "plain@x.example", NULL), 1);
	assert_int_equal(in_box(s, "ann@own.example", &text), 1);
	assert_non_null(strstr(text, "Return-Path: <>"));
	assert_non_null(strstr(text, "Auto-Submitted: auto-replied"));
	assert_non_null(strstr(text, "X-Waxwing-Code: no_certificate"));
	assert_non_null(strstr(text, "none@x.example"));
	assert_non_null(strstr(text, "seal1@x.example"));
	assert_non_null(strstr(text, "Sent to 2, not sent to 1, to be tried again for 1."));
	assert_null(strstr(text, "secret"));
	assert_null(strstr(text, "the body"));
}

/* GATEWAY A.7: who is not named in To or Cc never shares a copy */
static void blind_recipients_are_alone(void **state)
{
	Service *s = *state;
	g_autofree char *codes = NULL;

	s->named[0] = "seal1@x.example";
	s->named[1] = "seal2@x.example";
	s->named[2] = "seal3@x.example";
	codes = converse(s, "Q1", "ann@own.example",
		RCPTS("seal8@x.example", "seal1@x.example", "seal2@x.example", "seal9@x.example",
			"seal3@x.example"),
		"x\r\n");
	assert_string_equal(codes, "250 2.0.0 250 2.0.0 250 2.0.0 250 2.0.0 250 2.0.0");
	assert_string_equal(s->built->str,
		"X: sealed seal8@x.example/1\n"
		"X: sealed seal1@x.example seal2@x.example seal3@x.example/3\n"
		"X: sealed seal9@x.example/1\n");
}

static void a_copy_has_a_limit_of_recipients(void **state)
{
	Service *s = *state;
	g_autofree char *codes = NULL;

	s->rules.recipient_infos = 2;
	renew(s);
	s->named[0] = "seal1@x.example";
	s->named[1] = "seal2@x.example";
	s->named[2] = "seal3@x.example";
	codes = converse(s, "Q1", "ann@own.example",
		RCPTS("seal1@x.example", "seal2@x.example", "seal3@x.example"), "x\r\n");
	assert_int_equal(s->builds, 2);
}

/* GATEWAY A.10: a repeated DATA delivers nothing twice */
static void a_message_given_again_is_answered_as_before(void **state)
{
	Service *s = *state;
	g_autofree char *first = NULL, *again = NULL, *other = NULL;

	first = converse(s, "Q1", "ann@own.example", RCPTS("seal1@x.example", "wait@x.example"),
		"x\r\n");
	again = converse(s, "Q1", "ann@own.example", RCPTS("seal1@x.example", "wait@x.example"),
		"x\r\n");
	assert_string_equal(first, "250 2.0.0 451 4.7.5");
	assert_string_equal(again, first);
	assert_int_equal(in_box(s, "seal1@x.example", NULL), 1);
	/* the same octets under another queue id are another message */
	other = converse(s, "Q2", "ann@own.example", RCPTS("seal1@x.example"), "x\r\n");
	assert_string_equal(other, "250 2.0.0");
	assert_int_equal(in_box(s, "seal1@x.example", NULL), 2);
}

static void without_queue_id_the_message_id_tells_repetitions(void **state)
{
	Service *s = *state;
	g_autofree char *a = NULL, *b = NULL, *c = NULL, *d = NULL;

	a = converse(s, NULL, "ann@own.example", RCPTS("seal1@x.example"), "x\r\n");
	b = converse(s, NULL, "ann@own.example", RCPTS("seal1@x.example"), "x\r\n");
	assert_int_equal(in_box(s, "seal1@x.example", NULL), 1);
	/* nothing tells them apart: better twice than swallowed */
	s->message_id = NULL;
	c = converse(s, NULL, "ann@own.example", RCPTS("seal2@x.example"), "x\r\n");
	d = converse(s, NULL, "ann@own.example", RCPTS("seal2@x.example"), "x\r\n");
	assert_int_equal(in_box(s, "seal2@x.example", NULL), 2);
}

static void a_mailbox_named_twice_gets_one_copy_and_two_answers(void **state)
{
	Service *s = *state;
	g_autofree char *codes = NULL;

	codes = converse(s, "Q1", "ann@own.example", RCPTS("seal1@x.example", "SEAL1@X.example"),
		"x\r\n");
	assert_string_equal(codes, "250 2.0.0 250 2.0.0");
	assert_int_equal(in_box(s, "seal1@x.example", NULL), 1);
}

static void all_or_nothing_sends_nothing(void **state)
{
	Service *s = *state;
	g_autofree char *codes = NULL, *waits = NULL;

	s->rules.all_or_nothing = true;
	renew(s);
	codes = converse(s, "Q1", "ann@own.example", RCPTS("seal1@x.example", "none@x.example"),
		"x\r\n");
	assert_string_equal(codes, "550 5.7.4 550 5.7.4");
	waits = converse(s, "Q2", "ann@own.example", RCPTS("seal1@x.example", "wait@x.example"),
		"x\r\n");
	assert_string_equal(waits, "451 4.3.0 451 4.7.5");
	assert_int_equal(s->builds, 0);
	assert_int_equal(in_box(s, "seal1@x.example", NULL), 0);
}

static void plaintext_without_the_token_never_leaves(void **state)
{
	Service *s = *state;
	g_autofree char *codes = NULL;

	codes = converse(s, "Q1", "ann@own.example", RCPTS("stolen@x.example"), "x\r\n");
	assert_string_equal(codes, "451 4.3.0");
	assert_int_equal(in_box(s, "stolen@x.example", NULL), 0);
}

/* GATEWAY d.5, the outbound column, as far as the flow decides it */
static void failures_have_their_codes(void **state)
{
	Service *s = *state;
	static const struct {
		WaxReason facts, decide, build, fault;
		unsigned received;
		const char *codes;
	} rows[] = {
		{ .facts = WAX_R_WORKER_DIED, .codes = "451 4.3.0" },
		{ .facts = WAX_R_DISK_FULL, .codes = "452 4.3.1" },
		{ .decide = WAX_R_DIRECTORY_DOWN, .codes = "451 4.4.3" },
		{ .decide = WAX_R_STORE_DOWN, .codes = "451 4.4.3" },
		{ .build = WAX_R_CUSTODY_DOWN, .codes = "451 4.7.5" },
		{ .build = WAX_R_CRYPTO_ERROR, .codes = "554 5.7.5" },
		{ .build = WAX_R_ALGORITHM_REFUSED, .codes = "554 5.7.6" },
		{ .build = WAX_R_WORKER_DIED, .codes = "451 4.3.0" },
		{ .build = WAX_R_INTERNAL, .codes = "451 4.3.0" },
		{ .fault = WAX_R_MIME_DUPLICATE_HEADER, .codes = "554 5.6.0" },
		{ .received = 51, .codes = "554 5.4.6" },
	};

	s->build_fail_for = "seal1@x.example";
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *codes = NULL;
		g_autofree char *queue = g_strdup_printf("Q%zu", i);

		s->facts_fail = rows[i].facts;
		s->decide_fail = rows[i].decide;
		s->build_fail = rows[i].build;
		s->fault = rows[i].fault;
		s->received = rows[i].received;
		codes = converse(s, queue, "ann@own.example", RCPTS("seal1@x.example"), "x\r\n");
		if (strcmp(codes, rows[i].codes) != 0)
			fail_msg("row %zu: %s instead of %s", i, codes, rows[i].codes);
	}
	assert_int_equal(in_box(s, "seal1@x.example", NULL), 0);
}

static void one_failed_copy_leaves_the_others_alone(void **state)
{
	Service *s = *state;
	g_autofree char *codes = NULL;

	s->build_fail = WAX_R_WORKER_DIED;
	s->build_fail_for = "seal1@x.example";
	codes = converse(s, "Q1", "ann@own.example",
		RCPTS("seal1@x.example", "seal2@x.example", "lost@x.example"), "x\r\n");
	assert_string_equal(codes, "451 4.3.0 250 2.0.0 550 5.1.2");
}

static void a_copy_above_the_limit_is_refused(void **state)
{
	Service *s = *state;
	g_autofree char *codes = NULL;

	s->rules.size_out = 10;
	renew(s);
	codes = converse(s, "Q1", "ann@own.example", RCPTS("seal1@x.example"), "x\r\n");
	assert_string_equal(codes, "552 5.3.4");
}

static void only_our_domains_send(void **state)
{
	Service *s = *state;
	g_autofree char *foreign = NULL, *null = NULL;

	foreign = converse(s, "Q1", "eve@x.example", RCPTS("seal1@x.example"), "");
	assert_non_null(strstr(foreign, "550 5.7.1"));
	null = converse(s, "Q2", "", RCPTS("seal1@x.example"), "x\r\n");
	assert_string_equal(null, "250 2.0.0");
}

static void over_smtp_a_hidden_refusal_is_told(void **state)
{
	Service *s = *state;
	g_autofree char *mixed = NULL, *waits = NULL, *later = NULL;

	s->rules.lmtp = false;
	renew(s);
	mixed = converse(s, "Q1", "ann@own.example", RCPTS("seal1@x.example", "none@x.example"),
		"x\r\n");
	assert_string_equal(mixed, "250 2.0.0");
	assert_int_equal(in_box(s, "ann@own.example", NULL), 1);
	/* deferred as a whole: no notice yet, and what is done is not done again */
	waits = converse(s, "Q2", "bea@own.example", RCPTS("seal1@x.example", "wait@x.example"),
		"y\r\n");
	assert_string_equal(waits, "451 4.7.5");
	assert_int_equal(in_box(s, "bea@own.example", NULL), 0);
	assert_int_equal(in_box(s, "seal1@x.example", NULL), 2);
	later = converse(s, "Q2", "bea@own.example", RCPTS("seal1@x.example", "wait@x.example"),
		"y\r\n");
	assert_int_equal(in_box(s, "seal1@x.example", NULL), 2);
}

static void notices_are_rate_limited_and_one_for_one_message(void **state)
{
	Service *s = *state;

	for (int i = 0; i < 6; i++) {
		g_autofree char *queue = g_strdup_printf("Q%d", i / 2);
		g_autofree char *codes = converse(s, queue, "ann@own.example",
			RCPTS("none@x.example"), "x\r\n");

		assert_string_equal(codes, "550 5.7.4");
	}
	assert_true(in_box(s, "ann@own.example", NULL) <= 3);
	assert_true(in_box(s, "ann@own.example", NULL) >= 1);
}

static void the_marker_means_done_and_never_weaker(void **state)
{
	Service *s = *state;
	g_autoptr(WaxRecipient) recipient = wax_recipient_new();
	g_autoptr(GPtrArray) recipients = g_ptr_array_new();
	g_autofree char *loop = NULL, *forged = NULL;
	char *value;

	recipient->key = g_strdup("seal1@x.example");
	g_ptr_array_add(recipients, recipient);
	value = wax_flow_hop(s->rules.hop_secret, WAX_OUTBOUND, "Q0", recipients);
	assert_true(wax_flow_hop_check(s->rules.hop_secret, WAX_OUTBOUND, value, recipients));
	assert_false(wax_flow_hop_check(s->rules.hop_secret, WAX_INBOUND, value, recipients));
	assert_false(wax_flow_hop_check(WAX_SPAN_LIT("x"), WAX_OUTBOUND, value, recipients));
	assert_false(wax_flow_hop_check(s->rules.hop_secret, WAX_OUTBOUND, "out; q=Q0; h=", recipients));
	assert_false(wax_flow_hop_check(s->rules.hop_secret, WAX_OUTBOUND, "", recipients));
	s->hop = value;
	/* believed, but not encrypted although it must be: a loop */
	loop = converse(s, "Q1", "ann@own.example", RCPTS("seal1@x.example"), "x\r\n");
	assert_string_equal(loop, "554 5.4.6");
	/* for other recipients it is no marker of ours: work goes its usual way */
	forged = converse(s, "Q2", "ann@own.example", RCPTS("seal2@x.example"), "x\r\n");
	assert_string_equal(forged, "250 2.0.0");
}

/* inbound: who may see gets the opened message, the others what came */
static void inbound_shows_each_what_is_theirs(void **state)
{
	Service *s = *state;
	g_autofree char *codes = NULL, *a = NULL, *b = NULL, *c = NULL;

	s->rules.direction = WAX_INBOUND;
	renew(s);
	s->decrypted = true;
	s->may_see[0] = s->may_see[2] = true;
	codes = converse(s, "Q1", "eve@x.example",
		RCPTS("a@own.example", "b@own.example", "c@own.example"), "x\r\n");
	assert_string_equal(codes, "250 2.0.0 250 2.0.0 250 2.0.0");
	assert_int_equal(in_box(s, "c@own.example", &c), 1);
	assert_non_null(strstr(c, "X: shown"));
	assert_int_equal(in_box(s, "a@own.example", &a), 1);
	assert_int_equal(in_box(s, "b@own.example", &b), 1);
	assert_non_null(strstr(a, "X: shown"));
	assert_non_null(strstr(b, "X: original"));
}

static void inbound_is_no_relay_and_custody_down_is_temporary(void **state)
{
	Service *s = *state;
	g_autofree char *relay = NULL, *down = NULL;

	s->rules.direction = WAX_INBOUND;
	renew(s);
	relay = converse(s, "Q1", "eve@x.example", RCPTS("a@x.example"), "");
	assert_non_null(strstr(relay, "550 5.1.2"));
	s->open_fail = WAX_R_CUSTODY_DOWN;
	down = converse(s, "Q2", "eve@x.example", RCPTS("a@own.example"), "x\r\n");
	assert_string_equal(down, "451 4.7.5");
	assert_int_equal(in_box(s, "a@own.example", NULL), 0);
}

static void the_timeline_tells_it_all(void **state)
{
	Service *s = *state;
	g_autofree char *codes = NULL;
	g_autoptr(GPtrArray) found = NULL, steps = NULL;
	g_autoptr(GString) words = g_string_new(NULL);
	const WaxMailMessage *message;

	codes = converse(s, "Q7", "ann@own.example", RCPTS("seal1@x.example", "none@x.example"),
		"x\r\n");
	assert_true(wax_mail_find(s->mail, "Q7", &found, NULL));
	assert_int_equal(found->len, 1);
	message = g_ptr_array_index(found, 0);
	assert_string_equal(message->message_id, "<1@own.example>");
	assert_true(wax_mail_trace(s->mail, message->reference, &steps, NULL));
	for (guint i = 0; i < steps->len; i++) {
		const WaxMailStep *step = g_ptr_array_index(steps, i);

		g_string_append_printf(words, "%s%s", i ? " " : "", step->step);
	}
	assert_string_equal(words->str,
		"received decided decided sealed delivered delivered refused answered");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(each_recipient_gets_an_answer_and_the_sender_one_text),
		TEST(blind_recipients_are_alone),
		TEST(a_copy_has_a_limit_of_recipients),
		TEST(a_message_given_again_is_answered_as_before),
		TEST(without_queue_id_the_message_id_tells_repetitions),
		TEST(a_mailbox_named_twice_gets_one_copy_and_two_answers),
		TEST(all_or_nothing_sends_nothing),
		TEST(plaintext_without_the_token_never_leaves),
		TEST(failures_have_their_codes),
		TEST(one_failed_copy_leaves_the_others_alone),
		TEST(a_copy_above_the_limit_is_refused),
		TEST(only_our_domains_send),
		TEST(over_smtp_a_hidden_refusal_is_told),
		TEST(notices_are_rate_limited_and_one_for_one_message),
		TEST(the_marker_means_done_and_never_weaker),
		TEST(inbound_shows_each_what_is_theirs),
		TEST(inbound_is_no_relay_and_custody_down_is_temporary),
		TEST(the_timeline_tells_it_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
