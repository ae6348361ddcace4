/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cli/input - files, pipes, passwords and certificates that a command line names
 *
 * DESCRIPTION
 *	An input is made seekable: a regular file is read where it lies, a pipe
 *	goes into a sealed spool first.  An output is put in place only when
 *	it is whole: a file beside it is renamed at the end.
 *
 * OWNERSHIP
 *	wax_input_done and wax_output_done take half-made objects.
 *
 * ERRORS
 *	NO_INPUT, IO, DISK_FULL, CERT_MALFORMED, KEY_MALFORMED.
 */
#ifndef WAX_CLI_INPUT_H
#define WAX_CLI_INPUT_H

#include <glib.h>

#include "core/secret.h"
#include "crypto/spool.h"

typedef struct {
	int fd;
	WaxSpool *spool;
	WaxSource source;
} WaxInput;

bool wax_input_open(const char *path, WaxInput *ret_input, GError **error) WAX_MUST_USE;
void wax_input_done(WaxInput *input);

typedef struct {
	int fd;
	char *path, *temporary; /* NULL: standard output */
	WaxSink sink;
} WaxOutput;

bool wax_output_open(const char *path, WaxOutput *ret_output, GError **error) WAX_MUST_USE;
bool wax_output_commit(WaxOutput *output, GError **error) WAX_MUST_USE;
void wax_output_done(WaxOutput *output);

/* wax_password_load - the first line of the file; NULL path gives NULL */
bool wax_password_load(const char *path, WaxSecret **ret_password, GError **error) WAX_MUST_USE;

/* wax_kek_load - a line NAME:KEY, both in hex: a symmetric key and the identifier that messages call it by */
bool wax_kek_load(
	const char *path, GByteArray **ret_name, WaxSecret **ret_key, GError **error) WAX_MUST_USE;

/* wax_certificates_load - of several PEM or DER files; elements are WaxCert */
bool wax_certificates_load(
	const GPtrArray *paths, GPtrArray **ret_certs, GError **error) WAX_MUST_USE;

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxInput, wax_input_done)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxOutput, wax_output_done)

#endif
