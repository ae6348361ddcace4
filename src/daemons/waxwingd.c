/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waxwingd - the parent: reads the configuration, opens the listeners, starts the
 * processes with ready-made sockets, starts again what died, stops cleanly.
 * It reads no mail and holds no key.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/event.h"
#include "core/io.h"
#include "core/status.h"
#include "daemons/child.h"
#include "daemons/doorman.h"
#include "daemons/house.h"
#include "daemons/peers.h"

#define WORKERS_MAX  64
#define BACK_OFF_MAX 30000 /* ms */
#define DOORS_MAX    32

static const struct {
	const char *name, *executable, *sections;
} kinds[] = {
#define X(name, executable, sections) { #name, executable, sections },
	WAX_PROCESSES(X)
#undef X
};

static const struct {
	int one, other;
} links[] = {
#define X(one, other) { PROCESS_##one, PROCESS_##other },
	WAX_LINKS(X)
#undef X
};

static const struct {
	int one, other;
} needs[] = {
#define X(one, other) { PROCESS_##one, PROCESS_##other },
	WAX_NEEDS(X)
#undef X
};

typedef struct {
	int kind;
	unsigned index;
	pid_t pid;   /* 0: not running */
	int control; /* -1: none */
	bool ready, seccomp, landlock, locked_memory;
	uint32_t uid;
	int64_t started, due; /* monotonic ms; due: when to start again */
	int64_t away;	      /* since when it is not ready */
	unsigned restarts, failures;
} Process;

typedef struct {
	WaxConfig *config;
	WaxHouse house;
	GPtrArray *processes;
	GPtrArray *listeners; /* WaxListener */
	bool stopping;
	int64_t since;
	int ready_fd;
} Parent;

static G_NORETURN void refuse(const GError *error)
{
	fprintf(stderr, "waxwingd: %s\n", error->message);
	exit(wax_reason_info(wax_reason_of(error))->exit_code);
}

/* ---- paths ---- */

static void default_paths(WaxConfig *config)
{
	g_autofree char *state = NULL, *run = NULL;

	bool named = wax_config_text(config, "paths.state")[0];

	if (!named) {
		state = geteuid() == 0 ? g_strdup("/var/lib/waxwing")
				       : g_build_filename(g_get_user_state_dir(), "waxwing", NULL);
		wax_config_set(config, "paths.state", state);
	}
	/* the command line finds the socket by the same rule (cli/local) */
	if (!wax_config_text(config, "paths.run")[0]) {
		if (!named && geteuid() == 0)
			run = g_strdup("/run/waxwing");
		else if (!named && g_getenv("XDG_RUNTIME_DIR"))
			run = g_build_filename(g_getenv("XDG_RUNTIME_DIR"), "waxwing", NULL);
		else
			run = g_build_filename(wax_config_text(config, "paths.state"), "run", NULL);
		wax_config_set(config, "paths.run", run);
	}
	if (!wax_config_text(config, "paths.libexec")[0])
		wax_config_set(config, "paths.libexec", WAX_LIBEXEC);
	if (!wax_config_text(config, "host.name")[0])
		wax_config_set(config, "host.name", g_get_host_name());
}

/* take_lock - one service per state folder; the file holds the number of the process */
static bool take_lock(const WaxConfig *config, GError **error)
{
	g_autofree char *path =
		g_build_filename(wax_config_text(config, "paths.run"), "waxwingd.pid", NULL);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return wax_fail_errno(error, errno, "cannot write %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return wax_fail(error, WAX_R_DUPLICATE,
			"Waxwing runs already for this folder (%s is locked); stop it with: "
			"waxwing down",
			path);
	if (ftruncate(fd, 0) != 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return wax_fail_errno(error, errno, "cannot write %s", path);
	return true; /* the descriptor stays open, and the lock with it */
}

/* ---- listeners ---- */

static int listen_unix(const char *path, GError **error)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || strlen(path) >= sizeof at.sun_path) {
		wax_set_error(error, WAX_R_CONFIG_RANGE, "the socket path %s is too long", path);
		return -1;
	}
	memcpy(at.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || chmod(path, 0666) != 0 ||
		listen(fd, 64) != 0) {
		wax_set_error_errno(error, errno, "cannot listen at %s", path);
		close(fd);
		return -1;
	}
	return fd;
}

