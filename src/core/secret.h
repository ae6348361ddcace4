/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	core/secret - bytes that are locked in memory and wiped when freed
 *
 * DESCRIPTION
 *	Keys, passwords and content keys live here and nowhere else.  The
 *	pages are locked where the limit allows and left out of core files.
 *
 * OWNERSHIP
 *	wax_secret_new and _dup give the caller one owner; free takes NULL.
 *
 * ERRORS
 *	None: running out of memory ends the process.
 */
#ifndef WAX_CORE_SECRET_H
#define WAX_CORE_SECRET_H

#include <glib.h>

#include "core/base.h"

typedef struct {
	uint8_t *p;
	size_t n;
	size_t mapped;
	bool locked; /* the limits allowed it */
} WaxSecret;

/* wax_secret_new - n zero bytes, locked when the limits allow */
WaxSecret *wax_secret_new(size_t n);

/* wax_secret_dup - a locked copy; the source stays the caller's to wipe */
WaxSecret *wax_secret_dup(WaxSpan bytes);

void wax_secret_free(WaxSecret *secret);

/* wax_secret_span - borrow the bytes; NULL gives an empty span */
WaxSpan wax_secret_span(const WaxSecret *secret);

/* wax_secret_lockable - can this process lock memory at all?  For `status`. */
bool wax_secret_lockable(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxSecret, wax_secret_free)

#endif
