/*
 * Members of one meeting do at random what they may and what they may not, and lose their way in
 * time: what each of them is told must stay one story. The seed is printed, and BALAI_SEED sets it;
 * with BALAI_LONG there are 200000 steps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "tests/fake/hub_play.h"

enum {
	MEMBERS = 6,
	STEPS = 4000,
	STEPS_LONG = 200000,
};

/* One of them, with what it knows from what it was told. */
struct walker {
	struct hub_bench_socket socket;
	char seat[MESSAGE_SEAT_BYTES + 1]; /* "": none yet */
	uint16_t number;
	bool is_here;
	bool is_in;                /* in the group */
	bool is_waiting;           /* for an answer to its knock */
	enum message_method asked; /* the request that has no answer yet */
	uint64_t epoch;            /* its own */
	struct message_door door;  /* but for its key */
	char key[128];             /* the door's; "": nobody admits */
};

struct walk {
	struct hub_bench *bench;
	struct walker walkers[MEMBERS];
	uint64_t random;
	bool is_open;
	uint64_t epoch; /* the group's */
	struct message in;
	unsigned int keys; /* made so far */
	unsigned int welcomes;
	unsigned int missed; /* commits that were sent to who came back */
	unsigned int refusals;
	unsigned int late;
};

/* Below `count`. Knuth's MMIX. */
static uint32_t pick(struct walk *walk, uint32_t count)
{
	walk->random = walk->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(walk->random >> 33) % count;
}

static int method_of(void *context, int64_t id)
{
	const struct walker *walker = context;

	assert_int_equal(id, 9);
	return (int)walker->asked;
}

/* What is heard */

static void take_joined(struct walk *walk, struct walker *walker)
{
	const struct message_joined *joined = &walk->in.joined;

	/* A seat that is gone takes the place in the group with it. */
	if (!joined->resumed)
		walker->is_in = false;
	walker->number = joined->member;
	snprintf(walker->seat, sizeof(walker->seat), "%s", joined->seat);
}

static void take_result(struct walk *walk, struct walker *walker)
{
	switch (walk->in.method) {
	case MESSAGE_JOIN:
		take_joined(walk, walker);
		break;
	case MESSAGE_OPEN:
		assert_false(walk->is_open);
		walk->is_open = true;
		walk->epoch = 0;
		walker->is_in = true;
		walker->epoch = 0;
		break;
	case MESSAGE_KNOCK:
		assert_true(walk->is_open);
		walker->is_in = false;
		walker->is_waiting = true;
		break;
	case MESSAGE_COMMIT:
		assert_true(walker->is_in);
		assert_int_equal(walker->epoch, walk->epoch);
		walker->epoch++;
		walk->epoch++;
		break;
	case MESSAGE_DOOR:
	case MESSAGE_TELL:
		assert_true(walker->is_in);
		break;
	default:
		break;
	}
}

static void take_error(struct walk *walk, struct walker *walker)
{
	switch (walk->in.error.code) {
	case MESSAGE_CODE_EXISTS:
		assert_int_equal(walk->in.method, MESSAGE_OPEN);
		assert_true(walk->is_open);
		break;
	case MESSAGE_CODE_NO_GROUP:
		if (walk->in.method == MESSAGE_KNOCK)
			walker->is_in = false;
		else if (walk->in.method == MESSAGE_REFUSE)
			assert_int_not_equal(walker->door.member, walker->number);
		else
			assert_false(walker->is_in);
		break;
	case MESSAGE_CODE_EPOCH:
		assert_int_equal(walk->in.method, MESSAGE_COMMIT);
		walk->late++;
		break;
	default:
		assert_int_equal(walk->in.error.code, MESSAGE_CODE_LIMIT);
		break;
	}
}

static void hear_door(struct walk *walk, struct walker *walker)
{
	const struct message_door *door = &walk->in.door;
	const char *key = door->member != 0 ? door->key.text : "";

	/* Knocks at a door that is gone are forgotten. */
	if (strcmp(key, walker->key) != 0)
		walker->is_waiting = false;
	snprintf(walker->key, sizeof(walker->key), "%s", key);
	walker->door = *door;
	walk->is_open = door->state == MESSAGE_DOOR_OPEN;
}

