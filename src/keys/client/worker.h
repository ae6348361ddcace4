/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	keys/client/worker - ask the custodian to unwrap or to sign, by ticket
 *
 * DESCRIPTION
 *	A worker's side of keys/proto/requests.
 *
 * OWNERSHIP
 *	Answers are the caller's.
 *
 * ERRORS
 *	CUSTODY_DOWN when it does not answer, and what it says: TICKET_UNKNOWN,
 *	TICKET_SPENT, REQUEST_REFUSED, CUSTODY_LOCKED, CMS_DECRYPT_FAILED.
 */
#ifndef WAX_KEYS_CLIENT_WORKER_H
#define WAX_KEYS_CLIENT_WORKER_H

#include <glib.h>

#include "cms/open.h"
#include "core/secret.h"

bool wax_keyd_unwrap(int sock, WaxSpan ticket, uint32_t handle, const WaxRecipient *recipient,
	size_t key_size, WaxSecret **ret_key, GError **error) WAX_MUST_USE;
bool wax_keyd_sign(int sock, WaxSpan ticket, uint32_t handle, WaxSigAlg alg, WaxDigestAlg digest,
	WaxSpan attributes, GByteArray **ret_signature, GError **error) WAX_MUST_USE;

#endif
