/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever a message is sealed for opens it, in every way there is, and nobody else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/clock.h"
#include "core/status.h"
#include "smime/open.h"
#include "smime/seal.h"

#define BODY	 "nobody else may read this.\r\n"
#define PASSWORD "correct horse"

typedef struct {
	const char *kind;
	WaxKey *key;
	WaxCert *cert;
	WaxKeyring *keyring;
} Person;

static const char *const kinds[] = { "rsa-2048", "p256", "p384", "p521", "x25519", "x448",
	"ml-kem-512", "ml-kem-768", "ml-kem-1024" };

static struct {
	WaxKey *ca_key;
	Person people[G_N_ELEMENTS(kinds)];
	guint count; /* ML-KEM is there with OpenSSL 3.5 alone */
} world;

static WaxCert *issue(const Person *person, unsigned usage)
{
	static uint8_t serial[2] = { 1, 0 };
	g_autoptr(GByteArray) spki = wax_key_spki(person->key);
	g_autoptr(GError) error = NULL;
	WaxCertProfile profile = {
		.common_name = person->kind,
		.spki = WAX_SPAN(spki->data, spki->len),
		.serial = WAX_SPAN(serial, sizeof serial),
		.not_before = wax_clock_now() - 86400,
		.not_after = wax_clock_now() + 86400,
		.path_length = -1,
		.key_usage = usage,
		.eku_mail = true,
	};
	WaxCertProfile root = { .common_name = "Root",
		.serial = WAX_SPAN(serial, 1),
		.not_before = profile.not_before,
		.not_after = profile.not_after,
		.ca = true,
		.path_length = -1,
		.key_usage = WAX_KU_CERT_SIGN };
	g_autoptr(GByteArray) root_spki = wax_key_spki(world.ca_key);
	g_autoptr(WaxCert) ca = NULL;
	WaxCert *cert;

	serial[1]++;
	root.spki = WAX_SPAN(root_spki->data, root_spki->len);
	ca = wax_cert_issue(&root, NULL, world.ca_key, NULL);
	assert_non_null(ca);
	cert = wax_cert_issue(&profile, ca, world.ca_key, &error);
	assert_non_null(cert);
	return cert;
}

static unsigned usage_of(const WaxKey *key)
{
	return wax_keyenc_is_agreement(wax_key_keyenc(key)) ? WAX_KU_KEY_AGREEMENT
							    : WAX_KU_KEY_ENCIPHERMENT;
}

static int set_up(void **state)
{
	(void)state;
	world.ca_key = wax_key_generate("p256", NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		Person *person = &world.people[world.count];

		person->kind = kinds[i];
		person->key = wax_key_generate(kinds[i], NULL);
		if (!person->key)
			continue;
		person->cert = issue(person, usage_of(person->key));
		person->keyring = wax_keyring_new();
		wax_keyring_add(person->keyring, person->key, person->cert, NULL);
		world.count++;
	}
	return world.count >= 6 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	wax_key_unref(world.ca_key);
	for (guint i = 0; i < world.count; i++) {
		wax_key_unref(world.people[i].key);
		wax_cert_unref(world.people[i].cert);
		wax_keyring_free(world.people[i].keyring);
	}
	return 0;
}

static bool gather(void *data, WaxSpan bytes, GError **error)
{
	(void)error;
	g_string_append_len(data, (const char *)bytes.p, (gssize)bytes.n);
	return true;
}

static GString *seal(const WaxSealOptions *options)
{
	static const char text[] = "From: a@corp.example\r\nSubject: s\r\n\r\n" BODY;
	WaxSource source = wax_source_span(WAX_SPAN(text, sizeof text - 1));
	GString *out = g_string_new(NULL);
	WaxSink sink = { gather, out };
	WaxSealOptions now = *options;
	g_autoptr(GError) error = NULL;

	now.now = wax_clock_now();
	if (!wax_seal(&source, &now, &sink, &error))
		fail_msg("%s", error->message);
	return out;
}

