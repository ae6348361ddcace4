/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/verdict.h"

#include "core/status.h"

_Static_assert(WAX_REASON_COUNT_ <= 256, "WaxReasonSet holds every reason");

static void counter_free(void *p)
{
	WaxVerdictCounter *counter = p;

	g_free(counter->subject);
	g_free(counter->issuer);
	g_free(counter->serial);
	g_free(counter);
}

static void signer_free(void *p)
{
	WaxVerdictSigner *signer = p;

	g_free(signer->subject);
	g_free(signer->issuer);
	g_free(signer->serial);
	g_ptr_array_unref(signer->addresses);
	g_ptr_array_unref(signer->chain);
	g_clear_pointer(&signer->certificate, g_bytes_unref);
	g_clear_pointer(&signer->capabilities, g_bytes_unref);
	for (unsigned i = 0; i < WAX_ATTRIBUTE_COUNT_; i++)
		g_clear_pointer(&signer->named[i], g_bytes_unref);
	g_clear_pointer(&signer->signature, g_bytes_unref);
	g_clear_pointer(&signer->signed_octets, g_bytes_unref);
	g_ptr_array_unref(signer->capability_words);
	g_ptr_array_unref(signer->countersigners);
	g_clear_pointer(&signer->encryption_certificate, g_bytes_unref);
	g_free(signer);
}

static void recipient_free(void *p)
{
	WaxVerdictRecipient *recipient = p;

	g_free(recipient->issuer);
	g_free(recipient->serial);
	g_free(recipient->key_id);
	g_free(recipient);
}

static void layer_free(void *p)
{
	WaxVerdictLayer *layer = p;

	g_free(layer->part);
	g_ptr_array_unref(layer->signers);
	g_ptr_array_unref(layer->recipients);
	g_ptr_array_unref(layer->certificates);
	g_free(layer);
}

static void field_free(void *p)
{
	WaxVerdictField *field = p;

	g_free(field->name);
	g_free(field->value);
	g_free(field);
}

WaxVerdict *wax_verdict_new(void)
{
	WaxVerdict *verdict = g_new0(WaxVerdict, 1);

	verdict->layers = g_ptr_array_new_with_free_func(layer_free);
	verdict->fields = g_ptr_array_new_with_free_func(field_free);
	verdict->outside = g_ptr_array_new_with_free_func(g_free);
	verdict->attachments = g_ptr_array_new_with_free_func(g_free);
	return verdict;
}

void wax_verdict_free(WaxVerdict *verdict)
{
	if (!verdict)
		return;
	g_free(verdict->from);
	g_free(verdict->sender);
	g_free(verdict->from_shown);
	wax_reply_free(verdict->reply);
	g_free(verdict->content_type);
	g_ptr_array_unref(verdict->layers);
	g_ptr_array_unref(verdict->fields);
	g_ptr_array_unref(verdict->outside);
	g_ptr_array_unref(verdict->attachments);
	g_free(verdict);
}

WaxVerdictLayer *wax_verdict_add_layer(WaxVerdict *verdict, WaxLayerKind kind, const char *part)
{
	WaxVerdictLayer *layer = g_new0(WaxVerdictLayer, 1);

	layer->kind = kind;
	layer->part = g_strdup(part);
	layer->signers = g_ptr_array_new_with_free_func(signer_free);
	layer->recipients = g_ptr_array_new_with_free_func(recipient_free);
	layer->certificates = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_ptr_array_add(verdict->layers, layer);
	return layer;
}

WaxVerdictSigner *wax_verdict_add_signer(WaxVerdictLayer *layer)
{
	WaxVerdictSigner *signer = g_new0(WaxVerdictSigner, 1);

	signer->addresses = g_ptr_array_new_with_free_func(g_free);
	signer->chain = g_ptr_array_new_with_free_func(g_free);
	signer->capability_words = g_ptr_array_new_with_free_func(g_free);
	signer->countersigners = g_ptr_array_new_with_free_func(counter_free);
	g_ptr_array_add(layer->signers, signer);
	return signer;
}

