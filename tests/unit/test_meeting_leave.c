/* meeting/meeting: leaving, with and without a hub that answers. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/queue.h"
#include "meeting/call.h"
#include "tests/fake/call_bench.h"

static void *stop_in_thread(void *context)
{
	struct call_guest *guest = context;

	meeting_stop(guest->meeting);
	return NULL;
}

/* The hub hears of it, and both sockets end with 1000. */
static void test_leave(void **state)
{
	struct test_pki *pki = *state;
	struct call_script script;
	struct call_guest guest;
	pthread_t thread;
	int closed = 0;

	call_bench_start_meeting(&script, &guest, pki);
	assert_int_equal(pthread_create(&thread, NULL, stop_in_thread, &guest), 0);
	call_bench_until_request(&script, MESSAGE_LEAVE);
	while (closed < 2)
		closed += call_bench_next(&script) == CALL_BENCH_SEEN_CLOSED;
	/* Camera and decoders go on meanwhile, and after it: nothing is sent, and nothing breaks. */
	do {
		call_bench_send_picture(&guest, 10, true, clock_now_us());
		call_bench_want_far(&guest);
	} while (pthread_tryjoin_np(thread, NULL) != 0);
	call_bench_send_picture(&guest, 10, true, clock_now_us());
	call_bench_want_far(&guest);
	call_bench_stop(&guest);
	call_bench_stop_script(&script);
}

/* A call alone, without the meeting around it. */
struct bare_call {
	struct call_config config;
	struct call *call;
	struct queue *left; /* one item: it has left */
};

static void start_bare_call(void *context)
{
	struct bare_call *bare = context;

	assert_int_equal(call_create(&bare->config, &bare->call), 0);
	call_start(bare->call);
}

static void on_bare_left(void *context)
{
	struct bare_call *bare = context;

	queue_push(bare->left, malloc(1), 0);
}

static void leave_bare_call(void *context)
{
	struct bare_call *bare = context;

	call_hang_up(bare->call, on_bare_left, bare);
}

/* Everything that may still come from outside. */
static void use_bare_call(void *context)
{
	const struct message_want want = {.count = 1, .wants = {{.track = CALL_BENCH_FAR_CAMERA}}};
	struct bare_call *bare = context;
	struct call_figures figures;

	call_flush(bare->call);
	call_tick(bare->call);
	call_want(bare->call, &want);
	call_request_keyframe(bare->call, want.wants[0]);
	call_get_figures(bare->call, &figures);
	assert_int_equal(figures.you, 0);
}

static void destroy_bare_call(void *context)
{
	call_destroy(((struct bare_call *)context)->call);
}

static void on_nothing(void *context)
{
	(void)context;
}

/* Between the hub's good-bye and the end of the thread others do not know yet. */
static void test_used_after_leaving(void **state)
{
	struct test_pki *pki = *state;
	const struct net_identity_files files = test_pki_identity(pki, "ca", "room");
	struct meeting_config config;
	struct bare_call bare = {.call = NULL};
	struct call_script script;
	struct call_guest guest;
	void *item;

	call_bench_start_script(&script, pki, 0);
	config = call_bench_make_config(&guest, &files, fake_hub_port(script.hub));
	assert_int_equal(queue_create(4096, QUEUE_WAIT, free, &guest.events), 0);
	assert_int_equal(queue_create(1, QUEUE_WAIT, free, &bare.left), 0);
	bare.config = (struct call_config){.meeting = &config, .changed = on_nothing};
	assert_int_equal(outgoing_create(&bare.config.outgoing), 0);
	assert_int_equal(group_orders_create(&bare.config.orders), 0);
	assert_int_equal(net_loop_create(&bare.config.loop), 0);
	assert_int_equal(net_loop_call_wait(bare.config.loop, start_bare_call, &bare), 0);
	call_bench_admit(&script);
	call_bench_expect_phase(&guest, MEETING_IN);
	assert_int_equal(net_loop_call_wait(bare.config.loop, leave_bare_call, &bare), 0);
	call_bench_until_request(&script, MESSAGE_LEAVE);
	assert_int_equal(queue_pop(bare.left, clock_now_us() + CALL_BENCH_PATIENCE_US, &item), 0);
	free(item);
	assert_int_equal(net_loop_call_wait(bare.config.loop, use_bare_call, &bare), 0);
	assert_int_equal(net_loop_call_wait(bare.config.loop, destroy_bare_call, &bare), 0);
	net_loop_destroy(bare.config.loop);
	group_orders_destroy(bare.config.orders);
	outgoing_destroy(bare.config.outgoing);
	queue_destroy(bare.left);
	queue_destroy(guest.events);
	call_bench_stop_script(&script);
}

/* A hub that does not answer holds nobody. */
static void test_leave_without_answer(void **state)
{
	struct test_pki *pki = *state;
	struct call_script script;
	struct call_guest guest;
	int64_t begun_us;

	call_bench_start_meeting(&script, &guest, pki);
	fake_hub_read(script.hub, script.control, false);
	begun_us = clock_now_us();
	meeting_stop(guest.meeting);
	assert_true(clock_now_us() - begun_us < 10 * CLOCK_US_PER_S);
	call_bench_stop(&guest);
	call_bench_stop_script(&script);
}

static void test_stop_without_hub(void **state)
{
	struct test_pki *pki = *state;
	struct call_script script;
	struct call_guest guest;
	uint16_t port;

	call_bench_start_script(&script, pki, 0);
	port = fake_hub_port(script.hub);
	call_bench_stop_script(&script);
	call_bench_start(&guest, pki, port);
	call_bench_expect_phase(&guest, MEETING_LOST);
	call_bench_stop(&guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_used_after_leaving),
		cmocka_unit_test(test_leave_without_answer),
		cmocka_unit_test(test_stop_without_hub),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
