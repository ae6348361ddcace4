/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/canonical.h"

#include <string.h>

#include "core/bounds.h"
#include "core/status.h"
#include "mime/fields.h"
#include "mime/transfer.h"

#define CHUNK (64 * 1024)

typedef struct {
	const WaxEntity *in;
	const WaxCanonicalOptions *options;
	WaxWriteFunc write;
	void *data;
	WaxPart *parts;
	uint32_t count;
	uint8_t *header, *chunk;
	bool last_cr; /* of the run of lines being written */
} Canon;

/* what a leaf's body holds that may not stay */
typedef struct {
	bool eight_bit, control, long_line, trailing_blank, from_line;
} Findings;

static bool put(Canon *c, const void *bytes, size_t n, GError **error)
{
	return n == 0 || c->write(c->data, WAX_SPAN(bytes, n), error);
}

static bool put_text(Canon *c, const char *text, GError **error)
{
	return put(c, text, strlen(text), error);
}

/* read_piece - bytes of the entity at an offset relative to its start */
static bool read_piece(Canon *c, uint64_t at, uint64_t end, uint8_t *to, size_t room, size_t *ret_n,
	GError **error)
{
	size_t want = (size_t)MIN((uint64_t)room, end - at);

	if (!c->in->read(c->in->data, c->in->from + at, to, want, ret_n, error))
		return false;
	if (*ret_n != want)
		return wax_fail(error, WAX_R_IO, "the message became shorter while it was read");
	return true;
}

/* put_lines - a piece of text with every line end as CRLF; a bare CR is a line end too */
static bool put_lines(Canon *c, const uint8_t *p, size_t n, GError **error)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		bool after_cr = i ? p[i - 1] == '\r' : c->last_cr;

		if (p[i] == '\n') {
			size_t upto = i && p[i - 1] == '\r' ? i - 1 : i;

			if (i == 0 && c->last_cr) {
				from = 1; /* its CR was written as CRLF already */
				continue;
			}
			if (!put(c, p + from, upto - from, error) || !put(c, "\r\n", 2, error))
				return false;
			from = i + 1;
		} else if (after_cr && i > from) {
			if (!put(c, p + from, i - 1 - from, error) || !put(c, "\r\n", 2, error))
				return false;
			from = i;
		}
	}
	c->last_cr = n && p[n - 1] == '\r' && from < n;
	if (!put(c, p + from, n - from - c->last_cr, error))
		return false;
	return !c->last_cr || put(c, "\r\n", 2, error);
}

static bool copy_lines(Canon *c, uint64_t from, uint64_t to, GError **error)
{
	c->last_cr = false;
	while (from < to) {
		size_t n;

		if (!read_piece(c, from, to, c->chunk, CHUNK, &n, error) ||
			!put_lines(c, c->chunk, n, error))
			return false;
		from += n;
	}
	return true;
}

static bool copy_raw(Canon *c, uint64_t from, uint64_t to, GError **error)
{
	while (from < to) {
		size_t n;

		if (!read_piece(c, from, to, c->chunk, CHUNK, &n, error) ||
			!put(c, c->chunk, n, error))
			return false;
		from += n;
	}
	return true;
}

static bool inspect(Canon *c, const WaxPart *part, Findings *ret, GError **error)
{
	Findings f = { false };
	uint64_t at = part->body;
	size_t column = 0;
	uint8_t previous = '\n';
	char start[5];

	while (at < part->end) {
		size_t n;

		if (!read_piece(c, at, part->end, c->chunk, CHUNK, &n, error))
			return false;
		for (size_t i = 0; i < n; i++) {
			uint8_t byte = c->chunk[i];

			if (byte == '\n') {
				f.trailing_blank =
					f.trailing_blank || previous == ' ' || previous == '\t';
				column = 0;
			} else if (byte != '\r') {
				if (column < 5)
					start[column] = (char)byte;
				if (++column == 5 && memcmp(start, "From ", 5) == 0)
					f.from_line = true;
				f.long_line = f.long_line || column > 998;
				f.eight_bit = f.eight_bit || byte >= 0x80;
				f.control = f.control || byte == 0;
				/* a blank before CR LF: look again when the LF comes */
				f.control = f.control || (previous == '\r' && byte != '\n');
			} else if (previous == ' ' || previous == '\t') {
				f.trailing_blank = true;
			}
			previous = byte;
		}
		at += n;
	}
	f.trailing_blank = f.trailing_blank ||
			   (part->end > part->body && (previous == ' ' || previous == '\t'));
	*ret = f;
	return true;
}

