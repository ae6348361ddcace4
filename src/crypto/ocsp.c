/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ocsp.h"

#include <string.h>

#include "asn1/ber.h"
#include "core/io.h"
#include "core/status.h"
#include "crypto/digest.h"
#include "crypto/internal.h"

#define OCSP_MAX       (1024 * 1024)
#define CERTS_MAX      16
#define TAG_ENUMERATED 0x0a
#define CONTEXT(n)     (WAX_TAG_CONTEXT | (n))
#define EXPLICIT(n)    (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED | (n))

WAX_OID(basic, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01);
WAX_OID(nonce_oid, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02);

struct WaxOcsp {
	uint8_t *der;
	WaxSigned signed_part;
	WaxSpan name, key_hash; /* ResponderID: one of them */
	WaxSpan answers;
	WaxOcspInfo info;
};

static bool take_time(WaxBer *in, int64_t *ret_seconds)
{
	WaxSpan body;
	WaxCivil civil;

	if (!wax_ber_take(in, WAX_TAG_GENERALIZED_TIME, &body, NULL) ||
		!wax_ber_time(WAX_TAG_GENERALIZED_TIME, body, &civil))
		return false;
	*ret_seconds = wax_civil_seconds(&civil);
	return true;
}

/* read_extensions - a nonce where there is one (NULL: none is looked for), and whether one is critical */
static bool read_extensions(WaxSpan list, WaxSpan *nonce, bool *ret_critical)
{
	WaxSpan body, extension, oid, critical, value;
	WaxBer in, inner;

	if (!wax_ber_only(list, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	for (in = wax_ber(body); !wax_ber_at_end(&in);) {
		bool is_critical = false;

		if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &extension, NULL))
			return false;
		inner = wax_ber(extension);
		if (!wax_ber_take(&inner, WAX_TAG_OID, &oid, NULL))
			return false;
		if (wax_ber_peek(&inner) == WAX_TAG_BOOLEAN) {
			if (!wax_ber_take(&inner, WAX_TAG_BOOLEAN, &critical, NULL) ||
				critical.n != 1)
				return false;
			is_critical = critical.p[0] != 0;
		}
		if (!wax_ber_take(&inner, WAX_TAG_OCTET_STRING, &value, NULL))
			return false;
		if (nonce && wax_span_equal(oid, nonce_oid)) {
			if (!wax_ber_only(value, WAX_TAG_OCTET_STRING, nonce, NULL))
				return false;
		} else if (is_critical) {
			*ret_critical = true;
		}
	}
	return true;
}

