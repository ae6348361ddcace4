/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "asn1/ber.h"
#include "core/io.h"
#include "core/status.h"
#include "crypto/internal.h"

#define CRL_MAX	       (64 * 1024 * 1024) /* L-08, hard maximum */
#define SIGNERS_KEPT   8
#define TAG_ENUMERATED 0x0a
#define EXPLICIT_0     (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED)

struct WaxCrl {
	uint8_t *der;
	WaxSigned signed_part;
	WaxSpan entries;
	WaxCrlInfo info;
	struct {
		uint8_t sha256[32];
		bool good;
	} asked[SIGNERS_KEPT]; /* issuers and what their keys said */
	unsigned asked_n;
};

/* extensions below 2.5.29 that are understood here */
enum {
	EXT_NUMBER = 20,
	EXT_REASON = 21,
	EXT_INVALIDITY = 24,
	EXT_DELTA = 27,
	EXT_SCOPE = 28,
	EXT_CERT_ISSUER = 29,
	EXT_KEY_ID = 35,
};

typedef struct {
	uint8_t id; /* the last arc below 2.5.29, or 0 */
	bool critical;
	WaxSpan value;
} Extension;

/* next_extension - false when it cannot be read */
static bool next_extension(WaxBer *in, Extension *ret_extension)
{
	WaxSpan body, oid, critical;
	WaxBer inner;

	if (!wax_ber_take(in, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	inner = wax_ber(body);
	*ret_extension = (Extension){ 0 };
	if (!wax_ber_take(&inner, WAX_TAG_OID, &oid, NULL))
		return false;
	if (wax_ber_peek(&inner) == WAX_TAG_BOOLEAN) {
		if (!wax_ber_take(&inner, WAX_TAG_BOOLEAN, &critical, NULL) || critical.n != 1)
			return false;
		ret_extension->critical = critical.p[0] != 0;
	}
	if (!wax_ber_take(&inner, WAX_TAG_OCTET_STRING, &ret_extension->value, NULL) ||
		!wax_ber_at_end(&inner))
		return false;
	if (oid.n == 3 && oid.p[0] == 0x55 && oid.p[1] == 0x1d)
		ret_extension->id = oid.p[2];
	return true;
}

static bool take_time(WaxBer *in, int64_t *ret_seconds)
{
	WaxElement element;
	WaxCivil civil;

	if (!wax_ber_next(in, &element, NULL) || !wax_ber_time(element.tag, element.body, &civil))
		return false;
	*ret_seconds = wax_civil_seconds(&civil);
	return true;
}

static bool at_time(const WaxBer *in)
{
	return wax_ber_peek(in) == WAX_TAG_UTC_TIME || wax_ber_peek(in) == WAX_TAG_GENERALIZED_TIME;
}

/* take_number - an INTEGER that is not negative */
static bool take_number(WaxSpan value, WaxSpan *ret_number)
{
	return wax_ber_only(value, WAX_TAG_INTEGER, ret_number, NULL) && ret_number->n &&
	       !(ret_number->p[0] & 0x80);
}

static bool read_extension(WaxCrlInfo *info, const Extension *extension)
{
	switch (extension->id) {
	case EXT_NUMBER:
		return take_number(extension->value, &info->number);
	case EXT_DELTA:
		info->is_delta = true;
		return take_number(extension->value, &info->base);
	case EXT_SCOPE:
		if (info->scope_octets.n)
			return false;
		info->scope_octets = extension->value;
		return wax_crypto_scope_read(extension->value, info->issuer, &info->scope);
	case EXT_KEY_ID:
		info->authority_key_id = extension->value;
		return true;
	default:
		info->unknown_critical = info->unknown_critical || extension->critical;
		return true;
	}
}

static bool read_extensions(WaxCrlInfo *info, WaxSpan list)
{
	WaxSpan body;
	WaxBer in;

	if (!wax_ber_only(list, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	for (in = wax_ber(body); !wax_ber_at_end(&in);) {
		Extension extension;

		if (!next_extension(&in, &extension) || !read_extension(info, &extension))
			return false;
	}
	return true;
}

typedef struct {
	WaxSpan serial;
	WaxSpan issuer; /* the directory name of certificateIssuer; empty: as before */
	WaxRevoked what;
	bool unknown_critical;
} Entry;

/* directory_name - the first directoryName of GeneralNames */
static bool directory_name(WaxSpan value, WaxSpan *ret_name)
{
	WaxSpan body;
	WaxBer in;

	if (!wax_ber_only(value, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	for (in = wax_ber(body); !wax_ber_at_end(&in);) {
		WaxElement element;

		if (!wax_ber_next(&in, &element, NULL))
			return false;
		if (element.tag == (EXPLICIT_0 | 4)) {
			*ret_name = element.body;
			return true;
		}
	}
	return false;
}

static bool read_entry_extension(Entry *entry, const Extension *extension)
{
	WaxSpan body;
	WaxBer in;
	int64_t since;

	switch (extension->id) {
	case EXT_REASON:
		if (!wax_ber_only(extension->value, TAG_ENUMERATED, &body, NULL) || body.n != 1)
			return false;
		entry->what.reason = body.p[0];
		return true;
	case EXT_INVALIDITY:
		in = wax_ber(extension->value);
		if (!take_time(&in, &since))
			return false;
		if (since < entry->what.since)
			entry->what.since = since;
		return true;
	case EXT_CERT_ISSUER:
		return directory_name(extension->value, &entry->issuer);
	default:
		entry->unknown_critical = entry->unknown_critical || extension->critical;
		return true;
	}
}

/* is_shortest - numbers are compared as octets, so each must have one form (X.690 8.3.2) */
static bool is_shortest(WaxSpan number)
{
	return number.n == 1 || (number.n > 1 && !(number.p[0] == 0 && !(number.p[1] & 0x80)) &&
					!(number.p[0] == 0xff && number.p[1] & 0x80));
}

static bool next_entry(WaxBer *list, Entry *ret_entry)
{
	WaxSpan body, extensions;
	WaxBer in;

	*ret_entry = (Entry){ 0 };
	if (!wax_ber_take(list, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	in = wax_ber(body);
	if (!wax_ber_take(&in, WAX_TAG_INTEGER, &ret_entry->serial, NULL) ||
		!is_shortest(ret_entry->serial) || !take_time(&in, &ret_entry->what.since))
		return false;
	if (wax_ber_at_end(&in))
		return true;
	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &extensions, NULL) || !wax_ber_at_end(&in))
		return false;
	for (in = wax_ber(extensions); !wax_ber_at_end(&in);) {
		Extension extension;

		if (!next_extension(&in, &extension) ||
			!read_entry_extension(ret_entry, &extension))
			return false;
	}
	return true;
}

/* check_entries - once, so that a look-up meets nothing that it cannot read */
static bool check_entries(WaxCrl *crl)
{
	for (WaxBer list = wax_ber(crl->entries); !wax_ber_at_end(&list);) {
		Entry entry;

		if (!next_entry(&list, &entry))
			return false;
		/* whose entries these are is said only in a list that says so of itself */
		if (entry.unknown_critical || (entry.issuer.n && !crl->info.scope.indirect))
			crl->info.unknown_critical = true;
	}
	return true;
}

/* read_head - up to nextUpdate (RFC 5280 5.1.2); false: malformed */
static bool read_head(WaxCrl *crl, WaxBer *in)
{
	WaxCrlInfo *info = &crl->info;
	WaxSpan ignored, algorithm;

	if (wax_ber_peek(in) == WAX_TAG_INTEGER &&
		!wax_ber_take(in, WAX_TAG_INTEGER, &ignored, NULL))
		return false;
	/* RFC 5280 5.1.1.2: the algorithm inside is the one outside */
	if (!wax_ber_take_whole(in, WAX_TAG_SEQUENCE, &algorithm, NULL) ||
		!wax_span_equal(algorithm, crl->signed_part.algorithm) ||
		!wax_ber_take_whole(in, WAX_TAG_SEQUENCE, &info->issuer, NULL) ||
		!take_time(in, &info->this_update))
		return false;
	return !at_time(in) || take_time(in, &info->next_update);
}

static bool read_list(WaxCrl *crl, WaxSpan der)
{
	WaxCrlInfo *info = &crl->info;
	WaxSpan body, rest, extensions;
	WaxBer in;

	if (!wax_crypto_signed_read(der, &crl->signed_part, &rest) || rest.n ||
		!wax_ber_only(crl->signed_part.signed_octets, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	in = wax_ber(body);
	info->scope.reasons = WAX_REASONS_ALL;
	if (!read_head(crl, &in))
		return false;
	if (wax_ber_peek(&in) == WAX_TAG_SEQUENCE &&
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &crl->entries, NULL))
		return false;
	if (!wax_ber_at_end(&in) && (!wax_ber_take(&in, EXPLICIT_0, &extensions, NULL) ||
					    !read_extensions(info, extensions)))
		return false;
	return wax_ber_at_end(&in) && check_entries(crl);
}

static bool finish(WaxCrl *crl)
{
	g_autoptr(X509_NAME) name = wax_crypto_name(crl->info.issuer);

	if (!name)
		return false;
	crl->info.issuer_hash = wax_crypto_name_hash(name);
	crl->info.weak = wax_crypto_signed_is_weak(&crl->signed_part);
	return true;
}

/* unwrap_pem - the first list of a PEM text; takes nothing, gives octets to g_free */
static uint8_t *unwrap_pem(WaxSpan bytes, size_t *ret_n)
{
	g_autoptr(BIO) bio = BIO_new_mem_buf(bytes.p, (int)bytes.n);
	char *name, *header;
	unsigned char *data;
	uint8_t *found = NULL;
	long n;

	while (!found && PEM_read_bio(bio, &name, &header, &data, &n) == 1) {
		if (strcmp(name, PEM_STRING_X509_CRL) == 0) {
			found = g_memdup2(data, (gsize)n);
			*ret_n = (size_t)n;
		}
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	ERR_clear_error();
	return found;
}

WaxCrl *wax_crl_parse(WaxSpan bytes, GError **error)
{
	g_autoptr(WaxCrl) crl = g_new0(WaxCrl, 1);
	size_t n = bytes.n;

	if (n && n <= CRL_MAX && bytes.p[0] == WAX_TAG_SEQUENCE)
		crl->der = g_memdup2(bytes.p, n);
	else if (n <= CRL_MAX)
		crl->der = unwrap_pem(bytes, &n);
	if (!crl->der || !read_list(crl, WAX_SPAN(crl->der, n)) || !finish(crl)) {
		wax_set_error(
			error, WAX_R_CERT_MALFORMED, "this is not a certificate revocation list");
		return NULL;
	}
	return g_steal_pointer(&crl);
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
	wax_crypto_scope_done(&crl->info.scope);
	g_free(crl->der);
	g_free(crl);
}

const WaxCrlInfo *wax_crl_info(const WaxCrl *crl)
{
	return &crl->info;
}

static WaxSpan without_zeros(WaxSpan number)
{
	while (number.n > 1 && number.p[0] == 0)
		number = WAX_SPAN(number.p + 1, number.n - 1);
	return number;
}

bool wax_crl_numbers_ordered(WaxSpan a, WaxSpan b)
{
	a = without_zeros(a);
	b = without_zeros(b);
	return a.n != b.n ? a.n < b.n : a.n == 0 || memcmp(a.p, b.p, a.n) <= 0;
}

bool wax_crl_signed_by(WaxCrl *crl, const WaxCert *issuer)
{
	const WaxCertInfo *info = wax_cert_info(issuer);
	bool good;

	for (unsigned i = 0; i < crl->asked_n; i++)
		if (memcmp(crl->asked[i].sha256, info->sha256, 32) == 0)
			return crl->asked[i].good;
	good = wax_crypto_signed_by(&crl->signed_part, issuer);
	/* octets do not say which parameters a key was completed with */
	if (info->key_kind != WAX_KEY_DSA && crl->asked_n < SIGNERS_KEPT) {
		memcpy(crl->asked[crl->asked_n].sha256, info->sha256, 32);
		crl->asked[crl->asked_n++].good = good;
	}
	return good;
}

/* severity - of two entries for one number the one that nothing takes back again counts */
static unsigned severity(unsigned reason)
{
	switch (reason) {
	case WAX_REVOKED_REMOVED:
		return 0;
	case WAX_REVOKED_HOLD:
		return 1;
	case WAX_REVOKED_KEY_COMPROMISE:
	case WAX_REVOKED_CA_COMPROMISE:
	case WAX_REVOKED_AA_COMPROMISE:
		return 3;
	default:
		return 2;
	}
}

static bool is_worse(const WaxRevoked *a, const WaxRevoked *b)
{
	unsigned left = severity(a->reason), right = severity(b->reason);

	return left != right ? left > right : a->since < b->since;
}

bool wax_crl_find(const WaxCrl *crl, const WaxCert *cert, WaxRevoked *ret_entry)
{
	const WaxCertInfo *info = wax_cert_info(cert);
	WaxSpan issuer = crl->info.issuer; /* until an entry says otherwise (RFC 5280 5.3.3) */
	bool found = false;

	for (WaxBer list = wax_ber(crl->entries); !wax_ber_at_end(&list);) {
		Entry entry;

		if (!next_entry(&list, &entry))
			break;
		if (entry.issuer.n)
			issuer = entry.issuer;
		if (!wax_span_equal(entry.serial, info->serial) ||
			!wax_name_equal(issuer, info->issuer))
			continue;
		if (!found || is_worse(&entry.what, ret_entry))
			*ret_entry = entry.what;
		found = true;
	}
	return found;
}
