/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cms/open - what must be unwrapped before encrypted content can be read?
 *
 * SYNOPSIS
 *	if (!wax_cms_open_plan(&reader, &plan, &fault)) ...
 *	WaxRecipients list = wax_cms_recipients(&plan);
 *	while (wax_cms_next_recipient(&list, &recipient, &more, &fault) && more) ...
 *	... the caller unwraps, decrypts the content as it streams ...
 *	if (!wax_cms_open_finish(&reader, &plan, aad_room, &fault)) ...
 *
 * DESCRIPTION
 *	The plan of an EnvelopedData (RFC 5652 section 6) or AuthEnvelopedData
 *	(RFC 5083): recipients, algorithms, and, once the tail has been read,
 *	authentication tag and additional data.  Recipients of every kind are
 *	read: by key transport, agreement (RFC 5753, RFC 8418), symmetric key,
 *	password (RFC 3211) and KEM (RFC 9629); one whose algorithm or
 *	parameters are not ours has alg NONE and is nobody's.
 *
 * NOT CHECKED HERE
 *	Whether a key fits; whether the content is what it claims to be.
 *
 * OWNERSHIP
 *	Freestanding.  Spans point into the reader's buffers.
 *
 * ERRORS
 *	DER_*, CMS_MALFORMED, CMS_TOO_MANY_RECIPIENTS, CMS_TAG_LENGTH,
 *	CMS_ALGORITHM_UNSUPPORTED.
 *
 * LIMITS
 *	10 000 recipients (L-05); label, ukm, nonce and salt as L-15; PBKDF2 up to
 *	5 000 000 iterations (L-14).
 */
#ifndef WAX_CMS_OPEN_H
#define WAX_CMS_OPEN_H

#include "asn1/algorithms.h"
#include "asn1/ber.h"
#include "cms/reader.h"

#define WAX_CMS_RECIPIENTS_MAX 10000

/* who is meant: issuer and serial number, or the subject key identifier */
typedef struct {
	WaxSpan issuer;		   /* Name, whole DER; empty when by key identifier */
	WaxSpan serial;		   /* INTEGER body */
	WaxSpan issuer_and_serial; /* the SEQUENCE, whole */
	WaxSpan key_id;
} WaxCmsId;

typedef enum {
	WAX_RECIPIENT_NONE,
	WAX_RECIPIENT_KTRI,
	WAX_RECIPIENT_KARI, /* one RecipientEncryptedKey of it */
	WAX_RECIPIENT_KEKRI,
	WAX_RECIPIENT_PWRI,
	WAX_RECIPIENT_KEM,
	WAX_RECIPIENT_OTHER,
} WaxRecipientKind;

/* how a password becomes a key, and what that key decrypts (RFC 3211) */
typedef struct {
	WaxSpan salt;
	uint32_t iterations;
	WaxDigestAlg prf; /* of PBKDF2's HMAC */
	WaxCipherAlg cipher;
	WaxSpan iv;
} WaxPasswordParameters;

typedef struct {
	WaxRecipientKind kind;
	WaxCmsId id;	  /* kekri: the name of the key, as key identifier */
	WaxKeyEncAlg alg; /* NONE: not one that we can open */
	WaxOaep oaep;
	WaxSpan wrapped_key;
	/* kari and KEM */
	WaxSpan originator; /* the sender's public key, or the KEM's ciphertext */
	WaxSpan curve;	    /* OID body, when the sender's key names one */
	WaxSpan ukm;
	WaxKdf kdf;
	bool cofactor;
	WaxWrapAlg wrap;	 /* of kekri, too */
	WaxSpan wrap_identifier; /* AlgorithmIdentifier, octet for octet (P-05) */
	WaxPasswordParameters password;
} WaxRecipient;

typedef struct {
	WaxCmsType type;
	uint32_t version;
	WaxSpan recipient_infos; /* body of the SET */
	WaxSpan content_type;	 /* OID body */
	WaxCipherAlg cipher;	 /* NONE: unsupported */
	WaxSpan cipher_oid;
	WaxSpan iv;	   /* or nonce */
	uint32_t tag_size; /* aes-ICVlen; 0 when not AEAD */
	WaxSpan cek_info; /* RFC 9709: what the key for the cipher is derived with; empty otherwise */
	/* after finish */
	WaxSpan tag;
	WaxSpan auth_attributes; /* DER SET OF: the AAD; empty when absent */
} WaxOpenPlan;

typedef struct {
	WaxBer infos;
	WaxBer keys; /* RecipientEncryptedKeys of the kari at hand */
	WaxRecipient kari;
	uint32_t count;
} WaxRecipients;

bool wax_cms_open_plan(
	const WaxCmsReader *reader, WaxOpenPlan *ret_plan, WaxFault *fault) WAX_MUST_USE;

WaxRecipients wax_cms_recipients(const WaxOpenPlan *plan);
bool wax_cms_next_recipient(WaxRecipients *list, WaxRecipient *ret_recipient, bool *ret_more,
	WaxFault *fault) WAX_MUST_USE;

/* wax_cms_open_finish - reads the tail; `room` receives the additional data as DER */
bool wax_cms_open_finish(const WaxCmsReader *reader, WaxOpenPlan *plan, WaxBuffer *room,
	WaxFault *fault) WAX_MUST_USE;

/*
 * wax_cms_kdf_info - what the KDF of this recipient is given beside the secret, appended to the
 * buffer: ECC-CMS-SharedInfo (RFC 5753 7.2), or CMSORIforKEMOtherInfo (RFC 9629 5) of a KEM.
 */
bool wax_cms_kdf_info(const WaxRecipient *recipient, WaxBuffer *out, WaxFault *fault) WAX_MUST_USE;

/* wax_cms_kdf_salt - HKDF's (RFC 8418 2.2); empty where there is none */
WaxSpan wax_cms_kdf_salt(const WaxRecipient *recipient);

/* wax_cms_read_id - IssuerAndSerialNumber or [0] SubjectKeyIdentifier */
bool wax_cms_read_id(
	WaxBer *in, uint8_t key_id_tag, WaxCmsId *ret_id, WaxFault *fault) WAX_MUST_USE;
/* wax_cms_tidy_id - the issuer in DER, as certificates have it */
bool wax_cms_tidy_id(WaxCmsId *id, WaxBuffer *room, WaxFault *fault) WAX_MUST_USE;

/* wax_cms_read_oaep - RSAES-OAEP-params; absent fields are their defaults (P-03) */
bool wax_cms_read_oaep(WaxSpan parameters, WaxOaep *ret_oaep, WaxFault *fault) WAX_MUST_USE;

#endif
