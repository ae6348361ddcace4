/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/notice.h"

#include <string.h>

#include "core/clock.h"
#include "core/status.h"

static const struct {
	WaxReason reason;
	const char *says;
	const char *advice;
} texts[] = {
	{ WAX_R_NO_CERTIFICATE, "encryption is required and no valid certificate is known",
		"ask the recipient for a signed message, or contact your administrator" },
	{ WAX_R_TRUST_UNTRUSTED, "a certificate is known, but its issuer is not trusted here",
		"ask the registration authority to check the issuer" },
	{ WAX_R_CERT_EXPIRED, "the known certificate has expired",
		"ask the recipient for a new one" },
	{ WAX_R_CERT_REVOKED, "the known certificate was revoked",
		"ask the recipient for a new one" },
	{ WAX_R_CERT_SIGN_ONLY, "the known certificate is for signatures only",
		"ask the recipient for one that can be encrypted to" },
	{ WAX_R_METHODS_EXHAUSTED, "no way that your organisation's rules allow leads there",
		"contact your administrator" },
	{ WAX_R_ALL_OR_NOTHING, "another recipient of this message cannot be reached protected",
		"send to the others alone, or see the other recipient's row" },
	{ WAX_R_NO_SIGNING_IDENTITY, "a signature is required and there is none for this sender",
		"request a certificate" },
	{ WAX_R_ALGORITHM_REFUSED, "the algorithm is not allowed here",
		"contact your administrator" },
	{ WAX_R_CRYPTO_ERROR, "the message could not be protected and was not sent",
		"send it again; if that fails, contact the help desk" },
	{ WAX_R_POLICY_BLOCK, "a rule of your organisation blocks it",
		"change the message, or ask for its release" },
	{ WAX_R_TOO_LARGE, "it is too large once protected", "send less, or in parts" },
	{ WAX_R_MIME_DUPLICATE_HEADER, "a header field that must be single stands there twice",
		"send it from another program" },
	{ WAX_R_MIME_MALFORMED, "the message is malformed", "send it from another program" },
	{ WAX_R_CONVERSION_FORBIDDEN, "the next hop would have to change it",
		"send it from another program" },
	{ WAX_R_UNLISTED_DOMAIN, "the sender's domain is not registered here",
		"contact your administrator" },
	{ WAX_R_LOOP, "it went round in a circle", "contact your administrator" },
};

const char *wax_notice_advice(WaxReason reason)
{
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		if (texts[i].reason == reason)
			return texts[i].advice;
	return "contact your administrator";
}

static const char *says(const WaxNoticeRow *row)
{
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		if (texts[i].reason == row->reason)
			return texts[i].says;
	return row->reply.text;
}

static const char *sent_as(const char *method)
{
	if (g_strcmp0(method, "sealed") == 0)
		return "encrypted";
	if (g_strcmp0(method, "signed") == 0)
		return "signed, not encrypted";
	if (g_strcmp0(method, "as-is") == 0)
		return "as you protected it";
	return "not encrypted";
}

/* code_of - of the first refusal: what programs read */
static const char *code_of(const WaxNoticeRow *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (wax_reply_is_permanent(&rows[i].reply))
			return wax_reason_info(
				rows[i].reason ? rows[i].reason : WAX_R_NEXT_HOP_REFUSED)
				->label;
	return "partial";
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text > 0x7e)
			return false;
	return true;
}

char *wax_notice_text(const char *host, const char *to, const char *reference,
	const WaxNoticeRow *rows, size_t n, int64_t now)
{
	GString *text = g_string_new(NULL);
	g_autofree char *date = wax_clock_rfc5322(now);
	size_t sent = 0, waiting = 0, refused = 0;
	bool ascii = true;

	for (size_t i = 0; i < n; i++) {
		sent += wax_reply_is_ok(&rows[i].reply);
		refused += wax_reply_is_permanent(&rows[i].reply);
		waiting += wax_reply_is_temporary(&rows[i].reply);
		ascii = ascii && is_ascii(rows[i].address);
	}
	g_string_append_printf(text,
		"From: \"Mail gateway\" <postmaster@%s>\r\nTo: <%s>\r\nSubject: Not sent to "
		"everybody "
		"(%s)\r\nDate: %s\r\nMessage-ID: <%s.notice@%s>\r\nAuto-Submitted: auto-replied\r\n"
		"X-Waxwing-Code: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
		"charset=%s\r\n"
		"Content-Transfer-Encoding: %s\r\n\r\n",
		host, to, reference, date, reference, host, code_of(rows, n),
		ascii ? "us-ascii" : "utf-8", ascii ? "7bit" : "8bit");
	g_string_append_printf(text, "Sent to %zu, not sent to %zu", sent, refused);
	if (waiting > 0)
		g_string_append_printf(text, ", to be tried again for %zu", waiting);
	g_string_append(text, ".\r\n\r\n");
	for (size_t i = 0; i < n; i++) {
		const WaxNoticeRow *row = &rows[i];

		if (wax_reply_is_ok(&row->reply))
			g_string_append_printf(text, "%s\r\n    sent, %s\r\n\r\n", row->address,
				sent_as(row->method));
		else
			g_string_append_printf(text,
				"%s\r\n    %s: %s (%d %s)\r\n    What you can do: %s.\r\n\r\n",
				row->address,
				wax_reply_is_permanent(&row->reply) ? "not sent" : "not sent yet",
				says(row), row->reply.code, row->reply.enhanced,
				wax_reply_is_permanent(&row->reply) ? wax_notice_advice(row->reason)
								    : "nothing; it is tried again");
	}
	g_string_append_printf(text, "Reference %s\r\n", reference);
	return g_string_free(text, FALSE);
}
