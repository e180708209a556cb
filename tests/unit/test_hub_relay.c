#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fake/fake_alloc.h"
#include "tools/hub/group.h"
#include "tools/hub/relay.h"

#define MIB ((size_t)1 << 20)

enum {
	START_US = 1000,
};

/* One member with its two sockets. */
struct end {
	struct relay_peer *peer;
	struct outbox *control;
	struct outbox *pictures;
	unsigned int wakes;
};

struct fixture {
	int64_t now_us;
	struct clock clock;
	struct shared shared;
	struct relay *relay;
	struct end publisher;
	struct end a;
	struct end b;
	uint16_t camera; /* two layers */
	uint16_t sound;
};

static int64_t read_clock(void *context)
{
	return *(int64_t *)context;
}

static void count_wake(void *context)
{
	(*(unsigned int *)context)++;
}

static void connect_end(struct fixture *f, struct end *end)
{
	assert_int_equal(relay_add(f->relay, &end->peer), 0);
	assert_int_equal(outbox_create(&f->clock, &f->shared.metrics, count_wake, &end->wakes,
				       &end->control),
			 0);
	assert_int_equal(outbox_create(&f->clock, &f->shared.metrics, count_wake, &end->wakes,
				       &end->pictures),
			 0);
	relay_connect(end->peer, RELAY_CONTROL, end->control);
	relay_connect(end->peer, RELAY_PICTURES, end->pictures);
}

static void disconnect_end(struct end *end)
{
	relay_remove(end->peer);
	outbox_destroy(end->control);
	outbox_destroy(end->pictures);
	*end = (struct end){0};
}

static const struct message_publish camera_and_sound = {
	.count = 2,
	.tracks = {{.kind = MESSAGE_CAMERA,
		    .layer_count = 2,
		    .layers = {{1280, 720, 2500000}, {320, 180, 200000}}},
		   {.kind = MESSAGE_SOUND}},
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct message_published published;

	assert_non_null(f);
	f->now_us = START_US;
	f->clock = (struct clock){read_clock, &f->now_us};
	shared_init(&f->shared, &f->clock, 64 * MIB);
	assert_int_equal(relay_create(&f->shared, &f->relay), 0);
	connect_end(f, &f->publisher);
	connect_end(f, &f->a);
	connect_end(f, &f->b);
	assert_int_equal(relay_publish(f->publisher.peer, &camera_and_sound, &published), 0);
	assert_int_equal(published.count, 2);
	f->camera = published.tracks[0];
	f->sound = published.tracks[1];
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	disconnect_end(&f->publisher);
	disconnect_end(&f->a);
	disconnect_end(&f->b);
	relay_destroy(f->relay);
	assert_int_equal(f->shared.pool.bytes, 0);
	shared_finish(&f->shared);
	free(f);
	return 0;
}

static struct packet *make_object(struct fixture *f, uint16_t track, uint8_t layer, uint32_t group,
				  uint32_t object, size_t length)
{
	uint8_t *bytes = calloc(1, length);
	struct packet *packet;

	assert_non_null(bytes);
	assert_int_equal(packet_create(&f->shared.pool, false, length, &packet), 0);
	assert_int_equal(packet_append(&packet, bytes, length), 0);
	free(bytes);
	packet->header = (struct object_header){
		.flags = object == 0 ? OBJECT_KEY : 0,
		.track = track,
		.layer = layer,
		.priority = track == f->sound ? 0 : (uint8_t)(1 + layer),
		.group = group,
		.object = object,
	};
	return packet;
}

static enum relay_verdict send_to(struct end *end, enum relay_socket socket, struct packet *packet)
{
	enum relay_verdict verdict = relay_object(end->peer, socket, packet);

	packet_unref(packet);
	return verdict;
}

static void picture(struct fixture *f, uint8_t layer, uint32_t group, uint32_t object)
{
	assert_int_equal(send_to(&f->publisher, RELAY_PICTURES,
				 make_object(f, f->camera, layer, group, object, 1000)),
			 RELAY_OK);
}

