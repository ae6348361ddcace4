/* SPDX-License-Identifier: Apache-2.0 */
/* protected header fields: which they are, how well each is protected, whom to show and to answer */
#include "smime/open_internal.h"

#include <string.h>

#include "core/address.h"
#include "mime/addresses.h"
#include "mime/fields.h"
#include "smime/protect.h"

/* the payload is a whole message, wrapped as RFC 8551 3.1 has it; some say so */
static bool is_wrapped(const WaxContent *content, WaxSpan header)
{
	WaxSpan value = WAX_SPAN_NONE;
	uint8_t room[8];
	WaxBuffer forwarded = { room, 0, sizeof room };
	bool twice;

	return strcmp(content->type, "message/rfc822") == 0 &&
	       wax_fields_count(header, "content-type", &value) == 1 &&
	       wax_param(value, "forwarded", &forwarded, &twice) && !twice && forwarded.n == 2 &&
	       g_ascii_strncasecmp((char *)forwarded.p, "no", 2) == 0;
}

static bool take_inner_header(void *data, WaxSpan bytes, GError **error)
{
	GByteArray *block = data;
	(void)error;

	if (block->len + bytes.n <= WAX_OPEN_HEADER_MAX)
		g_byte_array_append(block, bytes.p, (guint)bytes.n);
	return true;
}

/* unwrap - the message inside is what is shown: its header, and its body from here on */
static bool unwrap(WaxOpened *o, unsigned n, size_t skip, GError **error)
{
	g_autoptr(GByteArray) block = g_byte_array_new();
	g_auto(WaxContent) content = { 0 };
	size_t end;

	if (!wax_opened_run(
		    o, n, skip, skip + WAX_OPEN_HEADER_MAX, take_inner_header, block, error))
		return false;
	end = wax_open_header_end(wax_open_span(block));
	if (!end || !wax_open_has_fields(WAX_SPAN(block->data, end)))
		return true; /* no message inside: the wrapper is shown as it is */
	g_byte_array_set_size(o->header, 0);
	g_byte_array_append(o->header, block->data, (guint)end);
	o->payload_from = skip;
	o->protection = WAX_PROTECTION_WRAPPED;
	wax_content_read(wax_open_span(o->header), &content);
	g_free(o->verdict->content_type);
	o->verdict->content_type = g_strdup(content.type);
	o->verdict->content_bytes -= MIN(o->verdict->content_bytes, (uint64_t)skip);
	return true;
}

bool wax_open_take_protected(WaxOpened *o, unsigned n, const WaxContent *content, GError **error)
{
	size_t wrapper = o->header->len;

	if (n == 0)
		return true; /* T-36: outside of all layers it says nothing */
	if (content->hp && strcmp(content->hp, "clear") == 0)
		o->protection = WAX_PROTECTION_CLEAR;
	else if (content->hp && strcmp(content->hp, "cipher") == 0)
		o->protection = WAX_PROTECTION_CIPHER;
	else if (is_wrapped(content, wax_open_span(o->header)))
		return unwrap(o, n, wrapper, error);
	return true;
}

/* --- how well each is protected (R-77) --- */

/* outer_next - the next field that the sender says it showed outside; `block` is the payload's */
static bool outer_next(WaxSpan *block, WaxField *ret_field)
{
	WaxField field;

	while (wax_field_next(block, &field)) {
		WaxSpan inner = field.value;

		if (field.nameless || !wax_field_is(&field, "HP-Outer"))
			continue;
		while (inner.n && g_ascii_isspace(inner.p[0])) {
			inner.p++;
			inner.n--;
		}
		if (wax_field_next(&inner, ret_field) && !ret_field->nameless)
			return true;
	}
	return false;
}

static char *folded_name(const WaxField *field)
{
	return g_ascii_strdown((const char *)field->name.p, (gssize)field->name.n);
}

