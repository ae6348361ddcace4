/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	keys/custodian/custodian - the one place where private keys are used
 *
 * DESCRIPTION
 *	Answers the requests of keys/proto/requests.  Who asks is known by the
 *	socket; what may be asked is the table's.  Workers act under the
 *	ticket of one message, which names the keys and how often each kind
 *	of act is allowed.  A bad request gets an error and changes nothing.
 *
 * OWNERSHIP
 *	Opened keys stay in here.
 *
 * ERRORS
 *	Every one is an answer.
 */
#ifndef WAX_KEYS_CUSTODIAN_CUSTODIAN_H
#define WAX_KEYS_CUSTODIAN_CUSTODIAN_H

#include "core/ipc.h"

typedef struct WaxCustodian WaxCustodian;

/* wax_custodian_new - `folder` is its own, mode 0700 */
bool wax_custodian_new(
	const char *folder, WaxCustodian **ret_custodian, GError **error) WAX_MUST_USE;
void wax_custodian_free(WaxCustodian *custodian);

/* wax_custodian_answer - never NULL */
WaxFrame *wax_custodian_answer(WaxCustodian *custodian, unsigned who, WaxFrame *request);

/* wax_custodian_idle - make one RSA key for the pool; false when it is full */
bool wax_custodian_idle(WaxCustodian *custodian);

#endif
