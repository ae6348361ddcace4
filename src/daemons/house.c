/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/house.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/status.h"

static const char *const names[] = {
#define X(name, executable, sections) #name,
	WAX_PROCESSES(X)
#undef X
};

static const struct {
	const char *name;
	int owner;
	mode_t mode;
} folders[] = {
#define X(name, owner, mode) { name, PROCESS_##owner, mode },
	WAX_FOLDERS(X)
#undef X
};

static const struct {
	int one, owner;
} reads[] = {
#define X(one, owner) { PROCESS_##one, PROCESS_##owner },
	WAX_READS(X)
#undef X
};

/* where a file lies now that lay in the state folder itself */
static const struct {
	const char *from, *to;
} moved[] = {
	{ "admin.db", "admin/admin.db" },
	{ "admin.db-wal", "admin/admin.db-wal" },
	{ "admin.db-shm", "admin/admin.db-shm" },
	{ "mail.db", "mail/mail.db" },
	{ "mail.db-wal", "mail/mail.db-wal" },
	{ "mail.db-shm", "mail/mail.db-shm" },
	{ "hop.key", "mail/hop.key" },
};

GPtrArray *wax_house_missing(const WaxConfig *config)
{
	const char *prefix = wax_config_text(config, "service.user_prefix");
	GPtrArray *missing = g_ptr_array_new_with_free_func(g_free);

	for (int i = 0; i < PROCESS_COUNT; i++) {
		char *name = g_strconcat(prefix, names[i], NULL);

		if (getpwnam(name))
			g_free(name);
		else
			g_ptr_array_add(missing, name);
	}
	return missing;
}

bool wax_house_look(const WaxConfig *config, WaxHouse *ret_house, GError **error)
{
	const char *prefix = wax_config_text(config, "service.user_prefix");
	WaxHouse house = { false, { 0 }, { 0 } };
	g_autoptr(GPtrArray) missing = wax_house_missing(config);

	if (geteuid() != 0 || !wax_config_flag(config, "service.separate_users") ||
		missing->len == PROCESS_COUNT) {
		*ret_house = house;
		return true;
	}
	if (missing->len)
		return wax_fail(error, WAX_R_CONFIG_RANGE,
			"the user %s is missing, and others are there; make it with: waxwing setup "
			"users; or set service.separate_users = false",
			(const char *)missing->pdata[0]);
	for (int i = 0; i < PROCESS_COUNT; i++) {
		g_autofree char *name = g_strconcat(prefix, names[i], NULL);
		const struct passwd *user = getpwnam(name);

		if (!user)
			return wax_fail(error, WAX_R_CONFIG_RANGE, "the user %s is gone", name);
		house.uid[i] = user->pw_uid;
		house.gid[i] = user->pw_gid;
	}
	house.separate = true;
	*ret_house = house;
	return true;
}

size_t wax_house_groups(const WaxHouse *house, int process, gid_t groups[PROCESS_COUNT])
{
	size_t n = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(reads); i++)
		if (reads[i].one == process)
			groups[n++] = house->gid[reads[i].owner];
	return n;
}

static bool not_ours(const char *path, uid_t uid, GError **error)
{
	return wax_fail(error, WAX_R_CONFIG_RANGE,
		"%s belongs to user %u, who is not the one that works in it; look why, then give "
		"it to root (chown root), and it is handed over at the next start",
		path, uid);
}

/* hand_over - one entry that root left behind; whoever owns the folder may have put a link there */
static bool hand_over(
	int folder, const char *path, const char *name, uid_t uid, gid_t gid, GError **error)
{
	g_autofree char *full = g_build_filename(path, name, NULL);
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	bool ok;

	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd < 0 || fstat(fd, &st) != 0) {
		int saved = errno;

		if (fd >= 0)
			close(fd);
		return wax_fail_errno(error, saved, "cannot look at %s", full);
	}
	if (st.st_uid == uid && st.st_gid == gid)
		ok = true;
	else if ((st.st_uid != 0 && st.st_uid != uid) || !S_ISREG(st.st_mode) || st.st_nlink != 1)
		ok = not_ours(full, st.st_uid, error);
	else
		ok = (fchown(fd, uid, gid) == 0 && fchmod(fd, st.st_mode & 0640) == 0) ||
		     wax_fail_errno(error, errno, "cannot hand over %s", full);
	close(fd);
	return ok;
}

