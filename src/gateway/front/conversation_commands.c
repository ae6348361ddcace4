/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/conversation_internal.h"

#include <string.h>

#include "core/address.h"

#define IN(state) (1u << WAX_STATE_##state)
#define ANY	  (IN(FRESH) | IN(READY) | IN(MAIL) | IN(RCPT))

/* read_mailbox - an addr-spec in its three forms; says why not */
static bool read_mailbox(
	WaxConversation *talk, WaxSpan path, char **ret_address, char **ret_key, char **ret_domain)
{
	g_auto(WaxAddress) address = { 0 };

	if (path.n > 320 || !wax_address_parse(path, &address, NULL)) {
		wax_talk_say(talk, 553, "5.1.3", "that is no address");
		return false;
	}
	*ret_address = wax_address_text(&address);
	*ret_key = wax_address_key(&address);
	*ret_domain = g_strdup(address.domain);
	return true;
}

static void then(
	WaxConversation *talk, WaxTalkEvent event, int code, const char *enhanced, const char *text)
{
	talk->has_pending = true;
	talk->pending_event = event;
	talk->pending = wax_reply_make(code, enhanced, "%s", text);
}

static void greet(WaxConversation *talk, WaxSpan rest, bool extended)
{
	WaxSpan name;

	if (!wax_word_next(&rest, &name)) {
		wax_talk_say(talk, 501, "5.5.4", "say who you are");
		return;
	}
	g_free(talk->helo);
	talk->helo = wax_word_dup(name);
	for (char *p = talk->helo; *p; p++)
		if ((unsigned char)*p > 0x7e)
			*p = '?';
	talk->extended = extended;
	talk->state = WAX_STATE_READY;
	wax_talk_reset(talk);
	if (!extended) {
		g_string_append_printf(talk->output, "250 %s\r\n", talk->rules.host);
		return;
	}
	g_string_append_printf(talk->output,
		"250-%s\r\n250-PIPELINING\r\n250-SIZE %" G_GUINT64_FORMAT "\r\n", talk->rules.host,
		talk->rules.size_limit);
	if (talk->rules.tls && !talk->secured)
		g_string_append(talk->output, "250-STARTTLS\r\n");
	if (talk->rules.xforward && talk->internal)
		g_string_append(
			talk->output, "250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n");
	g_string_append(talk->output, "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n"
				      "250-SMTPUTF8\r\n250 DSN\r\n");
}

static void on_ehlo(WaxConversation *talk, WaxSpan rest)
{
	if (talk->rules.lmtp)
		/* RFC 2033 4.1: "the LHLO command ... replaces HELO and EHLO" */
		wax_talk_say(talk, 500, "5.5.1", "this is LMTP: say LHLO");
	else
		greet(talk, rest, true);
}

static void on_helo(WaxConversation *talk, WaxSpan rest)
{
	if (talk->rules.lmtp)
		wax_talk_say(talk, 500, "5.5.1", "this is LMTP: say LHLO");
	else
		greet(talk, rest, false);
}

static void on_lhlo(WaxConversation *talk, WaxSpan rest)
{
	if (!talk->rules.lmtp)
		wax_talk_say(talk, 500, "5.5.1", "this is SMTP: say EHLO");
	else
		greet(talk, rest, true);
}

/* one parameter of MAIL; false when it said why not */
static bool mail_parameter(WaxConversation *talk, WaxSpan word, unsigned *seen)
{
	WaxEnvelope *envelope = talk->envelope;
	WaxSpan key, value;
	unsigned bit;
	bool fine;

	wax_word_split(word, &key, &value);
	if (wax_word_is(key, "SIZE")) {
		bit = 1;
		fine = wax_word_size(value, &envelope->size);
	} else if (wax_word_is(key, "BODY")) {
		bit = 2;
		envelope->eight_bit = wax_word_is(value, "8BITMIME");
		fine = envelope->eight_bit || wax_word_is(value, "7BIT");
	} else if (wax_word_is(key, "SMTPUTF8")) {
		bit = 4;
		envelope->utf8 = true;
		fine = value.p == NULL;
	} else if (wax_word_is(key, "RET")) {
		bit = 8;
		envelope->ret = wax_word_is(value, "HDRS") ? WAX_RET_HDRS : WAX_RET_FULL;
		fine = wax_word_is(value, "HDRS") || wax_word_is(value, "FULL");
	} else if (wax_word_is(key, "ENVID")) {
		bit = 16;
		fine = value.n > 0 && value.n <= 100 && wax_xtext_valid(value);
		g_free(envelope->envid);
		envelope->envid = fine ? wax_word_dup(value) : NULL;
	} else {
		wax_talk_say(talk, 555, "5.5.4", "unknown parameter of MAIL");
		return false;
	}
	if (!fine || (*seen & bit)) {
		wax_talk_say(talk, 501, "5.5.4", "a parameter of MAIL is wrong or said twice");
		return false;
	}
	*seen |= bit;
	return true;
}