/* open - the verdict's word; what comes out is the body, or nothing comes out */
static WaxEncryptionWord open(const GString *message, WaxKeyring *keyring, bool historic)
{
	WaxUnwrapper keys = wax_keyring_unwrapper(keyring);
	WaxOpenOptions options = { .keys = &keys, .at = wax_clock_now(), .historic = historic };
	WaxSource source = wax_source_span(WAX_SPAN(message->str, message->len));
	g_autoptr(WaxOpened) opened = NULL;
	GString *payload = g_string_new(NULL);
	WaxSink sink = { gather, payload };
	WaxEncryptionWord word;

	assert_true(wax_open_judge(&source, &options, &opened, NULL));
	word = wax_opened_verdict(opened)->encryption;
	if (word == WAX_ENCRYPTION_AUTHENTICATED || word == WAX_ENCRYPTION_UNAUTHENTICATED) {
		assert_true(wax_opened_has_payload(opened));
		assert_true(wax_opened_emit(opened, &sink, NULL));
		if (!g_str_has_suffix(payload->str, BODY))
			word = WAX_ENCRYPTION_FAILED; /* a CBC key that decrypts by chance */
	} else {
		assert_false(wax_opened_has_payload(opened));
	}
	g_string_free(payload, true);
	return word;
}

static WaxEncryptionWord success(WaxCipherAlg cipher)
{
	return wax_cipher_is_aead(cipher) ? WAX_ENCRYPTION_AUTHENTICATED
					  : WAX_ENCRYPTION_UNAUTHENTICATED;
}

/* hybrid: one message, classic and post-quantum recipients, a password and a symmetric key */
static void everyone_it_is_for_opens_it(void **state)
{
	static const uint8_t kek[16] = { 1, 2, 3 }, name[] = { 0xab, 0xcd };
	g_autoptr(GPtrArray) certs = g_ptr_array_new();
	WaxSealSecret secrets[] = { { WAX_SPAN(kek, 16), WAX_SPAN(name, 2) },
		{ WAX_SPAN_LIT(PASSWORD), WAX_SPAN_NONE } };
	g_autoptr(WaxKeyring) password = wax_keyring_new(), symmetric = wax_keyring_new(),
			      stranger = wax_keyring_new();

	(void)state;
	for (guint i = 0; i < world.count; i++)
		g_ptr_array_add(certs, world.people[i].cert);
	wax_keyring_add_secret(password, WAX_SPAN_NONE, secrets[1].secret);
	wax_keyring_add_secret(symmetric, secrets[0].key_id, secrets[0].secret);
	wax_keyring_add_secret(stranger, WAX_SPAN(name, 1), secrets[0].secret);
	for (unsigned cipher = 1; cipher < WAX_CIPHER_COUNT_; cipher++) {
		for (unsigned how = 0; how < 4; how++) {
			/* PBKDF2 takes its time by design: a key of each size */
			bool typed = how == 0 && (cipher == WAX_CIPHER_AES128_CBC ||
							 cipher == WAX_CIPHER_AES192_CCM ||
							 cipher == WAX_CIPHER_CHACHA20_POLY1305);
			WaxSealOptions options = { .recipients = certs,
				.cipher = (WaxCipherAlg)cipher,
				.secrets = secrets,
				.secret_count = typed ? 2 : 1,
				.oaep = how == 1,
				.rsa_kem = how == 2,
				.derived_key = how == 3 };
			GString *message;

			if (wax_cipher_is_weak(options.cipher))
				continue;
			message = seal(&options);
			for (guint i = 0; i < world.count; i++)
				assert_int_equal(open(message, world.people[i].keyring, false),
					success(options.cipher));
			if (typed)
				assert_int_equal(
					open(message, password, false), success(options.cipher));
			assert_int_equal(open(message, symmetric, false), success(options.cipher));
			assert_int_equal(
				open(message, stranger, false), WAX_ENCRYPTION_UNDECRYPTABLE);
			g_string_free(message, true);
		}
	}
}

/* what keyUsage says decides, for each kind what it calls encrypting */
static void key_usage_decides_who_is_sealed_for(void **state)
{
	(void)state;
	for (guint i = 0; i < world.count; i++) {
		const Person *person = &world.people[i];
		unsigned right = usage_of(person->key);
		unsigned wrong = right == WAX_KU_KEY_AGREEMENT ? WAX_KU_KEY_ENCIPHERMENT
							       : WAX_KU_KEY_AGREEMENT;
		g_autoptr(WaxCert) cert = issue(person, wrong | WAX_KU_DIGITAL_SIGNATURE);

		assert_true(wax_cert_can_encrypt(person->cert));
		assert_false(wax_cert_can_encrypt(cert));
		/* X25519, X448 and ML-KEM sign nothing, whatever is said of them */
		assert_int_equal(wax_cert_can_sign(cert), i < 4);
	}
}

