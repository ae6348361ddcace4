/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/proto.h"

#include <string.h>

#include "core/status.h"

#define MAX_TEXTS 10000
#define MAX_CERTS 1000

/* ---- values that repeat ---- */

static void free_bytes(gpointer bytes)
{
	g_bytes_unref(bytes);
}

static void put_texts(const GPtrArray *texts, WaxFrame *frame)
{
	wax_frame_put_u32(frame, texts ? texts->len : 0);
	for (guint i = 0; texts && i < texts->len; i++)
		wax_frame_put_str(frame, g_ptr_array_index(texts, i));
}

static bool get_count(WaxFrame *frame, uint32_t most, uint32_t *ret_count, GError **error)
{
	uint32_t count;

	if (!wax_frame_get_u32(frame, &count, error))
		return false;
	if (count > most)
		return wax_fail(
			error, WAX_R_FRAME_MALFORMED, "%u values, %u are allowed", count, most);
	*ret_count = count;
	return true;
}

static bool get_texts(WaxFrame *frame, GPtrArray **ret_texts, GError **error)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	uint32_t count;

	if (!get_count(frame, MAX_TEXTS, &count, error))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const char *text;

		if (!wax_frame_get_str(frame, &text, error))
			return false;
		if (!text)
			return wax_fail(error, WAX_R_FRAME_MALFORMED, "a list with a hole");
		g_ptr_array_add(texts, g_strdup(text));
	}
	*ret_texts = g_steal_pointer(&texts);
	return true;
}

static void put_bytes(GBytes *bytes, WaxFrame *frame)
{
	gsize n = 0;
	const void *p = bytes ? g_bytes_get_data(bytes, &n) : NULL;

	wax_frame_put_bool(frame, bytes != NULL);
	if (bytes)
		wax_frame_put_span(frame, WAX_SPAN(p, n));
}

static bool get_bytes(WaxFrame *frame, GBytes **ret_bytes, GError **error)
{
	bool there;
	WaxSpan span;

	if (!wax_frame_get_bool(frame, &there, error))
		return false;
	if (!there) {
		*ret_bytes = NULL;
		return true;
	}
	if (!wax_frame_get_span(frame, &span, error))
		return false;
	*ret_bytes = g_bytes_new(span.p, span.n);
	return true;
}

static void put_certs(const GPtrArray *certs, WaxFrame *frame)
{
	wax_frame_put_u32(frame, certs ? certs->len : 0);
	for (guint i = 0; certs && i < certs->len; i++)
		put_bytes(g_ptr_array_index(certs, i), frame);
}

static bool get_certs(WaxFrame *frame, GPtrArray **ret_certs, GError **error)
{
	g_autoptr(GPtrArray) certs = g_ptr_array_new_with_free_func(free_bytes);
	uint32_t count;

	if (!get_count(frame, MAX_CERTS, &count, error))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		GBytes *cert = NULL;

		if (!get_bytes(frame, &cert, error))
			return false;
		if (!cert)
			return wax_fail(error, WAX_R_FRAME_MALFORMED, "a list with a hole");
		g_ptr_array_add(certs, cert);
	}
	*ret_certs = g_steal_pointer(&certs);
	return true;
}

static bool get_text(WaxFrame *frame, char **ret_text, GError **error)
{
	const char *text;

	if (!wax_frame_get_str(frame, &text, error))
		return false;
	*ret_text = g_strdup(text);
	return true;
}

static bool get_reason(WaxFrame *frame, WaxReason *ret_reason, GError **error)
{
	uint32_t reason;

	if (!get_count(frame, WAX_REASON_COUNT_ - 1, &reason, error))
		return false;
	*ret_reason = (WaxReason)reason;
	return true;
}

static bool get_ticket(WaxFrame *frame, uint8_t ret_ticket[16], GError **error)
{
	WaxSpan span;

	if (!wax_frame_get_span(frame, &span, error))
		return false;
	if (span.n != 16)
		return wax_fail(error, WAX_R_FRAME_MALFORMED, "a ticket of %zu octets", span.n);
	memcpy(ret_ticket, span.p, 16);
	return true;
}

/* ---- FACTS ---- */