/* keyword_path - "FROM:" or "TO:", then the path */
static bool keyword_path(
	WaxConversation *talk, const char *keyword, WaxSpan *rest, WaxSpan *ret_path)
{
	size_t n = strlen(keyword);

	while (rest->n > 0 && *rest->p == ' ') {
		rest->p++;
		rest->n--;
	}
	if (rest->n > n && g_ascii_strncasecmp((const char *)rest->p, keyword, n) == 0) {
		rest->p += n;
		rest->n -= n;
		if (wax_word_path(rest, ret_path))
			return true;
	}
	wax_talk_say(talk, 501, "5.5.4", "expected an address in angle brackets");
	return false;
}

static void on_mail(WaxConversation *talk, WaxSpan rest)
{
	WaxEnvelope *envelope = talk->envelope;
	WaxSpan path, word;
	unsigned seen = 0;

	if (!keyword_path(talk, "FROM:", &rest, &path))
		return;
	while (wax_word_next(&rest, &word)) {
		if (!talk->extended) {
			wax_talk_say(talk, 555, "5.5.4", "parameters need EHLO");
			return;
		}
		if (!mail_parameter(talk, word, &seen)) {
			wax_talk_reset(talk);
			return;
		}
	}
	if (!envelope->utf8 && !wax_word_is_ascii(path)) {
		wax_talk_say(
			talk, 553, "5.6.7", "an address with non-ASCII letters needs SMTPUTF8");
		wax_talk_reset(talk);
		return;
	}
	if (envelope->size > talk->rules.size_limit) {
		wax_talk_say(talk, 552, "5.3.4", "larger than this gateway takes");
		wax_talk_reset(talk);
		return;
	}
	if (path.n == 0) {
		envelope->sender = g_strdup("");
	} else if (!read_mailbox(talk, path, &envelope->sender, &envelope->sender_key,
			   &envelope->sender_domain)) {
		wax_talk_reset(talk);
		return;
	}
	talk->state = WAX_STATE_MAIL;
	then(talk, WAX_TALK_MAIL, 250, "2.1.0", "sender ok");
}

static bool rcpt_parameter(WaxConversation *talk, WaxSpan word, WaxRecipient *recipient)
{
	WaxSpan key, value;
	bool fine = false;

	wax_word_split(word, &key, &value);
	if (wax_word_is(key, "NOTIFY")) {
		fine = recipient->notify == 0 && wax_word_notify(value, &recipient->notify);
	} else if (wax_word_is(key, "ORCPT")) {
		fine = !recipient->orcpt && wax_word_is_orcpt(value, talk->envelope->utf8);
		if (fine)
			recipient->orcpt = wax_word_dup(value);
	} else {
		wax_talk_say(talk, 555, "5.5.4", "unknown parameter of RCPT");
		return false;
	}
	if (!fine)
		wax_talk_say(talk, 501, "5.5.4", "a parameter of RCPT is wrong or said twice");
	return fine;
}

static void on_rcpt(WaxConversation *talk, WaxSpan rest)
{
	g_autoptr(WaxRecipient) recipient = wax_recipient_new();
	WaxSpan path, word;

	if (!keyword_path(talk, "TO:", &rest, &path))
		return;
	if (talk->envelope->recipients->len >= talk->rules.max_recipients) {
		WaxReply reply = wax_reply_make(452, "4.5.3", "too many recipients in one message");

		wax_reply_format(&reply, talk->output);
		return;
	}
	if (!talk->envelope->utf8 && !wax_word_is_ascii(path)) {
		wax_talk_say(
			talk, 553, "5.6.7", "an address with non-ASCII letters needs SMTPUTF8");
		return;
	}
	while (wax_word_next(&rest, &word)) {
		if (!talk->extended) {
			wax_talk_say(talk, 555, "5.5.4", "parameters need EHLO");
			return;
		}
		if (!rcpt_parameter(talk, word, recipient))
			return;
	}
	if (!read_mailbox(talk, path, &recipient->address, &recipient->key, &recipient->domain))
		return;
	g_ptr_array_add(talk->envelope->recipients, g_steal_pointer(&recipient));
	talk->state = WAX_STATE_RCPT;
	then(talk, WAX_TALK_RCPT, 250, "2.1.5", "recipient ok");
}

static void on_data(WaxConversation *talk, WaxSpan rest)
{
	if (rest.n > 0) {
		wax_talk_say(talk, 501, "5.5.4", "DATA stands alone");
		return;
	}
	talk->state = WAX_STATE_BODY;
	talk->line_state = WAX_LINE_START;
	then(talk, WAX_TALK_DATA, 354, "", "end with CR LF . CR LF");
}

