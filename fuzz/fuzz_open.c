/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole message, as it comes from the Internet: judged or refused, the same every time, never
 * valid where nothing is trusted, and emitted without error whenever it was said that it can be.
 */
#include <glib.h>
#include <string.h>

#include "core/status.h"
#include "must.h"
#include "smime/keyring.h"
#include "smime/open.h"

static WaxKeyring *keyring;

/* the key that the corpus was sealed for does not matter: one of each kind reaches every path */
static void start(void)
{
	WaxKey *key = wax_key_generate("p256", NULL);

	keyring = wax_keyring_new();
	wax_keyring_add(keyring, key, NULL, NULL);
	wax_key_unref(key);
}

static bool count(void *data, WaxSpan bytes, GError **error)
{
	(void)error;
	*(uint64_t *)data += bytes.n;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WaxSource source = wax_source_span(WAX_SPAN(data, size));
	g_autoptr(GPtrArray) anchors = g_ptr_array_new();
	g_autoptr(WaxOpened) first = NULL, second = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *one = NULL, *two = NULL;
	WaxUnwrapper keys;
	WaxOpenOptions options;
	uint64_t octets = 0;
	WaxSink sink = { count, &octets };

	if (!keyring)
		start();
	keys = wax_keyring_unwrapper(keyring);
	options = (WaxOpenOptions){ .keys = &keys, .anchors = anchors, .at = 1800000000 };
	if (!wax_open_judge(&source, &options, &first, &error)) {
		must(error && wax_class_of(error) == WAX_CLASS_HOSTILE);
		return 0;
	}
	must(wax_opened_verdict(first)->signature != WAX_SIGNATURE_VALID_TRUSTED);
	must(wax_open_judge(&source, &options, &second, NULL));
	one = wax_verdict_format(wax_opened_verdict(first));
	two = wax_verdict_format(wax_opened_verdict(second));
	must(strcmp(one, two) == 0);
	if (!wax_opened_has_payload(first))
		return 0;
	must(wax_opened_emit(first, &sink, &error));
	must(octets == wax_opened_verdict(first)->content_bytes);
	must(wax_opened_show(first, &sink, &error));
	return 0;
}
