/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	store/rows - all rows of a query as a list, one row or none
 *
 * DESCRIPTION
 *	For the aggregates of this room.
 *
 * OWNERSHIP
 *	The list owns what `make` returns.
 *
 * ERRORS
 *	Those of store/db.
 */
#ifndef WAX_STORE_ROWS_H
#define WAX_STORE_ROWS_H

#include "store/db.h"

typedef void *(*WaxRowMake)(WaxQuery *query);

bool wax_rows_all(WaxQuery *query, WaxRowMake make, GDestroyNotify done, GPtrArray **ret_list,
	GError **error) WAX_MUST_USE;

/* wax_rows_texts - the first column of all rows, NULL-ended */
bool wax_rows_texts(WaxQuery *query, char ***ret_texts, GError **error) WAX_MUST_USE;

/* wax_rows_changed - NOT_FOUND unless the last run changed a row */
bool wax_rows_changed(
	WaxStore *store, const char *what, const char *name, GError **error) WAX_MUST_USE;

/* wax_bytes_span - NULL gives an empty span */
WaxSpan wax_bytes_span(const GByteArray *bytes);

#endif
