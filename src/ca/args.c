/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/internal.h"

#include <string.h>

#include "core/status.h"

const char *wax_ca_text(json_t *args, const char *key)
{
	return json_string_value(json_object_get(args, key));
}

const char *wax_ca_need(json_t *args, const char *key, GError **error)
{
	const char *text = wax_ca_text(args, key);

	if (!text || !text[0])
		wax_set_error(error, WAX_R_VALUE_INVALID, "'%s' is missing", key);
	return text && text[0] ? text : NULL;
}

GByteArray *wax_ca_need_bytes(json_t *args, const char *key, GError **error)
{
	const char *text = wax_ca_need(args, key, error);
	g_autofree guchar *bytes = NULL;
	gsize n;

	if (!text)
		return NULL;
	bytes = g_base64_decode(text, &n);
	if (!n) {
		wax_set_error(error, WAX_R_VALUE_INVALID, "'%s' is empty, or no base64", key);
		return NULL;
	}
	return g_byte_array_append(g_byte_array_new(), bytes, (guint)n);
}

/* wax_ca_list - NULL when the key is absent */
char **wax_ca_list(json_t *args, const char *key)
{
	json_t *list = json_object_get(args, key), *item;
	GPtrArray *out;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) == 0)
		return NULL;
	out = g_ptr_array_new();
	json_array_foreach(list, i, item)
		g_ptr_array_add(out, g_strdup(json_is_string(item) ? json_string_value(item) : ""));
	g_ptr_array_add(out, NULL);
	return (char **)g_ptr_array_free(out, false);
}
