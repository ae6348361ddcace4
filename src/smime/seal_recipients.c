/* SPDX-License-Identifier: Apache-2.0 */
/* Who may read what is sealed: which certificates will do, and the content key for each. */
#include "cms/capabilities.h"
#include "core/clock.h"
#include "core/status.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "crypto/unwrap.h"
#include "crypto/wrap.h"
#include "smime/seal_internal.h"

#define ROOM_EACH  512 /* of one recipient, beside what it points at */
#define ITERATIONS 600000
#define SALT_SIZE  16

static bool check_dates(const WaxCertInfo *info, int64_t now, GError **error)
{
	g_autofree char *begins = wax_clock_rfc3339(info->not_before);
	g_autofree char *ends = wax_clock_rfc3339(info->not_after);

	if (now > info->not_after)
		return wax_fail(error, WAX_R_CERT_EXPIRED,
			"the certificate of %s (serial %s) ended on %s: nothing is encrypted to "
			"it; ask its owner for a new one",
			info->subject_text, info->serial_text, ends);
	if (now < info->not_before)
		return wax_fail(error, WAX_R_CERT_NOT_YET_VALID,
			"the certificate of %s (serial %s) begins on %s: nothing is encrypted to "
			"it before; wait until then, or ask its owner for one that is valid now",
			info->subject_text, info->serial_text, begins);
	return true;
}

static bool check_recipient(const WaxCert *cert, int64_t now, GError **error)
{
	const WaxCertInfo *info = wax_cert_info(cert);

	if (!check_dates(info, now, error))
		return false;
	if (info->key_kind == WAX_KEY_UNKNOWN || info->key_kind == WAX_KEY_OTHER)
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED,
			"the key of %s (serial %s) is of a kind that this system's libcrypto "
			"does not know; ask its owner for another certificate, or use OpenSSL 3.5 "
			"or later",
			info->subject_text, info->serial_text);
	if (!wax_cert_can_encrypt(cert))
		return wax_fail(error, WAX_R_CERT_SIGN_ONLY,
			"the certificate of %s (serial %s) is not for encryption; ask its owner "
			"for the one that is",
			info->subject_text, info->serial_text);
	if (info->key_kind == WAX_KEY_RSA && info->key_bits < 2048)
		return wax_fail(error, WAX_R_KEY_WEAK,
			"the RSA key of %s has %u bits; 2048 are the least: ask its owner for a "
			"certificate with a longer one",
			info->subject_text, info->key_bits);
	return true;
}

static gboolean is_same_cert(const void *a, const void *b)
{
	return wax_span_equal(wax_cert_info(a)->der, wax_cert_info(b)->der);
}

bool wax_seal_recipients(GPtrArray *certs, int64_t now, GPtrArray **ret_recipients, GError **error)
{
	g_autoptr(GPtrArray) once = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);

	for (guint i = 0; i < certs->len; i++) {
		WaxCert *cert = certs->pdata[i];

		if (!check_recipient(cert, now, error))
			return false;
		if (!g_ptr_array_find_with_equal_func(once, cert, is_same_cert, NULL))
			g_ptr_array_add(once, wax_cert_ref(cert));
	}
	*ret_recipients = g_steal_pointer(&once);
	return true;
}

/* who_does_not_read - of the certificates the first that announces other ciphers, and not this one */
static const WaxCert *who_does_not_read(const GPtrArray *recipients, WaxCipherAlg cipher)
{
	for (guint i = 0; recipients && i < recipients->len; i++)
		if (!wax_cms_reads(wax_cert_info(recipients->pdata[i])->capabilities, cipher))
			return recipients->pdata[i];
	return NULL;
}

static bool all_read(const WaxSealOptions *options, WaxCipherAlg cipher)
{
	/* who shares a secret announces nothing */
	bool silent = options->secret_count || !options->recipients;

	return (!silent || wax_cms_reads(WAX_SPAN_NONE, cipher)) &&
	       !who_does_not_read(options->recipients, cipher);
}

bool wax_seal_cipher(const WaxSealOptions *options, WaxCipherAlg *ret_cipher, GError **error)
{
	static const WaxCipherAlg best_first[] = { WAX_CIPHER_AES256_GCM, WAX_CIPHER_AES256_CBC,
		WAX_CIPHER_AES192_GCM, WAX_CIPHER_AES192_CBC, WAX_CIPHER_AES128_GCM,
		WAX_CIPHER_AES128_CBC };

	*ret_cipher = options->cipher;
	if (options->cipher && all_read(options, options->cipher))
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(best_first); i++) {
		*ret_cipher = best_first[i];
		if (all_read(options, best_first[i]))
			return true;
	}
	return wax_fail(error, WAX_R_ALGORITHM_REFUSED,
		"there is no cipher that all recipients read, by what their certificates "
		"announce; seal the message for each of them on its own");
}

