/*
 * Opus in: one far voice from packets to samples, through the jitter buffer.
 *
 * The real-time thread alone, but for opus_in_add_json(). No heap after creation: libopus decodes
 * on the stack.
 */
#ifndef BALAI_SPEAKER_OPUS_IN_H
#define BALAI_SPEAKER_OPUS_IN_H

#include <jansson.h>
#include <stdint.h>

#include "speaker/jitter.h"

struct opus_in;

/* Returns 0 and hands over *ret_in, or -ENOMEM. */
int opus_in_create(int64_t delay_min_us, int64_t delay_max_us, struct opus_in **ret_in)
	__attribute__((warn_unused_result));

void opus_in_destroy(struct opus_in *in);

/* As created: for the next voice. */
void opus_in_reset(struct opus_in *in);

void opus_in_put(struct opus_in *in, const struct jitter_packet *packet);

/*
 * The next SOUND_PERIOD_FRAMES samples. now_us: when they go to the speaker; play_us: when the
 * first of them will be heard.
 */
void opus_in_render(struct opus_in *in, int64_t now_us, int64_t play_us, float *samples);

/* Adds what mixer_source_to_json() tells of it to `object`. Any thread. Returns 0 or -ENOMEM. */
int opus_in_add_json(struct opus_in *in, json_t *object) __attribute__((warn_unused_result));

#endif
