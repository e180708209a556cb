/*
 * The linear part of echo cancellation: models the path from the loudspeaker to one microphone (or
 * beam) over ECHO_FILTER_MS and subtracts its echo. A partitioned-block Kalman filter in the
 * frequency domain: Enzner and Vary, "Frequency-domain adaptive Kalman filter for acoustic echo
 * control in hands-free telephones", Signal Processing 86 (2006); partitions after Kuech, Mabande
 * and Enzner, "State-space architecture of the partitioned-block-based acoustic echo controller",
 * ICASSP 2014. It knows how uncertain it is, so it adapts fast while it may and hardly at all while
 * people speak, and needs no detector of double talk.
 *
 * Adds no delay. One thread; no heap after creation.
 */
#ifndef BALAI_MICROPHONE_ECHO_FILTER_H
#define BALAI_MICROPHONE_ECHO_FILTER_H

#define ECHO_FILTER_MS 400

struct echo_filter;

/* Returns 0 and hands over *ret_filter, or -ENOMEM. */
int echo_filter_create(struct echo_filter **ret_filter) __attribute__((warn_unused_result));

/* NULL is allowed. */
void echo_filter_destroy(struct echo_filter *filter);

/* Forgets the path. Real-time. */
void echo_filter_reset(struct echo_filter *filter);

/* One period: takes from `samples`, in place, what they have of the reference. Real-time. */
void echo_filter_process(struct echo_filter *filter, const float *reference, float *samples);

#endif
