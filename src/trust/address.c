/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/address.h"

#include <string.h>

/* has_utf8 - SmtpUTF8Mailbox: the local part octet for octet (RFC 9598); the key is ASCII-lowered,
 * which changes nothing beyond ASCII */
static bool has_utf8(const WaxCert *cert, const char *key)
{
	for (const char *const *a = wax_cert_info(cert)->utf8_addresses; *a; a++)
		if (strcmp(*a, key) == 0)
			return true;
	return false;
}

static bool speaks_for(const WaxCert *cert, const char *key)
{
	return wax_cert_has_address(cert, key) || has_utf8(cert, key);
}

WaxIdentity wax_trust_identity(const WaxCert *cert, const WaxAuthorClaim *claim, bool domain_pinned)
{
	const WaxCertInfo *info = wax_cert_info(cert);
	const char *only = claim->from ? claim->from[0] : NULL;

	if (claim->from_fields > 1 || (only && claim->from[1]))
		return WAX_IDENTITY_AMBIGUOUS;
	if (claim->from_unreadable || !only)
		return WAX_IDENTITY_MISSING;
	if (speaks_for(cert, only))
		return WAX_IDENTITY_EXACT;
	if (domain_pinned)
		return WAX_IDENTITY_DOMAIN;
	for (const char *const *s = claim->sender; s && *s; s++)
		if (speaks_for(cert, *s))
			return WAX_IDENTITY_SENDER_ONLY;
	if (!info->addresses[0] && !info->utf8_addresses[0])
		return WAX_IDENTITY_NO_ADDRESS;
	return WAX_IDENTITY_MISMATCH;
}

const char *wax_identity_word(WaxIdentity identity)
{
	static const char *const words[] = { "unjudged", "exact", "domain", "directory",
		"sender-only", "no-address", "ambiguous", "missing", "mismatch" };

	return words[identity];
}