static void take_notification(struct walk *walk, struct walker *walker)
{
	const struct message *in = &walk->in;

	switch (in->method) {
	case MESSAGE_DOOR:
		hear_door(walk, walker);
		break;
	case MESSAGE_KNOCK:
		assert_int_equal(walker->door.member, walker->number);
		assert_int_not_equal(in->knock.member, walker->number);
		break;
	case MESSAGE_COMMIT:
		/* Each of them, in order. */
		assert_true(walker->is_in);
		assert_int_equal(in->commit.epoch, walker->epoch);
		walker->epoch++;
		break;
	case MESSAGE_WELCOME:
		assert_false(walker->is_in);
		walker->is_in = true;
		walker->is_waiting = false;
		walker->epoch = in->welcome.epoch;
		walk->welcomes++;
		break;
	case MESSAGE_TELL:
		assert_true(walker->is_in);
		assert_int_not_equal(in->tell.member, walker->number);
		break;
	case MESSAGE_REFUSED:
		assert_true(walker->is_waiting);
		walker->is_waiting = false;
		walk->refusals++;
		break;
	default:
		assert_int_equal(in->method, MESSAGE_ROSTER);
		break;
	}
}

static void take(struct walk *walk, struct walker *walker, struct packet *packet)
{
	struct message_fault fault;

	assert_int_equal(message_parse((const char *)packet_message(packet), packet->length,
				       method_of, walker, &walk->in, &fault),
			 0);
	if (walk->in.form == MESSAGE_RESULT)
		take_result(walk, walker);
	else if (walk->in.form == MESSAGE_ERROR)
		take_error(walk, walker);
	else
		take_notification(walk, walker);
}

static void hear(struct walk *walk, struct walker *walker)
{
	struct packet *packet;

	while ((packet = outbox_take(walker->socket.outbox))) {
		take(walk, walker, packet);
		packet_unref(packet);
	}
}

/* What is done */

static void ask(struct walk *walk, struct walker *walker, enum message_method method,
		const char *params)
{
	walker->asked = method;
	hub_play_ask(&walker->socket, message_method_text(method), params);
	/* First who asked: by its answer the others are judged. */
	hear(walk, walker);
}

static void come(struct walk *walk, struct walker *walker)
{
	uint64_t before = walker->epoch;
	char params[256];

	walker->socket = hub_bench_open(walk->bench, "box-0007");
	walker->is_here = true;
	if (walker->seat[0] == '\0')
		snprintf(params, sizeof(params), "\"version\":1,\"meeting\":\"kabinet\"");
	else
		snprintf(params, sizeof(params),
			 "\"version\":1,\"meeting\":\"kabinet\",\"resume\":\"%s\",\"epoch\":%u",
			 walker->seat, (unsigned int)walker->epoch);
	ask(walk, walker, MESSAGE_JOIN, params);
	if (walker->is_in)
		walk->missed += (unsigned int)(walker->epoch - before);
}

static void lose(struct walker *walker)
{
	hub_bench_close(&walker->socket);
	walker->is_here = false;
	walker->is_waiting = false;
}

static void go(struct walk *walk, struct walker *walker)
{
	ask(walk, walker, MESSAGE_LEAVE, "");
	lose(walker);
	walker->seat[0] = '\0';
	walker->is_in = false;
}

static void commit(struct walk *walk, struct walker *walker)
{
	uint64_t epoch = walker->epoch + (pick(walk, 8) == 0 ? pick(walk, 3) : 0);
	char params[256];
	int used = snprintf(params, sizeof(params), "\"epoch\":%u,\"commit\":\"Zg\"",
			    (unsigned int)epoch);
	uint16_t a = walk->walkers[pick(walk, MEMBERS)].number,
		 b = walk->walkers[pick(walk, MEMBERS)].number;

	if (a != b && a != 0 && b != 0)
		snprintf(params + used, sizeof(params) - (size_t)used,
			 ",\"welcome\":\"Zg\",\"members\":[%u,%u]", a, b);
	ask(walk, walker, MESSAGE_COMMIT, params);
}

/* By the keeper where there is one: it alone may. */
static void refuse(struct walk *walk, struct walker *walker)
{
	struct walker *other = &walk->walkers[pick(walk, MEMBERS)];
	char params[64];
	size_t i;

	for (i = 0; i < MEMBERS && pick(walk, 4) > 0; i++)
		if (walk->walkers[i].is_here && walk->walkers[i].number == walker->door.member)
			walker = &walk->walkers[i];
	snprintf(params, sizeof(params), "\"reason\":\"broken\",\"member\":%u",
		 other->number != 0 ? other->number : 1U);
	ask(walk, walker, MESSAGE_REFUSE, params);
}

