/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/sinks - base64 and encryption on the way to another sink
 *
 * DESCRIPTION
 *	Each works piece by piece in a room of its own, no larger than what
 *	will come: rooms of 48 KiB would cost a small message more than its
 *	encryption.
 *
 * OWNERSHIP
 *	The sink behind, and the cipher, are borrowed; the room of a cipher is
 *	ciphertext.
 *
 * ERRORS
 *	What the sink behind says; CRYPTO_ERROR.
 */
#ifndef WAX_SMIME_SINKS_H
#define WAX_SMIME_SINKS_H

#include "crypto/cipher.h"
#include "crypto/spool.h"
#include "mime/transfer.h"

#define WAX_SINK_CHUNK (48 * 1024)

typedef struct WaxBase64Sink WaxBase64Sink;

/* wax_base64_sink_new - `octets`: about how many will be written, in all */
WaxBase64Sink *wax_base64_sink_new(const WaxSink *out, uint64_t octets);
WaxSink wax_base64_sink(WaxBase64Sink *b);

/* wax_base64_sink_end - what is left, and the end of the last line */
bool wax_base64_sink_end(WaxBase64Sink *b, GError **error) WAX_MUST_USE;

typedef struct WaxCipherSink WaxCipherSink;

WaxCipherSink *wax_cipher_sink_new(const WaxSink *out, WaxCipher *cipher, uint64_t octets);
WaxSink wax_cipher_sink(WaxCipherSink *c);

/* wax_cipher_sink_end - the last block; ret_tag as wax_cipher_finish has it */
bool wax_cipher_sink_end(WaxCipherSink *c, uint8_t *ret_tag, GError **error) WAX_MUST_USE;

#endif
