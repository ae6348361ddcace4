/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mail server in front of us: each setting that the wiring needs, named when it is missing.
 * Everything is asked of postconf, which knows defaults and what services override.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"

#define APPLY "waxwing setup postfix"

/* postconf - its output, or NULL; words end with NULL */
static char *postconf(const WaxDoctor *doctor, const char *const *words)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autofree char *text = NULL;
	int status = 0;

	g_ptr_array_add(argv, (char *)(uintptr_t) "postconf");
	if (doctor->postfix) {
		g_ptr_array_add(argv, (char *)(uintptr_t) "-c");
		g_ptr_array_add(argv, (char *)(uintptr_t)doctor->postfix);
	}
	for (; *words; words++)
		g_ptr_array_add(argv, (char *)(uintptr_t)*words);
	g_ptr_array_add(argv, NULL);
	if (!g_spawn_sync(NULL, (char **)argv->pdata, NULL,
		    G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &text, NULL,
		    &status, NULL) ||
		!g_spawn_check_wait_status(status, NULL))
		return NULL;
	return g_strchomp(g_steal_pointer(&text));
}

static char *setting(const WaxDoctor *doctor, const char *name)
{
	const char *words[] = { "-h", "-x", name, NULL };
	char *value = postconf(doctor, words);

	return value ? value : g_strdup("");
}

/* option - what a service sets for itself; else what main.cf says */
static char *option(const WaxDoctor *doctor, const char *service, const char *name)
{
	g_autofree char *asked = g_strdup_printf("%s/inet/%s", service, name);
	const char *words[] = { "-P", asked, NULL };
	g_autofree char *line = postconf(doctor, words);
	const char *equals = line ? strchr(line, '=') : NULL;

	return equals ? g_strstrip(g_strdup(equals + 1)) : setting(doctor, name);
}

static bool is_yes(const char *value)
{
	return strcmp(value, "yes") == 0;
}

static void want_yes(WaxDoctor *doctor, const char *name, const char *why)
{
	g_autofree char *value = setting(doctor, name), *fix = NULL;

	fix = g_strdup_printf("postconf -e %s=yes && postfix reload", name);
	if (is_yes(value))
		wax_doctor_note(doctor, name, WAX_HEALTH_OK, NULL, "yes");
	else
		wax_doctor_note(doctor, name, WAX_HEALTH_FAIL, fix, "%s: %s",
			value[0] ? value : "not set", why);
}

/* look_at_limit - 0 means no limit at all */
static void look_at_limit(WaxDoctor *doctor)
{
	g_autofree char *ours = setting(doctor, "lmtp_destination_recipient_limit");
	g_autofree char *theirs = setting(doctor, "smtpd_recipient_limit"), *fix = NULL;
	long one = strtol(ours, NULL, 10), other = strtol(theirs, NULL, 10);

	fix = g_strdup_printf("postconf -e lmtp_destination_recipient_limit=%s && postfix reload",
		theirs[0] ? theirs : "1000");
	if (ours[0] && (one == 0 || (other != 0 && one >= other)))
		wax_doctor_note(doctor, "lmtp_destination_recipient_limit", WAX_HEALTH_OK, NULL,
			"%s, for envelopes of up to %s", ours, theirs);
	else
		wax_doctor_note(doctor, "lmtp_destination_recipient_limit", WAX_HEALTH_FAIL, fix,
			"%s is less than smtpd_recipient_limit (%s): an envelope is cut before it "
			"is "
			"decided as a whole",
			ours[0] ? ours : "its default", theirs);
}

/* port_of - the last number of "inet:127.0.0.1:10025", "127.0.0.1:10025" or a path: itself */
static const char *place_of(const char *text)
{
	const char *colon = strrchr(text, ':'), *path = strchr(text, '/');

	return path ? path : colon ? colon + 1 : text;
}

/* meets - does a content_filter lead to one of our listeners? by which transport is Postfix's affair */
static bool meets(const WaxDoctor *doctor, const char *list, const char *filter)
{
	for (const char *const *spec = wax_config_list(doctor->config, list); *spec; spec++) {
		const char *ours = place_of(*spec), *theirs = place_of(filter);

		/* a chrooted lmtp names its socket below the queue */
		if (strcmp(ours, theirs) == 0 || (ours[0] == '/' && g_str_has_suffix(ours, theirs)))
			return true;
	}
	return false;
}

typedef struct {
	GPtrArray *out, *in,
		*again; /* char *: names of smtpd services by their place in the wiring */
} Wiring;