bool wax_seal_cipher_is_read(const GPtrArray *recipients, WaxCipherAlg cipher, GError **error)
{
	for (guint i = 0; i < recipients->len; i++) {
		const WaxCertInfo *info = wax_cert_info(recipients->pdata[i]);

		/* whoever named the cipher knows what those read who announce nothing */
		if (wax_cms_announces(info->capabilities) &&
			!wax_cms_reads(info->capabilities, cipher))
			return wax_fail(error, WAX_R_ALGORITHM_REFUSED,
				"the certificate of %s (serial %s) announces what its owner reads, "
				"and %s is not among it; name another cipher, or none to have one "
				"chosen that all recipients read",
				info->subject_text, info->serial_text, wax_cipher_word(cipher));
	}
	return true;
}

void wax_seal_wrapped_clear(WaxSealWrapped *wrapped)
{
	g_clear_pointer(&wrapped->list, g_array_unref);
	g_clear_pointer(&wrapped->keep, g_ptr_array_unref);
}

/* keep - octets that live as long as the list */
static WaxSpan keep(WaxSealWrapped *w, GByteArray *bytes)
{
	g_ptr_array_add(w->keep, bytes);
	return WAX_SPAN(bytes->data, bytes->len);
}

static WaxSpan keep_copy(WaxSealWrapped *w, WaxSpan bytes)
{
	return keep(w, g_byte_array_append(g_byte_array_new(), bytes.p, (guint)bytes.n));
}

static WaxWrapAlg wrap_of(size_t key_size)
{
	return key_size == 32	? WAX_WRAP_AES256
	       : key_size == 24 ? WAX_WRAP_AES192
				: WAX_WRAP_AES128;
}

static bool wrap_key(
	WaxSealWrapped *w, WaxSpan kek, WaxSpan cek, WaxSealRecipient *out, GError **error)
{
	uint8_t wrapped[64];
	size_t n;

	if (!wax_key_wrap(kek, cek, wrapped, &n, error))
		return false;
	out->wrapped_key = keep_copy(w, WAX_SPAN(wrapped, n));
	return true;
}

/* choose_kdf - and the key wrap, which is at least as strong as key and content (5.1, RFC 8418, RFC 9936) */
static void choose_kdf(const WaxCertInfo *info, size_t cek_size, WaxSealRecipient *out)
{
	unsigned bits = info->key_bits;

	out->wrap = wrap_of(cek_size);
	out->kdf = (WaxKdf){ WAX_KDF_HKDF, WAX_DIGEST_SHA256 };
	switch (out->alg) {
	case WAX_KEYENC_ECDH:
		out->kdf.scheme = WAX_KDF_X963;
		out->kdf.digest = bits > 384   ? WAX_DIGEST_SHA512
				  : bits > 256 ? WAX_DIGEST_SHA384
					       : WAX_DIGEST_SHA256;
		return;
	case WAX_KEYENC_X448:
		out->kdf.digest = WAX_DIGEST_SHA512;
		out->wrap = WAX_WRAP_AES256;
		return;
	case WAX_KEYENC_RSA_KEM:
		out->kdf.scheme = WAX_KDF_KDF3;
		return;
	case WAX_KEYENC_ML_KEM_768:
	case WAX_KEYENC_ML_KEM_1024:
		out->wrap = WAX_WRAP_AES256;
		return;
	default:
		return;
	}
}

/* share - a fresh secret for this recipient, the KDF over it, the content key wrapped */
static bool share(
	WaxSealWrapped *w, const WaxCert *cert, WaxSpan cek, WaxSealRecipient *out, GError **error)
{
	uint8_t identifier_room[32], info_room[128];
	WaxDer identifier = wax_der(identifier_room, sizeof identifier_room);
	WaxBuffer info = { info_room, 0, sizeof info_room };
	WaxRecipient named = { .alg = out->alg };
	g_autoptr(WaxSecret) secret = NULL, kek = NULL;
	GByteArray *originator = NULL;
	WaxUnwrap derivation;
	WaxFault fault;

	choose_kdf(wax_cert_info(cert), cek.n, out);
	wax_cms_wrap_identifier(out->wrap, &identifier);
	named.wrap = out->wrap;
	named.wrap_identifier = wax_der_span(&identifier);
	if (!wax_cms_kdf_info(&named, &info, &fault))
		return wax_fail_fault(error, &fault, "SharedInfo");
	if (!(wax_keyenc_is_kem(out->alg) ? wax_cert_encapsulate : wax_cert_agree)(
		    cert, &originator, &secret, error))
		return false;
	out->originator = keep(w, originator);
	derivation = (WaxUnwrap){ .alg = out->alg,
		.kdf = out->kdf,
		.wrap = out->wrap,
		.info = WAX_SPAN(info.p, info.n) };
	return wax_kek_derive(&derivation, wax_secret_span(secret), &kek, error) &&
	       wrap_key(w, wax_secret_span(kek), cek, out, error);
}