static bool is_loopback(const struct sockaddr *at)
{
	const struct sockaddr_in *four = (const void *)at;
	const struct sockaddr_in6 *six = (const void *)at;

	if (at->sa_family == AF_INET)
		return ntohl(four->sin_addr.s_addr) >> 24 == 127;
	return at->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

/* outbound mail is signed for whoever submits it: the hop to us must be provably internal (GATEWAY d.1) */
static int listen_tcp(const char *host, const char *port, bool loopback_only, GError **error)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM },
			*list;
	int code = getaddrinfo(host, port, &hints, &list), fd, one = 1;

	if (code != 0) {
		wax_set_error(error, WAX_R_CONFIG_RANGE, "cannot listen at %s:%s: %s", host, port,
			gai_strerror(code));
		return -1;
	}
	if (loopback_only && !is_loopback(list->ai_addr)) {
		freeaddrinfo(list);
		wax_set_error(error, WAX_R_HOP_NOT_INTERNAL,
			"listen.outbound: %s:%s can be reached from other hosts, and whoever "
			"reaches it gets mail signed; "
			"use a loopback address or lmtp:unix:PATH, or set tls.certificate, tls.key "
			"and "
			"tls.internal_ca, so that only hosts with a certificate of yours may",
			host, port);
		return -1;
	}
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (fd < 0 || bind(fd, list->ai_addr, list->ai_addrlen) != 0 || listen(fd, 256) != 0) {
		wax_set_error_errno(error, errno, "cannot listen at %s:%s", host, port);
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	return fd;
}

/* needs_loopback - nothing else would tell an internal host from any other */
static bool needs_loopback(const Parent *parent, const char *kind)
{
	return strcmp(kind, "outbound") == 0 &&
	       (!wax_config_text(parent->config, "tls.internal_ca")[0] ||
		       !wax_config_text(parent->config, "tls.certificate")[0]);
}

/* open_listener - smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH */
static bool open_listener(Parent *parent, const char *kind, const char *spec, GError **error)
{
	const char *rest = strchr(spec, ':'), *colon = strrchr(spec, ':');
	g_autofree char *host = NULL;
	WaxListener *listener;
	int fd;

	if (!rest || (!g_str_has_prefix(spec, "smtp:") && !g_str_has_prefix(spec, "lmtp:")))
		return wax_fail(error, WAX_R_CONFIG_RANGE,
			"listen.%s: '%s' is not smtp:HOST:PORT, lmtp:HOST:PORT or lmtp:unix:PATH",
			kind, spec);
	rest++;
	if (g_str_has_prefix(rest, "unix:")) {
		fd = listen_unix(rest + 5, error);
	} else {
		if (colon <= rest)
			return wax_fail(error, WAX_R_CONFIG_RANGE, "listen.%s: '%s' names no port",
				kind, spec);
		host = g_strndup(rest, (gsize)(colon - rest));
		fd = listen_tcp(host, colon + 1, needs_loopback(parent, kind), error);
	}
	if (fd < 0)
		return false;
	listener = g_new0(WaxListener, 1);
	*listener = (WaxListener){ g_strdup(kind), g_strdup(spec), fd };
	g_ptr_array_add(parent->listeners, listener);
	return true;
}

static bool open_listeners(Parent *parent, GError **error)
{
	static const char *const sides[] = { "outbound", "inbound" };
	g_autofree char *api =
		g_build_filename(wax_config_text(parent->config, "paths.run"), "api.sock", NULL);
	WaxListener *listener;
	int fd;

	for (size_t i = 0; i < G_N_ELEMENTS(sides); i++) {
		g_autofree char *name = g_strconcat("listen.", sides[i], NULL);

		for (const char *const *spec = wax_config_list(parent->config, name); *spec; spec++)
			if (!open_listener(parent, sides[i], *spec, error))
				return false;
	}
	fd = listen_unix(api, error);
	if (fd < 0)
		return false;
	listener = g_new0(WaxListener, 1);
	*listener = (WaxListener){ g_strdup("api"), g_strdup(api), fd };
	g_ptr_array_add(parent->listeners, listener);
	return true;
}

