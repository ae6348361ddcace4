/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	web/web - the resources of the HTTP API
 *
 * DESCRIPTION
 *	One table of routes.  Reading asks the databases; a change is handed,
 *	as an act with its JSON, to whoever may write (cad) and never done
 *	here.  Errors are problem documents (RFC 9457) with the code, the
 *	reason and the text that the command line prints.
 *
 *	wax_web_start serves the routes on a listening UNIX socket.  The
 *	caller is known by SO_PEERCRED; whom the check refuses gets 403.
 *
 * OWNERSHIP
 *	The parts are borrowed for as long as the server runs.
 *
 * ERRORS
 *	Each reason with its HTTP status; NOT_FOUND is 404, NOT_PERMITTED 403.
 *
 * LIMITS
 *	32 MiB a request.
 */
#ifndef WAX_WEB_WEB_H
#define WAX_WEB_WEB_H

#include <jansson.h>
#include <sys/types.h>

#include "directory/directory.h"
#include "store/mail.h"

typedef struct {
	WaxDirectory *directory;
	WaxMail *mail; /* NULL: there is none yet */
	void *ctx;
	/* carry a change out; body is the request's, with what the path named added */
	bool (*change)(void *ctx, const char *act, const char *actor, const json_t *body,
		json_t **ret_result, GError **error);
	json_t *(*status)(void *ctx); /* the processes and the isolation reached */
	bool (*permitted)(void *ctx, uid_t uid, gid_t gid, pid_t pid);
} WaxWebParts;

typedef struct {
	const char *method, *path;
	const json_t *query; /* object of texts; NULL: none */
	const json_t *body;  /* NULL: none */
	const char *actor;   /* "uid:0" */
} WaxWebRequest;

/* wax_web_answer - the HTTP status; *ret_body is the caller's */
unsigned wax_web_answer(const WaxWebParts *parts, const WaxWebRequest *request, json_t **ret_body);

typedef struct WaxWebServer WaxWebServer;

/* wax_web_start - takes the listening socket */
bool wax_web_start(const WaxWebParts *parts, int listener, WaxWebServer **ret_server,
	GError **error) WAX_MUST_USE;
void wax_web_stop(WaxWebServer *server);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxWebServer, wax_web_stop)

#endif
