/* SPDX-License-Identifier: Apache-2.0 */
#include "core/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	WaxClass class;
	const char *code, *label, *smtp;
} rows[WAX_REASON_COUNT_] = { { WAX_CLASS_NONE, "", "none", "" },
#define X(id, class, code, label, smtp) { WAX_CLASS_##class, code, label, smtp },
	WAX_REASONS(X)
#undef X
};

static const struct {
	int smtp;
	const char *enhanced;
	int http, exit_code;
} by_class[] = {
	[WAX_CLASS_NONE] = { 250, "2.0.0", 200, 0 },
	[WAX_CLASS_TEMP] = { 451, "4.3.0", 503, 75 },
	[WAX_CLASS_PERM] = { 550, "5.0.0", 422, 65 },
	[WAX_CLASS_POLICY] = { 550, "5.7.1", 403, 77 },
	[WAX_CLASS_HOSTILE] = { 554, "5.6.0", 400, 65 },
	[WAX_CLASS_USAGE] = { 550, "5.0.0", 400, 64 },
	[WAX_CLASS_BUG] = { 451, "4.3.0", 500, 70 },
};

static WaxReasonInfo infos[WAX_REASON_COUNT_];

static void fill_infos(void)
{
	for (unsigned i = 0; i < WAX_REASON_COUNT_; i++) {
		WaxReasonInfo *info = &infos[i];
		WaxClass class = rows[i].class;

		*info = (WaxReasonInfo){
			.reason = (WaxReason)i,
			.class = class,
			.code = rows[i].code,
			.label = rows[i].label,
			.smtp = by_class[class].smtp,
			.enhanced = by_class[class].enhanced,
			.http = by_class[class].http,
			.exit_code = by_class[class].exit_code,
		};
		if (rows[i].smtp[0]) {
			info->smtp = (int)g_ascii_strtoll(rows[i].smtp, NULL, 10);
			info->enhanced = rows[i].smtp + 4;
		}
	}
	/* the two exits that sysexits names better than their class does */
	infos[WAX_R_NO_INPUT].exit_code = 66;
	infos[WAX_R_NOT_FOUND].http = 404;
	infos[WAX_R_DUPLICATE].http = 409;
}

const WaxReasonInfo *wax_reason_info(WaxReason reason)
{
	static gsize once;

	if (g_once_init_enter(&once)) {
		fill_infos();
		g_once_init_leave(&once, 1);
	}
	return &infos[(unsigned)reason < WAX_REASON_COUNT_ ? reason : WAX_R_INTERNAL];
}

GQuark wax_error_quark(void)
{
	return g_quark_from_static_string("waxwing");
}

/* steers - C0 and C1 alike: in UTF-8, too, terminals take U+009B for an escape */
static bool steers(gunichar c)
{
	return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0);
}

/* tame - texts quote what strangers sent: UTF-8 for every reader, and nothing that steers a terminal */
static char *tame(const char *text)
{
	char *valid = g_utf8_make_valid(text, -1), *to = valid;

	for (char *from = valid, *next; *from; from = next) {
		next = g_utf8_next_char(from);
		if (steers(g_utf8_get_char(from)))
			*to++ = '?';
		else
			while (from < next)
				*to++ = *from++;
	}
	*to = '\0';
	return valid;
}

void wax_set_error(GError **error, WaxReason reason, const char *fmt, ...)
{
	g_autofree char *raw = NULL, *text = NULL;
	va_list args;

	if (!error)
		return;
	va_start(args, fmt);
	raw = g_strdup_vprintf(fmt, args);
	va_end(args);
	text = tame(raw);
	g_clear_error(error);
	*error = g_error_new_literal(wax_error_quark(), (int)reason, text);
}

void wax_set_error_fault(GError **error, const WaxFault *fault, const char *what)
{
	const WaxReasonInfo *info = wax_reason_info(fault->reason);

	wax_set_error(error, fault->reason, "%s: %s at byte %" G_GUINT64_FORMAT, what, info->label,
		fault->at);
}

void wax_set_error_errno(GError **error, int saved_errno, const char *fmt, ...)
{
	bool full = saved_errno == ENOSPC || saved_errno == EDQUOT;
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, fmt);
	what = g_strdup_vprintf(fmt, args);
	va_end(args);
	wax_set_error(
		error, full ? WAX_R_DISK_FULL : WAX_R_IO, "%s: %s", what, g_strerror(saved_errno));
}

WaxReason wax_reason_of(const GError *error)
{
	if (!error)
		return WAX_R_NONE;
	if (error->domain != wax_error_quark() || error->code <= 0 ||
		error->code >= WAX_REASON_COUNT_)
		return WAX_R_INTERNAL;
	return (WaxReason)error->code;
}

WaxClass wax_class_of_reason(WaxReason reason)
{
	return wax_reason_info(reason)->class;
}

WaxClass wax_class_of(const GError *error)
{
	return wax_class_of_reason(wax_reason_of(error));
}

WaxReason wax_reason_by_label(const char *label)
{
	for (unsigned i = 1; i < WAX_REASON_COUNT_; i++)
		if (strcmp(rows[i].label, label) == 0)
			return (WaxReason)i;
	return WAX_R_NONE;
}
