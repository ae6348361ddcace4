/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waxwing setup postfix: shows how main.cf and master.cf would change, asks,
 * changes both, and takes it back.
 *
 * What is needed to take it back lies in STATE/postfix: both files as they
 * were (.original), as they were written (.applied), and the record
 * applied.json with their digests.  It is written before the files are.
 */
#include "cli/postfix.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/local.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "core/io.h"
#include "core/status.h"

#define SETTINGS_NAME "50-postfix.toml"
#define FILES	      2
#define MARK	      "# waxwing: mark\n"

static const char *const names[FILES] = { "main.cf", "master.cf" };

typedef struct {
	WaxPostfixAsk ask;
	WaxConfig *config;
	char *folder;	     /* of Postfix, absolute */
	char *keep;	     /* STATE/postfix */
	char *settings_path; /* our file in conf.d */
	char *scratch;	     /* a folder for texts that programs compare */
	json_t *record;	     /* NULL: nothing is applied */
	char *now[FILES];    /* the files as they are */
	char *base[FILES];   /* without what is ours */
	char *settings;	     /* our file as it is, or NULL */
} Job;

static void job_clear(Job *job)
{
	if (job->scratch) {
		const char *words[] = { "rm", "-r", job->scratch, NULL };

		wax_ignore(wax_postfix_run(words, NULL, NULL));
	}
	for (size_t i = 0; i < FILES; i++) {
		g_free(job->now[i]);
		g_free(job->base[i]);
	}
	wax_config_free(job->config);
	g_free(job->folder);
	g_free(job->keep);
	g_free(job->settings_path);
	g_free(job->scratch);
	g_free(job->settings);
	json_decref(job->record);
}

