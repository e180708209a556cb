/*
 * All that a hub sees of a meeting of two rooms (tests/rogue writes it down): no picture, no sound and
 * no room's name can be found in it. The same search finds each of them in a meeting in clear.
 */
#include <jansson.h>
#include <opus/opus.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/base64url.h"
#include "base/clock.h"
#include "base/sound.h"
#include "meeting/object.h"
#include "tests/fake/party.h"
#include "tests/fake/sound_marks.h"

enum {
	PACKET_FRAMES = 960,
	HEARD_S = 4,
	/* Where a packet can begin behind the header: SFrame's own is 17 bytes at most. */
	OFFSETS = 32,
	STRING_BYTES_MIN = 4,
	JITTER_US = 3000,
};

#define NAME_A "sidang-kabinet"
#define NAME_B "tamu-menteri"
/* Of a chirp that is there; noise gives a tenth of it. */
#define STRENGTH_MIN 0.5

struct capture {
	uint8_t *bytes;
	size_t length;
};

struct record {
	const uint8_t *bytes;
	size_t length;
};

static struct capture read_capture(struct site *site)
{
	const char *path = site_path(site, "capture");
	struct capture capture = {0};
	struct stat status;
	FILE *file;

	if (stat(path, &status) < 0 || status.st_size <= 0 || !(file = fopen(path, "re")))
		abort();
	capture.length = (size_t)status.st_size;
	capture.bytes = malloc(capture.length);
	if (!capture.bytes)
		abort();
	assert_int_equal(fread(capture.bytes, 1, capture.length, file), capture.length);
	fclose(file);
	return capture;
}

static bool next_record(const struct capture *capture, size_t *at, struct record *ret_record)
{
	size_t length;

	if (capture->length - *at < sizeof(length))
		return false;
	memcpy(&length, capture->bytes + *at, sizeof(length));
	assert_true(length <= capture->length - *at - sizeof(length));
	*ret_record = (struct record){capture->bytes + *at + sizeof(length), length};
	*at += sizeof(length) + length;
	return true;
}

static bool is_text(const struct record *record)
{
	return record->length > 0 && record->bytes[0] == '{';
}

/* Names: as they are, and in what texts carry as base64url */

static bool is_in_json(const json_t *value, const char *name)
{
	const char *key, *text = json_string_value(value);
	const json_t *member;
	size_t i, length;
	uint8_t *bytes;
	bool found = false;

	json_array_foreach ((json_t *)value, i, member) {
		found = found || is_in_json(member, name);
	}
	json_object_foreach ((json_t *)value, key, member) {
		found = found || is_in_json(member, name);
	}
	if (!text || strlen(text) < STRING_BYTES_MIN)
		return found;
	bytes = malloc(strlen(text));
	assert_non_null(bytes);
	if (base64url_decode(text, strlen(text), bytes, strlen(text), &length) == 0)
		found = memmem(bytes, length, name, strlen(name)) != NULL;
	free(bytes);
	return found;
}

static bool finds_name(const struct capture *capture, const char *name)
{
	struct record record;
	size_t at = 0;

	if (memmem(capture->bytes, capture->length, name, strlen(name)))
		return true;
	while (next_record(capture, &at, &record)) {
		json_t *text = is_text(&record) ? json_loadb((const char *)record.bytes,
							     record.length, 0, NULL)
						: NULL;
		bool found = text && is_in_json(text, name);

		json_decref(text);
		if (found)
			return true;
	}
	return false;
}

/* Pictures: a sequence parameter set of H.264 behind its start code */

static bool finds_picture(const struct capture *capture)
{
	static const uint8_t sps[] = {0, 0, 0, 1, 0x67};

	struct record record;
	size_t at = 0;

	while (next_record(capture, &at, &record)) {
		if (!is_text(&record) && record.length > OBJECT_HEADER_BYTES &&
		    memmem(record.bytes + OBJECT_HEADER_BYTES, record.length - OBJECT_HEADER_BYTES,
			   sps, sizeof(sps)))
			return true;
	}
	return false;
}

/* Sound: what Opus makes of it, wherever in the message a packet may begin */

static bool is_sound(const struct record *record, struct object_header *ret_header)
{
	return !is_text(record) && record->length <= OBJECT_SOUND_BYTES_MAX &&
	       object_parse(record->bytes, record->length, ret_header) == OBJECT_OK &&
	       ret_header->priority == 0;
}

static size_t decode(const struct capture *capture, uint16_t track, size_t offset, float *samples,
		     size_t max)
{
	int error;
	OpusDecoder *decoder = opus_decoder_create(SOUND_RATE_HZ, 1, &error);
	struct object_header header;
	struct record record;
	size_t at = 0, n = 0;

	assert_int_equal(error, OPUS_OK);
	while (n + PACKET_FRAMES <= max && next_record(capture, &at, &record)) {
		size_t skipped = OBJECT_HEADER_BYTES + offset;

		if (!is_sound(&record, &header) || header.track != track ||
		    record.length <= skipped)
			continue;
		if (opus_decode_float(decoder, record.bytes + skipped,
				      (opus_int32)(record.length - skipped), samples + n,
				      PACKET_FRAMES, 0) != PACKET_FRAMES)
			memset(samples + n, 0, PACKET_FRAMES * sizeof(*samples));
		n += PACKET_FRAMES;
	}
	opus_decoder_destroy(decoder);
	return n;
}

