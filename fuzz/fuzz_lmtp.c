/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/conversation.h"
#include "must.h"


/*
 * TARGETS: wax_conversation_step   CORPUS: lmtp
 * The first octet chooses the protocol, what the caller refuses and how the
 * rest is cut.  Heard twice, cut differently, a dialogue must come to the same
 * replies and the same octets.
 */
static void hear(uint8_t choice, WaxSpan in, size_t piece, GString *replies, GString *octets)
{
	static const WaxReply no = { .code = 550, .enhanced = "5.7.1", .text = "no" };
	WaxTalkRules rules = { .lmtp = (choice & 1) != 0,
		.host = "gw",
		.size_limit = 4096,
		.max_recipients = 5,
		.xforward = (choice & 2) != 0,
		.tls = true };
	g_autoptr(WaxConversation) talk = wax_conversation_new(&rules);
	g_autoptr(GString) message = g_string_new(NULL);
	size_t at = 0, end = 0, taken = 0;
	bool in_message = false;

	wax_conversation_trust(talk, true);
	for (;;) {
		WaxSpan content = WAX_SPAN_NONE;
		size_t used = SIZE_MAX;
		WaxTalkEvent event =
			wax_conversation_step(talk, WAX_SPAN(in.p + at, end - at), &used, &content);
		const WaxEnvelope *envelope = wax_conversation_get_envelope(talk);

		must(used <= end - at);
		at += used;
		must(envelope->recipients->len <= rules.max_recipients);
		switch (event) {
		case WAX_TALK_TLS:
			must(!in_message);
			wax_conversation_secured(talk);
			break;
		case WAX_TALK_MORE:
			must(at == end);
			g_string_append_len(replies, (const char *)wax_conversation_output(talk).p,
				(gssize)wax_conversation_output(talk).n);
			wax_conversation_sent(talk);
			if (end == in.n)
				return;
			end = MIN(in.n, end + piece);
			break;
		case WAX_TALK_MAIL:
			must(!in_message && envelope->sender && envelope->recipients->len == 0);
			if (choice & 4)
				wax_conversation_refuse(talk, &no);
			break;
		case WAX_TALK_RCPT:
			must(!in_message && envelope->recipients->len > 0);
			if (choice & 8)
				wax_conversation_refuse(talk, &no);
			break;
		case WAX_TALK_DATA:
			must(!in_message && envelope->recipients->len > 0);
			if (choice & 16)
				wax_conversation_refuse(talk, &no);
			else
				in_message = true;
			taken = 0;
			break;
		case WAX_TALK_BODY:
			must(in_message && content.n > 0 && content.n <= used + 1);
			taken += content.n;
			must(taken <= rules.size_limit);
			g_string_append_len(message, (const char *)content.p, (gssize)content.n);
			break;
		case WAX_TALK_END: {
			WaxReply answers[5];

			must(in_message && taken == wax_conversation_get_received(talk));
			in_message = false;
			g_string_append_len(octets, message->str, (gssize)message->len);
			g_string_truncate(message, 0);
			g_string_append(octets, "<end>");
			for (size_t i = 0; i < envelope->recipients->len; i++)
				answers[i] = i & 1 ? no : wax_reply_make(250, "2.0.0", "ok");
			wax_conversation_answer(talk, answers, envelope->recipients->len);
			break;
		}
		case WAX_TALK_ABORT:
			must(in_message);
			in_message = false;
			g_string_truncate(message, 0);
			g_string_append(octets, "<abort>");
			break;
		case WAX_TALK_CLOSE:
			g_string_append_len(replies, (const char *)wax_conversation_output(talk).p,
				(gssize)wax_conversation_output(talk).n);
			return;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GString) replies = g_string_new(NULL), again = g_string_new(NULL);
	g_autoptr(GString) octets = g_string_new(NULL), same = g_string_new(NULL);

	if (size < 1)
		return 0;
	hear(data[0], WAX_SPAN(data + 1, size - 1), 4096, replies, octets);
	hear(data[0], WAX_SPAN(data + 1, size - 1), 1 + (data[0] >> 5), again, same);
	must(g_string_equal(replies, again));
	must(g_string_equal(octets, same));
	return 0;
}
