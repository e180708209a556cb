#include "drivers/pace.h"

#include <time.h>

#include "base/clock.h"

#define ROOM_US (4 * SOUND_PERIOD_US)
#define BEHIND_MAX_US (10 * SOUND_PERIOD_US)

void pace_start(struct pace *pace, int64_t now_us)
{
	pace->next_us = now_us - now_us % SOUND_PERIOD_US;
}

bool pace_wait(struct pace *pace, int64_t deadline_us, int64_t *ret_capture_us)
{
	int64_t due_us = pace->next_us + SOUND_PERIOD_US;
	struct timespec until = clock_timespec(due_us < deadline_us ? due_us : deadline_us);

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	if (deadline_us < due_us)
		return false;
	if (clock_now_us() - due_us > BEHIND_MAX_US)
		pace_start(pace, clock_now_us() - SOUND_PERIOD_US);
	*ret_capture_us = pace->next_us;
	pace->next_us += SOUND_PERIOD_US;
	return true;
}

int64_t play_pace_queued_us(const struct play_pace *pace, int64_t now_us)
{
	return pace->dry_us > now_us ? pace->dry_us - now_us : 0;
}

enum sound_result play_pace_write(struct play_pace *pace, int64_t now_us, int64_t *ret_heard_us,
				  bool *ret_ran_dry)
{
	int64_t queued_us = play_pace_queued_us(pace, now_us);

	if (queued_us + SOUND_PERIOD_US > ROOM_US)
		return SOUND_TIMEOUT;
	*ret_ran_dry = pace->dry_us && pace->dry_us < now_us;
	*ret_heard_us = now_us + queued_us;
	pace->dry_us = *ret_heard_us + SOUND_PERIOD_US;
	return SOUND_OK;
}
