/*
 * Capture to composed at the far room, 720p30, libx264, hub and both rooms on this machine: read
 * from the time strip in the composed pixels, with the stages on the way as Status tells them. And
 * how long after its start a room shows the first far picture.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "camera/timestrip.h"
#include "drivers/camera_file.h"
#include "drivers/mic_test.h"
#include "drivers/speaker_file.h"
#include "tests/bench/figure.h"
#include "tests/fake/fake_screen.h"
#include "tests/fake/site.h"

#define WIDTH 1280
#define HEIGHT 720
#define PICTURES 600 /* 20 s at 30 pictures a second */
#define WARM_UP 60
#define JOINS 9

/* What was read off one room's screen. One thread writes: the compositor's. */
struct watch {
	uint8_t own_tag;
	int64_t newest_us; /* capture time of the newest far picture seen */
	int64_t latency_us[PICTURES];
	_Atomic int count;        /* of far pictures, from -WARM_UP on */
	_Atomic int64_t first_us; /* when the first was seen; 0: not yet */
};

static void on_present(void *context, const AVFrame *picture)
{
	const struct timestrip_rect whole = {.width = WIDTH, .height = HEIGHT};
	struct watch *watch = context;
	int64_t now = clock_now_us();
	struct timestrip strip;
	int count = watch->count;

	if (timestrip_read(picture->data[0], (size_t)picture->linesize[0], TIMESTRIP_LUMA, &whole,
			   &strip) != 0 ||
	    strip.tag == watch->own_tag || strip.time_us <= watch->newest_us)
		return;
	watch->newest_us = strip.time_us;
	if (!watch->first_us)
		watch->first_us = now;
	if (count >= PICTURES)
		return;
	if (count >= 0)
		watch->latency_us[count] = now - strip.time_us;
	watch->count = count + 1;
}

static struct site_devices make_devices(unsigned int number, struct watch *watch)
{
	const struct screen_format format = {.width = WIDTH, .height = HEIGHT, .refresh_hz = 60};
	struct site_devices devices = {0};
	const char *recording = getenv("BALAI_BENCH_RECORDING");

	watch->own_tag = (uint8_t)number;
	if (!recording) {
		fprintf(stderr, "bench_latency: BALAI_BENCH_RECORDING names no file; "
				"run it by tests/bench/run\n");
		exit(EXIT_FAILURE);
	}
	if (camera_file_create(recording, (uint8_t)number, &devices.cam) != 0 ||
	    mic_test_create(number, &devices.mic) != 0 ||
	    speaker_none_create(&devices.speaker) != 0 ||
	    fake_screen_create(&format, 2, &devices.screen) != 0)
		abort();
	fake_screen_set_watch(devices.screen, on_present, watch);
	return devices;
}

static struct site_room *join(struct site *site, const char *name, unsigned int number,
			      struct watch *watch)
{
	struct site_devices devices = make_devices(number, watch);
	struct settings_room settings;
	struct settings_board board;

	site_settings(site, name, &settings, &board);
	settings.width = WIDTH;
	settings.height = HEIGHT;
	settings.bitrate_kbps = 2500;
	return site_room_create(site, &settings, &board, &devices);
}

static bool enough(const json_t *status, void *context)
{
	const struct watch *watch = context;

	(void)status;
	return watch->count >= PICTURES;
}

static bool seen(const json_t *status, void *context)
{
	const struct watch *watch = context;

	(void)status;
	return watch->first_us != 0;
}

/* What Status tells of the way there: each is a stage by itself, or counted from the capture. */
static void say_stages(struct site_room *room)
{
	static const struct {
		const char *figure;
		const char *path;
	} stages[] = {
		{"  capture to hand-out", "camera.delay"},
		{"  capture to encoder", "encoder.wait"},
		{"  encode", "encoder.encode"},
		{"  capture to arrival", "members.0.network"},
		{"  decode", "members.0.picture.decode"},
		{"  compose", "screen.compose"},
	};
	json_t *status = room_status(site_room_get(room));

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		char name[64], path[64];

		snprintf(path, sizeof(path), "%s.p50_us", stages[i].path);
		snprintf(name, sizeof(name), "%s, p50", stages[i].figure);
		figure_say(name, (double)site_status_int(status, path) / 1000, "ms", NULL,
			   FIGURE_LOWER);
		snprintf(path, sizeof(path), "%s.p95_us", stages[i].path);
		snprintf(name, sizeof(name), "%s, p95", stages[i].figure);
		figure_say(name, (double)site_status_int(status, path) / 1000, "ms", NULL,
			   FIGURE_LOWER);
	}
	json_decref(status);
}

static void bench_latency(struct site_room *room, struct watch *watch)
{
	const double goal_p50 = 25;
	const double goal_p95 = 40;

	if (!site_room_until(room, enough, watch)) {
		fprintf(stderr, "bench_latency: only %d of %d pictures were read\n", watch->count,
			PICTURES);
		exit(EXIT_FAILURE);
	}
	figure_say("capture to composed, 720p30, p50",
		   figure_percentile_ms(watch->latency_us, PICTURES, 0.5), "ms", &goal_p50,
		   FIGURE_LOWER);
	figure_say("capture to composed, 720p30, p95",
		   figure_percentile_ms(watch->latency_us, PICTURES, 0.95), "ms", &goal_p95,
		   FIGURE_LOWER);
	say_stages(room);
}

/* A third room comes and goes; from its creation to the first far picture on its screen. */
static void bench_join(struct site *site)
{
	const double goal = 300;
	int64_t times[JOINS];

	for (int i = 0; i < JOINS; i++) {
		struct watch *watch = calloc(1, sizeof(*watch));
		struct site_room *room;
		int64_t start;

		if (!watch)
			abort();
		start = clock_now_us();
		room = join(site, "c", 3, watch);
		if (!site_room_until(room, seen, watch))
			exit(EXIT_FAILURE);
		times[i] = watch->first_us - start;
		site_room_leave(room);
		free(watch);
	}
	figure_say("join to first far picture, median of 9",
		   figure_percentile_ms(times, JOINS, 0.5), "ms", &goal, FIGURE_LOWER);
}

int main(void)
{
	static struct watch watch_a = {.count = -WARM_UP};
	static struct watch watch_b = {.count = -WARM_UP};
	struct site *site = site_create();
	struct site_room *room_a;

	log_set_level(LOG_LEVEL_WARNING);
	room_a = join(site, "a", 1, &watch_a);
	join(site, "b", 2, &watch_b);
	bench_latency(room_a, &watch_a);
	site_room_leave(room_a);
	bench_join(site);
	site_destroy(site);
	return 0;
}
