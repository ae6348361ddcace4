/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cert.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "asn1/der.h"
#include "core/address.h"
#include "core/io.h"
#include "core/status.h"
#include "crypto/digest.h"
#include "crypto/internal.h"
#include "crypto/points.h"

#define CERT_MAX     (64 * 1024) /* L-07 */
#define CACHE_MAX    4096
#define CERTS_MAX    1024
#define STRENGTH_MIN 112 /* bits of security: SHA-224 has them, RIPEMD-160 has not */

struct WaxCert {
	gint refs;
	WaxCertInfo info;
	X509 *x509;
	uint8_t *der, *subject, *issuer, *issuer_and_serial, *spki;
	char *subject_text, *issuer_text, *serial_text, *curve;
	GPtrArray *addresses, *utf8_addresses, *points;
	EVP_PKEY *
		completed; /* with the issuer's parameters; NULL: the certificate's own key counts */
	uint8_t verified_by[32]; /* SHA-256 of an issuer whose key verified it; by cache_lock */
	bool is_verified;
};

X509 *wax_crypto_x509(const WaxCert *cert)
{
	return cert->x509;
}

EVP_PKEY *wax_crypto_pubkey(const WaxCert *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert->x509);

	if (cert->completed)
		return cert->completed;
	return cert->info.key_too_large || cert->info.key_inherits ||
			       cert->info.key_kind == WAX_KEY_OTHER
		       ? NULL
		       : key;
}

void wax_crypto_set_error(GError **error, WaxReason reason, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *why = code ? ERR_reason_error_string(code) : NULL;

	wax_set_error(error, reason, "%s%s%s", what, why ? ": " : "", why ? why : "");
	ERR_clear_error();
}

static char *name_text(const X509_NAME *name)
{
	g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
	n = BIO_get_mem_data(bio, &text);
	return g_utf8_make_valid(text, n);
}

static void add_address(GPtrArray *list, const ASN1_STRING *string)
{
	g_auto(WaxAddress) address = { NULL, NULL };

	/* not a strict address: as if the certificate did not hold it (d.8.5) */
	if (wax_address_parse(
		    WAX_SPAN(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string)),
		    &address, NULL))
		g_ptr_array_add(list, wax_address_key(&address));
}

static void add_utf8_address(GPtrArray *list, const ASN1_STRING *string)
{
	g_auto(WaxAddress) address = { NULL, NULL };

	if (wax_address_parse(
		    WAX_SPAN(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string)),
		    &address, NULL))
		g_ptr_array_add(list, g_strconcat(address.local, "@", address.domain, NULL));
}

static void read_addresses(WaxCert *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert->x509, NID_subject_alt_name, NULL, NULL);
	const X509_NAME *subject = X509_get_subject_name(cert->x509);

	cert->addresses = g_ptr_array_new_with_free_func(g_free);
	cert->utf8_addresses = g_ptr_array_new_with_free_func(g_free);
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_EMAIL)
			add_address(cert->addresses, name->d.rfc822Name);
		else if (name->type == GEN_OTHERNAME &&
			 OBJ_obj2nid(name->d.otherName->type_id) == NID_id_on_SmtpUTF8Mailbox &&
			 name->d.otherName->value->type == V_ASN1_UTF8STRING)
			add_utf8_address(
				cert->utf8_addresses, name->d.otherName->value->value.utf8string);
	}
	GENERAL_NAMES_free(names);
	for (int at = -1;
		(at = X509_NAME_get_index_by_NID(subject, NID_pkcs9_emailAddress, at)) >= 0;)
		add_address(cert->addresses,
			X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	g_ptr_array_add(cert->addresses, NULL);
	g_ptr_array_add(cert->utf8_addresses, NULL);
	cert->info.addresses = (const char *const *)cert->addresses->pdata;
	cert->info.utf8_addresses = (const char *const *)cert->utf8_addresses->pdata;
}

