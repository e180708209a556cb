#include "speaker/jitter.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
	HISTORY_PACKETS = 512, /* 10 s */
	SPREAD_BINS = 256,     /* of 1 ms */
	PERCENT_IN_TIME = 99,
	CONCEAL_TURNS_MAX = 10, /* by then concealment has faded away */
};

/* A turn is asked for up to one period before the speaker runs out of the turn before. */
#define ASK_AHEAD_US SOUND_PERIOD_US
/* Above the minimum, until the path is known. */
#define FIRST_MARGIN_US (20 * CLOCK_US_PER_MS)
/* As fast as jitter_trim() can follow: 0.8 % of a turn. */
#define TARGET_FALL_US (JITTER_TURN_US * JITTER_TRIM_MAX / SOUND_PERIOD_FRAMES)
#define PAUSE_US CLOCK_US_PER_S
/* Too much to trim away: the thread stood still, or the path became shorter. */
#define SKIP_US (60 * CLOCK_US_PER_MS)
#define HOLD_FROM_US (5 * CLOCK_US_PER_MS)
#define TRIM_FROM_US (3 * CLOCK_US_PER_MS)
#define TRIM_STEP_US (4 * CLOCK_US_PER_MS)

struct slot {
	bool used;
	int64_t number;
	struct jitter_packet packet;
};

/*
 * Packets have a `number`, the sequence without wrapping. An `offset` is an instant minus the
 * number's 20 ms turns: the same for all packets of a steady stream on a steady path.
 */
struct jitter {
	int64_t delay_min_us;
	int64_t delay_max_us;
	struct jitter_counters counters;

	bool begun;   /* a packet came: `newest` counts */
	bool playing; /* turns are running: `next` counts */
	int64_t newest;
	int64_t next;
	int64_t last_arrival_us;
	unsigned int concealed; /* turns in a row */

	int64_t target_us;
	int64_t lag_us; /* smoothed */
	bool trimming;

	int64_t offsets[HISTORY_PACKETS];
	size_t offset_count;
	size_t offset_at;
	int64_t least_offset;

	struct slot slots[JITTER_PACKETS_MAX];
};

int jitter_create(int64_t delay_min_us, int64_t delay_max_us, struct jitter **ret_jitter)
{
	struct jitter *jitter = calloc(1, sizeof(*jitter));

	if (!jitter)
		return -ENOMEM;
	jitter->delay_min_us = delay_min_us;
	jitter->delay_max_us = delay_max_us;
	jitter_reset(jitter);
	*ret_jitter = jitter;
	return 0;
}

void jitter_destroy(struct jitter *jitter)
{
	free(jitter);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	if (value < low)
		return low;
	return value > high ? high : value;
}

static void set_target(struct jitter *jitter, int64_t target_us)
{
	jitter->target_us = clamp(target_us, jitter->delay_min_us, jitter->delay_max_us);
	atomic_store(&jitter->counters.target_us, jitter->target_us);
}

static void begin_anew(struct jitter *jitter)
{
	jitter->begun = false;
	jitter->playing = false;
	jitter->concealed = 0;
	jitter->trimming = false;
	jitter->offset_count = 0;
	jitter->offset_at = 0;
	for (size_t i = 0; i < JITTER_PACKETS_MAX; i++)
		jitter->slots[i].used = false;
	set_target(jitter, jitter->delay_min_us + FIRST_MARGIN_US);
}

void jitter_reset(struct jitter *jitter)
{
	atomic_store(&jitter->counters.late, 0);
	atomic_store(&jitter->counters.lost, 0);
	atomic_store(&jitter->counters.resets, 0);
	begin_anew(jitter);
}

static void restart(struct jitter *jitter)
{
	begin_anew(jitter);
	atomic_fetch_add(&jitter->counters.resets, 1);
}

static struct slot *slot_of(struct jitter *jitter, int64_t number)
{
	return &jitter->slots[(uint64_t)number % JITTER_PACKETS_MAX];
}

/* How much later than the fastest packet 99 % of them came, at most. */
static int64_t spread_us(const struct jitter *jitter)
{
	unsigned int bins[SPREAD_BINS] = {0};
	size_t rank = (jitter->offset_count * PERCENT_IN_TIME + 99) / 100;
	size_t seen = 0;
	int bin = -1;

	for (size_t i = 0; i < jitter->offset_count; i++) {
		int64_t later_us = jitter->offsets[i] - jitter->least_offset;

		bins[clamp(later_us / CLOCK_US_PER_MS, 0, SPREAD_BINS - 1)]++;
	}
	while (seen < rank)
		seen += bins[++bin];
	return (bin + 1) * CLOCK_US_PER_MS;
}

static void learn(struct jitter *jitter, int64_t offset)
{
	int64_t target_us;

	jitter->offsets[jitter->offset_at] = offset;
	jitter->offset_at = (jitter->offset_at + 1) % HISTORY_PACKETS;
	if (jitter->offset_count < HISTORY_PACKETS)
		jitter->offset_count++;

	jitter->least_offset = INT64_MAX;
	for (size_t i = 0; i < jitter->offset_count; i++)
		if (jitter->offsets[i] < jitter->least_offset)
			jitter->least_offset = jitter->offsets[i];

	target_us = spread_us(jitter) + ASK_AHEAD_US;
	if (target_us < jitter->target_us - TARGET_FALL_US)
		target_us = jitter->target_us - TARGET_FALL_US;
	set_target(jitter, target_us);
}

