/*
 * What the real-time thread does in 10 ms: one period from the microphone to Opus out, and as many
 * from the mixer as the speaker needs. sound_loop.h draws it; this is its inside, apart from the
 * thread, so that tests move the time.
 *
 * The microphone and the speaker may run by different crystals: the loop keeps the speaker's queue
 * filled, so the mixer is asked for a period more or less now and then, which its jitter buffers
 * take up.
 */
#ifndef BALAI_SOUND_DUPLEX_H
#define BALAI_SOUND_DUPLEX_H

#include "base/clock.h"
#include "base/sound_level.h"
#include "base/stats.h"
#include "sound/handover.h"
#include "sound/sound_loop.h"
#include "sound/sound_test.h"
#include "sound/source.h"

/* Kept in the speaker: what a late wake-up may use up before the speaker runs dry. */
#define DUPLEX_QUEUE_US (2 * SOUND_PERIOD_US)
/* A device that gives or takes nothing for so many periods is given back as failed. */
#define DUPLEX_STALL_PERIODS 50

struct duplex_config {
	const struct clock *clock;
	struct handover *mic;     /* of a struct mic */
	struct handover *speaker; /* of a struct speaker */
	/* Called after a device was given back. */
	void (*wake_keeper)(void *context);
	void *context;
	struct mic_stage **stages;
	size_t stage_count;
	struct source **sources; /* added to what the stages leave */
	size_t source_count;     /* up to SOUND_LOOP_SOURCES_MAX */
	struct mixer *mixer;
	struct sound_test *test; /* NULL: there is none */
	/* One block a period; the real-time thread calls it. */
	void (*put)(void *sink, const struct opus_out_block *block);
	void *sink;
};

/* Any thread may read them. */
struct duplex_status {
	_Atomic uint64_t periods;
	_Atomic uint64_t late_periods; /* that took longer than SOUND_PERIOD_US to work on */
	_Atomic uint64_t stalls;       /* periods in which the microphone gave nothing in time */
	_Atomic uint64_t stale;       /* periods that it gave after silence had taken their place */
	_Atomic uint64_t full;        /* periods that the speaker had no room for */
	struct sound_level mic_level; /* after the stages */
	struct sound_level speaker_level;
	struct stats period; /* the work of one, without waiting for the microphone */
	struct stats queued; /* in the speaker before each period */
};

struct duplex;

/* Returns 0 and hands over *ret_duplex, or -EINVAL, -ENOMEM. */
int duplex_create(const struct duplex_config *config, struct duplex **ret_duplex)
	__attribute__((warn_unused_result));

/* Leaves the devices that it holds to the keeper. NULL is allowed. */
void duplex_destroy(struct duplex *duplex);

/*
 * One period. Returns 0 when the microphone set its pace, else when the next one is due
 * (the clock's µs). Real-time: no heap, lock, log or file.
 */
int64_t duplex_run_period(struct duplex *duplex);

/* How much faster the speaker plays than the microphone captures, in parts per million. */
double duplex_drift_ppm(const struct duplex *duplex);

const struct duplex_status *duplex_get_status(const struct duplex *duplex);

#endif