/* ---- starting ---- */

static void send_peer(const Process *to, const Process *about, int fd)
{
	g_autoptr(WaxFrame) frame = wax_frame_new(WAX_CTL_PEER);

	wax_frame_put_str(frame, kinds[about->kind].name);
	wax_frame_put_u32(frame, about->index);
	wax_frame_put_fd(frame, fd);
	wax_ignore(wax_ipc_send(
		to->control, frame, NULL)); /* when it is gone it will be started again */
}

/* join - a fresh socket pair between two running processes */
static void join(const Process *a, const Process *b)
{
	int pair[2];

	if (!wax_ipc_pair(pair, NULL))
		return;
	send_peer(a, b, pair[0]);
	send_peer(b, a, pair[1]);
	close(pair[0]);
	close(pair[1]);
}

static bool linked(int a, int b)
{
	for (size_t i = 0; i < G_N_ELEMENTS(links); i++)
		if ((links[i].one == a && links[i].other == b) ||
			(links[i].one == b && links[i].other == a))
			return true;
	return false;
}

/* put_user - whom the child becomes */
static void put_user(const Parent *parent, int kind, WaxFrame *setup)
{
	gid_t groups[PROCESS_COUNT];
	size_t n = wax_house_groups(&parent->house, kind, groups);

	wax_frame_put_bool(setup, parent->house.separate);
	wax_frame_put_u32(setup, parent->house.uid[kind]);
	wax_frame_put_u32(setup, parent->house.gid[kind]);
	wax_frame_put_u32(setup, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		wax_frame_put_u32(setup, groups[i]);
}

static void send_setup(Parent *parent, const Process *process)
{
	g_auto(GStrv) sections = g_strsplit(kinds[process->kind].sections, " ", -1);
	g_autoptr(WaxFrame) setup = wax_frame_new(WAX_CTL_SETUP), go = wax_frame_new(WAX_CTL_GO);
	bool mail = process->kind == PROCESS_gated, api = process->kind == PROCESS_webd;

	wax_frame_put_str(setup, kinds[process->kind].name);
	wax_frame_put_u32(setup, process->index);
	put_user(parent, process->kind, setup);
	wax_config_put(parent->config, (const char *const *)sections, setup);
	wax_ignore(wax_ipc_send(process->control, setup, NULL));
	for (guint i = 0; i < parent->listeners->len; i++) {
		const WaxListener *listener = parent->listeners->pdata[i];
		g_autoptr(WaxFrame) frame = wax_frame_new(WAX_CTL_LISTENER);

		if (strcmp(listener->kind, "api") == 0 ? !api : !mail)
			continue;
		wax_frame_put_str(frame, listener->kind);
		wax_frame_put_str(frame, listener->spec);
		wax_frame_put_fd(frame, listener->fd);
		wax_ignore(wax_ipc_send(process->control, frame, NULL));
	}
	for (guint i = 0; i < parent->processes->len; i++) {
		const Process *other = parent->processes->pdata[i];

		if (other != process && other->pid && linked(process->kind, other->kind))
			join(process, other);
	}
	wax_ignore(wax_ipc_send(process->control, go, NULL));
}

static void start_process(Parent *parent, Process *process)
{
	g_autofree char *path = g_build_filename(wax_config_text(parent->config, "paths.libexec"),
		kinds[process->kind].executable, NULL);
	int pair[2];

	process->due = 0;
	if (!wax_ipc_pair(pair, NULL))
		return;
	process->pid = fork();
	if (process->pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (dup2(pair[1], 3) == 3)
			execl(path, kinds[process->kind].name, (char *)NULL);
		dprintf(STDERR_FILENO, "waxwingd: cannot run %s: %s\n", path, strerror(errno));
		_exit(71);
	}
	close(pair[1]);
	if (process->pid < 0) {
		process->pid = 0;
		close(pair[0]);
		process->due = wax_clock_monotonic() + 1000;
		return;
	}
	process->control = pair[0];
	process->ready = false;
	process->started = wax_clock_monotonic();
	send_setup(parent, process);
}

/* ---- watching ---- */

/* is_separate - as the kernel told each child, not as we meant it */
static bool is_separate(const Parent *parent)
{
	for (guint i = 0; i < parent->processes->len; i++)
		for (guint k = 0; k < i; k++) {
			const Process *a = parent->processes->pdata[i];
			const Process *b = parent->processes->pdata[k];

			if (a->kind != b->kind && a->uid == b->uid)
				return false;
		}
	return true;
}

/* write_status - what `waxwing status` shows, replaced as a whole */
static void write_status(Parent *parent)
{
	g_autofree char *path =
		g_build_filename(wax_config_text(parent->config, "paths.run"), "status.json", NULL);
	g_autoptr(GString) out = g_string_new("{\"processes\":[");
	int64_t now = wax_clock_monotonic();
	bool ready = true;

	for (guint i = 0; i < parent->processes->len; i++) {
		const Process *p = parent->processes->pdata[i];

		ready = ready && p->ready;
		g_string_append_printf(out,
			"%s\n "
			"{\"name\":\"%s\",\"index\":%u,\"pid\":%d,\"state\":\"%s\",\"uid\":%u,"
			"\"restarts\":%u,\"failures\":%u,\"retry_ms\":%" G_GINT64_FORMAT ","
			"\"seccomp\":%s,\"landlock\":%s,\"locked_memory\":%s}",
			i ? "," : "", kinds[p->kind].name, p->index, (int)p->pid,
			p->ready ? "ready"
			: p->pid ? "starting"
				 : "down",
			p->uid, p->restarts, p->failures, p->due > now ? p->due - now : (int64_t)0,
			p->seccomp ? "true" : "false", p->landlock ? "true" : "false",
			p->locked_memory ? "true" : "false");
	}
	g_string_append_printf(out,
		"],\n\"pid\":%d,\"since\":%" G_GINT64_FORMAT
		",\"ready\":%s,\"isolation\":\"%s\"}\n",
		(int)getpid(), parent->since, ready ? "true" : "false",
		is_separate(parent) ? "separate-users" : "same-user");
	wax_ignore(wax_io_replace(path, WAX_SPAN(out->str, out->len), 0644, NULL));
	if (ready && parent->ready_fd >= 0) {
		ssize_t ignored = write(parent->ready_fd, "R", 1);

		(void)ignored;
		close(parent->ready_fd);
		parent->ready_fd = -1;
	}
}

static void hear(Parent *parent, Process *process)
{
	g_autoptr(WaxFrame) frame = NULL;

	if (!wax_ipc_recv(process->control, 0, &frame, NULL)) {
		close(process->control);
		process->control = -1; /* its end is told by SIGCHLD */
		return;
	}
	if (wax_frame_type(frame) != WAX_CTL_READY ||
		!wax_frame_get_u32(frame, &process->uid, NULL) ||
		!wax_frame_get_bool(frame, &process->seccomp, NULL) ||
		!wax_frame_get_bool(frame, &process->landlock, NULL) ||
		!wax_frame_get_bool(frame, &process->locked_memory, NULL))
		return;
	process->ready = true;
	write_status(parent);
}

static int64_t back_off(const Process *process)
{
	int64_t wait = 100;

	for (unsigned i = 1; i < process->failures && wait < BACK_OFF_MAX; i++)
		wait *= 2;
	return MIN(wait, BACK_OFF_MAX);
}

static void bury(Parent *parent, pid_t pid, int status)
{
	for (guint i = 0; i < parent->processes->len; i++) {
		Process *process = parent->processes->pdata[i];
		bool recycled = WIFEXITED(status) && WEXITSTATUS(status) == 0;
		int64_t now = wax_clock_monotonic();

		if (process->pid != pid)
			continue;
		process->pid = 0;
		process->away = process->ready ? now : process->away;
		process->ready = false;
		if (process->control >= 0)
			close(process->control);
		process->control = -1;
		if (parent->stopping)
			return;
		process->restarts++;
		/* one that lived for a minute failed once, not again */
		process->failures =
			recycled || now - process->started > 60000 ? 0 : process->failures + 1;
		if (!recycled)
			wax_event(WAX_WARNING, "process-died",
				WAX_FIELD("name", WAX_STR(kinds[process->kind].name)),
				WAX_FIELD("index", WAX_UINT(process->index)),
				WAX_FIELD("signal",
					WAX_UINT(WIFSIGNALED(status) ? WTERMSIG(status) : 0)),
				WAX_FIELD("failures", WAX_UINT(process->failures)));
		process->due = process->failures ? now + back_off(process) : now;
		write_status(parent);
	}
}

static void bury_all(Parent *parent)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		bury(parent, pid, status);
}

