/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	mime/addresses - whom the fields of one header block name
 *
 * DESCRIPTION
 *	Address lists read strictly (RFC 5322 3.4): display names and comments
 *	are skipped, only addr-specs come out, as keys of core/address.  Two
 *	ways to read:
 *
 *	wax_addresses_read takes whatever names a mailbox without doubt, and
 *	is for those to whom a message goes.
 *
 *	wax_addresses_author is for who is said to have written it.  Programs
 *	disagree about odd forms, and a verdict must hold for each of them: a
 *	group, an empty place in the list, a comment inside the address, blanks
 *	inside the angle brackets, quotes that nothing needs, another address
 *	as an unquoted name, a control character, or a field that only some
 *	programs see behind a bare CR all make the author unreadable.
 *
 * OWNERSHIP
 *	Keys are appended to the caller's array, which frees them.
 *
 * ERRORS
 *	None: false says that something could not be read.
 */
#ifndef WAX_MIME_ADDRESSES_H
#define WAX_MIME_ADDRESSES_H

#include <glib.h>

#include "mime/split.h"

bool wax_addresses_read(WaxSpan block, const char *name, GPtrArray *keys);
/* wax_addresses_bare - the addresses of one value as they are written, without names; NULL: it has groups, or cannot be read */
char *wax_addresses_bare(WaxSpan value);

bool wax_addresses_author(WaxSpan block, const char *name, GPtrArray *keys);

#endif
