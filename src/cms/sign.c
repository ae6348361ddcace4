/* SPDX-License-Identifier: Apache-2.0 */
#include "cms/sign.h"

#define CONSTRUCTED(n) (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED | (n))

WAX_OID(oid_data, WAX_OID_PKCS7(1));
WAX_OID(oid_signed_data, WAX_OID_PKCS7(2));
WAX_OID(oid_content_type, WAX_OID_PKCS9(3));
WAX_OID(oid_message_digest, WAX_OID_PKCS9(4));
WAX_OID(oid_signing_time, WAX_OID_PKCS9(5));
WAX_OID(oid_capabilities, WAX_OID_PKCS9(15));
WAX_OID(oid_protection, WAX_OID_PKCS9(52));
WAX_OID(oid_key_preference, WAX_OID_SMIME(2, 11));
WAX_OID(oid_signing_certificate_v2, WAX_OID_SMIME(2, 47));
WAX_OID(oid_mgf1, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08);

static const uint8_t null_parameters[] = { WAX_TAG_NULL, 0 };

static void put_digest(WaxDer *out, WaxDigestAlg alg)
{
	wax_der_algorithm(out, wax_digest_oid(alg), WAX_SPAN_NONE);
}

/* RFC 4055 3.1: hash, MGF1 with the same hash, salt of its length; the trailer is the default */
static void put_pss(WaxDer *out, WaxDigestAlg alg)
{
	size_t all = wax_der_mark(out), field = all, mgf;

	wax_der_small(out, (uint32_t)wax_digest_size(alg));
	wax_der_wrap(out, CONSTRUCTED(2), field);
	field = wax_der_mark(out);
	mgf = field;
	put_digest(out, alg);
	wax_der_oid(out, oid_mgf1);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mgf);
	wax_der_wrap(out, CONSTRUCTED(1), field);
	field = wax_der_mark(out);
	put_digest(out, alg);
	wax_der_wrap(out, CONSTRUCTED(0), field);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, all);
}

static void put_signature_algorithm(WaxDer *out, const WaxSignRequest *request, uint8_t tag)
{
	size_t mark = wax_der_mark(out);

	if (request->alg == WAX_SIG_PSS)
		put_pss(out, request->digest);
	else if (request->alg == WAX_SIG_RSA)
		wax_der_raw(out, (WaxSpan){ null_parameters, 2 });
	wax_der_oid(out, wax_sig_oid(request->alg, request->digest));
	wax_der_wrap(out, tag, mark);
}

/* end_attribute - everything since the mark is its one value */
static void end_attribute(WaxDer *out, WaxSpan oid, size_t mark)
{
	wax_der_wrap(out, WAX_TAG_SET, mark);
	wax_der_oid(out, oid);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
}

/* what we read, best first (RFC 8551 2.5.2); the DER that the algorithms' RFCs give */
static void put_capabilities(WaxDer *out)
{
	static const WaxCipherAlg ciphers[] = { WAX_CIPHER_AES128_CBC, WAX_CIPHER_AES256_CBC,
		WAX_CIPHER_AES128_GCM, WAX_CIPHER_AES256_GCM };
	size_t mark = wax_der_mark(out), all = mark;

	for (size_t i = 0; i < sizeof ciphers / sizeof *ciphers; i++)
		wax_der_algorithm(out, wax_cipher_oid(ciphers[i]), WAX_SPAN_NONE);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, all);
	end_attribute(out, oid_capabilities, mark);
}

static void put_signing_certificate(WaxDer *out, WaxSpan sha256)
{
	size_t mark = wax_der_mark(out);

	/* SigningCertificateV2 { certs { ESSCertIDv2 { certHash } } }; SHA-256 is the default */
	wax_der_put(out, WAX_TAG_OCTET_STRING, sha256);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
	end_attribute(out, oid_signing_certificate_v2, mark);
}

static void put_protection(WaxDer *out, const WaxSignRequest *request)
{
	size_t mark = wax_der_mark(out);

	put_signature_algorithm(out, request, CONSTRUCTED(1));
	put_digest(out, request->digest);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
	end_attribute(out, oid_protection, mark);
}

/* SMIMEEncryptionKeyPreference: [0] issuerAndSerialNumber, implicit (RFC 8551 2.5.3) */
static void put_key_preference(WaxDer *out, WaxSpan issuer_and_serial)
{
	size_t mark = wax_der_mark(out);
	WaxSpan body;

	if (!wax_ber_only(issuer_and_serial, WAX_TAG_SEQUENCE, &body, NULL))
		return;
	wax_der_put(out, CONSTRUCTED(0), body);
	end_attribute(out, oid_key_preference, mark);
}

