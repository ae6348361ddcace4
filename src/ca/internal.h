/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	ca/internal - what the acts share: arguments, custodians, owners, keys
 *
 * DESCRIPTION
 *	For the files of this room.  An act checks everything it can, asks the
 *	custodians, and only then opens its transaction; wax_ca_do ends it.
 *
 * OWNERSHIP
 *	Texts of arguments are borrowed from the JSON; everything else that is
 *	handed out is the caller's.
 *
 * ERRORS
 *	VALUE_INVALID for what is missing, CUSTODY_DOWN when a custodian does
 *	not answer, and what it refuses.
 */
#ifndef WAX_CA_INTERNAL_H
#define WAX_CA_INTERNAL_H

#include "ca/acts.h"
#include "core/ipc.h"
#include "crypto/cert.h"
#include "store/identities.h"

typedef bool WaxCaAct(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error);

WaxCaAct wax_ca_act_domain_add, wax_ca_act_domain_set, wax_ca_act_domain_remove,
	wax_ca_act_person_create, wax_ca_act_person_remove, wax_ca_act_identity_create,
	wax_ca_act_identity_rollover, wax_ca_act_identity_import, wax_ca_act_identity_export,
	wax_ca_act_cert_import, wax_ca_act_cert_delete, wax_ca_act_trust_grant,
	wax_ca_act_trust_withdraw, wax_ca_act_policy_apply, wax_ca_act_keys_status,
	wax_ca_act_keys_unlock, wax_ca_act_keys_lock, wax_ca_act_keys_protect,
	wax_ca_act_keys_unprotect, wax_ca_act_keys_change;

const char *wax_ca_text(json_t *args, const char *key);
const char *wax_ca_need(json_t *args, const char *key, GError **error);
GByteArray *wax_ca_need_bytes(json_t *args, const char *key, GError **error);

/* wax_ca_list - NULL when the key is absent */
char **wax_ca_list(json_t *args, const char *key);

/* wax_ca_ask - waits long enough for the slowest request: new keys, a passphrase made slow on purpose */
bool wax_ca_ask(
	int sock, const WaxFrame *request, WaxFrame **ret_reply, GError **error) WAX_MUST_USE;
/* wax_ca_ask_within - milliseconds; what is only to be shown may be missing */
bool wax_ca_ask_within(int sock, const WaxFrame *request, int patience, WaxFrame **ret_reply,
	GError **error) WAX_MUST_USE;
GByteArray *wax_ca_copy(WaxSpan span);

/* a key as its custodian gave it */
typedef struct {
	GByteArray *record, *spki;
	WaxCert *cert;
} WaxCaMade;

void wax_ca_made_clear(WaxCaMade *made);
bool wax_ca_generate(int sock, const char *identity, const char *purpose, uint64_t epoch,
	const char *kind, WaxCaMade *made, GError **error) WAX_MUST_USE;

typedef struct {
	const char *profile, *common_name;
	char *const *addresses;
	char *const *domains;
	WaxSpan spki;
	int days;
} WaxCaWanted;

/* wax_ca_issue - issuer empty: self-signed */
bool wax_ca_issue(WaxCa *ca, WaxSpan record, WaxSpan issuer, const char *certifier,
	const WaxCaWanted *wanted, WaxCert **ret_cert, GError **error) WAX_MUST_USE;

/* wax_ca_own_domain - is the address, or the domain, one of ours? */
bool wax_ca_own_domain(WaxCa *ca, const char *address, GError **error) WAX_MUST_USE;

/* wax_ca_owner_of - the identity's row for an address or a domain; the person is made when it is missing */
typedef struct {
	char *key, *domain, *person;
	bool of_domain, new_person;
} WaxCaOwner;

void wax_ca_owner_clear(WaxCaOwner *owner);
bool wax_ca_owner_of(WaxCa *ca, const char *given, WaxCaOwner *owner, GError **error) WAX_MUST_USE;
bool wax_ca_store_identity(WaxCa *ca, const WaxCaOwner *owner, const char *id, const char *name,
	GError **error) WAX_MUST_USE;

/* a key with its certificate, about to become an epoch */
typedef struct {
	const char *purpose;
	int64_t number;
	WaxCaMade made;
	GPtrArray *chain; /* WaxCert, of an import */
	char **addresses; /* of an import: it counts for these alone; NULL: those it names */
} WaxCaKey;

void wax_ca_key_free(WaxCaKey *key);
bool wax_ca_store_keys(WaxCa *ca, const char *identity, bool of_domain, const char *domain,
	GPtrArray *keys, json_t **ret_result, GError **error) WAX_MUST_USE;
/* wax_ca_rollover - new keys become active, the old ones are archived; inside its own transaction */
bool wax_ca_rollover(WaxCa *ca, const char *key, json_t **ret_result, char **ret_object,
	GError **error) WAX_MUST_USE;
/* wax_ca_protection - what seals the keys now; "host-key" when the custodian cannot be asked */
const char *wax_ca_protection(WaxCa *ca);
bool wax_ca_next_number(
	WaxCa *ca, const char *identity, int64_t *ret_number, GError **error) WAX_MUST_USE;

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxCaMade, wax_ca_made_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxCaOwner, wax_ca_owner_clear)

#endif
