/* SPDX-License-Identifier: Apache-2.0 */
/* A CMS object is read the same however it is cut; what is cut off, relabelled or forged is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cms/open.h"
#include "cms/seal.h"
#include "cms/sign.h"
#include "cms/verify.h"

/* SEQUENCE { SEQUENCE {}, INTEGER 5 } */
static const uint8_t issuer_and_serial[] = { 0x30, 0x05, 0x30, 0x00, 0x02, 0x01, 0x05 };
static const uint8_t zeros[64];
static const char content[] = "Content-Type: text/plain\r\n\r\nhello\r\n";

typedef struct {
	uint8_t head[4096], tail[4096], got[4096];
	size_t got_n;
	WaxCmsReader reader;
} Read;

/* read_all - in pieces: the first of `first` octets, the others of `piece` */
static bool read_all(WaxSpan object, size_t first, size_t piece, Read *r, WaxFault *fault)
{
	size_t at = 0;

	r->got_n = 0;
	wax_cms_reader_init(&r->reader, (WaxBuffer){ r->head, 0, sizeof r->head }, (WaxBuffer){ r->tail, 0, sizeof r->tail });
	while (at < object.n) {
		size_t n = at == 0 && first ? first : piece;
		WaxSpan in, out;
		WaxCmsEvent event;

		n = n > object.n - at ? object.n - at : n;
		in = (WaxSpan){ object.p + at, n };
		do {
			if (!wax_cms_reader_step(&r->reader, &in, &event, &out, fault))
				return false;
			if (r->got_n + out.n > sizeof r->got)
				return false;
			if (out.n)
				memcpy(r->got + r->got_n, out.p, out.n);
			r->got_n += out.n;
		} while (event != WAX_CMS_NEED_INPUT && !(event == WAX_CMS_END && in.n == 0));
		at += n;
	}
	return wax_cms_reader_finish(&r->reader, fault);
}

static size_t put(uint8_t *to, size_t at, WaxSpan bytes)
{
	memcpy(to + at, bytes.p, bytes.n);
	return at + bytes.n;
}

static size_t make_signed(uint8_t *to, bool detached, uint8_t *ret_attributes, size_t *ret_n)
{
	uint8_t head_room[256], tail_room[2048];
	WaxDer head = wax_der(head_room, sizeof head_room), tail = wax_der(tail_room, sizeof tail_room);
	uint64_t size = sizeof content - 1;
	WaxSignRequest request = { .digest = WAX_DIGEST_SHA256, .alg = WAX_SIG_ECDSA,
		.issuer_and_serial = WAX_SPAN(issuer_and_serial, sizeof issuer_and_serial),
		.certificate_sha256 = WAX_SPAN(zeros, 32), .message_digest = WAX_SPAN(zeros, 32), .has_time = true,
		.signing_time = 1795523109 };
	WaxBuffer attributes = { ret_attributes, 0, 1024 };
	size_t n = 0;

	assert_true(wax_cms_sign_plan(&request, &attributes, NULL));
	assert_true(wax_cms_sign_finish(&request, WAX_SPAN(attributes.p, attributes.n), WAX_SPAN(zeros, 64), NULL, 0,
		detached ? NULL : &size, &head, &tail, NULL));
	*ret_n = attributes.n;
	n = put(to, n, wax_der_span(&head));
	if (!detached)
		n = put(to, n, WAX_SPAN(content, sizeof content - 1));
	return put(to, n, wax_der_span(&tail));
}

static size_t make_sealed(uint8_t *to, WaxCipherAlg cipher, size_t tag_n)
{
	uint8_t head_room[1024], tail_room[64];
	WaxDer head = wax_der(head_room, sizeof head_room), tail = wax_der(tail_room, sizeof tail_room);
	WaxSealRecipient recipients[2] = {
		{ .alg = WAX_KEYENC_OAEP, .issuer_and_serial = WAX_SPAN(issuer_and_serial, sizeof issuer_and_serial),
			.wrapped_key = WAX_SPAN(zeros, 64) },
		{ .alg = WAX_KEYENC_ECDH, .issuer_and_serial = WAX_SPAN(issuer_and_serial, sizeof issuer_and_serial),
			.wrapped_key = WAX_SPAN(zeros, 40), .originator = WAX_SPAN(zeros, 64), .kdf = { WAX_KDF_X963, WAX_DIGEST_SHA256 },
			.wrap = WAX_WRAP_AES256 } };
	bool aead = wax_cipher_is_aead(cipher);
	WaxSealContent content_info = { cipher, WAX_SPAN(zeros, aead ? 12 : 16), false };
	size_t n = 0;

	assert_true(wax_cms_seal_head(&content_info, recipients, 2, 32, &head, NULL));
	wax_cms_seal_tail(cipher, WAX_SPAN(zeros, tag_n), &tail);
	n = put(to, n, wax_der_span(&head));
	n = put(to, n, WAX_SPAN(zeros, 32));
	return put(to, n, wax_der_span(&tail));
}

