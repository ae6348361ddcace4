/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/serve - one connection from its greeting to its end
 *
 * DESCRIPTION
 *	Moves octets between a socket and a conversation, and tells the owner
 *	of the message's way what happens.  Blocking: one thread each.
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
	int command_wait; /* ms until a silent client is sent away */
	int data_wait;	  /* ms between octets of a message */
	int stop_fd;	  /* readable when the service stops; -1: none */
} WaxServeRules;

void wax_serve(int sock, const WaxServeRules *rules, const WaxServeCalls *calls);

#endif
