/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/signers.h"

#include <string.h>

#include "cms/capabilities.h"
#include "cms/ess.h"
#include "cms/verify.h"
#include "crypto/key.h"
#include "mime/fields.h"
#include "smime/level.h"
#include "trust/path.h"

#define ROOM		 (512 * 1024)
#define CERTS_MAX	 64 /* L-07 */
#define CERT_OCTETS	 (64 * 1024)
#define CERTS_OCTETS	 (1024 * 1024)
#define FUTURE		 (5 * 60) /* V-10 */
#define DATE_APART	 (60 * 60)
#define COUNTERS_MAX	 16 /* L-06 */
#define CAPABILITIES_MAX 64 /* L-09 */

WAX_OID(oid_receipt, WAX_OID_SMIME(1, 1));

void wax_digests_begin(WaxDigests *digests, const WaxCmsReader *reader)
{
	WaxVerifyPlan plan;

	/* what cannot be read here is met again, and named, when the signers are judged */
	if (!wax_cms_signed_head(reader, &plan, NULL))
		return;
	for (unsigned i = 0; i < plan.digest_count; i++) {
		digests->named[plan.digests[i]] = true;
		digests->running[plan.digests[i]] = wax_digest_new(plan.digests[i], NULL);
	}
}

void wax_digests_update(WaxDigests *digests, WaxSpan bytes)
{
	size_t room = sizeof digests->first - digests->first_n, n = bytes.n < room ? bytes.n : room;

	if (n)
		memcpy(digests->first + digests->first_n, bytes.p, n);
	digests->first_n += n;
	digests->octets += bytes.n;
	for (unsigned i = 0; i < WAX_DIGEST_COUNT_; i++)
		if (digests->running[i])
			wax_digest_update(digests->running[i], bytes);
}

static void finish(WaxDigests *digests)
{
	for (unsigned i = 0; i < WAX_DIGEST_COUNT_ && !digests->finished; i++)
		if (digests->running[i])
			wax_digest_finish(digests->running[i], digests->values[i]);
	digests->finished = true;
}

void wax_digests_done(WaxDigests *digests)
{
	for (unsigned i = 0; i < WAX_DIGEST_COUNT_; i++)
		wax_digest_free(digests->running[i]);
	memset(digests->running, 0, sizeof digests->running);
}

typedef struct {
	const WaxVerifyPlan *plan;
	WaxDigests *digests;
	const WaxSignersContext *context;
	WaxVerdictLayer *layer;
	GPtrArray *certs;   /* WaxCert: those of the message, then those of the context */
	unsigned checks;    /* of signatures of certificates and lists (L-16) */
	GHashTable *fields; /* field_key of each of the header; NULL: nobody asked yet */
} Judge;

static void add(WaxVerdictSigner *out, WaxReason reason)
{
	if (reason == WAX_R_SIG_UNSUPPORTED)
		reason = WAX_R_CMS_ALGORITHM_UNSUPPORTED;
	if (reason)
		wax_reasons_add(&out->reasons, reason);
}

/* what no parser of ours can read as a certificate is kept out of the chain, not fatal (C-13, R-31) */
static WaxReason collect_certificates(Judge *judge)
{
	WaxBer list = wax_ber(judge->plan->certificates);
	size_t octets = 0;
	bool more;
	WaxSpan der;
	WaxFault fault;

	for (;;) {
		WaxCert *cert;

		if (!wax_cms_next_certificate(&list, &der, &more, &fault))
			return fault.reason;
		if (!more)
			break;
		octets += der.n;
		if (judge->layer->certificates->len >= CERTS_MAX || der.n > CERT_OCTETS ||
			octets > CERTS_OCTETS)
			return WAX_R_CMS_TOO_MANY_CERTS;
		g_ptr_array_add(judge->layer->certificates, g_bytes_new(der.p, der.n));
		cert = wax_cert_parse(der, NULL);
		if (cert)
			g_ptr_array_add(judge->certs, cert);
	}
	for (unsigned i = 0; judge->context->untrusted && i < judge->context->untrusted->len; i++)
		g_ptr_array_add(judge->certs, wax_cert_ref(judge->context->untrusted->pdata[i]));
	return WAX_R_NONE;
}

