/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/io.h"
#include "core/status.h"
#include "crypto/digest.h"

#define CHUNK (48 * 1024)
#define NEAR  (64 * 1024) /* a spool up to this size is read and written at once */

struct WaxSpool {
	int fd;
	uint64_t size;
	uint8_t key[32];
	EVP_CIPHER_CTX *context;
	uint64_t context_at; /* where the key stream stands */
	uint8_t *near; /* the whole of a small one, in clear; NULL: it is large, or not read yet */
	uint64_t flushed; /* octets of it that lie in the file */
};

static WaxSpool *spool_on(int fd)
{
	WaxSpool *spool = g_new0(WaxSpool, 1);

	spool->fd = fd;
	spool->context_at = UINT64_MAX;
	return spool;
}

static int open_unnamed(const char *folder)
{
	g_autofree char *name = NULL;
	int fd;

	if (!folder)
		return memfd_create("spool", MFD_CLOEXEC);
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	/* some file systems have no O_TMPFILE: the name is gone before the first byte */
	name = g_build_filename(folder, ".spoolXXXXXX", NULL);
	fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)unlink(name);
	return fd;
}

const char *wax_spool_folder(void)
{
	const char *folder = g_get_tmp_dir();

	return strcmp(folder, "/tmp") == 0 && access("/var/tmp", W_OK) == 0 ? "/var/tmp" : folder;
}

bool wax_spool_new(const char *folder, WaxSpool **ret_spool, GError **error)
{
	int fd = open_unnamed(folder);

	if (fd < 0)
		return wax_fail_errno(error, errno, "cannot make a temporary file in %s",
			folder ? folder : "memory");
	*ret_spool = spool_on(fd);
	wax_random((*ret_spool)->key, 32);
	return true;
}

WaxSpool *wax_spool_from(int fd, WaxSpan key, uint64_t size)
{
	WaxSpool *spool = spool_on(fd);

	g_assert(key.n == 32);
	memcpy(spool->key, key.p, 32);
	spool->size = spool->flushed = size;
	return spool;
}

static void drop_near(WaxSpool *spool)
{
	if (!spool->near)
		return;
	wax_wipe(spool->near, (size_t)MIN(spool->size, (uint64_t)NEAR));
	g_clear_pointer(&spool->near, g_free);
}

void wax_spool_free(WaxSpool *spool)
{
	if (!spool)
		return;
	EVP_CIPHER_CTX_free(spool->context);
	drop_near(spool);
	wax_wipe(spool->key, 32);
	close(spool->fd);
	g_free(spool);
}

/* seek - bring the key stream to an offset; going on where it stands costs nothing */
static void seek(WaxSpool *spool, uint64_t offset)
{
	uint8_t counter[16] = { 0 }, skipped[16] = { 0 };
	uint64_t block = offset / 16;
	int n;

	if (spool->context && spool->context_at == offset)
		return;
	if (!spool->context)
		spool->context = EVP_CIPHER_CTX_new();
	for (int i = 15; block; i--, block >>= 8)
		counter[i] = (uint8_t)block;
	if (EVP_EncryptInit_ex(spool->context, EVP_aes_256_ctr(), NULL, spool->key, counter) != 1 ||
		(offset % 16 && EVP_EncryptUpdate(spool->context, skipped, &n, skipped,
					(int)(offset % 16)) != 1))
		g_error("libcrypto cannot seal a spool");
	spool->context_at = offset;
}

static void apply(WaxSpool *spool, uint64_t offset, const uint8_t *in, uint8_t *out, size_t n)
{
	int done;

	seek(spool, offset);
	if (EVP_EncryptUpdate(spool->context, out, &done, in, (int)n) != 1)
		g_error("libcrypto cannot seal a spool");
	spool->context_at = offset + n;
}

/* write_out - octets to their place in the file */
static bool write_out(WaxSpool *spool, uint64_t offset, WaxSpan bytes, GError **error)
{
	uint8_t chunk[CHUNK];

	while (bytes.n) {
		size_t n = MIN(bytes.n, sizeof chunk), done = 0;

		apply(spool, offset, bytes.p, chunk, n);
		while (done < n) {
			ssize_t more =
				pwrite(spool->fd, chunk + done, n - done, (off_t)(offset + done));

			if (more < 0 && errno == EINTR)
				continue;
			if (more < 0)
				return wax_fail_errno(
					error, errno, "cannot write a temporary file");
			done += (size_t)more;
		}
		offset += n;
		bytes.p += n;
		bytes.n -= n;
	}
	return true;
}

bool wax_spool_flush(WaxSpool *spool, GError **error)
{
	WaxSpan rest;

	if (!spool->near || spool->flushed == spool->size)
		return true;
	rest = WAX_SPAN(spool->near + spool->flushed, (size_t)(spool->size - spool->flushed));
	if (!write_out(spool, spool->flushed, rest, error))
		return false;
	spool->flushed = spool->size;
	return true;
}

