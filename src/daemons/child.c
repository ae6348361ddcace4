/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/event.h"
#include "core/status.h"
#include "daemons/confine.h"

#define CONTROL	   3
#define GROUPS_MAX 8

typedef struct {
	char *name;
	unsigned index;
	int fd;
} Peer;

struct WaxChild {
	char *name;
	unsigned index;
	WaxConfig *config;
	GPtrArray *peers, *listeners;
	GMutex lock;
	int stop_fd;
	bool own_user;
	uint32_t uid, gid;
	gid_t groups[GROUPS_MAX];
	uint32_t group_count;
	WaxConfined confined;
	void (*on_peer)(void *data, const char *name, unsigned index, int fd);
	void *on_peer_data;
};

static G_NORETURN void give_up(const char *what, const GError *error)
{
	wax_event_error(WAX_ERR, what, error);
	_exit(wax_reason_info(error ? wax_reason_of(error) : WAX_R_INTERNAL)->exit_code);
}

static Peer *find_peer(WaxChild *child, const char *name, unsigned index)
{
	for (guint i = 0; i < child->peers->len; i++) {
		Peer *peer = child->peers->pdata[i];

		if (peer->index == index && strcmp(peer->name, name) == 0)
			return peer;
	}
	return NULL;
}

static void take_peer(WaxChild *child, const char *name, unsigned index, int fd)
{
	Peer *peer;

	g_mutex_lock(&child->lock);
	peer = find_peer(child, name, index);
	if (!peer) {
		peer = g_new0(Peer, 1);
		peer->name = g_strdup(name);
		peer->index = index;
		peer->fd = -1;
		g_ptr_array_add(child->peers, peer);
	}
	/* another thread may still wait on the old one: it sees the end of it, the number stays taken */
	if (peer->fd >= 0 && dup2(fd, peer->fd) >= 0)
		close(fd);
	else
		peer->fd = fd;
	fd = peer->fd;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	g_mutex_unlock(&child->lock);
	if (child->on_peer)
		child->on_peer(child->on_peer_data, name, index, fd);
}

static bool read_user(WaxChild *child, WaxFrame *frame, GError **error)
{
	uint32_t group;

	if (!wax_frame_get_bool(frame, &child->own_user, error) ||
		!wax_frame_get_u32(frame, &child->uid, error) ||
		!wax_frame_get_u32(frame, &child->gid, error) ||
		!wax_frame_get_u32(frame, &child->group_count, error))
		return false;
	if (child->group_count > GROUPS_MAX)
		return wax_fail(error, WAX_R_FRAME_MALFORMED, "too many groups");
	for (uint32_t i = 0; i < child->group_count; i++) {
		if (!wax_frame_get_u32(frame, &group, error))
			return false;
		child->groups[i] = group;
	}
	return true;
}

static bool read_frame(WaxChild *child, WaxFrame *frame, GError **error)
{
	const char *name, *spec;
	WaxListener *listener;
	uint32_t index;
	int fd;

	switch (wax_frame_type(frame)) {
	case WAX_CTL_SETUP:
		if (!wax_frame_get_str(frame, &name, error) ||
			!wax_frame_get_u32(frame, &index, error) ||
			!read_user(child, frame, error) ||
			!wax_config_get(frame, &child->config, error))
			return false;
		child->name = g_strdup(name);
		child->index = index;
		return true;
	case WAX_CTL_PEER:
		if (!wax_frame_get_str(frame, &name, error) ||
			!wax_frame_get_u32(frame, &index, error) ||
			!wax_frame_get_fd(frame, &fd, error))
			return false;
		take_peer(child, name, index, fd);
		return true;
	case WAX_CTL_LISTENER:
		if (!wax_frame_get_str(frame, &name, error) ||
			!wax_frame_get_str(frame, &spec, error) ||
			!wax_frame_get_fd(frame, &fd, error))
			return false;
		listener = g_new0(WaxListener, 1);
		*listener = (WaxListener){ g_strdup(name), g_strdup(spec), fd };
		g_ptr_array_add(child->listeners, listener);
		return true;
	default:
		return true;
	}
}