static WaxCert *find_certificate(const Judge *judge, const WaxCmsId *id)
{
	for (unsigned i = 0; i < judge->certs->len; i++) {
		const WaxCertInfo *info = wax_cert_info(judge->certs->pdata[i]);

		if (id->issuer.n ? wax_span_equal(id->issuer, info->issuer) &&
					   wax_span_equal(id->serial, info->serial)
				 : id->key_id.n && wax_span_equal(id->key_id, info->key_id))
			return judge->certs->pdata[i];
	}
	if (!judge->context->pool)
		return NULL;
	return id->issuer.n ? wax_cert_pool_by_serial(judge->context->pool, id->issuer, id->serial)
	       : id->key_id.n ? wax_cert_pool_by_key_id(judge->context->pool, id->key_id)
			      : NULL;
}

static WaxSpan content_digest(const Judge *judge, WaxDigestAlg alg)
{
	return judge->digests->named[alg]
		       ? WAX_SPAN(judge->digests->values[alg], wax_digest_size(alg))
		       : WAX_SPAN_NONE;
}

/* answers - over attributes, or over the content when there are none */
static bool answers(
	const Judge *judge, const WaxSigner *signer, const WaxCert *cert, WaxSpan octets)
{
	const WaxPss *pss = signer->alg == WAX_SIG_PSS ? &signer->pss : NULL;
	g_autoptr(GByteArray) content = NULL;

	if (octets.n || signer->has_attributes)
		return wax_cert_verify(
			cert, signer->alg, signer->digest, pss, octets, signer->signature);
	if (!wax_sig_is_pure(signer->alg))
		return wax_cert_verify_digest(cert, signer->alg, signer->digest, pss,
			content_digest(judge, signer->digest), signer->signature);
	/* RFC 8419 3.2: without attributes the content itself is what was signed */
	return judge->context->content &&
	       judge->context->content(judge->context->content_data, &content) &&
	       wax_cert_verify(cert, signer->alg, signer->digest, NULL,
		       WAX_SPAN(content->data, content->len), signer->signature);
}

/* key_answers - does the key say yes?  R-40: the order received is tried second, and noted */
static bool key_answers(
	const Judge *judge, const WaxSigner *signer, const WaxCert *cert, WaxVerdictSigner *out)
{
	if (judge->context->structure_only)
		return true; /* judge_signer calls it untrusted, whatever the rest */
	if (signer->reason)
		return false;
	if (answers(judge, signer, cert, signer->signed_octets))
		return true;
	if (!signer->received_octets.n || !answers(judge, signer, cert, signer->received_octets))
		return false;
	wax_reasons_add(&out->notes, WAX_R_SIG_ATTRS_NOT_DER);
	return true;
}

/* unusable_key - why no signature can be checked with it */
static WaxReason unusable_key(const WaxCertInfo *info)
{
	if (info->key_too_large)
		return WAX_R_SIG_KEY_TOO_LARGE;
	/* a key that no algorithm of ours fits, or that no chain completes, can answer nothing */
	return info->key_kind == WAX_KEY_OTHER || info->key_inherits ? WAX_R_SIG_UNSUPPORTED
								     : WAX_R_NONE;
}

static void check_arithmetic(
	const Judge *judge, const WaxSigner *signer, const WaxCert *cert, WaxVerdictSigner *out)
{
	WaxReason unusable = unusable_key(wax_cert_info(cert));

	if (wax_sig_is_pure(signer->alg) && !signer->has_attributes &&
		judge->digests->octets > WAX_CONTENT_MAX)
		unusable = WAX_R_SIG_UNSUPPORTED;
	if (!signer->reason && unusable) {
		add(out, unusable);
		return;
	}
	add(out, wax_cms_verify_finish(signer, content_digest(judge, signer->digest),
			 key_answers(judge, signer, cert, out)));
	if (signer->has_attributes)
		return;
	/* R-42, T-11: the attributes of another signature, shown as content */
	add(out, WAX_R_SIG_NO_ATTRIBUTES);
	if (wax_cms_looks_like_attributes(WAX_SPAN(judge->digests->first, judge->digests->first_n),
		    judge->digests->octets))
		add(out, WAX_R_CMS_ATTRS_AS_CONTENT);
}

/* R-61, for the first certificate of each form of the attribute */
static void check_ess(const WaxSigner *signer, const WaxCert *cert, WaxVerdictSigner *out)
{
	for (size_t i = 0; i < G_N_ELEMENTS(signer->ess); i++) {
		const WaxEssCertId *id = &signer->ess[i];
		uint8_t hash[WAX_DIGEST_MAX];

		if (!id->hash.p)
			continue;
		if (!wax_digest_once(id->digest, wax_cert_info(cert)->der, hash, NULL) ||
			!wax_span_equal(id->hash, WAX_SPAN(hash, wax_digest_size(id->digest))))
			add(out, WAX_R_SIG_ESS_MISMATCH);
	}
}