static int want(struct end *end, size_t count, const struct message_track_layer *wants)
{
	struct message_want *message = calloc(1, sizeof(*message));
	int r;

	assert_non_null(message);
	message->count = count;
	if (count > 0)
		memcpy(message->wants, wants, count * sizeof(*wants));
	r = relay_want(end->peer, message);
	free(message);
	return r;
}

static void want_layer(struct fixture *f, struct end *end, uint8_t layer)
{
	assert_int_equal(want(end, 1, &(struct message_track_layer){f->camera, layer}), 0);
}

/* The next picture that waits is this one. */
static void expect_picture(struct end *end, uint32_t group, uint32_t object)
{
	struct packet *packet = outbox_take(end->pictures);

	assert_non_null(packet);
	assert_false(packet->is_text);
	assert_int_equal(packet->header.group, group);
	assert_int_equal(packet->header.object, object);
	packet_unref(packet);
}

static void expect_nothing(struct outbox *outbox)
{
	assert_null(outbox_take(outbox));
}

static void expect_text(struct outbox *outbox, const char *part)
{
	struct packet *packet = outbox_take(outbox);
	char text[256];

	assert_non_null(packet);
	assert_true(packet->is_text);
	assert_true(packet->length < sizeof(text));
	memcpy(text, packet_message(packet), packet->length);
	text[packet->length] = '\0';
	if (!strstr(text, part))
		fail_msg("no %s in %s", part, text);
	packet_unref(packet);
}

static void expect_keyframe_asked(struct fixture *f, unsigned int times)
{
	while (times-- > 0)
		expect_text(f->publisher.control, "\"keyframe\"");
	expect_nothing(f->publisher.control);
}

static void nothing_is_sent_unasked(void **state)
{
	struct fixture *f = *state;

	picture(f, 0, 7, 0);
	picture(f, 0, 7, 1);
	expect_nothing(f->a.pictures);
	expect_nothing(f->publisher.pictures);
}

static void objects_go_to_those_who_want_their_layer(void **state)
{
	struct fixture *f = *state;

	want_layer(f, &f->a, 0);
	want_layer(f, &f->b, 1);
	picture(f, 0, 7, 0);
	picture(f, 1, 9, 0);
	picture(f, 0, 7, 1);
	expect_picture(&f->a, 7, 0);
	expect_picture(&f->a, 7, 1);
	expect_nothing(f->a.pictures);
	expect_picture(&f->b, 9, 0);
	expect_nothing(f->b.pictures);
	assert_true(f->a.wakes > 0);
}

static void receivers_share_one_packet(void **state)
{
	struct fixture *f = *state;
	struct packet *packet = make_object(f, f->camera, 0, 1, 0, 1000), *of_a, *of_b;

	want_layer(f, &f->a, 0);
	want_layer(f, &f->b, 0);
	assert_int_equal(relay_object(f->publisher.peer, RELAY_PICTURES, packet), RELAY_OK);
	of_a = outbox_take(f->a.pictures);
	of_b = outbox_take(f->b.pictures);
	assert_ptr_equal(of_a, packet);
	assert_ptr_equal(of_b, packet);
	packet_unref(of_a);
	packet_unref(of_b);
	packet_unref(packet);
}

