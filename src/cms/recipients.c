/* SPDX-License-Identifier: Apache-2.0 */
/* RecipientInfos of every kind, one after the other. */
#include "asn1/der.h"
#include "cms/open.h"

#define CONTEXT(n)     (WAX_TAG_CONTEXT | (n))
#define CONSTRUCTED(n) (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED | (n))
#define UKM_MAX	       512     /* L-15 */
#define SALT_MAX       128     /* L-15 */
#define ITERATIONS_MAX 5000000 /* L-14 */

WAX_OID(oid_rsa, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01);
WAX_OID(oid_oaep, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07);
WAX_OID(oid_pbkdf2, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c);
WAX_OID(oid_pwri_kek, WAX_OID_SMIME(3, 9));
WAX_OID(oid_ori_kem, WAX_OID_SMIME(13, 3));
WAX_OID(oid_kdf2, 0x2b, 0x81, 0x05, 0x10, 0x86, 0x48, 0x09, 0x2c, 0x01, 0x01);
WAX_OID(oid_kdf3, 0x2b, 0x81, 0x05, 0x10, 0x86, 0x48, 0x09, 0x2c, 0x01, 0x02);

static bool is_null(WaxSpan whole)
{
	return whole.n == 2 && whole.p[0] == WAX_TAG_NULL && whole.p[1] == 0;
}

static bool read_ktri(WaxSpan body, WaxRecipient *out, WaxFault *fault)
{
	WaxSpan algorithm, oid, parameters;
	uint32_t version;
	WaxBer in = wax_ber(body);

	if (!wax_ber_take_small(&in, &version, fault) ||
		!wax_cms_read_id(&in, CONTEXT(0), &out->id, fault) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!wax_ber_algorithm(algorithm, &oid, &parameters, fault) ||
		!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &out->wrapped_key, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	out->kind = WAX_RECIPIENT_KTRI;
	if (wax_span_equal(oid, oid_rsa)) {
		out->alg = WAX_KEYENC_RSA;
	} else if (wax_span_equal(oid, oid_oaep)) {
		WaxFault unread;

		/* parameters that cannot be read make this recipient unusable, not the message */
		if (wax_cms_read_oaep(parameters, &out->oaep, &unread) && out->oaep.digest &&
			out->oaep.mgf_digest)
			out->alg = WAX_KEYENC_OAEP;
	}
	return true;
}

/* read_curve - parameters of id-ecPublicKey: absent, NULL (old senders) or the name of the curve (P-05) */
static bool read_curve(WaxSpan parameters, WaxSpan *ret_curve)
{
	*ret_curve = WAX_SPAN_NONE;
	if (!parameters.n || is_null(parameters))
		return true;
	return wax_ber_only(parameters, WAX_TAG_OID, ret_curve, NULL);
}

/* OriginatorPublicKey (RFC 5753 3.1.1, RFC 8418 3.1); other originators cannot be used here */
static bool read_originator(WaxSpan body, WaxRecipient *out, WaxFault *fault)
{
	WaxBer in = wax_ber(body);
	WaxSpan key, algorithm, oid, parameters, bits;
	WaxKeyEncAlg alg;

	if (wax_ber_peek(&in) != CONSTRUCTED(1))
		return true;
	if (!wax_ber_take(&in, CONSTRUCTED(1), &key, fault))
		return false;
	in = wax_ber(key);
	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!wax_ber_algorithm(algorithm, &oid, &parameters, fault) ||
		!wax_ber_take(&in, WAX_TAG_BIT_STRING, &bits, fault))
		return false;
	if (bits.n < 2 || bits.p[0] != 0)
		return wax_fault(fault, WAX_R_CMS_MALFORMED, 0);
	out->originator = (WaxSpan){ bits.p + 1, bits.n - 1 };
	alg = wax_keyenc_from_oid(oid);
	if ((alg == WAX_KEYENC_ECDH && read_curve(parameters, &out->curve)) ||
		(alg == WAX_KEYENC_X25519 && !parameters.n && out->originator.n == 32) ||
		(alg == WAX_KEYENC_X448 && !parameters.n && out->originator.n == 56))
		out->alg = alg;
	return true;
}

