/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing cert show and cert verify: read a certificate, judge its chain; no service is needed. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/client.h"
#include "cli/anchors.h"
#include "cli/input.h"
#include "cli/local.h"
#include "cli/options.h"
#include "cli/sources.h"
#include "cli/verbs.h"
#include "core/address.h"
#include "core/clock.h"
#include "core/status.h"
#include "crypto/digest.h"
#include "trust/path.h"

typedef struct {
	const char *file, *mail, *purpose, *at, *config, *socket;
	GPtrArray *anchors, *untrusted, *policies;
	WaxSources sources;
	bool explicit_policy, no_mapping, no_any, historic, json;
	int64_t when;
	WaxPurpose use;
} Arguments;

/* ---- one certificate in words ---- */

static json_t *usages_json(const WaxCertInfo *info)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = { { WAX_KU_DIGITAL_SIGNATURE, "digitalSignature" },
		{ WAX_KU_NON_REPUDIATION, "nonRepudiation" },
		{ WAX_KU_KEY_ENCIPHERMENT, "keyEncipherment" },
		{ WAX_KU_KEY_AGREEMENT, "keyAgreement" }, { WAX_KU_CERT_SIGN, "keyCertSign" },
		{ WAX_KU_CRL_SIGN, "cRLSign" } };
	json_t *list = json_array();

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (info->key_usage & words[i].bit)
			json_array_append_new(list, json_string(words[i].word));
	return list;
}

static json_t *addresses_json(const WaxCertInfo *info)
{
	json_t *list = json_array();

	for (const char *const *a = info->addresses; *a; a++)
		json_array_append_new(list, json_string(*a));
	for (const char *const *a = info->utf8_addresses; *a; a++)
		json_array_append_new(list, json_string(*a));
	return list;
}

static const char *kind_word(const WaxCertInfo *info)
{
	switch (info->key_kind) {
	case WAX_KEY_RSA:
		return "RSA";
	case WAX_KEY_RSA_PSS:
		return "RSA-PSS";
	case WAX_KEY_EC:
		return info->curve ? info->curve : "EC";
	case WAX_KEY_PURE:
		return wax_sig_word(info->pure);
	case WAX_KEY_XDH:
	case WAX_KEY_ML_KEM:
		return wax_keyenc_word(info->keyenc);
	case WAX_KEY_DSA:
		return "DSA";
	default:
		return "other";
	}
}

static json_t *cert_json(const WaxCert *cert)
{
	const WaxCertInfo *info = wax_cert_info(cert);
	g_autofree char *from = wax_clock_rfc3339(info->not_before),
			*to = wax_clock_rfc3339(info->not_after),
			*hash = wax_hex(WAX_SPAN(info->sha256, 32));

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:s,s:i,s:o,s:b,s:b,s:b,s:s}", "subject",
		info->subject_text, "issuer", info->issuer_text, "serial", info->serial_text,
		"not_before", from, "not_after", to, "addresses", addresses_json(info), "key",
		kind_word(info), "bits", (int)info->key_bits, "usages", usages_json(info), "mail",
		(int)(!info->has_eku || info->eku_mail), "ca", (int)info->is_ca, "weak",
		(int)wax_cert_is_weak(cert), "sha256", hash);
}

static void print_texts(const char *key, const json_t *list)
{
	size_t i;
	json_t *item;

	printf("%-11s ", key);
	json_array_foreach(list, i, item) printf("%s%s", i ? ", " : "", json_string_value(item));
	putchar('\n');
}

static void print_cert(const json_t *cert)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)cert, key, value)
	{
		if (json_is_array(value))
			print_texts(key, value);
		else if (json_is_boolean(value))
			printf("%-11s %s\n", key, json_is_true(value) ? "yes" : "no");
		else if (json_is_integer(value))
			printf("%-11s %d\n", key, (int)json_integer_value(value));
		else
			printf("%-11s %s\n", key, json_string_value(value));
	}
}

static void print_json(const json_t *value, size_t flags)
{
	char *dump = json_dumps(value, flags);

	puts(dump);
	free(dump);
}

/* fetch - what is no file is the beginning of an id that the service knows */
static bool fetch(const char *id, const char *config, const char *given, GPtrArray **ret_certs,
	GError **error)
{
	g_autofree char *socket = wax_anchors_socket(given, config, error),
			*escaped = wax_api_escape(id),
			*path = g_strconcat("/v1/certs/", escaped, NULL);
	json_t *answer = NULL;
	const char *pem;
	bool ok;

	if (!socket || !wax_api_call(socket, "GET", path, NULL, &answer, error))
		return false;
	pem = json_string_value(json_object_get(answer, "pem"));
	ok = wax_certs_parse(WAX_SPAN(pem, pem ? strlen(pem) : 0), ret_certs, error);
	json_decref(answer);
	return ok;
}