static void what_does_not_belong_is_told_apart(void **state)
{
	struct fixture *f = *state;
	struct packet *packet;

	assert_int_equal(send_to(&f->a, RELAY_PICTURES, make_object(f, f->camera, 0, 1, 0, 100)),
			 RELAY_FORGED);
	assert_int_equal(send_to(&f->a, RELAY_PICTURES, make_object(f, 999, 0, 1, 0, 100)),
			 RELAY_UNWANTED);
	assert_int_equal(send_to(&f->publisher, RELAY_PICTURES,
				 make_object(f, f->camera, 2, 1, 0, 100)),
			 RELAY_UNWANTED);
	assert_int_equal(send_to(&f->publisher, RELAY_CONTROL,
				 make_object(f, f->camera, 0, 1, 0, 100)),
			 RELAY_MISPLACED);
	assert_int_equal(send_to(&f->publisher, RELAY_PICTURES,
				 make_object(f, f->sound, 0, 1, 0, 100)),
			 RELAY_MISPLACED);
	packet = make_object(f, f->camera, 1, 1, 0, 100);
	packet->header.priority = 0;
	assert_int_equal(send_to(&f->publisher, RELAY_PICTURES, packet), RELAY_MISPLACED);
	packet = make_object(f, f->sound, 0, 1, 1, 100);
	assert_int_equal(send_to(&f->publisher, RELAY_CONTROL, packet), RELAY_MISPLACED);
	assert_int_equal(f->shared.metrics.objects_unwanted, 2);
}

static void a_joiner_is_sent_the_young_group_at_once(void **state)
{
	struct fixture *f = *state;

	picture(f, 0, 7, 0);
	picture(f, 0, 7, 1);
	f->now_us += GROUP_AGE_US - 1;
	picture(f, 0, 7, 2);
	want_layer(f, &f->a, 0);
	expect_picture(&f->a, 7, 0);
	expect_picture(&f->a, 7, 1);
	expect_picture(&f->a, 7, 2);
	picture(f, 0, 7, 3);
	expect_picture(&f->a, 7, 3);
	expect_keyframe_asked(f, 0);
}

static void a_joiner_of_an_old_group_sees_its_key_and_waits_for_the_next(void **state)
{
	struct fixture *f = *state;

	picture(f, 0, 7, 0);
	picture(f, 0, 7, 1);
	f->now_us += GROUP_AGE_US;
	want_layer(f, &f->a, 0);
	expect_picture(&f->a, 7, 0);
	picture(f, 0, 7, 2);
	expect_nothing(f->a.pictures);
	expect_keyframe_asked(f, 1);
	picture(f, 0, 8, 0);
	picture(f, 0, 8, 1);
	expect_picture(&f->a, 8, 0);
	expect_picture(&f->a, 8, 1);
}

static void a_joiner_where_nothing_is_kept_waits_for_a_group(void **state)
{
	struct fixture *f = *state;

	want_layer(f, &f->a, 0);
	expect_keyframe_asked(f, 1);
	picture(f, 0, 7, 4);
	expect_nothing(f->a.pictures);
	picture(f, 0, 8, 0);
	expect_picture(&f->a, 8, 0);
}

/* A group of which objects are missing is of no use but for its key. */
static void a_group_with_a_gap_is_not_kept(void **state)
{
	struct fixture *f = *state;

	picture(f, 0, 7, 0);
	picture(f, 0, 7, 2);
	want_layer(f, &f->a, 0);
	expect_picture(&f->a, 7, 0);
	expect_nothing(f->a.pictures);
	expect_keyframe_asked(f, 1);
}

static void a_group_is_kept_up_to_4_mib(void **state)
{
	struct fixture *f = *state;
	uint32_t i;

	for (i = 0; i < 5; i++)
		assert_int_equal(send_to(&f->publisher, RELAY_PICTURES,
					 make_object(f, f->camera, 0, 7, i, MIB)),
				 RELAY_OK);
	assert_true(f->shared.pool.bytes < 2 * MIB);
	want_layer(f, &f->a, 0);
	expect_picture(&f->a, 7, 0);
	expect_nothing(f->a.pictures);
}

static void groups_are_let_go_with_time_and_on_demand(void **state)
{
	struct fixture *f = *state;

	picture(f, 0, 7, 0);
	picture(f, 0, 7, 1);
	f->now_us += GROUP_AGE_US;
	relay_run(f->relay);
	assert_true(f->shared.pool.bytes < 2000);
	relay_forget_groups(f->relay);
	assert_int_equal(f->shared.pool.bytes, 0);
}

