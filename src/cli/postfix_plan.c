/* SPDX-License-Identifier: Apache-2.0 */
/* What main.cf, master.cf and Waxwing's settings should say, so that mail passes Waxwing. */
#include "cli/postfix.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/client.h"
#include "cli/local.h"
#include "cli/postfix_files.h"
#include "core/status.h"

#define FILE_MAX (1u << 20)

typedef struct {
	const WaxPostfixAsk *ask;
	const WaxConfig *config;
	const char *folder, *settings_path;
	WaxPostfixPlan *plan;
} Work;

void wax_postfix_plan_free(WaxPostfixPlan *plan)
{
	if (!plan)
		return;
	g_free(plan->main);
	g_free(plan->master);
	g_free(plan->settings);
	g_free(plan->out);
	g_free(plan->in);
	g_free(plan->again);
	g_free(plan->door);
	g_string_free(plan->notes, TRUE);
	g_free(plan);
}

bool wax_postfix_run(const char *const *words, char **ret_text, GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autofree char *text = NULL, *complaint = NULL;
	int status;

	if (!g_spawn_sync(NULL, (char **)(uintptr_t)words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
		    ret_text ? &text : NULL, ret_text ? &complaint : NULL, &status, &why)) {
		if (g_error_matches(why, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
			return wax_fail(error, WAX_R_NO_INPUT,
				"there is no program '%s' on this host; is Postfix installed?",
				words[0]);
		return wax_fail(error, WAX_R_IO, "%s: %s", words[0], why->message);
	}
	if (!g_spawn_check_wait_status(status, &why))
		return wax_fail(error, WAX_R_IO, "%s: %s", words[0],
			complaint && complaint[0] ? g_strchomp(complaint) : why->message);
	if (ret_text)
		*ret_text = g_steal_pointer(&text);
	return true;
}

bool wax_postfix_load(const char *folder, const char *name, char **ret_text, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;
	g_autoptr(GError) why = NULL;
	gsize n;

	if (!g_file_get_contents(path, &text, &n, &why))
		return wax_fail(error, WAX_R_NO_INPUT, "%s", why->message);
	if (n > FILE_MAX || strlen(text) != n)
		return wax_fail(error, WAX_R_TOO_LARGE, "%s is no text of at most 1 MiB", path);
	*ret_text = g_steal_pointer(&text);
	return true;
}

/* parameter - its value with every name in it followed, "" when there is none */
static bool parameter(const Work *work, const char *name, char **ret_value, GError **error)
{
	const char *words[] = { "postconf", "-c", work->folder, "-hx", name, NULL };

	if (!wax_postfix_run(words, ret_value, error))
		return false;
	g_strstrip(*ret_value);
	return true;
}

/* effective - for this service: its own option, where it has one */
static bool effective(const Work *work, const WaxPostfixService *service, const char *name,
	char **ret_value, GError **error)
{
	g_autofree char *own = wax_postfix_option(service, name);

	if (!own)
		return parameter(work, name, ret_value, error);
	/* the one form that people use there: $mua_sender_restrictions */
	if (own[0] == '$' && own[1] &&
		strspn(own + 1, G_CSET_a_2_z G_CSET_A_2_Z "_0123456789") == strlen(own + 1))
		return parameter(work, own + 1, ret_value, error);
	*ret_value = g_steal_pointer(&own);
	return true;
}

static void note(const Work *work, const char *text)
{
	g_string_append_printf(work->plan->notes, "- %s\n", text);
}

/* ---- Waxwing's side ---- */

static bool is_set(const Work *work, const char *name)
{
	return strcmp(wax_config_origin(work->config, name), "default") != 0;
}

/* is_ours - it stands in the file that this command writes, or nowhere */
static bool is_ours(const Work *work, const char *name)
{
	return !is_set(work, name) ||
	       g_str_has_prefix(wax_config_origin(work->config, name), work->settings_path);
}

/* may_pass - every folder on the way lets other users through */
static bool may_pass(const char *folder)
{
	g_autofree char *at = g_canonicalize_filename(folder, NULL);

	for (;;) {
		struct stat st;
		char *up;

		if (stat(at, &st) != 0 || !(st.st_mode & S_IXOTH))
			return false;
		if (strcmp(at, "/") == 0)
			return true;
		up = g_path_get_dirname(at);
		g_free(at);
		at = up;
	}
}

/* postfix_name - "lmtp:unix:/p" is unix:/p to Postfix, "lmtp:h:p" is inet:h:p; NULL: no LMTP */
static char *postfix_name(const char *listener)
{
	if (!g_str_has_prefix(listener, "lmtp:"))
		return NULL;
	listener += strlen("lmtp:");
	return g_str_has_prefix(listener, "unix:") ? g_strdup(listener)
						   : g_strconcat("inet:", listener, NULL);
}

static bool listener(const Work *work, const char *name, const char *file, const char *port,
	char **ret_name, GError **error)
{
	g_autofree char *socket = wax_local_socket(work->config);
	g_autofree char *run = g_path_get_dirname(socket);

	if (!is_set(work, name)) {
		*ret_name = may_pass(run) ? g_strdup_printf("unix:%s/%s", run, file)
					  : g_strdup_printf("inet:127.0.0.1:%s", port);
		return true;
	}
	for (const char *const *one = wax_config_list(work->config, name); *one; one++)
		if ((*ret_name = postfix_name(*one)))
			return true;
	return wax_fail(error, WAX_R_CONFIG_RANGE,
		"%s: %s has no LMTP listener, and only LMTP answers for each recipient; add "
		"\"lmtp:unix:%s/%s\" to it, or take the line out and run this again",
		wax_config_origin(work->config, name), name, run, file);
}

static bool re_injection(const Work *work, char **ret_place, GError **error)
{
	const char *relay = wax_config_text(work->config, "relay.outbound");

	if (!g_str_has_prefix(relay, "smtp:127.") && !g_str_has_prefix(relay, "smtp:localhost:"))
		return wax_fail(error, WAX_R_CONFIG_RANGE,
			"%s: relay.outbound is \"%s\"; mail can come back to Postfix only at a "
			"port "
			"of this host: set it to \"smtp:127.0.0.1:10027\", or take the line out "
			"and "
			"run this again",
			wax_config_origin(work->config, "relay.outbound"), relay);
	*ret_place = g_strdup(relay + strlen("smtp:"));
	return true;
}

static void add_setting(GString *text, const char **section, const char *name, const char *value)
{
	const char *dot = strchr(name, '.');

	if (!*section || strncmp(*section, name, (size_t)(dot - name) + 1) != 0)
		g_string_append_printf(text, "[%.*s]\n", (int)(dot - name), name);
	*section = name;
	g_string_append_printf(text, "%s = %s\n", dot + 1, value);
}

static bool look_at_users(const Work *work, char **ret_owner, GError **error)
{
	if (!parameter(work, "mail_owner", ret_owner, error))
		return false;
	if (!g_str_has_prefix(work->plan->out, "unix:") || is_ours(work, "listen.users") ||
		g_strv_contains(wax_config_list(work->config, "listen.users"), *ret_owner))
		return true;
	return wax_fail(error, WAX_R_CONFIG_RANGE,
		"%s: listen.users does not name %s, the user of Postfix; add it",
		wax_config_origin(work->config, "listen.users"), *ret_owner);
}

/* make_settings - those that nobody has set elsewhere */
static bool make_settings(const Work *work, GError **error)
{
	WaxPostfixPlan *plan = work->plan;
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *owner = NULL, *out = NULL, *in = NULL, *users = NULL, *again = NULL;
	const char *section = NULL;
	bool sockets = g_str_has_prefix(plan->out, "unix:");
	const struct {
		const char *name, *value;
		bool needed;
	} rows[] = {
		{ "listen.outbound",
			out = g_strdup_printf(
				"[\"lmtp:%s\"]", sockets ? plan->out : plan->out + strlen("inet:")),
			true },
		{ "listen.inbound",
			in = g_strdup_printf("[\"lmtp:%s\"]", g_str_has_prefix(plan->in, "unix:")
								      ? plan->in
								      : plan->in + strlen("inet:")),
			true },
		{ "listen.users",
			look_at_users(work, &owner, error)
				? (users = g_strdup_printf("[\"%s\"]", owner))
				: NULL,
			sockets },
		{ "relay.outbound", again = g_strdup_printf("\"smtp:%s\"", plan->again), true },
		{ "relay.inbound", again, true },
	};

	if (!users)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (rows[i].needed && is_ours(work, rows[i].name)) {
			add_setting(text, &section, rows[i].name, rows[i].value);
		} else if (rows[i].needed) {
			g_autofree char *said = g_strdup_printf("%s stays as %s sets it.",
				rows[i].name, wax_config_origin(work->config, rows[i].name));

			note(work, said);
		}
	}
	if (text->len)
		plan->settings = g_strdup_printf("# made by waxwing setup postfix, which takes it "
						 "away again with --undo\n%s",
			text->str);
	return true;
}

/* ---- main.cf ---- */

static bool set(const Work *work, const char *name, const char *value, GError **error)
{
	g_autofree char *now = NULL, *made = NULL;

	if (!parameter(work, name, &now, error))
		return false;
	if (strcmp(now, value) == 0)
		return true;
	made = wax_postfix_set(work->plan->main, name, value);
	g_free(work->plan->main);
	work->plan->main = g_steal_pointer(&made);
	return true;
}

/* set_limit - an envelope that Postfix takes whole must reach Waxwing whole */
static bool set_limit(const Work *work, GError **error)
{
	g_autofree char *least = NULL, *now = NULL;

	if (!parameter(work, "smtpd_recipient_limit", &least, error) ||
		!parameter(work, "lmtp_destination_recipient_limit", &now, error))
		return false;
	if (strtol(now, NULL, 10) == 0 || strtol(now, NULL, 10) >= strtol(least, NULL, 10))
		return true;
	return set(work, "lmtp_destination_recipient_limit", least, error);
}

static void add_line(char **text, const char *line)
{
	char *longer = g_strdup_printf(
		"%s%s%s\n", *text, **text && !g_str_has_suffix(*text, "\n") ? "\n" : "", line);

	g_free(*text);
	*text = longer;
}

static bool edit_main(const Work *work, GError **error)
{
	if (!set(work, "enable_long_queue_ids", "yes", error) ||
		!set(work, "lmtp_send_xforward_command", "yes", error) || !set_limit(work, error))
		return false;
	/* parameters of transports of ours: nothing else can have them */
	add_line(&work->plan->main,
		"waxwing-out_destination_recipient_limit = $lmtp_destination_recipient_limit\n"
		"waxwing-in_destination_recipient_limit = $lmtp_destination_recipient_limit");
	return true;
}

/* ---- master.cf ---- */

static const char *port_of(const WaxPostfixService *service)
{
	const char *colon = strrchr(service->name, ':');

	return colon ? colon + 1 : service->name;
}

static bool is_named(const WaxPostfixService *service, const GPtrArray *names)
{
	for (guint i = 0; i < names->len; i++)
		if (strcmp(service->name, names->pdata[i]) == 0)
			return true;
	return false;
}

static bool takes_submissions(const Work *work, const WaxPostfixService *service)
{
	static const char *const ports[] = { "submission", "587", "submissions", "smtps", "465",
		NULL };

	if (strcmp(service->command, "smtpd") != 0)
		return false;
	if (work->ask->submission->len)
		return is_named(service, work->ask->submission);
	return strcmp(service->type, "inet") == 0 && g_strv_contains(ports, port_of(service));
}

static bool takes_outside(const Work *work, const WaxPostfixService *service)
{
	static const char *const ports[] = { "smtp", "25", NULL };

	if (strcmp(service->command, "smtpd") != 0)
		return false;
	if (work->ask->inbound->len)
		return is_named(service, work->ask->inbound);
	/* behind postscreen it is a service of type pass */
	return strcmp(service->type, "pass") == 0 ||
	       (strcmp(service->type, "inet") == 0 && g_strv_contains(ports, port_of(service)));
}

static void add_option(
	const Work *work, const WaxPostfixService *service, const char *name, const char *value)
{
	char *made = wax_postfix_add_option(work->plan->master, service, name, value);

	g_free(work->plan->master);
	work->plan->master = made;
}

static bool filter(const Work *work, const WaxPostfixService *service, const char *transport,
	const char *listener_name, GError **error)
{
	g_autofree char *now = NULL, *value = NULL;

	if (!effective(work, service, "content_filter", &now, error))
		return false;
	if (now[0])
		return wax_fail(error, WAX_R_CONFIG_RANGE,
			"%s has a content_filter already (%s), and mail passes only one: hand mail "
			"from that filter on to Waxwing, or take it out, and run this again",
			service->name, now);
	value = g_strdup_printf("%s:%s", transport, listener_name);
	add_option(work, service, "content_filter", value);
	return true;
}

/* enforces - before anything that could end the list */
static bool enforces(const char *restrictions)
{
	g_auto(GStrv) words = g_strsplit_set(restrictions, ", \t\n", -1);

	for (char **word = words; *word; word++) {
		if (strcmp(*word, "reject_sender_login_mismatch") == 0 ||
			strcmp(*word, "reject_authenticated_sender_login_mismatch") == 0)
			return true;
		if (g_str_has_prefix(*word, "permit"))
			return false;
	}
	return false;
}

/* enforce - nobody may submit under another's address: Waxwing would sign it */
static bool enforce(const Work *work, const WaxPostfixService *service, GError **error)
{
	static const char *const places[] = { "smtpd_client_restrictions",
		"smtpd_helo_restrictions", "smtpd_sender_restrictions", "smtpd_relay_restrictions",
		"smtpd_recipient_restrictions" };
	g_autofree char *senders = NULL, *raw = NULL, *value = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autofree char *now = NULL;

		if (!effective(work, service, places[i], &now, error))
			return false;
		if (enforces(now))
			return true;
	}
	raw = wax_postfix_option(service, "smtpd_sender_restrictions");
	if (!raw && !parameter(work, "smtpd_sender_restrictions", &senders, error))
		return false;
	value = g_strdup_printf("reject_sender_login_mismatch%s%s",
		(raw ? raw : senders)[0] ? ", " : "", raw ? raw : senders);
	add_option(work, service, "smtpd_sender_restrictions", value);
	return true;
}

