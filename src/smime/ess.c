/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/ess.h"

#include "asn1/identifiers.h"
#include "cms/ess.h"
#include "core/clock.h"
#include "crypto/digest.h"

#define LIST_MAX 64 /* L-09 */

static json_t *hex(WaxSpan bytes)
{
	g_autofree char *text = wax_hex(bytes);

	return json_string(text);
}

static json_t *text(WaxSpan bytes)
{
	g_autofree char *copy = g_strndup((const char *)bytes.p, bytes.n);
	g_autofree char *clean = g_utf8_make_valid(copy, -1);

	return bytes.n ? json_string(clean) : json_null();
}

static json_t *oid(WaxSpan body)
{
	char dotted[WAX_OID_TEXT];

	return json_string(wax_oid_text(body, dotted));
}

static json_t *addresses(WaxSpan list)
{
	WaxEssAddresses in = wax_ess_addresses(list);
	json_t *array = json_array();
	WaxSpan address;

	while (json_array_size(array) < LIST_MAX && wax_ess_next_address(&in, &address))
		json_array_append_new(array, text(address));
	return array;
}

static json_t *receipt_request(WaxSpan value)
{
	WaxReceiptRequest request;
	json_t *from;

	if (!wax_ess_receipt_request(value, &request))
		return json_null();
	from = request.from == WAX_RECEIPTS_FROM_LIST
		       ? addresses(request.from_list)
		       : json_string(request.from == WAX_RECEIPTS_FROM_ALL ? "all" : "first_tier");
	return json_pack("{s:o,s:o,s:o}", "content_id", hex(request.content_id), "from", from, "to",
		addresses(request.to_list));
}

static json_t *label(WaxSpan value)
{
	WaxSecurityLabel read;

	if (!wax_ess_label(value, &read))
		return json_null();
	return json_pack("{s:o,s:o,s:o,s:b}", "policy", oid(read.policy), "classification",
		read.has_classification ? json_integer(read.classification) : json_null(),
		"privacy_mark", text(read.privacy_mark), "categories", read.categories.n > 0);
}

static json_t *elements(WaxSpan value, json_t *(*describe)(WaxSpan element))
{
	json_t *array = json_array();
	WaxElement element;
	WaxBer list;

	if (!wax_ess_list(value, &list))
		return array;
	while (json_array_size(array) < LIST_MAX && !wax_ber_at_end(&list) &&
		wax_ber_next(&list, &element, NULL))
		json_array_append_new(array, describe(element.whole));
	return array;
}

static json_t *labels(WaxSpan value)
{
	return elements(value, label);
}

static json_t *expansion(WaxSpan element)
{
	g_autofree char *written = NULL;
	int64_t time;

	if (!wax_ess_expansion_time(element, &time))
		return json_null();
	written = wax_clock_rfc3339(time);
	return json_string(written);
}

static json_t *history(WaxSpan value)
{
	return elements(value, expansion);
}

static json_t *hints(WaxSpan value)
{
	WaxSpan description, type;

	if (!wax_ess_hints(value, &description, &type))
		return json_null();
	return json_pack("{s:o,s:o}", "description", text(description), "type", oid(type));
}

static json_t *reference(WaxSpan value)
{
	WaxReceipt read;

	if (!wax_ess_reference(value, &read))
		return json_null();
	return json_pack(
		"{s:o,s:o}", "type", oid(read.content_type), "content_id", hex(read.content_id));
}

/* an OCTET STRING, without its tag and length */
static json_t *octets(WaxSpan value)
{
	WaxSpan body;

	return wax_ber_only(value, WAX_TAG_OCTET_STRING, &body, NULL) ? hex(body) : json_null();
}

static json_t *header_fields(WaxSpan value)
{
	static const char *const statuses[] = { "duplicated", "deleted", "modified" };
	json_t *array = json_array();
	WaxSecureField field;
	WaxBer list;

	if (!wax_ess_header_fields(value, &list))
		return array;
	while (json_array_size(array) < LIST_MAX && wax_ess_next_field(&list, &field))
		json_array_append_new(array,
			json_pack("{s:o,s:o,s:s}", "name", text(field.name), "value",
				text(field.value), "status",
				field.status < G_N_ELEMENTS(statuses) ? statuses[field.status]
								      : "unknown"));
	return array;
}

static const struct {
	WaxAttribute attribute;
	const char *key;
	json_t *(*describe)(WaxSpan value);
} rows[] = {
	{ WAX_ATTRIBUTE_RECEIPT_REQUEST, "receipt_request", receipt_request },
	{ WAX_ATTRIBUTE_SECURITY_LABEL, "security_label", label },
	{ WAX_ATTRIBUTE_EQUIVALENT_LABELS, "equivalent_labels", labels },
	{ WAX_ATTRIBUTE_LIST_HISTORY, "list_history", history },
	{ WAX_ATTRIBUTE_CONTENT_HINTS, "content_hints", hints },
	{ WAX_ATTRIBUTE_CONTENT_IDENTIFIER, "content_identifier", octets },
	{ WAX_ATTRIBUTE_CONTENT_REFERENCE, "content_reference", reference },
	{ WAX_ATTRIBUTE_MSG_SIG_DIGEST, "msg_sig_digest", octets },
	{ WAX_ATTRIBUTE_HEADER_FIELDS, "secure_header_fields", header_fields },
};

json_t *wax_ess_json(const WaxVerdictSigner *signer)
{
	json_t *object = json_object();

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GBytes *value = signer->named[rows[i].attribute];
		gsize n;
		const uint8_t *p = value ? g_bytes_get_data(value, &n) : NULL;

		if (p)
			json_object_set_new(object, rows[i].key, rows[i].describe(WAX_SPAN(p, n)));
	}
	/* whoever may not sign may not label either */
	if (signer->named[WAX_ATTRIBUTE_SECURITY_LABEL])
		json_object_set_new(object, "label_counts",
			json_boolean(signer->verdict == WAX_SIGNATURE_VALID_TRUSTED));
	if (json_object_size(object))
		return object;
	json_decref(object);
	return NULL;
}
