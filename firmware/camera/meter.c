#include "camera/meter.h"

#include "base/clock.h"

/* What comes at `started_us` belongs to the window before it. */
void meter_add(struct meter *meter, int64_t amount, int64_t now_us)
{
	int64_t elapsed_us = now_us - meter->started_us;

	if (meter->started_us == 0 || elapsed_us >= 2 * CLOCK_US_PER_S) {
		*meter = (struct meter){.started_us = now_us};
		return;
	}
	meter->amount += amount;
	if (elapsed_us < CLOCK_US_PER_S)
		return;
	meter->per_second = (double)meter->amount * CLOCK_US_PER_S / (double)elapsed_us;
	meter->started_us = now_us;
	meter->amount = 0;
}

double meter_read(const struct meter *meter, int64_t now_us)
{
	return now_us - meter->started_us < 2 * CLOCK_US_PER_S ? meter->per_second : 0;
}
