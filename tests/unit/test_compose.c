#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "drivers/screen_memory.h"
#include "screen/compose.h"
#include "screen/paint.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/fake_screen.h"

#define WIDTH 320
#define HEIGHT 180
#define DEADLINE_US (20 * CLOCK_US_PER_S)

static const struct screen_format small = {WIDTH, HEIGHT, 240};

/* A compositor, its screen, and what it told. */
struct site {
	struct screen *screen;
	struct compose *compose;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool held;       /* the compositor waits in present() */
	bool presenting; /* it does so now */
	int luma;        /* in the middle of the picture presented last */
	int shown;
	uint32_t member;
	int64_t capture_us, delay_us;
};

static void on_shown(void *context, uint32_t member, int64_t capture_us, int64_t now_us)
{
	struct site *site = context;

	pthread_mutex_lock(&site->lock);
	site->shown++;
	site->member = member;
	site->capture_us = capture_us;
	site->delay_us = now_us - capture_us;
	pthread_cond_broadcast(&site->changed);
	pthread_mutex_unlock(&site->lock);
}

static void on_present(void *context, const AVFrame *picture)
{
	struct site *site = context;

	pthread_mutex_lock(&site->lock);
	site->luma =
		picture->data[0][picture->height / 2 * picture->linesize[0] + picture->width / 2];
	site->presenting = true;
	pthread_cond_broadcast(&site->changed);
	while (site->held)
		pthread_cond_wait(&site->changed, &site->lock);
	site->presenting = false;
	pthread_mutex_unlock(&site->lock);
}

static void open_site(struct site *site, int buffers)
{
	struct compose_settings settings = {.language = WORDS_ENGLISH,
					    .shown = on_shown,
					    .context = site};

	*site = (struct site){0};
	pthread_mutex_init(&site->lock, NULL);
	pthread_cond_init(&site->changed, NULL);
	assert_int_equal(fake_screen_create(&small, buffers, &site->screen), 0);
	fake_screen_set_watch(site->screen, on_present, site);
	settings.screen = site->screen;
	assert_int_equal(compose_create(&settings, &site->compose), 0);
}

static void close_site(struct site *site)
{
	compose_destroy(site->compose);
	screen_destroy(site->screen);
	pthread_cond_destroy(&site->changed);
	pthread_mutex_destroy(&site->lock);
}

static void hold(struct site *site, bool held)
{
	pthread_mutex_lock(&site->lock);
	site->held = held;
	pthread_cond_broadcast(&site->changed);
	pthread_mutex_unlock(&site->lock);
}

static void wait_until(struct site *site, bool (*is_true)(const struct site *site, int n), int n)
{
	struct timespec deadline = clock_timespec(clock_now_us() + DEADLINE_US);

	pthread_mutex_lock(&site->lock);
	while (!is_true(site, n))
		assert_int_equal(pthread_cond_clockwait(&site->changed, &site->lock,
							CLOCK_MONOTONIC, &deadline),
				 0);
	pthread_mutex_unlock(&site->lock);
}

static bool has_shown(const struct site *site, int n)
{
	return site->shown >= n;
}

static bool is_held(const struct site *site, int n)
{
	(void)n;
	return site->presenting && site->held;
}

/* A picture of one grey, captured at pts. */
static AVFrame *grey(uint8_t luma, int64_t pts)
{
	AVFrame *picture = paint_frame_create(WIDTH, HEIGHT);

	assert_non_null(picture);
	paint_fill(picture, (struct screen_rect){0, 0, WIDTH, HEIGHT},
		   (struct paint_color){luma, 128, 128});
	picture->pts = pts;
	return picture;
}

static void set_members(struct site *site, uint32_t n)
{
	struct compose_member members[COMPOSE_MEMBERS_MAX];

	for (uint32_t i = 0; i < n; i++)
		members[i] = (struct compose_member){i + 1, "Ruang", true, false, false};
	assert_int_equal(compose_set_members(site->compose, members, n), 0);
}

static bool has_luma(const struct site *site, int n)
{
	return site->luma == n;
}

