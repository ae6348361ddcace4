/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "api/client.h"
#include "core/status.h"
#include "web/web.h"

typedef struct {
	WaxWebParts parts;
	WaxWebServer *server;
	char *folder, *path;
	bool permit;
	char *act, *actor, *body; /* of the last change */
} Bench;

static bool take_change(void *ctx, const char *act, const char *actor, const json_t *body,
	json_t **ret_result, GError **error)
{
	Bench *bench = ctx;

	g_free(bench->act);
	g_free(bench->actor);
	g_free(bench->body);
	bench->act = g_strdup(act);
	bench->actor = g_strdup(actor);
	bench->body = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
	if (strcmp(act, "domain-remove") == 0)
		return wax_fail(error, WAX_R_KEY_IN_USE, "the domain has identities");
	*ret_result = json_pack("{s:s}", "id", "x");
	return true;
}

static bool permit(void *ctx, uid_t uid, gid_t gid, pid_t pid)
{
	(void)uid;
	(void)gid;
	(void)pid;
	return ((Bench *)ctx)->permit;
}

static int set_up(void **state)
{
	Bench *bench = g_new0(Bench, 1);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	WaxStore *store = NULL;
	WaxDomain domain = { "a.example", true, "smtp:h:25", NULL, 7 };
	int64_t version;

	bench->folder = g_dir_make_tmp("waxwing-web-XXXXXX", NULL);
	bench->path = g_build_filename(bench->folder, "s", NULL);
	g_strlcpy(address.sun_path, bench->path, sizeof(address.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_true(wax_store_open(":memory:", WAX_STORE_WRITE, 0, &store, NULL));
	assert_true(wax_store_domain_add(store, &domain, NULL));
	assert_true(wax_store_policy_add(store, "default must-smime\n", "t", 1, &version, NULL));
	bench->permit = true;
	bench->parts = (WaxWebParts){ .directory = wax_directory_new(store), .ctx = bench,
		.change = take_change, .permitted = permit };
	assert_true(wax_web_start(&bench->parts, fd, &bench->server, NULL));
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	Bench *bench = *state;

	wax_web_stop(bench->server);
	wax_directory_free(bench->parts.directory);
	g_unlink(bench->path);
	g_rmdir(bench->folder);
	g_free(bench->folder);
	g_free(bench->path);
	g_free(bench->act);
	g_free(bench->actor);
	g_free(bench->body);
	g_free(bench);
	return 0;
}

static void domains_are_listed_over_the_socket(void **state)
{
	Bench *bench = *state;
	json_t *answer = NULL;

	assert_true(wax_api_call(bench->path, "GET", "/v1/domains", NULL, &answer, NULL));
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json_object_get(answer, "items"), 0), "name")),
		"a.example");
	json_decref(answer);
}

static void a_change_reaches_cad_with_the_callers_uid_and_the_name_of_the_path(void **state)
{
	Bench *bench = *state;
	json_t *body = json_pack("{s:s,s:s}", "name", "forged", "route", "smtp:h:26");
	json_t *answer = NULL;
	g_autofree char *actor = g_strdup_printf("uid:%u", (unsigned)getuid());

	assert_true(wax_api_call(bench->path, "PATCH", "/v1/domains/b%2Fc.example", body, &answer, NULL));
	assert_string_equal(bench->act, "domain-set");
	assert_string_equal(bench->actor, actor);
	assert_string_equal(bench->body, "{\"name\":\"b/c.example\",\"route\":\"smtp:h:26\"}");
	json_decref(answer);
	json_decref(body);
}

static void a_refusal_comes_back_as_the_reason_that_it_is(void **state)
{
	static const struct {
		const char *method, *path;
		WaxReason reason;
	} rows[] = {
		{ "DELETE", "/v1/domains/a.example", WAX_R_KEY_IN_USE },
		{ "GET", "/v1/nothing", WAX_R_NOT_FOUND },
		{ "GET", "/v1/domains/", WAX_R_NOT_FOUND },
		{ "POST", "/v1/status", WAX_R_NOT_FOUND },
		{ "GET", "/v1/certs/00ff", WAX_R_NOT_FOUND },
		{ "GET", "/v1/certs?address=nonsense", WAX_R_ADDRESS_INVALID },
		{ "GET", "/v1/policy/explain?sender=a%40a.example", WAX_R_VALUE_INVALID },
		{ "GET", "/v1/messages", WAX_R_SERVICE_DOWN },
		{ "GET", "/v1/messages/x", WAX_R_SERVICE_DOWN },
	};
	Bench *bench = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		json_t *answer = NULL;
		g_autoptr(GError) error = NULL;

		assert_false(wax_api_call(bench->path, rows[i].method, rows[i].path, NULL, &answer,
			&error));
		assert_null(answer);
		assert_int_equal(wax_reason_of(error), rows[i].reason);
	}
}

