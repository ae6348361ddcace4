/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/identity.h"

#include <string.h>

#include "core/address.h"

static bool parse(const char *text, WaxAddress *ret_address)
{
	return text && wax_address_parse(WAX_SPAN(text, strlen(text)), ret_address, /* error= */ NULL);
}

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

static bool same_local(const char *a, const char *b)
{
	/* RFC 9598 5: local parts of SmtpUTF8Mailbox are compared octet for octet */
	if (!is_ascii(a) || !is_ascii(b))
		return strcmp(a, b) == 0;
	return g_ascii_strcasecmp(a, b) == 0;
}

bool wax_identity_same(const char *a, const char *b)
{
	g_auto(WaxAddress) one = { 0 }, other = { 0 };

	return parse(a, &one) && parse(b, &other) && strcmp(one.domain, other.domain) == 0 &&
	       same_local(one.local, other.local);
}

static bool among(const char *address, const GPtrArray *addresses)
{
	for (unsigned i = 0; i < addresses->len; i++)
		if (wax_identity_same(address, addresses->pdata[i]))
			return true;
	return false;
}

WaxIdentity wax_identity_judge(const WaxIdentityClaim *claim, const GPtrArray *addresses)
{
	unsigned mailboxes = claim->from ? claim->from->len : 0;
	g_auto(WaxAddress) author = { 0 };

	if (claim->from_fields > 1 || mailboxes > 1)
		return WAX_IDENTITY_AMBIGUOUS;
	if (mailboxes == 0 || !parse(claim->from->pdata[0], &author))
		return WAX_IDENTITY_MISSING;
	if (!addresses || addresses->len == 0)
		return WAX_IDENTITY_NO_ADDRESS;
	if (among(claim->from->pdata[0], addresses))
		return WAX_IDENTITY_EXACT;
	if (claim->sender && among(claim->sender, addresses))
		return WAX_IDENTITY_SENDER_ONLY;
	return WAX_IDENTITY_MISMATCH;
}

WaxReason wax_identity_reason(WaxIdentity identity)
{
	switch (identity) {
	case WAX_IDENTITY_SENDER_ONLY:
		return WAX_R_SIG_SENDER_ONLY;
	case WAX_IDENTITY_NO_ADDRESS:
		return WAX_R_SIG_NO_ADDRESS;
	case WAX_IDENTITY_AMBIGUOUS:
		return WAX_R_SIG_IDENTITY_AMBIGUOUS;
	case WAX_IDENTITY_MISSING:
		return WAX_R_SIG_IDENTITY_MISSING;
	case WAX_IDENTITY_MISMATCH:
		return WAX_R_SIG_IDENTITY_MISMATCH;
	default:
		return WAX_R_NONE;
	}
}
