/* SPDX-License-Identifier: Apache-2.0 */
/* reading one level: a range of it, its header block, its parts */
#include "smime/open_internal.h"

#include <string.h>

#include "mime/fields.h"

#define PARTS_MAX 1000
#define DEPTH_MAX 8

bool wax_opened_run(WaxOpened *o, unsigned n, uint64_t from, uint64_t to, WaxSinkFunc write,
	void *data, GError **error)
{
	WaxSink sink = { write, data };

	o->levels.enough = false;
	return wax_levels_run(&o->levels, n, from, to, &sink, error);
}

/* --- a range --- */

typedef struct {
	GByteArray *bytes;
	size_t limit;
	bool over;
} Gather;

static bool gather(void *data, WaxSpan bytes, GError **error)
{
	Gather *into = data;
	(void)error;

	if (bytes.n > into->limit - into->bytes->len)
		into->over = true;
	else
		g_byte_array_append(into->bytes, bytes.p, (guint)bytes.n);
	return true;
}

bool wax_opened_read_range(WaxOpened *o, unsigned n, uint64_t from, uint64_t to, size_t limit,
	GByteArray **ret_bytes, bool *ret_over, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	Gather into = { bytes, limit, false };

	if (!wax_opened_run(o, n, from, to, gather, &into, error))
		return false;
	*ret_over = into.over;
	*ret_bytes = g_steal_pointer(&bytes);
	return true;
}

/* --- header blocks --- */

/* where the empty line ends, or 0 */
static size_t header_end(const GByteArray *block, size_t from)
{
	size_t at = from > 3 ? from - 3 : 0;

	if (block->len && block->data[0] == '\n')
		return 1;
	if (block->len > 1 && block->data[0] == '\r' && block->data[1] == '\n')
		return 2;
	for (; at + 1 < block->len; at++) {
		if (block->data[at] != '\n')
			continue;
		if (block->data[at + 1] == '\n')
			return at + 2;
		if (at + 2 < block->len && block->data[at + 1] == '\r' &&
			block->data[at + 2] == '\n')
			return at + 3;
	}
	return 0;
}

static bool take_header(void *data, WaxSpan bytes, GError **error)
{
	WaxOpenHeader *header = data;
	size_t before = header->block->len, end;
	(void)error;

	if (bytes.n > WAX_OPEN_HEADER_MAX - before)
		bytes.n = WAX_OPEN_HEADER_MAX - before;
	g_byte_array_append(header->block, bytes.p, (guint)bytes.n);
	end = header_end(header->block, before);
	if (end) {
		g_byte_array_set_size(header->block, (guint)end);
		header->complete = true;
	}
	header->o->levels.enough = end || header->block->len == WAX_OPEN_HEADER_MAX;
	return true;
}

bool wax_open_has_fields(WaxSpan block)
{
	WaxField field;

	while (wax_field_next(&block, &field))
		if (!field.nameless)
			return true;
	return false;
}

size_t wax_open_header_end(WaxSpan block)
{
	GByteArray bytes = { (guint8 *)(uintptr_t)block.p, (guint)block.n };

	return header_end(&bytes, 0);
}

bool wax_opened_read_header(WaxOpened *o, unsigned n, WaxOpenHeader *header, GError **error)
{
	*header = (WaxOpenHeader){ .o = o, .block = g_byte_array_new() };
	return wax_opened_run(o, n, 0, UINT64_MAX, take_header, header, error);
}

/* --- parts --- */

static bool split_write(void *data, WaxSpan bytes, GError **error)
{
	WaxOpenParts *parts = data;
	(void)error;

	if (!parts->broken)
		parts->broken = !wax_split_feed(&parts->split, bytes, &parts->fault);
	return true;
}

void wax_open_parts_done(WaxOpenParts *parts)
{
	g_free(parts->parts);
	g_free(parts->room);
}

bool wax_opened_split(WaxOpened *o, unsigned n, WaxOpenParts *parts, GError **error)
{
	WaxSplitLimits split_limits = { DEPTH_MAX, WAX_OPEN_HEADER_MAX };
	/* a header is no larger than what it stands in */
	size_t room = (size_t)MIN(wax_level(&o->levels, n)->size, WAX_OPEN_HEADER_MAX);

	memset(parts, 0, sizeof *parts);
	parts->parts = g_new(WaxPart, PARTS_MAX); /* each is set when it begins */
	parts->room = g_malloc(room);
	wax_split_init(&parts->split, parts->parts, PARTS_MAX, (WaxBuffer){ parts->room, 0, room },
		&split_limits);
	if (!wax_opened_run(o, n, 0, UINT64_MAX, split_write, parts, error)) {
		wax_open_parts_done(parts);
		return false;
	}
	if (!parts->broken)
		parts->broken = !wax_split_finish(&parts->split, &parts->fault);
	return true;
}
