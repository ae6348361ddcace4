/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/front/conversation.h"

/* what a dialogue came to: replies, contents, how often which event */
typedef struct {
	GString *replies;
	GString *content;
	GString *trace; /* M R D E A C, in order */
	WaxReply refuse_mail, refuse_rcpt, refuse_data;
	unsigned refuse_nth_rcpt;
	unsigned rcpts;
	int codes[8]; /* answers at END */
	bool internal, internal_by_tls;
} Heard;

static void heard_init(Heard *h)
{
	memset(h, 0, sizeof(*h));
	h->internal = true;
	h->replies = g_string_new(NULL);
	h->content = g_string_new(NULL);
	h->trace = g_string_new(NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(h->codes); i++)
		h->codes[i] = 250;
}

static void heard_clear(Heard *h)
{
	g_string_free(h->replies, TRUE);
	g_string_free(h->content, TRUE);
	g_string_free(h->trace, TRUE);
}

static void answer(WaxConversation *talk, Heard *h)
{
	size_t n = wax_conversation_get_envelope(talk)->recipients->len;
	WaxReply replies[8];

	assert_true(n <= 8);
	for (size_t i = 0; i < n; i++) {
		char enhanced[8];

		g_snprintf(enhanced, sizeof(enhanced), "%d.0.0", h->codes[i] / 100);
		replies[i] = wax_reply_make(h->codes[i], enhanced, "r%zu", i);
	}
	wax_conversation_answer(talk, replies, n);
}

/* hear - feed the dialogue in pieces of `piece` octets */
static void hear(const WaxTalkRules *rules, WaxSpan in, size_t piece, Heard *h)
{
	g_autoptr(WaxConversation) talk = wax_conversation_new(rules);
	size_t at = 0, end = 0;
	bool over = false;

	wax_conversation_trust(talk, h->internal);
	while (!over) {
		WaxSpan content = WAX_SPAN_NONE;
		size_t used = 0;
		WaxTalkEvent event;
		bool more_before = at < end;

		event = wax_conversation_step(talk, WAX_SPAN(in.p + at, end - at), &used, &content);
		at += used;
		switch (event) {
		case WAX_TALK_MORE:
			assert_int_equal(at, end);
			g_string_append_len(h->replies, (const char *)wax_conversation_output(talk).p,
				(gssize)wax_conversation_output(talk).n);
			wax_conversation_sent(talk);
			if (end == in.n)
				over = true;
			end = MIN(in.n, end + piece);
			break;
		case WAX_TALK_MAIL:
			g_string_append_c(h->trace, 'M');
			if (h->refuse_mail.code)
				wax_conversation_refuse(talk, &h->refuse_mail);
			break;
		case WAX_TALK_RCPT:
			g_string_append_c(h->trace, 'R');
			if (h->refuse_rcpt.code && ++h->rcpts == h->refuse_nth_rcpt)
				wax_conversation_refuse(talk, &h->refuse_rcpt);
			break;
		case WAX_TALK_DATA:
			g_string_append_c(h->trace, 'D');
			if (h->refuse_data.code)
				wax_conversation_refuse(talk, &h->refuse_data);
			break;
		case WAX_TALK_BODY:
			assert_true(more_before && content.n > 0);
			g_string_append_len(h->content, (const char *)content.p, (gssize)content.n);
			break;
		case WAX_TALK_END:
			g_string_append_c(h->trace, 'E');
			answer(talk, h);
			break;
		case WAX_TALK_TLS:
			g_string_append_c(h->trace, 'T');
			wax_conversation_secured(talk);
			wax_conversation_trust(talk, h->internal_by_tls);
			break;
		case WAX_TALK_ABORT:
			g_string_append_c(h->trace, 'A');
			break;
		case WAX_TALK_CLOSE:
			g_string_append_c(h->trace, 'C');
			over = true;
			break;
		}
	}
	g_string_append_len(h->replies, (const char *)wax_conversation_output(talk).p,
		(gssize)wax_conversation_output(talk).n);
}

static const WaxTalkRules lmtp = { .lmtp = true, .host = "gw", .size_limit = 1000,
	.max_recipients = 4, .xforward = true };
static const WaxTalkRules smtp = { .lmtp = false, .host = "gw", .size_limit = 1000,
	.max_recipients = 4, .xforward = false };

