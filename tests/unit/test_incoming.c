#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "meeting/incoming.h"
#include "meeting/keyframes.h"
#include "meeting/requests.h"

#define FAR 1
#define CAMERA 17
#define VOICE 18
#define BYTES 100
#define SECOND INT64_C(1000000)

/* The members' first: a camera of two layers and a voice; the second has nothing. */
static const struct message_roster roster = {
	.count = 2,
	.members = {{.member = FAR,
		     .track_count = 2,
		     .tracks = {{.track = CAMERA, .kind = MESSAGE_CAMERA, .layer_count = 2},
				{.track = VOICE, .kind = MESSAGE_SOUND}}},
		    {.member = 2}},
};

static const struct message_want both = {
	.count = 2,
	.wants = {{.track = CAMERA, .layer = 0}, {.track = VOICE, .layer = 0}},
};

/* Admitted and then judged, as the call does. */
static enum incoming_verdict judge(struct incoming *incoming, const struct object_header *header,
				   bool is_picture, int64_t delay_us)
{
	struct incoming_origin origin;
	enum incoming_verdict verdict = incoming_admit(incoming, header, is_picture, &origin);

	if (verdict != INCOMING_TAKE)
		return verdict;
	assert_int_equal(origin.member, FAR);
	assert_int_equal(origin.kind, is_picture ? MESSAGE_CAMERA : MESSAGE_SOUND);
	return incoming_object(incoming, header, BYTES, delay_us);
}

static enum incoming_verdict picture(struct incoming *incoming, uint32_t group, uint32_t object)
{
	const struct object_header header = {.flags = object == 0 ? OBJECT_KEY : 0,
					     .track = CAMERA,
					     .priority = 1,
					     .group = group,
					     .object = object};

	return judge(incoming, &header, true, 0);
}

static enum incoming_verdict sound(struct incoming *incoming, uint32_t group)
{
	const struct object_header header = {.flags = OBJECT_KEY, .track = VOICE, .group = group};

	return judge(incoming, &header, false, 0);
}

static int setup(void **state)
{
	struct incoming *incoming;

	if (incoming_create(&incoming) != 0)
		return -1;
	incoming_expect(incoming, &both, &roster);
	*state = incoming;
	return 0;
}

static int teardown(void **state)
{
	incoming_destroy(*state);
	return 0;
}

static void test_pictures_in_order(void **state)
{
	assert_int_equal(picture(*state, 9, 0), INCOMING_TAKE);
	assert_int_equal(picture(*state, 9, 1), INCOMING_TAKE);
	assert_int_equal(picture(*state, 9, 2), INCOMING_TAKE);
	assert_int_equal(picture(*state, 10, 0), INCOMING_TAKE);
	assert_int_equal(picture(*state, 10, 1), INCOMING_TAKE);
	assert_int_equal(incoming_get_stats(*state).pictures, 5);
	assert_int_equal(incoming_get_stats(*state).bytes, 5 * BYTES);
}

/* Everything up to the next key is useless; it is one gap however much of it comes. */
static void test_gap_in_a_group(void **state)
{
	assert_int_equal(picture(*state, 9, 0), INCOMING_TAKE);
	assert_int_equal(picture(*state, 9, 2), INCOMING_GAP);
	assert_int_equal(picture(*state, 9, 1), INCOMING_GAP);
	assert_int_equal(picture(*state, 9, 3), INCOMING_GAP);
	assert_int_equal(incoming_get_stats(*state).gaps, 1);
	assert_int_equal(picture(*state, 10, 0), INCOMING_TAKE);
	assert_int_equal(picture(*state, 10, 1), INCOMING_TAKE);
}

static void test_begins_within_a_group(void **state)
{
	assert_int_equal(picture(*state, 9, 4), INCOMING_GAP);
	assert_int_equal(picture(*state, 10, 0), INCOMING_TAKE);
}

static void test_lost_key(void **state)
{
	assert_int_equal(picture(*state, 9, 0), INCOMING_TAKE);
	assert_int_equal(picture(*state, 10, 1), INCOMING_GAP);
}

/* As the hub sends what it kept when a want comes anew. */
static void test_group_sent_again(void **state)
{
	assert_int_equal(picture(*state, 9, 0), INCOMING_TAKE);
	assert_int_equal(picture(*state, 9, 1), INCOMING_TAKE);
	assert_int_equal(picture(*state, 9, 0), INCOMING_AGAIN);
	assert_int_equal(picture(*state, 9, 1), INCOMING_AGAIN);
	assert_int_equal(picture(*state, 9, 2), INCOMING_TAKE);
	assert_int_equal(incoming_get_stats(*state).refused, 2);
}