/* is_exposed - the outside showed this very value */
static bool is_exposed(const WaxOpened *o, const WaxField *field)
{
	WaxSpan block = wax_open_span(o->header);
	g_autofree char *name = folded_name(field), *value = wax_field_text(field->value);
	WaxField outer;

	if (o->protection == WAX_PROTECTION_CLEAR)
		return true;
	while (outer_next(&block, &outer)) {
		g_autofree char *shown = wax_field_text(outer.value);

		if (wax_field_is(&outer, name) && strcmp(shown, value) == 0)
			return true;
	}
	return false;
}

/* a signature protects a field when its arithmetic stands, whoever made it */
static bool is_signed(const WaxVerdict *verdict)
{
	return wax_verdict_author(verdict) && verdict->signature >= WAX_SIGNATURE_VALID_TRUSTED &&
	       verdict->signature <= WAX_SIGNATURE_REVOKED;
}

static bool is_encrypted(const WaxVerdict *verdict)
{
	for (unsigned i = 0; i < verdict->layers->len; i++)
		if (wax_layer_is_encrypted(wax_verdict_layer(verdict, i)->kind))
			return true;
	return false;
}

static WaxFieldState state_of(const WaxOpened *o, const WaxField *field)
{
	bool secret = is_encrypted(o->verdict) && !is_exposed(o, field);

	if (is_signed(o->verdict))
		return secret ? WAX_FIELD_SIGNED_AND_ENCRYPTED : WAX_FIELD_SIGNED_ONLY;
	return secret ? WAX_FIELD_ENCRYPTED_ONLY : WAX_FIELD_UNPROTECTED;
}

static void list_fields(WaxOpened *o)
{
	WaxSpan block = wax_open_span(o->header);
	WaxField field;

	while (wax_field_next(&block, &field)) {
		g_autofree char *name = NULL, *value = NULL;

		if (field.nameless || wax_field_is(&field, "HP-Outer") ||
			wax_field_is_structural(&field))
			continue;
		name = g_strndup((const char *)field.name.p, field.name.n);
		value = wax_field_decoded(field.value);
		wax_verdict_add_field(o->verdict, name, value, state_of(o, &field));
	}
}

/* --- whom to show (R-74) --- */

static bool names(const WaxVerdictSigner *signer, const char *key)
{
	for (unsigned i = 0; i < signer->addresses->len; i++) {
		g_autofree char *own = wax_address_normal(signer->addresses->pdata[i], NULL);

		if (g_strcmp0(own, key) == 0)
			return true;
	}
	return false;
}

static bool only_identity(const WaxReasonSet *reasons)
{
	WaxReasonSet rest = *reasons;

	for (unsigned i = 0; i < WAX_IDENTITY_COUNT_; i++)
		wax_reasons_remove(&rest, wax_identity_reason((WaxIdentity)i));
	return wax_reasons_empty(&rest);
}

/* is_bound - every signer of the author layer is this address, and nothing else is amiss */
static bool is_bound(const WaxVerdict *verdict, const char *key)
{
	const WaxVerdictLayer *author = wax_verdict_author(verdict);

	if (!author || author->signers->len == 0 || !wax_reasons_empty(&author->reasons))
		return false;
	for (unsigned i = 0; i < author->signers->len; i++) {
		const WaxVerdictSigner *signer = wax_verdict_signer(author, i);

		if (!only_identity(&signer->reasons) || !names(signer, key))
			return false;
	}
	return true;
}

/* inner_from - the one address of the one protected From; NULL when there is no such */
static char *inner_from(const WaxOpened *o)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
	WaxSpan block = wax_open_span(o->header);

	if (wax_fields_count(block, "From", NULL) != 1 ||
		!wax_addresses_author(block, "From", keys) || keys->len != 1)
		return NULL;
	return g_strdup(keys->pdata[0]);
}

static void choose_from(WaxOpened *o)
{
	WaxVerdict *verdict = o->verdict;
	g_autofree char *inner = o->protection ? inner_from(o) : NULL;

	verdict->from_shown = g_strdup(verdict->from);
	if (!inner)
		return;
	if (g_strcmp0(inner, verdict->from) != 0 && verdict->from) {
		wax_reasons_add(&verdict->notes, WAX_R_SIG_FROM_DIFFERS);
		if (!is_bound(verdict, inner)) {
			verdict->from_warning = true;
			return;
		}
	}
	g_free(verdict->from_shown);
	verdict->from_shown = g_steal_pointer(&inner);
	verdict->from_protected = true;
}

