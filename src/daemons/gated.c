/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gated - the process that talks: one thread for each mail connection.  It spools, asks
 * the directory and the policy, hands messages to the workers and delivers what they made.
 * It holds no key and parses no message.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/event.h"
#include "core/io.h"
#include "core/status.h"
#include "crypto/digest.h"
#include "crypto/tls.h"
#include "daemons/child.h"
#include "gateway/front/flow.h"
#include "gateway/front/parts.h"
#include "gateway/front/serve.h"

#define DAY	     ((int64_t)86400)
#define WORKER_WAIT  (120 * 1000)
#define START_WAIT   (30 * 1000)
#define DISK_RESERVE (UINT64_C(64) << 20)
#define NOTICES	     20 /* an hour, to one sender */

/* one listener with the flow that its direction means */
typedef struct {
	int fd;
	WaxFlow *flow;
	WaxServeRules rules;
} Door;

typedef struct {
	WaxChild *child;
	const WaxConfig *config;
	char *host;
	char *spool;
	uint8_t hop_secret[32];
	WaxDirectory *directory;
	WaxMail *mail;
	WaxDeliverer *deliverer;
	WaxTls *tls, *next_hop_tls; /* as a server; as a client */
	GArray *users;		    /* uint32_t: who may use UNIX sockets */
	WaxParts *parts;
	char *policy; /* text that holds until one is applied */
	GArray *doors;
	gint connections;
	gint most;
} Gate;

typedef struct {
	Gate *gate;
	const Door *door;
	int sock;
} Connection;

static const char *text_of(const Gate *gate, const char *name)
{
	return wax_config_text(gate->config, name);
}

static char *path_of(const Gate *gate, const char *name)
{
	return g_build_filename(text_of(gate, "paths.state"), name, NULL);
}

/* ---- start ---- */

static char *host_name(const Gate *gate)
{
	if (text_of(gate, "host.name")[0])
		return g_strdup(text_of(gate, "host.name"));
	return g_strdup(g_get_host_name());
}

/* load_secret - of the loop marker: made once, since a marker must outlive a restart */
static bool load_secret(Gate *gate, GError **error)
{
	g_autofree char *path = path_of(gate, "mail/hop.key");
	g_autoptr(GByteArray) bytes = NULL;

	if (access(path, F_OK) != 0) {
		wax_random(gate->hop_secret, sizeof(gate->hop_secret));
		return wax_io_replace(
			path, WAX_SPAN(gate->hop_secret, sizeof(gate->hop_secret)), 0600, error);
	}
	if (!wax_io_load(path, 4096, &bytes, error))
		return false;
	if (bytes->len != sizeof(gate->hop_secret))
		return wax_fail(error, WAX_R_IO, "%s is damaged: remove it", path);
	memcpy(gate->hop_secret, bytes->data, sizeof(gate->hop_secret));
	return true;
}

/* open_directory - cad makes admin.db at the first start: wait for it */
static bool open_directory(Gate *gate, GError **error)
{
	g_autofree char *path = path_of(gate, "admin/admin.db");
	int64_t until = wax_clock_monotonic() + START_WAIT;
	WaxStore *store = NULL;

	for (;;) {
		struct pollfd stop = { wax_child_stop_fd(gate->child), POLLIN, 0 };

		g_clear_error(error);
		if (wax_store_open(path, WAX_STORE_READ, 0, &store, error))
			break;
		if (wax_clock_monotonic() > until || poll(&stop, 1, 100) > 0)
			return false;
	}
	gate->directory = wax_directory_new(store);
	/* a decision refreshes it first; what else is looked up for the message belongs to that */
	wax_directory_allow_age(gate->directory, 2);
	return true;
}

/* on_peer - a socket that is fresh, at the start or after its peer was started again */
static void on_peer(void *data, const char *name, unsigned index, int fd)
{
	Gate *gate = data;
	int mine = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (mine < 0)
		return;
	if (strcmp(name, "maild") == 0)
		wax_parts_worker(gate->parts, index, mine);
	else if (strcmp(name, "keyd") == 0)
		wax_parts_custody(gate->parts, mine);
	else
		close(mine);
}

