/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "core/clock.h"
#include "core/status.h"
#include "smime/ess.h"
#include "smime/verdict.h"

static const char *const signature_words[WAX_SIGNATURE_COUNT_] = {
	[WAX_SIGNATURE_UNLOOKED] = "cannot_check",
	[WAX_SIGNATURE_NONE] = "none",
	[WAX_SIGNATURE_VALID_TRUSTED] = "valid_trusted",
	[WAX_SIGNATURE_WEAK] = "weak",
	[WAX_SIGNATURE_STATUS_UNKNOWN] = "status_unknown",
	[WAX_SIGNATURE_VALID_UNTRUSTED] = "valid_untrusted",
	[WAX_SIGNATURE_EXPIRED_SIGNER] = "expired_signer",
	[WAX_SIGNATURE_NOT_YET_VALID] = "not_yet_valid",
	[WAX_SIGNATURE_MISMATCH] = "mismatch",
	[WAX_SIGNATURE_REVOKED] = "revoked",
	[WAX_SIGNATURE_UNSUPPORTED] = "unsupported",
	[WAX_SIGNATURE_PARTIAL] = "partial",
	[WAX_SIGNATURE_ALTERED_BY_LIST] = "altered_by_list",
	[WAX_SIGNATURE_ALTERED] = "altered",
	[WAX_SIGNATURE_MALFORMED] = "malformed",
};

static const char *const encryption_words[WAX_ENCRYPTION_COUNT_] = {
	[WAX_ENCRYPTION_UNLOOKED] = "cannot_check",
	[WAX_ENCRYPTION_NONE] = "none",
	[WAX_ENCRYPTION_AUTHENTICATED] = "authenticated",
	[WAX_ENCRYPTION_UNAUTHENTICATED] = "unauthenticated",
	[WAX_ENCRYPTION_UNDECRYPTABLE] = "undecryptable",
	[WAX_ENCRYPTION_FAILED] = "failed",
};

static const char *const layer_words[WAX_LAYER_COUNT_] = {
	[WAX_LAYER_UNLOOKED] = "cannot_check",
	[WAX_LAYER_CLEAR_SIGNED] = "clear-signed",
	[WAX_LAYER_OPAQUE_SIGNED] = "opaque-signed",
	[WAX_LAYER_ENVELOPED] = "enveloped",
	[WAX_LAYER_AUTH_ENVELOPED] = "auth-enveloped",
	[WAX_LAYER_COMPRESSED] = "compressed",
	[WAX_LAYER_CERTS_ONLY] = "certs-only",
	[WAX_LAYER_UNKNOWN] = "unknown",
};

static const char *const field_words[] = {
	[WAX_FIELD_UNPROTECTED] = "unprotected",
	[WAX_FIELD_SIGNED_ONLY] = "signed-only",
	[WAX_FIELD_ENCRYPTED_ONLY] = "encrypted-only",
	[WAX_FIELD_SIGNED_AND_ENCRYPTED] = "signed-and-encrypted",
};

