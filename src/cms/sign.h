/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cms/sign - the octets to be signed, and the SignedData around the signature
 *
 * SYNOPSIS
 *	wax_cms_sign_plan(&request, &attributes, &fault);
 *	... the caller signs the attributes, wherever the key is ...
 *	wax_cms_sign_finish(&request, attributes, signature, certs, n, content, &head, &tail, &fault);
 *
 * DESCRIPTION
 *	Writes SignedData (RFC 5652 section 5) with one signer or several, and
 *	the signed attributes of the send profile (SMIME.md 5.1): content type, message
 *	digest, signing time, capabilities, signing certificate (RFC 5035),
 *	algorithm protection (RFC 6211), encryption key preference.  DER
 *	throughout: the caller knows the content's length.  A detached
 *	signature is head and tail together; an opaque one has the content
 *	between them.
 *
 * OWNERSHIP
 *	Freestanding.  Buffers are the caller's; head and tail are written
 *	backwards and read with wax_der_span.
 *
 * ERRORS
 *	CMS_NO_ROOM, CMS_ALGORITHM_UNSUPPORTED.
 */
#ifndef WAX_CMS_SIGN_H
#define WAX_CMS_SIGN_H

#include "asn1/algorithms.h"
#include "asn1/der.h"

typedef struct {
	WaxDigestAlg digest;
	WaxSigAlg alg;
	WaxPss pss; /* when alg is PSS and the digest in it is not NONE; else the usual */
	WaxSpan issuer_and_serial; /* of the signer's certificate, whole DER */
	WaxSpan key_id;		   /* its subjectKeyIdentifier: named by this instead; empty: not */
	WaxSpan content_type;	   /* OID body; empty: id-data */
	WaxSpan more_attributes;   /* further signed ones, each whole; empty: none */
	WaxSpan certificate_sha256; /* 32 octets */
	WaxSpan message_digest;
	bool has_time;
	int64_t signing_time;
	WaxSpan encryption_certificate; /* IssuerAndSerialNumber, whole; empty: no preference is sent */
} WaxSignRequest;

/* wax_cms_sign_plan - appends the DER SET OF to be signed */
bool wax_cms_sign_plan(const WaxSignRequest *request, WaxBuffer *out, WaxFault *fault) WAX_MUST_USE;

/* content_octets: NULL for a detached signature */
bool wax_cms_sign_finish(const WaxSignRequest *request, WaxSpan attributes, WaxSpan signature,
	const WaxSpan *certificates, size_t count, const uint64_t *content_octets, WaxDer *head,
	WaxDer *tail, WaxFault *fault) WAX_MUST_USE;

typedef struct {
	WaxSignRequest request; /* all with the same content type */
	WaxSpan attributes, signature;
} WaxSigned;

/* wax_cms_sign_all - as finish, for several signers; none: certs-only (RFC 8551 3.8) */
bool wax_cms_sign_all(const WaxSigned *signers, size_t signer_count, const WaxSpan *certificates,
	size_t count, const uint64_t *content_octets, WaxDer *head, WaxDer *tail,
	WaxFault *fault) WAX_MUST_USE;

/* wax_cms_ecdsa_value - r||s, as tokens and browsers give it, to DER Ecdsa-Sig-Value */
bool wax_cms_ecdsa_value(WaxSpan r_and_s, WaxDer *out) WAX_MUST_USE;

#endif
