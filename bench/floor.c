/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: floor [--seconds S | --count N] [--json] [--octets N] [--keys FOLDER] [JOB...]
 *        floor [--keys FOLDER] --serve                       (for bench/run; bench/spend.h)
 * --octets: one size alone, in place of all.  --keys: those of bench/work-keys, in place of new ones.
 *
 * The least that each job costs: libcrypto's raw calls with keys already parsed, in pieces of
 * 48 KB, and the fastest base64 we have.  No ASN.1, no MIME, no checks.  What the product does
 * is compared with this in one run; only ratios travel to another machine.
 *
 *	sign	SHA-256 over the content, one signature over 180 octets, a copy of the content
 *	verify	SHA-256 over the content, one signature and two certificate signatures
 *	encrypt	a random key, one RSA-OAEP-SHA256 wrap for each recipient, AES, base64
 *	decrypt	base64, one unwrap, AES, the plaintext written to an unnamed file
 */
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/spend.h"
#include "mime/transfer.h"

#define PIECE	   (48 * 1024)
#define ATTRIBUTES 180

static EVP_PKEY *rsa, *p256;
static EVP_MD *sha256;
static EVP_CIPHER *gcm, *cbc;
static uint8_t *content, *copy;
static uint8_t attributes[ATTRIBUTES];

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "floor: %s failed\n", what);
	exit(70);
}

static uint8_t *sealed; /* base64 of what encrypt made */
static size_t sealed_n;

static void *grown(void *at, size_t n)
{
	at = realloc(at, n);
	must(at, "realloc");
	return at;
}

/* a mail body: base64 text in lines of 76 */
static void make_content(size_t n)
{
	content = grown(content, n);
	copy = grown(copy, n + 65536);
	sealed = grown(sealed, wax_base64_size(n + 64) + 65536);
	for (size_t i = 0; i < n; i++)
		content[i] = i % 78 == 76 ? '\r' : i % 78 == 77 ? '\n' : (uint8_t)('A' + i % 23);
}

static void hash(size_t n, uint8_t digest[32])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned got;

	must(EVP_DigestInit_ex(ctx, sha256, NULL) == 1, "digest");
	for (size_t at = 0; at < n; at += PIECE)
		EVP_DigestUpdate(ctx, content + at, n - at < PIECE ? n - at : PIECE);
	EVP_DigestFinal_ex(ctx, digest, &got);
	EVP_MD_CTX_free(ctx);
}

static size_t sign_attributes(EVP_PKEY *key, uint8_t signature[512])
{
	uint8_t digest[32];
	unsigned got;
	size_t n = 512;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	EVP_Digest(attributes, sizeof attributes, digest, &got, sha256, NULL);
	must(EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, sha256) == 1 &&
			EVP_PKEY_sign(ctx, signature, &n, digest, 32) == 1,
		"sign");
	EVP_PKEY_CTX_free(ctx);
	return n;
}

static void check(EVP_PKEY *key, const uint8_t *signature, size_t n)
{
	uint8_t digest[32];
	unsigned got;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	EVP_Digest(attributes, sizeof attributes, digest, &got, sha256, NULL);
	must(EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, sha256) == 1 &&
			EVP_PKEY_verify(ctx, signature, n, digest, 32) == 1,
		"verify");
	EVP_PKEY_CTX_free(ctx);
}

static uint8_t known[512];
static size_t known_n;
static EVP_PKEY *signer;
static const EVP_CIPHER *cipher;
static unsigned recipients;
static unsigned exactly; /* so many runs: for counting instructions */

static void job_sign(size_t n)
{
	uint8_t digest[32], signature[512];

	hash(n, digest);
	(void)sign_attributes(signer, signature);
	memcpy(copy, content, n);
}

static void job_verify(size_t n)
{
	uint8_t digest[32];

	hash(n, digest);
	for (int i = 0; i < 3; i++)
		check(signer, known, known_n);
}

static void oaep(EVP_PKEY_CTX *ctx)
{
	must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
			EVP_PKEY_CTX_set_rsa_oaep_md(ctx, sha256) == 1 &&
			EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, sha256) == 1,
		"OAEP");
}