/* read_services - "name inet n - n - - smtpd" */
static void read_services(WaxDoctor *doctor, Wiring *wiring)
{
	const char *words[] = { "-M", NULL };
	g_autofree char *text = postconf(doctor, words);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	const char *relay = wax_config_text(doctor->config, "relay.outbound");

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) all = g_strsplit_set(*line, " \t", -1);
		g_autoptr(GPtrArray) fields = g_ptr_array_new();
		g_autofree char *filter = NULL;
		const char *name;

		for (char **field = all; *field; field++)
			if (**field)
				g_ptr_array_add(fields, *field);
		if (fields->len < 8 || strcmp(fields->pdata[1], "inet") != 0 ||
			strcmp(fields->pdata[7], "smtpd") != 0)
			continue;
		name = fields->pdata[0];
		filter = option(doctor, name, "content_filter");
		if (meets(doctor, "listen.outbound", filter))
			g_ptr_array_add(wiring->out, g_strdup(name));
		else if (meets(doctor, "listen.inbound", filter))
			g_ptr_array_add(wiring->in, g_strdup(name));
		if (g_str_has_prefix(relay, "smtp:") &&
			strcmp(place_of(relay), place_of(name)) == 0)
			g_ptr_array_add(wiring->again, g_strdup(name));
	}
}

static void look_at_submission(WaxDoctor *doctor, const char *service)
{
	g_autofree char *senders = option(doctor, service, "smtpd_sender_restrictions");
	g_autofree char *maps = option(doctor, service, "smtpd_sender_login_maps");
	g_autofree char *check = g_strdup_printf("submission %s", service);
	bool enforced = strstr(senders, "reject_sender_login_mismatch") ||
			strstr(senders, "reject_authenticated_sender_login_mismatch");

	if (!enforced)
		wax_doctor_note(doctor, check, WAX_HEALTH_FAIL,
			"-o smtpd_sender_restrictions=reject_sender_login_mismatch for this "
			"service",
			"a logged-in sender may use any address, and mail of it is signed");
	else if (!maps[0])
		wax_doctor_note(doctor, check, WAX_HEALTH_FAIL,
			"smtpd_sender_login_maps=hash:/etc/postfix/logins: who may send as whom",
			"smtpd_sender_login_maps is empty, so nobody owns an address");
	else
		wax_doctor_note(doctor, check, WAX_HEALTH_OK, NULL,
			"senders are held to their login by %s", maps);
}

/* forge - one of our own addresses, without a login, at the real door */
static void forge(WaxDoctor *doctor, const char *service)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *domains = setting(doctor, "mydomain"), *from = NULL, *spec = NULL;
	g_autofree char *reply = NULL, *check = g_strdup_printf("forgery at %s", service);
	const char *lines[] = { "EHLO doctor", NULL, "RCPT TO:<forged@doctor.invalid>", NULL };

	from = g_strdup_printf("MAIL FROM:<postmaster@%s>", domains[0] ? domains : "localhost");
	lines[1] = from;
	spec = strchr(service, ':') ? g_strdup_printf("smtp:%s", service)
				    : g_strdup_printf("smtp:127.0.0.1:%s", service);
	reply = wax_doctor_talk(spec, lines, &error);
	if (!reply)
		wax_doctor_note(
			doctor, check, WAX_HEALTH_UNKNOWN, "postfix start", "%s", error->message);
	else if (reply[0] == '5' || reply[0] == '4')
		wax_doctor_note(doctor, check, WAX_HEALTH_OK, NULL, "refused: %s", reply);
	else
		wax_doctor_note(doctor, check, WAX_HEALTH_FAIL,
			"-o smtpd_recipient_restrictions=permit_sasl_authenticated,reject",
			"a sender without a login gets through to the signing side (%s)", reply);
}

static void look_at_again(WaxDoctor *doctor, const char *service)
{
	g_autofree char *filter = option(doctor, service, "content_filter");
	g_autofree char *receive = option(doctor, service, "receive_override_options");
	g_autofree char *cleanup = option(doctor, service, "cleanup_service_name");
	g_autofree char *asked = g_strdup_printf("%s/unix/hopcount_limit", cleanup);
	const char *words[] = { "-P", asked, NULL };
	g_autofree char *line = postconf(doctor, words),
			*everywhere = setting(doctor, "hopcount_limit");
	const char *equals = line ? strchr(line, '=') : NULL;
	long hops = strtol(equals ? equals + 1 : everywhere, NULL, 10);
	g_autofree char *hosts = option(doctor, service, "smtpd_authorized_xforward_hosts");

	if (filter[0])
		wax_doctor_note(doctor, "re-injection content_filter", WAX_HEALTH_FAIL,
			"-o content_filter= for this service", "%s sends mail back to %s: a loop",
			service, filter);
	else
		wax_doctor_note(doctor, "re-injection content_filter", WAX_HEALTH_OK, NULL,
			"empty for %s", service);
	if (strstr(receive, "no_header_body_checks"))
		wax_doctor_note(doctor, "re-injection checks", WAX_HEALTH_OK, NULL, "%s", receive);
	else
		wax_doctor_note(doctor, "re-injection checks", WAX_HEALTH_WARN,
			"-o "
			"receive_override_options=no_header_body_checks,no_unknown_recipient_"
			"checks",
			"header and body checks look at sealed mail a second time");
	if (hops >= 100)
		wax_doctor_note(doctor, "hopcount_limit", WAX_HEALTH_OK, NULL, "%ld behind %s",
			hops, service);
	else
		wax_doctor_note(doctor, "hopcount_limit", WAX_HEALTH_FAIL,
			"a cleanup service of its own with -o hopcount_limit=100 for this port",
			"%ld: mail that came in with nearly as many hops bounces after it was "
			"decided",
			hops);
	if (strstr(receive, "no_milters"))
		wax_doctor_note(doctor, "milters", WAX_HEALTH_WARN,
			"let the DKIM and ARC milters work at the re-injection port",
			"no_milters: what we change is not signed by DKIM afterwards");
	if (hosts[0])
		wax_doctor_note(doctor, "xforward", WAX_HEALTH_OK, NULL, "believed from %s", hosts);
	else
		wax_doctor_note(doctor, "xforward", WAX_HEALTH_FAIL,
			"-o smtpd_authorized_xforward_hosts=127.0.0.0/8 for the re-injection port",
			"the queue id of the first pass is lost behind us");
}

