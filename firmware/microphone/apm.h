/*
 * The audio processing module of webrtc-audio-processing 1.3: AEC3 (echo canceller and suppressor of
 * residual echo), noise suppression and a high-pass filter. The one header that C has of that C++
 * library; apm.cc is the one C++ file.
 *
 * One thread, but for creation and destruction. In steady state the library neither allocates nor
 * waits: its locks have no second user here.
 */
#ifndef BALAI_MICROPHONE_APM_H
#define BALAI_MICROPHONE_APM_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct apm;

struct apm_config {
	unsigned int channels; /* of microphones; all get one suppression gain */
	bool cancels_echo;     /* AEC3, and the high-pass that it wants */
	bool suppresses_noise; /* by 18 dB at most */
};

struct apm_stats {
	int delay_ms;   /* from the reference to its echo, as AEC3 found it; -1: unknown */
	double erle_db; /* of the linear filter; NaN: unknown */
};

/* Returns 0 and hands over *ret_apm, -EINVAL for what the library refuses, or -ENOMEM. */
int apm_create(const struct apm_config *config, struct apm **ret_apm)
	__attribute__((warn_unused_result));

/* NULL is allowed. */
void apm_destroy(struct apm *apm);

/*
 * One period: the reference, mono (NULL where no echo is cancelled), and then the channels in place.
 * Samples are finite and in -1..1. Real-time.
 */
void apm_process(struct apm *apm, const float *reference, float *const *channels);

/* The thread of apm_process(). Takes the library's lock and may allocate: not real-time. */
struct apm_stats apm_get_stats(struct apm *apm);

#ifdef __cplusplus
}
#endif

#endif
