#include "meeting/backoff.h"

int64_t backoff_next(struct backoff *backoff, uint32_t random)
{
	int64_t wait_us = BACKOFF_FIRST_US << backoff->tries;

	if (wait_us < BACKOFF_MAX_US)
		backoff->tries++;
	else
		wait_us = BACKOFF_MAX_US;
	return wait_us - (wait_us / 2 * (int64_t)random) / UINT32_MAX;
}

void backoff_reset(struct backoff *backoff)
{
	backoff->tries = 0;
}
