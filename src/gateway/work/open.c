/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/work/work.h"

#include <string.h>

#include "core/status.h"
#include "gateway/work/header.h"
#include "mime/fields.h"
#include "smime/open.h"
#include "smime/seal.h"
#include "trust/path.h"

/* GATEWAY.md d.8: what a program reads */
static const char *result_of(WaxSignatureWord word)
{
	switch (word) {
	case WAX_SIGNATURE_VALID_TRUSTED:
		return "pass";
	case WAX_SIGNATURE_VALID_UNTRUSTED:
	case WAX_SIGNATURE_EXPIRED_SIGNER:
	case WAX_SIGNATURE_NOT_YET_VALID:
	case WAX_SIGNATURE_WEAK:
	case WAX_SIGNATURE_MISMATCH:
	case WAX_SIGNATURE_REVOKED:
		return "policy";
	case WAX_SIGNATURE_STATUS_UNKNOWN:
		return "temperror";
	case WAX_SIGNATURE_UNSUPPORTED:
	case WAX_SIGNATURE_MALFORMED:
		return "neutral";
	case WAX_SIGNATURE_ALTERED:
	case WAX_SIGNATURE_ALTERED_BY_LIST:
		return "fail";
	default:
		return "none";
	}
}

/* add_quoted - text of strangers inside a header of ours */
static void add_quoted(GString *out, const char *name, const char *value)
{
	g_string_append_printf(out, "; %s=\"", name);
	for (const char *c = value ? value : ""; *c; c++)
		if ((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f && *c != '"' &&
			*c != '\\')
			g_string_append_c(out, *c);
	g_string_append_c(out, '"');
}

static void add_layer(GString *out, const WaxVerdictLayer *layer, unsigned number)
{
	g_string_append_printf(
		out, "X-Waxwing-Status: layer=%u; type=%s", number, wax_layer_word(layer->kind));
	if (!wax_layer_is_signed(layer->kind)) {
		g_string_append_printf(out, "; result=%s; alg=%s\r\n",
			wax_encryption_word(layer->encryption), wax_cipher_word(layer->cipher));
		return;
	}
	if (layer->signers->len == 0) {
		g_string_append(out, "; result=none\r\n");
		return;
	}
	for (guint i = 0; i < layer->signers->len; i++) {
		const WaxVerdictSigner *signer = wax_verdict_signer(layer, i);

		g_string_append_printf(out, "; result=%s;\r\n\tmatch=%s",
			wax_signature_word(signer->verdict), wax_identity_word(signer->identity));
		add_quoted(out, "signer",
			signer->addresses->len ? signer->addresses->pdata[0] : signer->subject);
		g_string_append(out, ";\r\n\t");
		g_string_append_printf(out, "alg=%s-%s", wax_sig_word(signer->algorithm),
			wax_digest_word(signer->digest));
		add_quoted(out, "serial", signer->serial);
	}
	g_string_append(out, "\r\n");
}

static char *status_fields(const WaxVerdict *verdict, WaxSpan outer, const WaxJobOpen *open)
{
	g_autofree char *duplicates = wax_work_duplicates(outer);
	GString *out = g_string_new(open->headers ? open->headers : "");
	const WaxVerdictLayer *author = wax_verdict_author(verdict);

	g_string_append_printf(out, "Authentication-Results: %s;\r\n\tsmime=%s", open->host,
		result_of(verdict->signature));
	if (author && author->signers->len && verdict->from)
		g_string_append_printf(out, " header.from=%s", verdict->from);
	g_string_append(out, "\r\n");
	g_string_append_printf(out, "X-Waxwing-Verdict: signature=%s; encryption=%s\r\n",
		wax_signature_word(verdict->signature), wax_encryption_word(verdict->encryption));
	if (duplicates)
		g_string_append_printf(out, "X-Waxwing-Flags: duplicate=%s\r\n", duplicates);
	for (guint i = 0; i < verdict->layers->len; i++)
		add_layer(out, wax_verdict_layer(verdict, i), i + 1);
	return g_string_free(out, false);
}

typedef struct {
	const WaxSink *out;
	uint64_t skip; /* octets of the payload's own header */
	bool eight_bit;
} BodySink;

static bool after_header(void *data, WaxSpan bytes, GError **error)
{
	BodySink *body = data;
	size_t skip = (size_t)MIN(body->skip, (uint64_t)bytes.n);
	uint8_t high = 0;

	body->skip -= skip;
	for (size_t i = skip; i < bytes.n; i++)
		high |= bytes.p[i];
	body->eight_bit = body->eight_bit || high & 0x80;
	return wax_sink_write(body->out, WAX_SPAN(bytes.p + skip, bytes.n - skip), error);
}

/* protected_subject - where it was hidden, only when the house promotes it */
static const char *protected_subject(const WaxVerdict *verdict, bool promote)
{
	if (!promote && wax_field_is_confidential(wax_verdict_field_state(verdict, "subject")))
		return NULL;
	for (guint i = 0; i < verdict->fields->len; i++) {
		const WaxVerdictField *field = verdict->fields->pdata[i];

		if (g_ascii_strcasecmp(field->name, "subject") == 0)
			return field->value;
	}
	return NULL;
}

/* marks_of - what the house lets us put in front of the Subject; a NULL-terminated list */
static void marks_of(
	const WaxVerdict *verdict, const WaxJobOpen *open, bool decrypted, const char *ret_marks[3])
{
	size_t n = 0;

	if (decrypted && open->tag_encrypted)
		ret_marks[n++] = open->tag_encrypted;
	if (verdict->signature == WAX_SIGNATURE_VALID_TRUSTED && open->tag_signed)
		ret_marks[n++] = open->tag_signed;
	ret_marks[n] = NULL;
}

/* write_opened - the decrypted message with its status: outer fields, the payload's Content-*, its body */
static bool write_opened(WaxOpened *opened, const WaxJobOpen *open, const char *status,
	WaxSpool *out, bool *eight_bit, GError **error)
{
	WaxSpan outer = wax_opened_outer_headers(opened), inner = wax_opened_headers(opened);
	/* a receipt, for one: without a type it would be shown as text */
	WaxSpan no_entity = WAX_SPAN_LIT("Content-Type: application/octet-stream\r\n");
	const char *marks[3];
	WaxHeaderRules rules = { .open = open,
		.subject = protected_subject(wax_opened_verdict(opened), open->promote_subject),
		.marks = marks,
		.protected_block = wax_opened_protected(opened),
		.verdict = wax_opened_verdict(opened),
		.promote = open->promote_subject };
	WaxSink sink = wax_sink_spool(out);
	BodySink body = { &sink, inner.n, false };
	WaxSink body_sink = { after_header, &body };

	marks_of(wax_opened_verdict(opened), open, true, marks);
	if (!wax_sink_write(&sink, WAX_SPAN(status, strlen(status)), error) ||
		!wax_work_put_header(outer, &rules, &sink, error) ||
		!wax_sink_write(&sink, WAX_SPAN_LIT("MIME-Version: 1.0\r\n"), error) ||
		!wax_sink_write(&sink, inner.n ? WAX_SPAN_NONE : no_entity, error) ||
		!wax_work_put_content_fields(inner, &sink, error) ||
		!wax_sink_write(&sink, WAX_SPAN_LIT("\r\n"), error) ||
		/* while the Subject stays hidden, its copy in the text is all that a reader has */
		!(open->promote_subject ? wax_opened_show(opened, &body_sink, error)
					: wax_opened_emit(opened, &body_sink, error)))
		return false;
	*eight_bit = body.eight_bit;
	return true;
}

/* write_original - its own bytes, with what is spoofed taken out of the outer header and our status above */
static bool write_original(WaxSpool *message, const WaxVerdict *verdict, const WaxJobOpen *open,
	const char *status, WaxSpool *out, bool *eight_bit, GError **error)
{
	g_autoptr(GByteArray) header = NULL;
	const char *marks[3];
	WaxHeaderRules rules = { .open = open, .keeps_content = true, .marks = marks };
	WaxSink sink = wax_sink_spool(out);

	marks_of(verdict, open, false, marks);
	return wax_work_header(message, &header, error) &&
	       wax_sink_write(&sink, WAX_SPAN(status, strlen(status)), error) &&
	       wax_work_put_header(WAX_SPAN(header->data, header->len), &rules, &sink, error) &&
	       wax_sink_write(&sink, WAX_SPAN_LIT("\r\n"), error) &&
	       wax_work_copy(message, header->len, &sink, eight_bit, error);
}

/* cert_of - one that cannot be read is believed by nobody; the others stand */
static WaxCert *cert_of(const GPtrArray *list, guint i)
{
	size_t n;
	const void *p = g_bytes_get_data(list->pdata[i], &n);

	return wax_cert_parse(WAX_SPAN(p, n), NULL);
}

static void add_anchors(
	const GPtrArray *list, const GPtrArray *limits, bool forbidden, GPtrArray *anchors)
{
	for (guint i = 0; list && i < list->len; i++) {
		g_autoptr(WaxCert) cert = cert_of(list, i);

		if (cert)
			g_ptr_array_add(anchors,
				wax_anchor_new(cert, limits ? limits->pdata[i] : NULL, forbidden));
	}
}

static void add_certs(const GPtrArray *list, GPtrArray *certs)
{
	for (guint i = 0; list && i < list->len; i++) {
		WaxCert *cert = cert_of(list, i);

		if (cert)
			g_ptr_array_add(certs, cert);
	}
}

static char *header_text(WaxSpan header, const char *name)
{
	WaxSpan value;

	return wax_fields_count(header, name, &value) ? wax_field_text(value) : NULL;
}

bool wax_work_open(WaxSpool *message, const WaxJobOpen *open, const WaxUnwrapper *keys,
	WaxSpool *shown, WaxSpool *original, WaxJobOpened *ret_opened, GError **error)
{
	g_autoptr(GPtrArray) anchors =
		g_ptr_array_new_with_free_func((GDestroyNotify)wax_anchor_free);
	g_autoptr(GPtrArray) untrusted =
		g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	g_autoptr(WaxOpened) opened = NULL;
	g_autofree char *status = NULL;
	WaxSource source = wax_source_spool(message);
	WaxOpenOptions options = {
		.keys = keys, .anchors = anchors, .untrusted = untrusted, .at = open->at
	};
	g_auto(WaxJobOpened) answer = { NULL };
	const WaxVerdict *verdict;
	WaxSpan outer;
	bool encrypted;

	add_anchors(open->anchors, open->limits, false, anchors);
	add_anchors(open->forbidden, NULL, true, anchors);
	add_certs(open->untrusted, untrusted);
	if (!wax_open_judge(&source, &options, &opened, error))
		return false;
	verdict = wax_opened_verdict(opened);
	outer = wax_opened_outer_headers(opened);
	status = status_fields(verdict, outer, open);
	encrypted = verdict->encryption == WAX_ENCRYPTION_AUTHENTICATED ||
		    verdict->encryption == WAX_ENCRYPTION_UNAUTHENTICATED;
	answer.message_id = header_text(outer, "message-id");
	answer.hop = header_text(outer, "x-waxwing-hop");
	answer.received = wax_fields_count(outer, "received", NULL);
	answer.summary = wax_verdict_summary(verdict);
	answer.decrypted = encrypted && wax_opened_has_payload(opened);
	answer.has_original = answer.decrypted;
	if (!write_original(message, verdict, open, status, answer.decrypted ? original : shown,
		    &answer.original_eight_bit, error))
		return false;
	answer.shown_eight_bit = answer.original_eight_bit;
	if (answer.decrypted &&
		!write_opened(opened, open, status, shown, &answer.shown_eight_bit, error))
		return false;
	*ret_opened = answer;
	answer = (WaxJobOpened){ NULL };
	return true;
}
