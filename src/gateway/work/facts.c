/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/work/work.h"

#include <string.h>

#include "core/bounds.h"
#include "core/status.h"
#include "mime/fields.h"
#include "smime/seal.h"

/* GATEWAY.md d.5: one of each, or nobody can say which one a reader will see */
static const char *const single[] = { "from", "sender", "to", "subject", "message-id",
	"content-type" };

bool wax_work_header(WaxSpool *message, GByteArray **ret_header, GError **error)
{
	WaxSource source = wax_source_spool(message);

	return wax_seal_load_header(&source, ret_header, error);
}

static bool starts(WaxSpan name, const char *prefix)
{
	size_t n = strlen(prefix);

	return name.n >= n && g_ascii_strncasecmp((const char *)name.p, prefix, n) == 0;
}

bool wax_work_ours(WaxSpan name, WaxSpan value, const char *host)
{
	g_autofree char *text = NULL;

	if (starts(name, "X-Waxwing-"))
		return true;
	if (!host || name.n != 22 || !starts(name, "Authentication-Results"))
		return false;
	/* authserv-id comes first, perhaps after a comment (RFC 8601 2.2) */
	text = wax_field_text(value);
	return g_ascii_strncasecmp(text, host, strlen(host)) == 0 || strstr(text, host) != NULL;
}

bool wax_work_copy(
	WaxSpool *message, uint64_t from, const WaxSink *sink, bool *eight_bit, GError **error)
{
	uint64_t size = wax_spool_size(message);

	while (from < size) {
		uint8_t chunk[32 * 1024];
		uint8_t high = 0;
		size_t n;

		if (!wax_spool_read(message, from, chunk, sizeof chunk, &n, error))
			return false;
		for (size_t i = 0; i < n; i++)
			high |= chunk[i];
		*eight_bit = *eight_bit || high & 0x80;
		if (sink && !wax_sink_write(sink, WAX_SPAN(chunk, n), error))
			return false;
		from += n;
	}
	return true;
}

static char *text_of(WaxSpan header, const char *name)
{
	WaxSpan value;

	return wax_fields_count(header, name, &value) ? wax_field_text(value) : NULL;
}

/* ids - the <...> of In-Reply-To and References */
static void add_ids(WaxSpan header, const char *name, GPtrArray *list)
{
	g_autofree char *text = text_of(header, name);

	for (char *at = text; at && (at = strchr(at, '<')) && list->len < 200;) {
		char *end = strchr(at, '>');

		if (!end)
			break;
		g_ptr_array_add(list, g_strndup(at, (gsize)(end - at + 1)));
		at = end + 1;
	}
}

static void read_structure(WaxSpan header, WaxJobFacts *facts)
{
	g_auto(WaxContent) content = { NULL };
	bool pkcs7;

	wax_content_read(header, &content);
	pkcs7 = strcmp(content.type, "application/pkcs7-mime") == 0 ||
		strcmp(content.type, "application/x-pkcs7-mime") == 0 ||
		(strcmp(content.type, "application/octet-stream") == 0 &&
			wax_content_named_smime(&content));
	if (pkcs7 && content.smime_type && strcmp(content.smime_type, "signed-data") == 0)
		facts->is_signed = true;
	else if ((pkcs7 &&
			 !(content.smime_type && strcmp(content.smime_type, "certs-only") == 0)) ||
		 strcmp(content.type, "multipart/encrypted") == 0)
		facts->sealed = true;
	facts->is_signed = facts->is_signed || strcmp(content.type, "multipart/signed") == 0;
	facts->calendar = strcmp(content.type, "text/calendar") == 0 && content.method;
	if (content.ambiguous)
		facts->fault = WAX_R_MIME_DUPLICATE_HEADER;
}

