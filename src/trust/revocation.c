/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/revocation.h"

#include <string.h>

#define DEPTH_MAX   4
#define SIGNERS_MAX 32
#define SKEW	    (5 * 60)  /* clocks disagree (V-10) */
#define OCSP_FRESH  (60 * 60) /* of a response that names no next update */

typedef struct Inquiry {
	const GPtrArray *chain;
	const WaxPathQuestion *question;
	const WaxRevocationSources *sources;
	const WaxCert *asked;	     /* whose status is looked for */
	const struct Inquiry *above; /* what waits for this one */
	bool of_signer;		     /* the leaf was judged as a signer of lists */
	unsigned depth;
} Inquiry;

/* a list that an entitled issuer signed, and by which certificate */
typedef struct {
	WaxCrl *crl;
	const WaxCert *signer; /* held by `signers` of Lists */
} Authentic;

typedef struct {
	GArray *lists;	    /* Authentic */
	GPtrArray *signers; /* WaxCert */
	bool unsettled; /* there is a list whose signer was not found, or not sought to the end */
} Lists;

static WaxReason ask_chain(const Inquiry *inquiry);

static bool may_check(const Inquiry *inquiry)
{
	unsigned *checks = inquiry->question->checks;

	return (*checks)++ < WAX_SIGNATURE_CHECKS_MAX;
}

static bool same(const WaxCert *a, const WaxCert *b)
{
	return memcmp(wax_cert_info(a)->sha256, wax_cert_info(b)->sha256, 32) == 0;
}

/* being_asked - does an inquiry that waits for this one ask for the same certificate? */
static bool being_asked(const Inquiry *inquiry, const WaxCert *cert)
{
	for (const Inquiry *i = inquiry; i; i = i->above)
		if (i->asked && same(i->asked, cert))
			return true;
	return false;
}

/* may_sign_lists - RFC 5280 4.2.1.3: a key whose usages leave cRLSign out signs none */
static bool may_sign_lists(const WaxCert *issuer)
{
	const WaxCertInfo *info = wax_cert_info(issuer);

	return !info->has_key_usage || info->key_usage & WAX_KU_CRL_SIGN;
}

static bool bears_name(const WaxCert *cert, const WaxCrlInfo *info)
{
	return wax_cert_info(cert)->subject_hash == info->issuer_hash &&
	       wax_name_equal(wax_cert_info(cert)->subject, info->issuer);
}

/* entitled - may lists of this issuer speak of the certificate? (RFC 5280 6.3.3 b 1) */
static bool entitled(const WaxCrlInfo *info, const WaxCert *cert)
{
	const WaxCertInfo *about = wax_cert_info(cert);

	if (wax_name_equal(info->issuer, about->issuer))
		return true;
	for (guint i = 0; info->scope.indirect && i < about->points->len; i++) {
		const WaxPoint *point = about->points->pdata[i];

		if (point->issuers && wax_names_hold(point->issuers, info->issuer))
			return true;
	}
	return false;
}

/* hangs_on_asked - does a path run over a certificate whose status is still to be found out? */
static bool hangs_on_asked(const Inquiry *inquiry, const GPtrArray *path)
{
	for (guint i = 1; i < path->len; i++)
		if (being_asked(inquiry, path->pdata[i]))
			return true;
	return false;
}

