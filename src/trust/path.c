/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/path.h"

#include <string.h>

#define CHAIN_MAX    8
#define ATTEMPTS_MAX 100

typedef struct {
	const WaxPathQuestion *question;
	WaxCert *chain[CHAIN_MAX];
	unsigned depth, attempts;
	WaxPathVerdict best;
	unsigned best_rank;
	char **policies; /* of the chain judged last */
} Search;

WaxAnchor *wax_anchor_new(WaxCert *cert, const char *const *domains, bool forbidden)
{
	WaxAnchor *anchor = g_new0(WaxAnchor, 1);

	anchor->cert = wax_cert_ref(cert);
	anchor->domains = g_strdupv((char **)(uintptr_t)domains);
	anchor->forbidden = forbidden;
	return anchor;
}

void wax_anchor_free(WaxAnchor *anchor)
{
	if (!anchor)
		return;
	wax_cert_unref(anchor->cert);
	g_strfreev(anchor->domains);
	g_free(anchor);
}

void wax_path_verdict_clear(WaxPathVerdict *verdict)
{
	g_clear_pointer(&verdict->chain, g_ptr_array_unref);
	g_clear_pointer(&verdict->policies, g_strfreev);
}

static bool same(const WaxCert *a, const WaxCert *b)
{
	return memcmp(wax_cert_info(a)->sha256, wax_cert_info(b)->sha256, 32) == 0;
}

static const WaxAnchor *anchor_of(const Search *s, const WaxCert *cert, bool forbidden)
{
	for (guint i = 0; i < s->question->anchors->len; i++) {
		const WaxAnchor *anchor = s->question->anchors->pdata[i];

		if (anchor->forbidden == forbidden && same(anchor->cert, cert))
			return anchor;
	}
	return NULL;
}

/* reaches - do the record's limits include the address asked for? (SYSTEMS 5) */
static bool reaches(const WaxAnchor *anchor, const char *mail)
{
	const char *domain = mail ? strrchr(mail, '@') : NULL;

	if (!anchor->domains || !*anchor->domains)
		return true;
	return domain && g_strv_contains((const char *const *)anchor->domains, domain + 1);
}

static WaxReason check_dates(const WaxCertInfo *info, int64_t at)
{
	if (at < info->not_before)
		return WAX_R_TRUST_NOT_YET_VALID;
	return at > info->not_after ? WAX_R_TRUST_EXPIRED : WAX_R_NONE;
}

/* what the leaf itself must allow */
static WaxReason check_leaf(const WaxCert *leaf, const WaxPathQuestion *q)
{
	const WaxCertInfo *info = wax_cert_info(leaf);

	if (info->unknown_critical)
		return WAX_R_TRUST_CRITICAL;
	if (q->purpose == WAX_PURPOSE_SIGN && !wax_cert_can_sign(leaf))
		return WAX_R_TRUST_KEY_USAGE;
	if (q->purpose == WAX_PURPOSE_ENCRYPT && !wax_cert_can_encrypt(leaf))
		return WAX_R_TRUST_KEY_USAGE;
	if (q->purpose == WAX_PURPOSE_CA)
		return info->is_ca ? WAX_R_NONE : WAX_R_TRUST_BASIC_CONSTRAINTS;
	if ((q->purpose == WAX_PURPOSE_SIGN || q->purpose == WAX_PURPOSE_ENCRYPT) &&
		info->has_eku && !info->eku_mail)
		return WAX_R_TRUST_EKU;
	if (!q->historic && wax_cert_is_weak(leaf))
		return WAX_R_TRUST_WEAK;
	return WAX_R_NONE;
}

/* check_issuer - may `issuer`, standing `above` certificates over the leaf, issue at all? */
static WaxReason check_issuer(
	const WaxCert *issuer, unsigned intermediates, bool is_anchor, const WaxPathQuestion *q)
{
	const WaxCertInfo *info = wax_cert_info(issuer);

	if (info->unknown_critical)
		return WAX_R_TRUST_CRITICAL;
	/* an anchor is believed as it is: a root of version 1 has no extensions to say so */
	if (!info->is_ca && !(is_anchor && !info->has_basic_constraints && !info->has_key_usage))
		return WAX_R_TRUST_BASIC_CONSTRAINTS;
	if (info->path_length >= 0 && intermediates > (unsigned)info->path_length)
		return WAX_R_TRUST_PATH_LENGTH;
	if (info->has_key_usage && !(info->key_usage & WAX_KU_CERT_SIGN))
		return WAX_R_TRUST_KEY_USAGE;
	if (info->has_eku && !info->eku_mail)
		return WAX_R_TRUST_EKU;
	if (!q->historic && !is_anchor && wax_cert_is_weak(issuer))
		return WAX_R_TRUST_WEAK;
	return WAX_R_NONE;
}

