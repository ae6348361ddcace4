/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/client/worker.h"

#include "core/ipc.h"
#include "core/status.h"
#include "keys/proto/requests.h"

#define PATIENCE 20000

/* ask - a broken conversation is the custodian being down: tried again later, never downgraded */
static bool ask(int sock, const WaxFrame *request, WaxFrame **ret_reply, GError **error)
{
	g_autoptr(GError) why = NULL;
	WaxReason reason;

	if (wax_ipc_call(sock, request, PATIENCE, ret_reply, &why))
		return true;
	reason = wax_reason_of(why);
	if (reason == WAX_R_PEER_GONE || reason == WAX_R_TIMEOUT)
		reason = WAX_R_CUSTODY_DOWN;
	return wax_fail(error, reason, "%s", why->message);
}

bool wax_keyd_unwrap(int sock, WaxSpan ticket, uint32_t handle, const WaxRecipient *r,
	size_t key_size, WaxSecret **ret_key, GError **error)
{
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_UNWRAP), reply = NULL;
	uint8_t room[1024];
	WaxBuffer info = { room, 0, sizeof room };
	WaxFault fault;
	WaxSpan key;

	if (r->wrap && !wax_cms_kdf_info(r, &info, &fault))
		return wax_fail_fault(error, &fault, "SharedInfo");
	wax_frame_put_span(request, ticket);
	wax_frame_put_u32(request, handle);
	wax_frame_put_u32(request, r->alg);
	wax_frame_put_span(request, r->wrapped_key);
	wax_frame_put_u32(request, (uint32_t)key_size);
	wax_frame_put_u32(request, r->oaep.digest);
	wax_frame_put_u32(request, r->oaep.mgf_digest);
	wax_frame_put_span(request, r->oaep.label);
	wax_frame_put_span(request, r->originator);
	wax_frame_put_span(request, r->curve);
	wax_frame_put_bool(request, r->cofactor);
	wax_frame_put_u32(request, r->kdf.scheme);
	wax_frame_put_u32(request, r->kdf.digest);
	wax_frame_put_span(request, wax_cms_kdf_salt(r));
	wax_frame_put_span(request, WAX_SPAN(info.p, info.n));
	wax_frame_put_u32(request, r->wrap);
	if (!ask(sock, request, &reply, error) || !wax_frame_get_span(reply, &key, error))
		return false;
	*ret_key = wax_secret_dup(key);
	return true;
}

bool wax_keyd_sign(int sock, WaxSpan ticket, uint32_t handle, WaxSigAlg alg, WaxDigestAlg digest,
	WaxSpan attributes, GByteArray **ret_signature, GError **error)
{
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_SIGN), reply = NULL;
	WaxSpan value;

	wax_frame_put_span(request, ticket);
	wax_frame_put_u32(request, handle);
	wax_frame_put_u32(request, alg);
	wax_frame_put_u32(request, digest);
	wax_frame_put_span(request, attributes);
	if (!ask(sock, request, &reply, error) || !wax_frame_get_span(reply, &value, error))
		return false;
	*ret_signature = g_byte_array_append(g_byte_array_new(), value.p, (guint)value.n);
	return true;
}
