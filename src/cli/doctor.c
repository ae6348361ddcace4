/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing doctor: looks at everything that an installation needs, and says what to do. */
#include "cli/doctor.h"

#include <stdio.h>
#include <string.h>

#include "cli/local.h"
#include "cli/verbs.h"
#include "core/status.h"

#define EXIT_FOUND 78 /* EX_CONFIG: something has to be mended */

static const char *const words_of[] = { "unknown", "ok", "warn", "fail" };

typedef struct {
	const char *file, *postfix;
	bool json;
} Words;

static bool read_words(int argc, char **argv, Words *words, GError **error)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			words->file = argv[++i];
		else if (strcmp(argv[i], "--config-dir") == 0 && i + 1 < argc)
			words->postfix = argv[++i];
		else if (strcmp(argv[i], "--json") == 0)
			words->json = true;
		else
			return wax_fail(error, WAX_R_USAGE,
				"'%s' is not understood; usage: waxwing doctor [--config FILE] "
				"[--config-dir DIR] [--json]",
				argv[i]);
	}
	return true;
}

void wax_doctor_note(WaxDoctor *doctor, const char *check, WaxHealth health, const char *fix,
	const char *fmt, ...)
{
	g_autofree char *found = NULL;
	va_list values;

	va_start(values, fmt);
	found = g_strdup_vprintf(fmt, values);
	va_end(values);
	json_array_append_new(
		doctor->rows, json_pack("{s:s,s:s,s:s,s:s?}", "check", check, "result",
				      words_of[health], "found", found, "fix", fix));
}

static size_t count_of(const json_t *rows, WaxHealth health)
{
	size_t count = 0, i;
	json_t *row;

	json_array_foreach(rows, i, row) count +=
		strcmp(json_string_value(json_object_get(row, "result")), words_of[health]) == 0;
	return count;
}

static void show(const json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		const char *fix = json_string_value(json_object_get(row, "fix"));

		printf("%-8s %-26s %s\n", json_string_value(json_object_get(row, "result")),
			json_string_value(json_object_get(row, "check")),
			json_string_value(json_object_get(row, "found")));
		if (fix)
			printf("%-8s %-26s fix: %s\n", "", "", fix);
	}
	printf("\n%zu ok, %zu to look at, %zu to mend, %zu could not be looked at\n",
		count_of(rows, WAX_HEALTH_OK), count_of(rows, WAX_HEALTH_WARN),
		count_of(rows, WAX_HEALTH_FAIL), count_of(rows, WAX_HEALTH_UNKNOWN));
}

static int report(const GError *error)
{
	const WaxReasonInfo *info = wax_reason_info(wax_reason_of(error));

	fprintf(stderr, "error[%s] %s: %s\n", info->code, info->label, error->message);
	return info->exit_code;
}

int wax_cli_doctor(int argc, char **argv)
{
	g_autoptr(WaxConfig) config = NULL;
	g_autoptr(GError) error = NULL;
	Words words = { NULL };
	WaxDoctor doctor = { .rows = json_array() };
	bool failed;

	/* with a configuration that cannot be read there is nothing to look at: it says where */
	if (!read_words(argc, argv, &words, &error) ||
		!wax_local_config(words.file, &config, &error)) {
		json_decref(doctor.rows);
		return report(error);
	}
	doctor.config = config;
	doctor.postfix = words.postfix;
	doctor.socket = wax_local_socket(config);
	wax_doctor_service(&doctor);
	wax_doctor_files(&doctor);
	wax_doctor_mail(&doctor);
	wax_doctor_postfix(&doctor);
	failed = count_of(doctor.rows, WAX_HEALTH_FAIL) > 0;
	if (words.json) {
		char *text = json_dumps(doctor.rows, JSON_INDENT(2));

		puts(text);
		free(text);
	} else {
		show(doctor.rows);
	}
	json_decref(doctor.rows);
	g_free(doctor.socket);
	return failed ? EXIT_FOUND : 0;
}
