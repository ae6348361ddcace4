/* SPDX-License-Identifier: Apache-2.0 */
#include "cms/reader.h"

#include "asn1/algorithms.h"
#include "asn1/ber.h"

#define OCTETS_DEPTH 4 /* L-02 */

enum {
	PHASE_START,	/* ContentInfo is due */
	PHASE_TYPE,	/* its content type */
	PHASE_WRAP,	/* [0] EXPLICIT */
	PHASE_OBJECT,	/* SignedData and its like */
	PHASE_HEAD,	/* children before the (encapsulated or encrypted) content info */
	PHASE_INFO,	/* inside that content info */
	PHASE_EXPLICIT, /* SignedData's [0] EXPLICIT around the OCTET STRING */
	PHASE_CONTENT,	/* inside a constructed OCTET STRING */
	PHASE_AFTER,	/* content read, the content info still open */
	PHASE_TAIL,	/* children after it */
	PHASE_CLOSING,	/* only end markers may follow */
	PHASE_END,
};

enum { KIND_OID = 1, KIND_COPY, KIND_CONTENT };

WAX_OID(oid_data, WAX_OID_PKCS7(1));
WAX_OID(oid_signed, WAX_OID_PKCS7(2));
WAX_OID(oid_enveloped, WAX_OID_PKCS7(3));
WAX_OID(oid_digested, WAX_OID_PKCS7(5));
WAX_OID(oid_encrypted, WAX_OID_PKCS7(6));
WAX_OID(oid_auth_data, WAX_OID_SMIME(1, 2));
WAX_OID(oid_compressed, WAX_OID_SMIME(1, 9));
WAX_OID(oid_auth_enveloped, WAX_OID_SMIME(1, 23));

WaxCmsType wax_cms_type_from_oid(WaxSpan oid)
{
	if (wax_span_equal(oid, oid_data))
		return WAX_CMS_DATA;
	if (wax_span_equal(oid, oid_signed))
		return WAX_CMS_SIGNED;
	if (wax_span_equal(oid, oid_enveloped))
		return WAX_CMS_ENVELOPED;
	if (wax_span_equal(oid, oid_auth_enveloped))
		return WAX_CMS_AUTH_ENVELOPED;
	if (wax_span_equal(oid, oid_compressed))
		return WAX_CMS_COMPRESSED;
	if (wax_span_equal(oid, oid_digested) || wax_span_equal(oid, oid_encrypted) ||
		wax_span_equal(oid, oid_auth_data))
		return WAX_CMS_OTHER;
	return WAX_CMS_UNKNOWN;
}

WaxSpan wax_cms_type_oid(WaxCmsType type)
{
	switch (type) {
	case WAX_CMS_DATA:
		return oid_data;
	case WAX_CMS_SIGNED:
		return oid_signed;
	case WAX_CMS_ENVELOPED:
		return oid_enveloped;
	case WAX_CMS_AUTH_ENVELOPED:
		return oid_auth_enveloped;
	case WAX_CMS_COMPRESSED:
		return oid_compressed;
	default:
		return WAX_SPAN_NONE;
	}
}

void wax_cms_reader_init(WaxCmsReader *reader, WaxBuffer head, WaxBuffer tail)
{
	*reader = (WaxCmsReader){ .head = head, .tail = tail };
	reader->head.n = reader->tail.n = 0;
}

static bool stop(WaxCmsReader *r, WaxReason reason)
{
	r->failed = true;
	return wax_fault(&r->fault, reason, r->offset);
}

/* account - n octets were consumed inside every open element */
static bool account(WaxCmsReader *r, uint64_t n)
{
	for (unsigned i = 0; i < r->depth; i++) {
		if (r->open[i].indefinite)
			continue;
		if (r->open[i].left < n)
			return stop(r, WAX_R_DER_LENGTH);
		r->open[i].left -= n;
	}
	r->offset += n;
	return true;
}

/* copy - keep octets in the head, or in the tail once the content is behind us */
static bool copy(WaxCmsReader *r, const uint8_t *p, size_t n)
{
	WaxBuffer *to = r->phase == PHASE_TAIL ? &r->tail : &r->head;

	if (n > to->room - to->n)
		return stop(r, WAX_R_CMS_TOO_LARGE);
	for (size_t i = 0; i < n; i++)
		to->p[to->n + i] = p[i];
	to->n += n;
	return true;
}

static bool push(WaxCmsReader *r, uint64_t length, bool indefinite)
{
	if (r->depth == WAX_CMS_DEPTH)
		return stop(r, WAX_R_DER_DEPTH);
	r->open[r->depth].left = length;
	r->open[r->depth].indefinite = indefinite;
	r->depth++;
	return true;
}

