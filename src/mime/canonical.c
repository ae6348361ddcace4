/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/canonical.h"

#include <string.h>

#include "core/bounds.h"
#include "core/status.h"
#include "mime/fields.h"
#include "mime/transfer.h"

#define CHUNK (64 * 1024)

_Static_assert(CHUNK <= WAX_LIMIT_HEADER_OCTETS, "a piece of text fits the room for lines");

/* what a leaf's body holds that may not stay */
typedef struct {
	bool eight_bit, control, bare_lf, long_line, trailing_blank, from_line;
} Findings;

struct WaxCanonical {
	WaxEntity in;
	const WaxCanonicalOptions *options;
	WaxPart *parts;
	Findings *findings; /* of the leaves that are ours to change, by part */
	uint32_t count;
	uint8_t *header, *chunk, *lines;
};

/* one writing of it */
typedef struct {
	WaxCanonical *plan;
	const WaxEntity *in;
	const WaxCanonicalOptions *options;
	WaxWriteFunc write;
	void *data;
	const WaxPart *parts;
	uint32_t count;
	uint8_t *header, *chunk;
	bool last_cr; /* of the run of lines being written */
} Canon;

static bool put(Canon *c, const void *bytes, size_t n, GError **error)
{
	return n == 0 || c->write(c->data, WAX_SPAN(bytes, n), error);
}

static bool put_text(Canon *c, const char *text, GError **error)
{
	return put(c, text, strlen(text), error);
}

/* read_piece - bytes of the entity at an offset relative to its start */
static bool read_piece(const WaxEntity *in, uint64_t at, uint64_t end, uint8_t *to, size_t room,
	size_t *ret_n, GError **error)
{
	size_t want = (size_t)MIN((uint64_t)room, end - at);

	if (!in->read(in->data, in->from + at, to, want, ret_n, error))
		return false;
	if (*ret_n != want)
		return wax_fail(error, WAX_R_IO, "the message became shorter while it was read");
	return true;
}

/*
 * put_lines - a piece of text with every line end as CRLF; a bare CR is a line end too.
 * A CR at its end is held back until the next piece shows what follows it.
 */
static bool put_lines(Canon *c, const uint8_t *p, size_t n, GError **error)
{
	uint8_t *out = c->plan->lines;
	size_t filled = 0;

	while (n) {
		const uint8_t *lf = memchr(p, '\n', n);
		size_t line = lf ? (size_t)(lf - p) : n, i = 0;

		/* what the line holds, broken at each bare CR */
		while (i < line) {
			const uint8_t *cr = memchr(p + i, '\r', line - i);
			size_t run = cr ? (size_t)(cr - p) - i : line - i;

			if (c->last_cr) {
				memcpy(out + filled, "\r\n", 2);
				filled += 2;
				c->last_cr = false;
			}
			memcpy(out + filled, p + i, run);
			filled += run;
			i += run + (cr != NULL);
			c->last_cr = cr != NULL;
		}
		if (lf) {
			memcpy(out + filled, "\r\n", 2);
			filled += 2;
			c->last_cr = false;
		}
		p += line + (lf != NULL);
		n -= line + (lf != NULL);
	}
	return put(c, out, filled, error);
}

/* end_lines - a CR that was held back ended the text */
static bool end_lines(Canon *c, GError **error)
{
	bool held = c->last_cr;

	c->last_cr = false;
	return !held || put(c, "\r\n", 2, error);
}

static bool copy_lines(Canon *c, uint64_t from, uint64_t to, GError **error)
{
	c->last_cr = false;
	while (from < to) {
		size_t n;

		if (!read_piece(c->in, from, to, c->chunk, CHUNK, &n, error) ||
			!put_lines(c, c->chunk, n, error))
			return false;
		from += n;
	}
	return end_lines(c, error);
}

static bool copy_raw(Canon *c, uint64_t from, uint64_t to, GError **error)
{
	while (from < to) {
		size_t n;

		if (!read_piece(c->in, from, to, c->chunk, CHUNK, &n, error) ||
			!put(c, c->chunk, n, error))
			return false;
		from += n;
	}
	return true;
}