/* read_wrap - which key wrap an AlgorithmIdentifier means; NONE for parameters that it does not have */
static bool read_wrap(WaxSpan whole, WaxWrapAlg *ret_wrap, WaxFault *fault)
{
	WaxSpan body, oid, parameters;
	uint32_t version;
	WaxBer in;

	if (!wax_ber_only(whole, WAX_TAG_SEQUENCE, &body, fault) ||
		!wax_ber_algorithm(body, &oid, &parameters, fault))
		return false;
	*ret_wrap = wax_wrap_from_oid(oid);
	in = wax_ber(parameters);
	if (*ret_wrap ==
		WAX_WRAP_RC2) { /* RFC 3370 4.3.2: 128 effective bits have the version 58 */
		if (!wax_ber_take_small(&in, &version, NULL) || version != 58)
			*ret_wrap = WAX_WRAP_NONE;
	} else if (parameters.n && !is_null(parameters)) {
		*ret_wrap = WAX_WRAP_NONE;
	}
	return true;
}

static bool read_kari_algorithm(WaxSpan algorithm, WaxRecipient *out, WaxFault *fault)
{
	WaxSpan oid, parameters;

	if (!wax_ber_algorithm(algorithm, &oid, &parameters, fault))
		return false;
	out->kdf = wax_agreement_from_oid(oid, &out->cofactor);
	if (out->kdf.scheme && parameters.p) {
		if (!read_wrap(parameters, &out->wrap, fault))
			return false;
		out->wrap_identifier = parameters;
	}
	if (!out->wrap || (out->cofactor && out->alg != WAX_KEYENC_ECDH))
		out->alg = WAX_KEYENC_NONE;
	return true;
}

/* take_ukm - [n] EXPLICIT OCTET STRING, or an empty span when it is absent */
static bool take_ukm(WaxBer *in, uint8_t n, WaxSpan *ret_ukm, WaxFault *fault)
{
	WaxSpan wrapped;

	*ret_ukm = WAX_SPAN_NONE;
	if (wax_ber_peek(in) != CONSTRUCTED(n))
		return true;
	if (!wax_ber_take(in, CONSTRUCTED(n), &wrapped, fault) ||
		!wax_ber_only(wrapped, WAX_TAG_OCTET_STRING, ret_ukm, fault))
		return false;
	return ret_ukm->n <= UKM_MAX || wax_fault(fault, WAX_R_CMS_TOO_LARGE, in->at);
}

