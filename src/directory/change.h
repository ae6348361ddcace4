/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	directory/change - certificates and trust records, checked before they are stored
 *
 * DESCRIPTION
 *	The writing side, for cad alone.  Every call runs inside the caller's
 *	transaction, beside the audit event of the act; a refusal has stored
 *	nothing.
 *
 * OWNERSHIP
 *	Nothing is kept.
 *
 * ERRORS
 *	CERT_IS_CA, CERT_EXPIRED, CERT_ADDRESS_FOREIGN, KEY_WEAK, DUPLICATE,
 *	CERT_NOT_CA, ADDRESS_INVALID, VALUE_INVALID, and those of store/db.
 */
#ifndef WAX_DIRECTORY_CHANGE_H
#define WAX_DIRECTORY_CHANGE_H

#include "crypto/cert.h"
#include "store/certificates.h"
#include "store/identities.h"

typedef struct {
	const char *kind;	      /* "user", "domain" or "ca" */
	const char *domain;	      /* of kind domain */
	const char *source;	      /* "own", "import", "directory", "harvest" */
	const char *const *addresses; /* keys it is imported for; NULL: those it names */
	bool pinned;
	const char *note;
} WaxCertImport;

/* wax_directory_check_import - the verdict before commit; touches nothing */
bool wax_directory_check_import(WaxStore *store, const WaxCert *cert, const WaxCertImport *import,
	int64_t at, GError **error) WAX_MUST_USE;

/* wax_directory_import - check, then store; *ret_id (to g_free) may be NULL */
bool wax_directory_import(WaxStore *store, const WaxCert *cert, const WaxCertImport *import,
	int64_t at, char **ret_id, GError **error) WAX_MUST_USE;

/* wax_directory_delete_cert - archives its keys first: what came for them still opens */
bool wax_directory_delete_cert(WaxStore *store, const char *id, int64_t at, int *ret_archived,
	GError **error) WAX_MUST_USE;

typedef struct {
	const char *const *domains; /* mail domains it counts for; NULL: all */
	const char *purpose;	    /* "verify", "encrypt", "both" */
	bool forbidden;
	int64_t valid_until; /* 0: no end */
	const char *provenance, *note, *by;
} WaxTrustGrant;

/* wax_directory_grant - a CA, or one leaf that is trusted alone */
bool wax_directory_grant(WaxStore *store, const WaxCert *cert, const WaxTrustGrant *grant,
	int64_t at, char **ret_id, GError **error) WAX_MUST_USE;

/* wax_directory_cert_id - SHA-256 of the DER, hex; to g_free */
char *wax_directory_cert_id(const WaxCert *cert);

/* wax_directory_check_route - "maildir:DIR", "smtp:HOST:PORT", "lmtp:HOST:PORT", "lmtp:unix:PATH" */
bool wax_directory_check_route(const char *route, GError **error) WAX_MUST_USE;

#endif
