/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration is read or refused with its place; what is shown of it reads back as the same. */
#include <glib.h>
#include <string.h>

#include "core/settings.h"
#include "core/status.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(WaxConfig) config = wax_config_default();
	g_autoptr(GError) error = NULL;

	if (!wax_config_parse(config, "f", text, &error)) {
		must(error && g_str_has_prefix(error->message, "f:"));
		must(wax_class_of(error) != WAX_CLASS_BUG);
		return 0;
	}
	must(!error);
	for (size_t i = 0; i < wax_setting_count; i++) {
		const WaxSetting *setting = &wax_settings[i];

		if (setting->type == WAX_SETTING_COUNT || setting->type == WAX_SETTING_SIZE)
			must(wax_config_int(config, setting->name) >= setting->least &&
				wax_config_int(config, setting->name) <= setting->most);
	}
	g_free(wax_config_show(config));
	return 0;
}