static uint8_t wrapped[512], iv[16], tag[16];
static size_t wrapped_n;

static void wrap(const uint8_t key[32])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(rsa, NULL);

	wrapped_n = sizeof wrapped;
	must(EVP_PKEY_encrypt_init(ctx) == 1, "wrap");
	oaep(ctx);
	must(EVP_PKEY_encrypt(ctx, wrapped, &wrapped_n, key, 32) == 1, "wrap");
	EVP_PKEY_CTX_free(ctx);
}

static void job_encrypt(size_t n)
{
	static uint8_t piece[PIECE + 32];
	uint8_t key[32];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	WaxBase64Encoder encoder = { { 0 }, 0, 0 };
	size_t out = 0;
	int got;

	RAND_bytes(key, 32);
	RAND_bytes(iv, 16);
	for (unsigned i = 0; i < recipients; i++)
		wrap(key);
	must(EVP_EncryptInit_ex(ctx, cipher, NULL, key, iv) == 1, "cipher");
	for (size_t at = 0; at < n; at += PIECE) {
		EVP_EncryptUpdate(
			ctx, piece, &got, content + at, (int)(n - at < PIECE ? n - at : PIECE));
		out += wax_base64_encode(&encoder, WAX_SPAN(piece, (size_t)got), sealed + out);
	}
	EVP_EncryptFinal_ex(ctx, piece, &got);
	out += wax_base64_encode(&encoder, WAX_SPAN(piece, (size_t)got), sealed + out);
	sealed_n = out + wax_base64_encode_end(&encoder, sealed + out);
	if (cipher == gcm)
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, tag);
	EVP_CIPHER_CTX_free(ctx);
}

static void job_decrypt(size_t n)
{
	static uint8_t decoded[PIECE + 64], piece[PIECE + 64];
	uint8_t key[512];
	size_t key_n = sizeof key, some;
	EVP_PKEY_CTX *unwrap = EVP_PKEY_CTX_new(rsa, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	WaxBase64Decoder decoder = { 0 };
	int got, spool = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	(void)n;
	must(EVP_PKEY_decrypt_init(unwrap) == 1, "unwrap");
	oaep(unwrap);
	must(EVP_PKEY_decrypt(unwrap, key, &key_n, wrapped, wrapped_n) == 1 && key_n == 32,
		"unwrap");
	must(EVP_DecryptInit_ex(ctx, cipher, NULL, key, iv) == 1, "cipher");
	for (size_t at = 0; at < sealed_n; at += PIECE) {
		must(wax_base64_decode(&decoder,
			     WAX_SPAN(sealed + at, sealed_n - at < PIECE ? sealed_n - at : PIECE),
			     decoded, &some, NULL),
			"base64");
		EVP_DecryptUpdate(ctx, piece, &got, decoded, (int)some);
		must(write(spool, piece, (size_t)got) == got, "spool");
	}
	if (cipher == gcm)
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, tag);
	must(EVP_DecryptFinal_ex(ctx, piece, &got) == 1, "the end of the content");
	must(write(spool, piece, (size_t)got) == got, "spool");
	EVP_CIPHER_CTX_free(ctx);
	EVP_PKEY_CTX_free(unwrap);
	close(spool);
}

static const struct {
	const char *name;
	void (*run)(size_t n);
	bool ec, is_cbc;
	unsigned recipients;
} jobs[] = {
	{ "sign-rsa2048", job_sign, false, false, 0 },
	{ "sign-p256", job_sign, true, false, 0 },
	{ "verify-rsa2048", job_verify, false, false, 0 },
	{ "verify-p256", job_verify, true, false, 0 },
	{ "encrypt-gcm", job_encrypt, false, false, 1 },
	{ "encrypt-cbc", job_encrypt, false, true, 1 },
	{ "encrypt-gcm-100", job_encrypt, false, false, 100 },
	{ "decrypt-gcm", job_decrypt, false, false, 1 },
	{ "decrypt-cbc", job_decrypt, false, true, 1 },
};

static void once(void *data)
{
	const size_t *what = data; /* job, size */

	jobs[what[0]].run(what[1]);
}