/* nothing weak is ever written */
static void weak_ciphers_are_not_written(void **state)
{
	static const WaxCipherAlg weak[] = { WAX_CIPHER_NONE, WAX_CIPHER_3DES_CBC,
		WAX_CIPHER_RC2_40_CBC, WAX_CIPHER_RC2_64_CBC, WAX_CIPHER_RC2_128_CBC };
	g_autoptr(GPtrArray) certs = g_ptr_array_new();
	WaxSource source = wax_source_span(WAX_SPAN_LIT("\r\n"));
	g_autoptr(GString) out = g_string_new(NULL);
	WaxSink sink = { gather, out };

	(void)state;
	g_ptr_array_add(certs, world.people[0].cert);
	for (size_t i = 0; i < G_N_ELEMENTS(weak); i++) {
		WaxSealOptions options = {
			.recipients = certs, .cipher = weak[i], .now = wax_clock_now()
		};
		g_autoptr(GError) error = NULL;

		assert_false(wax_seal(&source, &options, &sink, &error));
		assert_int_equal(wax_reason_of(error), WAX_R_ALGORITHM_REFUSED);
	}
	assert_int_equal(out->len, 0);
}

/* --- messages that somebody changed --- */

static GByteArray *object_of(const GString *message, size_t *ret_body)
{
	const char *body = strstr(message->str, "\r\n\r\n") + 4;
	gsize n;
	guchar *der = g_base64_decode(body, &n);

	*ret_body = (size_t)(body - message->str);
	return g_byte_array_new_take(der, n);
}

/* change - the only place where `old` stands becomes `new`, which is as long */
static void change(GString *message, WaxSpan old, WaxSpan new)
{
	size_t body;
	g_autoptr(GByteArray) object = object_of(message, &body);
	g_autofree char *text = NULL;
	uint8_t *found = memmem(object->data, object->len, old.p, old.n);

	assert_non_null(found);
	memcpy(found, new.p, new.n);
	text = g_base64_encode(object->data, object->len);
	g_string_truncate(message, body);
	g_string_append(message, text);
}

typedef struct {
	const char *what;
	WaxCipherAlg cipher;
	bool password;
	uint8_t old[11], new[11];
	size_t n;
	WaxEncryptionWord expected;
} Change;

static const Change changes[] = {
	/* T-27, R-47: ICVlen says 4 and then 10; the tag in the message has 16 octets */
	{ "CCM tag of 4", WAX_CIPHER_AES128_CCM, false, { 2, 1, 16, 0x80 }, { 2, 1, 4, 0x80 }, 4,
		WAX_ENCRYPTION_FAILED },
	{ "CCM tag of 14", WAX_CIPHER_AES128_CCM, false, { 2, 1, 16, 0x80 }, { 2, 1, 14, 0x80 }, 4,
		WAX_ENCRYPTION_FAILED },
	/* T-37: a key of 24 octets, and a cipher that wants 16 or 32 */
	{ "a long key", WAX_CIPHER_AES192_CBC, false, { 3, 4, 1, 22, 4, 16 }, { 3, 4, 1, 2, 4, 16 },
		6, WAX_ENCRYPTION_FAILED },
	{ "a short key", WAX_CIPHER_AES192_CBC, false, { 3, 4, 1, 22, 4, 16 },
		{ 3, 4, 1, 42, 4, 16 }, 6, WAX_ENCRYPTION_FAILED },
	/* T-31: the KEK's cipher is no block cipher in CBC mode */
	{ "a stream-mode KEK", WAX_CIPHER_AES128_GCM, true, { 3, 4, 1, 42, 4, 16 },
		{ 3, 4, 1, 46, 4, 16 }, 6, WAX_ENCRYPTION_UNDECRYPTABLE },
	{ "a KEK without a mode", WAX_CIPHER_AES128_GCM, true, { 3, 4, 1, 42, 4, 16 },
		{ 3, 4, 1, 41, 4, 16 }, 6, WAX_ENCRYPTION_UNDECRYPTABLE },
	/* L-14: one iteration more than we run; none at all; another number: another key */
	{ "5 000 001 iterations", WAX_CIPHER_AES128_GCM, true, { 2, 3, 0x09, 0x27, 0xc0 },
		{ 2, 3, 0x4c, 0x4b, 0x41 }, 5, WAX_ENCRYPTION_UNDECRYPTABLE },
	{ "no iterations", WAX_CIPHER_AES128_GCM, true, { 2, 3, 0x09, 0x27, 0xc0 },
		{ 2, 3, 0, 0, 0 }, 5, WAX_ENCRYPTION_UNDECRYPTABLE },
	{ "one iteration", WAX_CIPHER_AES128_GCM, true, { 2, 3, 0x09, 0x27, 0xc0 },
		{ 2, 3, 0, 0, 1 }, 5, WAX_ENCRYPTION_FAILED },
	{ "another PRF", WAX_CIPHER_AES128_GCM, true, { 0x0d, 2, 9, 5, 0 }, { 0x0d, 2, 12, 5, 0 }, 5,
		WAX_ENCRYPTION_UNDECRYPTABLE },
};