static void test_sound(void **state)
{
	assert_int_equal(sound(*state, UINT32_MAX - 1), INCOMING_TAKE);
	assert_int_equal(sound(*state, UINT32_MAX), INCOMING_TAKE);
	assert_int_equal(sound(*state, 0), INCOMING_TAKE);
	assert_int_equal(incoming_get_stats(*state).gaps, 0);
	assert_int_equal(sound(*state, 3), INCOMING_TAKE);
	assert_int_equal(incoming_get_stats(*state).gaps, 1);
	assert_int_equal(sound(*state, 3), INCOMING_AGAIN);
	assert_int_equal(sound(*state, 2), INCOMING_AGAIN);
	assert_int_equal(incoming_get_stats(*state).sounds, 4);
}

static void test_unwanted(void **state)
{
	const struct object_header other_layer = {.flags = OBJECT_KEY,
						  .track = CAMERA,
						  .layer = 1,
						  .priority = 2};
	const struct object_header no_track = {.flags = OBJECT_KEY, .track = 99, .priority = 1};

	assert_int_equal(judge(*state, &other_layer, true, 0), INCOMING_UNWANTED);
	assert_int_equal(judge(*state, &no_track, true, 0), INCOMING_UNWANTED);
	assert_int_equal(incoming_get_stats(*state).refused, 2);
}

static void test_misplaced(void **state)
{
	const struct object_header a_picture = {.flags = OBJECT_KEY, .track = CAMERA};
	const struct object_header a_sound = {.flags = OBJECT_KEY, .track = VOICE};

	assert_int_equal(judge(*state, &a_picture, false, 0), INCOMING_MISPLACED);
	assert_int_equal(judge(*state, &a_sound, true, 0), INCOMING_MISPLACED);
}

/* Wants of what is not on the roster are for later; those that stay keep their place. */
static void test_wants_change(void **state)
{
	const struct message_want more = {
		.count = 4,
		.wants = {{.track = 99},
			  {.track = VOICE},
			  {.track = CAMERA},
			  {.track = CAMERA, .layer = 2}},
	};
	const struct message_roster nobody = {.count = 0};

	assert_int_equal(picture(*state, 9, 0), INCOMING_TAKE);
	incoming_expect(*state, &more, &roster);
	assert_int_equal(picture(*state, 9, 1), INCOMING_TAKE);
	incoming_expect(*state, &more, &nobody);
	assert_int_equal(picture(*state, 9, 2), INCOMING_UNWANTED);
	incoming_expect(*state, &more, &roster);
	assert_int_equal(picture(*state, 9, 2), INCOMING_GAP);
}

/* A number that becomes another member's is another track. */
static void test_origin_changes(void **state)
{
	struct message_roster other = roster;
	const struct object_header next = {.track = CAMERA, .priority = 1, .group = 9, .object = 1};
	struct incoming_origin origin;

	assert_int_equal(picture(*state, 9, 0), INCOMING_TAKE);
	other.members[0].member = 2;
	other.members[1].member = FAR;
	incoming_expect(*state, &both, &other);
	assert_int_equal(incoming_admit(*state, &next, true, &origin), INCOMING_TAKE);
	assert_int_equal(origin.member, 2);
	assert_int_equal(incoming_object(*state, &next, BYTES, 0), INCOMING_GAP);
}

static void test_report(void **state)
{
	struct object_header header = {.flags = OBJECT_KEY, .track = CAMERA, .priority = 1};
	static const int64_t delays_us[] = {90000, 10000, 30000, 20000, 5 * SECOND};
	struct message_report report;
	size_t i;

	incoming_report(*state, &report);
	assert_int_equal(report.count, 0);
	assert_int_equal(sound(*state, 1), INCOMING_TAKE);
	for (i = 0; i < sizeof(delays_us) / sizeof(delays_us[0]); i++) {
		header.group++;
		assert_int_equal(judge(*state, &header, true, delays_us[i]), INCOMING_TAKE);
	}
	assert_int_equal(picture(*state, header.group, 7), INCOMING_GAP);
	incoming_report(*state, &report);
	assert_int_equal(report.count, 1);
	assert_int_equal(report.tracks[0].track, CAMERA);
	assert_int_equal(report.tracks[0].delay_us, 30000);
	assert_int_equal(report.tracks[0].lost, 1);
	incoming_report(*state, &report);
	assert_int_equal(report.count, 0);
}

