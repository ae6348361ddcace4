/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/deliver - finished copies to their next hops, by the journal
 *
 * DESCRIPTION
 *	One *delivery* is one copy for the recipients that share it and one
 *	route.  For each recipient the journal is asked first: what was sent is
 *	answered as it was then and not sent again; what another connection is
 *	sending now is answered 451.  For the rest `sending` is durable before
 *	the final dot and `sent` before this returns a 250.  Where the next
 *	hop's answer was lost the row stays `sending`, so the next attempt is
 *	marked as a possible duplicate.
 *
 *	Plaintext has a door of its own, which takes the tokens that only the
 *	policy can make; the other door takes copies that are protected, or
 *	go to a mailbox of ours.
 *
 * OWNERSHIP
 *	A WaxDeliverer owns its idle connections; it may be used by all threads.
 *
 * ERRORS
 *	None: all ends in replies.
 */
#ifndef WAX_GATEWAY_FRONT_DELIVER_H
#define WAX_GATEWAY_FRONT_DELIVER_H

#include <glib.h>

#include "core/base.h"
#include "crypto/spool.h"
#include "gateway/front/client.h"
#include "gateway/front/envelope.h"
#include "gateway/front/reply.h"
#include "policy/plan.h"
#include "store/mail.h"

typedef struct WaxDeliverer WaxDeliverer;

typedef struct {
	const char *route;
	const WaxEnvelope *envelope;
	const WaxRecipient *const *recipients;
	size_t n;
	WaxSource octets;
	bool eight_bit;
	bool header_only;
	const char *reference;	/* of the message, for the timeline */
	const uint8_t *content; /* 32 octets: SHA-256 of the message as it came */
	const char *identity;	/* the queue id, else the Message-ID; NULL: every attempt is new */
	const char *method; /* for the timeline: "plain", "signed", "sealed", "as-is", "opened" */
	int64_t deadline;
} WaxCopyDelivery;

WaxDeliverer *wax_deliverer_new(WaxMail *mail, const char *helo);

/* wax_deliverer_set_tls - before the first delivery; borrowed */
void wax_deliverer_set_tls(WaxDeliverer *deliverer, const WaxTls *tls, WaxClientTls duty);
void wax_deliverer_free(WaxDeliverer *deliverer);

/* wax_deliver_protected - sealed, already protected, or going to a mailbox of ours */
void wax_deliver_protected(
	WaxDeliverer *deliverer, const WaxCopyDelivery *copy, WaxReply *ret_replies);

/* wax_deliver_plain - leaves unencrypted: n tokens, one that covers each recipient */
void wax_deliver_plain(WaxDeliverer *deliverer, const WaxCopyDelivery *copy,
	const WaxPlainToken *const *tokens, WaxReply *ret_replies);

/* wax_copy_key - SHA-256 over identity, recipient and content, each with its length */
void wax_copy_key(const char *identity, const char *recipient, const uint8_t content[32],
	uint8_t ret_key[WAX_JOURNAL_KEY]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxDeliverer, wax_deliverer_free)

#endif