static bool read_certs(WaxOcsp *ocsp, WaxSpan list)
{
	WaxSpan body, der;
	WaxBer in;

	if (!wax_ber_only(list, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	for (in = wax_ber(body); !wax_ber_at_end(&in);) {
		WaxCert *cert;

		if (ocsp->info.certs->len >= CERTS_MAX ||
			!wax_ber_take_whole(&in, WAX_TAG_SEQUENCE, &der, NULL))
			return false;
		cert = wax_cert_parse(der, NULL);
		if (cert)
			g_ptr_array_add(ocsp->info.certs, cert);
	}
	return true;
}

/* ResponseData (RFC 6960 4.2.1) */
static bool read_data(WaxOcsp *ocsp)
{
	WaxSpan body, whole, responder;
	int64_t produced;
	WaxBer in;

	if (!wax_ber_only(ocsp->signed_part.signed_octets, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	in = wax_ber(body);
	if (wax_ber_peek(&in) == EXPLICIT(0) && !wax_ber_take(&in, EXPLICIT(0), &whole, NULL))
		return false;
	if (wax_ber_peek(&in) == EXPLICIT(1)) {
		if (!wax_ber_take(&in, EXPLICIT(1), &ocsp->name, NULL))
			return false;
	} else if (!wax_ber_take(&in, EXPLICIT(2), &responder, NULL) ||
		   !wax_ber_only(responder, WAX_TAG_OCTET_STRING, &ocsp->key_hash, NULL)) {
		return false;
	}
	if (!take_time(&in, &produced) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &ocsp->answers, NULL))
		return false;
	if (wax_ber_at_end(&in))
		return true;
	return wax_ber_take(&in, EXPLICIT(1), &whole, NULL) && wax_ber_at_end(&in) &&
	       read_extensions(whole, &ocsp->info.nonce, &ocsp->info.unknown_critical);
}

/* unwrap - OCSPResponse to BasicOCSPResponse */
static bool unwrap(WaxSpan der, WaxSpan *ret_basic, GError **error)
{
	WaxSpan body, status, bytes, oid;
	WaxBer in;

	if (!wax_ber_only(der, WAX_TAG_SEQUENCE, &body, NULL))
		return wax_fail(error, WAX_R_CERT_MALFORMED, "this is not an OCSP response in DER");
	in = wax_ber(body);
	if (!wax_ber_take(&in, TAG_ENUMERATED, &status, NULL) || status.n != 1)
		return wax_fail(error, WAX_R_CERT_MALFORMED, "this is not an OCSP response in DER");
	if (status.p[0] != 0)
		return wax_fail(error, WAX_R_CERT_MALFORMED,
			"the responder answered with error %u and no status (RFC 6960 4.2.1)",
			status.p[0]);
	if (!wax_ber_take(&in, EXPLICIT(0), &bytes, NULL) || !wax_ber_at_end(&in) ||
		!wax_ber_only(bytes, WAX_TAG_SEQUENCE, &body, NULL))
		return wax_fail(error, WAX_R_CERT_MALFORMED, "the OCSP response is damaged");
	in = wax_ber(body);
	if (!wax_ber_take(&in, WAX_TAG_OID, &oid, NULL) || !wax_span_equal(oid, basic) ||
		!wax_ber_take(&in, WAX_TAG_OCTET_STRING, ret_basic, NULL) || !wax_ber_at_end(&in))
		return wax_fail(error, WAX_R_CERT_MALFORMED,
			"the OCSP response is of a kind that is not known (RFC 6960 4.2.1)");
	return true;
}

static bool next_answer(WaxBer *list, WaxSpan *ret_id, WaxOcspAnswer *ret_answer);

static bool read_basic(WaxOcsp *ocsp, WaxSpan der)
{
	WaxSpan rest, certs, id;
	WaxOcspAnswer answer;
	WaxBer in;

	if (!wax_crypto_signed_read(der, &ocsp->signed_part, &rest) || !read_data(ocsp))
		return false;
	in = wax_ber(rest);
	if (!wax_ber_at_end(&in) && (!wax_ber_take(&in, EXPLICIT(0), &certs, NULL) ||
					    !wax_ber_at_end(&in) || !read_certs(ocsp, certs)))
		return false;
	for (in = wax_ber(ocsp->answers); !wax_ber_at_end(&in);)
		if (!next_answer(&in, &id, &answer))
			return false;
	ocsp->info.weak = wax_crypto_signed_is_weak(&ocsp->signed_part);
	return true;
}

WaxOcsp *wax_ocsp_parse(WaxSpan der, GError **error)
{
	g_autoptr(WaxOcsp) ocsp = g_new0(WaxOcsp, 1);
	WaxSpan inner;

	ocsp->info.certs = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	ocsp->der = g_memdup2(der.p, der.n);
	if (!unwrap(WAX_SPAN(ocsp->der, der.n), &inner, error))
		return NULL;
	if (!read_basic(ocsp, inner)) {
		wax_set_error(error, WAX_R_CERT_MALFORMED, "the OCSP response is damaged");
		return NULL;
	}
	return g_steal_pointer(&ocsp);
}

WaxOcsp *wax_ocsp_load(const char *path, GError **error)
{
	g_autoptr(GByteArray) bytes = NULL;
	WaxOcsp *ocsp;

	if (!wax_io_load(path, OCSP_MAX, &bytes, error))
		return NULL;
	ocsp = wax_ocsp_parse(WAX_SPAN(bytes->data, bytes->len), error);
	if (!ocsp)
		g_prefix_error(error, "%s: ", path);
	return ocsp;
}

void wax_ocsp_free(WaxOcsp *ocsp)
{
	if (!ocsp)
		return;
	g_clear_pointer(&ocsp->info.certs, g_ptr_array_unref);
	g_free(ocsp->der);
	g_free(ocsp);
}

const WaxOcspInfo *wax_ocsp_info(const WaxOcsp *ocsp)
{
	return &ocsp->info;
}

/* key_bits - the BIT STRING of subjectPublicKey without its count of unused bits */
static bool key_bits(const WaxCert *cert, WaxSpan *ret_bits)
{
	WaxSpan body, algorithm, bits;
	WaxBer in;

	if (!wax_ber_only(wax_cert_info(cert)->spki, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	in = wax_ber(body);
	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, NULL) ||
		!wax_ber_take(&in, WAX_TAG_BIT_STRING, &bits, NULL) || bits.n < 1)
		return false;
	*ret_bits = WAX_SPAN(bits.p + 1, bits.n - 1);
	return true;
}

static bool hashes_to(WaxDigestAlg alg, WaxSpan bytes, WaxSpan wanted)
{
	uint8_t value[WAX_DIGEST_MAX];

	return wanted.n == wax_digest_size(alg) && wax_digest_once(alg, bytes, value, NULL) &&
	       memcmp(value, wanted.p, wanted.n) == 0;
}

bool wax_ocsp_signed_by(const WaxOcsp *ocsp, const WaxCert *responder)
{
	WaxSpan bits;

	if (ocsp->name.n ? !wax_name_equal(ocsp->name, wax_cert_info(responder)->subject)
			 : !key_bits(responder, &bits) ||
				   !hashes_to(WAX_DIGEST_SHA1, bits, ocsp->key_hash))
		return false;
	return wax_crypto_signed_by(&ocsp->signed_part, responder);
}

/* CertID (RFC 6960 4.1.1) */
static bool is_about(WaxSpan id, const WaxCert *cert, const WaxCert *issuer)
{
	WaxSpan algorithm, oid, parameters, name, key, serial, bits;
	WaxBer in = wax_ber(id);
	WaxDigestAlg alg;

	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, NULL) ||
		!wax_ber_algorithm(algorithm, &oid, &parameters, NULL) ||
		!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &name, NULL) ||
		!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &key, NULL) ||
		!wax_ber_take(&in, WAX_TAG_INTEGER, &serial, NULL) ||
		!wax_span_equal(serial, wax_cert_info(cert)->serial))
		return false;
	alg = wax_digest_from_oid(oid);
	return alg >= WAX_DIGEST_SHA1 && key_bits(issuer, &bits) &&
	       hashes_to(alg, wax_cert_info(cert)->issuer, name) && hashes_to(alg, bits, key);
}

