/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/conversation.h"

#include <string.h>

#include "core/address.h"

#define FAULTS_ALLOWED 20

/* the states of a session; DATA has its own machine below */
typedef enum {
	FRESH, /* greeted by us, not yet by the peer */
	READY, /* between transactions */
	MAIL,  /* has a sender */
	RCPT,  /* has a recipient too */
	BODY,  /* octets of a message are coming */
	OVER,  /* closing */
} State;

#define IN(state) (1u << (state))
#define ANY	  (IN(FRESH) | IN(READY) | IN(MAIL) | IN(RCPT))
#define GREETED	  (IN(READY) | IN(MAIL) | IN(RCPT))

/* where in a line of the message we are */
typedef enum {
	LINE_START,
	LINE_DOT,    /* a '.' at the start: stuffing or the end */
	LINE_DOT_CR, /* ".\r" */
	LINE_TEXT,
	LINE_CR, /* the octet before was CR */
} LineState;

struct WaxConversation {
	WaxTalkRules rules;
	bool internal, secured, wants_tls;
	State state;
	LineState line_state;
	WaxEnvelope *envelope;
	char *helo;
	bool extended; /* EHLO or LHLO, not HELO */
	GString *output;
	char line[WAX_TALK_LINE];
	size_t line_n;
	bool line_long;
	unsigned faults;
	/* said when the caller did not refuse */
	bool has_pending;
	WaxTalkEvent pending_event;
	WaxReply pending;
	/* the message being received */
	uint64_t received;
	bool begun; /* the caller has seen DATA */
	bool bare_lf;
	bool too_large;
	bool waits_for_answer;
};

WaxConversation *wax_conversation_new(const WaxTalkRules *rules)
{
	WaxConversation *talk = g_new0(WaxConversation, 1);

	talk->rules = *rules;
	talk->envelope = wax_envelope_new();
	talk->output = g_string_new(NULL);
	g_string_append_printf(
		talk->output, "220 %s %s Waxwing\r\n", rules->host, rules->lmtp ? "LMTP" : "ESMTP");
	return talk;
}

void wax_conversation_free(WaxConversation *talk)
{
	if (!talk)
		return;
	wax_envelope_free(talk->envelope);
	g_free(talk->helo);
	g_string_free(talk->output, TRUE);
	g_free(talk);
}

static void say(WaxConversation *talk, int code, const char *enhanced, const char *text)
{
	WaxReply reply = wax_reply_make(code, enhanced, "%s", text);

	if (code >= 500)
		talk->faults++;
	wax_reply_format(&reply, talk->output);
}

/* reset - forget the transaction, keep the session */
static void reset(WaxConversation *talk)
{
	wax_envelope_free(talk->envelope);
	talk->envelope = wax_envelope_new();
	talk->received = 0;
	talk->begun = false;
	talk->bare_lf = false;
	talk->too_large = false;
	talk->waits_for_answer = false;
	if (talk->state != OVER && talk->state != FRESH)
		talk->state = READY;
}

/* ---- words of a command line ---- */

/* next_word - up to the next blank */
static bool next_word(WaxSpan *rest, WaxSpan *ret_word)
{
	size_t n = 0;

	while (rest->n > 0 && *rest->p == ' ') {
		rest->p++;
		rest->n--;
	}
	while (n < rest->n && rest->p[n] != ' ')
		n++;
	if (n == 0)
		return false;
	*ret_word = WAX_SPAN(rest->p, n);
	rest->p += n;
	rest->n -= n;
	return true;
}

static bool same_word(WaxSpan word, const char *text)
{
	return word.n == strlen(text) &&
	       g_ascii_strncasecmp((const char *)word.p, text, word.n) == 0;
}

static char *dup_span(WaxSpan span)
{
	return g_strndup((const char *)span.p, span.n);
}

/* split_parameter - "KEY=value" or "KEY" */
static void split_parameter(WaxSpan word, WaxSpan *ret_key, WaxSpan *ret_value)
{
	const uint8_t *equals = memchr(word.p, '=', word.n);
	size_t n = equals ? (size_t)(equals - word.p) : word.n;

	*ret_key = WAX_SPAN(word.p, n);
	*ret_value = equals ? WAX_SPAN(equals + 1, word.n - n - 1) : WAX_SPAN_NONE;
}

