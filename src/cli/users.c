/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing setup users: shows which users of the processes are missing, asks, makes them. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/local.h"
#include "cli/verbs.h"
#include "core/status.h"

typedef struct {
	const char *file;
	bool dry_run, yes;
} Words;

static bool read_words(int argc, char **argv, Words *words, GError **error)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			words->file = argv[++i];
		else if (strcmp(argv[i], "--dry-run") == 0)
			words->dry_run = true;
		else if (strcmp(argv[i], "--yes") == 0)
			words->yes = true;
		else
			return wax_fail(error, WAX_R_USAGE,
				"'%s' is not understood; usage: waxwing setup users "
				"[--config FILE] [--dry-run] [--yes]",
				argv[i]);
	}
	return true;
}

/* run - a program by its words; what it prints is taken, or shown when nobody takes it */
static bool run(char **words, char **ret_text, GError **error)
{
	g_autoptr(GError) why = NULL;
	GSpawnFlags flags =
		ret_text ? G_SPAWN_SEARCH_PATH : G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN;
	int status;

	if (g_spawn_sync(NULL, words, NULL, flags, NULL, NULL, ret_text, NULL, &status, &why) &&
		g_spawn_check_wait_status(status, &why))
		return true;
	return wax_fail(error, WAX_R_IO, "%s: %s", words[0], why->message);
}

/* missing - asked of the parent itself, which knows its processes */
static bool missing(const Words *words, const WaxConfig *config, char ***ret_names, GError **error)
{
	const char *libexec = wax_config_text(config, "paths.libexec");
	g_autofree char *text = NULL;
	g_autofree char *program =
		g_build_filename(libexec[0] ? libexec : WAX_LIBEXEC, "waxwingd", NULL);
	/* without a file the words end before its option */
	const char *asked[] = { program, "--missing-users", words->file ? "--config" : NULL,
		words->file, NULL };

	if (!run((char **)(uintptr_t)asked, &text, error))
		return false;
	*ret_names = g_strsplit(g_strstrip(text), "\n", -1);
	return true;
}

static char **user_command(const char *name)
{
	g_autofree char *line =
		g_strdup_printf("useradd --system --user-group --no-create-home "
				"--home-dir /nonexistent --shell /usr/sbin/nologin %s",
			name);

	return g_strsplit(line, " ", -1);
}

/* commands - what has to be done, each as its words */
static GPtrArray *commands(char **names, const WaxConfig *config)
{
	GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	const char *group = wax_config_text(config, "service.admin_group");

	for (; *names; names++)
		if (**names)
			g_ptr_array_add(all, user_command(*names));
	if (group[0] && !getgrnam(group)) {
		g_autofree char *line = g_strdup_printf("groupadd --system %s", group);

		g_ptr_array_add(all, g_strsplit(line, " ", -1));
	}
	return all;
}

static bool agreed(const Words *words)
{
	char answer[16] = "";

	if (words->yes)
		return true;
	printf("Make them? [y/N] ");
	fflush(stdout);
	return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static bool apply(GPtrArray *all, GError **error)
{
	if (geteuid() != 0)
		return wax_fail(error, WAX_R_NOT_PERMITTED, "only root may make users");
	for (guint i = 0; i < all->len; i++)
		if (!run(all->pdata[i], NULL, error))
			return false;
	printf("Done. From its next start each process runs under its own user: waxwing down, "
	       "waxwing up, waxwing status\n");
	return true;
}

static bool set_up(const Words *words, GError **error)
{
	g_autoptr(WaxConfig) config = NULL;
	g_autoptr(GPtrArray) all = NULL;
	g_auto(GStrv) names = NULL;

	if (!wax_local_config(words->file, &config, error) ||
		!missing(words, config, &names, error))
		return false;
	all = commands(names, config);
	for (guint i = 0; i < all->len; i++) {
		g_autofree char *line = g_strjoinv(" ", all->pdata[i]);

		printf("%s\n", line);
	}
	if (!all->len)
		printf("Every process has its user.\n");
	if (!all->len || words->dry_run)
		return true;
	if (!agreed(words)) {
		printf("Nothing was changed.\n");
		return true;
	}
	return apply(all, error);
}

int wax_cli_setup_users(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	const WaxReasonInfo *info;
	Words words = { NULL, false, false };

	if (read_words(argc, argv, &words, &error) && set_up(&words, &error))
		return 0;
	info = wax_reason_info(wax_reason_of(error));
	fprintf(stderr, "error[%s] %s: %s\n", info->code, info->label, error->message);
	return info->exit_code;
}