static bool is_id(const char *text)
{
	return strlen(text) >= 4 && strspn(text, "0123456789abcdef") == strlen(text) &&
	       access(text, F_OK) != 0;
}

int wax_cli_cert_show(int argc, char **argv)
{
	const char *file = NULL, *config = NULL, *socket = NULL;
	bool json = false;
	const WaxOption options[] = { { "--json", WAX_OPTION_FLAG, &json },
		{ "--config", WAX_OPTION_TEXT, &config },
		{ "--socket", WAX_OPTION_TEXT, &socket } };
	g_autoptr(GPtrArray) certs = NULL;
	g_autoptr(GError) error = NULL;
	json_t *items;

	if (!wax_options_read(argc, argv, options, G_N_ELEMENTS(options), &file, &error) ||
		!(is_id(file) ? fetch(file, config, socket, &certs, &error)
			      : wax_certs_load(file, &certs, &error)))
		return wax_cli_report("cert show", error);
	items = json_array();
	for (guint i = 0; i < certs->len; i++)
		json_array_append_new(items, cert_json(certs->pdata[i]));
	if (json) {
		json_t *all = json_pack("{s:O}", "items", items);

		print_json(all, JSON_INDENT(2));
		json_decref(all);
	}
	for (guint i = 0; !json && i < certs->len; i++) {
		if (i)
			putchar('\n');
		print_cert(json_array_get(items, i));
	}
	json_decref(items);
	return 0;
}

/* ---- verify ---- */

static bool read_use(Arguments *a, GError **error)
{
	static const struct {
		const char *word;
		WaxPurpose use;
	} words[] = { { "any", WAX_PURPOSE_ANY }, { "sign", WAX_PURPOSE_SIGN },
		{ "encrypt", WAX_PURPOSE_ENCRYPT } };

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (!a->purpose || strcmp(words[i].word, a->purpose) == 0) {
			a->use = words[i].use;
			return true;
		}
	return wax_fail(
		error, WAX_R_USAGE, "--purpose is sign, encrypt or any, not '%s'", a->purpose);
}

static bool is_oid(const char *text)
{
	return g_ascii_isdigit(text[0]) && strchr(text, '.') && !strstr(text, "..") &&
	       strspn(text, "0123456789.") == strlen(text) && text[strlen(text) - 1] != '.';
}

static bool read_arguments(int argc, char **argv, Arguments *a, GError **error)
{
	const WaxOption options[] = {
		{ "--anchor", WAX_OPTION_LIST, a->anchors },
		{ "--untrusted", WAX_OPTION_LIST, a->untrusted },
		WAX_SOURCES_OPTIONS(&a->sources),
		{ "--policy", WAX_OPTION_LIST, a->policies },
		{ "--explicit-policy", WAX_OPTION_FLAG, &a->explicit_policy },
		{ "--no-policy-mapping", WAX_OPTION_FLAG, &a->no_mapping },
		{ "--no-any-policy", WAX_OPTION_FLAG, &a->no_any },
		{ "--mail", WAX_OPTION_TEXT, &a->mail },
		{ "--purpose", WAX_OPTION_TEXT, &a->purpose },
		{ "--at", WAX_OPTION_TEXT, &a->at },
		{ "--historic", WAX_OPTION_FLAG, &a->historic },
		{ "--config", WAX_OPTION_TEXT, &a->config },
		{ "--socket", WAX_OPTION_TEXT, &a->socket },
		{ "--json", WAX_OPTION_FLAG, &a->json },
	};

	if (!wax_options_read(argc, argv, options, G_N_ELEMENTS(options), &a->file, error) ||
		!read_use(a, error))
		return false;
	for (guint i = 0; i < a->policies->len; i++)
		if (!is_oid(a->policies->pdata[i]))
			return wax_fail(error, WAX_R_USAGE,
				"--policy wants an OID as 2.5.29.32.0, not '%s'",
				(const char *)a->policies->pdata[i]);
	a->when = wax_clock_now();
	if (a->at && !wax_clock_from_rfc3339(a->at, &a->when))
		return wax_fail(error, WAX_R_USAGE,
			"--at wants a time as 2026-01-31T12:00:00Z, not '%s'", a->at);
	return true;
}

