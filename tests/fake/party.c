#include "tests/fake/party.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/mic_test.h"
#include "tests/fake/fake_screen.h"
#include "tests/fake/fake_speaker.h"
#include "tests/fake/faulty_camera.h"
#include "tests/fake/sound_marks.h"

#define WIDTH 640
#define HEIGHT 360
#define REMEMBERED_S 60
#define MARKS_MAX (REMEMBERED_S + 4)

static void must(int r, const char *what)
{
	if (r == 0)
		return;
	fprintf(stderr, "party: %s: %s\n", what, strerror(-r));
	exit(EXIT_FAILURE);
}

void party_init(struct party *party, const char *name, uint8_t tag)
{
	const struct screen_format format = {.width = WIDTH, .height = HEIGHT, .refresh_hz = 60};
	const struct fake_speaker_config speaker = {.frames_max =
							    (size_t)REMEMBERED_S * SOUND_RATE_HZ};
	struct site_devices *devices = &party->devices;

	*party = (struct party){.name = name, .tag = tag};
	must(faulty_camera_create(tag, FAULTY_CAMERA_RAW, &devices->cam), "camera");
	must(mic_test_create(tag, &devices->mic), "microphone");
	must(fake_speaker_create(&speaker, &devices->speaker), "speaker");
	must(fake_screen_create(&format, 2, &devices->screen), "screen");
	party->viewer = viewer_create(devices->screen);
	must(party->viewer ? 0 : -ENOMEM, "viewer");
}

void party_join_with(struct party *party, struct site *site, const struct settings_room *settings,
		     const struct settings_board *board)
{
	party->is_given = true;
	party->room = site_room_create(site, settings, board, &party->devices);
}

void party_join(struct party *party, struct site *site)
{
	struct settings_room settings;
	struct settings_board board;

	site_settings(site, party->name, &settings, &board);
	party_join_with(party, site, &settings, &board);
}

void party_leave(struct party *party)
{
	site_room_leave(party->room);
	party->room = NULL;
}

static void destroy_devices(struct site_devices *devices)
{
	cam_destroy(devices->cam);
	if (devices->mic)
		devices->mic->ops->destroy(devices->mic);
	if (devices->speaker)
		devices->speaker->ops->destroy(devices->speaker);
	screen_destroy(devices->screen);
}

void party_finish(struct party *party)
{
	if (!party->is_given)
		destroy_devices(&party->devices);
	viewer_destroy(party->viewer);
	*party = (struct party){0};
}

void party_pair_init(struct party_pair *pair)
{
	party_pair_init_at(pair, site_create());
}

void party_pair_init_at(struct party_pair *pair, struct site *site)
{
	pair->site = site;
	party_init(&pair->a, "a", PARTY_A);
	party_init(&pair->b, "b", PARTY_B);
}

void party_pair_join(struct party_pair *pair)
{
	party_join(&pair->a, pair->site);
	party_join(&pair->b, pair->site);
}

void party_pair_finish(struct party_pair *pair)
{
	site_destroy(pair->site);
	party_finish(&pair->a);
	party_finish(&pair->b);
}

int party_pair_set_up(void **state)
{
	struct party_pair *pair = calloc(1, sizeof(*pair));

	if (!pair)
		return -1;
	party_pair_init(pair);
	*state = pair;
	return 0;
}

int party_pair_tear_down(void **state)
{
	struct party_pair *pair = *state;

	party_pair_finish(pair);
	free(pair);
	return 0;
}

bool party_until(struct party *party, bool (*holds)(const json_t *status, void *context),
		 void *context)
{
	return site_room_until(party->room, holds, context);
}

/* What is waited for */

struct wanted {
	struct party *party;
	uint8_t tag;
	int64_t value; /* pictures, or that of a Status */
	const char *member;
	const char *path;
	const char *text;
};

static bool is_seen(const json_t *status, void *context)
{
	const struct wanted *wanted = context;

	(void)status;
	return viewer_get(wanted->party->viewer, wanted->tag).pictures >= wanted->value;
}

bool party_has_seen(struct party *party, uint8_t tag, int64_t pictures)
{
	struct wanted wanted = {.party = party, .tag = tag, .value = pictures};

	return party_until(party, is_seen, &wanted);
}

bool party_sees(struct party *party, uint8_t tag, int pictures)
{
	return party_has_seen(party, tag, viewer_get(party->viewer, tag).pictures + pictures);
}

struct heard {
	struct party *party;
	uint8_t tag;
	size_t from; /* the frame played first after the question */
	size_t next; /* the one from which on another look pays */
};

static bool is_heard(const json_t *status, void *context)
{
	struct heard *heard = context;
	struct sound_mark marks[MARKS_MAX];
	const float *samples;
	int64_t start_us;
	size_t count = fake_speaker_played(heard->party->devices.speaker, &samples, &start_us);

	(void)status;
	if (count < heard->next)
		return false;
	heard->next = count + SOUND_RATE_HZ / 2;
	return sound_marks_find(samples + heard->from, count - heard->from, start_us, heard->tag,
				marks, MARKS_MAX) >= 2;
}

bool party_hears(struct party *party, uint8_t tag)
{
	struct heard heard = {.party = party, .tag = tag};
	const float *samples;
	int64_t start_us;

	heard.from = fake_speaker_played(party->devices.speaker, &samples, &start_us);
	heard.next = heard.from + SOUND_RATE_HZ;
	return party_until(party, is_heard, &heard);
}

static bool is_said(const json_t *status, void *context)
{
	const struct wanted *wanted = context;

	return strstr(site_status_text(status, wanted->path), wanted->text) != NULL;
}

bool party_says(struct party *party, const char *path, const char *text)
{
	struct wanted wanted = {.path = path, .text = text};

	return party_until(party, is_said, &wanted);
}

static bool is_reached(const json_t *status, void *context)
{
	const struct wanted *wanted = context;

	if (wanted->member)
		status = site_status_member(status, wanted->member);
	return site_status_int(status, wanted->path) >= wanted->value;
}

bool party_counts(struct party *party, const char *path, int64_t value)
{
	return party_counts_of(party, NULL, path, value);
}

bool party_counts_of(struct party *party, const char *name, const char *path, int64_t value)
{
	struct wanted wanted = {.member = name, .path = path, .value = value};

	return party_until(party, is_reached, &wanted);
}

int64_t party_count_of(struct party *party, const char *name, const char *path)
{
	json_t *status = room_status(site_room_get(party->room));
	const json_t *entry = name ? site_status_member(status, name) : status;
	int64_t value = site_status_int(entry, path);

	json_decref(status);
	return value;
}
