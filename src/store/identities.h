/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	store/identities - identities and their key epochs, certifiers and serials
 *
 * DESCRIPTION
 *	An identity belongs to a person or to a domain of ours and has key
 *	epochs (SYSTEMS.md 1.1, 15.4).  An epoch keeps its sealed record and
 *	what names it in a RecipientInfo for ever, also after its certificate
 *	was deleted: old mail goes on opening.
 *
 * OWNERSHIP
 *	Lists are GPtrArrays that free their elements.
 *
 * ERRORS
 *	Those of store/db, DUPLICATE, NOT_FOUND.
 */
#ifndef WAX_STORE_IDENTITIES_H
#define WAX_STORE_IDENTITIES_H

#include "store/db.h"

typedef struct {
	char *id;
	char *person;	    /* NULL for a domain's */
	char *domain;	    /* NULL for a person's */
	char *default_sign; /* epoch id; NULL: the newest active one */
	char **addresses;
	int64_t created;
} WaxStoredIdentity;

typedef struct {
	char *id;
	char *identity;
	char *purpose; /* "sign", "encrypt", "both" */
	int64_t number;
	char *state;	  /* "pending", "active", "archived", "compromised" */
	char *protection; /* "host-key", "passphrase", "token" */
	GByteArray *record;
	GByteArray *spki_sha256;
	char *certificate;		      /* id; NULL while pending */
	GByteArray *issuer_serial, *key_id;   /* of the certificate; empty while pending */
	int64_t created, activated, archived; /* 0: not yet */
} WaxEpoch;

typedef struct {
	char *id;
	char *name;
	GByteArray *der;
	GByteArray *record;
	char *state; /* "active" */
	int64_t created;
} WaxCertifier;

void wax_stored_identity_free(WaxStoredIdentity *identity);
void wax_epoch_free(WaxEpoch *epoch);
void wax_certifier_free(WaxCertifier *certifier);

/* wax_store_identity_add - inside the caller's transaction */
bool wax_store_identity_add(
	WaxStore *store, const WaxStoredIdentity *identity, GError **error) WAX_MUST_USE;

/* wax_store_identity_find - by id, address or domain; *ret_identity NULL when there is none */
bool wax_store_identity_find(WaxStore *store, const char *key, WaxStoredIdentity **ret_identity,
	GError **error) WAX_MUST_USE;
bool wax_store_identity_list(
	WaxStore *store, GPtrArray **ret_identities, GError **error) WAX_MUST_USE;

/* wax_store_epoch_add - number 0: the next one; *ret_number may be NULL */
bool wax_store_epoch_add(
	WaxStore *store, const WaxEpoch *epoch, int64_t *ret_number, GError **error) WAX_MUST_USE;

/* wax_store_epoch_certify - the certificate came: what a RecipientInfo will name */
bool wax_store_epoch_certify(WaxStore *store, const char *id, const char *certificate,
	WaxSpan issuer_serial, WaxSpan key_id, GError **error) WAX_MUST_USE;

/* wax_store_epoch_move - to another state; NOT_FOUND unless it is in `from` (NULL: in any) */
bool wax_store_epoch_move(WaxStore *store, const char *id, const char *from, const char *to,
	int64_t at, GError **error) WAX_MUST_USE;

/* wax_store_epoch_archive_cert - every active epoch of that certificate; how many */
bool wax_store_epoch_archive_cert(WaxStore *store, const char *certificate, int64_t at,
	int *ret_count, GError **error) WAX_MUST_USE;

/* wax_store_epoch_is_kept - is there a key for that certificate, in whatever state? */
bool wax_store_epoch_is_kept(
	WaxStore *store, const char *certificate, bool *ret_kept, GError **error) WAX_MUST_USE;

/* wax_store_epoch_protect - one key-encryption key seals them all, so they are all sealed alike */
bool wax_store_epoch_protect(WaxStore *store, const char *protection, GError **error) WAX_MUST_USE;

/* wax_store_epoch_list - of one identity, or of all when NULL */
bool wax_store_epoch_list(
	WaxStore *store, const char *identity, GPtrArray **ret_epochs, GError **error) WAX_MUST_USE;

/* the keys that a RecipientInfo may name; several when a key id is shared */
bool wax_store_epoch_by_issuer_serial(WaxStore *store, WaxSpan issuer_serial,
	GPtrArray **ret_epochs, GError **error) WAX_MUST_USE;
bool wax_store_epoch_by_key_id(
	WaxStore *store, WaxSpan key_id, GPtrArray **ret_epochs, GError **error) WAX_MUST_USE;

bool wax_store_certifier_add(
	WaxStore *store, const WaxCertifier *certifier, GError **error) WAX_MUST_USE;
bool wax_store_certifier_find(WaxStore *store, const char *name, WaxCertifier **ret_certifier,
	GError **error) WAX_MUST_USE;
bool wax_store_certifier_list(
	WaxStore *store, GPtrArray **ret_certifiers, GError **error) WAX_MUST_USE;

/* wax_store_serial_reserve - durable before anything is signed; DUPLICATE when it was used */
bool wax_store_serial_reserve(WaxStore *store, const char *certifier, const char *serial,
	const char *profile, int64_t at, GError **error) WAX_MUST_USE;
bool wax_store_serial_issued(WaxStore *store, const char *certifier, const char *serial,
	const char *certificate, GError **error) WAX_MUST_USE;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxStoredIdentity, wax_stored_identity_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxEpoch, wax_epoch_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxCertifier, wax_certifier_free)

#endif