static bool load_header(Canon *c, const WaxPart *part, WaxSpan *ret_block, GError **error)
{
	uint64_t n = part->body - part->start;
	size_t got;

	if (n > WAX_LIMIT_HEADER_OCTETS)
		return wax_fail(error, WAX_R_MIME_HEADER_SIZE, "a header is larger than %d octets",
			WAX_LIMIT_HEADER_OCTETS);
	if (n && !read_piece(c, part->start, part->body, c->header, (size_t)n, &got, error))
		return false;
	*ret_block = WAX_SPAN(c->header, (size_t)n);
	return true;
}

static bool is_content_field(const WaxField *field)
{
	return field->name.n > 8 &&
	       g_ascii_strncasecmp((const char *)field->name.p, "content-", 8) == 0;
}

static bool put_type(Canon *c, const WaxField *field, const char *suffix, GError **error)
{
	size_t n = field->value.n;

	while (n && g_ascii_isspace(field->value.p[n - 1]))
		n--;
	c->last_cr = false;
	return put_text(c, "Content-Type:", error) && put_lines(c, field->value.p, n, error) &&
	       put_text(c, suffix, error) && put_text(c, "\r\n", error);
}

/*
 * put_header - the fields of one part; `encoding` replaces Content-Transfer-Encoding
 * ("" leaves it out, NULL keeps it)
 */
static bool put_header(Canon *c, bool root, WaxSpan block, const char *encoding, GError **error)
{
	const char *suffix = root && c->options->type_suffix ? c->options->type_suffix : "";
	bool typed = false;
	WaxField field;

	if (root && c->options->extra_fields && !put_text(c, c->options->extra_fields, error))
		return false;
	while (wax_field_next(&block, &field)) {
		if (root && c->options->content_fields_only && !is_content_field(&field))
			continue;
		if (encoding && wax_field_is(&field, "content-transfer-encoding"))
			continue;
		if (wax_field_is(&field, "content-type") && !typed) {
			typed = true;
			if (suffix[0]) {
				if (!put_type(c, &field, suffix, error))
					return false;
				continue;
			}
		}
		c->last_cr = false;
		if (!put_lines(c, field.whole.p, field.whole.n, error))
			return false;
		if (field.whole.p[field.whole.n - 1] != '\n' && !put_text(c, "\r\n", error))
			return false;
	}
	if (root && !typed &&
		(!put_text(c, "Content-Type: text/plain", error) || !put_text(c, suffix, error) ||
			!put_text(c, "\r\n", error)))
		return false;
	if (encoding && encoding[0] &&
		(!put_text(c, "Content-Transfer-Encoding: ", error) ||
			!put_text(c, encoding, error) || !put_text(c, "\r\n", error)))
		return false;
	return put_text(c, "\r\n", error);
}

typedef struct {
	Canon *canon;
	WaxBase64Encoder encoder;
	uint8_t *out;
} Encoding;

static bool put_base64(void *data, WaxSpan bytes, GError **error)
{
	Encoding *e = data;

	while (bytes.n) {
		WaxSpan piece = WAX_SPAN(bytes.p, MIN(bytes.n, (size_t)CHUNK));
		size_t n = wax_base64_encode(&e->encoder, piece, e->out);

		if (!put(e->canon, e->out, n, error))
			return false;
		bytes.p += piece.n;
		bytes.n -= piece.n;
	}
	return true;
}

