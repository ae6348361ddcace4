/* SPDX-License-Identifier: Apache-2.0 */
#include "core/settings.h"

#include <stdarg.h>
#include <string.h>

#include "core/io.h"
#include "core/status.h"

#define FILE_MAX (1024 * 1024)

const WaxSetting wax_settings[] = {
#define WAX_SETTING(name, type, fallback, least, most, sentence)                                   \
	{ name, WAX_SETTING_##type, fallback, least, most, sentence },
#include "core/settings_table.h"
#undef WAX_SETTING
};
const size_t wax_setting_count = G_N_ELEMENTS(wax_settings);

typedef struct {
	char *text;
	char **list;
	char *origin; /* "default" or file:line */
} Value;

struct WaxConfig {
	Value values[G_N_ELEMENTS(wax_settings)];
};

/* where the reader stands, for messages */
typedef struct {
	const char *name;
	const char *line;
	const char *at;
	unsigned number;
	const char *section;
	GHashTable *seen;
} Place;

static void refuse(GError **error, WaxReason reason, const Place *p, const char *fmt, ...)
	G_GNUC_PRINTF(4, 5);

static void refuse(GError **error, WaxReason reason, const Place *p, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	wax_set_error(error, reason, "%s:%u:%u: %s", p->name, p->number,
		(unsigned)(p->at - p->line) + 1, text);
}

static int find_setting(const char *name)
{
	for (size_t i = 0; i < wax_setting_count; i++)
		if (strcmp(wax_settings[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* distance - edits between two words; short words only */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[64], n = (unsigned)strlen(b);

	if (n >= G_N_ELEMENTS(row))
		return 99;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; *a; a++, i++) {
		unsigned corner = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned above = row[j];
			unsigned change = corner + (*a != b[j - 1]);

			row[j] = MIN(change, MIN(above, row[j - 1]) + 1);
			corner = above;
		}
	}
	return row[n];
}

const char *wax_nearest(const char *text, const char *const *candidates, size_t count)
{
	const char *best = NULL;
	unsigned least = (unsigned)strlen(text) / 2 + 2;

	for (size_t i = 0; i < count; i++) {
		unsigned d = distance(text, candidates[i]);

		if (d < least) {
			least = d;
			best = candidates[i];
		}
	}
	return best;
}

static const char *nearest_setting(const char *name)
{
	const char *names[G_N_ELEMENTS(wax_settings)];

	for (size_t i = 0; i < wax_setting_count; i++)
		names[i] = wax_settings[i].name;
	return wax_nearest(name, names, wax_setting_count);
}

static const char *type_word(WaxSettingType type)
{
	static const char *const words[] = { "a \"text\"", "a whole number", "a number of octets",
		"true or false", "a [\"list\", \"of texts\"]" };

	return words[type];
}

static void skip_blanks(Place *p)
{
	while (*p->at == ' ' || *p->at == '\t')
		p->at++;
}

static bool at_end(const Place *p)
{
	return *p->at == 0 || *p->at == '#';
}

/* take_text - "..." with \" \\ \n \t, as TOML's basic strings */
static bool take_text(Place *p, char **ret_text, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (p->at++; *p->at && *p->at != '"'; p->at++) {
		char c = *p->at;

		if (c == '\\') {
			c = *++p->at;
			if (c == 'n')
				c = '\n';
			else if (c == 't')
				c = '\t';
			else if (c != '"' && c != '\\') {
				refuse(error, WAX_R_CONFIG_SYNTAX, p,
					"'\\%c' is not known; expected \\\" \\\\ \\n or \\t", c);
				return false;
			}
		}
		g_string_append_c(text, c);
	}
	if (*p->at != '"') {
		refuse(error, WAX_R_CONFIG_SYNTAX, p, "the text is not ended; expected \"");
		return false;
	}
	p->at++;
	*ret_text = g_string_free(g_steal_pointer(&text), false);
	return true;
}

static bool take_list(Place *p, char ***ret_list, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

	p->at++;
	for (;;) {
		char *text;

		skip_blanks(p);
		if (*p->at == ']')
			break;
		if (*p->at != '"') {
			refuse(error, WAX_R_CONFIG_TYPE, p, "expected a \"text\" or ]");
			return false;
		}
		if (!take_text(p, &text, error))
			return false;
		g_ptr_array_add(list, text);
		skip_blanks(p);
		if (*p->at == ',')
			p->at++;
		else if (*p->at != ']') {
			refuse(error, WAX_R_CONFIG_SYNTAX, p, "expected , or ] in the list");
			return false;
		}
	}
	p->at++;
	g_ptr_array_add(list, NULL);
	*ret_list = (char **)g_ptr_array_free(g_steal_pointer(&list), false);
	return true;
}

static bool take_word(Place *p, const WaxSetting *setting, char **ret_text, GError **error)
{
	const char *from = p->at;
	g_autofree char *word = NULL;
	char *end;
	int64_t number;

	while (*p->at && !strchr(" \t#", *p->at))
		p->at++;
	word = g_strndup(from, (gsize)(p->at - from));
	if (setting->type == WAX_SETTING_FLAG) {
		if (strcmp(word, "true") != 0 && strcmp(word, "false") != 0) {
			p->at = from;
			refuse(error, WAX_R_CONFIG_TYPE, p, "%s is %s; expected true or false",
				setting->name, word);
			return false;
		}
	} else {
		number = g_ascii_strtoll(word, &end, 10);
		if (end == word || *end) {
			p->at = from;
			refuse(error, WAX_R_CONFIG_TYPE, p, "%s is '%s'; expected %s",
				setting->name, word, type_word(setting->type));
			return false;
		}
		if (number < setting->least || number > setting->most) {
			p->at = from;
			refuse(error, WAX_R_CONFIG_RANGE, p,
				"%s is %s; expected %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
				setting->name, word, setting->least, setting->most);
			return false;
		}
	}
	*ret_text = g_steal_pointer(&word);
	return true;
}

static bool take_value(Place *p, const WaxSetting *setting, Value *ret_value, GError **error)
{
	Value value = { NULL, NULL, NULL };
	const char *from = p->at;
	bool ok;

	if (*p->at == '"' && setting->type == WAX_SETTING_TEXT) {
		ok = take_text(p, &value.text, error);
	} else if (*p->at == '[' && setting->type == WAX_SETTING_LIST) {
		ok = take_list(p, &value.list, error);
	} else if (setting->type == WAX_SETTING_TEXT || setting->type == WAX_SETTING_LIST ||
		   *p->at == '"' || *p->at == '[') {
		refuse(error, WAX_R_CONFIG_TYPE, p, "%s must be %s", setting->name,
			type_word(setting->type));
		return false;
	} else {
		ok = take_word(p, setting, &value.text, error);
	}
	if (!ok)
		return false;
	skip_blanks(p);
	if (!at_end(p)) {
		g_free(value.text);
		g_strfreev(value.list);
		refuse(error, WAX_R_CONFIG_SYNTAX, p, "nothing may follow the value of %s",
			setting->name);
		return false;
	}
	(void)from;
	*ret_value = value;
	return true;
}

static void value_clear(Value *value)
{
	g_clear_pointer(&value->text, g_free);
	g_clear_pointer(&value->list, g_strfreev);
	g_clear_pointer(&value->origin, g_free);
}

static bool take_section(Place *p, char **section, GError **error)
{
	const char *end = strchr(p->at, ']');
	g_autofree char *name = NULL, *prefix = NULL;
	bool known = false;

	if (!end) {
		refuse(error, WAX_R_CONFIG_SYNTAX, p, "expected ] after the name of the section");
		return false;
	}
	name = g_strstrip(g_strndup(p->at + 1, (gsize)(end - p->at - 1)));
	prefix = g_strconcat(name, ".", NULL);
	for (size_t i = 0; i < wax_setting_count; i++)
		known = known || g_str_has_prefix(wax_settings[i].name, prefix);
	if (!known) {
		const char *near = nearest_setting(prefix);

		refuse(error, WAX_R_CONFIG_UNKNOWN_KEY, p, "there is no section [%s]%s%.*s%s", name,
			near ? "; did you mean [" : "", near ? (int)strcspn(near, ".") : 0,
			near ? near : "", near ? "]?" : "");
		return false;
	}
	p->at = end + 1;
	skip_blanks(p);
	if (!at_end(p)) {
		refuse(error, WAX_R_CONFIG_SYNTAX, p, "nothing may follow [%s]", name);
		return false;
	}
	g_free(*section);
	*section = g_steal_pointer(&name);
	return true;
}

static bool take_setting(WaxConfig *config, Place *p, GError **error)
{
	const char *from = p->at;
	g_autofree char *key = NULL, *name = NULL;
	Value value;
	int index;

	while (g_ascii_isalnum(*p->at) || *p->at == '_' || *p->at == '-')
		p->at++;
	key = g_strndup(from, (gsize)(p->at - from));
	skip_blanks(p);
	if (!key[0] || *p->at != '=') {
		refuse(error, WAX_R_CONFIG_SYNTAX, p, "expected `key = value` or [section]");
		return false;
	}
	name = p->section ? g_strconcat(p->section, ".", key, NULL) : g_strdup(key);
	index = find_setting(name);
	if (index < 0) {
		const char *near = nearest_setting(name);

		p->at = from;
		refuse(error, WAX_R_CONFIG_UNKNOWN_KEY, p, "there is no setting %s%s%s%s", name,
			near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
		return false;
	}
	if (!g_hash_table_add(p->seen, g_strdup(name))) {
		p->at = from;
		refuse(error, WAX_R_CONFIG_DUPLICATE, p,
			"%s stands here a second time; it may be set once", name);
		return false;
	}
	p->at++;
	skip_blanks(p);
	if (!take_value(p, &wax_settings[index], &value, error))
		return false;
	value.origin = g_strdup_printf("%s:%u", p->name, p->number);
	value_clear(&config->values[index]);
	config->values[index] = value;
	return true;
}

bool wax_config_parse(WaxConfig *config, const char *name, const char *text, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *section = NULL;

	for (unsigned i = 0; lines[i]; i++) {
		size_t n = strlen(lines[i]);
		Place p = { name, lines[i], lines[i], i + 1, section, seen };

		if (n && lines[i][n - 1] == '\r')
			lines[i][n - 1] = 0;
		skip_blanks(&p);
		if (at_end(&p))
			continue;
		if (!(*p.at == '[' ? take_section(&p, &section, error)
				   : take_setting(config, &p, error)))
			return false;
	}
	return true;
}

WaxConfig *wax_config_default(void)
{
	WaxConfig *config = g_new0(WaxConfig, 1);

	for (size_t i = 0; i < wax_setting_count; i++) {
		const WaxSetting *setting = &wax_settings[i];
		Place p = { "default", setting->fallback, setting->fallback, 1, NULL, NULL };

		if (setting->type == WAX_SETTING_LIST) {
			if (!take_list(&p, &config->values[i].list, NULL))
				g_error("the default of %s is wrong", setting->name);
		} else {
			config->values[i].text = g_strdup(setting->fallback);
		}
		config->values[i].origin = g_strdup("default");
	}
	return config;
}

static bool load_one(WaxConfig *config, const char *path, GError **error)
{
	g_autofree char *text = NULL;

	return wax_io_load_text(path, FILE_MAX, &text, error) &&
	       wax_config_parse(config, path, text, error);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool wax_config_load(const char *path, WaxConfig **ret_config, GError **error)
{
	g_autoptr(WaxConfig) config = wax_config_default();
	g_autofree char *folder = g_path_get_dirname(path),
			*more = g_build_filename(folder, "conf.d", NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	GDir *dir = g_dir_open(more, 0, NULL);
	const char *name;

	if (!load_one(config, path, error)) {
		if (dir)
			g_dir_close(dir);
		return false;
	}
	while (dir && (name = g_dir_read_name(dir)))
		if (g_str_has_suffix(name, ".toml"))
			g_ptr_array_add(names, g_build_filename(more, name, NULL));
	if (dir)
		g_dir_close(dir);
	g_ptr_array_sort(names, by_name);
	for (guint i = 0; i < names->len; i++)
		if (!load_one(config, names->pdata[i], error))
			return false;
	*ret_config = g_steal_pointer(&config);
	return true;
}

void wax_config_free(WaxConfig *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < wax_setting_count; i++)
		value_clear(&config->values[i]);
	g_free(config);
}

static const Value *value_of(const WaxConfig *config, const char *name)
{
	int index = find_setting(name);

	if (index < 0)
		g_error("no setting %s", name);
	return &config->values[index];
}

const char *wax_config_text(const WaxConfig *config, const char *name)
{
	return value_of(config, name)->text;
}

int64_t wax_config_int(const WaxConfig *config, const char *name)
{
	return g_ascii_strtoll(value_of(config, name)->text, NULL, 10);
}

bool wax_config_flag(const WaxConfig *config, const char *name)
{
	return strcmp(value_of(config, name)->text, "true") == 0;
}

const char *const *wax_config_list(const WaxConfig *config, const char *name)
{
	return (const char *const *)value_of(config, name)->list;
}

const char *wax_config_origin(const WaxConfig *config, const char *name)
{
	return value_of(config, name)->origin;
}

void wax_config_set(WaxConfig *config, const char *name, const char *text)
{
	Value *value = (Value *)(uintptr_t)value_of(config, name);

	g_free(value->text);
	value->text = g_strdup(text);
}

static void show_text(GString *out, const char *text)
{
	g_autofree char *escaped = g_strescape(text, NULL);

	g_string_append_printf(out, "\"%s\"", escaped);
}

char *wax_config_show(const WaxConfig *config)
{
	GString *out = g_string_new(NULL);
	size_t section = 0;

	for (size_t i = 0; i < wax_setting_count; i++) {
		const WaxSetting *setting = &wax_settings[i];
		const Value *value = &config->values[i];
		size_t n = strcspn(setting->name, ".");

		if (i == 0 || n != section ||
			strncmp(setting->name, wax_settings[i - 1].name, n + 1) != 0)
			g_string_append_printf(
				out, "%s[%.*s]\n", i ? "\n" : "", (int)n, setting->name);
		section = n;
		g_string_append_printf(
			out, "# %s\n%s = ", setting->sentence, setting->name + n + 1);
		if (setting->type == WAX_SETTING_LIST) {
			g_string_append_c(out, '[');
			for (char **item = value->list; *item; item++) {
				if (item != value->list)
					g_string_append(out, ", ");
				show_text(out, *item);
			}
			g_string_append_c(out, ']');
		} else if (setting->type == WAX_SETTING_TEXT) {
			show_text(out, value->text);
		} else {
			g_string_append(out, value->text);
		}
		g_string_append_printf(out, " # %s\n", value->origin);
	}
	return g_string_free(out, false);
}

static bool wanted(const char *name, const char *const *sections)
{
	if (!sections)
		return true;
	for (; *sections; sections++) {
		size_t n = strlen(*sections);

		if (strncmp(name, *sections, n) == 0 && name[n] == '.')
			return true;
	}
	return false;
}

void wax_config_put(const WaxConfig *config, const char *const *sections, WaxFrame *frame)
{
	for (size_t i = 0; i < wax_setting_count; i++) {
		const Value *value = &config->values[i];

		if (!wanted(wax_settings[i].name, sections))
			continue;
		wax_frame_put_u32(frame, (uint32_t)i);
		if (wax_settings[i].type == WAX_SETTING_LIST) {
			wax_frame_put_u32(frame, g_strv_length(value->list));
			for (char **item = value->list; *item; item++)
				wax_frame_put_str(frame, *item);
		} else {
			wax_frame_put_str(frame, value->text);
		}
	}
	wax_frame_put_u32(frame, UINT32_MAX);
}

static bool get_value(WaxFrame *frame, uint32_t index, Value *ret_value, GError **error)
{
	Value value = { NULL, NULL, NULL };
	const char *text;
	uint32_t count;

	if (wax_settings[index].type != WAX_SETTING_LIST) {
		if (!wax_frame_get_str(frame, &text, error))
			return false;
		value.text = g_strdup(text ? text : "");
	} else {
		g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

		if (!wax_frame_get_u32(frame, &count, error))
			return false;
		for (; count; count--) {
			if (!wax_frame_get_str(frame, &text, error))
				return false;
			g_ptr_array_add(list, g_strdup(text ? text : ""));
		}
		g_ptr_array_add(list, NULL);
		value.list = (char **)g_ptr_array_free(g_steal_pointer(&list), false);
	}
	value.origin = g_strdup("parent");
	*ret_value = value;
	return true;
}

bool wax_config_get(WaxFrame *frame, WaxConfig **ret_config, GError **error)
{
	g_autoptr(WaxConfig) config = wax_config_default();

	for (;;) {
		uint32_t index;
		Value value;

		if (!wax_frame_get_u32(frame, &index, error))
			return false;
		if (index == UINT32_MAX)
			break;
		if (index >= wax_setting_count)
			return wax_fail(
				error, WAX_R_FRAME_MALFORMED, "a setting that there is not");
		if (!get_value(frame, index, &value, error))
			return false;
		value_clear(&config->values[index]);
		config->values[index] = value;
	}
	*ret_config = g_steal_pointer(&config);
	return true;
}
