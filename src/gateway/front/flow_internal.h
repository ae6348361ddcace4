/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/front/flow_internal - what the files of the flow share
 *
 * DESCRIPTION
 *	flow.c has the connection: it takes the message in and gives the
 *	answers.  Between the two flow_outbound or flow_inbound finds an answer
 *	for every recipient; flow_notice tells the sender of refusals.
 *	flow_message has the steps that both directions take, flow_marker the
 *	marker that tells a loop.
 *
 * OWNERSHIP
 *	A message borrows everything but its identity, which on_end frees.
 *
 * ERRORS
 *	RUN_OUT_OF_TIME from wax_flow_in_time; else what goes wrong becomes the
 *	answer of the recipients it concerns.
 */
#ifndef WAX_GATEWAY_FRONT_FLOW_INTERNAL_H
#define WAX_GATEWAY_FRONT_FLOW_INTERNAL_H

#include "gateway/front/flow.h"

struct WaxFlow {
	WaxFlowRules rules;
	WaxFlowParts parts;
	WaxMail *mail;
	WaxDeliverer *deliverer;
	GMutex lock;
	GHashTable *told; /* sender: GArray of the times at which notices went out */
};

/* a message on its way: what its steps share */
typedef struct {
	WaxFlow *flow;
	WaxSpool *spool;
	const WaxEnvelope *envelope;
	WaxReply *replies;
	WaxReason *reasons;   /* of our own refusals, for the notice */
	const char **methods; /* how it went, for the notice */
	uint8_t content[32];
	char reference[20];
	char *queue;
	char *identity; /* of the journal's keys; NULL: nothing tells repetitions apart */
	int64_t deadline;
} WaxFlowMessage;

const WaxRecipient *wax_flow_recipient(const WaxFlowMessage *m, size_t i);

/* ---- answers ---- */

/* wax_flow_answer_error - to one recipient, unless it has an answer */
void wax_flow_answer_error(WaxFlowMessage *m, size_t i, const GError *error);
void wax_flow_answer_all(WaxFlowMessage *m, const GError *error);

/* ---- timeline ---- */

void wax_flow_post_step(
	WaxFlowMessage *m, const char *recipient, const char *step, const char *detail);
void wax_flow_post_received(WaxFlowMessage *m, const char *message_id, const char *peer);
/* wax_flow_post_answers - what was not told by a delivery: our own refusals and deferrals */
void wax_flow_post_answers(WaxFlowMessage *m);

/* ---- copies ---- */

/* wax_flow_set_identity - what tells a repetition from a second message */
void wax_flow_set_identity(WaxFlowMessage *m, const char *message_id);

/*
 * wax_flow_deliver_group - one finished copy to those recipients, all of one route; decisions
 * hold the tokens of an unencrypted copy, NULL: the copy needs none
 */
void wax_flow_deliver_group(WaxFlowMessage *m, const GArray *group, const char *route,
	WaxSpool *spool, const char *method, bool eight_bit, bool header_only,
	const WaxDecision *decisions);

/* wax_flow_in_time - the worker and the next hop would answer too late for our client */
bool wax_flow_in_time(const WaxFlowMessage *m, GError **error) WAX_MUST_USE;

/* ---- the way ---- */

void wax_flow_go_out(WaxFlowMessage *m, const char *peer);
void wax_flow_come_in(WaxFlowMessage *m, const char *peer);
/* wax_flow_tell_sender - by a notice (GATEWAY d.7), where an answer alone would not do */
void wax_flow_tell_sender(WaxFlowMessage *m);

#endif
