#include "camera/encode_orders.h"

enum {
	/* An IDR may be two pictures late. */
	REPEAT_AT = 3,
	LOST_AT = 6,
};

void venc_orders_want(struct venc_orders *orders, bool urgent)
{
	orders->wanted = true;
	orders->urgent |= urgent;
}

bool venc_orders_take(struct venc_orders *orders, int64_t pts, int64_t now_us)
{
	bool rested = now_us - orders->out_us >= orders->gap_us;

	if (!orders->wanted || orders->asked || (!rested && !orders->urgent))
		return false;
	orders->urgent = false;
	orders->asked = true;
	orders->asked_pts = pts;
	if (orders->late == 0)
		orders->asked_us = now_us;
	return true;
}

enum venc_orders_verdict venc_orders_coded(struct venc_orders *orders, bool is_key, int64_t pts,
					   int64_t now_us)
{
	if (is_key) {
		*orders = (struct venc_orders){
			.gap_us = orders->gap_us,
			.limit_us = orders->limit_us,
			.out_us = now_us,
		};
		return VENC_ORDERS_FINE;
	}
	if (!orders->asked || pts < orders->asked_pts)
		return VENC_ORDERS_FINE;
	orders->late++;
	if (orders->late >= LOST_AT ||
	    (orders->late >= REPEAT_AT && now_us - orders->asked_us >= orders->limit_us))
		return VENC_ORDERS_LOST;
	if (orders->late == REPEAT_AT) {
		orders->asked = false;
		orders->urgent = true;
	}
	return VENC_ORDERS_FINE;
}