/* describes_curve - RFC 5480 2.1.1 wants a name: a description may be of any curve at all */
static bool describes_curve(const X509 *x509)
{
	X509_ALGOR *algorithm = NULL;
	int type = V_ASN1_UNDEF;

	X509_PUBKEY_get0_param(NULL, NULL, NULL, &algorithm, X509_get_X509_PUBKEY(x509));
	X509_ALGOR_get0(NULL, &type, NULL, algorithm);
	return type != V_ASN1_OBJECT;
}

static void read_key(WaxCert *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert->x509);
	WaxCertInfo *info = &cert->info;
	char group[80];

	if (wax_crypto_dsa_lacks_parameters(info->spki)) {
		info->key_kind = WAX_KEY_DSA;
		info->key_inherits = true;
		return;
	}
	/* what this libcrypto does not know is a key all the same: of a kind that cannot be used here */
	info->key_kind = WAX_KEY_OTHER;
	if (!key)
		return;
	info->key_too_large = !wax_crypto_key_affordable(key);
	info->key_bits = (unsigned)EVP_PKEY_get_bits(key);
	if (wax_crypto_kind(key) == WAX_KEY_EC && describes_curve(cert->x509))
		return;
	info->key_kind = wax_crypto_kind(key);
	info->keyenc = wax_crypto_keyenc(key);
	info->pure = wax_crypto_pure_alg(key);
	if (info->key_kind == WAX_KEY_RSA_PSS)
		info->pss_restricted = wax_crypto_pss_restriction(info->spki, &info->pss);
	if (info->key_kind == WAX_KEY_EC &&
		EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1) {
		const char *nist = EC_curve_nid2nist(OBJ_txt2nid(group));

		cert->curve = g_strdup(nist ? nist : group);
		info->curve = cert->curve;
	}
}

static const struct {
	uint32_t theirs;
	unsigned ours;
} usages[] = {
	{ KU_DIGITAL_SIGNATURE, WAX_KU_DIGITAL_SIGNATURE },
	{ KU_NON_REPUDIATION, WAX_KU_NON_REPUDIATION },
	{ KU_KEY_ENCIPHERMENT, WAX_KU_KEY_ENCIPHERMENT },
	{ KU_KEY_AGREEMENT, WAX_KU_KEY_AGREEMENT },
	{ KU_KEY_CERT_SIGN, WAX_KU_CERT_SIGN },
	{ KU_CRL_SIGN, WAX_KU_CRL_SIGN },
};

/*
 * is_acted_on - libcrypto passes for known what it would act on itself (proxies, addresses of the
 * internet, types of Netscape); here only what somebody reads may be critical (RFC 5280 4.2)
 */
static bool is_acted_on(int nid)
{
	static const int nids[] = { NID_key_usage, NID_ext_key_usage, NID_basic_constraints,
		NID_subject_alt_name, NID_name_constraints, NID_certificate_policies,
		NID_policy_mappings, NID_policy_constraints, NID_inhibit_any_policy,
		NID_crl_distribution_points, NID_id_pkix_OCSP_noCheck };

	for (size_t i = 0; i < G_N_ELEMENTS(nids); i++)
		if (nids[i] == nid)
			return true;
	return false;
}

static bool has_unknown_critical(const X509 *x509)
{
	for (int i = 0; i < X509_get_ext_count(x509); i++) {
		X509_EXTENSION *extension = X509_get_ext(x509, i);

		if (X509_EXTENSION_get_critical(extension) &&
			!is_acted_on(OBJ_obj2nid(X509_EXTENSION_get_object(extension))))
			return true;
	}
	return false;
}

static WaxSpan extension_of(const WaxCert *cert, int nid)
{
	int at = X509_get_ext_by_NID(cert->x509, nid, -1);
	const ASN1_OCTET_STRING *value =
		at < 0 ? NULL : X509_EXTENSION_get_data(X509_get_ext(cert->x509, at));

	return value ? WAX_SPAN(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value))
		     : WAX_SPAN_NONE;
}

