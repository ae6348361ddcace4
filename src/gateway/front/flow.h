/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/flow - the way of a message, out and in
 *
 * DESCRIPTION
 *	Acts and never decides.  Outbound: spool, facts, one decision for
 *	each recipient, copies by equal outcome (a recipient not named in To
 *	or Cc has one of its own), build, deliver, answer.  Inbound: spool,
 *	open, deliver what each recipient may see.  The direction is a matter
 *	of the listener alone.
 *
 *	What the flow needs from the rest of the service is a table of parts:
 *	the workers that read the message, the directory and the policy.  The
 *	service fills it with the real ones, tests with simple ones.
 *
 * OWNERSHIP
 *	The flow borrows parts and rules.  A session belongs to one connection.
 *
 * ERRORS
 *	All end in replies of the table GATEWAY d.5.
 */
#ifndef WAX_GATEWAY_FRONT_FLOW_H
#define WAX_GATEWAY_FRONT_FLOW_H

#include <glib.h>

#include "core/base.h"
#include "crypto/spool.h"
#include "gateway/front/deliver.h"
#include "gateway/front/serve.h"
#include "gateway/proto.h"

typedef enum {
	WAX_OUTBOUND,
	WAX_INBOUND,
} WaxDirection;

/* one recipient's outcome, decided by the policy */
typedef struct {
	WaxMethod method;
	WaxReason reason; /* of REFUSE */
	char *text;	  /* of REFUSE: for people */
	char *route;
	char *floor;
	char *why;	      /* JSON object for the timeline */
	char *signer;	      /* identity; NULL: unsigned */
	GPtrArray *certs;     /* of GBytes: DER, of SEAL */
	WaxPlainToken *token; /* of PLAIN and SIGN: owned */
	bool all_or_nothing;  /* a rule for this sender says so */
} WaxDecision;

/* what a worker shall make of the message */
typedef struct {
	WaxMethod method;
	const char *signer;
	GPtrArray *certs;   /* of GBytes */
	const char *sender; /* key */
	const WaxRecipient *const *recipients;
	size_t n;
	const char *hop; /* value of X-Waxwing-Hop to put on top */
	int64_t deadline;
} WaxFlowBuild;

typedef struct {
	WaxSpool *copy;
	bool eight_bit;
	char *summary; /* JSON object: algorithms, certificates */
} WaxFlowBuilt;

/* what a worker made of an inbound message */
typedef struct {
	char *message_id;
	unsigned received;
	char *hop;
	WaxSpool *shown;    /* opened, with its status on top */
	WaxSpool *original; /* as it came, scrubbed; NULL: everybody gets `shown` */
	bool *may_see;	    /* by recipient: own or domain key opened it; NULL: all */
	bool decrypted;
	bool shown_eight_bit, original_eight_bit;
	char *summary; /* JSON object: the verdict */
	WaxReason fault;
} WaxFlowOpened;

typedef struct {
	void *ctx;
	/* is that domain ours?  route: where its mail goes */
	bool (*domain)(
		void *ctx, const char *domain, bool *ret_own, char **ret_route, GError **error);
	bool (*facts)(void *ctx, WaxSpool *message, WaxJobFacts *ret_facts, GError **error);
	/* n decisions, one for each recipient; all of them before anything is sent */
	bool (*decide)(void *ctx, const WaxEnvelope *envelope, const WaxJobFacts *facts,
		WaxDecision *ret_decisions, GError **error);
	bool (*build)(void *ctx, WaxSpool *message, const WaxFlowBuild *build,
		WaxFlowBuilt *ret_built, GError **error);
	bool (*open)(void *ctx, WaxSpool *message, const WaxEnvelope *envelope,
		WaxFlowOpened *ret_opened, GError **error);
} WaxFlowParts;

typedef struct {
	WaxDirection direction;
	const char *host;
	const char *spool;     /* folder; NULL: in memory */
	uint64_t size_out;     /* finished copies above it are refused */
	uint64_t disk_reserve; /* octets that stay free */
	unsigned received_limit;
	unsigned recipient_infos; /* at most, in one copy */
	bool all_or_nothing;
	int64_t time_limit; /* ms from the end of the message to our last answer */
	WaxSpan hop_secret;
	bool lmtp; /* an answer for each recipient; else a notice tells of refusals */
	unsigned notices_per_hour; /* to one sender */
} WaxFlowRules;

typedef struct WaxFlow WaxFlow;
typedef struct WaxFlowSession WaxFlowSession;

WaxFlow *wax_flow_new(const WaxFlowRules *rules, const WaxFlowParts *parts, WaxMail *mail,
	WaxDeliverer *deliverer);
void wax_flow_free(WaxFlow *flow);

/* wax_flow_session_new - for one connection; calls is what front/serve wants */
WaxFlowSession *wax_flow_session_new(WaxFlow *flow, WaxServeCalls *ret_calls);
void wax_flow_session_free(WaxFlowSession *session);

/* wax_flow_hop - the loop marker: direction, queue id, and an HMAC over them and the recipients */
char *wax_flow_hop(
	WaxSpan secret, WaxDirection direction, const char *queue, const GPtrArray *recipients);
bool wax_flow_hop_check(
	WaxSpan secret, WaxDirection direction, const char *value, const GPtrArray *recipients);

void wax_decision_clear(WaxDecision *decision);
void wax_flow_built_clear(WaxFlowBuilt *built);
void wax_flow_opened_clear(WaxFlowOpened *opened);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxFlowBuilt, wax_flow_built_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxFlowOpened, wax_flow_opened_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxFlow, wax_flow_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxFlowSession, wax_flow_session_free)

#endif
