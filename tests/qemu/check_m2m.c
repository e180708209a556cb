/*
 * check_m2m [SECONDS]: vivid's pictures through the codec layer over the test kernel module vh264,
 * inside the bare guest (tests/qemu/m2m). What comes out is decoded in software and by decode_m2m
 * and compared with what went in. With SECONDS a thousand short runs follow, and one of that
 * length, which leave nothing behind. Prints TAP.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "tests/fake/chain.h"
#include "tests/fake/holdings.h"
#include "tests/fake/m2m_path.h"
#include "tests/fake/vivid.h"

enum {
	TRIES = 3,
	LOW_BPS = 300 * 1000,
	CYCLES_WARM = 20,
	CYCLES = 1000,
	WARM_S = 20,
	GROWTH_KIB = 1024,
};

#define FREEZE_MAX_US CLOCK_US_PER_S

static unsigned int n_results, n_failed;

static void result(bool good, const char *text, const char *more)
{
	n_failed += !good;
	printf("%sok %u - %s: %s\n", good ? "" : "not ", ++n_results, text, more);
	fflush(stdout);
}

static void check_lossless(struct chain *chain, const char *encoder, const char *memory)
{
	bool came = chain_await(chain, 2) && chain_await(chain, 10);
	char text[160], copies[24];

	m2m_path_get_text(&chain->path, "copies", copies, sizeof(copies));
	snprintf(text, sizeof(text), "%u of %u pictures are equal, %s copies", chain->equal,
		 chain->pictures, copies);
	result(came && chain_all_equal(chain) && chain_says(chain, "encoder", encoder) &&
		       chain_says(chain, "memory", memory),
	       encoder, text);
}

static void check_key_frame(struct chain *chain)
{
	bool within;

	/* one that was asked for before is at least a second ago */
	within = chain_await(chain, 12);
	venc_force_keyframe(chain->path.venc);
	/* the picture in the encoder, and two after the request */
	within = within && chain_await(chain, 4);
	result(within && chain->keys == 1, "key frame", "within two pictures of the request");
}

static void check_bit_rates(struct chain *chain)
{
	char before[24], after[24];
	bool came = true;

	m2m_path_get_text(&chain->path, "keyframes", before, sizeof(before));
	for (int i = 0; i < 10 && came; i++) {
		venc_set_bitrate(chain->path.venc, LOW_BPS + i * INT64_C(100000));
		came = chain_await(chain, 2);
	}
	m2m_path_get_text(&chain->path, "keyframes", after, sizeof(after));
	venc_set_bitrate(chain->path.venc, CHAIN_LOSSLESS_BPS);
	result(came && strcmp(before, after) == 0 && chain_says(chain, "reopens", "0"), "bit rate",
	       "changed ten times, without opening anew");
}

static void change_size(struct chain *chain, int width, int height)
{
	m2m_path_stop_camera(&chain->path);
	m2m_path_start_camera(&chain->path, width, height);
}

static void check_size(struct chain *chain)
{
	change_size(chain, 640, 360);
	result(chain_await(chain, 5) && chain_says(chain, "width", "640") &&
		       chain_says(chain, "reopens", "0"),
	       "size", "changed, with the same encoder");
	change_size(chain, 320, 180);
	result(chain_await(chain, 5) && chain_says(chain, "width", "320"), "size", "changed back");
}

static void set_input(struct chain *chain, enum vivid_input input)
{
	m2m_path_stop_camera(&chain->path);
	if (vivid_set_input(input) < 0)
		m2m_path_die("no such input");
	m2m_path_start_camera(&chain->path, 320, 180);
}

/* Another input of the camera, which loses its signal and has it again; and back. */
static void check_input(struct chain *chain)
{
	set_input(chain, VIVID_HDMI);
	check_lossless(chain, "encode_m2m", "dmabuf");
	result(vivid_set_signal(false) == 0 && chain_await_silence(chain), "input",
	       "has no signal");
	result(vivid_set_signal(true) == 0 && chain_await(chain, 5) &&
		       chain_says(chain, "encoder", "encode_m2m"),
	       "input", "has its signal again");
	set_input(chain, VIVID_WEBCAM);
	check_lossless(chain, "encode_m2m", "dmabuf");
}

/* While its memory is in the encoder. */
static void check_unplug(struct chain *chain)
{
	result(vivid_plug(false) == 0 && chain_await_silence(chain), "camera", "is unplugged");
	result(vivid_plug(true) == 0 && chain_await(chain, 1), "camera", "is back");
	check_lossless(chain, "encode_m2m", "dmabuf");
}

static void set_fault(const char *name, const char *value)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/vh264/parameters/%s", name);
	file = fopen(path, "we");
	if (!file || fputs(value, file) < 0 || fclose(file) != 0)
		m2m_path_die(path);
}

/* How long the far side stands still from the fault until libx264 is in use; -1: it never is. */
static int64_t fail_over(struct chain *chain, const char *name, const char *value)
{
	int64_t freeze_us = 0;

	if (!chain_await_encoder(chain, "encode_m2m") || !chain_await(chain, 3))
		m2m_path_die("encode_m2m is not in use");
	set_fault(name, value);
	for (int i = 0; i < 100 && !chain_says(chain, "encoder", "libx264"); i++) {
		/* a lost request shows when there is one, a short picture at the next IDR */
		venc_force_keyframe(chain->path.venc);
		if (!chain_await(chain, 1))
			return -1;
		if (chain->freeze_us > freeze_us)
			freeze_us = chain->freeze_us;
	}
	return chain_says(chain, "encoder", "libx264") ? freeze_us : -1;
}