static void read_extensions(WaxCert *cert)
{
	uint32_t flags = X509_get_extension_flags(cert->x509);
	WaxCertInfo *info = &cert->info;
	BASIC_CONSTRAINTS *basic = X509_get_ext_d2i(cert->x509, NID_basic_constraints, NULL, NULL);
	EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(cert->x509, NID_ext_key_usage, NULL, NULL);

	info->has_key_usage = flags & EXFLAG_KUSAGE;
	for (size_t i = 0; info->has_key_usage && i < G_N_ELEMENTS(usages); i++)
		if (X509_get_key_usage(cert->x509) & usages[i].theirs)
			info->key_usage |= usages[i].ours;
	info->has_eku = eku != NULL;
	for (int i = 0; eku && i < sk_ASN1_OBJECT_num(eku); i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, i));

		if (nid == NID_email_protect || nid == NID_anyExtendedKeyUsage)
			info->eku_mail = true;
		if (nid == NID_OCSP_sign)
			info->eku_ocsp = true;
	}
	info->ocsp_no_check = X509_get_ext_by_NID(cert->x509, NID_id_pkix_OCSP_noCheck, -1) >= 0;
	info->path_length = -1;
	info->has_basic_constraints = basic != NULL;
	if (basic && basic->ca) {
		info->is_ca = true;
		if (basic->pathlen)
			info->path_length = (int)ASN1_INTEGER_get(basic->pathlen);
	}
	/* these say nothing; as anchors they may be trusted for what they are */
	info->is_version_1 = X509_get_version(cert->x509) == X509_VERSION_1;
	info->has_name_constraints = X509_get_ext_by_NID(cert->x509, NID_name_constraints, -1) >= 0;
	info->unknown_critical = has_unknown_critical(cert->x509);
	info->self_issued = flags & EXFLAG_SI;
	info->names_revocation_source =
		X509_get_ext_by_NID(cert->x509, NID_crl_distribution_points, -1) >= 0;
	if (X509_get_ext_by_NID(cert->x509, NID_info_access, -1) >= 0) {
		AUTHORITY_INFO_ACCESS *access =
			X509_get_ext_d2i(cert->x509, NID_info_access, NULL, NULL);

		/* damaged, or there twice */
		if (!access)
			info->names_revocation_source = true;
		for (int i = 0; access && i < sk_ACCESS_DESCRIPTION_num(access); i++)
			if (OBJ_obj2nid(sk_ACCESS_DESCRIPTION_value(access, i)->method) ==
				NID_ad_OCSP)
				info->names_revocation_source = true;
		AUTHORITY_INFO_ACCESS_free(access);
	}
	info->capabilities = extension_of(cert, NID_SMIMECapabilities);
	cert->points = wax_crypto_cert_points(cert->x509);
	info->points = cert->points;
	BASIC_CONSTRAINTS_free(basic);
	EXTENDED_KEY_USAGE_free(eku);
}

static void read_signature_algorithm(WaxCert *cert)
{
	const X509_ALGOR *algorithm;
	const ASN1_OBJECT *object;
	uint32_t flags = 0;
	int bits = 0;

	X509_get0_signature(NULL, &algorithm, cert->x509);
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	cert->info.sig_alg = wax_sig_from_oid(
		WAX_SPAN(OBJ_get0_data(object), OBJ_length(object)), &cert->info.sig_digest);
	cert->info.sig_weak = cert->info.sig_digest != WAX_DIGEST_NONE &&
			      wax_digest_is_weak(cert->info.sig_digest);
	/* of PSS, and of whatever else libcrypto can verify and nobody here has a name for */
	if (X509_get_signature_info(cert->x509, NULL, NULL, &bits, &flags) && bits < STRENGTH_MIN)
		cert->info.sig_weak = true;
}

static bool seconds_of(const ASN1_TIME *time, int64_t *ret_seconds)
{
	struct tm tm;
	WaxCivil civil;

	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return false;
	civil = (WaxCivil){ tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		tm.tm_sec };
	*ret_seconds = wax_civil_seconds(&civil);
	return true;
}

