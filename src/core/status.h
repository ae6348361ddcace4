/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	core/status - an error that carries its consequence
 *
 * SYNOPSIS
 *	return wax_fail(error, WAX_R_NO_CERTIFICATE, "no certificate for %s", rcpt);
 *	return wax_fail_fault(error, &fault, "SignedData");
 *
 * DESCRIPTION
 *	Wraps GError once: one domain, the reason as code, a text for a
 *	person.  What follows from a reason (SMTP reply, HTTP status, exit
 *	code) is looked up in the table of core/base/reasons.h.
 *
 * OWNERSHIP
 *	Texts returned by the look-ups are constants.
 *
 * ERRORS
 *	A GError of a foreign domain counts as INTERNAL.
 */
#ifndef WAX_CORE_STATUS_H
#define WAX_CORE_STATUS_H

#include <glib.h>

#include "core/base.h"

typedef struct {
	WaxReason reason;
	WaxClass class;
	const char *code;     /* "ENC-001", shown to people */
	const char *label;    /* "no_certificate", for programs */
	int smtp;	      /* 550 */
	const char *enhanced; /* "5.7.4" */
	int http;	      /* 422 */
	int exit_code;	      /* sysexits */
} WaxReasonInfo;

void wax_set_error(GError **error, WaxReason reason, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
void wax_set_error_fault(GError **error, const WaxFault *fault, const char *what);
void wax_set_error_errno(GError **error, int saved_errno, const char *fmt, ...) G_GNUC_PRINTF(3, 4);

/*
 * The three below set the error (when error is not NULL) and are false, which
 * the compiler can see, so that a refusal is one line and warnings stay true.
 */

/* wax_fail(error, reason, format, ...) */
#define wax_fail(...) (wax_set_error(__VA_ARGS__), false)

/* wax_fail_fault(error, fault, what) - the door from the freestanding rooms; names the object read */
#define wax_fail_fault(error, fault, what) (wax_set_error_fault(error, fault, what), false)

/* wax_fail_errno(error, errno, format, ...) - ENOSPC and EDQUOT become DISK_FULL, the rest IO */
#define wax_fail_errno(...) (wax_set_error_errno(__VA_ARGS__), false)

WaxReason wax_reason_of(const GError *error); /* NULL: NONE; foreign domain: INTERNAL */
WaxClass wax_class_of(const GError *error);
WaxClass wax_class_of_reason(WaxReason reason);
const WaxReasonInfo *wax_reason_info(WaxReason reason);

/* wax_reason_by_label - NONE when there is no such label */
WaxReason wax_reason_by_label(const char *label);

GQuark wax_error_quark(void);

#endif
