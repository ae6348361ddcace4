/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/ccm - AES-CCM (NIST SP 800-38C) as a stream, for the cipher beside it alone
 *
 * DESCRIPTION
 *	libcrypto's CCM takes a message in one piece, which mail is too large
 *	for.  Here it is put together from counter mode and CBC-MAC, which
 *	stream.  What CCM cannot do without is the number of octets before the
 *	first of them: wax_ccm_announce.
 *
 * NOT CHECKED HERE
 *	That a nonce is used once.
 *
 * OWNERSHIP
 *	Freed, and wiped, by wax_ccm_free.
 *
 * ERRORS
 *	False: libcrypto failed, the tag is another, or the octets are not
 *	those that were announced; the caller has one word for all of it.
 */
#ifndef WAX_CRYPTO_CCM_H
#define WAX_CRYPTO_CCM_H

#include "core/base.h"

typedef struct WaxCcm WaxCcm;

WaxCcm *wax_ccm_new(WaxSpan key, WaxSpan nonce, bool encrypt) WAX_MUST_USE;
void wax_ccm_free(WaxCcm *ccm);
bool wax_ccm_announce(WaxCcm *ccm, uint64_t octets, size_t tag_size) WAX_MUST_USE;
/* wax_ccm_aad - all of it, in one piece */
bool wax_ccm_aad(WaxCcm *ccm, WaxSpan aad) WAX_MUST_USE;
/* wax_ccm_update - as many octets come out as go in */
bool wax_ccm_update(WaxCcm *ccm, WaxSpan in, uint8_t *out) WAX_MUST_USE;
/* wax_ccm_finish - encrypting: the tag into ret_tag; decrypting: is it this one? */
bool wax_ccm_finish(WaxCcm *ccm, WaxSpan tag, uint8_t *ret_tag) WAX_MUST_USE;

#endif
