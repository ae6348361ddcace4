/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/keyring - whose keys open a message
 *
 * DESCRIPTION
 *	WaxUnwrapper is all that opening knows of private keys: which of them a
 *	RecipientInfo means, and the content key that it yields.  WaxKeyring is
 *	the one with keys in this process; the custodian's is made by whoever
 *	holds a ticket.  Beside private keys it may hold passwords and
 *	symmetric keys, for messages that were sent to such.
 *
 *	Keys are chosen by issuer and serial number or by key identifier, never
 *	by trying.  The one exception is explicit: a single key that has no
 *	certificate, or whose certificate is named by a key identifier that
 *	does not fit (old Outlook), serves a message with a single recipient.
 *
 * OWNERSHIP
 *	The keyring holds references to keys and certificates.
 *
 * ERRORS
 *	CMS_DECRYPT_FAILED: one error for all that goes wrong with a key;
 *	PASSWORD_WRONG, KEY_MALFORMED, KEY_MISMATCH, NO_INPUT from load.
 */
#ifndef WAX_SMIME_KEYRING_H
#define WAX_SMIME_KEYRING_H

#include <glib.h>

#include "cms/open.h"
#include "core/secret.h"
#include "crypto/cert.h"
#include "crypto/key.h"

#define WAX_FIND_NONE	    (-1)
#define WAX_FIND_UNANSWERED (-2) /* who knows the keys did not say: nothing can be judged now */

typedef struct {
	void *data;

	/* the handle of the key that this recipient means, or FIND_*; `alone`: the message has no other */
	int (*find)(void *data, const WaxRecipient *recipient, bool alone);

	/* the content key; key_size is what the content cipher needs, 0 when it is not known */
	bool (*unwrap)(void *data, int handle, const WaxRecipient *recipient, size_t key_size,
		WaxSecret **ret_key, GError **error);
} WaxUnwrapper;

typedef struct {
	WaxKey *key;
	WaxCert *cert;	  /* NULL: not known */
	GPtrArray *chain; /* WaxCert; certificates that came with it */
} WaxIdentityKey;

typedef struct {
	WaxSecret *secret;
	GByteArray *key_id; /* by which a symmetric key is known; NULL: a password */
} WaxSharedSecret;

typedef struct {
	GPtrArray *keys;    /* WaxIdentityKey */
	GPtrArray *secrets; /* WaxSharedSecret */
} WaxKeyring;

WaxKeyring *wax_keyring_new(void);
void wax_keyring_free(WaxKeyring *keyring);
void wax_keyring_add(WaxKeyring *keyring, WaxKey *key, WaxCert *cert, GPtrArray *chain);

/* wax_keyring_add_secret - a symmetric key and its name, or, with an empty name, a password; both are copied */
void wax_keyring_add_secret(WaxKeyring *keyring, WaxSpan key_id, WaxSpan secret);

/* wax_keyring_load - "KEY.p12", "KEY.pem" or "KEY.pem,CERT.pem"; certificates may stand in KEY.pem */
bool wax_keyring_load(WaxKeyring *keyring, const char *spec, const WaxSecret *password,
	GError **error) WAX_MUST_USE;

WaxUnwrapper wax_keyring_unwrapper(WaxKeyring *keyring);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxKeyring, wax_keyring_free)

#endif