static void read_names(WaxCert *cert)
{
	WaxCertInfo *info = &cert->info;
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert->x509);
	const ASN1_OCTET_STRING *id;
	unsigned char *serial_der = NULL;
	int n, serial_n;
	WaxDer out;

	n = i2d_X509_NAME(X509_get_subject_name(cert->x509), &cert->subject);
	info->subject = WAX_SPAN(cert->subject, (size_t)n);
	n = i2d_X509_NAME(X509_get_issuer_name(cert->x509), &cert->issuer);
	info->issuer = WAX_SPAN(cert->issuer, (size_t)n);
	n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert->x509), &cert->spki);
	info->spki = WAX_SPAN(cert->spki, (size_t)n);
	serial_n = i2d_ASN1_INTEGER(serial, &serial_der);
	cert->issuer_and_serial = g_malloc(info->issuer.n + (size_t)serial_n + 16);
	out = wax_der(cert->issuer_and_serial, info->issuer.n + (size_t)serial_n + 16);
	wax_der_raw(&out, WAX_SPAN(serial_der, (size_t)serial_n));
	wax_der_raw(&out, info->issuer);
	wax_der_wrap(&out, WAX_TAG_SEQUENCE, 0);
	OPENSSL_free(serial_der);
	info->issuer_and_serial = wax_der_span(&out);
	{
		WaxBer in = wax_ber(info->issuer_and_serial);
		WaxSpan body, ignored;

		/* just written: it cannot fail to read back */
		if (wax_ber_take(&in, WAX_TAG_SEQUENCE, &body, NULL)) {
			in = wax_ber(body);
			if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &ignored, NULL) ||
				!wax_ber_take(&in, WAX_TAG_INTEGER, &info->serial, NULL))
				info->serial = WAX_SPAN_NONE;
		}
	}
	info->subject_hash = wax_crypto_name_hash(X509_get_subject_name(cert->x509));
	info->issuer_hash = wax_crypto_name_hash(X509_get_issuer_name(cert->x509));
	cert->serial_text = wax_hex(info->serial);
	cert->subject_text = name_text(X509_get_subject_name(cert->x509));
	cert->issuer_text = name_text(X509_get_issuer_name(cert->x509));
	info->serial_text = cert->serial_text;
	info->subject_text = cert->subject_text;
	info->issuer_text = cert->issuer_text;
	id = X509_get0_subject_key_id(cert->x509);
	if (id)
		info->key_id = WAX_SPAN(ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id));
	id = X509_get0_authority_key_id(cert->x509);
	if (id)
		info->authority_key_id =
			WAX_SPAN(ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id));
}

static WaxCert *parse(WaxSpan der, GError **error)
{
	g_autoptr(WaxCert) cert = g_new0(WaxCert, 1);
	const unsigned char *p = der.p;

	cert->refs = 1;
	if (der.n > CERT_MAX) {
		wax_set_error(error, WAX_R_CERT_MALFORMED,
			"a certificate of %zu bytes is too large", der.n);
		return NULL;
	}
	cert->x509 = d2i_X509(NULL, &p, (long)der.n);
	if (!cert->x509 || p != der.p + der.n) {
		wax_crypto_set_error(
			error, WAX_R_CERT_MALFORMED, "this is not an X.509 certificate");
		return NULL;
	}
	cert->der = g_memdup2(der.p, der.n);
	cert->info.der = WAX_SPAN(cert->der, der.n);
	wax_sha256(der, cert->info.sha256);
	/* EXFLAG_INVALID: an extension that cannot be read */
	if (X509_get_extension_flags(cert->x509) & EXFLAG_INVALID ||
		!seconds_of(X509_get0_notBefore(cert->x509), &cert->info.not_before) ||
		!seconds_of(X509_get0_notAfter(cert->x509), &cert->info.not_after)) {
		wax_crypto_set_error(error, WAX_R_CERT_MALFORMED,
			"a certificate has an extension or a date that cannot be read");
		return NULL;
	}
	read_names(cert);
	read_addresses(cert);
	read_key(cert);
	read_extensions(cert);
	read_signature_algorithm(cert);
	ERR_clear_error();
	return g_steal_pointer(&cert);
}

