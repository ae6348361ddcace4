/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/words.h"

#include <string.h>

#include "api/client.h"
#include "cli/manual.h"
#include "cli/prompt.h"
#include "core/io.h"
#include "core/settings.h"

#define FILE_MAX (16u << 20)

static bool begins(const WaxCommand *command, int argc, char **argv, int *ret_used)
{
	g_auto(GStrv) verb = g_strsplit(command->verb, " ", -1);
	int n = (int)g_strv_length(verb);

	if (argc < n)
		return false;
	for (int i = 0; i < n; i++)
		if (strcmp(verb[i], argv[i]) != 0)
			return false;
	*ret_used = n;
	return true;
}

const WaxCommand *wax_line_find(int argc, char **argv, int *ret_used, GError **error)
{
	g_autofree const char **known = g_new0(const char *, wax_command_count);
	g_autofree char *given = NULL;
	const char *near;

	for (size_t i = 0; i < wax_command_count; i++) {
		known[i] = wax_commands[i].verb;
		if (begins(&wax_commands[i], argc, argv, ret_used))
			return &wax_commands[i];
	}
	given = argc > 1 && argv[1][0] != '-' ? g_strjoin(" ", argv[0], argv[1], NULL)
					      : g_strdup(argv[0]);
	near = wax_nearest(given, known, wax_command_count);
	wax_set_error(error, WAX_R_USAGE, "there is no command '%s'%s%s%s", given,
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return NULL;
}

static bool put_span(json_t *words, const char *key, WaxSpan secret, GError **error)
{
	json_t *text = json_stringn((const char *)secret.p, secret.n);

	if (!text)
		return wax_fail(error, WAX_R_VALUE_INVALID, "the %s is no UTF-8 text", key);
	return json_object_set_new(words, key, text) == 0;
}

/* put_secret - the first line of the file */
static bool put_secret(json_t *words, const char *key, const char *path, GError **error)
{
	g_autoptr(GByteArray) bytes = NULL;
	size_t n = 0;
	bool ok;

	if (!wax_io_load(path, FILE_MAX, &bytes, error))
		return false;
	while (n < bytes->len && bytes->data[n] != '\r' && bytes->data[n] != '\n')
		n++;
	ok = put_span(words, key, WAX_SPAN(bytes->data, n), error);
	wax_wipe(bytes->data, bytes->len);
	return ok;
}

/* put - one value under its key, by its kind */
static bool put(json_t *words, const char *key, WaxFlagKind kind, const char *value, GError **error)
{
	g_autoptr(GByteArray) bytes = NULL;
	g_autofree char *text = NULL;
	json_t *list;

	switch (kind) {
	case WAX_FLAG_LIST:
		list = json_object_get(words, key);
		if (!list) {
			list = json_array();
			json_object_set_new(words, key, list);
		}
		json_array_append_new(list, json_string(value));
		return true;
	case WAX_FLAG_BYTES:
		if (!wax_io_load(value, FILE_MAX, &bytes, error))
			return false;
		text = g_base64_encode(bytes->data, bytes->len);
		wax_wipe(bytes->data, bytes->len);
		json_object_set_new(words, key, json_string(text));
		return true;
	case WAX_FLAG_SECRET:
	case WAX_FLAG_ASK:
	case WAX_FLAG_ASK_NEW:
		return put_secret(words, key, value, error);
	default:
		json_object_set_new(words, key, json_string(value));
		return true;
	}
}

static const WaxFlag common[] = {
	{ "--json", NULL, NULL, WAX_FLAG_BOOL, "Print one JSON object." },
	{ "--dry-run", NULL, NULL, WAX_FLAG_BOOL, "Show what would be asked for; change nothing." },
	{ "--help", NULL, NULL, WAX_FLAG_BOOL, "Show this help." },
	{ "--config", "F", NULL, WAX_FLAG_TEXT, "Read this configuration file." },
	{ "--socket", "PATH", NULL, WAX_FLAG_TEXT, "Ask the service at this socket." },
};

static bool changes(const WaxCommand *command)
{
	return command->method && strcmp(command->method, "GET") != 0;
}

static const WaxFlag *find_flag(const WaxCommand *command, const char *name, size_t n)
{
	for (size_t i = 0; i < WAX_FLAGS_MAX && command->flags[i].name; i++)
		if (strlen(command->flags[i].name) == n &&
			strncmp(command->flags[i].name, name, n) == 0)
			return &command->flags[i];
	for (size_t i = 0; i < G_N_ELEMENTS(common); i++)
		if (strlen(common[i].name) == n && strncmp(common[i].name, name, n) == 0 &&
			(strcmp(common[i].name, "--dry-run") != 0 || changes(command)))
			return &common[i];
	return NULL;
}

static bool set_common(WaxLine *line, const WaxFlag *flag, const char *value)
{
	if (strcmp(flag->name, "--json") == 0)
		line->json = true;
	else if (strcmp(flag->name, "--dry-run") == 0)
		line->dry_run = true;
	else if (strcmp(flag->name, "--help") == 0)
		line->help = true;
	else if (strcmp(flag->name, "--config") == 0)
		line->config = value;
	else
		line->socket = value;
	return true;
}

static bool take_flag(WaxLine *line, int argc, char **argv, int *i, GError **error)
{
	const char *word = argv[*i], *value = strchr(word, '=');
	size_t n = value ? (size_t)(value - word) : strlen(word);
	const WaxFlag *flag = find_flag(line->command, word, n);

	if (!flag)
		return wax_fail(error, WAX_R_USAGE, "'%s' has no option %.*s", line->command->verb,
			(int)n, word);
	if (!flag->value && value)
		return wax_fail(error, WAX_R_USAGE, "%s takes no value", flag->name);
	if (flag->value && !value && *i + 1 >= argc)
		return wax_fail(
			error, WAX_R_USAGE, "%s wants a value: %s", flag->name, flag->value);
	if (flag->value)
		value = value ? value + 1 : argv[++*i];
	if (!flag->key)
		return set_common(line, flag, value);
	if (flag->kind == WAX_FLAG_OUT) {
		line->out = value;
		return true;
	}
	if (flag->kind == WAX_FLAG_BOOL)
		return json_object_set_new(line->words, flag->key, json_true()) == 0;
	if (flag->kind != WAX_FLAG_LIST && json_object_get(line->words, flag->key))
		return wax_fail(error, WAX_R_USAGE, "%s is given twice", flag->name);
	return put(line->words, flag->key, flag->kind, value, error);
}

static bool read_words(WaxLine *line, int argc, char **argv, GError **error)
{
	const WaxOperand *operands = line->command->operands;
	bool only_operands = false;
	int at = 0;

	for (int i = 0; i < argc; i++) {
		if (!only_operands && strcmp(argv[i], "--") == 0) {
			only_operands = true;
		} else if (!only_operands && strncmp(argv[i], "--", 2) == 0) {
			if (!take_flag(line, argc, argv, &i, error))
				return false;
		} else if (at >= WAX_OPERANDS_MAX || !operands[at].name) {
			return wax_fail(error, WAX_R_USAGE, "'%s' is one word too many", argv[i]);
		} else if (!put(line->words, operands[at].key, operands[at].kind, argv[i], error)) {
			return false;
		} else {
			at++;
		}
	}
	if (!line->help && at < WAX_OPERANDS_MAX && operands[at].name &&
		operands[at].name[0] != '[')
		return wax_fail(error, WAX_R_USAGE, "'%s' wants %s", line->command->verb,
			operands[at].name);
	return true;
}

static bool ask_secrets(WaxLine *line, GError **error)
{
	for (size_t i = 0; i < WAX_FLAGS_MAX && line->command->flags[i].name; i++) {
		const WaxFlag *flag = &line->command->flags[i];
		g_autoptr(WaxSecret) secret = NULL;
		g_autofree char *what = g_strdelimit(g_strdup(flag->key), "_", ' ');

		if ((flag->kind != WAX_FLAG_ASK && flag->kind != WAX_FLAG_ASK_NEW) ||
			json_object_get(line->words, flag->key))
			continue;
		if (!wax_prompt_secret(
			    what, flag->name, flag->kind == WAX_FLAG_ASK_NEW, &secret, error) ||
			!put_span(line->words, flag->key, wax_secret_span(secret), error))
			return false;
	}
	return true;
}

bool wax_line_read(
	const WaxCommand *command, int argc, char **argv, WaxLine *ret_line, GError **error)
{
	WaxLine line = { .command = command, .words = json_object() };

	if (!read_words(&line, argc, argv, error) ||
		(!line.help && !line.dry_run && !ask_secrets(&line, error))) {
		wax_line_clear(&line);
		return false;
	}
	*ret_line = line;
	return true;
}

void wax_line_clear(WaxLine *line)
{
	json_decref(line->words);
	line->words = NULL;
}

char *wax_line_path(const WaxLine *line)
{
	const char *pattern = line->command->path, *open = strchr(pattern, '{');
	g_autofree char *used = open ? g_strndup(open + 1, strcspn(open + 1, "}")) : NULL;
	GString *path = g_string_new_len(pattern, open ? open - pattern : (gssize)strlen(pattern));
	const char *key, *joint = "?";
	json_t *value;

	if (open) {
		g_autofree char *segment =
			wax_api_escape(json_string_value(json_object_get(line->words, used)));

		g_string_append(path, segment);
		g_string_append(path, strchr(open, '}') + 1);
	}
	if (changes(line->command))
		return g_string_free(path, FALSE);
	json_object_foreach(line->words, key, value)
	{
		const char *text = json_is_string(value) ? json_string_value(value) : "1";
		g_autofree char *escaped = wax_api_escape(text);

		if (used && strcmp(used, key) == 0)
			continue;
		g_string_append_printf(path, "%s%s=%s", joint, key, escaped);
		joint = "&";
	}
	return g_string_free(path, FALSE);
}

static void append_usage(GString *out, const WaxCommand *command)
{
	g_string_append_printf(out, "waxwing %s", command->verb);
	for (size_t i = 0; i < WAX_OPERANDS_MAX && command->operands[i].name; i++)
		g_string_append_printf(out, " %s", command->operands[i].name);
	for (size_t i = 0; i < WAX_FLAGS_MAX && command->flags[i].name; i++) {
		const WaxFlag *flag = &command->flags[i];
		g_autofree char *name = g_strjoin(" ", flag->name, flag->value, NULL);

		g_string_append_printf(out, flag->kind == WAX_FLAG_NEEDED ? " %s%s" : " [%s]%s",
			name, flag->kind == WAX_FLAG_LIST ? "..." : "");
	}
}

static void append_flag(GString *out, const WaxFlag *flag)
{
	g_autofree char *name = g_strjoin(" ", flag->name, flag->value, NULL);

	g_string_append_printf(out, "  %-28s %s\n", name, flag->sentence);
}

char *wax_help_text(const WaxCommand *command)
{
	GString *out = g_string_new(NULL);

	for (size_t i = 0; !command && i < wax_command_count; i++)
		g_string_append_printf(
			out, "  %-22s %s\n", wax_commands[i].verb, wax_commands[i].sentence);
	if (!command)
		return g_string_free(out, FALSE);
	append_usage(out, command);
	g_string_append_printf(out, "\n\n%s\n\n", command->sentence);
	for (size_t i = 0; i < WAX_FLAGS_MAX && command->flags[i].name; i++)
		append_flag(out, &command->flags[i]);
	for (size_t i = 0; !command->raw && i < G_N_ELEMENTS(common); i++)
		if (find_flag(command, common[i].name, strlen(common[i].name)))
			append_flag(out, &common[i]);
	return g_string_free(out, FALSE);
}

char *wax_help_group(const char *word)
{
	g_autofree char *begin = g_strconcat(word, " ", NULL);
	GString *out = g_string_new(NULL);

	for (size_t i = 0; i < wax_command_count; i++)
		if (g_str_has_prefix(wax_commands[i].verb, begin))
			g_string_append_printf(out, "  %-22s %s\n", wax_commands[i].verb,
				wax_commands[i].sentence);
	return g_string_free(out, out->len == 0);
}

static void append_man_flag(GString *out, const WaxFlag *flag)
{
	g_autofree char *name = g_strjoin(" ", flag->name, flag->value, NULL);

	wax_manual_entry(out, name, flag->sentence);
}

static void append_man_command(GString *out, const WaxCommand *command)
{
	g_autoptr(GString) usage = g_string_new(NULL);

	append_usage(usage, command);
	wax_manual_entry(out, usage->str, command->sentence);
	if (!command->flags[0].name)
		return;
	g_string_append(out, ".RS\n");
	for (size_t i = 0; i < WAX_FLAGS_MAX && command->flags[i].name; i++)
		append_man_flag(out, &command->flags[i]);
	g_string_append(out, ".RE\n");
}

char *wax_help_man(void)
{
	GString *out = g_string_new(
		".TH WAXWING 1\n.SH NAME\nwaxwing \\- the S/MIME mail gateway's commands\n"
		".SH SYNOPSIS\n.B waxwing\n.I VERB\n\\&...\n.SH COMMANDS\n");

	for (size_t i = 0; i < wax_command_count; i++)
		append_man_command(out, &wax_commands[i]);
	wax_manual_entry(out, "waxwing help [VERB]",
		"List the commands, or explain one; --man prints this page, --bash the "
		"completion.");
	g_string_append(out, ".SH OPTIONS OF EVERY COMMAND\n"
			     "Those that work without a service (open, seal, up, down, setup "
			     "users, setup postfix, "
			     "cert show, cert verify) have their own and --help.\n");
	for (size_t i = 0; i < G_N_ELEMENTS(common); i++)
		append_man_flag(out, &common[i]);
	g_string_append(out, ".SH EXIT STATUS\n0 when it was done; else as sysexits: 64 asked "
			     "wrongly, 65 bad data,"
			     " 66 no input, 75 try again, 77 not permitted, 70 a fault of ours.\n");
	wax_manual_errors(out);
	g_string_append(out, ".SH SEE ALSO\n.BR waxwing.toml (5)\n");
	return g_string_free(out, FALSE);
}

char *wax_help_bash(void)
{
	GString *out = g_string_new("_waxwing() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
				    "\tcase \"${COMP_WORDS[*]:1:COMP_CWORD-1}\" in\n");
	g_autoptr(GString) all = g_string_new(NULL);

	for (size_t i = 0; i < wax_command_count; i++) {
		const WaxCommand *command = &wax_commands[i];

		g_string_append_printf(out, "\t'%s'*) COMPREPLY=($(compgen -W '", command->verb);
		for (size_t f = 0; f < WAX_FLAGS_MAX && command->flags[f].name; f++)
			g_string_append_printf(out, "%s ", command->flags[f].name);
		g_string_append(out, "--json --help' -- \"$cur\") $(compgen -f -- \"$cur\")) ;;\n");
		g_string_append_printf(all, "%s%s", all->len ? "\\n" : "", command->verb);
	}
	g_string_append_printf(out,
		"\t*) COMPREPLY=($(compgen -W \"$(printf '%s' | awk -v n=\"$COMP_CWORD\" "
		"-v p=\"${COMP_WORDS[1]}\" 'n==1 || $1==p {print $n}')\" -- \"$cur\")) ;;\n"
		"\tesac\n}\ncomplete -o default -F _waxwing waxwing\n",
		all->str);
	return g_string_free(out, FALSE);
}

static void append_value(GString *out, const json_t *value, int depth);

static void append_members(GString *out, const json_t *object, int depth)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		if (json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0))
			continue;
		g_string_append_printf(out, "%*s%-14s ", depth * 2, "", key);
		append_value(out, value, depth + 1);
	}
}

