/* SPDX-License-Identifier: Apache-2.0 */
/* webd - the HTTP API on the local socket: reads the databases, hands every change to cad. */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "ca/acts.h"
#include "core/event.h"
#include "core/io.h"
#include "core/status.h"
#include "crypto/offer.h"
#include "daemons/child.h"
#include "web/web.h"

#define PATIENCE       60000 /* ms: the slowest act makes several keys */
#define HELLO_PATIENCE 3000  /* within this a free administration says that it is there */
#define QUEUE_PATIENCE 5000  /* how long an act waits for the one before it */

typedef struct {
	WaxChild *child;
	GMutex lock, names_lock; /* of `busy`; of what the C library says about users */
	GCond free;
	bool busy;	    /* an act is with cad, which does one at a time */
	json_t *algorithms; /* asked for before the confinement, which keeps libcrypto from its files */
	char *status_path, *mail_path;
	WaxWebParts parts;
} Service;

/* take_turn - cad does one act at a time; who waits too long hears so */
static bool take_turn(Service *s, GError **error)
{
	int64_t until = g_get_monotonic_time() + QUEUE_PATIENCE * G_TIME_SPAN_MILLISECOND;
	bool mine;

	g_mutex_lock(&s->lock);
	while (s->busy && g_cond_wait_until(&s->free, &s->lock, until))
		;
	mine = !s->busy;
	s->busy = true; /* mine, or still that of the other */
	g_mutex_unlock(&s->lock);
	return mine || wax_fail(error, WAX_R_SERVICE_DOWN,
			       "another change is still being made; nothing was changed by this "
			       "one, try again");
}

static void end_turn(Service *s)
{
	g_mutex_lock(&s->lock);
	s->busy = false;
	g_cond_signal(&s->free);
	g_mutex_unlock(&s->lock);
}

/* is_there - a stopped or busy cad is found out before it is given anything */
static bool is_there(int cad, GError **error)
{
	g_autoptr(WaxFrame) hello = wax_frame_new(WAX_CA_HELLO), reply = NULL;

	return (cad >= 0 && wax_ipc_call(cad, hello, HELLO_PATIENCE, &reply, NULL)) ||
	       wax_fail(error, WAX_R_SERVICE_DOWN,
		       "nothing was changed: the administration process does not answer; it is "
		       "started again when it died, try again (waxwing status shows it)");
}

static bool call_cad(Service *s, const WaxFrame *request, WaxFrame **ret_reply, GError **error)
{
	/* of our own: the number may come to mean a fresh socket while we wait on this one */
	int cad = fcntl(wax_child_peer(s->child, "cad", 0), F_DUPFD_CLOEXEC, 0);
	g_autoptr(GError) why = NULL;
	bool ok = is_there(cad, error);

	if (ok && !wax_ipc_call(cad, request, PATIENCE, ret_reply, &why)) {
		WaxReason reason = wax_reason_of(why);

		ok = reason == WAX_R_PEER_GONE || reason == WAX_R_TIMEOUT
			     ? wax_fail(error, WAX_R_SERVICE_DOWN,
				       "the administration process went away during the change; "
				       "look whether it was made, and try again")
			     : wax_fail(error, reason, "%s", why->message);
	}
	if (cad >= 0)
		close(cad);
	return ok;
}

static bool change(void *ctx, const char *act, const char *actor, const json_t *body,
	json_t **ret_result, GError **error)
{
	Service *s = ctx;
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_CA_DO), reply = NULL;
	char *text = json_dumps(body, JSON_COMPACT);
	const char *answer;
	bool ok;

	wax_frame_put_str(request, act);
	wax_frame_put_str(request, actor);
	wax_frame_put_str(request, text);
	free(text);
	if (!take_turn(s, error))
		return false;
	ok = call_cad(s, request, &reply, error);
	end_turn(s);
	if (!ok)
		return false;
	if (!wax_frame_get_str(reply, &answer, error))
		return false;
	*ret_result = json_loads(answer ? answer : "{}", 0, NULL);
	return *ret_result ||
	       wax_fail(error, WAX_R_INTERNAL, "the administration answered with no JSON");
}

/* algorithms - what the libcrypto of this service has */
static json_t *algorithms(void)
{
	json_t *answer = json_pack("{s:s}", "libcrypto", wax_offer_library());

	for (unsigned offer = 0; offer < WAX_OFFER_COUNT_; offer++) {
		g_autoptr(GPtrArray) list = wax_offer_list((WaxOffer)offer);
		json_t *items = json_array();

		for (guint n = 0; n < list->len; n++)
			json_array_append_new(items, json_string(list->pdata[n]));
		json_object_set_new(answer, wax_offer_word((WaxOffer)offer), items);
	}
	return answer;
}

