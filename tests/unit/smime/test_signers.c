/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "cms/reader.h"
#include "cms/sign.h"
#include "cms/verify.h"
#include "core/clock.h"
#include "core/status.h"
#include "crypto/digest.h"
#include "smime/open.h"
#include "smime/seal.h"
#include "trust/path.h"

#define FROM "alice@corp.example"
#define HEAD "From: " FROM "\r\nTo: bob@partner.example\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
#define BODY "Dear Bob,\r\nthe figures.\r\n"

/* an authority and a person, both with keys of one kind */
typedef struct {
	WaxKey *ca_key, *key;
	WaxCert *ca, *cert;
	GPtrArray *anchors;
} World;

static WaxCert *issue(const char *name, bool ca, WaxKey *subject, WaxCert *issuer, WaxKey *key)
{
	static const char *const addresses[] = { FROM, NULL };
	static uint8_t serial[2] = { 2, 0 };
	g_autoptr(GByteArray) spki = wax_key_spki(subject);
	WaxCertProfile profile = {
		.common_name = name,
		.addresses = ca ? NULL : addresses,
		.spki = WAX_SPAN(spki->data, spki->len),
		.serial = WAX_SPAN(serial, 2),
		.not_before = wax_clock_now() - 86400,
		.not_after = wax_clock_now() + 86400 * 365,
		.ca = ca,
		.path_length = -1,
		.key_usage = ca ? WAX_KU_CERT_SIGN | WAX_KU_CRL_SIGN : WAX_KU_DIGITAL_SIGNATURE,
		.eku_mail = !ca,
	};
	g_autoptr(GError) error = NULL;
	WaxCert *cert;

	serial[1]++;
	cert = wax_cert_issue(&profile, issuer, key, &error);
	assert_non_null(cert);
	return cert;
}

static World *make_world(const char *kind)
{
	World *w = g_new0(World, 1);

	w->ca_key = wax_key_generate(kind, NULL);
	w->key = wax_key_generate(kind, NULL);
	assert_non_null(w->key);
	w->ca = issue("Root", true, w->ca_key, NULL, w->ca_key);
	w->cert = issue("Alice", false, w->key, w->ca, w->ca_key);
	w->anchors = g_ptr_array_new_with_free_func((GDestroyNotify)wax_anchor_free);
	g_ptr_array_add(w->anchors, wax_anchor_new(w->ca, NULL, false));
	return w;
}

static void end_world(World *w)
{
	wax_key_unref(w->ca_key);
	wax_key_unref(w->key);
	wax_cert_unref(w->ca);
	wax_cert_unref(w->cert);
	g_ptr_array_unref(w->anchors);
	g_free(w);
}

static bool gather(void *data, WaxSpan bytes, GError **error)
{
	(void)error;
	g_string_append_len(data, (const char *)bytes.p, (gssize)bytes.n);
	return true;
}

static WaxSealSigner signer_of(const World *w)
{
	return (WaxSealSigner){ .cert = w->cert, .data = w->key, .sign = wax_seal_local_sign };
}

static GString *seal(WaxSpan message, const WaxSealOptions *options)
{
	WaxSource source = wax_source_span(message);
	GString *out = g_string_new(NULL);
	WaxSink sink = { gather, out };
	g_autoptr(GError) error = NULL;

	if (!wax_seal(&source, options, &sink, &error))
		fail_msg("%s", error->message);
	return out;
}

static GString *seal_text(const WaxSealOptions *options)
{
	return seal(WAX_SPAN(HEAD BODY, sizeof HEAD BODY - 1), options);
}

static WaxOpened *open_with(WaxSpan bytes, const World *w, const World *more, const WaxSource *apart)
{
	WaxSource source = wax_source_span(bytes);
	g_autoptr(GPtrArray) anchors = g_ptr_array_new();
	WaxOpenOptions options = { .anchors = anchors, .at = wax_clock_now(), .from = apart ? FROM : NULL,
		.detached = apart };
	WaxOpened *opened = NULL;
	g_autoptr(GError) error = NULL;

	g_ptr_array_add(anchors, w->anchors->pdata[0]);
	if (more)
		g_ptr_array_add(anchors, more->anchors->pdata[0]);
	if (!wax_open_judge(&source, &options, &opened, &error))
		fail_msg("%s", error->message);
	return opened;
}

