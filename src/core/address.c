/* SPDX-License-Identifier: Apache-2.0 */
#include "core/address.h"

#include <idn2.h>
#include <string.h>

#include "core/status.h"

#define LOCAL_MAX  256 /* RFC 5321 says 64; mailing list systems exceed it */
#define DOMAIN_MAX 255

static bool is_atext(uint8_t c)
{
	return g_ascii_isalnum(c) || c >= 0x80 || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* dot_atom - atext runs joined by single dots */
static bool is_dot_atom(const char *text, size_t n)
{
	bool after_dot = true;

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '.') {
			if (after_dot)
				return false;
			after_dot = true;
		} else if (is_atext((uint8_t)text[i])) {
			after_dot = false;
		} else {
			return false;
		}
	}
	return n > 0 && !after_dot;
}

/* take_quoted - the local part between quotes; the span ends where the quotes do */
static bool take_quoted(WaxSpan text, GString *local, size_t *ret_used)
{
	size_t i = 1;

	while (i < text.n && text.p[i] != '"') {
		uint8_t c = text.p[i++];

		if (c == '\\') {
			if (i == text.n)
				return false;
			c = text.p[i++];
		}
		if (c < 0x20 || c == 0x7f)
			return false;
		g_string_append_c(local, (char)c);
	}
	*ret_used = i + 1;
	return i < text.n && local->len > 0;
}

static bool is_literal(const char *domain)
{
	size_t n = strlen(domain);

	if (n < 4 || domain[0] != '[' || domain[n - 1] != ']')
		return false;
	for (size_t i = 1; i < n - 1; i++)
		if (!g_ascii_isalnum(domain[i]) && !strchr(".:-", domain[i]))
			return false;
	return true;
}

static bool labels_are_valid(const char *domain)
{
	size_t label = 0;

	for (const char *c = domain;; c++) {
		if (*c == '.' || *c == 0) {
			if (label == 0 || label > 63 || c[-1] == '-')
				return false;
			label = 0;
			if (*c == 0)
				return true;
		} else if (g_ascii_isalnum(*c) || *c == '_' || (*c == '-' && label > 0)) {
			label++;
		} else {
			return false;
		}
	}
}

char *wax_domain_normal(const char *text, GError **error)
{
	g_autofree char *lower = NULL, *folded = NULL;
	char *ascii = NULL;

	if (is_literal(text))
		return g_ascii_strdown(text, -1);
	folded = g_utf8_validate(text, -1, NULL) ? g_utf8_strdown(text, -1) : NULL;
	/* without the mapping of UTS 46: it drops what nobody sees and makes dots of other signs */
	if (!folded || strlen(text) > 4 * DOMAIN_MAX ||
		idn2_lookup_u8((const uint8_t *)folded, (uint8_t **)&ascii,
			IDN2_NFC_INPUT | IDN2_NO_TR46) != IDN2_OK) {
		/* IDNA refuses labels that mail uses, "_" above all: plain ASCII is checked alone */
		if (!g_str_is_ascii(text)) {
			(void)wax_fail(
				error, WAX_R_ADDRESS_INVALID, "'%s' is not a domain name", text);
			return NULL;
		}
		lower = g_ascii_strdown(text, -1);
	} else {
		lower = g_ascii_strdown(ascii, -1);
		idn2_free(ascii);
	}
	if (strlen(lower) > DOMAIN_MAX || !labels_are_valid(lower)) {
		(void)wax_fail(error, WAX_R_ADDRESS_INVALID, "'%s' is not a domain name", text);
		return NULL;
	}
	return g_steal_pointer(&lower);
}

static bool refuse(WaxSpan text, const char *why, GError **error)
{
	g_autofree char *shown = g_strndup((const char *)text.p, MIN(text.n, 80));
	g_autofree char *escaped = g_strescape(shown, NULL);

	return wax_fail(
		error, WAX_R_ADDRESS_INVALID, "'%s' is not a mail address: %s", escaped, why);
}

bool wax_address_parse(WaxSpan text, WaxAddress *ret_address, GError **error)
{
	g_autoptr(GString) local = g_string_new(NULL);
	g_autofree char *domain = NULL, *normal = NULL;
	size_t at = 0;

	if (text.n == 0)
		return refuse(text, "it is empty", error);
	if (text.n > LOCAL_MAX + 4 * DOMAIN_MAX || memchr(text.p, 0, text.n))
		return refuse(text, "it is too long or holds a NUL", error);
	if (text.p[0] == '"') {
		if (!take_quoted(text, local, &at))
			return refuse(text, "the quoted local part is broken", error);
	} else {
		const uint8_t *sign = memchr(text.p, '@', text.n);

		at = sign ? (size_t)(sign - text.p) : text.n;
		if (!is_dot_atom((const char *)text.p, at))
			return refuse(
				text, "the part before @ holds what an address may not", error);
		g_string_append_len(local, (const char *)text.p, (gssize)at);
	}
	if (local->len > LOCAL_MAX || !g_utf8_validate(local->str, (gssize)local->len, NULL))
		return refuse(text, "the part before @ is too long or no UTF-8", error);
	if (at >= text.n || text.p[at] != '@')
		return refuse(text, "there is no @", error);
	domain = g_strndup((const char *)text.p + at + 1, text.n - at - 1);
	normal = wax_domain_normal(domain, NULL);
	if (!normal)
		return refuse(text, "the part after @ is no domain", error);
	*ret_address = (WaxAddress){ g_string_free(g_steal_pointer(&local), false),
		g_steal_pointer(&normal) };
	return true;
}

void wax_address_clear(WaxAddress *address)
{
	g_clear_pointer(&address->local, g_free);
	g_clear_pointer(&address->domain, g_free);
}

char *wax_address_key(const WaxAddress *address)
{
	g_autofree char *local = g_ascii_strdown(address->local, -1);

	return g_strconcat(local, "@", address->domain, NULL);
}

char *wax_address_normal(const char *text, GError **error)
{
	g_auto(WaxAddress) address = { NULL, NULL };

	if (!wax_address_parse(WAX_SPAN(text, strlen(text)), &address, error))
		return NULL;
	return wax_address_key(&address);
}

char *wax_address_text(const WaxAddress *address)
{
	g_autoptr(GString) out = NULL;

	if (is_dot_atom(address->local, strlen(address->local)))
		return g_strconcat(address->local, "@", address->domain, NULL);
	out = g_string_new("\"");
	for (const char *c = address->local; *c; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, *c);
	}
	g_string_append_printf(out, "\"@%s", address->domain);
	return g_string_free(g_steal_pointer(&out), false);
}
