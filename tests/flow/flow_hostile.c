/*
 * A member with good certificates and bad intentions: what it seals and sends as pictures and sound
 * must not crash a room, show anything that is not whole, or disturb what comes from the others.
 */
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"
#include "meeting/meeting.h"
#include "room/secrecy.h"
#include "tests/fake/fake_camera.h"
#include "tests/fake/faulty_camera.h"
#include "tests/fake/party.h"

#define ROGUE 3 /* its tag */

#define WIDTH 320
#define HEIGHT 180
#define NOISE_BYTES 4000
#define HUGE_BYTES (OBJECT_PICTURE_BYTES_MAX - OBJECT_HEADER_BYTES - SFRAME_ADDED_BYTES_MAX)
#define SOUNDS_MAX 2000 /* on a busy machine most come too late to be played */
#define FREEZE_MAX_US CLOCK_US_PER_S

/* The member that does not behave, without any of a room's parts but the meeting's and its keys. */
struct rogue {
	struct meeting *meeting;
	struct secrecy *secrecy;
	struct cam *cam;
	AVCodecContext *encoder;
	unsigned int seed;
	int64_t good; /* pictures sent that are to be shown */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum meeting_phase phase;
	enum secrecy_phase secret;
};

struct bench {
	struct party_pair pair;
	struct rogue rogue;
};

/* The rogue's meeting */

static void on_state(void *context, const struct meeting_state *state)
{
	struct rogue *rogue = context;

	pthread_mutex_lock(&rogue->lock);
	rogue->phase = state->phase;
	pthread_cond_broadcast(&rogue->changed);
	pthread_mutex_unlock(&rogue->lock);
}

static void on_roster(void *context, const struct message_roster *roster, uint16_t you)
{
	struct rogue *rogue = context;

	(void)you;
	secrecy_roster(rogue->secrecy, roster);
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

static void on_keyframe_wanted(void *context)
{
	(void)context;
}

static void on_bitrate(void *context, int64_t bitrate_bps)
{
	(void)context;
	(void)bitrate_bps;
}

static void on_misdeed(void *context, enum meeting_misdeed misdeed, uint16_t member)
{
	(void)context;
	(void)misdeed;
	(void)member;
}

static void on_group(void *context, const struct meeting_group_event *event)
{
	struct rogue *rogue = context;

	secrecy_group(rogue->secrecy, event);
}

/* The rogue's secrecy */

static void on_secrecy(void *context, const struct secrecy_state *state)
{
	struct rogue *rogue = context;

	pthread_mutex_lock(&rogue->lock);
	rogue->secret = state->phase;
	pthread_cond_broadcast(&rogue->changed);
	pthread_mutex_unlock(&rogue->lock);
}

static void on_people(void *context, const struct call_member *people, size_t n)
{
	(void)context;
	(void)people;
	(void)n;
}

static void on_refused(void *context, const struct call_refusal *refusal)
{
	(void)context;
	(void)refusal;
}

static void on_nothing(void *context)
{
	(void)context;
}

static uint64_t now_s(void *context)
{
	(void)context;
	return (uint64_t)time(NULL);
}

static void create_secrecy(struct rogue *rogue, const struct settings_room *settings)
{
	const struct secrecy_config config = {
		.settings = &settings->secrecy,
		.name = settings->name,
		.meeting = settings->meeting,
		.now_s = now_s,
		.events = {.state = on_secrecy,
			   .people = on_people,
			   .changed = on_nothing,
			   .refused = on_refused,
			   .deceived = on_nothing,
			   .tick = on_nothing},
		.context = rogue,
	};

	assert_int_equal(secrecy_create(&config, &rogue->secrecy), 0);
}

static AVCodecContext *open_encoder(int width, int height)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	AVCodecContext *encoder = avcodec_alloc_context3(codec);

	assert_non_null(encoder);
	encoder->width = width;
	encoder->height = height;
	encoder->pix_fmt = AV_PIX_FMT_YUV420P;
	encoder->time_base = (AVRational){1, (int)CLOCK_US_PER_S};
	encoder->gop_size = 100000;
	encoder->thread_count = 1;
	assert_int_equal(av_opt_set(encoder->priv_data, "preset", "veryfast", 0), 0);
	assert_int_equal(av_opt_set(encoder->priv_data, "tune", "zerolatency", 0), 0);
	assert_int_equal(av_opt_set(encoder->priv_data, "forced-idr", "1", 0), 0);
	assert_int_equal(avcodec_open2(encoder, codec, NULL), 0);
	return encoder;
}

