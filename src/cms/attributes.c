/* SPDX-License-Identifier: Apache-2.0 */
#include "cms/attributes.h"

#define CONSTRUCTED(n)	  (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED | (n))
#define ATTRIBUTES_MAX	  64 /* L-09 */
#define ATTRIBUTES_OCTETS (64 * 1024)

WAX_OID(oid_content_type, WAX_OID_PKCS9(3));
WAX_OID(oid_message_digest, WAX_OID_PKCS9(4));
WAX_OID(oid_signing_time, WAX_OID_PKCS9(5));
WAX_OID(oid_capabilities, WAX_OID_PKCS9(15));
WAX_OID(oid_protection, WAX_OID_PKCS9(52));
WAX_OID(oid_receipt_request, WAX_OID_SMIME(2, 1));
WAX_OID(oid_security_label, WAX_OID_SMIME(2, 2));
WAX_OID(oid_list_history, WAX_OID_SMIME(2, 3));
WAX_OID(oid_content_hints, WAX_OID_SMIME(2, 4));
WAX_OID(oid_msg_sig_digest, WAX_OID_SMIME(2, 5));
WAX_OID(oid_content_identifier, WAX_OID_SMIME(2, 7));
WAX_OID(oid_equivalent_labels, WAX_OID_SMIME(2, 9));
WAX_OID(oid_content_reference, WAX_OID_SMIME(2, 10));
WAX_OID(oid_key_preference, WAX_OID_SMIME(2, 11));
WAX_OID(oid_signing_certificate, WAX_OID_SMIME(2, 12));
WAX_OID(oid_signing_certificate_v2, WAX_OID_SMIME(2, 47));
WAX_OID(oid_header_fields, WAX_OID_SMIME(2, 55));

/* one_value - the only value of an attribute, or an empty span */
static WaxElement one_value(WaxSpan values)
{
	WaxBer in = wax_ber(values);
	WaxElement value, none = { .tag = 0 };

	if (wax_ber_at_end(&in) || !wax_ber_next(&in, &value, NULL) || !wax_ber_at_end(&in))
		return none;
	return value;
}

/* RFC 6211: both algorithms must be those of the SignerInfo, compared by meaning */
static bool protection_agrees(WaxSpan body, const WaxSigner *signer)
{
	WaxBer in = wax_ber(body);
	WaxSpan algorithm, oid, parameters;
	WaxDigestAlg digest, named;
	WaxSigAlg alg;
	WaxPss pss;

	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, NULL) ||
		!wax_digest_read(algorithm, &digest, NULL) || digest != signer->digest)
		return false;
	if (!wax_ber_take(&in, CONSTRUCTED(1), &algorithm, NULL) || !wax_ber_at_end(&in) ||
		!wax_ber_algorithm(algorithm, &oid, &parameters, NULL))
		return false;
	alg = wax_sig_from_oid(oid, &named);
	if (alg != signer->alg)
		return false;
	if (alg == WAX_SIG_PSS)
		return wax_pss_read(parameters, &pss, NULL) && pss.digest == signer->pss.digest &&
		       pss.mgf_digest == signer->pss.mgf_digest && pss.salt == signer->pss.salt;
	return wax_sig_parameters_fit(alg, parameters) &&
	       (named == WAX_DIGEST_NONE || named == signer->digest);
}

/* the first ESSCertID or ESSCertIDv2 (RFC 5035): its hash, and by which digest */
static bool read_ess(WaxSpan body, bool v2, WaxEssCertId *id)
{
	WaxBer in = wax_ber(body);
	WaxSpan certs, first, algorithm;

	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &certs, NULL))
		return false;
	in = wax_ber(certs);
	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &first, NULL))
		return false;
	in = wax_ber(first);
	id->digest = v2 ? WAX_DIGEST_SHA256 : WAX_DIGEST_SHA1;
	if (v2 && wax_ber_peek(&in) == WAX_TAG_SEQUENCE &&
		(!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, NULL) ||
			!wax_digest_read(algorithm, &id->digest, NULL)))
		return false;
	return wax_ber_take(&in, WAX_TAG_OCTET_STRING, &id->hash, NULL);
}

typedef struct {
	WaxSpan content_type;
	WaxSigner *signer;
	unsigned seen[8]; /* of each row below */
} Reading;

static void read_content_type(Reading *r, WaxElement value)
{
	/* RFC 5652 11.4: "the signedAttributes field MUST NOT contain a content-type attribute" */
	if (!r->content_type.p)
		wax_signer_note(r->signer, WAX_R_CMS_ATTRS_MALFORMED);
	else if (value.tag != WAX_TAG_OID)
		wax_signer_note(r->signer, WAX_R_CMS_ATTRS_MALFORMED);
	else if (!wax_span_equal(value.body, r->content_type))
		wax_signer_note(r->signer, WAX_R_CMS_CONTENT_TYPE_MISMATCH);
}