static void on_rset(WaxConversation *talk, WaxSpan rest)
{
	(void)rest;
	wax_talk_reset(talk);
	wax_talk_say(talk, 250, "2.0.0", "forgotten");
}

static void on_noop(WaxConversation *talk, WaxSpan rest)
{
	(void)rest;
	wax_talk_say(talk, 250, "2.0.0", "ok");
}

static void on_vrfy(WaxConversation *talk, WaxSpan rest)
{
	(void)rest;
	wax_talk_say(talk, 252, "2.5.2", "send it and see");
}

static void on_help(WaxConversation *talk, WaxSpan rest)
{
	(void)rest;
	wax_talk_say(talk, 214, "2.0.0", "see RFC 5321 and RFC 2033");
}

static void on_quit(WaxConversation *talk, WaxSpan rest)
{
	(void)rest;
	wax_talk_say(talk, 221, "2.0.0", "bye");
	talk->state = WAX_STATE_OVER;
}

static void on_starttls(WaxConversation *talk, WaxSpan rest)
{
	if (!talk->rules.tls || talk->secured)
		wax_talk_say(talk, 502, "5.5.1", "TLS is not to be had here");
	else if (rest.n > 0)
		wax_talk_say(talk, 501, "5.5.4", "STARTTLS stands alone");
	else {
		wax_talk_say(talk, 220, "2.0.0", "go on in TLS");
		talk->wants_tls = true;
	}
}

static void on_xforward(WaxConversation *talk, WaxSpan rest)
{
	WaxSpan word, key, value;
	bool any = false;

	if (!talk->rules.xforward || !talk->internal) {
		wax_talk_say(talk, 550, "5.7.1", "XFORWARD is for internal hosts");
		return;
	}
	while (wax_word_next(&rest, &word)) {
		unsigned which;

		wax_word_split(word, &key, &value);
		for (which = 0; which < WAX_FORWARD_COUNT_; which++)
			if (wax_word_is(key, wax_forward_name(which)))
				break;
		if (which == WAX_FORWARD_COUNT_ || value.p == NULL || value.n > 255 ||
			!wax_xtext_valid(value)) {
			wax_talk_say(
				talk, 501, "5.5.4", "unknown or malformed attribute of XFORWARD");
			return;
		}
		g_free(talk->envelope->forward[which]);
		talk->envelope->forward[which] = wax_word_dup(value);
		any = true;
	}
	if (any)
		wax_talk_say(talk, 250, "2.0.0", "ok");
	else
		wax_talk_say(talk, 501, "5.5.4", "XFORWARD needs attributes");
}

/* not a mail client at all: browsers made to speak to a mail port */
static void on_stranger(WaxConversation *talk, WaxSpan rest)
{
	(void)rest;
	wax_talk_say(talk, 421, "4.7.0", "this is a mail server");
	talk->state = WAX_STATE_OVER;
}

/*
 * The conversation.  A command outside its states gets 503; one not listed
 * gets 500.  Handlers change the state; DATA leads to the machine of lines.
 */
static const struct {
	const char *word;
	unsigned states;
	void (*handle)(WaxConversation *talk, WaxSpan rest);
} commands[] = {
	{ "EHLO", ANY, on_ehlo },
	{ "HELO", ANY, on_helo },
	{ "LHLO", ANY, on_lhlo },
	{ "STARTTLS", IN(READY), on_starttls },
	{ "XFORWARD", IN(READY), on_xforward },
	{ "MAIL", IN(READY), on_mail },
	{ "RCPT", IN(MAIL) | IN(RCPT), on_rcpt },
	{ "DATA", IN(RCPT), on_data },
	{ "RSET", ANY, on_rset },
	{ "NOOP", ANY, on_noop },
	{ "VRFY", ANY, on_vrfy },
	{ "HELP", ANY, on_help },
	{ "QUIT", ANY, on_quit },
	{ "GET", ANY, on_stranger },
	{ "POST", ANY, on_stranger },
	{ "CONNECT", ANY, on_stranger },
};

void wax_talk_obey(WaxConversation *talk, WaxSpan line)
{
	WaxSpan rest = line, word;

	while (rest.n > 0 && rest.p[rest.n - 1] == ' ')
		rest.n--;
	if (!wax_word_is_clean(rest) || !wax_word_next(&rest, &word)) {
		wax_talk_say(talk, 500, "5.5.2", "that is no command");
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (!wax_word_is(word, commands[i].word))
			continue;
		if (!(commands[i].states & (1u << talk->state))) {
			wax_talk_say(talk, 503, "5.5.1", "not now");
			return;
		}
		commands[i].handle(talk, rest);
		return;
	}
	wax_talk_say(talk, 500, "5.5.2", "unknown command");
}