static void begin_primitive(WaxCmsReader *r, unsigned kind, uint64_t length)
{
	r->primitive_kind = kind;
	r->primitive_left = length;
}

/* header_needs - how many octets DER spends on tag and length */
static unsigned header_needs(uint64_t length)
{
	unsigned n = 2;

	if (length >= 0x80)
		for (; length; length >>= 8)
			n++;
	return n;
}

/* begin_copy - an element of head or tail: all of it is kept, whatever is inside */
static bool begin_copy(WaxCmsReader *r, uint8_t tag, uint64_t length, bool indefinite)
{
	if (!copy(r, r->header, r->header_n))
		return false;
	r->loose = r->loose || indefinite || r->header_n != header_needs(length) ||
		   tag == (WAX_TAG_OCTET_STRING | WAX_TAG_CONSTRUCTED);
	if (!(tag & WAX_TAG_CONSTRUCTED)) {
		begin_primitive(r, KIND_COPY, length);
		return true;
	}
	if (!r->copy_from)
		r->copy_from = r->depth + 1;
	return push(r, length, indefinite);
}

static bool begin_content(WaxCmsReader *r, bool constructed, uint64_t length, bool indefinite)
{
	r->has_content = true;
	r->head_due = true;
	if (!constructed) {
		r->phase = PHASE_AFTER;
		begin_primitive(r, KIND_CONTENT, length);
		return true;
	}
	r->phase = PHASE_CONTENT;
	r->octets_from = r->depth + 1;
	return push(r, length, indefinite);
}

static bool is_signed(const WaxCmsReader *r)
{
	return r->type == WAX_CMS_SIGNED || r->type == WAX_CMS_COMPRESSED;
}

static bool begin_in_info(WaxCmsReader *r, uint8_t tag, uint64_t length, bool indefinite)
{
	if (is_signed(r)) {
		if (tag == (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED)) {
			r->phase = PHASE_EXPLICIT;
			return push(r, length, indefinite);
		}
	} else if (tag == WAX_TAG_CONTEXT) {
		return begin_content(r, false, length, false);
	} else if (tag == (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED)) {
		return begin_content(r, true, length, indefinite);
	}
	if (tag != WAX_TAG_OID && tag != WAX_TAG_SEQUENCE)
		return stop(r, WAX_R_DER_UNEXPECTED);
	return begin_copy(r, tag, length, indefinite);
}

/* begin - one header is complete: what may stand here? */
static bool begin(WaxCmsReader *r, uint8_t tag, uint64_t length, bool indefinite)
{
	if (r->copy_from)
		return begin_copy(r, tag, length, indefinite);
	switch (r->phase) {
	case PHASE_START:
	case PHASE_OBJECT:
		if (tag != WAX_TAG_SEQUENCE)
			return stop(r, WAX_R_DER_UNEXPECTED);
		r->phase = r->phase == PHASE_START ? PHASE_TYPE : PHASE_HEAD;
		return push(r, length, indefinite);
	case PHASE_TYPE:
		if (tag != WAX_TAG_OID || length == 0 || length > sizeof r->oid)
			return stop(r, WAX_R_DER_UNEXPECTED);
		begin_primitive(r, KIND_OID, length);
		return true;
	case PHASE_WRAP:
		if (tag != (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED))
			return stop(r, WAX_R_DER_UNEXPECTED);
		r->phase = PHASE_OBJECT;
		return push(r, length, indefinite);
	case PHASE_HEAD:
		/* the first SEQUENCE among the children is the content info; CompressedData
		 * has an AlgorithmIdentifier before it */
		if (tag == WAX_TAG_SEQUENCE && (r->type != WAX_CMS_COMPRESSED || r->head_split)) {
			r->head_split = r->head.n;
			r->phase = PHASE_INFO;
			return push(r, length, indefinite);
		}
		if (tag == WAX_TAG_SEQUENCE)
			r->head_split = 1; /* set right when the content info begins */
		return begin_copy(r, tag, length, indefinite);
	case PHASE_INFO:
		return begin_in_info(r, tag, length, indefinite);
	case PHASE_EXPLICIT:
		if (r->has_content || (tag & ~WAX_TAG_CONSTRUCTED) != WAX_TAG_OCTET_STRING)
			return stop(r, WAX_R_DER_UNEXPECTED);
		return begin_content(r, tag & WAX_TAG_CONSTRUCTED, length, indefinite);
	case PHASE_CONTENT:
		if (tag == WAX_TAG_OCTET_STRING) {
			begin_primitive(r, KIND_CONTENT, length);
			return true;
		}
		if (tag != (WAX_TAG_OCTET_STRING | WAX_TAG_CONSTRUCTED))
			return stop(r, WAX_R_DER_UNEXPECTED);
		if (r->depth - r->octets_from + 2 > OCTETS_DEPTH)
			return stop(r, WAX_R_DER_DEPTH);
		return push(r, length, indefinite);
	case PHASE_TAIL:
		return begin_copy(r, tag, length, indefinite);
	default:
		return stop(r, WAX_R_DER_UNEXPECTED);
	}
}

