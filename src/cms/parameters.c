/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of RSAES-OAEP (RFC 4055), and identifiers of people. */
#include "asn1/identifiers.h"
#include "cms/open.h"

#define EXPLICIT(n) (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED | (n))

WAX_OID(oid_p_specified, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x09);

/* take_explicit - the body of [n] EXPLICIT, or an empty span when it is absent */
static bool take_explicit(WaxBer *in, uint8_t n, WaxSpan *ret_body, WaxFault *fault)
{
	*ret_body = WAX_SPAN_NONE;
	return wax_ber_peek(in) != EXPLICIT(n) || wax_ber_take(in, EXPLICIT(n), ret_body, fault);
}

static bool read_label(WaxSpan body, WaxSpan *ret_label, WaxFault *fault)
{
	WaxSpan algorithm, oid, parameters, label;

	if (!wax_ber_only(body, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!wax_ber_algorithm(algorithm, &oid, &parameters, fault))
		return false;
	if (!wax_span_equal(oid, oid_p_specified))
		return wax_fault(fault, WAX_R_CMS_ALGORITHM_UNSUPPORTED, 0);
	if (!wax_ber_only(parameters, WAX_TAG_OCTET_STRING, &label, fault))
		return false;
	if (label.n > 64) /* L-15 */
		return wax_fault(fault, WAX_R_CMS_TOO_LARGE, 0);
	*ret_label = label;
	return true;
}

bool wax_cms_read_oaep(WaxSpan parameters, WaxOaep *ret_oaep, WaxFault *fault)
{
	WaxOaep oaep = { WAX_DIGEST_SHA1, WAX_DIGEST_SHA1, WAX_SPAN_NONE };
	WaxSpan body, field, algorithm;
	WaxBer in;

	if (!wax_ber_only(parameters, WAX_TAG_SEQUENCE, &body, fault))
		return false;
	in = wax_ber(body);
	if (!take_explicit(&in, 0, &field, fault))
		return false;
	if (field.p && (!wax_ber_only(field, WAX_TAG_SEQUENCE, &algorithm, fault) ||
			       !wax_digest_read(algorithm, &oaep.digest, fault)))
		return false;
	if (!take_explicit(&in, 1, &field, fault) ||
		(field.p && !wax_mgf_read(field, &oaep.mgf_digest, fault)))
		return false;
	if (!take_explicit(&in, 2, &field, fault) ||
		(field.p && !read_label(field, &oaep.label, fault)))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	*ret_oaep = oaep;
	return true;
}

bool wax_cms_read_id(WaxBer *in, uint8_t key_id_tag, WaxCmsId *ret_id, WaxFault *fault)
{
	WaxCmsId id = { WAX_SPAN_NONE, WAX_SPAN_NONE, WAX_SPAN_NONE, WAX_SPAN_NONE };
	WaxElement element;
	WaxBer inner;

	if (!wax_ber_next(in, &element, fault))
		return false;
	if (element.tag == key_id_tag) {
		id.key_id = element.body;
	} else if (element.tag == WAX_TAG_SEQUENCE) {
		id.issuer_and_serial = element.whole;
		inner = wax_ber(element.body);
		if (!wax_ber_take_whole(&inner, WAX_TAG_SEQUENCE, &id.issuer, fault) ||
			!wax_ber_take(&inner, WAX_TAG_INTEGER, &id.serial, fault))
			return false;
		if (!wax_ber_at_end(&inner) || id.serial.n == 0 || id.serial.n > 64)
			return wax_fault(fault, WAX_R_CMS_MALFORMED, in->at);
	} else {
		return wax_fault(fault, WAX_R_DER_UNEXPECTED, in->at);
	}
	*ret_id = id;
	return true;
}

bool wax_cms_tidy_id(WaxCmsId *id, WaxBuffer *room, WaxFault *fault)
{
	size_t from = room->n;

	if (!id->issuer.n)
		return true;
	if (!wax_ber_to_der(id->issuer, room, fault))
		return false;
	id->issuer = (WaxSpan){ room->p + from, room->n - from };
	return true;
}
