/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/serve.h"

#include <unistd.h>

#include "core/clock.h"
#include "core/status.h"
#include "gateway/front/wire.h"

#define WRITE_WAIT (60 * 1000)
#define TLS_WAIT   (60 * 1000)

typedef struct {
	WaxWire *wire;
	WaxConversation *talk;
	const WaxServeRules *rules;
	const WaxServeCalls *calls;
	bool in_message;
	bool internal;
} Session;

static bool flush(Session *s)
{
	WaxSpan output = wax_conversation_output(s->talk);
	bool sent;

	if (output.n == 0)
		return true;
	sent = wax_wire_write(s->wire, output, wax_clock_monotonic() + WRITE_WAIT, NULL);
	wax_conversation_sent(s->talk);
	return sent;
}

static bool may_use_socket(const WaxServeRules *rules, uint32_t uid)
{
	bool may = uid == 0 || uid == geteuid();

	for (size_t i = 0; i < rules->user_count; i++)
		may = may || rules->users[i] == uid;
	return may;
}

/* meet - who is there, at the start and once more when TLS has begun */
static void meet(Session *s)
{
	uint32_t uid;

	if (wax_wire_user(s->wire, &uid))
		s->internal = may_use_socket(s->rules, uid);
	else
		s->internal = wax_wire_is_local(s->wire) || wax_wire_verified(s->wire);
	wax_conversation_trust(s->talk, s->internal);
}

/* admit - the hop to us must be provably internal where mail of ours is signed */
static bool admit(Session *s)
{
	WaxReply refusal;

	if (s->internal || !s->rules->internal_only)
		return true;
	refusal = wax_reply_make(530, "5.7.0", "%s",
		s->rules->tls ? "this host is not known as internal: show a certificate in TLS"
			      : "this host is not known as internal");
	wax_conversation_refuse(s->talk, &refusal);
	return false;
}

/* secure - the reply goes out in clear, everything after it does not */
static bool secure(Session *s)
{
	if (!flush(s) || !wax_wire_secure(s->wire, s->rules->tls, NULL,
				 wax_clock_monotonic() + TLS_WAIT, NULL))
		return false;
	wax_conversation_secured(s->talk);
	meet(s);
	return true;
}

/* ask - may the owner of the flow refuse what just arrived? */
static void ask(Session *s, bool (*may)(void *, const WaxEnvelope *, WaxReply *))
{
	WaxReply refusal;

	if (may && !may(s->calls->ctx, wax_conversation_get_envelope(s->talk), &refusal))
		wax_conversation_refuse(s->talk, &refusal);
	else if (may == s->calls->data)
		s->in_message = true;
}

static void answer(Session *s)
{
	const WaxEnvelope *envelope = wax_conversation_get_envelope(s->talk);
	size_t n = envelope->recipients->len;
	g_autofree WaxReply *replies = g_new0(WaxReply, n);

	s->in_message = false;
	s->calls->end(s->calls->ctx, envelope, replies);
	for (size_t i = 0; i < n; i++)
		if (replies[i].code == 0)
			replies[i] = wax_reply_make(451, "4.3.0", "not finished, try again");
	wax_conversation_answer(s->talk, replies, n);
}

static void abandon(Session *s)
{
	if (s->in_message && s->calls->abort)
		s->calls->abort(s->calls->ctx);
	s->in_message = false;
}

/* act - on one event; false when the connection is over */
static bool act(Session *s, WaxTalkEvent event, WaxSpan content)
{
	switch (event) {
	case WAX_TALK_MAIL:
		if (!admit(s))
			return true;
		if (s->calls->helo)
			s->calls->helo(s->calls->ctx, wax_conversation_get_helo(s->talk));
		ask(s, s->calls->mail);
		return true;
	case WAX_TALK_RCPT:
		ask(s, s->calls->rcpt);
		return true;
	case WAX_TALK_DATA:
		ask(s, s->calls->data);
		return true;
	case WAX_TALK_BODY:
		s->calls->body(s->calls->ctx, content);
		return true;
	case WAX_TALK_END:
		answer(s);
		return true;
	case WAX_TALK_ABORT:
		abandon(s);
		return true;
	case WAX_TALK_MORE:
		return flush(s);
	case WAX_TALK_TLS: /* begun by consume, which knows what is left of the input */
	case WAX_TALK_CLOSE:
		break;
	}
	return false;
}

/* consume - all of the input, event by event */
static bool consume(Session *s, WaxSpan input)
{
	for (;;) {
		WaxSpan content = WAX_SPAN_NONE;
		size_t used = 0;
		WaxTalkEvent event = wax_conversation_step(s->talk, input, &used, &content);

		input.p += used;
		input.n -= used;
		if (event == WAX_TALK_TLS) {
			wax_wire_used(s->wire, used);
			/* RFC 3207 6: what follows in the same breath was put there by somebody else */
			return input.n == 0 && secure(s);
		}
		/* content lies in the wire's buffer: act before it is given up */
		if (!act(s, event, content))
			return false;
		wax_wire_used(s->wire, used);
		if (event == WAX_TALK_MORE)
			return true;
	}
}

void wax_serve(int sock, const WaxServeRules *rules, const WaxServeCalls *calls)
{
	g_autoptr(WaxWire) wire = wax_wire_new(sock, rules->stop_fd);
	g_autoptr(WaxConversation) talk = wax_conversation_new(&rules->talk);
	Session s = { wire, talk, rules, calls, false, false };
	bool going;

	meet(&s);
	if (calls->peer)
		calls->peer(calls->ctx, wax_wire_peer(wire));
	going = flush(&s);
	while (going) {
		g_autoptr(GError) error = NULL;
		WaxSpan input;
		int wait = s.in_message ? rules->data_wait : rules->command_wait;

		if (!wax_wire_fill(wire, wax_clock_monotonic() + wait, &input, &error)) {
			wax_conversation_bye(talk, wax_reason_of(error) == WAX_R_SERVICE_DOWN
							   ? "stopping, try again"
							   : "too slow");
			break;
		}
		if (input.n == 0)
			break;
		going = consume(&s, input);
	}
	abandon(&s);
	(void)flush(&s); /* the last words; nobody may be listening */
}