/* codes - "220 250-250-250 354": first words of the lines */
static char *codes(const char *replies)
{
	GString *out = g_string_new(NULL);
	g_auto(GStrv) lines = g_strsplit(replies, "\r\n", -1);

	for (char **line = lines; *line; line++) {
		if (strlen(*line) < 4 || (*line)[3] == '-')
			continue;
		g_string_append_printf(out, "%s%.3s", out->len ? " " : "", *line);
	}
	return g_string_free(out, FALSE);
}

#define HI   "LHLO c\r\n"
#define EH   "EHLO c\r\n"
#define M    "MAIL FROM:<a@x.example>\r\n"
#define R    "RCPT TO:<b@y.example>\r\n"
#define R2   "RCPT TO:<c@y.example>\r\n"
#define DATA "DATA\r\n"

/* every dialogue gives the same replies however its octets are cut */
static void dialogues_are_answered(void **state)
{
	static const struct {
		const WaxTalkRules *rules;
		const char *in;
		const char *codes;
		const char *trace;
	} rows[] = {
		{ &lmtp, HI M R DATA "x\r\n.\r\nQUIT\r\n", "220 250 250 250 354 250 221", "MRDEC" },
		{ &lmtp, HI M R R2 DATA "x\r\n.\r\nQUIT\r\n", "220 250 250 250 250 354 250 250 221",
			"MRRDEC" },
		{ &smtp, EH M R R2 DATA "x\r\n.\r\nQUIT\r\n", "220 250 250 250 250 354 250 221",
			"MRRDEC" },
		{ &smtp, "HELO c\r\n" M R DATA ".\r\n", "220 250 250 250 354 250", "MRDE" },
		/* the wrong protocol, the wrong order */
		{ &lmtp, EH, "220 500", "" },
		{ &smtp, HI, "220 500", "" },
		{ &smtp, M, "220 503", "" },
		{ &smtp, EH R, "220 250 503", "" },
		{ &smtp, EH M DATA, "220 250 250 503", "M" },
		{ &smtp, EH M M, "220 250 250 503", "M" },
		{ &smtp, EH DATA, "220 250 503", "" },
		{ &smtp, EH M "RSET\r\n" R, "220 250 250 250 503", "M" },
		{ &smtp, EH M EH R, "220 250 250 250 503", "M" },
		{ &smtp, EH M R DATA ".\r\n" R, "220 250 250 250 354 250 503", "MRDE" },
		{ &smtp, EH M R "DATA now\r\n", "220 250 250 250 501", "MR" },
		/* no command at all */
		{ &smtp, "GET / HTTP/1.1\r\nHost: x\r\n", "220 421", "C" },
		{ &smtp, EH "FROBNICATE\r\n\r\n \r\n", "220 250 500 500 500", "" },
		{ &smtp, EH "NO\x01OP\r\n", "220 250 500", "" },
		{ &smtp, EH "NOOP \xff\r\n", "220 250 500", "" },
		{ &smtp, "EHLO\r\n", "220 501", "" },
		{ &smtp, EH "VRFY x\r\nHELP\r\nNOOP\r\n", "220 250 252 214 250", "" },
		/* a bare LF ends the conversation */
		{ &smtp, "EHLO c\nMAIL FROM:<a@x.example>\r\n", "220 521", "C" },
		{ &smtp, EH "NOOP\nNOOP\r\n", "220 250 521", "C" },
		/* paths */
		{ &smtp, EH "MAIL FROM:<>\r\n", "220 250 250", "M" },
		{ &smtp, EH "MAIL FROM: <a@x.example>\r\n", "220 250 250", "M" },
		{ &smtp, EH "mail from:<a@x.example>\r\n", "220 250 250", "M" },
		{ &smtp, EH "MAIL FROM:<@r.example,@s.example:a@x.example>\r\n", "220 250 250", "M" },
		{ &smtp, EH "MAIL FROM:<\"a >b\"@x.example>\r\n", "220 250 250", "M" },
		{ &smtp, EH "MAIL FROM:a@x.example\r\n", "220 250 501", "" },
		{ &smtp, EH "MAIL FROM:<a@x.example\r\n", "220 250 501", "" },
		{ &smtp, EH "MAIL FROM:<a@x.example>junk\r\n", "220 250 501", "" },
		{ &smtp, EH "MAIL FROM:<a b@x.example>\r\n", "220 250 553", "" },
		{ &smtp, EH "MAIL FROM:<a@>\r\n", "220 250 553", "" },
		{ &smtp, EH "MAIL TO:<a@x.example>\r\n", "220 250 501", "" },
		{ &smtp, EH M "RCPT TO:<>\r\n", "220 250 250 553", "M" },
		{ &smtp, EH M "RCPT TO:<postmaster>\r\n", "220 250 250 553", "M" },
		{ &smtp, EH M "RCPT TO:<\xc3\xa4@x.example>\r\n", "220 250 250 553", "M" },
		/* parameters */
		{ &smtp, EH "MAIL FROM:<a@x.example> SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=q+2B1\r\n",
			"220 250 250", "M" },
		{ &smtp, EH "MAIL FROM:<\xc3\xa4@x.example> SMTPUTF8\r\n", "220 250 250", "M" },
		{ &smtp, EH "MAIL FROM:<a@x.example> SIZE=1001\r\n", "220 250 552", "" },
		{ &smtp, EH "MAIL FROM:<a@x.example> SIZE=99999999999999999999\r\n", "220 250 501", "" },
		{ &smtp, EH "MAIL FROM:<a@x.example> SIZE=1 SIZE=1\r\n", "220 250 501", "" },
		{ &smtp, EH "MAIL FROM:<a@x.example> BODY=BINARYMIME\r\n", "220 250 501", "" },
		{ &smtp, EH "MAIL FROM:<a@x.example> RET=SOME\r\n", "220 250 501", "" },
		{ &smtp, EH "MAIL FROM:<a@x.example> ENVID=a+2b\r\n", "220 250 501", "" },
		{ &smtp, EH "MAIL FROM:<a@x.example> SMTPUTF8=1\r\n", "220 250 501", "" },
		{ &smtp, EH "MAIL FROM:<a@x.example> BY=3\r\n", "220 250 555", "" },
		{ &smtp, "HELO c\r\nMAIL FROM:<a@x.example> SIZE=1\r\n", "220 250 555", "" },
		{ &smtp, EH M "RCPT TO:<b@y.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@y.example\r\n",
			"220 250 250 250", "MR" },
		{ &smtp, EH M "RCPT TO:<b@y.example> NOTIFY=NEVER,DELAY\r\n", "220 250 250 501", "M" },
		{ &smtp, EH M "RCPT TO:<b@y.example> NOTIFY=SUCCESS,\r\n", "220 250 250 501", "M" },
		{ &smtp, EH M "RCPT TO:<b@y.example> NOTIFY=DELAY,DELAY\r\n", "220 250 250 501", "M" },
		{ &smtp, EH M "RCPT TO:<b@y.example> NOTIFY=\r\n", "220 250 250 501", "M" },
		{ &smtp, EH M "RCPT TO:<b@y.example> ORCPT=b@y.example\r\n", "220 250 250 501", "M" },
		{ &smtp, EH M "RCPT TO:<b@y.example> FOO=1\r\n", "220 250 250 555", "M" },
		/* recipients above the limit are for another transaction */
		{ &lmtp, HI M R R R R R DATA ".\r\n",
			"220 250 250 250 250 250 250 452 354 250 250 250 250", "MRRRRDE" },
		/* XFORWARD only where the listener is internal */
		{ &lmtp, HI "XFORWARD NAME=h ADDR=192.0.2.1 IDENT=q1\r\n" M, "220 250 250 250", "M" },
		{ &lmtp, HI "XFORWARD COLOUR=red\r\n", "220 250 501", "" },
		{ &lmtp, HI "XFORWARD NAME\r\nXFORWARD\r\n", "220 250 501 501", "" },
		{ &lmtp, HI M "XFORWARD NAME=x\r\n", "220 250 250 503", "M" },
		{ &smtp, EH "XFORWARD NAME=x\r\n", "220 250 550", "" },
		/* the end of a message is CR LF . CR LF alone */
		{ &lmtp, HI M R DATA "x\n.\nMAIL FROM:<evil@x.example>\r\n.\r\n",
			"220 250 250 250 354 554", "MRDA" },
		{ &lmtp, HI M R DATA "x\n.\r\nMAIL FROM:<evil@x.example>\r\n.\r\n",
			"220 250 250 250 354 554", "MRDA" },
		{ &lmtp, HI M R DATA "x\r\n.\nMAIL FROM:<evil@x.example>\r\n.\r\n",
			"220 250 250 250 354 554", "MRDA" },
		{ &lmtp, HI M R DATA "x\r\n.\rMAIL FROM:<evil@x.example>\r\n.\r\n",
			"220 250 250 250 354 250", "MRDE" },
		{ &lmtp, HI M R DATA "x\r.\rQUIT\r\n.\r\n", "220 250 250 250 354 250", "MRDE" },
	};
	static const size_t pieces[] = { 1, 2, 3, 7, 4096 };
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		for (size_t j = 0; j < G_N_ELEMENTS(pieces); j++) {
			Heard h;
			g_autofree char *got = NULL;

			heard_init(&h);
			hear(rows[i].rules, WAX_SPAN(rows[i].in, strlen(rows[i].in)), pieces[j], &h);
			got = codes(h.replies->str);
			if (strcmp(got, rows[i].codes) != 0 || strcmp(h.trace->str, rows[i].trace) != 0)
				fail_msg("row %zu, pieces of %zu: '%s' '%s'\n%s", i, pieces[j], got,
					h.trace->str, h.replies->str);
			heard_clear(&h);
		}
}

