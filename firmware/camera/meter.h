/*
 * How much of something comes a second: pictures, bits. Measured over windows of a second; the
 * owner's lock guards it.
 */
#ifndef BALAI_CAMERA_METER_H
#define BALAI_CAMERA_METER_H

#include <stdint.h>

/* Private to meter.c; {0} is a valid fresh one. */
struct meter {
	int64_t started_us;
	int64_t amount;
	double per_second;
};

void meter_add(struct meter *meter, int64_t amount, int64_t now_us);

/* The newest measurement; 0 before the first and when nothing came for two seconds. */
double meter_read(const struct meter *meter, int64_t now_us);

#endif