/* --- whom to answer (R-76) --- */

static bool holds(const GPtrArray *list, const char *text)
{
	return g_ptr_array_find_with_equal_func(
		(GPtrArray *)(uintptr_t)list, text, g_str_equal, NULL);
}

/* outer_addresses - of the fields of this name that were shown outside */
static void outer_addresses(const WaxOpened *o, const char *name, GPtrArray *keys)
{
	WaxSpan block = wax_open_span(o->header);
	WaxField outer;

	while (outer_next(&block, &outer))
		if (wax_field_is(&outer, name))
			wax_ignore(wax_addresses_read(
				outer.whole, name, keys)); /* what cannot be read was not shown */
}

/* add_recipients - of one protected field; nobody twice */
static void add_recipients(WaxOpened *o, const char *name, GPtrArray *into)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free),
			     outer = g_ptr_array_new_with_free_func(g_free);
	WaxReply *reply = o->verdict->reply;
	bool secret = is_encrypted(o->verdict) && o->protection != WAX_PROTECTION_CLEAR;

	if (!wax_addresses_read(wax_open_span(o->header), name, keys))
		return; /* one that cannot be read is answered by nobody */
	outer_addresses(o, name, outer);
	for (unsigned i = 0; i < keys->len; i++) {
		const char *key = keys->pdata[i];

		if (holds(reply->to, key) || holds(reply->cc, key))
			continue;
		g_ptr_array_add(into, g_strdup(key));
		if (secret && !holds(outer, key))
			g_ptr_array_add(reply->hidden, g_strdup(key));
	}
}

/* what a field of the answer is made of */
static const struct {
	const char *original, *answer;
} made_of[] = {
	{ "subject", "Subject" },
	{ "comments", "Comments" },
	{ "keywords", "Keywords" },
	{ "message-id", "In-Reply-To" },
	{ "message-id", "References" },
	{ "references", "References" },
	{ "in-reply-to", "References" },
};

static void list_confidential(WaxVerdict *verdict)
{
	GPtrArray *names = verdict->reply->confidential;

	for (unsigned i = 0; i < verdict->fields->len; i++) {
		const WaxVerdictField *field = verdict->fields->pdata[i];

		if (!wax_field_is_confidential(field->state))
			continue;
		for (size_t k = 0; k < G_N_ELEMENTS(made_of); k++)
			if (g_ascii_strcasecmp(field->name, made_of[k].original) == 0 &&
				!holds(names, made_of[k].answer))
				g_ptr_array_add(names, g_strdup(made_of[k].answer));
	}
}

static char *answer_subject(WaxSpan block)
{
	g_autofree char *subject = NULL;
	WaxSpan value;

	if (!wax_fields_count(block, "Subject", &value))
		return NULL;
	subject = wax_field_decoded(value);
	return g_ascii_strncasecmp(subject, "re:", 3) == 0 ? g_steal_pointer(&subject)
							   : g_strconcat("Re: ", subject, NULL);
}

static void make_reply(WaxOpened *o)
{
	WaxReply *reply = wax_reply_new();
	WaxSpan block = wax_open_span(o->header), value;

	o->verdict->reply = reply;
	if (wax_fields_count(block, "Reply-To", NULL))
		add_recipients(o, "Reply-To", reply->to);
	else if (!o->verdict->from_warning)
		add_recipients(o, "From", reply->to);
	add_recipients(o, "To", reply->cc);
	add_recipients(o, "Cc", reply->cc);
	reply->subject = answer_subject(block);
	if (wax_fields_count(block, "Message-ID", &value))
		reply->message_id = wax_field_text(value);
	list_confidential(o->verdict);
}

void wax_open_finish_protected(WaxOpened *o)
{
	if (o->protection)
		list_fields(o);
	choose_from(o);
	if (o->protection)
		make_reply(o);
}
