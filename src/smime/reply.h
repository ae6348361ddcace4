/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/reply - what an answer to a message with protected fields may carry
 *
 * DESCRIPTION
 *	RFC 9788 6.1.  Recipients come from protected fields alone.  A field of
 *	the answer that repeats what was confidential in the original is
 *	confidential, too: it may not stand outside the answer's encryption,
 *	and an answer that is not encrypted may not have it.  An address
 *	that was hidden in the original is hidden in the answer.
 *
 * OWNERSHIP
 *	A WaxReply owns what it points at.
 *
 * ERRORS
 *	None.
 */
#ifndef WAX_SMIME_REPLY_H
#define WAX_SMIME_REPLY_H

#include <glib.h>
#include <stdbool.h>

typedef struct {
	GPtrArray *to, *cc;	 /* char *, addr-spec in comparable form */
	GPtrArray *hidden;	 /* char *: those of them that the outside may not show */
	GPtrArray *confidential; /* char *: fields of the answer that the outside may not show */
	char *subject;		 /* "Re: ...", decoded; NULL: the original has none */
	char *message_id;	 /* for In-Reply-To and References; NULL: it has none */
} WaxReply;

WaxReply *wax_reply_new(void);
void wax_reply_free(WaxReply *reply);

/* wax_reply_may_show - may the outside of the answer hold its own value of this field? */
bool wax_reply_may_show(const WaxReply *reply, const char *field);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxReply, wax_reply_free)

#endif
