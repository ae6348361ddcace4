/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	store/certificates - certificates of others and of ours, and trust records
 *
 * DESCRIPTION
 *	A stored certificate is never a trusted one: trust is a record of its
 *	own (SYSTEMS.md 5), with its own copy of the certificate, so that
 *	deleting a certificate withdraws nothing and grants nothing.
 *
 * OWNERSHIP
 *	Lists are GPtrArrays that free their elements.
 *
 * ERRORS
 *	Those of store/db, DUPLICATE, NOT_FOUND.
 */
#ifndef WAX_STORE_CERTIFICATES_H
#define WAX_STORE_CERTIFICATES_H

#include "store/db.h"

typedef struct {
	char *id; /* SHA-256 of the DER, hex */
	GByteArray *der;
	char *subject, *issuer, *serial;
	GByteArray *issuer_serial; /* whole DER */
	GByteArray *key_id;	   /* may be empty */
	int64_t not_before, not_after;
	char *kind;   /* "user", "domain", "ca" */
	char *domain; /* of kind domain, else NULL */
	char *source; /* "own", "import", "directory", "harvest" */
	bool pinned;
	char *note;
	char **addresses;
	int64_t added;
} WaxStoredCert;

typedef struct {
	char *id;
	char *certificate; /* SHA-256, hex */
	GByteArray *der;
	char *subject;
	char **domains; /* NULL or empty: no limit */
	char *purpose;	/* "verify", "encrypt", "both" */
	char *scope;	/* "org" */
	bool forbidden;
	char *state;	     /* "granted", "withdrawn" */
	int64_t valid_until; /* 0: no end */
	char *provenance, *note;
	char *granted_by, *withdrawn_by;
	int64_t granted, withdrawn;
} WaxTrustRecord;

void wax_stored_cert_free(WaxStoredCert *cert);
void wax_trust_record_free(WaxTrustRecord *record);

/* wax_store_cert_add - inside the caller's transaction */
bool wax_store_cert_add(WaxStore *store, const WaxStoredCert *cert, GError **error) WAX_MUST_USE;
bool wax_store_cert_delete(WaxStore *store, const char *id, GError **error) WAX_MUST_USE;
bool wax_store_cert_pin(WaxStore *store, const char *id, bool pinned, GError **error) WAX_MUST_USE;

/* wax_store_cert_get - by id; *ret_cert NULL when there is none */
bool wax_store_cert_get(
	WaxStore *store, const char *id, WaxStoredCert **ret_cert, GError **error) WAX_MUST_USE;

/* wax_store_cert_by_prefix - an unambiguous beginning of the id; *ret_cert NULL when there is none */
bool wax_store_cert_by_prefix(
	WaxStore *store, const char *prefix, WaxStoredCert **ret_cert, GError **error) WAX_MUST_USE;

/* wax_store_cert_for_address - in the order of GATEWAY.md d.17: pinned, source, newest notBefore */
bool wax_store_cert_for_address(
	WaxStore *store, const char *address, GPtrArray **ret_certs, GError **error) WAX_MUST_USE;
bool wax_store_cert_for_domain(
	WaxStore *store, const char *domain, GPtrArray **ret_certs, GError **error) WAX_MUST_USE;

/* wax_store_cert_list - pages of `limit` after the id `after` (NULL: from the start) */
bool wax_store_cert_list(WaxStore *store, const char *after, int limit, GPtrArray **ret_certs,
	GError **error) WAX_MUST_USE;

/* wax_store_cert_list_kind - "ca": what completes chains */
bool wax_store_cert_list_kind(
	WaxStore *store, const char *kind, GPtrArray **ret_certs, GError **error) WAX_MUST_USE;

bool wax_store_trust_grant(
	WaxStore *store, const WaxTrustRecord *record, GError **error) WAX_MUST_USE;
bool wax_store_trust_withdraw(
	WaxStore *store, const char *id, const char *by, int64_t at, GError **error) WAX_MUST_USE;

/* wax_store_trust_list - with those withdrawn when all */
bool wax_store_trust_list(
	WaxStore *store, bool all, GPtrArray **ret_records, GError **error) WAX_MUST_USE;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxStoredCert, wax_stored_cert_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxTrustRecord, wax_trust_record_free)

#endif
