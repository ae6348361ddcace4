/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/seal_internal - the content key, wrapped for all who may read
 *
 * DESCRIPTION
 *	For the files seal*.c alone.  One entry for each certificate, by what
 *	its key can do (SMIME.md 5.1), then for each shared secret.
 *
 * OWNERSHIP
 *	WaxSealWrapped owns what its list points at.
 *
 * ERRORS
 *	KEY_UNSUPPORTED, CRYPTO_ERROR.
 */
#ifndef WAX_SMIME_SEAL_INTERNAL_H
#define WAX_SMIME_SEAL_INTERNAL_H

#include "cms/seal.h"
#include "smime/seal.h"

typedef struct {
	GArray *list;	 /* WaxSealRecipient */
	GPtrArray *keep; /* GByteArray: what they point at */
	size_t room;	 /* octets that hold them as DER */
} WaxSealWrapped;

/* wax_seal_wrap - certs may be NULL */
bool wax_seal_wrap(const GPtrArray *certs, const WaxSealOptions *options, WaxSpan cek,
	WaxSealWrapped *ret_wrapped, GError **error) WAX_MUST_USE;
void wax_seal_wrapped_clear(WaxSealWrapped *wrapped);

/* wax_seal_cipher_is_read - by all, as far as their certificates say; else whose does not */
bool wax_seal_cipher_is_read(
	const GPtrArray *recipients, WaxCipherAlg cipher, GError **error) WAX_MUST_USE;

static inline bool wax_seal_encrypts(const WaxSealOptions *options)
{
	return options->recipients || options->secret_count;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxSealWrapped, wax_seal_wrapped_clear)

#endif
