/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/level.h"

#include <string.h>
#include <sys/mman.h>

#include "core/status.h"
#include "smime/compress.h"

#define CHUNK_LEAST 1024
#define ROOMS_KEPT  4
#define KEPT_USED   (64 * 1024) /* of one that took more, the memory goes back at once */

static GMutex rooms_lock;
static WaxBuffer
	rooms[ROOMS_KEPT]; /* mapping and unmapping costs as much as reading a small object */

/* take_room - one that was given back, or an empty buffer */
static WaxBuffer take_room(size_t n)
{
	WaxBuffer room = { 0 };

	g_mutex_lock(&rooms_lock);
	for (size_t i = 0; i < ROOMS_KEPT && !room.p; i++)
		if (rooms[i].p && rooms[i].room == n) {
			room = rooms[i];
			rooms[i] = (WaxBuffer){ 0 };
		}
	g_mutex_unlock(&rooms_lock);
	return room;
}

static bool keep_room(WaxBuffer room)
{
	bool done = false;

	g_mutex_lock(&rooms_lock);
	for (size_t i = 0; i < ROOMS_KEPT && !done; i++)
		if (!rooms[i].p) {
			rooms[i] = (WaxBuffer){ room.p, 0, room.room };
			done = true;
		}
	g_mutex_unlock(&rooms_lock);
	return done;
}

/* anonymous pages: what is not written to takes no memory */
WaxBuffer wax_room_new(size_t n)
{
	WaxBuffer room = take_room(n);
	void *p;

	if (room.p)
		return room;
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	g_assert(p != MAP_FAILED);
	return (WaxBuffer){ p, 0, n };
}

void wax_room_free(WaxBuffer *room)
{
	if (room->p && (room->n > KEPT_USED || !keep_room(*room)))
		(void)munmap(room->p, room->room);
	*room = (WaxBuffer){ 0 };
}

static void drop(GByteArray **bytes)
{
	if (*bytes)
		wax_wipe((*bytes)->data, (*bytes)->len);
	g_clear_pointer(bytes, g_byte_array_unref);
}

static void level_free(void *p)
{
	WaxLevel *level = p;

	g_free(level->part);
	wax_secret_free(level->key);
	drop(&level->iv);
	drop(&level->tag);
	drop(&level->aad);
	drop(&level->kept);
	g_free(level);
}

void wax_levels_init(WaxLevels *levels, const WaxSource *source)
{
	levels->source = source;
	levels->levels = g_ptr_array_new_with_free_func(level_free);
	levels->enough = false;
	levels->chunk = (size_t)CLAMP(source->size, CHUNK_LEAST, WAX_LEVEL_CHUNK);
	wax_levels_push(levels, "1")->size = source->size;
}

void wax_levels_done(WaxLevels *levels)
{
	g_clear_pointer(&levels->levels, g_ptr_array_unref);
}

WaxLevel *wax_levels_push(WaxLevels *levels, const char *part)
{
	WaxLevel *level = g_new0(WaxLevel, 1);

	level->part = g_strdup(part);
	g_ptr_array_add(levels->levels, level);
	return level;
}

static bool run_source(
	WaxLevels *levels, uint64_t from, uint64_t to, const WaxSink *sink, GError **error)
{
	const WaxSource *source = levels->source;
	g_autofree uint8_t *chunk = NULL;

	if (to > source->size)
		to = source->size;
	if (source->span.p)
		return from >= to ||
		       wax_sink_write(sink, (WaxSpan){ source->span.p + from, (size_t)(to - from) },
			       error);
	chunk = g_malloc(levels->chunk);
	while (from < to && !levels->enough) {
		size_t n = (size_t)MIN(to - from, levels->chunk), got;

		if (!wax_source_read(source, from, chunk, n, &got, error))
			return false;
		if (got == 0)
			return true;
		if (!wax_sink_write(sink, (WaxSpan){ chunk, got }, error))
			return false;
		from += got;
	}
	return true;
}

static bool run_kept(
	const GByteArray *kept, uint64_t from, uint64_t to, const WaxSink *sink, GError **error)
{
	if (to > kept->len)
		to = kept->len;
	return from >= to ||
	       wax_sink_write(sink, (WaxSpan){ kept->data + from, (size_t)(to - from) }, error);
}

/* one step of making a level: octets of the level outside come in, its own go out */
typedef struct {
	WaxLevels *levels;
	const WaxLevel *level;
	uint64_t at, from, to; /* of its own octets */
	const WaxSink *sink;
	WaxBase64Decoder base64;
	WaxCmsReader reader;
	WaxBuffer head, tail;
	WaxCipher *cipher;
	WaxZlib *zlib;
	uint8_t *decoded, *plain;
	size_t plain_used; /* the most that lay in it */
} Stage;

static bool deliver(Stage *stage, WaxSpan bytes, GError **error)
{
	uint64_t begin = stage->at, end = begin + bytes.n;

	stage->at = end;
	if (end <= stage->from || begin >= stage->to)
		return true;
	if (begin < stage->from) {
		size_t skip = (size_t)(stage->from - begin);

		bytes = (WaxSpan){ bytes.p + skip, bytes.n - skip };
	}
	if (end > stage->to)
		bytes.n -= (size_t)(end - stage->to);
	if (!wax_sink_write(stage->sink, bytes, error))
		return false;
	if (end >= stage->to && stage->level->cipher == WAX_CIPHER_NONE)
		stage->levels->enough = true;
	return true;
}

