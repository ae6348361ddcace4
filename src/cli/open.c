/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing open: judge a message, and hand out what it says */
#include "smime/open.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/anchors.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/sources.h"
#include "cli/verbs.h"
#include "core/address.h"
#include "core/clock.h"
#include "core/status.h"
#include "smime/partner.h"
#include "trust/path.h"

#define EXIT_IDENTITY 77

typedef struct {
	const char *file, *password_file, *content, *at, *from, *out, *config, *socket,
		*profile_name;
	const WaxPartnerProfile *profile;
	GPtrArray *identities, *message_passwords, *keks, *anchors;
	WaxSources sources;
	bool historic, json;
	int64_t when;
} Arguments;

static bool read_arguments(int argc, char **argv, Arguments *a, GError **error)
{
	const WaxOption options[] = {
		{ "--identity", WAX_OPTION_LIST, a->identities },
		{ "--password-file", WAX_OPTION_TEXT, &a->password_file },
		{ "--message-password", WAX_OPTION_LIST, a->message_passwords },
		{ "--kek", WAX_OPTION_LIST, a->keks },
		{ "--content", WAX_OPTION_TEXT, &a->content },
		{ "--anchor", WAX_OPTION_LIST, a->anchors },
		WAX_SOURCES_OPTIONS(&a->sources),
		{ "--at", WAX_OPTION_TEXT, &a->at },
		{ "--from", WAX_OPTION_TEXT, &a->from },
		{ "--historic", WAX_OPTION_FLAG, &a->historic },
		{ "--profile", WAX_OPTION_TEXT, &a->profile_name },
		{ "--out", WAX_OPTION_TEXT, &a->out },
		{ "--config", WAX_OPTION_TEXT, &a->config },
		{ "--socket", WAX_OPTION_TEXT, &a->socket },
		{ "--json", WAX_OPTION_FLAG, &a->json },
	};
	g_autofree char *from_key = NULL;

	if (!wax_options_read(argc, argv, options, G_N_ELEMENTS(options), &a->file, error))
		return false;
	a->when = wax_clock_now();
	if (a->at && !wax_clock_from_rfc3339(a->at, &a->when))
		return wax_fail(error, WAX_R_USAGE,
			"--at wants a time as 2026-01-31T12:00:00Z, not '%s'", a->at);
	from_key = a->from ? wax_address_normal(a->from, NULL) : NULL;
	if (a->from && !from_key)
		return wax_fail(error, WAX_R_USAGE,
			"--from wants an address as joe@corp.example, not '%s'", a->from);
	if (a->profile_name && !(a->profile = wax_partner_find(a->profile_name, error)))
		return false;
	if (a->json && a->out && strcmp(a->out, "-") == 0)
		return wax_fail(error, WAX_R_USAGE,
			"--json and --out - both want standard output: give --out a file");
	return true;
}

static bool load_secrets(const Arguments *a, WaxKeyring *keyring, GError **error)
{
	for (unsigned i = 0; i < a->message_passwords->len; i++) {
		g_autoptr(WaxSecret) password = NULL;

		if (!wax_password_load(a->message_passwords->pdata[i], &password, error))
			return false;
		wax_keyring_add_secret(keyring, WAX_SPAN_NONE, wax_secret_span(password));
	}
	for (unsigned i = 0; i < a->keks->len; i++) {
		g_autoptr(WaxSecret) key = NULL;
		g_autoptr(GByteArray) name = NULL;

		if (!wax_kek_load(a->keks->pdata[i], &name, &key, error))
			return false;
		wax_keyring_add_secret(
			keyring, WAX_SPAN(name->data, name->len), wax_secret_span(key));
	}
	return true;
}

static bool load_identities(const Arguments *a, WaxKeyring *keyring, GError **error)
{
	g_autoptr(WaxSecret) password = NULL;

	if (!wax_password_load(a->password_file, &password, error))
		return false;
	for (unsigned i = 0; i < a->identities->len; i++)
		if (!wax_keyring_load(keyring, a->identities->pdata[i], password, error))
			return false;
	return load_secrets(a, keyring, error);
}

