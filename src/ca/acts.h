/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	ca/acts - every change that cad makes, and the small certifier
 *
 * DESCRIPTION
 *	An act has a name and its arguments as a JSON object; what it stores and
 *	the audit event that tells of it are one transaction.  Keys are made
 *	and used by the two custodians (people, certifiers); a serial number
 *	is durable before anything is signed with it.
 *
 *	Each domain of ours has a certifier of its own, whose certificate is
 *	constrained to addresses of that domain (RFC 5280 4.2.1.10).
 *
 * OWNERSHIP
 *	Store and sockets are borrowed.
 *
 * ERRORS
 *	What the act refuses, with nothing stored; CUSTODY_DOWN.
 */
#ifndef WAX_CA_ACTS_H
#define WAX_CA_ACTS_H

#include <jansson.h>

#include "store/db.h"

enum {
	WAX_CA_DO = 600, /* str act, str actor, str JSON -> str JSON */
	WAX_CA_HELLO,	 /* are you there, and free? nothing -> nothing */
};

typedef struct {
	WaxStore *store;
	int keyd, certd;	  /* sockets */
	const char *organisation; /* "" when none is configured */
	int validity_days;
	bool one_key; /* a person gets one RSA key for both, instead of two keys */
} WaxCa;

bool wax_ca_do(WaxCa *ca, const char *act, const char *actor, json_t *args, json_t **ret_result,
	GError **error) WAX_MUST_USE;

/* wax_ca_renew - whatever our certifiers issued and is past two thirds of its life; `at` is the clock */
bool wax_ca_renew(WaxCa *ca, int64_t at, unsigned *ret_count, GError **error) WAX_MUST_USE;

#endif