/* encode_base64 - text gets canonical line ends first (RFC 2045 6.8) */
static bool encode_base64(Canon *c, const WaxPart *part, bool text, GError **error)
{
	g_autofree uint8_t *out = g_malloc((size_t)wax_base64_size(CHUNK + 3));
	Encoding e = { c, { { 0 }, 0, 0 }, out };
	Canon inner = *c;

	inner.write = put_base64;
	inner.data = &e;
	if (!(text ? copy_lines(&inner, part->body, part->end, error)
		   : copy_raw(&inner, part->body, part->end, error)))
		return false;
	return put(c, out, wax_base64_encode_end(&e.encoder, out), error);
}

/* encode_quoted - chunk by chunk, cut at line ends; lines are short, or base64 was chosen */
static bool encode_quoted(Canon *c, const WaxPart *part, GError **error)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	uint64_t at = part->body;

	while (at < part->end) {
		size_t n, use;

		if (!read_piece(c, at, part->end, c->chunk, CHUNK, &n, error))
			return false;
		use = n;
		if (at + n < part->end)
			while (use && c->chunk[use - 1] != '\n')
				use--;
		if (use == 0)
			use = n;
		g_byte_array_set_size(out, 0);
		wax_quoted_encode(WAX_SPAN(c->chunk, use), out);
		if (!put(c, out->data, out->len, error))
			return false;
		at += use;
	}
	return true;
}

/* decode_again - an encoded body with long lines or foreign octets: once more, in our own lines */
static bool decode_again(Canon *c, const WaxPart *part, bool base64, GError **error)
{
	g_autoptr(GByteArray) plain = g_byte_array_new();
	g_autofree uint8_t *out = NULL;
	WaxBase64Decoder decoder = { 0 };
	WaxBase64Encoder encoder = { { 0 }, 0, 0 };
	uint64_t at = part->body;
	size_t n;

	if (part->end - part->body > 64 * 1024 * 1024)
		return wax_fail(error, WAX_R_CONVERSION_FORBIDDEN,
			"an encoded part with overlong lines is too large to be encoded again");
	while (at < part->end) {
		size_t decoded;

		if (!read_piece(c, at, part->end, c->chunk, CHUNK, &n, error))
			return false;
		if (base64) {
			guint had = plain->len;

			g_byte_array_set_size(plain, had + (guint)n + 3);
			if (!wax_base64_decode(&decoder, WAX_SPAN(c->chunk, n), plain->data + had,
				    &decoded, error))
				return false;
			g_byte_array_set_size(plain, had + (guint)decoded);
		} else {
			g_byte_array_append(plain, c->chunk, (guint)n);
		}
		at += n;
	}
	if (base64 && !wax_base64_decode_end(&decoder, error))
		return false;
	if (!base64) {
		GByteArray *decoded = g_byte_array_new();

		wax_quoted_decode(WAX_SPAN(plain->data, plain->len), decoded);
		g_byte_array_unref(plain);
		plain = decoded;
	}
	out = g_malloc((size_t)wax_base64_size(plain->len + 3));
	n = wax_base64_encode(&encoder, WAX_SPAN(plain->data, plain->len), out);
	n += wax_base64_encode_end(&encoder, out + n);
	return put(c, out, n, error);
}