WaxVerdictCounter *wax_verdict_add_counter(WaxVerdictSigner *signer)
{
	WaxVerdictCounter *counter = g_new0(WaxVerdictCounter, 1);

	g_ptr_array_add(signer->countersigners, counter);
	return counter;
}

WaxVerdictRecipient *wax_verdict_add_recipient(WaxVerdictLayer *layer)
{
	WaxVerdictRecipient *recipient = g_new0(WaxVerdictRecipient, 1);

	g_ptr_array_add(layer->recipients, recipient);
	return recipient;
}

void wax_verdict_add_field(
	WaxVerdict *verdict, const char *name, const char *value, WaxFieldState state)
{
	WaxVerdictField *field = g_new0(WaxVerdictField, 1);

	field->name = g_strdup(name);
	field->value = g_strdup(value);
	field->state = state;
	g_ptr_array_add(verdict->fields, field);
}

WaxFieldState wax_verdict_field_state(const WaxVerdict *verdict, const char *name)
{
	for (unsigned i = 0; i < verdict->fields->len; i++) {
		const WaxVerdictField *field = verdict->fields->pdata[i];

		if (g_ascii_strcasecmp(field->name, name) == 0)
			return field->state;
	}
	return WAX_FIELD_UNPROTECTED;
}

void wax_reasons_add(WaxReasonSet *set, WaxReason reason)
{
	set->bits[reason / 64] |= UINT64_C(1) << (reason % 64);
}

bool wax_reasons_has(const WaxReasonSet *set, WaxReason reason)
{
	return set->bits[reason / 64] >> (reason % 64) & 1;
}

void wax_reasons_join(WaxReasonSet *set, const WaxReasonSet *more)
{
	for (size_t i = 0; i < G_N_ELEMENTS(set->bits); i++)
		set->bits[i] |= more->bits[i];
}

bool wax_reasons_empty(const WaxReasonSet *set)
{
	return !(set->bits[0] | set->bits[1] | set->bits[2] | set->bits[3]);
}

void wax_reasons_remove(WaxReasonSet *set, WaxReason reason)
{
	set->bits[reason / 64] &= ~(UINT64_C(1) << (reason % 64));
}

/*
 * Which word a reason leads to.  A reason that is listed nowhere (a foreign
 * error met while reading) makes the layer unreadable, thus malformed.
 */