static char *digest(const char *text)
{
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

static bool is_recorded(const Job *job, const char *key, const char *text)
{
	g_autofree char *found = digest(text);

	return g_strcmp0(json_string_value(json_object_get(job->record, key)), found) == 0;
}

static char *kept(const Job *job, const char *name, const char *suffix)
{
	g_autofree char *file = g_strconcat(name, suffix, NULL);

	return g_build_filename(job->keep, file, NULL);
}

/* ---- before anything is changed ---- */

static bool read_words(int argc, char **argv, WaxPostfixAsk *ask, GError **error)
{
	const WaxOption options[] = {
		{ "--config-dir", WAX_OPTION_TEXT, &ask->folder },
		{ "--config", WAX_OPTION_TEXT, &ask->config_file },
		{ "--submission", WAX_OPTION_LIST, ask->submission },
		{ "--inbound", WAX_OPTION_LIST, ask->inbound },
		{ "--login-maps", WAX_OPTION_TEXT, &ask->login_maps },
		{ "--test-to", WAX_OPTION_TEXT, &ask->test_to },
		{ "--no-test", WAX_OPTION_FLAG, &ask->no_test },
		{ "--undo", WAX_OPTION_FLAG, &ask->undo },
		{ "--keep-changes", WAX_OPTION_FLAG, &ask->keep_changes },
		{ "--dry-run", WAX_OPTION_FLAG, &ask->dry_run },
		{ "--yes", WAX_OPTION_FLAG, &ask->yes },
	};

	if (!wax_options_read(argc, argv, options, G_N_ELEMENTS(options), NULL, error))
		return false;
	if (ask->keep_changes && !ask->undo)
		return wax_fail(error, WAX_R_USAGE, "--keep-changes belongs to --undo");
	return true;
}

static bool read_record(Job *job, GError **error)
{
	g_autofree char *path = g_build_filename(job->keep, "applied.json", NULL);
	json_error_t why;
	const char *folder;

	if (access(path, F_OK) != 0) {
		if (errno == ENOENT)
			return true;
		return wax_fail(error, WAX_R_NOT_PERMITTED, "cannot read %s: %s; run this as root",
			path, g_strerror(errno));
	}
	job->record = json_load_file(path, 0, &why);
	if (!job->record)
		return wax_fail(error, WAX_R_IO, "cannot read %s: %s", path, why.text);
	folder = json_string_value(json_object_get(job->record, "folder"));
	if (g_strcmp0(folder, job->folder) != 0)
		return wax_fail(error, WAX_R_NOT_PERMITTED,
			"this Waxwing is wired to the Postfix of %s; first take that back: waxwing "
			"setup postfix --undo --config-dir %s",
			folder, folder);
	return true;
}

static bool prepare(Job *job, GError **error)
{
	const char *file = wax_local_config_file(job->ask.config_file);
	g_autofree char *state = NULL, *beside = g_path_get_dirname(file);

	if (!wax_local_config(job->ask.config_file, &job->config, error))
		return false;
	state = wax_local_state(job->config);
	job->keep = g_build_filename(state, "postfix", NULL);
	job->settings_path = g_build_filename(beside, "conf.d", SETTINGS_NAME, NULL);
	job->folder =
		g_canonicalize_filename(job->ask.folder ? job->ask.folder : "/etc/postfix", NULL);
	if (!read_record(job, error))
		return false;
	for (size_t i = 0; i < FILES; i++)
		if (!wax_postfix_load(job->folder, names[i], &job->now[i], error))
			return false;
	wax_ignore(g_file_get_contents(job->settings_path, &job->settings, NULL, NULL));
	job->scratch = g_dir_make_tmp("waxwing-postfix-XXXXXX", NULL);
	return job->scratch || wax_fail_errno(error, errno, "cannot make a temporary folder");
}

static bool scratch_file(const Job *job, const char *name, const char *text, GError **error)
{
	g_autofree char *path = g_build_filename(job->scratch, name, NULL);

	return wax_io_replace(path, WAX_SPAN(text, strlen(text)), 0600, error);
}

/* mark - a line behind what was put at the end, so that what others put there later stands apart from it */
static char *mark(const char *text, const char *last_line)
{
	const char *at = last_line ? g_strrstr(text, last_line) : NULL;
	size_t n = at ? (size_t)(at - text) + strlen(last_line) : strlen(text);

	return g_strdup_printf(
		"%.*s%s%s%s", (int)n, text, n && text[n - 1] != '\n' ? "\n" : "", MARK, text + n);
}

static char *last_line_of(const char *text)
{
	const char *at = text + strlen(text);

	while (at > text && (at[-1] != '\n' || !at[0]))
		at--;
	return g_strdup(at);
}

/* unmark - and an original that did not end its last line does not end it now */
static char *unmark(const char *text, const char *original)
{
	const char *at = strstr(text, MARK), *rest = at ? at + strlen(MARK) : "";
	bool ended = rest[0] || !original[0] || g_str_has_suffix(original, "\n");

	if (!at)
		return g_strdup(text);
	return g_strdup_printf("%.*s%s", (int)(at - text) - (ended ? 0 : 1), text, rest);
}

/* merge - what others changed stays; false when it touches what is taken out */
static bool merge(
	const Job *job, const char *now, const char *applied, const char *original, char **ret_text)
{
	g_autofree char *last = last_line_of(applied), *a = mark(now, last),
			*b = mark(applied, last), *c = mark(original, NULL), *text = NULL,
			*from = g_build_filename(job->scratch, "now", NULL),
			*by = g_build_filename(job->scratch, "applied", NULL),
			*to = g_build_filename(job->scratch, "original", NULL);
	const char *words[] = { "diff3", "-m", from, by, to, NULL };

	if (!scratch_file(job, "now", a, NULL) || !scratch_file(job, "applied", b, NULL) ||
		!scratch_file(job, "original", c, NULL) || !wax_postfix_run(words, &text, NULL))
		return false;
	*ret_text = unmark(text, original);
	return true;
}

/* without_ours - the file as it is now, with what was applied taken out of it again */
static bool without_ours(const Job *job, size_t i, char **ret_text, GError **error)
{
	g_autofree char *path = g_build_filename(job->folder, names[i], NULL),
			*applied_path = kept(job, names[i], ".applied"),
			*applied_name = g_strconcat(names[i], ".applied", NULL),
			*original_name = g_strconcat(names[i], ".original", NULL), *applied = NULL,
			*original = NULL;

	if (!job->record) {
		*ret_text = g_strdup(job->now[i]);
		return true;
	}
	if (!wax_postfix_load(job->keep, applied_name, &applied, error) ||
		!wax_postfix_load(job->keep, original_name, &original, error))
		return false;
	if (strcmp(job->now[i], original) == 0 || strcmp(job->now[i], applied) == 0) {
		*ret_text = g_steal_pointer(&original);
		return true;
	}
	if (merge(job, job->now[i], applied, original, ret_text))
		return true;
	return wax_fail(error, WAX_R_NOT_PERMITTED,
		"%s was changed in or beside the lines of Waxwing; see: diff -u %s %s", path,
		applied_path, path);
}

/* show_change - as `diff -u` says it; true when there is one */
static bool show_change(const Job *job, const char *path, const char *from, const char *to)
{
	g_autofree char *a = g_build_filename(job->scratch, "from", NULL),
			*b = g_build_filename(job->scratch, "to", NULL);
	const char *words[] = { "diff", "-u", "--label", path, "--label", path, a, b, NULL };

	if (g_strcmp0(from, to) == 0)
		return false;
	fflush(stdout);
	if (!scratch_file(job, "from", from ? from : "", NULL) ||
		!scratch_file(job, "to", to ? to : "", NULL))
		return true;
	wax_ignore(
		wax_postfix_run(words, NULL, NULL)); /* a difference counts as a failure to diff */
	return true;
}

static bool may_write(const Job *job, GError **error)
{
	if (geteuid() == 0 && access(job->folder, W_OK) == 0)
		return true;
	return wax_fail(error, WAX_R_NOT_PERMITTED,
		"only root may change the files in %s and reload Postfix", job->folder);
}

static bool agreed(const Job *job, const char *question, bool *ret_yes, GError **error)
{
	char answer[16] = "";

	*ret_yes = job->ask.yes;
	if (job->ask.yes)
		return true;
	if (!isatty(STDIN_FILENO))
		return wax_fail(error, WAX_R_USAGE,
			"nobody can be asked here, since standard input is no terminal; give "
			"--yes");
	printf("%s [y/N] ", question);
	fflush(stdout);
	*ret_yes = fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
	if (!*ret_yes)
		printf("Nothing was changed.\n");
	return true;
}

/* ---- the change ---- */

static bool postfix(const Job *job, const char *verb, GError **error)
{
	const char *words[] = { "postfix", "-c", job->folder, verb, NULL };

	fflush(stdout);
	return wax_postfix_run(words, NULL, error);
}

static bool fill(int fd, const struct stat *like, const char *text, GError **error)
{
	if (fchown(fd, like->st_uid, like->st_gid) != 0 || fchmod(fd, like->st_mode & 07777) != 0)
		return wax_fail_errno(error, errno, "cannot keep the owner");
	if (!wax_io_write(fd, WAX_SPAN(text, strlen(text)), error))
		return false;
	return fsync(fd) == 0 || wax_fail_errno(error, errno, "cannot write");
}

/* rewrite - at once and durably, with the owner and mode that the file has; a link stays one */
static bool rewrite(const char *path, const char *text, GError **error)
{
	g_autofree char *real = realpath(path, NULL),
			*beside = g_strconcat(real ? real : path, ".XXXXXX", NULL),
			*folder = g_path_get_dirname(beside);
	struct stat st;
	int fd;
	bool ok;

	if (!real || stat(real, &st) != 0 || (fd = g_mkstemp(beside)) < 0)
		return wax_fail_errno(error, errno, "cannot write %s", path);
	ok = fill(fd, &st, text, error);
	close(fd);
	if (ok && rename(beside, real) != 0)
		ok = wax_fail_errno(error, errno, "cannot write %s", path);
	if (!ok) {
		(void)unlink(beside); /* the error that stands is the one above */
		return false;
	}
	return wax_io_sync_folder(folder, error);
}

static bool write_files(const Job *job, const char *const *texts, GError **error)
{
	/* services first: a parameter of a transport that is not there yet is only unused */
	for (size_t i = FILES; i > 0; i--) {
		g_autofree char *path = g_build_filename(job->folder, names[i - 1], NULL);
		g_autofree char *there = NULL;

		if (!wax_postfix_load(job->folder, names[i - 1], &there, error))
			return false;
		if (strcmp(there, texts[i - 1]) != 0 && !rewrite(path, texts[i - 1], error))
			return false;
	}
	return true;
}

/* write_settings - our file in conf.d, and a main file for it to stand beside; NULL: take it away */
static bool write_settings(const Job *job, const char *text, GError **error)
{
	static const char empty[] = "# Settings of Waxwing; waxwing config show prints them all.\n";
	const char *file = wax_local_config_file(job->ask.config_file);
	g_autofree char *folder = g_path_get_dirname(job->settings_path);

	if (!text) {
		if (unlink(job->settings_path) != 0 && errno != ENOENT)
			return wax_fail_errno(error, errno, "cannot remove %s", job->settings_path);
		return access(folder, F_OK) != 0 || wax_io_sync_folder(folder, error);
	}
	if (g_mkdir_with_parents(folder, 0755) != 0)
		return wax_fail_errno(error, errno, "cannot make %s", folder);
	if (access(file, F_OK) != 0 &&
		!wax_io_replace(file, WAX_SPAN(empty, sizeof empty - 1), 0644, error))
		return false;
	return wax_io_replace(job->settings_path, WAX_SPAN(text, strlen(text)), 0644, error);
}

/* what is kept, the record last: without it the others mean nothing */
static const char *const kept_names[] = { "main.cf.original", "main.cf.applied",
	"master.cf.original", "master.cf.applied", "applied.json" };
#define KEPT G_N_ELEMENTS(kept_names)

/* set_kept - all of it; a text that is NULL is taken away */
static bool set_kept(const Job *job, char *const *texts, GError **error)
{
	if (g_mkdir_with_parents(job->keep, 0700) != 0)
		return wax_fail_errno(error, errno, "cannot make %s", job->keep);
	for (size_t i = 0; i < KEPT; i++) {
		g_autofree char *path = g_build_filename(job->keep, kept_names[i], NULL);

		if (texts[i] &&
			!wax_io_replace(path, WAX_SPAN(texts[i], strlen(texts[i])), 0600, error))
			return false;
		if (!texts[i] && unlink(path) != 0 && errno != ENOENT)
			return wax_fail_errno(error, errno, "cannot remove %s", path);
	}
	(void)rmdir(job->keep); /* where nothing is left in it */
	return true;
}

static void load_kept(const Job *job, char **texts)
{
	for (size_t i = 0; i < KEPT; i++)
		if (!wax_postfix_load(job->keep, kept_names[i], &texts[i], NULL))
			texts[i] = NULL; /* there was none */
}

static char *make_record(const Job *job, const WaxPostfixPlan *plan)
{
	g_autofree char *main = digest(plan->main), *master = digest(plan->master),
			*settings = plan->settings ? digest(plan->settings) : NULL;
	json_t *record = json_pack("{s:s,s:s,s:s,s:s?}", "folder", job->folder, names[0], main,
		names[1], master, "settings", settings);
	char *dump = json_dumps(record, JSON_INDENT(2)), *text = g_strdup(dump);

	free(dump);
	json_decref(record);
	return text;
}

/* reload - where it runs; a Postfix that does not run reads its files when it starts */
static bool reload(const Job *job, GError **error)
{
	const char *status[] = { "postfix", "-c", job->folder, "status", NULL };

	if (wax_postfix_run(status, NULL, NULL))
		return postfix(job, "reload", error);
	printf("Postfix does not run; it will read its files when it is started.\n");
	return true;
}

/* switch_to - write, let Postfix judge what was written, and go back if it does not like it */
static bool switch_to(const Job *job, const char *const *texts, GError **error)
{
	g_autoptr(GError) why = NULL;

	if (write_files(job, texts, &why) && postfix(job, "check", &why) && reload(job, &why))
		return true;
	if (!write_files(job, (const char *const *)job->now, error))
		return false;
	return wax_fail(
		error, wax_reason_of(why), "%s; both files are as they were before", why->message);
}

static void say_restart(const Job *job)
{
	g_autofree char *more = job->ask.config_file
					? g_strconcat(" --config ", job->ask.config_file, NULL)
					: g_strdup("");

	printf("Waxwing's settings changed. Restart it: waxwing down%s && waxwing up%s\n"
	       "Until then mail waits in Postfix's queue; postqueue -f sends at once what "
	       "waited.\n",
		more, more);
}

/* change - with a way back on the disk first; what fails leaves everything as it was */
static bool change(const Job *job, const WaxPostfixPlan *plan, GError **error)
{
	g_autofree char *record = make_record(job, plan);
	char *const now[KEPT] = { job->base[0], plan->main, job->base[1], plan->master, record };
	const char *const texts[FILES] = { plan->main, plan->master };
	char *before[KEPT];
	bool ok;

	load_kept(job, before);
	ok = set_kept(job, now, error) && write_settings(job, plan->settings, error) &&
	     switch_to(job, texts, error);
	if (!ok) {
		/* the error that stands is the first one */
		wax_ignore(write_settings(job, job->settings, NULL));
		wax_ignore(set_kept(job, before, NULL));
	}
	for (size_t i = 0; i < KEPT; i++)
		g_free(before[i]);
	return ok;
}

static bool apply(Job *job, const WaxPostfixPlan *plan, GError **error)
{
	bool yes;

	if (!may_write(job, error) || !agreed(job, "Change these files?", &yes, error))
		return false;
	if (!yes)
		return true;
	if (!postfix(job, "check", error) || !change(job, plan, error))
		return false;
	printf("Done. To take it back: waxwing setup postfix --undo\n");
	if (g_strcmp0(job->settings, plan->settings) == 0)
		return job->ask.no_test || wax_postfix_probe(&job->ask, job->config, plan);
	say_restart(job);
	printf("After that `waxwing setup postfix` changes nothing more and sends a test "
	       "message.\n");
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char **sorted_lines(const char *text)
{
	char **lines = g_strsplit(text, "\n", -1);

	qsort(lines, g_strv_length(lines), sizeof *lines, by_text);
	return lines;
}

/* leave - what differs in its order alone, since others added lines behind ours, stays as it is */
static void leave(const Job *job, size_t i, char **wanted)
{
	g_auto(GStrv) a = sorted_lines(job->now[i]), b = sorted_lines(*wanted);

	if (!job->record || !g_strv_equal((const char *const *)a, (const char *const *)b))
		return;
	g_free(*wanted);
	*wanted = g_strdup(job->now[i]);
}

static bool set_up(Job *job, GError **error)
{
	g_autoptr(WaxPostfixPlan) plan = NULL;
	bool changes = false;

	for (size_t i = 0; i < FILES; i++)
		if (!without_ours(job, i, &job->base[i], error) ||
			!scratch_file(job, names[i], job->base[i], error))
			return false;
	if (!wax_postfix_plan(
		    &job->ask, job->config, job->scratch, job->settings_path, &plan, error))
		return false;
	leave(job, 0, &plan->main);
	leave(job, 1, &plan->master);
	for (size_t i = 0; i < FILES; i++) {
		g_autofree char *path = g_build_filename(job->folder, names[i], NULL);

		changes |= show_change(job, path, job->now[i], i == 0 ? plan->main : plan->master);
	}
	changes |= show_change(job, job->settings_path, job->settings, plan->settings);
	fputs(plan->notes->str, stdout);
	if (!changes) {
		printf("There is nothing to change: Postfix is wired to Waxwing.\n");
		return job->ask.no_test || job->ask.dry_run ||
		       wax_postfix_probe(&job->ask, job->config, plan);
	}
	return job->ask.dry_run || apply(job, plan, error);
}

/* ---- and back ---- */

/* before_ours - what the file becomes: its original, or itself when it is that already */
static bool before_ours(const Job *job, size_t i, char **ret_text, GError **error)
{
	g_autofree char *name = g_strconcat(names[i], ".original", NULL), *original = NULL,
			*applied = kept(job, names[i], ".applied"),
			*path = g_build_filename(job->folder, names[i], NULL);

	if (!wax_postfix_load(job->keep, name, &original, error))
		return false;
	if (strcmp(job->now[i], original) == 0 || is_recorded(job, names[i], job->now[i])) {
		*ret_text = g_steal_pointer(&original);
		return true;
	}
	if (job->ask.keep_changes)
		return without_ours(job, i, ret_text, error);
	return wax_fail(error, WAX_R_NOT_PERMITTED,
		"%s was changed since Waxwing wrote it, and that change would be lost; see: diff "
		"-u "
		"%s %s; to take out Waxwing's lines alone: --undo --keep-changes",
		path, applied, path);
}

static bool undo_settings(const Job *job, bool *ret_remove, GError **error)
{
	*ret_remove = job->settings && is_recorded(job, "settings", job->settings);
	if (!job->settings || *ret_remove || job->ask.keep_changes)
		return true;
	return wax_fail(error, WAX_R_NOT_PERMITTED,
		"%s was changed since Waxwing wrote it; to leave it there: --undo --keep-changes",
		job->settings_path);
}

static bool take_back(Job *job, const char *const *texts, bool settings, GError **error)
{
	char *const nothing[KEPT] = { NULL };
	bool yes;

	if (!may_write(job, error) || !agreed(job, "Change these files back?", &yes, error))
		return false;
	if (!yes)
		return true;
	if (!switch_to(job, texts, error) || (settings && !write_settings(job, NULL, error)) ||
		!set_kept(job, nothing, error))
		return false;
	printf("Done: mail does not pass Waxwing any more. Mail that waits for it in the queue "
	       "goes "
	       "on with: postsuper -c %s -r ALL\n",
		job->folder);
	return true;
}

static bool undo(Job *job, GError **error)
{
	g_autofree char *main = NULL, *master = NULL;
	bool settings;

	if (!job->record) {
		printf("There is nothing to undo.\n");
		return true;
	}
	if (!before_ours(job, 0, &main, error) || !before_ours(job, 1, &master, error) ||
		!undo_settings(job, &settings, error))
		return false;
	for (size_t i = 0; i < FILES; i++) {
		g_autofree char *path = g_build_filename(job->folder, names[i], NULL);

		show_change(job, path, job->now[i], i == 0 ? main : master);
	}
	if (settings)
		show_change(job, job->settings_path, job->settings, NULL);
	if (job->ask.dry_run)
		return true;
	return take_back(job, (const char *const[]){ main, master }, settings, error);
}

int wax_cli_setup_postfix(int argc, char **argv)
{
	g_autoptr(GPtrArray) submission = g_ptr_array_new(), inbound = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	const WaxReasonInfo *info;
	Job job = { .ask = { .submission = submission, .inbound = inbound } };
	bool ok = read_words(argc, argv, &job.ask, &error) && prepare(&job, &error) &&
		  (job.ask.undo ? undo(&job, &error) : set_up(&job, &error));

	job_clear(&job);
	if (ok)
		return 0;
	if (!error)
		return 75; /* the probe said why */
	info = wax_reason_info(wax_reason_of(error));
	fprintf(stderr, "error[%s] %s: %s\n", info->code, info->label, error->message);
	return info->reason == WAX_R_NO_INPUT ? 66 : info->exit_code;
}