static void the_last_of_two_wants_for_a_track_counts(void **state)
{
	struct fixture *f = *state;
	const struct message_track_layer wants[] = {{f->camera, 0}, {f->camera, 1}};

	assert_int_equal(want(&f->a, 2, wants), 0);
	picture(f, 0, 7, 0);
	picture(f, 1, 9, 0);
	expect_picture(&f->a, 9, 0);
	expect_nothing(f->a.pictures);
}

static void wants_for_what_is_not_there_are_passed_over(void **state)
{
	struct fixture *f = *state;
	const struct message_track_layer wants[] = {{999, 0}, {f->camera, 3}, {f->sound, 0}};
	struct packet *packet;

	assert_int_equal(want(&f->a, 3, wants), 0);
	assert_int_equal(send_to(&f->publisher, RELAY_CONTROL,
				 make_object(f, f->sound, 0, 1, 0, 100)),
			 RELAY_OK);
	packet = outbox_take(f->a.control);
	assert_non_null(packet);
	packet_unref(packet);
	expect_keyframe_asked(f, 0);
}

static void what_is_no_longer_wanted_is_forgotten(void **state)
{
	struct fixture *f = *state;

	want_layer(f, &f->a, 0);
	picture(f, 0, 7, 0);
	assert_int_equal(want(&f->a, 0, NULL), 0);
	expect_nothing(f->a.pictures);
	picture(f, 0, 7, 1);
	expect_nothing(f->a.pictures);
}

/* What flows goes on flowing when wants are sent anew. */
static void a_want_that_stays_is_not_begun_again(void **state)
{
	struct fixture *f = *state;

	want_layer(f, &f->a, 0);
	picture(f, 0, 7, 0);
	want_layer(f, &f->a, 0);
	expect_picture(&f->a, 7, 0);
	expect_nothing(f->a.pictures);
}

static void keyframes_are_asked_once_a_second_a_layer(void **state)
{
	struct fixture *f = *state;
	const struct message_track_layer large = {f->camera, 0}, small = {f->camera, 1};
	int i;

	for (i = 0; i < 10; i++)
		assert_int_equal(relay_keyframe(f->relay, &large), 0);
	assert_int_equal(relay_keyframe(f->relay, &small), 0);
	expect_text(f->publisher.control, "\"layer\":0");
	expect_text(f->publisher.control, "\"layer\":1");
	f->now_us += CLOCK_US_PER_S - 1;
	relay_run(f->relay);
	expect_keyframe_asked(f, 0);
	f->now_us += 1;
	relay_run(f->relay);
	expect_keyframe_asked(f, 1);
	f->now_us += CLOCK_US_PER_S;
	relay_run(f->relay);
	expect_keyframe_asked(f, 0);
}

static void a_new_group_answers_what_is_yet_to_be_asked(void **state)
{
	struct fixture *f = *state;
	const struct message_track_layer layer = {f->camera, 0};

	assert_int_equal(relay_keyframe(f->relay, &layer), 0);
	assert_int_equal(relay_keyframe(f->relay, &layer), 0);
	expect_keyframe_asked(f, 1);
	picture(f, 0, 7, 0);
	f->now_us += 2 * CLOCK_US_PER_S;
	relay_run(f->relay);
	expect_keyframe_asked(f, 0);
}

static void a_keyframe_of_no_track_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(relay_keyframe(f->relay, &(struct message_track_layer){999, 0}), -ENOENT);
	assert_int_equal(relay_keyframe(f->relay, &(struct message_track_layer){f->camera, 2}),
			 -ENOENT);
	assert_int_equal(relay_keyframe(f->relay, &(struct message_track_layer){f->sound, 0}),
			 -ENOENT);
}