static bool know_logins(const Work *work, const WaxPostfixService *service, GError **error)
{
	g_autofree char *maps = NULL, *sasl = NULL;

	if (!effective(work, service, "smtpd_sender_login_maps", &maps, error) ||
		!effective(work, service, "smtpd_sasl_auth_enable", &sasl, error))
		return false;
	if (strcmp(sasl, "yes") != 0)
		return wax_fail(error, WAX_R_CONFIG_RANGE,
			"%s asks for no login (smtpd_sasl_auth_enable is not yes), and Waxwing "
			"signs "
			"for whoever submits there",
			service->name);
	if (work->ask->login_maps)
		add_option(work, service, "smtpd_sender_login_maps", work->ask->login_maps);
	else if (!maps[0])
		return wax_fail(error, WAX_R_CONFIG_RANGE,
			"%s: smtpd_sender_login_maps is empty, so Postfix does not know which "
			"login "
			"may send as which address, and Waxwing would sign for anybody; set it in "
			"main.cf, or give --login-maps TABLE",
			service->name);
	return true;
}

/* options are put behind each other from the last to the first: each goes to the service's end */
static bool wire_submission(const Work *work, const WaxPostfixService *service, GError **error)
{
	return enforce(work, service, error) && know_logins(work, service, error) &&
	       filter(work, service, "waxwing-out", work->plan->out, error);
}

