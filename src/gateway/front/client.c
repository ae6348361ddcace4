/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/client.h"

#include <string.h>

#include "core/clock.h"
#include "core/status.h"
#include "gateway/front/wire.h"

#define CONNECT_WAIT (30 * 1000)
#define REPLY_WAIT   (300 * 1000)
#define CHUNK	     65536
#define BATCH	     100 /* recipients pipelined before their replies are read */

/* what the next hop offers */
typedef struct {
	bool pipelining, eight_bit, utf8, dsn, size, xforward, tls;
	uint64_t size_limit; /* 0: not said */
	bool forward[WAX_FORWARD_COUNT_];
} Offer;

struct WaxClient {
	WaxHop hop;
	char *helo;
	WaxWire *wire;
	Offer offer;
	int64_t deadline;
	const WaxTls *tls;
	WaxClientTls tls_duty;
};

/* ---- routes ---- */

static bool parse_port(const char *text, uint16_t *ret_port)
{
	guint64 port;

	if (!g_ascii_string_to_unsigned(text, 10, 1, 65535, &port, NULL))
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

/* parse_host - "HOST:PORT", "[::1]:PORT" */
static bool parse_host(const char *text, WaxHop *hop)
{
	const char *colon = strrchr(text, ':');
	size_t n;

	if (!colon || colon == text || !parse_port(colon + 1, &hop->port))
		return false;
	n = (size_t)(colon - text);
	if (text[0] == '[') {
		if (n < 3 || text[n - 1] != ']')
			return false;
		hop->host = g_strndup(text + 1, n - 2);
		return true;
	}
	hop->host = g_strndup(text, n);
	return true;
}

bool wax_hop_parse(const char *route, WaxHop *ret_hop, GError **error)
{
	WaxHop hop = { WAX_HOP_NONE, NULL, 0 };

	if (g_str_has_prefix(route, "maildir:/")) {
		hop.kind = WAX_HOP_MAILDIR;
		hop.host = g_strdup(route + strlen("maildir:"));
	} else if (g_str_has_prefix(route, "lmtp:unix:/")) {
		hop.kind = WAX_HOP_LMTP_UNIX;
		hop.host = g_strdup(route + strlen("lmtp:unix:"));
	} else if (g_str_has_prefix(route, "lmtp:") && parse_host(route + 5, &hop)) {
		hop.kind = WAX_HOP_LMTP;
	} else if (g_str_has_prefix(route, "smtp:") && parse_host(route + 5, &hop)) {
		hop.kind = WAX_HOP_SMTP;
	} else {
		return wax_fail(error, WAX_R_VALUE_INVALID,
			"'%s' is no route: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:/PATH or "
			"maildir:/FOLDER",
			route);
	}
	*ret_hop = hop;
	return true;
}

void wax_hop_clear(WaxHop *hop)
{
	g_clear_pointer(&hop->host, g_free);
	hop->kind = WAX_HOP_NONE;
}

WaxClient *wax_client_new(const WaxHop *hop, const char *helo)
{
	WaxClient *client = g_new0(WaxClient, 1);

	client->hop = *hop;
	client->hop.host = g_strdup(hop->host);
	client->helo = g_strdup(helo);
	return client;
}

void wax_client_set_tls(WaxClient *client, const WaxTls *tls, WaxClientTls duty)
{
	client->tls = tls;
	client->tls_duty = duty;
}

static void hang_up(WaxClient *client)
{
	g_clear_pointer(&client->wire, wax_wire_free);
}

void wax_client_free(WaxClient *client)
{
	if (!client)
		return;
	if (client->wire && wax_wire_quiet(client->wire)) {
		/* politeness: whether it arrives does not matter */
		bool told = wax_wire_write(
			client->wire, WAX_SPAN_LIT("QUIT\r\n"), wax_clock_monotonic() + 100, NULL);

		(void)told;
	}
	hang_up(client);
	wax_hop_clear(&client->hop);
	g_free(client->helo);
	g_free(client);
}

bool wax_client_idle(WaxClient *client)
{
	return client->wire && wax_wire_quiet(client->wire);
}

/* ---- talking ---- */

static bool is_lmtp(const WaxClient *client)
{
	return client->hop.kind != WAX_HOP_SMTP;
}

static int64_t within(const WaxClient *client, int64_t wait)
{
	return MIN(client->deadline, wax_clock_monotonic() + wait);
}

static bool put(WaxClient *client, const char *text, size_t n, GError **error)
{
	return wax_wire_write(client->wire, WAX_SPAN(text, n), within(client, REPLY_WAIT), error);
}

/* get - one reply; of several lines the first text counts */
static bool get(WaxClient *client, WaxReply *ret_reply, GError **error)
{
	WaxReply first = { 0 };
	WaxSpan line;

	for (unsigned lines = 0; lines < 200; lines++) {
		WaxReply reply;
		bool again = false;

		if (!wax_wire_line(client->wire, within(client, REPLY_WAIT), &line, error))
			return false;
		if (!wax_reply_read(line, &reply, &again))
			return wax_fail(error, WAX_R_NEXT_HOP, "the next hop sent no reply");
		if (lines == 0)
			first = reply;
		if (!again) {
			*ret_reply = first;
			return true;
		}
	}
	return wax_fail(error, WAX_R_NEXT_HOP, "the next hop's reply has no end");
}

static void note_offer(Offer *offer, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);

	if (!words[0])
		return;
	if (g_ascii_strcasecmp(words[0], "PIPELINING") == 0)
		offer->pipelining = true;
	else if (g_ascii_strcasecmp(words[0], "8BITMIME") == 0)
		offer->eight_bit = true;
	else if (g_ascii_strcasecmp(words[0], "SMTPUTF8") == 0)
		offer->utf8 = true;
	else if (g_ascii_strcasecmp(words[0], "DSN") == 0)
		offer->dsn = true;
	else if (g_ascii_strcasecmp(words[0], "STARTTLS") == 0)
		offer->tls = true;
	else if (g_ascii_strcasecmp(words[0], "SIZE") == 0) {
		offer->size = true;
		if (words[1])
			offer->size_limit = g_ascii_strtoull(words[1], NULL, 10);
	} else if (g_ascii_strcasecmp(words[0], "XFORWARD") == 0) {
		offer->xforward = true;
		for (char **word = words + 1; *word; word++)
			for (unsigned i = 0; i < WAX_FORWARD_COUNT_; i++)
				if (g_ascii_strcasecmp(*word, wax_forward_name(i)) == 0)
					offer->forward[i] = true;
	}
}

