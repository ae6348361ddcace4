/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maild - the process that reads hostile bytes.  It has the descriptors it is handed and
 * the ticket of one message; it opens no file and no socket, executes nothing, and is
 * replaced after some messages.
 */
#include <malloc.h>
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core/event.h"
#include "core/status.h"
#include "crypto/arena.h"
#include "daemons/child.h"
#include "gateway/work/work.h"
#include "keys/client/worker.h"
#include "mime/fields.h"

typedef struct {
	WaxChild *child;
	int gated;
	uint8_t ticket[16]; /* of an OPEN, once keys were granted */
	GArray *granted;    /* WaxJobKey; index is our own number of the question */
	uint32_t opened_by;
	bool opened;
} Worker;

static bool sign(void *data, const uint8_t ticket[16], uint32_t handle, WaxSigAlg alg,
	WaxDigestAlg digest, WaxSpan attributes, GByteArray **ret_signature, GError **error)
{
	Worker *w = data;

	return wax_keyd_sign(wax_child_peer(w->child, "keyd", 0), WAX_SPAN(ticket, 16), handle, alg,
		digest, attributes, ret_signature, error);
}

/*
 * ask_keys - which key does this RecipientInfo mean?  gated answers from the directory, by ticket;
 * false: it did not
 */
static bool ask_keys(Worker *w, const WaxRecipient *recipient, bool *ret_found, WaxJobKey *ret_key)
{
	g_autoptr(GArray) named = g_array_new(false, false, sizeof(WaxJobNamed));
	g_autoptr(WaxFrame) question = wax_frame_new(WAX_JOB_NEED_KEYS), answer = NULL;
	WaxJobNamed one = { 0, NULL, NULL };
	GArray *keys = NULL;

	if (recipient->id.issuer_and_serial.n)
		one.issuer_serial = g_bytes_new(
			recipient->id.issuer_and_serial.p, recipient->id.issuer_and_serial.n);
	else
		one.key_id = g_bytes_new(recipient->id.key_id.p, recipient->id.key_id.n);
	g_array_append_val(named, one);
	wax_job_need_put(named, question);
	g_clear_pointer(&one.issuer_serial, g_bytes_unref);
	g_clear_pointer(&one.key_id, g_bytes_unref);
	if (!wax_ipc_send(w->gated, question, NULL) ||
		!wax_ipc_recv(w->gated, 30000, &answer, NULL) ||
		wax_frame_type(answer) != WAX_JOB_KEYS ||
		!wax_job_keys_get(answer, w->ticket, &keys, NULL))
		return false;
	*ret_found = keys->len > 0;
	if (*ret_found) {
		*ret_key = g_array_index(keys, WaxJobKey, 0);
		ret_key->cert = NULL;
	}
	g_array_unref(keys);
	return true;
}

static int find(void *data, const WaxRecipient *recipient, bool alone)
{
	Worker *w = data;
	WaxJobKey key;
	bool found;

	(void)alone; /* only what is named counts here */
	if (recipient->alg == WAX_KEYENC_NONE || recipient->alg == WAX_KEYENC_KEK ||
		(!recipient->id.issuer_and_serial.n && !recipient->id.key_id.n))
		return WAX_FIND_NONE;
	if (!ask_keys(w, recipient, &found, &key))
		return WAX_FIND_UNANSWERED;
	return found ? (int)key.handle : WAX_FIND_NONE;
}

static bool unwrap(void *data, int handle, const WaxRecipient *recipient, size_t key_size,
	WaxSecret **ret_key, GError **error)
{
	Worker *w = data;

	if (!wax_keyd_unwrap(wax_child_peer(w->child, "keyd", 0), WAX_SPAN(w->ticket, 16),
		    (uint32_t)handle, recipient, key_size, ret_key, error))
		return false;
	if (!w->opened)
		w->opened_by = (uint32_t)handle;
	w->opened = true;
	return true;
}

/* budget - what a message of this size may cost (SMIME L-19); above it the kernel ends this process */
static void budget(const WaxSpool *message)
{
	wax_child_seconds((unsigned)(10 + wax_spool_size(message) / (50 << 20)));
}

static bool do_facts(Worker *w, WaxFrame *request, WaxFrame *reply, GError **error)
{
	g_autoptr(WaxSpool) message = NULL;
	g_auto(WaxJobFacts) facts = { NULL };

	(void)w; /* facts need no key */
	if (!wax_spool_get(request, &message, error))
		return false;
	budget(message);
	if (!wax_work_facts(message, &facts, error))
		return false;
	wax_job_facts_put(&facts, reply);
	return true;
}

