/* SPDX-License-Identifier: Apache-2.0 */
#include "cms/open.h"

#include "asn1/der.h"

#define CONTEXT(n)     (WAX_TAG_CONTEXT | (n))
#define CONSTRUCTED(n) (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED | (n))

WAX_OID(oid_rsa, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01);
WAX_OID(oid_oaep, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07);
WAX_OID(oid_ec, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01);

/* RFC 5084 3.2: the nonce, and how many octets of tag; absent means 12 (R-47, P-08) */
static bool read_gcm(WaxSpan parameters, WaxOpenPlan *plan, WaxFault *fault)
{
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
	if (plan->iv.n == 0 || plan->iv.n > 128)
		return wax_fault(fault, WAX_R_CMS_MALFORMED, 0);
	if (plan->tag_size < 12 || plan->tag_size > 16)
		return wax_fault(fault, WAX_R_CMS_TAG_LENGTH, 0);
	return true;
}

static bool read_cipher(WaxSpan algorithm, WaxOpenPlan *plan, WaxFault *fault)
{
	WaxSpan parameters;

	if (!wax_ber_algorithm(algorithm, &plan->cipher_oid, &parameters, fault))
		return false;
	plan->cipher = wax_cipher_from_oid(plan->cipher_oid);
	if (plan->cipher == WAX_CIPHER_NONE)
		return true;
	/* AEAD belongs into AuthEnvelopedData, and nothing else does (RFC 5084, d.14) */
	if (wax_cipher_is_aead(plan->cipher) != (plan->type == WAX_CMS_AUTH_ENVELOPED)) {
		plan->cipher = WAX_CIPHER_NONE;
		return true;
	}
	if (wax_cipher_is_aead(plan->cipher))
		return read_gcm(parameters, plan, fault);
	if (!wax_ber_only(parameters, WAX_TAG_OCTET_STRING, &plan->iv, fault))
		return false;
	if (plan->iv.n != wax_cipher_block_size(plan->cipher))
		return wax_fault(fault, WAX_R_CMS_MALFORMED, 0);
	return true;
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

static bool read_ktri(WaxSpan body, WaxRecipient *out, WaxFault *fault)
{
	WaxSpan algorithm, oid, parameters;
	uint32_t version;
	WaxBer in = wax_ber(body);

	if (!wax_ber_take_small(&in, &version, fault) ||
		!wax_cms_read_id(&in, CONTEXT(0), &out->id, fault) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!wax_ber_algorithm(algorithm, &oid, &parameters, fault) ||
		!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &out->wrapped_key, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	out->kind = WAX_RECIPIENT_KTRI;
	if (wax_span_equal(oid, oid_rsa)) {
		out->alg = WAX_KEYENC_RSA;
	} else if (wax_span_equal(oid, oid_oaep)) {
		WaxFault unread;

		/* parameters that cannot be read make this recipient unusable, not the message */
		if (wax_cms_read_oaep(parameters, &out->oaep, &unread) && out->oaep.digest &&
			out->oaep.mgf_digest)
			out->alg = WAX_KEYENC_OAEP;
	}
	return true;
}

/* OriginatorPublicKey (RFC 5753 3.1.1); other originators cannot be used here */
static bool read_originator(WaxSpan body, WaxRecipient *out, WaxFault *fault)
{
	WaxBer in = wax_ber(body);
	WaxSpan key, algorithm, oid, parameters, bits;

	if (wax_ber_peek(&in) != CONSTRUCTED(1))
		return true;
	if (!wax_ber_take(&in, CONSTRUCTED(1), &key, fault))
		return false;
	in = wax_ber(key);
	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!wax_ber_algorithm(algorithm, &oid, &parameters, fault) ||
		!wax_ber_take(&in, WAX_TAG_BIT_STRING, &bits, fault))
		return false;
	if (bits.n < 2 || bits.p[0] != 0)
		return wax_fault(fault, WAX_R_CMS_MALFORMED, 0);
	if (wax_span_equal(oid, oid_ec))
		out->originator = (WaxSpan){ bits.p + 1, bits.n - 1 };
	return true;
}

static bool read_kari_algorithm(WaxSpan algorithm, WaxRecipient *out, WaxFault *fault)
{
	WaxSpan oid, parameters, wrap, wrap_oid, wrap_parameters;

	if (!wax_ber_algorithm(algorithm, &oid, &parameters, fault))
		return false;
	out->kdf = wax_kdf_from_oid(oid, &out->cofactor);
	if (out->kdf == WAX_DIGEST_NONE || !parameters.p)
		return true;
	if (!wax_ber_only(parameters, WAX_TAG_SEQUENCE, &wrap, fault) ||
		!wax_ber_algorithm(wrap, &wrap_oid, &wrap_parameters, fault))
		return false;
	out->wrap = wax_wrap_from_oid(wrap_oid);
	out->wrap_identifier = parameters;
	if (out->wrap && out->originator.n)
		out->alg = WAX_KEYENC_ECDH;
	return true;
}

/* begin_kari - the part that its RecipientEncryptedKeys share */
static bool begin_kari(WaxRecipients *list, WaxSpan body, WaxFault *fault)
{
	WaxRecipient kari = { .kind = WAX_RECIPIENT_KARI };
	WaxSpan originator, wrapped, algorithm, keys;
	uint32_t version;
	WaxBer in = wax_ber(body);

	if (!wax_ber_take_small(&in, &version, fault) ||
		!wax_ber_take(&in, CONSTRUCTED(0), &originator, fault) ||
		!read_originator(originator, &kari, fault))
		return false;
	if (wax_ber_peek(&in) == CONSTRUCTED(1)) {
		if (!wax_ber_take(&in, CONSTRUCTED(1), &wrapped, fault) ||
			!wax_ber_only(wrapped, WAX_TAG_OCTET_STRING, &kari.ukm, fault))
			return false;
		if (kari.ukm.n > 512)
			return wax_fault(fault, WAX_R_CMS_TOO_LARGE, in.at);
	}
	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!read_kari_algorithm(algorithm, &kari, fault) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &keys, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	list->kari = kari;
	list->keys = wax_ber(keys);
	return true;
}

/* KeyAgreeRecipientIdentifier: rKeyId is [0] RecipientKeyIdentifier */
static bool next_of_kari(WaxRecipients *list, WaxRecipient *out, WaxFault *fault)
{
	WaxSpan body, key_id;
	WaxBer in, inner;

	*out = list->kari;
	if (!wax_ber_take(&list->keys, WAX_TAG_SEQUENCE, &body, fault))
		return false;
	in = wax_ber(body);
	if (wax_ber_peek(&in) == CONSTRUCTED(0)) {
		if (!wax_ber_take(&in, CONSTRUCTED(0), &key_id, fault))
			return false;
		inner = wax_ber(key_id);
		if (!wax_ber_take(&inner, WAX_TAG_OCTET_STRING, &out->id.key_id, fault))
			return false;
	} else if (!wax_cms_read_id(&in, 0, &out->id, fault)) {
		return false;
	}
	if (!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &out->wrapped_key, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	return true;
}

static bool next_info(WaxRecipients *list, WaxRecipient *out, bool *ret_found, WaxFault *fault)
{
	WaxElement info;

	*out = (WaxRecipient){ .kind = WAX_RECIPIENT_OTHER };
	*ret_found = true;
	if (!wax_ber_next(&list->infos, &info, fault))
		return false;
	switch (info.tag) {
	case WAX_TAG_SEQUENCE:
		return read_ktri(info.body, out, fault);
	case CONSTRUCTED(1):
		*ret_found = false;
		return begin_kari(list, info.body, fault);
	case CONSTRUCTED(2):
		out->kind = WAX_RECIPIENT_KEKRI;
		return true;
	case CONSTRUCTED(3):
		out->kind = WAX_RECIPIENT_PWRI;
		return true;
	case CONSTRUCTED(4):
		return true;
	default:
		return wax_fault(fault, WAX_R_DER_UNEXPECTED, list->infos.at);
	}
}

bool wax_cms_next_recipient(
	WaxRecipients *list, WaxRecipient *ret_recipient, bool *ret_more, WaxFault *fault)
{
	WaxRecipient out;
	bool found = false;

	while (!found) {
		if (!wax_ber_at_end(&list->keys)) {
			if (!next_of_kari(list, &out, fault))
				return false;
			found = true;
		} else if (wax_ber_at_end(&list->infos)) {
			*ret_more = false;
			return true;
		} else if (!next_info(list, &out, &found, fault)) {
			return false;
		}
	}
	if (++list->count > WAX_CMS_RECIPIENTS_MAX)
		return wax_fault(fault, WAX_R_CMS_TOO_MANY_RECIPIENTS, list->infos.at);
	*ret_recipient = out;
	*ret_more = true;
	return true;
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

bool wax_cms_shared_info(
	WaxSpan wrap_identifier, WaxSpan ukm, WaxWrapAlg wrap, WaxBuffer *out, WaxFault *fault)
{
	uint32_t bits = (uint32_t)wax_wrap_key_size(wrap) * 8;
	uint8_t pub[4] = { (uint8_t)(bits >> 24), (uint8_t)(bits >> 16), (uint8_t)(bits >> 8),
		(uint8_t)bits };
	WaxDer der = wax_der(out->p + out->n, out->room - out->n);
	size_t inner;

	wax_der_put(&der, WAX_TAG_OCTET_STRING, (WaxSpan){ pub, 4 });
	wax_der_wrap(&der, CONSTRUCTED(2), 0);
	if (ukm.p) {
		inner = wax_der_mark(&der);
		wax_der_put(&der, WAX_TAG_OCTET_STRING, ukm);
		wax_der_wrap(&der, CONSTRUCTED(0), inner);
	}
	wax_der_raw(&der, wrap_identifier);
	wax_der_wrap(&der, WAX_TAG_SEQUENCE, 0);
	if (der.full)
		return wax_fault(fault, WAX_R_CMS_NO_ROOM, 0);
	for (size_t i = 0; i < der.needed; i++)
		out->p[out->n + i] = der.p[der.at + i];
	out->n += der.needed;
	return true;
}
