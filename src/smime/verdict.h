/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/verdict - what is known about a message's signatures and encryption
 *
 * SYNOPSIS
 *	g_autoptr(WaxVerdict) verdict = wax_verdict_new();
 *	WaxVerdictLayer *layer = wax_verdict_add_layer(verdict, WAX_LAYER_CLEAR_SIGNED, "1");
 *	wax_reasons_add(&layer->reasons, WAX_R_SIG_THIRD_PART);
 *	wax_verdict_decide(verdict);
 *	... verdict->signature, verdict->encryption, wax_verdict_format(verdict)
 *
 * DESCRIPTION
 *	One object per message, layers from the root inward, each with its
 *	signers or recipients and the reasons found.  The two words that sum
 *	it up are computed here and nowhere else: command line, gateway
 *	headers, pages and logs show parts of this object.
 *
 *	Reasons decide; notes only inform.  All reasons found are kept, not
 *	only the deciding one.
 *
 *	Parts are named by their path from the root: "1" is the message
 *	itself, "1.2" its second part; the content of a cryptographic layer
 *	counts as its first part.
 *
 * OWNERSHIP
 *	The verdict owns everything below it.
 *
 * ERRORS
 *	None: a verdict can always be given.
 */
#ifndef WAX_SMIME_VERDICT_H
#define WAX_SMIME_VERDICT_H

#include <glib.h>

#include "asn1/algorithms.h"
#include "cms/verify.h"
#include "core/base.h"
#include "smime/reply.h"
#include "trust/address.h"

/* zero is always "nobody looked" */
typedef enum {
	WAX_SIGNATURE_UNLOOKED,
	WAX_SIGNATURE_NONE,
	WAX_SIGNATURE_VALID_TRUSTED,
	WAX_SIGNATURE_WEAK,
	WAX_SIGNATURE_STATUS_UNKNOWN,
	WAX_SIGNATURE_VALID_UNTRUSTED,
	WAX_SIGNATURE_EXPIRED_SIGNER,
	WAX_SIGNATURE_NOT_YET_VALID,
	WAX_SIGNATURE_MISMATCH,
	WAX_SIGNATURE_REVOKED,
	WAX_SIGNATURE_UNSUPPORTED,
	WAX_SIGNATURE_PARTIAL,
	WAX_SIGNATURE_ALTERED_BY_LIST,
	WAX_SIGNATURE_ALTERED,
	WAX_SIGNATURE_MALFORMED, /* from VALID_TRUSTED to here: better to worse */
	WAX_SIGNATURE_COUNT_
} WaxSignatureWord;

typedef enum {
	WAX_ENCRYPTION_UNLOOKED,
	WAX_ENCRYPTION_NONE,
	WAX_ENCRYPTION_AUTHENTICATED,
	WAX_ENCRYPTION_UNAUTHENTICATED,
	WAX_ENCRYPTION_UNDECRYPTABLE,
	WAX_ENCRYPTION_FAILED, /* better to worse */
	WAX_ENCRYPTION_COUNT_
} WaxEncryptionWord;

typedef enum {
	WAX_LAYER_UNLOOKED,
	WAX_LAYER_CLEAR_SIGNED,
	WAX_LAYER_OPAQUE_SIGNED,
	WAX_LAYER_ENVELOPED,
	WAX_LAYER_AUTH_ENVELOPED,
	WAX_LAYER_COMPRESSED,
	WAX_LAYER_CERTS_ONLY,
	WAX_LAYER_UNKNOWN, /* a cryptographic object whose kind could not be read */
	WAX_LAYER_COUNT_
} WaxLayerKind;

typedef enum {
	WAX_FIELD_UNPROTECTED,
	WAX_FIELD_SIGNED_ONLY,
	WAX_FIELD_ENCRYPTED_ONLY,
	WAX_FIELD_SIGNED_AND_ENCRYPTED,
} WaxFieldState;

typedef struct {
	uint64_t bits[4];
} WaxReasonSet;

/* a countersignature (RFC 5652 11.4): listed and computed; it never changes a word */
typedef struct {
	char *subject, *issuer, *serial; /* NULL: no certificate */
	WaxDigestAlg digest;
	WaxSigAlg algorithm;
	bool has_signing_time;
	int64_t signing_time;
	WaxReason reason; /* NONE: the arithmetic is right */
} WaxVerdictCounter;

typedef struct {
	WaxSignatureWord verdict; /* of this signer alone; wax_verdict_decide fills it */
	WaxReasonSet reasons, notes;
	char *subject, *issuer, *serial; /* NULL: no certificate; serial in hex */
	GPtrArray *addresses;		 /* char *, as the certificate has them */
	GPtrArray *chain;		 /* char *, subjects, the signer's own first */
	GBytes *certificate;		 /* DER, or NULL */
	WaxDigestAlg digest;
	WaxSigAlg algorithm;
	unsigned key_bits;
	WaxIdentity identity;
	bool has_signing_time;
	int64_t signing_time;	     /* a claim */
	GBytes *capabilities;	     /* signed SMIMECapabilities, or NULL */
	GPtrArray *capability_words; /* char *, in the order of preference; unknown ones dotted */
	GPtrArray *countersigners;   /* WaxVerdictCounter */
	GBytes *named[WAX_ATTRIBUTE_COUNT_]; /* values of signed attributes; NULL: absent */
	GBytes *signature, *signed_octets;   /* as cms/verify gives them */
	GBytes *encryption_certificate; /* DER of the certificate preferred for replies, or NULL */
} WaxVerdictSigner;