/* Chirps that come every second, as no noise does. */
static bool hears(const float *samples, size_t n, unsigned int room)
{
	struct sound_mark marks[HEARD_S + 2];
	size_t found = sound_marks_find(samples, n, 0, room, marks, HEARD_S + 2);
	int64_t last_us = -CLOCK_US_PER_S;
	int in_time = 0;

	for (size_t i = 0; i < found; i++) {
		if (marks[i].strength < STRENGTH_MIN)
			continue;
		if (llabs(marks[i].time_us - last_us - CLOCK_US_PER_S) < JITTER_US)
			in_time++;
		last_us = marks[i].time_us;
	}
	return in_time >= HEARD_S - 2;
}

static bool finds_sound(const struct capture *capture, uint16_t track)
{
	static float samples[(size_t)HEARD_S * SOUND_RATE_HZ];

	for (size_t offset = 0; offset < OFFSETS; offset++) {
		size_t n = decode(capture, track, offset, samples,
				  sizeof(samples) / sizeof(samples[0]));

		assert_int_equal(n, sizeof(samples) / sizeof(samples[0]));
		if (hears(samples, n, PARTY_A) || hears(samples, n, PARTY_B))
			return true;
	}
	return false;
}

/* The track of sound that is in the capture first. */
static uint16_t find_track(const struct capture *capture)
{
	struct object_header header;
	struct record record;
	size_t at = 0;

	while (next_record(capture, &at, &record)) {
		if (is_sound(&record, &header))
			return header.track;
	}
	fail_msg("no sound went through the hub");
	return 0;
}

/* In a box whose own certificate, which the hub sees, has nothing of the room's name. */
static void join(struct party *party, struct site *site, const char *box,
		 enum settings_secrecy_mode mode)
{
	struct settings_room settings, room;
	struct settings_board board;

	site_settings(site, box, &settings, &board);
	site_settings(site, party->name, &room, &board);
	settings.secrecy = room.secrecy;
	settings.secrecy.mode = mode;
	party_join_with(party, site, &settings, &board);
}

/* Two rooms meet until each has heard and seen the other; then the hub has seen it all. */
static struct capture meet(enum settings_secrecy_mode mode)
{
	struct site *site = site_create_rogue();
	struct party a, b;
	struct capture capture;

	party_init(&a, NAME_A, PARTY_A);
	party_init(&b, NAME_B, PARTY_B);
	join(&a, site, "one", mode);
	join(&b, site, "two", mode);
	assert_true(party_sees(&a, PARTY_B, 10));
	assert_true(party_sees(&b, PARTY_A, 10));
	assert_true(party_hears(&a, PARTY_B));
	assert_true(party_hears(&b, PARTY_A));
	assert_true(party_sees(&a, PARTY_B, HEARD_S * 30));
	site_hub_kill(site);
	capture = read_capture(site);
	site_destroy(site);
	party_finish(&a);
	party_finish(&b);
	return capture;
}

static void test_nothing_is_found_in_a_sealed_meeting(void **state)
{
	struct capture capture = meet(SETTINGS_SECRECY_REQUIRE);

	(void)state;
	assert_false(finds_name(&capture, NAME_A));
	assert_false(finds_name(&capture, NAME_B));
	assert_false(finds_picture(&capture));
	assert_false(finds_sound(&capture, find_track(&capture)));
	free(capture.bytes);
}

static void test_all_is_found_in_clear(void **state)
{
	struct capture capture = meet(SETTINGS_SECRECY_OFF);

	(void)state;
	assert_true(finds_picture(&capture));
	assert_true(finds_sound(&capture, find_track(&capture)));
	free(capture.bytes);
}

/* What a name looks like to the search: as it is, and within a text. */
static void test_names_are_found(void **state)
{
	char record[256], text[BASE64URL_TEXT_LENGTH(sizeof(NAME_A)) + 1];
	struct capture capture = {.bytes = (uint8_t *)record};
	size_t length;

	(void)state;
	base64url_encode((const uint8_t *)"x" NAME_A, sizeof(NAME_A), text);
	length = (size_t)snprintf(record + sizeof(length), sizeof(record) - sizeof(length),
				  "{\"params\":{\"package\":\"%s\"}}", text);
	memcpy(record, &length, sizeof(length));
	capture.length = sizeof(length) + length;
	assert_true(finds_name(&capture, NAME_A));
	assert_false(finds_name(&capture, NAME_B));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_found),
		cmocka_unit_test(test_all_is_found_in_clear),
		cmocka_unit_test(test_nothing_is_found_in_a_sealed_meeting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
