/*
 * A meeting that a hundred join, one a second, end-to-end encrypted: how long each waits for its
 * keys, and how long the hundredth for the first picture. The first and the last are whole rooms;
 * the others join, keep up with the group and have keys, but send and show nothing. While the last
 * one joins they take no commits: a box has a processor of its own for that.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "room/secrecy.h"
#include "tests/bench/figure.h"
#include "tests/fake/party.h"

enum { MEMBERS = 100, LIGHT = MEMBERS - 2, LAST = 10, JOINS = 5 };

struct light {
	char name[16];
	struct settings_room settings;
	struct secrecy *secrecy;
	struct meeting *meeting;
	atomic_bool is_resting;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int64_t start_us;
	int64_t keys_us; /* when it had them; 0: not yet */
};

static void must(int r, const char *what)
{
	if (r == 0)
		return;
	fprintf(stderr, "bench_join: %s: %s\n", what, strerror(-r));
	exit(EXIT_FAILURE);
}

/* Of the meeting */

static void on_state(void *context, const struct meeting_state *state)
{
	(void)context;
	(void)state;
}

static void on_roster(void *context, const struct message_roster *roster, uint16_t you)
{
	struct light *light = context;

	(void)you;
	secrecy_roster(light->secrecy, roster);
}

static void on_group(void *context, const struct meeting_group_event *event)
{
	struct light *light = context;

	if (!light->is_resting)
		secrecy_group(light->secrecy, event);
}

static void on_object(void *context, const struct object_header *header, const uint8_t *payload,
		      size_t length, int64_t arrival_us, int64_t capture_us)
{
	(void)context;
	(void)header;
	(void)payload;
	(void)length;
	(void)arrival_us;
	(void)capture_us;
}

static void on_misdeed(void *context, enum meeting_misdeed misdeed, uint16_t member)
{
	(void)context;
	(void)misdeed;
	(void)member;
}

static void on_nothing(void *context)
{
	(void)context;
}

static void on_bitrate(void *context, int64_t bitrate_bps)
{
	(void)context;
	(void)bitrate_bps;
}

/* Of its secrecy */

static void on_secrecy(void *context, const struct secrecy_state *state)
{
	struct light *light = context;

	if (state->phase != SECRECY_ENCRYPTED)
		return;
	pthread_mutex_lock(&light->lock);
	if (!light->keys_us)
		light->keys_us = clock_now_us();
	pthread_cond_signal(&light->changed);
	pthread_mutex_unlock(&light->lock);
}

static void on_people(void *context, const struct call_member *people, size_t n)
{
	(void)context;
	(void)people;
	(void)n;
}

static void on_refused(void *context, const struct call_refusal *refusal)
{
	struct light *light = context;

	fprintf(stderr, "bench_join: %s refuses %s\n", light->name, refusal->name);
}

static uint64_t now_s(void *context)
{
	(void)context;
	return (uint64_t)time(NULL);
}

/* Before the clock runs: making certificates takes long. */
static void light_init(struct light *light, struct site *site, int number)
{
	struct settings_board board;

	snprintf(light->name, sizeof(light->name), "m%d", number);
	site_settings(site, light->name, &light->settings, &board);
	pthread_mutex_init(&light->lock, NULL);
	pthread_cond_init(&light->changed, NULL);
}

static void light_join(struct light *light)
{
	const struct settings_room *settings = &light->settings;
	const struct secrecy_config secrecy = {
		.settings = &settings->secrecy,
		.name = light->name,
		.meeting = settings->meeting,
		.now_s = now_s,
		.events = {.state = on_secrecy,
			   .people = on_people,
			   .changed = on_nothing,
			   .refused = on_refused,
			   .deceived = on_nothing,
			   .tick = on_nothing},
		.context = light,
	};
	struct meeting_config meeting = {
		.host = settings->hub.host,
		.port = settings->hub.port,
		.path = settings->hub.path,
		.meeting = settings->meeting,
		.ca = settings->ca,
		.certificate = settings->certificate,
		.key = settings->key,
		.camera = {.width = 320, .height = 180, .bitrate = 500000},
		.bitrate_min_bps = 150000,
		.cipher = media_keys_cipher(),
		.events = {.state = on_state,
			   .roster = on_roster,
			   .object = on_object,
			   .keyframe_wanted = on_nothing,
			   .bitrate = on_bitrate,
			   .misdeed = on_misdeed,
			   .group = on_group},
		.context = light,
	};

	light->start_us = clock_now_us();
	must(secrecy_create(&secrecy, &light->secrecy), "secrecy");
	meeting.cipher_context = secrecy_keys(light->secrecy);
	must(meeting_create(&meeting, &light->meeting), "meeting");
	must(secrecy_start(light->secrecy, light->meeting), "thread");
}

