/* SPDX-License-Identifier: Apache-2.0 */
#include "cms/seal.h"

#define CONTEXT(n)     (WAX_TAG_CONTEXT | (n))
#define CONSTRUCTED(n) (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED | (n))
#define TAG_OCTETS     16
#define SORTED_MAX     256 /* a SET OF so large is written in the order given */

WAX_OID(oid_data, WAX_OID_PKCS7(1));
WAX_OID(oid_enveloped, WAX_OID_PKCS7(3));
WAX_OID(oid_auth_enveloped, WAX_OID_SMIME(1, 23));
WAX_OID(oid_compressed, WAX_OID_SMIME(1, 9));
WAX_OID(oid_zlib, WAX_OID_SMIME(3, 8));
WAX_OID(oid_rsa, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01);
WAX_OID(oid_oaep, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07);
WAX_OID(oid_mgf1, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08);
WAX_OID(oid_cek_hkdf, WAX_OID_SMIME(3, 31));
WAX_OID(oid_pwri_kek, WAX_OID_SMIME(3, 9));
WAX_OID(oid_ori_kem, WAX_OID_SMIME(13, 3));
WAX_OID(oid_kdf3, 0x2b, 0x81, 0x05, 0x10, 0x86, 0x48, 0x09, 0x2c, 0x01, 0x02);
WAX_OID(oid_pbkdf2, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c);
WAX_OID(oid_hmac_sha256, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09);

void wax_cms_wrap_identifier(WaxWrapAlg wrap, WaxDer *out)
{
	wax_der_algorithm(out, wax_wrap_oid(wrap), WAX_SPAN_NONE);
}

/* RFC 4055 4.1: SHA-256 for the label and for MGF1 */
static void put_oaep(WaxDer *out)
{
	size_t all = wax_der_mark(out), mark = all;

	wax_der_algorithm(out, wax_digest_oid(WAX_DIGEST_SHA256), WAX_SPAN_NONE);
	wax_der_oid(out, oid_mgf1);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
	wax_der_wrap(out, CONSTRUCTED(1), mark);
	mark = wax_der_mark(out);
	wax_der_algorithm(out, wax_digest_oid(WAX_DIGEST_SHA256), WAX_SPAN_NONE);
	wax_der_wrap(out, CONSTRUCTED(0), mark);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, all);
}

static void put_ktri(WaxDer *out, const WaxSealRecipient *r)
{
	size_t mark = wax_der_mark(out), algorithm;

	wax_der_put(out, WAX_TAG_OCTET_STRING, r->wrapped_key);
	algorithm = wax_der_mark(out);
	if (r->alg == WAX_KEYENC_OAEP) {
		put_oaep(out);
		wax_der_oid(out, oid_oaep);
	} else {
		wax_der_null(out);
		wax_der_oid(out, oid_rsa);
	}
	wax_der_wrap(out, WAX_TAG_SEQUENCE, algorithm);
	wax_der_raw(out, r->issuer_and_serial);
	wax_der_small(out, 0);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
}

static void put_kari(WaxDer *out, const WaxSealRecipient *r)
{
	static const uint8_t no_unused_bits = 0;
	size_t mark = wax_der_mark(out), field = mark;

	wax_der_put(out, WAX_TAG_OCTET_STRING, r->wrapped_key);
	wax_der_raw(out, r->issuer_and_serial);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, field);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, field);
	field = wax_der_mark(out);
	wax_cms_wrap_identifier(r->wrap, out);
	wax_der_oid(out, wax_agreement_oid(r->kdf));
	wax_der_wrap(out, WAX_TAG_SEQUENCE, field);
	field = wax_der_mark(out);
	wax_der_raw(out, r->originator);
	wax_der_raw(out, (WaxSpan){ &no_unused_bits, 1 });
	wax_der_wrap(out, WAX_TAG_BIT_STRING, field);
	wax_der_algorithm(out, wax_keyenc_oid(r->alg), WAX_SPAN_NONE);
	wax_der_wrap(out, CONSTRUCTED(1), field);
	wax_der_wrap(out, CONSTRUCTED(0), field);
	wax_der_small(out, 3);
	wax_der_wrap(out, CONSTRUCTED(1), mark);
}