typedef struct {
	const char *kind;      /* "ktri", "kari", "kekri", "pwri", "ori" */
	const char *algorithm; /* a constant, or NULL */
	char *issuer, *serial; /* or key_id, hex */
	char *key_id;
	bool opened;
} WaxVerdictRecipient;

typedef struct {
	WaxLayerKind kind;
	char *part;
	bool author; /* V-05; wax_verdict_decide fills it */
	WaxReasonSet reasons, notes;
	GPtrArray *signers;    /* WaxVerdictSigner */
	GPtrArray *recipients; /* WaxVerdictRecipient; the first 100 */
	unsigned recipient_count;
	WaxCipherAlg cipher;
	WaxEncryptionWord encryption; /* encrypted layers: what became of it */
	GPtrArray *certificates;      /* GBytes, DER, of a signed layer */
	bool is_receipt;	      /* what is signed is a receipt (RFC 2634 2.8) */
} WaxVerdictLayer;

typedef struct {
	char *name;
	char *value; /* unfolded, as it stands in the payload */
	WaxFieldState state;
} WaxVerdictField;

typedef struct {
	WaxSignatureWord signature;
	WaxEncryptionWord encryption;
	WaxReasonSet reasons, notes; /* of all layers; add to them what concerns no layer */
	char *from;		     /* addr-spec compared with, or NULL */
	char *sender;
	char *from_shown;    /* whom a reader should see, or NULL */
	bool from_protected; /* it is the protected From */
	bool from_warning;   /* the protected From is another one, and nobody stands for it */
	GPtrArray *layers;   /* WaxVerdictLayer */
	GPtrArray *fields;   /* WaxVerdictField: protected header fields */
	WaxReply *reply;     /* NULL: no field is protected */
	GPtrArray
		*outside; /* char *: what lies outside the layers: "preamble", "epilogue", parts */
	GPtrArray *attachments; /* char *: paths of cryptographic parts below the payload */
	char *content_type;	/* of the payload; NULL when it could not be reached */
	uint64_t content_bytes;
	bool has_date;
	int64_t date; /* the Date compared with signingTime */
	int64_t judged_at;
	const char *profile; /* the partner's, a constant; NULL: none was asked for */
	bool historic;
} WaxVerdict;

WaxVerdict *wax_verdict_new(void);
void wax_verdict_free(WaxVerdict *verdict);
WaxVerdictLayer *wax_verdict_add_layer(WaxVerdict *verdict, WaxLayerKind kind, const char *part);
WaxVerdictSigner *wax_verdict_add_signer(WaxVerdictLayer *layer);
WaxVerdictCounter *wax_verdict_add_counter(WaxVerdictSigner *signer);
WaxVerdictRecipient *wax_verdict_add_recipient(WaxVerdictLayer *layer);
void wax_verdict_add_field(
	WaxVerdict *verdict, const char *name, const char *value, WaxFieldState state);

/* wax_verdict_field_state - of the first of this name; UNPROTECTED when there is none */
WaxFieldState wax_verdict_field_state(const WaxVerdict *verdict, const char *name);

static inline bool wax_field_is_confidential(WaxFieldState state)
{
	return state == WAX_FIELD_ENCRYPTED_ONLY || state == WAX_FIELD_SIGNED_AND_ENCRYPTED;
}

static inline WaxVerdictLayer *wax_verdict_layer(const WaxVerdict *verdict, unsigned i)
{
	return (WaxVerdictLayer *)verdict->layers->pdata[i];
}

static inline WaxVerdictSigner *wax_verdict_signer(const WaxVerdictLayer *layer, unsigned i)
{
	return (WaxVerdictSigner *)layer->signers->pdata[i];
}

/* wax_verdict_decide - marks the author layer and fills in both words (V-05 to V-07, V-11, V-12) */
void wax_verdict_decide(WaxVerdict *verdict);

/* wax_verdict_author - the author layer, or NULL */
const WaxVerdictLayer *wax_verdict_author(const WaxVerdict *verdict);

/* wax_verdict_format - JSON, one object; the caller g_frees it */
char *wax_verdict_format(const WaxVerdict *verdict);

/* wax_verdict_summary - the same without what the message says: no protected field, no attachment's name */
char *wax_verdict_summary(const WaxVerdict *verdict);

void wax_reasons_add(WaxReasonSet *set, WaxReason reason);
void wax_reasons_remove(WaxReasonSet *set, WaxReason reason);
bool wax_reasons_has(const WaxReasonSet *set, WaxReason reason);
void wax_reasons_join(WaxReasonSet *set, const WaxReasonSet *more);
bool wax_reasons_empty(const WaxReasonSet *set);

/* wax_reason_word - the word of a verdict's reason list; a limit is named by its id ("L-05") */
const char *wax_reason_word(WaxReason reason);

const char *wax_signature_word(WaxSignatureWord word);
const char *wax_encryption_word(WaxEncryptionWord word);
const char *wax_layer_word(WaxLayerKind kind);

/* wax_identity_reason - what a verdict lists for it; NONE when there is nothing to object */
WaxReason wax_identity_reason(WaxIdentity identity);
const char *wax_field_word(WaxFieldState state);

static inline bool wax_layer_is_signed(WaxLayerKind kind)
{
	return kind == WAX_LAYER_CLEAR_SIGNED || kind == WAX_LAYER_OPAQUE_SIGNED;
}

static inline bool wax_layer_is_encrypted(WaxLayerKind kind)
{
	return kind == WAX_LAYER_ENVELOPED || kind == WAX_LAYER_AUTH_ENVELOPED;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxVerdict, wax_verdict_free)

#endif
