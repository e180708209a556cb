/*
 * meeting/meeting: media that is sealed, against a hub that sees all of it and does what it likes
 * with it. The far rooms' keys are those of tests/fake/cipher_bench.h.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "e2ee/sframe.h"
#include "meeting/keyframes.h"
#include "tests/fake/call_bench.h"
#include "tests/fake/cipher_bench.h"

#define FAR_LEAF 1
#define OTHER_LEAF 2
#define OTHER 5 /* its member */
#define PICTURE_BYTES 5000
#define OBJECT_BYTES (OBJECT_HEADER_BYTES + PICTURE_BYTES + SFRAME_ADDED_BYTES_MAX)

struct bench {
	struct call_script script;
	struct call_guest guest;
	struct cipher_bench *cipher;
	uint8_t object[OBJECT_BYTES]; /* the last that was made */
	size_t length;
};

/* In the meeting, without keys, and held back. */
static void start(struct bench *bench, struct test_pki *pki)
{
	static const uint16_t members[] = {CALL_BENCH_YOU, CALL_BENCH_FAR, OTHER};
	const struct net_identity_files files = test_pki_identity(pki, "ca", "room");
	struct meeting_config config;

	bench->cipher = cipher_bench_create(members);
	call_bench_start_script(&bench->script, pki, 0);
	config = call_bench_make_config(&bench->guest, &files, fake_hub_port(bench->script.hub));
	config.cipher = cipher_bench_ops();
	config.cipher_context = bench->cipher;
	call_bench_start_config(&bench->guest, &config);
	call_bench_admit(&bench->script);
	call_bench_expect_phase(&bench->guest, MEETING_IN);
	call_bench_want_far(&bench->guest);
	call_bench_until_request(&bench->script, MESSAGE_WANT);
}

/* All are in epoch 1, and media goes out. */
static void start_sealed(struct bench *bench, struct test_pki *pki)
{
	start(bench, pki);
	for (unsigned int leaf = 0; leaf < CIPHER_BENCH_LEAVES; leaf++)
		cipher_bench_begin(bench->cipher, leaf, 1);
	meeting_hold_media(bench->guest.meeting, false);
	call_bench_expect(&bench->guest, CALL_BENCH_KEY);
}

static void stop(struct bench *bench)
{
	call_bench_stop_meeting(&bench->script, &bench->guest);
	cipher_bench_destroy(bench->cipher);
}

/* Waits until the figure of the cipher's is that. */
static void until_figure(struct bench *bench, const char *name, json_int_t value)
{
	int64_t deadline_us = clock_now_us() + CALL_BENCH_PATIENCE_US;
	json_int_t seen = -1;
	json_t *status;

	while (seen != value) {
		assert_true(clock_now_us() < deadline_us);
		/* Figures are taken some times a second; the hub's next event comes by then. */
		call_bench_next(&bench->script);
		status = meeting_status(bench->guest.meeting);
		seen = json_integer_value(json_object_get(json_object_get(status, "cipher"), name));
		json_decref(status);
	}
}

static void make_object(struct bench *bench, unsigned int leaf, enum message_kind kind,
			const struct object_header *header, uint8_t byte)
{
	object_write(header, bench->object);
	memset(bench->object + OBJECT_HEADER_BYTES, byte, PICTURE_BYTES);
	bench->length = cipher_bench_seal(bench->cipher, leaf, kind, bench->object,
					  kind == MESSAGE_SOUND ? 81 : PICTURE_BYTES);
}

static void send_picture(struct bench *bench, unsigned int leaf, uint32_t group, uint32_t object,
			 uint8_t byte)
{
	const struct object_header header = call_bench_far_header(true, group, object);

	make_object(bench, leaf, MESSAGE_CAMERA, &header, byte);
	call_bench_send_bytes(&bench->script, true, bench->object, bench->length);
}

static void send_sound(struct bench *bench, uint32_t group, uint8_t byte)
{
	const struct object_header header = call_bench_far_header(false, group, 0);

	make_object(bench, FAR_LEAF, MESSAGE_SOUND, &header, byte);
	call_bench_send_bytes(&bench->script, false, bench->object, bench->length);
}

static void expect_object(struct bench *bench, uint8_t byte)
{
	struct call_bench_event object = call_bench_expect(&bench->guest, CALL_BENCH_OBJECT);

	assert_int_equal(object.first, byte);
}

