/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	asn1/identifiers - AlgorithmIdentifiers of digests and signatures, with their parameters
 *
 * DESCRIPTION
 *	Reads and writes what RFC 4055 (RSASSA-PSS), RFC 5754 (SHA-2), RFC 8419
 *	(EdDSA, SHAKE256) and RFC 8702 say of parameters; compared by meaning:
 *	an absent field and its written default are the same.
 *
 * OWNERSHIP
 *	Spans are borrowed.
 *
 * ERRORS
 *	DER_*, where an identifier cannot be read at all.  What can be read
 *	and is not known, or has parameters that it must not have, is NONE.
 */
#ifndef WAX_ASN1_IDENTIFIERS_H
#define WAX_ASN1_IDENTIFIERS_H

#include "asn1/algorithms.h"
#include "asn1/der.h"

#define WAX_OID_TEXT 200

/* wax_oid_text - "1.2.840.113549.1.7.1", or "?" for what is none or too long */
const char *wax_oid_text(WaxSpan oid, char text[WAX_OID_TEXT]);

/* wax_digest_read - from the body of an AlgorithmIdentifier (R-51, R-56: NULL or absent for SHA-2) */
bool wax_digest_read(WaxSpan body, WaxDigestAlg *ret_alg, WaxFault *fault) WAX_MUST_USE;

/* wax_digest_put - parameters absent; SHAKE256 as id-shake256-len with 512 bits */
void wax_digest_put(WaxDer *out, WaxDigestAlg alg);

/* wax_mgf_read - of a MaskGenAlgorithm, whole: its digest; NONE when it is not MGF1 */
bool wax_mgf_read(WaxSpan whole, WaxDigestAlg *ret_alg, WaxFault *fault) WAX_MUST_USE;

/* wax_pss_read - RSASSA-PSS-params, whole (P-02) */
bool wax_pss_read(WaxSpan parameters, WaxPss *ret_pss, WaxFault *fault) WAX_MUST_USE;

/* wax_pss_put - trailer 1, which is the default and therefore absent */
void wax_pss_put(WaxDer *out, const WaxPss *pss);

/*
 * wax_pss_for - what a key signs with: the digest for everything and a salt of its length, unless
 * the key is restricted by parameters of its own (NULL: it is not)
 */
WaxPss wax_pss_for(const WaxPss *restriction, WaxDigestAlg digest);

/* wax_pss_permits - does a restricted key allow a signature with these parameters? (RFC 4055 3.3) */
bool wax_pss_permits(const WaxPss *restriction, const WaxPss *pss);

/*
 * wax_sig_parameters_fit - may the identifier of this scheme have these parameters (whole, or
 * empty)?  PSS is not asked: it has its own reader.
 */
bool wax_sig_parameters_fit(WaxSigAlg alg, WaxSpan parameters);

#endif