/* take_path - "<...>" off the front; the quoted part may hold blanks and '>' */
static bool take_path(WaxSpan *rest, WaxSpan *ret_path)
{
	bool quoted = false;
	size_t i;

	while (rest->n > 0 && *rest->p == ' ') {
		rest->p++;
		rest->n--;
	}
	if (rest->n < 2 || rest->p[0] != '<')
		return false;
	for (i = 1; i < rest->n; i++) {
		uint8_t c = rest->p[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == '>' && !quoted)
			break;
	}
	if (i >= rest->n || (i + 1 < rest->n && rest->p[i + 1] != ' '))
		return false;
	*ret_path = WAX_SPAN(rest->p + 1, i - 1);
	rest->p += i + 1;
	rest->n -= i + 1;
	/* RFC 5321 4.1.1.3: a source route SHOULD be ignored */
	if (ret_path->n > 0 && ret_path->p[0] == '@') {
		const uint8_t *colon = memchr(ret_path->p, ':', ret_path->n);

		if (!colon)
			return false;
		*ret_path = WAX_SPAN(colon + 1, ret_path->n - (size_t)(colon + 1 - ret_path->p));
	}
	return true;
}

static bool is_ascii(WaxSpan text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= 0x80)
			return false;
	return true;
}

/* read_mailbox - an addr-spec in its three forms; says why not */
static bool read_mailbox(
	WaxConversation *talk, WaxSpan path, char **ret_address, char **ret_key, char **ret_domain)
{
	g_auto(WaxAddress) address = { 0 };

	if (path.n > 320 || !wax_address_parse(path, &address, NULL)) {
		say(talk, 553, "5.1.3", "that is no address");
		return false;
	}
	*ret_address = wax_address_text(&address);
	*ret_key = wax_address_key(&address);
	*ret_domain = g_strdup(address.domain);
	return true;
}

static bool read_size(WaxSpan value, uint64_t *ret_size)
{
	uint64_t size = 0;

	if (value.n == 0 || value.n > 18)
		return false;
	for (size_t i = 0; i < value.n; i++) {
		if (!g_ascii_isdigit(value.p[i]))
			return false;
		size = size * 10 + (uint64_t)(value.p[i] - '0');
	}
	*ret_size = size;
	return true;
}

/* ---- commands ---- */

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

	if (!next_word(&rest, &name)) {
		say(talk, 501, "5.5.4", "say who you are");
		return;
	}
	g_free(talk->helo);
	talk->helo = dup_span(name);
	for (char *p = talk->helo; *p; p++)
		if ((unsigned char)*p > 0x7e)
			*p = '?';
	talk->extended = extended;
	talk->state = READY;
	reset(talk);
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
		say(talk, 500, "5.5.1", "this is LMTP: say LHLO");
	else
		greet(talk, rest, true);
}

static void on_helo(WaxConversation *talk, WaxSpan rest)
{
	if (talk->rules.lmtp)
		say(talk, 500, "5.5.1", "this is LMTP: say LHLO");
	else
		greet(talk, rest, false);
}

static void on_lhlo(WaxConversation *talk, WaxSpan rest)
{
	if (!talk->rules.lmtp)
		say(talk, 500, "5.5.1", "this is SMTP: say EHLO");
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

	split_parameter(word, &key, &value);
	if (same_word(key, "SIZE")) {
		bit = 1;
		fine = read_size(value, &envelope->size);
	} else if (same_word(key, "BODY")) {
		bit = 2;
		envelope->eight_bit = same_word(value, "8BITMIME");
		fine = envelope->eight_bit || same_word(value, "7BIT");
	} else if (same_word(key, "SMTPUTF8")) {
		bit = 4;
		envelope->utf8 = true;
		fine = value.p == NULL;
	} else if (same_word(key, "RET")) {
		bit = 8;
		envelope->ret = same_word(value, "HDRS") ? WAX_RET_HDRS : WAX_RET_FULL;
		fine = same_word(value, "HDRS") || same_word(value, "FULL");
	} else if (same_word(key, "ENVID")) {
		bit = 16;
		fine = value.n > 0 && value.n <= 100 && wax_xtext_valid(value);
		g_free(envelope->envid);
		envelope->envid = fine ? dup_span(value) : NULL;
	} else {
		say(talk, 555, "5.5.4", "unknown parameter of MAIL");
		return false;
	}
	if (!fine || (*seen & bit)) {
		say(talk, 501, "5.5.4", "a parameter of MAIL is wrong or said twice");
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
		if (take_path(rest, ret_path))
			return true;
	}
	say(talk, 501, "5.5.4", "expected an address in angle brackets");
	return false;
}

