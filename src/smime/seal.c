/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/seal.h"

#include <string.h>

#include "asn1/identifiers.h"
#include "cms/seal.h"
#include "cms/sign.h"
#include "core/clock.h"
#include "core/bounds.h"
#include "core/status.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "mime/canonical.h"
#include "mime/fields.h"
#include "mime/transfer.h"
#include "smime/sinks.h"
#include "smime/compress.h"
#include "smime/seal_internal.h"

#define KEEP_MAX   (1024 * 1024) /* an entity so small is kept instead of being made twice */
#define STALE	   (50 * 60)	 /* S-90 */
#define TAG_OCTETS 16

typedef struct {
	const WaxSource *source;
	const WaxSealOptions *options;
	GPtrArray *recipients; /* WaxCert, each once; NULL: not encrypted */
	GByteArray *header;
	GString *extra_fields; /* protected copies */
	GString *legacy;       /* lines for the text; NULL: none */
	const char *type_suffix;
	WaxEntity entity;
	WaxCanonicalOptions canonical;
	WaxCanonical *plan;
	GByteArray *kept; /* the canonical entity, when it is small */
	uint64_t entity_octets;
	/* signing */
	WaxDigest *running[WAX_DIGEST_COUNT_];
	uint8_t digests[WAX_DIGEST_COUNT_][WAX_DIGEST_MAX];
	GString *before, *after;	 /* of multipart/signed, around the entity */
	GByteArray *cms_head, *cms_tail; /* of an opaque SignedData */
	uint64_t signed_octets;
	GByteArray *compressed_head; /* of CompressedData */
	uint64_t final_octets;	     /* the whole entity that is encrypted or sent */
} Seal;

static void seal_clear(Seal *s)
{
	g_clear_pointer(&s->recipients, g_ptr_array_unref);
	g_clear_pointer(&s->header, g_byte_array_unref);
	g_clear_pointer(&s->plan, wax_canonical_free);
	g_clear_pointer(&s->kept, g_byte_array_unref);
	g_clear_pointer(&s->cms_head, g_byte_array_unref);
	g_clear_pointer(&s->cms_tail, g_byte_array_unref);
	g_clear_pointer(&s->compressed_head, g_byte_array_unref);
	for (unsigned i = 0; i < WAX_DIGEST_COUNT_; i++)
		g_clear_pointer(&s->running[i], wax_digest_free);
	if (s->extra_fields)
		g_string_free(s->extra_fields, true);
	if (s->legacy)
		g_string_free(s->legacy, true);
	if (s->before)
		g_string_free(s->before, true);
	if (s->after)
		g_string_free(s->after, true);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Seal, seal_clear)

bool wax_seal_local_sign(void *data, WaxSigAlg alg, WaxDigestAlg digest, WaxSpan attributes,
	GByteArray **ret_signature, GError **error)
{
	return wax_key_sign(data, alg, digest, attributes, ret_signature, error);
}

static bool put_text(const WaxSink *sink, const char *text, GError **error)
{
	return wax_sink_write(sink, WAX_SPAN(text, strlen(text)), error);
}

/* header_octets - up to and including the empty line; all of it when there is none */
static size_t header_octets(WaxSpan bytes)
{
	size_t line = 0;

	for (size_t i = 0; i < bytes.n; i++) {
		if (bytes.p[i] != '\n')
			continue;
		if (i == line || (i == line + 1 && bytes.p[line] == '\r'))
			return i + 1;
		line = i + 1;
	}
	return bytes.n;
}

bool wax_seal_load_header(const WaxSource *source, GByteArray **ret_header, GError **error)
{
	g_autoptr(GByteArray) header = g_byte_array_new();
	uint64_t at = 0;

	for (;;) {
		uint8_t chunk[8192];
		size_t got, n;

		if (!wax_source_read(source, at, chunk, sizeof chunk, &got, error))
			return false;
		g_byte_array_append(header, chunk, (guint)got);
		n = header_octets(WAX_SPAN(header->data, header->len));
		if (n < header->len || got < sizeof chunk) {
			g_byte_array_set_size(header, (guint)n);
			*ret_header = g_steal_pointer(&header);
			return true;
		}
		if (header->len > WAX_LIMIT_HEADER_OCTETS)
			return wax_fail(error, WAX_R_MIME_HEADER_SIZE,
				"the header of the message is larger than %d octets",
				WAX_LIMIT_HEADER_OCTETS);
		at += got;
	}
}