static void a_slow_reader_goes_on_at_the_next_group_and_alone(void **state)
{
	struct fixture *f = *state;
	uint32_t i;

	want_layer(f, &f->a, 0);
	want_layer(f, &f->b, 0);
	expect_keyframe_asked(f, 1);
	for (i = 0; i < 30; i++) {
		picture(f, 0, 7, i);
		expect_picture(&f->a, 7, i);
		f->now_us += 33333;
	}
	/* b has not read for a second. It costs no key frame until it does. */
	assert_int_equal(f->shared.metrics.layers_dropped, 1);
	f->now_us += CLOCK_US_PER_S;
	relay_run(f->relay);
	expect_keyframe_asked(f, 0);
	picture(f, 0, 8, 0);
	expect_picture(&f->a, 8, 0);
	/* It reads again. */
	expect_nothing(f->b.pictures);
	expect_keyframe_asked(f, 1);
	picture(f, 0, 8, 1);
	expect_nothing(f->b.pictures);
	picture(f, 0, 9, 0);
	picture(f, 0, 9, 1);
	expect_picture(&f->b, 9, 0);
	expect_picture(&f->b, 9, 1);
}

static void pictures_wait_for_200_ms_at_most(void **state)
{
	struct fixture *f = *state;

	want_layer(f, &f->a, 0);
	picture(f, 0, 7, 0);
	f->now_us += OUTBOX_PICTURE_WAIT_US;
	picture(f, 0, 7, 1);
	expect_picture(&f->a, 7, 0);
	f->now_us += OUTBOX_PICTURE_WAIT_US + 1;
	expect_nothing(f->a.pictures);
	assert_int_equal(f->shared.metrics.layers_dropped, 1);
}

static void beyond_4_mib_the_largest_layer_is_dropped(void **state)
{
	struct fixture *f = *state;
	const struct message_publish publish = {
		.count = 2,
		.tracks = {{.kind = MESSAGE_CAMERA, .layer_count = 1},
			   {.kind = MESSAGE_SHARE, .layer_count = 1}},
	};
	struct message_published published;
	uint32_t i;

	assert_int_equal(relay_publish(f->publisher.peer, &publish, &published), 0);
	assert_int_equal(want(&f->a, 2,
			      (struct message_track_layer[]){{published.tracks[0], 0},
							     {published.tracks[1], 0}}),
			 0);
	assert_int_equal(send_to(&f->publisher, RELAY_PICTURES,
				 make_object(f, published.tracks[0], 0, 5, 0, 1000)),
			 RELAY_OK);
	for (i = 0; i < 5; i++)
		assert_int_equal(send_to(&f->publisher, RELAY_PICTURES,
					 make_object(f, published.tracks[1], 0, 6, i, MIB)),
				 RELAY_OK);
	assert_int_equal(f->shared.metrics.layers_dropped, 1);
	expect_picture(&f->a, 5, 0);
	expect_nothing(f->a.pictures);
}

static void of_sound_the_oldest_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct packet *packet;
	uint32_t i;

	assert_int_equal(want(&f->a, 1, &(struct message_track_layer){f->sound, 0}), 0);
	for (i = 0; i < OUTBOX_SOUNDS_MAX + 3; i++)
		assert_int_equal(send_to(&f->publisher, RELAY_CONTROL,
					 make_object(f, f->sound, 0, i, 0, 100)),
				 RELAY_OK);
	assert_int_equal(f->shared.metrics.sounds_dropped, 3);
	for (i = 3; i < OUTBOX_SOUNDS_MAX + 3; i++) {
		packet = outbox_take(f->a.control);
		assert_non_null(packet);
		assert_int_equal(packet->header.group, i);
		packet_unref(packet);
	}
	expect_nothing(f->a.control);
}