static const struct {
	WaxReason reason;
	WaxSignatureWord word;
} leads_to[] = {
	{ WAX_R_SIG_DIGEST_MISMATCH, WAX_SIGNATURE_ALTERED },
	{ WAX_R_SIG_NOT_CANONICAL, WAX_SIGNATURE_ALTERED },
	{ WAX_R_SIG_MISMATCH, WAX_SIGNATURE_ALTERED },
	{ WAX_R_CMS_ALGORITHM_MISMATCH, WAX_SIGNATURE_ALTERED },
	{ WAX_R_SIG_ESS_MISMATCH, WAX_SIGNATURE_ALTERED },
	{ WAX_R_SIG_OUTER_ONLY, WAX_SIGNATURE_PARTIAL },
	{ WAX_R_SIG_BELOW_ROOT, WAX_SIGNATURE_PARTIAL },
	/* without a certificate nothing was checked, so nothing may be called valid */
	{ WAX_R_SIG_NO_CERTIFICATE, WAX_SIGNATURE_UNSUPPORTED },
	{ WAX_R_SIG_UNSUPPORTED, WAX_SIGNATURE_UNSUPPORTED },
	{ WAX_R_CMS_ALGORITHM_UNSUPPORTED, WAX_SIGNATURE_UNSUPPORTED },
	{ WAX_R_TRUST_REVOKED, WAX_SIGNATURE_REVOKED },
	{ WAX_R_SIG_IDENTITY_MISMATCH, WAX_SIGNATURE_MISMATCH },
	{ WAX_R_SIG_IDENTITY_AMBIGUOUS, WAX_SIGNATURE_MISMATCH },
	{ WAX_R_SIG_IDENTITY_MISSING, WAX_SIGNATURE_MISMATCH },
	{ WAX_R_SIG_SENDER_ONLY, WAX_SIGNATURE_MISMATCH },
	{ WAX_R_SIG_NO_ADDRESS, WAX_SIGNATURE_MISMATCH },
	{ WAX_R_TRUST_NOT_YET_VALID, WAX_SIGNATURE_NOT_YET_VALID },
	{ WAX_R_TRUST_EXPIRED, WAX_SIGNATURE_EXPIRED_SIGNER },
	{ WAX_R_TRUST_UNTRUSTED, WAX_SIGNATURE_VALID_UNTRUSTED },
	{ WAX_R_TRUST_INCOMPLETE, WAX_SIGNATURE_VALID_UNTRUSTED },
	{ WAX_R_TRUST_KEY_USAGE, WAX_SIGNATURE_VALID_UNTRUSTED },
	{ WAX_R_TRUST_EKU, WAX_SIGNATURE_VALID_UNTRUSTED },
	{ WAX_R_TRUST_BASIC_CONSTRAINTS, WAX_SIGNATURE_VALID_UNTRUSTED },
	{ WAX_R_TRUST_PATH_LENGTH, WAX_SIGNATURE_VALID_UNTRUSTED },
	{ WAX_R_TRUST_NAME_CONSTRAINTS, WAX_SIGNATURE_VALID_UNTRUSTED },
	{ WAX_R_TRUST_POLICY, WAX_SIGNATURE_VALID_UNTRUSTED },
	{ WAX_R_TRUST_LOOP, WAX_SIGNATURE_VALID_UNTRUSTED },
	{ WAX_R_TRUST_SIGNATURE, WAX_SIGNATURE_VALID_UNTRUSTED },
	{ WAX_R_TRUST_CRITICAL, WAX_SIGNATURE_VALID_UNTRUSTED },
	{ WAX_R_TRUST_STATUS_UNKNOWN, WAX_SIGNATURE_STATUS_UNKNOWN },
	{ WAX_R_TRUST_WEAK, WAX_SIGNATURE_WEAK },
	{ WAX_R_SIG_WEAK_DIGEST, WAX_SIGNATURE_WEAK },
	{ WAX_R_SIG_WEAK_KEY, WAX_SIGNATURE_WEAK },
	{ WAX_R_SIG_NO_ATTRIBUTES, WAX_SIGNATURE_WEAK },
	{ WAX_R_SIG_IN_FUTURE, WAX_SIGNATURE_WEAK },
	{ WAX_R_SIG_DATE_DIFFERS, WAX_SIGNATURE_WEAK },
	{ WAX_R_SIG_BELOW_PROFILE, WAX_SIGNATURE_WEAK },
};

static WaxSignatureWord word_of(WaxReason reason)
{
	for (size_t i = 0; i < G_N_ELEMENTS(leads_to); i++)
		if (leads_to[i].reason == reason)
			return leads_to[i].word;
	return WAX_SIGNATURE_MALFORMED;
}

/* the enumeration is written in the order of V-07, so the first match is the greatest */
static int rank(WaxSignatureWord word)
{
	return (int)word;
}

static bool has_word(const WaxReasonSet *set, WaxSignatureWord word)
{
	for (unsigned r = 1; r < WAX_REASON_COUNT_; r++)
		if (wax_reasons_has(set, (WaxReason)r) && word_of((WaxReason)r) == word)
			return true;
	return false;
}

/* first match of V-07 over the reasons of one signer, or of one layer */
static WaxSignatureWord word_of_set(const WaxReasonSet *set)
{
	WaxSignatureWord worst = WAX_SIGNATURE_VALID_TRUSTED;

	for (unsigned r = 1; r < WAX_REASON_COUNT_; r++) {
		WaxSignatureWord word;

		if (!wax_reasons_has(set, (WaxReason)r))
			continue;
		word = word_of((WaxReason)r);
		if (rank(word) > rank(worst))
			worst = word;
	}
	/* the two words of dates are for a chain that fails "by the dates alone" */
	if ((worst == WAX_SIGNATURE_EXPIRED_SIGNER || worst == WAX_SIGNATURE_NOT_YET_VALID) &&
		has_word(set, WAX_SIGNATURE_VALID_UNTRUSTED))
		return WAX_SIGNATURE_VALID_UNTRUSTED;
	return worst;
}

