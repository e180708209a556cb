#include "base/stats.h"

#include "base/clock.h"

enum {
	BUCKETS_PER_POWER = 8,
	BUCKETS_LOG2 = 3,
};

#define HALF_US (10 * CLOCK_US_PER_S)

/* 0..7 µs have a bucket each; from 8 µs on every power of two is cut into eight. */
static unsigned int bucket_of(uint64_t value)
{
	unsigned int power, bucket;

	if (value < BUCKETS_PER_POWER)
		return (unsigned int)value;
	power = 63 - (unsigned int)__builtin_clzll(value);
	bucket = (power - BUCKETS_LOG2 + 1) * BUCKETS_PER_POWER +
		 (unsigned int)(value >> (power - BUCKETS_LOG2)) % BUCKETS_PER_POWER;
	return bucket < STATS_BUCKETS ? bucket : STATS_BUCKETS - 1;
}

/* The largest value of a bucket. */
static int64_t bucket_top(unsigned int bucket)
{
	unsigned int power = bucket / BUCKETS_PER_POWER;

	if (power == 0)
		return bucket;
	return ((int64_t)(BUCKETS_PER_POWER + bucket % BUCKETS_PER_POWER + 1) << (power - 1)) - 1;
}

static void clear_half(struct stats_half *half)
{
	for (unsigned int i = 0; i < STATS_BUCKETS; i++)
		atomic_store_explicit(&half->buckets[i], 0, memory_order_relaxed);
	atomic_store_explicit(&half->max_us, 0, memory_order_relaxed);
}

/*
 * Exactly one thread wins the exchange and turns the halves over. What others add meanwhile may land
 * in either half: a count more or less, never a torn value.
 */
static void turn_over(struct stats *stats, int64_t now_us)
{
	int64_t started_us = atomic_load(&stats->half_started_us);
	int newest;

	if (now_us - started_us < HALF_US ||
	    !atomic_compare_exchange_strong(&stats->half_started_us, &started_us, now_us))
		return;
	newest = atomic_load(&stats->newest);
	if (now_us - started_us >= 2 * HALF_US)
		clear_half(&stats->halves[newest]);
	clear_half(&stats->halves[!newest]);
	atomic_store(&stats->newest, !newest);
}

void stats_add(struct stats *stats, int64_t value_us, int64_t now_us)
{
	struct stats_half *half;
	int64_t max_us;

	if (value_us < 0)
		value_us = 0;
	turn_over(stats, now_us);
	half = &stats->halves[atomic_load(&stats->newest)];
	atomic_fetch_add_explicit(&half->buckets[bucket_of((uint64_t)value_us)], 1,
				  memory_order_relaxed);
	max_us = atomic_load_explicit(&half->max_us, memory_order_relaxed);
	while (value_us > max_us &&
	       !atomic_compare_exchange_weak_explicit(&half->max_us, &max_us, value_us,
						      memory_order_relaxed, memory_order_relaxed))
		;
}

struct totals {
	uint64_t buckets[STATS_BUCKETS];
	uint64_t count;
	int64_t max_us;
};

static void add_half(struct totals *totals, const struct stats_half *half)
{
	int64_t max_us = atomic_load_explicit(&half->max_us, memory_order_relaxed);

	for (unsigned int i = 0; i < STATS_BUCKETS; i++) {
		uint32_t count = atomic_load_explicit(&half->buckets[i], memory_order_relaxed);

		totals->buckets[i] += count;
		totals->count += count;
	}
	if (max_us > totals->max_us)
		totals->max_us = max_us;
}

/* The smallest value that `percent` of all do not exceed (nearest rank). */
static int64_t percentile(const struct totals *totals, unsigned int percent)
{
	uint64_t rank = (totals->count * percent + 99) / 100;
	uint64_t seen = totals->buckets[0];
	unsigned int bucket = 0;

	while (seen < rank)
		seen += totals->buckets[++bucket];
	if (bucket == STATS_BUCKETS - 1 || bucket_top(bucket) > totals->max_us)
		return totals->max_us;
	return bucket_top(bucket);
}

struct stats_summary stats_summarize(const struct stats *stats, int64_t now_us)
{
	int64_t age_us = now_us - atomic_load(&stats->half_started_us);
	int newest = atomic_load(&stats->newest);
	struct totals totals = {0};

	if (age_us < HALF_US)
		add_half(&totals, &stats->halves[!newest]);
	if (age_us < 2 * HALF_US)
		add_half(&totals, &stats->halves[newest]);
	return (struct stats_summary){
		.count = totals.count,
		.p50_us = percentile(&totals, 50),
		.p95_us = percentile(&totals, 95),
		.p99_us = percentile(&totals, 99),
		.max_us = totals.max_us,
	};
}

json_t *stats_to_json(const struct stats *stats, int64_t now_us)
{
	struct stats_summary summary = stats_summarize(stats, now_us);

	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "n", (json_int_t)summary.count, "p50_us",
			 (json_int_t)summary.p50_us, "p95_us", (json_int_t)summary.p95_us, "p99_us",
			 (json_int_t)summary.p99_us, "max_us", (json_int_t)summary.max_us);
}