static void read_message_digest(Reading *r, WaxElement value)
{
	if (value.tag != WAX_TAG_OCTET_STRING)
		wax_signer_note(r->signer, WAX_R_CMS_ATTRS_MALFORMED);
	else
		r->signer->message_digest = value.body;
}

static void read_signing_time(Reading *r, WaxElement value)
{
	WaxCivil time;

	if (!wax_ber_time(value.tag, value.body, &time)) {
		wax_signer_note(r->signer, WAX_R_CMS_ATTRS_MALFORMED);
		return;
	}
	r->signer->has_time = true;
	r->signer->signing_time = wax_civil_seconds(&time);
}

static void read_protection(Reading *r, WaxElement value)
{
	if (value.tag != WAX_TAG_SEQUENCE || !protection_agrees(value.body, r->signer))
		wax_signer_note(r->signer, WAX_R_CMS_ALGORITHM_MISMATCH);
}

static void read_signing_certificate(Reading *r, WaxElement value)
{
	if (value.tag != WAX_TAG_SEQUENCE || !read_ess(value.body, false, &r->signer->ess[0]))
		wax_signer_note(r->signer, WAX_R_CMS_ATTRS_MALFORMED);
}

static void read_signing_certificate_v2(Reading *r, WaxElement value)
{
	if (value.tag != WAX_TAG_SEQUENCE || !read_ess(value.body, true, &r->signer->ess[1]))
		wax_signer_note(r->signer, WAX_R_CMS_ATTRS_MALFORMED);
}

/* those that decide something; each at most once (R-41, R-43; RFC 5035 5.3) */
static const struct {
	const WaxSpan *oid;
	void (*read)(Reading *r, WaxElement value);
} deciding[] = {
	{ &oid_content_type, read_content_type },
	{ &oid_message_digest, read_message_digest },
	/* RFC 5652 11.3: "There MUST NOT be zero or multiple instances of AttributeValue present" */
	{ &oid_signing_time, read_signing_time },
	{ &oid_protection, read_protection },
	{ &oid_signing_certificate, read_signing_certificate },
	{ &oid_signing_certificate_v2, read_signing_certificate_v2 },
};

static const WaxSpan *const handed_on[WAX_ATTRIBUTE_COUNT_] = {
	[WAX_ATTRIBUTE_CAPABILITIES] = &oid_capabilities,
	[WAX_ATTRIBUTE_KEY_PREFERENCE] = &oid_key_preference,
	[WAX_ATTRIBUTE_RECEIPT_REQUEST] = &oid_receipt_request,
	[WAX_ATTRIBUTE_SECURITY_LABEL] = &oid_security_label,
	[WAX_ATTRIBUTE_EQUIVALENT_LABELS] = &oid_equivalent_labels,
	[WAX_ATTRIBUTE_LIST_HISTORY] = &oid_list_history,
	[WAX_ATTRIBUTE_CONTENT_HINTS] = &oid_content_hints,
	[WAX_ATTRIBUTE_CONTENT_IDENTIFIER] = &oid_content_identifier,
	[WAX_ATTRIBUTE_CONTENT_REFERENCE] = &oid_content_reference,
	[WAX_ATTRIBUTE_MSG_SIG_DIGEST] = &oid_msg_sig_digest,
	[WAX_ATTRIBUTE_HEADER_FIELDS] = &oid_header_fields,
};

static void read_one(Reading *r, WaxSpan oid, WaxSpan values)
{
	WaxElement value = one_value(values);

	for (size_t i = 0; i < sizeof deciding / sizeof *deciding; i++) {
		if (!wax_span_equal(oid, *deciding[i].oid))
			continue;
		if (r->seen[i]++)
			wax_signer_note(r->signer, WAX_R_CMS_ATTRS_DUPLICATE);
		else
			deciding[i].read(r, value);
	}
	for (unsigned i = 0; i < WAX_ATTRIBUTE_COUNT_; i++)
		if (wax_span_equal(oid, *handed_on[i]) && !r->signer->named[i].n)
			r->signer->named[i] = value.whole;
}

/* read_set - `set` is the DER of the SET OF that was signed */
static bool read_set(WaxSpan set, Reading *r, WaxFault *fault)
{
	WaxSpan body, attribute, oid, values;
	unsigned count = 0;
	WaxBer in;

	if (!wax_ber_only(set, WAX_TAG_SET, &body, fault))
		return false;
	for (in = wax_ber(body); !wax_ber_at_end(&in);) {
		WaxBer inner;

		if (++count > ATTRIBUTES_MAX)
			return wax_fault(fault, WAX_R_CMS_TOO_MANY_ATTRS, in.at);
		if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &attribute, fault))
			return false;
		inner = wax_ber(attribute);
		if (!wax_ber_take(&inner, WAX_TAG_OID, &oid, fault) ||
			!wax_ber_take(&inner, WAX_TAG_SET, &values, fault))
			return false;
		if (!wax_ber_at_end(&inner))
			return wax_fault(fault, WAX_R_DER_TRAILING, inner.at);
		read_one(r, oid, values);
	}
	return true;
}

