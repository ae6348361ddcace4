/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/open.h"

#include <string.h>

#include "core/address.h"
#include "core/clock.h"
#include "core/status.h"
#include "mime/addresses.h"
#include "mime/fields.h"
#include "smime/open_internal.h"
#include "smime/partner.h"

#define LAYERS_MAX 6 /* L-10 */

void wax_opened_free(WaxOpened *o)
{
	if (!o)
		return;
	wax_levels_done(&o->levels);
	wax_verdict_free(o->verdict);
	g_byte_array_unref(o->outer);
	g_byte_array_unref(o->header);
	g_ptr_array_unref(o->addresses);
	g_ptr_array_unref(o->senders);
	g_array_unref(o->dates);
	g_clear_error(&o->unanswered);
	g_free(o);
}

/* --- what the input is --- */

typedef struct {
	bool is_cms, base64;
	uint64_t from, to;
} Bare;

static bool looks_base64(WaxSpan bytes)
{
	size_t n = 0;

	for (; n < bytes.n && n < 64; n++)
		if (!g_ascii_isalnum(bytes.p[n]) && bytes.p[n] != '+' && bytes.p[n] != '/' &&
			bytes.p[n] != '\r' && bytes.p[n] != '\n')
			return false;
	return n == 64 && bytes.p[0] == 'M';
}

/* RFC 7468 8 and 9, and what gpgsm writes */
static bool is_object_label(const char *label)
{
	static const char *const labels[] = { "PKCS7-----", "PKCS #7 SIGNED DATA-----", "CMS-----",
		"SIGNED MESSAGE-----", "ENCRYPTED MESSAGE-----" };

	for (size_t i = 0; i < G_N_ELEMENTS(labels); i++)
		if (strncmp(label, labels[i], strlen(labels[i])) == 0)
			return true;
	return false;
}

/* a bare object: SEQUENCE of DER or BER, PEM, or its base64 alone */
static bool recognise(WaxOpened *o, Bare *bare, GError **error)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END ";
	g_autoptr(GByteArray) start = NULL, close = NULL;
	uint64_t size = o->levels.source->size;
	const char *text, *found;
	bool over;

	*bare = (Bare){ .to = size };
	if (!wax_opened_read_range(
		    o, 0, 0, size < 4096 ? size : 4096, 4096, &start, &over, error) ||
		!wax_opened_read_range(
			o, 0, size > 512 ? size - 512 : 0, size, 512, &close, &over, error))
		return false;
	if (start->len == 0)
		return wax_fail(error, WAX_R_MIME_MALFORMED, "the input is empty");
	bare->is_cms = start->len > 1 && start->data[0] == 0x30 &&
		       (start->data[1] >= 0x80 || start->data[1] == size - 2);
	if (bare->is_cms)
		return true;
	g_byte_array_append(start, (const uint8_t *)"", 1); /* texts below end somewhere */
	text = (const char *)start->data;
	found = memmem(text, start->len, begin, sizeof begin - 1);
	/* below a header it is text that somebody quotes, and the message is what stands around it */
	if (found && (found == text || found[-1] == '\n') &&
		!wax_open_has_fields(WAX_SPAN(start->data, (size_t)(found - text)))) {
		const char *line = memchr(found, '\n', start->len - (size_t)(found - text));
		const char *last =
			g_strrstr_len((const char *)close->data, (gssize)close->len, end);

		if (is_object_label(found + sizeof begin - 1)) {
			bare->is_cms = bare->base64 = true;
			bare->from = line ? (uint64_t)(line - text) + 1 : 0;
			if (last)
				bare->to = size - close->len +
					   (uint64_t)(last - (const char *)close->data);
		}
	} else if (looks_base64(wax_open_span(start))) {
		bare->is_cms = bare->base64 = true;
	}
	return true;
}

/* --- whom it claims to be from, and when --- */

static void set_dates(WaxOpened *o, WaxSpan block)
{
	WaxField field;

	while (wax_field_next(&block, &field)) {
		g_autofree char *text = NULL;
		int64_t date = WAX_DATE_UNREADABLE;

		if (!wax_field_is(&field, "Date"))
			continue;
		text = wax_field_text(field.value);
		if (wax_clock_from_rfc5322(text, &date) && !o->verdict->has_date) {
			o->verdict->has_date = true;
			o->verdict->date = date;
		}
		g_array_append_val(o->dates, date);
	}
}

