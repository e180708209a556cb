/*
 * check_m2m [SECONDS]: vivid's pictures through the codec layer over the test kernel module vh264,
 * inside the bare guest (tests/qemu/m2m): by encode_m2m, and by libavcodec's wrapper in the same
 * cases. What comes out is decoded in software and by decode_m2m and compared with what went in.
 * With SECONDS a thousand short runs follow, and one of that length, which leave nothing behind.
 * Prints TAP.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/log.h"
#include "tests/fake/chain.h"
#include "tests/fake/holdings.h"
#include "tests/fake/m2m_path.h"
#include "tests/fake/vivid.h"

enum {
	LOW_BPS = 300 * 1000,
	RATES = 10,
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

/* An encoder that is looked at. */
struct subject {
	const char *name;
	const char *memory;  /* of vivid's pictures on their way into it */
	bool is_made_anew;   /* by each change of the bit rate */
	const char *skipped; /* why it seems to stall where pictures stop coming, or NULL */
};

struct fault {
	const char *name;
	const char *value;
	bool is_asked; /* it shows in a key frame that is asked for */
	bool is_first; /* and in the SPS, which the wrapper's streams have at their beginning alone */
};

static void check_lossless(struct chain *chain, const struct subject *subject, const char *what)
{
	bool came = chain_await(chain, 2) && chain_await(chain, 10);
	char text[160], copies[24];

	m2m_path_get_text(&chain->path, "copies", copies, sizeof(copies));
	snprintf(text, sizeof(text), "%s: %u of %u pictures are equal, %s copies", what,
		 chain->equal, chain->pictures, copies);
	result(came && chain_all_equal(chain) && chain_says(chain, "encoder", subject->name) &&
		       chain_says(chain, "memory", subject->memory),
	       subject->name, text);
}

static void check_key_frame(struct chain *chain, const struct subject *subject)
{
	bool within;

	/* one that was asked for before is at least a second ago */
	within = chain_await(chain, 12);
	venc_force_keyframe(chain->path.venc);
	/* the picture in the encoder, and two after the request */
	within = within && chain_await(chain, 4);
	result(within && chain->keys == 1, subject->name,
	       "a key frame within two pictures of the request");
}

static int count_key_frames(struct chain *chain)
{
	char text[24];

	m2m_path_get_text(&chain->path, "keyframes", text, sizeof(text));
	return (int)strtol(text, NULL, 10);
}

static void check_bit_rates(struct chain *chain, const struct subject *subject)
{
	int wanted = subject->is_made_anew ? RATES : 0, keys = count_key_frames(chain);
	bool came = true;
	char text[96];

	for (int i = 0; i < RATES && came; i++) {
		/* by more than a tenth each time */
		venc_set_bitrate(chain->path.venc, LOW_BPS + (i % 2 + 1) * INT64_C(100000));
		came = chain_await(chain, 2);
	}
	keys = count_key_frames(chain) - keys;
	snprintf(text, sizeof(text), "bit rate changed %d times, the stream begun anew %d times",
		 RATES, keys);
	result(came && keys == wanted && chain_says(chain, "encoder", subject->name) &&
		       chain_says(chain, "reopens", "0"),
	       subject->name, text);
}

/* At a rate at which no macroblock is as it was. */
static void check_strips(struct chain *chain, const struct subject *subject)
{
	bool came;
	char text[96];

	venc_set_bitrate(chain->path.venc, LOW_BPS);
	chain_draw_strips(chain, true);
	came = chain_await(chain, 5) && chain_await(chain, 10);
	snprintf(text, sizeof(text), "%u of %u time strips are read at %d kb/s", chain->strips,
		 chain->pictures, LOW_BPS / 1000);
	result(came && chain->strips == chain->pictures &&
		       chain_says(chain, "encoder", subject->name),
	       subject->name, text);
	chain_draw_strips(chain, false);
	venc_set_bitrate(chain->path.venc, CHAIN_LOSSLESS_BPS);
}

static void change_size(struct chain *chain, int width, int height)
{
	m2m_path_stop_camera(&chain->path);
	m2m_path_start_camera(&chain->path, width, height);
}

static void check_size(struct chain *chain, const struct subject *subject)
{
	change_size(chain, 640, 360);
	result(chain_await(chain, 5) && chain_says(chain, "width", "640") &&
		       chain_says(chain, "encoder", subject->name) &&
		       chain_says(chain, "reopens", "0"),
	       subject->name, "another size, with the same encoder");
	change_size(chain, 320, 180);
	result(chain_await(chain, 5) && chain_says(chain, "width", "320"), subject->name,
	       "the size before");
}

static void set_input(struct chain *chain, enum vivid_input input)
{
	int r;

	m2m_path_stop_camera(&chain->path);
	r = vivid_set_input(input);
	if (r < 0)
		m2m_path_die(strerror(-r));
	m2m_path_start_camera(&chain->path, 320, 180);
}

/* The camera gave no pictures for a while. */
static void check_pause(struct chain *chain, const struct subject *subject)
{
	if (subject->skipped)
		result(chain_await_encoder(chain, subject->name), subject->name, subject->skipped);
	else
		result(chain_says(chain, "encoder", subject->name), subject->name,
		       "no other encoder was needed meanwhile");
}

/* Another input of the camera, which loses its signal and has it again; and back. */
static void check_input(struct chain *chain, const struct subject *subject)
{
	set_input(chain, VIVID_HDMI);
	check_lossless(chain, subject, "another input");
	result(vivid_set_signal(false) == 0 && chain_await_silence(chain), subject->name,
	       "that input has no signal");
	result(vivid_set_signal(true) == 0 && chain_await(chain, 5), subject->name,
	       "it has its signal again");
	check_pause(chain, subject);
	set_input(chain, VIVID_WEBCAM);
	check_lossless(chain, subject, "the input before");
}

