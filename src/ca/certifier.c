/* SPDX-License-Identifier: Apache-2.0 */
/* What cad asks the two custodians: new keys, and certificates of its own small certifier. */
#include "ca/internal.h"

#include <string.h>

#include "core/clock.h"
#include "core/status.h"
#include "crypto/digest.h"
#include "keys/proto/requests.h"
#include "store/identities.h"

#define PATIENCE 30000
#define DAY	 (24 * 3600)

bool wax_ca_ask_within(
	int sock, const WaxFrame *request, int patience, WaxFrame **ret_reply, GError **error)
{
	g_autoptr(GError) why = NULL;
	WaxReason reason;

	if (sock >= 0 && wax_ipc_call(sock, request, patience, ret_reply, &why))
		return true;
	reason = why ? wax_reason_of(why) : WAX_R_PEER_GONE;
	if (reason == WAX_R_PEER_GONE || reason == WAX_R_TIMEOUT)
		return wax_fail(error, WAX_R_CUSTODY_DOWN,
			"the key custody does not answer; it is being started again, try once "
			"more");
	return wax_fail(error, reason, "%s", why->message);
}

bool wax_ca_ask(int sock, const WaxFrame *request, WaxFrame **ret_reply, GError **error)
{
	return wax_ca_ask_within(sock, request, PATIENCE, ret_reply, error);
}

void wax_ca_made_clear(WaxCaMade *made)
{
	g_clear_pointer(&made->record, g_byte_array_unref);
	g_clear_pointer(&made->spki, g_byte_array_unref);
	g_clear_pointer(&made->cert, wax_cert_unref);
}

GByteArray *wax_ca_copy(WaxSpan span)
{
	return g_byte_array_append(g_byte_array_new(), span.p, (guint)span.n);
}

bool wax_ca_generate(int sock, const char *identity, const char *purpose, uint64_t epoch,
	const char *kind, WaxCaMade *made, GError **error)
{
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_GENERATE), reply = NULL;
	WaxSpan record, spki;

	wax_frame_put_str(request, identity);
	wax_frame_put_str(request, purpose);
	wax_frame_put_u64(request, epoch);
	wax_frame_put_str(request, kind);
	if (!wax_ca_ask(sock, request, &reply, error) ||
		!wax_frame_get_span(reply, &record, error) ||
		!wax_frame_get_span(reply, &spki, error))
		return false;
	made->record = wax_ca_copy(record);
	made->spki = wax_ca_copy(spki);
	return true;
}

/* reserve - a serial number that nobody had, durable before it is used */
static bool reserve(WaxCa *ca, const char *certifier, const char *profile, bool root,
	uint8_t serial[16], GError **error)
{
	g_autofree char *hex = NULL;

	wax_random(serial, 16);
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
	/* a root signs itself before the certifier is known to anybody, and only once */
	if (root)
		return true;
	hex = wax_hex(WAX_SPAN(serial, 16));
	if (!wax_store_begin(ca->store, error))
		return false;
	if (!wax_store_serial_reserve(ca->store, certifier, hex, profile, wax_clock_now(), error)) {
		wax_store_rollback(ca->store);
		return false;
	}
	return wax_store_commit(ca->store, error);
}

static void put_texts(char *const *list, WaxFrame *frame)
{
	uint32_t n = 0;

	while (list && list[n])
		n++;
	wax_frame_put_u32(frame, n);
	for (uint32_t i = 0; i < n; i++)
		wax_frame_put_str(frame, list[i]);
}

bool wax_ca_issue(WaxCa *ca, WaxSpan record, WaxSpan issuer, const char *certifier,
	const WaxCaWanted *wanted, WaxCert **ret_cert, GError **error)
{
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_ISSUE), reply = NULL;
	int64_t now = wax_clock_now();
	uint8_t serial[16];
	WaxSpan der;

	if (!reserve(ca, certifier, wanted->profile, issuer.n == 0, serial, error))
		return false;
	wax_frame_put_span(request, record);
	wax_frame_put_span(request, issuer);
	wax_frame_put_str(request, wanted->profile);
	wax_frame_put_str(request, wanted->common_name);
	wax_frame_put_str(request, ca->organisation[0] ? ca->organisation : certifier);
	put_texts(wanted->addresses, request);
	wax_frame_put_span(request, wanted->spki);
	wax_frame_put_span(request, WAX_SPAN(serial, 16));
	/* a day back: clocks of partners differ */
	wax_frame_put_u64(request, (uint64_t)(now - DAY));
	wax_frame_put_u64(request, (uint64_t)(now + (int64_t)(wanted->days - 1) * DAY));
	put_texts(wanted->domains, request);
	if (!wax_ca_ask(ca->certd, request, &reply, error) ||
		!wax_frame_get_span(reply, &der, error))
		return false;
	*ret_cert = wax_cert_parse(der, error);
	return *ret_cert != NULL;
}
