/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/plan.h"

#include <stdarg.h>
#include <string.h>

struct WaxPlainToken {
	char *address;
};

static const char *const floors[] = { "undecided", "none", "sign", "try-encrypt", "must-encrypt",
	"must-smime" };
static const char *const methods[] = { "undecided", "end-to-end", "user-certificate",
	"domain-certificate", "signed", "plain", "refuse", "defer" };

const char *wax_floor_name(WaxFloor floor)
{
	return floor < WAX_FLOOR_COUNT_ ? floors[floor] : floors[0];
}

WaxFloor wax_floor_by_name(const char *name)
{
	for (int i = WAX_FLOOR_NONE; i < WAX_FLOOR_COUNT_; i++)
		if (name && strcmp(floors[i], name) == 0)
			return (WaxFloor)i;
	return WAX_FLOOR_UNDECIDED;
}

const char *wax_plan_method_name(WaxPlanMethod method)
{
	return method < WAX_PLAN_COUNT_ ? methods[method] : methods[0];
}

bool wax_plan_method_encrypts(WaxPlanMethod method)
{
	return method == WAX_PLAN_END_TO_END || method == WAX_PLAN_USER_CERT ||
	       method == WAX_PLAN_DOMAIN_CERT;
}

static void free_note(void *data)
{
	WaxPlanNote *note = data;

	g_free(note->input);
	g_free(note->origin);
	g_free(note->text);
	g_free(note);
}

static void free_recipient(void *data)
{
	WaxPlanRecipient *recipient = data;

	g_free(recipient->address);
	g_free(recipient->certificate);
	g_ptr_array_unref(recipient->notes);
	g_ptr_array_unref(recipient->changes);
	g_free(recipient);
}

WaxPlan *wax_plan_new(const char *sender)
{
	WaxPlan *plan = g_new0(WaxPlan, 1);

	plan->sender = g_strdup(sender);
	plan->recipients = g_ptr_array_new_with_free_func(free_recipient);
	return plan;
}

void wax_plan_free(WaxPlan *plan)
{
	if (!plan)
		return;
	g_free(plan->sender);
	g_ptr_array_unref(plan->recipients);
	g_free(plan);
}

WaxPlanRecipient *wax_plan_add(WaxPlan *plan, const char *address)
{
	WaxPlanRecipient *recipient = g_new0(WaxPlanRecipient, 1);

	recipient->address = g_strdup(address);
	recipient->notes = g_ptr_array_new_with_free_func(free_note);
	recipient->changes = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(plan->recipients, recipient);
	return recipient;
}

const WaxPlanRecipient *wax_plan_get(const WaxPlan *plan, const char *address)
{
	for (guint i = 0; i < plan->recipients->len; i++) {
		const WaxPlanRecipient *recipient = plan->recipients->pdata[i];

		if (strcmp(recipient->address, address) == 0)
			return recipient;
	}
	return NULL;
}

void wax_plan_note(
	WaxPlanRecipient *recipient, const char *input, const char *origin, const char *fmt, ...)
{
	WaxPlanNote *note = g_new0(WaxPlanNote, 1);
	va_list values;

	note->input = g_strdup(input);
	note->origin = g_strdup(origin);
	va_start(values, fmt);
	note->text = g_strdup_vprintf(fmt, values);
	va_end(values);
	g_ptr_array_add(recipient->notes, note);
}

void wax_plan_change(WaxPlanRecipient *recipient, const char *fmt, ...)
{
	va_list values;

	va_start(values, fmt);
	g_ptr_array_add(recipient->changes, g_strdup_vprintf(fmt, values));
	va_end(values);
}

WaxPlainToken *wax_plan_plain_token(const WaxPlan *plan, const char *address)
{
	const WaxPlanRecipient *recipient = wax_plan_get(plan, address);
	WaxPlainToken *token;

	if (!recipient)
		return NULL;
	if (recipient->floor == WAX_FLOOR_UNDECIDED || recipient->floor >= WAX_FLOOR_MUST_ENCRYPT)
		return NULL;
	if (recipient->method != WAX_PLAN_PLAIN && recipient->method != WAX_PLAN_SIGNED)
		return NULL;
	token = g_new0(WaxPlainToken, 1);
	token->address = g_strdup(address);
	return token;
}

void wax_plain_token_free(WaxPlainToken *token)
{
	if (!token)
		return;
	g_free(token->address);
	g_free(token);
}

bool wax_plain_token_covers(const WaxPlainToken *token, const char *address)
{
	return token && address && strcmp(token->address, address) == 0;
}