/* While its memory is in the encoder. */
static void check_unplug(struct chain *chain, const struct subject *subject)
{
	result(vivid_plug(false) == 0 && chain_await_silence(chain), subject->name,
	       "the camera is unplugged");
	result(vivid_plug(true) == 0 && chain_await(chain, 1), subject->name, "it is back");
	check_pause(chain, subject);
	check_lossless(chain, subject, "the camera as before");
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
static int64_t fail_over(struct chain *chain, const struct fault *fault)
{
	int64_t freeze_us = 0;

	set_fault(fault->name, fault->value);
	if (fault->is_first)
		venc_set_bitrate(chain->path.venc, CHAIN_LOSSLESS_BPS / 2);
	for (int i = 0; i < 100 && !chain_says(chain, "encoder", "libx264"); i++) {
		if (fault->is_asked)
			venc_force_keyframe(chain->path.venc);
		if (!chain_await(chain, 1))
			return -1;
		if (chain->freeze_us > freeze_us)
			freeze_us = chain->freeze_us;
	}
	return chain_says(chain, "encoder", "libx264") ? freeze_us : -1;
}

/* libx264 takes over within a second, and the device comes back when it works again. */
static void check_fault(struct chain *chain, const struct subject *subject,
			const struct fault *fault)
{
	char text[192], why[128] = "";
	int64_t freeze_us;

	if (!chain_await_encoder(chain, subject->name) || !chain_await(chain, 12))
		m2m_path_die("the encoder is not in use");
	freeze_us = fail_over(chain, fault);
	m2m_path_get_text(&chain->path, "why", why, sizeof(why));
	set_fault(fault->name, "0");
	venc_set_bitrate(chain->path.venc, CHAIN_LOSSLESS_BPS);
	snprintf(text, sizeof(text),
		 "%s: libx264, the far side stood still for %" PRId64 " ms (%s)", fault->name,
		 freeze_us / CLOCK_US_PER_MS, why);
	result(freeze_us >= 0 && freeze_us <= FREEZE_MAX_US, subject->name, text);
	result(chain_await_encoder(chain, subject->name) && chain_await(chain, 3), subject->name,
	       "is back");
}

/* Only what starts meets this fault: another size starts the queues anew. */
static void check_streamon(struct chain *chain, const struct subject *subject)
{
	char text[192], why[128] = "";
	bool over;

	set_fault("fault_streamon", "1");
	change_size(chain, 640, 360);
	over = chain_await_encoder(chain, "libx264");
	m2m_path_get_text(&chain->path, "why", why, sizeof(why));
	snprintf(text, sizeof(text), "fault_streamon: libx264 (%s)", why);
	result(over && strstr(why, strerror(EIO)), subject->name, text);
	set_fault("fault_streamon", "0");
	result(chain_await_encoder(chain, subject->name) && chain_await(chain, 3), subject->name,
	       "is back");
	change_size(chain, 320, 180);
}

/* What a device may leave unsaid without being at fault. */
static void check_no_vui(const struct subject *subject)
{
	struct chain chain;

	set_fault("fault_no_vui", "1");
	chain_open(&chain, subject->name, "h264");
	check_lossless(&chain, subject, "nothing said of reordering");
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
		chain_open(&chain, "encode_m2m", "h264");
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

	chain_open(&chain, "encode_m2m", "h264");
	good = go_on(&chain, WARM_S);
	before = look_up();
	good = good && go_on(&chain, seconds);
	check_holdings(good, "every picture of a long run is equal", &before);
	chain_close(&chain);
}

static void check_subject(const struct subject *subject)
{
	static const struct fault faults[] = {
		{"fault_stall", "1", false, false},    {"fault_late_ms", "700", false, false},
		{"fault_error", "1000", false, false}, {"fault_short", "1000", false, false},
		{"fault_reorder", "1", true, true},    {"fault_lose_key", "1", true, false},
	};
	struct chain chain;

	chain_open(&chain, subject->name, "h264");
	check_lossless(&chain, subject, "at first");
	check_key_frame(&chain, subject);
	check_bit_rates(&chain, subject);
	check_strips(&chain, subject);
	check_size(&chain, subject);
	check_input(&chain, subject);
	check_unplug(&chain, subject);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		check_fault(&chain, subject, &faults[i]);
	check_streamon(&chain, subject);
	chain_close(&chain);
	check_no_vui(subject);
}

int main(int argc, char **argv)
{
	static const struct subject own = {.name = "encode_m2m", .memory = "dmabuf"};
	static const struct subject wrapper = {
		.name = "h264_v4l2m2m",
		.memory = "mmap",
		.is_made_anew = true,
		.skipped = "skipped: libavcodec's wrapper gives a picture when the next one comes",
	};
	long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	struct chain chain;

	/* waiting for the disk, whose time is this machine's, the guest's time would run ahead */
	if (mlockall(MCL_CURRENT) < 0)
		m2m_path_die("no memory for all of the program");
	log_set_level(LOG_LEVEL_ERROR);
	check_subject(&own);
	chain_open(&chain, own.name, "decode_m2m");
	check_lossless(&chain, &own, "decoded by decode_m2m");
	chain_close(&chain);
	check_subject(&wrapper);
	if (seconds > 0) {
		check_cycles();
		check_run(seconds);
	}
	printf("1..%u\n", n_results);
	return n_failed > 0;
}