/* read_offer - the lines after EHLO or LHLO */
static bool read_offer(WaxClient *client, WaxReply *ret_reply, GError **error)
{
	Offer offer = { 0 };
	bool again = true;

	for (unsigned lines = 0; again; lines++) {
		WaxSpan line;
		g_autofree char *text = NULL;

		if (lines > 100)
			return wax_fail(error, WAX_R_NEXT_HOP, "the next hop's offer has no end");
		if (!wax_wire_line(client->wire, within(client, REPLY_WAIT), &line, error))
			return false;
		if (!wax_reply_read(line, ret_reply, &again))
			return wax_fail(error, WAX_R_NEXT_HOP, "the next hop sent no reply");
		if (lines > 0 && line.n > 4) {
			text = g_strndup((const char *)line.p + 4, line.n - 4);
			note_offer(&offer, text);
		}
	}
	client->offer = offer;
	return true;
}

static bool dial(WaxClient *client, GError **error)
{
	int64_t deadline = within(client, CONNECT_WAIT);

	if (client->hop.kind == WAX_HOP_LMTP_UNIX)
		return wax_wire_connect_unix(client->hop.host, deadline, &client->wire, error);
	return wax_wire_connect_tcp(
		client->hop.host, client->hop.port, deadline, &client->wire, error);
}

/* greet - EHLO or LHLO, and what the next hop offers */
static bool greet(WaxClient *client, WaxReply *ret_reply, GError **error)
{
	g_autofree char *hello =
		g_strdup_printf("%s %s\r\n", is_lmtp(client) ? "LHLO" : "EHLO", client->helo);

	return put(client, hello, strlen(hello), error) && read_offer(client, ret_reply, error);
}

/* on_this_host - nothing between us and the next hop that could listen */
static bool on_this_host(const WaxClient *client)
{
	return wax_wire_is_local(client->wire);
}

/*
 * secure - TLS where the next hop offers it; where it must and does not, the mail waits.
 * A handshake that fails is never answered by going on in clear.
 */
static bool secure(WaxClient *client, WaxReply *reply, GError **error)
{
	if (!client->tls || client->tls_duty == WAX_CLIENT_TLS_OFF || on_this_host(client))
		return true;
	if (!client->offer.tls)
		return client->tls_duty == WAX_CLIENT_TLS_MAY ||
		       wax_fail(error, WAX_R_NEXT_HOP, "the next hop %s offers no TLS",
			       client->hop.host);
	if (!put(client, "STARTTLS\r\n", 10, error) || !get(client, reply, error))
		return false;
	if (!wax_reply_is_ok(reply))
		return wax_fail(error, WAX_R_NEXT_HOP, "the next hop %s refused STARTTLS",
			client->hop.host);
	return wax_wire_secure(client->wire, client->tls, client->hop.host,
		       within(client, CONNECT_WAIT), error) &&
	       greet(client, reply, error);
}

