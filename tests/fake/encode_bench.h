/*
 * The codec layer on a bench: pictures of noise in, packets kept, and a fake encoder ("fake",
 * "fake 2") before the real one ("libx264"). For tests alone: what must not happen fails the test.
 */
#ifndef BALAI_TESTS_ENCODE_BENCH_H
#define BALAI_TESTS_ENCODE_BENCH_H

#include "base/clock.h"
#include "camera/encode.h"
#include "tests/fake/fake_encoder.h"

#include <pthread.h>
#include <stdbool.h>

#define ENCODE_BENCH_LONG_US (20 * CLOCK_US_PER_S)
/* Longer than a busy machine makes anyone wait. */
#define ENCODE_BENCH_STALL_US CLOCK_US_PER_S
#define ENCODE_BENCH_FRAME_US 33333

enum {
	ENCODE_BENCH_WIDTH = 320,
	ENCODE_BENCH_HEIGHT = 180,
	ENCODE_BENCH_PACKETS_MAX = 256,
	ENCODE_BENCH_NAMES_MAX = 3,
	ENCODE_BENCH_BITRATE = 500000
};

/* Keeps all packets, decodes them in order, and lets a test wait for them. */
struct encode_sink {
	pthread_mutex_t lock;
	pthread_cond_t came;
	AVPacket *packets[ENCODE_BENCH_PACKETS_MAX];
	size_t count;
};

struct encode_bench {
	struct fake_encoder *fake;
	struct venc_kind kinds[3];
	struct encode_sink sink;
	struct venc *venc;
	int64_t pts;
	int width;
	int height;
};

/* Whether a packet beyond `count` is there by then. */
bool encode_bench_wait_beyond(struct encode_sink *sink, size_t count, int64_t deadline_us);

size_t encode_bench_count_packets(struct encode_bench *bench);

/* Noise, of the bench's size, a frame later than the one before. */
AVFrame *encode_bench_make_picture(struct encode_bench *bench);

void encode_bench_submit(struct encode_bench *bench);

/* Gives pictures, one after the other, until one comes out beyond those that were there. */
void encode_bench_submit_until_packet(struct encode_bench *bench);

/* A picture at a time, each waited for. */
void encode_bench_encode(struct encode_bench *bench, unsigned int pictures);

void encode_bench_wait_submitted(struct encode_bench *bench, unsigned int submitted);
void encode_bench_wait_destroyed(struct encode_bench *bench, unsigned int destroyed);

/* Gives pictures until that many encoders have failed and are gone. */
void encode_bench_submit_until_destroyed(struct encode_bench *bench, unsigned int destroyed);

/* The order is of "fake", "fake 2" (the same fake) and "libx264", and ends with NULL. */
struct venc_config encode_bench_make_config(struct encode_bench *bench, const char *const *order);

int encode_bench_set_up(void **state);
int encode_bench_tear_down(void **state);

void encode_bench_start(struct encode_bench *bench, const struct venc_config *config);
void encode_bench_start_in_order(struct encode_bench *bench, const char *const *order);

/* With a stall limit that a test can wait for. */
void encode_bench_start_to_stall(struct encode_bench *bench, const char *const *order);

/*
 * What came out is what camera/encode.h promises: times rise and are those of pictures, IDRs are
 * marked and complete, and all of it decodes without reordering from the first packet on.
 */
void encode_bench_assert_stream(struct encode_sink *sink);

/* Key frames from that packet on. */
size_t encode_bench_count_keys(struct encode_bench *bench, size_t from);

/* Never NULL; to be freed by the caller. */
json_t *encode_bench_status(struct encode_bench *bench);
void encode_bench_assert_status(struct encode_bench *bench, const char *key, const char *value);
bool encode_bench_has_state(struct encode_bench *bench, const char *state);
json_int_t encode_bench_status_number(struct encode_bench *bench, const char *key);

/* There were n changes, all for that cause: the first encoder anew, and at last libx264. */
void encode_bench_assert_changes(struct encode_bench *bench, size_t n, const char *cause);
json_int_t encode_bench_count_changes(struct encode_bench *bench);

/* Gives pictures until that many changes were made. */
void encode_bench_submit_until_changes(struct encode_bench *bench, json_int_t changes);

#endif
