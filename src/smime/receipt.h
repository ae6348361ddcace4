/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/receipt - signed receipts: made for a message that asks for one, and checked against it
 *
 * DESCRIPTION
 *	RFC 2634 2.  Nothing here happens by itself: who calls it decided that
 *	a receipt shall be sent.  Even then none is made but for a valid
 *	signature, for somebody whom the request names, for a message that no
 *	mailing list has expanded, and to the addresses that the request
 *	names.  A receipt never asks for a receipt.
 *
 * OWNERSHIP
 *	Everything is borrowed for the call.
 *
 * ERRORS
 *	NOT_FOUND: no receipt was asked for; NOT_PERMITTED: it was, but none
 *	may be given, or the receipt's own signature is not valid;
 *	CMS_MALFORMED: this is no receipt; SIG_MISMATCH, SIG_DIGEST_MISMATCH:
 *	it is for another message; and what the signer and the sink say.
 */
#ifndef WAX_SMIME_RECEIPT_H
#define WAX_SMIME_RECEIPT_H

#include "smime/seal.h"
#include "smime/verdict.h"

/* wax_receipt_write - a whole message; `from` is who received, a key of core/address */
bool wax_receipt_write(const WaxVerdict *message, const WaxSealSigner *signer, const char *from,
	int64_t now, const WaxSink *sink, GError **error) WAX_MUST_USE;

/* wax_receipt_check - `content` is what the receipt's signature covers */
bool wax_receipt_check(const WaxVerdict *message, const WaxVerdict *receipt, WaxSpan content,
	GError **error) WAX_MUST_USE;

#endif