static void a_body_that_is_no_object_never_reaches_cad(void **state)
{
	Bench *bench = *state;
	json_t *body = json_array(), *answer = NULL;
	g_autoptr(GError) error = NULL;

	assert_false(wax_api_call(bench->path, "POST", "/v1/domains", body, &answer, &error));
	assert_int_equal(wax_reason_of(error), WAX_R_VALUE_INVALID);
	assert_null(bench->act);
	json_decref(body);
}

static void whom_the_check_refuses_reads_and_changes_nothing(void **state)
{
	Bench *bench = *state;
	json_t *answer = NULL, *body = json_object();
	g_autoptr(GError) reading = NULL, changing = NULL;

	bench->permit = false;
	assert_false(wax_api_call(bench->path, "GET", "/v1/domains", NULL, &answer, &reading));
	assert_int_equal(wax_reason_of(reading), WAX_R_NOT_PERMITTED);
	assert_false(wax_api_call(bench->path, "POST", "/v1/domains", body, &answer, &changing));
	assert_int_equal(wax_reason_of(changing), WAX_R_NOT_PERMITTED);
	assert_null(bench->act);
	json_decref(body);
}

static void explain_foretells_the_refusal(void **state)
{
	Bench *bench = *state;
	json_t *answer = NULL, *first;

	assert_true(wax_api_call(bench->path, "GET",
		"/v1/policy/explain?sender=a%40a.example&recipient=b%40b.example", NULL, &answer, NULL));
	first = json_array_get(json_object_get(answer, "recipients"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "floor")), "must-smime");
	assert_string_equal(json_string_value(json_object_get(first, "reply")), "550 5.7.4");
	json_decref(answer);
}

/* GATEWAY.md d.1: turned away at MAIL FROM, so no floor and no certificate counts */
static void explain_says_that_a_foreign_sender_is_refused_before_all(void **state)
{
	static const char *const domains[] = { "unknown.example", "partner.example" };
	WaxDomain partner = { "partner.example", false, NULL, NULL, 7 };
	Bench *bench = *state;

	assert_true(wax_store_domain_add(
		wax_directory_store(bench->parts.directory), &partner, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(domains); i++) {
		g_autofree char *path = g_strdup_printf(
			"/v1/policy/explain?sender=x%%40%s&recipient=b%%40b.example", domains[i]);
		g_autofree char *said = NULL;
		json_t *answer = NULL, *first;

		assert_true(wax_api_call(bench->path, "GET", path, NULL, &answer, NULL));
		first = json_array_get(json_object_get(answer, "recipients"), 0);
		assert_string_equal(json_string_value(json_object_get(first, "method")), "refuse");
		assert_string_equal(
			json_string_value(json_object_get(first, "reason")), "unlisted_domain");
		assert_string_equal(
			json_string_value(json_object_get(first, "reply")), "550 5.7.1");
		assert_string_equal(
			json_string_value(json_object_get(first, "floor")), "undecided");
		said = json_dumps(first, 0);
		assert_non_null(strstr(said, domains[i]));
		assert_non_null(strstr(said, "waxwing domain add"));
		json_decref(answer);
	}
}

static void nobody_listening_is_the_service_down(void **state)
{
	json_t *answer = NULL;
	g_autoptr(GError) error = NULL;
	(void)state;

	assert_false(wax_api_call("/nonexistent/waxwing", "GET", "/v1/status", NULL, &answer, &error));
	assert_int_equal(wax_reason_of(error), WAX_R_SERVICE_DOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(domains_are_listed_over_the_socket, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_change_reaches_cad_with_the_callers_uid_and_the_name_of_the_path, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_refusal_comes_back_as_the_reason_that_it_is, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_body_that_is_no_object_never_reaches_cad, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(whom_the_check_refuses_reads_and_changes_nothing, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(explain_foretells_the_refusal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			explain_says_that_a_foreign_sender_is_refused_before_all, set_up, tear_down),
		cmocka_unit_test(nobody_listening_is_the_service_down),
	};

	return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