static void put_kekri(WaxDer *out, const WaxSealRecipient *r)
{
	size_t mark = wax_der_mark(out), field;

	wax_der_put(out, WAX_TAG_OCTET_STRING, r->wrapped_key);
	wax_cms_wrap_identifier(r->wrap, out);
	field = wax_der_mark(out);
	wax_der_put(out, WAX_TAG_OCTET_STRING, r->key_id);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, field);
	wax_der_small(out, 4);
	wax_der_wrap(out, CONSTRUCTED(2), mark);
}

/* put_pwri - PBKDF2 with HMAC-SHA-256, PWRI-KEK with AES (P-11) */
static void put_pwri(WaxDer *out, const WaxSealRecipient *r)
{
	size_t mark = wax_der_mark(out), field, algorithm;

	wax_der_put(out, WAX_TAG_OCTET_STRING, r->wrapped_key);
	algorithm = wax_der_mark(out);
	wax_der_put(out, WAX_TAG_OCTET_STRING, r->password.iv);
	wax_der_oid(out, wax_cipher_oid(r->password.cipher));
	wax_der_wrap(out, WAX_TAG_SEQUENCE, algorithm);
	wax_der_oid(out, oid_pwri_kek);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, algorithm);
	algorithm = field = wax_der_mark(out);
	wax_der_null(out);
	wax_der_oid(out, oid_hmac_sha256);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, field);
	wax_der_small(out, r->password.iterations);
	wax_der_put(out, WAX_TAG_OCTET_STRING, r->password.salt);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, field);
	wax_der_oid(out, oid_pbkdf2);
	wax_der_wrap(out, CONSTRUCTED(0), algorithm);
	wax_der_small(out, 0);
	wax_der_wrap(out, CONSTRUCTED(3), mark);
}

static void put_kem_kdf(WaxDer *out, WaxKdf kdf)
{
	size_t mark = wax_der_mark(out);

	if (kdf.scheme == WAX_KDF_HKDF) {
		wax_der_algorithm(out, wax_hkdf_oid(kdf.digest), WAX_SPAN_NONE);
		return;
	}
	wax_der_algorithm(out, wax_digest_oid(kdf.digest), WAX_SPAN_NONE);
	wax_der_oid(out, oid_kdf3);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
}

/* put_kemri - OtherRecipientInfo with KEMRecipientInfo (RFC 9629 3) */
static void put_kemri(WaxDer *out, const WaxSealRecipient *r)
{
	size_t mark = wax_der_mark(out);

	wax_der_put(out, WAX_TAG_OCTET_STRING, r->wrapped_key);
	wax_cms_wrap_identifier(r->wrap, out);
	wax_der_small(out, (uint32_t)wax_wrap_key_size(r->wrap));
	put_kem_kdf(out, r->kdf);
	wax_der_put(out, WAX_TAG_OCTET_STRING, r->originator);
	wax_der_algorithm(out, wax_keyenc_oid(r->alg), WAX_SPAN_NONE);
	wax_der_raw(out, r->issuer_and_serial);
	wax_der_small(out, 0);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
	wax_der_oid(out, oid_ori_kem);
	wax_der_wrap(out, CONSTRUCTED(4), mark);
}

static void put_recipient(WaxDer *out, const WaxSealRecipient *r)
{
	if (wax_keyenc_is_agreement(r->alg))
		put_kari(out, r);
	else if (wax_keyenc_is_kem(r->alg))
		put_kemri(out, r);
	else if (r->alg == WAX_KEYENC_KEK)
		put_kekri(out, r);
	else if (r->alg == WAX_KEYENC_PASSWORD)
		put_pwri(out, r);
	else
		put_ktri(out, r);
}