/* begin_kari - the part that its RecipientEncryptedKeys share */
static bool begin_kari(WaxRecipients *list, WaxSpan body, WaxFault *fault)
{
	WaxRecipient kari = { .kind = WAX_RECIPIENT_KARI };
	WaxSpan originator, algorithm, keys;
	uint32_t version;
	WaxBer in = wax_ber(body);

	if (!wax_ber_take_small(&in, &version, fault) ||
		!wax_ber_take(&in, CONSTRUCTED(0), &originator, fault) ||
		!read_originator(originator, &kari, fault))
		return false;
	if (!take_ukm(&in, 1, &kari.ukm, fault) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!read_kari_algorithm(algorithm, &kari, fault) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &keys, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	list->kari = kari;
	list->keys = wax_ber(keys);
	return true;
}

/* KeyAgreeRecipientIdentifier: rKeyId is [0] RecipientKeyIdentifier */
static bool next_of_kari(WaxRecipients *list, WaxRecipient *out, WaxFault *fault)
{
	WaxSpan body, key_id;
	WaxBer in, inner;

	*out = list->kari;
	if (!wax_ber_take(&list->keys, WAX_TAG_SEQUENCE, &body, fault))
		return false;
	in = wax_ber(body);
	if (wax_ber_peek(&in) == CONSTRUCTED(0)) {
		if (!wax_ber_take(&in, CONSTRUCTED(0), &key_id, fault))
			return false;
		inner = wax_ber(key_id);
		if (!wax_ber_take(&inner, WAX_TAG_OCTET_STRING, &out->id.key_id, fault))
			return false;
	} else if (!wax_cms_read_id(&in, 0, &out->id, fault)) {
		return false;
	}
	if (!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &out->wrapped_key, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	return true;
}

/* KEKRecipientInfo (RFC 5652 6.2.3); its key is known by name, wrapped by AES alone (P-12) */
static bool read_kekri(WaxSpan body, WaxRecipient *out, WaxFault *fault)
{
	WaxBer in = wax_ber(body), id;
	WaxSpan key, algorithm;
	uint32_t version;

	out->kind = WAX_RECIPIENT_KEKRI;
	if (!wax_ber_take_small(&in, &version, fault) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &key, fault) ||
		!wax_ber_take_whole(&in, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &out->wrapped_key, fault) ||
		!read_wrap(algorithm, &out->wrap, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	id = wax_ber(key);
	if (!wax_ber_take(&id, WAX_TAG_OCTET_STRING, &out->id.key_id, fault))
		return false;
	if (!wax_wrap_is_weak(out->wrap))
		out->alg = WAX_KEYENC_KEK;
	return true;
}

/* read_prf - the HMAC of PBKDF2 (RFC 8018 A.2): SHA-1 when absent, NONE when it is not ours */
static bool read_prf(WaxBer *in, WaxDigestAlg *ret_digest)
{
	static const WaxDigestAlg digests[] = { WAX_DIGEST_SHA1, WAX_DIGEST_SHA224,
		WAX_DIGEST_SHA256, WAX_DIGEST_SHA384, WAX_DIGEST_SHA512 };
	static const uint8_t rsadsi_digest[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02 };
	const size_t n = sizeof rsadsi_digest;
	WaxSpan algorithm, oid, parameters;

	*ret_digest = WAX_DIGEST_SHA1;
	if (wax_ber_at_end(in))
		return true;
	*ret_digest = WAX_DIGEST_NONE;
	if (!wax_ber_take(in, WAX_TAG_SEQUENCE, &algorithm, NULL) ||
		!wax_ber_algorithm(algorithm, &oid, &parameters, NULL) || !wax_ber_at_end(in))
		return false;
	if (oid.n == n + 1 &&
		wax_span_equal((WaxSpan){ oid.p, n }, (WaxSpan){ rsadsi_digest, n }) &&
		oid.p[n] >= 7 && oid.p[n] <= 11) /* hmacWithSHA1 and what follows it */
		*ret_digest = digests[oid.p[n] - 7];
	return true;
}

/* read_pbkdf2 - false: not PBKDF2, or not with numbers that we run (L-14) */
static bool read_pbkdf2(WaxSpan algorithm, WaxPasswordParameters *out, uint32_t *ret_key_size)
{
	WaxSpan oid, parameters, body;
	WaxBer in;

	if (!wax_ber_algorithm(algorithm, &oid, &parameters, NULL) ||
		!wax_span_equal(oid, oid_pbkdf2) ||
		!wax_ber_only(parameters, WAX_TAG_SEQUENCE, &body, NULL))
		return false;
	in = wax_ber(body);
	if (!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &out->salt, NULL) ||
		!wax_ber_take_small(&in, &out->iterations, NULL))
		return false;
	*ret_key_size = 0;
	if (wax_ber_peek(&in) == WAX_TAG_INTEGER && !wax_ber_take_small(&in, ret_key_size, NULL))
		return false;
	return read_prf(&in, &out->prf) && out->prf && out->iterations >= 1 &&
	       out->iterations <= ITERATIONS_MAX && out->salt.n <= SALT_MAX;
}

/* read_pwri_kek - false: not PWRI-KEK, or not with a block cipher in CBC mode (P-11, T-31) */
static bool read_pwri_kek(WaxSpan algorithm, WaxPasswordParameters *out)
{
	WaxSpan oid, parameters, inner, cipher, cipher_parameters;

	if (!wax_ber_algorithm(algorithm, &oid, &parameters, NULL) ||
		!wax_span_equal(oid, oid_pwri_kek) ||
		!wax_ber_only(parameters, WAX_TAG_SEQUENCE, &inner, NULL) ||
		!wax_ber_algorithm(inner, &cipher, &cipher_parameters, NULL))
		return false;
	out->cipher = wax_cipher_from_oid(cipher);
	return out->cipher && wax_cipher_block_size(out->cipher) > 1 &&
	       !wax_cipher_is_rc2(out->cipher) &&
	       wax_ber_only(cipher_parameters, WAX_TAG_OCTET_STRING, &out->iv, NULL) &&
	       out->iv.n == wax_cipher_block_size(out->cipher);
}

/* PasswordRecipientInfo (RFC 5652 6.2.4); without a key derivation the password is not one that people type */
static bool read_pwri(WaxSpan body, WaxRecipient *out, WaxFault *fault)
{
	WaxSpan derivation = WAX_SPAN_NONE, algorithm;
	uint32_t version, key_size = 0;
	WaxBer in = wax_ber(body);

	out->kind = WAX_RECIPIENT_PWRI;
	if (!wax_ber_take_small(&in, &version, fault) ||
		(wax_ber_peek(&in) == CONSTRUCTED(0) &&
			!wax_ber_take(&in, CONSTRUCTED(0), &derivation, fault)) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &out->wrapped_key, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	if (derivation.n && read_pbkdf2(derivation, &out->password, &key_size) &&
		read_pwri_kek(algorithm, &out->password) &&
		(!key_size || key_size == wax_cipher_key_size(out->password.cipher)))
		out->alg = WAX_KEYENC_PASSWORD;
	return true;
}

/* read_kem_kdf - HKDF (RFC 8619), or KDF2 and KDF3 with their hash (RFC 9690) */
static bool read_kem_kdf(WaxSpan algorithm, WaxKdf *ret_kdf, WaxFault *fault)
{
	WaxSpan oid, parameters, hash, hash_oid, ignored;

	*ret_kdf = (WaxKdf){ WAX_KDF_NONE, WAX_DIGEST_NONE };
	if (!wax_ber_algorithm(algorithm, &oid, &parameters, fault))
		return false;
	if (!parameters.n) {
		ret_kdf->digest = wax_hkdf_from_oid(oid);
		ret_kdf->scheme = ret_kdf->digest ? WAX_KDF_HKDF : WAX_KDF_NONE;
		return true;
	}
	if (!wax_ber_only(parameters, WAX_TAG_SEQUENCE, &hash, NULL) ||
		!wax_ber_algorithm(hash, &hash_oid, &ignored, NULL))
		return true;
	ret_kdf->digest = wax_digest_from_oid(hash_oid);
	if (wax_digest_is_weak(ret_kdf->digest))
		return true;
	ret_kdf->scheme = wax_span_equal(oid, oid_kdf2)	  ? WAX_KDF_X963
			  : wax_span_equal(oid, oid_kdf3) ? WAX_KDF_KDF3
							  : WAX_KDF_NONE;
	return true;
}

/* KEMRecipientInfo (RFC 9629 3) */
static bool read_kem(WaxSpan body, WaxRecipient *out, WaxFault *fault)
{
	WaxSpan kem, kdf, oid, parameters;
	uint32_t version, kek_size;
	WaxBer in = wax_ber(body);

	out->kind = WAX_RECIPIENT_KEM;
	if (!wax_ber_take_small(&in, &version, fault) ||
		!wax_cms_read_id(&in, CONTEXT(0), &out->id, fault) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &kem, fault) ||
		!wax_ber_algorithm(kem, &oid, &parameters, fault) ||
		!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &out->originator, fault) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &kdf, fault) ||
		!read_kem_kdf(kdf, &out->kdf, fault) ||
		!wax_ber_take_small(&in, &kek_size, fault) || !take_ukm(&in, 0, &out->ukm, fault) ||
		!wax_ber_take_whole(&in, WAX_TAG_SEQUENCE, &out->wrap_identifier, fault) ||
		!read_wrap(out->wrap_identifier, &out->wrap, fault) ||
		!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &out->wrapped_key, fault))
		return false;
	if (!wax_ber_at_end(&in))
		return wax_fault(fault, WAX_R_DER_TRAILING, in.at);
	out->alg = wax_keyenc_from_oid(oid);
	/* parameters of these KEMs are absent, and kekLength is the wrap's */
	if (!wax_keyenc_is_kem(out->alg) || parameters.n || !out->kdf.scheme ||
		wax_wrap_is_weak(out->wrap) || kek_size != wax_wrap_key_size(out->wrap))
		out->alg = WAX_KEYENC_NONE;
	return true;
}

