/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	keys/custodian/record - private keys at rest
 *
 * DESCRIPTION
 *	A record is DER: version, identity, purpose, epoch, SHA-256 of the
 *	public key, the data key sealed under the key-encryption key, and the
 *	PKCS #8 key sealed under the data key.  Both seals are AES-256-GCM and
 *	bind every field before them, so that no record passes for another.
 *
 *	The key-encryption key lies in a file of keyd's own folder: as it is
 *	(host-key, mode 0600) or sealed under a passphrase by Argon2id.
 *
 * OWNERSHIP
 *	Results are the caller's.
 *
 * ERRORS
 *	RECORD_DAMAGED, PASSWORD_WRONG, CUSTODY_LOCKED, IO.
 */
#ifndef WAX_KEYS_CUSTODIAN_RECORD_H
#define WAX_KEYS_CUSTODIAN_RECORD_H

#include "core/secret.h"
#include "crypto/key.h"

typedef struct {
	char *identity, *purpose; /* purpose: "sign", "encrypt", "both", "certifier" */
	uint64_t epoch;
	uint8_t spki_sha256[32];
	WaxKey *key;
} WaxSealedKey;

GByteArray *wax_record_seal(const WaxSecret *kek, const char *identity, const char *purpose,
	uint64_t epoch, const WaxKey *key);
bool wax_record_open(
	const WaxSecret *kek, WaxSpan record, WaxSealedKey *ret_key, GError **error) WAX_MUST_USE;
void wax_sealed_key_clear(WaxSealedKey *key);

/* wax_kek_load - made when the file is missing; *ret_kek NULL when it needs its passphrase */
bool wax_kek_load(const char *path, WaxSecret **ret_kek, GError **error) WAX_MUST_USE;
bool wax_kek_has_passphrase(const char *path, bool *ret_has, GError **error) WAX_MUST_USE;
bool wax_kek_unlock(
	const char *path, WaxSpan passphrase, WaxSecret **ret_kek, GError **error) WAX_MUST_USE;

/* wax_kek_protect - an empty passphrase: host key; killed in the middle, one of the two files is there whole */
bool wax_kek_protect(
	const char *path, const WaxSecret *kek, WaxSpan passphrase, GError **error) WAX_MUST_USE;

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxSealedKey, wax_sealed_key_clear)

#endif
