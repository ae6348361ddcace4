/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/partner.h"

#include <string.h>

#include "core/status.h"

const WaxPartnerProfile *wax_partner_find(const char *name, GError **error)
{
	const WaxPartnerProfile *profile = wax_partner_profile(name);
	g_autoptr(GString) known = g_string_new(NULL);

	for (size_t i = 0; !profile && wax_partner_profile_at(i); i++)
		g_string_append_printf(
			known, "%s%s", i ? ", " : "", wax_partner_profile_at(i)->name);
	if (!profile)
		wax_ignore(wax_fail(error, WAX_R_VALUE_INVALID,
			"there is no profile '%s'; there are %s", name, known->str));
	return profile;
}

static bool is_rsa(const WaxCertInfo *info)
{
	return info->key_kind == WAX_KEY_RSA || info->key_kind == WAX_KEY_RSA_PSS;
}

static bool is_long_enough(const WaxPartnerProfile *profile, const WaxCert *cert, GError **error)
{
	const WaxCertInfo *info = wax_cert_info(cert);

	return !is_rsa(info) || info->key_bits >= profile->rsa_bits ||
	       wax_fail(error, WAX_R_KEY_WEAK,
		       "the RSA key of %s has %u bits; the profile %s asks for %u",
		       info->subject_text, info->key_bits, profile->name, profile->rsa_bits);
}

bool wax_partner_apply(const WaxPartnerProfile *profile, WaxSealOptions *options,
	WaxSealSigner *signers, GError **error)
{
	for (unsigned i = 0; signers && i <= options->more_signers; i++) {
		if (!is_long_enough(profile, signers[i].cert, error))
			return false;
		signers[i].pss = signers[i].pss || profile->pss;
	}
	for (guint i = 0; options->recipients && i < options->recipients->len; i++)
		if (!is_long_enough(profile, options->recipients->pdata[i], error))
			return false;
	options->oaep = options->oaep || profile->oaep;
	if (profile->cipher)
		options->cipher = profile->cipher;
	return true;
}

static bool signer_meets(const WaxPartnerProfile *profile, const WaxVerdictSigner *signer)
{
	bool rsa = signer->algorithm == WAX_SIG_RSA || signer->algorithm == WAX_SIG_PSS;

	return !(profile->pss && signer->algorithm == WAX_SIG_RSA) &&
	       !(rsa && signer->key_bits < profile->rsa_bits);
}

static bool recipients_meet(const WaxPartnerProfile *profile, const WaxVerdictLayer *layer)
{
	for (guint i = 0; i < layer->recipients->len; i++) {
		const WaxVerdictRecipient *recipient = layer->recipients->pdata[i];

		if (profile->oaep && recipient->opened &&
			g_strcmp0(recipient->algorithm, wax_keyenc_word(WAX_KEYENC_RSA)) == 0)
			return false;
	}
	return !wax_cipher_is_weak(layer->cipher);
}

void wax_partner_judge(const WaxPartnerProfile *profile, WaxVerdict *verdict)
{
	bool below = false;

	verdict->profile = profile->name;
	if (!profile->demands)
		return;
	for (guint i = 0; i < verdict->layers->len; i++) {
		WaxVerdictLayer *layer = wax_verdict_layer(verdict, i);

		if (wax_layer_is_encrypted(layer->kind))
			below = below || !recipients_meet(profile, layer);
		for (guint k = 0; k < layer->signers->len; k++)
			below = below || !signer_meets(profile, wax_verdict_signer(layer, k));
	}
	if (!below)
		return;
	wax_reasons_add(&verdict->reasons, WAX_R_SIG_BELOW_PROFILE);
	for (guint i = 0; i < verdict->layers->len; i++) {
		WaxVerdictLayer *layer = wax_verdict_layer(verdict, i);

		for (guint k = 0; k < layer->signers->len; k++)
			wax_reasons_add(
				&wax_verdict_signer(layer, k)->reasons, WAX_R_SIG_BELOW_PROFILE);
	}
}
