/*
 * bench_m2m: what a picture costs from the camera to coded, by each way into the test kernel module
 * vh264, inside the bare guest (tests/qemu/m2m bench). Prints TAP, and for each way a line
 * "figure NAME COPIES BYTES INSTRUCTIONS", all of user space, a picture.
 *
 * The bytes are all that memcpy() copies, coded ones and small things included; the copies are how
 * many whole pictures there are in them.
 *
 * The instructions are those of the whole program, all its threads: taking the picture from the
 * camera, the capture loop, the codec layer, the encoder. The guest's PMU counts them, which it does
 * where QEMU counts instructions itself (-icount) on one processor.
 */
#include <inttypes.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "tests/fake/m2m_path.h"

enum {
	WIDTH = 1280,
	HEIGHT = 720,
	BITRATE_BPS = 2500 * 1000,
	WARM_UP = 8, /* pictures, with the first IDR and its probe */
	PICTURES = 48,
	PICTURE_BYTES = WIDTH * HEIGHT * 3 / 2, /* of 4:2:0 */
};

#define PATIENT_US (60 * CLOCK_US_PER_S)
#define LONG_US (300 * CLOCK_US_PER_S)

struct way {
	const char *name;
	const char *encoder;
	bool hides_dmabuf; /* as a camera does whose memory is nobody else's */
	const char *memory;
};

struct bench {
	struct m2m_path path;
	const struct way *way;
	int counter;

	pthread_mutex_t lock;
	pthread_cond_t done;
	unsigned int coded;
	uint64_t instructions; /* at the first picture measured, then between first and last */
	uint64_t moved_bytes;  /* so, too */
	int64_t copied_bytes;  /* so, too: of pictures, as Status has it */
};

/* By memcpy(), since the start. */
static atomic_uint_least64_t moved_bytes;

/* The libraries call this one too: a program's own functions come before those of its libraries. */
void *memcpy(void *dest, const void *src, size_t n)
{
	atomic_fetch_add_explicit(&moved_bytes, n, memory_order_relaxed);
	return memmove(dest, src, n);
}

/* User space alone, of all threads that the program is going to have. */
static int open_counter(void)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attributes),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.inherit = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		m2m_path_die("the processor counts no instructions");
	return (int)fd;
}

static uint64_t read_counter(const struct bench *bench)
{
	uint64_t count;

	if (read(bench->counter, &count, sizeof(count)) != sizeof(count))
		m2m_path_die("the counter cannot be read");
	return count;
}

static int64_t status_number(struct bench *bench, const char *key)
{
	char text[32];

	m2m_path_get_text(&bench->path, key, text, sizeof(text));
	return strtoll(text, NULL, 10);
}

static void on_picture(void *context, const AVFrame *picture)
{
	struct bench *bench = context;
	AVFrame *given = av_frame_clone(picture);

	if (!given)
		m2m_path_die("no memory");
	if (bench->way->hides_dmabuf)
		av_buffer_unref(&given->opaque_ref);
	venc_submit(bench->path.venc, given);
	av_frame_free(&given);
}

/*
 * In the thread of the encoder, which alone counts. Status costs instructions too: it is asked
 * outside of what is counted.
 */
static void on_packet(void *context, const AVPacket *packet)
{
	struct bench *bench = context;
	unsigned int coded = bench->coded + 1;

	(void)packet;
	if (coded == WARM_UP) {
		bench->copied_bytes = status_number(bench, "copied_bytes");
		bench->moved_bytes = moved_bytes;
		bench->instructions = read_counter(bench);
	} else if (coded == WARM_UP + PICTURES) {
		bench->instructions = read_counter(bench) - bench->instructions;
		bench->moved_bytes = moved_bytes - bench->moved_bytes;
		bench->copied_bytes = status_number(bench, "copied_bytes") - bench->copied_bytes;
	}
	pthread_mutex_lock(&bench->lock);
	bench->coded = coded;
	pthread_cond_signal(&bench->done);
	pthread_mutex_unlock(&bench->lock);
}

static bool await_end(struct bench *bench)
{
	const struct timespec deadline = clock_timespec(clock_now_us() + LONG_US);
	bool late = false;

	pthread_mutex_lock(&bench->lock);
	while (bench->coded < WARM_UP + PICTURES && !late)
		late = pthread_cond_clockwait(&bench->done, &bench->lock, CLOCK_MONOTONIC,
					      &deadline) != 0;
	pthread_mutex_unlock(&bench->lock);
	return !late;
}

/* Whether each picture went the way that is measured, with the copies that Status tells. */
static bool went(struct bench *bench, uint64_t copies)
{
	char encoder[32], memory[32];

	m2m_path_get_text(&bench->path, "encoder", encoder, sizeof(encoder));
	m2m_path_get_text(&bench->path, "memory", memory, sizeof(memory));
	return strcmp(encoder, bench->way->encoder) == 0 &&
	       strcmp(memory, bench->way->memory) == 0 && status_number(bench, "dropped") == 0 &&
	       bench->copied_bytes == (int64_t)(copies * PICTURES * PICTURE_BYTES);
}

static bool measure(const struct way *way, int counter)
{
	struct bench bench = {
		.way = way,
		.counter = counter,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.done = PTHREAD_COND_INITIALIZER,
	};
	const struct m2m_path_config config = {
		.encoder = way->encoder,
		.width = WIDTH,
		.height = HEIGHT,
		.bitrate_bps = BITRATE_BPS,
		.stall_us = PATIENT_US,
		.on_picture = on_picture,
		.on_packet = on_packet,
		.context = &bench,
	};
	uint64_t copies;
	bool good;

	m2m_path_open(&bench.path, &config);
	good = await_end(&bench);
	copies = bench.moved_bytes / PICTURES / PICTURE_BYTES;
	good = good && went(&bench, copies);
	m2m_path_close(&bench.path);
	printf("figure %s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", way->name, copies,
	       bench.moved_bytes / PICTURES, bench.instructions / PICTURES);
	return good;
}

int main(void)
{
	static const struct way ways[] = {
		{"dmabuf", "encode_m2m", false, "dmabuf"},
		{"mmap", "encode_m2m", true, "mmap"},
		{"wrapper", "h264_v4l2m2m", false, "mmap"},
	};
	enum { WAYS = sizeof(ways) / sizeof(ways[0]) };
	int counter = open_counter(), failed = 0;

	log_set_level(LOG_LEVEL_ERROR);
	for (size_t i = 0; i < WAYS; i++) {
		bool good = measure(&ways[i], counter);

		failed += !good;
		printf("%sok %zu - %s: each picture goes this way, with the copies that Status "
		       "tells\n",
		       good ? "" : "not ", i + 1, ways[i].name);
	}
	printf("1..%d\n", WAYS);
	close(counter);
	return failed > 0;
}
