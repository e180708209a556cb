#include "camera/encode_flights.h"

#include <errno.h>
#include <string.h>

void venc_flights_begin(struct venc_flights *flights, int64_t pts, int64_t now_us)
{
	flights->flights[flights->count++] = (struct venc_flight){pts, now_us};
}

int venc_flights_land(struct venc_flights *flights, int64_t pts, int64_t *ret_submitted_us)
{
	for (size_t i = 0; i < flights->count; i++) {
		if (flights->flights[i].pts != pts)
			continue;
		*ret_submitted_us = flights->flights[i].submitted_us;
		flights->count -= i + 1;
		memmove(flights->flights, flights->flights + i + 1,
			flights->count * sizeof(flights->flights[0]));
		return 0;
	}
	return -ENOENT;
}

int64_t venc_flights_oldest_us(const struct venc_flights *flights)
{
	return flights->count > 0 ? flights->flights[0].submitted_us : 0;
}