static void look_at_wiring(WaxDoctor *doctor, const Wiring *wiring)
{
	if (!wiring->out->len)
		wax_doctor_note(doctor, "content_filter out", WAX_HEALTH_FAIL, APPLY,
			"no submission service hands mail to listen.outbound");
	for (guint i = 0; i < wiring->out->len; i++) {
		look_at_submission(doctor, wiring->out->pdata[i]);
		forge(doctor, wiring->out->pdata[i]);
	}
	if (!wiring->in->len)
		wax_doctor_note(doctor, "content_filter in", WAX_HEALTH_FAIL, APPLY,
			"no service hands mail from outside to listen.inbound");
	else
		wax_doctor_note(doctor, "content_filter in", WAX_HEALTH_OK, NULL, "%s",
			(const char *)wiring->in->pdata[0]);
	if (!wiring->again->len)
		wax_doctor_note(doctor, "re-injection", WAX_HEALTH_FAIL, APPLY,
			"no service of Postfix listens at relay.outbound (%s)",
			wax_config_text(doctor->config, "relay.outbound"));
	for (guint i = 0; i < wiring->again->len; i++)
		look_at_again(doctor, wiring->again->pdata[i]);
}

/* look_at_pickup - what programs on this host hand to sendmail does not pass an smtpd */
static void look_at_pickup(WaxDoctor *doctor)
{
	const char *words[] = { "-P", "pickup/unix/content_filter", NULL };
	g_autofree char *line = postconf(doctor, words),
			*everywhere = setting(doctor, "content_filter");

	if ((line && strchr(line, '=') && g_strstrip(strchr(line, '=') + 1)[0]) || everywhere[0])
		wax_doctor_note(
			doctor, "pickup", WAX_HEALTH_OK, NULL, "local mail is filtered too");
	else
		wax_doctor_note(doctor, "pickup", WAX_HEALTH_WARN,
			"-o content_filter=... for pickup, or no outside mail by sendmail "
			"(authorized_submit_users)",
			"mail that programs hand to sendmail leaves as it is, whatever the floor");
}

/* look_at_promotion - a Subject that was hidden must not leave again in a bounce (GATEWAY d.6) */
static void look_at_promotion(WaxDoctor *doctor)
{
	const char *words[] = { "-P", "bounce/unix/cleanup_service_name", NULL };
	g_autofree char *line = NULL;

	if (!wax_config_flag(doctor->config, "gateway.promote_subject"))
		return;
	line = postconf(doctor, words);
	if (line && strchr(line, '='))
		wax_doctor_note(doctor, "promote_subject", WAX_HEALTH_WARN,
			"send a sealed message to a full mailbox and read what comes back",
			"bounces have a cleanup of their own; that it leads here is not proven");
	else
		wax_doctor_note(doctor, "promote_subject", WAX_HEALTH_FAIL,
			"gateway.promote_subject = false",
			"bounces do not pass the gateway, so a hidden Subject can leave in one");
}

void wax_doctor_postfix(WaxDoctor *doctor)
{
	const char *words[] = { "-h", "config_directory", NULL };
	g_autofree char *folder = postconf(doctor, words);
	Wiring wiring = { g_ptr_array_new_with_free_func(g_free),
		g_ptr_array_new_with_free_func(g_free), g_ptr_array_new_with_free_func(g_free) };

	if (!folder) {
		wax_doctor_note(doctor, "postfix",
			doctor->postfix ? WAX_HEALTH_FAIL : WAX_HEALTH_UNKNOWN,
			doctor->postfix ? "name the folder of main.cf" : NULL, "%s",
			doctor->postfix
				? "its configuration there cannot be read"
				: "not installed here, or its configuration cannot be read");
	} else {
		want_yes(doctor, "lmtp_send_xforward_command",
			"without the queue id a repeated message cannot be told from a second one");
		want_yes(doctor, "enable_long_queue_ids",
			"short queue ids are used again, and a new message could pass for an old "
			"one");
		look_at_limit(doctor);
		read_services(doctor, &wiring);
		look_at_wiring(doctor, &wiring);
		look_at_pickup(doctor);
		look_at_promotion(doctor);
	}
	g_ptr_array_unref(wiring.out);
	g_ptr_array_unref(wiring.in);
	g_ptr_array_unref(wiring.again);
}