static void open_pattern(struct rogue *rogue)
{
	const struct cam_want want = {
		.width = WIDTH,
		.height = HEIGHT,
		.fps = 30,
		.formats = {CAM_FORMAT_I420},
		.n_formats = 1,
	};
	struct cam_got got;

	assert_int_equal(faulty_camera_create(ROGUE, FAULTY_CAMERA_RAW, &rogue->cam), 0);
	assert_int_equal(rogue->cam->ops->open(rogue->cam, &want, &got), CAM_OK);
	rogue->encoder = open_encoder(WIDTH, HEIGHT);
}

static void rogue_join(struct rogue *rogue, struct site *site)
{
	const struct timespec deadline = clock_timespec(clock_now_us() + SITE_PATIENCE_US);
	struct settings_room settings;
	struct settings_board board;
	struct meeting_config config = {
		.camera = {.width = WIDTH, .height = HEIGHT, .bitrate = 8000000},
		.bitrate_min_bps = 150000,
		.events = {.state = on_state,
			   .roster = on_roster,
			   .object = on_object,
			   .keyframe_wanted = on_keyframe_wanted,
			   .bitrate = on_bitrate,
			   .misdeed = on_misdeed,
			   .group = on_group},
		.context = rogue,
		.cipher = media_keys_cipher(),
	};
	int r = 0;

	site_settings(site, "rogue", &settings, &board);
	config.host = settings.hub.host;
	config.port = settings.hub.port;
	config.path = settings.hub.path;
	config.meeting = settings.meeting;
	config.ca = settings.ca;
	config.certificate = settings.certificate;
	config.key = settings.key;
	create_secrecy(rogue, &settings);
	config.cipher_context = secrecy_keys(rogue->secrecy);
	open_pattern(rogue);
	assert_int_equal(meeting_create(&config, &rogue->meeting), 0);
	assert_int_equal(secrecy_start(rogue->secrecy, rogue->meeting), 0);
	pthread_mutex_lock(&rogue->lock);
	while ((rogue->phase != MEETING_IN || rogue->secret != SECRECY_ENCRYPTED) && r == 0)
		r = pthread_cond_clockwait(&rogue->changed, &rogue->lock, CLOCK_MONOTONIC,
					   &deadline);
	pthread_mutex_unlock(&rogue->lock);
	assert_int_equal(r, 0);
}

static void rogue_finish(struct rogue *rogue)
{
	if (rogue->secrecy)
		secrecy_stop(rogue->secrecy);
	meeting_destroy(rogue->meeting);
	secrecy_destroy(rogue->secrecy);
	cam_destroy(rogue->cam);
	avcodec_free_context(&rogue->encoder);
	pthread_cond_destroy(&rogue->changed);
	pthread_mutex_destroy(&rogue->lock);
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return -1;
	party_pair_init(&bench->pair);
	pthread_mutex_init(&bench->rogue.lock, NULL);
	pthread_cond_init(&bench->rogue.changed, NULL);
	bench->rogue.seed = 1;
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	rogue_finish(&bench->rogue);
	party_pair_finish(&bench->pair);
	free(bench);
	return 0;
}

/* What it sends */

static void send_bytes(struct rogue *rogue, const uint8_t *data, size_t length, bool is_key)
{
	AVPacket *packet = av_packet_alloc();

	assert_non_null(packet);
	assert_int_equal(av_new_packet(packet, (int)length), 0);
	memcpy(packet->data, data, length);
	packet->pts = clock_now_us();
	packet->flags = is_key ? AV_PKT_FLAG_KEY : 0;
	meeting_send_picture(rogue->meeting, packet);
	av_packet_free(&packet);
}