static void light_leave(struct light *light)
{
	secrecy_stop(light->secrecy);
	meeting_destroy(light->meeting);
	secrecy_destroy(light->secrecy);
}

/* Waits until it has keys, and a second since it joined is over. Returns how long it took. */
static int64_t light_settle(struct light *light)
{
	const struct timespec patience = clock_timespec(light->start_us + SITE_PATIENCE_US);
	const struct timespec second = clock_timespec(light->start_us + CLOCK_US_PER_S);
	int r = 0;

	pthread_mutex_lock(&light->lock);
	while (!light->keys_us && r == 0)
		r = pthread_cond_clockwait(&light->changed, &light->lock, CLOCK_MONOTONIC,
					   &patience);
	must(-r, "waiting for keys");
	while (r == 0)
		r = pthread_cond_clockwait(&light->changed, &light->lock, CLOCK_MONOTONIC, &second);
	pthread_mutex_unlock(&light->lock);
	return light->keys_us - light->start_us;
}

static bool has_members(const json_t *status, void *context)
{
	const json_t *members = json_object_get(json_object_get(status, "secrecy"), "members");

	return json_array_size(members) == *(const size_t *)context;
}

/* The last one comes, and goes again. */
static int64_t join_last(struct site *site, struct party *first)
{
	size_t others = MEMBERS - 1;
	struct party last;
	int64_t start_us;
	int64_t took_us;

	must(party_until(first, has_members, &others) ? 0 : -ETIMEDOUT, "the others");
	party_init(&last, "b", PARTY_B);
	start_us = clock_now_us();
	party_join(&last, site);
	/* Asked with each picture on its screen; of so many, tiles are too small for time strips. */
	must(party_counts_of(&last, "a", "picture.shown", 1) ? 0 : -ETIMEDOUT, "a picture");
	took_us = clock_now_us() - start_us;
	party_leave(&last);
	party_finish(&last);
	return took_us;
}

int main(void)
{
	static struct light lights[LIGHT];
	static int64_t times[LIGHT];
	static int64_t last_us[JOINS];
	const double goal = 1000;
	struct site *site = site_create();
	struct settings_room settings;
	struct settings_board board;
	struct party first;

	log_set_level(LOG_LEVEL_ERROR);
	for (int i = 0; i < LIGHT; i++)
		light_init(&lights[i], site, i);
	site_settings(site, "b", &settings, &board);
	party_init(&first, "a", PARTY_A);
	party_join(&first, site);
	for (int i = 0; i < LIGHT; i++) {
		light_join(&lights[i]);
		times[i] = light_settle(&lights[i]);
	}
	for (int i = 0; i < LIGHT; i++)
		lights[i].is_resting = true;
	for (int i = 0; i < JOINS; i++)
		last_us[i] = join_last(site, &first);
	figure_say("join of the 100th member to its first picture, median of 5",
		   figure_percentile_ms(last_us, JOINS, 0.5), "ms", &goal, FIGURE_LOWER);
	figure_say("join to keys, members 90 to 99, median",
		   figure_percentile_ms(times + LIGHT - LAST, LAST, 0.5), "ms", NULL, FIGURE_LOWER);
	figure_say("join to keys, one a second, 98 joins, median",
		   figure_percentile_ms(times, LIGHT, 0.5), "ms", NULL, FIGURE_LOWER);
	figure_say("join to keys, one a second, 98 joins, longest",
		   figure_percentile_ms(times, LIGHT, 1), "ms", NULL, FIGURE_LOWER);
	for (int i = 0; i < LIGHT; i++)
		light_leave(&lights[i]);
	site_destroy(site);
	party_finish(&first);
	return 0;
}