static void on_mail(WaxConversation *talk, WaxSpan rest)
{
	WaxEnvelope *envelope = talk->envelope;
	WaxSpan path, word;
	unsigned seen = 0;

	if (!keyword_path(talk, "FROM:", &rest, &path))
		return;
	while (next_word(&rest, &word)) {
		if (!talk->extended) {
			say(talk, 555, "5.5.4", "parameters need EHLO");
			return;
		}
		if (!mail_parameter(talk, word, &seen)) {
			reset(talk);
			return;
		}
	}
	if (!envelope->utf8 && !is_ascii(path)) {
		say(talk, 553, "5.6.7", "an address with non-ASCII letters needs SMTPUTF8");
		reset(talk);
		return;
	}
	if (envelope->size > talk->rules.size_limit) {
		say(talk, 552, "5.3.4", "larger than this gateway takes");
		reset(talk);
		return;
	}
	if (path.n == 0) {
		envelope->sender = g_strdup("");
	} else if (!read_mailbox(talk, path, &envelope->sender, &envelope->sender_key,
			   &envelope->sender_domain)) {
		reset(talk);
		return;
	}
	talk->state = MAIL;
	then(talk, WAX_TALK_MAIL, 250, "2.1.0", "sender ok");
}

/* read_notify - NEVER alone, or a list without repetition (RFC 3461 4.1) */
static bool read_notify(WaxSpan value, unsigned *ret_notify)
{
	static const struct {
		const char *word;
		unsigned bit;
	} words[] = {
		{ "NEVER", WAX_NOTIFY_NEVER },
		{ "SUCCESS", WAX_NOTIFY_SUCCESS },
		{ "FAILURE", WAX_NOTIFY_FAILURE },
		{ "DELAY", WAX_NOTIFY_DELAY },
	};
	unsigned notify = 0;

	while (value.n > 0) {
		const uint8_t *comma = memchr(value.p, ',', value.n);
		WaxSpan word = WAX_SPAN(value.p, comma ? (size_t)(comma - value.p) : value.n);
		unsigned bit = 0;

		for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
			if (same_word(word, words[i].word))
				bit = words[i].bit;
		if (bit == 0 || (notify & bit))
			return false;
		notify |= bit;
		if (!comma)
			break;
		value = WAX_SPAN(comma + 1, value.n - word.n - 1);
		if (value.n == 0)
			return false;
	}
	if (notify == 0 || ((notify & WAX_NOTIFY_NEVER) && notify != WAX_NOTIFY_NEVER))
		return false;
	*ret_notify = notify;
	return true;
}

/* orcpt_valid - addr-type ";" xtext (RFC 3461 4.2); RFC 6533 allows UTF-8 with SMTPUTF8 */
static bool orcpt_valid(WaxSpan value, bool utf8)
{
	const uint8_t *semicolon = value.n > 0 ? memchr(value.p, ';', value.n) : NULL;
	WaxSpan text;

	if (!semicolon || semicolon == value.p || value.n > 500)
		return false;
	for (const uint8_t *p = value.p; p < semicolon; p++)
		if (!g_ascii_isalnum(*p) && *p != '-')
			return false;
	text = WAX_SPAN(semicolon + 1, value.n - (size_t)(semicolon + 1 - value.p));
	if (utf8 && same_word(WAX_SPAN(value.p, (size_t)(semicolon - value.p)), "utf-8"))
		return g_utf8_validate((const char *)text.p, (gssize)text.n, NULL);
	return wax_xtext_valid(text);
}

