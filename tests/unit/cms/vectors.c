/* SPDX-License-Identifier: Apache-2.0 */
#include "vectors.h"

#include "cms/open.h"
#include "cms/seal.h"
#include "cms/sign.h"
#include "cms/verify.h"
#include "mime/split.h"

#define TIME 1795523109
#define CONTENT "Content-Type: text/plain\r\n\r\nhello\r\n"

/* SEQUENCE { SEQUENCE { SET { SEQUENCE { commonName, "Vector" } } }, INTEGER 0x1234 } */
static const uint8_t issuer_and_serial[] = { 0x30, 0x17, 0x30, 0x11, 0x31, 0x0f, 0x30, 0x0d, 0x06, 0x03, 0x55, 0x04,
	0x03, 0x0c, 0x06, 'V', 'e', 'c', 't', 'o', 'r', 0x02, 0x02, 0x12, 0x34 };
static const uint8_t certificate[] = { 0x30, 0x03, 0x02, 0x01, 0x05 };
static const uint8_t shorter_certificate[] = { 0x30, 0x00 };

typedef enum { ATTRIBUTES, DETACHED, OPAQUE, SEALED, READ_SIGNED, READ_SEALED, SPLIT, ECDSA_VALUE, SHARED_INFO } Form;

/* the same octets are made again by web/tests/vectors.test.js through the binding */
static const struct {
	const char *name;
	Form form;
	WaxSigAlg alg;
	WaxDigestAlg digest;
	WaxCipherAlg cipher;
} vectors[] = {
	{ "attributes rsa sha256", ATTRIBUTES, WAX_SIG_RSA, WAX_DIGEST_SHA256 },
	{ "attributes rsa-pss sha512", ATTRIBUTES, WAX_SIG_PSS, WAX_DIGEST_SHA512 },
	{ "attributes ecdsa sha384", ATTRIBUTES, WAX_SIG_ECDSA, WAX_DIGEST_SHA384 },
	{ "detached rsa sha256", DETACHED, WAX_SIG_RSA, WAX_DIGEST_SHA256 },
	{ "detached rsa-pss sha256", DETACHED, WAX_SIG_PSS, WAX_DIGEST_SHA256 },
	{ "opaque ecdsa sha512", OPAQUE, WAX_SIG_ECDSA, WAX_DIGEST_SHA512 },
	{ "opaque rsa sha384", OPAQUE, WAX_SIG_RSA, WAX_DIGEST_SHA384 },
	{ "sealed aes256-gcm", SEALED, .cipher = WAX_CIPHER_AES256_GCM },
	{ "sealed aes128-gcm", SEALED, .cipher = WAX_CIPHER_AES128_GCM },
	{ "sealed aes256-cbc", SEALED, .cipher = WAX_CIPHER_AES256_CBC },
	{ "sealed aes128-cbc", SEALED, .cipher = WAX_CIPHER_AES128_CBC },
	{ "read opaque ecdsa sha256", READ_SIGNED, WAX_SIG_ECDSA, WAX_DIGEST_SHA256 },
	{ "read opaque rsa-pss sha384", READ_SIGNED, WAX_SIG_PSS, WAX_DIGEST_SHA384 },
	{ "read sealed aes256-gcm", READ_SEALED, .cipher = WAX_CIPHER_AES256_GCM },
	{ "read sealed aes128-cbc", READ_SEALED, .cipher = WAX_CIPHER_AES128_CBC },
	{ "split", SPLIT },
	{ "ecdsa value", ECDSA_VALUE },
	{ "shared info", SHARED_INFO },
};

#define COUNT (sizeof vectors / sizeof *vectors)

const char *vector_name(unsigned number)
{
	return number < COUNT ? vectors[number].name : NULL;
}

/* filler - octets that look like anything, and are known */
static WaxSpan filler(uint8_t *to, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(seed + i * 7);
	return (WaxSpan){ to, n };
}

static void append(WaxBuffer *out, WaxSpan bytes)
{
	for (size_t i = 0; i < bytes.n && out->n < out->room; i++)
		out->p[out->n++] = bytes.p[i];
}

static void append_number(WaxBuffer *out, uint64_t value)
{
	uint8_t octets[8];

	for (unsigned i = 0; i < 8; i++)
		octets[i] = (uint8_t)(value >> (56 - 8 * i));
	append(out, (WaxSpan){ octets, 8 });
}

/* append_field - with its length, so that two fields cannot be taken for one */
static void append_field(WaxBuffer *out, WaxSpan bytes)
{
	append_number(out, bytes.n);
	append(out, bytes);
}