/* Waits until the middle of the screen is of that grey. */
static void await_luma(struct site *site, uint8_t expected)
{
	wait_until(site, has_luma, expected);
}

static void test_shows_a_picture(void **state)
{
	struct site site;
	int64_t now_us;

	(void)state;
	for (int buffers = 1; buffers <= 3; buffers++) {
		open_site(&site, buffers);
		set_members(&site, 1);
		now_us = clock_now_us();
		compose_show(site.compose, 1, grey(77, now_us));
		wait_until(&site, has_shown, 1);
		assert_int_equal(site.member, 1);
		assert_int_equal(site.capture_us, now_us);
		assert_in_range(site.delay_us, 0, DEADLINE_US);
		await_luma(&site, 77);
		compose_show(site.compose, 1, NULL);
		compose_show(site.compose, 1, grey(99, now_us));
		await_luma(&site, 99);
		close_site(&site);
	}
}

/* Of pictures that come while the display is busy, the newest alone is shown. */
static void test_newest_wins(void **state)
{
	struct site site;
	json_t *status, *member;
	json_int_t stood_us, n;
	int64_t shown_us;

	(void)state;
	open_site(&site, 2);
	set_members(&site, 1);
	shown_us = clock_now_us();
	compose_show(site.compose, 1, grey(50, 1));
	wait_until(&site, has_shown, 1);
	hold(&site, true);
	compose_set_meeting(site.compose, "kabinet");
	wait_until(&site, is_held, 0);
	for (int i = 2; i <= 5; i++)
		compose_show(site.compose, 1, grey((uint8_t)(50 + i), i));
	hold(&site, false);
	wait_until(&site, has_shown, 2);
	assert_int_equal(site.capture_us, 5);
	await_luma(&site, 55);
	assert_int_equal(site.shown, 2);
	status = compose_status(site.compose);
	member = json_array_get(json_object_get(status, "members"), 0);
	assert_int_equal(json_integer_value(json_object_get(member, "shown")), 2);
	assert_int_equal(json_integer_value(json_object_get(member, "skipped")), 3);
	assert_int_equal(json_unpack(member, "{s:{s:I, s:I}}", "interval", "n", &n, "max_us",
				     &stood_us),
			 0);
	assert_int_equal(n, 1);
	assert_in_range(stood_us, 1, clock_now_us() - shown_us);
	json_decref(status);
	close_site(&site);
}

/* Nothing new: nothing is drawn. */
static void test_idle_draws_nothing(void **state)
{
	struct site site;
	uint64_t presented;

	(void)state;
	open_site(&site, 2);
	set_members(&site, 1);
	compose_show(site.compose, 1, grey(50, 1));
	wait_until(&site, has_shown, 1);
	await_luma(&site, 50);
	presented = fake_screen_presented(site.screen);
	assert_int_equal(fake_screen_wait(site.screen, presented + 1,
					  clock_now_us() + CLOCK_US_PER_S / 4),
			 -ETIMEDOUT);
	close_site(&site);
}

/* The own picture fills the screen while nobody else is there, then gives way. */
static void test_own_picture(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, 2);
	compose_show_own(site.compose, grey(120, 1));
	await_luma(&site, 120);
	set_members(&site, 1);
	compose_show(site.compose, 1, grey(60, 2));
	await_luma(&site, 60);
	set_members(&site, 0);
	await_luma(&site, 120);
	/* In the inset it changes too, with nothing else to draw. */
	set_members(&site, 1);
	compose_show(site.compose, 1, grey(60, 3));
	wait_until(&site, has_shown, 2);
	for (int i = 0; i < 3; i++) {
		uint64_t presented = fake_screen_presented(site.screen);

		compose_show_own(site.compose, grey((uint8_t)(130 + i), 4));
		assert_int_equal(fake_screen_wait(site.screen, presented + 1,
						  clock_now_us() + DEADLINE_US),
				 0);
	}
	close_site(&site);
}