void wax_job_facts_put(const WaxJobFacts *facts, WaxFrame *frame)
{
	wax_frame_put_str(frame, facts->message_id);
	wax_frame_put_str(frame, facts->from);
	put_texts(facts->named, frame);
	put_texts(facts->parents, frame);
	wax_frame_put_u32(frame, facts->received);
	wax_frame_put_str(frame, facts->hop);
	wax_frame_put_bool(frame, facts->sealed);
	wax_frame_put_bool(frame, facts->openpgp);
	wax_frame_put_bool(frame, facts->is_signed);
	wax_frame_put_bool(frame, facts->eight_bit);
	wax_frame_put_bool(frame, facts->calendar);
	wax_frame_put_str(frame, facts->raise);
	wax_frame_put_str(frame, facts->lower);
	wax_frame_put_u32(frame, facts->fault);
	wax_frame_put_bool(frame, facts->malformed);
}

bool wax_job_facts_get(WaxFrame *frame, WaxJobFacts *ret_facts, GError **error)
{
	g_auto(WaxJobFacts) facts = { 0 };

	if (!get_text(frame, &facts.message_id, error) || !get_text(frame, &facts.from, error) ||
		!get_texts(frame, &facts.named, error) ||
		!get_texts(frame, &facts.parents, error) ||
		!wax_frame_get_u32(frame, &facts.received, error) ||
		!get_text(frame, &facts.hop, error) ||
		!wax_frame_get_bool(frame, &facts.sealed, error) ||
		!wax_frame_get_bool(frame, &facts.openpgp, error) ||
		!wax_frame_get_bool(frame, &facts.is_signed, error) ||
		!wax_frame_get_bool(frame, &facts.eight_bit, error) ||
		!wax_frame_get_bool(frame, &facts.calendar, error) ||
		!get_text(frame, &facts.raise, error) || !get_text(frame, &facts.lower, error) ||
		!get_reason(frame, &facts.fault, error) ||
		!wax_frame_get_bool(frame, &facts.malformed, error))
		return false;
	*ret_facts = facts;
	facts = (WaxJobFacts){ 0 };
	return true;
}

void wax_job_facts_clear(WaxJobFacts *facts)
{
	g_clear_pointer(&facts->message_id, g_free);
	g_clear_pointer(&facts->from, g_free);
	g_clear_pointer(&facts->named, g_ptr_array_unref);
	g_clear_pointer(&facts->parents, g_ptr_array_unref);
	g_clear_pointer(&facts->hop, g_free);
	g_clear_pointer(&facts->raise, g_free);
	g_clear_pointer(&facts->lower, g_free);
}

/* ---- BUILD ---- */

void wax_job_build_put(const WaxJobBuild *build, WaxFrame *frame)
{
	wax_frame_put_u32(frame, build->method);
	wax_frame_put_span(frame, WAX_SPAN(build->ticket, sizeof(build->ticket)));
	wax_frame_put_u32(frame, build->handle);
	wax_frame_put_bool(frame, build->signs);
	put_certs(build->signer_certs, frame);
	put_certs(build->recipient_certs, frame);
	wax_frame_put_str(frame, build->cipher);
	wax_frame_put_str(frame, build->headers);
	wax_frame_put_bool(frame, build->shy);
	wax_frame_put_u64(frame, build->size_limit);
}

bool wax_job_build_get(WaxFrame *frame, WaxJobBuild *ret_build, GError **error)
{
	g_auto(WaxJobBuild) build = { 0 };
	uint32_t method;

	if (!get_count(frame, WAX_METHOD_COUNT_ - 1, &method, error) ||
		!get_ticket(frame, build.ticket, error) ||
		!wax_frame_get_u32(frame, &build.handle, error) ||
		!wax_frame_get_bool(frame, &build.signs, error) ||
		!get_certs(frame, &build.signer_certs, error) ||
		!get_certs(frame, &build.recipient_certs, error) ||
		!get_text(frame, &build.cipher, error) || !get_text(frame, &build.headers, error) ||
		!wax_frame_get_bool(frame, &build.shy, error) ||
		!wax_frame_get_u64(frame, &build.size_limit, error))
		return false;
	build.method = (WaxMethod)method;
	*ret_build = build;
	build = (WaxJobBuild){ 0 };
	return true;
}

void wax_job_build_clear(WaxJobBuild *build)
{
	g_clear_pointer(&build->signer_certs, g_ptr_array_unref);
	g_clear_pointer(&build->recipient_certs, g_ptr_array_unref);
	g_clear_pointer(&build->cipher, g_free);
	g_clear_pointer(&build->headers, g_free);
}

void wax_job_built_put(const WaxJobBuilt *built, WaxFrame *frame)
{
	wax_frame_put_bool(frame, built->eight_bit);
	wax_frame_put_str(frame, built->summary);
}

bool wax_job_built_get(WaxFrame *frame, WaxJobBuilt *ret_built, GError **error)
{
	WaxJobBuilt built = { 0 };

	if (!wax_frame_get_bool(frame, &built.eight_bit, error) ||
		!get_text(frame, &built.summary, error))
		return false;
	*ret_built = built;
	return true;
}

