/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/maildir - durable delivery into a Maildir
 *
 * DESCRIPTION
 *	Writes into tmp, fsyncs, renames into new, fsyncs the folder.  The
 *	file's name is made of the time at which the journal first saw the
 *	copy and of the copy's key, so a delivery repeated after a crash finds
 *	its file in new or cur and does nothing twice.  Octets stay as they
 *	are, CR LF included.
 *
 * OWNERSHIP
 *	Borrows everything.
 *
 * ERRORS
 *	IO, DISK_FULL, ADDRESS_INVALID (no folder can be named after it).
 */
#ifndef WAX_GATEWAY_FRONT_MAILDIR_H
#define WAX_GATEWAY_FRONT_MAILDIR_H

#include <glib.h>

#include "core/base.h"
#include "crypto/spool.h"

/* wax_maildir_folder - BASE/local@domain, escaped so that it is one path component */
char *wax_maildir_folder(const char *base, const char *address_key);

/*
 * wax_maildir_deliver - header goes above the octets; `when` and `key` name the
 * file; `again`: an earlier attempt may have got through, so look first.
 */
bool wax_maildir_deliver(const char *folder, WaxSpan header, const WaxSource *octets, int64_t when,
	const char *key, bool again, bool *ret_was_there, GError **error) WAX_MUST_USE;

#endif