bool wax_spool_append(WaxSpool *spool, WaxSpan bytes, GError **error)
{
	if (spool->size == 0 && !spool->near && bytes.n <= NEAR)
		spool->near = g_malloc(NEAR);
	if (spool->near && bytes.n <= NEAR - spool->size) {
		if (bytes.n)
			memcpy(spool->near + spool->size, bytes.p, bytes.n);
		spool->size += bytes.n;
		return true;
	}
	if (!wax_spool_flush(spool, error))
		return false;
	drop_near(spool);
	if (!write_out(spool, spool->size, bytes, error))
		return false;
	spool->size += bytes.n;
	spool->flushed = spool->size;
	return true;
}

static bool read_at(int fd, uint64_t offset, void *bytes, size_t n, size_t *ret_got, GError **error)
{
	size_t got = 0;

	while (got < n) {
		ssize_t more = pread(fd, (uint8_t *)bytes + got, n - got, (off_t)(offset + got));

		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0)
			return wax_fail_errno(error, errno, "cannot read");
		if (more == 0)
			break;
		got += (size_t)more;
	}
	*ret_got = got;
	return true;
}

static bool read_out(
	WaxSpool *spool, uint64_t offset, void *bytes, size_t n, size_t *ret_got, GError **error)
{
	size_t want = offset >= spool->size ? 0 : (size_t)MIN((uint64_t)n, spool->size - offset),
	       got;

	if (!read_at(spool->fd, offset, bytes, want, &got, error))
		return false;
	if (got < want)
		return wax_fail(error, WAX_R_IO, "a temporary file is shorter than it should be");
	if (got)
		apply(spool, offset, bytes, bytes, got);
	*ret_got = got;
	return true;
}

/* load_near - a small one that somebody else wrote, whole */
static bool load_near(WaxSpool *spool, GError **error)
{
	size_t got;

	spool->near = g_malloc(NEAR);
	if (!read_out(spool, 0, spool->near, (size_t)spool->size, &got, error)) {
		g_clear_pointer(&spool->near, g_free);
		return false;
	}
	spool->flushed = spool->size;
	return true;
}

bool wax_spool_read(
	WaxSpool *spool, uint64_t offset, void *bytes, size_t n, size_t *ret_got, GError **error)
{
	if (!spool->near && spool->size > 0 && spool->size <= NEAR && !load_near(spool, error))
		return false;
	if (!spool->near)
		return read_out(spool, offset, bytes, n, ret_got, error);
	*ret_got = offset >= spool->size ? 0 : (size_t)MIN((uint64_t)n, spool->size - offset);
	if (*ret_got)
		memcpy(bytes, spool->near + offset, *ret_got);
	return true;
}

uint64_t wax_spool_size(const WaxSpool *spool)
{
	return spool->size;
}

void wax_spool_set_size(WaxSpool *spool, uint64_t size)
{
	drop_near(spool);
	spool->size = spool->flushed = size;
}

bool wax_spool_put(WaxSpool *spool, WaxFrame *frame, GError **error)
{
	if (!wax_spool_flush(spool, error))
		return false;
	wax_frame_put_fd(frame, spool->fd);
	wax_frame_put_span(frame, WAX_SPAN(spool->key, 32));
	wax_frame_put_u64(frame, spool->size);
	return true;
}

bool wax_spool_get(WaxFrame *frame, WaxSpool **ret_spool, GError **error)
{
	uint64_t size;
	WaxSpan key;
	int fd;

	if (!wax_frame_get_fd(frame, &fd, error))
		return false;
	if (!wax_frame_get_span(frame, &key, error) || !wax_frame_get_u64(frame, &size, error)) {
		close(fd);
		return false;
	}
	if (key.n != 32) {
		close(fd);
		return wax_fail(error, WAX_R_FRAME_MALFORMED, "a spool came without its key");
	}
	*ret_spool = wax_spool_from(fd, key, size);
	return true;
}

WaxSource wax_source_span(WaxSpan span)
{
	return (WaxSource){ .span = span, .fd = -1, .size = span.n };
}

WaxSource wax_source_spool(WaxSpool *spool)
{
	return (WaxSource){ .fd = -1, .spool = spool, .size = spool->size };
}

bool wax_source_fd(int fd, WaxSource *ret_source, GError **error)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return wax_fail_errno(error, errno, "cannot look at the input");
	if (!S_ISREG(st.st_mode))
		return wax_fail(error, WAX_R_IO, "the input is no regular file");
	*ret_source = (WaxSource){ .fd = fd, .size = (uint64_t)st.st_size };
	return true;
}

bool wax_source_read(const WaxSource *source, uint64_t offset, void *bytes, size_t n,
	size_t *ret_got, GError **error)
{
	size_t take;

	if (source->spool)
		return wax_spool_read(source->spool, offset, bytes, n, ret_got, error);
	if (source->fd >= 0)
		return read_at(source->fd, offset, bytes, n, ret_got, error);
	take = offset >= source->span.n ? 0 : MIN(n, source->span.n - (size_t)offset);
	if (take)
		memcpy(bytes, source->span.p + offset, take);
	*ret_got = take;
	return true;
}

static bool write_spool(void *data, WaxSpan bytes, GError **error)
{
	return wax_spool_append(data, bytes, error);
}

WaxSink wax_sink_spool(WaxSpool *spool)
{
	return (WaxSink){ write_spool, spool };
}
