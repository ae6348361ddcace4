/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	mime/transfer - base64 and quoted-printable as streams (RFC 2045 6)
 *
 * DESCRIPTION
 *	Base64 decoding accepts lines of any length and white space, and nothing
 *	else (SMIME.md L-20).  Encoding writes lines of 76 characters with CRLF.
 *
 * OWNERSHIP
 *	States are plain values; outputs go to the caller's room.
 *
 * ERRORS
 *	MIME_ENCODING.
 */
#ifndef WAX_MIME_TRANSFER_H
#define WAX_MIME_TRANSFER_H

#include <glib.h>

#include "core/base.h"

typedef struct {
	uint32_t bits;
	unsigned n;
	bool ended;
} WaxBase64Decoder;

/* out has room for in.n / 4 * 3 + 3 octets */
bool wax_base64_decode(WaxBase64Decoder *decoder, WaxSpan in, uint8_t *out, size_t *ret_n,
	GError **error) WAX_MUST_USE;

/* wax_base64_decode_end - was the last group whole? */
bool wax_base64_decode_end(WaxBase64Decoder *decoder, GError **error) WAX_MUST_USE;

typedef struct {
	uint8_t held[3];
	unsigned n;	 /* octets held */
	unsigned column; /* characters in the line so far */
} WaxBase64Encoder;

/* characters, line breaks included, for n octets; the last line is ended too */
uint64_t wax_base64_size(uint64_t n);

/* out has room for wax_base64_size(in.n + 3) */
size_t wax_base64_encode(WaxBase64Encoder *encoder, WaxSpan in, uint8_t *out);
size_t wax_base64_encode_end(WaxBase64Encoder *encoder, uint8_t *out);

/* wax_quoted_decode - one whole body; broken sequences stay as they are */
void wax_quoted_decode(WaxSpan in, GByteArray *out);

/* wax_quoted_encode - text lines to quoted-printable with CRLF; "From " and dots protected */
void wax_quoted_encode(WaxSpan in, GByteArray *out);

#endif
