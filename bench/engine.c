/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: engine FOLDER [--seconds S | --count N] [--json] [--least BYTES] [--most BYTES] [JOB...]
 *
 * What the engine costs in one process, keys parsed and caches warm, for the jobs and sizes of
 * bench/floor: the message lies in memory; what is signed or decrypted is copied, what is encrypted
 * handed out.  FOLDER holds
 * ca.pem, rsa.pem, rsa.key, ec.pem and ec.key (bench/work-keys makes them).
 *
 *	sign	multipart/signed, chain sent along
 *	verify	judge: structure, digest, signature, chain, address
 *	encrypt	one or a hundred recipients, RSA-OAEP
 *	decrypt	judge (the first pass authenticates), then hand the plaintext out (the second)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cost.h"
#include "core/clock.h"
#include "smime/open.h"
#include "smime/seal.h"
#include "trust/path.h"

typedef struct {
	const char *name;
	bool signs, opens, ec;
	WaxCipherAlg cipher;
	unsigned recipients;
} Job;

static const Job jobs[] = {
	{ "sign-rsa2048", true, false, false, WAX_CIPHER_NONE, 0 },
	{ "sign-p256", true, false, true, WAX_CIPHER_NONE, 0 },
	{ "verify-rsa2048", true, true, false, WAX_CIPHER_NONE, 0 },
	{ "verify-p256", true, true, true, WAX_CIPHER_NONE, 0 },
	{ "encrypt-gcm", false, false, false, WAX_CIPHER_AES256_GCM, 1 },
	{ "encrypt-cbc", false, false, false, WAX_CIPHER_AES256_CBC, 1 },
	{ "encrypt-gcm-100", false, false, false, WAX_CIPHER_AES256_GCM, 100 },
	{ "decrypt-gcm", false, true, false, WAX_CIPHER_AES256_GCM, 1 },
	{ "decrypt-cbc", false, true, false, WAX_CIPHER_AES256_CBC, 1 },
};

static WaxKeyring *ring;
static GPtrArray *anchors, *certs[2], *many;
static uint8_t *letter, *out;
static size_t letter_n, out_n, out_room;
static unsigned exactly; /* so many runs: for counting instructions */

static void must(bool ok, const GError *error, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "engine: %s: %s\n", what, error ? error->message : "failed");
	exit(70);
}

/* what is encrypted is handed out in base64, as bench/floor leaves it: no copy */
static bool to_nowhere(void *data, WaxSpan bytes, GError **error)
{
	(void)data;
	(void)error;
	out_n += bytes.n;
	return true;
}

static bool to_memory(void *data, WaxSpan bytes, GError **error)
{
	(void)data;
	(void)error;
	must(out_n + bytes.n <= out_room, NULL, "room");
	memcpy(out + out_n, bytes.p, bytes.n);
	out_n += bytes.n;
	return true;
}

/* a mail whose body is base64 text in lines of 76, as bench/floor's content */
static void make_letter(size_t n)
{
	static const char head[] = "From: Ann <ann@alpha.example>\r\nTo: Bob <bob@beta.example>\r\n"
				   "Subject: bench\r\nMessage-ID: <1@alpha.example>\r\n"
				   "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n";

	letter_n = n + sizeof head - 1;
	letter = g_realloc(letter, letter_n);
	memcpy(letter, head, sizeof head - 1);
	for (size_t i = 0; i < n; i++)
		letter[sizeof head - 1 + i] = i % 78 == 76   ? '\r'
					      : i % 78 == 77 ? '\n'
							     : (uint8_t)('A' + i % 23);
	out_room = 2 * letter_n + 1024 * 1024;
	out = g_realloc(out, out_room);
}

static void seal(const Job *job, bool kept)
{
	const WaxIdentityKey *key = ring->keys->pdata[job->ec];
	WaxSealSigner signer = {
		.cert = key->cert, .data = key->key, .sign = wax_seal_local_sign
	};
	WaxSealOptions options = { .signer = job->signs ? &signer : NULL,
		.recipients = job->recipients > 1   ? many
			      : job->recipients ? certs[0]
						    : NULL,
		.cipher = job->cipher,
		.oaep = true,
		.now = wax_clock_now() };
	WaxSource source = wax_source_span(WAX_SPAN(letter, letter_n));
	WaxSink sink = { kept || job->signs ? to_memory : to_nowhere, NULL };
	GError *error = NULL;

	out_n = 0;
	must(wax_seal(&source, &options, &sink, &error), error, "seal");
}

static void open_it(const Job *job, WaxSpan sealed)
{
	WaxSource source = wax_source_span(sealed);
	WaxUnwrapper keys = wax_keyring_unwrapper(ring);
	WaxOpenOptions options = { .keys = &keys, .anchors = anchors, .at = wax_clock_now() };
	g_autoptr(WaxOpened) opened = NULL;
	WaxSink sink = { to_memory, NULL };
	GError *error = NULL;

	must(wax_open_judge(&source, &options, &opened, &error), error, "open");
	if (job->signs) {
		must(wax_opened_verdict(opened)->signature == WAX_SIGNATURE_VALID_TRUSTED, NULL,
			"verdict");
		return;
	}
	out_n = 0;
	must(wax_opened_emit(opened, &sink, &error) && out_n > 0, error, "emit");
}

