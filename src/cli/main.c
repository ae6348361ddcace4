/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing: finds the command in the table, carries it out, shows the answer */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "cli/local.h"
#include "cli/manual.h"
#include "cli/words.h"
#include "core/io.h"

static int report(const GError *error)
{
	const WaxReasonInfo *info = wax_reason_info(wax_reason_of(error));

	fprintf(stderr, "error[%s] %s: %s\n  more       waxwing explain %s\n", info->code,
		info->label, error->message, info->code);
	return info->reason == WAX_R_NO_INPUT ? 66 : info->exit_code;
}

static int show_text(char *text)
{
	g_autofree char *held = text;

	fputs(held, stdout);
	return 0;
}

static int help(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	const WaxCommand *command;
	char *group;
	int used;

	if (argc > 0 && strcmp(argv[0], "--man") == 0)
		return show_text(wax_help_man());
	if (argc > 0 && strcmp(argv[0], "--man-settings") == 0)
		return show_text(wax_manual_settings());
	if (argc > 0 && strcmp(argv[0], "--bash") == 0)
		return show_text(wax_help_bash());
	if (argc == 0)
		return show_text(wax_help_text(NULL));
	command = wax_line_find(argc, argv, &used, &error);
	if (command)
		return show_text(wax_help_text(command));
	group = argc == 1 ? wax_help_group(argv[0]) : NULL;
	return group ? show_text(group) : report(error);
}

/* hide_secrets - what is shown of a request that is not sent */
static void hide_secrets(const WaxLine *line)
{
	for (size_t i = 0; i < WAX_FLAGS_MAX && line->command->flags[i].name; i++)
		if (line->command->flags[i].kind == WAX_FLAG_SECRET &&
			json_object_get(line->words, line->command->flags[i].key))
			json_object_set_new(
				line->words, line->command->flags[i].key, json_string("(hidden)"));
}

static bool ask(const WaxLine *line, json_t **ret_answer, GError **error)
{
	g_autofree char *path = wax_line_path(line);
	g_autofree char *socket_path = g_strdup(line->socket);
	g_autoptr(WaxConfig) config = NULL;
	bool reads = strcmp(line->command->method, "GET") == 0;

	if (line->dry_run) {
		hide_secrets(line);
		*ret_answer = json_pack("{s:s,s:s,s:O}", "would", line->command->method, "path",
			path, "body", line->words);
		return true;
	}
	if (!socket_path) {
		if (!wax_local_config(line->config, &config, error))
			return false;
		socket_path = wax_local_socket(config);
	}
	return wax_api_call(socket_path, line->command->method, path, reads ? NULL : line->words,
		ret_answer, error);
}

/* save_one - base64 of the answer into a file for its owner alone; the answer then names the file */
static bool save_one(json_t *answer, const char *key, const char *path, GError **error)
{
	const char *text = json_string_value(json_object_get(answer, key));
	g_autofree guchar *bytes = NULL;
	gsize n;
	bool ok;

	if (!text)
		return true;
	bytes = g_base64_decode(text, &n);
	ok = wax_io_replace(path, WAX_SPAN(bytes, n), 0600, error);
	wax_wipe(bytes, n);
	return ok && json_object_set_new(answer, key, json_string(path)) == 0;
}

static bool save(const WaxLine *line, json_t *answer, GError **error)
{
	const char *dot = line->out ? strrchr(line->out, '.') : NULL;
	g_autofree char *second = NULL, *key = NULL;

	if (!line->out || line->dry_run)
		return true;
	if (!dot || strchr(dot, '/'))
		dot = line->out + strlen(line->out);
	second = g_strdup_printf("%.*s-sign%s", (int)(dot - line->out), line->out, dot);
	key = g_strconcat(line->command->save, "_sign", NULL);
	return save_one(answer, line->command->save, line->out, error) &&
	       save_one(answer, key, second, error);
}

static void show(const WaxLine *line, const json_t *answer)
{
	const char *text = line->command->show
				   ? json_string_value(json_object_get(answer, line->command->show))
				   : NULL;
	g_autofree char *made = NULL;

	if (line->json) {
		char *dump = json_dumps(answer, JSON_INDENT(2) | JSON_ENCODE_ANY);

		puts(dump);
		free(dump);
		return;
	}
	if (!text)
		text = made = line->command->columns && !line->dry_run
				      ? line->command->columns(answer)
				      : wax_answer_text(answer);
	fputs(text, stdout);
}

static int carry_out(const WaxCommand *command, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	json_t *answer = NULL;
	WaxLine line;
	bool good;

	if (!wax_line_read(command, argc, argv, &line, &error))
		return report(error);
	if (line.help) {
		wax_line_clear(&line);
		return show_text(wax_help_text(command));
	}
	good = command->run ? command->run(line.words, &answer, &error)
			    : ask(&line, &answer, &error);
	good = good && save(&line, answer, &error);
	if (good)
		show(&line, answer);
	json_decref(answer);
	wax_line_clear(&line);
	return good ? 0 : report(error);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	const WaxCommand *command;
	int used = 0;

	if (argc < 2) {
		help(0, NULL);
		return 64;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
		return help(argc - 2, argv + 2);
	if (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0) {
		puts("waxwing " WAX_VERSION);
		return 0;
	}
	command = wax_line_find(argc - 1, argv + 1, &used, &error);
	if (!command)
		return report(error);
	if (command->raw && argc == 2 + used && strcmp(argv[argc - 1], "--help") == 0)
		return show_text(wax_help_text(command));
	if (command->raw)
		return command->raw(argc - 1 - used, argv + 1 + used);
	return carry_out(command, argc - 1 - used, argv + 1 + used);
}