/* stands - does a path lead from the signer to the anchor of the chain, with nothing revoked? */
static bool stands(const Inquiry *inquiry, const WaxCert *signer, WaxCert **ret_signer)
{
	WaxCert *top = inquiry->chain->pdata[inquiry->chain->len - 1];
	g_autoptr(WaxAnchor) anchor = wax_anchor_new(top, NULL, /* forbidden= */ false);
	g_autoptr(GPtrArray) anchors = g_ptr_array_new(), untrusted = g_ptr_array_new();
	WaxPathQuestion question = *inquiry->question;
	g_auto(WaxPathVerdict) verdict = { 0 };
	Inquiry deeper = { .question = &question,
		.sources = inquiry->sources,
		.above = inquiry,
		.of_signer = true,
		.depth = inquiry->depth + 1 };

	g_ptr_array_add(anchors, anchor);
	for (guint i = 0; question.anchors && i < question.anchors->len; i++)
		if (((const WaxAnchor *)question.anchors->pdata[i])->forbidden)
			g_ptr_array_add(anchors, question.anchors->pdata[i]);
	for (guint i = 1; i + 1 < inquiry->chain->len; i++)
		g_ptr_array_add(untrusted, inquiry->chain->pdata[i]);
	for (guint i = 0; question.untrusted && i < question.untrusted->len; i++)
		g_ptr_array_add(untrusted, question.untrusted->pdata[i]);
	question.anchors = anchors;
	question.untrusted = untrusted;
	question.purpose = WAX_PURPOSE_LIST;
	question.mail = NULL;
	question.policy = (WaxPolicyQuestion){ 0 };
	verdict = wax_trust_path(signer, &question);
	/* another record of the pool may have ended the path (RFC 5280 6.3.3 f) */
	if (verdict.reason || !same(verdict.chain->pdata[verdict.chain->len - 1], top) ||
		hangs_on_asked(inquiry, verdict.chain))
		return false;
	deeper.chain = verdict.chain;
	if (ask_chain(&deeper))
		return false;
	*ret_signer = wax_cert_ref(verdict.chain->pdata[0]);
	return true;
}

/*
 * signer_in_chain - an issuer that stands above the certificate has been judged with it; one below
 * may bear the same name, and hangs on what is being asked
 */
static const WaxCert *signer_in_chain(const Inquiry *inquiry, WaxCrl *crl)
{
	bool below = true;

	for (guint i = 0; i < inquiry->chain->len; i++) {
		const WaxCert *cert = inquiry->chain->pdata[i];

		below = below && cert != inquiry->asked;
		if (below || (i == 0 && !inquiry->of_signer) ||
			!bears_name(cert, wax_crl_info(crl)) || !may_sign_lists(cert))
			continue;
		if (may_check(inquiry) && wax_crl_signed_by(crl, cert))
			return cert;
	}
	return NULL;
}

static void candidates(const Inquiry *inquiry, const WaxCrlInfo *info, GPtrArray *list)
{
	const WaxPathQuestion *q = inquiry->question;

	for (guint i = 0; q->untrusted && i < q->untrusted->len && list->len < SIGNERS_MAX; i++)
		if (bears_name(q->untrusted->pdata[i], info))
			g_ptr_array_add(list, q->untrusted->pdata[i]);
	if (q->pool)
		wax_cert_pool_named(q->pool, info->issuer_hash, info->issuer, SIGNERS_MAX, list);
}

/*
 * signer_elsewhere - a certificate that only signs lists.  One whose own status is being asked is
 * taken as it is: whoever made lists for it depend on it says that nobody else revokes it.
 */
static WaxCert *signer_elsewhere(const Inquiry *inquiry, WaxCrl *crl)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	WaxCert *found = NULL;

	if (inquiry->depth >= DEPTH_MAX)
		return NULL;
	candidates(inquiry, wax_crl_info(crl), list);
	for (guint i = 0; i < list->len && !found; i++) {
		WaxCert *cert = list->pdata[i];

		if (!may_sign_lists(cert))
			continue;
		if (wax_cert_info(cert)->key_inherits) {
			if (stands(inquiry, cert, &found) && !wax_crl_signed_by(crl, found))
				g_clear_pointer(&found, wax_cert_unref);
			continue;
		}
		if (!may_check(inquiry) || !wax_crl_signed_by(crl, cert))
			continue;
		if (being_asked(inquiry, cert))
			found = wax_cert_ref(cert);
		else
			wax_ignore(stands(inquiry, cert, &found));
	}
	return found;
}

static void gather(const Inquiry *inquiry, Lists *lists)
{
	const GPtrArray *crls = inquiry->sources->crls;

	lists->lists = g_array_new(false, false, sizeof(Authentic));
	lists->unsettled = false;
	lists->signers = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	for (guint i = 0; crls && i < crls->len; i++) {
		Authentic one = { crls->pdata[i], NULL };

		if (!entitled(wax_crl_info(one.crl), inquiry->asked))
			continue;
		one.signer = signer_in_chain(inquiry, one.crl);
		if (!one.signer) {
			WaxCert *found = signer_elsewhere(inquiry, one.crl);

			if (found)
				g_ptr_array_add(lists->signers, found);
			one.signer = found;
		}
		if (one.signer)
			g_array_append_val(lists->lists, one);
		else
			lists->unsettled = true;
	}
}

