/* SPDX-License-Identifier: Apache-2.0 */
#include "core/io.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/status.h"

bool wax_io_write(int fd, WaxSpan bytes, GError **error)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return wax_fail_errno(error, errno, "cannot write");
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return true;
}

bool wax_io_read(int fd, void *bytes, size_t n, size_t *ret_got, GError **error)
{
	size_t got = 0;

	while (got < n) {
		ssize_t more = read(fd, (uint8_t *)bytes + got, n - got);

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

static bool load_fd(int fd, const char *name, size_t limit, GByteArray **ret_bytes, GError **error)
{
	g_autoptr(GByteArray) all = g_byte_array_new();
	uint8_t chunk[16384];

	for (;;) {
		size_t got;

		if (!wax_io_read(fd, chunk, sizeof chunk, &got, error))
			return false;
		if (all->len + got > limit)
			return wax_fail(error, WAX_R_TOO_LARGE,
				"%s is larger than the %zu bytes allowed for it", name, limit);
		g_byte_array_append(all, chunk, (guint)got);
		if (got < sizeof chunk)
			break;
	}
	*ret_bytes = g_steal_pointer(&all);
	return true;
}

bool wax_io_load(const char *path, size_t limit, GByteArray **ret_bytes, GError **error)
{
	bool ok;
	int fd;

	if (strcmp(path, "-") == 0)
		return load_fd(STDIN_FILENO, "standard input", limit, ret_bytes, error);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return wax_fail(
			error, WAX_R_NO_INPUT, "cannot open %s: %s", path, g_strerror(errno));
	ok = load_fd(fd, path, limit, ret_bytes, error);
	close(fd);
	return ok;
}

bool wax_io_load_text(const char *path, size_t limit, char **ret_text, GError **error)
{
	g_autoptr(GByteArray) bytes = NULL;

	if (!wax_io_load(path, limit, &bytes, error))
		return false;
	if (!g_utf8_validate((const char *)bytes->data, bytes->len, NULL))
		return wax_fail(error, WAX_R_VALUE_INVALID, "%s is not UTF-8 text", path);
	g_byte_array_append(bytes, (const uint8_t *)"", 1);
	*ret_text = (char *)g_byte_array_free(g_steal_pointer(&bytes), false);
	return true;
}

bool wax_io_sync_folder(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	int saved = errno;

	if (fd >= 0)
		close(fd);
	return ok || wax_fail_errno(error, saved, "cannot make %s durable", path);
}

bool wax_io_replace(const char *path, WaxSpan bytes, int mode, GError **error)
{
	g_autofree char *beside = g_strdup_printf("%s.XXXXXX", path);
	g_autofree char *folder = g_path_get_dirname(path);
	int fd = g_mkstemp_full(beside, O_RDWR | O_CLOEXEC, mode);
	bool ok;

	if (fd < 0)
		return wax_fail_errno(error, errno, "cannot write %s", path);
	ok = wax_io_write(fd, bytes, error);
	if (ok && (fsync(fd) != 0 || rename(beside, path) != 0))
		ok = wax_fail_errno(error, errno, "cannot write %s", path);
	close(fd);
	if (!ok) {
		(void)unlink(beside); /* the error that stands is the one above */
		return false;
	}
	return wax_io_sync_folder(folder, error);
}

void wax_io_remove_strays(const char *path)
{
	g_autofree char *folder = g_path_get_dirname(path), *base = g_path_get_basename(path),
			*prefix = g_strconcat(base, ".", NULL);
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *stray = g_build_filename(folder, name, NULL);

		if (g_str_has_prefix(name, prefix))
			(void)unlink(stray); /* gone already is as good */
	}
	if (dir)
		g_dir_close(dir);
}
