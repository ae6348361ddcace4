/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/status.h"
#include "store/mail.h"

static char folder[64], path[96];

static int begin(void **state)
{
	(void)state;
	g_strlcpy(folder, "/tmp/wax-mail-XXXXXX", sizeof(folder));
	if (!mkdtemp(folder))
		return -1;
	g_snprintf(path, sizeof(path), "%s/mail.db", folder);
	return 0;
}

static int end(void **state)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(tails); i++) {
		g_autofree char *name = g_strconcat(path, tails[i], NULL);

		unlink(name);
	}
	return rmdir(folder);
}

static WaxMail *opened(void)
{
	WaxMail *mail = NULL;
	g_autoptr(GError) error = NULL;

	if (!wax_mail_open(path, &mail, &error))
		fail_msg("%s", error->message);
	return mail;
}

static WaxCopy copy_of(uint8_t n)
{
	WaxCopy copy = { .state = WAX_COPY_UNKNOWN };

	memset(copy.key, n, sizeof(copy.key));
	return copy;
}

static void record(WaxMail *mail, void (*what)(WaxMailBatch *, const WaxCopy *, int64_t),
	const WaxCopy *copy)
{
	WaxMailBatch *batch = wax_mail_batch_new();
	g_autoptr(GError) error = NULL;

	what(batch, copy, 200);
	assert_true(wax_mail_commit(mail, batch, &error));
}

static void sent(WaxMailBatch *batch, const WaxCopy *copy, int64_t now)
{
	wax_mail_batch_sent(batch, copy, "250 2.0.0 queued as 1", now);
}

static void unsent(WaxMailBatch *batch, const WaxCopy *copy, int64_t now)
{
	(void)now;
	wax_mail_batch_unsent(batch, copy);
}

static WaxCopyState claimed(WaxMail *mail, WaxCopy *copy)
{
	g_autoptr(GError) error = NULL;

	assert_true(wax_mail_claim(mail, copy, 100, &error));
	return copy->state;
}

static void a_copy_is_claimed_once_at_a_time(void **state)
{
	g_autoptr(WaxMail) mail = opened();
	WaxCopy a = copy_of(1), b = copy_of(1), c = copy_of(2);
	(void)state;

	assert_int_equal(claimed(mail, &a), WAX_COPY_NEW);
	assert_int_equal(a.first, 100);
	assert_int_equal(claimed(mail, &b), WAX_COPY_BUSY);
	assert_int_equal(claimed(mail, &c), WAX_COPY_NEW);
	wax_mail_release(mail, &a);
	assert_int_equal(claimed(mail, &b), WAX_COPY_NEW);
}

static void what_is_sent_is_never_sent_again(void **state)
{
	g_autoptr(WaxMail) mail = opened();
	WaxCopy a = copy_of(1), b = copy_of(1);
	(void)state;

	assert_int_equal(claimed(mail, &a), WAX_COPY_NEW);
	record(mail, wax_mail_batch_sending, &a);
	record(mail, sent, &a);
	wax_mail_release(mail, &a);
	assert_int_equal(claimed(mail, &b), WAX_COPY_SENT);
	assert_string_equal(b.reply, "250 2.0.0 queued as 1");
	assert_false(b.possible_duplicate);
	/* SENT is nobody's: it can be asked for again */
	assert_int_equal(claimed(mail, &b), WAX_COPY_SENT);
}

static void what_was_refused_is_as_new(void **state)
{
	g_autoptr(WaxMail) mail = opened();
	WaxCopy a = copy_of(1);
	(void)state;

	assert_int_equal(claimed(mail, &a), WAX_COPY_NEW);
	record(mail, wax_mail_batch_sending, &a);
	record(mail, unsent, &a);
	wax_mail_release(mail, &a);
	assert_int_equal(claimed(mail, &a), WAX_COPY_NEW);
}

/* the process dies by kill -9 at a step; what does the next one find? */
typedef enum { AT_CLAIM, AT_SENDING, AT_SENT } Step;