/* the looking at a leaf, line by line across pieces */
typedef struct {
	Findings f;
	size_t column; /* octets of the line so far, without its end */
	uint8_t start[5];
	uint8_t previous;
} Inspection;

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* look_at_run - octets of one line, none of them LF; CRs that end it may be the line's end */
static void look_at_run(Inspection *i, const uint8_t *p, size_t n)
{
	size_t text = n;

	while (text && p[text - 1] == '\r')
		text--;
	if (n - text > 1 || (n > text && i->previous == '\r' && text == 0))
		i->f.bare_lf = true;
	if (text && (i->previous == '\r' || memchr(p, '\r', text)))
		i->f.control = true;
	for (size_t k = 0; k < text && i->column + k < 5; k++)
		i->start[i->column + k] = p[k];
	i->column += text;
	if (i->column >= 5 && memcmp(i->start, "From ", 5) == 0)
		i->f.from_line = true;
	i->f.long_line = i->f.long_line || i->column > 998;
	if (n > text && is_blank(text ? p[text - 1] : i->previous))
		i->f.trailing_blank = true;
	if (n)
		i->previous = p[n - 1];
}

static void look_at_end(Inspection *i)
{
	i->f.bare_lf = i->f.bare_lf || i->previous != '\r';
	i->f.trailing_blank = i->f.trailing_blank || is_blank(i->previous);
	i->column = 0;
	i->previous = '\n';
}

static void look_at_piece(Inspection *i, const uint8_t *p, size_t n)
{
	uint8_t high = 0;

	for (size_t k = 0; k < n; k++)
		high |= p[k];
	i->f.eight_bit = i->f.eight_bit || high & 0x80;
	i->f.control = i->f.control || memchr(p, 0, n) != NULL;
	while (n) {
		const uint8_t *lf = memchr(p, '\n', n);
		size_t run = lf ? (size_t)(lf - p) : n;

		look_at_run(i, p, run);
		if (lf)
			look_at_end(i);
		p += run + (lf != NULL);
		n -= run + (lf != NULL);
	}
}

static bool inspect(WaxCanonical *plan, const WaxPart *part, Findings *ret, GError **error)
{
	Inspection i = { .previous = '\n' };
	uint64_t at = part->body;

	while (at < part->end) {
		size_t n;

		if (!read_piece(&plan->in, at, part->end, plan->chunk, CHUNK, &n, error))
			return false;
		look_at_piece(&i, plan->chunk, n);
		at += n;
	}
	i.f.trailing_blank = i.f.trailing_blank || (part->end > part->body && is_blank(i.previous));
	/* a CR at the very end becomes a line end */
	i.f.bare_lf = i.f.bare_lf || i.previous == '\r';
	*ret = i.f;
	return true;
}

