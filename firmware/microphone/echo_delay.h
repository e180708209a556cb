/*
 * How late the loudspeaker is heard, for what no card tells: a television that works on its pictures,
 * a wireless loudspeaker. The coherence of the microphones with the reference is watched at each lag;
 * where it is highest is the echo. The reference is delayed by whole periods, so that echo_filter has
 * the echo in its first half; an echo that is there already is left alone.
 *
 *   reference ─► ring ─┬─► that of the echo's lag
 *                      └─► spectra ─► coherence with the microphones, each lag ─► the highest
 *
 * One thread; no heap after creation.
 */
#ifndef BALAI_MICROPHONE_ECHO_DELAY_H
#define BALAI_MICROPHONE_ECHO_DELAY_H

#include <stdbool.h>

/* That is followed; what is up to half as much later is only noticed. */
#define ECHO_DELAY_MAX_MS 1000

struct echo_delay;

/* Returns 0 and hands over *ret_delay, or -ENOMEM. */
int echo_delay_create(struct echo_delay **ret_delay) __attribute__((warn_unused_result));

/* NULL is allowed. */
void echo_delay_destroy(struct echo_delay *delay);

/* Real-time. */
void echo_delay_reset(struct echo_delay *delay);

/*
 * One period: `heard` of the microphones; `reference` is changed in place to what it was when the echo
 * was played. Returns whether it is another one than before, which the filter has not learned.
 * Real-time.
 */
bool echo_delay_process(struct echo_delay *delay, const float *heard, float *reference);

/* What the reference is delayed by. */
unsigned int echo_delay_ms(const struct echo_delay *delay);

/* Whether the echo is heard later than ECHO_DELAY_MAX_MS. */
bool echo_delay_is_beyond(const struct echo_delay *delay);

#endif
