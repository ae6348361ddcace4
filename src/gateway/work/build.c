/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/work/work.h"

#include <jansson.h>
#include <string.h>

#include "cms/open.h"
#include "core/clock.h"
#include "core/status.h"
#include "mime/fields.h"
#include "smime/open.h"
#include "smime/seal.h"

/* what never leaves: triggers and marks are for inside (d.8) */
static const char *const inside_only[] = { "X-Waxwing-", "Return-Path", NULL };

static WaxCipherAlg cipher_by_word(const char *word)
{
	for (unsigned i = 1; word && i < WAX_CIPHER_COUNT_; i++)
		if (strcmp(wax_cipher_word((WaxCipherAlg)i), word) == 0)
			return (WaxCipherAlg)i;
	return WAX_CIPHER_NONE;
}

typedef struct {
	const WaxWorkSigner *signer;
	const WaxJobBuild *build;
} SignBy;

static bool sign_by(void *data, WaxSigAlg alg, WaxDigestAlg digest, WaxSpan attributes,
	GByteArray **ret_signature, GError **error)
{
	const SignBy *by = data;

	return by->signer->sign(by->signer->data, by->build->ticket, by->build->handle, alg, digest,
		attributes, ret_signature, error);
}

static WaxCert *cert_of(GBytes *bytes, GError **error)
{
	size_t n;
	const void *p = g_bytes_get_data(bytes, &n);

	return wax_cert_parse(WAX_SPAN(p, n), error);
}

static bool certs_of(const GPtrArray *list, GPtrArray **ret_certs, GError **error)
{
	g_autoptr(GPtrArray) certs = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);

	for (guint i = 0; list && i < list->len; i++) {
		WaxCert *cert = cert_of(list->pdata[i], error);

		if (!cert)
			return false;
		g_ptr_array_add(certs, cert);
	}
	*ret_certs = g_steal_pointer(&certs);
	return true;
}

/* scrub - the copy without signature or encryption: header edited, body as it is */
static bool scrub(WaxSpool *message, const WaxSealOptions *options, const WaxSink *sink,
	bool *eight_bit, GError **error)
{
	g_autoptr(GByteArray) header = NULL;

	return wax_work_header(message, &header, error) &&
	       wax_seal_write_header(WAX_SPAN(header->data, header->len), options, true,
		       WAX_HCP_NONE, sink, error) &&
	       wax_sink_write(sink, WAX_SPAN_LIT("\r\n"), error) &&
	       wax_work_copy(message, header->len, sink, eight_bit, error);
}

static bool not_as_planned(GError **error, const char *what)
{
	return wax_fail(error, WAX_R_NOT_REREADABLE,
		"the finished copy was read again and is not as planned: %s", what);
}

/* same_recipients - its RecipientInfos are exactly those that were planned */
static bool same_recipients(const WaxVerdictLayer *layer, GPtrArray *certs, GError **error)
{
	if (layer->recipient_count != certs->len)
		return not_as_planned(error, "the number of recipients");
	for (guint i = 0; i < certs->len && i < layer->recipients->len; i++) {
		const WaxCertInfo *info = wax_cert_info(certs->pdata[i]);
		bool found = false;

		for (guint k = 0; k < layer->recipients->len; k++) {
			const WaxVerdictRecipient *r = layer->recipients->pdata[k];

			found = found || (r->serial && strcmp(r->serial, info->serial_text) == 0);
		}
		if (!found && certs->len <= layer->recipients->len)
			return not_as_planned(error, "a recipient");
	}
	return true;
}

/* read_again - with foreign eyes: no key of ours is used (GATEWAY.md 0) */
static bool read_again(
	WaxSpool *copy, const WaxJobBuild *build, GPtrArray *recipients, GError **error)
{
	WaxSource source = wax_source_spool(copy);
	/* a signature of RSA was looked at when it was made; the others cannot go wrong that way */
	WaxOpenOptions options = { .at = wax_clock_now(), .structure_only = true };
	g_autoptr(WaxOpened) opened = NULL;
	const WaxVerdict *verdict;

	if (!wax_open_judge(&source, &options, &opened, error))
		return false;
	verdict = wax_opened_verdict(opened);
	if (build->method == WAX_METHOD_SEAL) {
		if (verdict->layers->len == 0 ||
			verdict->encryption != WAX_ENCRYPTION_UNDECRYPTABLE)
			return not_as_planned(error, "it is not encrypted");
		return same_recipients(wax_verdict_layer(verdict, 0), recipients, error);
	}
	if (verdict->signature == WAX_SIGNATURE_NONE ||
		verdict->signature >= WAX_SIGNATURE_UNSUPPORTED)
		return not_as_planned(error, wax_signature_word(verdict->signature));
	return true;
}

