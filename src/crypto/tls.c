/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "core/status.h"

struct WaxTls {
	SSL_CTX *ctx;
	bool verifies;
};

struct WaxTlsLink {
	SSL *ssl;
	bool server, verifies;
};

static bool failed(GError **error, const char *what, const char *path)
{
	unsigned long code = ERR_peek_last_error();
	const char *why = code ? ERR_reason_error_string(code) : "unusable";

	wax_set_error(error, WAX_R_TLS_FAILED, "%s %s: %s", what, path, why ? why : "unusable");
	ERR_clear_error();
	return false;
}

static bool load(WaxTls *tls, const char *certificate, const char *key, const char *authorities,
	GError **error)
{
	if (certificate && SSL_CTX_use_certificate_chain_file(tls->ctx, certificate) != 1)
		return failed(error, "tls.certificate", certificate);
	if (certificate && (SSL_CTX_use_PrivateKey_file(tls->ctx, key, SSL_FILETYPE_PEM) != 1 ||
				   SSL_CTX_check_private_key(tls->ctx) != 1))
		return failed(error, "tls.key", key);
	if (authorities && SSL_CTX_load_verify_locations(tls->ctx, authorities, NULL) != 1)
		return failed(error, "the authorities of the other side", authorities);
	tls->verifies = authorities != NULL;
	return true;
}

static WaxTls *start(const SSL_METHOD *method)
{
	WaxTls *tls = g_new0(WaxTls, 1);

	tls->ctx = SSL_CTX_new(method);
	g_assert(tls->ctx);
	(void)SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION);
	(void)SSL_CTX_set_mode(tls->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
						 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
						 SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_options(tls->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	return tls;
}

bool wax_tls_server_new(const char *certificate, const char *key, const char *authorities,
	WaxTls **ret_tls, GError **error)
{
	g_autoptr(WaxTls) tls = start(TLS_server_method());

	if (!load(tls, certificate, key, authorities, error))
		return false;
	if (authorities) {
		/* not FAIL_IF_NO_PEER_CERT: who has none is answered by 530, in words */
		SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_client_CA_list(tls->ctx, SSL_load_client_CA_file(authorities));
	}
	/* a session of another context must not carry its client's name into this one */
	(void)SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_options(tls->ctx, SSL_OP_NO_TICKET);
	*ret_tls = g_steal_pointer(&tls);
	return true;
}

bool wax_tls_client_new(const char *certificate, const char *key, const char *authorities,
	WaxTls **ret_tls, GError **error)
{
	g_autoptr(WaxTls) tls = start(TLS_client_method());

	if (!load(tls, certificate, key, authorities, error))
		return false;
	if (authorities)
		SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, NULL);
	*ret_tls = g_steal_pointer(&tls);
	return true;
}

void wax_tls_free(WaxTls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->ctx);
	g_free(tls);
}

static void name_server(SSL *ssl, const char *host, bool verifies)
{
	bool address = g_hostname_is_ip_address(host);

	if (!address)
		(void)SSL_set_tlsext_host_name(ssl, host);
	if (!verifies)
		return;
	if (address)
		(void)X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
	else
		(void)SSL_set1_host(ssl, host);
}

WaxTlsLink *wax_tls_link_new(const WaxTls *tls, int sock, const char *host)
{
	WaxTlsLink *link = g_new0(WaxTlsLink, 1);

	link->ssl = SSL_new(tls->ctx);
	g_assert(link->ssl);
	link->server = host == NULL;
	link->verifies = tls->verifies;
	(void)SSL_set_fd(link->ssl, sock);
	if (link->server)
		SSL_set_accept_state(link->ssl);
	else
		SSL_set_connect_state(link->ssl);
	if (host)
		name_server(link->ssl, host, tls->verifies);
	return link;
}

void wax_tls_link_free(WaxTlsLink *link)
{
	if (!link)
		return;
	/* tells the other side that nothing was cut off; whether it hears does not matter */
	if (SSL_is_init_finished(link->ssl))
		(void)SSL_shutdown(link->ssl);
	ERR_clear_error();
	SSL_free(link->ssl);
	g_free(link);
}

static WaxTlsState state_of(const WaxTlsLink *link, int result)
{
	int code = SSL_get_error(link->ssl, result);

	ERR_clear_error();
	switch (code) {
	case SSL_ERROR_NONE:
		return WAX_TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return WAX_TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return WAX_TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return WAX_TLS_END;
	default:
		return WAX_TLS_BROKEN;
	}
}

WaxTlsState wax_tls_link_handshake(WaxTlsLink *link)
{
	ERR_clear_error();
	return state_of(link, SSL_do_handshake(link->ssl));
}

WaxTlsState wax_tls_link_read(WaxTlsLink *link, uint8_t *room, size_t n, size_t *ret_n)
{
	ERR_clear_error();
	return state_of(link, SSL_read_ex(link->ssl, room, n, ret_n));
}

WaxTlsState wax_tls_link_write(WaxTlsLink *link, WaxSpan bytes, size_t *ret_n)
{
	ERR_clear_error();
	return state_of(link, SSL_write_ex(link->ssl, bytes.p, bytes.n, ret_n));
}

bool wax_tls_link_verified(const WaxTlsLink *link)
{
	X509 *cert = link->verifies ? SSL_get1_peer_certificate(link->ssl) : NULL;
	bool yes = cert && SSL_get_verify_result(link->ssl) == X509_V_OK;

	X509_free(cert);
	return yes;
}

size_t wax_tls_link_pending(const WaxTlsLink *link)
{
	return (size_t)SSL_pending(link->ssl);
}
