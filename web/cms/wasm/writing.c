/* SPDX-License-Identifier: Apache-2.0 */
/* A CMS object written for JavaScript: cms/sign and cms/seal by name. */
#include "cms/open.h"
#include "cms/seal.h"
#include "cms/sign.h"
#include "exchange.h"

#define CERTIFICATES_MAX 64 /* L-07 */

static struct {
	WaxSignRequest request;
	WaxBuffer attributes;
	WaxSealRecipient *recipients;
	size_t recipient_count, recipient_room;
	size_t recipient_octets;
} writing;

void web_forget_writing(void)
{
	wax_wipe(&writing, sizeof writing);
}

static const char *digest_word(unsigned i)
{
	return wax_digest_word((WaxDigestAlg)i);
}

static const char *cipher_word(unsigned i)
{
	return wax_cipher_word((WaxCipherAlg)i);
}

static const char *sig_word(unsigned i)
{
	return wax_sig_word((WaxSigAlg)i);
}

static const char *keyenc_word(unsigned i)
{
	return wax_keyenc_word((WaxKeyEncAlg)i);
}

static WaxWrapAlg wrap_of(int64_t octets)
{
	for (unsigned i = 1; i < WAX_WRAP_COUNT_; i++)
		if ((int64_t)wax_wrap_key_size((WaxWrapAlg)i) == octets)
			return (WaxWrapAlg)i;
	return WAX_WRAP_NONE;
}

static bool no_room(void)
{
	WaxFault fault = { WAX_R_CMS_NO_ROOM, 0 };

	return web_refuse(&fault);
}

/*
 * sign_plan: digest, algorithm, issuer_and_serial, certificate_sha256, message_digest,
 * signing_time (or absent), encryption_certificate (or absent) -> attributes: to be signed
 */
WEB_EXPORT(sign_plan)
{
	WaxSpan time = web_input("signing_time");
	WaxSignRequest *r = &writing.request;
	size_t room;
	WaxFault fault;

	*r = (WaxSignRequest){
		.digest = (WaxDigestAlg)web_input_word("digest", digest_word, WAX_DIGEST_COUNT_),
		.alg = (WaxSigAlg)web_input_word("algorithm", sig_word, WAX_SIG_ALG_COUNT_),
		.issuer_and_serial = web_input("issuer_and_serial"),
		.certificate_sha256 = web_input("certificate_sha256"),
		.message_digest = web_input("message_digest"),
		.has_time = time.p != NULL,
		.signing_time = web_input_number("signing_time"),
		.encryption_certificate = web_input("encryption_certificate"),
	};
	room = 2048 + r->encryption_certificate.n;
	writing.attributes = (WaxBuffer){ web_take(room), 0, room };
	if (!writing.attributes.p)
		return no_room();
	if (!wax_cms_sign_plan(r, &writing.attributes, &fault))
		return web_refuse(&fault);
	web_put_octets("attributes", (WaxSpan){ writing.attributes.p, writing.attributes.n });
	return true;
}

static size_t list_certificates(WaxSpan all, WaxSpan *to)
{
	size_t count = 0;

	for (WaxBer in = wax_ber(all); !wax_ber_at_end(&in) && count < CERTIFICATES_MAX; count++) {
		WaxElement element;

		if (!wax_ber_next(&in, &element, NULL))
			return SIZE_MAX;
		to[count] = element.whole;
	}
	return count;
}

/*
 * sign_finish: signature, certificates (one behind the other), content_octets (absent:
 * detached) -> head, tail
 */
WEB_EXPORT(sign_finish)
{
	WaxSpan certificates[CERTIFICATES_MAX], all = web_input("certificates"),
						signature = web_input("signature");
	uint64_t content = (uint64_t)web_input_number("content_octets");
	size_t count = list_certificates(all, certificates),
	       room = writing.attributes.n + writing.request.issuer_and_serial.n + signature.n +
		      all.n + 1024;
	WaxDer head = wax_der(web_take(256), 256), tail = wax_der(web_take(room), room);
	WaxFault fault = { WAX_R_CERT_MALFORMED, 0 };

	if (count == SIZE_MAX)
		return web_refuse(&fault);
	if (!head.p || !tail.p)
		return no_room();
	if (!wax_cms_sign_finish(&writing.request,
		    (WaxSpan){ writing.attributes.p, writing.attributes.n }, signature,
		    certificates, count, web_input("content_octets").p ? &content : NULL, &head,
		    &tail, &fault))
		return web_refuse(&fault);
	web_put_octets("head", wax_der_span(&head));
	web_put_octets("tail", wax_der_span(&tail));
	return true;
}