static void check_strength(const WaxSigner *signer, const WaxCert *cert, WaxVerdictSigner *out)
{
	const WaxCertInfo *info = wax_cert_info(cert);

	out->key_bits = info->key_bits;
	/* beside a pure signature without attributes the digest says nothing (RFC 9882 3.3) */
	if ((signer->has_attributes || signer->sig_digest) &&
		((signer->digest && wax_digest_is_weak(signer->digest)) || signer->weak_digest))
		add(out, WAX_R_SIG_WEAK_DIGEST);
	if (wax_cert_has_weak_key(cert))
		add(out, WAX_R_SIG_WEAK_KEY);
}

/* check_chain - the verdict on the chain of a signer, and its certificate as that chain makes it */
static void check_chain(Judge *judge, const WaxSigner *signer, WaxCert *cert, WaxVerdictSigner *out,
	WaxCert **ret_whole)
{
	const WaxSignersContext *context = judge->context;
	const WaxAuthor *author = context->author;
	WaxPathQuestion question = {
		.anchors = context->anchors,
		.untrusted = judge->certs,
		.pool = context->pool,
		.at = context->historic && signer->has_time ? signer->signing_time : context->at,
		.purpose = WAX_PURPOSE_SIGN,
		.mail = author->from ? author->from[0] : NULL,
		.historic = context->historic,
		.checks = &judge->checks,
	};
	g_auto(WaxPathVerdict) verdict = wax_trust_path(cert, &question);

	/* weakness must not hide what else the chain suffers from: ask again without it */
	if (verdict.reason == WAX_R_TRUST_WEAK) {
		g_auto(WaxPathVerdict) lenient = { 0 };

		question.historic = true;
		lenient = wax_trust_path(cert, &question);
		question.historic = context->historic;
		add(out, lenient.reason);
	}
	add(out, verdict.reason);
	*ret_whole =
		wax_cert_ref(verdict.chain && verdict.chain->len ? verdict.chain->pdata[0] : cert);
	if (verdict.chain && verdict.chain->len)
		add(out, wax_trust_revocation(verdict.chain, &question, &context->revocation));
	if (verdict.no_revocation_source)
		wax_reasons_add(&out->notes, WAX_R_SIG_NO_REVOCATION_SOURCE);
	for (unsigned i = 0; verdict.chain && i < verdict.chain->len; i++)
		g_ptr_array_add(
			out->chain, g_strdup(wax_cert_info(verdict.chain->pdata[i])->subject_text));
}

/* V-10 */
static void check_time(const Judge *judge, const WaxSigner *signer, WaxVerdictSigner *out)
{
	const WaxSignersContext *context = judge->context;

	out->has_signing_time = signer->has_time;
	out->signing_time = signer->signing_time;
	if (!signer->has_time)
		return;
	if (signer->signing_time - FUTURE > context->at)
		add(out, WAX_R_SIG_IN_FUTURE);
	/* of two Dates nobody knows which one a reader will see, so each must agree */
	for (guint i = 0; i < context->dates->len; i++)
		if (llabs(signer->signing_time - g_array_index(context->dates, int64_t, i)) >
			DATE_APART)
			add(out, WAX_R_SIG_DATE_DIFFERS);
}

static void show_certificate(const WaxCert *cert, WaxVerdictSigner *out)
{
	const WaxCertInfo *info = wax_cert_info(cert);

	out->subject = g_strdup(info->subject_text);
	out->issuer = g_strdup(info->issuer_text);
	out->serial = g_strdup(info->serial_text);
	out->certificate = g_bytes_new(info->der.p, info->der.n);
	for (const char *const *a = info->addresses; *a; a++)
		g_ptr_array_add(out->addresses, g_strdup(*a));
	for (const char *const *a = info->utf8_addresses; *a; a++)
		g_ptr_array_add(out->addresses, g_strdup(*a));
}

/* SMIMEEncryptionKeyPreference (RFC 8551 2.5.3): issuer and serial number, recipientKeyId, or key identifier */
static bool read_preference(WaxSpan value, WaxCmsId *id)
{
	WaxBer in = wax_ber(value), inner;
	WaxElement choice;

	if (!wax_ber_next(&in, &choice, NULL))
		return false;
	inner = wax_ber(choice.body);
	switch (choice.tag) {
	case WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED:
		return wax_ber_take_whole(&inner, WAX_TAG_SEQUENCE, &id->issuer, NULL) &&
		       wax_ber_take(&inner, WAX_TAG_INTEGER, &id->serial, NULL);
	case WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED | 1:
		return wax_ber_take(&inner, WAX_TAG_OCTET_STRING, &id->key_id, NULL);
	case WAX_TAG_CONTEXT | 2:
		id->key_id = choice.body;
		return true;
	default:
		return false;
	}
}

