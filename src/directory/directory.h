/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	directory/directory - who has which certificates and keys, and whom we believe
 *
 * DESCRIPTION
 *	The reading side, for the gateway and the API.  Answers are kept in
 *	memory until the database changes (asked by its version at each
 *	look-up, or see allow_age),
 *	so that a warm look-up parses nothing.  May be used by
 *	several threads.
 *
 *	"None known" and "cannot be asked" are different answers: the first is
 *	an empty list, the second an error.
 *
 * NOT CHECKED HERE
 *	Whether a certificate is trusted: trust/path and policy/decide do that
 *	with the anchors given here.  Stored never means trusted.
 *
 * OWNERSHIP
 *	The directory takes its store.  Lists are references to shared,
 *	unchanging arrays: g_ptr_array_unref when done.
 *
 * ERRORS
 *	DIRECTORY_DOWN for whatever the store says, with its text.
 */
#ifndef WAX_DIRECTORY_DIRECTORY_H
#define WAX_DIRECTORY_DIRECTORY_H

#include <glib.h>

#include "crypto/cert.h"
#include "store/certificates.h"
#include "store/identities.h"
#include "store/people.h"
#include "store/records.h"
#include "trust/path.h"

typedef struct WaxDirectory WaxDirectory;

WaxDirectory *wax_directory_new(WaxStore *store);
void wax_directory_free(WaxDirectory *directory);

/*
 * wax_directory_allow_age - look-ups may answer as of so many ms ago, instead of asking the
 * database each time (0, as it begins); who then decides by several calls refresh first,
 * which sees all that was changed up to now
 */
void wax_directory_allow_age(WaxDirectory *directory, int64_t ms);
bool wax_directory_refresh(WaxDirectory *directory, GError **error) WAX_MUST_USE;

/* wax_directory_store - to list what no look-up answers; borrowed */
WaxStore *wax_directory_store(WaxDirectory *directory);

/* wax_directory_domain - is it ours, and its route (NULL: none); unknown: not ours, no route */
bool wax_directory_domain(WaxDirectory *directory, const char *domain, bool *ret_own,
	char **ret_route, GError **error) WAX_MUST_USE;

/* a certificate that may be encrypted to, if trust agrees */
typedef struct {
	WaxCert *cert;
	char *id; /* SHA-256, hex */
	bool of_domain;
	bool pinned;
	bool kept; /* its private key is in our custody */
	char *source;
} WaxDirCandidate;

/* wax_directory_candidates - the user's, then the domain's, each in the order of d.17 */
bool wax_directory_candidates(WaxDirectory *directory, const char *address,
	GPtrArray **ret_candidates, GError **error) WAX_MUST_USE;

/* an active key of ours */
typedef struct {
	char *epoch;
	GBytes *record; /* sealed; for keyd */
	WaxCert *cert;
} WaxDirKey;

/* the identity that speaks for an address, with its active keys */
typedef struct {
	gatomicrefcount refs;
	char *identity;
	char *address;
	bool of_domain;		 /* the domain's identity, since the person has none */
	WaxDirKey sign, encrypt; /* epoch NULL: there is none; the same for a dual-use key */
} WaxDirSender;

/* wax_directory_sender - *ret_sender NULL: no identity for that address */
bool wax_directory_sender(WaxDirectory *directory, const char *address, WaxDirSender **ret_sender,
	GError **error) WAX_MUST_USE;
void wax_dir_sender_unref(WaxDirSender *sender);

/* the epochs (WaxEpoch) that a RecipientInfo names: by IssuerAndSerial or subjectKeyIdentifier */
bool wax_directory_epochs(WaxDirectory *directory, WaxSpan issuer_serial, WaxSpan key_id,
	GPtrArray **ret_epochs, GError **error) WAX_MUST_USE;

/* wax_directory_identity - by id, address or domain; the caller's, NULL when there is none */
bool wax_directory_identity(WaxDirectory *directory, const char *key,
	WaxStoredIdentity **ret_identity, GError **error) WAX_MUST_USE;

/* wax_directory_anchors - WaxAnchor, for a purpose (SIGN, ENCRYPT or ANY); forbidden ones among them */
bool wax_directory_anchors(WaxDirectory *directory, WaxPurpose purpose, GPtrArray **ret_anchors,
	GError **error) WAX_MUST_USE;

/* wax_directory_intermediates - WaxCert: stored CA certificates, which complete chains */
bool wax_directory_intermediates(
	WaxDirectory *directory, GPtrArray **ret_certs, GError **error) WAX_MUST_USE;

/* wax_directory_policy - the text in force and its version (0: none) */
bool wax_directory_policy(WaxDirectory *directory, char **ret_text, int64_t *ret_version,
	GError **error) WAX_MUST_USE;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxDirectory, wax_directory_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxDirSender, wax_dir_sender_unref)

#endif
