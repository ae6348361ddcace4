/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	keys/proto/requests - everything that may be asked of a custodian
 *
 * DESCRIPTION
 *	WAX_KEY_REQUESTS lists each request with who may ask, whether it needs
 *	the ticket of a message, and how large it may be.  There is no request
 *	to decrypt bytes: a worker names a RecipientInfo's parts and gets the
 *	content key, or hands over signed attributes and gets the signature.
 *
 *	Fields of each request, in order, and of its answer:
 *	STATUS -> bool locked, u32 open keys, u32 tickets
 *	UNLOCK span passphrase ->
 *	PROTECT span passphrase (empty: host key) ->
 *	TICKET_OPEN span ticket, u32 signs, u32 unwraps, u32 n, n*(u32 handle, span record) ->
 *	TICKET_CLOSE span ticket ->
 *	UNWRAP span ticket, u32 handle, u32 alg, span wrapped, u32 key size,
 *		u32 digest, u32 mgf digest, span label,
 *		span originator, bool cofactor, u32 kdf, u32 wrap, span shared info -> span key
 *	SIGN span ticket, u32 handle, u32 alg, u32 digest, span attributes -> span signature
 *	GENERATE str identity, str purpose, u64 epoch, str kind -> span record, span spki
 *	IMPORT str identity, str purpose, u64 epoch, span p12, span password
 *		-> span record, span spki, span certificate, u32 n, n*span chain
 *	EXPORT span record, span certificate, u32 n, n*span chain, str name, span password -> span p12
 *	ISSUE span record, span issuer certificate (empty: self-signed), str profile,
 *		str common name, str organisation, u32 n, n*str addresses, span spki, span serial,
 *		u64 not before, u64 not after, u32 m, m*str domains -> span certificate
 *
 * OWNERSHIP
 *	Constants.
 *
 * ERRORS
 *	REQUEST_REFUSED for whoever may not ask, and for what no row names.
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

/* X(id, number, who, needs a ticket, octets at most) */
#define WAX_KEY_REQUESTS(X)                                                                        \
	X(STATUS, 300, WAX_PEER_GATED | WAX_PEER_CAD, false, 64)                                   \
	X(UNLOCK, 301, WAX_PEER_CAD, false, 4096)                                                  \
	X(PROTECT, 302, WAX_PEER_CAD, false, 4096)                                                 \
	X(TICKET_OPEN, 303, WAX_PEER_GATED, false, 1024 * 1024)                                    \
	X(TICKET_CLOSE, 304, WAX_PEER_GATED, false, 256)                                           \
	X(UNWRAP, 305, WAX_PEER_MAILD, true, 16 * 1024)                                            \
	X(SIGN, 306, WAX_PEER_MAILD, true, 64 * 1024)                                              \
	X(GENERATE, 307, WAX_PEER_CAD, false, 4096)                                                \
	X(IMPORT, 308, WAX_PEER_CAD, false, 4 * 1024 * 1024)                                       \
	X(EXPORT, 309, WAX_PEER_CAD, false, 4 * 1024 * 1024)                                       \
	X(ISSUE, 310, WAX_PEER_CAD, false, 64 * 1024)

typedef enum {
#define X(id, number, who, ticket, most) WAX_KEY_##id = number,
	WAX_KEY_REQUESTS(X)
#undef X
} WaxKeyRequest;

#endif
