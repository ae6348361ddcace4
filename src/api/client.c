/* SPDX-License-Identifier: Apache-2.0 */
#include "api/client.h"

#include <curl/curl.h>
#include <string.h>

#include "core/status.h"

#define ANSWER_MAX (32u << 20)
#define TIMEOUT_S  120L

static size_t collect(char *bytes, size_t size, size_t count, void *into)
{
	GByteArray *answer = into;

	if (size * count > ANSWER_MAX - answer->len)
		return 0;
	g_byte_array_append(answer, (const guint8 *)bytes, (guint)(size * count));
	return size * count;
}

static bool fail_curl(CURLcode code, const char *socket_path, GError **error)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return wax_fail(error, WAX_R_SERVICE_DOWN,
			"nobody answers at %s: is Waxwing running? 'waxwing up' starts it",
			socket_path);
	case CURLE_OPERATION_TIMEDOUT:
		return wax_fail(error, WAX_R_TIMEOUT, "the service at %s gave no answer in time",
			socket_path);
	default:
		return wax_fail(error, WAX_R_IO, "%s: %s", socket_path, curl_easy_strerror(code));
	}
}

/* fail_problem - the reason that the service named, in our own table */
static bool fail_problem(long status, const json_t *problem, GError **error)
{
	const char *label = json_string_value(json_object_get(problem, "reason"));
	const char *detail = json_string_value(json_object_get(problem, "detail"));
	WaxReason reason = label ? wax_reason_by_label(label) : WAX_R_NONE;

	return wax_fail(error, reason ? reason : WAX_R_INTERNAL, "%s",
		detail ? detail : (status == 404 ? "no such resource" : "the service refused"));
}

static bool perform(
	CURL *curl, const char *socket_path, GByteArray *bytes, long *ret_status, GError **error)
{
	CURLcode code;

	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, bytes);
	code = curl_easy_perform(curl);
	if (code != CURLE_OK)
		return fail_curl(code, socket_path, error);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	return true;
}

static bool read_answer(long status, const GByteArray *bytes, json_t **ret_answer, GError **error)
{
	json_t *answer = bytes->len ? json_loadb((const char *)bytes->data, bytes->len,
					      JSON_DECODE_ANY, NULL)
				    : json_null();

	if (!answer)
		return wax_fail(error, WAX_R_IO, "the service's answer is no JSON");
	if (status >= 400) {
		fail_problem(status, answer, error);
		json_decref(answer);
		return false;
	}
	*ret_answer = answer;
	return true;
}

bool wax_api_call(const char *socket_path, const char *method, const char *path, json_t *body,
	json_t **ret_answer, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autofree char *url = g_strconcat("http://localhost", path, NULL);
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	struct curl_slist *fields = NULL;
	CURL *curl = curl_easy_init();
	long status = 0;
	bool good;

	fields = curl_slist_append(fields, "Content-Type: application/json");
	fields = curl_slist_append(fields, "Expect:");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	if (text)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
	good = perform(curl, socket_path, bytes, &status, error);
	curl_easy_cleanup(curl);
	curl_slist_free_all(fields);
	if (text)
		wax_wipe(text, strlen(text)); /* a password may be in it */
	g_clear_pointer(&text, free);
	return good && read_answer(status, bytes, ret_answer, error);
}

char *wax_api_escape(const char *text)
{
	return g_uri_escape_string(text, NULL, FALSE);
}
