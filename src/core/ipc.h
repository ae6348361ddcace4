/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	core/ipc - typed frames over SEQPACKET socket pairs
 *
 * SYNOPSIS
 *	g_autoptr(WaxFrame) request = wax_frame_new(TYPE), *reply = NULL;
 *	wax_frame_put_str(request, "bob@example.net");
 *	if (!wax_ipc_call(sock, request, 5000, &reply, error)) return false;
 *	if (!wax_frame_get_u32(reply, &count, error)) return false;
 *
 * DESCRIPTION
 *	A frame is a type, a row of tagged values, and up to 16 descriptors.
 *	Reading checks tag and length of each value, so a frame that says
 *	something else than expected is an error and never a wrong value.
 *	Payloads above 64 KiB travel in a memfd, which the reader cannot tell.
 *
 *	A call has a number, and its reply carries the same one: an answer that
 *	comes after its caller gave up is never taken for the answer to the
 *	next question.
 *
 * OWNERSHIP
 *	A frame owns its bytes and descriptors; they are wiped and closed when
 *	it is freed.  put_fd duplicates; get_fd hands the descriptor over.
 *	Spans and strings read from a frame live as long as the frame.
 *
 * ERRORS
 *	FRAME_MALFORMED (what the peer sent), PEER_GONE, TIMEOUT, IO; and what
 *	an error reply names.
 *
 * LIMITS
 *	32 MiB and 16 descriptors a frame.
 */
#ifndef WAX_CORE_IPC_H
#define WAX_CORE_IPC_H

#include <glib.h>

#include "core/base.h"

#define WAX_IPC_OK    0
#define WAX_IPC_ERROR 1

typedef struct WaxFrame WaxFrame;

WaxFrame *wax_frame_new(uint16_t type);
void wax_frame_free(WaxFrame *frame);
uint16_t wax_frame_type(const WaxFrame *frame);
size_t wax_frame_size(const WaxFrame *frame);

void wax_frame_put_u32(WaxFrame *frame, uint32_t value);
void wax_frame_put_u64(WaxFrame *frame, uint64_t value);
void wax_frame_put_bool(WaxFrame *frame, bool value);
void wax_frame_put_str(WaxFrame *frame, const char *text); /* NULL reads back as NULL */
void wax_frame_put_span(WaxFrame *frame, WaxSpan bytes);
void wax_frame_put_fd(WaxFrame *frame, int fd);

bool wax_frame_get_u32(WaxFrame *frame, uint32_t *ret_value, GError **error) WAX_MUST_USE;
bool wax_frame_get_u64(WaxFrame *frame, uint64_t *ret_value, GError **error) WAX_MUST_USE;
bool wax_frame_get_bool(WaxFrame *frame, bool *ret_value, GError **error) WAX_MUST_USE;
bool wax_frame_get_str(WaxFrame *frame, const char **ret_text, GError **error) WAX_MUST_USE;
bool wax_frame_get_span(WaxFrame *frame, WaxSpan *ret_bytes, GError **error) WAX_MUST_USE;
bool wax_frame_get_fd(WaxFrame *frame, int *ret_fd, GError **error) WAX_MUST_USE;

/* wax_frame_done - true when every value and descriptor was read */
bool wax_frame_done(WaxFrame *frame, GError **error) WAX_MUST_USE;

/* wax_frame_from_bytes - a payload as it lies on the wire; for the fuzzers */
WaxFrame *wax_frame_from_bytes(uint16_t type, WaxSpan payload);

bool wax_ipc_pair(int ret_sockets[2], GError **error) WAX_MUST_USE;
bool wax_ipc_send(int sock, const WaxFrame *frame, GError **error) WAX_MUST_USE;

/* wax_ipc_send_now - as send, but PEER_GONE when the other end does not read what it was sent */
bool wax_ipc_send_now(int sock, const WaxFrame *frame, GError **error) WAX_MUST_USE;

/* wax_ipc_recv - timeout in milliseconds, -1 waits for ever */
bool wax_ipc_recv(int sock, int timeout, WaxFrame **ret_frame, GError **error) WAX_MUST_USE;
bool wax_ipc_call(int sock, const WaxFrame *request, int timeout, WaxFrame **ret_reply,
	GError **error) WAX_MUST_USE;

/* wax_frame_answers - the reply carries the number of the call that it answers */
void wax_frame_answers(WaxFrame *reply, const WaxFrame *request);

/* wax_frame_new_error - the reply that wax_ipc_call turns back into this error */
WaxFrame *wax_frame_new_error(const GError *error);

/* wax_frame_check - false, with its reason, when the frame is an error reply */
bool wax_frame_check(WaxFrame *frame, GError **error) WAX_MUST_USE;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxFrame, wax_frame_free)

#endif