static const WaxReason historic_pardons[] = {
	WAX_R_SIG_WEAK_DIGEST,
	WAX_R_SIG_WEAK_KEY,
	WAX_R_SIG_DATE_DIFFERS,
	WAX_R_TRUST_WEAK,
	WAX_R_WEAK_CIPHER,
	WAX_R_WEAK_KDF,
};

/* V-11: what makes a signature or an encryption weak becomes a note */
static void pardon(WaxReasonSet *reasons, WaxReasonSet *notes)
{
	for (size_t i = 0; i < G_N_ELEMENTS(historic_pardons); i++) {
		if (!wax_reasons_has(reasons, historic_pardons[i]))
			continue;
		wax_reasons_remove(reasons, historic_pardons[i]);
		wax_reasons_add(notes, historic_pardons[i]);
		wax_reasons_add(notes, WAX_R_SIG_HISTORIC);
	}
}

static bool same_addresses(const WaxVerdictSigner *a, const WaxVerdictSigner *b)
{
	if (a->addresses->len != b->addresses->len)
		return false;
	for (unsigned i = 0; i < a->addresses->len; i++)
		if (g_ascii_strcasecmp(a->addresses->pdata[i], b->addresses->pdata[i]) != 0)
			return false;
	return true;
}

/* excusable - it has an algorithm we lack, perhaps in its chain as well, and nothing else against it */
static bool excusable(const WaxVerdictSigner *signer)
{
	WaxReasonSet rest = signer->reasons;

	if (!wax_reasons_has(&rest, WAX_R_CMS_ALGORITHM_UNSUPPORTED) || !signer->subject)
		return false;
	wax_reasons_remove(&rest, WAX_R_CMS_ALGORITHM_UNSUPPORTED);
	return rank(word_of_set(&rest)) <= rank(WAX_SIGNATURE_VALID_UNTRUSTED);
}

/* another signature of the same person is good, so an algorithm we lack does not spoil it */
static bool excused(const WaxVerdictLayer *layer, const WaxVerdictSigner *signer)
{
	if (!excusable(signer))
		return false;
	for (unsigned i = 0; i < layer->signers->len; i++) {
		const WaxVerdictSigner *other = wax_verdict_signer(layer, i);

		if (other != signer && other->verdict == WAX_SIGNATURE_VALID_TRUSTED &&
			g_strcmp0(other->subject, signer->subject) == 0 &&
			same_addresses(other, signer))
			return true;
	}
	return false;
}

static void judge_signers(WaxVerdict *verdict, WaxVerdictLayer *layer)
{
	if (verdict->historic)
		pardon(&layer->reasons, &layer->notes);
	for (unsigned i = 0; i < layer->signers->len; i++) {
		WaxVerdictSigner *signer = wax_verdict_signer(layer, i);

		if (verdict->historic)
			pardon(&signer->reasons, &signer->notes);
		signer->verdict = word_of_set(&signer->reasons);
	}
}

/* V-06: as good as the worst of its signers */
static WaxSignatureWord layer_word(WaxVerdictLayer *layer, bool author)
{
	WaxSignatureWord worst = word_of_set(&layer->reasons);

	for (unsigned i = 0; i < layer->signers->len; i++) {
		WaxVerdictSigner *signer = wax_verdict_signer(layer, i);

		if (excused(layer, signer)) {
			wax_reasons_remove(&signer->reasons, WAX_R_CMS_ALGORITHM_UNSUPPORTED);
			wax_reasons_add(&signer->notes, WAX_R_CMS_ALGORITHM_UNSUPPORTED);
			continue;
		}
		if (rank(signer->verdict) > rank(worst))
			worst = signer->verdict;
	}
	/* of a transport layer only structure and arithmetic count */
	if (!author && rank(worst) < rank(WAX_SIGNATURE_ALTERED_BY_LIST))
		return WAX_SIGNATURE_VALID_TRUSTED;
	return worst;
}

