/* SPDX-License-Identifier: Apache-2.0 */
#include "cms/attributes.h"

#include "cms/limits.h"

#define CONSTRUCTED(n) (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED | (n))
#define SIGNERS_MAX    16 /* L-06 */
#define CERTS_MAX      64 /* L-07 */

WAX_OID(oid_data, WAX_OID_PKCS7(1));
WAX_OID(oid_message_digest, WAX_OID_PKCS9(4));
WAX_OID(oid_countersignature, WAX_OID_PKCS9(6));

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
	WaxDigestAlg digest;
	WaxSpan set, algorithm;
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
			!wax_digest_read(algorithm, &digest, fault))
			return false;
		add_digest(&plan, digest);
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
		if (!wax_pss_read(parameters, &signer->pss, &unread))
			wax_signer_note(signer, WAX_R_SIG_MISMATCH);
		else
			signer->sig_digest = signer->pss.digest;
	} else if (signer->alg && !wax_sig_parameters_fit(signer->alg, parameters)) {
		wax_signer_note(signer, WAX_R_SIG_MISMATCH);
	}
	if (signer->alg == WAX_SIG_ALG_NONE ||
		(signer->digest == WAX_DIGEST_NONE &&
			(signer->has_attributes || !wax_sig_is_pure(signer->alg))))
		wax_signer_note(signer, WAX_R_SIG_UNSUPPORTED);
	else if (wax_sig_is_pure(signer->alg))
		signer->sig_digest = WAX_DIGEST_NONE;
	else if (signer->sig_digest != signer->digest)
		wax_signer_note(signer, WAX_R_CMS_ALGORITHM_MISMATCH); /* R-43, P-01 */
	return true;
}

/* a digest beside a pure signature counts only where there are attributes to hold it */
static void check_pure(WaxSigner *signer)
{
	WaxReason reason = wax_sig_digest_fits(signer->alg, signer->digest);

	if (!signer->has_attributes || !wax_sig_is_pure(signer->alg) || !signer->digest)
		return;
	if (reason == WAX_R_SIG_WEAK_DIGEST)
		signer->weak_digest = true;
	else
		wax_signer_note(signer, reason);
}

/* read_signer - one SignerInfo; the content type is empty for a countersignature */
static bool read_signer(
	WaxSpan body, WaxSpan content_type, WaxBuffer *room, WaxSigner *signer, WaxFault *fault)
{
	WaxSpan algorithm, whole = WAX_SPAN_NONE;
	uint32_t version;
	WaxBer in = wax_ber(body);

	if (!wax_cms_signer_bounded(body, fault) || !wax_ber_take_small(&in, &version, fault) ||
		!wax_cms_read_id(&in, WAX_TAG_CONTEXT, &signer->id, fault) ||
		!wax_cms_tidy_id(&signer->id, room, fault) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!wax_digest_read(algorithm, &signer->digest, fault))
		return false;
	if (wax_ber_peek(&in) == CONSTRUCTED(0)) {
		signer->has_attributes = true;
		if (!wax_ber_take_whole(&in, CONSTRUCTED(0), &whole, fault))
			return false;
	}
	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!read_signature_algorithm(algorithm, signer, fault) ||
		!wax_ber_take_octets(&in, room, &signer->signature, fault))
		return false;
	if (wax_ber_peek(&in) == CONSTRUCTED(1) &&
		(!wax_ber_take(&in, CONSTRUCTED(1), &signer->unsigned_attributes, fault) ||
			!wax_unsigned_attributes_check(signer, fault)))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	check_pure(signer);
	return !signer->has_attributes ||
	       wax_signed_attributes_read(whole, content_type, room, signer, fault);
}

bool wax_cms_next_signer(const WaxVerifyPlan *plan, WaxBer *list, WaxBuffer *room,
	WaxSigner *ret_signer, bool *ret_more, WaxFault *fault)
{
	WaxSigner signer = { .alg = WAX_SIG_ALG_NONE };
	bool listed = false;
	WaxSpan body;

	*ret_more = !wax_ber_at_end(list);
	if (!*ret_more)
		return true;
	if (!wax_ber_take(list, WAX_TAG_SEQUENCE, &body, fault) ||
		!read_signer(body, plan->content_type, room, &signer, fault))
		return false;
	for (unsigned i = 0; i < plan->digest_count; i++)
		listed = listed || plan->digests[i] == signer.digest;
	/* RFC 5652 5.3: signedAttrs "MUST be present if the content type ... is not id-data" */
	if (!signer.has_attributes && !wax_span_equal(plan->content_type, oid_data))
		wax_signer_note(&signer, WAX_R_CMS_ATTRS_MISSING);
	/* the content went by once: a digest that was not announced was not computed */
	if (signer.digest && !listed && (signer.has_attributes || signer.sig_digest))
		wax_signer_note(&signer, WAX_R_CMS_MALFORMED);
	*ret_signer = signer;
	return true;
}

WaxCounterList wax_cms_counter_list(const WaxSigner *signer)
{
	return (WaxCounterList){ wax_ber(signer->unsigned_attributes), wax_ber(WAX_SPAN_NONE) };
}

/* next_values - the values of the next countersignature attribute */
static bool next_values(WaxCounterList *list, WaxFault *fault)
{
	WaxSpan attribute, oid, values;
	WaxBer inner;

	if (!wax_ber_take(&list->attributes, WAX_TAG_SEQUENCE, &attribute, fault))
		return false;
	inner = wax_ber(attribute);
	if (!wax_ber_take(&inner, WAX_TAG_OID, &oid, fault))
		return false;
	if (!wax_span_equal(oid, oid_countersignature))
		return true;
	if (!wax_ber_take(&inner, WAX_TAG_SET, &values, fault))
		return false;
	list->values = wax_ber(values);
	return true;
}

bool wax_cms_next_countersignature(WaxCounterList *list, WaxBuffer *room, WaxSigner *ret_signer,
	bool *ret_more, WaxFault *fault)
{
	WaxSigner signer = { .alg = WAX_SIG_ALG_NONE };
	WaxSpan body;

	while (wax_ber_at_end(&list->values) && !wax_ber_at_end(&list->attributes))
		if (!next_values(list, fault))
			return false;
	*ret_more = !wax_ber_at_end(&list->values);
	if (!*ret_more)
		return true;
	if (!wax_ber_take(&list->values, WAX_TAG_SEQUENCE, &body, fault) ||
		!read_signer(body, WAX_SPAN_NONE, room, &signer, fault))
		return false;
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

/* set_that_begins - the part that is there of the body of a SET that is all of the content, in DER */
static bool set_that_begins(WaxSpan first, uint64_t octets, WaxSpan *ret_body)
{
	size_t header = 2;
	uint64_t length;

	if (first.n < 2 || first.p[0] != WAX_TAG_SET)
		return false;
	length = first.p[1];
	if (length > 0x80 && length <= 0x84) {
		header += (size_t)length - 0x80;
		length = 0;
		for (size_t i = 2; i < header && i < first.n; i++)
			length = length << 8 | first.p[i];
	}
	if (header > first.n || header + length != octets)
		return false;
	*ret_body = (WaxSpan){ first.p + header, first.n - header };
	return true;
}

bool wax_cms_looks_like_attributes(WaxSpan first, uint64_t octets)
{
	WaxSpan body, attribute, oid;
	WaxBer in;

	if (!set_that_begins(first, octets, &body))
		return false;
	for (in = wax_ber(body); !wax_ber_at_end(&in);) {
		WaxBer inner;

		/* the sets that are signed begin with short attributes, so what is cut off tells no more */
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
