/*
 * Converts a stream of interleaved float frames from one rate to another by libswresample.
 *
 * One thread. All memory is taken at creation: converting is real-time.
 */
#ifndef BALAI_DRIVERS_PCM_RATE_H
#define BALAI_DRIVERS_PCM_RATE_H

#include <stddef.h>
#include <stdint.h>

struct pcm_rate;

/* Takes 10 ms at a time. Returns 0 and hands over *ret_rate, or -EINVAL, -ENOMEM. */
int pcm_rate_create(unsigned int channels, unsigned int from_hz, unsigned int to_hz,
		    struct pcm_rate **ret_rate) __attribute__((warn_unused_result));

/* NULL is allowed. */
void pcm_rate_destroy(struct pcm_rate *rate);

/* The frames that one call may give at most, for a rate of to_hz. */
#define PCM_RATE_OUT_MAX(to_hz) ((to_hz) / 100 + 64)

/*
 * Takes in_count frames, at most 10 ms, and gives what comes of them, at most PCM_RATE_OUT_MAX
 * frames. Returns how many, or -EINVAL.
 */
int pcm_rate_convert(struct pcm_rate *rate, const float *in, size_t in_count, float *out)
	__attribute__((warn_unused_result));

/* How much sound is inside, in µs. */
int64_t pcm_rate_delay_us(const struct pcm_rate *rate);

#endif
