/* SPDX-License-Identifier: Apache-2.0 */
/* One question, one answer: what is no whole answer is an error that says so. */
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

typedef struct {
	int listener;
	const char *answer; /* in pieces of three octets */
	GString *asked;
} Service;

/* serve - one connection: reads the head and the body that it announces, answers, closes */
static gpointer serve(gpointer data)
{
	Service *service = data;
	int sock = accept(service->listener, NULL, NULL);
	char chunk[4096];
	const char *end, *length;

	for (;;) {
		ssize_t n = recv(sock, chunk, sizeof chunk, 0);

		if (n <= 0)
			break;
		g_string_append_len(service->asked, chunk, n);
		end = strstr(service->asked->str, "\r\n\r\n");
		length = strstr(service->asked->str, "Content-Length: ");
		if (end && length &&
			strlen(end + 4) >= g_ascii_strtoull(length + 16, NULL, 10))
			break;
	}
	for (const char *p = service->answer; *p;) {
		size_t n = strnlen(p, 3);

		assert_int_equal(send(sock, p, n, MSG_NOSIGNAL), n);
		p += n;
	}
	close(sock);
	return NULL;
}

static char *path;

static bool ask(const char *answer, const char *method, json_t *body, json_t **ret, GString *asked,
	GError **error)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	Service service = { socket(AF_UNIX, SOCK_STREAM, 0), answer, asked };
	GThread *thread;
	bool ok;

	g_strlcpy(at.sun_path, path, sizeof at.sun_path);
	assert_int_equal(bind(service.listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(service.listener, 1), 0);
	thread = g_thread_new("service", serve, &service);
	ok = wax_api_call(path, method, "/v1/x?y=z", body, ret, error);
	g_thread_join(thread);
	close(service.listener);
	g_unlink(path);
	return ok;
}

static void answers_are_read_whole_or_not_at_all(void **state)
{
	static const struct {
		const char *answer;
		WaxReason reason; /* NONE: read */
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}", WAX_R_NONE },
		{ "HTTP/1.0 200 OK\r\nX: y\r\ncontent-length:7\r\n\r\n{\"a\":1}", WAX_R_NONE },
		{ "HTTP/1.1 200 OK\r\n\r\n{\"a\":1}", WAX_R_NONE },
		{ "HTTP/1.1 404 Not Found\r\nContent-Length: 39\r\n\r\n"
		  "{\"reason\":\"not_found\",\"detail\":\"no such\"}", WAX_R_IO },
		{ "HTTP/1.1 404 Not Found\r\nContent-Length: 41\r\n\r\n"
		  "{\"reason\":\"not_found\",\"detail\":\"no such\"}", WAX_R_NOT_FOUND },
		{ "HTTP/1.1 500 Oops\r\n\r\n{}", WAX_R_INTERNAL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\":1}", WAX_R_IO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n{\"a\":1", WAX_R_IO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n", WAX_R_IO },
		{ "SSH-2.0-x\r\n\r\n", WAX_R_IO },
		{ "", WAX_R_IO },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		GString *asked = g_string_new(NULL);
		json_t *answer = NULL;
		bool ok = ask(rows[i].answer, "GET", NULL, &answer, asked, &error);

		if (ok != (rows[i].reason == WAX_R_NONE) ||
			(error && wax_reason_of(error) != rows[i].reason))
			fail_msg("row %zu: %s", i, error ? error->message : "read");
		assert_true(ok == (json_object_get(answer, "a") != NULL));
		json_decref(answer);
		g_string_free(asked, TRUE);
	}
}

static void the_question_is_one_request(void **state)
{
	GString *asked = g_string_new(NULL);
	json_t *body = json_pack("{s:s}", "password", "x\ny"), *answer = NULL;
	(void)state;

	assert_true(ask("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "POST", body, &answer, asked,
		NULL));
	assert_true(json_is_null(answer));
	assert_true(g_str_has_prefix(asked->str, "POST /v1/x?y=z HTTP/1.1\r\nHost: localhost\r\n"));
	assert_true(g_str_has_suffix(asked->str, "\r\n\r\n{\"password\":\"x\\ny\"}"));
	json_decref(body);
	json_decref(answer);
	g_string_free(asked, TRUE);
}

static void a_service_that_is_not_there_is_named(void **state)
{
	g_autoptr(GError) error = NULL;
	json_t *answer = NULL;
	(void)state;

	assert_false(wax_api_call("/nonexistent/api.sock", "GET", "/", NULL, &answer, &error));
	assert_int_equal(wax_reason_of(error), WAX_R_SERVICE_DOWN);
	assert_non_null(strstr(error->message, "waxwing up"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_read_whole_or_not_at_all),
		cmocka_unit_test(the_question_is_one_request),
		cmocka_unit_test(a_service_that_is_not_there_is_named),
	};
	g_autofree char *folder = g_dir_make_tmp("waxwing-api-XXXXXX", NULL);
	int failed;

	path = g_build_filename(folder, "api.sock", NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)g_rmdir(folder);
	g_free(path);
	return failed;
}