static const WaxVerdict *judge(WaxOpened **opened, const GString *text, const World *w, const World *more)
{
	*opened = open_with(WAX_SPAN(text->str, text->len), w, more, NULL);
	return wax_opened_verdict(*opened);
}

static void change(GString *text, const char *what)
{
	char *found = memmem(text->str, text->len, what, strlen(what));

	assert_non_null(found);
	*found ^= 1;
}

/* --- kinds of keys --- */

static void check_kind(const char *kind, bool opaque)
{
	World *w = make_world(kind);
	WaxSealSigner signer = signer_of(w);
	WaxSealOptions options = { .signer = &signer, .opaque = opaque, .now = wax_clock_now() };
	g_autoptr(WaxOpened) opened = NULL, again = NULL;
	GString *text = seal_text(&options);
	const WaxVerdict *verdict = judge(&opened, text, w, NULL);

	assert_string_equal(wax_signature_word(verdict->signature), "valid_trusted");
	if (wax_cert_info(w->cert)->pure)
		assert_string_equal(wax_sig_word(wax_verdict_signer(wax_verdict_layer(verdict, 0), 0)->algorithm), kind);
	if (!opaque) {
		change(text, "figures");
		assert_string_equal(wax_signature_word(judge(&again, text, w, NULL)->signature), "altered");
	}
	g_string_free(text, true);
	end_world(w);
}

static void every_kind_signs_and_is_believed(void **state)
{
	static const char *const kinds[] = { "rsa-2048", "p256", "p384", "p521" };
	unsigned pure = 0;
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		check_kind(kinds[i], i % 2);
	for (unsigned alg = 1; alg < WAX_SIG_ALG_COUNT_; alg++) {
		const char *word = wax_sig_word((WaxSigAlg)alg);

		/* the small sets of SLH-DSA take seconds for each signature */
		if (!wax_sig_is_pure((WaxSigAlg)alg) || !wax_sig_available((WaxSigAlg)alg) ||
			(g_str_has_prefix(word, "slh-dsa-") && g_str_has_suffix(word, "s")))
			continue;
		check_kind(word, pure++ % 2);
	}
	assert_true(pure >= 2);
}

/* --- several signers --- */

static void a_layer_is_as_good_as_the_worst_of_its_signers(void **state)
{
	World *a = make_world("p256"), *b = make_world("ed25519");
	WaxSealSigner signers[] = { signer_of(a), signer_of(b) };
	WaxSealOptions options = { .signer = signers, .more_signers = 1, .now = wax_clock_now() };
	g_autoptr(WaxOpened) both = NULL, one = NULL;
	GString *text;
	const WaxVerdict *verdict;
	(void)state;

	signers[1].by_key_id = true;
	text = seal_text(&options);
	assert_non_null(strstr(text->str, "micalg=\"sha-256,sha-512\""));
	verdict = judge(&both, text, a, b);
	assert_int_equal(wax_verdict_layer(verdict, 0)->signers->len, 2);
	assert_string_equal(wax_signature_word(verdict->signature), "valid_trusted");
	assert_string_equal(wax_signature_word(judge(&one, text, a, NULL)->signature), "valid_untrusted");
	g_string_free(text, true);
	end_world(a);
	end_world(b);
}

/* --- objects made by hand --- */

typedef struct {
	uint8_t bytes[32768]; /* a certificate and a signature of ML-DSA fit */
	size_t n;
} Object;

static void join(Object *to, WaxSpan bytes)
{
	assert_true(to->n + bytes.n <= sizeof to->bytes);
	memcpy(to->bytes + to->n, bytes.p, bytes.n);
	to->n += bytes.n;
}

static void write_object(const WaxSigned *signers, size_t count, const World *w, Object *to)
{
	uint8_t head_room[512], tail_room[32768];
	WaxDer head = wax_der(head_room, sizeof head_room), tail = wax_der(tail_room, sizeof tail_room);
	WaxSpan cert = wax_cert_info(w->cert)->der;

	assert_true(wax_cms_sign_all(signers, count, &cert, 1, NULL, &head, &tail, NULL));
	to->n = 0;
	join(to, wax_der_span(&head));
	join(to, wax_der_span(&tail));
}

static const WaxVerdict *judge_object(WaxOpened **opened, const Object *object, const char *content, const World *w)
{
	WaxSource apart = wax_source_span(WAX_SPAN(content, strlen(content)));

	*opened = open_with(WAX_SPAN(object->bytes, object->n), w, NULL, &apart);
	return wax_opened_verdict(*opened);
}

