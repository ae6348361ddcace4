/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key.h"

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#include "core/status.h"
#include "crypto/constant.h"
#include "crypto/digest.h"
#include "crypto/internal.h"

WaxKeyKind wax_crypto_kind(const EVP_PKEY *pkey)
{
	if (EVP_PKEY_is_a(pkey, "RSA-PSS"))
		return WAX_KEY_RSA_PSS;
	if (EVP_PKEY_is_a(pkey, "DSA"))
		return WAX_KEY_DSA;
	if (wax_crypto_pure_alg(pkey))
		return WAX_KEY_PURE;
	switch (wax_crypto_keyenc(pkey)) {
	case WAX_KEYENC_RSA:
		return WAX_KEY_RSA;
	case WAX_KEYENC_ECDH:
		return WAX_KEY_EC;
	case WAX_KEYENC_X25519:
	case WAX_KEYENC_X448:
		return WAX_KEY_XDH;
	case WAX_KEYENC_NONE:
		return WAX_KEY_OTHER;
	default:
		return WAX_KEY_ML_KEM;
	}
}

WaxKeyEncAlg wax_crypto_keyenc(const EVP_PKEY *pkey)
{
	static const struct {
		const char *name;
		WaxKeyEncAlg alg;
	} names[] = { { "RSA", WAX_KEYENC_RSA }, { "EC", WAX_KEYENC_ECDH },
		{ "X25519", WAX_KEYENC_X25519 }, { "X448", WAX_KEYENC_X448 },
		{ "ML-KEM-512", WAX_KEYENC_ML_KEM_512 }, { "ML-KEM-768", WAX_KEYENC_ML_KEM_768 },
		{ "ML-KEM-1024", WAX_KEYENC_ML_KEM_1024 } };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (EVP_PKEY_is_a(pkey, names[i].name))
			return names[i].alg;
	return WAX_KEYENC_NONE;
}

EVP_PKEY *wax_crypto_pkey(const WaxKey *key)
{
	return key->pkey;
}

WaxKey *wax_crypto_key_take(EVP_PKEY *pkey)
{
	WaxKey *key = g_new0(WaxKey, 1);

	key->refs = 1;
	key->pkey = pkey;
	wax_random(key->rejection, sizeof key->rejection);
	if (EVP_PKEY_is_a(pkey, "RSA-PSS")) {
		g_autoptr(GByteArray) spki = wax_key_spki(key);

		key->restricted =
			wax_crypto_pss_restriction(WAX_SPAN(spki->data, spki->len), &key->pss);
	}
	return key;
}

static EVP_PKEY *generate_pure(const char *kind)
{
	for (unsigned alg = 1; alg < WAX_SIG_ALG_COUNT_; alg++)
		if (wax_sig_is_pure((WaxSigAlg)alg) &&
			strcmp(kind, wax_sig_word((WaxSigAlg)alg)) == 0)
			return EVP_PKEY_Q_keygen(NULL, NULL, wax_crypto_pure_name((WaxSigAlg)alg));
	return NULL;
}