static bool rcpt_parameter(WaxConversation *talk, WaxSpan word, WaxRecipient *recipient)
{
	WaxSpan key, value;
	bool fine = false;

	split_parameter(word, &key, &value);
	if (same_word(key, "NOTIFY")) {
		fine = recipient->notify == 0 && read_notify(value, &recipient->notify);
	} else if (same_word(key, "ORCPT")) {
		fine = !recipient->orcpt && orcpt_valid(value, talk->envelope->utf8);
		if (fine)
			recipient->orcpt = dup_span(value);
	} else {
		say(talk, 555, "5.5.4", "unknown parameter of RCPT");
		return false;
	}
	if (!fine)
		say(talk, 501, "5.5.4", "a parameter of RCPT is wrong or said twice");
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
	if (!talk->envelope->utf8 && !is_ascii(path)) {
		say(talk, 553, "5.6.7", "an address with non-ASCII letters needs SMTPUTF8");
		return;
	}
	while (next_word(&rest, &word)) {
		if (!talk->extended) {
			say(talk, 555, "5.5.4", "parameters need EHLO");
			return;
		}
		if (!rcpt_parameter(talk, word, recipient))
			return;
	}
	if (!read_mailbox(talk, path, &recipient->address, &recipient->key, &recipient->domain))
		return;
	g_ptr_array_add(talk->envelope->recipients, g_steal_pointer(&recipient));
	talk->state = RCPT;
	then(talk, WAX_TALK_RCPT, 250, "2.1.5", "recipient ok");
}

static void on_data(WaxConversation *talk, WaxSpan rest)
{
	if (rest.n > 0) {
		say(talk, 501, "5.5.4", "DATA stands alone");
		return;
	}
	talk->state = BODY;
	talk->line_state = LINE_START;
	talk->begun = true;
	then(talk, WAX_TALK_DATA, 354, "", "end with CR LF . CR LF");
}

static void on_rset(WaxConversation *talk, WaxSpan rest)
{
	(void)rest;
	reset(talk);
	say(talk, 250, "2.0.0", "forgotten");
}

static void on_noop(WaxConversation *talk, WaxSpan rest)
{
	(void)rest;
	say(talk, 250, "2.0.0", "ok");
}

static void on_vrfy(WaxConversation *talk, WaxSpan rest)
{
	(void)rest;
	say(talk, 252, "2.5.2", "send it and see");
}

static void on_help(WaxConversation *talk, WaxSpan rest)
{
	(void)rest;
	say(talk, 214, "2.0.0", "see RFC 5321 and RFC 2033");
}

static void on_quit(WaxConversation *talk, WaxSpan rest)
{
	(void)rest;
	say(talk, 221, "2.0.0", "bye");
	talk->state = OVER;
}

static void on_starttls(WaxConversation *talk, WaxSpan rest)
{
	if (!talk->rules.tls || talk->secured)
		say(talk, 502, "5.5.1", "TLS is not to be had here");
	else if (rest.n > 0)
		say(talk, 501, "5.5.4", "STARTTLS stands alone");
	else {
		say(talk, 220, "2.0.0", "go on in TLS");
		talk->wants_tls = true;
	}
}

static void on_xforward(WaxConversation *talk, WaxSpan rest)
{
	WaxSpan word, key, value;
	bool any = false;

	if (!talk->rules.xforward || !talk->internal) {
		say(talk, 550, "5.7.1", "XFORWARD is for internal hosts");
		return;
	}
	while (next_word(&rest, &word)) {
		unsigned which;

		split_parameter(word, &key, &value);
		for (which = 0; which < WAX_FORWARD_COUNT_; which++)
			if (same_word(key, wax_forward_name(which)))
				break;
		if (which == WAX_FORWARD_COUNT_ || value.p == NULL || value.n > 255 ||
			!wax_xtext_valid(value)) {
			say(talk, 501, "5.5.4", "unknown or malformed attribute of XFORWARD");
			return;
		}
		g_free(talk->envelope->forward[which]);
		talk->envelope->forward[which] = dup_span(value);
		any = true;
	}
	if (any)
		say(talk, 250, "2.0.0", "ok");
	else
		say(talk, 501, "5.5.4", "XFORWARD needs attributes");
}

/* not a mail client at all: browsers made to speak to a mail port */
static void on_stranger(WaxConversation *talk, WaxSpan rest)
{
	(void)rest;
	say(talk, 421, "4.7.0", "this is a mail server");
	talk->state = OVER;
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

/* line_clean - no control character; what is beyond ASCII must be UTF-8 */
static bool line_clean(WaxSpan line)
{
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] < 0x20 || line.p[i] == 0x7f)
			return false;
	return is_ascii(line) || g_utf8_validate((const char *)line.p, (gssize)line.n, NULL);
}

