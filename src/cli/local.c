/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/local.h"

#include <string.h>
#include <unistd.h>

#include "core/io.h"
#include "core/status.h"
#include "crypto/offer.h"
#include "policy/rules.h"

#define POLICY_MAX  (1u << 20)
#define SYSTEM_FILE "/etc/waxwing/waxwing.toml"

static const char *word(const json_t *words, const char *key)
{
	return json_string_value(json_object_get(words, key));
}

static WaxPolicy *load_policy(const json_t *words, GError **error)
{
	const char *file = word(words, "file");
	g_autofree char *text = NULL;

	if (!wax_io_load_text(file, POLICY_MAX, &text, error))
		return NULL;
	return wax_policy_parse(text, file, error);
}

bool wax_local_policy_check(const json_t *words, json_t **ret_answer, GError **error)
{
	g_autoptr(WaxPolicy) policy = load_policy(words, error);

	if (!policy)
		return false;
	*ret_answer = json_pack("{s:s,s:b}", "file", word(words, "file"), "valid", 1);
	return true;
}

bool wax_local_policy_test(const json_t *words, json_t **ret_answer, GError **error)
{
	g_autoptr(WaxPolicy) policy = load_policy(words, error);
	unsigned count = 0;

	if (!policy || !wax_policy_test(policy, &count, error))
		return false;
	*ret_answer = json_pack("{s:s,s:i}", "file", word(words, "file"), "passed", (int)count);
	return true;
}

bool wax_local_config(const char *file, WaxConfig **ret_config, GError **error)
{
	if (file)
		return wax_config_load(file, ret_config, error);
	if (access(SYSTEM_FILE, F_OK) == 0)
		return wax_config_load(SYSTEM_FILE, ret_config, error);
	*ret_config = wax_config_default();
	return true;
}

bool wax_local_config_check(const json_t *words, json_t **ret_answer, GError **error)
{
	g_autoptr(WaxConfig) config = NULL;

	if (!wax_local_config(word(words, "file"), &config, error))
		return false;
	*ret_answer = json_pack("{s:b}", "valid", 1);
	return true;
}

bool wax_local_config_show(const json_t *words, json_t **ret_answer, GError **error)
{
	g_autoptr(WaxConfig) config = NULL;
	g_autofree char *text = NULL;

	if (!wax_local_config(word(words, "file"), &config, error))
		return false;
	text = wax_config_show(config);
	*ret_answer = json_pack("{s:s}", "text", text);
	return true;
}

bool wax_local_explain(const json_t *words, json_t **ret_answer, GError **error)
{
	const char *code = word(words, "code");

	for (int r = 1; r < WAX_REASON_COUNT_; r++) {
		const WaxReasonInfo *info = wax_reason_info((WaxReason)r);

		if (g_ascii_strcasecmp(info->code, code) != 0 && strcmp(info->label, code) != 0)
			continue;
		*ret_answer = json_pack("{s:s,s:s,s:i,s:s,s:i,s:i}", "code", info->code, "reason",
			info->label, "smtp", info->smtp, "enhanced", info->enhanced, "http",
			info->http, "exit", info->exit_code);
		return true;
	}
	return wax_fail(error, WAX_R_NOT_FOUND, "there is no error code %s", code);
}

const char *wax_local_config_file(const char *file)
{
	return file ? file : SYSTEM_FILE;
}

char *wax_local_state(const WaxConfig *config)
{
	const char *state = wax_config_text(config, "paths.state");

	if (state[0])
		return g_strdup(state);
	return geteuid() == 0 ? g_strdup("/var/lib/waxwing")
			      : g_build_filename(g_get_user_state_dir(), "waxwing", NULL);
}

char *wax_local_socket(const WaxConfig *config)
{
	const char *run = wax_config_text(config, "paths.run");
	const char *state = wax_config_text(config, "paths.state");

	if (run[0])
		return g_build_filename(run, "api.sock", NULL);
	if (state[0])
		return g_build_filename(state, "run", "api.sock", NULL);
	if (geteuid() == 0)
		return g_strdup("/run/waxwing/api.sock");
	if (g_getenv("XDG_RUNTIME_DIR"))
		return g_build_filename(g_getenv("XDG_RUNTIME_DIR"), "waxwing", "api.sock", NULL);
	return g_build_filename(g_get_user_state_dir(), "waxwing", "run", "api.sock", NULL);
}

bool wax_local_algorithms(const json_t *words, json_t **ret_answer, GError **error)
{
	json_t *answer = json_pack("{s:s}", "libcrypto", wax_offer_library());

	(void)words;
	(void)error;
	for (unsigned offer = 0; offer < WAX_OFFER_COUNT_; offer++) {
		g_autoptr(GPtrArray) list = wax_offer_list((WaxOffer)offer);
		json_t *items = json_array();

		for (guint i = 0; i < list->len; i++)
			json_array_append_new(items, json_string(list->pdata[i]));
		json_object_set_new(answer, wax_offer_word((WaxOffer)offer), items);
	}
	*ret_answer = answer;
	return true;
}
