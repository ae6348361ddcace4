/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	policy/plan - what was decided for every recipient, and the permission to send in clear
 *
 * DESCRIPTION
 *	A plan is what policy/decide makes and what the gateway carries out.
 *	Each recipient has a floor, the inputs that set it, one method, and
 *	the reason where the method is less than was wished.
 *
 *	WaxPlainToken is the only way to an unencrypted copy: whoever sends one
 *	must show it.  It is made here and nowhere else, for a recipient whose
 *	floor is below must-encrypt and whose method is plain or signed, and
 *	it names that recipient.
 *
 * OWNERSHIP
 *	A plan owns its texts.  A token is freed by its owner and does not
 *	outlive its use.
 *
 * ERRORS
 *	None: a refusal is a method with a reason.
 */
#ifndef WAX_POLICY_PLAN_H
#define WAX_POLICY_PLAN_H

#include <glib.h>

#include "core/base.h"

/* ordered; zero: nobody decided, which permits nothing */
typedef enum {
	WAX_FLOOR_UNDECIDED,
	WAX_FLOOR_NONE,
	WAX_FLOOR_SIGN,
	WAX_FLOOR_TRY_ENCRYPT,
	WAX_FLOOR_MUST_ENCRYPT,
	WAX_FLOOR_MUST_SMIME,
	WAX_FLOOR_COUNT_
} WaxFloor;

typedef enum {
	WAX_PLAN_UNDECIDED,
	WAX_PLAN_END_TO_END,  /* the sender encrypted already: pass it on */
	WAX_PLAN_USER_CERT,   /* encrypt to the recipient's certificate */
	WAX_PLAN_DOMAIN_CERT, /* encrypt to the certificate of the recipient's gateway */
	WAX_PLAN_SIGNED,      /* in clear, signed */
	WAX_PLAN_PLAIN,	      /* in clear, unsigned */
	WAX_PLAN_REFUSE,      /* 5xx with the reason */
	WAX_PLAN_DEFER,	      /* 4xx with the reason */
	WAX_PLAN_COUNT_
} WaxPlanMethod;

/* one input and where it came from */
typedef struct {
	char *input; /* "rule", "default", "thread", "trigger", "signing", "certificate", "sender" */
	char *origin; /* "policy:3", "factory", a header's name, a fingerprint */
	char *text;   /* for a person */
} WaxPlanNote;

typedef struct {
	char *address;
	WaxFloor floor;
	WaxPlanMethod method;
	bool sign;	    /* the copy is signed (before it is encrypted) */
	char *certificate;  /* id of the certificate encrypted to, else NULL */
	WaxReason reason;   /* why refused or deferred, or why only plain; NONE otherwise */
	GPtrArray *notes;   /* WaxPlanNote: what set the floor, then what chose the method */
	GPtrArray *changes; /* char *: what would change the outcome */
} WaxPlanRecipient;

typedef struct {
	char *sender;
	GPtrArray *recipients; /* WaxPlanRecipient */
	bool all_or_nothing;
	bool signing_required;
	bool lowered;	    /* a granted trigger lowered a floor: audit it */
	bool lower_ignored; /* a trigger asked to lower without a grant: audit it */
	int64_t policy_version;
} WaxPlan;

const char *wax_floor_name(WaxFloor floor);
WaxFloor wax_floor_by_name(const char *name); /* UNDECIDED when there is none */
const char *wax_plan_method_name(WaxPlanMethod method);
bool wax_plan_method_encrypts(WaxPlanMethod method);

WaxPlan *wax_plan_new(const char *sender);
void wax_plan_free(WaxPlan *plan);
WaxPlanRecipient *wax_plan_add(WaxPlan *plan, const char *address);
const WaxPlanRecipient *wax_plan_get(const WaxPlan *plan, const char *address); /* or NULL */
void wax_plan_note(WaxPlanRecipient *recipient, const char *input, const char *origin,
	const char *fmt, ...) G_GNUC_PRINTF(4, 5);
void wax_plan_change(WaxPlanRecipient *recipient, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

typedef struct WaxPlainToken WaxPlainToken;

/* wax_plan_plain_token - NULL unless this recipient may be sent to in clear by this plan */
WaxPlainToken *wax_plan_plain_token(const WaxPlan *plan, const char *address);
void wax_plain_token_free(WaxPlainToken *token);

/* wax_plain_token_covers - is it for that recipient? NULL covers nobody */
bool wax_plain_token_covers(const WaxPlainToken *token, const char *address);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxPlan, wax_plan_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxPlainToken, wax_plain_token_free)

#endif
