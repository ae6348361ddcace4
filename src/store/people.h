/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	store/people - domains, persons and their addresses
 *
 * DESCRIPTION
 *	Rows only: what they mean is decided in directory.  Addresses and
 *	domains are keys of core/address; the caller normalises.
 *
 * OWNERSHIP
 *	Lists are GPtrArrays that free their elements.
 *
 * ERRORS
 *	Those of store/db; DUPLICATE when it is there already, NOT_FOUND when
 *	it should be and is not.
 */
#ifndef WAX_STORE_PEOPLE_H
#define WAX_STORE_PEOPLE_H

#include "store/db.h"

typedef struct {
	char *name;
	bool own;
	char *route; /* "maildir:DIR", "smtp:HOST:PORT", "lmtp:HOST:PORT", "lmtp:unix:PATH"; or NULL */
	char *note;
	int64_t created;
} WaxDomain;

typedef struct {
	char *id;
	char *name;
	char *state;	  /* "active" */
	char **addresses; /* the primary one first */
	int64_t created;
} WaxPerson;

void wax_domain_free(WaxDomain *domain);
void wax_person_free(WaxPerson *person);

bool wax_store_domain_add(WaxStore *store, const WaxDomain *domain, GError **error) WAX_MUST_USE;
bool wax_store_domain_set(WaxStore *store, const WaxDomain *domain, GError **error) WAX_MUST_USE;
bool wax_store_domain_remove(WaxStore *store, const char *name, GError **error) WAX_MUST_USE;

/* wax_store_domain_get - *ret_domain NULL when there is none */
bool wax_store_domain_get(
	WaxStore *store, const char *name, WaxDomain **ret_domain, GError **error) WAX_MUST_USE;
bool wax_store_domain_list(WaxStore *store, GPtrArray **ret_domains, GError **error) WAX_MUST_USE;

/* wax_store_person_add - inside the caller's transaction */
bool wax_store_person_add(WaxStore *store, const WaxPerson *person, GError **error) WAX_MUST_USE;
bool wax_store_person_remove(WaxStore *store, const char *id, GError **error) WAX_MUST_USE;

/* wax_store_person_find - by id or by address; *ret_person NULL when there is none */
bool wax_store_person_find(
	WaxStore *store, const char *key, WaxPerson **ret_person, GError **error) WAX_MUST_USE;
bool wax_store_person_list(WaxStore *store, GPtrArray **ret_persons, GError **error) WAX_MUST_USE;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxDomain, wax_domain_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxPerson, wax_person_free)

#endif
