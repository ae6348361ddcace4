/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/custodian/record.h"

#include <string.h>
#include <unistd.h>

#include "asn1/der.h"
#include "core/io.h"
#include "core/status.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"

#define FILE_MAGIC   "waxwing-kek-1"
#define ARGON_PASSES 3
#define ARGON_MEMORY (64 * 1024) /* KiB */

/* put_fields - what both seals bind, written backwards */
static void put_fields(WaxDer *out, const char *identity, const char *purpose, uint64_t epoch,
	const uint8_t spki_sha256[32])
{
	uint8_t number[9] = { 0 };

	for (int i = 8; i > 0; i--, epoch >>= 8)
		number[i] = (uint8_t)epoch;
	wax_der_put(out, WAX_TAG_OCTET_STRING, WAX_SPAN(spki_sha256, 32));
	wax_der_put(out, WAX_TAG_INTEGER, WAX_SPAN(number, 9));
	wax_der_put(out, WAX_TAG_UTF8, WAX_SPAN(purpose, strlen(purpose)));
	wax_der_put(out, WAX_TAG_UTF8, WAX_SPAN(identity, strlen(identity)));
	wax_der_small(out, 1);
}

GByteArray *wax_record_seal(const WaxSecret *kek, const char *identity, const char *purpose,
	uint64_t epoch, const WaxKey *key)
{
	g_autoptr(WaxSecret) pkcs8 = wax_key_pkcs8(key), data_key = wax_secret_new(32);
	g_autoptr(GByteArray) spki = wax_key_spki(key), sealed_key = NULL, sealed_data = NULL;
	size_t room = 1024 + strlen(identity) + strlen(purpose) + pkcs8->n;
	g_autofree uint8_t *bytes = g_malloc(room);
	uint8_t sha256[32];
	WaxDer fields = wax_der(bytes, room), out;
	GByteArray *record;
	WaxSpan aad;

	wax_sha256(WAX_SPAN(spki->data, spki->len), sha256);
	put_fields(&fields, identity, purpose, epoch, sha256);
	aad = wax_der_span(&fields);
	wax_random(data_key->p, 32);
	sealed_data = wax_box_seal(wax_secret_span(kek), aad, wax_secret_span(data_key));
	sealed_key = wax_box_seal(wax_secret_span(data_key), aad, wax_secret_span(pkcs8));
	record = g_byte_array_new();
	g_byte_array_set_size(record, (guint)(aad.n + sealed_key->len + sealed_data->len + 64));
	out = wax_der(record->data, record->len);
	wax_der_put(&out, WAX_TAG_OCTET_STRING, WAX_SPAN(sealed_key->data, sealed_key->len));
	wax_der_put(&out, WAX_TAG_OCTET_STRING, WAX_SPAN(sealed_data->data, sealed_data->len));
	wax_der_raw(&out, aad);
	wax_der_wrap(&out, WAX_TAG_SEQUENCE, 0);
	g_assert(!out.full);
	memmove(record->data, record->data + out.at, out.needed);
	g_byte_array_set_size(record, (guint)out.needed);
	return record;
}

static bool damaged(GError **error)
{
	return wax_fail(error, WAX_R_RECORD_DAMAGED,
		"a stored private key is damaged, or was sealed by another key-encryption key; "
		"restore it from a backup of the database and keyd's folder together");
}

bool wax_record_open(const WaxSecret *kek, WaxSpan record, WaxSealedKey *ret_key, GError **error)
{
	g_auto(WaxSealedKey) out = { NULL };
	g_autoptr(WaxSecret) data_key = NULL, pkcs8 = NULL;
	g_autoptr(GByteArray) spki = NULL;
	WaxSpan body, identity, purpose, number, sha256, sealed_data, sealed_key, aad;
	uint8_t check[32];
	uint32_t version;
	WaxBer in;

	if (!kek)
		return wax_fail(error, WAX_R_CUSTODY_LOCKED,
			"the key custody is locked; unlock it with: waxwing keys unlock");
	if (!wax_ber_only(record, WAX_TAG_SEQUENCE, &body, NULL))
		return damaged(error);
	in = wax_ber(body);
	if (!wax_ber_take_small(&in, &version, NULL) || version != 1 ||
		!wax_ber_take(&in, WAX_TAG_UTF8, &identity, NULL) ||
		!wax_ber_take(&in, WAX_TAG_UTF8, &purpose, NULL) ||
		!wax_ber_take(&in, WAX_TAG_INTEGER, &number, NULL) || number.n != 9 ||
		!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &sha256, NULL) || sha256.n != 32)
		return damaged(error);
	aad = WAX_SPAN(body.p, in.at);
	if (!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &sealed_data, NULL) ||
		!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &sealed_key, NULL) ||
		!wax_ber_at_end(&in) ||
		!wax_box_open(wax_secret_span(kek), aad, sealed_data, &data_key, NULL) ||
		!wax_box_open(wax_secret_span(data_key), aad, sealed_key, &pkcs8, NULL))
		return damaged(error);
	out.key = wax_key_parse(wax_secret_span(pkcs8), NULL, NULL);
	if (!out.key)
		return damaged(error);
	spki = wax_key_spki(out.key);
	wax_sha256(WAX_SPAN(spki->data, spki->len), check);
	if (!wax_span_equal(WAX_SPAN(check, 32), sha256))
		return damaged(error);
	memcpy(out.spki_sha256, check, 32);
	for (size_t i = 0; i < number.n; i++)
		out.epoch = out.epoch << 8 | number.p[i];
	out.identity = g_strndup((const char *)identity.p, identity.n);
	out.purpose = g_strndup((const char *)purpose.p, purpose.n);
	*ret_key = out;
	out = (WaxSealedKey){ NULL };
	return true;
}

