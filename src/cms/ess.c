/* SPDX-License-Identifier: Apache-2.0 */
#include "cms/ess.h"

#define TAG_PRINTABLE 0x13
#define RFC822_NAME   (WAX_TAG_CONTEXT | 1)

static bool enter(WaxSpan value, uint8_t tag, WaxBer *ret_in)
{
	WaxSpan body;

	if (!wax_ber_only(value, tag, &body, NULL))
		return false;
	*ret_in = wax_ber(body);
	return true;
}

/* ReceiptsFrom ::= CHOICE { [0] INTEGER, [1] SEQUENCE OF GeneralNames }, implicit */
static bool read_from(WaxBer *in, WaxReceiptRequest *request)
{
	WaxElement choice;

	if (!wax_ber_next(in, &choice, NULL))
		return false;
	if (choice.tag == (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED | 1)) {
		request->from = WAX_RECEIPTS_FROM_LIST;
		request->from_list = choice.body;
		return true;
	}
	if (choice.tag != WAX_TAG_CONTEXT || choice.body.n != 1 || choice.body.p[0] > 1)
		return false;
	request->from = choice.body.p[0] ? WAX_RECEIPTS_FROM_FIRST_TIER : WAX_RECEIPTS_FROM_ALL;
	return true;
}

bool wax_ess_receipt_request(WaxSpan value, WaxReceiptRequest *ret_request)
{
	WaxReceiptRequest request = { .from = WAX_RECEIPTS_FROM_ALL };
	WaxBer in;

	if (!enter(value, WAX_TAG_SEQUENCE, &in) ||
		!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &request.content_id, NULL) ||
		!read_from(&in, &request) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &request.to_list, NULL) ||
		!wax_ber_at_end(&in))
		return false;
	*ret_request = request;
	return true;
}

bool wax_ess_label(WaxSpan value, WaxSecurityLabel *ret_label)
{
	WaxSecurityLabel label = { .has_classification = false };
	WaxElement element;
	WaxBer in, number;

	if (!enter(value, WAX_TAG_SET, &in))
		return false;
	while (!wax_ber_at_end(&in)) {
		WaxBer before = in;

		if (!wax_ber_next(&in, &element, NULL))
			return false;
		if (element.tag == WAX_TAG_OID) {
			label.policy = element.body;
		} else if (element.tag == WAX_TAG_INTEGER) {
			number = before;
			label.has_classification = true;
			if (!wax_ber_take_small(&number, &label.classification, NULL))
				return false;
		} else if (element.tag == WAX_TAG_UTF8 || element.tag == TAG_PRINTABLE) {
			label.privacy_mark = element.body;
		} else if (element.tag == WAX_TAG_SET) {
			label.categories = element.body;
		}
	}
	*ret_label = label;
	return label.policy.n > 0;
}

bool wax_ess_hints(WaxSpan value, WaxSpan *ret_description, WaxSpan *ret_type)
{
	WaxBer in;

	*ret_description = WAX_SPAN_NONE;
	return enter(value, WAX_TAG_SEQUENCE, &in) &&
	       (wax_ber_peek(&in) != WAX_TAG_UTF8 ||
		       wax_ber_take(&in, WAX_TAG_UTF8, ret_description, NULL)) &&
	       wax_ber_take(&in, WAX_TAG_OID, ret_type, NULL);
}

static bool read_reference(WaxBer *in, WaxReceipt *ret_receipt)
{
	return wax_ber_take(in, WAX_TAG_OID, &ret_receipt->content_type, NULL) &&
	       wax_ber_take(in, WAX_TAG_OCTET_STRING, &ret_receipt->content_id, NULL) &&
	       wax_ber_take(in, WAX_TAG_OCTET_STRING, &ret_receipt->signature, NULL) &&
	       wax_ber_at_end(in);
}

bool wax_ess_reference(WaxSpan value, WaxReceipt *ret_reference)
{
	WaxBer in;

	return enter(value, WAX_TAG_SEQUENCE, &in) && read_reference(&in, ret_reference);
}

bool wax_ess_receipt(WaxSpan value, WaxReceipt *ret_receipt)
{
	uint32_t version;
	WaxBer in;

	return enter(value, WAX_TAG_SEQUENCE, &in) && wax_ber_take_small(&in, &version, NULL) &&
	       version == 1 && read_reference(&in, ret_receipt);
}

bool wax_ess_list(WaxSpan value, WaxBer *ret_list)
{
	return enter(value, WAX_TAG_SEQUENCE, ret_list);
}

/* SecureHeaderFields ::= SET { canonAlgorithm, secHeaderFields SEQUENCE OF HeaderField } */
bool wax_ess_header_fields(WaxSpan value, WaxBer *ret_list)
{
	WaxElement element;
	WaxBer in;

	if (!enter(value, WAX_TAG_SET, &in))
		return false;
	while (!wax_ber_at_end(&in)) {
		if (!wax_ber_next(&in, &element, NULL))
			return false;
		if (element.tag == WAX_TAG_SEQUENCE) {
			*ret_list = wax_ber(element.body);
			return true;
		}
	}
	return false;
}

bool wax_ess_next_field(WaxBer *list, WaxSecureField *ret_field)
{
	WaxSecureField field = { .status = 0 };
	WaxElement name, value;
	WaxSpan body;
	WaxBer in;

	if (wax_ber_at_end(list) || !wax_ber_take(list, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	in = wax_ber(body);
	if (!wax_ber_next(&in, &name, NULL) || !wax_ber_next(&in, &value, NULL))
		return false;
	field.name = name.body;
	field.value = value.body;
	if (!wax_ber_at_end(&in) && !wax_ber_take_small(&in, &field.status, NULL))
		return false;
	*ret_field = field;
	return true;
}

bool wax_ess_expansion_time(WaxSpan element, int64_t *ret_time)
{
	WaxElement list, time;
	WaxCivil civil;
	WaxBer in;

	if (!enter(element, WAX_TAG_SEQUENCE, &in) || !wax_ber_next(&in, &list, NULL) ||
		!wax_ber_next(&in, &time, NULL) || !wax_ber_time(time.tag, time.body, &civil))
		return false;
	*ret_time = wax_civil_seconds(&civil);
	return true;
}

WaxEssAddresses wax_ess_addresses(WaxSpan list)
{
	return (WaxEssAddresses){ wax_ber(list), wax_ber(WAX_SPAN_NONE) };
}

bool wax_ess_next_address(WaxEssAddresses *list, WaxSpan *ret_address)
{
	WaxElement name;
	WaxSpan names;

	for (;;) {
		while (wax_ber_at_end(&list->names)) {
			if (wax_ber_at_end(&list->list) ||
				!wax_ber_take(&list->list, WAX_TAG_SEQUENCE, &names, NULL))
				return false;
			list->names = wax_ber(names);
		}
		if (!wax_ber_next(&list->names, &name, NULL))
			return false;
		if (name.tag != RFC822_NAME)
			continue;
		*ret_address = name.body;
		return true;
	}
}

void wax_ess_put_receipt(WaxDer *out, const WaxReceipt *receipt)
{
	size_t mark = wax_der_mark(out);

	wax_der_put(out, WAX_TAG_OCTET_STRING, receipt->signature);
	wax_der_put(out, WAX_TAG_OCTET_STRING, receipt->content_id);
	wax_der_oid(out, receipt->content_type);
	wax_der_small(out, 1);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
}