static char *door_of(const WaxPostfixService *service)
{
	const char *port = strcmp(service->type, "pass") == 0 ? "25" : port_of(service);
	size_t host =
		strcmp(service->type, "pass") == 0 ? 0 : (size_t)(port_of(service) - service->name);

	/* "host:port" keeps its host unless that means every one */
	return host > 1 && service->name[0] != '['
		       ? g_strdup_printf("%.*s:%s", (int)host - 1, service->name, port)
		       : g_strdup_printf("127.0.0.1:%s", port);
}

static bool wire_inbound(const Work *work, const WaxPostfixService *service, GError **error)
{
	g_free(work->plan->door);
	work->plan->door = door_of(service);
	return filter(work, service, "waxwing-in", work->plan->in, error);
}

/* all_there - a misspelt name must not leave a service out */
static bool all_there(const GPtrArray *asked, const GPtrArray *services, GError **error)
{
	for (guint i = 0; i < asked->len; i++) {
		bool found = false;

		for (guint j = 0; j < services->len; j++) {
			const WaxPostfixService *service = services->pdata[j];

			found = found || (strcmp(service->name, asked->pdata[i]) == 0 &&
						 strcmp(service->command, "smtpd") == 0);
		}
		if (!found)
			return wax_fail(error, WAX_R_CONFIG_RANGE,
				"master.cf has no smtpd service '%s'",
				(const char *)asked->pdata[i]);
	}
	return true;
}