static WaxSignRequest request_of(const World *w, WaxSigAlg alg, WaxDigestAlg digest)
{
	const WaxCertInfo *info = wax_cert_info(w->cert);

	return (WaxSignRequest){ .digest = digest, .alg = alg, .issuer_and_serial = info->issuer_and_serial,
		.certificate_sha256 = WAX_SPAN(info->sha256, 32) };
}

static void without_attributes_the_content_itself_was_signed(void **state)
{
	World *w = make_world("ed25519");
	WaxSigned one = { .request = request_of(w, WAX_SIG_ED25519, WAX_DIGEST_SHA512) };
	g_autoptr(WaxOpened) right = NULL, wrong = NULL;
	g_autoptr(GByteArray) signature = NULL;
	const WaxVerdict *verdict;
	Object object;
	(void)state;

	assert_true(wax_key_sign(w->key, WAX_SIG_ED25519, WAX_DIGEST_NONE, WAX_SPAN(BODY, sizeof BODY - 1), &signature, NULL));
	one.signature = WAX_SPAN(signature->data, signature->len);
	write_object(&one, 1, w, &object);
	verdict = judge_object(&right, &object, BODY, w);
	assert_string_equal(wax_signature_word(verdict->signature), "weak");
	assert_true(wax_reasons_has(&verdict->reasons, WAX_R_SIG_NO_ATTRIBUTES));
	assert_string_equal(wax_signature_word(judge_object(&wrong, &object, BODY "?", w)->signature), "altered");
	end_world(w);
}

/* swapped - the first two elements of a SET change places */
static void swap_first_two(GByteArray *set)
{
	WaxBer in = wax_ber(WAX_SPAN(set->data, set->len));
	WaxElement whole, a, b;
	g_autofree uint8_t *first = NULL;
	WaxBer list;

	assert_true(wax_ber_next(&in, &whole, NULL));
	list = wax_ber(whole.body);
	assert_true(wax_ber_next(&list, &a, NULL) && wax_ber_next(&list, &b, NULL));
	first = g_memdup2(a.whole.p, a.whole.n);
	memmove((uint8_t *)(uintptr_t)a.whole.p, b.whole.p, b.whole.n);
	memcpy((uint8_t *)(uintptr_t)a.whole.p + b.whole.n, first, a.whole.n);
}

static GByteArray *attributes_of(WaxSignRequest *request, uint8_t digest[WAX_DIGEST_MAX])
{
	uint8_t room[4096];
	WaxBuffer attributes = { room, 0, sizeof room };

	assert_true(wax_digest_once(request->digest, WAX_SPAN(BODY, sizeof BODY - 1), digest, NULL));
	request->message_digest = WAX_SPAN(digest, wax_digest_size(request->digest));
	assert_true(wax_cms_sign_plan(request, &attributes, NULL));
	return g_byte_array_append(g_byte_array_new(), room, (guint)attributes.n);
}

static void attributes_in_another_order_are_tried_and_noted(void **state)
{
	World *w = make_world("p256");
	WaxSigned one = { .request = request_of(w, WAX_SIG_ECDSA, WAX_DIGEST_SHA256) };
	uint8_t digest[WAX_DIGEST_MAX];
	g_autoptr(GByteArray) attributes = attributes_of(&one.request, digest), signature = NULL;
	g_autoptr(WaxOpened) opened = NULL, wrong = NULL;
	const WaxVerdict *verdict;
	Object object;
	(void)state;

	swap_first_two(attributes);
	one.attributes = WAX_SPAN(attributes->data, attributes->len);
	assert_true(wax_key_sign(w->key, WAX_SIG_ECDSA, WAX_DIGEST_SHA256, one.attributes, &signature, NULL));
	one.signature = WAX_SPAN(signature->data, signature->len);
	write_object(&one, 1, w, &object);
	verdict = judge_object(&opened, &object, BODY, w);
	assert_string_equal(wax_signature_word(verdict->signature), "valid_trusted");
	assert_true(wax_reasons_has(&verdict->notes, WAX_R_SIG_ATTRS_NOT_DER));
	signature->data[signature->len - 1] ^= 1;
	write_object(&one, 1, w, &object);
	assert_string_equal(wax_signature_word(judge_object(&wrong, &object, BODY, w)->signature), "altered");
	end_world(w);
}

