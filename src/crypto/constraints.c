/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name constraints (RFC 5280 4.2.1.10).  libcrypto compares octets; who is compared with From is a
 * key of core/address.  What is excluded is therefore asked for by key as well: the same mailbox can
 * be written with quotes, in other case, as U-labels or A-labels, in either kind of name.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "core/address.h"
#include "crypto/cert.h"
#include "crypto/internal.h"

#define COMPARISONS_MAX (1 << 18)

/* normal_base - a whole address, a host, or with a dot in front what stands below a domain */
static char *normal_base(const char *text)
{
	g_autofree char *domain = NULL;

	if (text[0] == '@')
		return wax_domain_normal(text + 1, NULL);
	if (strchr(text, '@'))
		return wax_address_normal(text, NULL);
	domain = wax_domain_normal(text + (text[0] == '.'), NULL);
	return domain ? g_strconcat(text[0] == '.' ? "." : "", domain, NULL) : NULL;
}

static bool covers(const char *base, const char *address)
{
	const char *domain = strrchr(address, '@') + 1;

	if (base[0] == '.')
		return g_str_has_suffix(domain, base);
	return g_ascii_strcasecmp(base, strchr(base, '@') ? address : domain) == 0;
}

static bool any_covered(const char *base, const char *const *addresses)
{
	for (; *addresses; addresses++)
		if (covers(base, *addresses))
			return true;
	return false;
}

/* excludes - does an excluded mailbox or domain mean an address of the certificate? */
static bool excludes(const NAME_CONSTRAINTS *constraints, const WaxCertInfo *info)
{
	unsigned bases = (unsigned)MAX(sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees), 0);
	unsigned names = g_strv_length((char **)(uintptr_t)info->addresses) +
			 g_strv_length((char **)(uintptr_t)info->utf8_addresses);

	if (names && bases > COMPARISONS_MAX / names)
		return true;
	for (unsigned i = 0; names && i < bases; i++) {
		const GENERAL_NAME *base =
			sk_GENERAL_SUBTREE_value(constraints->excludedSubtrees, (int)i)->base;
		g_autofree char *text = NULL, *normal = NULL;

		if (base->type != GEN_EMAIL)
			continue;
		text = g_strndup((const char *)ASN1_STRING_get0_data(base->d.rfc822Name),
			(gsize)ASN1_STRING_length(base->d.rfc822Name));
		normal = normal_base(text);
		/* what cannot be read may mean any of them */
		if (!normal || any_covered(normal, info->addresses) ||
			any_covered(normal, info->utf8_addresses))
			return true;
	}
	return false;
}

bool wax_cert_names_permitted(const WaxCert *issuer, const WaxCert *cert)
{
	NAME_CONSTRAINTS *constraints;
	bool permitted;

	if (!wax_cert_info(issuer)->has_name_constraints)
		return true;
	constraints = X509_get_ext_d2i(wax_crypto_x509(issuer), NID_name_constraints, NULL, NULL);
	permitted = constraints && !excludes(constraints, wax_cert_info(cert)) &&
		    NAME_CONSTRAINTS_check(wax_crypto_x509(cert), constraints) == X509_V_OK;
	NAME_CONSTRAINTS_free(constraints);
	ERR_clear_error();
	return permitted;
}