static void find_preferred(const Judge *judge, const WaxSigner *signer, WaxVerdictSigner *out)
{
	WaxSpan value = signer->named[WAX_ATTRIBUTE_KEY_PREFERENCE];
	WaxCmsId id = { 0 };
	WaxCert *cert;

	if (!value.n || !read_preference(value, &id))
		return;
	cert = find_certificate(judge, &id);
	if (cert)
		out->encryption_certificate =
			g_bytes_new(wax_cert_info(cert)->der.p, wax_cert_info(cert)->der.n);
}

static void show_capabilities(const WaxSigner *signer, WaxVerdictSigner *out)
{
	WaxSpan value = signer->named[WAX_ATTRIBUTE_CAPABILITIES], capability;
	WaxBer list;

	if (!value.n || !wax_cms_capabilities(value, &list))
		return;
	out->capabilities = g_bytes_new(value.p, value.n);
	while (out->capability_words->len < CAPABILITIES_MAX &&
		wax_cms_next_capability(&list, &capability)) {
		const char *word = wax_cms_capability_word(capability);
		char dotted[WAX_OID_TEXT];

		g_ptr_array_add(out->capability_words,
			g_strdup(word ? word : wax_cms_capability_oid(capability, dotted)));
	}
}

/* check_counter - the signature value is the content that it covers (RFC 5652 11.4) */
static WaxReason check_counter(
	const Judge *judge, const WaxSigner *counter, WaxSpan covered, const WaxCert *cert)
{
	uint8_t digest[WAX_DIGEST_MAX];
	WaxSpan octets = counter->has_attributes ? counter->signed_octets : covered;
	const WaxPss *pss = counter->alg == WAX_SIG_PSS ? &counter->pss : NULL;
	bool said;

	if (counter->reason)
		return counter->reason;
	if (!cert)
		return WAX_R_SIG_NO_CERTIFICATE;
	if (unusable_key(wax_cert_info(cert)))
		return unusable_key(wax_cert_info(cert));
	if (counter->digest && !wax_digest_once(counter->digest, covered, digest, NULL))
		return WAX_R_SIG_UNSUPPORTED;
	said = judge->context->structure_only ||
	       wax_cert_verify(
		       cert, counter->alg, counter->digest, pss, octets, counter->signature);
	return wax_cms_verify_finish(
		counter, WAX_SPAN(digest, wax_digest_size(counter->digest)), said);
}

static void show_counter(const WaxSigner *counter, const WaxCert *cert, WaxVerdictCounter *out)
{
	const WaxCertInfo *info = cert ? wax_cert_info(cert) : NULL;

	out->digest = counter->digest;
	out->algorithm = counter->alg;
	out->has_signing_time = counter->has_time;
	out->signing_time = counter->signing_time;
	if (!info)
		return;
	out->subject = g_strdup(info->subject_text);
	out->issuer = g_strdup(info->issuer_text);
	out->serial = g_strdup(info->serial_text);
}

static void judge_counters(
	const Judge *judge, const WaxSigner *signer, WaxBuffer *room, WaxVerdictSigner *out)
{
	WaxCounterList list = wax_cms_counter_list(signer);
	size_t keep = room->n;
	bool more = true;

	while (more) {
		WaxVerdictCounter *shown;
		WaxSigner counter;
		WaxFault fault;
		WaxCert *cert;

		room->n = keep;
		if (!wax_cms_next_countersignature(&list, room, &counter, &more, &fault)) {
			wax_verdict_add_counter(out)->reason = fault.reason;
			return;
		}
		if (!more)
			return;
		if (out->countersigners->len == COUNTERS_MAX) {
			wax_verdict_add_counter(out)->reason = WAX_R_SIG_COUNTER_TOO_MANY;
			return;
		}
		cert = find_certificate(judge, &counter.id);
		shown = wax_verdict_add_counter(out);
		show_counter(&counter, cert, shown);
		shown->reason = check_counter(judge, &counter, signer->signature, cert);
	}
}

static void keep_octets(const WaxSigner *signer, WaxVerdictSigner *out)
{
	for (unsigned i = 0; i < WAX_ATTRIBUTE_COUNT_; i++)
		if (signer->named[i].n)
			out->named[i] = g_bytes_new(signer->named[i].p, signer->named[i].n);
	out->signature = g_bytes_new(signer->signature.p, signer->signature.n);
	if (signer->signed_octets.n)
		out->signed_octets = g_bytes_new(signer->signed_octets.p, signer->signed_octets.n);
}