/* where a verdict says it shorter than the error table, which needs unique labels */
static const struct {
	WaxReason reason;
	const char *word;
} short_words[] = {
	{ WAX_R_SIG_NO_CERTIFICATE, "no_certificate" },
	{ WAX_R_TRUST_EXPIRED, "expired" },
	{ WAX_R_TRUST_NOT_YET_VALID, "not_yet_valid" },
	{ WAX_R_TRUST_REVOKED, "revoked" },
	{ WAX_R_TRUST_LOOP, "loop" },
	{ WAX_R_SIG_IDENTITY_AMBIGUOUS, "ambiguous" },
	{ WAX_R_SIG_IDENTITY_MISSING, "missing" },
	{ WAX_R_SIG_IDENTITY_MISMATCH, "mismatch" },
	{ WAX_R_CMS_MALFORMED, "malformed" },
	{ WAX_R_DER_DEPTH, "L-01" },
	{ WAX_R_CMS_TOO_LARGE, "L-03" },
	{ WAX_R_CMS_TOO_MANY_RECIPIENTS, "L-05" },
	{ WAX_R_CMS_TOO_MANY_SIGNERS, "L-06" },
	{ WAX_R_CMS_TOO_MANY_CERTS, "L-07" },
	{ WAX_R_CMS_TOO_MANY_CRLS, "L-08" },
	{ WAX_R_CMS_TOO_MANY_ATTRS, "L-09" },
	{ WAX_R_SIG_LAYER_DEPTH, "L-10" },
	{ WAX_R_EXPANSION, "L-12" },
	{ WAX_R_COMPRESSED_TWICE, "L-13" },
	{ WAX_R_SIG_KEY_TOO_LARGE, "L-17" },
	{ WAX_R_SIG_COUNTER_TOO_MANY, "L-06" },
	{ WAX_R_MIME_DEPTH, "L-11" },
	{ WAX_R_MIME_PARTS, "L-11" },
	{ WAX_R_MIME_HEADER_SIZE, "L-11" },
};

const char *wax_signature_word(WaxSignatureWord word)
{
	return signature_words[word < WAX_SIGNATURE_COUNT_ ? word : 0];
}

const char *wax_encryption_word(WaxEncryptionWord word)
{
	return encryption_words[word < WAX_ENCRYPTION_COUNT_ ? word : 0];
}

const char *wax_layer_word(WaxLayerKind kind)
{
	return layer_words[kind < WAX_LAYER_COUNT_ ? kind : 0];
}

WaxReason wax_identity_reason(WaxIdentity identity)
{
	switch (identity) {
	case WAX_IDENTITY_SENDER_ONLY:
		return WAX_R_SIG_SENDER_ONLY;
	case WAX_IDENTITY_NO_ADDRESS:
		return WAX_R_SIG_NO_ADDRESS;
	case WAX_IDENTITY_AMBIGUOUS:
		return WAX_R_SIG_IDENTITY_AMBIGUOUS;
	case WAX_IDENTITY_MISSING:
		return WAX_R_SIG_IDENTITY_MISSING;
	case WAX_IDENTITY_MISMATCH:
		return WAX_R_SIG_IDENTITY_MISMATCH;
	default:
		return WAX_R_NONE;
	}
}

const char *wax_field_word(WaxFieldState state)
{
	return field_words[state < G_N_ELEMENTS(field_words) ? state : 0];
}

const char *wax_reason_word(WaxReason reason)
{
	for (size_t i = 0; i < G_N_ELEMENTS(short_words); i++)
		if (short_words[i].reason == reason)
			return short_words[i].word;
	return wax_reason_info(reason)->label;
}

/* a sender chose these bytes: what is no UTF-8 is shown with replacement characters */
static json_t *text(const char *s)
{
	g_autofree char *clean = NULL;

	if (!s)
		return json_null();
	clean = g_utf8_make_valid(s, -1);
	return json_string(clean);
}

static json_t *texts(const GPtrArray *array)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < array->len; i++)
		json_array_append_new(list, text(array->pdata[i]));
	return list;
}

static bool listed(const json_t *list, const char *word)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (g_strcmp0(json_string_value(json_array_get(list, i)), word) == 0)
			return true;
	return false;
}

static json_t *reasons(const WaxReasonSet *set)
{
	json_t *list = json_array();

	for (unsigned r = 1; r < WAX_REASON_COUNT_; r++)
		if (wax_reasons_has(set, (WaxReason)r) &&
			!listed(list, wax_reason_word((WaxReason)r)))
			json_array_append_new(list, json_string(wax_reason_word((WaxReason)r)));
	return list;
}

static json_t *time_text(bool known, int64_t seconds)
{
	g_autofree char *written = known ? wax_clock_rfc3339(seconds) : NULL;

	return text(written);
}