/* judge - the whole chain lies in s->chain[0..depth), its last element is an anchor */
static WaxReason judge(Search *s, const WaxAnchor *anchor)
{
	const WaxPathQuestion *q = s->question;
	unsigned intermediates = 0;
	WaxReason reason;

	for (unsigned i = 0; i < s->depth; i++)
		if (anchor_of(s, s->chain[i], true))
			return WAX_R_TRUST_UNTRUSTED;
	if (!reaches(anchor, q->mail))
		return WAX_R_TRUST_UNTRUSTED;
	reason = check_leaf(s->chain[0], q);
	if (reason)
		return reason;
	for (unsigned i = 1; i < s->depth; i++) {
		bool last = i == s->depth - 1;

		reason = check_issuer(s->chain[i], intermediates, last, q);
		if (reason)
			return reason;
		for (unsigned below = 0; below < i; below++) {
			/* self-issued CA certificates are exempt (RFC 5280 6.1.3 b) */
			if (below > 0 && wax_cert_info(s->chain[below])->self_issued)
				continue;
			if (!wax_cert_names_permitted(s->chain[i], s->chain[below]))
				return WAX_R_TRUST_NAME_CONSTRAINTS;
		}
		if (!wax_cert_info(s->chain[i])->self_issued)
			intermediates++;
	}
	g_clear_pointer(&s->policies, g_strfreev);
	if (!wax_cert_policies_stand(s->chain, s->depth, &q->policy, &s->policies))
		return WAX_R_TRUST_POLICY;
	/* dates last: an expired chain that is wrong otherwise is not merely expired */
	for (unsigned i = 0; i < s->depth; i++) {
		reason = check_dates(wax_cert_info(s->chain[i]), q->at);
		if (reason)
			return reason;
	}
	return WAX_R_NONE;
}

/* how near to good a reason is; the best of all paths is told */
static unsigned rank_of(WaxReason reason)
{
	switch (reason) {
	case WAX_R_NONE:
		return 100;
	case WAX_R_TRUST_EXPIRED:
	case WAX_R_TRUST_NOT_YET_VALID:
		return 50;
	case WAX_R_TRUST_INCOMPLETE:
		return 1;
	case WAX_R_TRUST_LOOP:
		return 2;
	case WAX_R_TRUST_UNTRUSTED:
		return 3;
	case WAX_R_TRUST_SIGNATURE:
		return 4;
	default:
		return 40;
	}
}

static void offer(Search *s, WaxReason reason)
{
	bool quiet = true;

	if (s->best.chain && rank_of(reason) <= s->best_rank)
		return;
	wax_path_verdict_clear(&s->best);
	s->best.chain = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	for (unsigned i = 0; i < s->depth; i++) {
		g_ptr_array_add(s->best.chain, wax_cert_ref(s->chain[i]));
		if (wax_cert_info(s->chain[i])->names_revocation_source)
			quiet = false;
	}
	s->best.reason = reason;
	s->best.policies = g_steal_pointer(&s->policies);
	s->best.no_revocation_source = quiet;
	s->best_rank = rank_of(reason);
}

static bool may_have_issued(const WaxCert *issuer, const WaxCert *cert)
{
	const WaxCertInfo *up = wax_cert_info(issuer), *down = wax_cert_info(cert);

	if (!wax_cert_named_issuer(cert, issuer))
		return false;
	/* key identifiers are hints, but two that contradict are an answer (RFC 5280 4.2.1.1) */
	return !up->key_id.n || !down->authority_key_id.n ||
	       wax_span_equal(up->key_id, down->authority_key_id);
}

static bool in_chain(const Search *s, const WaxCert *cert)
{
	for (unsigned i = 0; i < s->depth; i++)
		if (same(s->chain[i], cert))
			return true;
	return false;
}

static void extend(Search *s);

static void try_issuer(Search *s, WaxCert *issuer)
{
	WaxCert *top = s->chain[s->depth - 1];

	if (s->best_rank == 100 || !may_have_issued(issuer, top))
		return;
	if (in_chain(s, issuer)) {
		if (!same(issuer, top))
			offer(s, WAX_R_TRUST_LOOP);
		return;
	}
	if (s->depth == CHAIN_MAX || s->attempts++ >= ATTEMPTS_MAX)
		return;
	if (!wax_cert_signed_by(top, issuer)) {
		offer(s, WAX_R_TRUST_SIGNATURE);
		return;
	}
	s->chain[s->depth++] = issuer;
	extend(s);
	s->depth--;
}

/* extend - bounded by CHAIN_MAX, so the recursion is too */
static void extend(Search *s)
{
	WaxCert *top = s->chain[s->depth - 1];
	const WaxAnchor *anchor = anchor_of(s, top, false);

	if (anchor)
		offer(s, judge(s, anchor));
	for (guint i = 0; i < s->question->anchors->len; i++) {
		const WaxAnchor *next = s->question->anchors->pdata[i];

		if (!next->forbidden)
			try_issuer(s, next->cert);
	}
	for (guint i = 0; s->question->untrusted && i < s->question->untrusted->len; i++)
		try_issuer(s, s->question->untrusted->pdata[i]);
	if (!anchor)
		offer(s, wax_cert_info(top)->self_issued ? WAX_R_TRUST_UNTRUSTED
							 : WAX_R_TRUST_INCOMPLETE);
}

WaxPathVerdict wax_trust_path(const WaxCert *leaf, const WaxPathQuestion *question)
{
	Search s = { .question = question };

	s.chain[s.depth++] = (WaxCert *)(uintptr_t)leaf;
	extend(&s);
	g_strfreev(s.policies);
	return s.best;
}