static bool wrap_for_cert(WaxSealWrapped *w, const WaxSealOptions *options, const WaxCert *cert,
	WaxSpan cek, WaxSealRecipient *out, GError **error)
{
	const WaxCertInfo *info = wax_cert_info(cert);
	GByteArray *wrapped = NULL;

	out->issuer_and_serial = info->issuer_and_serial;
	out->alg = info->keyenc;
	if (out->alg == WAX_KEYENC_RSA && options->rsa_kem)
		out->alg = WAX_KEYENC_RSA_KEM;
	if (out->alg != WAX_KEYENC_RSA)
		return share(w, cert, cek, out, error);
	if (options->oaep)
		out->alg = WAX_KEYENC_OAEP;
	if (!wax_cert_wrap_rsa(cert, options->oaep, cek, &wrapped, error))
		return false;
	out->wrapped_key = keep(w, wrapped);
	return true;
}

static bool wrap_for_password(
	WaxSealWrapped *w, WaxSpan password, WaxSpan cek, WaxSealRecipient *out, GError **error)
{
	g_autoptr(WaxSecret) kek = wax_secret_new(32);
	uint8_t salt[SALT_SIZE], iv[16];
	GByteArray *wrapped = NULL;

	wax_random(salt, sizeof salt);
	wax_random(iv, sizeof iv);
	out->alg = WAX_KEYENC_PASSWORD;
	out->password = (WaxPasswordParameters){ .salt = keep_copy(w, WAX_SPAN(salt, sizeof salt)),
		.iterations = ITERATIONS,
		.prf = WAX_DIGEST_SHA256,
		.cipher = WAX_CIPHER_AES256_CBC,
		.iv = keep_copy(w, WAX_SPAN(iv, sizeof iv)) };
	if (!wax_kdf_pbkdf2(WAX_DIGEST_SHA256, password, out->password.salt, ITERATIONS, kek->p,
		    kek->n, error) ||
		!wax_pwri_wrap(out->password.cipher, wax_secret_span(kek), out->password.iv, cek,
			&wrapped, error))
		return false;
	out->wrapped_key = keep(w, wrapped);
	return true;
}

static bool wrap_for_secret(WaxSealWrapped *w, const WaxSealSecret *secret, WaxSpan cek,
	WaxSealRecipient *out, GError **error)
{
	if (!secret->key_id.n)
		return wrap_for_password(w, secret->secret, cek, out, error);
	if (secret->secret.n != 16 && secret->secret.n != 24 && secret->secret.n != 32)
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED,
			"a symmetric key has 16, 24 or 32 octets, not %zu", secret->secret.n);
	out->alg = WAX_KEYENC_KEK;
	out->key_id = secret->key_id;
	out->wrap = wrap_of(secret->secret.n);
	return wrap_key(w, secret->secret, cek, out, error);
}

static void add(WaxSealWrapped *w, const WaxSealRecipient *one)
{
	g_array_append_val(w->list, *one);
	w->room += ROOM_EACH + one->issuer_and_serial.n + one->key_id.n + one->wrapped_key.n +
		   one->originator.n;
}

bool wax_seal_wrap(const GPtrArray *certs, const WaxSealOptions *options, WaxSpan cek,
	WaxSealWrapped *ret_wrapped, GError **error)
{
	g_auto(WaxSealWrapped) w = { g_array_new(false, true, sizeof(WaxSealRecipient)),
		g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref), 0 };

	for (guint i = 0; certs && i < certs->len; i++) {
		WaxSealRecipient one = { WAX_KEYENC_NONE };

		if (!wrap_for_cert(&w, options, certs->pdata[i], cek, &one, error))
			return false;
		add(&w, &one);
	}
	for (size_t i = 0; i < options->secret_count; i++) {
		WaxSealRecipient one = { WAX_KEYENC_NONE };

		if (!wrap_for_secret(&w, &options->secrets[i], cek, &one, error))
			return false;
		add(&w, &one);
	}
	*ret_wrapped = w;
	w = (WaxSealWrapped){ NULL };
	return true;
}