static Spent measure(size_t job, size_t n, double seconds)
{
	static size_t now[2] = { SIZE_MAX, 0 };

	if (now[1] != n)
		make_content(n);
	if (now[0] != job || now[1] != n) {
		signer = jobs[job].ec ? p256 : rsa;
		cipher = jobs[job].is_cbc ? cbc : gcm;
		recipients = jobs[job].recipients;
		known_n = sign_attributes(signer, known);
		if (jobs[job].run == job_decrypt)
			job_encrypt(n);
	}
	now[0] = job;
	now[1] = n;
	return spend(once, now, seconds, exactly);
}

/* a chain that nobody has met has no floor of its own */
static bool measure_named(const char *name, size_t n, double seconds, Spent *ret_spent)
{
	for (size_t j = 0; j < sizeof jobs / sizeof *jobs; j++) {
		size_t length = strlen(jobs[j].name);

		if (strncmp(jobs[j].name, name, length) == 0 &&
			(!name[length] || strcmp(name + length, "-cold") == 0)) {
			*ret_spent = measure(j, n, seconds);
			return true;
		}
	}
	return false;
}

static bool is_wanted(const char *name, int count, char **names)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return count == 0;
}

static EVP_PKEY *key_at(const char *folder, const char *name)
{
	char path[4096];
	FILE *file;
	EVP_PKEY *key;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "r");
	must(file, path);
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	return key;
}

static void show_size(size_t job, size_t n, const char *name, double seconds, bool json)
{
	Spent spent = measure(job, n, seconds);

	printf(json ? ",\"%s\":%.1f" : "%.0s %12.1f", name, spent.runs / spent.seconds);
}

static void show(size_t job, size_t octets, double seconds, bool json)
{
	static const struct {
		const char *name;
		size_t n;
	} sizes[] = { { "10 KB", 10000 }, { "1 MB", 1000000 }, { "25 MB", 25000000 },
		{ "100 MB", 100000000 } };

	printf(json ? "{\"job\":\"%s\"" : "%-20s", jobs[job].name);
	if (octets)
		show_size(job, octets, "rate", seconds, json);
	for (size_t s = 0; !octets && s < sizeof sizes / sizeof *sizes; s++)
		show_size(job, sizes[s].n, sizes[s].name, seconds, json);
	printf(json ? "}\n" : "\n");
	fflush(stdout);
}

int main(int count, char **words)
{
	double seconds = 0.5;
	const char *keys = NULL;
	bool json = false, serves = false;
	size_t octets = 0;
	int at = 1;

	for (; at < count && words[at][0] == '-'; at++) {
		if (strcmp(words[at], "--json") == 0)
			json = true;
		else if (strcmp(words[at], "--serve") == 0)
			serves = true;
		else if (strcmp(words[at], "--keys") == 0 && at + 1 < count)
			keys = words[++at];
		else if (strcmp(words[at], "--octets") == 0 && at + 1 < count)
			octets = strtoul(words[++at], NULL, 10);
		else if (strcmp(words[at], "--count") == 0 && at + 1 < count)
			exactly = (unsigned)strtoul(words[++at], NULL, 10);
		else if (strcmp(words[at], "--seconds") == 0 && at + 1 < count)
			seconds = strtod(words[++at], NULL);
		else
			must(false, words[at]);
	}
	rsa = keys ? key_at(keys, "rsa.key") : EVP_RSA_gen(2048);
	p256 = keys ? key_at(keys, "ec.key") : EVP_EC_gen("P-256");
	sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	must(rsa && p256 && sha256 && gcm && cbc, "start");
	must(RAND_bytes(attributes, sizeof attributes) == 1, "RAND_bytes");
	if (serves) {
		serve(measure_named);
		return 0;
	}
	if (!json && !octets)
		printf("%-18s %12s %12s %12s %12s   messages per CPU second\n", "job", "10 KB",
			"1 MB", "25 MB", "100 MB");
	for (size_t j = 0; j < sizeof jobs / sizeof *jobs; j++) {
		if (!is_wanted(jobs[j].name, count - at, words + at))
			continue;
		show(j, octets, seconds, json);
	}
	return 0;
}
