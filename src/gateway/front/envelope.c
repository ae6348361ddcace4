/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/envelope.h"

#include <string.h>

static const char *const forward_names[WAX_FORWARD_COUNT_] = {
	"NAME",
	"ADDR",
	"PORT",
	"PROTO",
	"HELO",
	"IDENT",
	"SOURCE",
};

static void free_recipient(gpointer recipient)
{
	wax_recipient_free(recipient);
}

WaxEnvelope *wax_envelope_new(void)
{
	WaxEnvelope *envelope = g_new0(WaxEnvelope, 1);

	envelope->recipients = g_ptr_array_new_with_free_func(free_recipient);
	return envelope;
}

void wax_envelope_free(WaxEnvelope *envelope)
{
	if (!envelope)
		return;
	g_free(envelope->sender);
	g_free(envelope->sender_key);
	g_free(envelope->sender_domain);
	g_free(envelope->envid);
	for (size_t i = 0; i < WAX_FORWARD_COUNT_; i++)
		g_free(envelope->forward[i]);
	g_ptr_array_unref(envelope->recipients);
	g_free(envelope);
}

WaxRecipient *wax_recipient_new(void)
{
	return g_new0(WaxRecipient, 1);
}

void wax_recipient_free(WaxRecipient *recipient)
{
	if (!recipient)
		return;
	g_free(recipient->address);
	g_free(recipient->key);
	g_free(recipient->domain);
	g_free(recipient->orcpt);
	g_free(recipient);
}

WaxRecipient *wax_recipient_dup(const WaxRecipient *recipient)
{
	WaxRecipient *copy = wax_recipient_new();

	copy->address = g_strdup(recipient->address);
	copy->key = g_strdup(recipient->key);
	copy->domain = g_strdup(recipient->domain);
	copy->orcpt = g_strdup(recipient->orcpt);
	copy->notify = recipient->notify;
	return copy;
}

const char *wax_forward_name(WaxForward attribute)
{
	return forward_names[attribute];
}

static bool is_hex(uint8_t c)
{
	/* RFC 3461 4: hexchar has upper-case digits only */
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

bool wax_xtext_valid(WaxSpan text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c < 0x21 || c > 0x7e || c == '=')
			return false;
		if (c != '+')
			continue;
		if (text.n - i < 3 || !is_hex(text.p[i + 1]) || !is_hex(text.p[i + 2]))
			return false;
		i += 2;
	}
	return true;
}

char *wax_envelope_ident(const WaxEnvelope *envelope)
{
	const char *text = envelope->forward[WAX_FORWARD_IDENT];
	GString *plain;

	if (!text || !*text || strcmp(text, "[UNAVAILABLE]") == 0)
		return NULL;
	plain = g_string_new(NULL);
	for (; *text; text++) {
		int c = (unsigned char)*text;

		if (c == '+' && text[1] && text[2]) {
			c = g_ascii_xdigit_value(text[1]) * 16 + g_ascii_xdigit_value(text[2]);
			text += 2;
		}
		/* goes into journal keys, events and listings */
		g_string_append_c(plain, c > 0x20 && c < 0x7f ? (char)c : '?');
	}
	return g_string_free(plain, FALSE);
}
