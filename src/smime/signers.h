/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/signers - whose signatures are these, and do they stand?
 *
 * DESCRIPTION
 *	Judges every SignerInfo of one SignedData that cms/reader has read and
 *	whose content has been digested: attributes, arithmetic, strength,
 *	chain, identity, time (SMIME.md V-02, R-40 to, V-09,
 *	V-10).  What is found becomes signers and reasons of the layer.
 *
 * OWNERSHIP
 *	Reader, digests and context are borrowed; WaxDigests is the caller's to
 *	wax_digests_done.
 *
 * ERRORS
 *	None: what cannot be read becomes a reason of the layer.
 */
#ifndef WAX_SMIME_SIGNERS_H
#define WAX_SMIME_SIGNERS_H

#include "cms/reader.h"
#include "crypto/digest.h"
#include "smime/verdict.h"
#include "trust/revocation.h"

typedef WaxAuthorClaim WaxAuthor;

/* the content under every digest that the object names, and its first octets */
typedef struct {
	WaxDigest *running[WAX_DIGEST_COUNT_];
	uint8_t values[WAX_DIGEST_COUNT_][WAX_DIGEST_MAX];
	bool named[WAX_DIGEST_COUNT_];
	bool finished;
	uint8_t first[4096];
	size_t first_n;
	uint64_t octets;
} WaxDigests;

/* wax_digests_begin - reads digestAlgorithms from the head */
void wax_digests_begin(WaxDigests *digests, const WaxCmsReader *reader);
void wax_digests_update(WaxDigests *digests, WaxSpan bytes);
void wax_digests_done(WaxDigests *digests);

/* of a content whose octets themselves were signed; of a larger one that is unsupported */
#define WAX_CONTENT_MAX (16 * 1024 * 1024)

#define WAX_DATE_UNREADABLE (INT64_MIN / 2)

typedef struct {
	const WaxAuthor *author;
	GPtrArray *anchors, *untrusted; /* WaxAnchor; WaxCert; each may be NULL */
	const WaxCertPool *pool;	/* many more of both; may be NULL */
	WaxRevocationSources revocation;
	int64_t at;
	bool historic;
	bool structure_only; /* see smime/open.h */
	/* the whole content, for a signature over its octets without attributes; false: more than is kept */
	bool (*content)(void *data, GByteArray **ret_content);
	void *content_data;
	WaxSpan header;	     /* of the message, for RFC 7508; empty: none */
	const GArray *dates; /* int64_t: every Date; WAX_DATE_UNREADABLE agrees with no time */
} WaxSignersContext;

void wax_signers_judge(const WaxCmsReader *reader, WaxDigests *digests,
	const WaxSignersContext *context, WaxVerdictLayer *layer);

#endif