static bool is_named(const WaxField *field, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (wax_field_is(field, names[i]))
			return true;
	return false;
}

static bool is_dropped(const WaxField *field, const char *const *names)
{
	for (; names && *names; names++) {
		size_t n = strlen(*names);
		bool prefix = n && (*names)[n - 1] == '-';

		if (prefix ? field->name.n >= n && g_ascii_strncasecmp((const char *)field->name.p,
							   *names, n) == 0
			   : wax_field_is(field, *names))
			return true;
	}
	return false;
}

bool wax_seal_write_header(WaxSpan block, const WaxSealOptions *options, bool keep_content,
	WaxHcp hcp, const WaxSink *sink, GError **error)
{
	static const char *const blind[] = { "bcc", "resent-bcc" };
	g_autoptr(GString) out = g_string_new(NULL);
	WaxSpan top = WAX_SPAN(
		options->top_fields, options->top_fields ? strlen(options->top_fields) : 0);
	WaxField field;

	while (wax_field_next(&top, &field))
		wax_hcp_outer(hcp, &field, out);
	while (wax_field_next(&block, &field)) {
		if (field.nameless || is_named(&field, blind, G_N_ELEMENTS(blind)) ||
			is_dropped(&field, options->drop_fields) ||
			(!keep_content && wax_field_is_structural(&field)))
			continue;
		wax_hcp_outer(hcp, &field, out);
	}
	return wax_sink_write(sink, WAX_SPAN(out->str, out->len), error);
}

/* protect_block - copies for the payload, what the outside will show, and lines for the text */
static void protect_block(Seal *s, WaxSpan block, bool cipher, GString *outside)
{
	WaxHcp hcp = s->options->hcp;
	WaxField field;

	while (wax_field_next(&block, &field)) {
		g_autoptr(GString) outer = NULL;

		if (!wax_field_is_own(&field) || is_dropped(&field, s->options->drop_fields))
			continue;
		wax_field_append(s->extra_fields, field.whole);
		if (!cipher)
			continue;
		outer = g_string_new(NULL);
		wax_hcp_outer(hcp, &field, outer);
		if (outer->len)
			g_string_append_printf(outside, "HP-Outer: %s", outer->str);
		if (s->legacy)
			wax_hcp_legacy(hcp, &field, s->legacy);
	}
}

/* protect - RFC 9788 5.2 (S-70) */
static void protect(Seal *s)
{
	bool cipher = wax_seal_encrypts(s->options);
	const char *top = s->options->top_fields;
	g_autoptr(GString) outside = g_string_new(NULL);

	s->extra_fields = g_string_new(NULL);
	s->type_suffix = cipher ? "; hp=\"cipher\"" : "; hp=\"clear\"";
	if (cipher && s->options->legacy_display)
		s->legacy = g_string_new(NULL);
	protect_block(s, WAX_SPAN(top, top ? strlen(top) : 0), cipher, outside);
	protect_block(s, WAX_SPAN(s->header->data, s->header->len), cipher, outside);
	g_string_append_len(s->extra_fields, outside->str, (gssize)outside->len);
}

static bool read_source(
	void *data, uint64_t offset, void *bytes, size_t n, size_t *ret_got, GError **error)
{
	return wax_source_read(data, offset, bytes, n, ret_got, error);
}

/* write_entity - the canonical content entity, from memory when it is there */
static bool write_entity(Seal *s, const WaxSink *sink, GError **error)
{
	if (s->kept)
		return wax_sink_write(sink, WAX_SPAN(s->kept->data, s->kept->len), error);
	return wax_canonical_write(s->plan, sink->write, sink->data, error);
}

static bool measure(void *data, WaxSpan bytes, GError **error)
{
	Seal *s = data;

	(void)error; /* nothing here can fail */
	for (unsigned i = 0; i < WAX_DIGEST_COUNT_; i++)
		if (s->running[i])
			wax_digest_update(s->running[i], bytes);
	s->entity_octets += bytes.n;
	if (s->kept && s->kept->len + bytes.n > KEEP_MAX)
		g_clear_pointer(&s->kept, g_byte_array_unref);
	if (s->kept)
		g_byte_array_append(s->kept, bytes.p, (guint)bytes.n);
	return true;
}