static bool make_signed(unsigned number, WaxBuffer *out)
{
	uint8_t hash[64], sha[32], value[64], attribute_room[2048], head_room[256], tail_room[4096];
	bool preference = vectors[number].alg == WAX_SIG_ECDSA, detached = vectors[number].form == DETACHED;
	WaxSignRequest request = { .digest = vectors[number].digest, .alg = vectors[number].alg,
		.issuer_and_serial = WAX_SPAN(issuer_and_serial, sizeof issuer_and_serial),
		.certificate_sha256 = filler(sha, 32, 3),
		.message_digest = filler(hash, wax_digest_size(vectors[number].digest), 5),
		.has_time = true, .signing_time = TIME };
	WaxBuffer attributes = { attribute_room, 0, sizeof attribute_room };
	WaxDer head = wax_der(head_room, sizeof head_room), tail = wax_der(tail_room, sizeof tail_room);
	const WaxSpan certificates[2] = { WAX_SPAN(certificate, sizeof certificate),
		WAX_SPAN(shorter_certificate, sizeof shorter_certificate) };
	uint64_t octets = sizeof CONTENT - 1;

	if (preference)
		request.encryption_certificate = request.issuer_and_serial;
	if (!wax_cms_sign_plan(&request, &attributes, NULL))
		return false;
	if (vectors[number].form == ATTRIBUTES) {
		append(out, WAX_SPAN(attributes.p, attributes.n));
		return true;
	}
	if (!wax_cms_sign_finish(&request, WAX_SPAN(attributes.p, attributes.n), filler(value, 64, 9), certificates, 2,
		    detached ? NULL : &octets, &head, &tail, NULL))
		return false;
	append(out, wax_der_span(&head));
	if (!detached)
		append(out, WAX_SPAN_LIT(CONTENT));
	append(out, wax_der_span(&tail));
	return true;
}

static bool make_sealed(unsigned number, WaxBuffer *out)
{
	uint8_t iv[16], tag_room[16], key[256], agreed[40], point[65], head_room[4096], tail_room[64];
	WaxCipherAlg cipher = vectors[number].cipher;
	WaxSpan whole = WAX_SPAN(issuer_and_serial, sizeof issuer_and_serial);
	const WaxSealRecipient recipients[] = {
		{ .alg = WAX_KEYENC_OAEP, .issuer_and_serial = whole, .wrapped_key = filler(key, 256, 11) },
		{ .alg = WAX_KEYENC_ECDH, .issuer_and_serial = whole, .wrapped_key = filler(agreed, 40, 13),
			.originator = filler(point, 65, 17), .kdf = { WAX_KDF_X963, WAX_DIGEST_SHA256 }, .wrap = WAX_WRAP_AES256 },
		{ .alg = WAX_KEYENC_RSA, .issuer_and_serial = whole, .wrapped_key = filler(key, 256, 11) },
	};
	WaxDer head = wax_der(head_room, sizeof head_room), tail = wax_der(tail_room, sizeof tail_room);
	WaxSpan nonce = filler(iv, wax_cipher_is_aead(cipher) ? 12 : 16, 19);

	if (!wax_cms_seal_head(&(WaxSealContent){ .cipher = cipher, .iv = nonce }, recipients, 3, 48, &head, NULL))
		return false;
	wax_cms_seal_tail(cipher, filler(tag_room, 16, 23), &tail);
	append(out, wax_der_span(&head));
	append(out, filler(key, 48, 29));
	append(out, wax_der_span(&tail));
	return true;
}

/* read - the object that was just made, in pieces of three octets; its content goes to out */
static bool read(WaxSpan object, WaxCmsReader *reader, WaxBuffer head, WaxBuffer tail, WaxBuffer *out)
{
	WaxSpan in, content;
	WaxCmsEvent event;

	wax_cms_reader_init(reader, head, tail);
	for (size_t at = 0; at < object.n; at += 3) {
		in = (WaxSpan){ object.p + at, object.n - at < 3 ? object.n - at : 3 };
		do {
			if (!wax_cms_reader_step(reader, &in, &event, &content, NULL))
				return false;
			append(out, content);
		} while (event != WAX_CMS_NEED_INPUT && event != WAX_CMS_END);
	}
	return wax_cms_reader_finish(reader, NULL);
}

static bool read_signers(const WaxCmsReader *reader, WaxBuffer *out)
{
	uint8_t room_octets[4096];
	WaxBuffer room = { room_octets, 0, sizeof room_octets };
	WaxVerifyPlan plan;
	WaxSigner signer;
	bool more;

	if (!wax_cms_signed_head(reader, &plan, NULL) || !wax_cms_signed_tail(reader, &plan, NULL))
		return false;
	append_field(out, plan.certificates);
	for (WaxBer list = wax_ber(plan.signer_infos);;) {
		if (!wax_cms_next_signer(&plan, &list, &room, &signer, &more, NULL))
			return false;
		if (!more)
			return true;
		append_field(out, signer.id.issuer_and_serial);
		append_field(out, signer.signed_octets);
		append_field(out, signer.signature);
		append_field(out, signer.message_digest);
		append_number(out, (uint64_t)signer.signing_time);
		append_number(out, signer.reason);
	}
}

