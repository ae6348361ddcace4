/* SPDX-License-Identifier: Apache-2.0 */
/* the payload: its kind, its protected fields, and what is cryptographic below it */
#include "smime/open_internal.h"

#include <string.h>

#include "mime/fields.h"

bool wax_open_is_pkcs7_mime(const WaxContent *content)
{
	return strcmp(content->type, "application/pkcs7-mime") == 0 ||
	       strcmp(content->type, "application/x-pkcs7-mime") == 0 ||
	       ((strcmp(content->type, "application/octet-stream") == 0 ||
			strcmp(content->type, "application/pkcs7-signature") == 0 ||
			strcmp(content->type, "application/x-pkcs7-signature") == 0) &&
		       wax_content_named_smime(content));
}

static bool is_pkcs7_signature(const char *type)
{
	return type && (g_ascii_strcasecmp(type, "application/pkcs7-signature") == 0 ||
			       g_ascii_strcasecmp(type, "application/x-pkcs7-signature") == 0);
}

bool wax_open_is_clear_signed(const WaxContent *content)
{
	return strcmp(content->type, "multipart/signed") == 0 && content->boundary &&
	       (!content->protocol || is_pkcs7_signature(content->protocol));
}

static char *path_of(const WaxOpened *o, unsigned n, const WaxOpenParts *parts, unsigned i)
{
	g_autofree char *above = NULL;
	unsigned number = 0, parent = parts->parts[i].parent;

	if (i == 0)
		return g_strdup(wax_level(&o->levels, n)->part);
	above = path_of(o, n, parts, parent); /* as deep as the splitter's limit */
	for (unsigned k = 1; k <= i; k++)
		number += parts->parts[k].parent == parent;
	return g_strdup_printf("%s.%u", above, number);
}

/* what is cryptographic below the payload is an attachment with a life of its own (V-04) */
static bool look_below(WaxOpened *o, unsigned n, GError **error)
{
	g_autofree bool *listed = NULL;
	WaxOpenParts parts;
	bool ok = true;

	if (!wax_opened_split(o, n, &parts, error))
		return false;
	listed = g_new0(bool, parts.split.count + 1);
	for (unsigned i = 1; ok && i < parts.split.count; i++) {
		g_autoptr(GByteArray) header = NULL;
		g_auto(WaxContent) content = { 0 };
		bool over;

		/* what lies in one that is listed, its signature for one, is for its own verdict */
		listed[i] = listed[parts.parts[i].parent];
		if (listed[i] || parts.parts[i].body == parts.parts[i].start)
			continue;
		ok = wax_opened_read_range(o, n, parts.parts[i].start, parts.parts[i].body,
			WAX_OPEN_HEADER_MAX, &header, &over, error);
		if (!ok)
			break;
		wax_content_read(wax_open_span(header), &content);
		if (!wax_open_is_clear_signed(&content) && !wax_open_is_pkcs7_mime(&content))
			continue;
		listed[i] = true;
		g_ptr_array_add(o->verdict->attachments, path_of(o, n, &parts, i));
		if (wax_open_is_clear_signed(&content) ||
			g_strcmp0(content.smime_type, "signed-data") == 0)
			wax_reasons_add(&o->verdict->notes, WAX_R_SIG_BELOW_ROOT);
	}
	wax_open_parts_done(&parts);
	return ok;
}

bool wax_open_take_payload(WaxOpened *o, unsigned n, const WaxContent *content, WaxSpan header,
	bool entity, GError **error)
{
	WaxLevel *level = wax_level(&o->levels, n);

	o->has_payload = true;
	o->payload = n;
	o->verdict->content_type = g_strdup(entity ? content->type : "application/octet-stream");
	o->verdict->content_bytes = level->size;
	g_byte_array_append(o->header, header.p, entity ? (guint)header.n : 0);
	if (!entity)
		return true;
	if (!wax_open_take_protected(o, n, content, error))
		return false;
	if (g_str_has_prefix(content->type, "multipart/") ||
		strcmp(content->type, "message/rfc822") == 0)
		return look_below(o, n, error);
	return true;
}
