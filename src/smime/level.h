/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/level - make the octets of an inner layer from those of the layer around it
 *
 * DESCRIPTION
 *	A level is one entity on the way from the message root inward.  It
 *	remembers how its octets come about: a range of the level outside it,
 *	decoded, taken out of a CMS object, decrypted.  wax_levels_run makes
 *	them again, as often as a pass needs them.
 *
 * OWNERSHIP
 *	Levels own keys and kept contents; both are wiped when freed.
 *
 * ERRORS
 *	IO from the source; CMS_DECRYPT_FAILED, CMS_MALFORMED and MIME_ENCODING when the octets
 *	are not (any more) those that were judged.
 */
#ifndef WAX_SMIME_LEVEL_H
#define WAX_SMIME_LEVEL_H

#include "cms/reader.h"
#include "core/secret.h"
#include "crypto/cipher.h"
#include "crypto/spool.h"
#include "mime/transfer.h"

#define WAX_LEVEL_CHUNK	   (64 * 1024)
#define WAX_LEVEL_KEEP_MAX (1024 * 1024)
#define WAX_LEVEL_HEAD	   (4 * 1024 * 1024)
#define WAX_LEVEL_TAIL	   (8 * 1024 * 1024)

typedef struct {
	char *part;
	uint64_t size;
	uint64_t from, to; /* the octets of the level outside that this one is made of */
	bool base64;
	bool cms;     /* it is the content of a CMS object */
	bool no_mime; /* whatever it looks like: its content type says that it is no MIME entity */
	bool compressed; /* CompressedData, expanded to at most `most` octets */
	uint64_t most;
	WaxCipherAlg cipher; /* NONE: not encrypted */
	WaxSecret *key;
	GByteArray *iv, *tag, *aad;
	uint64_t content; /* octets that are decrypted */
	GByteArray *kept; /* all octets, when they are few; NULL otherwise */
} WaxLevel;

typedef struct {
	const WaxSource *source;
	GPtrArray *levels; /* WaxLevel; the first is the source itself */
	bool enough;	   /* set by a sink that needs no more */
	size_t chunk;	   /* octets worked on at a time: no more than there are */
} WaxLevels;

void wax_levels_init(WaxLevels *levels, const WaxSource *source);
void wax_levels_done(WaxLevels *levels);
WaxLevel *wax_levels_push(WaxLevels *levels, const char *part);

static inline WaxLevel *wax_level(const WaxLevels *levels, unsigned n)
{
	return (WaxLevel *)levels->levels->pdata[n];
}

/* wax_levels_run - octets [from, to) of level n into the sink */
bool wax_levels_run(WaxLevels *levels, unsigned n, uint64_t from, uint64_t to, const WaxSink *sink,
	GError **error) WAX_MUST_USE;

/* wax_room_new - lazily touched memory for head or tail of a reader */
WaxBuffer wax_room_new(size_t n);
void wax_room_free(WaxBuffer *room);

#endif