/* swap two neighbouring attributes until the set is in DER order */
static void reverse(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		uint8_t keep = p[i];

		p[i] = p[n - 1 - i];
		p[n - 1 - i] = keep;
	}
}

static bool before(WaxSpan a, WaxSpan b)
{
	size_t n = a.n < b.n ? a.n : b.n;

	for (size_t i = 0; i < n; i++)
		if (a.p[i] != b.p[i])
			return a.p[i] < b.p[i];
	return a.n < b.n;
}

static bool sort_set(uint8_t *p, size_t n, bool *ret_moved, WaxFault *fault)
{
	size_t sizes[ATTRIBUTES_MAX], count = 0;
	WaxBer in = wax_ber((WaxSpan){ p, n });

	while (!wax_ber_at_end(&in)) {
		WaxElement e;

		if (count == ATTRIBUTES_MAX)
			return wax_fault(fault, WAX_R_CMS_TOO_MANY_ATTRS, in.at);
		if (!wax_ber_next(&in, &e, fault))
			return false;
		sizes[count++] = e.whole.n;
	}
	for (size_t i = 1; i < count; i++) {
		size_t at = 0;

		for (size_t j = 0; j < i; j++)
			at += sizes[j];
		for (size_t k = i; k > 0; k--) {
			uint8_t *left = p + at - sizes[k - 1];
			size_t keep = sizes[k];

			if (!before((WaxSpan){ left + sizes[k - 1], sizes[k] },
				    (WaxSpan){ left, sizes[k - 1] }))
				break;
			*ret_moved = true;
			reverse(left, sizes[k - 1]);
			reverse(left + sizes[k - 1], sizes[k]);
			reverse(left, sizes[k - 1] + sizes[k]);
			at -= sizes[k - 1];
			sizes[k] = sizes[k - 1];
			sizes[k - 1] = keep;
		}
	}
	return true;
}

static bool copy(WaxSpan bytes, WaxBuffer *room, WaxSpan *ret_copy, WaxFault *fault)
{
	if (bytes.n > room->room - room->n)
		return wax_fault(fault, WAX_R_CMS_NO_ROOM, bytes.n);
	for (size_t i = 0; i < bytes.n; i++)
		room->p[room->n + i] = bytes.p[i];
	*ret_copy = (WaxSpan){ room->p + room->n, bytes.n };
	room->n += bytes.n;
	return true;
}

/* RFC 5652 5.4: "a separate encoding of the signedAttrs field is performed", DER with the tag of SET OF */
static bool make_signed_octets(WaxSpan whole, WaxBuffer *room, WaxSigner *signer, WaxFault *fault)
{
	size_t from = room->n;
	bool moved = false;
	WaxElement set;
	WaxSpan received;
	WaxBer in;

	if (whole.n > ATTRIBUTES_OCTETS)
		return wax_fault(fault, WAX_R_CMS_TOO_MANY_ATTRS, 0);
	if (!wax_ber_to_der(whole, room, fault))
		return false;
	room->p[from] = WAX_TAG_SET;
	signer->signed_octets = (WaxSpan){ room->p + from, room->n - from };
	in = wax_ber(signer->signed_octets);
	if (!copy(signer->signed_octets, room, &received, fault) ||
		!wax_ber_next(&in, &set, fault) ||
		!sort_set(room->p + from + (set.whole.n - set.body.n), set.body.n, &moved, fault))
		return false;
	if (moved)
		signer->received_octets = received;
	return true;
}

bool wax_signed_attributes_read(
	WaxSpan whole, WaxSpan content_type, WaxBuffer *room, WaxSigner *signer, WaxFault *fault)
{
	Reading r = { .content_type = content_type, .signer = signer };

	if (!make_signed_octets(whole, room, signer, fault) ||
		!read_set(signer->signed_octets, &r, fault))
		return false;
	/* */
	if ((content_type.p && !r.seen[0]) || !r.seen[1])
		wax_signer_note(signer, WAX_R_CMS_ATTRS_MISSING);
	return true;
}

bool wax_unsigned_attributes_check(WaxSigner *signer, WaxFault *fault)
{
	WaxBer list = wax_ber(signer->unsigned_attributes);
	WaxSpan attribute, oid;

	while (!wax_ber_at_end(&list)) {
		WaxBer inner;

		if (!wax_ber_take(&list, WAX_TAG_SEQUENCE, &attribute, fault))
			return false;
		inner = wax_ber(attribute);
		if (!wax_ber_take(&inner, WAX_TAG_OID, &oid, fault))
			return false;
		/* RFC 5652 11.1 to 11.3: these "MUST NOT be an unsigned attribute" */
		if (wax_span_equal(oid, oid_content_type) ||
			wax_span_equal(oid, oid_message_digest) ||
			wax_span_equal(oid, oid_signing_time))
			wax_signer_note(signer, WAX_R_CMS_ATTRS_MALFORMED);
	}
	return true;
}
