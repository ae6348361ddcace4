/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/reply - one SMTP or LMTP reply, made, read and merged
 *
 * DESCRIPTION
 *	A reply is a code, an enhanced code (RFC 3463) and one line of text.
 *	Texts from elsewhere are cleaned on the way in: printable ASCII, one
 *	line, bounded.  Merging follows GATEWAY d.4, where SMTP has one answer
 *	for all recipients: any temporary failure defers all of them, since
 *	the journal skips what is finished; beside a success a permanent
 *	failure is told by a notice.
 *
 * OWNERSHIP
 *	A WaxReply is a value.  It owns nothing.
 *
 * ERRORS
 *	None.
 */
#ifndef WAX_GATEWAY_FRONT_REPLY_H
#define WAX_GATEWAY_FRONT_REPLY_H

#include <glib.h>

#include "core/base.h"

#define WAX_REPLY_TEXT 400

typedef struct {
	int code; /* 0: nobody has answered yet */
	char enhanced[12];
	char text[WAX_REPLY_TEXT];
} WaxReply;

/* wax_reply_make - text by format; what is not printable ASCII becomes '?' */
WaxReply wax_reply_make(int code, const char *enhanced, const char *fmt, ...) G_GNUC_PRINTF(3, 4);

/* wax_reply_from_error - the codes of the reason, its text and its code for people */
WaxReply wax_reply_from_error(const GError *error);

/* wax_reply_read - one whole line "250 2.0.0 text"; false when it is no reply */
bool wax_reply_read(WaxSpan line, WaxReply *ret_reply, bool *ret_more) WAX_MUST_USE;

/* wax_reply_format - append "250 2.0.0 text\r\n" */
void wax_reply_format(const WaxReply *reply, GString *out);

/* wax_reply_merge - the single answer for n recipients; a code of 0 counts as 451 */
WaxReply wax_reply_merge(const WaxReply *replies, size_t n);

/* wax_reply_is_* - by the first digit */
bool wax_reply_is_ok(const WaxReply *reply);
bool wax_reply_is_temporary(const WaxReply *reply);
bool wax_reply_is_permanent(const WaxReply *reply);

#endif
