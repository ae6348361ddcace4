/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	core/io - whole reads and writes, files with a limit, durable replacement
 *
 * OWNERSHIP
 *	Descriptors stay the caller's.  Loaded bytes are the caller's.
 *
 * DESCRIPTION
 *	What read(2) and write(2) leave to every caller: short counts, EINTR,
 *	limits, and the order of fsync and rename that survives a power loss.
 *
 * ERRORS
 *	NO_INPUT (missing or unreadable), TOO_LARGE, IO, DISK_FULL.
 */
#ifndef WAX_CORE_IO_H
#define WAX_CORE_IO_H

#include <glib.h>

#include "core/base.h"

bool wax_io_write(int fd, WaxSpan bytes, GError **error) WAX_MUST_USE;

/* wax_io_read - up to n bytes; less only at the end of the input */
bool wax_io_read(int fd, void *bytes, size_t n, size_t *ret_got, GError **error) WAX_MUST_USE;

/* wax_io_load - a whole file ("-" is standard input), refused above the limit */
bool wax_io_load(
	const char *path, size_t limit, GByteArray **ret_bytes, GError **error) WAX_MUST_USE;

/* wax_io_load_text - as load; refuses a NUL and bytes that are no UTF-8 */
bool wax_io_load_text(const char *path, size_t limit, char **ret_text, GError **error) WAX_MUST_USE;

/* wax_io_replace - write beside, fsync, rename, fsync the folder */
bool wax_io_replace(const char *path, WaxSpan bytes, int mode, GError **error) WAX_MUST_USE;

/* wax_io_remove_strays - what a kill between writing and renaming left beside that file */
void wax_io_remove_strays(const char *path);

/* wax_io_sync_folder - make a rename or a new name durable */
bool wax_io_sync_folder(const char *path, GError **error) WAX_MUST_USE;

#endif
