/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/conversation_internal - what the files of the conversation share
 *
 * DESCRIPTION
 *	conversation.c has the steps and the answers, conversation_commands
 *	the table of commands, conversation_words what stands in a command
 *	line, conversation_message the octets between DATA and the final dot.
 *
 * OWNERSHIP
 *	Words are spans of the line they were taken from.
 *
 * ERRORS
 *	None: false means that the text is not what it should be; who reads a
 *	line says so to the peer.
 */
#ifndef WAX_GATEWAY_FRONT_CONVERSATION_INTERNAL_H
#define WAX_GATEWAY_FRONT_CONVERSATION_INTERNAL_H

#include "gateway/front/conversation.h"

/* the states of a session; the message has a machine of its own */
typedef enum {
	WAX_STATE_FRESH, /* greeted by us, not yet by the peer */
	WAX_STATE_READY, /* between transactions */
	WAX_STATE_MAIL,	 /* has a sender */
	WAX_STATE_RCPT,	 /* has a recipient too */
	WAX_STATE_BODY,	 /* octets of a message are coming */
	WAX_STATE_OVER,	 /* closing */
} WaxTalkState;

/* where in a line of the message we are */
typedef enum {
	WAX_LINE_START,
	WAX_LINE_DOT,	 /* a '.' at the start: stuffing or the end */
	WAX_LINE_DOT_CR, /* ".\r" */
	WAX_LINE_TEXT,
	WAX_LINE_CR, /* the octet before was CR */
} WaxTalkLine;

struct WaxConversation {
	WaxTalkRules rules;
	bool internal, secured, wants_tls;
	WaxTalkState state;
	WaxTalkLine line_state;
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
	bool bare_lf;
	bool too_large;
	bool waits_for_answer;
};

/* wax_talk_say - one reply; counts the faults of the peer */
void wax_talk_say(WaxConversation *talk, int code, const char *enhanced, const char *text);
/* wax_talk_reset - forget the transaction, keep the session */
void wax_talk_reset(WaxConversation *talk);

/* wax_talk_obey - one command line, without its CR LF */
void wax_talk_obey(WaxConversation *talk, WaxSpan line);
/* wax_talk_body - octets of the message up to the next decision */
WaxTalkEvent wax_talk_body(WaxConversation *talk, WaxSpan in, size_t *used, WaxSpan *content);

/* ---- words of a command line; what is taken is gone from `rest` ---- */

/* wax_word_next - up to the next blank */
bool wax_word_next(WaxSpan *rest, WaxSpan *ret_word) WAX_MUST_USE;
/* wax_word_path - "<...>" off the front; the quoted part may hold blanks and '>' */
bool wax_word_path(WaxSpan *rest, WaxSpan *ret_path) WAX_MUST_USE;
/* wax_word_split - "KEY=value" or "KEY" */
void wax_word_split(WaxSpan word, WaxSpan *ret_key, WaxSpan *ret_value);
/* wax_word_is - this text, in small letters or capitals */
bool wax_word_is(WaxSpan word, const char *text);
char *wax_word_dup(WaxSpan span);
bool wax_word_is_ascii(WaxSpan text);
/* wax_word_is_clean - no control character; what is beyond ASCII must be UTF-8 */
bool wax_word_is_clean(WaxSpan line);
bool wax_word_size(WaxSpan value, uint64_t *ret_size) WAX_MUST_USE;
/* wax_word_notify - NEVER alone, or a list without repetition (RFC 3461 4.1) */
bool wax_word_notify(WaxSpan value, unsigned *ret_notify) WAX_MUST_USE;
/* wax_word_is_orcpt - addr-type ";" xtext (RFC 3461 4.2); RFC 6533 allows UTF-8 with SMTPUTF8 */
bool wax_word_is_orcpt(WaxSpan value, bool utf8);

#endif