static void take_peers(Gate *gate)
{
	static const char *const names[] = { "maild", "keyd" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		for (unsigned index = 0; index < wax_child_peers(gate->child, names[i]); index++) {
			int fd = wax_child_peer(gate->child, names[i], index);

			if (fd >= 0)
				on_peer(gate, names[i], index, fd);
		}
}

static void make_parts(Gate *gate)
{
	WaxPartsRules rules = { .host = gate->host,
		.relay_outbound = text_of(gate, "relay.outbound"),
		.relay_inbound = text_of(gate, "relay.inbound"),
		.size_out = (uint64_t)wax_config_int(gate->config, "gateway.size_out"),
		.worker_wait =
			MIN(WORKER_WAIT, wax_config_int(gate->config, "gateway.deadline") * 1000),
		.promote_subject = wax_config_flag(gate->config, "gateway.promote_subject"),
		.shy_headers = wax_config_flag(gate->config, "gateway.shy_headers"),
		.spool = gate->spool,
		.tag_signed = text_of(gate, "gateway.tag_signed"),
		.tag_encrypted = text_of(gate, "gateway.tag_encrypted"),
		.foreign_tags = wax_config_list(gate->config, "gateway.foreign_tags"),
		.cipher = "aes256-cbc", /* for whom nothing else is known (GATEWAY.md, D) */
		.default_policy = gate->policy };

	gate->parts = wax_parts_new(&rules, gate->directory);
}

/* size_in - what may grow to size_out when it is protected (GATEWAY d.10) */
static uint64_t size_in(uint64_t size_out)
{
	return (size_out - 65536) / 14 * 10;
}

static void add_door(Gate *gate, const WaxListener *listener)
{
	uint64_t size_out = (uint64_t)wax_config_int(gate->config, "gateway.size_out");
	bool out = strcmp(listener->kind, "outbound") == 0;
	bool lmtp = g_str_has_prefix(listener->spec, "lmtp:");
	WaxFlowParts parts = wax_parts_table(gate->parts);
	WaxFlowRules flow = { .direction = out ? WAX_OUTBOUND : WAX_INBOUND,
		.host = gate->host,
		.spool = gate->spool,
		.size_out = size_out,
		.disk_reserve = DISK_RESERVE,
		.received_limit = (unsigned)wax_config_int(gate->config, "gateway.received_max"),
		.recipient_infos =
			(unsigned)wax_config_int(gate->config, "gateway.recipient_infos"),
		.all_or_nothing = wax_config_flag(gate->config, "gateway.all_or_nothing"),
		.time_limit = wax_config_int(gate->config, "gateway.deadline") * 1000,
		.hop_secret = WAX_SPAN(gate->hop_secret, sizeof(gate->hop_secret)),
		.lmtp = lmtp,
		.notices_per_hour = NOTICES };
	Door door = { .fd = listener->fd,
		.flow = wax_flow_new(&flow, &parts, gate->mail, gate->deliverer),
		.rules = { .talk = { .lmtp = lmtp,
				   .host = gate->host,
				   .size_limit = out ? size_in(size_out) : size_out,
				   .max_recipients = 1000,
				   .xforward = true,
				   .tls = gate->tls != NULL },
			.tls = gate->tls,
			.internal_only = out,
			.users = (const uint32_t *)(void *)gate->users->data,
			.user_count = gate->users->len,
			.command_wait = 300 * 1000,
			.data_wait = 300 * 1000,
			.stop_fd = wax_child_stop_fd(gate->child) } };

	(void)fcntl(door.fd, F_SETFL, fcntl(door.fd, F_GETFL) | O_NONBLOCK);
	g_array_append_val(gate->doors, door);
}

/* name_users - their numbers, before the list of users is out of reach */
static void name_users(Gate *gate)
{
	gate->users = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	for (const char *const *name = wax_config_list(gate->config, "listen.users"); *name;
		name++) {
		const struct passwd *user = getpwnam(*name);
		uint32_t uid = user ? user->pw_uid : 0;

		if (user)
			g_array_append_val(gate->users, uid);
	}
}

static const char *path_or_none(const Gate *gate, const char *name)
{
	const char *path = text_of(gate, name);

	return path[0] ? path : NULL;
}

static bool next_hop_duty(const Gate *gate, WaxClientTls *ret_duty, GError **error)
{
	const char *word = text_of(gate, "tls.next_hop");

	if (strcmp(word, "off") == 0)
		*ret_duty = WAX_CLIENT_TLS_OFF;
	else if (strcmp(word, "may") == 0)
		*ret_duty = WAX_CLIENT_TLS_MAY;
	else if (strcmp(word, "must") == 0)
		*ret_duty = WAX_CLIENT_TLS_MUST;
	else
		return wax_fail(error, WAX_R_CONFIG_RANGE,
			"tls.next_hop is '%s'; it may be off, may or must", word);
	return true;
}

/* load_tls - the files are read now: later nothing of them can be opened */
static bool load_tls(Gate *gate, WaxClientTls *ret_duty, GError **error)
{
	const char *certificate = path_or_none(gate, "tls.certificate");
	const char *key = path_or_none(gate, "tls.key");

	if (!next_hop_duty(gate, ret_duty, error))
		return false;
	if (!certificate != !key)
		return wax_fail(error, WAX_R_CONFIG_RANGE,
			"tls.certificate and tls.key belong together: set both or none");
	if (certificate && !wax_tls_server_new(certificate, key,
				   path_or_none(gate, "tls.internal_ca"), &gate->tls, error))
		return false;
	return wax_tls_client_new(certificate, key, path_or_none(gate, "tls.next_hop_ca"),
		&gate->next_hop_tls, error);
}

static bool start(Gate *gate, GError **error)
{
	WaxClientTls duty;
	g_autofree char *path = path_of(gate, "mail/mail.db");

	gate->host = host_name(gate);
	gate->spool = path_of(gate, "spool");
	gate->policy = g_strdup_printf("default %s\nsigning %s\n", text_of(gate, "policy.floor"),
		text_of(gate, "gateway.signing"));
	gate->most = (gint)wax_config_int(gate->config, "service.connections");
	gate->doors = g_array_new(FALSE, FALSE, sizeof(Door));
	name_users(gate);
	if (!load_tls(gate, &duty, error))
		return false;
	wax_child_become(gate->child); /* root alone may read the key of TLS */
	if (!load_secret(gate, error) || !wax_mail_open(path, &gate->mail, error) ||
		!open_directory(gate, error))
		return false;
	gate->deliverer = wax_deliverer_new(gate->mail, gate->host);
	wax_deliverer_set_tls(gate->deliverer, gate->next_hop_tls, duty);
	make_parts(gate);
	return true;
}

/* ---- running ---- */

static gpointer converse(gpointer data)
{
	Connection *connection = data;
	Gate *gate = connection->gate;
	WaxServeCalls calls;
	WaxFlowSession *session = wax_flow_session_new(connection->door->flow, &calls);

	wax_serve(connection->sock, &connection->door->rules, &calls);
	wax_flow_session_free(session);
	g_free(connection);
	(void)g_atomic_int_dec_and_test(&gate->connections);
	return NULL;
}

/* turn_away - more connections than we serve: the client tries again */
static void turn_away(int sock, const char *why)
{
	ssize_t said = send(sock, why, strlen(why), MSG_NOSIGNAL | MSG_DONTWAIT);

	(void)said; /* it hangs up either way */
	close(sock);
}

static void let_in(Gate *gate, const Door *door)
{
	g_autoptr(GError) error = NULL;
	Connection *connection;
	GThread *thread;
	int sock = accept4(door->fd, NULL, NULL, SOCK_CLOEXEC);

	if (sock < 0)
		return;
	if (g_atomic_int_get(&gate->connections) >= gate->most) {
		wax_event(WAX_NOTICE, "limit-hit",
			WAX_FIELD("limit", WAX_STR("service.connections")),
			WAX_FIELD("value", WAX_UINT(gate->most)));
		turn_away(sock, "421 4.3.2 too many connections, try again\r\n");
		return;
	}
	connection = g_new(Connection, 1);
	*connection = (Connection){ gate, door, sock };
	g_atomic_int_inc(&gate->connections);
	thread = g_thread_try_new("connection", converse, connection, &error);
	if (thread) {
		g_thread_unref(thread);
		return;
	}
	(void)g_atomic_int_dec_and_test(&gate->connections);
	g_free(connection);
	turn_away(sock, "421 4.3.2 no room for a conversation, try again\r\n");
}

/* tidy - once a day the journal forgets what no client repeats any more */
static void tidy(Gate *gate, int64_t *next)
{
	g_autoptr(GError) error = NULL;
	int64_t now = wax_clock_now();
	int64_t days = wax_config_int(gate->config, "gateway.journal_days");

	if (now < *next)
		return;
	*next = now + DAY;
	if (!wax_mail_forget_before(gate->mail, now - days * DAY, now - 90 * DAY, &error))
		wax_event_error(WAX_WARNING, "journal-not-tidied", error);
}

static void run(Gate *gate)
{
	g_autofree struct pollfd *fds = g_new0(struct pollfd, gate->doors->len + 1);
	int64_t next = 0;

	for (guint i = 0; i < gate->doors->len; i++)
		fds[i] = (struct pollfd){ g_array_index(gate->doors, Door, i).fd, POLLIN, 0 };
	fds[gate->doors->len] = (struct pollfd){ wax_child_stop_fd(gate->child), POLLIN, 0 };
	for (;;) {
		tidy(gate, &next);
		if (poll(fds, gate->doors->len + 1, 3600 * 1000) <= 0)
			continue;
		if (fds[gate->doors->len].revents)
			return;
		for (guint i = 0; i < gate->doors->len; i++)
			if (fds[i].revents)
				let_in(gate, &g_array_index(gate->doors, Door, i));
	}
}

/* finish - messages in work may end; who is idle was told to try again */
static void finish(Gate *gate)
{
	int64_t until = wax_clock_monotonic() + 10 * 1000;

	while (g_atomic_int_get(&gate->connections) > 0 && wax_clock_monotonic() < until)
		g_usleep(20 * 1000);
	/* those left over get no answer, which is a 4xx to their clients */
	if (g_atomic_int_get(&gate->connections) == 0)
		wax_mail_close(gate->mail);
}

int main(void)
{
	WaxChild *child = wax_child_start();
	Gate gate = { .child = child, .config = wax_child_config(child) };
	GPtrArray *listeners = wax_child_listeners(child);
	g_autoptr(GError) error = NULL;

	signal(SIGPIPE, SIG_IGN);
	/* GLib's own complaints are mistakes of ours: better a 451 than a wrong state */
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
	/* mail.db is there when the parent hears READY: webd reads it */
	if (!start(&gate, &error)) {
		wax_event_error(WAX_ERR, "start-failed", error);
		return 70;
	}
	/* Maildirs of domains that are yet to be added may lie anywhere: no Landlock */
	wax_child_confine(child, WAX_CONFINE_GATED, NULL);
	wax_child_on_peer(child, on_peer, &gate);
	take_peers(&gate);
	wax_child_ready(child);
	wax_child_run_control(child);
	for (guint i = 0; i < listeners->len; i++) {
		const WaxListener *listener = g_ptr_array_index(listeners, i);

		if (strcmp(listener->kind, "outbound") == 0 ||
			strcmp(listener->kind, "inbound") == 0)
			add_door(&gate, listener);
	}
	run(&gate);
	finish(&gate);
	return 0;
}
