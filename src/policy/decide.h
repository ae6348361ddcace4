/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	policy/decide - from facts to a plan (GATEWAY.md d.2)
 *
 * DESCRIPTION
 *	Pure: the message's facts, each recipient's candidate certificates with
 *	what trust says of them, and the rules come in; a plan goes out.
 *	`waxwing policy explain` and the gateway ask this same function.
 *
 * NOT CHECKED HERE
 *	Whether the sender is who he says, and whether his domain is ours: the
 *	gateway's entry does that before anything is decided.
 *
 * OWNERSHIP
 *	Facts are borrowed for the call.  The plan is the caller's.
 *
 * ERRORS
 *	None: whatever cannot be sent is a refusal or a deferral in the plan.
 */
#ifndef WAX_POLICY_DECIDE_H
#define WAX_POLICY_DECIDE_H

#include "policy/plan.h"
#include "policy/rules.h"
#include "trust/path.h"

typedef enum {
	WAX_CANDIDATE_UNJUDGED,	      /* counts as unusable */
	WAX_CANDIDATE_USABLE,	      /* trusted, valid, may encrypt */
	WAX_CANDIDATE_STATUS_UNKNOWN, /* all that, but revocation could not be asked */
	WAX_CANDIDATE_UNUSABLE,	      /* for the reason given */
} WaxCandidateState;

typedef struct {
	const char *id; /* SHA-256, hex */
	bool of_domain; /* the certificate of the recipient's gateway */
	WaxCandidateState state;
	WaxReason reason; /* of UNUSABLE: CERT_EXPIRED, CERT_SIGN_ONLY, TRUST_UNTRUSTED, ... */
	bool kept;	  /* its private key is in our custody */
} WaxCandidateFact;

typedef struct {
	const char *address;
	const WaxCandidateFact *candidates; /* in the directory's order (d.17) */
	size_t count;
	bool own;	     /* of a domain of ours: the copy stays in the house */
	bool directory_down; /* the candidates are not known, which is not the same as none */
	WaxFloor thread;     /* of the mail it answers; UNDECIDED: none */
} WaxRecipientFacts;

typedef enum {
	WAX_SIGNER_NONE, /* no signing identity for this From */
	WAX_SIGNER_READY,
	WAX_SIGNER_UNAVAILABLE, /* there is one, but not now: always 451 */
} WaxSignerState;

typedef struct {
	const char *sender;
	const WaxRecipientFacts *recipients;
	size_t count;
	WaxSignerState signer;
	bool encrypted;	       /* by the sender, end to end */
	bool openpgp;	       /* that encryption is OpenPGP's: enough but for must-smime */
	bool already_signed;   /* by the sender: it is not signed again */
	bool malformed;	       /* for certain: no sound MIME message */
	WaxFloor raise;	       /* by a trigger or by content; UNDECIDED: none */
	const char *raised_by; /* "X-Waxwing-Encrypt" */
	WaxFloor lower;	       /* a trigger asks for less; UNDECIDED: none */
	const char *lowered_by;
	int64_t policy_version;
} WaxMessageFacts;

/* wax_policy_plan - recipients in the order of the facts */
WaxPlan *wax_policy_plan(const WaxPolicy *policy, const WaxMessageFacts *facts);

typedef struct {
	GPtrArray *anchors;   /* WaxAnchor, for encryption */
	GPtrArray *untrusted; /* WaxCert: what may complete chains; or NULL */
	int64_t at;
	bool need_revocation; /* an authority's silence about revocation is "unknown" */
} WaxJudgeContext;

/* wax_policy_judge - may we encrypt to this certificate for that address? */
WaxCandidateFact wax_policy_judge(const WaxCert *cert, const char *id, bool of_domain, bool pinned,
	const char *address, const WaxJudgeContext *context);

#endif
