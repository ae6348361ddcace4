/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/work/header - the header of a message as it is delivered inside
 *
 * DESCRIPTION
 *	What came from outside goes on field by field, byte for byte, but for:
 *	fields that only this gateway may set, marks in the Subject that only it
 *	may make, and the second of what must stand there once, which goes on
 *	under a name that no program takes for the field (GATEWAY d.5, d.8).
 *	Of a message that was decrypted the protected fields win (RFC 9788).
 *
 * OWNERSHIP
 *	Everything is borrowed; results are the caller's.
 *
 * ERRORS
 *	Those of the sink.
 */
#ifndef WAX_GATEWAY_WORK_HEADER_H
#define WAX_GATEWAY_WORK_HEADER_H

#include "crypto/spool.h"
#include "gateway/proto.h"
#include "smime/verdict.h"

typedef struct {
	const WaxJobOpen *open;
	bool keeps_content;	  /* MIME-Version and Content-*: of a message that stays closed */
	const char *subject;	  /* decoded; in place of the outer one; NULL: that */
	const char *const *marks; /* in front of the Subject; NULL-terminated */
	/*
	 * Protected fields (RFC 9788): they win over the outer ones, and an outer one that is not
	 * among them goes on under a name that no program takes for the field.  What was hidden
	 * outside stays hidden unless it may be promoted.
	 */
	WaxSpan protected_block;
	const WaxVerdict *verdict; /* says what was hidden; NULL when the block is empty */
	bool promote;
} WaxHeaderRules;

bool wax_work_put_header(WaxSpan block, const WaxHeaderRules *rules, const WaxSink *sink,
	GError **error) WAX_MUST_USE;

/* wax_work_put_content_fields - of the payload: what says how to read it (d.8.2) */
bool wax_work_put_content_fields(WaxSpan block, const WaxSink *sink, GError **error) WAX_MUST_USE;

/* wax_work_duplicates - "from,subject": which fields stand there twice; NULL: none */
char *wax_work_duplicates(WaxSpan block);

#endif
