/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/signers.h"

#include <string.h>

#include "cms/verify.h"
#include "crypto/key.h"
#include "smime/level.h"
#include "trust/path.h"

#define ROOM	     (512 * 1024)
#define CERTS_MAX    64 /* L-07 */
#define CERT_OCTETS  (64 * 1024)
#define CERTS_OCTETS (1024 * 1024)
#define FUTURE	     (5 * 60) /* V-10 */
#define DATE_APART   (60 * 60)
#define RSA_BITS_MIN 2048

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
	GPtrArray *certs; /* WaxCert: those of the message, then those of the context */
	unsigned checks;  /* of signatures of certificates and lists (L-16) */
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

static void check_arithmetic(
	const Judge *judge, const WaxSigner *signer, const WaxCert *cert, WaxVerdictSigner *out)
{
	WaxSpan digest = content_digest(judge, signer->digest);
	const WaxPss *pss = signer->alg == WAX_SIG_PSS ? &signer->pss : NULL;
	bool said = false;

	/* a key that no algorithm of ours fits, or that no chain completes, can answer nothing */
	if (!signer->reason && (wax_cert_info(cert)->key_kind == WAX_KEY_OTHER ||
				       wax_cert_info(cert)->key_inherits)) {
		add(out, WAX_R_SIG_UNSUPPORTED);
		return;
	}
	if (judge->context->structure_only)
		said = true; /* judge_signer calls it untrusted, whatever the rest */
	else if (!signer->reason)
		said = signer->has_attributes
			       ? wax_cert_verify(cert, signer->alg, signer->digest, pss,
					 signer->signed_octets, signer->signature)
			       : wax_cert_verify_digest(cert, signer->alg, signer->digest, pss,
					 digest, signer->signature);
	add(out, wax_cms_verify_finish(signer, digest, said));
	if (signer->has_attributes)
		return;
	/* R-42, T-11: the attributes of another signature, shown as content */
	add(out, WAX_R_SIG_NO_ATTRIBUTES);
	if (judge->digests->octets == judge->digests->first_n &&
		wax_cms_looks_like_attributes(
			WAX_SPAN(judge->digests->first, judge->digests->first_n)))
		add(out, WAX_R_CMS_ATTRS_AS_CONTENT);
}

static void check_ess(const WaxSigner *signer, const WaxCert *cert, WaxVerdictSigner *out)
{
	uint8_t hash[WAX_DIGEST_MAX];

	if (!signer->ess_hash.p)
		return;
	if (!wax_digest_once(signer->ess_digest, wax_cert_info(cert)->der, hash, NULL) ||
		!wax_span_equal(
			signer->ess_hash, WAX_SPAN(hash, wax_digest_size(signer->ess_digest))))
		add(out, WAX_R_SIG_ESS_MISMATCH);
}

static void check_strength(const WaxSigner *signer, const WaxCert *cert, WaxVerdictSigner *out)
{
	const WaxCertInfo *info = wax_cert_info(cert);

	out->key_bits = info->key_bits;
	if (signer->digest && wax_digest_is_weak(signer->digest))
		add(out, WAX_R_SIG_WEAK_DIGEST);
	if (info->key_kind == WAX_KEY_DSA ||
		((info->key_kind == WAX_KEY_RSA || info->key_kind == WAX_KEY_RSA_PSS) &&
			info->key_bits < RSA_BITS_MIN))
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

/* SMIMEEncryptionKeyPreference (RFC 8551 2.5.3): [0] issuer and serial number, or [2] key identifier */
static void find_preferred(const Judge *judge, const WaxSigner *signer, WaxVerdictSigner *out)
{
	WaxBer in = wax_ber(signer->key_preference);
	WaxCmsId id = { 0 };
	WaxElement choice;
	WaxCert *cert;

	if (!signer->key_preference.n || !wax_ber_next(&in, &choice, NULL))
		return;
	if (choice.tag == (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED)) {
		WaxBer inner = wax_ber(choice.body);

		if (!wax_ber_take_whole(&inner, WAX_TAG_SEQUENCE, &id.issuer, NULL) ||
			!wax_ber_take(&inner, WAX_TAG_INTEGER, &id.serial, NULL))
			return;
	} else {
		id.key_id = choice.body;
	}
	cert = find_certificate(judge, &id);
	if (cert)
		out->encryption_certificate =
			g_bytes_new(wax_cert_info(cert)->der.p, wax_cert_info(cert)->der.n);
}

static void judge_signer(Judge *judge, const WaxSigner *signer)
{
	WaxVerdictSigner *out = wax_verdict_add_signer(judge->layer);
	WaxCert *cert = find_certificate(judge, &signer->id);
	g_autoptr(WaxCert) whole = NULL;

	out->digest = signer->digest;
	out->algorithm = signer->alg;
	check_time(judge, signer, out);
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
	if (signer->capabilities.n)
		out->capabilities = g_bytes_new(signer->capabilities.p, signer->capabilities.n);
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
			judge_signer(judge, &signer);
	}
	wax_room_free(&room);
	return reason;
}

void wax_signers_judge(const WaxCmsReader *reader, WaxDigests *digests,
	const WaxSignersContext *context, WaxVerdictLayer *layer)
{
	WaxVerifyPlan plan = { 0 };
	Judge judge = { &plan, digests, context, layer, NULL, 0 };
	WaxReason reason;
	WaxFault fault;

	finish(digests);
	if (!wax_cms_signed_head(reader, &plan, &fault) ||
		!wax_cms_signed_tail(reader, &plan, &fault)) {
		wax_reasons_add(&layer->reasons, fault.reason);
		return;
	}
	judge.certs = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	reason = collect_certificates(&judge);
	if (!reason)
		reason = judge_all(&judge);
	if (reason)
		wax_reasons_add(&layer->reasons, reason);
	g_ptr_array_unref(judge.certs);
}
