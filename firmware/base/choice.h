/*
 * Which codec of a board's order is used, and when a better one is tried again: the rules that
 * camera/encode.h and screen/decode.h tell, by themselves. Times are given, nothing is asked. One
 * thread at a time.
 */
#ifndef BALAI_BASE_CHOICE_H
#define BALAI_BASE_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct choice_times {
	int64_t rest_us;        /* after all of the order failed */
	int64_t ran_well_us;    /* for its second chance back */
	int64_t quiet_us;       /* without a wish for a key frame: a quiet moment */
	int64_t trial_first_us; /* from a failure to the first trial, doubled up to */
	int64_t trial_limit_us;
};

struct choice {
	struct choice_times times;
	size_t n_order;
	size_t index; /* in the order: the one in use, or next to be */
	bool second_chance_used;
	int64_t rest_until_us; /* nothing is used before */
	size_t trial_index;    /* the one to be tried next, better than that in use */
	int64_t trial_at_us;   /* not before */
	int64_t trial_backoff_us;
	int64_t wanted_us; /* when somebody last wanted a key frame */
};

void choice_init(struct choice *choice, const struct choice_times *times, size_t n_order);

/*
 * The one in use failed or stalled; urgent: there is no time for another that may stall, so that the
 * last of the order is next; proven_us: since when it had worked, 0 if it never did.
 */
void choice_failed(struct choice *choice, bool urgent, int64_t proven_us, int64_t now_us);

/* Whether the moment has come to try order[trial_index], while the one in use works. */
bool choice_wants_trial(const struct choice *choice, int64_t now_us);

void choice_trial_failed(struct choice *choice, int64_t now_us);

/* order[trial_index] has taken over. */
void choice_returned(struct choice *choice, int64_t now_us);

#endif
