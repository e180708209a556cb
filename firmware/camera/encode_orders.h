/*
 * Requests for key frames on their way through an encoder: put together, passed on, and watched
 * until the IDR is out. Part of the codec layer (camera/encode.h). The owner's lock guards it.
 */
#ifndef BALAI_CAMERA_ENCODE_ORDERS_H
#define BALAI_CAMERA_ENCODE_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

/* Private to encode_orders.c but for gap_us and limit_us, which the owner sets; otherwise {0}. */
struct venc_orders {
	int64_t gap_us;   /* key frames on request are at least this far apart */
	int64_t limit_us; /* within which an IDR comes, where it is not two pictures late even then */
	bool wanted;
	bool urgent; /* without regard to the gap */
	bool asked;
	int64_t asked_pts;
	int64_t asked_us;  /* at first */
	int64_t out_us;    /* when the last IDR came out */
	unsigned int late; /* coded pictures that should have been the IDR asked for */
};

/* What is to be done about a coded picture that is no IDR. */
enum venc_orders_verdict {
	VENC_ORDERS_FINE,
	VENC_ORDERS_LOST, /* the encoder loses requests */
};

/* Somebody wants an IDR; urgent: by the next picture. */
void venc_orders_want(struct venc_orders *orders, bool urgent);

/* Whether the encoder is to be asked for an IDR with the picture of that pts. */
bool venc_orders_take(struct venc_orders *orders, int64_t pts, int64_t now_us);

/* A coded picture came out. One request that got lost is repeated if there is time, or told. */
enum venc_orders_verdict venc_orders_coded(struct venc_orders *orders, bool is_key, int64_t pts,
					   int64_t now_us);

#endif
