/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/canonical.h"

#include <string.h>

#include "core/bounds.h"
#include "core/status.h"
#include "mime/fields.h"
#include "mime/legacy.h"
#include "mime/lines.h"
#include "mime/transfer.h"

#define CHUNK	   (64 * 1024)
#define LEGACY_MAX (4 * 1024 * 1024) /* of a text that is taken apart to put lines at its head */

_Static_assert(CHUNK <= WAX_LIMIT_HEADER_OCTETS, "a piece of text fits the room for lines");

struct WaxCanonical {
	WaxEntity in;
	const WaxCanonicalOptions *options;
	WaxPart *parts;
	WaxFindings *findings; /* of the leaves that are ours to change, by part */
	bool *mains;	       /* by part: text that gets the legacy display */
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
	bool last_cr;		 /* of the run of lines being written */
	const char *part_type;	 /* of the part being written: in place of its type; NULL */
	const char *part_suffix; /* of the part being written, after its type; NULL */
} Canon;

static bool put(Canon *c, const void *bytes, size_t n, GError **error)
{
	return n == 0 || c->write(c->data, WAX_SPAN(bytes, n), error);
}

static bool put_text(Canon *c, const char *text, GError **error)
{
	return put(c, text, strlen(text), error);
}

/* take_piece - up to CHUNK octets of the entity at an offset relative to its start: where they lie, or in `room` */
static bool take_piece(const WaxEntity *in, uint64_t at, uint64_t end, uint8_t *room,
	WaxSpan *ret_piece, GError **error)
{
	size_t want = (size_t)MIN((uint64_t)CHUNK, end - at), got;

	if (in->span.p) {
		if (in->from + at + want > in->span.n)
			return wax_fail(
				error, WAX_R_INTERNAL, "an entity lies outside of its message");
		*ret_piece = WAX_SPAN(in->span.p + in->from + at, want);
		return true;
	}
	if (!in->read(in->data, in->from + at, room, want, &got, error))
		return false;
	if (got != want)
		return wax_fail(error, WAX_R_IO, "the message became shorter while it was read");
	*ret_piece = WAX_SPAN(room, want);
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
		WaxSpan piece;

		if (!take_piece(c->in, from, to, c->chunk, &piece, error) ||
			!put_lines(c, piece.p, piece.n, error))
			return false;
		from += piece.n;
	}
	return end_lines(c, error);
}

static bool copy_raw(Canon *c, uint64_t from, uint64_t to, GError **error)
{
	while (from < to) {
		WaxSpan piece;

		if (!take_piece(c->in, from, to, c->chunk, &piece, error) ||
			!put(c, piece.p, piece.n, error))
			return false;
		from += piece.n;
	}
	return true;
}

static bool inspect(WaxCanonical *plan, const WaxPart *part, WaxFindings *ret, GError **error)
{
	uint64_t at = part->body;
	WaxLines lines;

	wax_lines_begin(&lines);
	while (at < part->end) {
		WaxSpan piece;

		if (!take_piece(&plan->in, at, part->end, plan->chunk, &piece, error))
			return false;
		wax_lines_look(&lines, piece);
		at += piece.n;
	}
	*ret = wax_lines_end(&lines);
	return true;
}

static bool load_header(WaxCanonical *plan, const WaxPart *part, WaxSpan *ret_block, GError **error)
{
	uint64_t n = part->body - part->start, done = 0;
	WaxSpan piece;

	if (n > WAX_LIMIT_HEADER_OCTETS)
		return wax_fail(error, WAX_R_MIME_HEADER_SIZE, "a header is larger than %d octets",
			WAX_LIMIT_HEADER_OCTETS);
	while (done < n) {
		if (!take_piece(
			    &plan->in, part->start + done, part->body, plan->chunk, &piece, error))
			return false;
		memcpy(plan->header + done, piece.p, piece.n);
		done += piece.n;
	}
	*ret_block = WAX_SPAN(plan->header, (size_t)n);
	return true;
}

static bool is_content_field(const WaxField *field)
{
	return field->name.n > 8 &&
	       g_ascii_strncasecmp((const char *)field->name.p, "content-", 8) == 0;
}

/* is_mark - a parameter that only we may set at the root, at p[i] */
static bool is_mark(const uint8_t *p, size_t n, size_t i)
{
	size_t end = i + 2;

	if (n - i < 3 || g_ascii_strncasecmp((const char *)p + i, "hp", 2) != 0 ||
		(i && p[i - 1] != ';' && !g_ascii_isspace(p[i - 1])))
		return false;
	while (end < n && g_ascii_isspace(p[end]))
		end++;
	return end < n && p[end] == '=';
}

