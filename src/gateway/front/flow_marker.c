/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/flow.h"

#include <string.h>

#include "crypto/digest.h"

/* ---- the loop marker (GATEWAY d.9) ---- */

static gint by_key(gconstpointer a, gconstpointer b)
{
	const WaxRecipient *const *left = a, *const *right = b;

	return strcmp((*left)->key, (*right)->key);
}

/* hop_mac - over direction, queue id and recipients in an order of their own */
static char *hop_mac(
	WaxSpan secret, WaxDirection direction, const char *queue, const GPtrArray *recipients)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	g_autoptr(GString) text = g_string_new(NULL);
	uint8_t mac[32];

	for (guint i = 0; i < recipients->len; i++)
		g_ptr_array_add(sorted, g_ptr_array_index(recipients, i));
	g_ptr_array_sort(sorted, by_key);
	g_string_append_printf(text, "%s\n%s\n", direction == WAX_OUTBOUND ? "out" : "in", queue);
	for (guint i = 0; i < sorted->len; i++) {
		const WaxRecipient *recipient = g_ptr_array_index(sorted, i);

		g_string_append_printf(text, "%s\n", recipient->key);
	}
	wax_hmac_sha256(secret, WAX_SPAN(text->str, text->len), mac);
	return wax_hex(WAX_SPAN(mac, sizeof(mac)));
}

char *wax_flow_hop(
	WaxSpan secret, WaxDirection direction, const char *queue, const GPtrArray *recipients)
{
	g_autofree char *mac = hop_mac(secret, direction, queue ? queue : "", recipients);

	return g_strdup_printf("%s; q=%s; h=%s", direction == WAX_OUTBOUND ? "out" : "in",
		queue ? queue : "", mac);
}

bool wax_flow_hop_check(
	WaxSpan secret, WaxDirection direction, const char *value, const GPtrArray *recipients)
{
	g_auto(GStrv) parts = g_strsplit(value, ";", -1);
	g_autofree char *mac = NULL;

	if (g_strv_length(parts) != 3)
		return false;
	for (char **part = parts; *part; part++)
		g_strstrip(*part);
	if (strcmp(parts[0], direction == WAX_OUTBOUND ? "out" : "in") != 0 ||
		!g_str_has_prefix(parts[1], "q=") || !g_str_has_prefix(parts[2], "h="))
		return false;
	mac = hop_mac(secret, direction, parts[1] + 2, recipients);
	return wax_same_secret(
		WAX_SPAN(mac, strlen(mac)), WAX_SPAN(parts[2] + 2, strlen(parts[2] + 2)));
}