bool wax_cms_sign_plan(const WaxSignRequest *request, WaxBuffer *out, WaxFault *fault)
{
	WaxDer der = wax_der(out->p + out->n, out->room - out->n);
	size_t mark;

	if (!wax_sig_oid(request->alg, request->digest).n || !wax_digest_oid(request->digest).n)
		return wax_fault(fault, WAX_R_CMS_ALGORITHM_UNSUPPORTED, 0);
	mark = wax_der_mark(&der);
	wax_der_oid(&der, oid_data);
	end_attribute(&der, oid_content_type, mark);
	mark = wax_der_mark(&der);
	wax_der_put(&der, WAX_TAG_OCTET_STRING, request->message_digest);
	end_attribute(&der, oid_message_digest, mark);
	if (request->has_time) {
		mark = wax_der_mark(&der);
		wax_der_time(&der, request->signing_time);
		end_attribute(&der, oid_signing_time, mark);
	}
	put_capabilities(&der);
	put_signing_certificate(&der, request->certificate_sha256);
	put_protection(&der, request);
	if (request->encryption_certificate.n)
		put_key_preference(&der, request->encryption_certificate);
	if (!wax_der_sort_set(&der, 0, fault))
		return false;
	wax_der_wrap(&der, WAX_TAG_SET, 0);
	if (der.full)
		return wax_fault(fault, WAX_R_CMS_NO_ROOM, der.needed);
	for (size_t i = 0; i < der.needed; i++)
		out->p[out->n + i] = der.p[der.at + i];
	out->n += der.needed;
	return true;
}

static void put_signer(
	WaxDer *out, const WaxSignRequest *request, WaxSpan attributes, WaxSpan signature)
{
	size_t mark = wax_der_mark(out);
	WaxSpan body = WAX_SPAN_NONE;

	wax_der_put(out, WAX_TAG_OCTET_STRING, signature);
	put_signature_algorithm(out, request, WAX_TAG_SEQUENCE);
	if (wax_ber_only(attributes, WAX_TAG_SET, &body, NULL))
		wax_der_put(out, CONSTRUCTED(0), body);
	put_digest(out, request->digest);
	wax_der_raw(out, request->issuer_and_serial);
	wax_der_small(out, 1);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
}

bool wax_cms_sign_finish(const WaxSignRequest *request, WaxSpan attributes, WaxSpan signature,
	const WaxSpan *certificates, size_t count, const uint64_t *content_octets, WaxDer *head,
	WaxDer *tail, WaxFault *fault)
{
	uint64_t more = 0;
	size_t mark;

	put_signer(tail, request, attributes, signature);
	wax_der_wrap(tail, WAX_TAG_SET, 0);
	if (count) {
		mark = wax_der_mark(tail);
		for (size_t i = count; i-- > 0;)
			wax_der_raw(tail, certificates[i]);
		if (!wax_der_sort_set(tail, mark, fault))
			return false;
		wax_der_wrap(tail, CONSTRUCTED(0), mark);
	}
	if (content_octets) {
		more = *content_octets;
		wax_der_header(head, WAX_TAG_OCTET_STRING, more);
		wax_der_wrap_more(head, CONSTRUCTED(0), 0, more);
	}
	wax_der_oid(head, oid_data);
	wax_der_wrap_more(head, WAX_TAG_SEQUENCE, 0, more);
	mark = wax_der_mark(head);
	put_digest(head, request->digest);
	wax_der_wrap(head, WAX_TAG_SET, mark);
	wax_der_small(head, 1);
	more += tail->needed;
	wax_der_wrap_more(head, WAX_TAG_SEQUENCE, 0, more);
	wax_der_wrap_more(head, CONSTRUCTED(0), 0, more);
	wax_der_oid(head, oid_signed_data);
	wax_der_wrap_more(head, WAX_TAG_SEQUENCE, 0, more);
	if (head->full || tail->full)
		return wax_fault(fault, WAX_R_CMS_NO_ROOM, head->needed + tail->needed);
	return true;
}

static void put_unsigned(WaxDer *out, WaxSpan number)
{
	static const uint8_t zero = 0;
	size_t mark = wax_der_mark(out);

	while (number.n > 1 && number.p[0] == 0)
		number = (WaxSpan){ number.p + 1, number.n - 1 };
	wax_der_raw(out, number);
	if (number.n == 0 || number.p[0] & 0x80)
		wax_der_raw(out, (WaxSpan){ &zero, 1 });
	wax_der_wrap(out, WAX_TAG_INTEGER, mark);
}

bool wax_cms_ecdsa_value(WaxSpan r_and_s, WaxDer *out)
{
	size_t half = r_and_s.n / 2;

	if (r_and_s.n == 0 || r_and_s.n % 2)
		return false;
	put_unsigned(out, (WaxSpan){ r_and_s.p + half, half });
	put_unsigned(out, (WaxSpan){ r_and_s.p, half });
	wax_der_wrap(out, WAX_TAG_SEQUENCE, 0);
	return !out->full;
}
