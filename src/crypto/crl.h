/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/crl - a certificate revocation list (RFC 5280 section 5)
 *
 * DESCRIPTION
 *	Reads one list where it lies: complete or delta, direct or indirect,
 *	for all or some.  Says what it claims to be, whether this issuer
 *	signed it, and what it has about a certificate.  Entries are not
 *	copied, so a list costs no more memory than its octets.
 *
 * NOT CHECKED HERE
 *	Whether the list answers for a certificate, may be believed, and is
 *	recent enough: trust/revocation.
 *
 * OWNERSHIP
 *	The caller frees the list; spans live as long as it does.  One thread
 *	at a time: who signed it is remembered.
 *
 * ERRORS
 *	CERT_MALFORMED, NO_INPUT.
 *
 * LIMITS
 *	64 MiB (L-08).  Looking a certificate up is linear.
 */
#ifndef WAX_CRYPTO_CRL_H
#define WAX_CRYPTO_CRL_H

#include <glib.h>

#include "crypto/cert.h"
#include "crypto/points.h"

typedef struct WaxCrl WaxCrl;

/* wax_crl_parse - DER or PEM */
WaxCrl *wax_crl_parse(WaxSpan bytes, GError **error) WAX_MUST_USE;
WaxCrl *wax_crl_load(const char *path, GError **error) WAX_MUST_USE;
void wax_crl_free(WaxCrl *crl);

typedef struct {
	WaxSpan issuer;			  /* Name, whole DER */
	uint32_t issuer_hash;		  /* as subject_hash of a certificate */
	int64_t this_update, next_update; /* next_update is 0 when the list names none */
	WaxSpan number;			  /* INTEGER bodies; empty when absent */
	bool is_delta;
	WaxSpan base;		  /* of a delta: the number of the list that it goes on from */
	WaxSpan authority_key_id; /* extension values as they stand; empty when absent */
	WaxSpan scope_octets;
	WaxScope scope;
	bool unknown_critical; /* in the list or an entry: thus not the whole truth */
	bool weak;	       /* signed with SHA-1, MD5 or DSA */
} WaxCrlInfo;

const WaxCrlInfo *wax_crl_info(const WaxCrl *crl);

/* wax_crl_numbers_ordered - is a at most b?  Both as INTEGER bodies, neither negative */
bool wax_crl_numbers_ordered(WaxSpan a, WaxSpan b);

/* wax_crl_signed_by - by this key; whose name it bears is asked elsewhere */
bool wax_crl_signed_by(WaxCrl *crl, const WaxCert *issuer);

/* CRLReason (RFC 5280 5.3.1) */
enum {
	WAX_REVOKED_UNSPECIFIED = 0,
	WAX_REVOKED_KEY_COMPROMISE = 1,
	WAX_REVOKED_CA_COMPROMISE = 2,
	WAX_REVOKED_HOLD = 6,
	WAX_REVOKED_REMOVED = 8, /* in a delta: revoked no longer */
	WAX_REVOKED_AA_COMPROMISE = 10,
};

typedef struct {
	unsigned reason;
	int64_t since; /* its date, or invalidityDate where that is earlier */
} WaxRevoked;

/* wax_crl_find - the entry of this certificate, by issuer and serial number */
bool wax_crl_find(const WaxCrl *crl, const WaxCert *cert, WaxRevoked *ret_entry);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxCrl, wax_crl_free)

#endif
