/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing seal: sign, encrypt, or both */
#include "smime/seal.h"

#include <string.h>

#include "cli/input.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "core/address.h"
#include "core/clock.h"
#include "core/status.h"
#include "mime/addresses.h"
#include "mime/fields.h"
#include "smime/keyring.h"
#include "smime/partner.h"

#define EXIT_IDENTITY 77
#define SIGNERS_MAX   16 /* L-06 */

typedef struct {
	const char *file, *from, *password_file, *cipher, *signer_id, *out, *protect, *profile_name;
	const WaxPartnerProfile *profile;
	GPtrArray *signs, *to_certs, *passwords, *keks;
	bool compress, opaque, legacy_display, oaep, rsa_kem, cek_hkdf, pss;
	WaxHcp hcp;
	WaxCipherAlg cipher_alg;
	char *from_key;
} Arguments;

static bool choose_cipher(const char *word, WaxCipherAlg *ret_cipher, GError **error)
{
	g_autoptr(GString) words = g_string_new(NULL);

	*ret_cipher = WAX_CIPHER_NONE; /* what all recipients read */
	if (!word)
		return true;
	for (unsigned i = 1; i < WAX_CIPHER_COUNT_; i++) {
		const char *known = wax_cipher_word((WaxCipherAlg)i);

		if (wax_cipher_is_weak((WaxCipherAlg)i))
			continue;
		if (strcmp(word, known) == 0) {
			*ret_cipher = (WaxCipherAlg)i;
			return true;
		}
		g_string_append_printf(words, "%s%s", words->len ? ", " : "", known);
	}
	return wax_fail(error, WAX_R_USAGE, "--cipher is one of %s, not '%s'", words->str, word);
}

static bool is_encrypted(const Arguments *a)
{
	return a->to_certs->len || a->passwords->len || a->keks->len;
}

static bool read_arguments(int argc, char **argv, Arguments *a, GError **error)
{
	const WaxOption options[] = {
		{ "--from", WAX_OPTION_TEXT, &a->from },
		{ "--sign", WAX_OPTION_LIST, a->signs },
		{ "--signer-id", WAX_OPTION_TEXT, &a->signer_id },
		{ "--password-file", WAX_OPTION_TEXT, &a->password_file },
		{ "--to-cert", WAX_OPTION_LIST, a->to_certs },
		{ "--cipher", WAX_OPTION_TEXT, &a->cipher },
		{ "--opaque", WAX_OPTION_FLAG, &a->opaque },
		{ "--compress", WAX_OPTION_FLAG, &a->compress },
		{ "--protect-headers", WAX_OPTION_MAYBE, &a->protect },
		{ "--profile", WAX_OPTION_TEXT, &a->profile_name },
		{ "--legacy-display", WAX_OPTION_FLAG, &a->legacy_display },
		{ "--password-recipient", WAX_OPTION_LIST, a->passwords },
		{ "--kek-recipient", WAX_OPTION_LIST, a->keks },
		{ "--oaep", WAX_OPTION_FLAG, &a->oaep },
		{ "--rsa-kem", WAX_OPTION_FLAG, &a->rsa_kem },
		{ "--cek-hkdf", WAX_OPTION_FLAG, &a->cek_hkdf },
		{ "--pss", WAX_OPTION_FLAG, &a->pss },
		{ "--out", WAX_OPTION_TEXT, &a->out },
	};

	if (!wax_options_read(argc, argv, options, G_N_ELEMENTS(options), &a->file, error))
		return false;
	if (!a->from)
		return wax_fail(error, WAX_R_USAGE, "--from is missing: whose message is it?");
	if (a->signs->len == 0 && !is_encrypted(a) && !a->compress)
		return wax_fail(error, WAX_R_USAGE,
			"give --sign, --to-cert, --compress or several of them: there is nothing "
			"to do");
	if (a->signer_id && strcmp(a->signer_id, "ski") != 0 && strcmp(a->signer_id, "issuer") != 0)
		return wax_fail(
			error, WAX_R_USAGE, "--signer-id is issuer or ski, not '%s'", a->signer_id);
	if (a->signs->len > SIGNERS_MAX)
		return wax_fail(error, WAX_R_USAGE,
			"--sign is given %u times; a message has %d signers at most", a->signs->len,
			SIGNERS_MAX);
	if (a->oaep && a->rsa_kem)
		return wax_fail(error, WAX_R_USAGE, "--oaep and --rsa-kem exclude each other");
	a->from_key = wax_address_normal(a->from, NULL);
	if (!a->from_key)
		return wax_fail(error, WAX_R_USAGE,
			"--from wants an address as joe@corp.example, not '%s'", a->from);
	if (a->profile_name && !(a->profile = wax_partner_find(a->profile_name, error)))
		return false;
	if (a->profile && a->cipher && a->profile->cipher)
		return wax_fail(error, WAX_R_USAGE,
			"--profile %s says which cipher: leave --cipher out", a->profile_name);
	if (a->protect && !a->protect[0])
		a->hcp = WAX_HCP_BASELINE;
	else if (a->protect && !wax_hcp_by_word(a->protect, &a->hcp))
		return wax_fail(error, WAX_R_USAGE,
			"--protect-headers is baseline or shy, not '%s'", a->protect);
	if (a->legacy_display && !a->hcp)
		return wax_fail(error, WAX_R_USAGE,
			"--legacy-display repeats what --protect-headers hides: give both");
	return choose_cipher(a->cipher, &a->cipher_alg, error);
}