/* `open` or `door`, with a key that was not there before. */
static void take_door(struct walk *walk, struct walker *walker, enum message_method method)
{
	char params[128];

	snprintf(params, sizeof(params), "\"key\":\"%08u%s\"", ++walk->keys, HUB_PLAY_KEY_A + 8);
	ask(walk, walker, method, params);
}

static void act(struct walk *walk, struct walker *walker)
{
	switch (pick(walk, 16)) {
	case 0:
		lose(walker);
		break;
	case 1:
		go(walk, walker);
		break;
	case 2:
		take_door(walk, walker, MESSAGE_OPEN);
		break;
	case 3:
		take_door(walk, walker, MESSAGE_DOOR);
		break;
	case 4:
	case 5:
		ask(walk, walker, MESSAGE_KNOCK, "\"package\":\"Zg\"");
		break;
	case 6:
		ask(walk, walker, MESSAGE_TELL, "\"message\":\"Zg\"");
		break;
	case 7:
	case 8:
		refuse(walk, walker);
		break;
	default:
		commit(walk, walker);
		break;
	}
}

static void pass_time(struct walk *walk)
{
	walk->bench->now_us += pick(walk, 200) * CLOCK_US_PER_MS;
	if (pick(walk, 50) == 0)
		walk->bench->now_us += pick(walk, 8) * CLOCK_US_PER_S;
	if (pick(walk, 400) == 0)
		walk->bench->now_us += MEETING_SEAT_KEPT_US;
	meetings_run(walk->bench->meetings);
}

/* What is to be seen */

static void check_keeper(const struct walk *walk, const struct message_door *door)
{
	const struct walker *keeper = walk->walkers;

	while (keeper < walk->walkers + MEMBERS && keeper->number != door->member)
		keeper++;
	assert_true(keeper < walk->walkers + MEMBERS);
	assert_true(keeper->is_here && keeper->is_in);
}

static void check(const struct walk *walk)
{
	const struct message_door *door = NULL;
	const struct walker *walker;

	for (walker = walk->walkers; walker < walk->walkers + MEMBERS; walker++) {
		if (!walker->is_here)
			continue;
		hub_bench_expect_end(&walker->socket, 0);
		if (!door)
			door = &walker->door;
		assert_int_equal(walker->door.state, door->state);
		assert_int_equal(walker->door.member, door->member);
		assert_int_equal(walker->door.passed_count, door->passed_count);
		assert_true(door->state == MESSAGE_DOOR_OPEN || !walker->is_in);
		if (walker->is_in)
			assert_int_equal(walker->epoch, walk->epoch);
	}
	if (door && door->member != 0)
		check_keeper(walk, door);
}

static void step(struct walk *walk)
{
	struct walker *walker = &walk->walkers[pick(walk, MEMBERS)];
	size_t i;

	if (walker->is_here)
		act(walk, walker);
	else
		come(walk, walker);
	pass_time(walk);
	for (i = 0; i < MEMBERS; i++)
		if (walk->walkers[i].is_here)
			hear(walk, &walk->walkers[i]);
	check(walk);
}

static void whatever_members_do_all_are_told_one_story(void **state)
{
	const char *given = getenv("BALAI_SEED");
	int steps = getenv("BALAI_LONG") ? STEPS_LONG : STEPS, i;
	uint64_t seed = given ? strtoull(given, NULL, 10) : 9420;
	struct walk *walk = calloc(1, sizeof(*walk));

	assert_non_null(walk);
	walk->bench = *state;
	walk->random = seed;
	print_message("# seed %llu, %d steps\n", (unsigned long long)seed, steps);
	for (i = 0; i < steps; i++)
		step(walk);
	/* It went where it was meant to go. */
	assert_true(walk->welcomes > 10);
	assert_true(walk->missed > 0);
	assert_true(walk->refusals > 0);
	assert_true(walk->late > 0);
	assert_true(walk->bench->shared.metrics.doors_vacated > 0);
	for (i = 0; i < MEMBERS; i++)
		if (walk->walkers[i].is_here)
			lose(&walk->walkers[i]);
	message_finish(&walk->in);
	free(walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whatever_members_do_all_are_told_one_story,
						hub_bench_set_up, hub_bench_tear_down),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
