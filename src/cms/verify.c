/* SPDX-License-Identifier: Apache-2.0 */
#include "cms/verify.h"

#include "cms/limits.h"

#define CONSTRUCTED(n)	  (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED | (n))
#define SIGNERS_MAX	  16 /* L-06 */
#define CERTS_MAX	  64 /* L-07 */
#define ATTRIBUTES_MAX	  64 /* L-09 */
#define ATTRIBUTES_OCTETS (64 * 1024)

WAX_OID(oid_content_type, WAX_OID_PKCS9(3));
WAX_OID(oid_message_digest, WAX_OID_PKCS9(4));
WAX_OID(oid_signing_time, WAX_OID_PKCS9(5));
WAX_OID(oid_countersignature, WAX_OID_PKCS9(6));
WAX_OID(oid_capabilities, WAX_OID_PKCS9(15));
WAX_OID(oid_protection, WAX_OID_PKCS9(52));
WAX_OID(oid_key_preference, WAX_OID_SMIME(2, 11));
WAX_OID(oid_signing_certificate, WAX_OID_SMIME(2, 12));
WAX_OID(oid_signing_certificate_v2, WAX_OID_SMIME(2, 47));

static void add_digest(WaxVerifyPlan *plan, WaxDigestAlg alg)
{
	for (unsigned i = 0; i < plan->digest_count; i++)
		if (plan->digests[i] == alg)
			return;
	if (alg && plan->digest_count < WAX_CMS_DIGESTS_MAX)
		plan->digests[plan->digest_count++] = alg;
}

bool wax_cms_signed_head(const WaxCmsReader *reader, WaxVerifyPlan *ret_plan, WaxFault *fault)
{
	WaxBer head = wax_ber((WaxSpan){ reader->head.p, reader->head_split });
	WaxBer info = wax_ber((WaxSpan){
		reader->head.p + reader->head_split, reader->head.n - reader->head_split });
	WaxVerifyPlan plan = { .has_content = reader->has_content };
	WaxSpan set, algorithm, oid, parameters;
	uint32_t version;
	WaxBer list;

	if (reader->type != WAX_CMS_SIGNED)
		return wax_fault(fault, WAX_R_CMS_MALFORMED, 0);
	if (!wax_ber_take_small(&head, &version, fault) ||
		!wax_ber_take(&head, WAX_TAG_SET, &set, fault))
		return false;
	if (!wax_ber_at_end(&head))
		return wax_fault(fault, WAX_R_DER_TRAILING, head.at);
	for (list = wax_ber(set); !wax_ber_at_end(&list);) {
		if (!wax_ber_take(&list, WAX_TAG_SEQUENCE, &algorithm, fault) ||
			!wax_ber_algorithm(algorithm, &oid, &parameters, fault))
			return false;
		add_digest(&plan, wax_digest_from_oid(oid));
	}
	if (!wax_ber_take(&info, WAX_TAG_OID, &plan.content_type, fault))
		return false;
	if (!wax_ber_at_end(&info))
		return wax_fault(fault, WAX_R_DER_TRAILING, info.at);
	*ret_plan = plan;
	return true;
}

bool wax_cms_signed_tail(const WaxCmsReader *reader, WaxVerifyPlan *plan, WaxFault *fault)
{
	WaxBer tail = wax_ber((WaxSpan){ reader->tail.p, reader->tail.n });
	WaxBer list;

	if (wax_ber_peek(&tail) == CONSTRUCTED(0) &&
		!wax_ber_take(&tail, CONSTRUCTED(0), &plan->certificates, fault))
		return false;
	if (wax_ber_peek(&tail) == CONSTRUCTED(1) &&
		(!wax_ber_take(&tail, CONSTRUCTED(1), &plan->crls, fault) ||
			!wax_cms_lists_bounded(plan->crls, fault)))
		return false;
	if (!wax_ber_take(&tail, WAX_TAG_SET, &plan->signer_infos, fault))
		return false;
	if (!wax_ber_at_end(&tail))
		return wax_fault(fault, WAX_R_DER_TRAILING, tail.at);
	plan->signer_count = 0;
	for (list = wax_ber(plan->signer_infos); !wax_ber_at_end(&list);) {
		WaxElement ignored;

		if (!wax_ber_next(&list, &ignored, fault))
			return false;
		if (++plan->signer_count > SIGNERS_MAX)
			return wax_fault(fault, WAX_R_CMS_TOO_MANY_SIGNERS, list.at);
	}
	return true;
}