/* SignedData without SignerInfos signs nothing (T-03), unless it could not even be read */
static bool counts_as_signed(const WaxVerdictLayer *layer)
{
	/* nobody knows what would have been signed inside of what cannot be expanded */
	if (layer->kind == WAX_LAYER_COMPRESSED)
		return !wax_reasons_empty(&layer->reasons);
	return wax_layer_is_signed(layer->kind) &&
	       (layer->signers->len > 0 || !wax_reasons_empty(&layer->reasons));
}

static WaxVerdictLayer *find_author(WaxVerdict *verdict)
{
	WaxVerdictLayer *author = NULL;

	for (unsigned i = verdict->layers->len; i-- > 0;) {
		WaxVerdictLayer *layer = wax_verdict_layer(verdict, i);

		if (wax_layer_is_encrypted(layer->kind))
			break;
		if (counts_as_signed(layer))
			author = layer;
	}
	return author;
}

static WaxSignatureWord decide_signature(WaxVerdict *verdict, const WaxVerdictLayer *author)
{
	WaxSignatureWord worst = WAX_SIGNATURE_VALID_TRUSTED;
	bool any = false;

	for (unsigned i = 0; i < verdict->layers->len; i++) {
		WaxVerdictLayer *layer = wax_verdict_layer(verdict, i);
		WaxSignatureWord word;

		/* what says by its type that it is no signature needs no verdict on one */
		if (!counts_as_signed(layer) &&
			(layer->kind != WAX_LAYER_UNKNOWN ||
				wax_reasons_has(&layer->reasons, WAX_R_CMS_TYPE_UNKNOWN)))
			continue;
		any = true;
		word = layer_word(layer, layer == author);
		if (rank(word) > rank(worst))
			worst = word;
	}
	if (!any)
		return wax_reasons_has(&verdict->reasons, WAX_R_SIG_BELOW_ROOT)
			       ? WAX_SIGNATURE_PARTIAL
			       : WAX_SIGNATURE_NONE;
	if (!author && rank(worst) < rank(WAX_SIGNATURE_PARTIAL)) {
		wax_reasons_add(&verdict->reasons, WAX_R_SIG_OUTER_ONLY);
		return WAX_SIGNATURE_PARTIAL;
	}
	return worst;
}

static WaxEncryptionWord decide_encryption(const WaxVerdict *verdict)
{
	WaxEncryptionWord worst = WAX_ENCRYPTION_NONE;

	for (unsigned i = 0; i < verdict->layers->len; i++) {
		const WaxVerdictLayer *layer = wax_verdict_layer(verdict, i);

		if (wax_layer_is_encrypted(layer->kind) && layer->encryption > worst)
			worst = layer->encryption;
	}
	return worst;
}

static void gather(WaxVerdict *verdict)
{
	for (unsigned i = 0; i < verdict->layers->len; i++) {
		const WaxVerdictLayer *layer = wax_verdict_layer(verdict, i);

		wax_reasons_join(&verdict->reasons, &layer->reasons);
		wax_reasons_join(&verdict->notes, &layer->notes);
		for (unsigned s = 0; s < layer->signers->len; s++) {
			wax_reasons_join(&verdict->reasons, &wax_verdict_signer(layer, s)->reasons);
			wax_reasons_join(&verdict->notes, &wax_verdict_signer(layer, s)->notes);
		}
	}
}

void wax_verdict_decide(WaxVerdict *verdict)
{
	WaxVerdictLayer *author = find_author(verdict);

	for (unsigned i = 0; i < verdict->layers->len; i++) {
		WaxVerdictLayer *layer = wax_verdict_layer(verdict, i);

		layer->author = layer == author;
		judge_signers(verdict, layer);
	}
	verdict->signature = decide_signature(verdict, author);
	verdict->encryption = decide_encryption(verdict);
	gather(verdict);
}

const WaxVerdictLayer *wax_verdict_author(const WaxVerdict *verdict)
{
	for (unsigned i = 0; i < verdict->layers->len; i++)
		if (wax_verdict_layer(verdict, i)->author)
			return wax_verdict_layer(verdict, i);
	return NULL;
}