static void test_unplugged_and_back(void **state)
{
	struct site site;
	json_t *status;
	AVFrame *copy = NULL;
	uint64_t serial = 0;

	(void)state;
	open_site(&site, 2);
	set_members(&site, 1);
	compose_show(site.compose, 1, grey(50, 1));
	await_luma(&site, 50);
	fake_screen_set_result(site.screen, SCREEN_UNPLUGGED);
	compose_show(site.compose, 1, grey(80, 2));
	while (compose_copy(site.compose, &serial, clock_now_us() + DEADLINE_US, &copy) != -ENODEV)
		av_frame_free(&copy);
	status = compose_status(site.compose);
	assert_string_equal(json_string_value(json_object_get(status, "screen")),
			    "no display is connected");
	json_decref(status);
	/* What comes meanwhile is there when the display is. */
	compose_show(site.compose, 1, grey(90, 3));
	fake_screen_set_result(site.screen, SCREEN_OK);
	await_luma(&site, 90);
	assert_true(fake_screen_opened(site.screen) >= 2);
	assert_true(compose_healthy(site.compose));
	close_site(&site);
}

static void test_other_size(void **state)
{
	const struct screen_format large = {640, 480, 240};
	struct site site;
	json_t *status;

	(void)state;
	open_site(&site, 2);
	set_members(&site, 1);
	compose_show(site.compose, 1, grey(50, 1));
	await_luma(&site, 50);
	fake_screen_set_format(site.screen, &large);
	compose_show(site.compose, 1, grey(70, 2));
	await_luma(&site, 70);
	status = compose_status(site.compose);
	assert_string_equal(json_string_value(json_object_get(status, "screen")), "ok");
	assert_int_equal(json_integer_value(json_object_get(status, "width")), 640);
	assert_int_equal(json_integer_value(json_object_get(status, "height")), 480);
	json_decref(status);
	assert_int_equal(fake_screen_opened(site.screen), 2);
	close_site(&site);
}

static void test_copy(void **state)
{
	struct site site;
	AVFrame *first = NULL, *second = NULL;
	uint64_t serial = 0, same;

	(void)state;
	open_site(&site, 2);
	set_members(&site, 1);
	compose_show(site.compose, 1, grey(50, 1));
	await_luma(&site, 50);
	assert_int_equal(compose_copy(site.compose, &serial, clock_now_us() + DEADLINE_US, &first),
			 0);
	assert_int_equal(first->width, WIDTH);
	assert_int_equal(first->format, AV_PIX_FMT_YUV420P);
	same = serial;
	assert_int_equal(compose_copy(site.compose, &serial, clock_now_us() + DEADLINE_US, &second),
			 -EAGAIN);
	assert_int_equal(serial, same);
	assert_null(second);
	compose_show(site.compose, 1, grey(51, 2));
	wait_until(&site, has_shown, 2);
	assert_int_equal(compose_copy(site.compose, &serial, clock_now_us() + DEADLINE_US, &second),
			 0);
	assert_true(serial > same);
	/* What was handed out stays as it was. */
	assert_int_equal(first->data[0][90 * first->linesize[0] + 160], 50);
	assert_int_equal(second->data[0][90 * second->linesize[0] + 160], 51);
	av_frame_free(&first);
	av_frame_free(&second);
	close_site(&site);
}

static void test_copy_in_time(void **state)
{
	struct site site;
	AVFrame *copy = NULL;
	uint64_t serial = 0;

	(void)state;
	open_site(&site, 2);
	set_members(&site, 1);
	compose_show(site.compose, 1, grey(50, 1));
	wait_until(&site, has_shown, 1);
	hold(&site, true);
	compose_show(site.compose, 1, grey(51, 2));
	wait_until(&site, is_held, 0);
	assert_int_equal(compose_copy(site.compose, &serial, clock_now_us() + 10000, &copy),
			 -ETIMEDOUT);
	hold(&site, false);
	assert_int_equal(compose_copy(site.compose, &serial, clock_now_us() + DEADLINE_US, &copy),
			 0);
	av_frame_free(&copy);
	close_site(&site);
}

