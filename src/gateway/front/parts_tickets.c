/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/parts_internal.h"

#include <unistd.h>

#include "core/status.h"
#include "crypto/digest.h"

#define CUSTODY_WAIT (10 * 1000)

void wax_parts_custody(WaxParts *parts, int sock)
{
	g_mutex_lock(&parts->custody_lock);
	if (parts->custody >= 0)
		close(parts->custody);
	parts->custody = sock;
	g_mutex_unlock(&parts->custody_lock);
}

static bool custody_call(WaxParts *parts, const WaxFrame *request, GError **error)
{
	g_autoptr(WaxFrame) reply = NULL;
	g_autoptr(GError) failure = NULL;
	WaxReason reason;
	bool done;

	g_mutex_lock(&parts->custody_lock);
	done = parts->custody >= 0
		       ? wax_ipc_call(parts->custody, request, CUSTODY_WAIT, &reply, &failure)
		       : wax_fail(&failure, WAX_R_PEER_GONE, "it is not there");
	reason = done ? WAX_R_NONE : wax_reason_of(failure);
	/* gone for good: the parent hands over a new socket when it runs again */
	if (reason == WAX_R_PEER_GONE && parts->custody >= 0) {
		close(parts->custody);
		parts->custody = -1;
	}
	g_mutex_unlock(&parts->custody_lock);
	if (reason == WAX_R_PEER_GONE || reason == WAX_R_TIMEOUT || reason == WAX_R_IO)
		return wax_fail(error, WAX_R_CUSTODY_DOWN, "the custodian: %s", failure->message);
	if (!done)
		g_propagate_error(error, g_steal_pointer(&failure));
	return done;
}

bool wax_parts_open_ticket(WaxParts *parts, uint32_t signs, uint32_t unwraps,
	const GPtrArray *records, uint8_t ret_ticket[WAX_TICKET_SIZE], GError **error)
{
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_TICKET_OPEN);

	wax_random(ret_ticket, WAX_TICKET_SIZE);
	wax_frame_put_span(request, WAX_SPAN(ret_ticket, WAX_TICKET_SIZE));
	wax_frame_put_u32(request, signs);
	wax_frame_put_u32(request, unwraps);
	wax_frame_put_u32(request, records->len);
	for (guint i = 0; i < records->len; i++) {
		gsize n;
		const void *p = g_bytes_get_data(g_ptr_array_index(records, i), &n);

		wax_frame_put_u32(request, i);
		wax_frame_put_span(request, WAX_SPAN(p, n));
	}
	return custody_call(parts, request, error);
}

void wax_parts_close_ticket(WaxParts *parts, const uint8_t ticket[WAX_TICKET_SIZE])
{
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_TICKET_CLOSE);
	bool closed;

	wax_frame_put_span(request, WAX_SPAN(ticket, WAX_TICKET_SIZE));
	closed = custody_call(parts, request, NULL);
	(void)closed; /* an unclosed ticket ends by its age */
}
