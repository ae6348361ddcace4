/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/change.h"

#include <string.h>

#include "core/address.h"
#include "core/clock.h"
#include "core/status.h"
#include "crypto/digest.h"

char *wax_directory_cert_id(const WaxCert *cert)
{
	return wax_hex(WAX_SPAN(wax_cert_info(cert)->sha256, 32));
}

static bool check_addresses(const WaxCert *cert, const WaxCertImport *import, GError **error)
{
	const WaxCertInfo *info = wax_cert_info(cert);

	if (strcmp(import->kind, "user") != 0)
		return true;
	if (!import->addresses && !info->addresses[0])
		return wax_fail(error, WAX_R_CERT_ADDRESS_FOREIGN,
			"the certificate of %s names no mail address", info->subject_text);
	for (int i = 0; import->addresses && import->addresses[i]; i++)
		if (!wax_cert_has_address(cert, import->addresses[i]))
			return wax_fail(error, WAX_R_CERT_ADDRESS_FOREIGN,
				"the certificate of %s does not name %s", info->subject_text,
				import->addresses[i]);
	return true;
}

static bool check_key(const WaxCert *cert, GError **error)
{
	const WaxCertInfo *info = wax_cert_info(cert);

	if (!wax_cert_is_weak(cert))
		return true;
	return wax_fail(error, WAX_R_KEY_WEAK,
		"the certificate of %s is weak: a key of %u bits, or signed with an old digest",
		info->subject_text, info->key_bits);
}

static bool check_new(WaxStore *store, const WaxCert *cert, GError **error)
{
	g_autofree char *id = wax_directory_cert_id(cert);
	g_autoptr(WaxStoredCert) there = NULL;

	if (!wax_store_cert_get(store, id, &there, error))
		return false;
	if (!there)
		return true;
	return wax_fail(error, WAX_R_DUPLICATE, "the certificate %.16s of %s is stored already", id,
		there->subject);
}

static bool check_kind(const WaxCert *cert, const WaxCertImport *import, GError **error)
{
	const WaxCertInfo *info = wax_cert_info(cert);
	bool ca = strcmp(import->kind, "ca") == 0;

	if (!ca && strcmp(import->kind, "user") != 0 && strcmp(import->kind, "domain") != 0)
		return wax_fail(error, WAX_R_VALUE_INVALID,
			"a certificate is of kind user, domain or ca, not '%s'", import->kind);
	if (strcmp(import->kind, "domain") == 0 && !import->domain)
		return wax_fail(error, WAX_R_VALUE_INVALID,
			"a domain certificate needs the domain that it is for");
	if (info->is_ca && !ca)
		return wax_fail(error, WAX_R_CERT_IS_CA,
			"the certificate of %s is a certification authority's: import it as kind "
			"ca",
			info->subject_text);
	if (!info->is_ca && ca)
		return wax_fail(error, WAX_R_CERT_NOT_CA,
			"the certificate of %s is no certification authority's",
			info->subject_text);
	return true;
}

bool wax_directory_check_import(WaxStore *store, const WaxCert *cert, const WaxCertImport *import,
	int64_t at, GError **error)
{
	const WaxCertInfo *info = wax_cert_info(cert);
	g_autofree char *end = NULL;

	if (!check_kind(cert, import, error))
		return false;
	if (at > info->not_after) {
		end = wax_clock_rfc3339(info->not_after);
		return wax_fail(error, WAX_R_CERT_EXPIRED, "the certificate of %s ended on %s",
			info->subject_text, end);
	}
	return check_addresses(cert, import, error) && (info->is_ca || check_key(cert, error)) &&
	       check_new(store, cert, error);
}

static GByteArray *bytes_of(WaxSpan span)
{
	return g_byte_array_append(g_byte_array_new(), span.p, (guint)span.n);
}

static WaxStoredCert *row_of(const WaxCert *cert, const WaxCertImport *import, int64_t at)
{
	const WaxCertInfo *info = wax_cert_info(cert);
	const char *const *addresses = import->addresses ? import->addresses : info->addresses;
	WaxStoredCert *row = g_new0(WaxStoredCert, 1);

	row->id = wax_directory_cert_id(cert);
	row->der = bytes_of(info->der);
	row->subject = g_strdup(info->subject_text);
	row->issuer = g_strdup(info->issuer_text);
	row->serial = g_strdup(info->serial_text);
	row->issuer_serial = bytes_of(info->issuer_and_serial);
	row->key_id = bytes_of(info->key_id);
	row->not_before = info->not_before;
	row->not_after = info->not_after;
	row->kind = g_strdup(import->kind);
	row->domain = g_strdup(import->domain);
	row->source = g_strdup(import->source);
	row->pinned = import->pinned;
	row->note = g_strdup(import->note);
	row->addresses = g_strdupv((char **)addresses);
	row->added = at;
	return row;
}