/*
 * libx264 takes over within a second, and the device comes back when it works again. The machine may
 * be so busy that the emulated one stands still by itself: the best of three counts.
 */
static void check_fault(struct chain *chain, const char *name, const char *value)
{
	int64_t freeze_us = INT64_MAX;
	char text[192], why[128] = "";
	bool back = true;

	for (int i = 0; i < TRIES && back && freeze_us > FREEZE_MAX_US; i++) {
		int64_t tried_us = fail_over(chain, name, value);

		m2m_path_get_text(&chain->path, "why", why, sizeof(why));
		if (tried_us >= 0 && tried_us < freeze_us)
			freeze_us = tried_us;
		set_fault(name, "0");
		back = chain_await_encoder(chain, "encode_m2m") && chain_await(chain, 3);
	}
	snprintf(text, sizeof(text), "libx264 after a freeze of %" PRId64 " ms (%s)",
		 freeze_us / CLOCK_US_PER_MS, why);
	result(freeze_us <= FREEZE_MAX_US, name, text);
	result(back, name, "encode_m2m is back");
}

/* Only what starts meets this fault: another size starts the queues anew. */
static void check_streamon(struct chain *chain)
{
	char why[128] = "";
	bool over;

	set_fault("fault_streamon", "1");
	change_size(chain, 640, 360);
	over = chain_await_encoder(chain, "libx264");
	m2m_path_get_text(&chain->path, "why", why, sizeof(why));
	result(over && strstr(why, strerror(EIO)), "fault_streamon", why);
	set_fault("fault_streamon", "0");
	result(chain_await_encoder(chain, "encode_m2m") && chain_await(chain, 3), "fault_streamon",
	       "encode_m2m is back");
	change_size(chain, 320, 180);
}

/* What a device may leave unsaid without being at fault. */
static void check_no_vui(void)
{
	struct chain chain;

	set_fault("fault_no_vui", "1");
	chain_open(&chain, "encode_m2m", "h264", true);
	check_lossless(&chain, "encode_m2m", "dmabuf");
	chain_close(&chain);
	set_fault("fault_no_vui", "0");
}

static struct holdings look_up(void)
{
	struct holdings holdings;

	if (holdings_count(&holdings) < 0)
		m2m_path_die("the kernel does not tell what is held");
	return holdings;
}

static void check_holdings(bool good, const char *text, const struct holdings *before)
{
	const struct holdings after = look_up();
	char more[192];

	holdings_print(before, &after, more, sizeof(more));
	result(good && holdings_are_kept(before, &after, GROWTH_KIB), text, more);
}

/* Opens all of the chain, has a picture through it, and closes it, so many times. */
static bool open_and_close(unsigned int times)
{
	struct chain chain;
	bool good = true;

	for (unsigned int i = 0; good && i < times; i++) {
		chain_open(&chain, "encode_m2m", "h264", true);
		good = chain_await(&chain, 1) && chain_says(&chain, "encoder", "encode_m2m");
		chain_close(&chain);
	}
	return good;
}

static void check_cycles(void)
{
	bool good = open_and_close(CYCLES_WARM);
	struct holdings before = look_up();

	check_holdings(good && open_and_close(CYCLES), "a thousand times opened and closed",
		       &before);
}

static bool go_on(struct chain *chain, long seconds)
{
	int64_t end_us = clock_now_us() + seconds * CLOCK_US_PER_S;

	while (clock_now_us() < end_us) {
		venc_force_keyframe(chain->path.venc);
		if (!chain_await(chain, 20) || !chain_all_equal(chain))
			return false;
	}
	return chain_says(chain, "encoder", "encode_m2m") && chain_says(chain, "reopens", "0");
}

static void check_run(long seconds)
{
	struct holdings before;
	struct chain chain;
	bool good;

	chain_open(&chain, "encode_m2m", "h264", true);
	good = go_on(&chain, WARM_S);
	before = look_up();
	good = good && go_on(&chain, seconds);
	check_holdings(good, "every picture of a long run is equal", &before);
	chain_close(&chain);
}

static void check_all(void)
{
	static const char *const faults[][2] = {
		{"fault_stall", "1"},    {"fault_late_ms", "700"}, {"fault_error", "1000"},
		{"fault_short", "1000"}, {"fault_reorder", "1"},   {"fault_lose_key", "1"},
	};
	struct chain chain;

	chain_open(&chain, "encode_m2m", "h264", true);
	check_lossless(&chain, "encode_m2m", "dmabuf");
	check_key_frame(&chain);
	check_bit_rates(&chain);
	check_size(&chain);
	check_input(&chain);
	check_unplug(&chain);
	chain_close(&chain);
	chain_open(&chain, "encode_m2m", "h264", false);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		check_fault(&chain, faults[i][0], faults[i][1]);
	check_streamon(&chain);
	chain_close(&chain);
	check_no_vui();
	chain_open(&chain, "encode_m2m", "decode_m2m", true);
	check_lossless(&chain, "encode_m2m", "dmabuf");
	chain_close(&chain);
	chain_open(&chain, "h264_v4l2m2m", "h264", true);
	check_lossless(&chain, "h264_v4l2m2m", "mmap");
	chain_close(&chain);
}

int main(int argc, char **argv)
{
	long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;

	log_set_level(LOG_LEVEL_ERROR);
	check_all();
	if (seconds > 0) {
		check_cycles();
		check_run(seconds);
	}
	printf("1..%u\n", n_results);
	return n_failed > 0;
}