static bool hand_over_all(int folder, const char *path, uid_t uid, gid_t gid, GError **error)
{
	DIR *entries = fdopendir(dup(folder));
	bool ok = true;

	if (!entries)
		return wax_fail_errno(error, errno, "cannot read %s", path);
	for (struct dirent *entry; ok && (entry = readdir(entries));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ok = hand_over(folder, path, entry->d_name, uid, gid, error);
	closedir(entries);
	return ok;
}

/* own - the folder and what is in it belong to this user */
static bool own(const char *path, uid_t uid, gid_t gid, mode_t mode, GError **error)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	bool ok;

	if (fd < 0 || fstat(fd, &st) != 0)
		return wax_fail_errno(error, errno, "cannot look at %s", path);
	/* a folder of root is ours to give; its files first, so that nobody puts links there meanwhile */
	if (st.st_uid != 0 && st.st_uid != uid)
		ok = not_ours(path, st.st_uid, error);
	else
		ok = hand_over_all(fd, path, uid, gid, error) &&
		     ((fchown(fd, uid, gid) == 0 && fchmod(fd, mode) == 0) ||
			     wax_fail_errno(error, errno, "cannot hand over %s", path));
	close(fd);
	return ok;
}

/* check_mine - an ordinary user cannot repair what root's service made */
static bool check_mine(const char *path, GError **error)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return wax_fail_errno(error, errno, "cannot look at %s", path);
	if (geteuid() == 0 || st.st_uid == geteuid())
		return true;
	return wax_fail(error, WAX_R_CONFIG_RANGE,
		"%s belongs to user %u: start Waxwing as root, or as that user, or name another "
		"folder in paths.state",
		path, st.st_uid);
}

/* check_way - other users have to pass every folder above */
static bool check_way(const char *state, GError **error)
{
	g_autofree char *path = g_canonicalize_filename(state, NULL);

	for (;;) {
		g_autofree char *above = g_path_get_dirname(path);
		struct stat st;

		if (stat(above, &st) != 0)
			return wax_fail_errno(error, errno, "cannot look at %s", above);
		if (!(st.st_mode & S_IXOTH))
			return wax_fail(error, WAX_R_CONFIG_RANGE,
				"%s may not be passed by Waxwing's users: chmod o+x %s, name "
				"another folder in paths.state, or set "
				"service.separate_users = false",
				above, above);
		if (strcmp(above, "/") == 0)
			return true;
		g_free(path);
		path = g_steal_pointer(&above);
	}
}

static bool make(const char *path, mode_t mode, GError **error)
{
	if (g_mkdir_with_parents(path, (int)mode) == 0)
		return true;
	return wax_fail_errno(error, errno, "cannot make the folder %s", path);
}

static bool move_files(const char *state, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(moved); i++) {
		g_autofree char *from = g_build_filename(state, moved[i].from, NULL);
		g_autofree char *to = g_build_filename(state, moved[i].to, NULL);

		if (rename(from, to) != 0 && errno != ENOENT)
			return wax_fail_errno(error, errno, "cannot move %s to %s", from, to);
	}
	return true;
}

static bool prepare_folder(const WaxHouse *house, const char *path, size_t i, GError **error)
{
	if (house->separate)
		return own(path, house->uid[folders[i].owner], house->gid[folders[i].owner],
			folders[i].mode, error);
	return check_mine(path, error);
}

bool wax_house_prepare(const WaxHouse *house, const WaxConfig *config, GError **error)
{
	const char *state = wax_config_text(config, "paths.state");
	const char *run = wax_config_text(config, "paths.run");

	if (!make(state, 0750, error) || !make(run, 0750, error) || !check_mine(state, error))
		return false;
	/* who may ask is decided by the user id at the socket, not by the way to it */
	if (house->separate && (chmod(state, 0711) != 0 || chmod(run, 0755) != 0))
		return wax_fail_errno(error, errno, "cannot open the way to %s and %s", state, run);
	if (house->separate && (!check_way(state, error) || !check_way(run, error)))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *path = g_build_filename(state, folders[i].name, NULL);

		if (!make(path, folders[i].mode & 0750, error))
			return false;
	}
	if (!move_files(state, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *path = g_build_filename(state, folders[i].name, NULL);

		if (!prepare_folder(house, path, i, error))
			return false;
	}
	return true;
}