static json_t *status(void *ctx)
{
	Service *s = ctx;
	g_autofree char *text = NULL;
	json_t *root = NULL, *keys = NULL, *none = json_object();

	if (wax_io_load_text(s->status_path, 1024 * 1024, &text, NULL))
		root = json_loads(text, 0, NULL);
	if (!root)
		root = json_object();
	/* locked keys explain why mail waits, so they stand beside the processes */
	if (change(s, "keys-status", "status", none, &keys, NULL))
		json_object_set(root, "keys", json_object_get(keys, "items"));
	json_decref(keys);
	json_decref(none);
	json_object_set(root, "algorithms", s->algorithms);
	return root;
}

/* in_group - under names_lock: the C library answers in one place for all threads */
static bool in_group(uid_t uid, gid_t gid, const char *name)
{
	struct group *group = name[0] ? getgrnam(name) : NULL;
	struct passwd *user = getpwuid(uid);

	if (!group)
		return false;
	if (gid == group->gr_gid)
		return true;
	for (char **member = group->gr_mem; user && *member; member++)
		if (strcmp(*member, user->pw_name) == 0)
			return true;
	return false;
}

/* root, the user that the service runs as, and members of the configured group */
static bool permitted(void *ctx, uid_t uid, gid_t gid, pid_t pid)
{
	Service *s = ctx;
	bool may;

	(void)pid; /* a process number can be anybody's a moment later */
	if (uid == 0 || uid == getuid())
		return true;
	g_mutex_lock(&s->names_lock);
	may = in_group(
		uid, gid, wax_config_text(wax_child_config(s->child), "service.admin_group"));
	g_mutex_unlock(&s->names_lock);
	return may;
}

static int api_socket(WaxChild *child)
{
	GPtrArray *listeners = wax_child_listeners(child);

	for (guint i = 0; i < listeners->len; i++) {
		const WaxListener *listener = listeners->pdata[i];

		if (strcmp(listener->kind, "api") == 0)
			return listener->fd;
	}
	return -1;
}

int main(void)
{
	WaxChild *child = wax_child_start();
	const WaxConfig *config = wax_child_config(child);
	const char *state = wax_config_text(config, "paths.state");
	g_autofree char *admin = g_build_filename(state, "admin", "admin.db", NULL);
	g_autoptr(GError) error = NULL;
	WaxWebServer *server;
	WaxStore *store;
	Service s = { .child = child };
	struct pollfd stop;
	g_autofree char *admin_folder = g_path_get_dirname(admin), *mail_folder = NULL;

	s.status_path = g_build_filename(wax_config_text(config, "paths.run"), "status.json", NULL);
	s.mail_path = g_build_filename(state, "mail", "mail.db", NULL);
	s.algorithms = algorithms();
	wax_child_become(child);
	if (!wax_store_open(admin, WAX_STORE_READ, 0, &store, &error)) {
		wax_event_error(WAX_ERR, "start-failed", error);
		return 75;
	}
	s.parts = (WaxWebParts){ .directory = wax_directory_new(store),
		.ctx = &s,
		.change = change,
		.status = status,
		.permitted = permitted };
	/* gated made it before it was ready, and the parent starts this process after that */
	if (!wax_mail_open_reader(s.mail_path, &s.parts.mail, &error)) {
		wax_event_error(WAX_WARNING, "mail-store-missing", error);
		g_clear_error(&error);
	}
	mail_folder = g_path_get_dirname(s.mail_path);
	/* before the first thread: Landlock holds for the thread that enters it and its children */
	json_object_seed(0); /* from the kernel, which is out of reach in a moment */
	wax_child_confine(child, WAX_CONFINE_WEBD,
		(const WaxPlace[]){ { admin_folder, false }, { mail_folder, false },
			{ wax_config_text(config, "paths.run"), false }, { "/etc", false },
			{ "/usr/lib", false }, { "/lib", false }, { NULL, false } });
	wax_child_run_control(child);
	if (!wax_web_start(&s.parts, api_socket(child), &server, &error)) {
		wax_event_error(WAX_ERR, "start-failed", error);
		return 75;
	}
	wax_child_ready(child);
	stop = (struct pollfd){ wax_child_stop_fd(child), POLLIN, 0 };
	while (poll(&stop, 1, -1) <= 0)
		;
	wax_web_stop(server);
	json_decref(s.algorithms);
	return 0;
}