/* OtherRecipientInfo: what we do not know is nobody's */
static bool read_other(WaxSpan body, WaxRecipient *out, WaxFault *fault)
{
	WaxBer in = wax_ber(body);
	WaxSpan type, value;

	if (!wax_ber_take(&in, WAX_TAG_OID, &type, fault))
		return false;
	if (!wax_span_equal(type, oid_ori_kem))
		return true;
	return wax_ber_take(&in, WAX_TAG_SEQUENCE, &value, fault) && read_kem(value, out, fault);
}

static bool next_info(WaxRecipients *list, WaxRecipient *out, bool *ret_found, WaxFault *fault)
{
	WaxElement info;

	*out = (WaxRecipient){ .kind = WAX_RECIPIENT_OTHER };
	*ret_found = true;
	if (!wax_ber_next(&list->infos, &info, fault))
		return false;
	switch (info.tag) {
	case WAX_TAG_SEQUENCE:
		return read_ktri(info.body, out, fault);
	case CONSTRUCTED(1):
		*ret_found = false;
		return begin_kari(list, info.body, fault);
	case CONSTRUCTED(2):
		return read_kekri(info.body, out, fault);
	case CONSTRUCTED(3):
		return read_pwri(info.body, out, fault);
	case CONSTRUCTED(4):
		return read_other(info.body, out, fault);
	default:
		return wax_fault(fault, WAX_R_DER_UNEXPECTED, list->infos.at);
	}
}