static void lists_done(Lists *lists)
{
	g_array_unref(lists->lists);
	g_ptr_array_unref(lists->signers);
}

static const Authentic *list_at(const Lists *lists, guint i)
{
	return &g_array_index(lists->lists, Authentic, i);
}

/* has_taken_effect - a compromise at once, whenever it was found out; all else from its date on */
static bool has_taken_effect(const WaxRevoked *revoked, int64_t at)
{
	switch (revoked->reason) {
	case WAX_REVOKED_KEY_COMPROMISE:
	case WAX_REVOKED_CA_COMPROMISE:
	case WAX_REVOKED_AA_COMPROMISE:
		return true;
	default:
		return revoked->since <= at;
	}
}

/* counts - whatever its dates: is it understood, and signed as it should be today? */
static bool counts(const Inquiry *inquiry, const WaxCrlInfo *info)
{
	return !info->unknown_critical && (!info->weak || inquiry->question->historic);
}

/* released - does a newer list of the same scope say that it is held no longer? */
static bool released(const Inquiry *inquiry, const Lists *lists, const WaxCrlInfo *holder)
{
	for (guint i = 0; i < lists->lists->len; i++) {
		const WaxCrl *crl = list_at(lists, i)->crl;
		const WaxCrlInfo *info = wax_crl_info(crl);
		WaxRevoked entry;
		bool found;

		if (info->this_update <= holder->this_update || !counts(inquiry, info) ||
			info->this_update > inquiry->question->at + SKEW ||
			!wax_span_equal(info->scope_octets, holder->scope_octets) ||
			!wax_name_equal(info->issuer, holder->issuer))
			continue;
		found = wax_crl_find(crl, inquiry->asked, &entry);
		if (found ? entry.reason == WAX_REVOKED_REMOVED : !info->is_delta)
			return true;
	}
	return false;
}

static bool is_revoked(const Inquiry *inquiry, const Lists *lists)
{
	for (guint i = 0; i < lists->lists->len; i++) {
		const WaxCrl *crl = list_at(lists, i)->crl;
		const WaxCrlInfo *info = wax_crl_info(crl);
		WaxRevoked entry;

		/* serial numbers of attribute certificates are others */
		if (info->scope.attributes_only || !wax_crl_find(crl, inquiry->asked, &entry) ||
			entry.reason == WAX_REVOKED_REMOVED ||
			!has_taken_effect(&entry, inquiry->question->at))
			continue;
		if (entry.reason != WAX_REVOKED_HOLD || !released(inquiry, lists, info))
			return true;
	}
	return false;
}

static bool is_current(int64_t from, int64_t to, int64_t at)
{
	return from <= at + SKEW && (!to || at <= to);
}

/* goes_on_from - may the delta be put upon the complete list? (RFC 5280 5.2.4, 6.3.3 c) */
static bool goes_on_from(const WaxCrlInfo *delta, const WaxCrlInfo *complete)
{
	return delta->is_delta && delta->number.n && complete->number.n &&
	       wax_name_equal(delta->issuer, complete->issuer) &&
	       wax_span_equal(delta->scope_octets, complete->scope_octets) &&
	       wax_span_equal(delta->authority_key_id, complete->authority_key_id) &&
	       wax_crl_numbers_ordered(delta->base, complete->number) &&
	       wax_crl_numbers_ordered(complete->number, delta->number);
}

/* is_fresh - current itself, or made so by a delta that the same key signed */
static bool is_fresh(const Inquiry *inquiry, const Lists *lists, const Authentic *complete)
{
	const WaxCrlInfo *info = wax_crl_info(complete->crl);
	int64_t at = inquiry->question->at;

	if (is_current(info->this_update, info->next_update, at))
		return true;
	for (guint i = 0; info->this_update <= at + SKEW && i < lists->lists->len; i++) {
		const Authentic *delta = list_at(lists, i);
		const WaxCrlInfo *newer = wax_crl_info(delta->crl);

		if (goes_on_from(newer, info) && counts(inquiry, newer) &&
			same(delta->signer, complete->signer) &&
			is_current(newer->this_update, newer->next_update, at))
			return true;
	}
	return false;
}