/* The pattern of now. */
static AVFrame *look(struct rogue *rogue)
{
	struct cam_picture picture = {0};

	assert_int_equal(rogue->cam->ops->next(rogue->cam, clock_now_us() + SITE_PATIENCE_US,
					       &picture),
			 CAM_OK);
	return picture.frame;
}

/* `keep_percent` of the picture, which it takes, coded. */
static void send_picture(struct rogue *rogue, AVFrame *picture, bool is_key, bool is_told_key,
			 int keep_percent)
{
	AVPacket *packet = av_packet_alloc();

	assert_non_null(packet);
	picture->pict_type = is_key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_P;
	assert_int_equal(avcodec_send_frame(rogue->encoder, picture), 0);
	assert_int_equal(avcodec_receive_packet(rogue->encoder, packet), 0);
	send_bytes(rogue, packet->data, (size_t)packet->size * (size_t)keep_percent / 100,
		   is_told_key);
	av_packet_free(&packet);
	av_frame_free(&picture);
}

static void send_coded(struct rogue *rogue, bool is_key, bool is_told_key, int keep_percent)
{
	send_picture(rogue, look(rogue), is_key, is_told_key, keep_percent);
}

static void send_noise(struct rogue *rogue, size_t length, bool is_key)
{
	static const uint8_t start[] = {0, 0, 0, 1};
	uint8_t *data = malloc(length);

	assert_non_null(data);
	for (size_t i = 0; i < length; i++)
		data[i] = (uint8_t)rand_r(&rogue->seed);
	memcpy(data, start, sizeof(start));
	send_bytes(rogue, data, length, is_key);
	free(data);
}

static void noise_as_key(struct rogue *rogue)
{
	send_noise(rogue, NOISE_BYTES, true);
}

static void noise_in_group(struct rogue *rogue)
{
	send_noise(rogue, NOISE_BYTES, false);
}

static void huge_noise(struct rogue *rogue)
{
	send_noise(rogue, HUGE_BYTES, true);
}

static void truncated_idr(struct rogue *rogue)
{
	send_coded(rogue, true, true, 50);
}

/*
 * Below its time strip it is noise: where the last macroblocks are all skipped, a picture that is cut
 * off before them decodes without an error.
 */
static void truncated_in_group(struct rogue *rogue)
{
	AVFrame *picture = look(rogue);

	assert_true(av_frame_is_writable(picture));
	for (int y = picture->height / 2; y < picture->height; y++) {
		for (int x = 0; x < picture->width; x++)
			picture->data[0][(ptrdiff_t)y * picture->linesize[0] + x] =
				(uint8_t)rand_r(&rogue->seed);
	}
	send_picture(rogue, picture, false, false, 50);
}

/* Refers to what a room forgot after noise. */
static void no_idr_as_key(struct rogue *rogue)
{
	send_noise(rogue, NOISE_BYTES, true);
	send_coded(rogue, false, true, 100);
	send_coded(rogue, false, false, 100);
}

static void send_grey(struct rogue *rogue, int width, int height)
{
	AVCodecContext *encoder = open_encoder(width, height);
	AVFrame *picture = fake_camera_picture(AV_PIX_FMT_YUV420P, width, height, 0, 1);
	AVPacket *packet = av_packet_alloc();

	assert_non_null(packet);
	assert_int_equal(avcodec_send_frame(encoder, picture), 0);
	assert_int_equal(avcodec_receive_packet(encoder, packet), 0);
	send_bytes(rogue, packet->data, (size_t)packet->size, true);
	av_packet_free(&packet);
	av_frame_free(&picture);
	avcodec_free_context(&encoder);
}

/* Wider than any room shows. */
static void too_wide(struct rogue *rogue)
{
	send_grey(rogue, 4112, 64);
}

/* Whole, so it is shown. */
static void other_size(struct rogue *rogue)
{
	send_grey(rogue, 1024, 64);
	rogue->good++;
}

/* Of the other size, in the group of this one. */
static void size_changes_in_group(struct rogue *rogue)
{
	AVCodecContext *usual = rogue->encoder;

	rogue->encoder = open_encoder(WIDTH, HEIGHT);
	send_coded(rogue, true, true, 50);
	avcodec_free_context(&rogue->encoder);
	rogue->encoder = usual;
	send_coded(rogue, false, false, 100);
}

