/*
 * The pictures that are in an encoder, by which a coded one finds the picture that it was made of.
 * Part of the codec layer (camera/encode.h). One thread.
 */
#ifndef BALAI_CAMERA_ENCODE_FLIGHTS_H
#define BALAI_CAMERA_ENCODE_FLIGHTS_H

#include <stddef.h>
#include <stdint.h>

#define VENC_FLIGHTS_MAX 32 /* hardware takes some four */

/* {0} is a valid empty one. */
struct venc_flights {
	struct venc_flight {
		int64_t pts;
		int64_t submitted_us;
	} flights[VENC_FLIGHTS_MAX]; /* oldest first */
	size_t count;
};

/* There is room. */
void venc_flights_begin(struct venc_flights *flights, int64_t pts, int64_t now_us);

/*
 * Takes the picture out, and those before it, which were lost in the encoder. Returns 0 and when it
 * was submitted, or -ENOENT: no picture in it has that pts.
 */
int venc_flights_land(struct venc_flights *flights, int64_t pts, int64_t *ret_submitted_us)
	__attribute__((warn_unused_result));

/* When the oldest was submitted; 0 without any. */
int64_t venc_flights_oldest_us(const struct venc_flights *flights);

#endif