/* fits - is this the list that the distribution point means? (RFC 5280 6.3.3 b) */
static bool fits(const WaxCrlInfo *info, const WaxPoint *point, const WaxCert *cert)
{
	const WaxCertInfo *about = wax_cert_info(cert);
	const WaxScope *scope = &info->scope;

	if (point->issuers ? !scope->indirect || !wax_names_hold(point->issuers, info->issuer)
			   : !wax_name_equal(info->issuer, about->issuer))
		return false;
	if (scope->names) {
		const WaxNames *named = point->names ? point->names : point->issuers;

		if (!named || !wax_names_meet(scope->names, named))
			return false;
	}
	return !scope->attributes_only && !(scope->users_only && about->is_ca) &&
	       !(scope->authorities_only && !about->is_ca);
}

/* cleared_for - for which reasons of this point do lists say that it is not revoked? */
static unsigned cleared_for(const Inquiry *inquiry, const Lists *lists, const WaxPoint *point)
{
	unsigned cleared = 0;

	for (guint i = 0; i < lists->lists->len; i++) {
		const Authentic *one = list_at(lists, i);
		const WaxCrlInfo *info = wax_crl_info(one->crl);

		if (!info->is_delta && counts(inquiry, info) && fits(info, point, inquiry->asked) &&
			is_fresh(inquiry, lists, one))
			cleared |= point->reasons & info->scope.reasons;
	}
	return cleared;
}

static bool is_cleared(const Inquiry *inquiry, const Lists *lists)
{
	const WaxCertInfo *about = wax_cert_info(inquiry->asked);
	g_autoptr(WaxPoint) assumed = wax_point_of_issuer(about->issuer);
	unsigned cleared = cleared_for(inquiry, lists, assumed);

	for (guint i = 0; i < about->points->len; i++)
		cleared |= cleared_for(inquiry, lists, about->points->pdata[i]);
	return cleared == WAX_REASONS_ALL;
}

/* ---- OCSP ---- */

/*
 * is_delegate - issued by the issuer itself for this purpose (RFC 6960 4.2.2.2); one that does not
 * bear id-pkix-ocsp-nocheck must not be revoked, and only lists are asked for it
 */
static bool is_delegate(const Inquiry *inquiry, WaxCert *cert, WaxCert *issuer)
{
	const WaxCertInfo *info = wax_cert_info(cert);
	int64_t at = inquiry->question->at;
	WaxRevocationSources sources = { .crls = inquiry->sources->crls };
	g_autoptr(GPtrArray) chain = NULL;
	Inquiry deeper = { .question = inquiry->question,
		.sources = &sources,
		.above = inquiry,
		.depth = inquiry->depth + 1 };

	if (!info->eku_ocsp || info->unknown_critical || at < info->not_before ||
		at > info->not_after || !wax_cert_can_sign(cert) ||
		(wax_cert_is_weak(cert) && !inquiry->question->historic) ||
		wax_trust_forbids(inquiry->question, cert) ||
		!wax_cert_named_issuer(cert, issuer) || !may_check(inquiry) ||
		!wax_cert_signed_by(cert, issuer))
		return false;
	if (info->ocsp_no_check)
		return true;
	if (deeper.depth > DEPTH_MAX)
		return false;
	chain = g_ptr_array_new();
	g_ptr_array_add(chain, cert);
	for (guint i = 0; i < inquiry->chain->len; i++)
		if (chain->len > 1 || inquiry->chain->pdata[i] == issuer)
			g_ptr_array_add(chain, inquiry->chain->pdata[i]);
	deeper.chain = chain;
	return ask_chain(&deeper) == WAX_R_NONE;
}

/* is_believed - signed by the issuer, or by whom the issuer appointed, and the one we asked for */
static bool is_believed(const Inquiry *inquiry, const WaxOcsp *ocsp, WaxCert *issuer)
{
	const WaxOcspInfo *info = wax_ocsp_info(ocsp);
	WaxSpan nonce = inquiry->sources->nonce;

	if (info->unknown_critical || (info->weak && !inquiry->question->historic) ||
		(nonce.n && !wax_span_equal(nonce, info->nonce)))
		return false;
	if (may_check(inquiry) && wax_ocsp_signed_by(ocsp, issuer))
		return true;
	for (guint i = 0; i < info->certs->len; i++)
		if (may_check(inquiry) && wax_ocsp_signed_by(ocsp, info->certs->pdata[i]) &&
			is_delegate(inquiry, info->certs->pdata[i], issuer))
			return true;
	return false;
}