static void obey(WaxConversation *talk, WaxSpan line)
{
	WaxSpan rest = line, word;

	while (rest.n > 0 && rest.p[rest.n - 1] == ' ')
		rest.n--;
	if (!line_clean(rest) || !next_word(&rest, &word)) {
		say(talk, 500, "5.5.2", "that is no command");
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (!same_word(word, commands[i].word))
			continue;
		if (!(commands[i].states & IN(talk->state))) {
			say(talk, 503, "5.5.1", "not now");
			return;
		}
		commands[i].handle(talk, rest);
		return;
	}
	say(talk, 500, "5.5.2", "unknown command");
}

/* settle - the caller did not refuse: say what was pending */
static void settle(WaxConversation *talk)
{
	if (!talk->has_pending)
		return;
	talk->has_pending = false;
	wax_reply_format(&talk->pending, talk->output);
}

void wax_conversation_refuse(WaxConversation *talk, const WaxReply *reply)
{
	g_assert(talk->has_pending);
	talk->has_pending = false;
	wax_reply_format(reply, talk->output);
	switch (talk->pending_event) {
	case WAX_TALK_RCPT:
		g_ptr_array_remove_index(
			talk->envelope->recipients, talk->envelope->recipients->len - 1);
		if (talk->envelope->recipients->len == 0)
			talk->state = MAIL;
		break;
	default:
		reset(talk);
		break;
	}
}

/* take_line - collect up to CR LF; true when a whole line is there */
static bool take_line(WaxConversation *talk, WaxSpan in, size_t *used)
{
	while (*used < in.n) {
		uint8_t c = in.p[(*used)++];

		if (c == '\n')
			return true;
		if (talk->line_n < sizeof(talk->line))
			talk->line[talk->line_n++] = (char)c;
		else
			talk->line_long = true;
	}
	return false;
}

/* command_step - one command line */
static WaxTalkEvent command_step(WaxConversation *talk, WaxSpan in, size_t *used)
{
	while (take_line(talk, in, used)) {
		size_t n = talk->line_n;
		bool was_long = talk->line_long;

		talk->line_n = 0;
		talk->line_long = false;
		if (was_long) {
			say(talk, 500, "5.5.2", "line too long");
		} else if (n == 0 || talk->line[n - 1] != '\r') {
			/* RFC 5321 2.3.8: lines end with CR LF and nothing else does */
			say(talk, 521, "5.5.2", "a command ended with a bare LF");
			talk->state = OVER;
			return WAX_TALK_CLOSE;
		} else {
			obey(talk, WAX_SPAN(talk->line, n - 1));
		}
		if (talk->state == OVER)
			return WAX_TALK_CLOSE;
		if (talk->faults > FAULTS_ALLOWED) {
			say(talk, 421, "4.7.0", "too many errors");
			talk->state = OVER;
			return WAX_TALK_CLOSE;
		}
		if (talk->has_pending)
			return talk->pending_event;
		if (talk->wants_tls) {
			talk->wants_tls = false;
			return WAX_TALK_TLS;
		}
	}
	return WAX_TALK_MORE;
}

/* ended - the final dot has come: either ours to refuse or the caller's to answer */
static WaxTalkEvent ended(WaxConversation *talk)
{
	WaxReply reply;
	size_t n = talk->envelope->recipients->len;

	if (!talk->bare_lf && !talk->too_large) {
		talk->waits_for_answer = true;
		return WAX_TALK_END;
	}
	if (talk->bare_lf)
		reply = wax_reply_make(554, "5.6.0", "the message has a bare LF");
	else
		reply = wax_reply_make(552, "5.3.4", "larger than this gateway takes");
	for (size_t i = 0; i < (talk->rules.lmtp ? n : 1); i++)
		wax_reply_format(&reply, talk->output);
	reset(talk);
	return WAX_TALK_ABORT;
}

/* content_event - count what is given to the caller, or swallow it */
static bool gives_content(WaxConversation *talk, WaxSpan bytes)
{
	talk->received += bytes.n;
	if (talk->received > talk->rules.size_limit)
		talk->too_large = true;
	return bytes.n > 0 && !talk->too_large && !talk->bare_lf;
}