static void expect_object_without_misdeed(struct bench *bench, uint8_t byte)
{
	struct call_bench_event event = {.kind = CALL_BENCH_STATE};
	void *item;

	while (event.kind != CALL_BENCH_OBJECT) {
		assert_int_equal(queue_pop(bench->guest.events,
					   clock_now_us() + CALL_BENCH_PATIENCE_US, &item),
				 0);
		event = *(struct call_bench_event *)item;
		free(item);
		assert_int_not_equal(event.kind, CALL_BENCH_MISDEED);
	}
	assert_int_equal(event.first, byte);
}

/* The next that the meeting tells of an object: that it was dropped, and why. */
static void expect_misdeed(struct bench *bench, enum meeting_misdeed misdeed)
{
	struct call_bench_event event = call_bench_expect(&bench->guest, CALL_BENCH_MISDEED);

	assert_int_equal(event.misdeed, misdeed);
	assert_int_equal(event.member, CALL_BENCH_FAR);
}

/* What the hub sees opens at a far room, with header and all, and there is nothing clear in it. */
static void expect_sealed(struct bench *bench, enum message_kind kind, const uint8_t *plain,
			  size_t length)
{
	const struct fake_hub_event *seen = &bench->script.event;
	uint8_t *opened = malloc(seen->length);
	enum message_kind sealed_kind;

	assert_non_null(opened);
	assert_null(memmem(seen->data, seen->length, plain, length < 16 ? length : 16));
	assert_int_equal(cipher_bench_open(bench->cipher, FAR_LEAF, seen->data, seen->length,
					   opened, &sealed_kind),
			 length);
	assert_memory_equal(opened, plain, length);
	assert_int_equal(sealed_kind, kind);
	free(opened);
}

static void test_pictures_out(void **state)
{
	struct bench bench;
	uint8_t plain[PICTURE_BYTES];

	start_sealed(&bench, *state);
	memset(plain, 0x5a, sizeof(plain));
	for (int i = 0; i < 3; i++) {
		call_bench_send_picture(&bench.guest, sizeof(plain), i == 0, clock_now_us());
		call_bench_until(&bench.script, CALL_BENCH_SEEN_PICTURE);
		expect_sealed(&bench, MESSAGE_CAMERA, plain, sizeof(plain));
	}
	stop(&bench);
}

static void test_sound_out(void **state)
{
	static const uint8_t plain[] = "\x7fpacket of the voice";
	struct bench bench;

	start_sealed(&bench, *state);
	for (uint32_t i = 0; i < 3; i++) {
		meeting_send_sound(bench.guest.meeting, i, clock_now_us(), plain, sizeof(plain));
		call_bench_until(&bench.script, CALL_BENCH_SEEN_SOUND);
		expect_sealed(&bench, MESSAGE_SOUND, plain, sizeof(plain));
	}
	stop(&bench);
}

/* A picture that has room by itself has none any more with what sealing adds. */
static void test_largest_picture_out(void **state)
{
	struct bench bench;

	start_sealed(&bench, *state);
	call_bench_send_picture(&bench.guest, OBJECT_PICTURE_BYTES_MAX - OBJECT_HEADER_BYTES, true,
				1);
	call_bench_send_picture(&bench.guest,
				OBJECT_PICTURE_BYTES_MAX - OBJECT_HEADER_BYTES -
					SFRAME_ADDED_BYTES_MAX,
				true, 1);
	call_bench_until(&bench.script, CALL_BENCH_SEEN_PICTURE);
	assert_in_range(bench.script.event.length,
			OBJECT_PICTURE_BYTES_MAX - SFRAME_ADDED_BYTES_MAX + 1,
			OBJECT_PICTURE_BYTES_MAX);
	stop(&bench);
}

/* None comes before something that is asked for now, which has to be another `track` each time. */
static void expect_no_media(struct bench *bench, uint16_t track)
{
	int seen;

	meeting_request_keyframe(bench->guest.meeting,
				 (struct message_track_layer){.track = track});
	do {
		seen = call_bench_next(&bench->script);
		assert_int_not_equal(seen, CALL_BENCH_SEEN_PICTURE);
		assert_int_not_equal(seen, CALL_BENCH_SEEN_SOUND);
	} while (seen != CALL_BENCH_SEEN_REQUEST + MESSAGE_KEYFRAME);
}

static void send_media(struct bench *bench)
{
	call_bench_send_picture(&bench->guest, 100, true, 1);
	meeting_send_sound(bench->guest.meeting, 1, 1, (const uint8_t *)"x", 1);
}