/* enveloped_version - RFC 5652 6.1; without originatorInfo and unprotected attributes */
static uint32_t enveloped_version(const WaxSealRecipient *recipients, size_t count)
{
	uint32_t version = 0;

	for (size_t i = 0; i < count; i++) {
		WaxKeyEncAlg alg = recipients[i].alg;

		if (alg == WAX_KEYENC_PASSWORD || wax_keyenc_is_kem(alg))
			return 3;
		if (alg == WAX_KEYENC_KEK || wax_keyenc_is_agreement(alg))
			version = 2;
	}
	return version;
}

void wax_cms_cipher_identifier(WaxCipherAlg cipher, WaxSpan iv, WaxDer *out)
{
	bool sized = wax_cipher_is_aead(cipher) && cipher != WAX_CIPHER_CHACHA20_POLY1305;
	size_t mark = wax_der_mark(out);

	if (sized)
		wax_der_small(out, TAG_OCTETS);
	wax_der_put(out, WAX_TAG_OCTET_STRING, iv);
	if (sized)
		wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
	wax_der_oid(out, wax_cipher_oid(cipher));
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
}

static void put_content_algorithm(WaxDer *out, const WaxSealContent *content)
{
	size_t mark = wax_der_mark(out);

	wax_cms_cipher_identifier(content->cipher, content->iv, out);
	if (!content->derived)
		return;
	wax_der_oid(out, oid_cek_hkdf);
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
}

bool wax_cms_seal_head(const WaxSealContent *content, const WaxSealRecipient *recipients,
	size_t count, uint64_t cipher_octets, WaxDer *head, WaxFault *fault)
{
	bool aead = wax_cipher_is_aead(content->cipher);
	uint64_t more = cipher_octets;
	size_t mark;

	if (content->cipher == WAX_CIPHER_NONE || wax_cipher_is_weak(content->cipher))
		return wax_fault(fault, WAX_R_CMS_ALGORITHM_UNSUPPORTED, 0);
	wax_der_header(head, CONTEXT(0), cipher_octets);
	put_content_algorithm(head, content);
	wax_der_oid(head, oid_data);
	wax_der_wrap_more(head, WAX_TAG_SEQUENCE, 0, more);
	mark = wax_der_mark(head);
	for (size_t i = count; i-- > 0;)
		put_recipient(head, &recipients[i]);
	if (count <= SORTED_MAX && !wax_der_sort_set(head, mark, fault))
		return false;
	wax_der_wrap(head, WAX_TAG_SET, mark);
	wax_der_small(head, aead ? 0 : enveloped_version(recipients, count));
	if (aead)
		more += 2 + TAG_OCTETS;
	wax_der_wrap_more(head, WAX_TAG_SEQUENCE, 0, more);
	wax_der_wrap_more(head, CONSTRUCTED(0), 0, more);
	wax_der_oid(head, aead ? oid_auth_enveloped : oid_enveloped);
	wax_der_wrap_more(head, WAX_TAG_SEQUENCE, 0, more);
	if (head->full)
		return wax_fault(fault, WAX_R_CMS_NO_ROOM, head->needed);
	return true;
}

void wax_cms_seal_tail(WaxCipherAlg cipher, WaxSpan tag, WaxDer *tail)
{
	if (wax_cipher_is_aead(cipher))
		wax_der_put(tail, WAX_TAG_OCTET_STRING, tag);
}

bool wax_cms_compress_head(uint64_t octets, WaxDer *head, WaxFault *fault)
{
	wax_der_header(head, WAX_TAG_OCTET_STRING, octets);
	wax_der_wrap_more(head, CONSTRUCTED(0), 0, octets);
	wax_der_oid(head, oid_data);
	wax_der_wrap_more(head, WAX_TAG_SEQUENCE, 0, octets);
	wax_der_algorithm(head, oid_zlib, WAX_SPAN_NONE);
	wax_der_small(head, 0);
	wax_der_wrap_more(head, WAX_TAG_SEQUENCE, 0, octets);
	wax_der_wrap_more(head, CONSTRUCTED(0), 0, octets);
	wax_der_oid(head, oid_compressed);
	wax_der_wrap_more(head, WAX_TAG_SEQUENCE, 0, octets);
	return !head->full || wax_fault(fault, WAX_R_CMS_NO_ROOM, head->needed);
}