/* the octets of a message are what was meant, dots unstuffed and nothing else */
static void octets_arrive_exactly(void **state)
{
	static const struct {
		WaxSpan sent, meant;
	} rows[] = {
#define ROW(a, b) { WAX_SPAN_LIT(a), WAX_SPAN_LIT(b) }
		ROW("", ""),
		ROW("a\r\n", "a\r\n"),
		ROW("..\r\n", ".\r\n"),
		ROW("...\r\n..a\r\na.\r\n", "..\r\n.a\r\na.\r\n"),
		ROW(".a\r\n", "a\r\n"),
		ROW(".\ra\r\n", "\ra\r\n"),
		ROW(".\r\ra\r\n", "\r\ra\r\n"),
		ROW("a\rb\r\n", "a\rb\r\n"),
		ROW("a\r\r\n", "a\r\r\n"),
		ROW("a\0b \t\r\n\r\n\xff\xfe\r\n", "a\0b \t\r\n\r\n\xff\xfe\r\n"),
		ROW("\r\n\r\n..\r\n", "\r\n\r\n.\r\n"),
#undef ROW
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		for (size_t piece = 1; piece < 12; piece++) {
			g_autoptr(GString) in = g_string_new(HI M R DATA);
			Heard h;

			g_string_append_len(in, (const char *)rows[i].sent.p, (gssize)rows[i].sent.n);
			g_string_append(in, ".\r\n");
			heard_init(&h);
			hear(&lmtp, WAX_SPAN(in->str, in->len), piece, &h);
			assert_string_equal(h.trace->str, "MRDE");
			assert_int_equal(h.content->len, rows[i].meant.n);
			assert_memory_equal(h.content->str, rows[i].meant.p, rows[i].meant.n);
			heard_clear(&h);
		}
}

/* L-04: a message above the limit is refused and never given on beyond it */
static void too_large_is_refused_when_it_has_ended(void **state)
{
	static const struct {
		size_t octets;
		const char *codes, *trace;
	} rows[] = { { 1000, "220 250 250 250 250 354 250 250 250", "MRRDE" },
		{ 1001, "220 250 250 250 250 354 552 552 250", "MRRDA" },
		{ 2400, "220 250 250 250 250 354 552 552 250", "MRRDA" } };
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) in = g_string_new(HI M R R2 DATA);
		g_autofree char *got = NULL;
		size_t begin = in->len;
		Heard h;

		while (in->len - begin < rows[i].octets - 2)
			g_string_append_c(in, 'a');
		g_string_append(in, "\r\n.\r\nNOOP\r\n");
		heard_init(&h);
		hear(&lmtp, WAX_SPAN(in->str, in->len), 64, &h);
		got = codes(h.replies->str);
		assert_string_equal(got, rows[i].codes);
		assert_string_equal(h.trace->str, rows[i].trace);
		assert_true(h.content->len <= lmtp.size_limit);
		heard_clear(&h);
	}
}