static void check_digest_rule(const char *kind, WaxSigAlg alg, WaxDigestAlg digest, const char *word)
{
	World *w = make_world(kind);
	WaxSigned one = { .request = request_of(w, alg, digest) };
	uint8_t hash[WAX_DIGEST_MAX];
	g_autoptr(GByteArray) attributes = attributes_of(&one.request, hash), signature = NULL;
	g_autoptr(WaxOpened) opened = NULL;
	Object object;

	one.attributes = WAX_SPAN(attributes->data, attributes->len);
	assert_true(wax_key_sign(w->key, alg, digest, one.attributes, &signature, NULL));
	one.signature = WAX_SPAN(signature->data, signature->len);
	write_object(&one, 1, w, &object);
	assert_string_equal(wax_signature_word(judge_object(&opened, &object, BODY, w)->signature), word);
	end_world(w);
}

/* RFC 8419 3.1; RFC 9882 3.3 */
static void a_pure_signature_wants_the_digest_of_its_rfc(void **state)
{
	(void)state;
	check_digest_rule("ed25519", WAX_SIG_ED25519, WAX_DIGEST_SHA512, "valid_trusted");
	check_digest_rule("ed25519", WAX_SIG_ED25519, WAX_DIGEST_SHA256, "altered");
	check_digest_rule("ed448", WAX_SIG_ED448, WAX_DIGEST_SHAKE256, "valid_trusted");
	check_digest_rule("ed448", WAX_SIG_ED448, WAX_DIGEST_SHA512, "altered");
	if (!wax_sig_available(WAX_SIG_ML_DSA_65))
		return;
	check_digest_rule("ml-dsa-65", WAX_SIG_ML_DSA_65, WAX_DIGEST_SHA384, "valid_trusted");
	check_digest_rule("ml-dsa-65", WAX_SIG_ML_DSA_65, WAX_DIGEST_SHA256, "weak");
}

/* --- countersignatures --- */

typedef struct {
	WaxSpan version_and_digests, encap, certificates, info; /* info: body of the one SignerInfo */
} Parts;

static void take_apart(const Object *object, Parts *parts)
{
	WaxBer in = wax_ber(WAX_SPAN(object->bytes, object->n));
	WaxSpan body, inner, data, set;
	WaxElement version, digests, encap, certs;

	assert_true(wax_ber_take(&in, WAX_TAG_SEQUENCE, &body, NULL));
	in = wax_ber(body);
	assert_true(wax_ber_take(&in, WAX_TAG_OID, &inner, NULL) && wax_ber_take(&in, 0xa0, &inner, NULL));
	in = wax_ber(inner);
	assert_true(wax_ber_take(&in, WAX_TAG_SEQUENCE, &data, NULL));
	in = wax_ber(data);
	assert_true(wax_ber_next(&in, &version, NULL) && wax_ber_next(&in, &digests, NULL) &&
		wax_ber_next(&in, &encap, NULL) && wax_ber_next(&in, &certs, NULL) &&
		wax_ber_take(&in, WAX_TAG_SET, &set, NULL));
	in = wax_ber(set);
	assert_true(wax_ber_take(&in, WAX_TAG_SEQUENCE, &parts->info, NULL));
	parts->version_and_digests = WAX_SPAN(version.whole.p, version.whole.n + digests.whole.n);
	parts->encap = encap.whole;
	parts->certificates = certs.whole;
}

/* add_counters - each of `counters` is a whole SignerInfo */
static void add_counters(Object *object, WaxSpan counters)
{
	WAX_OID(countersignature, WAX_OID_PKCS9(6));
	WAX_OID(signed_data, WAX_OID_PKCS7(2));
	uint8_t room[16384];
	WaxDer der = wax_der(room, sizeof room);
	Parts parts;

	take_apart(object, &parts);
	wax_der_raw(&der, counters);
	wax_der_wrap(&der, WAX_TAG_SET, 0);
	wax_der_oid(&der, countersignature);
	wax_der_wrap(&der, WAX_TAG_SEQUENCE, 0);
	wax_der_wrap(&der, 0xa1, 0);
	wax_der_raw(&der, parts.info);
	wax_der_wrap(&der, WAX_TAG_SEQUENCE, 0);
	wax_der_wrap(&der, WAX_TAG_SET, 0);
	wax_der_raw(&der, parts.certificates);
	wax_der_raw(&der, parts.encap);
	wax_der_raw(&der, parts.version_and_digests);
	wax_der_wrap(&der, WAX_TAG_SEQUENCE, 0);
	wax_der_wrap(&der, 0xa0, 0);
	wax_der_oid(&der, signed_data);
	wax_der_wrap(&der, WAX_TAG_SEQUENCE, 0);
	assert_false(der.full);
	object->n = 0;
	join(object, wax_der_span(&der));
}

