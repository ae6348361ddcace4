/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/client - one message to the next hop, by SMTP or LMTP
 *
 * SYNOPSIS
 *	if (!wax_client_deliver(client, &delivery, deadline, replies)) ...
 *
 * DESCRIPTION
 *	Speaks RFC 5321 or RFC 2033 with what the other side offers:
 *	PIPELINING, SIZE, 8BITMIME, SMTPUTF8, DSN, XFORWARD.  Every recipient
 *	gets a reply of its own, the next hop's or one made here.  What the
 *	next hop lacks is never worked around by changing octets: an 8-bit
 *	message is refused with 554 5.6.3.  The one change made is the one
 *	SMTP demands, CR LF at line ends: a bare LF in a decrypted message
 *	could end DATA at a careless next hop.
 *
 *	`commit` runs when all octets are out and the final dot is not: what
 *	it makes durable was true before anybody could deliver.
 *
 *	A client keeps its connection between messages.  A connection that
 *	went stale before the message began is replaced once.
 *
 * OWNERSHIP
 *	The client owns its connection; the delivery borrows everything.
 *
 * ERRORS
 *	None: all ends in replies.  `dotted` tells whether the final dot may
 *	have reached the next hop when the replies are our own.
 */
#ifndef WAX_GATEWAY_FRONT_CLIENT_H
#define WAX_GATEWAY_FRONT_CLIENT_H

#include <glib.h>

#include "core/base.h"
#include "crypto/spool.h"
#include "crypto/tls.h"
#include "gateway/front/envelope.h"
#include "gateway/front/reply.h"

typedef enum {
	WAX_HOP_NONE,
	WAX_HOP_SMTP,
	WAX_HOP_LMTP,
	WAX_HOP_LMTP_UNIX,
	WAX_HOP_MAILDIR,
} WaxHopKind;

typedef struct {
	WaxHopKind kind;
	char *host; /* or the path: of a socket, of a folder of Maildirs */
	uint16_t port;
} WaxHop;

typedef struct {
	const WaxEnvelope *envelope; /* sender, ENVID, RET, XFORWARD, SMTPUTF8 */
	const WaxRecipient *const *recipients;
	size_t n;
	bool eight_bit;	  /* these octets need 8BITMIME */
	bool header_only; /* RET=HDRS whatever the envelope says (GATEWAY d.6) */
	WaxSource octets;
	/* make "sending" durable; false stops the delivery before its dot */
	bool (*commit)(void *ctx, GError **error);
	void *commit_ctx;
} WaxDelivery;

typedef struct WaxClient WaxClient;

/* wax_hop_parse - "smtp:HOST:PORT", "lmtp:HOST:PORT", "lmtp:unix:PATH", "maildir:FOLDER" */
bool wax_hop_parse(const char *route, WaxHop *ret_hop, GError **error) WAX_MUST_USE;
void wax_hop_clear(WaxHop *hop);

/* TLS towards a next hop on another host; on this host there is nobody to listen */
typedef enum {
	WAX_CLIENT_TLS_OFF,
	WAX_CLIENT_TLS_MAY,  /* where it is offered */
	WAX_CLIENT_TLS_MUST, /* or the mail waits */
} WaxClientTls;

/* wax_client_new - not yet connected; helo is our name */
WaxClient *wax_client_new(const WaxHop *hop, const char *helo);

/* wax_client_set_tls - borrowed; one that was given authorities checks the next hop's name */
void wax_client_set_tls(WaxClient *client, const WaxTls *tls, WaxClientTls duty);
void wax_client_free(WaxClient *client);

/*
 * wax_client_deliver - fills n replies; deadline in wax_clock_monotonic() ms.
 * Returns true when the next hop itself answered for every recipient.
 */
bool wax_client_deliver(WaxClient *client, const WaxDelivery *delivery, int64_t deadline,
	WaxReply *ret_replies, bool *ret_dotted);

/* wax_client_idle - connected, quiet and worth keeping */
bool wax_client_idle(WaxClient *client);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxHop, wax_hop_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxClient, wax_client_free)

#endif
