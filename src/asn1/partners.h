/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	asn1/partners - what a partner's rules ask of the algorithms, one named row each
 *
 * DESCRIPTION
 *	A row says what is written for the partner, and what a message of the
 *	partner's must have been made with; below that it is rated weak.
 *
 *	default		what the peer's certificate and capabilities allow
 *	edi-energy	PSS, OAEP, AES-128-GCM; in: PSS, OAEP, AES
 *	tr-03116	PSS, OAEP, AES-256-GCM, RSA of 3072 bits; in: the same, any AES
 *	direct		RSA v1.5, AES-256-CBC
 *	legacy		RSA v1.5, AES-128-CBC: the least that is ever written
 *
 *	A row named after a publisher's rules was made from what this project
 *	knows of them, not from the text in force: compare before relying on it.
 *
 * OWNERSHIP
 *	Constants.
 *
 * ERRORS
 *	NULL: there is no row of this name.
 */
#ifndef WAX_ASN1_PARTNERS_H
#define WAX_ASN1_PARTNERS_H

#include "asn1/algorithms.h"

typedef struct {
	const char *name;
	bool pss, oaep;	     /* written, of RSA keys */
	WaxCipherAlg cipher; /* written; NONE: chosen for the recipients */
	unsigned rsa_bits;   /* the least of an RSA key, both ways; 0: the product's own */
	bool demands;	     /* an incoming message must have pss, oaep and rsa_bits, too */
} WaxPartnerProfile;

const WaxPartnerProfile *wax_partner_profile(const char *name);

/* wax_partner_profile_at - by number, for lists; NULL behind the last */
const WaxPartnerProfile *wax_partner_profile_at(size_t n);

#endif
