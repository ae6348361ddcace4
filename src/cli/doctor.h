/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cli/doctor - what is well with an installation, what is not, and what helps
 *
 * DESCRIPTION
 *	One row for each thing looked at: ok, warn or fail, what was found, and
 *	the command or setting that mends it.  A check that could not be made
 *	says so; it is never ok.  Three groups: the service and its files, the
 *	way of the mail, the mail server in front of it.
 *
 * OWNERSHIP
 *	The rows are the doctor's.
 *
 * ERRORS
 *	None: what goes wrong is a finding.
 */
#ifndef WAX_CLI_DOCTOR_H
#define WAX_CLI_DOCTOR_H

#include <glib.h>
#include <jansson.h>

#include "core/settings.h"

typedef enum {
	WAX_HEALTH_UNKNOWN, /* could not be looked at */
	WAX_HEALTH_OK,
	WAX_HEALTH_WARN,
	WAX_HEALTH_FAIL,
	WAX_HEALTH_COUNT_
} WaxHealth;

typedef struct {
	const WaxConfig *config;
	char *socket;	     /* of the service */
	const char *postfix; /* its configuration folder; NULL: the one that postconf names */
	json_t *rows;
} WaxDoctor;

/* wax_doctor_note - fix: what to do, or NULL where nothing is to be done */
void wax_doctor_note(WaxDoctor *doctor, const char *check, WaxHealth health, const char *fix,
	const char *fmt, ...) G_GNUC_PRINTF(5, 6);

void wax_doctor_service(WaxDoctor *doctor);
void wax_doctor_files(WaxDoctor *doctor);
void wax_doctor_mail(WaxDoctor *doctor);
void wax_doctor_postfix(WaxDoctor *doctor);

/*
 * wax_doctor_talk - say lines to a mail listener and get the last reply: "smtp:HOST:PORT",
 * "lmtp:HOST:PORT", "lmtp:unix:PATH"; NULL when nobody answers.  Each line waits for its reply.
 */
char *wax_doctor_talk(const char *spec, const char *const *lines, GError **error);

#endif
