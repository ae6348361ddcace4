/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/compress.h"

#include <zlib.h>

#include "core/status.h"

#define ROOM  (32 * 1024)
#define PIECE (1024 * 1024) /* avail_in is an unsigned int */

struct WaxZlib {
	z_stream stream;
	WaxSink sink;
	bool expands, ended;
	uint64_t left; /* octets that may still come out */
	uint8_t room[ROOM];
};

WaxZlib *wax_deflate_new(const WaxSink *sink)
{
	WaxZlib *zlib = g_new0(WaxZlib, 1);

	zlib->sink = *sink;
	zlib->left = UINT64_MAX;
	if (deflateInit(&zlib->stream, Z_DEFAULT_COMPRESSION) != Z_OK)
		g_error("zlib cannot begin");
	return zlib;
}

WaxZlib *wax_inflate_new(const WaxSink *sink, uint64_t most)
{
	WaxZlib *zlib = g_new0(WaxZlib, 1);

	zlib->sink = *sink;
	zlib->left = most;
	zlib->expands = true;
	if (inflateInit(&zlib->stream) != Z_OK)
		g_error("zlib cannot begin");
	return zlib;
}

/* turn - one call of zlib; what came out goes to the sink */
static bool turn(WaxZlib *zlib, int flush, int *ret_code, GError **error)
{
	size_t n;

	zlib->stream.next_out = zlib->room;
	zlib->stream.avail_out = ROOM;
	*ret_code = zlib->expands ? inflate(&zlib->stream, flush) : deflate(&zlib->stream, flush);
	n = ROOM - zlib->stream.avail_out;
	if (n > zlib->left)
		return wax_fail(error, WAX_R_EXPANSION,
			"the compressed content is larger than %d times the message",
			WAX_EXPANSION_TIMES);
	zlib->left -= n;
	return n == 0 || wax_sink_write(&zlib->sink, WAX_SPAN(zlib->room, n), error);
}

static bool damaged(GError **error)
{
	return wax_fail(error, WAX_R_COMPRESSION_DAMAGED, "the compressed content is damaged");
}

static bool write_piece(WaxZlib *zlib, WaxSpan piece, GError **error)
{
	int code = Z_OK;

	zlib->stream.next_in = (z_const Bytef *)(uintptr_t)piece.p;
	zlib->stream.avail_in = (uInt)piece.n;
	do {
		if (!turn(zlib, Z_NO_FLUSH, &code, error))
			return false;
		if (code != Z_OK && code != Z_BUF_ERROR && code != Z_STREAM_END)
			return damaged(error);
	} while (code != Z_STREAM_END && (zlib->stream.avail_in || zlib->stream.avail_out == 0));
	zlib->ended = code == Z_STREAM_END;
	return !zlib->ended || !zlib->stream.avail_in || damaged(error);
}

bool wax_zlib_write(WaxZlib *zlib, WaxSpan bytes, GError **error)
{
	while (bytes.n) {
		WaxSpan piece = WAX_SPAN(bytes.p, MIN(bytes.n, (size_t)PIECE));

		/* octets after the end of the stream are part of nothing */
		if (zlib->ended)
			return damaged(error);
		if (!write_piece(zlib, piece, error))
			return false;
		bytes = WAX_SPAN(bytes.p + piece.n, bytes.n - piece.n);
	}
	return true;
}

bool wax_zlib_finish(WaxZlib *zlib, GError **error)
{
	int code = Z_OK;

	if (zlib->expands)
		return zlib->ended || damaged(error);
	while (code == Z_OK)
		if (!turn(zlib, Z_FINISH, &code, error))
			return false;
	return code == Z_STREAM_END || damaged(error);
}

void wax_zlib_free(WaxZlib *zlib)
{
	if (!zlib)
		return;
	if (zlib->expands)
		(void)inflateEnd(&zlib->stream);
	else
		(void)deflateEnd(&zlib->stream);
	wax_wipe(zlib->room, sizeof zlib->room);
	g_free(zlib);
}