static void check_cuts(WaxSpan object)
{
	Read *whole = calloc(1, sizeof *whole), *cut = calloc(1, sizeof *cut);
	WaxFault fault;

	assert_true(read_all(object, 0, object.n, whole, &fault));
	for (size_t first = 0; first < object.n; first++) {
		assert_true(read_all(object, first, first ? object.n : 1, cut, &fault));
		assert_int_equal(cut->got_n, whole->got_n);
		assert_memory_equal(cut->got, whole->got, whole->got_n);
		assert_int_equal(cut->reader.head.n, whole->reader.head.n);
		assert_memory_equal(cut->head, whole->head, whole->reader.head.n);
		assert_int_equal(cut->reader.tail.n, whole->reader.tail.n);
		assert_memory_equal(cut->tail, whole->tail, whole->reader.tail.n);
	}
	for (size_t n = 0; n < object.n; n++)
		assert_false(read_all((WaxSpan){ object.p, n }, 0, n ? n : 1, cut, &fault));
	free(whole);
	free(cut);
}

static void every_cut_reads_the_same_and_no_truncation_passes(void **state)
{
	uint8_t object[8192], attributes[1024];
	size_t n;

	(void)state;
	check_cuts(WAX_SPAN(object, make_signed(object, false, attributes, &n)));
	check_cuts(WAX_SPAN(object, make_signed(object, true, attributes, &n)));
	check_cuts(WAX_SPAN(object, make_sealed(object, WAX_CIPHER_AES256_GCM, 16)));
	check_cuts(WAX_SPAN(object, make_sealed(object, WAX_CIPHER_AES128_CBC, 0)));
}

/* C-04, R-40: indefinite lengths everywhere, the content in pieces of pieces */
static void ber_of_every_form_is_read_at_every_cut(void **state)
{
	static const uint8_t signed_ber[] = { 0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02,
		0xa0, 0x80, 0x30, 0x80, 0x02, 0x01, 0x01, 0x31, 0x80, 0x30, 0x80, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
		0x04, 0x02, 0x01, 0x00, 0x00, 0x00, 0x00, 0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07,
		0x01, 0xa0, 0x80, 0x24, 0x80, 0x04, 0x03, 'a', 'b', 'c', 0x24, 0x80, 0x04, 0x81, 0x02, 'd', 'e', 0x00, 0x00, 0x04,
		0x00, 0x24, 0x03, 0x04, 0x01, 'f', 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x31, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00 };
	uint8_t object[256], head_room[128];
	WaxDer head = wax_der(head_room, sizeof head_room);
	Read *r = calloc(1, sizeof *r);
	WaxVerifyPlan plan;
	size_t n;
	(void)state;

	check_cuts(WAX_SPAN(signed_ber, sizeof signed_ber));
	assert_true(read_all(WAX_SPAN(signed_ber, sizeof signed_ber), 0, 1, r, NULL));
	assert_int_equal(r->got_n, 6);
	assert_memory_equal(r->got, "abcdef", 6);
	assert_true(wax_cms_signed_head(&r->reader, &plan, NULL));
	assert_int_equal(plan.digest_count, 1);
	assert_int_equal(plan.digests[0], WAX_DIGEST_SHA256);
	assert_true(wax_cms_compress_head(32, &head, NULL));
	n = put(object, 0, wax_der_span(&head));
	n = put(object, n, WAX_SPAN(zeros, 32));
	check_cuts(WAX_SPAN(object, n));
	free(r);
}

static void trailing_octets_are_refused(void **state)
{
	uint8_t object[8192], attributes[1024];
	size_t n, size = make_signed(object, true, attributes, &n);
	Read *r = calloc(1, sizeof *r);
	WaxFault fault = { WAX_R_NONE, 0 };

	(void)state;
	object[size] = 0;
	assert_false(read_all(WAX_SPAN(object, size + 1), 0, size + 1, r, &fault));
	assert_int_equal(fault.reason, WAX_R_CMS_TRAILING);
	free(r);
}

static void what_was_sealed_is_planned_again(void **state)
{
	uint8_t object[8192], room[256];
	Read *r = calloc(1, sizeof *r);
	WaxBuffer aad = { room, 0, sizeof room };
	WaxRecipients list;
	WaxRecipient recipient;
	WaxOpenPlan plan;
	unsigned count = 0, agreed = 0;
	bool more;

	(void)state;
	assert_true(read_all(WAX_SPAN(object, make_sealed(object, WAX_CIPHER_AES256_GCM, 16)), 0, 7, r, NULL));
	assert_true(wax_cms_open_plan(&r->reader, &plan, NULL));
	assert_int_equal(plan.cipher, WAX_CIPHER_AES256_GCM);
	for (list = wax_cms_recipients(&plan); wax_cms_next_recipient(&list, &recipient, &more, NULL) && more; count++) {
		assert_int_equal(recipient.id.issuer_and_serial.n, sizeof issuer_and_serial);
		agreed += recipient.alg == WAX_KEYENC_ECDH;
	}
	assert_int_equal(count, 2);
	assert_int_equal(agreed, 1);
	assert_true(wax_cms_open_finish(&r->reader, &plan, &aad, NULL));
	assert_int_equal(plan.tag.n, 16);
	free(r);
}

