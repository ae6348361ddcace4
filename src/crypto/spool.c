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

#define CHUNK	   (48 * 1024)
#define NEAR	   (48 * 1024)	      /* a spool up to this size never becomes a file */
#define MEMORY_MAX (16 * 1024 * 1024) /* of one that may not become one */

struct WaxSpool {
	int fd; /* -1: everything is near */
	bool may_grow_out;
	char *folder; /* where the file will be; NULL: in memory */
	uint64_t size;
	uint8_t key[32];
	EVP_CIPHER_CTX *context;
	uint64_t context_at; /* where the key stream stands */
	uint8_t *near;	     /* the whole of it, in clear, while fd is -1 */
	size_t room;
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

WaxSpool *wax_spool_new(const char *folder)
{
	WaxSpool *spool = spool_on(-1);

	spool->folder = g_strdup(folder);
	spool->may_grow_out = true;
	return spool;
}

WaxSpool *wax_spool_new_near(void)
{
	return spool_on(-1);
}

static WaxSpool *spool_from(int fd, WaxSpan key, uint64_t size)
{
	WaxSpool *spool = spool_on(fd);

	memcpy(spool->key, key.p, sizeof spool->key);
	spool->size = size;
	return spool;
}

static void drop_near(WaxSpool *spool)
{
	if (spool->near)
		wax_wipe(spool->near, (size_t)spool->size);
	g_clear_pointer(&spool->near, g_free);
	spool->room = 0;
}

void wax_spool_free(WaxSpool *spool)
{
	if (!spool)
		return;
	EVP_CIPHER_CTX_free(spool->context);
	drop_near(spool);
	wax_wipe(spool->key, 32);
	if (spool->fd >= 0)
		close(spool->fd);
	g_free(spool->folder);
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

static bool open_file(WaxSpool *spool, GError **error)
{
	spool->fd = open_unnamed(spool->folder);
	if (spool->fd < 0)
		return wax_fail_errno(error, errno, "cannot make a temporary file in %s",
			spool->folder ? spool->folder : "memory");
	wax_random(spool->key, sizeof spool->key);
	return true;
}

/* make_room - grows by a fresh piece of memory: what moves is wiped where it stood */
static void make_room(WaxSpool *spool, size_t more)
{
	size_t need = (size_t)spool->size + more;
	uint8_t *old = spool->near;

	if (need <= spool->room)
		return;
	spool->room = MAX(need, MAX(spool->room * 2, (size_t)16 * 1024));
	spool->near = g_malloc(spool->room);
	if (!old)
		return;
	memcpy(spool->near, old, (size_t)spool->size);
	wax_wipe(old, (size_t)spool->size);
	g_free(old);
}

/* grow_out - what was near goes to a file, and so does all that follows */
static bool grow_out(WaxSpool *spool, GError **error)
{
	if (!open_file(spool, error))
		return false;
	if (!write_out(spool, 0, WAX_SPAN(spool->near, (size_t)spool->size), error)) {
		/* as it was before: whole, and near */
		close(spool->fd);
		spool->fd = -1;
		spool->context_at = UINT64_MAX;
		return false;
	}
	drop_near(spool);
	return true;
}

bool wax_spool_append(WaxSpool *spool, WaxSpan bytes, GError **error)
{
	if (spool->fd < 0 && spool->size + bytes.n > (spool->may_grow_out ? NEAR : MEMORY_MAX)) {
		if (!spool->may_grow_out)
			return wax_fail(error, WAX_R_TOO_LARGE,
				"more than %d octets out of a small message", MEMORY_MAX);
		if (!grow_out(spool, error))
			return false;
	}
	if (spool->fd >= 0) {
		if (!write_out(spool, spool->size, bytes, error))
			return false;
	} else if (bytes.n) {
		make_room(spool, bytes.n);
		memcpy(spool->near + spool->size, bytes.p, bytes.n);
	}
	spool->size += bytes.n;
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

bool wax_spool_read(
	WaxSpool *spool, uint64_t offset, void *bytes, size_t n, size_t *ret_got, GError **error)
{
	if (spool->fd >= 0)
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

static void put_file(const WaxSpool *spool, WaxFrame *frame)
{
	wax_frame_put_fd(frame, spool->fd);
	wax_frame_put_span(frame, WAX_SPAN(spool->key, sizeof spool->key));
	wax_frame_put_u64(frame, spool->size);
}

static bool get_file(WaxFrame *frame, WaxSpool **ret_spool, GError **error)
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
	*ret_spool = spool_from(fd, key, size);
	return true;
}

void wax_spool_put(const WaxSpool *spool, WaxFrame *frame)
{
	wax_frame_put_bool(frame, spool->fd >= 0);
	if (spool->fd >= 0)
		put_file(spool, frame);
	else
		wax_frame_put_span(frame, WAX_SPAN(spool->near, (size_t)spool->size));
}

bool wax_spool_get(WaxFrame *frame, WaxSpool **ret_spool, GError **error)
{
	g_autoptr(WaxSpool) near = NULL;
	bool is_file;
	WaxSpan bytes;

	if (!wax_frame_get_bool(frame, &is_file, error))
		return false;
	if (is_file)
		return get_file(frame, ret_spool, error);
	near = wax_spool_new_near();
	if (!wax_frame_get_span(frame, &bytes, error) || !wax_spool_append(near, bytes, error))
		return false;
	*ret_spool = g_steal_pointer(&near);
	return true;
}

bool wax_spool_for_results(
	const char *folder, const WaxSpool *message, WaxSpool **ret_spool, GError **error)
{
	g_autoptr(WaxSpool) spool = NULL;

	/* half, since base64 and a few recipients must find room, too */
	if (message->fd < 0 && message->size <= NEAR / 2) {
		*ret_spool = wax_spool_new_near();
		return true;
	}
	spool = wax_spool_new(folder);
	if (!open_file(spool, error))
		return false;
	*ret_spool = g_steal_pointer(&spool);
	return true;
}

void wax_spool_put_result(const WaxSpool *spool, WaxFrame *frame)
{
	if (spool->fd >= 0)
		wax_frame_put_u64(frame, spool->size);
	else
		wax_frame_put_span(frame, WAX_SPAN(spool->near, (size_t)spool->size));
}

bool wax_spool_get_result(WaxSpool *spool, WaxFrame *frame, GError **error)
{
	WaxSpan bytes;

	if (spool->fd >= 0)
		return wax_frame_get_u64(frame, &spool->size, error);
	return wax_frame_get_span(frame, &bytes, error) && wax_spool_append(spool, bytes, error);
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