/* wire_services - from the last to the first, so that places in the text stay true */
static bool wire_services(const Work *work, const GPtrArray *services, GError **error)
{
	unsigned submissions = 0, outside = 0;

	if (!all_there(work->ask->submission, services, error) ||
		!all_there(work->ask->inbound, services, error))
		return false;
	for (guint i = services->len; i > 0; i--) {
		const WaxPostfixService *service = services->pdata[i - 1];

		if (strcmp(service->name, work->plan->again) == 0 ||
			g_str_has_prefix(service->name, "waxwing-"))
			return wax_fail(error, WAX_R_CONFIG_RANGE,
				"master.cf has a service '%s' already; if it is not Waxwing's, set "
				"relay.outbound in waxwing.toml to another port, such as "
				"\"smtp:127.0.0.1:10028\"",
				service->name);
		if (takes_submissions(work, service)) {
			submissions++;
			if (!wire_submission(work, service, error))
				return false;
		} else if (takes_outside(work, service)) {
			outside++;
			if (!wire_inbound(work, service, error))
				return false;
		}
	}
	if (!submissions)
		return wax_fail(error, WAX_R_CONFIG_RANGE,
			"master.cf has no submission service: Waxwing signs and encrypts mail that "
			"people submit with a login (port 587). Take the # from the submission "
			"lines of master.cf, or name your service with --submission");
	return outside ||
	       wax_fail(error, WAX_R_CONFIG_RANGE,
		       "master.cf has no smtpd service at port 25; name yours with --inbound");
}

