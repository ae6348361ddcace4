/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: work FOLDER [JOB [COUNT]]
 *
 * What a worker's own code costs for one message of 10 KB, keys in this process: no change of
 * process, no custodian.  bench/work-keys fills FOLDER.  Without JOB all are measured, in
 * microseconds of CPU time; with one, under
 * `valgrind --tool=callgrind`, it is seen where they go.
 *
 *	facts, sign-rsa, sign-ec, seal-rsa, seal-ec, open-rsa, open-ec (of what seal-* made)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cost.h"
#include "core/clock.h"
#include "gateway/work/work.h"

#define SIZE 10000

typedef struct {
	WaxKeyring *ring;
	GByteArray *letter;
	GPtrArray *certs[2], *to; /* GBytes: rsa and ec with their chains; the RSA one alone */
	GPtrArray *anchors;
	GByteArray *sealed[2];
} Bench;

static void must(bool ok, GError *error, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "work: %s: %s\n", what, error ? error->message : "failed");
	exit(70);
}

static bool sign(void *data, const uint8_t ticket[16], uint32_t handle, WaxSigAlg alg,
	WaxDigestAlg digest, WaxSpan attributes, GByteArray **ret_signature, GError **error)
{
	Bench *b = data;
	WaxIdentityKey *key = b->ring->keys->pdata[handle];

	(void)ticket;
	return wax_key_sign(key->key, alg, digest, attributes, ret_signature, error);
}

static WaxSpool *spool_of(const GByteArray *bytes)
{
	WaxSpool *spool = wax_spool_new_near();
	GError *error = NULL;

	must(!bytes || wax_spool_append(spool, WAX_SPAN(bytes->data, bytes->len), &error), error,
		"spool");
	return spool;
}

static GByteArray *bytes_of(WaxSpool *spool)
{
	GByteArray *bytes = g_byte_array_new();
	size_t got;
	GError *error = NULL;

	g_byte_array_set_size(bytes, (guint)wax_spool_size(spool));
	must(wax_spool_read(spool, 0, bytes->data, bytes->len, &got, &error) && got == bytes->len,
		error, "reading a spool");
	return bytes;
}

static void facts(Bench *b)
{
	WaxSpool *message = spool_of(b->letter);
	g_auto(WaxJobFacts) facts = { NULL };
	GError *error = NULL;

	must(wax_work_facts(message, &facts, &error), error, "facts");
	wax_spool_free(message);
}

static GByteArray *build(Bench *b, unsigned key, WaxMethod method)
{
	WaxSpool *message = spool_of(b->letter), *copy = spool_of(NULL);
	WaxJobBuild job = { .method = method,
		.handle = key,
		.signs = true,
		.signer_certs = b->certs[key],
		.recipient_certs = method == WAX_METHOD_SEAL ? b->to : NULL,
		.cipher = (char *)(uintptr_t)"aes256-cbc" };
	WaxWorkSigner signer = { b, sign };
	g_auto(WaxJobBuilt) built = { 0 };
	GByteArray *made;
	GError *error = NULL;

	must(wax_work_build(message, &job, &signer, copy, &built, &error), error, "build");
	made = bytes_of(copy);
	wax_spool_free(message);
	wax_spool_free(copy);
	return made;
}

static void open_one(Bench *b, unsigned key)
{
	WaxSpool *message = spool_of(b->sealed[key]), *shown = spool_of(NULL),
		 *original = spool_of(NULL);
	WaxJobOpen job = { .anchors = b->anchors,
		.at = wax_clock_now(),
		.sender = (char *)(uintptr_t)"ann@alpha.example",
		.host = (char *)(uintptr_t)"gw.beta.example" };
	WaxUnwrapper keys = wax_keyring_unwrapper(b->ring);
	g_auto(WaxJobOpened) opened = { 0 };
	GError *error = NULL;

	must(wax_work_open(message, &job, &keys, shown, original, &opened, &error), error, "open");
	must(opened.decrypted && strstr(opened.summary, "valid_trusted"), NULL, "verdict");
	wax_spool_free(message);
	wax_spool_free(shown);
	wax_spool_free(original);
}

static void run(Bench *b, const char *job)
{
	unsigned key = g_str_has_suffix(job, "-ec") ? 1 : 0;

	if (strcmp(job, "facts") == 0)
		facts(b);
	else if (g_str_has_prefix(job, "sign-"))
		g_byte_array_unref(build(b, key, WAX_METHOD_SIGN));
	else if (g_str_has_prefix(job, "seal-"))
		g_byte_array_unref(build(b, key, WAX_METHOD_SEAL));
	else
		open_one(b, key);
}

static void measure(Bench *b, const char *job, unsigned count)
{
	double began;

	run(b, job);
	began = cpu_seconds();
	for (unsigned i = 0; i < count; i++)
		run(b, job);
	printf("%-10s %8.1f us\n", job, (cpu_seconds() - began) * 1e6 / count);
}

static GPtrArray *certs_at(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autoptr(GPtrArray) certs = NULL;
	GPtrArray *list = g_ptr_array_new();
	GError *error = NULL;

	must(wax_certs_load(path, &certs, &error), error, path);
	for (unsigned i = 0; i < certs->len; i++) {
		WaxSpan der = wax_cert_info(certs->pdata[i])->der;

		g_ptr_array_add(list, g_bytes_new(der.p, der.n));
	}
	return list;
}

static GByteArray *letter(void)
{
	static const char head[] = "From: Ann <ann@alpha.example>\r\nTo: Bob <bob@beta.example>\r\n"
				   "Subject: bench\r\nMessage-ID: <1@alpha.example>\r\n"
				   "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n";
	static const char line[] = "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZy4gVGhl"
				   "IGVuZC4=\r\n";
	GByteArray *bytes = g_byte_array_new();

	g_byte_array_append(bytes, (const guint8 *)head, sizeof head - 1);
	while (bytes->len < SIZE)
		g_byte_array_append(bytes, (const guint8 *)line, sizeof line - 1);
	return bytes;
}

int main(int argc, char **argv)
{
	static const char *const jobs[] = { "facts", "sign-rsa", "sign-ec", "seal-rsa", "seal-ec",
		"open-rsa", "open-ec" };
	const char *folder = argc > 1 ? argv[1] : NULL;
	unsigned count = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 3000;
	Bench b = { .ring = wax_keyring_new() };
	GError *error = NULL;

	if (!folder) {
		fputs("usage: work FOLDER [JOB [COUNT]]\n", stderr);
		return 64;
	}
	for (unsigned i = 0; i < 2; i++) {
		const char *kind = i ? "ec" : "rsa";
		g_autofree char *spec = g_strdup_printf(
			"%s/%s.key,%s/%s.pem", folder, kind, folder, kind);
		g_autofree char *name = g_strconcat(kind, "-chain.pem", NULL);

		must(wax_keyring_load(b.ring, spec, NULL, &error), error, spec);
		b.certs[i] = certs_at(folder, name);
	}
	b.to = certs_at(folder, "rsa.pem");
	b.anchors = certs_at(folder, "ca.pem");
	b.letter = letter();
	for (unsigned i = 0; i < 2; i++)
		b.sealed[i] = build(&b, i, WAX_METHOD_SEAL);
	if (argc > 2) {
		measure(&b, argv[2], count);
		return 0;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(jobs); i++)
		measure(&b, jobs[i], count);
	return 0;
}