static GMutex cache_lock;
static GHashTable *cache;

static guint hash_of(gconstpointer key)
{
	guint value;

	memcpy(&value, key, sizeof value);
	return value;
}

static gboolean same_hash(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, 32) == 0;
}

WaxCert *wax_cert_parse(WaxSpan der, GError **error)
{
	uint8_t sha256[32];
	WaxCert *cert;

	wax_sha256(der, sha256);
	g_mutex_lock(&cache_lock);
	if (!cache)
		cache = g_hash_table_new_full(
			hash_of, same_hash, NULL, (GDestroyNotify)wax_cert_unref);
	cert = g_hash_table_lookup(cache, sha256);
	if (cert)
		wax_cert_ref(cert);
	g_mutex_unlock(&cache_lock);
	if (cert)
		return cert;
	cert = parse(der, error);
	if (!cert)
		return NULL;
	g_mutex_lock(&cache_lock);
	if (g_hash_table_size(cache) >= CACHE_MAX)
		g_hash_table_remove_all(cache);
	g_hash_table_replace(cache, cert->info.sha256, wax_cert_ref(cert));
	g_mutex_unlock(&cache_lock);
	return cert;
}

WaxCert *wax_cert_ref(WaxCert *cert)
{
	g_atomic_int_inc(&cert->refs);
	return cert;
}

void wax_cert_unref(WaxCert *cert)
{
	if (!cert || !g_atomic_int_dec_and_test(&cert->refs))
		return;
	X509_free(cert->x509);
	OPENSSL_free(cert->subject);
	OPENSSL_free(cert->issuer);
	OPENSSL_free(cert->spki);
	g_free(cert->issuer_and_serial);
	g_free(cert->der);
	g_free(cert->subject_text);
	g_free(cert->issuer_text);
	g_free(cert->serial_text);
	g_free(cert->curve);
	g_clear_pointer(&cert->addresses, g_ptr_array_unref);
	g_clear_pointer(&cert->utf8_addresses, g_ptr_array_unref);
	g_clear_pointer(&cert->points, g_ptr_array_unref);
	EVP_PKEY_free(cert->completed);
	g_free(cert);
}

const WaxCertInfo *wax_cert_info(const WaxCert *cert)
{
	return &cert->info;
}

/*
 * parse_bag - the certificates of a SignedData (RFC 5652 5.1), which is how they
 * are handed around in .p7b files; CRLs and signers in it are not looked at
 */
static bool parse_bag(WaxSpan bytes, GPtrArray *certs, GError **error)
{
	WAX_OID(signed_data, WAX_OID_PKCS7(2));
	const uint8_t explicit_0 = WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED;
	WaxSpan info, oid, content, body, ignored, bag = WAX_SPAN_NONE, der;
	WaxBer in;
	bool ok = wax_ber_only(bytes, WAX_TAG_SEQUENCE, &info, NULL);

	in = wax_ber(info);
	ok = ok && wax_ber_take(&in, WAX_TAG_OID, &oid, NULL) && wax_span_equal(oid, signed_data) &&
	     wax_ber_take(&in, explicit_0, &content, NULL) && wax_ber_at_end(&in) &&
	     wax_ber_only(content, WAX_TAG_SEQUENCE, &body, NULL);
	in = wax_ber(body);
	ok = ok && wax_ber_take(&in, WAX_TAG_INTEGER, &ignored, NULL) &&
	     wax_ber_take(&in, WAX_TAG_SET, &ignored, NULL) &&
	     wax_ber_take(&in, WAX_TAG_SEQUENCE, &ignored, NULL) &&
	     (wax_ber_peek(&in) != explicit_0 || wax_ber_take(&in, explicit_0, &bag, NULL));
	if (!ok)
		return wax_fail(error, WAX_R_CERT_MALFORMED,
			"this is neither an X.509 certificate nor a PKCS #7 file of them");
	for (in = wax_ber(bag); !wax_ber_at_end(&in);) {
		WaxCert *cert;

		if (!wax_ber_take_whole(&in, WAX_TAG_SEQUENCE, &der, NULL))
			return wax_fail(error, WAX_R_CERT_MALFORMED,
				"the PKCS #7 file holds something that is no certificate");
		cert = wax_cert_parse(der, error);
		if (!cert)
			return false;
		g_ptr_array_add(certs, cert);
		if (certs->len > CERTS_MAX)
			return wax_fail(
				error, WAX_R_TOO_LARGE, "more than %d certificates", CERTS_MAX);
	}
	return true;
}