/* measure_entity - the first pass: length, digest, and the octets themselves when they are few */
static bool measure_entity(Seal *s, GError **error)
{
	s->entity = (WaxEntity){ read_source, (void *)(uintptr_t)s->source, 0, s->source->size,
		s->source->span };
	s->canonical = (WaxCanonicalOptions){ true, s->extra_fields ? s->extra_fields->str : NULL,
		s->type_suffix, s->legacy && s->legacy->len ? s->legacy->str : NULL };
	/* what lies in memory is read there again as fast as from a copy of it */
	if (s->source->size < KEEP_MAX && !s->source->span.p)
		s->kept = g_byte_array_sized_new((guint)s->source->size + 1024);
	return wax_canonical_plan(&s->entity, &s->canonical, &s->plan, error) &&
	       wax_canonical_write(s->plan, measure, s, error);
}

static WaxSigAlg signature_of(const WaxSealSigner *signer)
{
	const WaxCertInfo *info = wax_cert_info(signer->cert);

	switch (info->key_kind) {
	case WAX_KEY_RSA:
		return signer->pss ? WAX_SIG_PSS : WAX_SIG_RSA;
	case WAX_KEY_RSA_PSS:
		return WAX_SIG_PSS;
	case WAX_KEY_EC:
		return WAX_SIG_ECDSA;
	case WAX_KEY_PURE:
		return info->pure;
	default:
		return WAX_SIG_ALG_NONE;
	}
}

static WaxDigestAlg digest_of(const WaxCertInfo *info)
{
	if (info->key_kind == WAX_KEY_PURE)
		return wax_sig_digest(info->pure);
	if (info->pss_restricted)
		return info->pss.digest;
	if (info->key_kind == WAX_KEY_EC && info->key_bits > 384)
		return WAX_DIGEST_SHA512;
	return info->key_kind == WAX_KEY_EC && info->key_bits > 256 ? WAX_DIGEST_SHA384
								    : WAX_DIGEST_SHA256;
}

static unsigned signer_count(const WaxSealOptions *options)
{
	return options->signer ? 1 + options->more_signers : 0;
}

/* is_stale - Date lies so far back that a truthful signing time would look wrong (S-90) */
static bool is_stale(const Seal *s)
{
	g_autofree char *text = NULL;
	WaxSpan value;
	int64_t date;

	if (!wax_fields_count(WAX_SPAN(s->header->data, s->header->len), "date", &value))
		return false;
	text = wax_field_text(value);
	return wax_clock_from_rfc5322(text, &date) && s->options->now - date > STALE;
}

static void add_certificate(GArray *spans, const WaxCert *cert)
{
	WaxSpan der = wax_cert_info(cert)->der;

	for (guint i = 0; i < spans->len; i++)
		if (wax_span_equal(g_array_index(spans, WaxSpan, i), der))
			return;
	g_array_append_val(spans, der);
}

/* certificates_of - of each signer its own, the one for replies, the chain without its root (S-32) */
static GArray *certificates_of(const WaxSealOptions *options)
{
	GArray *spans = g_array_new(false, false, sizeof(WaxSpan));

	for (unsigned n = 0; n < signer_count(options); n++) {
		const WaxSealSigner *signer = &options->signer[n];

		add_certificate(spans, signer->cert);
		if (signer->encryption_cert)
			add_certificate(spans, signer->encryption_cert);
		for (guint i = 0; signer->chain && i < signer->chain->len; i++)
			if (!wax_cert_info(signer->chain->pdata[i])->self_issued)
				add_certificate(spans, signer->chain->pdata[i]);
	}
	return spans;
}

static GByteArray *bytes_of(const WaxDer *der)
{
	WaxSpan span = wax_der_span(der);
	GByteArray *bytes = g_byte_array_sized_new((guint)span.n);

	return g_byte_array_append(bytes, span.p, (guint)span.n);
}

/* one signer's part of the SignedData, while it is made */
typedef struct {
	WaxSigned *to;
	GByteArray *attributes, *signature;
	uint8_t digest[WAX_DIGEST_MAX];
} Signed;

static void signed_free(void *data)
{
	Signed *one = data;

	g_clear_pointer(&one->attributes, g_byte_array_unref);
	g_clear_pointer(&one->signature, g_byte_array_unref);
	g_free(one);
}