/* add_ours - the way to Waxwing and the way back */
static void add_ours(const Work *work)
{
	g_autofree char *block = g_strdup_printf(
		"# Waxwing: the way to it, not in a chroot, so that its sockets are reached\n"
		"waxwing-out unix - - n - 20 lmtp\n"
		"  -o lmtp_tls_security_level=none\n"
		"waxwing-in unix - - n - 20 lmtp\n"
		"  -o lmtp_tls_security_level=none\n"
		"# Waxwing: the way back, from this host alone, and past no filter again\n"
		"%s inet n - n - - smtpd\n"
		"  -o syslog_name=postfix/waxwing\n"
		"  -o content_filter=\n"
		"  -o smtpd_proxy_filter=\n"
		"  -o receive_override_options=no_header_body_checks,no_unknown_recipient_checks,"
		"no_address_mappings\n"
		"  -o mynetworks=127.0.0.0/8\n"
		"  -o smtpd_authorized_xforward_hosts=127.0.0.0/8\n"
		"  -o smtpd_client_restrictions=\n"
		"  -o smtpd_helo_restrictions=\n"
		"  -o smtpd_sender_restrictions=\n"
		"  -o smtpd_relay_restrictions=permit_mynetworks,reject\n"
		"  -o smtpd_recipient_restrictions=permit_mynetworks,reject\n"
		"  -o smtpd_data_restrictions=\n"
		"  -o smtpd_end_of_data_restrictions=\n"
		"  -o smtpd_sasl_auth_enable=no\n"
		"  -o smtpd_tls_security_level=none\n"
		"  -o smtpd_client_event_limit_exceptions=127.0.0.0/8\n"
		"  -o cleanup_service_name=waxwing-cleanup\n"
		"waxwing-cleanup unix n - n - 0 cleanup\n"
		"  -o hopcount_limit=100",
		work->plan->again);

	add_line(&work->plan->master, block);
}