/* closed - the element at this depth (1 = ContentInfo) has ended */
static bool closed(WaxCmsReader *r, unsigned depth)
{
	if (r->copy_from) {
		if (depth == r->copy_from)
			r->copy_from = 0;
		return true;
	}
	if (r->phase == PHASE_CONTENT) {
		if (depth == r->octets_from)
			r->phase = PHASE_AFTER;
		return true;
	}
	switch (depth) {
	case 5: /* [0] EXPLICIT of SignedData */
		if (!r->has_content)
			return stop(r, WAX_R_DER_UNEXPECTED);
		return true;
	case 4:
		if (r->phase == PHASE_INFO) /* detached: no content at all */
			r->head_due = true;
		r->phase = PHASE_TAIL;
		return true;
	case 3:
		if (r->phase != PHASE_TAIL)
			return stop(r, WAX_R_DER_UNEXPECTED);
		r->phase = PHASE_CLOSING;
		return true;
	case 2:
		return r->phase == PHASE_CLOSING || stop(r, WAX_R_DER_UNEXPECTED);
	default:
		if (r->phase != PHASE_CLOSING)
			return stop(r, WAX_R_DER_UNEXPECTED);
		r->phase = PHASE_END;
		return true;
	}
}

/* close_full - definite lengths that are used up */
static bool close_full(WaxCmsReader *r)
{
	while (r->depth && !r->open[r->depth - 1].indefinite && r->open[r->depth - 1].left == 0) {
		if (!closed(r, r->depth))
			return false;
		r->depth--;
	}
	return true;
}

/* header_wants - how many octets this header has, as far as it can be told yet */
static unsigned header_wants(const WaxCmsReader *r)
{
	uint8_t first;

	if (r->header_n < 2)
		return 2;
	first = r->header[1];
	return first > 0x80 ? 2u + (first & 0x7f) : 2;
}

static bool take_header(WaxCmsReader *r)
{
	uint8_t tag = r->header[0], first = r->header[1];
	bool indefinite = first == 0x80;
	uint64_t length = first < 0x80 ? first : 0;

	for (unsigned i = 2; i < r->header_n; i++) {
		if (length >> 54)
			return stop(r, WAX_R_DER_LENGTH);
		length = length << 8 | r->header[i];
	}
	if (tag == 0 && first == 0) {
		if (r->depth == 0 || !r->open[r->depth - 1].indefinite)
			return stop(r, WAX_R_DER_UNEXPECTED);
		if (r->copy_from && !copy(r, r->header, 2))
			return false;
		r->header_n = 0;
		if (!closed(r, r->depth))
			return false;
		r->depth--;
		return close_full(r);
	}
	if (indefinite && !(tag & WAX_TAG_CONSTRUCTED))
		return stop(r, WAX_R_DER_LENGTH);
	for (unsigned i = 0; i < r->depth; i++)
		if (!r->open[i].indefinite && length > r->open[i].left)
			return stop(r, WAX_R_DER_LENGTH);
	if (!begin(r, tag, length, indefinite))
		return false;
	r->header_n = 0;
	return true;
}

/* end_oid - the content type is complete: is it one that we can take apart? */
static bool end_oid(WaxCmsReader *r)
{
	r->type = wax_cms_type_from_oid((WaxSpan){ r->oid, r->oid_n });
	if (r->type != WAX_CMS_SIGNED && r->type != WAX_CMS_ENVELOPED &&
		r->type != WAX_CMS_AUTH_ENVELOPED && r->type != WAX_CMS_COMPRESSED)
		return stop(r, WAX_R_CMS_TYPE_UNKNOWN);
	r->phase = PHASE_WRAP;
	return true;
}

static bool take_primitive(WaxCmsReader *r, WaxSpan *input, WaxSpan *ret_content)
{
	size_t n = r->primitive_left < input->n ? (size_t)r->primitive_left : input->n;
	WaxSpan piece = { input->p, n };

	*input = (WaxSpan){ input->p + n, input->n - n };
	if (r->primitive_kind == KIND_COPY) {
		if (!copy(r, piece.p, n))
			return false;
	} else if (r->primitive_kind == KIND_CONTENT) {
		*ret_content = piece;
		r->content_octets += n;
	} else {
		for (size_t i = 0; i < n; i++)
			r->oid[r->oid_n++] = piece.p[i];
	}
	if (!account(r, n))
		return false;
	r->primitive_left -= n;
	if (r->primitive_left)
		return true;
	if (r->primitive_kind == KIND_OID && !end_oid(r))
		return false;
	r->primitive_kind = 0;
	return close_full(r);
}

