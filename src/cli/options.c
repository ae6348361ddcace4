/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "core/status.h"

static const WaxOption *find(const char *word, size_t n, const WaxOption *options, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(options[i].name) == n && strncmp(options[i].name, word, n) == 0)
			return &options[i];
	return NULL;
}

static bool set(const WaxOption *option, const char *value, GError **error)
{
	const char **text = option->into;

	if (option->kind == WAX_OPTION_LIST) {
		g_ptr_array_add(option->into, (char *)(uintptr_t)value);
		return true;
	}
	if (*text)
		return wax_fail(error, WAX_R_USAGE, "%s is given twice", option->name);
	*text = value;
	return true;
}

static bool take_option(
	int argc, char **argv, int *i, const WaxOption *options, size_t count, GError **error)
{
	const char *word = argv[*i], *equals = strchr(word, '=');
	size_t n = equals ? (size_t)(equals - word) : strlen(word);
	const WaxOption *option = find(word, n, options, count);

	if (!option)
		return wax_fail(error, WAX_R_USAGE, "there is no option %.*s here", (int)n, word);
	if (option->kind == WAX_OPTION_FLAG) {
		if (equals)
			return wax_fail(error, WAX_R_USAGE, "%s takes no value", option->name);
		*(bool *)option->into = true;
		return true;
	}
	if (equals)
		return set(option, equals + 1, error);
	if (option->kind == WAX_OPTION_MAYBE)
		return set(option, "", error);
	if (*i + 1 >= argc)
		return wax_fail(error, WAX_R_USAGE, "%s wants a value", option->name);
	return set(option, argv[++*i], error);
}

bool wax_options_read(int argc, char **argv, const WaxOption *options, size_t count,
	const char **ret_operand, GError **error)
{
	const char *operand = NULL;
	bool only_operands = false;

	for (int i = 0; i < argc; i++) {
		if (!only_operands && strcmp(argv[i], "--") == 0) {
			only_operands = true;
		} else if (!only_operands && strncmp(argv[i], "--", 2) == 0) {
			if (!take_option(argc, argv, &i, options, count, error))
				return false;
		} else if (operand || !ret_operand) {
			return wax_fail(error, WAX_R_USAGE, "'%s' is one word too many", argv[i]);
		} else {
			operand = argv[i];
		}
	}
	if (ret_operand && !operand)
		return wax_fail(error, WAX_R_USAGE, "a file is missing ('-' is standard input)");
	if (ret_operand)
		*ret_operand = operand;
	return true;
}

int wax_cli_report(const char *verb, const GError *error)
{
	const WaxReasonInfo *info = wax_reason_info(wax_reason_of(error));

	fprintf(stderr, "waxwing %s: %s\n", verb, error->message);
	if (info->reason == WAX_R_USAGE)
		fprintf(stderr, "See 'waxwing help %s'.\n", verb);
	else
		fprintf(stderr, "Nothing was written. (%s %s)\n", info->code, info->label);
	return info->reason == WAX_R_NO_INPUT ? 66 : info->exit_code;
}