void wax_seal_request(const WaxSealSigner *signer, WaxSignRequest *ret_request)
{
	const WaxCertInfo *info = wax_cert_info(signer->cert);

	*ret_request = (WaxSignRequest){
		.digest = digest_of(info),
		.alg = signature_of(signer),
		.issuer_and_serial = info->issuer_and_serial,
		.key_id = signer->by_key_id ? info->key_id : WAX_SPAN_NONE,
		.certificate_sha256 = WAX_SPAN(info->sha256, 32),
	};
	if (info->pss_restricted)
		ret_request->pss = wax_pss_for(&info->pss, ret_request->digest);
	if (signer->encryption_cert)
		ret_request->encryption_certificate =
			wax_cert_info(signer->encryption_cert)->issuer_and_serial;
}

/* ask_key - the attributes, and the signature over them */
static bool ask_key(const Seal *s, const WaxSealSigner *signer, Signed *one, GError **error)
{
	uint8_t room[4096];
	WaxBuffer attributes = { room, 0, sizeof room };
	WaxSignRequest *request = &one->to->request;
	WaxFault fault;

	wax_seal_request(signer, request);
	request->has_time = !is_stale(s);
	request->signing_time = s->options->now;
	memcpy(one->digest, s->digests[request->digest], WAX_DIGEST_MAX);
	request->message_digest = WAX_SPAN(one->digest, wax_digest_size(request->digest));
	if (!wax_cms_sign_plan(request, &attributes, &fault))
		return wax_fail_fault(error, &fault, "signed attributes");
	one->attributes =
		g_byte_array_append(g_byte_array_new(), attributes.p, (guint)attributes.n);
	one->to->attributes = WAX_SPAN(one->attributes->data, one->attributes->len);
	if (!signer->sign(signer->data, request->alg, request->digest, one->to->attributes,
		    &one->signature, error))
		return false;
	one->to->signature = WAX_SPAN(one->signature->data, one->signature->len);
	/* RSA by Chinese remainders leaks the key when the arithmetic fails once: look before it leaves */
	if (request->alg == WAX_SIG_RSA &&
		!wax_cert_verify(signer->cert, request->alg, request->digest, NULL,
			one->to->attributes, one->to->signature))
		return wax_fail(error, WAX_R_CRYPTO_ERROR, "a signature just made does not verify");
	return true;
}

static size_t room_for(const GArray *certificates, const GPtrArray *signers)
{
	size_t n = 4096;

	for (guint i = 0; i < certificates->len; i++)
		n += g_array_index(certificates, WaxSpan, i).n + 16;
	for (guint i = 0; i < signers->len; i++) {
		const Signed *one = signers->pdata[i];

		n += one->to->attributes.n + one->to->signature.n + 1024 +
		     one->to->request.issuer_and_serial.n;
	}
	return n;
}

static bool write_signed_data(
	Seal *s, const GPtrArray *signers, const WaxSigned *first, bool detached, GError **error)
{
	g_autoptr(GArray) certificates = certificates_of(s->options);
	size_t room = room_for(certificates, signers);
	g_autofree uint8_t *tail_room = g_malloc(room);
	uint8_t head_room[512];
	WaxDer head = wax_der(head_room, sizeof head_room), tail = wax_der(tail_room, room);
	WaxFault fault;

	if (!wax_cms_sign_all(first, signers->len, (const WaxSpan *)(void *)certificates->data,
		    certificates->len, detached ? NULL : &s->entity_octets, &head, &tail, &fault))
		return wax_fail_fault(error, &fault, "SignedData");
	s->cms_head = bytes_of(&head);
	s->cms_tail = bytes_of(&tail);
	return true;
}

/* make_signature - SignedData as head and tail; the digests of the entity are known */
static bool make_signature(Seal *s, bool detached, GError **error)
{
	unsigned count = signer_count(s->options);
	g_autofree WaxSigned *all = g_new0(WaxSigned, count);
	g_autoptr(GPtrArray) signers = g_ptr_array_new_with_free_func(signed_free);

	for (unsigned i = 0; i < WAX_DIGEST_COUNT_; i++)
		if (s->running[i])
			wax_digest_finish(s->running[i], s->digests[i]);
	for (unsigned i = 0; i < count; i++) {
		Signed *one = g_new0(Signed, 1);

		one->to = &all[i];
		g_ptr_array_add(signers, one);
		if (!ask_key(s, &s->options->signer[i], one, error))
			return false;
	}
	return write_signed_data(s, signers, all, detached, error);
}