static char *summary_of(
	const WaxJobBuild *build, WaxCipherAlg cipher, GPtrArray *signers, GPtrArray *recipients)
{
	json_t *root = json_object(), *serials = json_array();
	char *text, *copy;

	if (build->signs && signers->len)
		json_object_set_new(root, "signed_by",
			json_string(wax_cert_info(signers->pdata[0])->serial_text));
	if (build->method == WAX_METHOD_SEAL) {
		json_object_set_new(root, "cipher", json_string(wax_cipher_word(cipher)));
		for (guint i = 0; i < recipients->len; i++)
			json_array_append_new(serials,
				json_string(wax_cert_info(recipients->pdata[i])->serial_text));
		json_object_set(root, "encrypted_to", serials);
	}
	json_decref(serials);
	text = json_dumps(root, JSON_COMPACT);
	copy = g_strdup(text);
	free(text);
	json_decref(root);
	return copy;
}

/* the certificates of the signer: its own, then the one to encrypt to, then the chain */
static void fill_signer(WaxSealSigner *signer, GPtrArray *certs, GPtrArray *chain)
{
	signer->cert = certs->pdata[0];
	signer->chain = chain;
	for (guint i = 1; i < certs->len; i++) {
		WaxCert *cert = certs->pdata[i];

		if (!signer->encryption_cert && !wax_cert_info(cert)->is_ca &&
			wax_cert_can_encrypt(cert))
			signer->encryption_cert = cert;
		else
			g_ptr_array_add(chain, cert);
	}
}

bool wax_work_build(WaxSpool *message, const WaxJobBuild *build, const WaxWorkSigner *signer,
	WaxSpool *copy, WaxJobBuilt *ret_built, GError **error)
{
	g_autoptr(GPtrArray) signers = NULL, named = NULL, recipients = NULL,
			     chain = g_ptr_array_new();
	SignBy by = { signer, build };
	WaxSealSigner seal_signer = { .data = &by, .sign = sign_by };
	WaxSealOptions options = {
		.now = wax_clock_now(), .drop_fields = inside_only, .top_fields = build->headers
	};
	WaxSource source = wax_source_spool(message);
	bool protects = build->method == WAX_METHOD_SEAL ||
			(build->method == WAX_METHOD_SIGN && build->signs);
	bool eight_bit = false;
	WaxSink sink;

	if (!certs_of(build->signer_certs, &signers, error) ||
		!certs_of(build->recipient_certs, &named, error) ||
		!wax_seal_recipients(named, options.now, &recipients, error))
		return false;
	sink = wax_sink_spool(copy);
	if (build->signs && signers->len) {
		fill_signer(&seal_signer, signers, chain);
		options.signer = &seal_signer;
	}
	if (build->method == WAX_METHOD_SEAL) {
		if (recipients->len == 0)
			return wax_fail(
				error, WAX_R_INTERNAL, "a copy is to be encrypted to nobody");
		options.recipients = recipients;
		options.cipher = cipher_by_word(build->cipher);
		options.hcp = build->shy ? WAX_HCP_SHY : WAX_HCP_BASELINE;
		if (!wax_seal_cipher(&options, &options.cipher, error))
			return false;
	}
	if (protects ? !wax_seal(&source, &options, &sink, error)
		     : !scrub(message, &options, &sink, &eight_bit, error))
		return false;
	if (build->size_limit && wax_spool_size(copy) > build->size_limit)
		return wax_fail(error, WAX_R_TOO_LARGE,
			"the finished copy has %" G_GUINT64_FORMAT
			" octets; the next hop takes %" G_GUINT64_FORMAT,
			wax_spool_size(copy), build->size_limit);
	if (protects && !read_again(copy, build, recipients, error))
		return false;
	ret_built->eight_bit = eight_bit;
	ret_built->summary = summary_of(build, options.cipher, signers, recipients);
	return true;
}