static bool write_leaf(Canon *c, uint32_t index, WaxSpan block, GError **error)
{
	const WaxPart *part = &c->parts[index];
	g_auto(WaxContent) content = { NULL };
	Findings f;
	bool base64, quoted, text;

	wax_content_read(block, &content);
	base64 = strcmp(content.encoding, "base64") == 0;
	quoted = strcmp(content.encoding, "quoted-printable") == 0;
	text = g_str_has_prefix(content.type, "text/");
	if (!inspect(c, part, &f, error))
		return false;
	if (base64 || quoted) {
		/* inside an encoding trailing blanks are no content and "From " is rare: keep the bytes */
		if (!f.eight_bit && !f.control && !f.long_line && !(quoted && f.from_line))
			return put_header(c, index == 0, block, NULL, error) &&
			       copy_lines(c, part->body, part->end, error);
		return put_header(c, index == 0, block, "base64", error) &&
		       decode_again(c, part, base64, error);
	}
	if (!f.eight_bit && !f.control && !f.long_line && !f.trailing_blank && !f.from_line)
		return put_header(c, index == 0, block,
			       strcmp(content.encoding, "7bit") == 0 ? NULL : "7bit", error) &&
		       copy_lines(c, part->body, part->end, error);
	if (text && !f.control && !f.long_line)
		return put_header(c, index == 0, block, "quoted-printable", error) &&
		       encode_quoted(c, part, error);
	return put_header(c, index == 0, block, "base64", error) &&
	       encode_base64(c, part, text, error);
}

/* is_sealed - somebody else's signature or encryption: not a byte of it is ours to change */
static bool is_sealed(const char *type)
{
	return strcmp(type, "multipart/signed") == 0 || strcmp(type, "multipart/encrypted") == 0 ||
	       strcmp(type, "application/pkcs7-mime") == 0 ||
	       strcmp(type, "application/x-pkcs7-mime") == 0;
}

/* write_part - children are found by their parent; depth is bounded by the splitter's limit */
static bool write_part(Canon *c, uint32_t index, GError **error)
{
	const WaxPart *part = &c->parts[index];
	g_auto(WaxContent) content = { NULL };
	uint64_t at = part->body;
	WaxSpan block;

	if (!load_header(c, part, &block, error))
		return false;
	wax_content_read(block, &content);
	if (is_sealed(content.type))
		return (index == 0 ? put_header(c, true, block, NULL, error)
				   : copy_raw(c, part->start, part->body, error)) &&
		       copy_raw(c, part->body, part->end, error);
	if (!part->multipart && !part->rfc822)
		return write_leaf(c, index, block, error);
	/* what 8bit meant for the whole is gone once every leaf is 7bit */
	if (!put_header(c, index == 0, block, "", error))
		return false;
	for (uint32_t i = index + 1; i < c->count; i++) {
		if (c->parts[i].parent != index)
			continue;
		if (!copy_lines(c, at, c->parts[i].start, error) || !write_part(c, i, error))
			return false;
		at = c->parts[i].end;
	}
	return copy_lines(c, at, part->end, error);
}

static bool find_parts(Canon *c, GError **error)
{
	g_autofree WaxSplit *split = g_new0(WaxSplit, 1);
	WaxSplitLimits limits = { WAX_LIMIT_MIME_DEPTH, WAX_LIMIT_HEADER_OCTETS };
	uint64_t at = 0, end = c->in->to - c->in->from;
	WaxFault fault;

	wax_split_init(split, c->parts, WAX_LIMIT_MIME_PARTS,
		(WaxBuffer){ c->header, 0, WAX_LIMIT_HEADER_OCTETS }, &limits);
	while (at < end) {
		size_t n;

		if (!read_piece(c, at, end, c->chunk, CHUNK, &n, error))
			return false;
		if (!wax_split_feed(split, WAX_SPAN(c->chunk, n), &fault))
			return wax_fail_fault(error, &fault, "the message");
		at += n;
	}
	if (!wax_split_finish(split, &fault))
		return wax_fail_fault(error, &fault, "the message");
	c->count = split->count;
	return true;
}

bool wax_canonical_write(const WaxEntity *entity, const WaxCanonicalOptions *options,
	WaxWriteFunc write, void *data, GError **error)
{
	g_autofree WaxPart *parts = g_new(WaxPart, WAX_LIMIT_MIME_PARTS);
	g_autofree uint8_t *header = g_malloc(WAX_LIMIT_HEADER_OCTETS), *chunk = g_malloc(CHUNK);
	Canon c = { .in = entity,
		.options = options,
		.write = write,
		.data = data,
		.parts = parts,
		.header = header,
		.chunk = chunk };

	return find_parts(&c, error) && write_part(&c, 0, error);
}
