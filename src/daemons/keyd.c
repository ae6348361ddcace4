/* SPDX-License-Identifier: Apache-2.0 */
/* keyd - the process that alone uses private keys; one instance for people, one for certifiers. */
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/event.h"
#include "core/status.h"
#include "crypto/arena.h"
#include "daemons/child.h"
#include "keys/custodian/custodian.h"
#include "keys/proto/requests.h"

#define PEERS_MAX 80
#define ARENA	  (4 * 1024 * 1024)

typedef struct {
	const char *name;
	unsigned who;
} Kind;

static const Kind kinds[] = { { "gated", WAX_PEER_GATED }, { "maild", WAX_PEER_MAILD },
	{ "cad", WAX_PEER_CAD } };

typedef struct {
	struct pollfd fds[PEERS_MAX];
	unsigned who[PEERS_MAX];
	nfds_t n;
} Watch;

/* watch_all - the control channel first, the word to stop second, then every peer there is now */
static void watch_all(WaxChild *child, Watch *watch)
{
	watch->fds[0] = (struct pollfd){ wax_child_control_fd(child), POLLIN, 0 };
	watch->fds[1] = (struct pollfd){ wax_child_stop_fd(child), POLLIN, 0 };
	watch->n = 2;
	for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++)
		for (unsigned i = 0; i < wax_child_peers(child, kinds[k].name); i++) {
			int fd = wax_child_peer(child, kinds[k].name, i);

			if (fd < 0 || watch->n == PEERS_MAX)
				continue;
			watch->who[watch->n] = kinds[k].who;
			watch->fds[watch->n++] = (struct pollfd){ fd, POLLIN, 0 };
		}
}

/* serve - one request; false when the peer is gone */
static bool serve(WaxCustodian *custodian, int fd, unsigned who)
{
	g_autoptr(WaxFrame) request = NULL, reply = NULL;
	g_autoptr(GError) error = NULL;

	if (!wax_ipc_recv(fd, 0, &request, &error)) {
		if (wax_reason_of(error) != WAX_R_FRAME_MALFORMED)
			return false;
		reply = wax_frame_new_error(error);
	} else {
		reply = wax_custodian_answer(custodian, who, request);
		wax_frame_answers(reply, request);
	}
	g_clear_error(&error);
	/* one that asks and does not read may not hold up the others */
	return wax_ipc_send_now(fd, reply, &error);
}

static void run(WaxChild *child, WaxCustodian *custodian)
{
	GHashTable *gone = g_hash_table_new(
		NULL, NULL); /* sockets whose peer is away until it is started again */
	bool idle = true;

	for (;;) {
		Watch watch;
		int n;

		watch_all(child, &watch);
		for (nfds_t i = 2; i < watch.n; i++)
			if (g_hash_table_contains(gone, GINT_TO_POINTER(watch.fds[i].fd)))
				watch.fds[i].fd = -1;
		n = poll(watch.fds, watch.n, idle ? 50 : -1);
		if (n == 0)
			idle = wax_custodian_idle(custodian);
		if (n <= 0)
			continue;
		if (watch.fds[1].revents)
			return;
		if (watch.fds[0].revents) {
			wax_child_control(child);
			g_hash_table_remove_all(gone);
			continue;
		}
		for (nfds_t i = 2; i < watch.n; i++)
			if (watch.fds[i].fd >= 0 && watch.fds[i].revents &&
				!serve(custodian, watch.fds[i].fd, watch.who[i]))
				g_hash_table_add(gone, GINT_TO_POINTER(watch.fds[i].fd));
		idle = true;
	}
}

int main(void)
{
	WaxChild *child = wax_child_start();
	g_autofree char *folder =
		g_build_filename(wax_config_text(wax_child_config(child), "paths.state"),
			wax_child_name(child), NULL);
	g_autoptr(GError) error = NULL;
	WaxCustodian *custodian;
	WaxPlace places[] = { { folder, true }, { "/etc/ssl", false }, { "/usr/lib", false },
		{ "/lib", false }, { NULL, false } };

	wax_child_become(child);
	wax_crypto_arena(ARENA);
	if (g_mkdir_with_parents(folder, 0700) != 0 || chmod(folder, 0700) != 0 ||
		!wax_custodian_new(folder, &custodian, &error)) {
		if (!error)
			wax_set_error(&error, WAX_R_IO, "the folder %s cannot be made", folder);
		wax_event_error(WAX_ERR, "start-failed", error);
		return 70;
	}
	wax_child_confine(child, WAX_CONFINE_KEYD, places);
	wax_child_ready(child);
	run(child, custodian);
	wax_custodian_free(custodian);
	return 0;
}
