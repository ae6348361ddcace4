/* SPDX-License-Identifier: Apache-2.0 */
#include "cms/open.h"

#define CONSTRUCTED(n) (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED | (n))

WAX_OID(oid_cek_hkdf, WAX_OID_SMIME(3, 31));

/* RFC 5084 3.1 and 3.2: the nonce, and how many octets of tag; absent means 12 (R-47, P-08) */
static bool read_gcm_or_ccm(WaxSpan parameters, WaxOpenPlan *plan, WaxFault *fault)
{
	bool ccm = wax_cipher_is_ccm(plan->cipher);
	WaxSpan body;
	WaxBer in;

	plan->tag_size = 12;
	if (!wax_ber_only(parameters, WAX_TAG_SEQUENCE, &body, fault))
		return false;
	in = wax_ber(body);
	if (!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &plan->iv, fault))
		return false;
	if (!wax_ber_at_end(&in) && !wax_ber_take_small(&in, &plan->tag_size, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	if (plan->iv.n < (ccm ? 7 : 1) || plan->iv.n > (ccm ? 13 : 128))
		return wax_fault(fault, WAX_R_CMS_MALFORMED, 0);
	if (plan->tag_size < 12 || plan->tag_size > 16 || (ccm && plan->tag_size % 2))
		return wax_fault(fault, WAX_R_CMS_TAG_LENGTH, 0);
	return true;
}

/* RC2CBCParameter (RFC 3370 5.2): the version stands for the effective key bits */
static bool read_rc2(WaxSpan parameters, WaxOpenPlan *plan, WaxFault *fault)
{
	uint32_t version;
	WaxSpan body;
	WaxBer in;

	if (!wax_ber_only(parameters, WAX_TAG_SEQUENCE, &body, fault))
		return false;
	in = wax_ber(body);
	if (!wax_ber_take_small(&in, &version, fault) ||
		!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &plan->iv, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	plan->cipher = version == 58	? WAX_CIPHER_RC2_128_CBC
		       : version == 120 ? WAX_CIPHER_RC2_64_CBC
		       : version == 160 ? WAX_CIPHER_RC2_40_CBC
					: WAX_CIPHER_NONE;
	return true;
}

static bool read_parameters(WaxSpan parameters, WaxOpenPlan *plan, WaxFault *fault)
{
	if (wax_cipher_is_rc2(plan->cipher)) {
		if (!read_rc2(parameters, plan, fault) || plan->cipher == WAX_CIPHER_NONE)
			return plan->cipher == WAX_CIPHER_NONE;
	} else if (plan->cipher == WAX_CIPHER_CHACHA20_POLY1305) { /* P-09 */
		plan->tag_size = 16;
		return wax_ber_only(parameters, WAX_TAG_OCTET_STRING, &plan->iv, fault) &&
		       (plan->iv.n == 12 || wax_fault(fault, WAX_R_CMS_MALFORMED, 0));
	} else if (wax_cipher_is_aead(plan->cipher)) {
		return read_gcm_or_ccm(parameters, plan, fault);
	} else if (!wax_ber_only(parameters, WAX_TAG_OCTET_STRING, &plan->iv, fault)) {
		return false;
	}
	if (plan->iv.n != wax_cipher_block_size(plan->cipher))
		return wax_fault(fault, WAX_R_CMS_MALFORMED, 0);
	return true;
}

/* unpack_derived - RFC 9709: the parameters are the AlgorithmIdentifier that is meant */
static bool unpack_derived(WaxSpan *parameters, WaxOpenPlan *plan, WaxFault *fault)
{
	WaxSpan inner;

	if (!wax_span_equal(plan->cipher_oid, oid_cek_hkdf))
		return true;
	plan->cek_info = *parameters;
	return wax_ber_only(*parameters, WAX_TAG_SEQUENCE, &inner, fault) &&
	       wax_ber_algorithm(inner, &plan->cipher_oid, parameters, fault);
}

static bool read_cipher(WaxSpan algorithm, WaxOpenPlan *plan, WaxFault *fault)
{
	WaxSpan parameters;

	if (!wax_ber_algorithm(algorithm, &plan->cipher_oid, &parameters, fault) ||
		!unpack_derived(&parameters, plan, fault))
		return false;
	plan->cipher = wax_cipher_from_oid(plan->cipher_oid);
	if (plan->cipher == WAX_CIPHER_NONE)
		return true;
	/* AEAD belongs into AuthEnvelopedData, and nothing else does (RFC 5084, d.14) */
	if (wax_cipher_is_aead(plan->cipher) != (plan->type == WAX_CMS_AUTH_ENVELOPED)) {
		plan->cipher = WAX_CIPHER_NONE;
		return true;
	}
	return read_parameters(parameters, plan, fault);
}

bool wax_cms_open_plan(const WaxCmsReader *reader, WaxOpenPlan *ret_plan, WaxFault *fault)
{
	WaxBer head = wax_ber((WaxSpan){ reader->head.p, reader->head_split });
	WaxBer info = wax_ber((WaxSpan){
		reader->head.p + reader->head_split, reader->head.n - reader->head_split });
	WaxOpenPlan plan = { .type = reader->type };
	WaxSpan algorithm, ignored;

	if (reader->type != WAX_CMS_ENVELOPED && reader->type != WAX_CMS_AUTH_ENVELOPED)
		return wax_fault(fault, WAX_R_CMS_MALFORMED, 0);
	if (!wax_ber_take_small(&head, &plan.version, fault))
		return false;
	if (wax_ber_peek(&head) == CONSTRUCTED(0) &&
		!wax_ber_take(&head, CONSTRUCTED(0), &ignored, fault)) /* originatorInfo */
		return false;
	if (!wax_ber_take(&head, WAX_TAG_SET, &plan.recipient_infos, fault))
		return false;
	if (!wax_ber_at_end(&head))
		return wax_fault(fault, WAX_R_DER_TRAILING, head.at);
	if (!wax_ber_take(&info, WAX_TAG_OID, &plan.content_type, fault) ||
		!wax_ber_take(&info, WAX_TAG_SEQUENCE, &algorithm, fault))
		return false;
	if (!wax_ber_at_end(&info))
		return wax_fault(fault, WAX_R_DER_TRAILING, info.at);
	if (!reader->has_content)
		return wax_fault(fault, WAX_R_CMS_MALFORMED, 0);
	if (!read_cipher(algorithm, &plan, fault))
		return false;
	*ret_plan = plan;
	return true;
}

WaxRecipients wax_cms_recipients(const WaxOpenPlan *plan)
{
	return (WaxRecipients){ .infos = wax_ber(plan->recipient_infos) };
}

/* RFC 5083 2.2: the AAD is the DER of authAttrs with the universal SET OF tag */
static bool read_auth_attributes(WaxSpan whole, WaxOpenPlan *plan, WaxBuffer *room, WaxFault *fault)
{
	size_t from = room->n;

	if (!wax_ber_to_der(whole, room, fault))
		return false;
	room->p[from] = WAX_TAG_SET;
	plan->auth_attributes = (WaxSpan){ room->p + from, room->n - from };
	return true;
}

bool wax_cms_open_finish(
	const WaxCmsReader *reader, WaxOpenPlan *plan, WaxBuffer *room, WaxFault *fault)
{
	WaxBer tail = wax_ber((WaxSpan){ reader->tail.p, reader->tail.n });
	WaxSpan whole, ignored;

	if (plan->type == WAX_CMS_AUTH_ENVELOPED) {
		if (wax_ber_peek(&tail) == CONSTRUCTED(1)) {
			if (!wax_ber_take_whole(&tail, CONSTRUCTED(1), &whole, fault) ||
				!read_auth_attributes(whole, plan, room, fault))
				return false;
		}
		if (!wax_ber_take(&tail, WAX_TAG_OCTET_STRING, &plan->tag, fault))
			return false;
		/* T-27: a shorter tag than announced is a forgery made easy */
		if (plan->cipher && plan->tag.n != plan->tag_size)
			return wax_fault(fault, WAX_R_CMS_TAG_LENGTH, tail.at);
		if (wax_ber_peek(&tail) == CONSTRUCTED(2) &&
			!wax_ber_take(&tail, CONSTRUCTED(2), &ignored, fault))
			return false;
	} else if (wax_ber_peek(&tail) == CONSTRUCTED(1) &&
		   !wax_ber_take(&tail, CONSTRUCTED(1), &ignored, fault)) {
		return false;
	}
	if (!wax_ber_at_end(&tail))
		return wax_fault(fault, WAX_R_DER_TRAILING, tail.at);
	return true;
}