static bool load_header(WaxCanonical *plan, const WaxPart *part, WaxSpan *ret_block, GError **error)
{
	uint64_t n = part->body - part->start;
	size_t got;

	if (n > WAX_LIMIT_HEADER_OCTETS)
		return wax_fail(error, WAX_R_MIME_HEADER_SIZE, "a header is larger than %d octets",
			WAX_LIMIT_HEADER_OCTETS);
	if (n && !read_piece(
			 &plan->in, part->start, part->body, plan->header, (size_t)n, &got, error))
		return false;
	*ret_block = WAX_SPAN(plan->header, (size_t)n);
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
	       end_lines(c, error) && put_text(c, suffix, error) && put_text(c, "\r\n", error);
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
		if (!put_lines(c, field.whole.p, field.whole.n, error) || !end_lines(c, error))
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

		if (!read_piece(c->in, at, part->end, c->chunk, CHUNK, &n, error))
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

		if (!read_piece(c->in, at, part->end, c->chunk, CHUNK, &n, error))
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

/* copy_clean - lines that are as they must be but, perhaps, for their ends */
static bool copy_clean(Canon *c, const WaxPart *part, const Findings *f, GError **error)
{
	return f->bare_lf ? copy_lines(c, part->body, part->end, error)
			  : copy_raw(c, part->body, part->end, error);
}

static bool write_leaf(Canon *c, uint32_t index, WaxSpan block, GError **error)
{
	const WaxPart *part = &c->parts[index];
	g_auto(WaxContent) content = { NULL };
	Findings f = c->plan->findings[index];
	bool base64, quoted, text;

	wax_content_read(block, &content);
	base64 = strcmp(content.encoding, "base64") == 0;
	quoted = strcmp(content.encoding, "quoted-printable") == 0;
	text = g_str_has_prefix(content.type, "text/");
	if (base64 || quoted) {
		/* inside an encoding trailing blanks are no content and "From " is rare: keep the bytes */
		if (!f.eight_bit && !f.control && !f.long_line && !(quoted && f.from_line))
			return put_header(c, index == 0, block, NULL, error) &&
			       copy_clean(c, part, &f, error);
		return put_header(c, index == 0, block, "base64", error) &&
		       decode_again(c, part, base64, error);
	}
	if (!f.eight_bit && !f.control && !f.long_line && !f.trailing_blank && !f.from_line)
		return put_header(c, index == 0, block,
			       strcmp(content.encoding, "7bit") == 0 ? NULL : "7bit", error) &&
		       copy_clean(c, part, &f, error);
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

	if (!load_header(c->plan, part, &block, error))
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

static bool find_parts(WaxCanonical *plan, GError **error)
{
	g_autofree WaxSplit *split = g_new0(WaxSplit, 1);
	WaxSplitLimits limits = { WAX_LIMIT_MIME_DEPTH, WAX_LIMIT_HEADER_OCTETS };
	uint64_t at = 0, end = plan->in.to - plan->in.from;
	WaxFault fault;

	wax_split_init(split, plan->parts, WAX_LIMIT_MIME_PARTS,
		(WaxBuffer){ plan->header, 0, WAX_LIMIT_HEADER_OCTETS }, &limits);
	while (at < end) {
		size_t n;

		if (!read_piece(&plan->in, at, end, plan->chunk, CHUNK, &n, error))
			return false;
		if (!wax_split_feed(split, WAX_SPAN(plan->chunk, n), &fault))
			return wax_fail_fault(error, &fault, "the message");
		at += n;
	}
	if (!wax_split_finish(split, &fault))
		return wax_fail_fault(error, &fault, "the message");
	plan->count = split->count;
	return true;
}

/* is_kept - this part, or one that it lies in, passes as it is */
static bool is_kept(const WaxCanonical *plan, const bool *sealed, uint32_t index)
{
	for (uint32_t i = index; i != WAX_PART_NONE; i = plan->parts[i].parent)
		if (sealed[i])
			return true;
	return false;
}

static bool inspect_leaves(WaxCanonical *plan, GError **error)
{
	g_autofree bool *sealed = g_new0(bool, plan->count);

	plan->findings = g_new0(Findings, plan->count);
	for (uint32_t i = 0; i < plan->count; i++) {
		const WaxPart *part = &plan->parts[i];
		g_auto(WaxContent) content = { NULL };
		WaxSpan block;

		if (!load_header(plan, part, &block, error))
			return false;
		wax_content_read(block, &content);
		sealed[i] = is_sealed(content.type);
		if (part->multipart || part->rfc822 || is_kept(plan, sealed, i))
			continue;
		if (!inspect(plan, part, &plan->findings[i], error))
			return false;
	}
	return true;
}

bool wax_canonical_plan(const WaxEntity *entity, const WaxCanonicalOptions *options,
	WaxCanonical **ret_plan, GError **error)
{
	g_autoptr(WaxCanonical) plan = g_new0(WaxCanonical, 1);

	plan->in = *entity;
	plan->options = options;
	plan->parts = g_new(WaxPart, WAX_LIMIT_MIME_PARTS);
	plan->header = g_malloc(WAX_LIMIT_HEADER_OCTETS);
	plan->chunk = g_malloc(CHUNK);
	/* every octet may be a line end that grows; a header is put as one piece */
	plan->lines = g_malloc(2 * WAX_LIMIT_HEADER_OCTETS + 2);
	if (!find_parts(plan, error) || !inspect_leaves(plan, error))
		return false;
	*ret_plan = g_steal_pointer(&plan);
	return true;
}

bool wax_canonical_write(WaxCanonical *plan, WaxWriteFunc write, void *data, GError **error)
{
	Canon c = { .plan = plan,
		.in = &plan->in,
		.options = plan->options,
		.write = write,
		.data = data,
		.parts = plan->parts,
		.count = plan->count,
		.header = plan->header,
		.chunk = plan->chunk };

	return write_part(&c, 0, error);
}

void wax_canonical_free(WaxCanonical *plan)
{
	if (!plan)
		return;
	g_free(plan->parts);
	g_free(plan->findings);
	g_free(plan->header);
	g_free(plan->chunk);
	g_free(plan->lines);
	g_free(plan);
}
