/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: engine FOLDER [--seconds S | --count N] [--json] [--octets N] [JOB...]
 *        engine FOLDER --serve                                   (for bench/run; bench/spend.h)
 *
 * What the engine costs in one process, keys parsed, for the jobs and sizes of bench/floor: the
 * message lies in memory; what is signed or decrypted is copied, what is encrypted handed out.
 * bench/work-keys fills FOLDER.
 *
 *	sign	multipart/signed, the certificate sent along
 *	verify	judge: structure, digest, signature, chain of 3, address; certificates are known
 *	verify-*-cold	no certificate but the root was ever seen: both are parsed and checked
 *	encrypt	one or a hundred recipients, RSA-OAEP
 *	decrypt	judge (the first pass authenticates), then hand the plaintext out (the second)
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/people.h"
#include "bench/spend.h"
#include "core/clock.h"
#include "core/io.h"
#include "smime/open.h"
#include "smime/seal.h"

typedef struct {
	const char *name;
	bool signs, opens, ec, cold;
	WaxCipherAlg cipher;
	unsigned recipients;
} Job;

static const Job jobs[] = {
	{ "sign-rsa2048", true, false, false, false, WAX_CIPHER_NONE, 0 },
	{ "sign-p256", true, false, true, false, WAX_CIPHER_NONE, 0 },
	{ "verify-rsa2048", true, true, false, false, WAX_CIPHER_NONE, 0 },
	{ "verify-p256", true, true, true, false, WAX_CIPHER_NONE, 0 },
	{ "verify-rsa2048-cold", true, true, false, true, WAX_CIPHER_NONE, 0 },
	{ "verify-p256-cold", true, true, true, true, WAX_CIPHER_NONE, 0 },
	{ "encrypt-gcm", false, false, false, false, WAX_CIPHER_AES256_GCM, 1 },
	{ "encrypt-cbc", false, false, false, false, WAX_CIPHER_AES256_CBC, 1 },
	{ "encrypt-gcm-100", false, false, false, false, WAX_CIPHER_AES256_GCM, 100 },
	{ "decrypt-gcm", false, true, false, false, WAX_CIPHER_AES256_GCM, 1 },
	{ "decrypt-cbc", false, true, false, false, WAX_CIPHER_AES256_CBC, 1 },
};

#define STRANGERS 64 /* so many messages of fresh signers are made at a time */

static People people;
static GPtrArray *one, *many;
static GByteArray *letter;
static uint8_t *out;
static size_t out_n, out_room;
static unsigned exactly; /* so many runs: for counting instructions */

static const Job *job; /* the one at work */
static GByteArray *sealed[STRANGERS];
static unsigned sealed_count, sealed_next;

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

static void seal_as(WaxCert *cert, GPtrArray *chain, bool kept)
{
	WaxSealSigner signer = { .cert = cert,
		.chain = chain,
		.data = people_ann(&people, job->ec)->key,
		.sign = wax_seal_local_sign };
	WaxSealOptions options = { .signer = job->signs ? &signer : NULL,
		.recipients = job->recipients > 1   ? many
			      : job->recipients ? one
						    : NULL,
		.cipher = job->cipher,
		.oaep = true,
		.now = wax_clock_now() };
	WaxSource source = wax_source_span(WAX_SPAN(letter->data, letter->len));
	WaxSink sink = { kept || job->signs ? to_memory : to_nowhere, NULL };
	GError *error = NULL;

	out_n = 0;
	must(wax_seal(&source, &options, &sink, &error), error, "seal");
}

static void seal_once(void *data)
{
	const WaxIdentityKey *ann = people_ann(&people, job->ec);

	(void)data;
	seal_as(ann->cert, ann->chain, false);
}

static void open_once(void *data)
{
	const GByteArray *message = sealed[sealed_next++ % sealed_count];
	WaxSource source = wax_source_span(WAX_SPAN(message->data, message->len));
	WaxUnwrapper keys = wax_keyring_unwrapper(people.ring);
	WaxOpenOptions options = { .keys = &keys, .anchors = people.anchors, .at = wax_clock_now() };
	g_autoptr(WaxOpened) opened = NULL;
	WaxSink sink = { to_memory, NULL };
	GError *error = NULL;

	(void)data;
	must(wax_open_judge(&source, &options, &opened, &error), error, "open");
	if (job->signs) {
		must(wax_opened_verdict(opened)->signature == WAX_SIGNATURE_VALID_TRUSTED, NULL,
			"verdict");
		return;
	}
	out_n = 0;
	must(wax_opened_emit(opened, &sink, &error) && out_n > 0, error, "emit");
}

static void keep_sealed(WaxCert *cert, GPtrArray *chain)
{
	GByteArray *kept = g_byte_array_new();

	seal_as(cert, chain, true);
	g_byte_array_append(kept, out, (guint)out_n);
	sealed[sealed_count++] = kept;
}

static void drop_sealed(void)
{
	while (sealed_count)
		g_byte_array_unref(sealed[--sealed_count]);
	sealed_next = 0;
}

static void send_stranger(int to)
{
	g_autoptr(GPtrArray) chain = g_ptr_array_new();
	WaxCert *ca = people_issue_ca(&people, job->ec);
	guint32 length;
	GError *error = NULL;

	g_ptr_array_add(chain, ca);
	seal_as(people_issue(&people, job->ec, ca), chain, true);
	length = (guint32)out_n;
	must(wax_io_write(to, WAX_SPAN((const uint8_t *)&length, sizeof length), &error) &&
			wax_io_write(to, WAX_SPAN(out, out_n), &error),
		error, "a stranger's message");
}