static void append_base64(GString *out, WaxSpan first, WaxSpan second)
{
	g_autofree uint8_t *text = g_malloc((size_t)wax_base64_size(first.n + second.n + 3));
	WaxBase64Encoder encoder = { { 0 }, 0, 0 };
	size_t n = wax_base64_encode(&encoder, first, text);

	n += wax_base64_encode(&encoder, second, text + n);
	n += wax_base64_encode_end(&encoder, text + n);
	g_string_append_len(out, (const char *)text, (gssize)n);
}

/* micalg_of - a list for several digests (S-11); several words need quotes */
static char *micalg_of(const Seal *s)
{
	g_autoptr(GString) list = g_string_new(NULL);

	for (unsigned i = 0; i < WAX_DIGEST_COUNT_; i++)
		if (s->running[i])
			g_string_append_printf(list, "%s%s", list->len ? "," : "",
				wax_digest_micalg((WaxDigestAlg)i));
	return strchr(list->str, ',') ? g_strdup_printf("\"%s\"", list->str) : g_strdup(list->str);
}

static void frame_clear_signed(Seal *s)
{
	g_autofree char *boundary = NULL, *micalg = micalg_of(s);
	uint8_t random[15];

	wax_random(random, sizeof random);
	boundary = wax_hex(WAX_SPAN(random, sizeof random));
	s->before = g_string_new(NULL);
	g_string_printf(s->before,
		"Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n"
		"\tmicalg=%s; boundary=\"=_%s\"\r\n\r\n--=_%s\r\n",
		micalg, boundary, boundary);
	s->after = g_string_new(NULL);
	g_string_printf(s->after,
		"\r\n--=_%s\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n",
		boundary);
	append_base64(s->after, WAX_SPAN(s->cms_head->data, s->cms_head->len),
		WAX_SPAN(s->cms_tail->data, s->cms_tail->len));
	g_string_append_printf(s->after, "--=_%s--\r\n", boundary);
	s->signed_octets = s->before->len + s->entity_octets + s->after->len;
}

static const char opaque_fields[] =
	"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"\r\n"
	"Content-Transfer-Encoding: base64\r\n"
	"Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n";

/* begin_digest - or why this signer cannot sign here */
static bool begin_digest(Seal *s, const WaxSealSigner *signer, GError **error)
{
	const WaxCertInfo *info = wax_cert_info(signer->cert);
	WaxDigestAlg digest = digest_of(info);

	if (signature_of(signer) == WAX_SIG_ALG_NONE)
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED,
			"the key of %s is of a kind that cannot sign here", info->subject_text);
	if (wax_digest_is_weak(digest))
		return wax_fail(error, WAX_R_KEY_WEAK,
			"the key of %s is restricted to %s, which is not written any more: ask "
			"for a certificate without that restriction",
			info->subject_text, wax_digest_word(digest));
	if (signer->by_key_id && !info->key_id.n)
		return wax_fail(error, WAX_R_VALUE_INVALID,
			"the certificate of %s has no subjectKeyIdentifier: name the signer by "
			"issuer and serial number",
			info->subject_text);
	if (!s->running[digest])
		s->running[digest] = wax_digest_new(digest, error);
	return s->running[digest] != NULL;
}

static bool prepare(Seal *s, GError **error)
{
	const WaxSealSigner *signer = s->options->signer;

	for (unsigned i = 0; i < signer_count(s->options); i++)
		if (!begin_digest(s, &signer[i], error))
			return false;
	if (!measure_entity(s, error))
		return false;
	s->signed_octets = s->entity_octets;
	if (!signer)
		return true;
	if (!make_signature(s, !s->options->opaque, error))
		return false;
	if (!s->options->opaque)
		frame_clear_signed(s);
	else
		s->signed_octets =
			sizeof opaque_fields - 1 +
			wax_base64_size(s->cms_head->len + s->entity_octets + s->cms_tail->len);
	return true;
}

static bool to_zlib(void *zlib, WaxSpan bytes, GError **error)
{
	return wax_zlib_write(zlib, bytes, error);
}

static bool count_octets(void *octets, WaxSpan bytes, GError **error)
{
	(void)error;
	*(uint64_t *)octets += bytes.n;
	return true;
}

