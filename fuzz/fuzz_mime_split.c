/* SPDX-License-Identifier: Apache-2.0 */
/* Parts lie inside the input, in order and nested, and are the same however the input is cut. */
#include <glib.h>
#include <string.h>

#include "mime/addresses.h"
#include "mime/fields.h"
#include "mime/split.h"
#include "must.h"

#define PARTS 200

static bool run(WaxPart *parts, WaxSplit *split, const uint8_t *data, size_t size, size_t piece)
{
	static uint8_t header[16384];
	WaxSplitLimits limits = { 8, sizeof header };

	wax_split_init(split, parts, PARTS, (WaxBuffer){ header, 0, sizeof header }, &limits);
	for (size_t at = 0; at < size; at += piece)
		if (!wax_split_feed(split, WAX_SPAN(data + at, MIN(piece, size - at)), NULL))
			return false;
	return wax_split_finish(split, NULL);
}

/* who counts as author is read by the looser way as well, and as the same */
static void check_authors(WaxSpan block)
{
	g_autoptr(GPtrArray) strict = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) loose = g_ptr_array_new_with_free_func(g_free);
	bool read = wax_addresses_read(block, "from", loose);

	if (!wax_addresses_author(block, "from", strict))
		return;
	must(read && strict->len == loose->len);
	for (guint i = 0; i < strict->len; i++)
		must(strcmp(strict->pdata[i], loose->pdata[i]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static WaxPart whole[PARTS], cut[PARTS];
	static WaxSplit one, two;
	WaxSpan block = WAX_SPAN(data, size);
	WaxContent content;
	WaxField field;
	size_t total = 0;
	bool ok = run(whole, &one, data, size, size ? size : 1);

	must(run(cut, &two, data, size, 3) == ok);
	for (uint32_t i = 0; ok && i < one.count; i++) {
		must(whole[i].start <= whole[i].body && whole[i].body <= whole[i].end && whole[i].end <= size);
		must(whole[i].start == cut[i].start && whole[i].body == cut[i].body && whole[i].end == cut[i].end);
		must(i == 0 || whole[i].parent < i);
		must(i == 0 || whole[i].start >= whole[whole[i].parent].start);
		must(i == 0 || whole[i].end <= whole[whole[i].parent].end);
	}
	while (wax_field_next(&block, &field)) {
		must(field.whole.n > 0 && field.whole.p >= data && field.whole.p + field.whole.n <= data + size);
		must(field.value.n <= field.whole.n && field.name.n <= field.whole.n);
		total += field.whole.n;
	}
	must(total <= size);
	wax_content_read(WAX_SPAN(data, size), &content);
	must(content.type && content.encoding);
	wax_content_clear(&content);
	check_authors(WAX_SPAN(data, size));
	return 0;
}
