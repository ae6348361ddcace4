/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/parts_internal.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/event.h"
#include "core/status.h"

struct WaxWorker {
	uint32_t index;
	int sock;
};

void wax_worker_drop(gpointer data)
{
	WaxWorker *worker = data;

	close(worker->sock);
	g_free(worker);
}

void wax_parts_worker(WaxParts *parts, uint32_t index, int sock)
{
	WaxWorker *worker = g_new0(WaxWorker, 1);

	worker->index = index;
	worker->sock = sock;
	g_mutex_lock(&parts->lock);
	for (GList *l = parts->idle.head; l; l = l->next) {
		WaxWorker *old = l->data;

		/* the one before died idle; one that died at work is dropped by its user */
		if (old->index != index)
			continue;
		g_queue_delete_link(&parts->idle, l);
		wax_worker_drop(old);
		break;
	}
	g_queue_push_tail(&parts->idle, worker);
	g_cond_signal(&parts->freed);
	g_mutex_unlock(&parts->lock);
}

static bool hung_up(const WaxWorker *worker)
{
	struct pollfd fd = { .fd = worker->sock, .events = POLLIN };

	/* an idle worker has nothing to say: whatever is there, it is not fit for a job */
	return poll(&fd, 1, 0) != 0;
}

static WaxWorker *take(WaxParts *parts, GError **error)
{
	gint64 until = g_get_monotonic_time() + parts->rules.worker_wait * 1000;
	WaxWorker *worker;
	bool late = false;

	g_mutex_lock(&parts->lock);
	for (;;) {
		worker = g_queue_pop_head(&parts->idle);
		if (worker && !hung_up(worker))
			break;
		/* it ended while idle, as workers do after some messages */
		g_clear_pointer(&worker, wax_worker_drop);
		if (late)
			break;
		if (g_queue_is_empty(&parts->idle))
			late = !g_cond_wait_until(&parts->freed, &parts->lock, until);
	}
	g_mutex_unlock(&parts->lock);
	if (!worker)
		wax_set_error(error, WAX_R_WORKER_DIED, "no worker is free");
	return worker;
}

/* give_back - a worker that answered as it should; another one is not trusted again */
static void give_back(WaxParts *parts, WaxWorker *worker, bool healthy)
{
	if (!healthy) {
		wax_event(
			WAX_WARNING, "worker-dropped", WAX_FIELD("index", WAX_UINT(worker->index)));
		/* it sees the end of the stream, ends itself, and is started afresh */
		(void)shutdown(worker->sock, SHUT_RDWR);
		wax_worker_drop(worker);
		return;
	}
	g_mutex_lock(&parts->lock);
	g_queue_push_tail(&parts->idle, worker);
	g_cond_signal(&parts->freed);
	g_mutex_unlock(&parts->lock);
}

bool wax_worker_ask(WaxParts *parts, WaxWorker *worker, const WaxFrame *request,
	WaxFrame **ret_reply, bool *ret_healthy, GError **error)
{
	g_autoptr(WaxFrame) reply = NULL;
	g_autoptr(GError) failure = NULL;

	*ret_healthy = false;
	if (!wax_ipc_send(worker->sock, request, &failure) ||
		!wax_ipc_recv(worker->sock, (int)parts->rules.worker_wait, &reply, &failure))
		return wax_fail(error,
			wax_reason_of(failure) == WAX_R_PEER_GONE ? WAX_R_PEER_GONE
								  : WAX_R_WORKER_DIED,
			"the worker: %s", failure->message);
	*ret_healthy = true;
	if (!wax_frame_check(reply, error))
		return false;
	*ret_reply = g_steal_pointer(&reply);
	return true;
}

bool wax_worker_nonsense(GError **error, const GError *why)
{
	return wax_fail(
		error, WAX_R_WORKER_DIED, "the worker: %s", why ? why->message : "nonsense");
}

bool wax_parts_with_worker(WaxParts *parts, WaxWorkerRun run, void *data, GError **error)
{
	g_autoptr(GError) failure = NULL;

	for (int attempt = 0; attempt < 2; attempt++) {
		WaxWorker *worker = take(parts, error);
		bool healthy = false, done;

		if (!worker)
			return false;
		g_clear_error(&failure);
		done = run(parts, worker, data, &healthy, &failure);
		give_back(parts, worker, healthy);
		if (done)
			return true;
		if (healthy || wax_reason_of(failure) != WAX_R_PEER_GONE)
			break;
	}
	if (wax_reason_of(failure) == WAX_R_PEER_GONE)
		return wax_fail(error, WAX_R_WORKER_DIED, "%s", failure->message);
	g_propagate_error(error, g_steal_pointer(&failure));
	return false;
}
