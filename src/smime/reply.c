/* SPDX-License-Identifier: Apache-2.0 */
#include "smime/reply.h"

WaxReply *wax_reply_new(void)
{
	WaxReply *reply = g_new0(WaxReply, 1);

	reply->to = g_ptr_array_new_with_free_func(g_free);
	reply->cc = g_ptr_array_new_with_free_func(g_free);
	reply->hidden = g_ptr_array_new_with_free_func(g_free);
	reply->confidential = g_ptr_array_new_with_free_func(g_free);
	return reply;
}

void wax_reply_free(WaxReply *reply)
{
	if (!reply)
		return;
	g_ptr_array_unref(reply->to);
	g_ptr_array_unref(reply->cc);
	g_ptr_array_unref(reply->hidden);
	g_ptr_array_unref(reply->confidential);
	g_free(reply->subject);
	g_free(reply->message_id);
	g_free(reply);
}

bool wax_reply_may_show(const WaxReply *reply, const char *field)
{
	for (unsigned i = 0; i < reply->confidential->len; i++)
		if (g_ascii_strcasecmp(reply->confidential->pdata[i], field) == 0)
			return false;
	return true;
}
