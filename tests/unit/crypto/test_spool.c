/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/status.h"
#include "crypto/spool.h"

#define NEAR (48 * 1024)

static uint8_t octet_at(size_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

static void fill(WaxSpool *spool, size_t from, size_t to)
{
	uint8_t piece[1000];

	while (from < to) {
		size_t n = MIN(to - from, sizeof piece);

		for (size_t i = 0; i < n; i++)
			piece[i] = octet_at(from + i);
		assert_true(wax_spool_append(spool, WAX_SPAN(piece, n), NULL));
		from += n;
	}
}

static void assert_holds(WaxSpool *spool, size_t size)
{
	uint8_t piece[777];
	size_t got;

	assert_int_equal(wax_spool_size(spool), size);
	for (size_t at = 0; at < size; at += got) {
		assert_true(wax_spool_read(spool, at, piece, sizeof piece, &got, NULL));
		assert_true(got > 0);
		for (size_t i = 0; i < got; i++)
			assert_int_equal(piece[i], octet_at(at + i));
	}
	assert_true(wax_spool_read(spool, size, piece, sizeof piece, &got, NULL));
	assert_int_equal(got, 0);
}

/* cross - through a real socket, as to another process */
static WaxFrame *cross(const WaxFrame *frame)
{
	WaxFrame *arrived;
	int sockets[2];

	assert_true(wax_ipc_pair(sockets, NULL));
	assert_true(wax_ipc_send(sockets[0], frame, NULL));
	assert_true(wax_ipc_recv(sockets[1], 1000, &arrived, NULL));
	close(sockets[0]);
	close(sockets[1]);
	return arrived;
}

static void what_was_written_is_read_on_both_sides_of_the_bound(void **state)
{
	static const size_t sizes[] = { 0, 1, NEAR - 1, NEAR, NEAR + 1, 3 * NEAR + 5 };
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(WaxSpool) spool = wax_spool_new(NULL), there = NULL;
		g_autoptr(WaxFrame) frame = wax_frame_new(1), arrived = NULL;

		fill(spool, 0, sizes[i]);
		assert_holds(spool, sizes[i]);
		wax_spool_put(spool, frame);
		arrived = cross(frame);
		assert_true(wax_spool_get(arrived, &there, NULL));
		assert_true(wax_frame_done(arrived, NULL));
		assert_holds(there, sizes[i]);
	}
}

static void what_lies_in_the_file_is_not_what_was_written(void **state)
{
	g_autoptr(WaxSpool) spool = wax_spool_new(NULL);
	g_autoptr(WaxFrame) frame = wax_frame_new(1);
	uint8_t raw[4096];
	bool is_file;
	size_t same = 0;
	int fd;
	(void)state;

	fill(spool, 0, 2 * NEAR);
	wax_spool_put(spool, frame);
	assert_true(wax_frame_get_bool(frame, &is_file, NULL));
	assert_true(is_file);
	assert_true(wax_frame_get_fd(frame, &fd, NULL));
	assert_int_equal(pread(fd, raw, sizeof raw, 0), sizeof raw);
	for (size_t i = 0; i < sizeof raw; i++)
		same += raw[i] == octet_at(i);
	assert_true(same < 100); /* 16 by chance */
	close(fd);
}

/* a worker's part: it writes into what it was handed, and answers */
static void results_come_back(size_t message_size, size_t result_size)
{
	g_autoptr(WaxSpool) message = wax_spool_new(NULL), ours = NULL, theirs = NULL;
	g_autoptr(WaxFrame) request = wax_frame_new(1), arrived = NULL, reply = wax_frame_new(0),
			    back = NULL;

	fill(message, 0, message_size);
	assert_true(wax_spool_for_results(NULL, message, &ours, NULL));
	wax_spool_put(ours, request);
	arrived = cross(request);
	assert_true(wax_spool_get(arrived, &theirs, NULL));
	fill(theirs, 0, result_size);
	wax_spool_put_result(theirs, reply);
	back = cross(reply);
	assert_true(wax_spool_get_result(ours, back, NULL));
	assert_true(wax_frame_done(back, NULL));
	assert_holds(ours, result_size);
}

static void a_result_comes_back_whatever_its_size(void **state)
{
	(void)state;

	results_come_back(10, 0);
	results_come_back(10, 100);
	results_come_back(10, 1024 * 1024); /* more than anybody would have thought */
	results_come_back(NEAR - 1, 2 * NEAR);
	results_come_back(2 * NEAR, 3 * NEAR);
	results_come_back(2 * NEAR, 5);
}

static void what_stays_in_memory_has_an_end(void **state)
{
	g_autoptr(WaxSpool) spool = wax_spool_new_near();
	g_autofree uint8_t *piece = g_malloc0(1024 * 1024);
	g_autoptr(GError) error = NULL;
	(void)state;

	for (unsigned i = 0; i < 16; i++)
		assert_true(wax_spool_append(spool, WAX_SPAN(piece, 1024 * 1024), NULL));
	assert_false(wax_spool_append(spool, WAX_SPAN(piece, 1), &error));
	assert_int_equal(wax_reason_of(error), WAX_R_TOO_LARGE);
}

static void a_result_of_the_other_kind_is_refused(void **state)
{
	g_autoptr(WaxSpool) message = wax_spool_new(NULL), ours = NULL;
	g_autoptr(WaxFrame) reply = wax_frame_new(0);
	(void)state;

	fill(message, 0, 10);
	assert_true(wax_spool_for_results(NULL, message, &ours, NULL));
	wax_frame_put_u64(reply, 1ull << 40); /* as if it were a file */
	assert_false(wax_spool_get_result(ours, reply, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read_on_both_sides_of_the_bound),
		cmocka_unit_test(what_lies_in_the_file_is_not_what_was_written),
		cmocka_unit_test(a_result_comes_back_whatever_its_size),
		cmocka_unit_test(what_stays_in_memory_has_an_end),
		cmocka_unit_test(a_result_of_the_other_kind_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
