/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/protect.h"

#include <string.h>

#include "core/clock.h"
#include "mime/addresses.h"
#include "mime/fields.h"

/* what the way adds, or what nobody but the sender may see */
static const char *const not_own[] = { "received", "return-path", "delivered-to", "x-original-to",
	"authentication-results", "received-spf", "dkim-signature", "domainkey-signature", "bcc",
	"hp-outer", NULL };
static const char *const not_own_prefixes[] = { "arc-", "resent-", "x-google-", "x-spam-", NULL };

/* what readers look for (RFC 9787 1.1.1) */
static const char *const user_facing[] = { "subject", "from", "to", "cc", "date", "reply-to",
	"comments", "keywords", "followup-to", NULL };

static const char *const words[WAX_HCP_COUNT_] = { "none", "baseline", "shy" };

bool wax_hcp_by_word(const char *word, WaxHcp *ret_hcp)
{
	for (unsigned i = WAX_HCP_BASELINE; i < WAX_HCP_COUNT_; i++)
		if (strcmp(words[i], word) == 0) {
			*ret_hcp = (WaxHcp)i;
			return true;
		}
	return false;
}

static bool is_one_of(const WaxField *field, const char *const *names)
{
	for (; *names; names++)
		if (wax_field_is(field, *names))
			return true;
	return false;
}

static bool begins_with(const WaxField *field, const char *prefix)
{
	size_t n = strlen(prefix);

	return field->name.n > n &&
	       g_ascii_strncasecmp((const char *)field->name.p, prefix, n) == 0;
}

bool wax_field_is_structural(const WaxField *field)
{
	return wax_field_is(field, "mime-version") || begins_with(field, "content-");
}

bool wax_field_is_own(const WaxField *field)
{
	if (field->nameless || wax_field_is_structural(field) || is_one_of(field, not_own))
		return false;
	for (const char *const *prefix = not_own_prefixes; *prefix; prefix++)
		if (begins_with(field, *prefix))
			return false;
	return true;
}

void wax_field_append(GString *out, WaxSpan raw)
{
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '\r')
			continue;
		if (raw.p[i] == '\n')
			g_string_append_c(out, '\r');
		g_string_append_c(out, (char)raw.p[i]);
	}
	if (!raw.n || raw.p[raw.n - 1] != '\n')
		g_string_append(out, "\r\n");
}

/* shy_value - addresses without names, a date without its zone; NULL: as it is */
static char *shy_value(const WaxField *field)
{
	static const char *const lists[] = { "from", "to", "cc", NULL };
	g_autofree char *text = NULL;
	int64_t date;

	if (is_one_of(field, lists))
		return wax_addresses_bare(field->value);
	if (!wax_field_is(field, "date"))
		return NULL;
	text = wax_field_text(field->value);
	return wax_clock_from_rfc5322(text, &date) ? wax_clock_rfc5322(date) : NULL;
}

void wax_hcp_outer(WaxHcp hcp, const WaxField *field, GString *out)
{
	static const char *const hidden[] = { "comments", "keywords", NULL };
	g_autofree char *value = NULL;

	if (hcp != WAX_HCP_NONE && is_one_of(field, hidden))
		return;
	if (hcp != WAX_HCP_NONE && wax_field_is(field, "subject")) {
		g_string_append(out, "Subject: [...]\r\n");
		return;
	}
	value = hcp == WAX_HCP_SHY ? shy_value(field) : NULL;
	if (!value) {
		wax_field_append(out, field->whole);
		return;
	}
	g_string_append_len(out, (const char *)field->name.p, (gssize)field->name.n);
	g_string_append_printf(out, ": %s\r\n", value);
}

void wax_hcp_legacy(WaxHcp hcp, const WaxField *field, GString *out)
{
	g_autoptr(GString) own = g_string_new(NULL), outer = g_string_new(NULL);
	g_autofree char *value = NULL;

	if (!is_one_of(field, user_facing))
		return;
	wax_field_append(own, field->whole);
	wax_hcp_outer(hcp, field, outer);
	if (g_string_equal(own, outer))
		return;
	value = wax_field_decoded(field->value);
	g_string_append_len(out, (const char *)field->name.p, (gssize)field->name.n);
	g_string_append_printf(out, ": %s\r\n", value);
}
