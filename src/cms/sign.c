/* SPDX-License-Identifier: Apache-2.0 */
#include "cms/sign.h"

#include "asn1/identifiers.h"
#include "cms/capabilities.h"

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

static const uint8_t null_parameters[] = { WAX_TAG_NULL, 0 };

static void put_signature_algorithm(WaxDer *out, const WaxSignRequest *request, uint8_t tag)
{
	size_t mark = wax_der_mark(out);

	WaxPss pss = request->pss.digest ? request->pss : wax_pss_for(NULL, request->digest);

	if (request->alg == WAX_SIG_PSS)
		wax_pss_put(out, &pss);
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

static void put_capabilities(WaxDer *out)
{
	size_t mark = wax_der_mark(out);

	wax_cms_put_capabilities(out);
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
	wax_digest_put(out, request->digest);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
	end_attribute(out, oid_protection, mark);
}

/* SMIMEEncryptionKeyPreference: [0] issuerAndSerialNumber, implicit (RFC 8551 2.5.3; S-20) */
static void put_key_preference(WaxDer *out, WaxSpan issuer_and_serial)
{
	size_t mark = wax_der_mark(out);
	WaxSpan body;

	if (!wax_ber_only(issuer_and_serial, WAX_TAG_SEQUENCE, &body, NULL))
		return;
	wax_der_put(out, CONSTRUCTED(0), body);
	end_attribute(out, oid_key_preference, mark);
}

static WaxSpan content_type_of(const WaxSignRequest *request)
{
	return request->content_type.n ? request->content_type : oid_data;
}

bool wax_cms_sign_plan(const WaxSignRequest *request, WaxBuffer *out, WaxFault *fault)
{
	WaxDer der = wax_der(out->p + out->n, out->room - out->n);
	size_t mark;

	if (!wax_sig_oid(request->alg, request->digest).n || !wax_digest_oid(request->digest).n)
		return wax_fault(fault, WAX_R_CMS_ALGORITHM_UNSUPPORTED, 0);
	mark = wax_der_mark(&der);
	wax_der_oid(&der, content_type_of(request));
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
	wax_der_raw(&der, request->more_attributes);
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

static void put_signer(WaxDer *out, const WaxSigned *signer)
{
	const WaxSignRequest *request = &signer->request;
	size_t mark = wax_der_mark(out);
	WaxSpan body = WAX_SPAN_NONE;

	wax_der_put(out, WAX_TAG_OCTET_STRING, signer->signature);
	put_signature_algorithm(out, request, WAX_TAG_SEQUENCE);
	if (wax_ber_only(signer->attributes, WAX_TAG_SET, &body, NULL))
		wax_der_put(out, CONSTRUCTED(0), body);
	wax_digest_put(out, request->digest);
	if (request->key_id.n)
		wax_der_put(out, WAX_TAG_CONTEXT, request->key_id);
	else
		wax_der_raw(out, request->issuer_and_serial);
	wax_der_small(out, request->key_id.n ? 3 : 1);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
}

static bool put_tail(const WaxSigned *signers, size_t signer_count, const WaxSpan *certificates,
	size_t count, WaxDer *tail, WaxFault *fault)
{
	size_t mark;

	for (size_t i = signer_count; i-- > 0;)
		put_signer(tail, &signers[i]);
	if (!wax_der_sort_set(tail, 0, fault))
		return false;
	wax_der_wrap(tail, WAX_TAG_SET, 0);
	if (!count)
		return true;
	mark = wax_der_mark(tail);
	for (size_t i = count; i-- > 0;)
		wax_der_raw(tail, certificates[i]);
	if (!wax_der_sort_set(tail, mark, fault))
		return false;
	wax_der_wrap(tail, CONSTRUCTED(0), mark);
	return true;
}

/* put_digests - each digest of a signer once */
static bool put_digests(const WaxSigned *signers, size_t count, WaxDer *head, WaxFault *fault)
{
	size_t mark = wax_der_mark(head);

	for (size_t i = 0; i < count; i++) {
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again = again || signers[j].request.digest == signers[i].request.digest;
		if (!again)
			wax_digest_put(head, signers[i].request.digest);
	}
	if (!wax_der_sort_set(head, mark, fault))
		return false;
	wax_der_wrap(head, WAX_TAG_SET, mark);
	return true;
}

/* RFC 5652 5.1: 3 when a signer is named by its key, or the content is no id-data */
static uint32_t version_of(const WaxSigned *signers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (signers[i].request.key_id.n || signers[i].request.content_type.n)
			return 3;
	return 1;
}

bool wax_cms_sign_all(const WaxSigned *signers, size_t signer_count, const WaxSpan *certificates,
	size_t count, const uint64_t *content_octets, WaxDer *head, WaxDer *tail, WaxFault *fault)
{
	uint64_t more = 0;

	if (!put_tail(signers, signer_count, certificates, count, tail, fault))
		return false;
	if (content_octets) {
		more = *content_octets;
		wax_der_header(head, WAX_TAG_OCTET_STRING, more);
		wax_der_wrap_more(head, CONSTRUCTED(0), 0, more);
	}
	wax_der_oid(head, signer_count ? content_type_of(&signers[0].request) : oid_data);
	wax_der_wrap_more(head, WAX_TAG_SEQUENCE, 0, more);
	if (!put_digests(signers, signer_count, head, fault))
		return false;
	wax_der_small(head, version_of(signers, signer_count));
	more += tail->needed;
	wax_der_wrap_more(head, WAX_TAG_SEQUENCE, 0, more);
	wax_der_wrap_more(head, CONSTRUCTED(0), 0, more);
	wax_der_oid(head, oid_signed_data);
	wax_der_wrap_more(head, WAX_TAG_SEQUENCE, 0, more);
	if (head->full || tail->full)
		return wax_fault(fault, WAX_R_CMS_NO_ROOM, head->needed + tail->needed);
	return true;
}

bool wax_cms_sign_finish(const WaxSignRequest *request, WaxSpan attributes, WaxSpan signature,
	const WaxSpan *certificates, size_t count, const uint64_t *content_octets, WaxDer *head,
	WaxDer *tail, WaxFault *fault)
{
	WaxSigned signer = { *request, attributes, signature };

	return wax_cms_sign_all(&signer, 1, certificates, count, content_octets, head, tail, fault);
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