static void read_triggers(WaxSpan header, WaxJobFacts *facts)
{
	g_autofree char *encrypt = text_of(header, "x-waxwing-encrypt"),
			*sensitivity = text_of(header, "sensitivity");
	static const char *const raising[] = { "must-encrypt", "must-smime", "try-encrypt",
		"sign" };

	for (size_t i = 0; encrypt && i < G_N_ELEMENTS(raising); i++)
		if (g_ascii_strcasecmp(encrypt, raising[i]) == 0)
			facts->raise = g_strdup(raising[i]);
	if (!facts->raise && encrypt &&
		(g_ascii_strcasecmp(encrypt, "yes") == 0 ||
			g_ascii_strcasecmp(encrypt, "true") == 0))
		facts->raise = g_strdup("must-encrypt");
	if (encrypt && (g_ascii_strcasecmp(encrypt, "no") == 0 ||
			       g_ascii_strcasecmp(encrypt, "plain") == 0))
		facts->lower = g_strdup("none");
	if (!facts->raise && sensitivity &&
		g_ascii_strcasecmp(sensitivity, "Company-Confidential") == 0)
		facts->raise = g_strdup("must-encrypt");
}

/* split_all - is its MIME readable within the limits? */
static bool split_all(WaxSpool *message, bool *eight_bit, bool *ret_broken, GError **error)
{
	g_autofree WaxPart *parts = g_new(WaxPart, WAX_LIMIT_MIME_PARTS);
	g_autofree uint8_t *room = g_malloc(WAX_LIMIT_HEADER_OCTETS);
	g_autofree WaxSplit *split = g_new(WaxSplit, 1);
	WaxSplitLimits limits = { WAX_LIMIT_MIME_DEPTH, WAX_LIMIT_HEADER_OCTETS };
	uint64_t at = 0;
	uint8_t chunk[32 * 1024], high = 0;
	size_t n;

	*ret_broken = false;
	wax_split_init(split, parts, WAX_LIMIT_MIME_PARTS,
		(WaxBuffer){ room, 0, WAX_LIMIT_HEADER_OCTETS }, &limits);
	do {
		if (!wax_spool_read(message, at, chunk, sizeof chunk, &n, error))
			return false;
		for (size_t i = 0; i < n; i++)
			high |= chunk[i];
		if (!*ret_broken && !wax_split_feed(split, WAX_SPAN(chunk, n), NULL))
			*ret_broken = true;
		at += n;
	} while (n);
	*eight_bit = high & 0x80;
	if (!*ret_broken && !wax_split_finish(split, NULL))
		*ret_broken = true;
	return true;
}

bool wax_work_facts(WaxSpool *message, WaxJobFacts *ret_facts, GError **error)
{
	g_auto(WaxJobFacts) facts = { NULL };
	g_autoptr(GByteArray) header = NULL;
	g_autoptr(GPtrArray) from = g_ptr_array_new_with_free_func(g_free);
	WaxSpan block;
	bool readable;

	if (!wax_work_header(message, &header, error))
		return false;
	block = WAX_SPAN(header->data, header->len);
	facts.named = g_ptr_array_new_with_free_func(g_free);
	facts.parents = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < G_N_ELEMENTS(single); i++)
		if (wax_fields_count(block, single[i], NULL) > 1)
			facts.fault = WAX_R_MIME_DUPLICATE_HEADER;
	facts.message_id = text_of(block, "message-id");
	readable = wax_fields_addresses(block, "from", from);
	if (readable && from->len == 1 && wax_fields_count(block, "from", NULL) == 1)
		facts.from = g_strdup(from->pdata[0]);
	/* whom To and Cc name: one that cannot be read names nobody, so its recipient counts as blind */
	wax_ignore(wax_fields_addresses(block, "to", facts.named));
	wax_ignore(wax_fields_addresses(block, "cc", facts.named));
	add_ids(block, "in-reply-to", facts.parents);
	add_ids(block, "references", facts.parents);
	facts.received = wax_fields_count(block, "received", NULL);
	facts.hop = text_of(block, "x-waxwing-hop");
	read_structure(block, &facts);
	read_triggers(block, &facts);
	if (!split_all(message, &facts.eight_bit, &facts.malformed, error))
		return false;
	*ret_facts = facts;
	facts = (WaxJobFacts){ NULL };
	return true;
}
