/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/spool - a temporary file without a name, sealed under a key without a copy
 *
 * DESCRIPTION
 *	What a message waits in while it is worked on.  Its bytes are AES-256-CTR
 *	under a random key that lives only in memory, so plaintext never lies
 *	in a file and what a crash leaves behind is noise.  Seekable; crosses
 *	processes as descriptor, key and size.
 *
 * NOT CHECKED HERE
 *	Integrity: the file has no name, and only the processes that work on
 *	this message hold its descriptor.
 *
 * OWNERSHIP
 *	wax_spool_from takes the descriptor; free closes it and wipes the key.
 *
 * ERRORS
 *	IO, DISK_FULL.
 */
#ifndef WAX_CRYPTO_SPOOL_H
#define WAX_CRYPTO_SPOOL_H

#include <glib.h>

#include "core/base.h"
#include "core/ipc.h"

typedef struct WaxSpool WaxSpool;

/* wax_spool_new - in this folder; NULL: in memory (memfd), for small things */
bool wax_spool_new(const char *folder, WaxSpool **ret_spool, GError **error) WAX_MUST_USE;

/* wax_spool_folder - where a program keeps its spools: TMPDIR, else /var/tmp, since /tmp may be memory */
const char *wax_spool_folder(void);
WaxSpool *wax_spool_from(int fd, WaxSpan key, uint64_t size);
void wax_spool_free(WaxSpool *spool);

bool wax_spool_append(WaxSpool *spool, WaxSpan bytes, GError **error) WAX_MUST_USE;
bool wax_spool_read(WaxSpool *spool, uint64_t offset, void *bytes, size_t n, size_t *ret_got,
	GError **error) WAX_MUST_USE;
uint64_t wax_spool_size(const WaxSpool *spool);

/* wax_spool_flush - everything appended lies in the file: for whoever has it open too */
bool wax_spool_flush(WaxSpool *spool, GError **error) WAX_MUST_USE;

/* wax_spool_set_size - what another process says it has written */
void wax_spool_set_size(WaxSpool *spool, uint64_t size);

/* wax_spool_put, _get - as three values of an IPC frame; putting flushes */
bool wax_spool_put(WaxSpool *spool, WaxFrame *frame, GError **error) WAX_MUST_USE;
bool wax_spool_get(WaxFrame *frame, WaxSpool **ret_spool, GError **error) WAX_MUST_USE;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxSpool, wax_spool_free)

/*
 * A seekable input: a span, a descriptor or a spool, read alike.  Borrowed:
 * whatever it reads from must outlive it.
 */
typedef struct {
	WaxSpan span;
	int fd; /* -1 when it is none */
	WaxSpool *spool;
	uint64_t size;
} WaxSource;

WaxSource wax_source_span(WaxSpan span);
WaxSource wax_source_spool(WaxSpool *spool);

/* wax_source_fd - a regular file; fails when it cannot be read at any place */
bool wax_source_fd(int fd, WaxSource *ret_source, GError **error) WAX_MUST_USE;
bool wax_source_read(const WaxSource *source, uint64_t offset, void *bytes, size_t n,
	size_t *ret_got, GError **error) WAX_MUST_USE;

/* a sink takes bytes in order */
typedef bool (*WaxSinkFunc)(void *data, WaxSpan bytes, GError **error);
typedef struct {
	WaxSinkFunc write;
	void *data;
} WaxSink;

static inline WAX_MUST_USE bool wax_sink_write(const WaxSink *sink, WaxSpan bytes, GError **error)
{
	return bytes.n == 0 || sink->write(sink->data, bytes, error);
}

WaxSink wax_sink_spool(WaxSpool *spool);

#endif