static const struct {
	const char *name;
	void (*attack)(struct rogue *rogue);
	bool is_error; /* and counted as one */
} attacks[] = {
	{"noise as a key", noise_as_key, true},
	{"noise in a group", noise_in_group, true},
	{"a truncated IDR", truncated_idr, true},
	{"a truncated picture in a group", truncated_in_group, true},
	{"no IDR as a key", no_idr_as_key, true},
	{"a picture too wide", too_wide, true},
	{"a picture of another size", other_size, false},
	{"another stream's parameters", size_changes_in_group, true},
	{"2 MiB of noise", huge_noise, true},
};

/* A whole group, which the victim has to show. */
static void assert_shows_good(struct bench *bench)
{
	struct party *victim = &bench->pair.a;
	int64_t before = viewer_get(victim->viewer, ROGUE).pictures;

	send_coded(&bench->rogue, true, true, 100);
	bench->rogue.good++;
	assert_true(party_has_seen(victim, ROGUE, before + 1));
	assert_int_equal(viewer_get(victim->viewer, ROGUE).pictures, before + 1);
	send_coded(&bench->rogue, false, false, 100);
	bench->rogue.good++;
	assert_true(party_has_seen(victim, ROGUE, before + 2));
}

static void test_bad_pictures(void **state)
{
	struct bench *bench = *state;
	struct viewer_sight sight;

	party_pair_join(&bench->pair);
	rogue_join(&bench->rogue, bench->pair.site);
	assert_true(party_counts_of(&bench->pair.a, "rogue", "member", 1));
	assert_true(party_sees(&bench->pair.a, PARTY_B, 10));
	viewer_forget_freezes(bench->pair.a.viewer);
	assert_shows_good(bench);
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		int64_t errors = party_count_of(&bench->pair.a, "rogue", "picture.errors");

		print_message("%s\n", attacks[i].name);
		attacks[i].attack(&bench->rogue);
		if (attacks[i].is_error)
			assert_true(party_counts_of(&bench->pair.a, "rogue", "picture.errors",
						    errors + 1));
		assert_shows_good(bench);
		/* nothing else came out of the decoder */
		assert_int_equal(party_count_of(&bench->pair.a, "rogue", "picture.pictures"),
				 bench->rogue.good);
	}
	assert_int_equal(viewer_get(bench->pair.a.viewer, ROGUE).damaged, 0);
	sight = viewer_get(bench->pair.a.viewer, PARTY_B);
	print_message("the other's picture stood still for %lld ms\n",
		      (long long)sight.freeze_us / 1000);
	assert_int_equal(sight.damaged, 0);
	assert_in_range(sight.freeze_us, 0, FREEZE_MAX_US);
	assert_true(party_hears(&bench->pair.a, PARTY_B));
}

static void test_bad_sound(void **state)
{
	struct bench *bench = *state;
	struct rogue *rogue = &bench->rogue;
	uint8_t data[OBJECT_SOUND_BYTES_MAX];

	party_pair_join(&bench->pair);
	rogue_join(rogue, bench->pair.site);
	assert_true(party_counts_of(&bench->pair.a, "rogue", "member", 1));
	for (uint32_t i = 0; party_count_of(&bench->pair.a, "rogue", "sound.broken") < 10 ||
			     party_count_of(&bench->pair.a, "rogue", "sound.oversized") < 1;
	     i++) {
		size_t length = 1 + (size_t)rand_r(&rogue->seed) % 1400;

		assert_in_range(i, 0, SOUNDS_MAX);
		for (size_t j = 0; j < length; j++)
			data[j] = (uint8_t)rand_r(&rogue->seed);
		meeting_send_sound(rogue->meeting, i, clock_now_us(), data, length);
		/* Two of 20 ms a picture: about as fast as a voice, which is not late then. */
		if (i % 2 == 1)
			assert_true(party_sees(&bench->pair.a, PARTY_B, 1));
	}
	assert_true(party_hears(&bench->pair.a, PARTY_B));
	assert_true(party_sees(&bench->pair.a, PARTY_B, 30));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bad_pictures, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_sound, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