void wax_job_built_clear(WaxJobBuilt *built)
{
	g_clear_pointer(&built->summary, g_free);
}

/* ---- OPEN ---- */

static void put_limit(char *const *domains, WaxFrame *frame)
{
	uint32_t n = domains ? g_strv_length((char **)(uintptr_t)domains) : 0;

	wax_frame_put_u32(frame, n);
	for (uint32_t i = 0; i < n; i++)
		wax_frame_put_str(frame, domains[i]);
}

static bool get_limit(WaxFrame *frame, char ***ret_domains, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	uint32_t n;

	if (!wax_frame_get_u32(frame, &n, error))
		return false;
	for (; n; n--) {
		const char *domain;

		if (!wax_frame_get_str(frame, &domain, error))
			return false;
		g_ptr_array_add(list, g_strdup(domain ? domain : ""));
	}
	g_ptr_array_add(list, NULL);
	*ret_domains = (char **)g_ptr_array_free(g_steal_pointer(&list), false);
	return true;
}

/* get_limits - one list for each anchor: a limit that is lost would be trust that nobody granted */
static bool get_limits(WaxFrame *frame, WaxJobOpen *open, GError **error)
{
	open->limits = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	for (guint i = 0; i < open->anchors->len; i++) {
		char **domains;

		if (!get_limit(frame, &domains, error))
			return false;
		g_ptr_array_add(open->limits, domains);
	}
	return true;
}

void wax_job_open_put(const WaxJobOpen *open, WaxFrame *frame)
{
	put_certs(open->anchors, frame);
	for (guint i = 0; open->anchors && i < open->anchors->len; i++)
		put_limit(open->limits && i < open->limits->len ? open->limits->pdata[i] : NULL,
			frame);
	put_certs(open->forbidden, frame);
	put_certs(open->untrusted, frame);
	wax_frame_put_u64(frame, (uint64_t)open->at);
	wax_frame_put_str(frame, open->sender);
	wax_frame_put_str(frame, open->host);
	wax_frame_put_str(frame, open->headers);
	wax_frame_put_bool(frame, open->promote_subject);
	put_texts(open->tags, frame);
	wax_frame_put_str(frame, open->tag_signed);
	wax_frame_put_str(frame, open->tag_encrypted);
}

bool wax_job_open_get(WaxFrame *frame, WaxJobOpen *ret_open, GError **error)
{
	g_auto(WaxJobOpen) open = { 0 };
	uint64_t at;

	if (!get_certs(frame, &open.anchors, error) || !get_limits(frame, &open, error) ||
		!get_certs(frame, &open.forbidden, error) ||
		!get_certs(frame, &open.untrusted, error) ||
		!wax_frame_get_u64(frame, &at, error) || !get_text(frame, &open.sender, error) ||
		!get_text(frame, &open.host, error) || !get_text(frame, &open.headers, error) ||
		!wax_frame_get_bool(frame, &open.promote_subject, error) ||
		!get_texts(frame, &open.tags, error) || !get_text(frame, &open.tag_signed, error) ||
		!get_text(frame, &open.tag_encrypted, error))
		return false;
	open.at = (int64_t)at;
	*ret_open = open;
	open = (WaxJobOpen){ 0 };
	return true;
}

void wax_job_open_clear(WaxJobOpen *open)
{
	g_clear_pointer(&open->anchors, g_ptr_array_unref);
	g_clear_pointer(&open->limits, g_ptr_array_unref);
	g_clear_pointer(&open->forbidden, g_ptr_array_unref);
	g_clear_pointer(&open->untrusted, g_ptr_array_unref);
	g_clear_pointer(&open->sender, g_free);
	g_clear_pointer(&open->host, g_free);
	g_clear_pointer(&open->headers, g_free);
	g_clear_pointer(&open->tags, g_ptr_array_unref);
	g_clear_pointer(&open->tag_signed, g_free);
	g_clear_pointer(&open->tag_encrypted, g_free);
}

static void clear_named(gpointer data)
{
	WaxJobNamed *named = data;

	g_clear_pointer(&named->issuer_serial, g_bytes_unref);
	g_clear_pointer(&named->key_id, g_bytes_unref);
}

static void clear_key(gpointer data)
{
	WaxJobKey *key = data;

	g_clear_pointer(&key->cert, g_bytes_unref);
}

