/* SPDX-License-Identifier: Apache-2.0 */
/* CompressedData (RFC 3274): expanded as it streams by, within L-12, once in a message (L-13) */
#include "core/status.h"
#include "smime/open_internal.h"

WAX_OID(oid_zlib, WAX_OID_SMIME(3, 8));

static bool take_expanded(void *object, WaxSpan bytes, GError **error)
{
	(void)error;
	wax_object_keep(object, bytes);
	return true;
}

static bool is_zlib(const WaxCmsReader *reader)
{
	WaxBer in = wax_ber((WaxSpan){ reader->head.p, reader->head_split });
	WaxSpan algorithm, oid, parameters;
	uint32_t version;

	return wax_ber_take_small(&in, &version, NULL) &&
	       wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, NULL) &&
	       wax_ber_algorithm(algorithm, &oid, &parameters, NULL) &&
	       wax_span_equal(oid, oid_zlib);
}

static unsigned compressed_layers(const WaxVerdict *verdict)
{
	unsigned n = 0;

	for (unsigned i = 0; i < verdict->layers->len; i++)
		n += wax_verdict_layer(verdict, i)->kind == WAX_LAYER_COMPRESSED;
	return n;
}

static uint64_t most_of(const WaxObject *object)
{
	uint64_t size = object->o->levels.source->size;

	return MAX(size * WAX_EXPANSION_TIMES, (uint64_t)WAX_EXPANSION_FREE);
}

void wax_object_begin_compressed(WaxObject *object)
{
	WaxSink sink = { take_expanded, object };

	if (compressed_layers(object->o->verdict) > 1)
		wax_object_give_up(object, WAX_R_COMPRESSED_TWICE);
	else if (!is_zlib(&object->reader))
		wax_object_give_up(object, WAX_R_CMS_ALGORITHM_UNSUPPORTED);
	else
		object->zlib = wax_inflate_new(&sink, most_of(object));
}

void wax_object_end_compressed(WaxObject *object, const char *part, uint64_t from, uint64_t to)
{
	unsigned n = object->o->levels.levels->len;
	g_autoptr(GError) error = NULL;

	if (!object->zlib || !wax_zlib_finish(object->zlib, &error)) {
		wax_object_give_up(
			object, error ? wax_reason_of(error) : WAX_R_COMPRESSION_DAMAGED);
		return;
	}
	wax_object_make_level(object, part, from, to);
	wax_level(&object->o->levels, n)->compressed = true;
	wax_level(&object->o->levels, n)->most = most_of(object);
}
