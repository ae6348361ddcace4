/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/status.h"

static const char *const level_words[] = { "debug", "info", "notice", "warning", "error" };

static struct {
	const char *process;
	int fd;
	bool journald;
	WaxLevelOfEvent least;
} log_state = { "waxwing", STDERR_FILENO, false, WAX_INFO };

void wax_event_open(const char *process, const char *target, const char *level)
{
	log_state.process = process;
	for (unsigned i = 0; i < G_N_ELEMENTS(level_words); i++)
		if (strcmp(level, level_words[i]) == 0)
			log_state.least = (WaxLevelOfEvent)i;
	if (strcmp(target, "journald") == 0) {
		struct sockaddr_un to = { .sun_family = AF_UNIX,
			.sun_path = "/run/systemd/journal/socket" };
		int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0) {
			log_state.fd = fd;
			log_state.journald = true;
		} else if (fd >= 0) {
			close(fd);
		}
	} else if (target[0] == '/') {
		int fd = open(target, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

		if (fd >= 0)
			log_state.fd = fd;
	}
}

static void add_text(GString *out, const char *text)
{
	g_string_append_c(out, '"');
	for (const char *c = text ? text : ""; *c; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_printf(out, "\\%c", *c);
		else if ((unsigned char)*c < 0x20)
			g_string_append_printf(out, "\\u%04x", *c);
		else
			g_string_append_c(out, *c);
	}
	g_string_append_c(out, '"');
}

static void add_value(GString *out, const WaxEventValue *value)
{
	if (value->kind == WAX_EVENT_UINT)
		g_string_append_printf(out, "%" G_GUINT64_FORMAT, value->number);
	else if (value->kind == WAX_EVENT_BOOL)
		g_string_append(out, value->number ? "true" : "false");
	else
		add_text(out, value->text);
}

void wax_event_write(WaxLevelOfEvent level, const char *name, const WaxEventField *fields)
{
	static const int priorities[] = { 7, 6, 5, 4, 3 };
	g_autoptr(GString) out = NULL;
	g_autofree char *time = NULL;
	ssize_t ignored;

	if (level < log_state.least)
		return;
	out = g_string_new(NULL);
	if (log_state.journald)
		g_string_append_printf(
			out, "PRIORITY=%d\nSYSLOG_IDENTIFIER=waxwing\nMESSAGE=", priorities[level]);
	time = wax_clock_rfc3339(wax_clock_now());
	g_string_append_printf(out,
		"{\"time\":\"%s\",\"level\":\"%s\",\"process\":\"%s\",\"event\":\"%s\"", time,
		level_words[level], log_state.process, name);
	for (; fields->name; fields++) {
		g_string_append_printf(out, ",\"%s\":", fields->name);
		add_value(out, &fields->value);
	}
	g_string_append(out, "}\n");
	/* one write an event, so that lines of several processes do not mix; a failure is no reason to stop */
	ignored = log_state.journald ? send(log_state.fd, out->str, out->len, MSG_NOSIGNAL)
				     : write(log_state.fd, out->str, out->len);
	(void)ignored;
}

void wax_event_error(WaxLevelOfEvent level, const char *name, const GError *error)
{
	wax_event(level, name,
		WAX_FIELD("code", WAX_STR(wax_reason_info(wax_reason_of(error))->label)),
		WAX_FIELD("text", WAX_STR(error ? error->message : "")));
}