static void test_no_media_while_held(void **state)
{
	struct bench bench;

	start(&bench, *state);
	send_media(&bench);
	expect_no_media(&bench, CALL_BENCH_FAR_CAMERA);
	cipher_bench_begin(bench.cipher, CIPHER_BENCH_ROOM, 1);
	meeting_hold_media(bench.guest.meeting, false);
	call_bench_expect(&bench.guest, CALL_BENCH_KEY);
	call_bench_send_picture(&bench.guest, 100, true, 1);
	call_bench_until(&bench.script, CALL_BENCH_SEEN_PICTURE);
	meeting_hold_media(bench.guest.meeting, true);
	send_media(&bench);
	expect_no_media(&bench, CALL_BENCH_FAR_SOUND);
	stop(&bench);
}

/* Without a key nothing goes out, and what follows a picture that did not begins anew. */
static void test_no_media_without_key(void **state)
{
	struct object_header header;
	struct bench bench;

	start(&bench, *state);
	meeting_hold_media(bench.guest.meeting, false);
	call_bench_expect(&bench.guest, CALL_BENCH_KEY);
	send_media(&bench);
	expect_no_media(&bench, CALL_BENCH_FAR_CAMERA);
	until_figure(&bench, "unsealed", 2);
	cipher_bench_begin(bench.cipher, CIPHER_BENCH_ROOM, 1);
	cipher_bench_begin(bench.cipher, FAR_LEAF, 1);
	call_bench_send_picture(&bench.guest, 100, false, 1);
	call_bench_send_picture(&bench.guest, 200, true, 1);
	call_bench_until(&bench.script, CALL_BENCH_SEEN_PICTURE);
	assert_int_equal(object_parse(bench.script.event.data, bench.script.event.length, &header),
			 OBJECT_OK);
	assert_int_equal(header.flags, OBJECT_KEY);
	assert_true(bench.script.event.length > 200);
	stop(&bench);
}

static void test_objects_in(void **state)
{
	struct bench bench;

	start_sealed(&bench, *state);
	send_picture(&bench, FAR_LEAF, 5, 0, 0xa0);
	expect_object(&bench, 0xa0);
	send_picture(&bench, FAR_LEAF, 5, 1, 0xa1);
	expect_object(&bench, 0xa1);
	send_sound(&bench, 9, 0xb0);
	expect_object(&bench, 0xb0);
	stop(&bench);
}

/* Each is dropped, told and counted; what follows is taken, as if it had never come. */
static void test_forged(void **state)
{
	struct object_header header;
	struct bench bench;

	start_sealed(&bench, *state);
	send_sound(&bench, 1, 1);
	expect_object(&bench, 1);
	for (size_t at = OBJECT_HEADER_BYTES; at < 40; at += 15) {
		header = call_bench_far_header(false, 2, 0);
		make_object(&bench, FAR_LEAF, MESSAGE_SOUND, &header, 2);
		bench.object[bench.length - 1 - at] ^= 1;
		call_bench_send_bytes(&bench.script, false, bench.object, bench.length);
		expect_misdeed(&bench, MEETING_FORGED);
	}
	/* Another number, another time, a piece of it, a track of the same member's. */
	header = call_bench_far_header(false, 2, 0);
	make_object(&bench, FAR_LEAF, MESSAGE_SOUND, &header, 2);
	bench.object[11]++;
	call_bench_send_bytes(&bench.script, false, bench.object, bench.length);
	expect_misdeed(&bench, MEETING_FORGED);
	bench.object[11]--;
	bench.object[23]++;
	call_bench_send_bytes(&bench.script, false, bench.object, bench.length);
	expect_misdeed(&bench, MEETING_FORGED);
	bench.object[23]--;
	call_bench_send_bytes(&bench.script, false, bench.object, bench.length - 1);
	expect_misdeed(&bench, MEETING_FORGED);
	call_bench_send_bytes(&bench.script, false, bench.object, OBJECT_HEADER_BYTES + 1);
	expect_misdeed(&bench, MEETING_FORGED);
	call_bench_send_bytes(&bench.script, false, bench.object, bench.length);
	expect_object(&bench, 2);
	until_figure(&bench, "forged", 6);
	stop(&bench);
}

static void test_replayed(void **state)
{
	struct bench bench;

	start_sealed(&bench, *state);
	send_picture(&bench, FAR_LEAF, 5, 0, 1);
	expect_object(&bench, 1);
	call_bench_send_bytes(&bench.script, true, bench.object, bench.length);
	expect_misdeed(&bench, MEETING_REPLAYED);
	send_picture(&bench, FAR_LEAF, 5, 1, 2);
	expect_object(&bench, 2);
	stop(&bench);
}