void wax_sealed_key_clear(WaxSealedKey *key)
{
	g_clear_pointer(&key->identity, g_free);
	g_clear_pointer(&key->purpose, g_free);
	g_clear_pointer(&key->key, wax_key_unref);
}

/* the file: magic, 'h' and 32 octets; or magic, 'p', 16 octets of salt and the sealed key */
#define HEAD (sizeof FILE_MAGIC - 1 + 1)

static bool write_file(const char *path, char mode, WaxSpan rest, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	bool ok;

	g_byte_array_append(bytes, (const uint8_t *)FILE_MAGIC, sizeof FILE_MAGIC - 1);
	g_byte_array_append(bytes, (const uint8_t *)&mode, 1);
	g_byte_array_append(bytes, rest.p, (guint)rest.n);
	ok = wax_io_replace(path, WAX_SPAN(bytes->data, bytes->len), 0600, error);
	wax_wipe(bytes->data, bytes->len);
	return ok;
}

static bool read_file(const char *path, GByteArray **ret_bytes, char *ret_mode, GError **error)
{
	g_autoptr(GByteArray) bytes = NULL;

	if (!wax_io_load(path, 4096, &bytes, error))
		return false;
	if (bytes->len < HEAD + 32 || memcmp(bytes->data, FILE_MAGIC, sizeof FILE_MAGIC - 1) != 0)
		return wax_fail(error, WAX_R_RECORD_DAMAGED, "%s is no key-encryption key", path);
	*ret_mode = (char)bytes->data[HEAD - 1];
	*ret_bytes = g_steal_pointer(&bytes);
	return true;
}

bool wax_kek_load(const char *path, WaxSecret **ret_kek, GError **error)
{
	g_autoptr(GByteArray) bytes = NULL;
	g_autoptr(WaxSecret) fresh = NULL;
	char mode;

	/* one may hold the key as it is, while the one in force is sealed */
	wax_io_remove_strays(path);
	if (access(path, F_OK) != 0) {
		fresh = wax_secret_new(32);
		wax_random(fresh->p, 32);
		if (!write_file(path, 'h', wax_secret_span(fresh), error))
			return false;
		*ret_kek = g_steal_pointer(&fresh);
		return true;
	}
	if (!read_file(path, &bytes, &mode, error))
		return false;
	*ret_kek = mode == 'h' && bytes->len == HEAD + 32
			   ? wax_secret_dup(WAX_SPAN(bytes->data + HEAD, 32))
			   : NULL;
	wax_wipe(bytes->data, bytes->len);
	return true;
}

bool wax_kek_has_passphrase(const char *path, bool *ret_has, GError **error)
{
	g_autoptr(GByteArray) bytes = NULL;
	char mode;

	if (!read_file(path, &bytes, &mode, error))
		return false;
	*ret_has = mode == 'p';
	wax_wipe(bytes->data, bytes->len);
	return true;
}

bool wax_kek_unlock(const char *path, WaxSpan passphrase, WaxSecret **ret_kek, GError **error)
{
	g_autoptr(GByteArray) bytes = NULL;
	uint8_t key[32];
	char mode;
	bool ok;

	if (!read_file(path, &bytes, &mode, error))
		return false;
	if (mode != 'p' || bytes->len < HEAD + 16 + 28 + 32)
		return wax_fail(error, WAX_R_REQUEST_REFUSED, "the key custody has no passphrase");
	if (!wax_kdf_argon2id(passphrase, WAX_SPAN(bytes->data + HEAD, 16), ARGON_PASSES,
		    ARGON_MEMORY, key, error))
		return false;
	ok = wax_box_open(WAX_SPAN(key, 32), WAX_SPAN_LIT(FILE_MAGIC),
		WAX_SPAN(bytes->data + HEAD + 16, bytes->len - HEAD - 16), ret_kek, NULL);
	wax_wipe(key, sizeof key);
	return ok || wax_fail(error, WAX_R_PASSWORD_WRONG,
			     "the passphrase does not open the key custody");
}

bool wax_kek_protect(const char *path, const WaxSecret *kek, WaxSpan passphrase, GError **error)
{
	g_autoptr(GByteArray) rest = g_byte_array_new(), box = NULL;
	uint8_t salt[16], key[32];
	bool ok;

	if (passphrase.n == 0)
		return write_file(path, 'h', wax_secret_span(kek), error);
	wax_random(salt, sizeof salt);
	if (!wax_kdf_argon2id(
		    passphrase, WAX_SPAN(salt, 16), ARGON_PASSES, ARGON_MEMORY, key, error))
		return false;
	box = wax_box_seal(WAX_SPAN(key, 32), WAX_SPAN_LIT(FILE_MAGIC), wax_secret_span(kek));
	wax_wipe(key, sizeof key);
	g_byte_array_append(rest, salt, sizeof salt);
	g_byte_array_append(rest, box->data, box->len);
	ok = write_file(path, 'p', WAX_SPAN(rest->data, rest->len), error);
	return ok;
}
