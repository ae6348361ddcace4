/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/spool - what a message waits in: memory while small, a sealed file without a name above
 *
 * DESCRIPTION
 *	Up to 48 KiB lie in the memory of the process that works on them and
 *	cross to another one inside the frame.  What is larger lies in an
 *	unnamed file, as AES-256-CTR under a random key that lives only in
 *	memory, so plaintext never lies in a file and what a crash leaves
 *	behind is noise; it crosses as descriptor, key and size.  Seekable.
 *
 *	A worker opens no file: for what it makes it gets an empty spool of
 *	wax_spool_for_results, and answers with put_result.
 *
 * NOT CHECKED HERE
 *	Integrity: the file has no name, and only the processes that work on
 *	this message hold its descriptor.
 *
 * OWNERSHIP
 *	The spool owns memory and descriptor; free closes and wipes.
 *
 * ERRORS
 *	IO, DISK_FULL; TOO_LARGE above 16 MiB in one that may not be a file.
 */
#ifndef WAX_CRYPTO_SPOOL_H
#define WAX_CRYPTO_SPOOL_H

#include <glib.h>

#include "core/base.h"
#include "core/ipc.h"

typedef struct WaxSpool WaxSpool;

/* wax_spool_new - the file, when it needs one, in this folder; NULL: a memfd */
WaxSpool *wax_spool_new(const char *folder);

/* wax_spool_new_near - one that stays in memory */
WaxSpool *wax_spool_new_near(void);

/* wax_spool_folder - where a program keeps its spools: TMPDIR, else /var/tmp, since /tmp may be memory */
const char *wax_spool_folder(void);
void wax_spool_free(WaxSpool *spool);

bool wax_spool_append(WaxSpool *spool, WaxSpan bytes, GError **error) WAX_MUST_USE;
bool wax_spool_read(WaxSpool *spool, uint64_t offset, void *bytes, size_t n, size_t *ret_got,
	GError **error) WAX_MUST_USE;
uint64_t wax_spool_size(const WaxSpool *spool);

/* wax_spool_put, _get - whole, as values of an IPC frame */
void wax_spool_put(const WaxSpool *spool, WaxFrame *frame);
bool wax_spool_get(WaxFrame *frame, WaxSpool **ret_spool, GError **error) WAX_MUST_USE;

/* wax_spool_for_results - an empty one for what is made of this message: a file where that may be large */
bool wax_spool_for_results(const char *folder, const WaxSpool *message, WaxSpool **ret_spool,
	GError **error) WAX_MUST_USE;

/* wax_spool_put_result, _get_result - what the other process wrote into it */
void wax_spool_put_result(const WaxSpool *spool, WaxFrame *frame);
bool wax_spool_get_result(WaxSpool *spool, WaxFrame *frame, GError **error) WAX_MUST_USE;

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