/* unmarked - the value, with an "hp" that came with the message under a name that says nothing */
static GByteArray *unmarked(const uint8_t *p, size_t n)
{
	GByteArray *out = g_byte_array_sized_new((guint)n + 16);
	bool quoted = false;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"')
			quoted = !quoted;
		if (!quoted && is_mark(p, n, i))
			g_byte_array_append(out, (const uint8_t *)"x-", 2);
		g_byte_array_append(out, p + i, 1);
		if (p[i] == '\\' && quoted && i + 1 < n)
			g_byte_array_append(out, p + ++i, 1);
	}
	return out;
}

static bool put_type(Canon *c, const WaxField *field, const char *suffix, GError **error)
{
	g_autoptr(GByteArray) value = NULL;
	size_t n = field->value.n;

	while (n && g_ascii_isspace(field->value.p[n - 1]))
		n--;
	value = c->part_type ? g_byte_array_append(g_byte_array_new(),
				       (const uint8_t *)c->part_type, (guint)strlen(c->part_type))
			     : unmarked(field->value.p, n);
	c->last_cr = false;
	return put_text(c, "Content-Type:", error) &&
	       put_lines(c, value->data, value->len, error) && end_lines(c, error) &&
	       put_text(c, c->part_suffix ? c->part_suffix : "", error) &&
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
			if (suffix[0] || c->part_suffix) {
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
	field.value = WAX_SPAN_LIT(" text/plain");
	if ((root || c->part_suffix) && !typed && !put_type(c, &field, suffix, error))
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
		WaxSpan piece;
		size_t use;

		if (!take_piece(c->in, at, part->end, c->chunk, &piece, error))
			return false;
		use = piece.n;
		if (at + piece.n < part->end)
			while (use && piece.p[use - 1] != '\n')
				use--;
		if (use == 0)
			use = piece.n;
		g_byte_array_set_size(out, 0);
		wax_quoted_encode(WAX_SPAN(piece.p, use), out);
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
		WaxSpan piece;

		if (!take_piece(c->in, at, part->end, c->chunk, &piece, error))
			return false;
		if (base64) {
			guint had = plain->len;

			g_byte_array_set_size(plain, had + (guint)piece.n + 3);
			if (!wax_base64_decode(&decoder, piece, plain->data + had, &decoded, error))
				return false;
			g_byte_array_set_size(plain, had + (guint)decoded);
		} else {
			g_byte_array_append(plain, piece.p, (guint)piece.n);
		}
		at += piece.n;
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
static bool copy_clean(Canon *c, const WaxPart *part, const WaxFindings *f, GError **error)
{
	return f->bare_lf ? copy_lines(c, part->body, part->end, error)
			  : copy_raw(c, part->body, part->end, error);
}

/* load_text - a whole body, decoded */
static bool load_text(
	Canon *c, const WaxPart *part, const char *encoding, GByteArray **ret_text, GError **error)
{
	g_autoptr(GByteArray) raw = g_byte_array_new(), text = g_byte_array_new();
	WaxBase64Decoder decoder = { 0 };
	uint64_t at = part->body;
	size_t n;

	while (at < part->end) {
		WaxSpan piece;

		if (!take_piece(c->in, at, part->end, c->chunk, &piece, error))
			return false;
		g_byte_array_append(raw, piece.p, (guint)piece.n);
		at += piece.n;
	}
	if (strcmp(encoding, "quoted-printable") == 0) {
		wax_quoted_decode(WAX_SPAN(raw->data, raw->len), text);
	} else if (strcmp(encoding, "base64") == 0) {
		g_byte_array_set_size(text, raw->len + 3);
		if (!wax_base64_decode(
			    &decoder, WAX_SPAN(raw->data, raw->len), text->data, &n, error) ||
			!wax_base64_decode_end(&decoder, error))
			return false;
		g_byte_array_set_size(text, (guint)n);
	} else {
		*ret_text = g_steal_pointer(&raw);
		return true;
	}
	*ret_text = g_steal_pointer(&text);
	return true;
}

static void keep_parameter(GString *type, WaxSpan value, const char *name)
{
	uint8_t room[16];
	WaxBuffer out = { room, 0, sizeof room };
	bool twice;

	if (wax_param(value, name, &out, &twice) && !memchr(out.p, '"', out.n))
		g_string_append_printf(type, "; %s=%.*s", name, (int)out.n, (char *)out.p);
}

/*
 * legacy_type - the type of a text that now holds UTF-8; NULL when it may stay as it is,
 * false when its charset cannot hold the lines
 */
static bool legacy_type(const Canon *c, WaxSpan block, const WaxContent *content, char **ret_type)
{
	const char *charset = content->charset ? content->charset : "us-ascii";
	g_autoptr(GString) type = NULL;
	WaxSpan value = WAX_SPAN_NONE;

	*ret_type = NULL;
	if (g_str_is_ascii(c->options->legacy) || strcmp(charset, "utf-8") == 0)
		return !g_str_has_prefix(charset, "utf-16") && !g_str_has_prefix(charset, "utf-32");
	if (strcmp(charset, "us-ascii") != 0)
		return false;
	type = g_string_new(NULL);
	g_string_printf(type, " %s; charset=utf-8", content->type);
	(void)wax_fields_count(block, "content-type", &value);
	keep_parameter(type, value, "format");
	keep_parameter(type, value, "delsp");
	*ret_type = g_string_free(g_steal_pointer(&type), false);
	return true;
}

/* write_main - a text with the hidden fields at its head (S-72) */
static bool write_main(Canon *c, uint32_t index, WaxSpan block, const char *kind, const char *type,
	GByteArray *text, GError **error)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	bool ok;

	wax_legacy_insert(text, strcmp(kind, "text/html") == 0, c->options->legacy);
	wax_quoted_encode(WAX_SPAN(text->data, text->len), out);
	c->part_type = type;
	c->part_suffix = "; hp-legacy-display=\"1\"";
	ok = put_header(c, index == 0, block, "quoted-printable", error) &&
	     put(c, out->data, out->len, error);
	c->part_type = c->part_suffix = NULL;
	return ok;
}

static bool write_leaf(Canon *c, uint32_t index, WaxSpan block, GError **error)
{
	const WaxPart *part = &c->parts[index];
	g_auto(WaxContent) content = { NULL };
	WaxFindings f = c->plan->findings[index];
	g_autoptr(GByteArray) whole = NULL;
	g_autofree char *type = NULL;
	bool base64, quoted, text;

	wax_content_read(block, &content);
	if (c->plan->mains && c->plan->mains[index] && part->end - part->body <= LEGACY_MAX &&
		legacy_type(c, block, &content, &type) &&
		load_text(c, part, content.encoding, &whole, NULL))
		return write_main(c, index, block, content.type, type, whole, error);
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
		(WaxBuffer){ plan->header, 0, (size_t)MIN(end, WAX_LIMIT_HEADER_OCTETS) }, &limits);
	while (at < end) {
		WaxSpan piece;

		if (!take_piece(&plan->in, at, end, plan->chunk, &piece, error))
			return false;
		if (!wax_split_feed(split, piece, &fault))
			return wax_fail_fault(error, &fault, "the message");
		at += piece.n;
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

/* is_attached - a file beside the text */
static bool is_attached(WaxSpan block)
{
	uint8_t room[16];
	WaxBuffer kind = { room, 0, sizeof room };
	WaxSpan value;

	if (!wax_fields_count(block, "content-disposition", &value))
		return false;
	wax_media_type(value, &kind);
	return wax_span_equal(WAX_SPAN(kind.p, kind.n), WAX_SPAN_LIT("attachment"));
}

static bool inspect_leaves(WaxCanonical *plan, GError **error)
{
	g_autofree bool *sealed = g_new0(bool, plan->count);
	g_autoptr(GPtrArray) types = g_ptr_array_new_with_free_func(g_free);

	plan->findings = g_new0(WaxFindings, plan->count);
	for (uint32_t i = 0; i < plan->count; i++) {
		const WaxPart *part = &plan->parts[i];
		g_auto(WaxContent) content = { NULL };
		WaxSpan block;

		if (!load_header(plan, part, &block, error))
			return false;
		wax_content_read(block, &content);
		sealed[i] = is_sealed(content.type);
		g_ptr_array_add(types, g_strdup(is_attached(block) ? "" : content.type));
		if (part->multipart || part->rfc822 || is_kept(plan, sealed, i))
			continue;
		if (!inspect(plan, part, &plan->findings[i], error))
			return false;
	}
	if (plan->options->legacy)
		plan->mains = wax_legacy_mains(
			plan->parts, (const char *const *)types->pdata, plan->count);
	return true;
}

bool wax_canonical_plan(const WaxEntity *entity, const WaxCanonicalOptions *options,
	WaxCanonical **ret_plan, GError **error)
{
	g_autoptr(WaxCanonical) plan = g_new0(WaxCanonical, 1);
	size_t size = (size_t)MIN(entity->to - entity->from, WAX_LIMIT_HEADER_OCTETS);

	plan->in = *entity;
	plan->options = options;
	plan->parts = g_new(WaxPart, WAX_LIMIT_MIME_PARTS);
	/* no more than the message has: large rooms cost more than a small message */
	plan->header = g_malloc(MIN(size, WAX_LIMIT_HEADER_OCTETS));
	plan->chunk = entity->span.p ? NULL : g_malloc(MIN(size, CHUNK));
	/* every octet may be a line end that grows; a header is put as one piece */
	plan->lines = g_malloc(2 * MIN(size, WAX_LIMIT_HEADER_OCTETS) + 2);
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
	g_free(plan->mains);
	g_free(plan->header);
	g_free(plan->chunk);
	g_free(plan->lines);
	g_free(plan);
}
