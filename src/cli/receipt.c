/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing receipt: make the signed receipt that a message asks for, or check one against it */
#include "smime/receipt.h"

#include <stdio.h>
#include <string.h>

#include "cli/anchors.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "core/address.h"
#include "core/clock.h"
#include "core/status.h"
#include "smime/keyring.h"
#include "smime/open.h"

#define RECEIPT_MAX (256 * 1024)

typedef struct {
	const char *file, *from, *sign, *password_file, *receipt, *config, *socket, *out;
	GPtrArray *identities, *anchors;
	char *from_key;
} Arguments;

static bool read_arguments(int argc, char **argv, Arguments *a, GError **error)
{
	const WaxOption options[] = {
		{ "--from", WAX_OPTION_TEXT, &a->from },
		{ "--sign", WAX_OPTION_TEXT, &a->sign },
		{ "--password-file", WAX_OPTION_TEXT, &a->password_file },
		{ "--receipt", WAX_OPTION_TEXT, &a->receipt },
		{ "--identity", WAX_OPTION_LIST, a->identities },
		{ "--anchor", WAX_OPTION_LIST, a->anchors },
		{ "--config", WAX_OPTION_TEXT, &a->config },
		{ "--socket", WAX_OPTION_TEXT, &a->socket },
		{ "--out", WAX_OPTION_TEXT, &a->out },
	};

	if (!wax_options_read(argc, argv, options, G_N_ELEMENTS(options), &a->file, error))
		return false;
	a->from_key = a->from ? wax_address_normal(a->from, NULL) : NULL;
	if (a->from && !a->from_key)
		return wax_fail(error, WAX_R_USAGE,
			"--from wants an address as joe@corp.example, not '%s'", a->from);
	if (!a->receipt == !a->sign || (a->sign && !a->from))
		return wax_fail(error, WAX_R_USAGE,
			"give --sign KEY and --from ADDRESS to make the receipt that FILE asks "
			"for, or --receipt RECEIPT to check one that came for it");
	return true;
}

/* what both messages are judged with */
typedef struct {
	WaxKeyring *keyring;
	GPtrArray *anchors, *untrusted;
} Judges;

static bool judge(
	const char *file, const Judges *judges, WaxInput *input, WaxOpened **ret, GError **error)
{
	WaxUnwrapper keys = wax_keyring_unwrapper(judges->keyring);
	WaxOpenOptions options = { .keys = &keys,
		.at = wax_clock_now(),
		.anchors = judges->anchors,
		.untrusted = judges->untrusted };

	return wax_input_open(file, input, error) &&
	       wax_open_judge(&input->source, &options, ret, error);
}

static bool make(
	const Arguments *a, const WaxOpened *message, const WaxSecret *password, GError **error)
{
	g_autoptr(WaxKeyring) keyring = wax_keyring_new();
	g_auto(WaxOutput) output = { .fd = -1 };
	const WaxIdentityKey *identity;
	WaxSealSigner signer;

	if (!wax_keyring_load(keyring, a->sign, password, error))
		return false;
	identity = keyring->keys->pdata[0];
	if (!identity->cert || !wax_cert_can_sign(identity->cert))
		return wax_fail(error, WAX_R_KEY_MISMATCH,
			"%s holds no certificate for signing: give KEY.pem,CERT.pem", a->sign);
	signer = (WaxSealSigner){
		.cert = identity->cert, .data = identity->key, .sign = wax_seal_local_sign
	};
	return wax_output_open(a->out, &output, error) &&
	       wax_receipt_write(wax_opened_verdict(message), &signer, a->from_key, wax_clock_now(),
		       &output.sink, error) &&
	       wax_output_commit(&output, error);
}

static bool take(void *data, WaxSpan bytes, GError **error)
{
	GByteArray *content = data;

	if (bytes.n > RECEIPT_MAX - content->len)
		return wax_fail(error, WAX_R_TOO_LARGE, "no receipt is that large");
	g_byte_array_append(content, bytes.p, (guint)bytes.n);
	return true;
}

static bool check(
	const Arguments *a, const WaxOpened *message, const Judges *judges, GError **error)
{
	g_autoptr(GByteArray) content = g_byte_array_new();
	g_auto(WaxInput) input = { .fd = -1 };
	g_autoptr(WaxOpened) receipt = NULL;
	WaxSink sink = { take, content };

	if (!judge(a->receipt, judges, &input, &receipt, error) ||
		(wax_opened_has_payload(receipt) && !wax_opened_emit(receipt, &sink, error)) ||
		!wax_receipt_check(wax_opened_verdict(message), wax_opened_verdict(receipt),
			WAX_SPAN(content->data, content->len), error))
		return false;
	puts("receipt: valid");
	return true;
}

static bool run(const Arguments *a, GError **error)
{
	g_autoptr(GPtrArray)
		anchors = g_ptr_array_new_with_free_func((GDestroyNotify)wax_anchor_free),
		untrusted = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	g_autoptr(WaxKeyring) keyring = wax_keyring_new();
	g_autoptr(WaxSecret) password = NULL;
	WaxAnchorService service = { a->socket, a->config, WAX_PURPOSE_SIGN };
	Judges judges = { keyring, anchors, untrusted };
	g_auto(WaxInput) input = { .fd = -1 };
	g_autoptr(WaxOpened) message = NULL;

	if (!wax_password_load(a->password_file, &password, error) ||
		!wax_anchors_load(a->anchors, &service, anchors, untrusted, error))
		return false;
	for (guint i = 0; i < a->identities->len; i++)
		if (!wax_keyring_load(keyring, a->identities->pdata[i], password, error))
			return false;
	if (!judge(a->file, &judges, &input, &message, error))
		return false;
	return a->receipt ? check(a, message, &judges, error) : make(a, message, password, error);
}

int wax_cli_receipt(int argc, char **argv)
{
	g_autoptr(GPtrArray) identities = g_ptr_array_new(), anchors = g_ptr_array_new();
	Arguments a = { .identities = identities, .anchors = anchors };
	g_autoptr(GError) error = NULL;
	bool ok = read_arguments(argc, argv, &a, &error) && run(&a, &error);

	g_free(a.from_key);
	return ok ? 0 : wax_cli_report("receipt", error);
}
