/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	store/schema - the numbered migrations of admin.db
 *
 * DESCRIPTION
 *	Migration n brings schema n-1 to n.  A landed migration is never
 *	changed; a change is a new one.
 *
 * OWNERSHIP
 *	Constants.
 *
 * ERRORS
 *	None.
 */
#ifndef WAX_STORE_SCHEMA_H
#define WAX_STORE_SCHEMA_H

/* wax_schema - NULL-ended list of SQL scripts */
const char *const *wax_schema(void);

#endif
