/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/tls - TLS over a socket that never blocks
 *
 * DESCRIPTION
 *	The only door to libssl.  A WaxTls is what one side knows (its own
 *	certificate, the authorities of the other side); a WaxTlsLink is one
 *	connection.  TLS 1.2 and above.  A server that was given authorities
 *	asks for a client certificate and lets those in that have none:
 *	wax_tls_link_verified tells them apart.  A client checks the server
 *	when it was given authorities, by the name that it dialled.
 *
 * NOT CHECKED HERE
 *	Revocation of certificates.
 *
 * OWNERSHIP
 *	A link borrows its WaxTls and its socket; both must outlive it.
 *
 * ERRORS
 *	IO: a file cannot be read.  TLS_FAILED: certificate and key do not
 *	fit, or the other side's hello is none we can answer.
 */
#ifndef WAX_CRYPTO_TLS_H
#define WAX_CRYPTO_TLS_H

#include <glib.h>

#include "core/base.h"

typedef struct WaxTls WaxTls;
typedef struct WaxTlsLink WaxTlsLink;

typedef enum {
	WAX_TLS_UNUSED,
	WAX_TLS_DONE,
	WAX_TLS_WANT_READ,
	WAX_TLS_WANT_WRITE,
	WAX_TLS_END, /* the other side closed it properly */
	WAX_TLS_BROKEN,
} WaxTlsState;

/* wax_tls_server_new - PEM files; authorities: of clients, or NULL */
bool wax_tls_server_new(const char *certificate, const char *key, const char *authorities,
	WaxTls **ret_tls, GError **error) WAX_MUST_USE;

/* wax_tls_client_new - certificate and key: our own, or NULL; authorities: of servers, or NULL */
bool wax_tls_client_new(const char *certificate, const char *key, const char *authorities,
	WaxTls **ret_tls, GError **error) WAX_MUST_USE;
void wax_tls_free(WaxTls *tls);

/* wax_tls_link_new - host: the server's name, for a client; NULL for a server */
WaxTlsLink *wax_tls_link_new(const WaxTls *tls, int sock, const char *host);
void wax_tls_link_free(WaxTlsLink *link);

WaxTlsState wax_tls_link_handshake(WaxTlsLink *link);
WaxTlsState wax_tls_link_read(WaxTlsLink *link, uint8_t *room, size_t n, size_t *ret_n);
WaxTlsState wax_tls_link_write(WaxTlsLink *link, WaxSpan bytes, size_t *ret_n);

/* wax_tls_link_verified - the other side has shown a certificate of the authorities */
bool wax_tls_link_verified(const WaxTlsLink *link);

/* wax_tls_link_pending - octets that were decrypted and not yet read */
size_t wax_tls_link_pending(const WaxTlsLink *link);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxTls, wax_tls_free)

#endif
