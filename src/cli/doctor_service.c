/* SPDX-License-Identifier: Apache-2.0 */
/* the service, its keys and certificates, its files, the disk and the clock */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include "api/client.h"
#include "cli/doctor.h"
#include "cli/local.h"
#include "core/clock.h"
#include "core/status.h"

#define DAY	    ((int64_t)86400)
#define SOON	    (30 * DAY)
#define ROOM_NEEDED (UINT64_C(128) << 20)
#define ROOM_WANTED (UINT64_C(1) << 30)

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static json_t *ask(const WaxDoctor *doctor, const char *path, GError **error)
{
	json_t *answer = NULL;

	return wax_api_call(doctor->socket, "GET", path, NULL, &answer, error) ? answer : NULL;
}

static void look_at_processes(WaxDoctor *doctor, const json_t *status)
{
	const json_t *list = json_object_get(status, "processes");
	g_autoptr(GString) down = g_string_new(NULL);
	json_int_t restarts = 0;
	bool filtered = true;
	json_t *process;
	size_t i;

	json_array_foreach(list, i, process)
	{
		if (strcmp(text(process, "state"), "ready") != 0)
			g_string_append_printf(down, " %s", text(process, "name"));
		restarts += json_integer_value(json_object_get(process, "restarts"));
		filtered = filtered && json_is_true(json_object_get(process, "seccomp"));
	}
	if (down->len)
		wax_doctor_note(doctor, "processes", WAX_HEALTH_FAIL,
			"look at the log for what these said last", "not ready:%s", down->str);
	else
		wax_doctor_note(doctor, "processes", WAX_HEALTH_OK, NULL,
			"all %zu are ready; %" JSON_INTEGER_FORMAT " restarts",
			json_array_size(list), restarts);
	if (!filtered)
		wax_doctor_note(doctor, "confinement", WAX_HEALTH_WARN,
			"use a kernel with seccomp filters", "a process runs without a filter");
}

static void look_at_isolation(WaxDoctor *doctor, const json_t *status)
{
	const char *isolation = text(status, "isolation");

	if (strcmp(isolation, "same-user") == 0)
		wax_doctor_note(doctor, "isolation", WAX_HEALTH_WARN,
			"as root: waxwing setup users, then start it again",
			"same-user: the processes could read each other's files");
	else
		wax_doctor_note(doctor, "isolation", WAX_HEALTH_OK, NULL, "%s", isolation);
}

static void look_at_custody(WaxDoctor *doctor, const json_t *status)
{
	json_t *custodian;
	size_t i;

	json_array_foreach(json_object_get(status, "keys"), i, custodian)
	{
		const char *name = text(custodian, "custodian"), *state = text(custodian, "state");
		const char *protection = text(custodian, "protection");

		if (strcmp(state, "open") != 0)
			wax_doctor_note(doctor, "keys", WAX_HEALTH_FAIL, "waxwing keys unlock",
				"the keys of %s are %s: mail that needs one waits", name, state);
		else if (strcmp(protection, "host-key") == 0)
			wax_doctor_note(doctor, "keys", WAX_HEALTH_WARN,
				"waxwing keys protect, if somebody is there to unlock after a "
				"start",
				"the keys of %s open with a file of this host", name);
		else
			wax_doctor_note(doctor, "keys", WAX_HEALTH_OK, NULL,
				"the keys of %s are open, protected by %s", name, protection);
	}
}

/* look_at_end - of one certificate of ours; returns true when something was to be said */
static bool look_at_end(WaxDoctor *doctor, const char *what, const char *end, const char *fix)
{
	int64_t seconds;

	if (!wax_clock_from_rfc3339(end, &seconds))
		return false;
	if (seconds < wax_clock_now())
		wax_doctor_note(
			doctor, "certificates", WAX_HEALTH_FAIL, fix, "%s ended at %s", what, end);
	else if (seconds < wax_clock_now() + SOON)
		wax_doctor_note(
			doctor, "certificates", WAX_HEALTH_WARN, fix, "%s ends at %s", what, end);
	else
		return false;
	return true;
}

static bool look_at_identity(WaxDoctor *doctor, const json_t *identity)
{
	const char *owner =
		json_string_value(json_array_get(json_object_get(identity, "addresses"), 0));
	bool said = false;
	json_t *epoch;
	size_t i;

	if (!owner)
		owner = text(identity, "domain");
	json_array_foreach(json_object_get(identity, "epochs"), i, epoch)
	{
		g_autofree char *what = NULL, *fix = NULL;

		if (strcmp(text(epoch, "state"), "active") != 0)
			continue;
		what = g_strdup_printf("the certificate of %s (%s)", owner, text(epoch, "purpose"));
		fix = g_strdup_printf("waxwing identity rollover %s", owner);
		said = look_at_end(doctor, what, text(epoch, "not_after"), fix) || said;
	}
	return said;
}