/* ecdsa_value: r_and_s -> der */
WEB_EXPORT(ecdsa_value)
{
	WaxSpan r_and_s = web_input("r_and_s");
	WaxDer out = wax_der(web_take(r_and_s.n + 32), r_and_s.n + 32);
	WaxFault fault = { WAX_R_CMS_MALFORMED, 0 };

	if (!out.p)
		return no_room();
	if (!wax_cms_ecdsa_value(r_and_s, &out))
		return web_refuse(&fault);
	web_put_octets("der", wax_der_span(&out));
	return true;
}

static WaxKdfScheme kdf_of(const char *name)
{
	WaxSpan word = web_input(name);

	return wax_span_equal(word, WAX_SPAN_LIT("x963"))   ? WAX_KDF_X963
	       : wax_span_equal(word, WAX_SPAN_LIT("hkdf")) ? WAX_KDF_HKDF
							    : WAX_KDF_NONE;
}

/* seal_begin: count of recipients to come */
WEB_EXPORT(seal_begin)
{
	int64_t count = web_input_number("count");

	if (count < 1 || count > WAX_CMS_RECIPIENTS_MAX)
		return no_room();
	writing.recipient_room = (size_t)count;
	writing.recipient_count = 0;
	writing.recipients = (void *)web_take((size_t)count * sizeof *writing.recipients);
	return writing.recipients || no_room();
}

/* seal_recipient: algorithm, issuer_and_serial, wrapped_key; originator, scheme, kdf, wrap_octets; key_id; salt, iterations, kek_cipher, iv */
WEB_EXPORT(seal_recipient)
{
	WaxSealRecipient r = {
		.alg = (WaxKeyEncAlg)web_input_word("algorithm", keyenc_word, WAX_KEYENC_COUNT_),
		.issuer_and_serial = web_input("issuer_and_serial"),
		.wrapped_key = web_input("wrapped_key"),
		.originator = web_input("originator"),
		.kdf = { kdf_of("scheme"),
			(WaxDigestAlg)web_input_word("kdf", digest_word, WAX_DIGEST_COUNT_) },
		.key_id = web_input("key_id"),
		.password = { .salt = web_input("salt"),
			.iterations = (uint32_t)web_input_number("iterations"),
			.prf = WAX_DIGEST_SHA256,
			.cipher = (WaxCipherAlg)web_input_word(
				"kek_cipher", cipher_word, WAX_CIPHER_COUNT_),
			.iv = web_input("iv") },
		.wrap = wrap_of(web_input_number("wrap_octets")),
	};
	WaxFault fault = { WAX_R_CMS_ALGORITHM_UNSUPPORTED, 0 };

	if (r.alg == WAX_KEYENC_NONE)
		return web_refuse(&fault);
	if (writing.recipient_count == writing.recipient_room)
		return no_room();
	writing.recipients[writing.recipient_count++] = r;
	writing.recipient_octets += r.issuer_and_serial.n + r.wrapped_key.n + r.originator.n +
				    r.key_id.n + r.password.salt.n + 256;
	return true;
}

/* seal_head: cipher, iv, cipher_octets -> head */
WEB_EXPORT(seal_head)
{
	const WaxSealContent content = { .cipher = (WaxCipherAlg)web_input_word(
						 "cipher", cipher_word, WAX_CIPHER_COUNT_),
		.iv = web_input("iv") };
	size_t room = writing.recipient_octets + 512;
	WaxDer head = wax_der(web_take(room), room);
	WaxFault fault;

	if (!head.p)
		return no_room();
	if (!wax_cms_seal_head(&content, writing.recipients, writing.recipient_count,
		    (uint64_t)web_input_number("cipher_octets"), &head, &fault))
		return web_refuse(&fault);
	web_put_octets("head", wax_der_span(&head));
	return true;
}

/* seal_tail: cipher, tag -> tail */
WEB_EXPORT(seal_tail)
{
	WaxCipherAlg cipher =
		(WaxCipherAlg)web_input_word("cipher", cipher_word, WAX_CIPHER_COUNT_);
	WaxDer tail = wax_der(web_take(64), 64);

	if (!tail.p)
		return no_room();
	wax_cms_seal_tail(cipher, web_input("tag"), &tail);
	web_put_octets("tail", wax_der_span(&tail));
	return true;
}

/* agreement_info: wrap_octets -> info; as we write it, without ukm */
WEB_EXPORT(agreement_info)
{
	WaxWrapAlg wrap = wrap_of(web_input_number("wrap_octets"));
	WaxDer identifier = wax_der(web_take(64), 64);
	WaxBuffer out = { web_take(128), 0, 128 };
	WaxFault fault;

	if (!identifier.p || !out.p)
		return no_room();
	wax_cms_wrap_identifier(wrap, &identifier);
	if (!wax_cms_kdf_info(&(WaxRecipient){ .alg = WAX_KEYENC_ECDH,
				      .wrap = wrap,
				      .wrap_identifier = wax_der_span(&identifier) },
		    &out, &fault))
		return web_refuse(&fault);
	web_put_octets("info", (WaxSpan){ out.p, out.n });
	return true;
}
