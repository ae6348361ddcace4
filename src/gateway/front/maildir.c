/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/io.h"
#include "core/status.h"

#define CHUNK 65536

char *wax_maildir_folder(const char *base, const char *address_key)
{
	GString *path = g_string_new(base);

	g_string_append_c(path, '/');
	for (const char *p = address_key; *p; p++) {
		unsigned char c = (unsigned char)*p;

		/* no separator, no dot at the front: the name stays one harmless component */
		if (c == '/' || c == '%' || c < 0x20 || c == 0x7f || (c == '.' && p == address_key))
			g_string_append_printf(path, "%%%02X", c);
		else
			g_string_append_c(path, (char)c);
	}
	return g_string_free(path, FALSE);
}

static bool make_folder(const char *path, GError **error)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return true;
	return wax_fail_errno(error, errno, "cannot make '%s'", path);
}

static bool make_folders(const char *folder, GError **error)
{
	static const char *const parts[] = { "tmp", "cur", "new" };
	g_autofree char *last = g_build_filename(folder, "new", NULL);
	g_autofree char *parent = g_path_get_dirname(folder);

	if (access(last, F_OK) == 0)
		return true;
	if (g_mkdir_with_parents(parent, 0700) < 0)
		return wax_fail_errno(error, errno, "cannot make '%s'", parent);
	if (!make_folder(folder, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *path = g_build_filename(folder, parts[i], NULL);

		if (!make_folder(path, error))
			return false;
	}
	return wax_io_sync_folder(folder, error) && wax_io_sync_folder(parent, error);
}

/* is_there - as delivered, or moved to cur with flags by a reader since */
static bool is_there(const char *folder, const char *name)
{
	static const char *const parts[] = { "new", "cur" };

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *path = g_build_filename(folder, parts[i], NULL);
		DIR *dir = opendir(path);
		struct dirent *entry;
		bool found = false;

		if (!dir)
			continue;
		while (!found && (entry = readdir(dir)))
			found = strncmp(entry->d_name, name, strlen(name)) == 0 &&
				strchr(":,", entry->d_name[strlen(name)]);
		closedir(dir);
		if (found)
			return true;
	}
	return false;
}

static bool copy(int fd, WaxSpan header, const WaxSource *octets, GError **error)
{
	g_autofree uint8_t *chunk = g_malloc(CHUNK);
	uint64_t at = 0;

	if (!wax_io_write(fd, header, error))
		return false;
	while (at < octets->size) {
		size_t got = 0;

		if (!wax_source_read(octets, at, chunk, CHUNK, &got, error))
			return false;
		if (got == 0)
			return wax_fail(error, WAX_R_IO, "the copy is shorter than it was");
		if (!wax_io_write(fd, WAX_SPAN(chunk, got), error))
			return false;
		at += got;
	}
	if (fsync(fd) < 0)
		return wax_fail_errno(error, errno, "fsync");
	return true;
}

bool wax_maildir_deliver(const char *folder, WaxSpan header, const WaxSource *octets, int64_t when,
	const char *key, bool again, bool *ret_was_there, GError **error)
{
	g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT ".K%s.waxwing", when, key);
	g_autofree char *temporary = g_build_filename(folder, "tmp", name, NULL);
	g_autofree char *final = g_build_filename(folder, "new", name, NULL);
	g_autofree char *newer = g_build_filename(folder, "new", NULL);
	bool written;
	int fd;

	if (!make_folders(folder, error))
		return false;
	if (again && is_there(folder, name)) {
		*ret_was_there = true;
		/* the rename may have happened and not been durable */
		return wax_io_sync_folder(newer, error);
	}
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return wax_fail_errno(error, errno, "cannot write '%s'", temporary);
	written = copy(fd, header, octets, error);
	close(fd);
	if (!written) {
		unlink(temporary);
		return false;
	}
	if (rename(temporary, final) < 0) {
		int failure = errno;

		unlink(temporary);
		return wax_fail_errno(error, failure, "cannot deliver into '%s'", folder);
	}
	*ret_was_there = false;
	return wax_io_sync_folder(newer, error);
}