static json_t *counters_json(const WaxVerdictSigner *signer)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < signer->countersigners->len; i++) {
		const WaxVerdictCounter *c = signer->countersigners->pdata[i];
		json_t *o = json_object();

		json_object_set_new(o, "subject", text(c->subject));
		json_object_set_new(o, "issuer", text(c->issuer));
		json_object_set_new(o, "serial", text(c->serial));
		json_object_set_new(
			o, "digest", text(c->digest ? wax_digest_word(c->digest) : NULL));
		json_object_set_new(
			o, "algorithm", text(c->algorithm ? wax_sig_word(c->algorithm) : NULL));
		json_object_set_new(
			o, "signing_time", time_text(c->has_signing_time, c->signing_time));
		json_object_set_new(o, "right", json_boolean(c->reason == WAX_R_NONE));
		json_object_set_new(
			o, "reason", text(c->reason ? wax_reason_word(c->reason) : NULL));
		json_array_append_new(list, o);
	}
	return list;
}

/* signer_json - `whole`: with what the sender wrote into the attributes */
static json_t *signer_json(const WaxVerdictSigner *signer, bool whole)
{
	json_t *o = json_object(), *services = whole ? wax_ess_json(signer) : NULL;

	json_object_set_new(o, "verdict", json_string(wax_signature_word(signer->verdict)));
	json_object_set_new(o, "subject", text(signer->subject));
	json_object_set_new(o, "addresses", texts(signer->addresses));
	json_object_set_new(o, "issuer", text(signer->issuer));
	json_object_set_new(o, "serial", text(signer->serial));
	json_object_set_new(
		o, "digest", text(signer->digest ? wax_digest_word(signer->digest) : NULL));
	json_object_set_new(
		o, "algorithm", text(signer->algorithm ? wax_sig_word(signer->algorithm) : NULL));
	json_object_set_new(o, "key_bits", json_integer(signer->key_bits));
	json_object_set_new(
		o, "signing_time", time_text(signer->has_signing_time, signer->signing_time));
	json_object_set_new(o, "chain", texts(signer->chain));
	json_object_set_new(o, "capabilities", texts(signer->capability_words));
	json_object_set_new(o, "countersignatures", counters_json(signer));
	if (services)
		json_object_set_new(o, "services", services);
	json_object_set_new(o, "identity", json_string(wax_identity_word(signer->identity)));
	json_object_set_new(o, "reasons", reasons(&signer->reasons));
	json_object_set_new(o, "notes", reasons(&signer->notes));
	return o;
}

static json_t *recipient_json(const WaxVerdictRecipient *recipient)
{
	json_t *o = json_object();

	json_object_set_new(o, "kind", text(recipient->kind));
	json_object_set_new(o, "algorithm", text(recipient->algorithm));
	json_object_set_new(o, "issuer", text(recipient->issuer));
	json_object_set_new(o, "serial", text(recipient->serial));
	json_object_set_new(o, "key_id", text(recipient->key_id));
	json_object_set_new(o, "opened", json_boolean(recipient->opened));
	return o;
}

static json_t *layer_json(const WaxVerdictLayer *layer, bool whole)
{
	bool encrypted = wax_layer_is_encrypted(layer->kind);
	json_t *o = json_object(), *signers = json_array(), *recipients = json_array();

	for (unsigned i = 0; i < layer->signers->len; i++)
		json_array_append_new(signers, signer_json(layer->signers->pdata[i], whole));
	for (unsigned i = 0; i < layer->recipients->len; i++)
		json_array_append_new(recipients, recipient_json(layer->recipients->pdata[i]));
	json_object_set_new(o, "kind", json_string(wax_layer_word(layer->kind)));
	json_object_set_new(o, "part", text(layer->part));
	json_object_set_new(o, "author", json_boolean(layer->author));
	json_object_set_new(o, "signers", signers);
	json_object_set_new(o, "recipients", recipients);
	json_object_set_new(o, "recipient_count", json_integer(layer->recipient_count));
	json_object_set_new(
		o, "cipher", text(layer->cipher ? wax_cipher_word(layer->cipher) : NULL));
	json_object_set_new(
		o, "integrity", text(encrypted ? wax_encryption_word(layer->encryption) : NULL));
	json_object_set_new(o, "reasons", reasons(&layer->reasons));
	json_object_set_new(o, "notes", reasons(&layer->notes));
	return o;
}

