/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <time.h>

#include "core/io.h"
#include "core/status.h"
#include "crypto/internal.h"

#define CRL_MAX (64 * 1024 * 1024) /* L-08, hard maximum */

struct WaxCrl {
	X509_CRL *crl;
	WaxCrlInfo info;
};

static int64_t seconds_of(const ASN1_TIME *time)
{
	struct tm fields;

	return time && ASN1_TIME_to_tm(time, &fields) == 1 ? (int64_t)timegm(&fields) : 0;
}

static bool has_critical(const X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED((X509_CRL *)(uintptr_t)crl);

	for (int i = 0; entries && i < sk_X509_REVOKED_num(entries); i++) {
		const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);

		for (int e = 0; e < X509_REVOKED_get_ext_count(entry); e++)
			if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(entry, e)))
				return true;
	}
	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++)
		if (X509_EXTENSION_get_critical(X509_CRL_get_ext(crl, i)))
			return true;
	return false;
}

WaxCrl *wax_crl_parse(WaxSpan bytes, GError **error)
{
	g_autoptr(BIO) bio = BIO_new_mem_buf(bytes.p, (int)bytes.n);
	X509_CRL *parsed = bytes.n && bytes.p[0] == 0x30
				   ? d2i_X509_CRL_bio(bio, NULL)
				   : PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
	WaxCrl *crl;

	ERR_clear_error();
	if (!parsed) {
		wax_set_error(
			error, WAX_R_CERT_MALFORMED, "this is not a certificate revocation list");
		return NULL;
	}
	crl = g_new0(WaxCrl, 1);
	crl->crl = parsed;
	crl->info.this_update = seconds_of(X509_CRL_get0_lastUpdate(parsed));
	crl->info.next_update = seconds_of(X509_CRL_get0_nextUpdate(parsed));
	crl->info.critical = has_critical(parsed);
	return crl;
}

WaxCrl *wax_crl_load(const char *path, GError **error)
{
	g_autoptr(GByteArray) bytes = NULL;
	WaxCrl *crl;

	if (!wax_io_load(path, CRL_MAX, &bytes, error))
		return NULL;
	crl = wax_crl_parse(WAX_SPAN(bytes->data, bytes->len), error);
	if (!crl)
		g_prefix_error(error, "%s: ", path);
	return crl;
}

void wax_crl_free(WaxCrl *crl)
{
	if (!crl)
		return;
	X509_CRL_free(crl->crl);
	g_free(crl);
}

const WaxCrlInfo *wax_crl_info(const WaxCrl *crl)
{
	return &crl->info;
}

bool wax_crl_signed_by(const WaxCrl *crl, const WaxCert *issuer)
{
	X509 *x509 = wax_crypto_x509(issuer);
	EVP_PKEY *key = X509_get0_pubkey(x509);
	bool good =
		key && !wax_cert_info(issuer)->key_too_large &&
		X509_NAME_cmp(X509_CRL_get_issuer(crl->crl), X509_get_subject_name(x509)) == 0 &&
		X509_CRL_verify(crl->crl, key) == 1;

	ERR_clear_error();
	return good;
}

bool wax_crl_revokes(const WaxCrl *crl, const WaxCert *cert, int64_t at)
{
	X509_REVOKED *entry = NULL;

	if (X509_CRL_get0_by_cert(crl->crl, &entry, wax_crypto_x509(cert)) != 1)
		return false;
	return seconds_of(X509_REVOKED_get0_revocationDate(entry)) <= at;
}