/* T-27: the announced 16 octets, and not one less */
static void short_tag_is_refused(void **state)
{
	uint8_t object[8192], room[256];
	Read *r = calloc(1, sizeof *r);
	WaxBuffer aad = { room, 0, sizeof room };
	WaxOpenPlan plan;
	size_t n = make_sealed(object, WAX_CIPHER_AES256_GCM, 16);

	(void)state;
	for (size_t tag = 0; tag < 16; tag++) {
		WaxFault fault = { WAX_R_NONE, 0 };

		assert_true(read_all(WAX_SPAN(object, n), 0, n, r, NULL));
		r->tail[1] = (uint8_t)tag;
		r->reader.tail.n = 2 + tag;
		assert_true(wax_cms_open_plan(&r->reader, &plan, NULL));
		assert_false(wax_cms_open_finish(&r->reader, &plan, &aad, &fault));
		assert_int_equal(fault.reason, WAX_R_CMS_TAG_LENGTH);
	}
	free(r);
}

/* T-11 */
static void attributes_as_content_are_recognised(void **state)
{
	uint8_t object[8192], attributes[1024];
	size_t n;

	(void)state;
	make_signed(object, true, attributes, &n);
	assert_true(wax_cms_looks_like_attributes(WAX_SPAN(attributes, n), n));
	assert_false(wax_cms_looks_like_attributes(WAX_SPAN(attributes, n - 1), n - 1));
	/* what is kept of a long one is enough, if its length is that of all there was */
	assert_true(wax_cms_looks_like_attributes(WAX_SPAN(attributes, n - 1), n));
	assert_false(wax_cms_looks_like_attributes(WAX_SPAN(content, sizeof content - 1), sizeof content - 1));
}

static void signer_is_planned_and_judged(void **state)
{
	uint8_t object[8192], attributes[1024], room[2048];
	Read *r = calloc(1, sizeof *r);
	WaxBuffer buffer = { room, 0, sizeof room };
	WaxVerifyPlan plan;
	WaxSigner signer;
	WaxBer list;
	size_t n;
	bool more;

	(void)state;
	assert_true(read_all(WAX_SPAN(object, make_signed(object, false, attributes, &n)), 0, 11, r, NULL));
	assert_true(wax_cms_signed_head(&r->reader, &plan, NULL));
	assert_true(wax_cms_signed_tail(&r->reader, &plan, NULL));
	list = wax_ber(plan.signer_infos);
	assert_true(wax_cms_next_signer(&plan, &list, &buffer, &signer, &more, NULL) && more);
	assert_int_equal(signer.reason, WAX_R_NONE);
	assert_int_equal(signer.signed_octets.n, n);
	assert_memory_equal(signer.signed_octets.p, attributes, n);
	assert_int_equal(signer.signing_time, 1795523109);
	assert_int_equal(wax_cms_verify_finish(&signer, WAX_SPAN(zeros, 32), true), WAX_R_NONE);
	assert_int_equal(wax_cms_verify_finish(&signer, WAX_SPAN(zeros, 32), false), WAX_R_SIG_MISMATCH);
	assert_int_equal(wax_cms_verify_finish(&signer, WAX_SPAN(issuer_and_serial, 7), true), WAX_R_SIG_DIGEST_MISMATCH);
	free(r);
}

/* C-06 */
static void nesting_bombs_end_early(void **state)
{
	static const uint8_t units[][2] = { { 0x30, 0x80 }, { 0x24, 0x80 }, { 0xa0, 0x80 } };
	uint8_t *bomb = malloc(1 << 20);
	Read *r = calloc(1, sizeof *r);

	(void)state;
	for (size_t u = 0; u < 3; u++) {
		WaxBer in;
		WaxElement e;

		for (size_t i = 0; i < 1 << 20; i++)
			bomb[i] = units[u][i % 2];
		assert_false(read_all(WAX_SPAN(bomb, 1 << 20), 0, 4096, r, NULL));
		in = wax_ber(WAX_SPAN(bomb, 1 << 20));
		assert_false(wax_ber_next(&in, &e, NULL));
	}
	free(bomb);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut_reads_the_same_and_no_truncation_passes),
		cmocka_unit_test(ber_of_every_form_is_read_at_every_cut),
		cmocka_unit_test(trailing_octets_are_refused),
		cmocka_unit_test(what_was_sealed_is_planned_again),
		cmocka_unit_test(short_tag_is_refused),
		cmocka_unit_test(attributes_as_content_are_recognised),
		cmocka_unit_test(signer_is_planned_and_judged),
		cmocka_unit_test(nesting_bombs_end_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
