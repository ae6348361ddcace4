/* SPDX-License-Identifier: Apache-2.0 */
/* cad - the only writer of people, domains, certificates, trust and policy; the small certifier. */
#include <poll.h>

#include "ca/acts.h"
#include "core/clock.h"
#include "core/event.h"
#include "core/status.h"
#include "daemons/child.h"

#define RENEWAL_MS	 (60 * 60 * 1000)
#define RENEWAL_FIRST_MS (60 * 1000)

static bool answer(WaxCa *ca, WaxFrame *request, WaxFrame *reply, GError **error)
{
	const char *act, *actor, *text;
	json_t *args, *result = NULL;
	char *dumped;
	bool ok;

	if (wax_frame_type(request) == WAX_CA_HELLO)
		return wax_frame_done(request, error);
	/* one kind of act, from webd alone; which acts there are is a table in ca/acts */
	if (wax_frame_type(request) != WAX_CA_DO)
		return wax_fail(error, WAX_R_REQUEST_REFUSED, "this may not be asked here");
	if (!wax_frame_get_str(request, &act, error) ||
		!wax_frame_get_str(request, &actor, error) ||
		!wax_frame_get_str(request, &text, error) || !wax_frame_done(request, error))
		return false;
	args = text ? json_loads(text, 0, NULL) : NULL;
	if (!act || !actor || !json_is_object(args)) {
		json_decref(args);
		return wax_fail(
			error, WAX_R_FRAME_MALFORMED, "an act without name, actor or arguments");
	}
	ok = wax_ca_do(ca, act, actor, args, &result, error);
	json_decref(args);
	if (!ok)
		return false;
	dumped = json_dumps(result, JSON_COMPACT);
	wax_frame_put_str(reply, dumped);
	free(dumped);
	json_decref(result);
	return true;
}

static void serve(WaxCa *ca, int sock, WaxFrame *request)
{
	g_autoptr(WaxFrame) reply = wax_frame_new(WAX_IPC_OK);
	g_autoptr(GError) error = NULL;

	if (!answer(ca, request, reply, &error)) {
		g_clear_pointer(&reply, wax_frame_free);
		reply = wax_frame_new_error(error);
	}
	wax_frame_answers(reply, request);
	/* whoever asked and went away, or does not read, asks again */
	wax_ignore(wax_ipc_send_now(sock, reply, NULL));
}

/* renew - what fails now, as under a locked custody, is tried again an hour later */
static void renew(WaxCa *ca)
{
	g_autoptr(GError) error = NULL;
	unsigned count;

	if (!wax_ca_renew(ca, wax_clock_now(), &count, &error))
		wax_event_error(WAX_WARNING, "renewal-failed", error);
}

/* refuse - what was no request is answered, too; false when nobody is there to hear it */
static bool refuse(int sock, const GError *error)
{
	g_autoptr(WaxFrame) reply = NULL;

	if (wax_reason_of(error) != WAX_R_FRAME_MALFORMED)
		return false;
	reply = wax_frame_new_error(error);
	return wax_ipc_send_now(sock, reply, NULL);
}

int main(void)
{
	WaxChild *child = wax_child_start();
	const WaxConfig *config = wax_child_config(child);
	g_autofree char *path =
		g_build_filename(wax_config_text(config, "paths.state"), "admin", "admin.db", NULL);
	g_autofree char *folder = g_path_get_dirname(path);
	g_autoptr(GError) error = NULL;
	WaxCa ca = { .organisation = wax_config_text(config, "ca.organisation"),
		.validity_days = (int)wax_config_int(config, "ca.validity_days"),
		.one_key = wax_config_flag(config, "ca.one_key") };

	int64_t next_renewal;

	WaxPlace places[] = { { folder, true }, { "/etc/ssl", false }, { "/usr/lib", false },
		{ "/lib", false }, { NULL, false } };

	wax_child_become(child);
	if (!wax_store_open(path, WAX_STORE_WRITE, 0, &ca.store, &error)) {
		wax_event_error(WAX_ERR, "start-failed", error);
		return 75;
	}
	json_object_seed(0); /* from the kernel, which is out of reach in a moment */
	wax_child_confine(child, WAX_CONFINE_CAD, places);
	wax_child_ready(child);
	next_renewal = wax_clock_monotonic() + RENEWAL_FIRST_MS;
	for (;;) {
		struct pollfd fds[3] = { { wax_child_control_fd(child), POLLIN, 0 },
			{ wax_child_stop_fd(child), POLLIN, 0 },
			{ wax_child_peer(child, "webd", 0), POLLIN, 0 } };
		g_autoptr(WaxFrame) request = NULL;
		g_autoptr(GError) wrong = NULL;

		ca.keyd = wax_child_peer(child, "keyd", 0);
		ca.certd = wax_child_peer(child, "certd", 0);
		if (wax_clock_monotonic() >= next_renewal) {
			renew(&ca);
			next_renewal = wax_clock_monotonic() + RENEWAL_MS;
		}
		if (poll(fds, 3, (int)MAX(next_renewal - wax_clock_monotonic(), 0)) <= 0)
			continue;
		if (fds[1].revents)
			break;
		if (fds[0].revents) {
			wax_child_control(child);
			continue;
		}
		if (!wax_ipc_recv(fds[2].fd, 0, &request, &wrong)) {
			if (refuse(fds[2].fd, wrong))
				continue;
			wax_child_control(
				child); /* webd is gone: a new socket comes from the parent */
			continue;
		}
		ca.keyd = wax_child_peer(child, "keyd", 0);
		ca.certd = wax_child_peer(child, "certd", 0);
		serve(&ca, fds[2].fd, request);
	}
	wax_store_free(ca.store);
	return 0;
}