static void die_at(Step step)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		WaxMail *mail = opened();
		WaxCopy a = copy_of(1);

		if (claimed(mail, &a) != WAX_COPY_NEW && a.state != WAX_COPY_AGAIN)
			_exit(1);
		if (step >= AT_SENDING)
			record(mail, wax_mail_batch_sending, &a);
		if (step >= AT_SENT)
			record(mail, sent, &a);
		kill(getpid(), SIGKILL);
		_exit(2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_death_before_sending_leaves_nothing(void **state)
{
	g_autoptr(WaxMail) mail = NULL;
	WaxCopy a = copy_of(1);
	(void)state;

	die_at(AT_CLAIM);
	mail = opened();
	assert_int_equal(claimed(mail, &a), WAX_COPY_NEW);
}

static void a_death_while_sending_is_a_possible_duplicate(void **state)
{
	g_autoptr(WaxMail) mail = NULL;
	WaxCopy a = copy_of(1), b = copy_of(1);
	(void)state;

	die_at(AT_SENDING);
	mail = opened();
	assert_int_equal(claimed(mail, &a), WAX_COPY_AGAIN);
	assert_true(a.possible_duplicate);
	/* a refusal now does not prove that the first attempt failed too */
	record(mail, wax_mail_batch_sending, &a);
	record(mail, unsent, &a);
	wax_mail_release(mail, &a);
	assert_int_equal(claimed(mail, &a), WAX_COPY_AGAIN);
	record(mail, sent, &a);
	wax_mail_release(mail, &a);
	assert_int_equal(claimed(mail, &b), WAX_COPY_SENT);
	assert_true(b.possible_duplicate);
}

static void a_death_after_sent_delivers_nothing_twice(void **state)
{
	g_autoptr(WaxMail) mail = NULL;
	WaxCopy a = copy_of(1);
	(void)state;

	die_at(AT_SENT);
	mail = opened();
	assert_int_equal(claimed(mail, &a), WAX_COPY_SENT);
}

static gpointer commit_many(gpointer data)
{
	WaxMail *mail = data;
	static gint number;

	for (int i = 0; i < 20; i++) {
		WaxMailBatch *batch = wax_mail_batch_new();
		g_autofree char *reference =
			g_strdup_printf("m%d", g_atomic_int_add(&number, 1));

		wax_mail_batch_message(batch, reference, 100, "out", "q", "a@x.example", "<1@x>",
			5, 1);
		wax_mail_batch_step(batch, reference, 7, "b@y.example", "received", NULL);
		if (!wax_mail_commit(mail, batch, NULL))
			return data;
	}
	return NULL;
}

static void threads_commit_together(void **state)
{
	g_autoptr(WaxMail) mail = opened();
	g_autoptr(GPtrArray) found = NULL;
	GThread *threads[8];
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("commit", commit_many, mail);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		assert_null(g_thread_join(threads[i]));
	assert_true(wax_mail_list(mail, 0, 1000, &found, NULL));
	assert_int_equal(found->len, 160);
}

static void a_failed_batch_takes_nothing_along(void **state)
{
	g_autoptr(WaxMail) mail = opened();
	g_autoptr(GPtrArray) steps = NULL;
	g_autoptr(GError) error = NULL;
	WaxMailBatch *batch = wax_mail_batch_new();
	(void)state;

	wax_mail_batch_step(batch, "r", 1, NULL, "received", NULL);
	wax_mail_batch_message(batch, "r", 1, "out", NULL, "", NULL, 1, 1);
	wax_mail_batch_message(batch, "r", 1, "out", NULL, "", NULL, 1, 1);
	assert_false(wax_mail_commit(mail, batch, &error));
	assert_int_equal(wax_class_of(error), WAX_CLASS_TEMP);
	assert_true(wax_mail_trace(mail, "r", &steps, NULL));
	assert_int_equal(steps->len, 0);
	/* the next one is not harmed */
	batch = wax_mail_batch_new();
	wax_mail_batch_step(batch, "r", 1, NULL, "received", NULL);
	assert_true(wax_mail_commit(mail, batch, NULL));
}

static void a_timeline_reads_in_order_and_by_any_name(void **state)
{
	g_autoptr(WaxMail) mail = opened(), reader = NULL;
	g_autoptr(GPtrArray) steps = NULL, by_queue = NULL, by_id = NULL, none = NULL;
	WaxMailBatch *batch = wax_mail_batch_new();
	const WaxMailStep *step;
	(void)state;

	wax_mail_batch_message(batch, "W1", 10, "in", "4XQ", "a@x.example", "<1@x>", 5, 1);
	wax_mail_batch_step(batch, "W1", 20, "b@y.example", "delivered", "{\"reply\":\"250\"}");
	wax_mail_batch_step(batch, "W1", 10, NULL, "received", NULL);
	assert_true(wax_mail_commit(mail, batch, NULL));
	assert_true(wax_mail_open_reader(path, &reader, NULL));
	assert_true(wax_mail_trace(reader, "W1", &steps, NULL));
	assert_int_equal(steps->len, 2);
	step = g_ptr_array_index(steps, 0);
	assert_string_equal(step->step, "received");
	assert_null(step->recipient);
	step = g_ptr_array_index(steps, 1);
	assert_string_equal(step->recipient, "b@y.example");
	assert_true(wax_mail_find(reader, "4XQ", &by_queue, NULL));
	assert_true(wax_mail_find(reader, "<1@x>", &by_id, NULL));
	assert_true(wax_mail_find(reader, "nobody", &none, NULL));
	assert_int_equal(by_queue->len, 1);
	assert_int_equal(by_id->len, 1);
	assert_int_equal(none->len, 0);
	assert_true(wax_mail_forget_before(mail, 0, 11, NULL));
	g_clear_pointer(&by_id, g_ptr_array_unref);
	assert_true(wax_mail_find(reader, "<1@x>", &by_id, NULL));
	assert_int_equal(by_id->len, 0);
}

static void a_file_that_is_none_is_refused(void **state)
{
	WaxMail *mail = NULL;
	g_autoptr(GError) error = NULL, newer = NULL;
	(void)state;

	assert_false(wax_mail_open_reader("/nonexistent/mail.db", &mail, &error));
	assert_int_equal(wax_class_of(error), WAX_CLASS_TEMP);
	assert_null(mail);
	assert_true(g_file_set_contents(path, "this is no database at all, is it?", -1, NULL));
	assert_false(wax_mail_open(path, &mail, &newer));
	assert_int_equal(wax_class_of(newer), WAX_CLASS_TEMP);
	assert_null(mail);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_copy_is_claimed_once_at_a_time),
		TEST(what_is_sent_is_never_sent_again),
		TEST(what_was_refused_is_as_new),
		TEST(a_death_before_sending_leaves_nothing),
		TEST(a_death_while_sending_is_a_possible_duplicate),
		TEST(a_death_after_sent_delivers_nothing_twice),
		TEST(threads_commit_together),
		TEST(a_failed_batch_takes_nothing_along),
		TEST(a_timeline_reads_in_order_and_by_any_name),
		TEST(a_file_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
