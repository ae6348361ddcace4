/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/protect - which header fields go into the payload, and what the outside shows of them
 *
 * DESCRIPTION
 *	RFC 9788 sections 3 and 5.  Every field that is the message's own is
 *	copied into the payload; trace fields, which the way adds, are not.
 *	When the message is encrypted, a header confidentiality policy says
 *	what the outside shows, and HP-Outer fields in the payload repeat it.
 *
 *	hcp_baseline (S-71) hides Subject, Comments and Keywords.  hcp_shy hides the
 *	names of From, To and Cc, too, and the time zone of Date.
 *
 * OWNERSHIP
 *	Results are the caller's.
 *
 * ERRORS
 *	None.
 */
#ifndef WAX_SMIME_PROTECT_H
#define WAX_SMIME_PROTECT_H

#include <glib.h>

#include "mime/split.h"

typedef enum {
	WAX_HCP_NONE, /* no field is protected */
	WAX_HCP_BASELINE,
	WAX_HCP_SHY,
	WAX_HCP_COUNT_
} WaxHcp;

/* wax_hcp_by_word - "baseline", "shy" */
bool wax_hcp_by_word(const char *word, WaxHcp *ret_hcp) WAX_MUST_USE;

/* wax_field_append - a raw field with every line end as CRLF */
void wax_field_append(GString *out, WaxSpan raw);

/* wax_field_is_structural - MIME-Version and Content-* */
bool wax_field_is_structural(const WaxField *field);

/* wax_field_is_own - the message's own: neither structural, nor trace, nor blind, nor HP-Outer */
bool wax_field_is_own(const WaxField *field);

/* wax_hcp_outer - appends the field as the outside shows it; nothing when it is hidden whole */
void wax_hcp_outer(WaxHcp hcp, const WaxField *field, GString *out);

/* wax_hcp_legacy - a field that a reader looks for and that is hidden: its line of a legacy display */
void wax_hcp_legacy(WaxHcp hcp, const WaxField *field, GString *out);

#endif