static void test_report_of_many_and_late(void **state)
{
	struct object_header header = {.flags = OBJECT_KEY, .track = CAMERA, .priority = 1};
	struct message_report report;
	int i;

	for (i = 0; i < 2 * INCOMING_DELAYS_MAX; i++) {
		header.group++;
		judge(*state, &header, true, 1000 * SECOND);
	}
	incoming_report(*state, &report);
	assert_int_equal(report.tracks[0].delay_us, MESSAGE_DELAY_US_MAX);
}

static void test_keyframes_once_a_second(void **state)
{
	const struct message_track_layer camera = {.track = CAMERA};
	const struct message_track_layer other = {.track = CAMERA, .layer = 1};
	struct keyframes keyframes = {.count = 0};
	struct message_track_layer layer;

	(void)state;
	assert_false(keyframes_next(&keyframes, 0, &layer));
	keyframes_add(&keyframes, camera);
	keyframes_add(&keyframes, camera);
	assert_true(keyframes_next(&keyframes, SECOND, &layer));
	assert_int_equal(layer.track, CAMERA);
	assert_false(keyframes_next(&keyframes, SECOND, &layer));
	keyframes_add(&keyframes, camera);
	keyframes_add(&keyframes, other);
	assert_true(keyframes_next(&keyframes, SECOND + 1, &layer));
	assert_int_equal(layer.layer, 1);
	assert_false(keyframes_next(&keyframes, 2 * SECOND - 1, &layer));
	assert_true(keyframes_next(&keyframes, 2 * SECOND, &layer));
	assert_int_equal(layer.layer, 0);
	keyframes_add(&keyframes, camera);
	keyframes_clear(&keyframes);
	assert_false(keyframes_next(&keyframes, 9 * SECOND, &layer));
}

static void test_keyframes_of_more_layers_than_places(void **state)
{
	struct keyframes keyframes = {.count = 0};
	struct message_track_layer layer;
	uint16_t track;
	size_t asked = 0;

	(void)state;
	for (track = 1; track <= MESSAGE_WANTS_MAX + 10; track++)
		keyframes_add(&keyframes, (struct message_track_layer){.track = track});
	while (keyframes_next(&keyframes, SECOND, &layer))
		asked++;
	assert_int_equal(asked, MESSAGE_WANTS_MAX);
}

static void test_requests(void **state)
{
	struct requests requests = {.last_id = 0};
	int64_t id;
	int i;

	(void)state;
	assert_int_equal(requests_oldest_us(&requests), 0);
	assert_int_equal(requests_method_of(&requests, 0), -1);
	id = requests_add(&requests, MESSAGE_JOIN, 77);
	assert_true(id > 0);
	assert_int_equal(requests_method_of(&requests, id), MESSAGE_JOIN);
	assert_int_equal(requests_method_of(&requests, id + 1), -1);
	for (i = 1; i < REQUESTS_MAX; i++)
		assert_true(requests_add(&requests, MESSAGE_TIME, 100 + i) > id);
	assert_true(requests_add(&requests, MESSAGE_TIME, 999) < 0);
	assert_int_equal(requests_oldest_us(&requests), 77);
	assert_int_equal(requests_finish(&requests, id), 77);
	assert_int_equal(requests_finish(&requests, id), 0);
	assert_int_equal(requests_oldest_us(&requests), 101);
	requests_clear(&requests);
	assert_true(requests_add(&requests, MESSAGE_TIME, 1) > id + REQUESTS_MAX - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pictures_in_order),
		TEST(test_gap_in_a_group),
		TEST(test_begins_within_a_group),
		TEST(test_lost_key),
		TEST(test_group_sent_again),
		TEST(test_sound),
		TEST(test_unwanted),
		TEST(test_misplaced),
		TEST(test_wants_change),
		TEST(test_origin_changes),
		TEST(test_report),
		TEST(test_report_of_many_and_late),
		cmocka_unit_test(test_keyframes_once_a_second),
		cmocka_unit_test(test_keyframes_of_more_layers_than_places),
		cmocka_unit_test(test_requests),
	};

	return cmocka_run_group_tests_name("incoming", tests, NULL, NULL);
}