static void print_words(const WaxVerdict *verdict, FILE *out)
{
	fprintf(out, "signature: %s\nencryption: %s\n", wax_signature_word(verdict->signature),
		wax_encryption_word(verdict->encryption));
	for (unsigned r = 1; r < WAX_REASON_COUNT_; r++)
		if (wax_reasons_has(&verdict->reasons, (WaxReason)r))
			fprintf(out, "reason: %s\n", wax_reason_word((WaxReason)r));
}

/* with --json the payload goes to --out only; without it, to standard output */
static bool write_results(WaxOpened *opened, const Arguments *a, GError **error)
{
	const WaxVerdict *verdict = wax_opened_verdict(opened);

	if (wax_opened_has_payload(opened) && (a->out || !a->json)) {
		g_auto(WaxOutput) output = { .fd = -1 };

		if (!wax_output_open(a->out, &output, error) ||
			!wax_opened_show(opened, &output.sink, error) ||
			!wax_output_commit(&output, error))
			return false;
	}
	if (a->json) {
		g_autofree char *json = wax_verdict_format(verdict);

		puts(json);
		if (fflush(stdout) != 0)
			return wax_fail_errno(error, errno, "cannot write the verdict");
	} else {
		print_words(verdict, stderr);
	}
	if (a->out && !wax_opened_has_payload(opened))
		fprintf(stderr, "%s is not written: the message could not be opened\n", a->out);
	return true;
}

static int open_message(Arguments *a, const WaxKeyring *keyring, GError **error)
{
	WaxUnwrapper keys = wax_keyring_unwrapper((WaxKeyring *)(uintptr_t)keyring);
	g_auto(WaxInput) input = { .fd = -1 }, content = { .fd = -1 };
	g_autoptr(GPtrArray)
		anchors = g_ptr_array_new_with_free_func((GDestroyNotify)wax_anchor_free),
		untrusted = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	WaxAnchorService service = { a->socket, a->config, WAX_PURPOSE_SIGN };
	g_autoptr(WaxOpened) opened = NULL;
	WaxOpenOptions options = { .keys = &keys,
		.at = a->when,
		.from = a->from,
		.historic = a->historic,
		.profile = a->profile };

	if (!wax_anchors_load(a->anchors, &service, anchors, untrusted, error) ||
		!wax_sources_load(&a->sources, error) || !wax_input_open(a->file, &input, error))
		return -1;
	options.anchors = anchors;
	options.untrusted = untrusted;
	options.revocation = wax_sources_question(&a->sources, /* demanded= */ false);
	if (a->content) {
		if (!wax_input_open(a->content, &content, error))
			return -1;
		options.detached = &content.source;
	}
	if (!wax_open_judge(&input.source, &options, &opened, error) ||
		!write_results(opened, a, error))
		return -1;
	return 0;
}

static int run(int argc, char **argv, Arguments *a)
{
	g_autoptr(WaxKeyring) keyring = wax_keyring_new();
	g_autoptr(GError) error = NULL;

	if (!read_arguments(argc, argv, a, &error))
		return wax_cli_report("open", error);
	if (!load_identities(a, keyring, &error)) {
		(void)wax_cli_report("open", error);
		return EXIT_IDENTITY;
	}
	if (open_message(a, keyring, &error) != 0)
		return wax_cli_report("open", error);
	return 0;
}

int wax_cli_open(int argc, char **argv)
{
	g_autoptr(GPtrArray) identities = g_ptr_array_new(), anchors = g_ptr_array_new(),
			     message_passwords = g_ptr_array_new(), keks = g_ptr_array_new();
	Arguments a = { .identities = identities,
		.message_passwords = message_passwords,
		.keks = keks,
		.anchors = anchors };
	int code;

	wax_sources_init(&a.sources);
	code = run(argc, argv, &a);
	wax_sources_done(&a.sources);
	return code;
}
