/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/serve - one connection from its greeting to its end
 *
 * DESCRIPTION
 *	Moves octets between a socket and a conversation, and tells the owner
 *	of the message's way what happens.  Blocking: one thread each.
 *
 *	A peer is internal when it is on this host (loopback, or a UNIX socket
 *	held by a user named in the rules), or has shown a certificate of our
 *	authorities in TLS.  Nobody else may say XFORWARD, nor MAIL where only
 *	internal hosts may.
 *
 * OWNERSHIP
 *	wax_serve takes the socket and closes it.  Callees borrow.
 *
 * ERRORS
 *	None: a broken connection ends it.  What is broken in a message is
 *	the callee's to answer at its end.
 */
#ifndef WAX_GATEWAY_FRONT_SERVE_H
#define WAX_GATEWAY_FRONT_SERVE_H

#include <glib.h>

#include "core/base.h"
#include "crypto/tls.h"
#include "gateway/front/conversation.h"

typedef struct {
	/* a false return refuses with the reply; NULL accepts everything */
	bool (*mail)(void *ctx, const WaxEnvelope *envelope, WaxReply *ret_refusal);
	bool (*rcpt)(void *ctx, const WaxEnvelope *envelope, WaxReply *ret_refusal);
	bool (*data)(void *ctx, const WaxEnvelope *envelope, WaxReply *ret_refusal);
	void (*body)(void *ctx, WaxSpan octets);
	void (*abort)(void *ctx);
	/* n replies, one for each recipient of the envelope */
	void (*end)(void *ctx, const WaxEnvelope *envelope, WaxReply *ret_replies);
	void *ctx;
	/* who is at the other end, told once before the first event */
	void (*peer)(void *ctx, const char *peer);
	/* what it called itself */
	void (*helo)(void *ctx, const char *helo);
} WaxServeCalls;

typedef struct {
	WaxTalkRules talk;
	int command_wait;   /* ms until a silent client is sent away */
	int data_wait;	    /* ms between octets of a message */
	int stop_fd;	    /* readable when the service stops; -1: none */
	const WaxTls *tls;  /* NULL: none is offered */
	bool internal_only; /* mail is taken from internal hosts alone (GATEWAY d.1) */
	const uint32_t
		*users; /* who may be at the other end of a UNIX socket, beside root and us */
	size_t user_count;
} WaxServeRules;

void wax_serve(int sock, const WaxServeRules *rules, const WaxServeCalls *calls);

#endif