static bool do_build(Worker *w, WaxFrame *request, WaxFrame *reply, GError **error)
{
	g_autoptr(WaxSpool) message = NULL, copy = NULL;
	g_auto(WaxJobBuild) build = { 0 };
	g_auto(WaxJobBuilt) built = { 0 };
	WaxWorkSigner signer = { w, sign };

	if (!wax_spool_get(request, &message, error) || !wax_spool_get(request, &copy, error))
		return false;
	budget(message);
	if (!wax_job_build_get(request, &build, error) ||
		!wax_work_build(message, &build, &signer, copy, &built, error))
		return false;
	wax_spool_put_result(copy, reply);
	wax_job_built_put(&built, reply);
	return true;
}

static bool do_open(Worker *w, WaxFrame *request, WaxFrame *reply, GError **error)
{
	g_autoptr(WaxSpool) message = NULL, shown = NULL, original = NULL;
	g_auto(WaxJobOpen) open = { 0 };
	g_auto(WaxJobOpened) opened = { 0 };
	WaxUnwrapper keys = { w, find, unwrap };

	w->opened = false;
	if (!wax_spool_get(request, &message, error) || !wax_spool_get(request, &shown, error) ||
		!wax_spool_get(request, &original, error))
		return false;
	budget(message);
	if (!wax_job_open_get(request, &open, error) ||
		!wax_work_open(message, &open, &keys, shown, original, &opened, error))
		return false;
	opened.opened_by = w->opened_by;
	wax_job_opened_put(&opened, reply);
	wax_spool_put_result(shown, reply);
	wax_spool_put_result(original, reply);
	return true;
}

/* everything that may be asked, by gated alone; the ticket is shown to keyd, not here */
static const struct {
	uint16_t type;
	bool (*answer)(Worker *w, WaxFrame *request, WaxFrame *reply, GError **error);
} rows[] = {
	{ WAX_JOB_FACTS, do_facts },
	{ WAX_JOB_BUILD, do_build },
	{ WAX_JOB_OPEN, do_open },
};

static bool answer(Worker *w, WaxFrame *request, WaxFrame *reply, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if (rows[i].type == wax_frame_type(request))
			return rows[i].answer(w, request, reply, error);
	return wax_fail(error, WAX_R_REQUEST_REFUSED, "this may not be asked here");
}

static void serve(Worker *w, WaxFrame *request)
{
	g_autoptr(WaxFrame) reply = wax_frame_new(WAX_IPC_OK);
	g_autoptr(GError) error = NULL;
	bool ok;

	ok = answer(w, request, reply, &error);
	if (!ok) {
		g_clear_pointer(&reply, wax_frame_free);
		reply = wax_frame_new_error(error);
	}
	g_clear_error(&error);
	/* when gated is gone its message is gone with it, and comes again */
	wax_ignore(wax_ipc_send(w->gated, reply, NULL));
}

/* refuse - what was no request is answered, too; false when gated is gone */
static bool refuse(const Worker *w, const GError *error)
{
	g_autoptr(WaxFrame) reply = NULL;

	if (wax_reason_of(error) != WAX_R_FRAME_MALFORMED)
		return false;
	reply = wax_frame_new_error(error);
	return wax_ipc_send(w->gated, reply, NULL);
}

int main(void)
{
	WaxChild *child = wax_child_start();
	int64_t left = wax_config_int(wax_child_config(child), "service.messages_per_worker") * 4;
	WaxPlace nothing = { NULL, false };
	Worker w = { .child = child };

	/* what a message leaves goes to the next one, not back to the system and through it again */
	(void)mallopt(M_TRIM_THRESHOLD, 4 << 20);
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
	(void)mallopt(M_TOP_PAD, 1 << 20);
	wax_crypto_warm_up();
	wax_mime_warm_up();
	json_object_seed(0); /* from the kernel, which is out of reach in a moment */
	wax_child_become(child);
	wax_child_confine(child, WAX_CONFINE_MAILD, &nothing);
	wax_child_ready(child);
	while (left > 0) {
		struct pollfd fds[3] = { { wax_child_control_fd(child), POLLIN, 0 },
			{ wax_child_stop_fd(child), POLLIN, 0 },
			{ wax_child_peer(child, "gated", 0), POLLIN, 0 } };

		if (poll(fds, 3, -1) <= 0)
			continue;
		if (fds[1].revents)
			return 0;
		if (fds[0].revents) {
			wax_child_control(child);
			continue;
		}
		if (fds[2].revents) {
			g_autoptr(WaxFrame) request = NULL;
			g_autoptr(GError) wrong = NULL;

			w.gated = fds[2].fd;
			/* gated is gone, or trusts this process no more: a fresh one takes its place */
			if (!wax_ipc_recv(w.gated, 0, &request, &wrong)) {
				if (!refuse(&w, wrong))
					return 0;
				continue;
			}
			serve(&w, request);
			left--;
		}
	}
	return 0;
}