static double rate(const Job *job, double seconds)
{
	g_autofree uint8_t *sealed = NULL;
	size_t sealed_n = 0;
	double start, spent;
	unsigned runs = 0;

	seal(job, true);
	if (job->opens) {
		sealed_n = out_n;
		sealed = g_memdup2(out, out_n);
		open_it(job, WAX_SPAN(sealed, sealed_n));
	}
	start = cpu_seconds();
	do {
		if (job->opens)
			open_it(job, WAX_SPAN(sealed, sealed_n));
		else
			seal(job, false);
		runs++;
		spent = cpu_seconds() - start;
	} while (exactly ? runs < exactly : spent < seconds || runs < 3);
	return runs / spent;
}

static void load_keys(const char *folder)
{
	g_autofree char *ca = g_build_filename(folder, "ca.pem", NULL);
	g_autoptr(GPtrArray) roots = NULL;
	GError *error = NULL;

	ring = wax_keyring_new();
	for (unsigned i = 0; i < 2; i++) {
		const char *kind = i ? "ec" : "rsa";
		g_autofree char *spec =
			g_strdup_printf("%s/%s.key,%s/%s.pem", folder, kind, folder, kind);

		must(wax_keyring_load(ring, spec, NULL, &error), error, spec);
		certs[i] = g_ptr_array_new();
		g_ptr_array_add(certs[i], ((WaxIdentityKey *)ring->keys->pdata[i])->cert);
	}
	must(wax_certs_load(ca, &roots, &error), error, ca);
	anchors = g_ptr_array_new();
	g_ptr_array_add(anchors, wax_anchor_new(roots->pdata[0], NULL, false));
}

/* a hundred certificates for the same key: each recipient is wrapped for, and none is named twice */
static void make_many(void)
{
	const WaxIdentityKey *key = ring->keys->pdata[0];
	static const char *const addresses[] = { "ann@alpha.example", NULL };

	many = g_ptr_array_new();
	for (uint8_t i = 0; i < 100; i++) {
		uint8_t serial[] = { 1, i };
		WaxCertProfile profile = { .common_name = "ann",
			.addresses = addresses,
			.spki = wax_cert_info(key->cert)->spki,
			.serial = WAX_SPAN(serial, sizeof serial),
			.not_before = wax_clock_now() - 3600,
			.not_after = wax_clock_now() + 86400,
			.path_length = -1,
			.key_usage = WAX_KU_KEY_ENCIPHERMENT,
			.eku_mail = true };
		GError *error = NULL;
		WaxCert *cert = wax_cert_issue(&profile, key->cert, key->key, &error);

		must(cert, error, "issue");
		g_ptr_array_add(many, cert);
	}
}

static bool is_wanted(const char *name, int count, char **names)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return count == 0;
}

int main(int count, char **words)
{
	static const struct {
		const char *name;
		size_t n;
	} sizes[] = { { "10 KB", 10000 }, { "1 MB", 1000000 }, { "25 MB", 25000000 },
		{ "100 MB", 100000000 } };
	double seconds = 0.5;
	size_t least = 0, most = 100000000;
	bool json = false;
	int at = 2;

	if (count < 2) {
		fputs("usage: engine FOLDER [--seconds S | --count N] [--json] [--least BYTES] [--most BYTES] [JOB...]\n", stderr);
		return 64;
	}
	for (; at < count && words[at][0] == '-'; at++) {
		if (strcmp(words[at], "--json") == 0)
			json = true;
		else if (strcmp(words[at], "--least") == 0 && at + 1 < count)
			least = strtoul(words[++at], NULL, 10);
		else if (strcmp(words[at], "--most") == 0 && at + 1 < count)
			most = strtoul(words[++at], NULL, 10);
		else if (strcmp(words[at], "--count") == 0 && at + 1 < count)
			exactly = (unsigned)strtoul(words[++at], NULL, 10);
		else if (strcmp(words[at], "--seconds") == 0 && at + 1 < count)
			seconds = strtod(words[++at], NULL);
		else
			must(false, NULL, words[at]);
	}
	load_keys(words[1]);
	make_many();
	if (!json)
		printf("%-18s %12s %12s %12s %12s   messages per CPU second\n", "job", "10 KB",
			"1 MB", "25 MB", "100 MB");
	for (size_t j = 0; j < G_N_ELEMENTS(jobs); j++) {
		if (!is_wanted(jobs[j].name, count - at, words + at))
			continue;
		printf(json ? "{\"job\":\"%s\"" : "%-20s", jobs[j].name);
		for (size_t s = 0; s < G_N_ELEMENTS(sizes) && sizes[s].n <= most; s++) {
			if (sizes[s].n < least)
				continue;
			make_letter(sizes[s].n);
			printf(json ? ",\"%s\":%.1f" : "%.0s %12.1f", sizes[s].name,
				rate(&jobs[j], seconds));
		}
		printf(json ? "}\n" : "\n");
		fflush(stdout);
	}
	return 0;
}