/* is_bag - a ContentInfo begins with an OID, a certificate with a SEQUENCE */
static bool is_bag(WaxSpan bytes)
{
	WaxSpan body;
	WaxBer in = wax_ber(bytes);

	return wax_ber_take(&in, WAX_TAG_SEQUENCE, &body, NULL) && body.n &&
	       body.p[0] == WAX_TAG_OID;
}

/* first_of - the certificate of a "TRUSTED CERTIFICATE"; what its writer thought of it follows, and counts for nothing */
static WaxSpan first_of(WaxSpan der)
{
	WaxBer in = wax_ber(der);
	WaxSpan whole;

	return wax_ber_take_whole(&in, WAX_TAG_SEQUENCE, &whole, NULL) ? whole : der;
}

static bool parse_pem(WaxSpan bytes, GPtrArray *certs, GError **error)
{
	g_autoptr(BIO) bio = BIO_new_mem_buf(bytes.p, (int)bytes.n);
	char *name, *header;
	unsigned char *data;
	long n;

	while (PEM_read_bio(bio, &name, &header, &data, &n) == 1) {
		bool wanted = strcmp(name, PEM_STRING_X509) == 0 ||
			      strcmp(name, PEM_STRING_X509_OLD) == 0 ||
			      strcmp(name, PEM_STRING_X509_TRUSTED) == 0;
		WaxSpan der = WAX_SPAN(data, (size_t)n);
		bool bag = strcmp(name, PEM_STRING_PKCS7) == 0 || strcmp(name, PEM_STRING_CMS) == 0;
		bool ok = !bag || parse_bag(der, certs, error);
		WaxCert *cert = wanted ? wax_cert_parse(strcmp(name, PEM_STRING_X509_TRUSTED) == 0
								? first_of(der)
								: der,
						 error)
				       : NULL;

		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)n);
		if (!ok || (wanted && !cert))
			return false;
		if (cert)
			g_ptr_array_add(certs, cert);
		if (certs->len > CERTS_MAX)
			return wax_fail(
				error, WAX_R_TOO_LARGE, "more than %d certificates", CERTS_MAX);
	}
	ERR_clear_error();
	return true;
}

bool wax_certs_parse(WaxSpan bytes, GPtrArray **ret_certs, GError **error)
{
	g_autoptr(GPtrArray) certs = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);

	if (bytes.n && bytes.p[0] == WAX_TAG_SEQUENCE && is_bag(bytes)) {
		if (!parse_bag(bytes, certs, error))
			return false;
	} else if (bytes.n && bytes.p[0] == WAX_TAG_SEQUENCE) {
		WaxCert *cert = wax_cert_parse(bytes, error);

		if (!cert)
			return false;
		g_ptr_array_add(certs, cert);
	} else if (!parse_pem(bytes, certs, error)) {
		return false;
	}
	if (certs->len == 0)
		return wax_fail(error, WAX_R_CERT_MALFORMED,
			"there is no certificate in it (PEM, DER or PKCS #7)");
	*ret_certs = g_steal_pointer(&certs);
	return true;
}

bool wax_certs_load(const char *path, GPtrArray **ret_certs, GError **error)
{
	g_autoptr(GByteArray) bytes = NULL;

	if (!wax_io_load(path, 16 * 1024 * 1024, &bytes, error))
		return false;
	if (!wax_certs_parse(WAX_SPAN(bytes->data, bytes->len), ret_certs, error)) {
		g_prefix_error(error, "%s: ", path);
		return false;
	}
	return true;
}

