/* SPDX-License-Identifier: Apache-2.0 */
/* Making a certificate of what a profile says (RFC 5280). */
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "core/status.h"
#include "crypto/digest.h"
#include "crypto/internal.h"
#include "crypto/key.h"

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	CONF *none = NCONF_new(
		NULL); /* certificatePolicies asks for a section to look in, even for none */
	bool ok;

	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	X509V3_set_nconf(&context, none);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ok = extension && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	NCONF_free(none);
	return ok;
}

/* addresses are set as objects, never by the configuration syntax, which an address could escape */
static bool add_names(X509 *cert, int nid, const char *const *addresses)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	bool ok;

	for (const char *const *a = addresses; *a; a++) {
		GENERAL_NAME *name = GENERAL_NAME_new();
		ASN1_IA5STRING *text = ASN1_IA5STRING_new();

		ASN1_STRING_set(text, *a, -1);
		GENERAL_NAME_set0_value(name, GEN_EMAIL, text);
		sk_GENERAL_NAME_push(names, name);
	}
	ok = X509_add1_ext_i2d(cert, nid, names, 0, X509V3_ADD_DEFAULT) == 1;
	GENERAL_NAMES_free(names);
	return ok;
}

static bool add_name_constraints(X509 *cert, const char *const *domains)
{
	NAME_CONSTRAINTS *constraints = NAME_CONSTRAINTS_new();
	bool ok;

	constraints->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
	for (const char *const *d = domains; *d; d++) {
		GENERAL_SUBTREE *subtree = GENERAL_SUBTREE_new();
		ASN1_IA5STRING *text = ASN1_IA5STRING_new();

		ASN1_STRING_set(text, *d, -1);
		GENERAL_NAME_set0_value(subtree->base, GEN_EMAIL, text);
		sk_GENERAL_SUBTREE_push(constraints->permittedSubtrees, subtree);
	}
	ok = X509_add1_ext_i2d(cert, NID_name_constraints, constraints, 1, X509V3_ADD_DEFAULT) == 1;
	NAME_CONSTRAINTS_free(constraints);
	return ok;
}

static bool add_key_usage(X509 *cert, unsigned usage)
{
	static const struct {
		unsigned bit;
		int number;
	} bits[] = { { WAX_KU_DIGITAL_SIGNATURE, 0 }, { WAX_KU_NON_REPUDIATION, 1 },
		{ WAX_KU_KEY_ENCIPHERMENT, 2 }, { WAX_KU_KEY_AGREEMENT, 4 },
		{ WAX_KU_CERT_SIGN, 5 }, { WAX_KU_CRL_SIGN, 6 } };
	ASN1_BIT_STRING *string = ASN1_BIT_STRING_new();
	bool ok;

	for (size_t i = 0; i < G_N_ELEMENTS(bits); i++)
		if (usage & bits[i].bit)
			ASN1_BIT_STRING_set_bit(string, bits[i].number, 1);
	ok = X509_add1_ext_i2d(cert, NID_key_usage, string, 1, X509V3_ADD_DEFAULT) == 1;
	ASN1_BIT_STRING_free(string);
	return ok;
}

static bool set_subject(X509 *cert, const WaxCertProfile *profile)
{
	X509_NAME *name = X509_NAME_new();
	bool ok = (!profile->organisation ||
			  X509_NAME_add_entry_by_NID(name, NID_organizationName, MBSTRING_UTF8,
				  (const unsigned char *)profile->organisation, -1, -1, 0) == 1) &&
		  X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
			  (const unsigned char *)profile->common_name, -1, -1, 0) == 1 &&
		  X509_set_subject_name(cert, name) == 1;

	X509_NAME_free(name);
	return ok;
}

static bool set_fields(X509 *cert, const WaxCertProfile *profile, X509 *issuer)
{
	BIGNUM *number = BN_bin2bn(profile->serial.p, (int)profile->serial.n, NULL);
	const unsigned char *p = profile->spki.p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)profile->spki.n);
	bool ok = number && key && X509_set_version(cert, 2) == 1 &&
		  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) &&
		  set_subject(cert, profile) &&
		  X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert)) == 1 &&
		  ASN1_TIME_adj(X509_getm_notBefore(cert), (time_t)profile->not_before, 0, 0) &&
		  ASN1_TIME_adj(X509_getm_notAfter(cert), (time_t)profile->not_after, 0, 0) &&
		  X509_set_pubkey(cert, key) == 1;

	BN_free(number);
	EVP_PKEY_free(key);
	return ok;
}

static bool set_extensions(X509 *cert, const WaxCertProfile *profile, X509 *issuer)
{
	g_autofree char *basic =
		profile->path_length >= 0 && profile->ca
			? g_strdup_printf("critical,CA:TRUE,pathlen:%d", profile->path_length)
			: g_strdup(profile->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");

	return add_extension(cert, issuer, NID_basic_constraints, basic) &&
	       add_key_usage(cert, profile->key_usage) &&
	       (!profile->eku_mail ||
		       add_extension(cert, issuer, NID_ext_key_usage, "emailProtection")) &&
	       (!profile->addresses || !*profile->addresses ||
		       add_names(cert, NID_subject_alt_name, profile->addresses)) &&
	       (!profile->permitted_mail_domains || !*profile->permitted_mail_domains ||
		       add_name_constraints(cert, profile->permitted_mail_domains)) &&
	       (!profile->policy_oid || add_extension(cert, issuer, NID_certificate_policies,
						profile->policy_oid)) &&
	       add_extension(cert, issuer ? issuer : cert, NID_subject_key_identifier, "hash") &&
	       (!issuer ||
		       add_extension(cert, issuer, NID_authority_key_identifier, "keyid:always"));
}

/* digest_for - NULL where the key signs the octets themselves */
static const EVP_MD *digest_for(const WaxKey *key)
{
	if (wax_crypto_pure_alg(key->pkey))
		return NULL;
	return wax_crypto_md(key->restricted ? key->pss.digest : WAX_DIGEST_SHA256);
}

WaxCert *wax_cert_issue(
	const WaxCertProfile *profile, const WaxCert *issuer, WaxKey *key, GError **error)
{
	X509 *signer = issuer ? wax_crypto_x509(issuer) : NULL;
	g_autoptr(X509) cert = X509_new();
	unsigned char *der = NULL;
	WaxCert *made;
	int n;

	if (issuer && !wax_key_fits(key, issuer)) {
		wax_set_error(error, WAX_R_KEY_MISMATCH,
			"the key is not that of the issuing certificate");
		return NULL;
	}
	if (!set_fields(cert, profile, signer) || !set_extensions(cert, profile, signer) ||
		X509_sign(cert, key->pkey, digest_for(key)) == 0) {
		wax_crypto_set_error(
			error, WAX_R_CRYPTO_ERROR, "the certificate could not be made");
		return NULL;
	}
	n = i2d_X509(cert, &der);
	made = wax_cert_parse(WAX_SPAN(der, (size_t)MAX(n, 0)), error);
	OPENSSL_free(der);
	return made;
}
