/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/io.h"
#include "core/status.h"
#include "crypto/cert.h"

#define PASSWORD_MAX 4096

static bool spool_pipe(int fd, WaxInput *input, GError **error)
{
	g_autofree uint8_t *chunk = g_malloc(64 * 1024);
	size_t got = 1;

	input->spool = wax_spool_new(wax_spool_folder());
	while (got) {
		if (!wax_io_read(fd, chunk, 64 * 1024, &got, error) ||
			!wax_spool_append(input->spool, WAX_SPAN(chunk, got), error))
			return false;
	}
	input->source = wax_source_spool(input->spool);
	return true;
}

bool wax_input_open(const char *path, WaxInput *ret_input, GError **error)
{
	g_auto(WaxInput) input = { .fd = -1 };
	struct stat found;
	bool ok;

	input.fd = strcmp(path, "-") == 0 ? dup(0) : open(path, O_RDONLY | O_CLOEXEC);
	if (input.fd < 0)
		return wax_fail(error, WAX_R_NO_INPUT, "%s: %s", path, g_strerror(errno));
	if (fstat(input.fd, &found) == 0 && S_ISDIR(found.st_mode))
		return wax_fail(error, WAX_R_NO_INPUT, "%s is a folder", path);
	/* a file that was read from already is not at its beginning: treat it as a pipe */
	ok = S_ISREG(found.st_mode) && lseek(input.fd, 0, SEEK_CUR) == 0
		     ? wax_source_fd(input.fd, &input.source, error)
		     : spool_pipe(input.fd, &input, error);
	if (!ok)
		return false;
	*ret_input = input;
	input = (WaxInput){ .fd = -1 };
	return true;
}

void wax_input_done(WaxInput *input)
{
	if (input->fd > 0)
		close(input->fd);
	wax_spool_free(input->spool);
	input->spool = NULL;
}

static bool write_fd(void *data, WaxSpan bytes, GError **error)
{
	return wax_io_write(*(int *)data, bytes, error);
}

bool wax_output_open(const char *path, WaxOutput *ret_output, GError **error)
{
	WaxOutput output = { .fd = 1 };
	struct stat found;

	if (path && strcmp(path, "-") != 0) {
		/* a device or a pipe is written to, not replaced */
		bool in_place = stat(path, &found) == 0 && !S_ISREG(found.st_mode);

		output.path = g_strdup(path);
		output.temporary = in_place ? NULL : g_strconcat(path, ".XXXXXX", NULL);
		output.fd = in_place ? open(path, O_WRONLY | O_CLOEXEC)
				     : g_mkstemp_full(output.temporary, O_WRONLY | O_CLOEXEC, 0600);
		if (output.fd < 0) {
			(void)wax_fail_errno(error, errno, "cannot write %s", path);
			g_free(output.path);
			g_free(output.temporary);
			return false;
		}
	}
	*ret_output = output;
	ret_output->sink = (WaxSink){ write_fd, &ret_output->fd };
	return true;
}

bool wax_output_commit(WaxOutput *output, GError **error)
{
	if (!output->temporary)
		return true;
	if (rename(output->temporary, output->path) != 0)
		return wax_fail_errno(error, errno, "cannot write %s", output->path);
	g_clear_pointer(&output->temporary, g_free);
	return true;
}

void wax_output_done(WaxOutput *output)
{
	if (output->fd > 1)
		close(output->fd);
	if (output->temporary)
		(void)unlink(output->temporary);
	g_clear_pointer(&output->temporary, g_free);
	g_clear_pointer(&output->path, g_free);
}

bool wax_password_load(const char *path, WaxSecret **ret_password, GError **error)
{
	g_autoptr(GByteArray) bytes = NULL;
	const uint8_t *end;

	*ret_password = NULL;
	if (!path)
		return true;
	if (!wax_io_load(path, PASSWORD_MAX, &bytes, error)) {
		g_prefix_error(error, "password file: ");
		return false;
	}
	end = bytes->len ? memchr(bytes->data, '\n', bytes->len) : NULL;
	if (end && end > bytes->data && end[-1] == '\r')
		end--;
	*ret_password = wax_secret_dup(
		WAX_SPAN(bytes->data, end ? (size_t)(end - bytes->data) : bytes->len));
	wax_wipe(bytes->data, bytes->len);
	return true;
}

/* from_hex - false: not pairs of digits, or none */
static bool from_hex(WaxSpan text, uint8_t *out)
{
	for (size_t i = 0; i < text.n; i++) {
		int digit = g_ascii_xdigit_value((char)text.p[i]);

		if (digit < 0)
			return false;
		out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | digit : digit << 4);
	}
	return text.n && text.n % 2 == 0;
}

bool wax_kek_load(const char *path, GByteArray **ret_name, WaxSecret **ret_key, GError **error)
{
	g_autoptr(WaxSecret) line = NULL, key = NULL;
	g_autoptr(GByteArray) name = g_byte_array_new();
	const uint8_t *colon;
	size_t n, rest;

	if (!wax_password_load(path, &line, error))
		return false;
	colon = line->n ? memchr(line->p, ':', line->n) : NULL;
	n = colon ? (size_t)(colon - line->p) : 0;
	rest = colon ? line->n - n - 1 : 0;
	key = wax_secret_new(rest / 2 + 1);
	g_byte_array_set_size(name, (guint)(n / 2 + 1));
	if (!colon || !from_hex(WAX_SPAN(line->p, n), name->data) ||
		!from_hex(WAX_SPAN(colon + 1, rest), key->p) ||
		(rest != 32 && rest != 48 && rest != 64))
		return wax_fail(error, WAX_R_KEY_MALFORMED,
			"%s: want one line NAME:KEY, both in hex, the key of 16, 24 or 32 octets",
			path);
	g_byte_array_set_size(name, (guint)(n / 2));
	key->n = rest / 2;
	*ret_name = g_steal_pointer(&name);
	*ret_key = g_steal_pointer(&key);
	return true;
}

bool wax_certificates_load(const GPtrArray *paths, GPtrArray **ret_certs, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);

	for (unsigned i = 0; i < paths->len; i++) {
		g_autoptr(GPtrArray) found = NULL;

		if (!wax_certs_load(paths->pdata[i], &found, error))
			return false;
		for (unsigned k = 0; k < found->len; k++)
			g_ptr_array_add(all, wax_cert_ref(found->pdata[k]));
	}
	*ret_certs = g_steal_pointer(&all);
	return true;
}
