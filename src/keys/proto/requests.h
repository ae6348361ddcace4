/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	keys/proto/requests - everything that may be asked of a custodian
 *
 * DESCRIPTION
 *	WAX_KEY_REQUESTS lists each request with who may ask, what must be
 *	shown, how often it is answered, how large it may be and who answers.  There is no request
 *	to decrypt bytes: a worker names a RecipientInfo's parts and gets the
 *	content key, or hands over signed attributes and gets the signature.
 *
 *	Fields of each request, in order, and of its answer:
 *	STATUS -> bool locked, u32 open keys, u32 tickets, bool has a passphrase
 *	UNLOCK span passphrase -> (checked also when it is unlocked)
 *	LOCK -> (refused under a host key, which would open it again at once)
 *	PROTECT span passphrase (empty: host key) ->
 *	TICKET_OPEN span ticket, u32 signs, u32 unwraps, u32 n, n*(u32 handle, span record) ->
 *	TICKET_CLOSE span ticket ->
 *	UNWRAP span ticket, u32 handle, u32 alg, span wrapped, u32 key size,
 *		u32 digest, u32 mgf digest, span label (OAEP),
 *		span originator (or KEM ciphertext), span curve, bool cofactor, u32 kdf scheme,
 *		u32 kdf digest, span salt, span info, u32 wrap (agreement and KEM) -> span key
 *	SIGN span ticket, u32 handle, u32 alg, u32 digest, span attributes -> span signature
 *	GENERATE str identity, str purpose, u64 epoch, str kind -> span record, span spki
 *	IMPORT str identity, str purpose, u64 epoch, span p12, span password
 *		-> span record, span spki, span certificate, u32 n, n*span chain, u32 keys
 *		(a file with two keys, one to sign and one to encrypt: by purpose)
 *	EXPORT span record, span certificate, u32 n, n*span chain, str name, span password -> span p12
 *	ISSUE span record, span issuer certificate (empty: self-signed), str profile,
 *		str common name, str organisation, u32 n, n*str addresses, span spki, span serial,
 *		u64 not before, u64 not after, u32 m, m*str domains -> span certificate
 *
 * OWNERSHIP
 *	Constants.
 *
 * ERRORS
 *	REQUEST_REFUSED for whoever may not ask, and for what no row names;
 *	TICKET_UNKNOWN without the ticket; KEYS_BUSY above the rate.
 */
#ifndef WAX_KEYS_PROTO_REQUESTS_H
#define WAX_KEYS_PROTO_REQUESTS_H

#include "core/base.h"

enum {
	WAX_PEER_GATED = 1,
	WAX_PEER_MAILD = 2,
	WAX_PEER_CAD = 4,
};

#define WAX_TICKET_SIZE 16

/* what has to be shown with it, before its handler sees a field */
typedef enum {
	WAX_SHOW_NOTHING, /* who asks is enough */
	WAX_SHOW_TICKET,  /* the first field names a ticket that is open */
} WaxShow;

/* how often it is answered; X(id, times, in so many ms) */
#define WAX_KEY_RATES(X)                                                                           \
	X(ALWAYS, 0, 0) /* bounded by the ticket, or by what asks */                               \
	X(MAKING, 6000, 60 * 1000)                                                                 \
	X(LEAVING, 100, 3600 * 1000) /* keys that leave the custody */                             \
	X(TRYING, 120, 60 * 1000)    /* passphrases; wrong ones wait longer and longer besides */

typedef enum {
#define X(id, times, ms) WAX_RATE_##id,
	WAX_KEY_RATES(X)
#undef X
} WaxKeyRate;

/* X(id, name of its handler, number, who, what to show, rate, octets at most) */
#define WAX_KEY_REQUESTS(X)                                                                        \
	X(STATUS, status, 300, WAX_PEER_GATED | WAX_PEER_CAD, NOTHING, ALWAYS, 64)                 \
	X(UNLOCK, unlock, 301, WAX_PEER_CAD, NOTHING, TRYING, 4096)                                \
	X(PROTECT, protect, 302, WAX_PEER_CAD, NOTHING, TRYING, 4096)                              \
	X(TICKET_OPEN, ticket_open, 303, WAX_PEER_GATED, NOTHING, ALWAYS, 1024 * 1024)             \
	X(TICKET_CLOSE, ticket_close, 304, WAX_PEER_GATED, NOTHING, ALWAYS, 256)                   \
	X(UNWRAP, unwrap, 305, WAX_PEER_MAILD, TICKET, ALWAYS, 16 * 1024)                          \
	X(SIGN, sign, 306, WAX_PEER_MAILD, TICKET, ALWAYS, 64 * 1024)                              \
	X(GENERATE, generate, 307, WAX_PEER_CAD, NOTHING, MAKING, 4096)                            \
	X(IMPORT, import, 308, WAX_PEER_CAD, NOTHING, MAKING, 4 * 1024 * 1024)                     \
	X(EXPORT, export, 309, WAX_PEER_CAD, NOTHING, LEAVING, 4 * 1024 * 1024)                    \
	X(ISSUE, issue, 310, WAX_PEER_CAD, NOTHING, MAKING, 64 * 1024)                             \
	X(LOCK, lock, 311, WAX_PEER_CAD, NOTHING, MAKING, 64)

typedef enum {
#define X(id, name, number, who, show, rate, most) WAX_KEY_##id = number,
	WAX_KEY_REQUESTS(X)
#undef X
} WaxKeyRequest;

#endif
