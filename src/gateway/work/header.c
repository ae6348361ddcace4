/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/work/header.h"

#include <string.h>

#include "gateway/work/tags.h"
#include "gateway/work/work.h"
#include "mime/fields.h"

/* GATEWAY d.5: one of each, or nobody can say which one a reader will see */
static const char *const single[] = { "From", "Sender", "To", "Subject", "Message-ID",
	"Content-Type" };

/* index of a field that must stand there once; -1: any number may */
static int single_index(const WaxField *field)
{
	for (size_t i = 0; i < G_N_ELEMENTS(single); i++)
		if (!field->nameless && wax_field_is(field, single[i]))
			return (int)i;
	return -1;
}

char *wax_work_duplicates(WaxSpan block)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(single); i++) {
		g_autofree char *name = g_ascii_strdown(single[i], -1);

		if (wax_fields_count(block, single[i], NULL) > 1)
			g_string_append_printf(names, "%s%s", names->len ? "," : "", name);
	}
	return names->len ? g_string_free(g_steal_pointer(&names), FALSE) : NULL;
}

static bool is_content(const WaxField *field)
{
	return wax_field_is(field, "MIME-Version") ||
	       (field->name.n > 8 &&
		       g_ascii_strncasecmp((const char *)field->name.p, "content-", 8) == 0);
}

static bool put(const WaxSink *sink, const char *text, GError **error)
{
	return wax_sink_write(sink, WAX_SPAN(text, strlen(text)), error);
}

/* put_whole - as it stands; the last field of a block may lack its line end */
static bool put_whole(const WaxField *field, const WaxSink *sink, GError **error)
{
	return wax_sink_write(sink, field->whole, error) &&
	       (field->whole.p[field->whole.n - 1] == '\n' || put(sink, "\r\n", error));
}

/* subject_of - the Subject that is shown, or NULL when the field may stay as it is */
static char *subject_of(const WaxField *field, const WaxHeaderRules *rules)
{
	g_autofree char *decoded =
		rules->subject ? g_strdup(rules->subject) : wax_field_decoded(field->value);
	g_autofree char *stripped = wax_tags_strip(decoded, rules->open->tags);
	g_autoptr(GString) text = NULL;
	bool marked = rules->marks && rules->marks[0];

	if (!rules->subject && !stripped && !marked)
		return NULL;
	text = g_string_new(NULL);
	for (const char *const *mark = rules->marks; mark && *mark; mark++)
		g_string_append_printf(text, "%s ", *mark);
	g_string_append(text, stripped ? stripped : decoded);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static bool put_subject(
	const WaxField *field, const WaxHeaderRules *rules, const WaxSink *sink, GError **error)
{
	g_autofree char *shown = subject_of(field, rules), *value = NULL;

	if (!shown)
		return put_whole(field, sink, error);
	value = wax_field_encoded("Subject", shown);
	return put(sink, "Subject: ", error) && put(sink, value, error) && put(sink, "\r\n", error);
}

/* what the outside may have from the payload (GATEWAY d.8.2); Subject has its own way */
static const char *const promoted[] = { "Date", "To", "Cc", "Message-ID", "References",
	"Reply-To" };

static int promoted_index(const WaxField *field)
{
	for (size_t i = 0; i < G_N_ELEMENTS(promoted); i++)
		if (!field->nameless && wax_field_is(field, promoted[i]))
			return (int)i;
	return -1;
}

static bool find_protected(const WaxHeaderRules *rules, const char *name, WaxField *ret_field)
{
	WaxSpan block = rules->protected_block;

	while (wax_field_next(&block, ret_field))
		if (!ret_field->nameless && wax_field_is(ret_field, name))
			return true;
	return false;
}

static bool stays_hidden(const WaxHeaderRules *rules, const char *name)
{
	return !rules->promote &&
	       wax_field_is_confidential(wax_verdict_field_state(rules->verdict, name));
}

/* put_promoted - an outer field that the payload may have, too: the protected one wins */
static bool put_promoted(const WaxField *field, const char *name, bool again,
	const WaxHeaderRules *rules, const WaxSink *sink, GError **error)
{
	WaxField inner;

	if (!find_protected(rules, name, &inner) || (again && !stays_hidden(rules, name)))
		return put(sink, "X-Unprotected-", error) && put_whole(field, sink, error);
	return put_whole(stays_hidden(rules, name) ? field : &inner, sink, error);
}

/* put_missing - what the sender had taken from the outside whole */
static bool put_missing(
	const bool *seen, const WaxHeaderRules *rules, const WaxSink *sink, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(promoted); i++) {
		WaxField inner;

		if (!seen[i] && find_protected(rules, promoted[i], &inner) &&
			!stays_hidden(rules, promoted[i]) && !put_whole(&inner, sink, error))
			return false;
	}
	return true;
}

bool wax_work_put_header(
	WaxSpan block, const WaxHeaderRules *rules, const WaxSink *sink, GError **error)
{
	bool seen[G_N_ELEMENTS(single)] = { false }, moved[G_N_ELEMENTS(promoted)] = { false };
	WaxField field;

	while (wax_field_next(&block, &field)) {
		int once = single_index(&field), inner = promoted_index(&field);
		bool again = once >= 0 && seen[once];

		if (once >= 0)
			seen[once] = true;
		if (wax_work_ours(field.name, field.value, rules->open->host) ||
			(!rules->keeps_content && is_content(&field)))
			continue;
		if (rules->protected_block.n && inner >= 0) {
			bool twice = moved[inner];

			moved[inner] = true;
			if (!put_promoted(&field, promoted[inner], twice, rules, sink, error))
				return false;
			continue;
		}
		if (again && !put(sink, "X-Duplicate-", error))
			return false;
		if (!again && wax_field_is(&field, "Subject")) {
			if (!put_subject(&field, rules, sink, error))
				return false;
		} else if (!put_whole(&field, sink, error)) {
			return false;
		}
	}
	return put_missing(moved, rules, sink, error);
}

bool wax_work_put_content_fields(WaxSpan block, const WaxSink *sink, GError **error)
{
	WaxField field;

	while (wax_field_next(&block, &field))
		if (is_content(&field) && !wax_field_is(&field, "MIME-Version") &&
			!put_whole(&field, sink, error))
			return false;
	return true;
}