/* write_signed - the entity, signed where it is signed: signed_octets of it */
static bool write_signed(Seal *s, const WaxSink *sink, GError **error)
{
	g_autofree WaxBase64Sink *b = NULL;
	WaxSink inner;

	if (!s->options->signer)
		return write_entity(s, sink, error);
	if (!s->options->opaque)
		return wax_sink_write(sink, WAX_SPAN(s->before->str, s->before->len), error) &&
		       write_entity(s, sink, error) &&
		       wax_sink_write(sink, WAX_SPAN(s->after->str, s->after->len), error);
	b = wax_base64_sink_new(sink, s->entity_octets);
	inner = wax_base64_sink(b);
	return put_text(sink, opaque_fields, error) &&
	       wax_sink_write(&inner, WAX_SPAN(s->cms_head->data, s->cms_head->len), error) &&
	       write_entity(s, &inner, error) &&
	       wax_sink_write(&inner, WAX_SPAN(s->cms_tail->data, s->cms_tail->len), error) &&
	       wax_base64_sink_end(b, error);
}

static const char compressed_fields[] =
	"Content-Type: application/pkcs7-mime; smime-type=compressed-data; name=\"smime.p7z\"\r\n"
	"Content-Transfer-Encoding: base64\r\n"
	"Content-Disposition: attachment; filename=\"smime.p7z\"\r\n\r\n";

/* deflate - what was signed, compressed, into the sink; the same octets each time */
static bool deflate_signed(Seal *s, const WaxSink *sink, GError **error)
{
	g_autoptr(WaxZlib) zlib = wax_deflate_new(sink);
	WaxSink into = { to_zlib, zlib };

	return write_signed(s, &into, error) && wax_zlib_finish(zlib, error);
}

/* prepare_compressed - compressed once to learn the length, which DER writes first */
static bool prepare_compressed(Seal *s, GError **error)
{
	uint64_t octets = 0;
	WaxSink count = { count_octets, &octets };
	uint8_t room[128];
	WaxDer head = wax_der(room, sizeof room);
	WaxFault fault;

	s->final_octets = s->signed_octets;
	if (!s->options->compress)
		return true;
	if (!deflate_signed(s, &count, error))
		return false;
	if (!wax_cms_compress_head(octets, &head, &fault))
		return wax_fail_fault(error, &fault, "CompressedData");
	s->compressed_head = bytes_of(&head);
	s->final_octets =
		sizeof compressed_fields - 1 + wax_base64_size(s->compressed_head->len + octets);
	return true;
}

/* write_final - the entity that is sent or encrypted: final_octets of it */
static bool write_final(Seal *s, const WaxSink *sink, GError **error)
{
	g_autofree WaxBase64Sink *b = NULL;
	WaxSink inner;

	if (!s->options->compress)
		return write_signed(s, sink, error);
	b = wax_base64_sink_new(sink, s->final_octets);
	inner = wax_base64_sink(b);
	return put_text(sink, compressed_fields, error) &&
	       wax_sink_write(&inner, WAX_SPAN(s->compressed_head->data, s->compressed_head->len),
		       error) &&
	       deflate_signed(s, &inner, error) && wax_base64_sink_end(b, error);
}

/* make_head - recipients and algorithms; the content key is wrapped for each of them */
static bool make_head(const Seal *s, WaxSpan cek, const WaxSealContent *content,
	GByteArray **ret_head, GError **error)
{
	g_auto(WaxSealWrapped) wrapped = { NULL };
	g_autofree uint8_t *head_room = NULL;
	WaxFault fault;
	WaxDer head;

	if (!wax_seal_wrap(s->recipients, s->options, cek, &wrapped, error))
		return false;
	head_room = g_malloc(wrapped.room + 512);
	head = wax_der(head_room, wrapped.room + 512);
	if (!wax_cms_seal_head(content, (const WaxSealRecipient *)(void *)wrapped.list->data,
		    wrapped.list->len, wax_cipher_sealed_size(content->cipher, s->final_octets),
		    &head, &fault))
		return wax_fail_fault(error, &fault, "EnvelopedData");
	*ret_head = bytes_of(&head);
	return true;
}

/* iv_size - the longer CCM's nonce, the fewer octets it can count (RFC 5084 3.1) */
static size_t iv_size(WaxCipherAlg alg, uint64_t octets)
{
	if (!wax_cipher_is_aead(alg))
		return 16;
	if (!wax_cipher_is_ccm(alg) || octets >> 24 == 0)
		return 12;
	return octets >> 32 ? 8 : 11;
}

