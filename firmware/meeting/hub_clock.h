/*
 * The meeting's clock, which is the hub's, as seen from here (PROTOCOL.md, "Clock"): of the last
 * eight questions the one with the shortest round trip tells the offset best.
 */
#ifndef BALAI_MEETING_HUB_CLOCK_H
#define BALAI_MEETING_HUB_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HUB_CLOCK_SAMPLES 8

struct hub_clock_sample {
	int64_t rtt_us;
	int64_t offset_us; /* hub's clock minus this machine's */
};

/* All members are private; {0} knows nothing yet. */
struct hub_clock {
	struct hub_clock_sample samples[HUB_CLOCK_SAMPLES];
	size_t count; /* since the beginning */
};

/*
 * A question that left at sent_us and was answered at received_us (CLOCK_MONOTONIC) with the hub's
 * time hub_us. One that came back before it left is passed over.
 */
void hub_clock_add(struct hub_clock *clock, int64_t sent_us, int64_t received_us, int64_t hub_us);

/* Returns false while nothing is known. */
bool hub_clock_best(const struct hub_clock *clock, struct hub_clock_sample *ret_sample);

/* 0 while nothing is known. What would lie outside 0..INT64_MAX is the nearest that does not. */
int64_t hub_clock_to_hub(const struct hub_clock *clock, int64_t local_us);
int64_t hub_clock_to_local(const struct hub_clock *clock, int64_t hub_us);

#endif