static void a_refused_sender_recipient_or_message_leaves_no_trace(void **state)
{
	Heard h;
	g_autofree char *mail = NULL, *rcpt = NULL, *data = NULL;
	(void)state;

	heard_init(&h);
	h.refuse_mail = wax_reply_make(550, "5.7.1", "not ours");
	hear(&smtp, WAX_SPAN_LIT(EH M R), 5, &h);
	mail = codes(h.replies->str);
	assert_string_equal(mail, "220 250 550 503");
	heard_clear(&h);

	heard_init(&h);
	h.refuse_rcpt = wax_reply_make(550, "5.1.2", "no route");
	h.refuse_nth_rcpt = 1;
	hear(&lmtp, WAX_SPAN_LIT(HI M R R2 DATA "x\r\n.\r\n"), 5, &h);
	rcpt = codes(h.replies->str);
	assert_string_equal(rcpt, "220 250 250 550 250 354 250");
	heard_clear(&h);

	heard_init(&h);
	h.refuse_data = wax_reply_make(452, "4.3.1", "full");
	hear(&lmtp, WAX_SPAN_LIT(HI M R DATA "NOOP\r\n"), 5, &h);
	data = codes(h.replies->str);
	assert_string_equal(data, "220 250 250 250 452 250");
	heard_clear(&h);
}

