/* SPDX-License-Identifier: Apache-2.0 */
#include "asn1/identifiers.h"

#include "asn1/ber.h"

#define EXPLICIT(n) (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED | (n))

WAX_OID(oid_mgf1, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08);
WAX_OID(oid_shake256_len, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x12);

#define SHAKE256_BITS 512

static bool is_null(WaxSpan parameters)
{
	static const uint8_t null[] = { WAX_TAG_NULL, 0 };

	return wax_span_equal(parameters, (WaxSpan){ null, sizeof null });
}

/* RFC 8419 2.3: "the parameter MUST be present, and the parameter MUST contain 512" */
static bool has_512_bits(WaxSpan parameters)
{
	WaxBer in = wax_ber(parameters);
	uint32_t bits;

	return wax_ber_take_small(&in, &bits, NULL) && wax_ber_at_end(&in) && bits == SHAKE256_BITS;
}

bool wax_digest_read(WaxSpan body, WaxDigestAlg *ret_alg, WaxFault *fault)
{
	WaxSpan oid, parameters;
	WaxDigestAlg alg;

	if (!wax_ber_algorithm(body, &oid, &parameters, fault))
		return false;
	if (wax_span_equal(oid, oid_shake256_len)) {
		*ret_alg = has_512_bits(parameters) ? WAX_DIGEST_SHAKE256 : WAX_DIGEST_NONE;
		return true;
	}
	alg = wax_digest_from_oid(oid);
	if (parameters.n && (alg == WAX_DIGEST_SHAKE256 || !is_null(parameters)))
		alg = WAX_DIGEST_NONE;
	*ret_alg = alg;
	return true;
}

void wax_digest_put(WaxDer *out, WaxDigestAlg alg)
{
	size_t mark = wax_der_mark(out);

	if (alg != WAX_DIGEST_SHAKE256) {
		wax_der_algorithm(out, wax_digest_oid(alg), WAX_SPAN_NONE);
		return;
	}
	wax_der_small(out, SHAKE256_BITS);
	wax_der_oid(out, oid_shake256_len);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
}

