/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/wire - a stream socket with deadlines, lines and one buffer
 *
 * DESCRIPTION
 *	The socket below the server's and the client's conversation: whole
 *	writes, reads that end at a deadline, CR LF lines, and a second
 *	descriptor that interrupts waiting when the service stops.  Nagle is
 *	off: a set of replies is one write, and must not wait for an ACK.
 *	TLS may begin at any time; what was read before it is thrown away,
 *	since nobody knows who said it.
 *
 * OWNERSHIP
 *	wax_wire_new takes the socket; the stop descriptor is borrowed.
 *
 * ERRORS
 *	TIMEOUT, PEER_GONE, IO; NEXT_HOP: no connection, or no TLS with it.
 */
#ifndef WAX_GATEWAY_FRONT_WIRE_H
#define WAX_GATEWAY_FRONT_WIRE_H

#include <glib.h>

#include "core/base.h"
#include "crypto/tls.h"

typedef struct WaxWire WaxWire;

WaxWire *wax_wire_new(int sock, int stop_fd);
void wax_wire_free(WaxWire *wire);

/* wax_wire_connect_* - deadlines are wax_clock_monotonic() milliseconds */
bool wax_wire_connect_tcp(const char *host, uint16_t port, int64_t deadline, WaxWire **ret_wire,
	GError **error) WAX_MUST_USE;
bool wax_wire_connect_unix(
	const char *path, int64_t deadline, WaxWire **ret_wire, GError **error) WAX_MUST_USE;

/* wax_wire_secure - TLS from here on; host: the server's name, NULL when we are the server */
bool wax_wire_secure(WaxWire *wire, const WaxTls *tls, const char *host, int64_t deadline,
	GError **error) WAX_MUST_USE;

/* wax_wire_verified - by TLS, the other side has shown a certificate of our authorities */
bool wax_wire_verified(const WaxWire *wire);

/* wax_wire_is_local - the other side is on this host: loopback, or a UNIX socket */
bool wax_wire_is_local(const WaxWire *wire);

/* wax_wire_user - whose process is at the other end of a UNIX socket; false on any other */
bool wax_wire_user(const WaxWire *wire, uint32_t *ret_uid);

bool wax_wire_write(WaxWire *wire, WaxSpan bytes, int64_t deadline, GError **error) WAX_MUST_USE;

/* wax_wire_fill - wait for input; true with an empty span at the end of the stream */
bool wax_wire_fill(
	WaxWire *wire, int64_t deadline, WaxSpan *ret_input, GError **error) WAX_MUST_USE;

/* wax_wire_used - n octets of the input are done with */
void wax_wire_used(WaxWire *wire, size_t n);

/* wax_wire_line - one line without its CR LF (or LF), valid until the next call */
bool wax_wire_line(WaxWire *wire, int64_t deadline, WaxSpan *ret_line, GError **error) WAX_MUST_USE;

/* wax_wire_quiet - still open and nothing unread: fit to be used again */
bool wax_wire_quiet(WaxWire *wire);

/* wax_wire_peer - "192.0.2.1" or "local", never NULL */
const char *wax_wire_peer(const WaxWire *wire);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxWire, wax_wire_free)

#endif