static void append_items(GString *out, const json_t *array, int depth)
{
	size_t i;
	json_t *item;

	if (json_is_object(json_array_get(array, 0)))
		g_string_append_c(out, '\n');
	json_array_foreach(array, i, item)
	{
		if (json_is_object(item)) {
			append_members(out, item, depth);
			g_string_append_c(out, '\n');
		} else {
			g_string_append_printf(out, "%s%s", i ? ", " : "",
				json_is_string(item) ? json_string_value(item) : "?");
		}
	}
	if (!json_is_object(json_array_get(array, 0)))
		g_string_append_c(out, '\n');
}

static void append_value(GString *out, const json_t *value, int depth)
{
	if (json_is_string(value))
		g_string_append_printf(out, "%s\n", json_string_value(value));
	else if (json_is_integer(value))
		g_string_append_printf(
			out, "%" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
	else if (json_is_boolean(value))
		g_string_append(out, json_is_true(value) ? "yes\n" : "no\n");
	else if (json_is_array(value))
		append_items(out, value, depth);
	else if (json_is_object(value)) {
		g_string_append_c(out, '\n');
		append_members(out, value, depth);
	}
}

char *wax_answer_text(const json_t *answer)
{
	GString *out = g_string_new(NULL);
	const json_t *items = json_object_get(answer, "items");

	if (json_is_array(items) && json_array_size(items) == 0)
		g_string_append(out, "(none)\n");
	else if (json_is_array(items))
		append_items(out, items, 0);
	else
		append_members(out, answer, 0);
	return g_string_free(out, FALSE);
}