static bool read_recipients(const WaxCmsReader *reader, WaxBuffer *out)
{
	uint8_t aad_octets[256];
	WaxBuffer aad = { aad_octets, 0, sizeof aad_octets };
	WaxOpenPlan plan;
	WaxRecipients list;
	WaxRecipient recipient;
	bool more;

	if (!wax_cms_open_plan(reader, &plan, NULL) || !wax_cms_open_finish(reader, &plan, &aad, NULL))
		return false;
	append_field(out, plan.iv);
	append_field(out, plan.tag);
	list = wax_cms_recipients(&plan);
	for (;;) {
		if (!wax_cms_next_recipient(&list, &recipient, &more, NULL))
			return false;
		if (!more)
			return true;
		append_number(out, recipient.kind);
		append_field(out, recipient.id.issuer_and_serial);
		append_field(out, recipient.wrapped_key);
		append_field(out, recipient.originator);
		append_field(out, recipient.wrap_identifier);
	}
}

static bool make_read(unsigned number, WaxBuffer *out)
{
	uint8_t object_room[4096], head[4096], tail[4096];
	WaxBuffer object = { object_room, 0, sizeof object_room };
	bool is_signed = vectors[number].form == READ_SIGNED;
	WaxCmsReader reader;

	return (is_signed ? make_signed : make_sealed)(number, &object) &&
	       read((WaxSpan){ object.p, object.n }, &reader, (WaxBuffer){ head, 0, sizeof head },
		       (WaxBuffer){ tail, 0, sizeof tail }, out) &&
	       (is_signed ? read_signers : read_recipients)(&reader, out);
}

static bool make_split(WaxBuffer *out)
{
	static const char message[] = "Content-Type: multipart/signed; boundary=\"a b\"\r\n\r\npreamble\r\n--a b\r\n"
				      "Content-Type: multipart/mixed; boundary=inner\r\n\r\n--inner\r\n\r\none\r\n--inner\n\ntwo\n"
				      "--inner--\r\n--a b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nbody\r\n--a b--\r\nafter\r\n";
	uint8_t header[1024];
	WaxPart parts[16];
	const WaxSplitLimits limits = { 8, sizeof header };
	WaxSplit split;

	wax_split_init(&split, parts, 16, (WaxBuffer){ header, 0, sizeof header }, &limits);
	for (size_t at = 0; at < sizeof message - 1; at++)
		if (!wax_split_feed(&split, WAX_SPAN(message + at, 1), NULL))
			return false;
	if (!wax_split_finish(&split, NULL))
		return false;
	for (uint32_t i = 0; i < split.count; i++) {
		append_number(out, parts[i].start);
		append_number(out, parts[i].body);
		append_number(out, parts[i].end);
		append_number(out, parts[i].parent);
		append_number(out, parts[i].depth);
		append_number(out, parts[i].multipart + 2u * parts[i].closed + 4u * parts[i].has_preamble +
					   8u * parts[i].has_epilogue);
	}
	return true;
}

static bool make_ecdsa_value(WaxBuffer *out)
{
	uint8_t halves[64], room[128];
	WaxDer der = wax_der(room, sizeof room);

	if (!wax_cms_ecdsa_value(filler(halves, 64, 0xfb), &der))
		return false;
	append(out, wax_der_span(&der));
	return true;
}

static bool make_shared_info(WaxBuffer *out)
{
	uint8_t room[64];
	WaxDer identifier = wax_der(room, sizeof room);

	wax_cms_wrap_identifier(WAX_WRAP_AES256, &identifier);
	return wax_cms_kdf_info(&(WaxRecipient){ .alg = WAX_KEYENC_ECDH, .wrap = WAX_WRAP_AES256, .wrap_identifier = wax_der_span(&identifier) },
		out, NULL);
}

static bool make(unsigned number, WaxBuffer *out)
{
	switch (vectors[number].form) {
	case ATTRIBUTES:
	case DETACHED:
	case OPAQUE:
		return make_signed(number, out);
	case SEALED:
		return make_sealed(number, out);
	case READ_SIGNED:
	case READ_SEALED:
		return make_read(number, out);
	case SPLIT:
		return make_split(out);
	case ECDSA_VALUE:
		return make_ecdsa_value(out);
	case SHARED_INFO:
		return make_shared_info(out);
	}
	return false;
}

size_t vector_make(unsigned number, uint8_t *out, size_t room)
{
	WaxBuffer buffer = { out, 0, room };

	return number < COUNT && make(number, &buffer) ? buffer.n : 0;
}
