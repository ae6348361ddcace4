/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/conversation_internal.h"

#define FAULTS_ALLOWED 20

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

void wax_talk_say(WaxConversation *talk, int code, const char *enhanced, const char *text)
{
	WaxReply reply = wax_reply_make(code, enhanced, "%s", text);

	if (code >= 500)
		talk->faults++;
	wax_reply_format(&reply, talk->output);
}

void wax_talk_reset(WaxConversation *talk)
{
	wax_envelope_free(talk->envelope);
	talk->envelope = wax_envelope_new();
	talk->received = 0;
	talk->bare_lf = false;
	talk->too_large = false;
	talk->waits_for_answer = false;
	if (talk->state != WAX_STATE_OVER && talk->state != WAX_STATE_FRESH)
		talk->state = WAX_STATE_READY;
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
			talk->state = WAX_STATE_MAIL;
		break;
	default:
		wax_talk_reset(talk);
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
			wax_talk_say(talk, 500, "5.5.2", "line too long");
		} else if (n == 0 || talk->line[n - 1] != '\r') {
			/* RFC 5321 2.3.8: lines end with CR LF and nothing else does */
			wax_talk_say(talk, 521, "5.5.2", "a command ended with a bare LF");
			talk->state = WAX_STATE_OVER;
			return WAX_TALK_CLOSE;
		} else {
			wax_talk_obey(talk, WAX_SPAN(talk->line, n - 1));
		}
		if (talk->state == WAX_STATE_OVER)
			return WAX_TALK_CLOSE;
		if (talk->faults > FAULTS_ALLOWED) {
			wax_talk_say(talk, 421, "4.7.0", "too many errors");
			talk->state = WAX_STATE_OVER;
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

WaxTalkEvent wax_conversation_step(
	WaxConversation *talk, WaxSpan in, size_t *ret_used, WaxSpan *ret_content)
{
	g_assert(!talk->waits_for_answer);
	*ret_used = 0;
	settle(talk);
	if (talk->state == WAX_STATE_OVER)
		return WAX_TALK_CLOSE;
	if (talk->state == WAX_STATE_BODY)
		return wax_talk_body(talk, in, ret_used, ret_content);
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
	wax_talk_reset(talk);
}

void wax_conversation_secured(WaxConversation *talk)
{
	talk->secured = true;
	talk->line_n = 0;
	talk->line_long = false;
	wax_talk_reset(talk);
	talk->state = WAX_STATE_FRESH;
	g_clear_pointer(&talk->helo, g_free);
}

void wax_conversation_trust(WaxConversation *talk, bool internal)
{
	talk->internal = internal;
}

void wax_conversation_bye(WaxConversation *talk, const char *text)
{
	wax_talk_say(talk, 421, "4.4.2", text);
	talk->state = WAX_STATE_OVER;
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