static void stop_all(Parent *parent)
{
	int64_t until = wax_clock_monotonic() + 5000;

	parent->stopping = true;
	for (guint i = 0; i < parent->processes->len; i++) {
		const Process *process = parent->processes->pdata[i];
		g_autoptr(WaxFrame) frame = wax_frame_new(WAX_CTL_STOP);

		if (process->control >= 0)
			wax_ignore(wax_ipc_send(process->control, frame, NULL));
	}
	for (;;) {
		sigset_t set;
		struct timespec wait = { 0, 100 * 1000 * 1000 };
		bool any = false;

		bury_all(parent);
		for (guint i = 0; i < parent->processes->len; i++)
			any = any || ((Process *)parent->processes->pdata[i])->pid;
		if (!any)
			return;
		if (wax_clock_monotonic() > until)
			break;
		sigemptyset(&set);
		sigaddset(&set, SIGCHLD);
		(void)sigtimedwait(&set, NULL, &wait);
	}
	for (guint i = 0; i < parent->processes->len; i++)
		if (((Process *)parent->processes->pdata[i])->pid)
			kill(((Process *)parent->processes->pdata[i])->pid, SIGKILL);
}

/* may_start - is everything ready that this kind opens at its start? */
static bool may_start(Parent *parent, int kind)
{
	for (size_t i = 0; i < G_N_ELEMENTS(needs); i++)
		for (guint k = 0; needs[i].one == kind && k < parent->processes->len; k++) {
			const Process *other = parent->processes->pdata[k];

			if (other->kind == needs[i].other && !other->ready)
				return false;
		}
	return true;
}