static bool read_status(WaxBer *in, WaxOcspAnswer *answer)
{
	WaxElement element;
	WaxSpan reason, value;
	WaxBer inner;

	if (!wax_ber_next(in, &element, NULL))
		return false;
	if (element.tag == CONTEXT(0) || element.tag == CONTEXT(2)) {
		answer->status = element.tag == CONTEXT(0) ? WAX_OCSP_GOOD : WAX_OCSP_UNKNOWN;
		return true;
	}
	if (element.tag != EXPLICIT(1))
		return false;
	answer->status = WAX_OCSP_REVOKED;
	inner = wax_ber(element.body);
	if (!take_time(&inner, &answer->revoked.since))
		return false;
	if (wax_ber_at_end(&inner))
		return true;
	if (!wax_ber_take(&inner, EXPLICIT(0), &reason, NULL) ||
		!wax_ber_only(reason, TAG_ENUMERATED, &value, NULL) || value.n != 1)
		return false;
	answer->revoked.reason = value.p[0];
	return true;
}

/* next_answer - a SingleResponse; gives the body of its CertID */
static bool next_answer(WaxBer *list, WaxSpan *ret_id, WaxOcspAnswer *ret_answer)
{
	WaxSpan body, whole;
	WaxBer in, inner;

	*ret_answer = (WaxOcspAnswer){ 0 };
	if (!wax_ber_take(list, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	in = wax_ber(body);
	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, ret_id, NULL) || !read_status(&in, ret_answer) ||
		!take_time(&in, &ret_answer->this_update))
		return false;
	if (wax_ber_peek(&in) == EXPLICIT(0)) {
		if (!wax_ber_take(&in, EXPLICIT(0), &whole, NULL))
			return false;
		inner = wax_ber(whole);
		if (!take_time(&inner, &ret_answer->next_update))
			return false;
	}
	if (wax_ber_at_end(&in))
		return true;
	return wax_ber_take(&in, EXPLICIT(1), &whole, NULL) && wax_ber_at_end(&in) &&
	       read_extensions(whole, NULL, &ret_answer->unknown_critical);
}

bool wax_ocsp_next(const WaxOcsp *ocsp, const WaxCert *cert, const WaxCert *issuer, size_t *at,
	WaxOcspAnswer *ret_answer)
{
	WaxBer in = wax_ber(ocsp->answers);
	WaxSpan id;

	in.at = *at;
	while (!wax_ber_at_end(&in)) {
		if (!next_answer(&in, &id, ret_answer))
			return false;
		*at = in.at;
		if (is_about(id, cert, issuer))
			return true;
	}
	return false;
}