static GByteArray *counter_over(const World *w, WaxSpan covered)
{
	WaxSigned counter = { .request = request_of(w, WAX_SIG_ECDSA, WAX_DIGEST_SHA256) };
	g_autoptr(GByteArray) signature = NULL;
	uint8_t room[8192];
	WaxDer der = wax_der(room, sizeof room);
	Object object;
	Parts parts;

	assert_true(wax_key_sign(w->key, WAX_SIG_ECDSA, WAX_DIGEST_SHA256, covered, &signature, NULL));
	counter.signature = WAX_SPAN(signature->data, signature->len);
	write_object(&counter, 1, w, &object);
	take_apart(&object, &parts);
	wax_der_put(&der, WAX_TAG_SEQUENCE, parts.info);
	return g_byte_array_append(g_byte_array_new(), der.p + der.at, (guint)der.needed);
}

static void countersignatures_are_listed_and_change_no_word(void **state)
{
	World *w = make_world("p256");
	WaxSigned one = { .request = request_of(w, WAX_SIG_ECDSA, WAX_DIGEST_SHA256) };
	uint8_t digest[WAX_DIGEST_MAX];
	g_autoptr(GByteArray) attributes = attributes_of(&one.request, digest), signature = NULL, right = NULL, wrong = NULL;
	g_autoptr(WaxOpened) opened = NULL;
	const WaxVerdictSigner *signer;
	const WaxVerdictCounter *counter;
	const WaxVerdict *verdict;
	Object object;
	(void)state;

	one.attributes = WAX_SPAN(attributes->data, attributes->len);
	assert_true(wax_key_sign(w->key, WAX_SIG_ECDSA, WAX_DIGEST_SHA256, one.attributes, &signature, NULL));
	one.signature = WAX_SPAN(signature->data, signature->len);
	right = counter_over(w, one.signature);
	wrong = counter_over(w, WAX_SPAN("another", 7));
	g_byte_array_append(right, wrong->data, wrong->len);
	write_object(&one, 1, w, &object);
	add_counters(&object, WAX_SPAN(right->data, right->len));
	verdict = judge_object(&opened, &object, BODY, w);
	assert_string_equal(wax_signature_word(verdict->signature), "valid_trusted");
	signer = wax_verdict_signer(wax_verdict_layer(verdict, 0), 0);
	assert_int_equal(signer->countersigners->len, 2);
	counter = signer->countersigners->pdata[0];
	assert_int_equal(counter->reason, WAX_R_NONE);
	assert_non_null(strstr(counter->subject, "Alice"));
	counter = signer->countersigners->pdata[1];
	assert_int_equal(counter->reason, WAX_R_SIG_MISMATCH);
	end_world(w);
}

/* L-06 for them, too: 16 are judged, and what follows is one more row that says why it is the last */
static void countersignatures_are_counted(void **state)
{
	World *w = make_world("p256");
	WaxSigned one = { .request = request_of(w, WAX_SIG_ECDSA, WAX_DIGEST_SHA256) };
	uint8_t digest[WAX_DIGEST_MAX];
	g_autoptr(GByteArray) attributes = attributes_of(&one.request, digest), signature = NULL, counter = NULL;
	(void)state;

	one.attributes = WAX_SPAN(attributes->data, attributes->len);
	assert_true(wax_key_sign(w->key, WAX_SIG_ECDSA, WAX_DIGEST_SHA256, one.attributes, &signature, NULL));
	one.signature = WAX_SPAN(signature->data, signature->len);
	counter = counter_over(w, one.signature);
	for (guint count = 16; count <= 20; count += 4) {
		g_autoptr(GByteArray) all = g_byte_array_new();
		g_autoptr(WaxOpened) opened = NULL;
		const GPtrArray *listed;
		Object object;

		for (guint i = 0; i < count; i++)
			g_byte_array_append(all, counter->data, counter->len);
		write_object(&one, 1, w, &object);
		add_counters(&object, WAX_SPAN(all->data, all->len));
		listed = wax_verdict_signer(wax_verdict_layer(judge_object(&opened, &object, BODY, w), 0), 0)->countersigners;
		assert_int_equal(listed->len, count == 16 ? 16 : 17);
		assert_int_equal(((const WaxVerdictCounter *)listed->pdata[listed->len - 1])->reason,
			count == 16 ? WAX_R_NONE : WAX_R_SIG_COUNTER_TOO_MANY);
	}
	end_world(w);
}

