/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/open - judge a message, then hand out what it says
 *
 * SYNOPSIS
 *	if (!wax_open_judge(&source, &options, &opened, error)) ...
 *	... wax_opened_verdict(opened) ...
 *	if (!wax_opened_emit(opened, &sink, error)) ...
 *
 * DESCRIPTION
 *	Peels the cryptographic layers that begin at the root of the message
 *	(SMIME.md V-03), or at a bare CMS object in DER, BER, PEM or base64.
 *	The source is read as often as it takes: each encrypted layer is read
 *	to its end, and authenticated where it can be, before anything
 *	inside it is looked at; nothing is handed out before all is judged.
 *	Contents of up to a mebibyte are kept in memory between the passes,
 *	larger ones are made again from the source; memory does not depend on
 *	the size of the message.
 *
 * NOT CHECKED HERE
 *	Revocation beyond what the arguments say.  Cryptographic parts below
 *	the payload are listed, never opened (V-04).
 *
 * OWNERSHIP
 *	The source and everything in the options must outlive the WaxOpened.
 *
 * ERRORS
 *	MIME_MALFORMED: this is neither a message nor a CMS object.  USAGE:
 *	`detached` was given for what is no bare signature.  IO and NO_MEMORY
 *	pass through, and so does what the unwrapper says of the moment and not
 *	of the message: CUSTODY_DOWN, CUSTODY_LOCKED, TICKET_UNKNOWN.  All else
 *	is a verdict.
 *
 * LIMITS
 *	6 layers (L-10), 4 MiB before and 8 MiB after the content of an object.
 */
#ifndef WAX_SMIME_OPEN_H
#define WAX_SMIME_OPEN_H

#include "asn1/partners.h"
#include "crypto/spool.h"
#include "smime/keyring.h"
#include "smime/verdict.h"
#include "trust/revocation.h"

typedef struct {
	const WaxUnwrapper *keys; /* NULL: none */
	GPtrArray *anchors;	  /* WaxAnchor; NULL: every chain is untrusted */
	GPtrArray *untrusted;	  /* WaxCert: help in building chains; may be NULL */
	const WaxCertPool *pool;  /* many more anchors and certificates; may be NULL */
	WaxRevocationSources revocation;
	int64_t at;		   /* the time of judging */
	const char *from;	   /* compared with where the input has no From; may be NULL */
	const WaxSource *detached; /* content of a bare detached signature; may be NULL */
	bool historic;
	const WaxPartnerProfile *profile; /* what the sender must keep to; may be NULL */
	/*
	 * For what we have just made ourselves: no public key is asked, no chain is built.  The
	 * layers, digests and RecipientInfos are looked at; no signature can become trusted.
	 */
	bool structure_only;
} WaxOpenOptions;

typedef struct WaxOpened WaxOpened;

bool wax_open_judge(const WaxSource *source, const WaxOpenOptions *options, WaxOpened **ret_opened,
	GError **error) WAX_MUST_USE;
void wax_opened_free(WaxOpened *opened);

const WaxVerdict *wax_opened_verdict(const WaxOpened *opened);

/* wax_opened_has_payload - false when a layer could not be opened */
bool wax_opened_has_payload(const WaxOpened *opened);

/* wax_opened_headers - header block of the payload, with the empty line; empty for a bare object's content */
WaxSpan wax_opened_headers(const WaxOpened *opened);

/* wax_opened_outer_headers - header block of the message itself */
WaxSpan wax_opened_outer_headers(const WaxOpened *opened);

/* wax_opened_protected - header block whose fields are protected (RFC 9788); empty: none is */
WaxSpan wax_opened_protected(const WaxOpened *opened);

/* wax_opened_emit - the payload's octets as they stand in the innermost layer */
bool wax_opened_emit(WaxOpened *opened, const WaxSink *sink, GError **error) WAX_MUST_USE;

/*
 * wax_opened_show - as emit, without what repeats hidden fields in the text; a text above
 * 4 MiB keeps it
 */
bool wax_opened_show(WaxOpened *opened, const WaxSink *sink, GError **error) WAX_MUST_USE;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxOpened, wax_opened_free)

#endif