static int start_due(Parent *parent)
{
	int64_t now = wax_clock_monotonic(), next = -1;

	for (guint i = 0; i < parent->processes->len; i++) {
		Process *process = parent->processes->pdata[i];

		if (process->pid || !process->due || !may_start(parent, process->kind))
			continue;
		if (process->due <= now)
			start_process(parent, process);
		else
			next = next < 0 ? process->due - now : MIN(next, process->due - now);
	}
	return (int)next;
}

/* attended - whose door it is serves, or may be back at once; *wait: when to look again */
static bool attended(const Parent *parent, const WaxListener *listener, int *wait)
{
	int kind = strcmp(listener->kind, "api") == 0 ? PROCESS_webd : PROCESS_gated;
	int64_t left = 0;

	for (guint i = 0; i < parent->processes->len; i++) {
		const Process *p = parent->processes->pdata[i];

		if (p->kind != kind)
			continue;
		if (p->ready)
			return true;
		left = p->away + WAX_DOORMAN_GRACE - wax_clock_monotonic();
	}
	if (left > 0)
		*wait = *wait < 0 ? (int)left : MIN(*wait, (int)left);
	return left > 0;
}

/* watch_doors - the listeners that nobody serves; the number of them */
static nfds_t watch_doors(
	const Parent *parent, struct pollfd *fds, const WaxListener **doors, int *wait)
{
	nfds_t n = 0;

	for (guint i = 0; i < parent->listeners->len && n < DOORS_MAX; i++) {
		const WaxListener *listener = parent->listeners->pdata[i];

		if (attended(parent, listener, wait))
			continue;
		doors[n] = listener;
		fds[n++] = (struct pollfd){ listener->fd, POLLIN, 0 };
	}
	return n;
}

