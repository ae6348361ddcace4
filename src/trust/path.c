/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/path.h"

#include <string.h>

#define CHAIN_MAX    8
#define ATTEMPTS_MAX 100
#define RANK_GOOD    100

typedef struct {
	const WaxPathQuestion *question;
	WaxCert *chain[CHAIN_MAX];    /* as found */
	bool deferred[CHAIN_MAX];     /* not checked yet, since the key above it lacks parameters */
	WaxCert *complete[CHAIN_MAX]; /* the chain with every key whole; NULL: not made */
	unsigned depth, attempts, own_checks;
	unsigned *checks;
	WaxPathVerdict best;
	unsigned best_rank;
	char **policies; /* of the chain judged last */
} Search;

void wax_path_verdict_clear(WaxPathVerdict *verdict)
{
	g_clear_pointer(&verdict->chain, g_ptr_array_unref);
	g_clear_pointer(&verdict->policies, g_strfreev);
}

static bool same(const WaxCert *a, const WaxCert *b)
{
	return memcmp(wax_cert_info(a)->sha256, wax_cert_info(b)->sha256, 32) == 0;
}

static const WaxAnchor *anchor_of(const WaxPathQuestion *q, const WaxCert *cert, bool forbidden)
{
	for (guint i = 0; q->anchors && i < q->anchors->len; i++) {
		const WaxAnchor *anchor = q->anchors->pdata[i];

		if (anchor->forbidden == forbidden && same(anchor->cert, cert))
			return anchor;
	}
	return q->pool ? wax_cert_pool_anchor(q->pool, cert, forbidden) : NULL;
}