static void changed_messages_give_nothing(void **state)
{
	g_autoptr(GPtrArray) certs = g_ptr_array_new();
	WaxSealSecret secret = { WAX_SPAN_LIT(PASSWORD), WAX_SPAN_NONE };
	g_autoptr(WaxKeyring) password = wax_keyring_new();

	(void)state;
	g_ptr_array_add(certs, world.people[1].cert);
	wax_keyring_add_secret(password, WAX_SPAN_NONE, secret.secret);
	for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
		const Change *c = &changes[i];
		WaxSealOptions options = { .recipients = c->password ? NULL : certs,
			.secrets = &secret,
			.secret_count = c->password,
			.cipher = c->cipher };
		GString *message = seal(&options);
		WaxKeyring *keyring = c->password ? password : world.people[1].keyring;
		WaxEncryptionWord got;

		change(message, WAX_SPAN(c->old, c->n), WAX_SPAN(c->new, c->n));
		got = open(message, keyring, true);
		if (got != c->expected)
			fail_msg("%s: %s", c->what, wax_encryption_word(got));
		g_string_free(message, true);
	}
}

/* R-46, T-29: a wrapped key that is changed, for every kind: `failed`, with the one reason */
static void a_changed_key_fails_for_everyone_alike(void **state)
{
	(void)state;
	for (guint i = 0; i < world.count; i++) {
		for (unsigned how = 0; how < 3; how++) {
			g_autoptr(GPtrArray) certs = g_ptr_array_new();
			WaxSealOptions options = { .recipients = certs,
				.cipher = WAX_CIPHER_AES256_GCM,
				.oaep = how == 1,
				.rsa_kem = how == 2 };
			GString *message;
			size_t body, at;
			g_autoptr(GByteArray) object = NULL;
			WaxSpan info;
			uint8_t old[16], new[16];

			g_ptr_array_add(certs, world.people[i].cert);
			message = seal(&options);
			object = object_of(message, &body);
			/* the octets before EncryptedContentInfo are the end of the wrapped key */
			info = WAX_SPAN_LIT("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01");
			at = (size_t)((uint8_t *)memmem(
					      object->data, object->len, info.p, info.n) -
				      object->data) -
			     20;
			memcpy(old, object->data + at, sizeof old);
			memcpy(new, old, sizeof new);
			new[7] ^= 0x10;
			change(message, WAX_SPAN(old, 16), WAX_SPAN(new, 16));
			assert_int_equal(open(message, world.people[i].keyring, false),
				WAX_ENCRYPTION_FAILED);
			g_string_free(message, true);
		}
	}
}