bool wax_cms_next_recipient(
	WaxRecipients *list, WaxRecipient *ret_recipient, bool *ret_more, WaxFault *fault)
{
	WaxRecipient out;
	bool found = false;

	while (!found) {
		if (!wax_ber_at_end(&list->keys)) {
			if (!next_of_kari(list, &out, fault))
				return false;
			found = true;
		} else if (wax_ber_at_end(&list->infos)) {
			*ret_more = false;
			return true;
		} else if (!next_info(list, &out, &found, fault)) {
			return false;
		}
	}
	if (++list->count > WAX_CMS_RECIPIENTS_MAX)
		return wax_fault(fault, WAX_R_CMS_TOO_MANY_RECIPIENTS, list->infos.at);
	*ret_recipient = out;
	*ret_more = true;
	return true;
}

/* put_explicit - [n] EXPLICIT OCTET STRING, when there is something to put */
static void put_explicit(WaxDer *der, uint8_t n, WaxSpan octets)
{
	size_t mark = wax_der_mark(der);

	if (!octets.p)
		return;
	wax_der_put(der, WAX_TAG_OCTET_STRING, octets);
	wax_der_wrap(der, CONSTRUCTED(n), mark);
}

bool wax_cms_kdf_info(const WaxRecipient *recipient, WaxBuffer *out, WaxFault *fault)
{
	uint32_t octets = (uint32_t)wax_wrap_key_size(recipient->wrap), bits = octets * 8;
	uint8_t pub[4] = { (uint8_t)(bits >> 24), (uint8_t)(bits >> 16), (uint8_t)(bits >> 8),
		(uint8_t)bits };
	WaxDer der = wax_der(out->p + out->n, out->room - out->n);

	if (wax_keyenc_is_kem(recipient->alg)) {
		put_explicit(&der, 0, recipient->ukm);
		wax_der_small(&der, octets);
	} else {
		put_explicit(&der, 2, (WaxSpan){ pub, sizeof pub });
		put_explicit(&der, 0, recipient->ukm);
	}
	wax_der_raw(&der, recipient->wrap_identifier);
	wax_der_wrap(&der, WAX_TAG_SEQUENCE, 0);
	if (der.full)
		return wax_fault(fault, WAX_R_CMS_NO_ROOM, 0);
	for (size_t i = 0; i < der.needed; i++)
		out->p[out->n + i] = der.p[der.at + i];
	out->n += der.needed;
	return true;
}

WaxSpan wax_cms_kdf_salt(const WaxRecipient *recipient)
{
	return wax_keyenc_is_agreement(recipient->alg) && recipient->kdf.scheme == WAX_KDF_HKDF
		       ? recipient->ukm
		       : WAX_SPAN_NONE;
}