bool wax_trust_forbids(const WaxPathQuestion *question, const WaxCert *cert)
{
	return anchor_of(question, cert, true) != NULL;
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
	if (q->purpose == WAX_PURPOSE_LIST && info->has_key_usage &&
		!(info->key_usage & WAX_KU_CRL_SIGN))
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
	/* a root of version 1 has no extensions to say so; a person's certificate that is pinned is none */
	if (!info->is_ca && !(is_anchor && info->is_version_1 && !info->has_basic_constraints))
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

static void forget_complete(Search *s)
{
	for (unsigned i = 0; i < CHAIN_MAX; i++)
		g_clear_pointer(&s->complete[i], wax_cert_unref);
}

static bool may_check(Search *s)
{
	return (*s->checks)++ < WAX_SIGNATURE_CHECKS_MAX;
}

/*
 * complete - from the top down, so that each key is made of the one above it in this very path;
 * then the signatures that waited for it
 */
static bool complete(Search *s)
{
	forget_complete(s);
	for (unsigned i = s->depth; i-- > 0;) {
		WaxCert *cert = s->chain[i], *above = i + 1 < s->depth ? s->complete[i + 1] : NULL;
		WaxCert *whole = wax_cert_info(cert)->key_inherits && above
					 ? wax_cert_completed(cert, above)
					 : NULL;

		s->complete[i] = whole ? whole : wax_cert_ref(cert);
	}
	for (unsigned i = 0; i + 1 < s->depth; i++)
		if (s->deferred[i] &&
			(!may_check(s) || !wax_cert_signed_by(s->chain[i], s->complete[i + 1])))
			return false;
	return true;
}

/* judge - the whole chain lies in s->complete[0..depth), its last element is an anchor */
static WaxReason judge(Search *s, const WaxAnchor *anchor)
{
	const WaxPathQuestion *q = s->question;
	unsigned intermediates = 0;
	WaxReason reason;

	for (unsigned i = 0; i < s->depth; i++)
		if (wax_trust_forbids(q, s->complete[i]))
			return WAX_R_TRUST_UNTRUSTED;
	if (!reaches(anchor, q->mail))
		return WAX_R_TRUST_UNTRUSTED;
	reason = check_leaf(s->complete[0], q);
	if (reason)
		return reason;
	for (unsigned i = 1; i < s->depth; i++) {
		bool last = i == s->depth - 1;

		reason = check_issuer(s->complete[i], intermediates, last, q);
		if (reason)
			return reason;
		for (unsigned below = 0; below < i; below++) {
			/* self-issued CA certificates are exempt (RFC 5280 6.1.3 b) */
			if (below > 0 && wax_cert_info(s->complete[below])->self_issued)
				continue;
			if (!wax_cert_names_permitted(s->complete[i], s->complete[below]))
				return WAX_R_TRUST_NAME_CONSTRAINTS;
		}
		if (!wax_cert_info(s->complete[i])->self_issued)
			intermediates++;
	}
	g_clear_pointer(&s->policies, g_strfreev);
	if (!wax_cert_policies_stand(s->complete, s->depth, &q->policy, &s->policies))
		return WAX_R_TRUST_POLICY;
	/* dates last: an expired chain that is wrong otherwise is not merely expired */
	for (unsigned i = 0; i < s->depth; i++) {
		reason = check_dates(wax_cert_info(s->complete[i]), q->at);
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
		return RANK_GOOD;
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
		g_ptr_array_add(s->best.chain, wax_cert_ref(s->complete[i]));
		if (wax_cert_info(s->complete[i])->names_revocation_source)
			quiet = false;
	}
	s->best.reason = reason;
	s->best.policies = g_steal_pointer(&s->policies);
	s->best.no_revocation_source = quiet;
	s->best_rank = rank_of(reason);
}

/* offer_unfinished - of a path that leads nowhere; its deferred signatures must stand all the same */
static void offer_unfinished(Search *s, WaxReason reason)
{
	if (s->best.chain && rank_of(reason) <= s->best_rank)
		return;
	offer(s, complete(s) ? reason : WAX_R_TRUST_SIGNATURE);
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
	bool later = wax_cert_info(issuer)->key_inherits;

	if (in_chain(s, issuer)) {
		if (!same(issuer, top))
			offer_unfinished(s, WAX_R_TRUST_LOOP);
		return;
	}
	if (s->depth == CHAIN_MAX || s->attempts++ >= ATTEMPTS_MAX)
		return;
	if (!later && (!may_check(s) || !wax_cert_signed_by(top, issuer))) {
		offer_unfinished(s, WAX_R_TRUST_SIGNATURE);
		return;
	}
	s->deferred[s->depth - 1] = later;
	s->chain[s->depth++] = issuer;
	extend(s);
	s->depth--;
	s->deferred[s->depth - 1] = false;
}

/* by_promise - those whose key identifier agrees, anchors first; else in the order they came */
static int by_promise(const void *a, const void *b)
{
	const WaxCandidate *left = a, *right = b;

	if (left->hint != right->hint)
		return left->hint < right->hint ? -1 : 1;
	return (int)right->is_anchor - (int)left->is_anchor;
}

static GArray *issuers_of(const Search *s, const WaxCert *cert)
{
	const WaxPathQuestion *q = s->question;
	GArray *list = g_array_new(false, false, sizeof(WaxCandidate));

	for (guint i = 0; q->anchors && i < q->anchors->len; i++) {
		const WaxAnchor *anchor = q->anchors->pdata[i];

		if (!anchor->forbidden)
			wax_issuer_candidate(list, cert, anchor->cert, /* is_anchor= */ true);
	}
	for (guint i = 0; q->untrusted && i < q->untrusted->len; i++)
		wax_issuer_candidate(list, cert, q->untrusted->pdata[i], /* is_anchor= */ false);
	if (q->pool)
		wax_cert_pool_issuers(q->pool, cert, ATTEMPTS_MAX, list);
	g_array_sort(list, by_promise);
	return list;
}

/* extend - bounded by CHAIN_MAX, so the recursion is too */
static void extend(Search *s)
{
	WaxCert *top = s->chain[s->depth - 1];
	const WaxAnchor *anchor = anchor_of(s->question, top, false);
	GArray *issuers;

	if (anchor)
		offer(s, complete(s) ? judge(s, anchor) : WAX_R_TRUST_SIGNATURE);
	if (s->best_rank == RANK_GOOD)
		return;
	issuers = issuers_of(s, top);
	for (guint i = 0; i < issuers->len && s->best_rank != RANK_GOOD; i++)
		try_issuer(s, g_array_index(issuers, WaxCandidate, i).cert);
	g_array_unref(issuers);
	if (!anchor && s->best_rank != RANK_GOOD)
		offer_unfinished(s, wax_cert_info(top)->self_issued ? WAX_R_TRUST_UNTRUSTED
								    : WAX_R_TRUST_INCOMPLETE);
}

WaxPathVerdict wax_trust_path(const WaxCert *leaf, const WaxPathQuestion *question)
{
	Search s = { .question = question };

	s.chain[s.depth++] = (WaxCert *)(uintptr_t)leaf;
	s.checks = question->checks ? question->checks : &s.own_checks;
	extend(&s);
	forget_complete(&s);
	g_strfreev(s.policies);
	return s.best;
}
