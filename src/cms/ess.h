/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cms/ess - attributes of Enhanced Security Services, and receipts
 *
 * DESCRIPTION
 *	Reads RFC 2634 and RFC 5035: receipt requests, receipts, security
 *	labels, mail list expansion history, content hints and references;
 *	RFC 7508: secure header fields.  Writes receipts (RFC 2634 2.8).
 *
 * NOT CHECKED HERE
 *	Whether anybody should act on them: that takes a valid signature and
 *	a policy.
 *
 * OWNERSHIP
 *	Freestanding; spans point into the attribute.
 *
 * ERRORS
 *	false: the attribute cannot be read.
 */
#ifndef WAX_CMS_ESS_H
#define WAX_CMS_ESS_H

#include "asn1/ber.h"
#include "asn1/der.h"

typedef enum {
	WAX_RECEIPTS_FROM_ALL,
	WAX_RECEIPTS_FROM_FIRST_TIER,
	WAX_RECEIPTS_FROM_LIST,
} WaxReceiptsFrom;

typedef struct {
	WaxSpan content_id;
	WaxReceiptsFrom from;
	WaxSpan from_list, to_list; /* bodies, SEQUENCE OF GeneralNames: wax_ess_next_address */
} WaxReceiptRequest;

typedef struct {
	WaxSpan content_type; /* OID body */
	WaxSpan content_id;
	WaxSpan signature; /* of the message that it is for */
} WaxReceipt;

typedef struct {
	WaxSpan policy; /* OID body */
	bool has_classification;
	uint32_t classification;
	WaxSpan privacy_mark; /* characters; empty: none */
	WaxSpan categories;   /* body; empty: none */
} WaxSecurityLabel;

typedef struct {
	WaxSpan name, value;
	uint32_t status; /* 0 duplicated, 1 deleted, 2 modified (RFC 7508 4.1) */
} WaxSecureField;

/* each takes the attribute's value, whole */
bool wax_ess_receipt_request(WaxSpan value, WaxReceiptRequest *ret_request) WAX_MUST_USE;
bool wax_ess_label(WaxSpan value, WaxSecurityLabel *ret_label) WAX_MUST_USE;
bool wax_ess_hints(WaxSpan value, WaxSpan *ret_description, WaxSpan *ret_type) WAX_MUST_USE;
/* a content reference has the fields of a receipt, which has a version before them */
bool wax_ess_reference(WaxSpan value, WaxReceipt *ret_reference) WAX_MUST_USE;
bool wax_ess_receipt(WaxSpan value, WaxReceipt *ret_receipt) WAX_MUST_USE;

/* wax_ess_list - the elements of equivalentLabels, of mlExpansionHistory, of secure header fields */
bool wax_ess_list(WaxSpan value, WaxBer *ret_list) WAX_MUST_USE;
bool wax_ess_header_fields(WaxSpan value, WaxBer *ret_list) WAX_MUST_USE;
bool wax_ess_next_field(WaxBer *list, WaxSecureField *ret_field) WAX_MUST_USE;

/* wax_ess_expansion_time - of one element of the history */
bool wax_ess_expansion_time(WaxSpan element, int64_t *ret_time) WAX_MUST_USE;

/* wax_ess_next_address - the next rfc822Name; list = wax_ber(request.to_list) */
typedef struct {
	WaxBer list, names;
} WaxEssAddresses;
WaxEssAddresses wax_ess_addresses(WaxSpan list);
bool wax_ess_next_address(WaxEssAddresses *list, WaxSpan *ret_address);

void wax_ess_put_receipt(WaxDer *out, const WaxReceipt *receipt);

#endif
