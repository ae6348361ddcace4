/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/work/work.h"

#include <string.h>

#include "core/bounds.h"
#include "core/clock.h"
#include "core/status.h"
#include "mime/addresses.h"
#include "mime/fields.h"
#include "smime/open.h"
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

/* authserv_id - lower case, without comments, quotes and what is escaped in them (RFC 8601 2.2) */
static char *authserv_id(WaxSpan value)
{
	g_autofree char *text = wax_field_text(value);
	GString *id = g_string_new(NULL);
	unsigned depth = 0;

	for (const char *c = text; *c && (*c != ';' || depth); c++) {
		if (*c == '(')
			depth++;
		else if (*c == ')' && depth)
			depth--;
		else if (!depth && *c != '"' && *c != '\\')
			g_string_append_c(id, g_ascii_tolower(*c));
	}
	return g_string_free(id, false);
}

bool wax_work_ours(WaxSpan name, WaxSpan value, const char *host)
{
	g_autofree char *id = NULL, *ours = NULL;

	if (starts(name, "X-Waxwing-"))
		return true;
	if (!host || name.n != 22 || !starts(name, "Authentication-Results"))
		return false;
	id = authserv_id(value);
	ours = g_ascii_strdown(host, -1);
	/* anywhere in it: rather one of somebody else's too many than one that looks like ours */
	return strstr(id, ours) != NULL;
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

static bool is_cms(const WaxContent *content)
{
	return strcmp(content->type, "application/pkcs7-mime") == 0 ||
	       strcmp(content->type, "application/x-pkcs7-mime") == 0 ||
	       strcmp(content->type, "multipart/signed") == 0 ||
	       (strcmp(content->type, "application/octet-stream") == 0 &&
		       wax_content_named_smime(content));
}

/*
 * read_layers - sealed and signed are what the object is, never what a label says of it:
 * a message taken for sealed passes below every floor as it is
 */
static void read_layers(WaxSpool *message, WaxJobFacts *facts)
{
	WaxSource source = wax_source_spool(message);
	WaxOpenOptions options = { .at = wax_clock_now() };
	g_autoptr(WaxOpened) opened = NULL;
	const WaxVerdict *verdict;

	/* what cannot be read is a message like any other, and gets a layer of ours */
	if (!wax_open_judge(&source, &options, &opened, NULL))
		return;
	verdict = wax_opened_verdict(opened);
	for (guint i = 0; i < verdict->layers->len; i++) {
		const WaxVerdictLayer *layer = wax_verdict_layer(verdict, i);

		if (wax_layer_is_signed(layer->kind))
			facts->is_signed = facts->is_signed || layer->signers->len > 0;
		/* without keys a sound one is undecryptable, anything else has failed */
		else if (wax_layer_is_encrypted(layer->kind) && layer->recipient_count > 0 &&
			 layer->encryption == WAX_ENCRYPTION_UNDECRYPTABLE)
			facts->sealed = true;
	}
}

static void read_structure(WaxSpool *message, WaxSpan header, WaxJobFacts *facts)
{
	g_auto(WaxContent) content = { NULL };

	wax_content_read(header, &content);
	if (is_cms(&content))
		read_layers(message, facts);
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

/* begins - does a part's body begin with that line? */
static bool begins(WaxSpool *message, const WaxPart *part, const char *line)
{
	char text[128];
	size_t n = strlen(line), got;

	return part->end - part->body >= n &&
	       wax_spool_read(message, part->body, text, n, &got, NULL) && got == n &&
	       memcmp(text, line, n) == 0;
}

static bool has_type(WaxSpool *message, const WaxPart *part, const char *type)
{
	g_auto(WaxContent) content = { NULL };
	g_autofree uint8_t *header = NULL;
	size_t n = (size_t)(part->body - part->start), got;

	header = g_malloc(n + 1);
	if (!wax_spool_read(message, part->start, header, n, &got, NULL) || got != n)
		return false;
	wax_content_read(WAX_SPAN(header, n), &content);
	return strcmp(content.type, type) == 0 && strcmp(content.encoding, "base64") != 0 &&
	       strcmp(content.encoding, "quoted-printable") != 0;
}

/* is_openpgp - RFC 3156 4: two parts, the second one an encrypted message in armour */
static bool is_openpgp(WaxSpool *message, const WaxSplit *split)
{
	const WaxPart *parts = split->parts;

	return split->count == 3 && parts[0].children == 2 && !parts[0].has_preamble &&
	       !parts[0].has_epilogue && has_type(message, &parts[0], "multipart/encrypted") &&
	       has_type(message, &parts[1], "application/pgp-encrypted") &&
	       begins(message, &parts[1], "Version: 1") &&
	       has_type(message, &parts[2], "application/octet-stream") &&
	       begins(message, &parts[2], "-----BEGIN PGP MESSAGE-----");
}

/* split_all - is its MIME readable within the limits? */
static bool split_all(WaxSpool *message, WaxJobFacts *facts, GError **error)
{
	g_autofree WaxPart *parts = g_new(WaxPart, WAX_LIMIT_MIME_PARTS);
	g_autofree uint8_t *room = g_malloc(WAX_LIMIT_HEADER_OCTETS);
	g_autofree WaxSplit *split = g_new(WaxSplit, 1);
	WaxSplitLimits limits = { WAX_LIMIT_MIME_DEPTH, WAX_LIMIT_HEADER_OCTETS };
	uint64_t at = 0;
	uint8_t chunk[32 * 1024], high = 0;
	size_t n;

	wax_split_init(split, parts, WAX_LIMIT_MIME_PARTS,
		(WaxBuffer){ room, 0, WAX_LIMIT_HEADER_OCTETS }, &limits);
	do {
		if (!wax_spool_read(message, at, chunk, sizeof chunk, &n, error))
			return false;
		for (size_t i = 0; i < n; i++)
			high |= chunk[i];
		if (!facts->malformed && !wax_split_feed(split, WAX_SPAN(chunk, n), NULL))
			facts->malformed = true;
		at += n;
	} while (n);
	facts->eight_bit = high & 0x80;
	if (!facts->malformed && !wax_split_finish(split, NULL))
		facts->malformed = true;
	facts->openpgp = !facts->malformed && is_openpgp(message, split);
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
	readable = wax_addresses_author(block, "from", from);
	if (readable && from->len == 1 && wax_fields_count(block, "from", NULL) == 1)
		facts.from = g_strdup(from->pdata[0]);
	/* whom To and Cc name: one that cannot be read names nobody, so its recipient counts as blind */
	wax_ignore(wax_addresses_read(block, "to", facts.named));
	wax_ignore(wax_addresses_read(block, "cc", facts.named));
	add_ids(block, "in-reply-to", facts.parents);
	add_ids(block, "references", facts.parents);
	facts.received = wax_fields_count(block, "received", NULL);
	facts.hop = text_of(block, "x-waxwing-hop");
	read_structure(message, block, &facts);
	read_triggers(block, &facts);
	if (!split_all(message, &facts, error))
		return false;
	*ret_facts = facts;
	facts = (WaxJobFacts){ NULL };
	return true;
}