/* judge_answer - what one answer of a believed response means at the time asked for */
static WaxOcspStatus judge_answer(const WaxOcspAnswer *answer, int64_t at)
{
	int64_t until =
		answer->next_update ? answer->next_update : answer->this_update + OCSP_FRESH;

	if (answer->status == WAX_OCSP_REVOKED && has_taken_effect(&answer->revoked, at))
		return WAX_OCSP_REVOKED;
	if (answer->status == WAX_OCSP_UNKNOWN || answer->unknown_critical ||
		!is_current(answer->this_update, until, at))
		return WAX_OCSP_UNKNOWN;
	return WAX_OCSP_GOOD; /* or revoked from later on */
}

/*
 * ask_responders - the worst of what is said: revoked, then good; NONE when nobody speaks of it,
 * UNKNOWN when it is nobody who is believed
 */
static WaxOcspStatus ask_responders(const Inquiry *inquiry, WaxCert *issuer)
{
	const GPtrArray *ocsps = inquiry->sources->ocsps;
	WaxOcspStatus said = WAX_OCSP_NONE;

	for (guint i = 0; ocsps && i < ocsps->len; i++) {
		WaxOcspAnswer answer;
		bool believed = false;

		for (size_t at = 0;
			wax_ocsp_next(ocsps->pdata[i], inquiry->asked, issuer, &at, &answer);) {
			WaxOcspStatus status;

			if (!believed && !is_believed(inquiry, ocsps->pdata[i], issuer)) {
				if (said == WAX_OCSP_NONE)
					said = WAX_OCSP_UNKNOWN;
				break;
			}
			believed = true;
			status = judge_answer(&answer, inquiry->question->at);
			if (status == WAX_OCSP_REVOKED)
				return status;
			if (said != WAX_OCSP_GOOD)
				said = status;
		}
	}
	return said;
}

/* ---- one certificate, and all of a chain ---- */

static WaxReason ask(const Inquiry *inquiry, WaxCert *issuer)
{
	WaxOcspStatus answered = ask_responders(inquiry, issuer);
	bool source = inquiry->sources->demanded ||
		      wax_cert_info(inquiry->asked)->names_revocation_source ||
		      answered != WAX_OCSP_NONE;
	WaxReason reason = WAX_R_NONE;
	Lists lists;

	gather(inquiry, &lists);
	if (answered == WAX_OCSP_REVOKED || is_revoked(inquiry, &lists))
		reason = WAX_R_TRUST_REVOKED;
	else if (answered != WAX_OCSP_GOOD && (source || lists.lists->len || lists.unsettled) &&
		 !is_cleared(inquiry, &lists))
		reason = WAX_R_TRUST_STATUS_UNKNOWN;
	lists_done(&lists);
	return reason;
}

static WaxReason ask_chain(const Inquiry *inquiry)
{
	Inquiry one = *inquiry;
	WaxReason worst = WAX_R_NONE;

	for (unsigned i = 0; i + 1 < inquiry->chain->len; i++) {
		WaxReason reason;

		if (being_asked(inquiry->above, inquiry->chain->pdata[i]))
			continue;
		one.asked = inquiry->chain->pdata[i];
		reason = ask(&one, inquiry->chain->pdata[i + 1]);
		if (reason == WAX_R_TRUST_REVOKED)
			return reason;
		if (reason)
			worst = reason;
	}
	return worst;
}

WaxReason wax_trust_revocation(const GPtrArray *chain, const WaxPathQuestion *question,
	const WaxRevocationSources *sources)
{
	unsigned own_checks = 0;
	WaxPathQuestion counted = *question;
	Inquiry inquiry = { .chain = chain, .question = &counted, .sources = sources };

	if (!counted.checks)
		counted.checks = &own_checks;
	return ask_chain(&inquiry);
}
