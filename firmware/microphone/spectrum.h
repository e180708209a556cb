/*
 * Fourier transforms of two periods, by libavutil, which has them in SSE, AVX and NEON: the real
 * ones that overlap-save filters are made of.
 *
 * One thread. No heap after creation.
 */
#ifndef BALAI_MICROPHONE_SPECTRUM_H
#define BALAI_MICROPHONE_SPECTRUM_H

#include <libavutil/tx.h>

#include "base/sound.h"

#define SPECTRUM_FRAMES (2 * SOUND_PERIOD_FRAMES)
#define SPECTRUM_BINS (SOUND_PERIOD_FRAMES + 1)
#define SPECTRUM_BIN_HZ 50 /* SOUND_RATE_HZ / SPECTRUM_FRAMES */

struct spectrum {
	AVTXContext *forward, *backward;
	av_tx_fn forward_fn, backward_fn;
	/* Aligned for the transforms. */
	float *time;
	AVComplexFloat *bins;
};

/* Returns 0 or -ENOMEM; finish it then too. */
int spectrum_init(struct spectrum *spectrum) __attribute__((warn_unused_result));

/* {0} is allowed. */
void spectrum_finish(struct spectrum *spectrum);

/* bins of time, both the spectrum's own. Real-time. */
void spectrum_forward(struct spectrum *spectrum);

/* time of bins; bins are lost. Real-time. */
void spectrum_backward(struct spectrum *spectrum);

#endif
