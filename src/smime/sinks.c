/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/sinks.h"

#define LEAST 512

struct WaxBase64Sink {
	const WaxSink *out;
	WaxBase64Encoder encoder;
	size_t piece;
	uint8_t text[];
};

struct WaxCipherSink {
	const WaxSink *out;
	WaxCipher *cipher;
	size_t piece;
	uint8_t bytes[];
};

static size_t piece_for(uint64_t octets)
{
	return (size_t)CLAMP(octets, LEAST, WAX_SINK_CHUNK);
}

WaxBase64Sink *wax_base64_sink_new(const WaxSink *out, uint64_t octets)
{
	size_t piece = piece_for(octets);
	/* left as it is: written before it is read */
	WaxBase64Sink *b = g_malloc(sizeof *b + (size_t)wax_base64_size(piece + 3));

	b->out = out;
	b->encoder = (WaxBase64Encoder){ { 0 }, 0, 0 };
	b->piece = piece;
	return b;
}

static bool to_base64(void *data, WaxSpan bytes, GError **error)
{
	WaxBase64Sink *b = data;

	while (bytes.n) {
		WaxSpan piece = WAX_SPAN(bytes.p, MIN(bytes.n, b->piece));
		size_t n = wax_base64_encode(&b->encoder, piece, b->text);

		if (!wax_sink_write(b->out, WAX_SPAN(b->text, n), error))
			return false;
		bytes.p += piece.n;
		bytes.n -= piece.n;
	}
	return true;
}

WaxSink wax_base64_sink(WaxBase64Sink *b)
{
	return (WaxSink){ to_base64, b };
}

bool wax_base64_sink_end(WaxBase64Sink *b, GError **error)
{
	size_t n = wax_base64_encode_end(&b->encoder, b->text);

	return wax_sink_write(b->out, WAX_SPAN(b->text, n), error);
}

WaxCipherSink *wax_cipher_sink_new(const WaxSink *out, WaxCipher *cipher, uint64_t octets)
{
	size_t piece = piece_for(octets);
	WaxCipherSink *c = g_malloc(sizeof *c + piece + WAX_CIPHER_SLACK);

	c->out = out;
	c->cipher = cipher;
	c->piece = piece;
	return c;
}

static bool to_cipher(void *data, WaxSpan bytes, GError **error)
{
	WaxCipherSink *c = data;

	while (bytes.n) {
		WaxSpan piece = WAX_SPAN(bytes.p, MIN(bytes.n, c->piece));
		size_t n;

		if (!wax_cipher_update(c->cipher, piece, c->bytes, &n, error) ||
			!wax_sink_write(c->out, WAX_SPAN(c->bytes, n), error))
			return false;
		bytes.p += piece.n;
		bytes.n -= piece.n;
	}
	return true;
}

WaxSink wax_cipher_sink(WaxCipherSink *c)
{
	return (WaxSink){ to_cipher, c };
}

bool wax_cipher_sink_end(WaxCipherSink *c, uint8_t *ret_tag, GError **error)
{
	size_t n;

	return wax_cipher_finish(c->cipher, WAX_SPAN_NONE, c->bytes, &n, ret_tag, error) &&
	       wax_sink_write(c->out, WAX_SPAN(c->bytes, n), error);
}