static bool owns(const WaxCert *cert, const char *key)
{
	const WaxCertInfo *info = wax_cert_info(cert);

	return wax_cert_has_address(cert, key) || g_strv_contains(info->utf8_addresses, key) ||
	       (!info->addresses[0] && !info->utf8_addresses[0]);
}

/* of several keys in one file the first that may sign for the address; else the first, to say what it lacks */
static const WaxIdentityKey *choose_identity(const WaxKeyring *keyring, const char *from)
{
	for (guint i = 0; i < keyring->keys->len; i++) {
		const WaxIdentityKey *identity = keyring->keys->pdata[i];

		if (identity->cert && wax_cert_can_sign(identity->cert) &&
			owns(identity->cert, from))
			return identity;
	}
	return keyring->keys->pdata[0];
}

static bool load_signer(const Arguments *a, const char *file, const WaxSecret *password,
	WaxKeyring *keyring, WaxSealSigner *ret_signer, GError **error)
{
	const WaxIdentityKey *identity;

	if (!wax_keyring_load(keyring, file, password, error))
		return false;
	identity = choose_identity(keyring, a->from_key);
	if (!identity->cert)
		return wax_fail(error, WAX_R_KEY_MISMATCH,
			"%s holds no certificate for its key: give KEY.pem,CERT.pem", file);
	if (!wax_cert_can_sign(identity->cert))
		return wax_fail(error, WAX_R_NOT_PERMITTED,
			"the certificate of %s is not for signing", file);
	if (!owns(identity->cert, a->from_key))
		return wax_fail(error, WAX_R_ADDRESS_NOT_OWNED,
			"the certificate of %s does not speak for %s: every reader would see a "
			"mismatch",
			file, a->from);
	*ret_signer = (WaxSealSigner){ .cert = identity->cert,
		.chain = identity->chain,
		.pss = a->pss,
		.by_key_id = a->signer_id && strcmp(a->signer_id, "ski") == 0,
		.data = identity->key,
		.sign = wax_seal_local_sign };
	return true;
}

static void keyring_free(void *keyring)
{
	wax_keyring_free(keyring);
}

/* load_signers - each file has a keyring of its own, so that each finds its own key */
static bool load_signers(
	const Arguments *a, GPtrArray *keyrings, WaxSealSigner *signers, GError **error)
{
	g_autoptr(WaxSecret) password = NULL;

	if (!wax_password_load(a->password_file, &password, error))
		return false;
	for (guint i = 0; i < a->signs->len; i++) {
		g_ptr_array_add(keyrings, wax_keyring_new());
		if (!load_signer(a, a->signs->pdata[i], password, keyrings->pdata[i], &signers[i],
			    error))
			return false;
	}
	return true;
}

/* what --from says and what the message says must be the same; a message without From gets one */
static bool check_from(const Arguments *a, const WaxSource *source, char **ret_top, GError **error)
{
	g_autoptr(GByteArray) header = NULL;
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
	WaxSpan block;

	if (!wax_seal_load_header(source, &header, error))
		return false;
	block = WAX_SPAN(header->data, header->len);
	if (wax_fields_count(block, "From", NULL) == 0) {
		*ret_top = g_strdup_printf("From: %s\r\n", a->from);
		return true;
	}
	if (wax_addresses_author(block, "From", keys))
		for (unsigned i = 0; i < keys->len; i++)
			if (strcmp(keys->pdata[i], a->from_key) == 0)
				return true;
	return wax_fail(error, WAX_R_ADDRESS_NOT_OWNED, "the message is not from %s", a->from);
}

static bool load_recipients(const Arguments *a, GPtrArray **ret_certs, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);

	for (unsigned i = 0; i < a->to_certs->len; i++) {
		g_autoptr(GPtrArray) found = NULL;

		if (!wax_certs_load(a->to_certs->pdata[i], &found, error))
			return false;
		/* the first is the recipient's, what follows is its chain */
		g_ptr_array_add(all, wax_cert_ref(found->pdata[0]));
	}
	*ret_certs = g_steal_pointer(&all);
	return true;
}