WaxKey *wax_key_generate(const char *kind, GError **error)
{
	static const struct {
		const char *kind, *algorithm, *group;
	} kinds[] = { { "p256", "EC", "P-256" }, { "p384", "EC", "P-384" },
		{ "p521", "EC", "P-521" }, { "x25519", "X25519", NULL }, { "x448", "X448", NULL },
		{ "ml-kem-512", "ML-KEM-512", NULL }, { "ml-kem-768", "ML-KEM-768", NULL },
		{ "ml-kem-1024", "ML-KEM-1024", NULL } };
	EVP_PKEY *pkey = NULL;

	if (g_str_has_prefix(kind, "rsa-")) {
		unsigned bits = (unsigned)g_ascii_strtoull(kind + 4, NULL, 10);

		if (bits >= 2048 && bits <= WAX_RSA_BITS_MAX)
			pkey = EVP_RSA_gen(bits);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (strcmp(kind, kinds[i].kind) == 0)
			pkey = EVP_PKEY_Q_keygen(NULL, NULL, kinds[i].algorithm, kinds[i].group);
	ERR_clear_error();
	if (!pkey)
		pkey = generate_pure(kind);
	if (!pkey) {
		ERR_clear_error();
		wax_set_error(
			error, WAX_R_KEY_UNSUPPORTED, "a key of kind '%s' cannot be made", kind);
		return NULL;
	}
	return wax_crypto_key_take(pkey);
}

typedef struct {
	const WaxSecret *secret;
	bool asked;
} Password;

static int give_password(char *buffer, int size, int writing, void *data)
{
	Password *password = data;
	WaxSpan span = wax_secret_span(password->secret);

	(void)writing; /* only ever reading */
	password->asked = true;
	if (!password->secret || span.n > (size_t)size)
		return -1;
	memcpy(buffer, span.p, span.n);
	return (int)span.n;
}

static bool spend_pkcs8(X509_SIG *sealed, uint64_t *left, GError **error)
{
	const X509_ALGOR *alg;

	X509_SIG_get0(sealed, &alg, NULL);
	return wax_crypto_pbe_spend(alg, left, "the private key", error);
}

/* is_affordable - libcrypto tries one sealed key of a file after the other, so all of them are looked at */
static bool is_affordable(WaxSpan bytes, GError **error)
{
	g_autoptr(BIO) bio = BIO_new_mem_buf(bytes.p, (int)bytes.n);
	bool der = bytes.n && bytes.p[0] == 0x30, ok = true;
	uint64_t left = WAX_PBE_ALL;

	while (ok && !BIO_eof(bio)) {
		X509_SIG *sealed =
			der ? d2i_PKCS8_bio(bio, NULL) : PEM_read_bio_PKCS8(bio, NULL, NULL, NULL);

		ok = !sealed || spend_pkcs8(sealed, &left, error);
		X509_SIG_free(sealed);
		if (der)
			break;
	}
	ERR_clear_error();
	return ok;
}

static bool acceptable(EVP_PKEY *pkey, GError **error)
{
	int bits = EVP_PKEY_get_bits(pkey);

	if (!wax_crypto_key_affordable(pkey))
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED,
			"an RSA key of %d bits, or its exponent, is too large", bits);
	return true;
}

WaxKey *wax_key_parse(WaxSpan bytes, const WaxSecret *password, GError **error)
{
	g_autoptr(BIO) bio = BIO_new_mem_buf(bytes.p, (int)bytes.n);
	Password asked = { password, false };
	EVP_PKEY *pkey;

	if (!is_affordable(bytes, error))
		return NULL;
	if (bytes.n && bytes.p[0] == 0x30) {
		const unsigned char *p = bytes.p;

		pkey = d2i_AutoPrivateKey(NULL, &p, (long)bytes.n);
		if (!pkey) {
			ERR_clear_error();
			pkey = d2i_PKCS8PrivateKey_bio(bio, NULL, give_password, &asked);
		}
	} else {
		pkey = PEM_read_bio_PrivateKey(bio, NULL, give_password, &asked);
	}
	if (!pkey && asked.asked) {
		ERR_clear_error();
		wax_set_error(error, WAX_R_PASSWORD_WRONG, "%s",
			password ? "the password does not open this private key"
				 : "this private key needs a password (--password-file)");
		return NULL;
	}
	if (!pkey) {
		wax_crypto_set_error(error, WAX_R_KEY_MALFORMED, "this is not a private key");
		return NULL;
	}
	if (!acceptable(pkey, error)) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return wax_crypto_key_take(pkey);
}

WaxKey *wax_key_ref(WaxKey *key)
{
	g_atomic_int_inc(&key->refs);
	return key;
}

void wax_key_unref(WaxKey *key)
{
	if (!key || !g_atomic_int_dec_and_test(&key->refs))
		return;
	wax_crypto_signing_free(key->signing);
	EVP_PKEY_free(key->pkey);
	wax_wipe(key->rejection, sizeof key->rejection);
	g_free(key);
}

WaxKeyKind wax_key_kind(const WaxKey *key)
{
	return wax_crypto_kind(key->pkey);
}

WaxKeyEncAlg wax_key_keyenc(const WaxKey *key)
{
	return wax_crypto_keyenc(key->pkey);
}

unsigned wax_key_bits(const WaxKey *key)
{
	return (unsigned)EVP_PKEY_get_bits(key->pkey);
}

WaxSecret *wax_key_pkcs8(const WaxKey *key)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
	unsigned char *der = NULL;
	WaxSecret *secret;
	int n;

	if (!info)
		return NULL;
	n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	PKCS8_PRIV_KEY_INFO_free(info);
	if (n <= 0)
		return NULL;
	secret = wax_secret_dup(WAX_SPAN(der, (size_t)n));
	OPENSSL_clear_free(der, (size_t)n);
	return secret;
}

GByteArray *wax_key_spki(const WaxKey *key)
{
	GByteArray *bytes = g_byte_array_new();
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key->pkey, &der);

	if (n > 0)
		g_byte_array_append(bytes, der, (guint)n);
	OPENSSL_free(der);
	return bytes;
}