static json_t *fields_json(const WaxVerdict *verdict)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < verdict->fields->len; i++) {
		const WaxVerdictField *field = verdict->fields->pdata[i];
		json_t *one = json_object();

		json_object_set_new(one, "value", text(field->value));
		json_object_set_new(one, "state", json_string(wax_field_word(field->state)));
		/* the first of its name is the one that readers take */
		if (json_object_get(o, field->name))
			json_decref(one);
		else
			json_object_set_new(o, field->name, one);
	}
	return o;
}

static json_t *from_json(const WaxVerdict *verdict)
{
	json_t *o = json_object();

	json_object_set_new(o, "address", text(verdict->from_shown));
	json_object_set_new(o, "protected", json_boolean(verdict->from_protected));
	json_object_set_new(o, "warning", json_boolean(verdict->from_warning));
	return o;
}

static json_t *reply_json(const WaxReply *reply)
{
	json_t *o = reply ? json_object() : json_null();

	if (!reply)
		return o;
	json_object_set_new(o, "to", texts(reply->to));
	json_object_set_new(o, "cc", texts(reply->cc));
	json_object_set_new(o, "hidden", texts(reply->hidden));
	json_object_set_new(o, "confidential", texts(reply->confidential));
	json_object_set_new(o, "subject", text(reply->subject));
	json_object_set_new(o, "message_id", text(reply->message_id));
	return o;
}

/* judgement_json - how it is protected, and by whom */
static json_t *judgement_json(const WaxVerdict *verdict, bool whole)
{
	json_t *o = json_object(), *words = json_object(), *layers = json_array();

	json_object_set_new(
		words, "signature", json_string(wax_signature_word(verdict->signature)));
	json_object_set_new(
		words, "encryption", json_string(wax_encryption_word(verdict->encryption)));
	json_object_set_new(words, "reasons", reasons(&verdict->reasons));
	json_object_set_new(words, "notes", reasons(&verdict->notes));
	for (unsigned i = 0; i < verdict->layers->len; i++)
		json_array_append_new(layers, layer_json(verdict->layers->pdata[i], whole));
	json_object_set_new(o, "verdict", words);
	if (verdict->profile)
		json_object_set_new(o, "profile", text(verdict->profile));
	json_object_set_new(o, "from", text(verdict->from));
	json_object_set_new(o, "sender", text(verdict->sender));
	json_object_set_new(o, "layers", layers);
	return o;
}

static json_t *verdict_json(const WaxVerdict *verdict)
{
	json_t *o = judgement_json(verdict, true), *content = json_object();

	json_object_set_new(content, "type", text(verdict->content_type));
	json_object_set_new(content, "bytes", json_integer((json_int_t)verdict->content_bytes));
	json_object_set_new(o, "from_shown", from_json(verdict));
	json_object_set_new(o, "protected_headers", fields_json(verdict));
	json_object_set_new(o, "reply", reply_json(verdict->reply));
	json_object_set_new(o, "content", content);
	json_object_set_new(o, "coverage", json_pack("{s:o}", "outside", texts(verdict->outside)));
	json_object_set_new(o, "attachments", texts(verdict->attachments));
	json_object_set_new(o, "date", time_text(verdict->has_date, verdict->date));
	json_object_set_new(o, "judged_at", time_text(true, verdict->judged_at));
	return o;
}

/* dump - takes the value */
static char *dump(json_t *taken)
{
	char *dumped = json_dumps(taken, JSON_COMPACT);
	char *copy = g_strdup(dumped);

	free(dumped);
	json_decref(taken);
	return copy;
}

char *wax_verdict_format(const WaxVerdict *verdict)
{
	return dump(verdict_json(verdict));
}

char *wax_verdict_summary(const WaxVerdict *verdict)
{
	return dump(judgement_json(verdict, false));
}