static void receive_stranger(int from)
{
	GByteArray *message = g_byte_array_new();
	guint32 length;
	size_t got;
	GError *error = NULL;

	must(wax_io_read(from, &length, sizeof length, &got, &error) && got == sizeof length, error,
		"a stranger's message");
	g_byte_array_set_size(message, length);
	must(wax_io_read(from, message->data, length, &got, &error) && got == length, error,
		"a stranger's message");
	sealed[sealed_count++] = message;
}

/* messages whose signers and authorities this process has never met: another one makes them */
static void meet_strangers(void)
{
	/* of large ones a few take long enough */
	unsigned count = letter->len > 100000 ? 4 : STRANGERS;
	int ends[2];
	pid_t maker = -1;

	drop_sealed();
	must(pipe(ends) == 0 && (maker = fork()) >= 0, NULL, "fork");
	if (!maker) {
		for (unsigned i = 0; i < count; i++)
			send_stranger(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	while (sealed_count < count)
		receive_stranger(ends[0]);
	close(ends[0]);
	waitpid(maker, NULL, 0);
}

/* each of them once, however long it takes */
static Spent spend_cold(void)
{
	meet_strangers();
	return spend(open_once, NULL, 1e9,
		exactly && exactly < sealed_count ? exactly : sealed_count);
}

/* prepare - the letter of this size, what is to be opened, and once for the caches */
static void prepare(const Job *wanted, size_t n)
{
	static size_t letter_n;
	const WaxIdentityKey *ann = people_ann(&people, wanted->ec);

	if (job == wanted && letter_n == n)
		return;
	job = wanted;
	if (letter_n != n) {
		g_clear_pointer(&letter, g_byte_array_unref);
		letter = people_letter(letter_n = n);
		out_room = 2 * (size_t)letter->len + 1024 * 1024;
		out = g_realloc(out, out_room);
	}
	drop_sealed();
	if (job->opens) {
		keep_sealed(ann->cert, ann->chain);
		open_once(NULL);
	} else {
		seal_once(NULL);
	}
}

static Spent measure(const Job *wanted, size_t n, double seconds)
{
	prepare(wanted, n);
	return job->cold    ? spend_cold()
	       : job->opens ? spend(open_once, NULL, seconds, exactly)
			    : spend(seal_once, NULL, seconds, exactly);
}

static bool measure_named(const char *name, size_t n, double seconds, Spent *ret_spent)
{
	for (size_t j = 0; j < G_N_ELEMENTS(jobs); j++)
		if (strcmp(jobs[j].name, name) == 0) {
			*ret_spent = measure(&jobs[j], n, seconds);
			return true;
		}
	return false;
}

static void find_recipients(const char *folder)
{
	g_autofree char *path = g_build_filename(folder, "many.pem", NULL);
	GError *error = NULL;

	one = g_ptr_array_new();
	g_ptr_array_add(one, people_ann(&people, false)->cert);
	must(wax_certs_load(path, &many, &error), error, path);
}

static bool is_wanted(const char *name, int count, char **names)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return count == 0;
}

typedef struct {
	double seconds;
	size_t octets; /* this size alone; 0: all */
	bool json;
} Wish;

static void show_size(const Job *wanted, size_t n, const char *name, const Wish *wish)
{
	Spent spent = measure(wanted, n, wish->seconds);

	printf(wish->json ? ",\"%s\":%.1f" : "%.0s %12.1f", name, spent.runs / spent.seconds);
}

static void show(const Job *wanted, const Wish *wish)
{
	static const struct {
		const char *name;
		size_t n;
	} sizes[] = { { "10 KB", 10000 }, { "1 MB", 1000000 }, { "25 MB", 25000000 },
		{ "100 MB", 100000000 } };

	printf(wish->json ? "{\"job\":\"%s\"" : "%-20s", wanted->name);
	if (wish->octets)
		show_size(wanted, wish->octets, "rate", wish);
	for (size_t s = 0; !wish->octets && s < G_N_ELEMENTS(sizes); s++)
		show_size(wanted, sizes[s].n, sizes[s].name, wish);
	printf(wish->json ? "}\n" : "\n");
	fflush(stdout);
}

int main(int count, char **words)
{
	Wish wish = { 0.5, 0, false };
	bool serves = false;
	int at = 2;

	if (count < 2) {
		fputs("usage: engine FOLDER [--serve | --seconds S | --count N] [--json] [--octets N] "
		      "[JOB...]\n",
			stderr);
		return 64;
	}
	for (; at < count && words[at][0] == '-'; at++) {
		if (strcmp(words[at], "--json") == 0)
			wish.json = true;
		else if (strcmp(words[at], "--serve") == 0)
			serves = true;
		else if (strcmp(words[at], "--octets") == 0 && at + 1 < count)
			wish.octets = strtoul(words[++at], NULL, 10);
		else if (strcmp(words[at], "--count") == 0 && at + 1 < count)
			exactly = (unsigned)strtoul(words[++at], NULL, 10);
		else if (strcmp(words[at], "--seconds") == 0 && at + 1 < count)
			wish.seconds = strtod(words[++at], NULL);
		else
			must(false, NULL, words[at]);
	}
	people_load(&people, words[1]);
	find_recipients(words[1]);
	if (serves) {
		serve(measure_named);
		return 0;
	}
	if (!wish.json && !wish.octets)
		printf("%-18s %12s %12s %12s %12s   messages per CPU second\n", "job", "10 KB", "1 MB",
			"25 MB", "100 MB");
	for (size_t j = 0; j < G_N_ELEMENTS(jobs); j++)
		if (is_wanted(jobs[j].name, count - at, words + at))
			show(&jobs[j], &wish);
	return 0;
}