/* the secrets that others share with us, and what they point at */
typedef struct {
	GArray *list; /* WaxSealSecret */
	GPtrArray *secrets, *names;
} Secrets;

static void secrets_clear(Secrets *secrets)
{
	g_clear_pointer(&secrets->list, g_array_unref);
	g_clear_pointer(&secrets->secrets, g_ptr_array_unref);
	g_clear_pointer(&secrets->names, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Secrets, secrets_clear)

static void add_secret(Secrets *secrets, WaxSecret *secret, WaxSpan name)
{
	WaxSealSecret one = { wax_secret_span(secret), name };

	g_ptr_array_add(secrets->secrets, secret);
	g_array_append_val(secrets->list, one);
}

static bool load_secrets(const Arguments *a, Secrets *secrets, GError **error)
{
	secrets->list = g_array_new(false, false, sizeof(WaxSealSecret));
	secrets->secrets = g_ptr_array_new_with_free_func((GDestroyNotify)wax_secret_free);
	secrets->names = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
	for (unsigned i = 0; i < a->passwords->len; i++) {
		WaxSecret *password;

		if (!wax_password_load(a->passwords->pdata[i], &password, error))
			return false;
		add_secret(secrets, password, WAX_SPAN_NONE);
		if (password->n == 0)
			return wax_fail(error, WAX_R_USAGE, "%s: an empty password",
				(const char *)a->passwords->pdata[i]);
	}
	for (unsigned i = 0; i < a->keks->len; i++) {
		GByteArray *name;
		WaxSecret *key;

		if (!wax_kek_load(a->keks->pdata[i], &name, &key, error))
			return false;
		g_ptr_array_add(secrets->names, name);
		add_secret(secrets, key, WAX_SPAN(name->data, name->len));
	}
	return true;
}

static bool seal_message(const Arguments *a, WaxSealSigner *signers, GError **error)
{
	g_auto(Secrets) secrets = { NULL };
	g_auto(WaxInput) input = { .fd = -1 };
	g_auto(WaxOutput) output = { .fd = -1 };
	g_autoptr(GPtrArray) recipients = NULL;
	g_autofree char *top = NULL;
	WaxSealOptions options = {
		.signer = a->signs->len ? signers : NULL,
		.more_signers = a->signs->len ? a->signs->len - 1 : 0,
		.cipher = a->cipher_alg,
		.oaep = a->oaep,
		.rsa_kem = a->rsa_kem,
		.derived_key = a->cek_hkdf,
		.opaque = a->opaque,
		.compress = a->compress,
		.hcp = a->hcp,
		.legacy_display = a->legacy_display,
		.now = wax_clock_now(),
	};

	if (!load_recipients(a, &recipients, error) || !load_secrets(a, &secrets, error) ||
		!wax_input_open(a->file, &input, error) ||
		!check_from(a, &input.source, &top, error))
		return false;
	options.recipients = recipients->len ? recipients : NULL;
	options.secrets = (const WaxSealSecret *)(void *)secrets.list->data;
	options.secret_count = secrets.list->len;
	options.top_fields = top;
	return (!a->profile || wax_partner_apply(a->profile, &options,
				       a->signs->len ? signers : NULL, error)) &&
	       (options.cipher || wax_seal_cipher(&options, &options.cipher, error)) &&
	       wax_output_open(a->out, &output, error) &&
	       wax_seal(&input.source, &options, &output.sink, error) &&
	       wax_output_commit(&output, error);
}

int wax_cli_seal(int argc, char **argv)
{
	g_autoptr(GPtrArray) to_certs = g_ptr_array_new(), passwords = g_ptr_array_new(),
			     keks = g_ptr_array_new(), signs = g_ptr_array_new();
	Arguments a = {
		.to_certs = to_certs, .passwords = passwords, .keks = keks, .signs = signs
	};
	g_autoptr(GPtrArray) keyrings = g_ptr_array_new_with_free_func(keyring_free);
	g_autoptr(GError) error = NULL;
	g_autofree char *key = NULL;
	WaxSealSigner signers[SIGNERS_MAX];

	if (!read_arguments(argc, argv, &a, &error))
		return wax_cli_report("seal", error);
	key = a.from_key;
	if (!load_signers(&a, keyrings, signers, &error)) {
		(void)wax_cli_report("seal", error);
		return EXIT_IDENTITY;
	}
	if (!seal_message(&a, signers, &error))
		return wax_cli_report("seal", error);
	return 0;
}