static bool deliver_expanded(void *data, WaxSpan bytes, GError **error)
{
	return deliver(data, bytes, error);
}

static bool decrypt(Stage *stage, WaxSpan content, GError **error)
{
	if (stage->zlib)
		return wax_zlib_write(stage->zlib, content, error);
	while (content.n) {
		size_t n = MIN(content.n, stage->levels->chunk), got;

		if (!stage->cipher)
			return deliver(stage, content, error);
		stage->plain_used = MAX(stage->plain_used, n + WAX_CIPHER_SLACK);
		if (!wax_cipher_update(
			    stage->cipher, (WaxSpan){ content.p, n }, stage->plain, &got, error))
			return false;
		if (!deliver(stage, (WaxSpan){ stage->plain, got }, error))
			return false;
		content = (WaxSpan){ content.p + n, content.n - n };
	}
	return true;
}

static bool read_object(Stage *stage, WaxSpan in, GError **error)
{
	WaxCmsEvent event;
	WaxSpan content;
	WaxFault fault;

	if (!stage->level->cms)
		return deliver(stage, in, error);
	do {
		if (!wax_cms_reader_step(&stage->reader, &in, &event, &content, &fault))
			return wax_fail_fault(error, &fault, "CMS object");
		if (event == WAX_CMS_CONTENT && !decrypt(stage, content, error))
			return false;
	} while (event != WAX_CMS_NEED_INPUT && event != WAX_CMS_END && !stage->levels->enough);
	return true;
}

static bool stage_write(void *data, WaxSpan in, GError **error)
{
	Stage *stage = data;

	if (!stage->level->base64)
		return read_object(stage, in, error);
	while (in.n && !stage->levels->enough) {
		size_t n = MIN(in.n, stage->levels->chunk), got;

		if (!wax_base64_decode(
			    &stage->base64, (WaxSpan){ in.p, n }, stage->decoded, &got, error) ||
			!read_object(stage, (WaxSpan){ stage->decoded, got }, error))
			return false;
		in = (WaxSpan){ in.p + n, in.n - n };
	}
	return true;
}

static bool stage_finish(Stage *stage, GError **error)
{
	WaxSpan tag = stage->level->tag ? WAX_SPAN(stage->level->tag->data, stage->level->tag->len)
					: WAX_SPAN_NONE;
	size_t n;

	if (stage->levels->enough)
		return true;
	if (stage->level->base64 && !wax_base64_decode_end(&stage->base64, error))
		return false;
	if (stage->zlib)
		return wax_zlib_finish(stage->zlib, error);
	if (!stage->cipher)
		return true;
	return wax_cipher_finish(stage->cipher, tag, stage->plain, &n, NULL, error) &&
	       deliver(stage, (WaxSpan){ stage->plain, n }, error);
}

static bool stage_begin(Stage *stage, GError **error)
{
	const WaxLevel *level = stage->level;

	if (level->base64)
		stage->decoded = g_malloc(stage->levels->chunk + 8);
	if (level->cms) {
		stage->head = wax_room_new(WAX_LEVEL_HEAD);
		stage->tail = wax_room_new(WAX_LEVEL_TAIL);
		wax_cms_reader_init(&stage->reader, stage->head, stage->tail);
	}
	if (level->compressed) {
		WaxSink expanded = { deliver_expanded, stage };

		stage->zlib = wax_inflate_new(&expanded, level->most);
	}
	if (level->cipher == WAX_CIPHER_NONE)
		return true;
	stage->plain = g_malloc(stage->levels->chunk + WAX_CIPHER_SLACK);
	stage->cipher = wax_cipher_new(level->cipher, /* encrypt= */ false,
		wax_secret_span(level->key), WAX_SPAN(level->iv->data, level->iv->len), error);
	if (!stage->cipher || !wax_cipher_announce(stage->cipher, level->content,
				      level->tag ? level->tag->len : 0, error))
		return false;
	return !level->aad || level->aad->len == 0 ||
	       wax_cipher_aad(stage->cipher, WAX_SPAN(level->aad->data, level->aad->len), error);
}

static void stage_done(Stage *stage)
{
	wax_room_free(&stage->head);
	wax_room_free(&stage->tail);
	wax_cipher_free(stage->cipher);
	wax_zlib_free(stage->zlib);
	if (stage->plain)
		wax_wipe(stage->plain, MAX(stage->plain_used, (size_t)WAX_CIPHER_SLACK));
	g_free(stage->plain);
	g_free(stage->decoded);
}

bool wax_levels_run(WaxLevels *levels, unsigned n, uint64_t from, uint64_t to, const WaxSink *sink,
	GError **error)
{
	WaxLevel *level = wax_level(levels, n);
	Stage stage = { .levels = levels, .level = level, .from = from, .to = to, .sink = sink };
	WaxSink into = { stage_write, &stage };
	bool plain_range = !level->cms && !level->base64;
	uint64_t size = level->to - level->from;
	bool ok;

	if (n == 0)
		return run_source(levels, from, to, sink, error);
	if (level->kept)
		return run_kept(level->kept, from, to, sink, error);
	if (plain_range) /* no more than a range of the level outside */
		return from >= size || wax_levels_run(levels, n - 1, level->from + from,
					       level->from + (to < size ? to : size), sink, error);
	ok = stage_begin(&stage, error) &&
	     wax_levels_run(levels, n - 1, level->from, level->to, &into, error) &&
	     stage_finish(&stage, error);
	stage_done(&stage);
	return ok;
}
