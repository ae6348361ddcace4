/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/conversation - the server's side of LMTP and SMTP
 *
 * SYNOPSIS
 *	while (wax_conversation_step(talk, in, &used, &content) != WAX_TALK_CLOSE) ...
 *
 * DESCRIPTION
 *	RFC 2033 and RFC 5321 with 8BITMIME, SMTPUTF8, DSN, SIZE, PIPELINING,
 *	ENHANCEDSTATUSCODES, STARTTLS (RFC 3207) and XFORWARD, as a table of
 *	states and commands.
 *	Pure: bytes go in, events and reply bytes come out; no socket, no
 *	clock.  Replies collect until the caller writes them, so that a set
 *	of pipelined commands costs one write.
 *
 *	The end of DATA is CR LF '.' CR LF and nothing else.  A bare LF in
 *	a message makes it refused when it has ended, and one in a command
 *	ends the connection: both are how mail is smuggled past a filter.
 *
 *	On MAIL, RCPT and DATA the caller may refuse what just arrived with
 *	wax_conversation_refuse before the next step; on END it must answer
 *	every recipient.  ABORT says that a message begun will not be finished.
 *
 * OWNERSHIP
 *	The conversation owns its envelope and its output; content points
 *	into the caller's input or at a constant.
 *
 * ERRORS
 *	None: every fault of the peer is a reply.
 *
 * LIMITS
 *	2,048 octets a command line; the rules' recipients and size; 20
 *	faulty commands.
 */
#ifndef WAX_GATEWAY_FRONT_CONVERSATION_H
#define WAX_GATEWAY_FRONT_CONVERSATION_H

#include <glib.h>

#include "core/base.h"
#include "gateway/front/envelope.h"
#include "gateway/front/reply.h"

#define WAX_TALK_LINE 2048

typedef struct {
	bool lmtp;
	const char *host; /* our name; borrowed, lives as long as the conversation */
	uint64_t size_limit;
	unsigned max_recipients;
	bool xforward; /* the hop before may speak for its client, once it is known to be internal */
	bool tls;      /* STARTTLS is offered */
} WaxTalkRules;

typedef enum {
	WAX_TALK_MORE,	/* input used up: write the output, read more */
	WAX_TALK_MAIL,	/* a sender was accepted, unless the caller refuses */
	WAX_TALK_RCPT,	/* so was a recipient: the last one of the envelope */
	WAX_TALK_DATA,	/* the message is about to come, unless the caller refuses */
	WAX_TALK_BODY,	/* content: octets of the message */
	WAX_TALK_END,	/* the message is complete: answer every recipient */
	WAX_TALK_TLS,	/* write the output, begin TLS, say so with _secured */
	WAX_TALK_ABORT, /* the message will not be finished, forget it */
	WAX_TALK_CLOSE, /* write the output, close */
} WaxTalkEvent;

typedef struct WaxConversation WaxConversation;

/* wax_conversation_new - starts with the greeting in its output */
WaxConversation *wax_conversation_new(const WaxTalkRules *rules);
void wax_conversation_free(WaxConversation *talk);

/* wax_conversation_step - take from the front of `in`; content is set with BODY alone */
WaxTalkEvent wax_conversation_step(
	WaxConversation *talk, WaxSpan in, size_t *ret_used, WaxSpan *ret_content);

/* wax_conversation_refuse - after MAIL, RCPT or DATA: not this one */
void wax_conversation_refuse(WaxConversation *talk, const WaxReply *reply);

/* wax_conversation_answer - after END: n replies, one for each recipient */
void wax_conversation_answer(WaxConversation *talk, const WaxReply *replies, size_t n);

/* wax_conversation_secured - TLS has begun: what was said before it counts for nothing */
void wax_conversation_secured(WaxConversation *talk);

/* wax_conversation_trust - the peer is internal, so XFORWARD is offered; or it is not */
void wax_conversation_trust(WaxConversation *talk, bool internal);

/* wax_conversation_bye - the caller ends it: 421 with this text */
void wax_conversation_bye(WaxConversation *talk, const char *text);

/* wax_conversation_get_* - borrowed until the next step */
const WaxEnvelope *wax_conversation_get_envelope(const WaxConversation *talk);
const char *wax_conversation_get_helo(const WaxConversation *talk);
uint64_t wax_conversation_get_received(const WaxConversation *talk); /* octets of this message */

/* wax_conversation_output - what is to be written; emptied by _sent */
WaxSpan wax_conversation_output(const WaxConversation *talk);
void wax_conversation_sent(WaxConversation *talk);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxConversation, wax_conversation_free)

#endif
