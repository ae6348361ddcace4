/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/points - distribution points of revocation lists (RFC 5280 4.2.1.13, 5.2.5)
 *
 * DESCRIPTION
 *	What a certificate says about where lists for it come from and who
 *	issues them, and what a list says of itself, in a form in which the
 *	two can be compared.  Names relative to an issuer are made whole.
 *
 * NOT CHECKED HERE
 *	Which list answers for which certificate: trust/revocation.
 *
 * OWNERSHIP
 *	A WaxPoint owns its names.
 *
 * ERRORS
 *	None: what cannot be read gives no point.
 */
#ifndef WAX_CRYPTO_POINTS_H
#define WAX_CRYPTO_POINTS_H

#include <glib.h>

#include "core/base.h"

/* GeneralNames */
typedef struct WaxNames WaxNames;

/* all that ReasonFlags can say; bit 0 of them is unused */
#define WAX_REASONS_ALL 0x1feu

typedef struct {
	WaxNames *names;   /* of the point; NULL when it has none */
	WaxNames *issuers; /* cRLIssuer; NULL: the issuer of the certificate */
	unsigned reasons;
} WaxPoint;

void wax_point_free(WaxPoint *point);

/* wax_names_meet - is a name of the one also a name of the other? */
bool wax_names_meet(const WaxNames *a, const WaxNames *b);

/* wax_names_hold - is this Name (DER) among them? */
bool wax_names_hold(const WaxNames *names, WaxSpan name);

/* wax_name_equal - two Names (DER) by RFC 5280 7.1 */
bool wax_name_equal(WaxSpan a, WaxSpan b);

/* wax_point_of_issuer - the point that RFC 5280 6.3.3 assumes where a certificate names none */
WaxPoint *wax_point_of_issuer(WaxSpan issuer);

/* within this room: of a certificate; and what an IssuingDistributionPoint says */
typedef struct x509_st X509;
GPtrArray *wax_crypto_cert_points(const X509 *x509);

typedef struct {
	WaxNames *names; /* NULL: any */
	bool users_only, authorities_only, attributes_only, indirect;
	unsigned reasons;
} WaxScope;

bool wax_crypto_scope_read(WaxSpan extension, WaxSpan issuer, WaxScope *ret_scope) WAX_MUST_USE;
void wax_crypto_scope_done(WaxScope *scope);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxPoint, wax_point_free)

#endif
