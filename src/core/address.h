/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	core/address - addr-spec, read strictly, for decisions
 *
 * DESCRIPTION
 *	Parses local-part@domain (RFC 5321 4.1.2, RFC 6531) without comments,
 *	white space, control characters or NUL.  A quoted local part is read
 *	and unquoted when it needs no quotes, so that one mailbox has one
 *	form.  The domain becomes lower-case A-labels (RFC 5891).  Display
 *	names never get here: see mime/headers.
 *
 * OWNERSHIP
 *	wax_address_clear frees what parse filled.
 *
 * ERRORS
 *	ADDRESS_INVALID, with the text and what is wrong with it.
 */
#ifndef WAX_CORE_ADDRESS_H
#define WAX_CORE_ADDRESS_H

#include <glib.h>

#include "core/base.h"

typedef struct {
	char *local;  /* as written, unquoted where possible */
	char *domain; /* lower-case A-labels, or an address literal */
} WaxAddress;

bool wax_address_parse(WaxSpan text, WaxAddress *ret_address, GError **error) WAX_MUST_USE;
void wax_address_clear(WaxAddress *address);

/* wax_address_key - "local@domain" in ASCII lower case: equal mailboxes have equal keys */
char *wax_address_key(const WaxAddress *address);

/* wax_address_normal - parse and key at once; NULL and error when invalid */
char *wax_address_normal(const char *text, GError **error) WAX_MUST_USE;

/* wax_address_text - local@domain as it goes on the wire, quoted where needed */
char *wax_address_text(const WaxAddress *address);

/* wax_domain_normal - lower-case A-labels; NULL and error when it is no domain */
char *wax_domain_normal(const char *text, GError **error) WAX_MUST_USE;

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxAddress, wax_address_clear)

#endif