static void a_track_of_the_same_kind_keeps_its_number(void **state)
{
	struct fixture *f = *state;
	const struct message_publish publish = {
		.count = 3,
		.tracks = {{.kind = MESSAGE_SOUND},
			   {.kind = MESSAGE_CAMERA, .layer_count = 1},
			   {.kind = MESSAGE_CAMERA, .layer_count = 1}},
	};
	struct message_published published;

	want_layer(f, &f->a, 0);
	want_layer(f, &f->b, 1);
	assert_int_equal(relay_publish(f->publisher.peer, &publish, &published), 0);
	assert_int_equal(published.tracks[0], f->sound);
	assert_int_equal(published.tracks[1], f->camera);
	assert_int_not_equal(published.tracks[2], f->camera);
	assert_int_not_equal(published.tracks[2], f->sound);
	/* The first layer is still wanted, the second is gone with its want. */
	picture(f, 0, 7, 0);
	expect_picture(&f->a, 7, 0);
	assert_int_equal(send_to(&f->publisher, RELAY_PICTURES,
				 make_object(f, f->camera, 1, 7, 0, 100)),
			 RELAY_UNWANTED);
	expect_nothing(f->b.pictures);
}

static void numbers_are_not_used_again_at_once(void **state)
{
	struct fixture *f = *state;
	const struct message_publish camera = {.count = 1,
					       .tracks = {
						       {.kind = MESSAGE_CAMERA, .layer_count = 1}}};
	const struct message_publish nothing = {0};
	struct message_published published;
	uint16_t newest = f->camera;
	int i;

	for (i = 0; i < 100; i++) {
		assert_int_equal(relay_publish(f->publisher.peer, &nothing, &published), 0);
		assert_int_equal(relay_publish(f->publisher.peer, &camera, &published), 0);
		assert_int_not_equal(published.tracks[0], newest);
		assert_int_not_equal(published.tracks[0], f->camera);
		newest = published.tracks[0];
	}
}

static void a_publisher_that_goes_takes_its_tracks_along(void **state)
{
	struct fixture *f = *state;
	uint16_t camera = f->camera;

	want_layer(f, &f->a, 0);
	picture(f, 0, 7, 0);
	disconnect_end(&f->publisher);
	expect_nothing(f->a.pictures);
	assert_int_equal(want(&f->b, 1, &(struct message_track_layer){camera, 0}), 0);
	assert_int_equal(relay_keyframe(f->relay, &(struct message_track_layer){camera, 0}),
			 -ENOENT);
	connect_end(f, &f->publisher);
}

static void wants_outlive_the_pictures_socket(void **state)
{
	struct fixture *f = *state;

	want_layer(f, &f->a, 0);
	relay_connect(f->a.peer, RELAY_PICTURES, NULL);
	picture(f, 0, 7, 0);
	expect_nothing(f->a.pictures);
	relay_connect(f->a.peer, RELAY_PICTURES, f->a.pictures);
	expect_picture(&f->a, 7, 0);
	picture(f, 0, 7, 1);
	expect_picture(&f->a, 7, 1);
}

static void nothing_is_kept_of_a_publisher_that_is_away(void **state)
{
	struct fixture *f = *state;

	picture(f, 0, 7, 0);
	relay_connect(f->publisher.peer, RELAY_PICTURES, NULL);
	want_layer(f, &f->a, 0);
	expect_nothing(f->a.pictures);
	relay_connect(f->publisher.peer, RELAY_PICTURES, f->publisher.pictures);
}

static void report(struct fixture *f, int64_t delay_us)
{
	struct message_report *message = calloc(1, sizeof(*message));

	assert_non_null(message);
	message->count = 2;
	message->tracks[0] = (struct message_delay){.track = f->camera, .delay_us = delay_us};
	message->tracks[1] = (struct message_delay){.track = 999, .delay_us = 1};
	relay_report(f->relay, message);
	free(message);
}

static void the_worst_report_is_passed_on_once_a_second(void **state)
{
	struct fixture *f = *state;

	report(f, 31000);
	report(f, 90000);
	report(f, 20000);
	relay_run(f->relay);
	expect_text(f->publisher.control, "\"delay_us\":90000");
	report(f, 10000);
	relay_run(f->relay);
	expect_nothing(f->publisher.control);
	/* A receiver whose report of this second is yet to come still counts. */
	f->now_us += CLOCK_US_PER_S;
	relay_run(f->relay);
	expect_text(f->publisher.control, "\"delay_us\":90000");
	report(f, 12000);
	f->now_us += CLOCK_US_PER_S;
	relay_run(f->relay);
	expect_text(f->publisher.control, "\"delay_us\":12000");
	f->now_us += CLOCK_US_PER_S;
	relay_run(f->relay);
	expect_nothing(f->publisher.control);
}