/* text_run - how far the text goes without a decision: over a CR LF at most */
static size_t text_run(WaxConversation *talk, WaxSpan in)
{
	const uint8_t *lf = memchr(in.p, '\n', in.n);
	size_t n;

	if (!lf) {
		talk->line_state = in.p[in.n - 1] == '\r' ? LINE_CR : LINE_TEXT;
		return in.n;
	}
	n = (size_t)(lf - in.p) + 1;
	if (n >= 2 ? lf[-1] == '\r' : talk->line_state == LINE_CR) {
		talk->line_state = LINE_START;
	} else {
		talk->bare_lf = true;
		talk->line_state = LINE_TEXT;
	}
	return n;
}

/* body_step - octets of the message up to the next decision */
static WaxTalkEvent body_step(WaxConversation *talk, WaxSpan in, size_t *used, WaxSpan *content)
{
	static const uint8_t cr = '\r';
	size_t from = *used;

	while (*used < in.n) {
		uint8_t c = in.p[*used];

		switch (talk->line_state) {
		case LINE_START:
			if (c != '.') {
				talk->line_state = LINE_TEXT;
				break;
			}
			/* what came before the dot is whole; the dot itself is not content */
			if (*used > from &&
				gives_content(talk, WAX_SPAN(in.p + from, *used - from))) {
				*content = WAX_SPAN(in.p + from, *used - from);
				return WAX_TALK_BODY;
			}
			talk->line_state = LINE_DOT;
			from = ++*used;
			break;
		case LINE_DOT:
			if (c == '\r') {
				talk->line_state = LINE_DOT_CR;
				from = ++*used;
			} else {
				talk->line_state = LINE_TEXT;
			}
			break;
		case LINE_DOT_CR:
			if (c == '\n') {
				++*used;
				return ended(talk);
			}
			/* ".\rX": a stuffed line that begins with a bare CR */
			talk->line_state = LINE_CR;
			if (gives_content(talk, WAX_SPAN(&cr, 1))) {
				*content = WAX_SPAN(&cr, 1);
				return WAX_TALK_BODY;
			}
			break;
		case LINE_TEXT:
		case LINE_CR:
			*used += text_run(talk, WAX_SPAN(in.p + *used, in.n - *used));
			break;
		}
	}
	if (*used > from && gives_content(talk, WAX_SPAN(in.p + from, *used - from))) {
		*content = WAX_SPAN(in.p + from, *used - from);
		return WAX_TALK_BODY;
	}
	return WAX_TALK_MORE;
}

WaxTalkEvent wax_conversation_step(
	WaxConversation *talk, WaxSpan in, size_t *ret_used, WaxSpan *ret_content)
{
	g_assert(!talk->waits_for_answer);
	*ret_used = 0;
	settle(talk);
	if (talk->state == OVER)
		return WAX_TALK_CLOSE;
	if (talk->state == BODY)
		return body_step(talk, in, ret_used, ret_content);
	return command_step(talk, in, ret_used);
}

void wax_conversation_answer(WaxConversation *talk, const WaxReply *replies, size_t n)
{
	g_assert(talk->waits_for_answer && n == talk->envelope->recipients->len);
	if (talk->rules.lmtp) {
		/* RFC 2033 4.2: one reply for each accepted RCPT, in their order */
		for (size_t i = 0; i < n; i++)
			wax_reply_format(&replies[i], talk->output);
	} else {
		WaxReply merged = wax_reply_merge(replies, n);

		wax_reply_format(&merged, talk->output);
	}
	reset(talk);
}

void wax_conversation_secured(WaxConversation *talk)
{
	talk->secured = true;
	talk->line_n = 0;
	talk->line_long = false;
	reset(talk);
	talk->state = FRESH;
	g_clear_pointer(&talk->helo, g_free);
}

void wax_conversation_trust(WaxConversation *talk, bool internal)
{
	talk->internal = internal;
}

void wax_conversation_bye(WaxConversation *talk, const char *text)
{
	say(talk, 421, "4.4.2", text);
	talk->state = OVER;
}

const WaxEnvelope *wax_conversation_get_envelope(const WaxConversation *talk)
{
	return talk->envelope;
}

const char *wax_conversation_get_helo(const WaxConversation *talk)
{
	return talk->helo ? talk->helo : "";
}

uint64_t wax_conversation_get_received(const WaxConversation *talk)
{
	return talk->received;
}

WaxSpan wax_conversation_output(const WaxConversation *talk)
{
	return WAX_SPAN(talk->output->str, talk->output->len);
}

void wax_conversation_sent(WaxConversation *talk)
{
	g_string_truncate(talk->output, 0);
}