static void capabilities_are_words_in_the_order_of_preference(void **state)
{
	World *w = make_world("p256");
	WaxSealSigner signer = signer_of(w);
	WaxSealOptions options = { .signer = &signer, .now = wax_clock_now() };
	g_autoptr(WaxOpened) opened = NULL;
	GString *text = seal_text(&options);
	const WaxVerdict *verdict = judge(&opened, text, w, NULL);
	const GPtrArray *list = wax_verdict_signer(wax_verdict_layer(verdict, 0), 0)->capability_words;
	(void)state;

	assert_true(list->len > 4);
	assert_string_equal(list->pdata[0], "aes256-gcm");
	for (guint i = 0; i < list->len; i++)
		assert_false(g_ascii_isdigit(*(const char *)list->pdata[i]));
	g_string_free(text, true);
	end_world(w);
}

/* S-20: replies go to another key than the one that signed */
static void a_key_preference_names_the_certificate_for_replies(void **state)
{
	World *w = make_world("p256");
	g_autoptr(WaxKey) key = wax_key_generate("rsa-2048", NULL);
	g_autoptr(WaxCert) cert = issue("Alice, replies", false, key, w->ca, w->ca_key);
	WaxSealSigner signer = signer_of(w);
	WaxSealOptions options = { .signer = &signer, .now = wax_clock_now() };
	(void)state;

	for (unsigned with = 0; with < 2; with++) {
		g_autoptr(WaxOpened) opened = NULL;
		GString *text;
		const WaxVerdictSigner *told;

		signer.encryption_cert = with ? cert : NULL;
		text = seal_text(&options);
		told = wax_verdict_signer(wax_verdict_layer(judge(&opened, text, w, NULL), 0), 0);
		assert_int_equal(told->verdict, WAX_SIGNATURE_VALID_TRUSTED);
		assert_int_equal(told->encryption_certificate != NULL, with);
		if (with)
			assert_memory_equal(g_bytes_get_data(told->encryption_certificate, NULL),
				wax_cert_info(cert)->der.p, wax_cert_info(cert)->der.n);
		g_string_free(text, true);
	}
	end_world(w);
}

/* told in whole, and nothing of it in the summary that is kept */
static void what_attributes_say_is_reported_and_not_kept(void **state)
{
	/* a label { policy 1.2.3.4, classification 5, mark "hi" }, and the header field "Subject: plan" */
	static const char more[] = "\x30\x1d\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x02\x31\x0e\x31\x0c"
				   "\x02\x01\x05\x06\x03\x2a\x03\x04\x13\x02hi"
				   "\x30\x27\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x37\x31\x18\x31\x16"
				   "\x02\x01\x00\x30\x11\x30\x0f\x1a\x07Subject\x0c\x04plan";
	World *w = make_world("p256");
	WaxSigned one = { .request = request_of(w, WAX_SIG_ECDSA, WAX_DIGEST_SHA256) };
	uint8_t digest[WAX_DIGEST_MAX];
	g_autoptr(GByteArray) attributes = NULL, signature = NULL;
	g_autoptr(WaxOpened) opened = NULL;
	g_autofree char *whole = NULL, *summary = NULL;
	const WaxVerdict *verdict;
	Object object;
	(void)state;

	one.request.more_attributes = WAX_SPAN(more, sizeof more - 1);
	attributes = attributes_of(&one.request, digest);
	one.attributes = WAX_SPAN(attributes->data, attributes->len);
	assert_true(wax_key_sign(w->key, WAX_SIG_ECDSA, WAX_DIGEST_SHA256, one.attributes, &signature, NULL));
	one.signature = WAX_SPAN(signature->data, signature->len);
	write_object(&one, 1, w, &object);
	verdict = judge_object(&opened, &object, BODY, w);
	assert_string_equal(wax_signature_word(verdict->signature), "valid_trusted");
	whole = wax_verdict_format(verdict);
	assert_non_null(strstr(whole, "\"policy\":\"1.2.3.4\",\"classification\":5,\"privacy_mark\":\"hi\""));
	assert_non_null(strstr(whole, "\"name\":\"Subject\",\"value\":\"plan\",\"status\":\"duplicated\""));
	summary = wax_verdict_summary(verdict);
	assert_null(strstr(summary, "plan"));
	assert_null(strstr(summary, "privacy_mark"));
	end_world(w);
}

