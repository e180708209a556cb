#include "base/clock.h"

static int64_t monotonic_now_us(void *context)
{
	(void)context;
	return clock_now_us();
}

const struct clock *clock_monotonic(void)
{
	static const struct clock monotonic = {.now_us = monotonic_now_us};

	return &monotonic;
}

int64_t clock_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * CLOCK_US_PER_S + now.tv_nsec / 1000;
}

struct timespec clock_timespec(int64_t us)
{
	if (us < 0)
		us = 0;
	return (struct timespec){
		.tv_sec = us / CLOCK_US_PER_S,
		.tv_nsec = us % CLOCK_US_PER_S * 1000,
	};
}