/* open_session - connect and greet; a refusal of the next hop is in *ret_reply */
static bool open_session(WaxClient *client, WaxReply *ret_reply, GError **error)
{
	g_autofree char *hello = NULL;

	*ret_reply = (WaxReply){ 0 };
	if (!dial(client, error) || !get(client, ret_reply, error))
		return false;
	if (!wax_reply_is_ok(ret_reply))
		return wax_fail(error, WAX_R_NEXT_HOP, "the next hop refused the connection");
	if (!greet(client, ret_reply, error))
		return false;
	if (wax_reply_is_ok(ret_reply))
		return secure(client, ret_reply, error);
	if (is_lmtp(client))
		return wax_fail(error, WAX_R_NEXT_HOP, "the next hop refused LHLO");
	hello = g_strdup_printf("HELO %s\r\n", client->helo);
	if (!put(client, hello, strlen(hello), error) || !get(client, ret_reply, error))
		return false;
	if (!wax_reply_is_ok(ret_reply))
		return wax_fail(error, WAX_R_NEXT_HOP, "the next hop refused HELO");
	return secure(client, ret_reply, error);
}

/* ---- one message ---- */

static void all(WaxReply *replies, size_t n, const WaxReply *reply)
{
	for (size_t i = 0; i < n; i++)
		if (replies[i].code == 0)
			replies[i] = *reply;
}

/* lacking - what the next hop would need to have */
static bool lacking(const WaxClient *client, const WaxDelivery *delivery, WaxReply *ret_reply)
{
	const Offer *offer = &client->offer;

	if (delivery->eight_bit && !offer->eight_bit)
		*ret_reply = wax_reply_make(554, "5.6.3",
			"the next hop takes no 8-bit mail and this message must not be converted");
	else if (delivery->envelope->utf8 && !offer->utf8)
		*ret_reply = wax_reply_make(
			550, "5.6.7", "the next hop takes no addresses with non-ASCII letters");
	else if (offer->size_limit > 0 && delivery->octets.size > offer->size_limit)
		*ret_reply = wax_reply_make(552, "5.3.4",
			"larger than the next hop takes (%" G_GUINT64_FORMAT ")",
			offer->size_limit);
	else
		return false;
	return true;
}

static void format_mail(const WaxClient *client, const WaxDelivery *delivery, GString *out)
{
	const WaxEnvelope *envelope = delivery->envelope;
	const Offer *offer = &client->offer;
	WaxRet ret = delivery->header_only ? WAX_RET_HDRS : envelope->ret;

	g_string_append_printf(out, "MAIL FROM:<%s>", envelope->sender);
	if (offer->size)
		g_string_append_printf(out, " SIZE=%" G_GUINT64_FORMAT, delivery->octets.size);
	if (offer->eight_bit && (delivery->eight_bit || envelope->utf8))
		g_string_append(out, " BODY=8BITMIME");
	if (envelope->utf8)
		g_string_append(out, " SMTPUTF8");
	if (offer->dsn && ret != WAX_RET_UNSET)
		g_string_append(out, ret == WAX_RET_HDRS ? " RET=HDRS" : " RET=FULL");
	if (offer->dsn && envelope->envid)
		g_string_append_printf(out, " ENVID=%s", envelope->envid);
	g_string_append(out, "\r\n");
}

static void format_rcpt(const WaxClient *client, const WaxRecipient *recipient, GString *out)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = {
		{ WAX_NOTIFY_NEVER, "NEVER" },
		{ WAX_NOTIFY_SUCCESS, "SUCCESS" },
		{ WAX_NOTIFY_FAILURE, "FAILURE" },
		{ WAX_NOTIFY_DELAY, "DELAY" },
	};
	bool first = true;

	g_string_append_printf(out, "RCPT TO:<%s>", recipient->address);
	if (client->offer.dsn && recipient->notify) {
		g_string_append(out, " NOTIFY=");
		for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
			if (!(recipient->notify & words[i].bit))
				continue;
			g_string_append_printf(out, "%s%s", first ? "" : ",", words[i].word);
			first = false;
		}
	}
	if (client->offer.dsn && recipient->orcpt)
		g_string_append_printf(out, " ORCPT=%s", recipient->orcpt);
	g_string_append(out, "\r\n");
}

