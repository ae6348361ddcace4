/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"

#include "core/status.h"

bool wax_rows_all(
	WaxQuery *query, WaxRowMake make, GDestroyNotify done, GPtrArray **ret_list, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(done);
	bool more;

	if (!wax_query_next(query, &more, error))
		return false;
	while (more) {
		g_ptr_array_add(list, make(query));
		if (!wax_query_next(query, &more, error))
			return false;
	}
	*ret_list = g_steal_pointer(&list);
	return true;
}

bool wax_rows_texts(WaxQuery *query, char ***ret_texts, GError **error)
{
	g_autoptr(GStrvBuilder) list = g_strv_builder_new();
	bool more;

	if (!wax_query_next(query, &more, error))
		return false;
	while (more) {
		g_strv_builder_add(list, wax_query_text(query, 0));
		if (!wax_query_next(query, &more, error))
			return false;
	}
	*ret_texts = g_strv_builder_end(list);
	return true;
}

bool wax_rows_changed(WaxStore *store, const char *what, const char *name, GError **error)
{
	if (wax_store_changes(store) > 0)
		return true;
	return wax_fail(error, WAX_R_NOT_FOUND, "there is no %s %s", what, name);
}

WaxSpan wax_bytes_span(const GByteArray *bytes)
{
	return bytes ? WAX_SPAN(bytes->data, bytes->len) : WAX_SPAN_NONE;
}
