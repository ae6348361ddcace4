/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: cms FOLDER                                                     (for bench/run; bench/spend.h)
 * A competitor: the CMS functions of OpenSSL in one process, on the jobs of bench/engine, keys
 * parsed and the store loaded once; messages lie in memory, and what comes out goes there as well.
 * Each opens what it made.  The product may not call any of this.
 */
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "bench/spend.h"

#define MANY_MAX 100

typedef struct {
	const char *name;
	bool signs, opens, ec, cbc;
	unsigned recipients;
} Job;

static const Job jobs[] = {
	{ "sign-rsa2048", true, false, false, false, 0 },
	{ "sign-p256", true, false, true, false, 0 },
	{ "verify-rsa2048", true, true, false, false, 0 },
	{ "verify-p256", true, true, true, false, 0 },
	{ "encrypt-gcm", false, false, false, false, 1 },
	{ "encrypt-cbc", false, false, false, true, 1 },
	{ "encrypt-gcm-100", false, false, false, false, 100 },
	{ "decrypt-gcm", false, true, false, false, 1 },
	{ "decrypt-cbc", false, true, false, true, 1 },
};

static EVP_PKEY *keys[2];
static X509 *certs[2], *many[MANY_MAX];
static STACK_OF(X509) *chains[2];
static X509_STORE *store;

static const Job *job;
static char *letter;
static size_t letter_n;
static BIO *sealed; /* what is to be opened */

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "cms: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(70);
}

static BIO *file(const char *folder, const char *name)
{
	char path[4096];
	BIO *bio;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	bio = BIO_new_file(path, "r");
	must(bio, path);
	return bio;
}

static X509 *cert_at(const char *folder, const char *name)
{
	BIO *bio = file(folder, name);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	must(cert, name);
	BIO_free(bio);
	return cert;
}

static void load(const char *folder)
{
	static const char *const names[2][4] = { { "rsa.key", "rsa.pem", "rsa-ca.pem", "rsa-root.pem" },
		{ "ec.key", "ec.pem", "ec-ca.pem", "ec-root.pem" } };
	BIO *bio;

	store = X509_STORE_new();
	for (unsigned i = 0; i < 2; i++) {
		bio = file(folder, names[i][0]);
		keys[i] = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
		must(keys[i], names[i][0]);
		BIO_free(bio);
		certs[i] = cert_at(folder, names[i][1]);
		chains[i] = sk_X509_new_null();
		sk_X509_push(chains[i], cert_at(folder, names[i][2]));
		X509_STORE_add_cert(store, cert_at(folder, names[i][3]));
	}
	bio = file(folder, "many.pem");
	for (unsigned i = 0; i < MANY_MAX; i++)
		must((many[i] = PEM_read_bio_X509(bio, NULL, NULL, NULL)), "many.pem");
	BIO_free(bio);
}

static void make_letter(size_t n)
{
	static const char head[] = "Content-Type: text/plain\r\n\r\n";

	letter_n = n + sizeof head - 1;
	letter = realloc(letter, letter_n);
	must(letter, "realloc");
	memcpy(letter, head, sizeof head - 1);
	for (size_t i = 0; i < n; i++)
		letter[sizeof head - 1 + i] = i % 78 == 76   ? '\r'
					      : i % 78 == 77 ? '\n'
							     : (char)('A' + i % 23);
}

static void sign(BIO *out)
{
	BIO *in = BIO_new_mem_buf(letter, (int)letter_n);
	int flags = CMS_DETACHED | CMS_STREAM | CMS_BINARY;
	CMS_ContentInfo *cms = CMS_sign(certs[job->ec], keys[job->ec], chains[job->ec], in, (unsigned)flags);

	must(cms && SMIME_write_CMS(out, cms, in, flags), "sign");
	CMS_ContentInfo_free(cms);
	BIO_free(in);
}

static void add_recipient(CMS_ContentInfo *cms, X509 *cert)
{
	CMS_RecipientInfo *ri = CMS_add1_recipient_cert(cms, cert, CMS_KEY_PARAM);
	EVP_PKEY_CTX *ctx;

	must(ri && (ctx = CMS_RecipientInfo_get0_pkey_ctx(ri)), "recipient");
	must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
			EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0 &&
			EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) > 0,
		"OAEP");
}

static void encrypt(BIO *out)
{
	BIO *in = BIO_new_mem_buf(letter, (int)letter_n);
	int flags = CMS_STREAM | CMS_BINARY | CMS_PARTIAL;
	CMS_ContentInfo *cms = CMS_encrypt(
		NULL, NULL, job->cbc ? EVP_aes_256_cbc() : EVP_aes_256_gcm(), (unsigned)flags);

	must(cms, "encrypt");
	for (unsigned i = 0; i < job->recipients; i++)
		add_recipient(cms, job->recipients > 1 ? many[i] : certs[0]);
	must(SMIME_write_CMS(out, cms, in, flags), "encrypt");
	CMS_ContentInfo_free(cms);
	BIO_free(in);
}

static void seal(BIO *out)
{
	if (job->signs)
		sign(out);
	else
		encrypt(out);
}

static void seal_once(void *data)
{
	BIO *out = BIO_new(BIO_s_mem());

	(void)data;
	seal(out);
	BIO_free(out);
}

static void open_once(void *data)
{
	char *bytes;
	long n = BIO_get_mem_data(sealed, &bytes);
	BIO *in = BIO_new_mem_buf(bytes, (int)n), *content = NULL, *out = BIO_new(BIO_s_mem());
	CMS_ContentInfo *cms = SMIME_read_CMS(in, &content);

	(void)data;
	must(cms, "read");
	if (job->signs)
		must(CMS_verify(cms, NULL, store, content, out, CMS_BINARY) == 1, "verify");
	else
		must(CMS_decrypt(cms, keys[0], certs[0], NULL, out, CMS_BINARY) == 1, "decrypt");
	must(BIO_pending(out) > 10000 - 1, "nothing came out");
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	BIO_free(content);
	BIO_free(out);
}

static void prepare(const Job *wanted, size_t n)
{
	if (job == wanted && letter_n == n + 28)
		return;
	job = wanted;
	make_letter(n);
	BIO_free(sealed);
	sealed = NULL;
	if (!job->opens)
		return;
	sealed = BIO_new(BIO_s_mem());
	seal(sealed);
}

static bool measure(const char *name, size_t n, double seconds, Spent *ret_spent)
{
	for (size_t j = 0; j < sizeof jobs / sizeof *jobs; j++)
		if (strcmp(jobs[j].name, name) == 0) {
			prepare(&jobs[j], n);
			*ret_spent = spend(job->opens ? open_once : seal_once, NULL, seconds, 0);
			return true;
		}
	return false;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: cms FOLDER\n", stderr);
		return 64;
	}
	load(argv[1]);
	serve(measure);
	return 0;
}
