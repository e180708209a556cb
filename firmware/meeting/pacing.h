/*
 * How many bits a second the path bears: additive increase, multiplicative decrease, from how long
 * pictures wait here, from what TCP measured and from how late they are at the far end. Pure: the
 * caller tells the time.
 */
#ifndef BALAI_MEETING_PACING_H
#define BALAI_MEETING_PACING_H

#include <stdbool.h>
#include <stdint.h>

/* Pictures that wait longer, here or on the way, mean that the path is full. */
#define PACING_QUEUE_US INT64_C(60000)
#define PACING_FAR_DELAY_US INT64_C(400000)
/* After a decrease it takes so long until its effect can be seen. */
#define PACING_HOLD_US INT64_C(1000000)
/* So long all has to be well before it is tried to send more, and so often then. */
#define PACING_CALM_US INT64_C(2000000)
#define PACING_STEP_US INT64_C(500000)

struct pacing_view {
	int64_t now_us;
	int64_t queue_us;          /* age of the oldest picture that is not wholly sent; 0: none */
	bool has_dropped;          /* pictures were given up since the last view */
	int64_t far_delay_us;      /* newest report of the last seconds; 0: none */
	int64_t delivery_rate_bps; /* what the path carried, where it was full; 0: not known */
};

/* All members are private, but target_bps may be read. */
struct pacing {
	int64_t minimum_bps;
	int64_t maximum_bps;
	int64_t target_bps;
	int64_t decreased_us;
	int64_t congested_us;
	int64_t increased_us;
};

/* Begins with the maximum: a meeting begins with a good picture, and a full path shows at once. */
void pacing_init(struct pacing *pacing, int64_t minimum_bps, int64_t maximum_bps, int64_t now_us);

/* To be called some times a second. Returns the bit rate to be sent from now on. */
int64_t pacing_update(struct pacing *pacing, const struct pacing_view *view);

#endif
