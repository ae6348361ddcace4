/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/receipt.h"

#include <string.h>

#include "asn1/identifiers.h"
#include "cms/ess.h"
#include "cms/sign.h"
#include "core/address.h"
#include "core/clock.h"
#include "core/status.h"
#include "crypto/digest.h"
#include "mime/transfer.h"

#define CONTENT_MAX (96 * 1024) /* a signature of SLH-DSA has 50 KB */

WAX_OID(oid_data, WAX_OID_PKCS7(1));
WAX_OID(oid_receipt, WAX_OID_SMIME(1, 1));
WAX_OID(oid_msg_sig_digest, WAX_OID_SMIME(2, 5));

static WaxSpan span_of(GBytes *bytes)
{
	gsize n = 0;
	const uint8_t *p = bytes ? g_bytes_get_data(bytes, &n) : NULL;

	return WAX_SPAN(p, n);
}

/* speaks - beside the good signature of a message there may be one that nobody could check */
static bool speaks(const WaxVerdict *message, const WaxVerdictSigner *signer)
{
	return message->signature != WAX_SIGNATURE_VALID_TRUSTED ||
	       signer->verdict == WAX_SIGNATURE_VALID_TRUSTED;
}

/* asks_one_thing - RFC 2634 2.3: the requests of several signers must be the same */
static bool asks_one_thing(const WaxVerdictLayer *author, WaxSpan request)
{
	for (unsigned i = 0; i < author->signers->len; i++) {
		WaxSpan other = span_of(
			wax_verdict_signer(author, i)->named[WAX_ATTRIBUTE_RECEIPT_REQUEST]);

		if (other.n && !wax_span_equal(other, request))
			return false;
	}
	return true;
}

/* find_request - the signer of the author layer that asks for a receipt */
static const WaxVerdictSigner *find_request(
	const WaxVerdict *message, WaxReceiptRequest *ret_request, GError **error)
{
	const WaxVerdictLayer *author = wax_verdict_author(message);

	for (unsigned i = 0; author && i < author->signers->len; i++) {
		const WaxVerdictSigner *signer = wax_verdict_signer(author, i);
		WaxSpan value = span_of(signer->named[WAX_ATTRIBUTE_RECEIPT_REQUEST]);

		if (!speaks(message, signer) || !value.n ||
			!wax_ess_receipt_request(value, ret_request))
			continue;
		if (!asks_one_thing(author, value)) {
			wax_set_error(error, WAX_R_NOT_PERMITTED,
				"its signers ask for different receipts: none is made");
			return NULL;
		}
		return signer;
	}
	wax_set_error(error, WAX_R_NOT_FOUND, "the message asks for no receipt");
	return NULL;
}

static bool names(WaxSpan list, const char *from)
{
	WaxEssAddresses in = wax_ess_addresses(list);
	WaxSpan address;

	while (wax_ess_next_address(&in, &address)) {
		g_autofree char *text = g_strndup((const char *)address.p, address.n);
		g_autofree char *key = wax_address_normal(text, NULL);

		if (g_strcmp0(key, from) == 0)
			return true;
	}
	return false;
}

/* R-62, V-13 */
static bool may_answer(const WaxVerdict *message, const WaxVerdictSigner *signer,
	const WaxReceiptRequest *request, const char *from, GError **error)
{
	if (message->signature != WAX_SIGNATURE_VALID_TRUSTED)
		return wax_fail(error, WAX_R_NOT_PERMITTED,
			"the signature of the message is %s: receipts are for valid ones alone",
			wax_signature_word(message->signature));
	if (wax_verdict_author(message)->is_receipt)
		return wax_fail(error, WAX_R_NOT_PERMITTED,
			"the message is a receipt itself: receipts for receipts would never end");
	if (signer->named[WAX_ATTRIBUTE_LIST_HISTORY])
		return wax_fail(error, WAX_R_NOT_PERMITTED,
			"the message came over a mailing list, which receipts are not sent to");
	if (request->from == WAX_RECEIPTS_FROM_LIST && !names(request->from_list, from))
		return wax_fail(error, WAX_R_NOT_PERMITTED,
			"the message asks others for a receipt, not %s", from);
	return true;
}