static void add_reason(json_t *reasons, WaxReason reason)
{
	if (reason)
		json_array_append_new(reasons, json_string(wax_reason_info(reason)->label));
}

static json_t *result_json(const WaxPathVerdict *verdict, json_t *reasons, bool valid)
{
	json_t *chain = json_array(), *policies = json_array();

	for (guint i = 0; verdict->chain && i < verdict->chain->len; i++)
		json_array_append_new(chain, cert_json(verdict->chain->pdata[i]));
	for (char **p = valid ? verdict->policies : NULL; p && *p; p++)
		json_array_append_new(policies, json_string(*p));
	return json_pack("{s:b,s:o,s:o,s:o}", "valid", (int)valid, "reasons", reasons, "policies",
		policies, "chain", chain);
}

static json_t *judge(const Arguments *a, const WaxCert *cert, GPtrArray *anchors,
	GPtrArray *untrusted, const char *mail)
{
	const char *const *oids = a->policies->len ? (const char *const *)a->policies->pdata : NULL;
	WaxPathQuestion question = { .anchors = anchors,
		.untrusted = untrusted,
		.at = a->when,
		.purpose = a->use,
		.mail = mail,
		.historic = a->historic,
		.policy = { oids, a->explicit_policy, a->no_mapping, a->no_any } };
	WaxRevocationSources sources = wax_sources_question(&a->sources, /* demanded= */ true);
	g_auto(WaxPathVerdict) verdict = wax_trust_path(cert, &question);
	json_t *reasons = json_array();

	add_reason(reasons, verdict.reason);
	/* lists given must clear the whole path; without any, one that names a source is not cleared */
	if (!verdict.reason)
		add_reason(reasons, wax_trust_revocation(verdict.chain, &question, &sources));
	if (mail && !wax_cert_has_address(cert, mail))
		add_reason(reasons, WAX_R_CERT_ADDRESS_FOREIGN);
	return result_json(&verdict, reasons, json_array_size(reasons) == 0);
}

static void print_result(const json_t *result)
{
	json_t *chain = json_object_get(result, "chain"), *cert;
	size_t i;

	printf("%-11s %s\n", "valid",
		json_is_true(json_object_get(result, "valid")) ? "yes" : "no");
	print_texts("reasons", json_object_get(result, "reasons"));
	print_texts("policies", json_object_get(result, "policies"));
	json_array_foreach(chain, i, cert) printf("%-11s %s\n", i ? "issued by" : "certificate",
		json_string_value(json_object_get(cert, "subject")));
}

static bool verify(Arguments *a, GError **error)
{
	g_autoptr(GPtrArray) certs = NULL, untrusted = NULL,
			     anchors = g_ptr_array_new_with_free_func(
				     (GDestroyNotify)wax_anchor_free);
	WaxAnchorService service = { a->socket, a->config, a->use };
	g_autofree char *mail = NULL;
	json_t *result;

	if (a->mail && !(mail = wax_address_normal(a->mail, error)))
		return false;
	if (!wax_certs_load(a->file, &certs, error) ||
		!wax_certificates_load(a->untrusted, &untrusted, error) ||
		!wax_anchors_load(a->anchors, &service, anchors, untrusted, error) ||
		!wax_sources_load(&a->sources, error))
		return false;
	/* what stands behind the first in one file helps to build the path */
	for (guint i = 1; i < certs->len; i++)
		g_ptr_array_add(untrusted, wax_cert_ref(certs->pdata[i]));
	result = judge(a, certs->pdata[0], anchors, untrusted, mail);
	if (a->json)
		print_json(result, JSON_COMPACT);
	else
		print_result(result);
	json_decref(result);
	return true;
}

int wax_cli_cert_verify(int argc, char **argv)
{
	g_autoptr(GPtrArray) anchors = g_ptr_array_new(), untrusted = g_ptr_array_new(),
			     policies = g_ptr_array_new_null_terminated(4, NULL, true);
	Arguments a = { .anchors = anchors, .untrusted = untrusted, .policies = policies };
	g_autoptr(GError) error = NULL;
	bool good;

	wax_sources_init(&a.sources);
	good = read_arguments(argc, argv, &a, &error) && verify(&a, &error);
	wax_sources_done(&a.sources);
	if (!good)
		return wax_cli_report("cert verify", error);
	return 0;
}