static void run(Parent *parent, int signals)
{
	for (;;) {
		struct pollfd fds[WORKERS_MAX + PROCESS_COUNT + 1 + DOORS_MAX] = { { signals,
			POLLIN, 0 } };
		Process *by_fd[WORKERS_MAX + PROCESS_COUNT + 1] = { NULL };
		const WaxListener *doors[DOORS_MAX];
		nfds_t n = 1, closed;
		int wait = start_due(parent);

		for (guint i = 0; i < parent->processes->len; i++) {
			Process *process = parent->processes->pdata[i];

			if (process->control < 0)
				continue;
			by_fd[n] = process;
			fds[n++] = (struct pollfd){ process->control, POLLIN, 0 };
		}
		closed = watch_doors(parent, fds + n, doors, &wait);
		if (poll(fds, n + closed, wait) <= 0)
			continue;
		for (nfds_t i = 1; i < n; i++)
			if (fds[i].revents)
				hear(parent, by_fd[i]);
		for (nfds_t i = 0; i < closed; i++)
			if (fds[n + i].revents)
				wax_doorman_turn_away(doors[i]);
		if (fds[0].revents) {
			struct signalfd_siginfo info;

			if (read(signals, &info, sizeof info) != sizeof info)
				continue;
			if (info.ssi_signo != SIGCHLD)
				return;
			bury_all(parent);
		}
	}
}

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void add_processes(Parent *parent)
{
	for (int kind = 0; kind < PROCESS_COUNT; kind++) {
		unsigned count = kind == PROCESS_maild ? (unsigned)wax_config_int(
								 parent->config, "service.workers")
						       : 1;

		for (unsigned i = 0; i < count; i++) {
			Process *process = g_new0(Process, 1);

			*process = (Process){ .kind = kind,
				.index = i,
				.control = -1,
				.due = 1,
				.away = wax_clock_monotonic() };
			g_ptr_array_add(parent->processes, process);
		}
	}
}

/* print_missing - for `waxwing setup users` */
static int print_missing(const WaxConfig *config)
{
	g_autoptr(GPtrArray) missing = wax_house_missing(config);

	for (guint i = 0; i < missing->len; i++)
		printf("%s\n", (const char *)missing->pdata[i]);
	return 0;
}

int main(int argc, char **argv)
{
	Parent parent = { .processes = g_ptr_array_new(),
		.listeners = g_ptr_array_new(),
		.ready_fd = -1,
		.since = wax_clock_now() };
	const char *file = "/etc/waxwing/waxwing.toml";
	GError *error = NULL;
	bool named = false, tell_users = false;
	int signals;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
			file = argv[++i];
			named = true;
		} else if (strcmp(argv[i], "--ready-fd") == 0 && i + 1 < argc) {
			parent.ready_fd = (int)g_ascii_strtoll(argv[++i], NULL, 10);
			(void)fcntl(parent.ready_fd, F_SETFD, FD_CLOEXEC);
		} else if (strcmp(argv[i], "--missing-users") == 0) {
			tell_users = true;
		} else {
			fprintf(stderr, "usage: waxwingd [--config FILE] [--ready-fd N] "
					"[--missing-users]\n");
			return 64;
		}
	}
	if (named || access(file, F_OK) == 0) {
		if (!wax_config_load(file, &parent.config, &error))
			refuse(error);
	} else {
		parent.config = wax_config_default();
	}
	if (tell_users)
		return print_missing(parent.config);
	default_paths(parent.config);
	wax_event_open("waxwingd", wax_config_text(parent.config, "log.target"),
		wax_config_text(parent.config, "log.level"));
	/* the control channel of a child is descriptor 3: none of ours may stand there */
	while (open("/dev/null", O_RDWR | O_CLOEXEC) < 4)
		;
	if (!wax_house_look(parent.config, &parent.house, &error) ||
		!wax_house_prepare(&parent.house, parent.config, &error) ||
		!take_lock(parent.config, &error) || !open_listeners(&parent, &error))
		refuse(error);
	signals = block_signals();
	add_processes(&parent);
	run(&parent, signals);
	stop_all(&parent);
	return 0;
}