static bool take_header_octet(WaxCmsReader *r, WaxSpan *input)
{
	if (r->header_n == 0 && (input->p[0] & 0x1f) == 0x1f)
		return stop(r, WAX_R_DER_LONG_TAG);
	r->header[r->header_n++] = input->p[0];
	*input = (WaxSpan){ input->p + 1, input->n - 1 };
	if (!account(r, 1))
		return false;
	if (header_wants(r) > 10)
		return stop(r, WAX_R_DER_LENGTH);
	if (r->header_n < header_wants(r))
		return true;
	if (!take_header(r))
		return false;
	/* an element without content ends where it begins */
	if (r->primitive_kind && r->primitive_left == 0) {
		if (r->primitive_kind == KIND_OID)
			return stop(r, WAX_R_DER_UNEXPECTED);
		r->primitive_kind = 0;
	}
	return r->primitive_kind || close_full(r);
}

static bool rewrite(WaxCmsReader *r, WaxSpan from, WaxBuffer *room)
{
	WaxFault fault;

	if (wax_ber_to_der(from, room, &fault))
		return true;
	return stop(r, fault.reason == WAX_R_DER_NO_ROOM ? WAX_R_CMS_TOO_LARGE : fault.reason);
}

static bool put_back(WaxCmsReader *r, WaxBuffer *to, const WaxBuffer *from)
{
	if (from->n > to->room)
		return stop(r, WAX_R_CMS_TOO_LARGE);
	for (size_t i = 0; i < from->n; i++)
		to->p[i] = from->p[i];
	to->n = from->n;
	return true;
}

/*
 * BER that was kept becomes DER: names are compared and keys unwrapped octet for octet.
 * The buffer of the tail is still empty when the head is complete, and holds it meanwhile.
 */
static bool tidy_head(WaxCmsReader *r)
{
	WaxBuffer room = r->tail;
	size_t split;

	if (!r->loose)
		return true;
	r->loose = false;
	if (!rewrite(r, (WaxSpan){ r->head.p, r->head_split }, &room))
		return false;
	split = room.n;
	if (!rewrite(r, (WaxSpan){ r->head.p + r->head_split, r->head.n - r->head_split }, &room))
		return false;
	r->head_split = split;
	return put_back(r, &r->head, &room);
}

/* certificates stay as they came: what was signed are their octets (C-13) */
static bool tidy_tail(WaxCmsReader *r)
{
	WaxBuffer room = { r->tail.p + r->tail.n, 0, r->tail.room - r->tail.n };

	if (!r->loose || is_signed(r))
		return true;
	r->loose = false;
	return rewrite(r, (WaxSpan){ r->tail.p, r->tail.n }, &room) && put_back(r, &r->tail, &room);
}

bool wax_cms_reader_step(WaxCmsReader *r, WaxSpan *input, WaxCmsEvent *ret_event,
	WaxSpan *ret_content, WaxFault *fault)
{
	*ret_content = WAX_SPAN_NONE;
	while (!r->failed) {
		WaxSpan content = WAX_SPAN_NONE;

		if (r->head_due) {
			r->head_due = false;
			if (!tidy_head(r))
				break;
			*ret_event = WAX_CMS_HEAD;
			return true;
		}
		if (r->phase == PHASE_END) {
			if (input->n) {
				(void)stop(r, WAX_R_CMS_TRAILING);
				break;
			}
			if (!tidy_tail(r))
				break;
			*ret_event = WAX_CMS_END;
			return true;
		}
		if (input->n == 0) {
			*ret_event = WAX_CMS_NEED_INPUT;
			return true;
		}
		if (r->primitive_kind ? !take_primitive(r, input, &content)
				      : !take_header_octet(r, input))
			break;
		if (content.n) {
			*ret_event = WAX_CMS_CONTENT;
			*ret_content = content;
			return true;
		}
	}
	if (fault)
		*fault = r->fault;
	return false;
}

bool wax_cms_reader_finish(WaxCmsReader *r, WaxFault *fault)
{
	if (!r->failed && r->phase != PHASE_END)
		(void)stop(r, WAX_R_DER_TRUNCATED);
	if (r->failed && fault)
		*fault = r->fault;
	return !r->failed;
}
