/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cms/verify - what must be checked before a signature counts?
 *
 * SYNOPSIS
 *	wax_cms_signed_head(&reader, &plan, &fault);     at HEAD: which digests to compute
 *	wax_cms_signed_tail(&reader, &plan, &fault);     at END
 *	WaxBer list = wax_ber(plan.signer_infos);
 *	while (wax_cms_next_signer(&plan, &list, &room, &signer, &more, &fault) && more)
 *		... ask the public key about signer.signed_octets ...
 *		reason = wax_cms_verify_finish(&signer, digest, key_said);
 *
 * DESCRIPTION
 *	Reads CMS SignedData (RFC 5652 section 5, RFC 8551 section 2) and says
 *	for every signer which octets were signed, by which algorithms, and
 *	what the signed attributes claim.  Answers one question only: do the
 *	signature values match the content under the keys they name?
 *
 * NOT CHECKED HERE
 *	Certificates, dates, addresses; the signing time is a claim.
 *
 * OWNERSHIP
 *	Freestanding.  Spans point into the reader's buffers or into `room`,
 *	which receives the DER of the signed attributes (RFC 5652 5.4).
 *
 * ERRORS
 *	false: the structure cannot be read (DER_*, CMS_MALFORMED,
 *	CMS_TOO_MANY_SIGNERS, CMS_TOO_MANY_ATTRS).  What breaks a rule of one
 *	signer is that signer's reason: attrs_missing, attrs_duplicate,
 *	attrs_malformed, content_type_mismatch, algorithm_mismatch,
 *	no_signed_attributes, signature_unsupported, digest_mismatch,
 *	signature_mismatch.
 *
 * LIMITS
 *	L-06, L-09.
 */
#ifndef WAX_CMS_VERIFY_H
#define WAX_CMS_VERIFY_H

#include "cms/open.h"

#define WAX_CMS_DIGESTS_MAX 8

typedef struct {
	WaxSpan content_type; /* OID body */
	bool has_content;
	WaxDigestAlg digests[WAX_CMS_DIGESTS_MAX]; /* distinct, those that we know */
	unsigned digest_count;
	WaxSpan certificates; /* bodies of the fields; empty when absent */
	WaxSpan crls;
	WaxSpan signer_infos;
	unsigned signer_count;
} WaxVerifyPlan;

/* signed attributes that are handed on as they are; cms/ess reads most of them */
typedef enum {
	WAX_ATTRIBUTE_CAPABILITIES,
	WAX_ATTRIBUTE_KEY_PREFERENCE,
	WAX_ATTRIBUTE_RECEIPT_REQUEST,
	WAX_ATTRIBUTE_SECURITY_LABEL,
	WAX_ATTRIBUTE_EQUIVALENT_LABELS,
	WAX_ATTRIBUTE_LIST_HISTORY, /* mlExpansionHistory */
	WAX_ATTRIBUTE_CONTENT_HINTS,
	WAX_ATTRIBUTE_CONTENT_IDENTIFIER,
	WAX_ATTRIBUTE_CONTENT_REFERENCE,
	WAX_ATTRIBUTE_MSG_SIG_DIGEST,
	WAX_ATTRIBUTE_HEADER_FIELDS, /* RFC 7508 */
	WAX_ATTRIBUTE_COUNT_
} WaxAttribute;

/* the first ESSCertID or ESSCertIDv2 (RFC 5035) */
typedef struct {
	WaxSpan hash; /* empty: the attribute is absent */
	WaxDigestAlg digest;
} WaxEssCertId;

typedef struct {
	WaxCmsId id;
	WaxDigestAlg digest;
	WaxSigAlg alg;
	WaxDigestAlg
		sig_digest; /* what the signature covers with; equals digest; NONE: the octets themselves */
	WaxPss pss;	    /* when alg is PSS */
	WaxSpan signature;
	bool has_attributes;
	WaxSpan signed_octets; /* DER SET OF the signed attributes; empty without them */
	WaxSpan message_digest;
	bool has_time;
	int64_t signing_time;
	WaxSpan received_octets; /* the same in the order received; empty when that is the DER order */
	WaxEssCertId ess[2];		     /* of signingCertificate, of signingCertificateV2 */
	WaxSpan named[WAX_ATTRIBUTE_COUNT_]; /* values, whole; empty when absent */
	WaxSpan unsigned_attributes;	     /* body of the field */
	bool weak_digest;		     /* weaker than the signature beside it */
	WaxReason reason;		     /* NONE, or the rule it breaks */
} WaxSigner;

/* where wax_cms_next_countersignature is */
typedef struct {
	WaxBer attributes, values;
} WaxCounterList;

bool wax_cms_signed_head(
	const WaxCmsReader *reader, WaxVerifyPlan *ret_plan, WaxFault *fault) WAX_MUST_USE;
bool wax_cms_signed_tail(
	const WaxCmsReader *reader, WaxVerifyPlan *plan, WaxFault *fault) WAX_MUST_USE;

/* wax_cms_next_certificate - list = wax_ber(plan.certificates); other choices are skipped */
bool wax_cms_next_certificate(
	WaxBer *list, WaxSpan *ret_der, bool *ret_more, WaxFault *fault) WAX_MUST_USE;
bool wax_cms_next_signer(const WaxVerifyPlan *plan, WaxBer *list, WaxBuffer *room,
	WaxSigner *ret_signer, bool *ret_more, WaxFault *fault) WAX_MUST_USE;

/* wax_cms_next_countersignature - list = wax_cms_counter_list(&signer); they cover signer.signature (RFC 5652 11.4) */
WaxCounterList wax_cms_counter_list(const WaxSigner *signer);
bool wax_cms_next_countersignature(WaxCounterList *list, WaxBuffer *room, WaxSigner *ret_signer,
	bool *ret_more, WaxFault *fault) WAX_MUST_USE;

/* wax_cms_verify_finish - the arithmetic: NONE means the signature is right */
WaxReason wax_cms_verify_finish(const WaxSigner *signer, WaxSpan content_digest, bool key_said);

/* wax_cms_looks_like_attributes - content that is a SET OF Attribute with a message digest (T-11); its `first` octets are enough */
bool wax_cms_looks_like_attributes(WaxSpan first, uint64_t octets);

#endif