bool wax_cms_next_certificate(WaxBer *list, WaxSpan *ret_der, bool *ret_more, WaxFault *fault)
{
	while (!wax_ber_at_end(list)) {
		WaxElement element;

		if (!wax_ber_next(list, &element, fault))
			return false;
		if (element.tag != WAX_TAG_SEQUENCE)
			continue;
		*ret_der = element.whole;
		*ret_more = true;
		return true;
	}
	*ret_more = false;
	return true;
}

/* note - the first rule broken is the one that is told */
static void note(WaxSigner *signer, WaxReason reason)
{
	if (signer->reason == WAX_R_NONE)
		signer->reason = reason;
}

static bool read_signature_algorithm(WaxSpan algorithm, WaxSigner *signer, WaxFault *fault)
{
	WaxSpan oid, parameters;
	WaxDigestAlg named;
	WaxFault unread;

	if (!wax_ber_algorithm(algorithm, &oid, &parameters, fault))
		return false;
	signer->alg = wax_sig_from_oid(oid, &named);
	signer->sig_digest = named ? named : signer->digest;
	if (signer->alg == WAX_SIG_PSS) {
		/* P-02: parameters are always there; what cannot be read cannot be right */
		if (!wax_cms_read_pss(parameters, &signer->pss, &unread))
			note(signer, WAX_R_SIG_MISMATCH);
		else
			signer->sig_digest = signer->pss.digest;
	}
	if (signer->alg == WAX_SIG_ALG_NONE || signer->digest == WAX_DIGEST_NONE)
		note(signer, WAX_R_SIG_UNSUPPORTED);
	else if (signer->sig_digest != signer->digest)
		note(signer, WAX_R_CMS_ALGORITHM_MISMATCH); /* R-43, P-01 */
	return true;
}

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
	WaxSpan digest, signature, oid, parameters;
	WaxDigestAlg named;
	WaxSigAlg alg;
	WaxPss pss;

	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &digest, NULL) ||
		!wax_ber_algorithm(digest, &oid, &parameters, NULL) ||
		wax_digest_from_oid(oid) != signer->digest)
		return false;
	if (!wax_ber_take(&in, CONSTRUCTED(1), &signature, NULL) || !wax_ber_at_end(&in) ||
		!wax_ber_algorithm(signature, &oid, &parameters, NULL))
		return false;
	alg = wax_sig_from_oid(oid, &named);
	if (alg != signer->alg)
		return false;
	if (alg == WAX_SIG_PSS)
		return wax_cms_read_pss(parameters, &pss, NULL) &&
		       pss.digest == signer->pss.digest &&
		       pss.mgf_digest == signer->pss.mgf_digest && pss.salt == signer->pss.salt;
	return named == WAX_DIGEST_NONE || named == signer->digest;
}

/* the first ESSCertID or ESSCertIDv2 (RFC 5035): its hash, and by which digest */
static bool read_ess(WaxSpan body, bool v2, WaxSigner *signer)
{
	WaxBer in = wax_ber(body);
	WaxSpan certs, id, algorithm, oid, parameters;

	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &certs, NULL))
		return false;
	in = wax_ber(certs);
	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &id, NULL))
		return false;
	in = wax_ber(id);
	signer->ess_digest = v2 ? WAX_DIGEST_SHA256 : WAX_DIGEST_SHA1;
	if (v2 && wax_ber_peek(&in) == WAX_TAG_SEQUENCE) {
		if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, NULL) ||
			!wax_ber_algorithm(algorithm, &oid, &parameters, NULL))
			return false;
		signer->ess_digest = wax_digest_from_oid(oid);
	}
	return wax_ber_take(&in, WAX_TAG_OCTET_STRING, &signer->ess_hash, NULL);
}

typedef struct {
	unsigned content_type, message_digest, signing_time, protection;
} Seen;

