#include "meeting/pacing.h"

/* In percent. */
#define DECREASE 70
#define DECREASE_FOR_FAR 85
#define RATE_SHARE 85
#define INCREASE 5

static int64_t bounded(const struct pacing *pacing, int64_t target_bps)
{
	if (target_bps < pacing->minimum_bps)
		return pacing->minimum_bps;
	if (target_bps > pacing->maximum_bps)
		return pacing->maximum_bps;
	return target_bps;
}

void pacing_init(struct pacing *pacing, int64_t minimum_bps, int64_t maximum_bps, int64_t now_us)
{
	*pacing = (struct pacing){
		.minimum_bps = minimum_bps,
		.maximum_bps = maximum_bps,
		.target_bps = maximum_bps,
		.decreased_us = now_us - PACING_HOLD_US,
		.congested_us = now_us - PACING_CALM_US,
		.increased_us = now_us,
	};
}

static void decrease(struct pacing *pacing, const struct pacing_view *view, bool is_near)
{
	int64_t target_bps = pacing->target_bps * (is_near ? DECREASE : DECREASE_FOR_FAR) / 100;
	int64_t carried_bps = view->delivery_rate_bps * RATE_SHARE / 100;

	if (is_near && carried_bps > 0 && carried_bps < target_bps)
		target_bps = carried_bps;
	pacing->target_bps = bounded(pacing, target_bps);
	pacing->decreased_us = view->now_us;
}

int64_t pacing_update(struct pacing *pacing, const struct pacing_view *view)
{
	bool is_near = view->has_dropped || view->queue_us > PACING_QUEUE_US;
	bool is_far = view->far_delay_us > PACING_FAR_DELAY_US;

	if (is_near || is_far) {
		pacing->congested_us = view->now_us;
		if (view->now_us - pacing->decreased_us >= PACING_HOLD_US)
			decrease(pacing, view, is_near);
	} else if (view->now_us - pacing->congested_us >= PACING_CALM_US &&
		   view->now_us - pacing->increased_us >= PACING_STEP_US) {
		pacing->target_bps =
			bounded(pacing, pacing->target_bps + pacing->maximum_bps * INCREASE / 100);
		pacing->increased_us = view->now_us;
	}
	return pacing->target_bps;
}