/* receipts_to - the addresses of the request that are such; NULL: none */
static char *receipts_to(const WaxReceiptRequest *request)
{
	WaxEssAddresses in = wax_ess_addresses(request->to_list);
	GString *to = g_string_new(NULL);
	WaxSpan address;

	while (to->len < 2000 && wax_ess_next_address(&in, &address)) {
		g_autofree char *text = g_strndup((const char *)address.p, address.n);
		g_autofree char *key = wax_address_normal(text, NULL);

		if (key)
			g_string_append_printf(to, "%s%s", to->len ? ",\r\n\t" : "", key);
	}
	return g_string_free(to, to->len == 0);
}

/* digest_of_attributes - the message signature digest (RFC 2634 2.4): of the attributes that were signed */
static bool digest_of_attributes(const WaxVerdictSigner *signer, uint8_t digest[WAX_DIGEST_MAX],
	WaxSpan *ret, GError **error)
{
	if (!wax_digest_once(signer->digest, span_of(signer->signed_octets), digest, error))
		return false;
	*ret = WAX_SPAN(digest, wax_digest_size(signer->digest));
	return true;
}

static GByteArray *bytes_of(const WaxDer *der)
{
	WaxSpan span = wax_der_span(der);

	return g_byte_array_append(g_byte_array_new(), span.p, (guint)span.n);
}

static GByteArray *content_for(const WaxVerdictSigner *original, const WaxReceiptRequest *request)
{
	g_autofree uint8_t *room = g_malloc(CONTENT_MAX);
	WaxReceipt receipt = { oid_data, request->content_id, span_of(original->signature) };
	WaxDer der = wax_der(room, CONTENT_MAX);

	wax_ess_put_receipt(&der, &receipt);
	return der.full ? NULL : bytes_of(&der);
}

typedef struct {
	WaxSigned one;
	uint8_t content_digest[WAX_DIGEST_MAX], original_digest[WAX_DIGEST_MAX];
	uint8_t attribute[128], attributes[8192];
	GByteArray *signature;
} Making;

static bool sign_receipt(Making *m, const WaxVerdictSigner *original, const WaxSealSigner *signer,
	WaxSpan content, int64_t now, GError **error)
{
	WaxDer attribute = wax_der(m->attribute, sizeof m->attribute);
	WaxBuffer attributes = { m->attributes, 0, sizeof m->attributes };
	WaxSignRequest *request = &m->one.request;
	WaxSpan digest;
	WaxFault fault;

	wax_seal_request(signer, request);
	request->content_type = oid_receipt;
	request->has_time = true;
	request->signing_time = now;
	if (!digest_of_attributes(original, m->original_digest, &digest, error) ||
		!wax_digest_once(request->digest, content, m->content_digest, error))
		return false;
	request->message_digest = WAX_SPAN(m->content_digest, wax_digest_size(request->digest));
	wax_der_put(&attribute, WAX_TAG_OCTET_STRING, digest);
	wax_der_wrap(&attribute, WAX_TAG_SET, 0);
	wax_der_oid(&attribute, oid_msg_sig_digest);
	wax_der_wrap(&attribute, WAX_TAG_SEQUENCE, 0);
	request->more_attributes = wax_der_span(&attribute);
	if (!wax_cms_sign_plan(request, &attributes, &fault))
		return wax_fail_fault(error, &fault, "attributes of the receipt");
	m->one.attributes = WAX_SPAN(attributes.p, attributes.n);
	if (!signer->sign(signer->data, request->alg, request->digest, m->one.attributes,
		    &m->signature, error))
		return false;
	m->one.signature = WAX_SPAN(m->signature->data, m->signature->len);
	return true;
}

static void write_base64(WaxSpan head, WaxSpan content, WaxSpan tail, GString *out)
{
	g_autofree uint8_t *text =
		g_malloc((size_t)wax_base64_size(head.n + content.n + tail.n + 9));
	WaxBase64Encoder encoder = { { 0 }, 0, 0 };
	size_t n = wax_base64_encode(&encoder, head, text);

	n += wax_base64_encode(&encoder, content, text + n);
	n += wax_base64_encode(&encoder, tail, text + n);
	n += wax_base64_encode_end(&encoder, text + n);
	g_string_append_len(out, (const char *)text, (gssize)n);
}

