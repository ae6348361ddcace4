/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing up and down: start the service in the background, stop what was started. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/local.h"
#include "cli/verbs.h"
#include "core/io.h"
#include "core/status.h"

#define START_WAIT 60000 /* ms */

static int fail(const GError *error)
{
	const WaxReasonInfo *info = wax_reason_info(wax_reason_of(error));

	fprintf(stderr, "error[%s] %s: %s\n", info->code, info->label, error->message);
	return info->exit_code;
}

/* the pid files of services that this user started, one a line */
static char *register_path(void)
{
	return g_build_filename(g_get_user_state_dir(), "waxwing", "started", NULL);
}

static char **started(void)
{
	g_autofree char *path = register_path(), *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return g_new0(char *, 1);
	return g_strsplit(g_strstrip(text), "\n", -1);
}

static void remember(const char *pid_file, bool running)
{
	g_autofree char *path = register_path(), *folder = g_path_get_dirname(path);
	g_auto(GStrv) old = started();
	g_autoptr(GString) text = g_string_new(NULL);

	for (char **line = old; *line; line++)
		if ((*line)[0] && strcmp(*line, pid_file) != 0)
			g_string_append_printf(text, "%s\n", *line);
	if (running)
		g_string_append_printf(text, "%s\n", pid_file);
	/* without this note `down` needs --config; nothing else depends on it */
	if (g_mkdir_with_parents(folder, 0700) == 0)
		wax_ignore(wax_io_replace(path, WAX_SPAN(text->str, text->len), 0600, NULL));
}

static char *pid_file_of(const WaxConfig *config)
{
	g_autofree char *socket = wax_local_socket(config), *run = g_path_get_dirname(socket);

	return g_build_filename(run, "waxwingd.pid", NULL);
}

static bool read_arguments(
	int argc, char **argv, const char *verb, const char **ret_config, GError **error)
{
	*ret_config = NULL;
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			*ret_config = argv[++i];
		else
			return wax_fail(error, WAX_R_USAGE,
				"'%s' is not understood; usage: waxwing %s [--config FILE]",
				argv[i], verb);
	}
	return true;
}

/* wait_ready - the parent of all writes one octet when every process is ready */
static int wait_ready(int fd, pid_t pid)
{
	struct pollfd one = { fd, POLLIN, 0 };
	char octet;
	int status;

	if (poll(&one, 1, START_WAIT) > 0 && read(fd, &octet, 1) == 1)
		return 0;
	if (waitpid(pid, &status, WNOHANG) == pid && WIFEXITED(status))
		return WEXITSTATUS(status); /* it said why on standard error */
	fprintf(stderr,
		"waxwing up: not every process became ready within %d s; see: waxwing status\n",
		START_WAIT / 1000);
	return 75;
}

static void become_waxwingd(const char *program, const char *config, int ready)
{
	char number[16];
	const char *argv[] = { "waxwingd", "--ready-fd", number, config ? "--config" : NULL, config,
		NULL };
	int null = open("/dev/null", O_RDWR);

	g_snprintf(number, sizeof number, "%d", ready);
	setsid();
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	execv(program, (char **)(uintptr_t)argv);
	fprintf(stderr, "waxwing up: cannot run %s: %s\n", program, strerror(errno));
	_exit(71);
}

int wax_cli_up(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(WaxConfig) config = NULL;
	g_autofree char *program = NULL, *pid_file = NULL, *absolute = NULL;
	const char *file, *libexec;
	int ready[2], code;
	pid_t pid;

	if (!read_arguments(argc, argv, "up", &file, &error) ||
		!wax_local_config(file, &config, &error))
		return fail(error);
	libexec = wax_config_text(config, "paths.libexec");
	program = g_build_filename(libexec[0] ? libexec : WAX_LIBEXEC, "waxwingd", NULL);
	pid_file = pid_file_of(config);
	absolute = file ? g_canonicalize_filename(file, NULL) : NULL;
	if (pipe(ready) != 0) {
		wax_set_error_errno(&error, errno, "cannot start");
		return fail(error);
	}
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		become_waxwingd(program, absolute, ready[1]);
	}
	close(ready[1]);
	code = pid < 0 ? 71 : wait_ready(ready[0], pid);
	if (code != 0)
		return code;
	remember(pid_file, true);
	printf("Waxwing is running (process %d). Look: waxwing status. Stop: waxwing down\n",
		(int)pid);
	return 0;
}

/* stop - ask it to end, and wait until its lock is free; 1 when it was running */
static int stop(const char *pid_file)
{
	g_autofree char *text = NULL;
	int fd = open(pid_file, O_RDWR | O_CLOEXEC);
	int64_t pid;

	remember(pid_file, false);
	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		close(fd);
		return 0;
	}
	if (!g_file_get_contents(pid_file, &text, NULL, NULL) ||
		(pid = g_ascii_strtoll(text, NULL, 10)) <= 1 || kill((pid_t)pid, SIGTERM) != 0) {
		close(fd);
		return 0;
	}
	/* the lock is the service's as long as it lives */
	while (flock(fd, LOCK_EX) != 0 && errno == EINTR)
		;
	close(fd);
	return 1;
}

int wax_cli_down(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(WaxConfig) config = NULL;
	g_autofree char *own = NULL;
	g_auto(GStrv) others = NULL;
	const char *file;
	int count;

	if (!read_arguments(argc, argv, "down", &file, &error) ||
		!wax_local_config(file, &config, &error))
		return fail(error);
	own = pid_file_of(config);
	count = stop(own);
	if (!file) {
		others = started();
		for (char **path = others; *path; path++)
			if ((*path)[0])
				count += stop(*path);
	}
	printf("%d stopped\n", count);
	return 0;
}
