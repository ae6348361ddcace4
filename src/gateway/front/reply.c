/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/reply.h"

#include <stdarg.h>
#include <string.h>

#include "core/status.h"

/* clean - printable ASCII on one line, whatever it was */
static void clean(char *text)
{
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = (*p == '\n' || *p == '\r' || *p == '\t') ? ' ' : '?';
}

WaxReply wax_reply_make(int code, const char *enhanced, const char *fmt, ...)
{
	WaxReply reply = { .code = code };
	va_list args;

	g_strlcpy(reply.enhanced, enhanced ? enhanced : "", sizeof(reply.enhanced));
	va_start(args, fmt);
	g_vsnprintf(reply.text, sizeof(reply.text), fmt, args);
	va_end(args);
	clean(reply.text);
	return reply;
}

WaxReply wax_reply_from_error(const GError *error)
{
	const WaxReasonInfo *info = wax_reason_info(wax_reason_of(error));

	return wax_reply_make(info->smtp, info->enhanced, "%s [%s]",
		error ? error->message : "failed", info->code);
}

/* read_enhanced - "5.7.1" at the front of text, of the class of the code */
static size_t read_enhanced(const char *text, size_t n, int code)
{
	size_t at = 1;

	if (n < 5 || text[0] != '0' + code / 100 || text[1] != '.')
		return 0;
	for (int part = 0; part < 2; part++) {
		size_t digits = 0;

		if (at >= n || text[at] != '.')
			return 0;
		at++;
		while (at < n && g_ascii_isdigit(text[at]) && digits < 3) {
			at++;
			digits++;
		}
		if (digits == 0)
			return 0;
	}
	return at == n || text[at] == ' ' ? at : 0;
}

bool wax_reply_read(WaxSpan line, WaxReply *ret_reply, bool *ret_more)
{
	const char *text = (const char *)line.p;
	WaxReply reply = { 0 };
	size_t n = line.n, skip;

	if (n < 3 || !g_ascii_isdigit(text[0]) || !g_ascii_isdigit(text[1]) ||
		!g_ascii_isdigit(text[2]))
		return false;
	if (text[0] < '2' || text[0] > '5' || (n > 3 && text[3] != ' ' && text[3] != '-'))
		return false;
	reply.code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
	*ret_more = n > 3 && text[3] == '-';
	text += n > 3 ? 4 : 3;
	n -= n > 3 ? 4 : 3;
	skip = read_enhanced(text, n, reply.code);
	if (skip > 0 && skip < sizeof(reply.enhanced)) {
		memcpy(reply.enhanced, text, skip);
		text += skip;
		n -= skip;
		while (n > 0 && *text == ' ') {
			text++;
			n--;
		}
	}
	if (n >= sizeof(reply.text))
		n = sizeof(reply.text) - 1;
	for (size_t i = 0; i < n; i++)
		reply.text[i] = text[i] ? text[i] : '?';
	clean(reply.text);
	*ret_reply = reply;
	return true;
}

void wax_reply_format(const WaxReply *reply, GString *out)
{
	g_string_append_printf(out, "%d %s%s%s\r\n", reply->code, reply->enhanced,
		reply->enhanced[0] ? " " : "", reply->text);
}

WaxReply wax_reply_merge(const WaxReply *replies, size_t n)
{
	const WaxReply *first_ok = NULL, *first_bad = NULL;

	for (size_t i = 0; i < n; i++) {
		const WaxReply *reply = &replies[i];

		if (reply->code == 0)
			return wax_reply_make(451, "4.3.0", "not finished, try again");
		if (wax_reply_is_temporary(reply)) {
			WaxReply merged = *reply;

			/* 452 and 421 say something about the connection: not for all */
			merged.code = 451;
			return merged;
		}
		if (wax_reply_is_ok(reply) && !first_ok)
			first_ok = reply;
		if (wax_reply_is_permanent(reply) && !first_bad)
			first_bad = reply;
	}
	if (first_ok && first_bad)
		return wax_reply_make(
			250, "2.0.0", "accepted; a notice tells which recipients were refused");
	if (first_ok)
		return *first_ok;
	if (first_bad)
		return *first_bad;
	return wax_reply_make(451, "4.3.0", "no recipient was answered");
}

bool wax_reply_is_ok(const WaxReply *reply)
{
	return reply->code / 100 == 2;
}

bool wax_reply_is_temporary(const WaxReply *reply)
{
	return reply->code / 100 == 4;
}

bool wax_reply_is_permanent(const WaxReply *reply)
{
	return reply->code / 100 == 5;
}
