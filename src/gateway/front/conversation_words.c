/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/conversation_internal.h"

#include <string.h>

bool wax_word_next(WaxSpan *rest, WaxSpan *ret_word)
{
	size_t n = 0;

	while (rest->n > 0 && *rest->p == ' ') {
		rest->p++;
		rest->n--;
	}
	while (n < rest->n && rest->p[n] != ' ')
		n++;
	if (n == 0)
		return false;
	*ret_word = WAX_SPAN(rest->p, n);
	rest->p += n;
	rest->n -= n;
	return true;
}

bool wax_word_is(WaxSpan word, const char *text)
{
	return word.n == strlen(text) &&
	       g_ascii_strncasecmp((const char *)word.p, text, word.n) == 0;
}

char *wax_word_dup(WaxSpan span)
{
	return g_strndup((const char *)span.p, span.n);
}

void wax_word_split(WaxSpan word, WaxSpan *ret_key, WaxSpan *ret_value)
{
	const uint8_t *equals = memchr(word.p, '=', word.n);
	size_t n = equals ? (size_t)(equals - word.p) : word.n;

	*ret_key = WAX_SPAN(word.p, n);
	*ret_value = equals ? WAX_SPAN(equals + 1, word.n - n - 1) : WAX_SPAN_NONE;
}

bool wax_word_path(WaxSpan *rest, WaxSpan *ret_path)
{
	bool quoted = false;
	size_t i;

	while (rest->n > 0 && *rest->p == ' ') {
		rest->p++;
		rest->n--;
	}
	if (rest->n < 2 || rest->p[0] != '<')
		return false;
	for (i = 1; i < rest->n; i++) {
		uint8_t c = rest->p[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == '>' && !quoted)
			break;
	}
	if (i >= rest->n || (i + 1 < rest->n && rest->p[i + 1] != ' '))
		return false;
	*ret_path = WAX_SPAN(rest->p + 1, i - 1);
	rest->p += i + 1;
	rest->n -= i + 1;
	/* RFC 5321 4.1.1.3: a source route SHOULD be ignored */
	if (ret_path->n > 0 && ret_path->p[0] == '@') {
		const uint8_t *colon = memchr(ret_path->p, ':', ret_path->n);

		if (!colon)
			return false;
		*ret_path = WAX_SPAN(colon + 1, ret_path->n - (size_t)(colon + 1 - ret_path->p));
	}
	return true;
}

bool wax_word_is_ascii(WaxSpan text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= 0x80)
			return false;
	return true;
}

bool wax_word_size(WaxSpan value, uint64_t *ret_size)
{
	uint64_t size = 0;

	if (value.n == 0 || value.n > 18)
		return false;
	for (size_t i = 0; i < value.n; i++) {
		if (!g_ascii_isdigit(value.p[i]))
			return false;
		size = size * 10 + (uint64_t)(value.p[i] - '0');
	}
	*ret_size = size;
	return true;
}

bool wax_word_notify(WaxSpan value, unsigned *ret_notify)
{
	static const struct {
		const char *word;
		unsigned bit;
	} words[] = {
		{ "NEVER", WAX_NOTIFY_NEVER },
		{ "SUCCESS", WAX_NOTIFY_SUCCESS },
		{ "FAILURE", WAX_NOTIFY_FAILURE },
		{ "DELAY", WAX_NOTIFY_DELAY },
	};
	unsigned notify = 0;

	while (value.n > 0) {
		const uint8_t *comma = memchr(value.p, ',', value.n);
		WaxSpan word = WAX_SPAN(value.p, comma ? (size_t)(comma - value.p) : value.n);
		unsigned bit = 0;

		for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
			if (wax_word_is(word, words[i].word))
				bit = words[i].bit;
		if (bit == 0 || (notify & bit))
			return false;
		notify |= bit;
		if (!comma)
			break;
		value = WAX_SPAN(comma + 1, value.n - word.n - 1);
		if (value.n == 0)
			return false;
	}
	if (notify == 0 || ((notify & WAX_NOTIFY_NEVER) && notify != WAX_NOTIFY_NEVER))
		return false;
	*ret_notify = notify;
	return true;
}

bool wax_word_is_orcpt(WaxSpan value, bool utf8)
{
	const uint8_t *semicolon = value.n > 0 ? memchr(value.p, ';', value.n) : NULL;
	WaxSpan text;

	if (!semicolon || semicolon == value.p || value.n > 500)
		return false;
	for (const uint8_t *p = value.p; p < semicolon; p++)
		if (!g_ascii_isalnum(*p) && *p != '-')
			return false;
	text = WAX_SPAN(semicolon + 1, value.n - (size_t)(semicolon + 1 - value.p));
	if (utf8 && wax_word_is(WAX_SPAN(value.p, (size_t)(semicolon - value.p)), "utf-8"))
		return g_utf8_validate((const char *)text.p, (gssize)text.n, NULL);
	return wax_xtext_valid(text);
}

bool wax_word_is_clean(WaxSpan line)
{
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] < 0x20 || line.p[i] == 0x7f)
			return false;
	return wax_word_is_ascii(line) ||
	       g_utf8_validate((const char *)line.p, (gssize)line.n, NULL);
}