WaxChild *wax_child_start(void)
{
	WaxChild *child = g_new0(WaxChild, 1);
	GError *error = NULL;
	struct stat st;

	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
	umask(027); /* databases are read by the group of their owner, and by nobody else */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* the parent decides when a terminal's interrupt means stop */
	if (fstat(CONTROL, &st) != 0 || !S_ISSOCK(st.st_mode)) {
		static const char text[] = "this process is started by waxwingd\n";
		ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);

		(void)ignored;
		_exit(64);
	}
	(void)fcntl(CONTROL, F_SETFD, FD_CLOEXEC);
	g_mutex_init(&child->lock);
	child->peers = g_ptr_array_new();
	child->listeners = g_ptr_array_new();
	child->stop_fd = eventfd(0, EFD_CLOEXEC);
	for (;;) {
		g_autoptr(WaxFrame) frame = NULL;

		if (!wax_ipc_recv(CONTROL, 30000, &frame, &error) ||
			!read_frame(child, frame, &error))
			give_up("start-failed", error);
		if (wax_frame_type(frame) == WAX_CTL_GO)
			break;
	}
	if (!child->name || !child->config)
		give_up("start-failed", NULL);
	wax_event_open(child->name, wax_config_text(child->config, "log.target"),
		wax_config_text(child->config, "log.level"));
	return child;
}

const char *wax_child_name(const WaxChild *child)
{
	return child->name;
}

unsigned wax_child_index(const WaxChild *child)
{
	return child->index;
}

const WaxConfig *wax_child_config(const WaxChild *child)
{
	return child->config;
}

GPtrArray *wax_child_listeners(const WaxChild *child)
{
	return child->listeners;
}

int wax_child_peer(WaxChild *child, const char *name, unsigned index)
{
	int fd;
	Peer *peer;

	g_mutex_lock(&child->lock);
	peer = find_peer(child, name, index);
	fd = peer ? peer->fd : -1;
	g_mutex_unlock(&child->lock);
	return fd;
}

unsigned wax_child_peers(WaxChild *child, const char *name)
{
	unsigned count = 0;

	g_mutex_lock(&child->lock);
	for (guint i = 0; i < child->peers->len; i++) {
		const Peer *peer = child->peers->pdata[i];

		if (strcmp(peer->name, name) == 0)
			count = MAX(count, peer->index + 1);
	}
	g_mutex_unlock(&child->lock);
	return count;
}

void wax_child_become(WaxChild *child)
{
	if (child->own_user &&
		!wax_become(child->uid, child->gid, child->groups, child->group_count)) {
		GError *error = NULL;

		wax_set_error(&error, WAX_R_IO, "cannot become user %u: %s", child->uid,
			g_strerror(errno));
		give_up("start-failed", error);
	}
}

void wax_child_confine(WaxChild *child, WaxConfinement confinement, const WaxPlace *places)
{
	/* what GLib and the C library read once, while it can be read: their fallbacks are worse */
	(void)g_random_int();
	tzset();
	child->confined = wax_confine(confinement, places);
}

void wax_child_seconds(unsigned seconds)
{
	wax_confine_seconds(seconds);
}

void wax_child_ready(WaxChild *child)
{
	g_autoptr(WaxFrame) ready = wax_frame_new(WAX_CTL_READY);
	GError *error = NULL;

	wax_frame_put_u32(ready, (uint32_t)getuid());
	wax_frame_put_bool(ready, child->confined.seccomp);
	wax_frame_put_bool(ready, child->confined.landlock);
	wax_frame_put_bool(ready, child->confined.locked_memory);
	if (!wax_ipc_send(CONTROL, ready, &error))
		give_up("start-failed", error);
}

void wax_child_on_peer(WaxChild *child,
	void (*call)(void *data, const char *name, unsigned index, int fd), void *data)
{
	child->on_peer = call;
	child->on_peer_data = data;
}

void wax_child_control(WaxChild *child)
{
	g_autoptr(WaxFrame) frame = NULL;
	g_autoptr(GError) error = NULL;
	uint64_t one = 1;

	/* without a parent nobody would restart, stop or watch us */
	if (!wax_ipc_recv(CONTROL, -1, &frame, &error)) {
		if (wax_reason_of(error) == WAX_R_PEER_GONE)
			_exit(0);
		return;
	}
	if (wax_frame_type(frame) == WAX_CTL_STOP) {
		ssize_t ignored = write(child->stop_fd, &one, sizeof one);

		(void)ignored;
		return;
	}
	wax_ignore(read_frame(child, frame, NULL)); /* a bad frame changes nothing */
}

static gpointer follow(gpointer data)
{
	for (;;)
		wax_child_control(data);
	return NULL;
}

void wax_child_run_control(WaxChild *child)
{
	g_thread_unref(g_thread_new("control", follow, child));
}

int wax_child_control_fd(const WaxChild *child)
{
	(void)child; /* always the same */
	return CONTROL;
}

int wax_child_stop_fd(const WaxChild *child)
{
	return child->stop_fd;
}
