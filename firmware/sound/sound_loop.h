/*
 * The room's sound: one real-time thread that owns both ends, and one ordinary thread, the keeper,
 * that opens and closes the devices for it.
 *
 *                 ┌────────── "sound" thread, each 10 ms ──────────┐
 *   microphone ───┼─► read ─► stages ─► level ─► opus_out_put()    │
 *                 │             ▲                                  │
 *                 │             └─ what the speaker plays ─┐       │
 *                 │ mixer_render() ─► level ───────────────┴─► write ───► speaker
 *                 └──────▲──────────────────────────────────┬──────┘
 *                 opened │                                  │ unplugged, failed
 *                        └───────────── keeper ◄────────────┘
 *
 * The microphone sets the pace, or CLOCK_MONOTONIC where there is none. Without a microphone
 * silence is sent; without a speaker the far sound is rendered and discarded.
 */
#ifndef BALAI_SOUND_SOUND_LOOP_H
#define BALAI_SOUND_SOUND_LOOP_H

#include <jansson.h>
#include <stddef.h>

#include "microphone/geometry.h"
#include "microphone/mic_stage.h"
#include "microphone/microphone.h"
#include "microphone/opus_out.h"
#include "speaker/mixer.h"
#include "speaker/speaker.h"

#define SOUND_LOOP_STAGES_MAX 8
#define SOUND_LOOP_SOURCES_MAX 8

/* Heard beside the microphone; see sound/source.h. */
struct sound_loop_source {
	struct mic *mic;
	unsigned int channel;
	struct mic_stage *stage;
};

struct sound_loop;

struct sound_loop_config {
	struct mic *mic;                         /* NULL: the board names none */
	struct speaker *speaker;                 /* NULL: the board names none */
	struct mic_stage **stages;               /* in order; the last leaves one channel */
	size_t stage_count;                      /* 1..SOUND_LOOP_STAGES_MAX */
	const struct sound_loop_source *sources; /* copied */
	size_t source_count;                     /* 0..SOUND_LOOP_SOURCES_MAX */
	struct mixer *mixer;
	struct opus_out *opus_out;
};

/*
 * Starts both threads. The devices, stages, mixer and Opus out stay the caller's, and must outlive
 * the loop. Returns 0 and hands over *ret_loop, or -EINVAL, -ENOMEM, -errno.
 */
int sound_loop_create(const struct sound_loop_config *config, struct sound_loop **ret_loop)
	__attribute__((warn_unused_result));

/* Stops both threads and closes the devices; NULL is allowed. */
void sound_loop_destroy(struct sound_loop *loop);

/*
 * Tests the microphones and loudspeakers, as sound_test_run(); geometry: of the microphones. Returns
 * as it does, and -ENODEV where one of both is not open. Any thread.
 */
int sound_loop_test(struct sound_loop *loop, const struct geometry *geometry, int64_t deadline_us,
		    json_t **ret_faults) __attribute__((warn_unused_result));

/*
 * {"realtime":true, "periods":…, "late_periods":…, "period":{stats},
 *  "drift_ppm":… (of the speaker's clock, against the microphone's),
 *  "microphone":{"state":"running", "device":"…", "fault":null, "channels":…, "rate_hz":…,
 *                "xruns":…, "stalls":…, "opens":…, "rms_dbfs":…, "peak_dbfs":…},
 *  "speaker":{"state":…, "device":…, "fault":…, "rate_hz":…, "xruns":…, "full":…, "opens":…,
 *             "rms_dbfs":…, "peak_dbfs":…, "queued":{stats}},
 *  "sources":[as "microphone", without what is about its periods],
 *  "self_test":null (none yet), or what the last one found: [] or [{"en":"…", "id":"…"}]}
 * state: "running", "opening", "none", or why it is not there: "unplugged", "absent", "busy",
 * "failed". Any thread. NULL without memory; the caller owns it.
 */
json_t *sound_loop_to_json(struct sound_loop *loop);

#endif
