/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/open_internal - a message that is being opened, for the files that peel it
 *
 * DESCRIPTION
 *	For the files open*.c alone.  open goes inward, level by level; each
 *	layer is peeled by open_object (with open_encrypted) or open_clear,
 *	which judge it and push the level inside; open_payload takes what is
 *	left.  All read by way of open_read.
 *
 * OWNERSHIP
 *	WaxOpened owns verdict and levels, WaxObject what it allocates; layers
 *	are the verdict's.
 *
 * ERRORS
 *	IO and NO_MEMORY pass through.  All else becomes a reason of the layer:
 *	the first that stops an object stays in it.
 */
#ifndef WAX_SMIME_OPEN_INTERNAL_H
#define WAX_SMIME_OPEN_INTERNAL_H

#include "cms/open.h"
#include "mime/fields.h"
#include "mime/split.h"
#include "smime/level.h"
#include "smime/open.h"
#include "smime/signers.h"
#include "smime/compress.h"

#define WAX_OPEN_HEADER_MAX (256 * 1024)

/* how the payload protects header fields */
typedef enum {
	WAX_PROTECTION_NONE,
	WAX_PROTECTION_CLEAR,	/* hp="clear" */
	WAX_PROTECTION_CIPHER,	/* hp="cipher" */
	WAX_PROTECTION_WRAPPED, /* message/rfc822, as RFC 8551 has it */
} WaxProtection;

struct WaxOpened {
	const WaxOpenOptions *options;
	WaxLevels levels;
	WaxVerdict *verdict;
	WaxAuthor author;
	GByteArray *outer, *header; /* header blocks of the message and of the payload */
	GPtrArray *addresses;	    /* what `author` points at */
	GPtrArray *senders;
	GArray *dates; /* int64_t: of every Date field */
	bool has_payload;
	unsigned payload;      /* level */
	uint64_t payload_from; /* in it: after what wraps a message */
	WaxProtection protection;
	GError *unanswered; /* whose keys they are could not say: nothing can be judged now */
};

/* what the next step of the way inward is */
typedef enum { WAX_STEP_INWARD, WAX_STEP_PAYLOAD, WAX_STEP_STOP } WaxOpenStep;

/* --- reading a level --- */

typedef struct {
	WaxOpened *o;
	GByteArray *block;
	bool complete;
} WaxOpenHeader;

typedef struct {
	WaxSplit split;
	WaxPart *parts;
	uint8_t *room;
	WaxFault fault;
	bool broken;
} WaxOpenParts;

static inline WaxSpan wax_open_span(const GByteArray *bytes)
{
	return WAX_SPAN(bytes->data, bytes->len);
}

/* wax_opened_run - octets [from, to) of level n, into `write` */
bool wax_opened_run(WaxOpened *o, unsigned n, uint64_t from, uint64_t to, WaxSinkFunc write,
	void *data, GError **error) WAX_MUST_USE;
bool wax_opened_read_range(WaxOpened *o, unsigned n, uint64_t from, uint64_t to, size_t limit,
	GByteArray **ret_bytes, bool *ret_over, GError **error) WAX_MUST_USE;
/* wax_opened_read_header - the block is the caller's, also after a failure */
bool wax_opened_read_header(
	WaxOpened *o, unsigned n, WaxOpenHeader *header, GError **error) WAX_MUST_USE;
bool wax_opened_split(WaxOpened *o, unsigned n, WaxOpenParts *parts, GError **error) WAX_MUST_USE;
void wax_open_parts_done(WaxOpenParts *parts);
bool wax_open_has_fields(WaxSpan block);
/* wax_open_header_end - where the empty line ends, or 0 */
size_t wax_open_header_end(WaxSpan block);

/* --- one CMS object --- */

typedef struct {
	WaxOpened *o;
	unsigned level;
	WaxVerdictLayer *layer;
	WaxReason broken; /* the object cannot be read any further */
	bool base64;
	WaxBase64Decoder decoder;
	WaxCmsReader reader;
	WaxBuffer head, tail;
	uint8_t *decoded, *plain;
	size_t plain_used; /* the most that lay in it */
	/* encrypted */
	WaxOpenPlan plan;
	WaxSecret *key;	   /* of the cipher */
	WaxCipher *cipher; /* NULL when the content can be decrypted only after it was measured */
	WaxReasonSet weaknesses;
	/* signed */
	WaxDigests digests;
	uint64_t size;
	GByteArray *kept;
	/* the content once more, where a signature covers its octets themselves */
	bool (*content)(void *data, GByteArray **ret_content);
	void *content_data;
	WaxZlib *zlib; /* compressed */
} WaxObject;

void wax_object_init(
	WaxObject *object, WaxOpened *o, unsigned level, WaxVerdictLayer *layer, bool base64);
void wax_object_done(WaxObject *object);
/* wax_object_write - a WaxSinkFunc: the object's octets; then _end_input */
bool wax_object_write(void *object, WaxSpan in, GError **error);
void wax_object_end_input(WaxObject *object);
void wax_object_give_up(WaxObject *object, WaxReason reason);
void wax_object_keep(WaxObject *object, WaxSpan bytes);
void wax_object_forget(WaxObject *object); /* what was kept, wiped */
/* wax_object_make_level - the way to make the content again */
void wax_object_make_level(WaxObject *object, const char *part, uint64_t from, uint64_t to);
/* wax_object_judge_signers - SignedData that has been read, its content digested */
void wax_object_judge_signers(WaxObject *object);
/* wax_object_signs - SignedData whose content has this type */
bool wax_object_signs(const WaxObject *object, WaxSpan content_type);
/* what stopped an encrypted layer is one reason, whatever it was; only a limit has a name */
void wax_object_note_broken(WaxObject *object);

void wax_object_begin_encrypted(WaxObject *object);
/*
 * wax_object_end_encrypted - it has been read to its end: does the content stand?  An AEAD wants its
 * additional data first, so an object with attributes is decrypted a second time; CCM wants the
 * number of octets, so it is decrypted only then.
 */
void wax_object_end_encrypted(WaxObject *object, const char *part, uint64_t from, uint64_t to);

/* wax_object_begin_compressed - from then on wax_zlib_write of the content */
void wax_object_begin_compressed(WaxObject *object);
void wax_object_end_compressed(WaxObject *object, const char *part, uint64_t from, uint64_t to);

/* --- layers and payload --- */

/* wax_open_peel_object - a CMS object that is the whole content of octets [from, to) of a level */
bool wax_open_peel_object(WaxOpened *o, unsigned n, uint64_t from, uint64_t to, bool base64,
	const char *claimed, WaxOpenStep *ret_step, GError **error) WAX_MUST_USE;
bool wax_open_peel_clear(
	WaxOpened *o, unsigned n, WaxOpenStep *ret_step, GError **error) WAX_MUST_USE;
bool wax_open_take_payload(WaxOpened *o, unsigned n, const WaxContent *content, WaxSpan header,
	bool entity, GError **error) WAX_MUST_USE;
/* wax_open_take_protected - of the payload at level n, whose header has been taken */
bool wax_open_take_protected(
	WaxOpened *o, unsigned n, const WaxContent *content, GError **error) WAX_MUST_USE;
/* wax_open_finish_protected - once the words stand */
void wax_open_finish_protected(WaxOpened *o);
bool wax_open_is_pkcs7_mime(const WaxContent *content);
bool wax_open_is_clear_signed(const WaxContent *content);

#endif