/* T-26: what was authenticated, presented as CBC under the same key, opens under no name */
static void a_derived_key_serves_one_cipher_alone(void **state)
{
	g_autoptr(GPtrArray) certs = g_ptr_array_new();
	WaxSealOptions options = { .recipients = certs,
		.cipher = WAX_CIPHER_AES256_CBC,
		.derived_key = true };
	/* RFC 9709: 06 0b ... 03 1f 30 1d 06 09 ... 01 2a */
	static const uint8_t old[] = { 3, 4, 1, 42, 4, 16 }, new[] = { 3, 4, 1, 2, 4, 16 };
	GString *message;

	(void)state;
	g_ptr_array_add(certs, world.people[4].cert);
	message = seal(&options);
	assert_int_equal(open(message, world.people[4].keyring, false), success(options.cipher));
	change(message, WAX_SPAN(old, 6), WAX_SPAN(new, 6));
	assert_int_equal(open(message, world.people[4].keyring, false), WAX_ENCRYPTION_FAILED);
	g_string_free(message, true);
}

/* RFC 9629 6.2: kekLength is the key size of the wrap, and the wrap is one of the good ones */
static void a_kem_says_how_long_its_key_is(void **state)
{
	static const uint8_t old[] = { 2, 1, 32, 0x30, 11, 6, 9, 0x60 },
			     new[] = { 2, 1, 16, 0x30, 11, 6, 9, 0x60 };
	g_autoptr(GPtrArray) certs = g_ptr_array_new();
	WaxSealOptions options = {
		.recipients = certs, .cipher = WAX_CIPHER_AES256_GCM, .rsa_kem = true
	};
	GString *message;

	(void)state;
	g_ptr_array_add(certs, world.people[0].cert);
	message = seal(&options);
	change(message, WAX_SPAN(old, sizeof old), WAX_SPAN(new, sizeof new));
	assert_int_equal(
		open(message, world.people[0].keyring, true), WAX_ENCRYPTION_UNDECRYPTABLE);
	g_string_free(message, true);
}

/* a large message under CCM, whose octets must be counted before the first of them is decrypted */
static void ccm_is_not_limited_by_memory(void **state)
{
	g_autoptr(GPtrArray) certs = g_ptr_array_new();
	WaxSealOptions options = {
		.recipients = certs, .cipher = WAX_CIPHER_AES256_CCM, .now = wax_clock_now()
	};
	const size_t n = 17 * 1024 * 1024; /* beyond what a nonce of 12 octets can count */
	g_autoptr(GString) text = g_string_sized_new(n + 100), sealed = g_string_new(NULL),
			   back = g_string_new(NULL);
	WaxSink sink = { gather, sealed }, out = { gather, back };
	WaxUnwrapper keys = wax_keyring_unwrapper(world.people[1].keyring);
	WaxOpenOptions how = { .keys = &keys, .at = options.now };
	g_autoptr(WaxOpened) opened = NULL;
	WaxSource source;

	(void)state;
	g_ptr_array_add(certs, world.people[1].cert);
	g_string_append(text, "From: a@corp.example\r\nContent-Type: text/plain\r\n\r\n");
	while (text->len < n)
		g_string_append(text, "seventeen mebioctets of this, or a little more of it\r\n");
	source = wax_source_span(WAX_SPAN(text->str, text->len));
	assert_true(wax_seal(&source, &options, &sink, NULL));
	source = wax_source_span(WAX_SPAN(sealed->str, sealed->len));
	assert_true(wax_open_judge(&source, &how, &opened, NULL));
	assert_int_equal(wax_opened_verdict(opened)->encryption, WAX_ENCRYPTION_AUTHENTICATED);
	assert_true(wax_opened_emit(opened, &out, NULL));
	assert_true(back->len >= n);
	g_clear_pointer(&opened, wax_opened_free);
	/* T-28: one octet near its end */
	sealed->str[sealed->len - 200] = sealed->str[sealed->len - 200] == 'A' ? 'B' : 'A';
	assert_true(wax_open_judge(&source, &how, &opened, NULL));
	assert_int_equal(wax_opened_verdict(opened)->encryption, WAX_ENCRYPTION_FAILED);
	assert_false(wax_opened_has_payload(opened));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everyone_it_is_for_opens_it),
		cmocka_unit_test(key_usage_decides_who_is_sealed_for),
		cmocka_unit_test(weak_ciphers_are_not_written),
		cmocka_unit_test(changed_messages_give_nothing),
		cmocka_unit_test(a_changed_key_fails_for_everyone_alike),
		cmocka_unit_test(a_derived_key_serves_one_cipher_alone),
		cmocka_unit_test(a_kem_says_how_long_its_key_is),
		cmocka_unit_test(ccm_is_not_limited_by_memory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