static void lack_of_memory_leaves_tracks_as_they_were(void **state)
{
	struct fixture *f = *state;
	const struct message_publish publish = {
		.count = 4,
		.tracks = {{.kind = MESSAGE_CAMERA, .layer_count = 2},
			   {.kind = MESSAGE_SHARE, .layer_count = 1},
			   {.kind = MESSAGE_SHARE, .layer_count = 1},
			   {.kind = MESSAGE_SOUND}},
	};
	struct message_published published;
	unsigned int n;
	int r;

	want_layer(f, &f->a, 0);
	for (n = 1;; n++) {
		fake_alloc_arm(n);
		r = relay_publish(f->publisher.peer, &publish, &published);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
		picture(f, 0, n, 0);
		expect_picture(&f->a, n, 0);
	}
	assert_int_equal(r, 0);
	assert_true(n > 2);
}

static void lack_of_memory_for_wants_is_told(void **state)
{
	struct fixture *f = *state;
	const struct message_track_layer wants[] = {{f->camera, 0}, {f->sound, 0}};
	struct message_want *message = calloc(1, sizeof(*message));
	unsigned int n;
	int r;

	assert_non_null(message);
	memcpy(message->wants, wants, sizeof(wants));
	for (n = 1;; n++) {
		message->count = 0;
		assert_int_equal(relay_want(f->a.peer, message), 0);
		message->count = 2;
		fake_alloc_arm(n);
		r = relay_want(f->a.peer, message);
		if (!fake_alloc_disarm())
			break;
		if (r != -ENOMEM)
			assert_int_equal(r, 0);
	}
	assert_int_equal(r, 0);
	free(message);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_sent_unasked),
		TEST(objects_go_to_those_who_want_their_layer),
		TEST(receivers_share_one_packet),
		TEST(what_does_not_belong_is_told_apart),
		TEST(a_joiner_is_sent_the_young_group_at_once),
		TEST(a_joiner_of_an_old_group_sees_its_key_and_waits_for_the_next),
		TEST(a_joiner_where_nothing_is_kept_waits_for_a_group),
		TEST(a_group_with_a_gap_is_not_kept),
		TEST(a_group_is_kept_up_to_4_mib),
		TEST(groups_are_let_go_with_time_and_on_demand),
		TEST(the_last_of_two_wants_for_a_track_counts),
		TEST(wants_for_what_is_not_there_are_passed_over),
		TEST(what_is_no_longer_wanted_is_forgotten),
		TEST(a_want_that_stays_is_not_begun_again),
		TEST(keyframes_are_asked_once_a_second_a_layer),
		TEST(a_new_group_answers_what_is_yet_to_be_asked),
		TEST(a_keyframe_of_no_track_is_refused),
		TEST(a_slow_reader_goes_on_at_the_next_group_and_alone),
		TEST(pictures_wait_for_200_ms_at_most),
		TEST(beyond_4_mib_the_largest_layer_is_dropped),
		TEST(of_sound_the_oldest_is_dropped),
		TEST(a_track_of_the_same_kind_keeps_its_number),
		TEST(numbers_are_not_used_again_at_once),
		TEST(a_publisher_that_goes_takes_its_tracks_along),
		TEST(wants_outlive_the_pictures_socket),
		TEST(nothing_is_kept_of_a_publisher_that_is_away),
		TEST(the_worst_report_is_passed_on_once_a_second),
		TEST(lack_of_memory_leaves_tracks_as_they_were),
		TEST(lack_of_memory_for_wants_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