static void set_author(WaxOpened *o, WaxSpan block)
{
	o->author.from_fields = wax_fields_count(block, "From", NULL);
	o->author.from_unreadable = !wax_addresses_author(block, "From", o->addresses);
	if (wax_fields_count(block, "Sender", NULL) == 1 &&
		!wax_addresses_author(block, "Sender", o->senders))
		g_ptr_array_set_size(o->senders, 0);
	if (o->author.from_fields == 0 && o->options->from) {
		char *key = wax_address_normal(o->options->from, NULL);

		o->author.from_unreadable = !key;
		o->author.from_fields = 1;
		if (key)
			g_ptr_array_add(o->addresses, key);
	}
	o->verdict->from = o->addresses->len ? g_strdup(o->addresses->pdata[0]) : NULL;
	o->verdict->sender = o->senders->len ? g_strdup(o->senders->pdata[0]) : NULL;
	g_ptr_array_add(o->addresses, NULL);
	g_ptr_array_add(o->senders, NULL);
	o->author.from = (const char *const *)o->addresses->pdata;
	o->author.sender = (const char *const *)o->senders->pdata;
	set_dates(o, block);
}

/* --- the way inward --- */

static bool peel_entity(WaxOpened *o, unsigned n, WaxOpenStep *ret_step, GError **error)
{
	g_auto(WaxContent) content = { 0 };
	WaxOpenHeader header;
	g_autoptr(GByteArray) block = NULL;
	bool entity;

	*ret_step = WAX_STEP_PAYLOAD;
	if (wax_level(&o->levels, n)->no_mime)
		return wax_open_take_payload(o, n, &content, WAX_SPAN_NONE, false, error);
	if (!wax_opened_read_header(o, n, &header, error))
		return false;
	block = header.block;
	entity = wax_open_has_fields(wax_open_span(block)) || (header.complete && block->len <= 2);
	if (n == 0) {
		if (!wax_open_has_fields(wax_open_span(block)) ||
			memchr(block->data, 0, block->len < 8 ? block->len : 8))
			return wax_fail(error, WAX_R_MIME_MALFORMED,
				"this is neither an e-mail message nor a CMS object");
		g_byte_array_append(o->outer, block->data, block->len);
	}
	wax_content_read(wax_open_span(block), &content);
	if (content.ambiguous && entity &&
		(wax_open_is_pkcs7_mime(&content) || wax_open_is_clear_signed(&content)))
		/* T-25: two programs would see two messages; it is shown as it is, unopened */
		wax_reasons_add(&o->verdict->reasons, WAX_R_SIG_BELOW_ROOT);
	else if (entity && wax_open_is_pkcs7_mime(&content))
		return wax_open_peel_object(o, n, block->len, wax_level(&o->levels, n)->size,
			strcmp(content.encoding, "base64") == 0, content.smime_type, ret_step,
			error);
	else if (entity && wax_open_is_clear_signed(&content))
		return wax_open_peel_clear(o, n, ret_step, error);
	return wax_open_take_payload(o, n, &content, wax_open_span(block), entity, error);
}

/* content given apart that nothing signs would pass for judged: refused before it can */
static bool content_has_its_signature(const WaxOpened *o, bool is_cms, GError **error)
{
	const WaxVerdictLayer *first =
		is_cms && o->verdict->layers->len ? o->verdict->layers->pdata[0] : NULL;

	if (!o->options->detached || (first && !wax_layer_is_encrypted(first->kind)))
		return true;
	return wax_fail(error, WAX_R_USAGE,
		"content is given apart, but the input is no signature made apart from it");
}

static bool peel_all(WaxOpened *o, WaxOpenStep step, GError **error)
{
	while (step == WAX_STEP_INWARD) {
		unsigned n = o->levels.levels->len - 1;

		if (o->verdict->layers->len >= LAYERS_MAX) {
			g_autoptr(GByteArray) block = NULL;
			g_auto(WaxContent) content = { 0 };
			WaxOpenHeader header;

			if (!wax_opened_read_header(o, n, &header, error))
				return false;
			block = header.block;
			wax_content_read(wax_open_span(block), &content);
			if (wax_open_is_pkcs7_mime(&content) ||
				wax_open_is_clear_signed(&content)) {
				WaxVerdictLayer *layer = wax_verdict_add_layer(o->verdict,
					WAX_LAYER_UNKNOWN, wax_level(&o->levels, n)->part);

				wax_reasons_add(&layer->reasons, WAX_R_SIG_LAYER_DEPTH);
				return true;
			}
		}
		if (!peel_entity(o, n, &step, error))
			return false;
	}
	return true;
}