static bool write_object(
	const Making *m, const WaxSealSigner *signer, WaxSpan content, GString *out, GError **error)
{
	WaxSpan cert = wax_cert_info(signer->cert)->der;
	size_t room = 4096 + cert.n + m->one.attributes.n + m->one.signature.n +
		      m->one.request.issuer_and_serial.n;
	g_autofree uint8_t *tail_room = g_malloc(room);
	uint8_t head_room[512];
	WaxDer head = wax_der(head_room, sizeof head_room), tail = wax_der(tail_room, room);
	uint64_t octets = content.n;
	WaxFault fault;

	if (!wax_cms_sign_all(&m->one, 1, &cert, 1, &octets, &head, &tail, &fault))
		return wax_fail_fault(error, &fault, "receipt");
	write_base64(wax_der_span(&head), content, wax_der_span(&tail), out);
	return true;
}

bool wax_receipt_write(const WaxVerdict *message, const WaxSealSigner *signer, const char *from,
	int64_t now, const WaxSink *sink, GError **error)
{
	g_autofree Making *making = g_new0(Making, 1);
	g_autoptr(GByteArray) content = NULL, signature = NULL;
	g_autofree char *to = NULL, *date = wax_clock_rfc5322(now);
	g_autoptr(GString) out = g_string_new(NULL);
	WaxReceiptRequest request;
	const WaxVerdictSigner *original = find_request(message, &request, error);
	bool ok;

	if (!original || !may_answer(message, original, &request, from, error))
		return false;
	to = receipts_to(&request);
	content = content_for(original, &request);
	if (!to || !content)
		return wax_fail(error, WAX_R_NOT_PERMITTED,
			"the request names no address that a receipt could go to");
	g_string_printf(out,
		"From: %s\r\nTo: %s\r\nDate: %s\r\nSubject: Signed receipt\r\nMIME-Version: 1.0\r\n"
		"Content-Type: application/pkcs7-mime; smime-type=signed-receipt;\r\n"
		"\tname=\"smime.p7m\"\r\nContent-Transfer-Encoding: base64\r\n"
		"Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n",
		from, to, date);
	ok = sign_receipt(
		making, original, signer, WAX_SPAN(content->data, content->len), now, error);
	signature = making->signature;
	return ok &&
	       write_object(making, signer, WAX_SPAN(content->data, content->len), out, error) &&
	       wax_sink_write(sink, WAX_SPAN(out->str, out->len), error);
}

/* says_digest - the msgSigDigest attribute of the receipt's signer holds this */
static bool says_digest(const WaxVerdict *receipt, WaxSpan digest)
{
	const WaxVerdictLayer *author = wax_verdict_author(receipt);
	WaxSpan said;

	for (unsigned i = 0; author && i < author->signers->len; i++) {
		const WaxVerdictSigner *signer = wax_verdict_signer(author, i);

		if (speaks(receipt, signer) &&
			wax_ber_only(span_of(signer->named[WAX_ATTRIBUTE_MSG_SIG_DIGEST]),
				WAX_TAG_OCTET_STRING, &said, NULL) &&
			wax_span_equal(said, digest))
			return true;
	}
	return false;
}

bool wax_receipt_check(
	const WaxVerdict *message, const WaxVerdict *receipt, WaxSpan content, GError **error)
{
	uint8_t digest[WAX_DIGEST_MAX];
	WaxReceiptRequest request;
	const WaxVerdictSigner *original = find_request(message, &request, error);
	WaxReceipt read;
	WaxSpan wanted;

	if (!original)
		return false;
	if (receipt->signature != WAX_SIGNATURE_VALID_TRUSTED)
		return wax_fail(error, WAX_R_NOT_PERMITTED,
			"the signature of the receipt is %s, so it proves nothing",
			wax_signature_word(receipt->signature));
	if (!wax_ess_receipt(content, &read))
		return wax_fail(error, WAX_R_CMS_MALFORMED, "this is not a signed receipt");
	if (!wax_span_equal(read.signature, span_of(original->signature)) ||
		!wax_span_equal(read.content_id, request.content_id) ||
		!wax_span_equal(read.content_type, oid_data))
		return wax_fail(
			error, WAX_R_SIG_MISMATCH, "the receipt is for another message than this");
	if (!digest_of_attributes(original, digest, &wanted, error))
		return false;
	return says_digest(receipt, wanted) ||
	       wax_fail(error, WAX_R_SIG_DIGEST_MISMATCH,
		       "the receipt was made for other attributes than those of this message");
}
