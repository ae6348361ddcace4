/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/profile.h"

#include <string.h>

#include "core/status.h"

#define DAY	  (24 * 3600)
#define LEAF_DAYS 825
#define ROOT_DAYS 7305

static const struct {
	const char *name;
	bool ca;
	unsigned usage;
} rows[] = {
	{ "root", true, WAX_KU_CERT_SIGN | WAX_KU_CRL_SIGN },
	{ "sign", false, WAX_KU_DIGITAL_SIGNATURE },
	{ "encrypt", false, WAX_KU_KEY_ENCIPHERMENT },
	{ "encrypt-ec", false, WAX_KU_KEY_AGREEMENT },
	{ "both", false, WAX_KU_DIGITAL_SIGNATURE | WAX_KU_KEY_ENCIPHERMENT },
	{ "domain", false, WAX_KU_DIGITAL_SIGNATURE | WAX_KU_KEY_ENCIPHERMENT },
};

bool wax_profile_apply(
	const char *name, const WaxCert *issuer, WaxCertProfile *profile, GError **error)
{
	int64_t days;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		if (rows[i].ca != (issuer == NULL))
			return wax_fail(error, WAX_R_PROFILE_VIOLATION,
				"the profile %s is not issued that way", name);
		profile->ca = rows[i].ca;
		profile->path_length = rows[i].ca ? 0 : -1;
		profile->key_usage = rows[i].usage;
		profile->eku_mail = true;
		profile->policy_oid = rows[i].ca ? NULL : WAX_POLICY_KEY_HELD;
		days = rows[i].ca ? ROOT_DAYS : LEAF_DAYS;
		if (profile->not_after <= profile->not_before ||
			profile->not_after - profile->not_before > days * DAY)
			return wax_fail(error, WAX_R_PROFILE_VIOLATION,
				"the profile %s allows a validity of at most %d days", name,
				(int)days);
		if (!rows[i].ca && (!profile->addresses || !profile->addresses[0]))
			return wax_fail(error, WAX_R_PROFILE_VIOLATION,
				"a certificate for mail needs an address");
		if (profile->serial.n == 0 || profile->serial.n > 20 || profile->serial.p[0] & 0x80)
			return wax_fail(error, WAX_R_PROFILE_VIOLATION,
				"a serial number is 1 to 20 octets, positive");
		return true;
	}
	return wax_fail(error, WAX_R_PROFILE_VIOLATION, "there is no profile %s", name);
}