static void read_known(
	WaxSpan oid, WaxSpan values, const WaxVerifyPlan *plan, WaxSigner *signer, Seen *seen)
{
	WaxElement value = one_value(values);
	WaxCivil time;

	if (wax_span_equal(oid, oid_content_type)) {
		if (seen->content_type++)
			note(signer, WAX_R_CMS_ATTRS_DUPLICATE);
		else if (value.tag != WAX_TAG_OID)
			note(signer, WAX_R_CMS_ATTRS_MALFORMED);
		else if (!wax_span_equal(value.body, plan->content_type))
			note(signer, WAX_R_CMS_CONTENT_TYPE_MISMATCH);
	} else if (wax_span_equal(oid, oid_message_digest)) {
		if (seen->message_digest++)
			note(signer, WAX_R_CMS_ATTRS_DUPLICATE);
		else if (value.tag != WAX_TAG_OCTET_STRING)
			note(signer, WAX_R_CMS_ATTRS_MALFORMED);
		else
			signer->message_digest = value.body;
	} else if (wax_span_equal(oid, oid_signing_time)) {
		/* RFC 5652 11.3: "There MUST NOT be zero or multiple instances of AttributeValue present" */
		if (seen->signing_time++)
			note(signer, WAX_R_CMS_ATTRS_DUPLICATE);
		else if (!wax_ber_time(value.tag, value.body, &time))
			note(signer, WAX_R_CMS_ATTRS_MALFORMED);
		else {
			signer->has_time = true;
			signer->signing_time = wax_civil_seconds(&time);
		}
	} else if (wax_span_equal(oid, oid_protection)) {
		if (seen->protection++)
			note(signer, WAX_R_CMS_ATTRS_DUPLICATE);
		else if (value.tag != WAX_TAG_SEQUENCE || !protection_agrees(value.body, signer))
			note(signer, WAX_R_CMS_ALGORITHM_MISMATCH);
	} else if (wax_span_equal(oid, oid_signing_certificate_v2) ||
		   (wax_span_equal(oid, oid_signing_certificate) && !signer->ess_hash.p)) {
		if (value.tag != WAX_TAG_SEQUENCE ||
			!read_ess(value.body, wax_span_equal(oid, oid_signing_certificate_v2),
				signer))
			note(signer, WAX_R_CMS_ATTRS_MALFORMED);
	} else if (wax_span_equal(oid, oid_capabilities)) {
		signer->capabilities = value.whole;
	} else if (wax_span_equal(oid, oid_key_preference)) {
		signer->key_preference = value.whole;
	}
}

/* read_attributes - `set` is the DER of the SET OF that was signed */
static bool read_attributes(
	WaxSpan set, const WaxVerifyPlan *plan, WaxSigner *signer, WaxFault *fault)
{
	WaxSpan body, attribute, oid, values;
	Seen seen = { 0 };
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
		read_known(oid, values, plan, signer, &seen);
	}
	/* */
	if (!seen.content_type || !seen.message_digest)
		note(signer, WAX_R_CMS_ATTRS_MISSING);
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

static bool sort_set(uint8_t *p, size_t n, WaxFault *fault)
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

/* RFC 5652 5.4: "a separate encoding of the signedAttrs field is performed", DER with the tag of SET OF */
static bool make_signed_octets(WaxSpan whole, WaxBuffer *room, WaxSigner *signer, WaxFault *fault)
{
	size_t from = room->n;
	WaxBer in;
	WaxElement set;

	if (whole.n > ATTRIBUTES_OCTETS)
		return wax_fault(fault, WAX_R_CMS_TOO_MANY_ATTRS, 0);
	if (!wax_ber_to_der(whole, room, fault))
		return false;
	room->p[from] = WAX_TAG_SET;
	in = wax_ber((WaxSpan){ room->p + from, room->n - from });
	if (!wax_ber_next(&in, &set, fault) ||
		!sort_set(room->p + from + (set.whole.n - set.body.n), set.body.n, fault))
		return false;
	signer->signed_octets = (WaxSpan){ room->p + from, room->n - from };
	return true;
}

