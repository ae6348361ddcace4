/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/postfix_files.h"

#include <string.h>

#define FIELDS 8 /* of a service up to its command */

/* a logical line: one that starts at the margin and those with blanks in front that follow */
typedef struct {
	size_t start, end;
	char *text; /* of its lines, without comments between them */
} Logical;

static void logical_clear(gpointer data)
{
	Logical *line = data;

	g_free(line->text);
}

static bool says_nothing(const char *line, size_t n)
{
	while (n && g_ascii_isspace(*line)) {
		line++;
		n--;
	}
	return n == 0 || *line == '#';
}

static GArray *logical_lines(const char *text)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(Logical));

	g_array_set_clear_func(all, logical_clear);
	for (const char *at = text; *at;) {
		size_t n = strcspn(at, "\n"), whole = n + (at[n] == '\n');
		Logical *last = all->len ? &g_array_index(all, Logical, all->len - 1) : NULL;

		if (says_nothing(at, n)) {
			at += whole;
			continue;
		}
		if (last && g_ascii_isspace(*at)) {
			char *longer = g_strdup_printf("%s %.*s", last->text, (int)n, at);

			g_free(last->text);
			last->text = longer;
			last->end = (size_t)(at - text) + whole;
		} else {
			Logical line = { (size_t)(at - text), (size_t)(at - text) + whole,
				g_strndup(at, n) };

			g_array_append_val(all, line);
		}
		at += whole;
	}
	return all;
}

/* split - at blanks; what stands in { } is one word */
static char **split(const char *text)
{
	GPtrArray *words = g_ptr_array_new();

	while (*(text += strspn(text, " \t\r\n"))) {
		const char *from = text;
		int depth = 0;

		for (; *text && (depth > 0 || !g_ascii_isspace(*text)); text++)
			depth += (*text == '{') - (*text == '}');
		g_ptr_array_add(words, g_strndup(from, (gsize)(text - from)));
	}
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(words, FALSE);
}

void wax_postfix_service_free(WaxPostfixService *service)
{
	if (!service)
		return;
	g_free(service->name);
	g_free(service->type);
	g_free(service->command);
	g_strfreev(service->words);
	g_free(service);
}

GPtrArray *wax_postfix_services(const char *text)
{
	g_autoptr(GArray) lines = logical_lines(text);
	GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)wax_postfix_service_free);

	for (guint i = 0; i < lines->len; i++) {
		const Logical *line = &g_array_index(lines, Logical, i);
		g_auto(GStrv) words = split(line->text);
		WaxPostfixService *service;

		if (g_strv_length(words) < FIELDS)
			continue;
		service = g_new0(WaxPostfixService, 1);
		service->name = g_strdup(words[0]);
		service->type = g_strdup(words[1]);
		service->command = g_strdup(words[FIELDS - 1]);
		service->words = g_strdupv(words + FIELDS);
		service->end = line->end;
		g_ptr_array_add(all, service);
	}
	return all;
}

/* setting_of - "name=value" or "{ name = value }" where it is of this name; to g_free */
static char *setting_of(const char *word, const char *name)
{
	size_t n = strlen(word);
	g_autofree char *bare = n >= 2 && word[0] == '{' && word[n - 1] == '}'
					? g_strndup(word + 1, n - 2)
					: g_strdup(word);
	char *equals = strchr(bare, '=');

	if (!equals)
		return NULL;
	*equals = 0;
	return strcmp(g_strstrip(bare), name) == 0 ? g_strdup(g_strstrip(equals + 1)) : NULL;
}

char *wax_postfix_option(const WaxPostfixService *service, const char *name)
{
	char *value = NULL;

	for (char **word = service->words; *word; word++) {
		const char *setting = NULL;
		char *found;

		if (strcmp(*word, "-o") == 0 && word[1])
			setting = *++word;
		else if (g_str_has_prefix(*word, "-o"))
			setting = *word + 2;
		found = setting ? setting_of(setting, name) : NULL;
		if (found) {
			g_free(value); /* Postfix too takes the last one */
			value = found;
		}
	}
	return value;
}

/* insert - a line of its own, also where the text before has no end of line */
static char *insert(const char *text, size_t at, const char *line)
{
	bool joined = at > 0 && text[at - 1] != '\n';

	return g_strdup_printf("%.*s%s%s\n%s", (int)at, text, joined ? "\n" : "", line, text + at);
}

char *wax_postfix_add_option(
	const char *text, const WaxPostfixService *service, const char *name, const char *value)
{
	bool blanks = strpbrk(value, " \t") != NULL;
	g_autofree char *line =
		g_strdup_printf(blanks ? "  -o { %s = %s }" : "  -o %s=%s", name, value);

	return insert(text, service->end, line);
}

char *wax_postfix_set(const char *text, const char *name, const char *value)
{
	g_autoptr(GArray) lines = logical_lines(text);
	g_autofree char *wanted = g_strdup_printf("%s = %s", name, value);

	/* the last one counts */
	for (guint i = lines->len; i > 0; i--) {
		const Logical *line = &g_array_index(lines, Logical, i - 1);
		g_autofree char *old = setting_of(line->text, name);

		if (old)
			return g_strdup_printf(
				"%.*s%s\n%s", (int)line->start, text, wanted, text + line->end);
	}
	return insert(text, strlen(text), wanted);
}