static void a_long_line_is_refused_and_the_next_one_heard(void **state)
{
	g_autoptr(GString) in = g_string_new("EHLO ");
	g_autofree char *got = NULL;
	Heard h;
	(void)state;

	for (int i = 0; i < 3000; i++)
		g_string_append_c(in, 'a');
	g_string_append(in, "\r\nNOOP\r\n");
	heard_init(&h);
	hear(&smtp, WAX_SPAN(in->str, in->len), 100, &h);
	got = codes(h.replies->str);
	assert_string_equal(got, "220 500 250");
	heard_clear(&h);
}

static void too_many_faults_end_it(void **state)
{
	g_autoptr(GString) in = g_string_new(EH);
	Heard h;
	(void)state;

	for (int i = 0; i < 50; i++)
		g_string_append(in, "WHAT\r\n");
	heard_init(&h);
	hear(&smtp, WAX_SPAN(in->str, in->len), 4096, &h);
	assert_string_equal(h.trace->str, "C");
	assert_non_null(strstr(h.replies->str, "421 4.7.0"));
	heard_clear(&h);
}

/* GATEWAY d.4: one answer for all over SMTP, one for each over LMTP */
static void outcomes_are_merged_for_smtp_alone(void **state)
{
	static const struct {
		int first, second;
		const char *smtp, *lmtp;
	} rows[] = {
		{ 250, 250, "250", "250 250" },
		{ 250, 451, "451", "250 451" },
		{ 550, 451, "451", "550 451" },
		{ 250, 550, "250", "250 550" },
		{ 550, 554, "550", "550 554" },
		{ 250, 452, "451", "250 452" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		Heard a, b;
		g_autofree char *one = NULL, *each = NULL;

		heard_init(&a);
		heard_init(&b);
		a.codes[0] = b.codes[0] = rows[i].first;
		a.codes[1] = b.codes[1] = rows[i].second;
		hear(&smtp, WAX_SPAN_LIT(EH M R R2 DATA ".\r\n"), 50, &a);
		hear(&lmtp, WAX_SPAN_LIT(HI M R R2 DATA ".\r\n"), 50, &b);
		one = codes(a.replies->str);
		each = codes(b.replies->str);
		assert_true(g_str_has_suffix(one, rows[i].smtp));
		assert_int_equal(strlen(one), strlen("220 250 250 250 250 354 250"));
		assert_true(g_str_has_suffix(each, rows[i].lmtp));
		heard_clear(&a);
		heard_clear(&b);
	}
}

static void what_was_said_about_the_message_is_kept(void **state)
{
	g_autoptr(WaxConversation) talk = wax_conversation_new(&lmtp);
	static const char in[] = HI
		"XFORWARD NAME=h IDENT=4Xy+2Bz\r\n"
		"MAIL FROM:<Ann@X.example> RET=HDRS ENVID=e1 BODY=8BITMIME SIZE=7\r\n"
		"RCPT TO:<Bob@Y.Example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;bob+2B@y.example\r\n";
	const WaxEnvelope *envelope;
	const WaxRecipient *recipient;
	g_autofree char *ident = NULL;
	WaxSpan rest = WAX_SPAN_LIT(in), content;
	size_t used;
	(void)state;

	wax_conversation_trust(talk, true);

	while (wax_conversation_step(talk, rest, &used, &content) != WAX_TALK_MORE) {
		rest.p += used;
		rest.n -= used;
	}
	envelope = wax_conversation_get_envelope(talk);
	assert_string_equal(envelope->sender, "Ann@x.example");
	assert_string_equal(envelope->sender_key, "ann@x.example");
	assert_string_equal(envelope->envid, "e1");
	assert_int_equal(envelope->ret, WAX_RET_HDRS);
	assert_true(envelope->eight_bit);
	assert_false(envelope->utf8);
	assert_int_equal(envelope->size, 7);
	ident = wax_envelope_ident(envelope);
	assert_string_equal(ident, "4Xy+z");
	assert_int_equal(envelope->recipients->len, 1);
	recipient = g_ptr_array_index(envelope->recipients, 0);
	assert_string_equal(recipient->key, "bob@y.example");
	assert_string_equal(recipient->domain, "y.example");
	assert_string_equal(recipient->orcpt, "rfc822;bob+2B@y.example");
	assert_int_equal(recipient->notify, WAX_NOTIFY_FAILURE | WAX_NOTIFY_DELAY);
}

static void replies_are_read_strictly_and_cleaned(void **state)
{
	WaxReply reply;
	bool more = true;
	(void)state;

	assert_true(wax_reply_read(WAX_SPAN_LIT("550 5.7.1 no\tway\x01"), &reply, &more));
	assert_int_equal(reply.code, 550);
	assert_string_equal(reply.enhanced, "5.7.1");
	assert_string_equal(reply.text, "no way?");
	assert_false(more);
	assert_true(wax_reply_read(WAX_SPAN_LIT("250-x"), &reply, &more));
	assert_true(more);
	/* an enhanced code of another class is text */
	assert_true(wax_reply_read(WAX_SPAN_LIT("250 5.7.1 x"), &reply, &more));
	assert_string_equal(reply.enhanced, "");
	assert_false(wax_reply_read(WAX_SPAN_LIT("25"), &reply, &more));
	assert_false(wax_reply_read(WAX_SPAN_LIT("650 x"), &reply, &more));
	assert_false(wax_reply_read(WAX_SPAN_LIT("250x"), &reply, &more));
	assert_false(wax_reply_read(WAX_SPAN_LIT("hello"), &reply, &more));
}

static void hear_all(const WaxTalkRules *rules, const char *in, bool by_tls, const char *expected,
	const char *trace, GString *ret_replies)
{
	Heard h = { .replies = ret_replies, .trace = g_string_new(NULL),
		.content = g_string_new(NULL), .internal_by_tls = by_tls };
	g_autofree char *got = NULL;

	g_string_truncate(ret_replies, 0);
	hear(rules, WAX_SPAN(in, strlen(in)), 1, &h);
	got = codes(ret_replies->str);
	assert_string_equal(got, expected);
	assert_string_equal(h.trace->str, trace);
	g_string_free(h.trace, TRUE);
	g_string_free(h.content, TRUE);
}

/* RFC 3207 4.2: "the SMTP protocol is reset to the initial state"; nobody is internal before TLS */
static void tls_begins_a_new_conversation(void **state)
{
	WaxTalkRules rules = smtp;
	GString *replies = g_string_new(NULL);
	(void)state;

	hear_all(&rules, EH "STARTTLS\r\n", false, "220 250 502", "", replies);
	rules.tls = rules.xforward = true;
	hear_all(&rules, "STARTTLS\r\n", false, "220 503", "", replies);
	hear_all(&rules, EH "STARTTLS now\r\n", false, "220 250 501", "", replies);
	hear_all(&rules, EH "STARTTLS\r\n" M, false, "220 250 220 503", "T", replies);
	hear_all(&rules, EH "STARTTLS\r\n" EH "STARTTLS\r\n", false, "220 250 220 250 502", "T",
		replies);
	hear_all(&rules, EH "XFORWARD NAME=x\r\nSTARTTLS\r\n" EH "XFORWARD NAME=x\r\n" M, true,
		"220 250 550 220 250 250 250", "TM", replies);
	/* offered once, and XFORWARD only to whom it is open */
	assert_ptr_equal(
		strstr(replies->str, "250-STARTTLS"), g_strrstr(replies->str, "250-STARTTLS"));
	assert_true(strstr(replies->str, "250-XFORWARD") > strstr(replies->str, "go on in TLS"));
	g_string_free(replies, TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialogues_are_answered),
		cmocka_unit_test(octets_arrive_exactly),
		cmocka_unit_test(too_large_is_refused_when_it_has_ended),
		cmocka_unit_test(a_refused_sender_recipient_or_message_leaves_no_trace),
		cmocka_unit_test(a_long_line_is_refused_and_the_next_one_heard),
		cmocka_unit_test(too_many_faults_end_it),
		cmocka_unit_test(outcomes_are_merged_for_smtp_alone),
		cmocka_unit_test(what_was_said_about_the_message_is_kept),
		cmocka_unit_test(replies_are_read_strictly_and_cleaned),
		cmocka_unit_test(tls_begins_a_new_conversation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
