/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	core/settings - what can be configured, and the strict reader of waxwing.toml
 *
 * SYNOPSIS
 *	if (!wax_config_load("/etc/waxwing/waxwing.toml", &config, error)) return false;
 *	workers = wax_config_int(config, "service.workers");
 *
 * DESCRIPTION
 *	One table (settings_table.h) names every setting with its type, default,
 *	range and one sentence; from it come this reader, `waxwing config show`
 *	and the manual.  The file has [sections] and `key = value` lines:
 *	"texts", integers, true and false, and ["lists", "of texts"].  Beside
 *	FILE.toml the files of conf.d/ are read in order of their names.
 *
 * OWNERSHIP
 *	Values live as long as the configuration.
 *
 * ERRORS
 *	CONFIG_UNKNOWN_KEY, CONFIG_TYPE, CONFIG_DUPLICATE, CONFIG_SYNTAX,
 *	CONFIG_RANGE, each with file:line:column, what was expected, and the
 *	nearest name; NO_INPUT.
 */
#ifndef WAX_CORE_SETTINGS_H
#define WAX_CORE_SETTINGS_H

#include <glib.h>

#include "core/base.h"
#include "core/ipc.h"

typedef enum {
	WAX_SETTING_TEXT,
	WAX_SETTING_COUNT,
	WAX_SETTING_SIZE,
	WAX_SETTING_FLAG,
	WAX_SETTING_LIST
} WaxSettingType;

typedef struct {
	const char *name; /* "section.key" */
	WaxSettingType type;
	const char *fallback; /* as it would stand in the file */
	int64_t least, most;
	const char *sentence;
} WaxSetting;

extern const WaxSetting wax_settings[];
extern const size_t wax_setting_count;

typedef struct WaxConfig WaxConfig;

/* wax_config_default - the embedded defaults */
WaxConfig *wax_config_default(void);

/* wax_config_load - the defaults, then the file, then its conf.d; a missing conf.d is none */
bool wax_config_load(const char *path, WaxConfig **ret_config, GError **error) WAX_MUST_USE;

/* wax_config_parse - one text; `name` is for messages */
bool wax_config_parse(
	WaxConfig *config, const char *name, const char *text, GError **error) WAX_MUST_USE;
void wax_config_free(WaxConfig *config);

/* a name that the table does not have is a mistake in the program */
const char *wax_config_text(const WaxConfig *config, const char *name); /* "" when empty */
int64_t wax_config_int(const WaxConfig *config, const char *name);
bool wax_config_flag(const WaxConfig *config, const char *name);
const char *const *wax_config_list(const WaxConfig *config, const char *name);

/* wax_config_origin - file:line where it was set, or "default" */
const char *wax_config_origin(const WaxConfig *config, const char *name);

/* wax_config_show - every setting with its value and where it came from */
char *wax_config_show(const WaxConfig *config);

/* wax_config_set - as if it stood in the file; for defaults that depend on the user */
void wax_config_set(WaxConfig *config, const char *name, const char *text);

/* wax_config_put, _get - hand the sections named (NULL: all) to another process */
void wax_config_put(const WaxConfig *config, const char *const *sections, WaxFrame *frame);
bool wax_config_get(WaxFrame *frame, WaxConfig **ret_config, GError **error) WAX_MUST_USE;

/* wax_nearest - the candidate most like the text, or NULL */
const char *wax_nearest(const char *text, const char *const *candidates, size_t count);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WaxConfig, wax_config_free)

#endif