/* --- compression --- */

static GString *compressed(size_t octets, char filler)
{
	WaxSealOptions options = { .compress = true, .now = wax_clock_now() };
	GString *text = g_string_new(HEAD), *sealed;

	for (size_t i = 0; i < octets; i++)
		g_string_append_c(text, i % 60 == 59 ? '\n' : filler);
	sealed = seal(WAX_SPAN(text->str, text->len), &options);
	g_string_free(text, true);
	return sealed;
}

static const WaxVerdict *judge_compressed(WaxOpened **opened, const GString *text)
{
	World *w = make_world("p256");

	*opened = open_with(WAX_SPAN(text->str, text->len), w, NULL, NULL);
	end_world(w);
	return wax_opened_verdict(*opened);
}

static void compressed_content_stays_within_its_limits(void **state)
{
	/* the line ends grow by one octet in sixty, and the entity has a header: a little below a MiB, and above */
	static const struct {
		size_t octets;
		bool opens;
	} rows[] = { { 1000 * 1000, true }, { 1048 * 1000, false }, { 30 * 1000 * 1000, false } };
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(WaxOpened) opened = NULL;
		GString *text = compressed(rows[i].octets, 'a');
		const WaxVerdict *verdict = judge_compressed(&opened, text);

		assert_int_equal(wax_opened_has_payload(opened), rows[i].opens);
		assert_int_equal(wax_reasons_has(&verdict->reasons, WAX_R_EXPANSION), !rows[i].opens);
		assert_string_equal(wax_signature_word(verdict->signature), rows[i].opens ? "none" : "malformed");
		g_string_free(text, true);
	}
}

static void compressed_twice_is_refused(void **state)
{
	WaxSealOptions options = { .compress = true, .now = wax_clock_now() };
	GString *once = compressed(1000, 'b'), *twice = seal(WAX_SPAN(once->str, once->len), &options);
	g_autoptr(WaxOpened) opened = NULL;
	const WaxVerdict *verdict = judge_compressed(&opened, twice);
	(void)state;

	assert_true(wax_reasons_has(&verdict->reasons, WAX_R_COMPRESSED_TWICE));
	assert_false(wax_opened_has_payload(opened));
	g_string_free(once, true);
	g_string_free(twice, true);
}

static void damaged_compression_gives_nothing(void **state)
{
	GString *text = compressed(1000, 'c');
	char *end = g_strrstr_len(text->str, (gssize)text->len, "\r\n");
	g_autoptr(WaxOpened) opened = NULL;
	const WaxVerdict *verdict;
	(void)state;

	/* among the last characters is the checksum of the content */
	end[-5] = end[-5] == 'A' ? 'B' : 'A';
	verdict = judge_compressed(&opened, text);
	assert_true(wax_reasons_has(&verdict->reasons, WAX_R_COMPRESSION_DAMAGED));
	assert_false(wax_opened_has_payload(opened));
	g_string_free(text, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_signs_and_is_believed),
		cmocka_unit_test(a_layer_is_as_good_as_the_worst_of_its_signers),
		cmocka_unit_test(without_attributes_the_content_itself_was_signed),
		cmocka_unit_test(attributes_in_another_order_are_tried_and_noted),
		cmocka_unit_test(a_pure_signature_wants_the_digest_of_its_rfc),
		cmocka_unit_test(countersignatures_are_listed_and_change_no_word),
		cmocka_unit_test(countersignatures_are_counted),
		cmocka_unit_test(capabilities_are_words_in_the_order_of_preference),
		cmocka_unit_test(a_key_preference_names_the_certificate_for_replies),
		cmocka_unit_test(what_attributes_say_is_reported_and_not_kept),
		cmocka_unit_test(compressed_content_stays_within_its_limits),
		cmocka_unit_test(compressed_twice_is_refused),
		cmocka_unit_test(damaged_compression_gives_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