/* The number of a packet; begins anew where its sequence continues nothing that is known. */
static int64_t number_of(struct jitter *jitter, uint32_t sequence)
{
	int64_t ahead = (int32_t)(sequence - (uint32_t)jitter->newest);

	if (jitter->begun && llabs(ahead) >= JITTER_PACKETS_MAX)
		restart(jitter);
	if (!jitter->begun) {
		jitter->begun = true;
		/* Far above 0, so that packets before the first have numbers too. */
		jitter->newest = (INT64_C(1) << 32) + sequence;
		return jitter->newest;
	}
	return jitter->newest + ahead;
}

void jitter_put(struct jitter *jitter, const struct jitter_packet *packet)
{
	int64_t number = number_of(jitter, packet->sequence);
	struct slot *slot = slot_of(jitter, number);

	if (number > jitter->newest)
		jitter->newest = number;
	jitter->last_arrival_us = packet->arrival_us;
	learn(jitter, packet->arrival_us - number * JITTER_TURN_US);

	if ((jitter->playing && number < jitter->next) || (slot->used && slot->number > number)) {
		atomic_fetch_add(&jitter->counters.late, 1);
		return;
	}
	if (slot->used && slot->number < number)
		atomic_fetch_add(&jitter->counters.late, 1);
	slot->used = true;
	slot->number = number;
	slot->packet = *packet;
}

static int64_t lag_at(const struct jitter *jitter, int64_t start_us)
{
	return start_us - jitter->next * JITTER_TURN_US - jitter->least_offset;
}

/* Moves on to the turn that is due at start_us; what is passed over came too late for it. */
static void go_to_due_turn(struct jitter *jitter, int64_t start_us)
{
	int64_t due = (start_us - jitter->least_offset - jitter->target_us) / JITTER_TURN_US;

	for (size_t i = 0; i < JITTER_PACKETS_MAX; i++) {
		struct slot *slot = &jitter->slots[i];

		if (!slot->used || slot->number >= due)
			continue;
		slot->used = false;
		atomic_fetch_add(&jitter->counters.late, 1);
	}
	jitter->next = due;
	jitter->lag_us = lag_at(jitter, start_us);
}

/* Returns how long to be silent before the first turn; 0 when it has come. */
static int64_t start_playing(struct jitter *jitter, int64_t start_us)
{
	int64_t oldest = jitter->newest;
	int64_t lag_us;

	if (!jitter->begun)
		return SOUND_PERIOD_US;
	for (size_t i = 0; i < JITTER_PACKETS_MAX; i++)
		if (jitter->slots[i].used && jitter->slots[i].number < oldest)
			oldest = jitter->slots[i].number;
	jitter->next = oldest;
	lag_us = lag_at(jitter, start_us);
	if (lag_us < jitter->target_us)
		return clamp(jitter->target_us - lag_us, 0, JITTER_TURN_US);
	go_to_due_turn(jitter, start_us);
	jitter->playing = true;
	return 0;
}

static enum jitter_turn conceal(struct jitter *jitter, int64_t lag_us, int64_t *ret_silence_us)
{
	/* To wait longer is not heard here: the turn is held until the lag is about the target. */
	if (lag_us + HOLD_FROM_US > jitter->target_us)
		jitter->next++;
	atomic_fetch_add(&jitter->counters.lost, 1);
	if (++jitter->concealed <= CONCEAL_TURNS_MAX)
		return JITTER_CONCEAL;
	*ret_silence_us = JITTER_TURN_US;
	return JITTER_SILENCE;
}

enum jitter_turn jitter_take(struct jitter *jitter, int64_t start_us,
			     const struct jitter_packet **ret_packet, int64_t *ret_silence_us)
{
	struct slot *slot;
	int64_t lag_us;

	if (jitter->begun && start_us - jitter->last_arrival_us > PAUSE_US)
		restart(jitter);
	if (!jitter->playing) {
		*ret_silence_us = start_playing(jitter, start_us);
		if (*ret_silence_us > 0)
			return JITTER_SILENCE;
	}
	lag_us = lag_at(jitter, start_us);
	if (lag_us > jitter->target_us + SKIP_US) {
		go_to_due_turn(jitter, start_us);
		lag_us = jitter->lag_us;
	}
	jitter->lag_us += (lag_us - jitter->lag_us) / 16;

	slot = slot_of(jitter, jitter->next);
	if (!slot->used || slot->number != jitter->next)
		return conceal(jitter, lag_us, ret_silence_us);
	slot->used = false;
	jitter->concealed = 0;
	jitter->next++;
	*ret_packet = &slot->packet;
	return JITTER_PACKET;
}

int jitter_trim(struct jitter *jitter)
{
	int64_t excess_us = jitter->lag_us - jitter->target_us;
	int64_t size_us = llabs(excess_us);
	int samples;

	if (!jitter->playing || size_us < CLOCK_US_PER_MS)
		jitter->trimming = false;
	else if (size_us > TRIM_FROM_US)
		jitter->trimming = true;
	if (!jitter->trimming)
		return 0;
	samples = (int)clamp(1 + size_us / TRIM_STEP_US, 1, JITTER_TRIM_MAX);
	return excess_us > 0 ? samples : -samples;
}

const struct jitter_counters *jitter_counters(const struct jitter *jitter)
{
	return &jitter->counters;
}