char *wax_cert_pem(const WaxCert *cert)
{
	g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	PEM_write_bio_X509(bio, cert->x509);
	n = BIO_get_mem_data(bio, &text);
	return g_strndup(text, (gsize)n);
}

WaxCert *wax_cert_completed(const WaxCert *cert, const WaxCert *issuer)
{
	EVP_PKEY *from = wax_crypto_pubkey(issuer);
	EVP_PKEY *key = from ? wax_crypto_dsa_inherit(cert->info.spki, from) : NULL;
	WaxCert *completed =
		key && wax_crypto_key_affordable(key) ? parse(cert->info.der, NULL) : NULL;

	ERR_clear_error();
	if (!completed) {
		EVP_PKEY_free(key);
		return NULL;
	}
	completed->completed = key;
	completed->info.key_bits = (unsigned)EVP_PKEY_get_bits(key);
	completed->info.key_inherits = false;
	return completed;
}

bool wax_cert_signed_by(const WaxCert *cert, const WaxCert *issuer)
{
	EVP_PKEY *key = wax_crypto_pubkey(issuer);
	WaxCert *known = (WaxCert *)(uintptr_t)cert; /* what is remembered changes no answer */
	bool yes;

	g_mutex_lock(&cache_lock);
	yes = cert->is_verified && !issuer->completed &&
	      memcmp(cert->verified_by, issuer->info.sha256, 32) == 0;
	g_mutex_unlock(&cache_lock);
	if (yes)
		return true;
	yes = key && X509_verify(cert->x509, key) == 1;
	ERR_clear_error();
	/* a completed issuer's octets do not say which key it has */
	if (!yes || issuer->completed)
		return yes;
	g_mutex_lock(&cache_lock);
	memcpy(known->verified_by, issuer->info.sha256, 32);
	known->is_verified = true;
	g_mutex_unlock(&cache_lock);
	return true;
}

bool wax_cert_named_issuer(const WaxCert *cert, const WaxCert *issuer)
{
	return X509_NAME_cmp(
		       X509_get_issuer_name(cert->x509), X509_get_subject_name(issuer->x509)) == 0;
}

bool wax_cert_can_sign(const WaxCert *cert)
{
	if (cert->info.key_kind == WAX_KEY_XDH || cert->info.key_kind == WAX_KEY_ML_KEM)
		return false; /* whatever keyUsage says, or does not say */
	return !cert->info.has_key_usage ||
	       cert->info.key_usage & (WAX_KU_DIGITAL_SIGNATURE | WAX_KU_NON_REPUDIATION);
}

bool wax_cert_can_encrypt(const WaxCert *cert)
{
	const WaxCertInfo *info = &cert->info;
	unsigned wanted = wax_keyenc_is_agreement(info->keyenc) ? WAX_KU_KEY_AGREEMENT
								: WAX_KU_KEY_ENCIPHERMENT;

	return info->keyenc && (!info->has_key_usage || info->key_usage & wanted);
}

bool wax_cert_has_address(const WaxCert *cert, const char *key)
{
	for (const char *const *a = cert->info.addresses; *a; a++)
		if (strcmp(*a, key) == 0)
			return true;
	return false;
}

bool wax_cert_has_weak_key(const WaxCert *cert)
{
	const WaxCertInfo *info = &cert->info;

	switch (info->key_kind) {
	case WAX_KEY_RSA:
	case WAX_KEY_RSA_PSS:
		return info->key_bits < 2048;
	case WAX_KEY_EC:
		return info->key_bits < 2 * STRENGTH_MIN;
	default:
		return info->key_kind == WAX_KEY_DSA;
	}
}

bool wax_cert_is_weak(const WaxCert *cert)
{
	const WaxCertInfo *info = &cert->info;

	if (wax_cert_has_weak_key(cert) || info->sig_alg == WAX_SIG_DSA)
		return true;
	/* a name can be chosen, so only the own key tells a root from what was issued */
	return info->sig_weak && !(info->self_issued && wax_cert_signed_by(cert, cert));
}
