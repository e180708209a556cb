/*
 * Distributions of durations, cheap enough to add to at every frame and read from any thread.
 *
 * A histogram with log-linear buckets (8 a power of two: at most 12.5 % too large) up to 67 s, kept
 * for the last 10 to 20 s in two alternating halves, so that Status tells how it is now.
 */
#ifndef BALAI_BASE_STATS_H
#define BALAI_BASE_STATS_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdint.h>

#define STATS_BUCKETS 192

struct stats_half {
	_Atomic uint32_t buckets[STATS_BUCKETS];
	_Atomic int64_t max_us;
};

/* All members are private to stats.c; {0} is a valid empty one. */
struct stats {
	struct stats_half halves[2];
	_Atomic int64_t half_started_us;
	_Atomic int newest;
};

struct stats_summary {
	uint64_t count;
	int64_t p50_us;
	int64_t p95_us;
	int64_t p99_us;
	int64_t max_us;
};

/* Any thread, real-time included; a negative value counts as 0. now_us: CLOCK_MONOTONIC. */
void stats_add(struct stats *stats, int64_t value_us, int64_t now_us);

struct stats_summary stats_summarize(const struct stats *stats, int64_t now_us);

/* {"n":…, "p50_us":…, "p95_us":…, "p99_us":…, "max_us":…}; NULL without memory. Caller owns it. */
json_t *stats_to_json(const struct stats *stats, int64_t now_us);

#endif