static void test_bad_members(void **state)
{
	static struct compose_member many[COMPOSE_MEMBERS_MAX + 1];
	const struct compose_member twice[] = {{1, "a", true, false, false},
					       {1, "b", true, false, false}};
	const struct compose_member zero[] = {{0, "a", true, false, false}};
	struct site site;

	(void)state;
	for (uint32_t i = 0; i <= COMPOSE_MEMBERS_MAX; i++)
		many[i] = (struct compose_member){i + 1, "Ruang", true, false, false};
	open_site(&site, 2);
	set_members(&site, 1);
	assert_int_equal(compose_set_members(site.compose, many, COMPOSE_MEMBERS_MAX + 1), -E2BIG);
	assert_int_equal(compose_set_members(site.compose, twice, 2), -EINVAL);
	assert_int_equal(compose_set_members(site.compose, zero, 1), -EINVAL);
	/* The members are those from before; an unknown one's picture is nowhere. */
	compose_show(site.compose, 2, grey(200, 1));
	compose_show(site.compose, 1, grey(50, 2));
	await_luma(&site, 50);
	assert_int_equal(compose_set_members(site.compose, many, COMPOSE_MEMBERS_MAX), 0);
	for (uint32_t i = 1; i <= COMPOSE_MEMBERS_MAX; i++)
		compose_show(site.compose, i, grey(60, i));
	await_luma(&site, 60);
	close_site(&site);
}

static void test_members_without_memory(void **state)
{
	const struct compose_member members[] = {{1, "a", true, false, false},
						 {2, "b", true, false, false},
						 {3, "c", true, false, false}};
	struct site site;
	int ret;

	(void)state;
	open_site(&site, 2);
	set_members(&site, 1);
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		ret = compose_set_members(site.compose, members, 3);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(ret, -ENOMEM);
	}
	assert_int_equal(ret, 0);
	close_site(&site);
}

static void test_create_without_memory(void **state)
{
	struct compose_settings settings = {.language = WORDS_ENGLISH};
	struct compose *compose = NULL;
	struct screen *screen = NULL;
	int ret;

	(void)state;
	assert_int_equal(compose_create(&settings, &compose), -EINVAL);
	assert_int_equal(screen_memory_create(&small, &screen), 0);
	settings.screen = screen;
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		ret = compose_create(&settings, &compose);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(ret, -ENOMEM);
		assert_null(compose);
	}
	assert_int_equal(ret, 0);
	compose_destroy(compose);
	compose_destroy(NULL);
	screen_destroy(screen);
}

/* The memory screen, through the same door. */
static void test_memory_screen(void **state)
{
	static const struct screen_format bad[] = {
		{321, 180, 30},  {320, 181, 30},  {94, 180, 30},   {320, 180, 0},
		{320, 180, 241}, {4098, 180, 30}, {320, 2306, 30},
	};
	struct site site = {0};
	struct compose_settings settings = {.language = WORDS_INDONESIAN,
					    .shown = on_shown,
					    .context = &site};
	AVFrame *copy = NULL;
	uint64_t serial = 0;

	(void)state;
	pthread_mutex_init(&site.lock, NULL);
	pthread_cond_init(&site.changed, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(screen_memory_create(&bad[i], &site.screen), -EINVAL);
	assert_int_equal(screen_memory_create(&small, &site.screen), 0);
	settings.screen = site.screen;
	assert_int_equal(compose_create(&settings, &site.compose), 0);
	set_members(&site, 1);
	compose_show(site.compose, 1, grey(140, 1));
	wait_until(&site, has_shown, 1);
	assert_int_equal(compose_copy(site.compose, &serial, clock_now_us() + DEADLINE_US, &copy),
			 0);
	assert_int_equal(copy->data[0][90 * copy->linesize[0] + 160], 140);
	av_frame_free(&copy);
	close_site(&site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shows_a_picture),
		cmocka_unit_test(test_newest_wins),
		cmocka_unit_test(test_idle_draws_nothing),
		cmocka_unit_test(test_own_picture),
		cmocka_unit_test(test_unplugged_and_back),
		cmocka_unit_test(test_other_size),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_copy_in_time),
		cmocka_unit_test(test_bad_members),
		cmocka_unit_test(test_members_without_memory),
		cmocka_unit_test(test_create_without_memory),
		cmocka_unit_test(test_memory_screen),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
