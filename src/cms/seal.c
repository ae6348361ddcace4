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
WAX_OID(oid_ec, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01);

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
	wax_der_oid(out, wax_kdf_oid(r->kdf));
	wax_der_wrap(out, WAX_TAG_SEQUENCE, field);
	field = wax_der_mark(out);
	wax_der_raw(out, r->originator);
	wax_der_raw(out, (WaxSpan){ &no_unused_bits, 1 });
	wax_der_wrap(out, WAX_TAG_BIT_STRING, field);
	wax_der_algorithm(out, oid_ec, WAX_SPAN_NONE);
	wax_der_wrap(out, CONSTRUCTED(1), field);
	wax_der_wrap(out, CONSTRUCTED(0), field);
	wax_der_small(out, 3);
	wax_der_wrap(out, CONSTRUCTED(1), mark);
}

static void put_cipher(WaxDer *out, WaxCipherAlg cipher, WaxSpan iv)
{
	size_t mark = wax_der_mark(out);

	if (wax_cipher_is_aead(cipher)) {
		wax_der_small(out, TAG_OCTETS);
		wax_der_put(out, WAX_TAG_OCTET_STRING, iv);
		wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
	} else {
		wax_der_put(out, WAX_TAG_OCTET_STRING, iv);
	}
	wax_der_oid(out, wax_cipher_oid(cipher));
	wax_der_wrap(out, WAX_TAG_SEQUENCE, mark);
}

bool wax_cms_seal_head(WaxCipherAlg cipher, WaxSpan iv, const WaxSealRecipient *recipients,
	size_t count, uint64_t cipher_octets, WaxDer *head, WaxFault *fault)
{
	bool aead = wax_cipher_is_aead(cipher), agreed = false;
	uint64_t more = cipher_octets;
	size_t mark;

	if (cipher == WAX_CIPHER_NONE || wax_cipher_is_weak(cipher))
		return wax_fault(fault, WAX_R_CMS_ALGORITHM_UNSUPPORTED, 0);
	wax_der_header(head, CONTEXT(0), cipher_octets);
	put_cipher(head, cipher, iv);
	wax_der_oid(head, oid_data);
	wax_der_wrap_more(head, WAX_TAG_SEQUENCE, 0, more);
	mark = wax_der_mark(head);
	for (size_t i = count; i-- > 0;) {
		if (recipients[i].alg == WAX_KEYENC_ECDH) {
			agreed = true;
			put_kari(head, &recipients[i]);
		} else {
			put_ktri(head, &recipients[i]);
		}
	}
	if (count <= SORTED_MAX && !wax_der_sort_set(head, mark, fault))
		return false;
	wax_der_wrap(head, WAX_TAG_SET, mark);
	wax_der_small(head, !aead && agreed ? 2 : 0);
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