bool wax_key_fits(const WaxKey *key, const WaxCert *cert)
{
	EVP_PKEY *theirs = wax_crypto_pubkey(cert);
	bool fits = theirs && EVP_PKEY_eq(key->pkey, theirs) == 1;

	ERR_clear_error();
	return fits;
}

bool wax_key_unwrap_rsa(
	WaxKey *key, WaxSpan wrapped, size_t expected, WaxSecret **ret_key, GError **error)
{
	g_autoptr(EVP_PKEY_CTX) context = NULL;
	g_autoptr(WaxSecret) block = NULL, out = NULL;
	size_t n = (size_t)EVP_PKEY_get_size(key->pkey), got;
	uint8_t other[32];

	if (!EVP_PKEY_is_a(key->pkey, "RSA") || expected == 0 || expected > sizeof other ||
		n < expected + 11)
		return wax_fail(
			error, WAX_R_CMS_DECRYPT_FAILED, "the content could not be decrypted");
	wax_hmac_sha256(WAX_SPAN(key->rejection, 32), wrapped, other);
	out = wax_secret_new(expected);
	block = wax_secret_new(n);
	got = n;
	context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	/* the raw operation fails only for what everybody can see: a wrong length, a value above the modulus */
	if (wrapped.n != n || !context || EVP_PKEY_decrypt_init(context) != 1 ||
		EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) != 1 ||
		EVP_PKEY_decrypt(context, block->p, &got, wrapped.p, wrapped.n) != 1 || got != n)
		memset(block->p, 0xff, n);
	ERR_clear_error();
	wax_constant_pkcs1(block->p, n, other, expected, out->p);
	wax_wipe(other, sizeof other);
	*ret_key = g_steal_pointer(&out);
	return true;
}

bool wax_key_unwrap_oaep(
	WaxKey *key, const WaxOaep *oaep, WaxSpan wrapped, WaxSecret **ret_key, GError **error)
{
	g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	const EVP_MD *md = wax_crypto_md(oaep->digest), *mgf = wax_crypto_md(oaep->mgf_digest);
	g_autoptr(WaxSecret) out = wax_secret_new((size_t)EVP_PKEY_get_size(key->pkey));
	size_t n = out->n;
	bool ok = EVP_PKEY_is_a(key->pkey, "RSA") && context && md && mgf &&
		  EVP_PKEY_decrypt_init(context) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
		  EVP_PKEY_CTX_set_rsa_oaep_md(context, md) == 1 &&
		  EVP_PKEY_CTX_set_rsa_mgf1_md(context, mgf) == 1;

	if (ok && oaep->label.n) {
		void *label = OPENSSL_memdup(oaep->label.p, oaep->label.n);

		ok = EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, (int)oaep->label.n) == 1;
		if (!ok)
			OPENSSL_free(label);
	}
	ok = ok && EVP_PKEY_decrypt(context, out->p, &n, wrapped.p, wrapped.n) == 1;
	ERR_clear_error();
	if (!ok)
		return wax_fail(
			error, WAX_R_CMS_DECRYPT_FAILED, "the content could not be decrypted");
	out->n = n;
	*ret_key = g_steal_pointer(&out);
	return true;
}

bool wax_cert_wrap_rsa(
	const WaxCert *cert, bool oaep, WaxSpan key, GByteArray **ret_wrapped, GError **error)
{
	EVP_PKEY *theirs = wax_crypto_pubkey(cert);
	g_autoptr(EVP_PKEY_CTX) context =
		theirs ? EVP_PKEY_CTX_new_from_pkey(NULL, theirs, NULL) : NULL;
	g_autoptr(GByteArray) wrapped = g_byte_array_new();
	const EVP_MD *sha256 = wax_crypto_md(WAX_DIGEST_SHA256);
	size_t n = theirs ? (size_t)EVP_PKEY_get_size(theirs) : 0;

	g_byte_array_set_size(wrapped, (guint)n);
	if (!context || EVP_PKEY_encrypt_init(context) != 1 ||
		EVP_PKEY_CTX_set_rsa_padding(
			context, oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING) != 1 ||
		(oaep && (EVP_PKEY_CTX_set_rsa_oaep_md(context, sha256) != 1 ||
				 EVP_PKEY_CTX_set_rsa_mgf1_md(context, sha256) != 1)) ||
		EVP_PKEY_encrypt(context, wrapped->data, &n, key.p, key.n) != 1)
		return wax_crypto_fail(error, WAX_R_CRYPTO_ERROR,
			"the content key could not be encrypted to a recipient");
	g_byte_array_set_size(wrapped, (guint)n);
	*ret_wrapped = g_steal_pointer(&wrapped);
	return true;
}