/*
 * A list that adds its footer changes what is signed and nothing else: the digest differs while
 * the signature over it holds.  Nothing follows from the word but a calmer text: both are "fail".
 */
static bool altered_by_list(const WaxOpened *o)
{
	const WaxVerdict *verdict = o->verdict;
	WaxSpan block = wax_open_span(o->outer);
	WaxField field;

	if (verdict->signature != WAX_SIGNATURE_ALTERED ||
		verdict->encryption != WAX_ENCRYPTION_NONE ||
		!wax_reasons_has(&verdict->reasons, WAX_R_SIG_DIGEST_MISMATCH) ||
		wax_reasons_has(&verdict->reasons, WAX_R_SIG_MISMATCH))
		return false;
	while (wax_field_next(&block, &field))
		if (wax_field_is(&field, "List-Id"))
			return true;
	return false;
}

static void finish_verdict(WaxOpened *o)
{
	bool is_signed = false;

	for (unsigned i = 0; i < o->verdict->layers->len; i++)
		is_signed |= wax_layer_is_signed(wax_verdict_layer(o->verdict, i)->kind);
	/* T-06: a signed part below, and no signed layer above it */
	if (!is_signed && wax_reasons_has(&o->verdict->notes, WAX_R_SIG_BELOW_ROOT))
		wax_reasons_add(&o->verdict->reasons, WAX_R_SIG_BELOW_ROOT);
	if (o->options->profile)
		wax_partner_judge(o->options->profile, o->verdict);
	wax_verdict_decide(o->verdict);
	if (altered_by_list(o))
		o->verdict->signature = WAX_SIGNATURE_ALTERED_BY_LIST;
	wax_open_finish_protected(o);
}

bool wax_open_judge(const WaxSource *source, const WaxOpenOptions *options, WaxOpened **ret_opened,
	GError **error)
{
	g_autoptr(WaxOpened) o = g_new0(WaxOpened, 1);
	WaxOpenStep step = WAX_STEP_INWARD;
	Bare bare;

	o->options = options;
	o->outer = g_byte_array_new();
	o->header = g_byte_array_new();
	o->addresses = g_ptr_array_new_with_free_func(g_free);
	o->senders = g_ptr_array_new_with_free_func(g_free);
	o->dates = g_array_new(FALSE, FALSE, sizeof(int64_t));
	o->verdict = wax_verdict_new();
	o->verdict->judged_at = options->at;
	o->verdict->historic = options->historic;
	wax_levels_init(&o->levels, source);
	if (!recognise(o, &bare, error))
		return false;
	if (bare.is_cms) {
		set_author(o, WAX_SPAN_NONE);
		if (!wax_open_peel_object(
			    o, 0, bare.from, bare.to, bare.base64, NULL, &step, error))
			return false;
	} else {
		WaxOpenHeader header;
		bool ok = wax_opened_read_header(o, 0, &header, error);

		set_author(o, wax_open_span(header.block));
		g_byte_array_unref(header.block);
		if (!ok)
			return false;
	}
	if (!content_has_its_signature(o, bare.is_cms, error) || !peel_all(o, step, error))
		return false;
	finish_verdict(o);
	*ret_opened = g_steal_pointer(&o);
	return true;
}

const WaxVerdict *wax_opened_verdict(const WaxOpened *o)
{
	return o->verdict;
}

bool wax_opened_has_payload(const WaxOpened *o)
{
	return o->has_payload;
}

WaxSpan wax_opened_headers(const WaxOpened *o)
{
	return wax_open_span(o->header);
}

WaxSpan wax_opened_protected(const WaxOpened *o)
{
	return o->protection ? wax_open_span(o->header) : WAX_SPAN_NONE;
}

WaxSpan wax_opened_outer_headers(const WaxOpened *o)
{
	return wax_open_span(o->outer);
}

bool wax_opened_emit(WaxOpened *o, const WaxSink *sink, GError **error)
{
	if (!o->has_payload)
		return wax_fail(
			error, WAX_R_CMS_DECRYPT_FAILED, "the content could not be decrypted");
	o->levels.enough = false;
	return wax_levels_run(&o->levels, o->payload, o->payload_from, UINT64_MAX, sink, error);
}