bool wax_mgf_read(WaxSpan whole, WaxDigestAlg *ret_alg, WaxFault *fault)
{
	WaxSpan algorithm, oid, parameters;

	if (!wax_ber_only(whole, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!wax_ber_algorithm(algorithm, &oid, &parameters, fault))
		return false;
	if (!wax_span_equal(oid, oid_mgf1)) {
		*ret_alg = WAX_DIGEST_NONE;
		return true;
	}
	return wax_ber_only(parameters, WAX_TAG_SEQUENCE, &algorithm, fault) &&
	       wax_digest_read(algorithm, ret_alg, fault);
}

/* take_explicit - the body of [n] EXPLICIT, or an empty span when it is absent */
static bool take_explicit(WaxBer *in, uint8_t n, WaxSpan *ret_body, WaxFault *fault)
{
	*ret_body = WAX_SPAN_NONE;
	return wax_ber_peek(in) != EXPLICIT(n) || wax_ber_take(in, EXPLICIT(n), ret_body, fault);
}

/* take_number - [n] EXPLICIT INTEGER; the value stays when it is absent */
static bool take_number(WaxBer *in, uint8_t n, uint32_t *value, WaxFault *fault)
{
	WaxSpan field;
	WaxBer inner;

	if (!take_explicit(in, n, &field, fault))
		return false;
	if (!field.p)
		return true;
	inner = wax_ber(field);
	if (!wax_ber_take_small(&inner, value, fault))
		return false;
	return wax_ber_at_end(&inner) || wax_fault(fault, WAX_R_DER_TRAILING, inner.at);
}

bool wax_pss_read(WaxSpan parameters, WaxPss *ret_pss, WaxFault *fault)
{
	WaxPss pss = { WAX_DIGEST_SHA1, WAX_DIGEST_SHA1, 20, false };
	uint32_t trailer = 1;
	WaxSpan body, field, algorithm;
	WaxBer in;

	if (!wax_ber_only(parameters, WAX_TAG_SEQUENCE, &body, fault))
		return false;
	in = wax_ber(body);
	if (!take_explicit(&in, 0, &field, fault))
		return false;
	if (field.p && (!wax_ber_only(field, WAX_TAG_SEQUENCE, &algorithm, fault) ||
			       !wax_digest_read(algorithm, &pss.digest, fault)))
		return false;
	if (!take_explicit(&in, 1, &field, fault) ||
		(field.p && !wax_mgf_read(field, &pss.mgf_digest, fault)) ||
		!take_number(&in, 2, &pss.salt, fault) || !take_number(&in, 3, &trailer, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	pss.bad_trailer = trailer != 1;
	*ret_pss = pss;
	return true;
}

void wax_pss_put(WaxDer *out, const WaxPss *pss)
{
	size_t all = wax_der_mark(out), field = all, mgf;

	/* DER leaves defaults out: SHA-1, MGF1 with it, 20 */
	if (pss->salt != 20) {
		wax_der_small(out, pss->salt);
		wax_der_wrap(out, EXPLICIT(2), field);
	}
	if (pss->mgf_digest != WAX_DIGEST_SHA1) {
		field = wax_der_mark(out);
		mgf = field;
		wax_digest_put(out, pss->mgf_digest);
		wax_der_oid(out, oid_mgf1);
		wax_der_wrap(out, WAX_TAG_SEQUENCE, mgf);
		wax_der_wrap(out, EXPLICIT(1), field);
	}
	if (pss->digest != WAX_DIGEST_SHA1) {
		field = wax_der_mark(out);
		wax_digest_put(out, pss->digest);
		wax_der_wrap(out, EXPLICIT(0), field);
	}
	wax_der_wrap(out, WAX_TAG_SEQUENCE, all);
}

WaxPss wax_pss_for(const WaxPss *restriction, WaxDigestAlg digest)
{
	WaxPss pss = { digest, digest, (uint32_t)wax_digest_size(digest), false };

	if (!restriction)
		return pss;
	pss.mgf_digest = restriction->mgf_digest;
	if (pss.salt < restriction->salt)
		pss.salt = restriction->salt;
	return pss;
}

bool wax_pss_permits(const WaxPss *restriction, const WaxPss *pss)
{
	return restriction->digest == pss->digest && restriction->mgf_digest == pss->mgf_digest &&
	       restriction->bad_trailer == pss->bad_trailer && pss->salt >= restriction->salt;
}

bool wax_sig_parameters_fit(WaxSigAlg alg, WaxSpan parameters)
{
	/* P-13: "NULL refused"; P-01 and P-04 take both */
	return parameters.n == 0 || (!wax_sig_is_pure(alg) && is_null(parameters));
}

static size_t put_number(char *text, size_t at, uint32_t number)
{
	char digits[10];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	if (at)
		text[at++] = '.';
	while (n)
		text[at++] = digits[--n];
	return at;
}

const char *wax_oid_text(WaxSpan oid, char text[WAX_OID_TEXT])
{
	uint32_t arc = 0;
	size_t at = 0;

	/* 17 numbers of ten digits and their dots fit */
	if (oid.n > 16 || !oid.n || oid.p[oid.n - 1] & 0x80)
		return "?";
	for (size_t i = 0; i < oid.n; i++) {
		if (arc >> 25)
			return "?";
		arc = arc << 7 | (oid.p[i] & 0x7f);
		if (oid.p[i] & 0x80)
			continue;
		if (!at) {
			uint32_t first = arc < 80 ? arc / 40 : 2;

			at = put_number(text, at, first);
			arc -= first * 40;
		}
		at = put_number(text, at, arc);
		arc = 0;
	}
	text[at] = 0;
	return text;
}
