/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/conversation_internal.h"

#include <string.h>

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
	wax_talk_reset(talk);
	return WAX_TALK_ABORT;
}

/* gives_content - count what is given to the caller, or swallow it */
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
		talk->line_state = in.p[in.n - 1] == '\r' ? WAX_LINE_CR : WAX_LINE_TEXT;
		return in.n;
	}
	n = (size_t)(lf - in.p) + 1;
	if (n >= 2 ? lf[-1] == '\r' : talk->line_state == WAX_LINE_CR) {
		talk->line_state = WAX_LINE_START;
	} else {
		talk->bare_lf = true;
		talk->line_state = WAX_LINE_TEXT;
	}
	return n;
}

WaxTalkEvent wax_talk_body(WaxConversation *talk, WaxSpan in, size_t *used, WaxSpan *content)
{
	static const uint8_t cr = '\r';
	size_t from = *used;

	while (*used < in.n) {
		uint8_t c = in.p[*used];

		switch (talk->line_state) {
		case WAX_LINE_START:
			if (c != '.') {
				talk->line_state = WAX_LINE_TEXT;
				break;
			}
			/* what came before the dot is whole; the dot itself is not content */
			if (*used > from &&
				gives_content(talk, WAX_SPAN(in.p + from, *used - from))) {
				*content = WAX_SPAN(in.p + from, *used - from);
				return WAX_TALK_BODY;
			}
			talk->line_state = WAX_LINE_DOT;
			from = ++*used;
			break;
		case WAX_LINE_DOT:
			if (c == '\r') {
				talk->line_state = WAX_LINE_DOT_CR;
				from = ++*used;
			} else {
				talk->line_state = WAX_LINE_TEXT;
			}
			break;
		case WAX_LINE_DOT_CR:
			if (c == '\n') {
				++*used;
				return ended(talk);
			}
			/* ".\rX": a stuffed line that begins with a bare CR */
			talk->line_state = WAX_LINE_CR;
			if (gives_content(talk, WAX_SPAN(&cr, 1))) {
				*content = WAX_SPAN(&cr, 1);
				return WAX_TALK_BODY;
			}
			break;
		case WAX_LINE_TEXT:
		case WAX_LINE_CR:
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