static void look_at_certificates(WaxDoctor *doctor)
{
	g_autoptr(GError) error = NULL;
	json_t *certs = ask(doctor, "/v1/certs", &error), *people, *row;
	bool said = false;
	size_t i, certifiers = 0;

	people = certs ? ask(doctor, "/v1/identities", &error) : NULL;
	if (!people) {
		wax_doctor_note(
			doctor, "certificates", WAX_HEALTH_UNKNOWN, NULL, "%s", error->message);
		json_decref(certs);
		return;
	}
	json_array_foreach(json_object_get(certs, "items"), i, row)
	{
		g_autofree char *what = g_strdup_printf("the certifier %s", text(row, "subject"));

		if (strcmp(text(row, "kind"), "ca") != 0 || strcmp(text(row, "source"), "own") != 0)
			continue;
		certifiers++;
		said = look_at_end(doctor, what, text(row, "not_after"),
			       "add the domain again under a new certifier, and tell your "
			       "partners") ||
		       said;
	}
	json_array_foreach(json_object_get(people, "items"), i, row) said =
		look_at_identity(doctor, row) || said;
	if (!certifiers)
		wax_doctor_note(doctor, "certificates", WAX_HEALTH_WARN,
			"waxwing domain add example.com --relay HOST",
			"no domain is ours yet: nothing can be signed or opened");
	else if (!said)
		wax_doctor_note(doctor, "certificates", WAX_HEALTH_OK, NULL,
			"none of ours ends within 30 days");
	json_decref(certs);
	json_decref(people);
}

static void look_at_clock(WaxDoctor *doctor)
{
	struct timex state = { 0 };
	int code = adjtimex(&state);

	if (code < 0)
		wax_doctor_note(doctor, "clock", WAX_HEALTH_UNKNOWN, NULL,
			"the kernel does not say whether it is set by a time service");
	else if (code == TIME_ERROR || state.status & STA_UNSYNC)
		wax_doctor_note(doctor, "clock", WAX_HEALTH_WARN,
			"run a time service (systemd-timesyncd, chrony)",
			"not set by a time service: signatures and certificates depend on it");
	else
		wax_doctor_note(doctor, "clock", WAX_HEALTH_OK, NULL, "set by a time service");
}

void wax_doctor_service(WaxDoctor *doctor)
{
	g_autoptr(GError) error = NULL;
	json_t *status = ask(doctor, "/v1/status", &error);

	look_at_clock(doctor);
	if (!status) {
		wax_doctor_note(
			doctor, "service", WAX_HEALTH_FAIL, "waxwing up", "%s", error->message);
		return;
	}
	look_at_processes(doctor, status);
	look_at_isolation(doctor, status);
	look_at_custody(doctor, status);
	json_decref(status);
	look_at_certificates(doctor);
}

/* what nobody else may do with a file or folder of the state */
static const struct {
	const char *name;
	mode_t forbidden;
} guarded[] = {
	{ "", 07 },
	{ "admin", 07 },
	{ "mail", 07 },
	{ "mail/hop.key", 077 },
	{ "spool", 077 },
	{ "keyd", 077 },
	{ "keyd/kek", 077 },
	{ "certd", 077 },
	{ "certd/kek", 077 },
};

static void look_at_modes(WaxDoctor *doctor, const char *state)
{
	bool said = false;

	for (size_t i = 0; i < G_N_ELEMENTS(guarded); i++) {
		g_autofree char *path = g_build_filename(state, guarded[i].name, NULL), *fix = NULL;
		struct stat found;

		if (stat(path, &found) != 0 || !(found.st_mode & guarded[i].forbidden))
			continue;
		fix = g_strdup_printf(
			"chmod %s %s", guarded[i].forbidden == 07 ? "o-rwx" : "go-rwx", path);
		wax_doctor_note(doctor, "permissions", WAX_HEALTH_FAIL, fix,
			"%s is open to others (mode %03o)", path, found.st_mode & 0777);
		said = true;
	}
	if (!said)
		wax_doctor_note(doctor, "permissions", WAX_HEALTH_OK, NULL,
			"keys, databases and spool are closed to others");
}

static void look_at_disk(WaxDoctor *doctor, const char *state)
{
	struct statvfs disk;
	uint64_t room;

	if (statvfs(state, &disk) != 0) {
		wax_doctor_note(doctor, "disk", WAX_HEALTH_UNKNOWN, "waxwing up makes it",
			"there is no %s", state);
		return;
	}
	room = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (room < ROOM_NEEDED || (disk.f_files && disk.f_favail < 1000))
		wax_doctor_note(doctor, "disk", WAX_HEALTH_FAIL,
			"free some room, or move paths.state",
			"%s has %" G_GUINT64_FORMAT " MB left: mail is put off", state, room >> 20);
	else if (room < ROOM_WANTED)
		wax_doctor_note(doctor, "disk", WAX_HEALTH_WARN, "free some room",
			"%s has %" G_GUINT64_FORMAT " MB left", state, room >> 20);
	else
		wax_doctor_note(doctor, "disk", WAX_HEALTH_OK, NULL,
			"%s has %" G_GUINT64_FORMAT " MB left", state, room >> 20);
}

void wax_doctor_files(WaxDoctor *doctor)
{
	g_autofree char *state = wax_local_state(doctor->config);

	look_at_disk(doctor, state);
	if (g_file_test(state, G_FILE_TEST_IS_DIR))
		look_at_modes(doctor, state);
	else
		wax_doctor_note(doctor, "permissions", WAX_HEALTH_UNKNOWN, "waxwing up makes it",
			"there is no %s, or it cannot be looked into", state);
}
