/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/seal - sign and encrypt a whole message
 *
 * DESCRIPTION
 *	Reads a message from a seekable source and writes the sealed one to a
 *	sink (RFC 8551): the content entity in canonical form, signed
 *	(multipart/signed, or opaque), then encrypted; header fields protected
 *	on request (RFC 9788; smime/protect).  The source is read twice, once to
 *	hash and measure, once to write, so that memory does not depend on
 *	its size and the CMS objects are DER.  Who signs is a call-back: a
 *	key in this process, or the custodian by ticket.
 *
 *	It splits nothing: one message in, one out, encrypted to all the
 *	certificates given, classic and post-quantum ones beside each other,
 *	once to each of them however often it was named, and to passwords and
 *	symmetric keys.
 *	Bcc and Resent-Bcc are removed always.
 *
 *	A recipient's certificate that is not valid at `now`, is for signing
 *	alone, has an RSA key below 2048 bits, or announces ciphers but not
 *	the one that was asked for is refused before anything is written.
 *
 * NOT CHECKED HERE
 *	Whose the certificates are, who issued them and whether they are
 *	revoked: policy and trust decide that.
 *
 * OWNERSHIP
 *	Everything is borrowed for the call.
 *
 * ERRORS
 *	CERT_EXPIRED, CERT_NOT_YET_VALID, CERT_SIGN_ONLY, KEY_WEAK,
 *	KEY_UNSUPPORTED, ALGORITHM_REFUSED, CRYPTO_ERROR, MIME_*,
 *	CONVERSION_FORBIDDEN, and what source, sink and signer say.
 */
#ifndef WAX_SMIME_SEAL_H
#define WAX_SMIME_SEAL_H

#include <glib.h>

#include "asn1/algorithms.h"
#include "cms/sign.h"
#include "crypto/cert.h"
#include "crypto/key.h"
#include "crypto/spool.h"
#include "smime/protect.h"

typedef struct {
	WaxCert *cert;
	GPtrArray *chain;	  /* WaxCert, sent along; NULL: none */
	WaxCert *encryption_cert; /* where replies should go, when it is another one; NULL */
	bool pss;
	bool by_key_id; /* named by subjectKeyIdentifier instead of issuer and serial number */
	void *data;
	bool (*sign)(void *data, WaxSigAlg alg, WaxDigestAlg digest, WaxSpan attributes,
		GByteArray **ret_signature, GError **error);
} WaxSealSigner;

/* who knows this may read it, without a certificate */
typedef struct {
	WaxSpan secret;
	WaxSpan key_id; /* the name of a symmetric key; empty: the secret is a password */
} WaxSealSecret;

typedef struct {
	const WaxSealSigner *signer;  /* NULL: not signed */
	unsigned more_signers;	      /* that follow it in memory: all sign the same content */
	GPtrArray *recipients;	      /* WaxCert; NULL: none */
	const WaxSealSecret *secrets; /* neither these nor recipients: not encrypted */
	size_t secret_count;
	WaxCipherAlg cipher;
	bool oaep;	  /* RSA recipients by OAEP instead of v1.5 */
	bool rsa_kem;	  /* RSA recipients by RSA-KEM (RFC 9690) instead */
	bool derived_key; /* RFC 9709, for readers that are known to know it */
	bool opaque;
	bool compress;	     /* what was signed, before it is encrypted (RFC 8551 3.6) */
	WaxHcp hcp;	     /* header fields are protected when it is not NONE */
	bool legacy_display; /* what is hidden stands in the text, too (S-72) */
	int64_t now;	     /* epoch seconds */
	const char *const
		*drop_fields;	/* further fields to leave out ("X-Foo-" is a prefix); NULL */
	const char *top_fields; /* whole lines with CRLF, put on top; NULL */
} WaxSealOptions;

bool wax_seal(const WaxSource *source, const WaxSealOptions *options, const WaxSink *sink,
	GError **error) WAX_MUST_USE;

/* wax_seal_recipients - what wax_seal will encrypt to: each certificate once, or why it may not be */
bool wax_seal_recipients(
	GPtrArray *certs, int64_t now, GPtrArray **ret_recipients, GError **error) WAX_MUST_USE;

/*
 * wax_seal_cipher - S-22: options->cipher when all who may read do read it, else the strongest that
 * all of them do; NONE wishes nothing.  What certificates announce counts (RFC 4262).
 */
bool wax_seal_cipher(
	const WaxSealOptions *options, WaxCipherAlg *ret_cipher, GError **error) WAX_MUST_USE;

/* wax_seal_request - algorithms and identifier of this signer, as wax_seal writes them */
void wax_seal_request(const WaxSealSigner *signer, WaxSignRequest *ret_request);

/* wax_seal_local_sign - for WaxSealSigner.sign when data is a WaxKey */
bool wax_seal_local_sign(void *data, WaxSigAlg alg, WaxDigestAlg digest, WaxSpan attributes,
	GByteArray **ret_signature, GError **error) WAX_MUST_USE;

/* wax_seal_header_end - where the body of a message begins; all of it when it is all header */
bool wax_seal_load_header(
	const WaxSource *source, GByteArray **ret_header, GError **error) WAX_MUST_USE;

/*
 * wax_seal_write_header - the fields of a block but MIME-Version, Content-* (unless
 * `keep_content`), Bcc, Resent-Bcc and those to be dropped, with CRLF, as `hcp` shows them.
 */
bool wax_seal_write_header(WaxSpan block, const WaxSealOptions *options, bool keep_content,
	WaxHcp hcp, const WaxSink *sink, GError **error) WAX_MUST_USE;

#endif