static bool read_unsigned(WaxBer *in, WaxSigner *signer, WaxFault *fault)
{
	WaxSpan body, attribute, oid;
	WaxBer list;

	if (wax_ber_peek(in) != CONSTRUCTED(1))
		return true;
	if (!wax_ber_take(in, CONSTRUCTED(1), &body, fault))
		return false;
	for (list = wax_ber(body); !wax_ber_at_end(&list);) {
		WaxBer inner;

		if (!wax_ber_take(&list, WAX_TAG_SEQUENCE, &attribute, fault))
			return false;
		inner = wax_ber(attribute);
		if (!wax_ber_take(&inner, WAX_TAG_OID, &oid, fault))
			return false;
		if (wax_span_equal(oid, oid_countersignature))
			signer->countersignatures++;
		/* RFC 5652 11.1 to 11.3: these "MUST NOT be an unsigned attribute" */
		else if (wax_span_equal(oid, oid_content_type) ||
			 wax_span_equal(oid, oid_message_digest) ||
			 wax_span_equal(oid, oid_signing_time))
			note(signer, WAX_R_CMS_ATTRS_MALFORMED);
	}
	return true;
}

bool wax_cms_next_signer(const WaxVerifyPlan *plan, WaxBer *list, WaxBuffer *room,
	WaxSigner *ret_signer, bool *ret_more, WaxFault *fault)
{
	WaxSigner signer = { .alg = WAX_SIG_ALG_NONE };
	WaxSpan body, algorithm, oid, parameters, whole = WAX_SPAN_NONE;
	uint32_t version;
	bool listed = false;
	WaxBer in;

	*ret_more = !wax_ber_at_end(list);
	if (!*ret_more)
		return true;
	if (!wax_ber_take(list, WAX_TAG_SEQUENCE, &body, fault) ||
		!wax_cms_signer_bounded(body, fault))
		return false;
	in = wax_ber(body);
	if (!wax_ber_take_small(&in, &version, fault) ||
		!wax_cms_read_id(&in, WAX_TAG_CONTEXT, &signer.id, fault) ||
		!wax_cms_tidy_id(&signer.id, room, fault) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!wax_ber_algorithm(algorithm, &oid, &parameters, fault))
		return false;
	signer.digest = wax_digest_from_oid(oid);
	for (unsigned i = 0; i < plan->digest_count; i++)
		listed = listed || plan->digests[i] == signer.digest;
	if (wax_ber_peek(&in) == CONSTRUCTED(0)) {
		signer.has_attributes = true;
		if (!wax_ber_take_whole(&in, CONSTRUCTED(0), &whole, fault))
			return false;
	}
	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!read_signature_algorithm(algorithm, &signer, fault) ||
		!wax_ber_take_octets(&in, room, &signer.signature, fault) ||
		!read_unsigned(&in, &signer, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	/* the content went by once: a digest that was not announced was not computed */
	if (signer.digest && !listed)
		note(&signer, WAX_R_CMS_MALFORMED);
	if (signer.has_attributes) {
		if (!make_signed_octets(whole, room, &signer, fault) ||
			!read_attributes(signer.signed_octets, plan, &signer, fault))
			return false;
	}
	*ret_signer = signer;
	return true;
}

WaxReason wax_cms_verify_finish(const WaxSigner *signer, WaxSpan content_digest, bool key_said)
{
	if (signer->reason)
		return signer->reason;
	if (signer->has_attributes && !wax_same_secret(signer->message_digest, content_digest))
		return WAX_R_SIG_DIGEST_MISMATCH;
	return key_said ? WAX_R_NONE : WAX_R_SIG_MISMATCH;
}

bool wax_cms_looks_like_attributes(WaxSpan content)
{
	WaxSpan body, attribute, oid;
	WaxBer in;

	if (!wax_ber_only(content, WAX_TAG_SET, &body, NULL))
		return false;
	for (in = wax_ber(body); !wax_ber_at_end(&in);) {
		WaxBer inner;

		if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &attribute, NULL))
			return false;
		inner = wax_ber(attribute);
		if (!wax_ber_take(&inner, WAX_TAG_OID, &oid, NULL))
			return false;
		if (wax_span_equal(oid, oid_message_digest))
			return true;
	}
	return false;
}
