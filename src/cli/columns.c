/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/columns.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>

#define COLUMNS_MAX 12

/* rows: char **, each with as many texts as the first, which is the heading */
static char *aligned(const GPtrArray *rows)
{
	GString *out = g_string_new(NULL);
	glong width[COLUMNS_MAX] = { 0 };

	for (guint r = 0; r < rows->len; r++)
		for (int c = 0; ((char **)rows->pdata[r])[c]; c++)
			width[c] = MAX(width[c], g_utf8_strlen(((char **)rows->pdata[r])[c], -1));
	for (guint r = 0; r < rows->len; r++) {
		char **row = rows->pdata[r];

		for (int c = 0; row[c]; c++)
			g_string_append_printf(out, "%s%*s", row[c],
				row[c + 1] ? (int)(width[c] - g_utf8_strlen(row[c], -1)) + 2 : 0,
				"");
		g_string_append_c(out, '\n');
	}
	return g_string_free(out, FALSE);
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value && value[0] ? value : "-";
}

/* day - the date of an RFC 3339 time; the table has no room for hours */
static char *day(const json_t *object, const char *key)
{
	return g_strndup(text(object, key), 10);
}

static const char *owner_of(const json_t *identity)
{
	const char *address =
		json_string_value(json_array_get(json_object_get(identity, "addresses"), 0));

	return address ? address : text(identity, "domain");
}

static void add_epoch(GPtrArray *rows, const json_t *identity, const json_t *epoch)
{
	char **row = g_new0(char *, 10);

	row[0] = g_strdup(owner_of(identity));
	row[1] = g_strdup_printf("%d", (int)json_integer_value(json_object_get(epoch, "number")));
	row[2] = g_strdup(text(epoch, "purpose"));
	row[3] = g_strdup(text(epoch, "state"));
	row[4] = day(epoch, "not_before");
	row[5] = day(epoch, "not_after");
	row[6] = day(epoch, "archived");
	row[7] = g_strdup(text(epoch, "protection"));
	row[8] = g_strndup(text(epoch, "certificate"), 16);
	g_ptr_array_add(rows, row);
}

char *wax_columns_identities(const json_t *answer)
{
	static const char *const heading[] = { "IDENTITY", "EPOCH", "USE", "STATE", "FROM", "UNTIL",
		"ARCHIVED", "PROTECTION", "CERTIFICATE", NULL };
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	json_t *identity, *epoch;
	size_t i, k;

	if (json_array_size(json_object_get(answer, "items")) == 0)
		return g_strdup("(none)\n");
	g_ptr_array_add(rows, g_strdupv((char **)(uintptr_t)heading));
	json_array_foreach(json_object_get(answer, "items"), i, identity) json_array_foreach(
		json_object_get(identity, "epochs"), k, epoch) add_epoch(rows, identity, epoch);
	return aligned(rows);
}

char *wax_columns_keys(const json_t *answer)
{
	static const char *const heading[] = { "CUSTODIAN", "STATE", "PROTECTION", "IN USE", NULL };
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	json_t *item;
	size_t i;

	g_ptr_array_add(rows, g_strdupv((char **)(uintptr_t)heading));
	json_array_foreach(json_object_get(answer, "items"), i, item)
	{
		char **row = g_new0(char *, 5);

		row[0] = g_strdup(text(item, "custodian"));
		row[1] = g_strdup(text(item, "state"));
		row[2] = g_strdup(text(item, "protection"));
		row[3] = g_strdup_printf(
			"%d", (int)json_integer_value(json_object_get(item, "keys_in_use")));
		g_ptr_array_add(rows, row);
	}
	return aligned(rows);
}
