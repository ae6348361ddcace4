/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/notice - the text that tells a sender who got what
 *
 * DESCRIPTION
 *	One message for one message: a row for each recipient with outcome,
 *	reason and what can be done (GATEWAY d.7).  Null sender,
 *	Auto-Submitted, X-Waxwing-Code and a reference; never the body, never
 *	the subject of the message it is about.
 *
 * OWNERSHIP
 *	The text is the caller's.
 *
 * ERRORS
 *	None.
 */
#ifndef WAX_GATEWAY_FRONT_NOTICE_H
#define WAX_GATEWAY_FRONT_NOTICE_H

#include <glib.h>

#include "core/base.h"
#include "gateway/front/reply.h"

typedef struct {
	const char *address;
	WaxReply reply;
	WaxReason reason;   /* NONE: the next hop's own words */
	const char *method; /* "sealed", "signed", "plain", "as-is"; NULL: not sent */
} WaxNoticeRow;

/* wax_notice_text - a whole message with CR LF */
char *wax_notice_text(const char *host, const char *to, const char *reference,
	const WaxNoticeRow *rows, size_t n, int64_t now);

/* wax_notice_advice - what can be done about a reason; never NULL */
const char *wax_notice_advice(WaxReason reason);

#endif