void wax_job_need_put(const GArray *named, WaxFrame *frame)
{
	wax_frame_put_u32(frame, named->len);
	for (guint i = 0; i < named->len; i++) {
		const WaxJobNamed *one = &g_array_index(named, WaxJobNamed, i);

		wax_frame_put_u32(frame, one->index);
		put_bytes(one->issuer_serial, frame);
		put_bytes(one->key_id, frame);
	}
}

bool wax_job_need_get(WaxFrame *frame, GArray **ret_named, GError **error)
{
	g_autoptr(GArray) list = g_array_new(FALSE, TRUE, sizeof(WaxJobNamed));
	uint32_t count;

	g_array_set_clear_func(list, clear_named);
	if (!get_count(frame, MAX_CERTS, &count, error))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		WaxJobNamed none = { 0 }, *one;

		g_array_append_val(list, none);
		one = &g_array_index(list, WaxJobNamed, i);
		if (!wax_frame_get_u32(frame, &one->index, error) ||
			!get_bytes(frame, &one->issuer_serial, error) ||
			!get_bytes(frame, &one->key_id, error))
			return false;
	}
	*ret_named = g_steal_pointer(&list);
	return true;
}

void wax_job_keys_put(const uint8_t ticket[16], const GArray *keys, WaxFrame *frame)
{
	wax_frame_put_span(frame, WAX_SPAN(ticket, 16));
	wax_frame_put_u32(frame, keys->len);
	for (guint i = 0; i < keys->len; i++) {
		const WaxJobKey *key = &g_array_index(keys, WaxJobKey, i);

		wax_frame_put_u32(frame, key->index);
		wax_frame_put_u32(frame, key->handle);
		wax_frame_put_bool(frame, key->ec);
		put_bytes(key->cert, frame);
	}
}

bool wax_job_keys_get(WaxFrame *frame, uint8_t ret_ticket[16], GArray **ret_keys, GError **error)
{
	g_autoptr(GArray) list = g_array_new(FALSE, TRUE, sizeof(WaxJobKey));
	uint8_t ticket[16];
	uint32_t count;

	g_array_set_clear_func(list, clear_key);
	if (!get_ticket(frame, ticket, error) || !get_count(frame, MAX_CERTS, &count, error))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		WaxJobKey none = { 0 }, *key;

		g_array_append_val(list, none);
		key = &g_array_index(list, WaxJobKey, i);
		if (!wax_frame_get_u32(frame, &key->index, error) ||
			!wax_frame_get_u32(frame, &key->handle, error) ||
			!wax_frame_get_bool(frame, &key->ec, error) ||
			!get_bytes(frame, &key->cert, error))
			return false;
	}
	memcpy(ret_ticket, ticket, sizeof(ticket));
	*ret_keys = g_steal_pointer(&list);
	return true;
}

void wax_job_opened_put(const WaxJobOpened *opened, WaxFrame *frame)
{
	wax_frame_put_str(frame, opened->message_id);
	wax_frame_put_u32(frame, opened->received);
	wax_frame_put_str(frame, opened->hop);
	wax_frame_put_bool(frame, opened->decrypted);
	wax_frame_put_u32(frame, opened->opened_by);
	wax_frame_put_bool(frame, opened->shown_eight_bit);
	wax_frame_put_bool(frame, opened->original_eight_bit);
	wax_frame_put_bool(frame, opened->has_original);
	wax_frame_put_str(frame, opened->summary);
	wax_frame_put_u32(frame, opened->fault);
}

bool wax_job_opened_get(WaxFrame *frame, WaxJobOpened *ret_opened, GError **error)
{
	g_auto(WaxJobOpened) opened = { 0 };

	if (!get_text(frame, &opened.message_id, error) ||
		!wax_frame_get_u32(frame, &opened.received, error) ||
		!get_text(frame, &opened.hop, error) ||
		!wax_frame_get_bool(frame, &opened.decrypted, error) ||
		!wax_frame_get_u32(frame, &opened.opened_by, error) ||
		!wax_frame_get_bool(frame, &opened.shown_eight_bit, error) ||
		!wax_frame_get_bool(frame, &opened.original_eight_bit, error) ||
		!wax_frame_get_bool(frame, &opened.has_original, error) ||
		!get_text(frame, &opened.summary, error) ||
		!get_reason(frame, &opened.fault, error))
		return false;
	*ret_opened = opened;
	opened = (WaxJobOpened){ 0 };
	return true;
}

void wax_job_opened_clear(WaxJobOpened *opened)
{
	g_clear_pointer(&opened->message_id, g_free);
	g_clear_pointer(&opened->hop, g_free);
	g_clear_pointer(&opened->summary, g_free);
}
