/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/split.h"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool white(uint8_t c)
{
	return blank(c) || c == '\r' || c == '\n';
}

/* to_line_end - octets up to and including the next LF, or all of them */
static size_t to_line_end(WaxSpan in, bool *ret_found)
{
	size_t i = 0;

	/* eight octets at a time: an octet is LF when it is zero after the exclusive or */
	while (in.n - i >= 8) {
		uint64_t word;

		__builtin_memcpy(&word, in.p + i, sizeof word);
		word ^= 0x0a0a0a0a0a0a0a0aull;
		if ((word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull)
			break;
		i += 8;
	}
	for (; i < in.n; i++)
		if (in.p[i] == '\n') {
			*ret_found = true;
			return i + 1;
		}
	*ret_found = false;
	return in.n;
}

typedef uint64_t Octets __attribute__((vector_size(16)));
typedef uint8_t Lanes __attribute__((vector_size(16)));

/* line_then_dash - at which of these sixteen octets does a line end with a dash behind it? */
static inline Octets line_then_dash(const uint8_t *p)
{
	Lanes here, next;

	__builtin_memcpy(&here, p, sizeof here);
	__builtin_memcpy(&next, p + 1, sizeof next);
	return (Octets)(here == '\n') & (Octets)(next == '-');
}

/* to_dashes - octets before the first line, but that at the front, that begins with "--"; all when there is none */
static size_t to_dashes(WaxSpan in)
{
	size_t i = 0;

	while (in.n - i > 2) {
		for (; in.n - i > 64; i += 64) {
			Octets any = line_then_dash(in.p + i) | line_then_dash(in.p + i + 16) |
				     line_then_dash(in.p + i + 32) | line_then_dash(in.p + i + 48);

			if (any[0] | any[1])
				break;
		}
		for (size_t end = in.n - i > 66 ? i + 64 : in.n - 2; i < end; i++)
			if (in.p[i] == '\n' && in.p[i + 1] == '-' && in.p[i + 2] == '-')
				return i + 1;
	}
	return in.n;
}

void wax_split_init(WaxSplit *split, WaxPart *parts, uint32_t room, WaxBuffer header,
	const WaxSplitLimits *limits)
{
	*split = (WaxSplit){ .parts = parts, .room = room, .header = header, .limits = *limits };
	split->header.n = 0;
	split->current = WAX_PART_NONE;
	if (split->limits.depth > WAX_SPLIT_DEPTH)
		split->limits.depth = WAX_SPLIT_DEPTH;
}

static bool stop(WaxSplit *s, WaxReason reason)
{
	s->failed = true;
	return wax_fault(&s->fault, reason, s->at);
}

static bool begin_part(WaxSplit *s, uint64_t at, uint32_t parent)
{
	if (s->count == s->room)
		return stop(s, WAX_R_MIME_PARTS);
	if (parent != WAX_PART_NONE) {
		s->parts[parent].children++;
		if (s->parts[parent].depth + 1 > s->limits.depth)
			return stop(s, WAX_R_MIME_DEPTH);
	}
	s->parts[s->count] = (WaxPart){ .start = at,
		.body = at,
		.end = at,
		.parent = parent,
		.open = true,
		.depth = parent == WAX_PART_NONE ? 0 : s->parts[parent].depth + 1 };
	s->current = s->count++;
	s->in_header = true;
	s->header.n = 0;
	return true;
}

/* end_header - the empty line was read: what is this part? */
static bool end_header(WaxSplit *s, uint64_t body)
{
	WaxPart *part = &s->parts[s->current];
	WaxSpan block = { s->header.p, s->header.n };
	uint8_t type_room[64];
	WaxBuffer type = { type_room, 0, sizeof type_room };
	WaxField field, content_type = { .value = WAX_SPAN_NONE };
	bool identity = true, twice;

	part->body = body;
	s->in_header = false;
	while (wax_field_next(&block, &field)) {
		if (!content_type.value.p && wax_field_is(&field, "content-type"))
			content_type = field;
		if (wax_field_is(&field, "content-transfer-encoding"))
			for (size_t i = 0; i < field.value.n; i++)
				if (lower(field.value.p[i]) == 'q' ||
					lower(field.value.p[i]) == 's')
					identity = false; /* quoted-printable, base64 */
	}
	if (!content_type.value.p)
		return true;
	wax_media_type(content_type.value, &type);
	if (type.n > 10 && wax_span_equal((WaxSpan){ type.p, 10 }, WAX_SPAN_LIT("multipart/"))) {
		WaxSplitLevel *level = &s->levels[s->depth];
		WaxBuffer boundary = { level->boundary, 0, WAX_SPLIT_BOUNDARY };

		if (!wax_param(content_type.value, "boundary", &boundary, &twice) ||
			boundary.n == 0)
			return true;
		if (s->depth == WAX_SPLIT_DEPTH - 1)
			return stop(s, WAX_R_MIME_DEPTH);
		part->multipart = true;
		level->part = s->current;
		level->n = (uint32_t)boundary.n;
		level->ended = false;
		s->depth++;
		s->current = WAX_PART_NONE; /* the preamble belongs to nobody */
		return true;
	}
	if (identity &&
		wax_span_equal((WaxSpan){ type.p, type.n }, WAX_SPAN_LIT("message/rfc822"))) {
		part->rfc822 = true;
		return begin_part(s, body, s->current);
	}
	return true;
}

/* match - is this line a delimiter of that level? */
static bool match(const WaxSplit *s, const WaxSplitLevel *level, uint32_t n, bool *ret_closing)
{
	uint32_t at = 2 + level->n;

	if (n < at || s->line[0] != '-' || s->line[1] != '-' ||
		!wax_span_equal(
			(WaxSpan){ s->line + 2, level->n }, (WaxSpan){ level->boundary, level->n }))
		return false;
	*ret_closing = n >= at + 2 && s->line[at] == '-' && s->line[at + 1] == '-';
	if (*ret_closing)
		at += 2;
	for (; at < n; at++)
		if (!blank(s->line[at]))
			return false;
	return true;
}

/* close_open - every part after this one that is still open ends here */
static void close_open(WaxSplit *s, uint32_t after, uint64_t end)
{
	for (uint32_t i = s->count; i-- > after;) {
		WaxPart *part = &s->parts[i];

		if (!part->open)
			continue;
		part->open = false;
		part->end = end;
		/* an empty message/rfc822: the line break before it belongs to the boundary after it */
		if (part->start > end)
			part->start = end;
		if (part->body > part->end)
			part->body = part->end;
	}
}

/* delimiter - a boundary line of `level`, whose first octet stands at line_start */
static bool delimiter(WaxSplit *s, uint32_t level, bool closing, uint64_t next_line)
{
	uint64_t end = s->line_start - s->previous_end;
	uint32_t multipart = s->levels[level].part;

	close_open(s, multipart + 1, end);
	s->depth = level + 1;
	s->in_header = false;
	s->current = WAX_PART_NONE;
	if (closing) {
		s->levels[level].ended = true;
		s->parts[multipart].closed = true;
		return true;
	}
	if (s->levels[level].ended) {
		/* a part after the closing boundary is epilogue, whatever it looks like */
		s->parts[multipart].has_epilogue = true;
		return true;
	}
	return begin_part(s, next_line, multipart);
}

/* end_line - one whole line, break included, lies behind us; n octets without the break */
static bool end_line(WaxSplit *s, uint32_t n, bool empty)
{
	for (uint32_t level = s->depth; level-- > 0;) {
		bool closing;

		if (!s->line_long && match(s, &s->levels[level], n, &closing))
			return delimiter(s, level, closing, s->at);
	}
	if (s->in_header && empty)
		return end_header(s, s->at);
	if (s->current == WAX_PART_NONE && s->depth && !empty) {
		WaxSplitLevel *level = &s->levels[s->depth - 1];

		if (level->ended)
			s->parts[level->part].has_epilogue = true;
		else
			s->parts[level->part].has_preamble = true;
	}
	return true;
}

/* keep_line - only what may be a delimiter or empty is looked at again */
static void keep_line(WaxSplit *s, WaxSpan piece)
{
	if (s->line_n == 0 && piece.n > 2 && (piece.p[0] != '-' || piece.p[1] != '-'))
		s->line_long = true;
	for (size_t i = 0; i < piece.n && !s->line_long; i++) {
		if (s->line_n == sizeof s->line)
			s->line_long = true;
		else
			s->line[s->line_n++] = piece.p[i];
	}
}

static bool keep_header(WaxSplit *s, WaxSpan piece)
{
	if (s->header.n + piece.n > s->header.room ||
		s->header.n + piece.n > s->limits.header_octets)
		return stop(s, WAX_R_MIME_HEADER_SIZE);
	for (size_t i = 0; i < piece.n; i++)
		s->header.p[s->header.n++] = piece.p[i];
	return true;
}

/* says_nothing - what a body line is that begins with no dash changes nothing any more */
static bool says_nothing(const WaxSplit *s)
{
	const WaxSplitLevel *level = s->depth ? &s->levels[s->depth - 1] : NULL;

	if (s->in_header || s->line_n || s->line_long || s->last_cr)
		return false;
	if (s->current != WAX_PART_NONE || !level)
		return true;
	return level->ended ? s->parts[level->part].has_epilogue
			    : s->parts[level->part].has_preamble;
}

/* skip_lines - past the whole lines at the front that cannot be delimiters */
static WaxSpan skip_lines(WaxSplit *s, WaxSpan in)
{
	size_t n = in.n;

	if (!says_nothing(s) || n < 2 || (s->depth && in.p[0] == '-' && in.p[1] == '-'))
		return in;
	if (s->depth)
		n = to_dashes(in);
	while (n && in.p[n - 1] != '\n')
		n--;
	if (n == 0)
		return in;
	s->at += n;
	s->line_start = s->at;
	s->previous_end = n > 1 && in.p[n - 2] == '\r' ? 2 : 1;
	return (WaxSpan){ in.p + n, in.n - n };
}

bool wax_split_feed(WaxSplit *s, WaxSpan in, WaxFault *fault)
{
	if (!s->failed && s->count == 0 && !begin_part(s, 0, WAX_PART_NONE))
		s->failed = true;
	while (!s->failed && (in = skip_lines(s, in)).n) {
		bool found;
		size_t n = to_line_end(in, &found);
		WaxSpan piece = { in.p, n };
		uint32_t break_n, length;

		if (s->in_header && !keep_header(s, piece))
			break;
		keep_line(s, piece);
		s->at += n;
		in = (WaxSpan){ in.p + n, in.n - n };
		if (!found) {
			s->last_cr = piece.p[n - 1] == '\r';
			break;
		}
		break_n = (n > 1 ? piece.p[n - 2] == '\r' : s->last_cr) ? 2 : 1;
		length = s->line_long ? s->line_n : s->line_n - break_n;
		if (!end_line(s, length, !s->line_long && length == 0))
			break;
		s->line_n = 0;
		s->line_long = s->last_cr = false;
		s->line_start = s->at;
		s->previous_end = break_n;
	}
	if (s->failed && fault)
		*fault = s->fault;
	return !s->failed;
}

bool wax_split_finish(WaxSplit *s, WaxFault *fault)
{
	if (!s->failed && s->count == 0 && !begin_part(s, 0, WAX_PART_NONE))
		s->failed = true;
	if (!s->failed && s->at > s->line_start) {
		/* a last line without a break may still be the closing boundary, or an epilogue */
		if (!end_line(s, s->line_n, false))
			s->failed = true;
	}
	if (!s->failed) {
		if (s->in_header)
			s->parts[s->current].body = s->at;
		close_open(s, 0, s->at);
	}
	if (s->failed && fault)
		*fault = s->fault;
	return !s->failed;
}

bool wax_field_next(WaxSpan *block, WaxField *ret_field)
{
	WaxField field = { .name = WAX_SPAN_NONE };
	size_t n = 0, colon = SIZE_MAX, name_n;
	bool found = true;

	if (block->n == 0 || block->p[0] == '\n' ||
		(block->n > 1 && block->p[0] == '\r' && block->p[1] == '\n'))
		return false;
	do {
		n += to_line_end((WaxSpan){ block->p + n, block->n - n }, &found);
	} while (n < block->n && blank(block->p[n]));
	field.whole = (WaxSpan){ block->p, n };
	for (size_t i = 0; i < n && block->p[i] != '\n'; i++)
		if (block->p[i] == ':') {
			colon = i;
			break;
		}
	*block = (WaxSpan){ block->p + n, block->n - n };
	while (n && (field.whole.p[n - 1] == '\n' || field.whole.p[n - 1] == '\r') &&
		field.whole.n - n < 2 && (field.whole.p[n - 1] == '\n' || field.whole.n - n == 1))
		n--;
	if (colon == SIZE_MAX) {
		field.nameless = true;
		field.value = (WaxSpan){ field.whole.p, n };
	} else {
		for (name_n = colon; name_n && blank(field.whole.p[name_n - 1]);)
			name_n--;
		field.name = (WaxSpan){ field.whole.p, name_n };
		field.value = (WaxSpan){ field.whole.p + colon + 1, n > colon ? n - colon - 1 : 0 };
	}
	*ret_field = field;
	return true;
}

bool wax_field_is(const WaxField *field, const char *name)
{
	size_t i;

	for (i = 0; i < field->name.n && name[i]; i++)
		if (lower(field->name.p[i]) != lower((uint8_t)name[i]))
			return false;
	return i == field->name.n && !name[i] && !field->nameless;
}

void wax_media_type(WaxSpan value, WaxBuffer *out)
{
	size_t i = 0;

	out->n = 0;
	while (i < value.n && white(value.p[i]))
		i++;
	for (; i < value.n && value.p[i] != ';'; i++) {
		if (white(value.p[i]))
			continue;
		if (out->n == out->room) {
			out->n = 0;
			return;
		}
		out->p[out->n++] = lower(value.p[i]);
	}
}

/* skip_comment - RFC 5322 comments among parameters */
static size_t skip_white(WaxSpan value, size_t i)
{
	unsigned depth = 0;

	for (; i < value.n; i++) {
		if (value.p[i] == '(')
			depth++;
		else if (value.p[i] == ')' && depth)
			depth--;
		else if (value.p[i] == '\\' && depth)
			i++;
		else if (!depth && !white(value.p[i]))
			break;
	}
	return i;
}

/* take_value - a token or a quoted string; out may be full, which is told by *ret_fits */
static size_t take_value(WaxSpan value, size_t i, WaxBuffer *out, bool *ret_fits)
{
	bool quoted = i < value.n && value.p[i] == '"';

	*ret_fits = true;
	out->n = 0;
	for (i += quoted; i < value.n; i++) {
		uint8_t c = value.p[i];

		if (quoted && c == '"') {
			i++;
			break;
		}
		if (quoted && c == '\\' && i + 1 < value.n)
			c = value.p[++i];
		else if (!quoted && (white(c) || c == ';' || c == '('))
			break;
		if (c == '\r' || c == '\n')
			continue;
		if (out->n == out->room)
			*ret_fits = false;
		else
			out->p[out->n++] = c;
	}
	/* trailing blanks of a boundary are not part of it (RFC 2046 5.1.1) */
	while (out->n && blank(out->p[out->n - 1]))
		out->n--;
	return i;
}

bool wax_param(WaxSpan value, const char *name, WaxBuffer *out, bool *ret_twice)
{
	uint8_t spare_room[WAX_SPLIT_BOUNDARY];
	WaxBuffer spare = { spare_room, 0, sizeof spare_room };
	bool found = false, fits = true;
	size_t i = 0;

	*ret_twice = false;
	while (i < value.n && value.p[i] != ';')
		i++;
	while (i < value.n) {
		size_t from, k;
		bool same;

		i = skip_white(value, i + 1);
		from = i;
		while (i < value.n && value.p[i] != '=' && value.p[i] != ';' && !white(value.p[i]))
			i++;
		for (k = 0; from + k < i && name[k] &&
			    lower(value.p[from + k]) == lower((uint8_t)name[k]);)
			k++;
		same = from + k == i && !name[k];
		i = skip_white(value, i);
		if (i < value.n && value.p[i] == '=') {
			bool this_fits;

			i = skip_white(value, i + 1);
			i = take_value(value, i, same && !found ? out : &spare, &this_fits);
			if (same && !found)
				fits = this_fits;
			if (same && found)
				*ret_twice = true;
			found = found || same;
		}
		while (i < value.n && value.p[i] != ';')
			i++;
	}
	return found && fits;
}
