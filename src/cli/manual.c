/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manual.h"

#include <string.h>

#include "core/settings.h"
#include "core/status.h"

/* escape - roff takes '-' for a hyphen, quotes for its own, and begins requests with '\\' */
static char *escape(const char *text)
{
	GString *out = g_string_new(text);

	g_string_replace(out, "\\", "\\e", 0);
	g_string_replace(out, "-", "\\-", 0);
	g_string_replace(out, "\"", "\\(dq", 0);
	return g_string_free(out, FALSE);
}

void wax_manual_entry(GString *out, const char *title, const char *text)
{
	g_autofree char *bold = escape(title), *plain = escape(text);

	g_string_append_printf(out, ".TP\n.B %s\n%s\n", bold, plain);
}

void wax_manual_errors(GString *out)
{
	g_string_append(out, ".SH ERRORS\n");
	for (int r = 1; r < WAX_REASON_COUNT_; r++) {
		const WaxReasonInfo *info = wax_reason_info((WaxReason)r);
		g_autofree char *title = g_strjoin(" ", info->code, info->label, NULL);
		g_autofree char *text = g_strdup_printf("SMTP %d %s, HTTP %d, exit status %d.",
			info->smtp, info->enhanced, info->http, info->exit_code);

		wax_manual_entry(out, title, text);
	}
}

static void append_setting(GString *out, const WaxSetting *setting)
{
	const char *key = strchr(setting->name, '.') + 1;
	g_autofree char *title = g_strjoin(" = ", key, setting->fallback, NULL);
	g_autofree char *range =
		setting->most ? g_strdup_printf("; %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
					setting->least, setting->most)
			      : g_strdup("");
	g_autofree char *text = g_strconcat(setting->sentence, range, NULL);

	if (setting->type == WAX_SETTING_TEXT) {
		g_free(title);
		title = g_strdup_printf("%s = \"%s\"", key, setting->fallback);
	}
	wax_manual_entry(out, title, text);
}

char *wax_manual_settings(void)
{
	GString *out = g_string_new(
		".TH WAXWING.TOML 5\n.SH NAME\nwaxwing.toml \\- the settings of waxwing\n"
		".SH DESCRIPTION\nSections in brackets, below them lines key = value: texts in "
		"quotes, numbers, true and false, lists of texts in brackets. Beside FILE.toml "
		"the files of conf.d are read in the order of their names. A key that is not "
		"below, a value of another kind or a key that stands twice stops the start. "
		"Each is shown with its default; without a file the defaults hold.\n"
		".B waxwing config check\nreads a file,\n.B waxwing config show\nprints what "
		"is in force.\n");
	const char *before = "";

	for (size_t i = 0; i < wax_setting_count; i++) {
		const char *name = wax_settings[i].name;
		size_t n = strcspn(name, ".");

		if (strncmp(name, before, n + 1) != 0)
			g_string_append_printf(out, ".SH [%.*s]\n", (int)n, name);
		before = name;
		append_setting(out, &wax_settings[i]);
	}
	return g_string_free(out, FALSE);
}
