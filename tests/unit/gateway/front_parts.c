/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/status.h"
#include "gateway/front/parts.h"
#include "store/records.h"

/* what a worker at the other end of a socket does with one job */
typedef enum { ANSWERS, REFUSES, TALKS_NONSENSE, DIES } Manner;

typedef struct {
	int sock;
	Manner manner;
} Maild;

static gpointer work(gpointer data)
{
	Maild *maild = data;
	g_autoptr(WaxFrame) job = NULL;
	g_autoptr(WaxFrame) answer = NULL;
	g_autoptr(GError) refusal = NULL;
	WaxJobFacts facts = { .received = 5 };

	if (!wax_ipc_recv(maild->sock, 2000, &job, NULL))
		return NULL;
	switch (maild->manner) {
	case ANSWERS:
		answer = wax_frame_new(WAX_IPC_OK);
		wax_job_facts_put(&facts, answer);
		break;
	case REFUSES:
		wax_set_error(&refusal, WAX_R_MIME_DEPTH, "too deep");
		answer = wax_frame_new_error(refusal);
		break;
	case TALKS_NONSENSE:
		answer = wax_frame_new(WAX_IPC_OK);
		wax_frame_put_u32(answer, 1);
		break;
	case DIES:
		break;
	}
	if (answer && !wax_ipc_send(maild->sock, answer, NULL))
		return data;
	return NULL;
}

static WaxDirectory *people;

static int begin(void **state)
{
	static const WaxPartsRules rules = { .host = "gw.example", .relay_outbound = "",
		.relay_inbound = "", .size_out = 1000, .worker_wait = 1500, .cipher = "aes256-cbc",
		.default_policy = "default try-encrypt\n" };
	WaxStore *store = NULL;

	if (!wax_store_open(":memory:", WAX_STORE_WRITE, 0, &store, NULL))
		return -1;
	people = wax_directory_new(store);
	*state = wax_parts_new(&rules, people);
	return 0;
}

/* facts_from - one job for a new worker of this manner; the reason when it fails */
static WaxReason facts_from(WaxParts *parts, Manner manner)
{
	WaxFlowParts table = wax_parts_table(parts);
	g_autoptr(WaxSpool) spool = NULL;
	g_autoptr(GError) error = NULL;
	g_auto(WaxJobFacts) facts = { 0 };
	Maild maild = { -1, manner };
	GThread *thread;
	int pair[2];
	bool done;

	assert_true(wax_ipc_pair(pair, NULL));
	spool = wax_spool_new(NULL);
	wax_parts_worker(parts, 1, pair[0]);
	maild.sock = pair[1];
	thread = g_thread_new("maild", work, &maild);
	if (manner == DIES) {
		shutdown(pair[1], SHUT_RDWR);
		g_thread_join(thread);
		close(pair[1]);
		thread = NULL;
	}
	done = table.facts(table.ctx, spool, &facts, &error);
	if (thread) {
		assert_null(g_thread_join(thread));
		close(pair[1]);
	}
	assert_int_equal(done, error == NULL);
	if (done)
		assert_int_equal(facts.received, 5);
	return wax_reason_of(error);
}

static void a_lost_worker_costs_one_message_and_is_replaced(void **state)
{
	WaxParts *parts = *state;

	assert_int_equal(facts_from(parts, ANSWERS), WAX_R_NONE);
	assert_int_equal(facts_from(parts, DIES), WAX_R_WORKER_DIED);
	assert_int_equal(facts_from(parts, ANSWERS), WAX_R_NONE);
	assert_int_equal(facts_from(parts, TALKS_NONSENSE), WAX_R_WORKER_DIED);
	/* its own refusal is about the message, not about the worker */
	assert_int_equal(facts_from(parts, REFUSES), WAX_R_MIME_DEPTH);
}

static void without_a_worker_it_is_temporary(void **state)
{
	WaxFlowParts table = wax_parts_table(*state);
	g_autoptr(WaxSpool) spool = NULL;
	g_autoptr(GError) error = NULL;
	WaxJobFacts facts = { .received = 77 };

	spool = wax_spool_new(NULL);
	assert_false(table.facts(table.ctx, spool, &facts, &error));
	assert_int_equal(wax_reason_of(error), WAX_R_WORKER_DIED);
	assert_int_equal(facts.received, 77);
}

/* nothing is known of anybody: the default floor lets it go in clear, with a token */
static void the_policy_decides_for_each(void **state)
{
	WaxFlowParts table = wax_parts_table(*state);
	g_autoptr(WaxEnvelope) envelope = wax_envelope_new();
	WaxRecipient *recipient = wax_recipient_new();
	WaxJobFacts facts = { .from = (char *)"ann@own.example" };
	WaxJobFacts raised = { .from = (char *)"ann@own.example", .raise = (char *)"must-smime" };
	WaxDecision decision = { 0 }, refused = { 0 };
	g_autoptr(GError) error = NULL;

	envelope->sender = g_strdup("ann@own.example");
	envelope->sender_key = g_strdup("ann@own.example");
	recipient->address = g_strdup("bob@x.example");
	recipient->key = g_strdup("bob@x.example");
	recipient->domain = g_strdup("x.example");
	g_ptr_array_add(envelope->recipients, recipient);
	assert_true(table.decide(table.ctx, envelope, &facts, &decision, &error));
	assert_int_equal(decision.method, WAX_METHOD_PLAIN);
	assert_true(wax_plain_token_covers(decision.token, "bob@x.example"));
	assert_true(table.decide(table.ctx, envelope, &raised, &refused, &error));
	assert_int_equal(refused.method, WAX_METHOD_REFUSE);
	assert_int_equal(refused.reason, WAX_R_NO_CERTIFICATE);
	assert_null(refused.token);
	wax_decision_clear(&decision);
	wax_decision_clear(&refused);
}

/* what an earlier version took in may be refused by this one: mail waits for another text */
static void a_policy_that_cannot_be_read_refuses_nobody_for_good(void **state)
{
	WaxFlowParts table = wax_parts_table(*state);
	g_autoptr(WaxEnvelope) envelope = wax_envelope_new();
	WaxJobFacts facts = { .from = (char *)"ann@own.example" };
	WaxDecision decision = { 0 };
	g_autoptr(GError) error = NULL;
	int64_t version;

	assert_true(wax_store_policy_add(wax_directory_store(people),
		"default must-encrypt # f\xfcr alle\n", "test", 1, &version, NULL));
	envelope->sender = g_strdup("ann@own.example");
	envelope->sender_key = g_strdup("ann@own.example");
	assert_false(table.decide(table.ctx, envelope, &facts, &decision, &error));
	assert_int_equal(wax_class_of(error), WAX_CLASS_TEMP);
}

static int finish(void **state)
{
	wax_parts_free(*state);
	wax_directory_free(people);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		TEST(a_lost_worker_costs_one_message_and_is_replaced),
		TEST(without_a_worker_it_is_temporary),
		TEST(the_policy_decides_for_each),
		TEST(a_policy_that_cannot_be_read_refuses_nobody_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
