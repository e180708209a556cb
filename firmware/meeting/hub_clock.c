#include "meeting/hub_clock.h"

void hub_clock_add(struct hub_clock *clock, int64_t sent_us, int64_t received_us, int64_t hub_us)
{
	int64_t rtt_us = received_us - sent_us;

	if (rtt_us < 0)
		return;
	clock->samples[clock->count++ % HUB_CLOCK_SAMPLES] =
		(struct hub_clock_sample){.rtt_us = rtt_us,
					  .offset_us = hub_us - (sent_us + rtt_us / 2)};
}

bool hub_clock_best(const struct hub_clock *clock, struct hub_clock_sample *ret_sample)
{
	size_t kept = clock->count < HUB_CLOCK_SAMPLES ? clock->count : HUB_CLOCK_SAMPLES;
	const struct hub_clock_sample *best = &clock->samples[0];
	size_t i;

	if (kept == 0)
		return false;
	for (i = 1; i < kept; i++)
		if (clock->samples[i].rtt_us < best->rtt_us)
			best = &clock->samples[i];
	*ret_sample = *best;
	return true;
}

/* Two clocks that nobody promises to be near each other. */
static int64_t shift(int64_t time_us, int64_t offset_us)
{
	int64_t shifted;

	if (__builtin_add_overflow(time_us, offset_us, &shifted))
		return offset_us > 0 ? INT64_MAX : 0;
	return shifted > 0 ? shifted : 0;
}

int64_t hub_clock_to_hub(const struct hub_clock *clock, int64_t local_us)
{
	struct hub_clock_sample best;

	return hub_clock_best(clock, &best) ? shift(local_us, best.offset_us) : 0;
}

int64_t hub_clock_to_local(const struct hub_clock *clock, int64_t hub_us)
{
	struct hub_clock_sample best;

	return hub_clock_best(clock, &best) ? shift(hub_us, -best.offset_us) : 0;
}
