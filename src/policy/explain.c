/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/explain.h"

#include "core/status.h"

WaxPlan *wax_plan_foreign_sender(const char *sender, const char *domain, const char *recipient)
{
	WaxPlan *plan = wax_plan_new(sender);
	WaxPlanRecipient *r = wax_plan_add(plan, recipient);

	r->method = WAX_PLAN_REFUSE;
	r->reason = WAX_R_UNLISTED_DOMAIN;
	wax_plan_note(r, "sender", domain,
		"%s is no domain of ours: its mail is refused at MAIL FROM, before anything is "
		"decided",
		domain);
	wax_plan_change(r,
		"if it is yours: waxwing domain add %s (where it stands as a partner's, first: "
		"waxwing domain remove %s)",
		domain, domain);
	return plan;
}

/* reply_of - "550 5.7.4", or "250" when the copy leaves */
static char *reply_of(const WaxPlanRecipient *r)
{
	const WaxReasonInfo *info = wax_reason_info(r->reason);

	if (r->method != WAX_PLAN_REFUSE && r->method != WAX_PLAN_DEFER)
		return g_strdup("250");
	return g_strdup_printf("%d %s", info->smtp, info->enhanced);
}

static void text_of(GString *out, const WaxPlanRecipient *r)
{
	g_autofree char *reply = reply_of(r);

	g_string_append_printf(out, "%s\n  floor    %s\n", r->address, wax_floor_name(r->floor));
	g_string_append_printf(out, "  method   %s%s\n", wax_plan_method_name(r->method),
		r->sign && wax_plan_method_encrypts(r->method) ? ", signed" : "");
	if (r->reason)
		g_string_append_printf(out, "  reason   %s [%s]\n",
			wax_reason_info(r->reason)->label, wax_reason_info(r->reason)->code);
	g_string_append_printf(out, "  reply    %s\n", reply);
	for (guint i = 0; i < r->notes->len; i++) {
		const WaxPlanNote *note = r->notes->pdata[i];

		g_string_append_printf(out, "  %s  %s: %s (%s)\n", i ? "       " : "because",
			note->input, note->text, note->origin);
	}
	for (guint i = 0; i < r->changes->len; i++)
		g_string_append_printf(out, "  %s  %s\n", i ? "       " : "change ",
			(const char *)r->changes->pdata[i]);
}

char *wax_plan_text(const WaxPlan *plan)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < plan->recipients->len; i++)
		text_of(out, plan->recipients->pdata[i]);
	return g_string_free(out, FALSE);
}

static json_t *notes_json(const WaxPlanRecipient *r)
{
	json_t *list = json_array();

	for (guint i = 0; i < r->notes->len; i++) {
		const WaxPlanNote *note = r->notes->pdata[i];

		json_array_append_new(list, json_pack("{s:s,s:s?,s:s}", "input", note->input,
						    "origin", note->origin, "text", note->text));
	}
	return list;
}

static json_t *recipient_json(const WaxPlanRecipient *r)
{
	const WaxReasonInfo *info = wax_reason_info(r->reason);
	g_autofree char *reply = reply_of(r);
	json_t *changes = json_array();

	for (guint i = 0; i < r->changes->len; i++)
		json_array_append_new(changes, json_string(r->changes->pdata[i]));
	return json_pack("{s:s,s:s,s:s,s:b,s:s?,s:s?,s:s?,s:s,s:o,s:o}", "address", r->address,
		"floor", wax_floor_name(r->floor), "method", wax_plan_method_name(r->method),
		"signed", (int)(r->sign || r->method == WAX_PLAN_SIGNED), "certificate",
		r->certificate, "reason", r->reason ? info->label : NULL, "code",
		r->reason ? info->code : NULL, "reply", reply, "because", notes_json(r), "change",
		changes);
}

json_t *wax_plan_json(const WaxPlan *plan)
{
	json_t *recipients = json_array();

	for (guint i = 0; i < plan->recipients->len; i++)
		json_array_append_new(recipients, recipient_json(plan->recipients->pdata[i]));
	return json_pack("{s:s?,s:I,s:b,s:b,s:b,s:o}", "sender", plan->sender, "policy_version",
		(json_int_t)plan->policy_version, "all_or_nothing", (int)plan->all_or_nothing,
		"signing_required", (int)plan->signing_required, "lowered", (int)plan->lowered,
		"recipients", recipients);
}