/* field_key - a name in small letters and, unfolded, a value */
static char *field_key(WaxSpan name, WaxSpan value)
{
	g_autofree char *small = g_ascii_strdown((const char *)name.p, (gssize)name.n);
	g_autofree char *text = wax_field_text(value);

	return g_strconcat(small, ":", text, NULL);
}

/* says - a field of the header has this name and value; both may be many, so they meet in a table */
static bool says(Judge *judge, const WaxSecureField *secure)
{
	g_autofree char *wanted = field_key(secure->name, secure->value);
	WaxSpan header = judge->context->header;
	WaxField field;

	if (!judge->fields) {
		judge->fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		while (wax_field_next(&header, &field))
			if (!field.nameless)
				g_hash_table_add(judge->fields, field_key(field.name, field.value));
	}
	return g_hash_table_contains(judge->fields, wanted);
}

/* read and compared, no more; a field that was meant to be deleted or changed says nothing */
static void check_header_fields(Judge *judge, const WaxSigner *signer, WaxVerdictSigner *out)
{
	WaxSpan value = signer->named[WAX_ATTRIBUTE_HEADER_FIELDS];
	WaxSecureField field;
	WaxBer list;

	if (!value.n || !judge->context->header.n || !wax_ess_header_fields(value, &list))
		return;
	while (wax_ess_next_field(&list, &field))
		if (field.status == 0 && !says(judge, &field))
			wax_reasons_add(&out->notes, WAX_R_SIG_HEADER_DIFFERS);
}

static void judge_signer(Judge *judge, const WaxSigner *signer, WaxBuffer *room)
{
	WaxVerdictSigner *out = wax_verdict_add_signer(judge->layer);
	WaxCert *cert = find_certificate(judge, &signer->id);
	g_autoptr(WaxCert) whole = NULL;

	out->digest = signer->digest;
	out->algorithm = signer->alg;
	check_time(judge, signer, out);
	judge_counters(judge, signer, room, out);
	keep_octets(signer, out);
	check_header_fields(judge, signer, out);
	if (!cert) {
		add(out, WAX_R_SIG_NO_CERTIFICATE);
		add(out, signer->reason);
		return;
	}
	show_certificate(cert, out);
	if (judge->context->structure_only) {
		add(out, WAX_R_TRUST_UNTRUSTED);
		whole = wax_cert_ref(cert);
	} else {
		check_chain(judge, signer, cert, out, &whole);
	}
	check_arithmetic(judge, signer, whole, out);
	check_ess(signer, cert, out);
	check_strength(signer, whole, out);
	out->identity =
		wax_trust_identity(cert, judge->context->author, /* domain_pinned= */ false);
	add(out, wax_identity_reason(out->identity));
	show_capabilities(signer, out);
	find_preferred(judge, signer, out);
}

static WaxReason judge_all(Judge *judge)
{
	WaxBer list = wax_ber(judge->plan->signer_infos);
	WaxBuffer room = wax_room_new(ROOM);
	WaxReason reason = WAX_R_NONE;
	WaxSigner signer;
	WaxFault fault;
	bool more = true;

	while (more && !reason) {
		room.n = 0;
		if (!wax_cms_next_signer(judge->plan, &list, &room, &signer, &more, &fault))
			reason = fault.reason;
		else if (more)
			judge_signer(judge, &signer, &room);
	}
	wax_room_free(&room);
	return reason;
}

void wax_signers_judge(const WaxCmsReader *reader, WaxDigests *digests,
	const WaxSignersContext *context, WaxVerdictLayer *layer)
{
	WaxVerifyPlan plan = { 0 };
	Judge judge = { &plan, digests, context, layer, NULL, 0, NULL };
	WaxReason reason;
	WaxFault fault;

	finish(digests);
	if (!wax_cms_signed_head(reader, &plan, &fault) ||
		!wax_cms_signed_tail(reader, &plan, &fault)) {
		wax_reasons_add(&layer->reasons, fault.reason);
		return;
	}
	layer->is_receipt = wax_span_equal(plan.content_type, oid_receipt);
	judge.certs = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	reason = collect_certificates(&judge);
	if (!reason)
		reason = judge_all(&judge);
	if (reason)
		wax_reasons_add(&layer->reasons, reason);
	g_ptr_array_unref(judge.certs);
	g_clear_pointer(&judge.fields, g_hash_table_unref);
}
