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

typedef struct {
	WaxCmsId id;
	WaxDigestAlg digest;
	WaxSigAlg alg;
	WaxDigestAlg sig_digest; /* what the signature covers with; equals digest */
	WaxPss pss;		 /* when alg is PSS */
	WaxSpan signature;
	bool has_attributes;
	WaxSpan signed_octets; /* DER SET OF the signed attributes; empty without them */
	WaxSpan message_digest;
	bool has_time;
	int64_t signing_time;
	WaxSpan ess_hash; /* of the first ESSCertID; empty when absent */
	WaxDigestAlg ess_digest;
	WaxSpan capabilities; /* the attribute's value, whole */
	WaxSpan key_preference;
	unsigned countersignatures;
	WaxReason reason; /* NONE, or the rule it breaks */
} WaxSigner;

bool wax_cms_signed_head(
	const WaxCmsReader *reader, WaxVerifyPlan *ret_plan, WaxFault *fault) WAX_MUST_USE;
bool wax_cms_signed_tail(
	const WaxCmsReader *reader, WaxVerifyPlan *plan, WaxFault *fault) WAX_MUST_USE;

/* wax_cms_next_certificate - list = wax_ber(plan.certificates); other choices are skipped */
bool wax_cms_next_certificate(
	WaxBer *list, WaxSpan *ret_der, bool *ret_more, WaxFault *fault) WAX_MUST_USE;
bool wax_cms_next_signer(const WaxVerifyPlan *plan, WaxBer *list, WaxBuffer *room,
	WaxSigner *ret_signer, bool *ret_more, WaxFault *fault) WAX_MUST_USE;

/* wax_cms_verify_finish - the arithmetic: NONE means the signature is right */
WaxReason wax_cms_verify_finish(const WaxSigner *signer, WaxSpan content_digest, bool key_said);

/* wax_cms_looks_like_attributes - content that is a SET OF Attribute with a message digest (T-11) */
bool wax_cms_looks_like_attributes(WaxSpan content);

#endif
