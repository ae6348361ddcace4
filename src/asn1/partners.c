/* SPDX-License-Identifier: Apache-2.0 */
#include "asn1/partners.h"

static const WaxPartnerProfile profiles[] = {
	{ "default", false, false, WAX_CIPHER_NONE, 0, false },
	{ "edi-energy", true, true, WAX_CIPHER_AES128_GCM, 0, true },
	{ "tr-03116", true, true, WAX_CIPHER_AES256_GCM, 3072, true },
	{ "direct", false, false, WAX_CIPHER_AES256_CBC, 0, false },
	{ "legacy", false, false, WAX_CIPHER_AES128_CBC, 0, false },
};

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

const WaxPartnerProfile *wax_partner_profile(const char *name)
{
	for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
		if (same(profiles[i].name, name))
			return &profiles[i];
	return NULL;
}

const WaxPartnerProfile *wax_partner_profile_at(size_t n)
{
	return n < sizeof profiles / sizeof *profiles ? &profiles[n] : NULL;
}