/* send_forward - what the first hop was, where the next hop wants to know */
static bool send_forward(WaxClient *client, const WaxDelivery *delivery, GError **error)
{
	g_autoptr(GString) out = NULL;
	WaxReply reply;

	if (!client->offer.xforward)
		return true;
	for (unsigned i = 0; i < WAX_FORWARD_COUNT_; i++) {
		const char *value = delivery->envelope->forward[i];

		if (!value || !client->offer.forward[i])
			continue;
		if (!out)
			out = g_string_new("XFORWARD");
		/* the command line's limit is 512: start another one in time */
		if (out->len + strlen(value) > 480) {
			g_string_append(out, "\r\n");
			if (!put(client, out->str, out->len, error) || !get(client, &reply, error))
				return false;
			g_string_assign(out, "XFORWARD");
		}
		g_string_append_printf(out, " %s=%s", wax_forward_name(i), value);
	}
	if (!out)
		return true;
	g_string_append(out, "\r\n");
	/* a refusal costs the next hop's log a field, not the message */
	return put(client, out->str, out->len, error) && get(client, &reply, error);
}

/* send_envelope - MAIL and every RCPT; refusals are put into the replies */
static bool send_envelope(WaxClient *client, const WaxDelivery *delivery, WaxReply *replies,
	bool *ret_none, GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);
	WaxReply reply;
	size_t done = 0, accepted = 0;
	size_t step = client->offer.pipelining ? BATCH : 1;
	bool mail_refused = false;

	format_mail(client, delivery, out);
	if (!client->offer.pipelining) {
		if (!put(client, out->str, out->len, error) || !get(client, &reply, error))
			return false;
		g_string_truncate(out, 0);
		if (!wax_reply_is_ok(&reply)) {
			all(replies, delivery->n, &reply);
			*ret_none = true;
			return true;
		}
	}
	while (done < delivery->n) {
		size_t end = MIN(delivery->n, done + step);
		bool with_mail = done == 0 && client->offer.pipelining;

		for (size_t i = done; i < end; i++)
			format_rcpt(client, delivery->recipients[i], out);
		if (!put(client, out->str, out->len, error))
			return false;
		g_string_truncate(out, 0);
		if (with_mail) {
			if (!get(client, &reply, error))
				return false;
			mail_refused = !wax_reply_is_ok(&reply);
			if (mail_refused)
				all(replies, delivery->n, &reply);
		}
		for (; done < end; done++) {
			if (!get(client, &reply, error))
				return false;
			if (mail_refused)
				continue;
			if (wax_reply_is_ok(&reply))
				accepted++;
			else
				replies[done] = reply;
		}
		if (mail_refused)
			break;
	}
	*ret_none = accepted == 0;
	return true;
}

/* dotted lines and line ends, as octets go out */
typedef struct {
	GByteArray *out;
	bool at_start; /* of a line */
	bool after_cr;
} Stuffer;

/* stuff - append octets as DATA wants them; a run without LF is one copy */
static void stuff(Stuffer *s, const uint8_t *p, size_t n)
{
	while (n > 0) {
		const uint8_t *lf = memchr(p, '\n', n);
		size_t run = lf ? (size_t)(lf - p) : n;

		if (s->at_start && p[0] == '.')
			g_byte_array_append(s->out, (const uint8_t *)".", 1);
		if (run > 0) {
			g_byte_array_append(s->out, p, (guint)run);
			s->after_cr = p[run - 1] == '\r';
			s->at_start = false;
		}
		if (!lf)
			return;
		if (!s->after_cr)
			g_byte_array_append(s->out, (const uint8_t *)"\r", 1);
		g_byte_array_append(s->out, (const uint8_t *)"\n", 1);
		s->after_cr = false;
		s->at_start = true;
		p += run + 1;
		n -= run + 1;
	}
}

/* send_octets - everything but the final dot, which is left in the buffer */
static bool send_octets(WaxClient *client, const WaxSource *octets, GByteArray *out, GError **error)
{
	Stuffer s = { out, true, false };
	g_autofree uint8_t *chunk = g_malloc(CHUNK);
	uint64_t at = 0;

	while (at < octets->size) {
		size_t got = 0;

		if (!wax_source_read(octets, at, chunk, CHUNK, &got, error))
			return false;
		if (got == 0)
			return wax_fail(error, WAX_R_IO, "the copy is shorter than it was");
		at += got;
		stuff(&s, chunk, got);
		if (out->len < CHUNK || at == octets->size)
			continue;
		if (!wax_wire_write(client->wire, WAX_SPAN(out->data, out->len),
			    within(client, REPLY_WAIT), error))
			return false;
		g_byte_array_set_size(out, 0);
	}
	if (!s.at_start)
		g_byte_array_append(out, (const uint8_t *)"\r\n", 2);
	g_byte_array_append(out, (const uint8_t *)".\r\n", 3);
	return true;
}

