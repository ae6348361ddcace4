/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/work - what a worker does with a message: parses, and never talks
 *
 * DESCRIPTION
 *	FACTS: what the header and the structure say.  BUILD: one copy, scrubbed,
 *	canonical, signed, encrypted, and read again.  OPEN: layers peeled,
 *	each with its own result, and the form that is delivered.  Keys are
 *	asked for through WaxWorkKeys, so that no file and no socket is known
 *	here.
 *
 * OWNERSHIP
 *	Everything is borrowed for the call; spools returned are the caller's.
 *
 * ERRORS
 *	MIME_*, CMS_*, CRYPTO_ERROR, CUSTODY_*, NOT_REREADABLE, TOO_LARGE.
 */
#ifndef WAX_GATEWAY_WORK_WORK_H
#define WAX_GATEWAY_WORK_WORK_H

#include "crypto/spool.h"
#include "gateway/proto.h"
#include "smime/keyring.h"

typedef struct {
	void *data;
	bool (*sign)(void *data, const uint8_t ticket[16], uint32_t handle, WaxSigAlg alg,
		WaxDigestAlg digest, WaxSpan attributes, GByteArray **ret_signature,
		GError **error);
} WaxWorkSigner;

bool wax_work_facts(WaxSpool *message, WaxJobFacts *ret_facts, GError **error) WAX_MUST_USE;
bool wax_work_build(WaxSpool *message, const WaxJobBuild *build, const WaxWorkSigner *signer,
	WaxSpool *copy, WaxJobBuilt *ret_built, GError **error) WAX_MUST_USE;

/* wax_work_open - `shown` gets what is delivered; `original` what others get, when the two differ */
bool wax_work_open(WaxSpool *message, const WaxJobOpen *open, const WaxUnwrapper *keys,
	WaxSpool *shown, WaxSpool *original, WaxJobOpened *ret_opened, GError **error) WAX_MUST_USE;

/* shared by the three */

/* wax_work_header - the header block of a message, with its empty line */
bool wax_work_header(WaxSpool *message, GByteArray **ret_header, GError **error) WAX_MUST_USE;

/* wax_work_ours - a field that only this gateway may set (d.8.1); host: our authserv-id, or NULL */
bool wax_work_ours(WaxSpan name, WaxSpan value, const char *host);

/* wax_work_copy - octets [from, end) of a spool; notes whether one is above 127 */
bool wax_work_copy(WaxSpool *message, uint64_t from, const WaxSink *sink, bool *eight_bit,
	GError **error) WAX_MUST_USE;

#endif