/* Wanted anew, what the hub keeps comes once more, as it should: that is no misdeed of it. */
static void test_wanted_again(void **state)
{
	static const struct message_want nothing = {.count = 0};
	struct bench bench;

	start_sealed(&bench, *state);
	send_picture(&bench, FAR_LEAF, 5, 0, 1);
	expect_object(&bench, 1);
	meeting_want(bench.guest.meeting, &nothing);
	call_bench_until_request(&bench.script, MESSAGE_WANT);
	call_bench_want_far(&bench.guest);
	call_bench_until_request(&bench.script, MESSAGE_WANT);
	call_bench_send_bytes(&bench.script, true, bench.object, bench.length);
	send_picture(&bench, FAR_LEAF, 6, 0, 2);
	expect_object_without_misdeed(&bench, 2);
	call_bench_send_bytes(&bench.script, true, bench.object, bench.length);
	expect_misdeed(&bench, MEETING_REPLAYED);
	stop(&bench);
}

/* A member of the group speaks as another, or as another kind; or the hub says it was another. */
static void test_misattributed(void **state)
{
	const struct object_header picture = call_bench_far_header(true, 5, 0);
	struct bench bench;

	start_sealed(&bench, *state);
	send_picture(&bench, OTHER_LEAF, 5, 0, 1);
	expect_misdeed(&bench, MEETING_MISATTRIBUTED);
	make_object(&bench, FAR_LEAF, MESSAGE_SHARE, &picture, 2);
	call_bench_send_bytes(&bench.script, true, bench.object, bench.length);
	expect_misdeed(&bench, MEETING_MISATTRIBUTED);
	send_picture(&bench, FAR_LEAF, 5, 0, 3);
	expect_object(&bench, 3);
	until_figure(&bench, "misattributed", 2);
	stop(&bench);
}

/* What the hub sends of its own, in clear, is never shown. */
static void test_stripped(void **state)
{
	struct bench bench;

	start_sealed(&bench, *state);
	call_bench_send_object(&bench.script, true, 5, 0, 0x0);
	call_bench_send_object(&bench.script, false, 5, 0, 0x7f);
	send_picture(&bench, FAR_LEAF, 6, 0, 1);
	expect_object(&bench, 1);
	stop(&bench);
}

/* Media overtakes the commit: it is held, and comes in its order once the key is there. */
static void test_held_until_key(void **state)
{
	struct bench bench;

	start_sealed(&bench, *state);
	send_picture(&bench, FAR_LEAF, 5, 0, 1);
	expect_object(&bench, 1);
	cipher_bench_begin(bench.cipher, FAR_LEAF, 2);
	for (uint8_t i = 1; i < 6; i++)
		send_picture(&bench, FAR_LEAF, 5, i, (uint8_t)(i + 1));
	until_figure(&bench, "waiting", 5);
	cipher_bench_begin(bench.cipher, CIPHER_BENCH_ROOM, 2);
	meeting_keys_changed(bench.guest.meeting);
	for (uint8_t i = 1; i < 6; i++)
		expect_object(&bench, (uint8_t)(i + 1));
	send_picture(&bench, FAR_LEAF, 5, 6, 7);
	expect_object(&bench, 7);
	until_figure(&bench, "waiting", 0);
	stop(&bench);
}

static void test_key_never_comes(void **state)
{
	struct bench bench;

	start_sealed(&bench, *state);
	cipher_bench_begin(bench.cipher, FAR_LEAF, 2);
	send_picture(&bench, FAR_LEAF, 5, 0, 1);
	send_sound(&bench, 5, 1);
	until_figure(&bench, "unopened", 2);
	until_figure(&bench, "waiting", 0);
	stop(&bench);
}

/* A new epoch begins with an own IDR, sooner after another one than anybody else can ask for it. */
static void test_new_epoch_asks_for_key(void **state)
{
	struct bench bench;
	int64_t asked_us;

	start_sealed(&bench, *state);
	asked_us = clock_now_us();
	cipher_bench_begin(bench.cipher, CIPHER_BENCH_ROOM, 2);
	meeting_keys_changed(bench.guest.meeting);
	call_bench_expect(&bench.guest, CALL_BENCH_KEY);
	assert_in_range(clock_now_us() - asked_us, 0, KEYFRAMES_EVERY_US - 1);
	stop(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pictures_out),
		cmocka_unit_test(test_sound_out),
		cmocka_unit_test(test_largest_picture_out),
		cmocka_unit_test(test_no_media_while_held),
		cmocka_unit_test(test_no_media_without_key),
		cmocka_unit_test(test_objects_in),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_replayed),
		cmocka_unit_test(test_wanted_again),
		cmocka_unit_test(test_misattributed),
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_held_until_key),
		cmocka_unit_test(test_key_never_comes),
		cmocka_unit_test(test_new_epoch_asks_for_key),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
