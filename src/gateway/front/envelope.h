/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/envelope - sender, recipients and what was said about them
 *
 * DESCRIPTION
 *	What one transaction says outside the message: RFC 5321 paths, the
 *	parameters of SIZE, 8BITMIME, SMTPUTF8 and DSN, and what XFORWARD told
 *	about the first hop.  xtext values (ENVID, ORCPT) are kept as they
 *	came, checked, since they are passed on and never read here.
 *
 * OWNERSHIP
 *	wax_envelope_free frees everything; recipients are WaxRecipient.
 *
 * ERRORS
 *	None: what cannot be said is refused by front/conversation.
 */
#ifndef WAX_GATEWAY_FRONT_ENVELOPE_H
#define WAX_GATEWAY_FRONT_ENVELOPE_H

#include <glib.h>

#include "core/base.h"

typedef enum {
	WAX_NOTIFY_NEVER = 1,
	WAX_NOTIFY_SUCCESS = 2,
	WAX_NOTIFY_FAILURE = 4,
	WAX_NOTIFY_DELAY = 8,
} WaxNotify;

typedef enum {
	WAX_RET_UNSET,
	WAX_RET_FULL,
	WAX_RET_HDRS,
} WaxRet;

typedef enum {
	WAX_FORWARD_NAME,
	WAX_FORWARD_ADDR,
	WAX_FORWARD_PORT,
	WAX_FORWARD_PROTO,
	WAX_FORWARD_HELO,
	WAX_FORWARD_IDENT, /* the queue id of the hop before */
	WAX_FORWARD_SOURCE,
	WAX_FORWARD_COUNT_,
} WaxForward;

typedef struct {
	char *address;	 /* as it goes on the wire, without angle brackets */
	char *key;	 /* one form for one mailbox (core/address) */
	char *domain;	 /* lower-case A-labels */
	char *orcpt;	 /* "rfc822;xtext" or NULL */
	unsigned notify; /* WaxNotify bits; 0: not said */
} WaxRecipient;

typedef struct {
	char *sender;	     /* "" is the null sender */
	char *sender_key;    /* NULL for the null sender */
	char *sender_domain; /* NULL for the null sender */
	char *envid;	     /* xtext or NULL */
	WaxRet ret;
	bool eight_bit; /* BODY=8BITMIME */
	bool utf8;	/* SMTPUTF8 */
	uint64_t size;	/* as declared; 0: not said */
	GPtrArray *recipients;
	char *forward[WAX_FORWARD_COUNT_]; /* xtext as it came; NULL: not said */
} WaxEnvelope;

WaxEnvelope *wax_envelope_new(void);
void wax_envelope_free(WaxEnvelope *envelope);
WaxRecipient *wax_recipient_new(void);
void wax_recipient_free(WaxRecipient *recipient);
WaxRecipient *wax_recipient_dup(const WaxRecipient *recipient);

/* wax_forward_name - "NAME", "ADDR", ...: the words of XFORWARD */
const char *wax_forward_name(WaxForward attribute);

/* wax_xtext_valid - RFC 3461 section 4: printable, no '+' but "+XX", no '=' */
bool wax_xtext_valid(WaxSpan text);

/* wax_envelope_ident - the queue id of the hop before, decoded; NULL when not said */
char *wax_envelope_ident(const WaxEnvelope *envelope);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxEnvelope, wax_envelope_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxRecipient, wax_recipient_free)

#endif