/* begin_cipher - with the content key, or with one that is derived from it */
static bool begin_cipher(const Seal *s, const WaxSecret *cek, const WaxSealContent *content,
	WaxCipher **ret_cipher, GError **error)
{
	uint8_t room[64];
	WaxDer info = wax_der(room, sizeof room);
	g_autoptr(WaxSecret) derived = NULL;
	g_autoptr(WaxCipher) cipher = NULL;

	wax_cms_cipher_identifier(content->cipher, content->iv, &info);
	if (content->derived &&
		!wax_kdf_cek(wax_secret_span(cek), wax_der_span(&info), &derived, error))
		return false;
	cipher = wax_cipher_new(content->cipher, /* encrypt= */ true,
		wax_secret_span(derived ? derived : cek), content->iv, error);
	if (!cipher || !wax_cipher_announce(cipher, s->final_octets, TAG_OCTETS, error))
		return false;
	*ret_cipher = g_steal_pointer(&cipher);
	return true;
}

static bool write_encrypted(Seal *s, const WaxSink *sink, GError **error)
{
	WaxCipherAlg alg = s->options->cipher;
	bool aead = wax_cipher_is_aead(alg);
	g_autoptr(WaxSecret) cek = wax_secret_new(wax_cipher_key_size(alg));
	g_autoptr(WaxCipher) cipher = NULL;
	g_autoptr(GByteArray) head = NULL;
	g_autofree WaxBase64Sink *b = wax_base64_sink_new(sink, s->final_octets);
	g_autofree WaxCipherSink *c = NULL;
	WaxSink encoded = wax_base64_sink(b), sealed;
	uint8_t iv[16], tag[TAG_OCTETS], tail_room[32];
	WaxSealContent content = { alg, WAX_SPAN(iv, iv_size(alg, s->final_octets)),
		s->options->derived_key };
	WaxDer tail = wax_der(tail_room, sizeof tail_room);

	wax_random(cek->p, cek->n);
	wax_random(iv, sizeof iv);
	if (!make_head(s, wax_secret_span(cek), &content, &head, error) ||
		!begin_cipher(s, cek, &content, &cipher, error))
		return false;
	c = wax_cipher_sink_new(&encoded, cipher, s->final_octets);
	sealed = wax_cipher_sink(c);
	if (!put_text(sink, "Content-Type: application/pkcs7-mime; smime-type=", error) ||
		!put_text(sink, aead ? "authEnveloped-data" : "enveloped-data", error) ||
		!put_text(sink,
			";\r\n\tname=\"smime.p7m\"\r\nContent-Transfer-Encoding: base64\r\n"
			"Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n",
			error) ||
		!wax_sink_write(&encoded, WAX_SPAN(head->data, head->len), error) ||
		!write_final(s, &sealed, error) || !wax_cipher_sink_end(c, tag, error))
		return false;
	wax_cms_seal_tail(alg, WAX_SPAN(tag, TAG_OCTETS), &tail);
	return wax_sink_write(&encoded, wax_der_span(&tail), error) &&
	       wax_base64_sink_end(b, error);
}

bool wax_seal(
	const WaxSource *source, const WaxSealOptions *options, const WaxSink *sink, GError **error)
{
	g_auto(Seal) s = { .source = source, .options = options };
	bool encrypt = wax_seal_encrypts(options);

	if (encrypt && (options->cipher == WAX_CIPHER_NONE || wax_cipher_is_weak(options->cipher)))
		return wax_fail(error, WAX_R_ALGORITHM_REFUSED, "this cipher is not written");
	if (options->recipients &&
		(!wax_seal_recipients(options->recipients, options->now, &s.recipients, error) ||
			!wax_seal_cipher_is_read(s.recipients, options->cipher, error)))
		return false;
	if (!wax_seal_load_header(source, &s.header, error))
		return false;
	if (options->hcp)
		protect(&s);
	if (!prepare(&s, error) || !prepare_compressed(&s, error))
		return false;
	return wax_seal_write_header(WAX_SPAN(s.header->data, s.header->len), options, false,
		       encrypt ? options->hcp : WAX_HCP_NONE, sink, error) &&
	       put_text(sink, "MIME-Version: 1.0\r\n", error) &&
	       (encrypt ? write_encrypted(&s, sink, error) : write_final(&s, sink, error));
}