bool wax_directory_import(WaxStore *store, const WaxCert *cert, const WaxCertImport *import,
	int64_t at, char **ret_id, GError **error)
{
	g_autoptr(WaxStoredCert) row = NULL;

	if (!wax_directory_check_import(store, cert, import, at, error))
		return false;
	row = row_of(cert, import, at);
	if (!wax_store_cert_add(store, row, error))
		return false;
	if (ret_id)
		*ret_id = g_steal_pointer(&row->id);
	return true;
}

bool wax_directory_delete_cert(
	WaxStore *store, const char *id, int64_t at, int *ret_archived, GError **error)
{
	return wax_store_epoch_archive_cert(store, id, at, ret_archived, error) &&
	       wax_store_cert_delete(store, id, error);
}

static bool check_grant(const WaxTrustGrant *grant, GError **error)
{
	static const char *const purposes[] = { "verify", "encrypt", "both", NULL };

	if (!grant->purpose || !g_strv_contains(purposes, grant->purpose))
		return wax_fail(error, WAX_R_VALUE_INVALID,
			"trust is for verify, encrypt or both, not '%s'",
			grant->purpose ? grant->purpose : "");
	for (int i = 0; grant->domains && grant->domains[i]; i++) {
		g_autofree char *normal = wax_domain_normal(grant->domains[i], error);

		if (!normal)
			return false;
	}
	return true;
}

static char **normal_domains(const char *const *domains)
{
	g_autoptr(GStrvBuilder) list = g_strv_builder_new();

	for (int i = 0; domains && domains[i]; i++) {
		g_autofree char *normal = wax_domain_normal(domains[i], NULL);

		g_strv_builder_add(list, normal);
	}
	return g_strv_builder_end(list);
}

bool wax_directory_grant(WaxStore *store, const WaxCert *cert, const WaxTrustGrant *grant,
	int64_t at, char **ret_id, GError **error)
{
	const WaxCertInfo *info = wax_cert_info(cert);
	g_autoptr(WaxTrustRecord) record = g_new0(WaxTrustRecord, 1);

	if (!check_grant(grant, error))
		return false;
	if (at > info->not_after && !grant->forbidden)
		return wax_fail(error, WAX_R_CERT_EXPIRED, "the certificate of %s has ended",
			info->subject_text);
	record->id = wax_store_new_id();
	record->certificate = wax_directory_cert_id(cert);
	record->der = bytes_of(info->der);
	record->subject = g_strdup(info->subject_text);
	record->domains = normal_domains(grant->domains);
	record->purpose = g_strdup(grant->purpose);
	record->scope = g_strdup("org");
	record->forbidden = grant->forbidden;
	record->state = g_strdup("granted");
	record->valid_until = grant->valid_until;
	record->provenance = g_strdup(grant->provenance);
	record->note = g_strdup(grant->note);
	record->granted_by = g_strdup(grant->by);
	record->granted = at;
	if (!wax_store_trust_grant(store, record, error))
		return false;
	if (ret_id)
		*ret_id = g_steal_pointer(&record->id);
	return true;
}

static bool is_host_port(const char *text)
{
	const char *colon = strrchr(text, ':');
	char *end = NULL;
	guint64 port;

	if (!colon || colon == text)
		return false;
	port = g_ascii_strtoull(colon + 1, &end, 10);
	return g_ascii_isdigit(colon[1]) && *end == '\0' && port > 0 && port < 65536;
}

bool wax_directory_check_route(const char *route, GError **error)
{
	if (g_str_has_prefix(route, "maildir:/") || g_str_has_prefix(route, "lmtp:unix:/"))
		return true;
	if ((g_str_has_prefix(route, "smtp:") || g_str_has_prefix(route, "lmtp:")) &&
		is_host_port(route + 5))
		return true;
	return wax_fail(error, WAX_R_VALUE_INVALID,
		"'%s' is no route: expected smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:/PATH or "
		"maildir:/FOLDER",
		route);
}
