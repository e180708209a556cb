/*
 * Which encoder of a board's order is used, and when a better one is tried again: the rules that
 * camera/encode.h tells, by themselves. Times are given, nothing is asked. The owner's lock guards
 * it.
 */
#ifndef BALAI_CAMERA_ENCODE_CHOICE_H
#define BALAI_CAMERA_ENCODE_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* See struct venc_config. */
struct venc_choice_times {
	int64_t rest_us;
	int64_t ran_well_us;
	int64_t quiet_us;
	int64_t trial_first_us;
	int64_t trial_limit_us;
};

struct venc_choice {
	struct venc_choice_times times;
	size_t n_order;
	size_t index; /* in the order: the one in use, or next to be */
	bool second_chance_used;
	int64_t rest_until_us; /* nothing is used before */
	size_t trial_index;    /* the one to be tried next, better than that in use */
	int64_t trial_at_us;   /* not before */
	int64_t trial_backoff_us;
	int64_t wanted_us; /* when somebody last wanted a key frame */
};

void venc_choice_init(struct venc_choice *choice, const struct venc_choice_times *times,
		      size_t n_order);

/*
 * The one in use failed or stalled; urgent: there is no time for another that may stall, so that the
 * last of the order is next; proven_us: since when it had worked, 0 if it never did.
 */
void venc_choice_failed(struct venc_choice *choice, bool urgent, int64_t proven_us, int64_t now_us);

/* Whether the moment has come to try order[trial_index], while the one in use works. */
bool venc_choice_wants_trial(const struct venc_choice *choice, int64_t now_us);

void venc_choice_trial_failed(struct venc_choice *choice, int64_t now_us);

/* order[trial_index] has taken over. */
void venc_choice_returned(struct venc_choice *choice, int64_t now_us);

#endif
