/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cms/capabilities - SMIMECapabilities: what a signer says that it can read (RFC 8551 2.5.2)
 *
 * SYNOPSIS
 *	if (wax_cms_capabilities(value, &list))
 *		while (wax_cms_next_capability(&list, &capability))
 *			... wax_cms_capability_word(capability) ...
 *
 * DESCRIPTION
 *	Capabilities are compared octet for octet with the DER that the RFC of
 *	their algorithm lists (P-16); what is in no such list is known by its
 *	object identifier alone.
 *
 * OWNERSHIP
 *	Freestanding; words are constants.
 *
 * ERRORS
 *	A list that cannot be read ends where it cannot be read on.
 */
#ifndef WAX_CMS_CAPABILITIES_H
#define WAX_CMS_CAPABILITIES_H

#include "asn1/algorithms.h"
#include "asn1/ber.h"
#include "asn1/der.h"
#include "asn1/identifiers.h"

/* wax_cms_capabilities - `value` is the attribute's value, whole */
bool wax_cms_capabilities(WaxSpan value, WaxBer *ret_list);
bool wax_cms_next_capability(WaxBer *list, WaxSpan *ret_capability);

/* wax_cms_capability_word - "aes256-gcm", or NULL; _oid: its identifier in dotted form, or "?" */
const char *wax_cms_capability_word(WaxSpan capability);
const char *wax_cms_capability_oid(WaxSpan capability, char text[WAX_OID_TEXT]);

/*
 * wax_cms_reads - does who announced this list read that content cipher?  An empty list, and one
 * that names no AES at all, is of somebody who said nothing: AES-CBC, which everyone reads (S-22).
 */
bool wax_cms_reads(WaxSpan list, WaxCipherAlg cipher);

/* wax_cms_announces - is there a content cipher in it that we could write? */
bool wax_cms_announces(WaxSpan list);

/* wax_cms_put_capabilities - the value that we send: what we read, best first */
void wax_cms_put_capabilities(WaxDer *out);

#endif
