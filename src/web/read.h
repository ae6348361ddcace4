/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	web/read - what is asked of the databases, as JSON
 *
 * DESCRIPTION
 *	One function for each readable resource.  Lists are {"items": [...]},
 *	with "next" where there is more.
 *
 * OWNERSHIP
 *	Answers are the caller's.
 *
 * ERRORS
 *	DIRECTORY_DOWN, NOT_FOUND, SERVICE_DOWN (no mail database yet),
 *	VALUE_INVALID, and those of store/db.
 */
#ifndef WAX_WEB_READ_H
#define WAX_WEB_READ_H

#include "web/web.h"

typedef bool (*WaxWebRead)(const WaxWebParts *parts, const WaxWebRequest *request, const char *name,
	json_t **ret_body, GError **error);

bool wax_web_read_status(
	const WaxWebParts *, const WaxWebRequest *, const char *, json_t **, GError **);
bool wax_web_read_domains(
	const WaxWebParts *, const WaxWebRequest *, const char *, json_t **, GError **);
bool wax_web_read_people(
	const WaxWebParts *, const WaxWebRequest *, const char *, json_t **, GError **);
bool wax_web_read_certs(
	const WaxWebParts *, const WaxWebRequest *, const char *, json_t **, GError **);
bool wax_web_read_cert(
	const WaxWebParts *, const WaxWebRequest *, const char *, json_t **, GError **);
bool wax_web_read_identities(
	const WaxWebParts *, const WaxWebRequest *, const char *, json_t **, GError **);
bool wax_web_read_trust(
	const WaxWebParts *, const WaxWebRequest *, const char *, json_t **, GError **);
bool wax_web_read_policy(
	const WaxWebParts *, const WaxWebRequest *, const char *, json_t **, GError **);
bool wax_web_read_explain(
	const WaxWebParts *, const WaxWebRequest *, const char *, json_t **, GError **);
bool wax_web_read_messages(
	const WaxWebParts *, const WaxWebRequest *, const char *, json_t **, GError **);
bool wax_web_read_trace(
	const WaxWebParts *, const WaxWebRequest *, const char *, json_t **, GError **);
bool wax_web_read_audit(
	const WaxWebParts *, const WaxWebRequest *, const char *, json_t **, GError **);

#endif