static bool edit_master(const Work *work, GError **error)
{
	g_autoptr(GPtrArray) services = wax_postfix_services(work->plan->master);
	g_autofree char *milters = NULL;

	if (!wire_services(work, services, error))
		return false;
	add_ours(work);
	if (!parameter(work, "smtpd_milters", &milters, error))
		return false;
	if (milters[0])
		note(work,
			"smtpd_milters run where mail comes in and again where it comes back. DKIM "
			"must sign at the second place alone, since Waxwing changes the message.");
	note(work, "Mail between people of yours who both have certificates is encrypted and "
		   "not opened again: it does not come in from outside. Their mail programs need "
		   "their keys (waxwing identity export).");
	note(work,
		"Mail of local programs (sendmail, cron) and of hosts in mynetworks that use port "
		"25 is not signed or encrypted; let programs submit with a login at port 587.");
	if (g_str_has_prefix(work->plan->out, "inet:127."))
		note(work,
			"Waxwing listens at a loopback port: every user of this host can hand it "
			"mail. A UNIX socket is chosen where its folder can be passed by Postfix, "
			"as with the users of waxwing setup users.");
	return true;
}

/* ---- domains ---- */

static bool is_own(const json_t *domains, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(domains, i,
		one) if (json_is_true(json_object_get(one, "own")) &&
			 g_ascii_strcasecmp(json_string_value(json_object_get(one, "name")),
				 name) == 0) return true;
	return false;
}

/* is_plain - a domain, and no table, file or name of this host itself */
static bool is_plain(const char *word)
{
	return strchr(word, '.') && !strpbrk(word, ":/$!") && word[0] != '.' &&
	       !g_str_has_suffix(word, ".localdomain");
}

/* compare_domains - what Postfix takes for a domain that Waxwing does not know comes back to its sender */
static bool compare_domains(const Work *work, GError **error)
{
	static const char *const lists[] = { "mydestination", "relay_domains",
		"virtual_mailbox_domains", "virtual_alias_domains" };
	g_autofree char *socket = wax_local_socket(work->config);
	json_t *answer = NULL;

	if (!wax_api_call(socket, "GET", "/v1/domains", NULL, &answer, NULL)) {
		note(work,
			"Waxwing does not run, so its domains were not compared with Postfix's: "
			"mail "
			"for a domain that `waxwing domain list` does not show comes back to its "
			"sender.");
		return true;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *value = NULL;
		g_auto(GStrv) words = NULL;

		if (!parameter(work, lists[i], &value, error)) {
			json_decref(answer);
			return false;
		}
		words = g_strsplit_set(value, ", \t\n", -1);
		for (char **word = words; *word; word++)
			if (is_plain(*word) && !is_own(json_object_get(answer, "items"), *word))
				g_string_append_printf(work->plan->notes,
					"- Waxwing does not know %s (%s): mail from outside for it "
					"will "
					"come back to its sender. waxwing domain add %s\n",
					*word, lists[i], *word);
	}
	json_decref(answer);
	return true;
}

bool wax_postfix_plan(const WaxPostfixAsk *ask, const WaxConfig *config, const char *folder,
	const char *settings_path, WaxPostfixPlan **ret_plan, GError **error)
{
	g_autoptr(WaxPostfixPlan) plan = g_new0(WaxPostfixPlan, 1);
	const Work work = { ask, config, folder, settings_path, plan };

	plan->notes = g_string_new(NULL);
	if (!wax_postfix_load(folder, "main.cf", &plan->main, error) ||
		!wax_postfix_load(folder, "master.cf", &plan->master, error) ||
		!listener(&work, "listen.outbound", "outbound.sock", "10025", &plan->out, error) ||
		!listener(&work, "listen.inbound", "inbound.sock", "10026", &plan->in, error) ||
		!re_injection(&work, &plan->again, error) || !make_settings(&work, error) ||
		!edit_main(&work, error) || !edit_master(&work, error) ||
		!compare_domains(&work, error))
		return false;
	*ret_plan = g_steal_pointer(&plan);
	return true;
}