/* get_final - yes, later or never; anything else is no answer at all */
static bool get_final(WaxClient *client, WaxReply *ret_reply, GError **error)
{
	WaxReply reply;

	if (!get(client, &reply, error))
		return false;
	if (reply.code / 100 != 2 && reply.code / 100 != 4 && reply.code / 100 != 5)
		return wax_fail(error, WAX_R_NEXT_HOP, "the next hop answered a message with %d",
			reply.code);
	*ret_reply = reply;
	return true;
}

/* read_outcomes - LMTP: one per accepted recipient; SMTP: one for all of them */
static bool read_outcomes(WaxClient *client, size_t n, WaxReply *replies, GError **error)
{
	WaxReply reply;

	if (!is_lmtp(client)) {
		if (!get_final(client, &reply, error))
			return false;
		all(replies, n, &reply);
		return true;
	}
	for (size_t i = 0; i < n; i++) {
		if (replies[i].code != 0)
			continue;
		if (!get_final(client, &reply, error))
			return false;
		replies[i] = reply;
	}
	return true;
}

static bool reset_session(WaxClient *client, GError **error)
{
	WaxReply reply;

	return put(client, "RSET\r\n", 6, error) && get(client, &reply, error);
}

/* transact - the message over an open session; false when the connection is lost */
static bool transact(WaxClient *client, const WaxDelivery *delivery, WaxReply *replies,
	bool *ret_begun, bool *ret_dotted, GError **error)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	WaxReply reply;
	bool none = false;

	if (lacking(client, delivery, &reply)) {
		all(replies, delivery->n, &reply);
		return true;
	}
	if (!send_forward(client, delivery, error) ||
		!send_envelope(client, delivery, replies, &none, error))
		return false;
	*ret_begun = true;
	if (none)
		return reset_session(client, error);
	if (!put(client, "DATA\r\n", 6, error) || !get(client, &reply, error))
		return false;
	if (reply.code != 354) {
		if (wax_reply_is_ok(&reply))
			reply = wax_reply_make(451, "4.4.2", "the next hop did not ask for DATA");
		all(replies, delivery->n, &reply);
		return reset_session(client, error);
	}
	if (!send_octets(client, &delivery->octets, out, error))
		return false;
	if (delivery->commit && !delivery->commit(delivery->commit_ctx, error))
		return false;
	*ret_dotted = true;
	if (!wax_wire_write(
		    client->wire, WAX_SPAN(out->data, out->len), within(client, REPLY_WAIT), error))
		return false;
	return read_outcomes(client, delivery->n, replies, error);
}

bool wax_client_deliver(WaxClient *client, const WaxDelivery *delivery, int64_t deadline,
	WaxReply *ret_replies, bool *ret_dotted)
{
	g_autoptr(GError) error = NULL;
	bool reused = client->wire != NULL, begun = false;
	WaxReply said = { 0 }, ours;

	client->deadline = deadline;
	*ret_dotted = false;
	for (size_t i = 0; i < delivery->n; i++)
		ret_replies[i] = (WaxReply){ 0 };
	if (client->wire && !wax_wire_quiet(client->wire)) {
		hang_up(client);
		reused = false;
	}
	for (;;) {
		if ((client->wire || open_session(client, &said, &error)) &&
			transact(client, delivery, ret_replies, &begun, ret_dotted, &error))
			return true;
		hang_up(client);
		if (!reused || begun)
			break;
		reused = false;
		g_clear_error(&error);
		for (size_t i = 0; i < delivery->n; i++)
			ret_replies[i] = (WaxReply){ 0 };
	}
	/* a greeting of 4xx or 5xx is the next hop's word about every recipient */
	if (!begun && said.code != 0 && !wax_reply_is_ok(&said)) {
		if (said.code / 100 != 4)
			said = wax_reply_make(
				451, "4.4.1", "the next hop refuses us: %s", said.text);
		all(ret_replies, delivery->n, &said);
		return false;
	}
	if (wax_class_of(error) == WAX_CLASS_TEMP || wax_class_of(error) == WAX_CLASS_BUG)
		ours = wax_reply_from_error(error);
	else
		ours = wax_reply_make(451, "4.4.2", "%s", error->message);
	all(ret_replies, delivery->n, &ours);
	return false;
}
