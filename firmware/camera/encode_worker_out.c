#include "camera/encode_worker_private.h"

#include "base/clock.h"
#include "camera/encode_probe.h"

#include <errno.h>

static int prove(struct venc_worker *worker, const AVPacket *packet, const char *cause)
{
	int r = -EPROTO;

	if (packet->flags & AV_PKT_FLAG_KEY)
		r = venc_probe(packet, worker->format.width, worker->format.height);
	return r < 0 ? venc_worker_fail(worker, cause, r) : 0;
}

/* What every coded picture changes, whether it goes out or not. */
static enum venc_orders_verdict count_coded(struct venc_worker *worker, const AVPacket *packet,
					    int64_t now_us)
{
	struct venc_worker_state *state = &worker->state;

	if (state->proven_us == 0)
		state->proven_us = now_us;
	state->coded++;
	state->queue = worker->flights.count;
	worker->busy_since_us = venc_flights_oldest_us(&worker->flights);
	return venc_orders_coded(&worker->orders, packet->flags & AV_PKT_FLAG_KEY, packet->pts,
				 now_us);
}

/* Whether the packet goes out, which an IDR of the right time begins. */
static bool goes_out(struct venc_worker *worker, const AVPacket *packet)
{
	if (worker->stage == VENC_ENTERING && packet->flags & AV_PKT_FLAG_KEY &&
	    packet->pts >= worker->live_from_pts)
		worker->stage = VENC_LIVE;
	return worker->stage == VENC_LIVE;
}

static void count_delivery(struct venc_worker *worker, const AVPacket *packet, int64_t now_us)
{
	struct venc_out *out = worker->config.out;
	int64_t before_us = atomic_exchange(&out->newest_us, now_us);

	atomic_store(&out->newest_pts, packet->pts);
	if (before_us)
		stats_add(&out->interval, now_us - before_us, now_us);
	worker->state.frames++;
	worker->state.keyframes += (packet->flags & AV_PKT_FLAG_KEY) != 0;
	meter_add(&worker->frame_meter, 1, now_us);
	meter_add(&worker->bit_meter, (int64_t)packet->size * 8, now_us);
}

/* The sink is called without the lock, so that it may call back; stop waits for it to return. */
static int deliver(struct venc_worker *worker, const AVPacket *packet)
{
	int64_t now_us = clock_now_us();
	enum venc_orders_verdict verdict;
	bool stopped, delivering;

	pthread_mutex_lock(&worker->lock);
	stopped = worker->stopped;
	verdict = count_coded(worker, packet, now_us);
	delivering = !stopped && goes_out(worker, packet);
	worker->delivering = delivering;
	if (delivering)
		count_delivery(worker, packet, now_us);
	pthread_mutex_unlock(&worker->lock);
	if (stopped)
		return -ESHUTDOWN;

	if (delivering)
		worker->config.on_packet(worker->config.context, packet);

	pthread_mutex_lock(&worker->lock);
	worker->delivering = false;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	return verdict == VENC_ORDERS_LOST
		       ? venc_worker_fail(worker, "loses requests for a key frame", -EPROTO)
		       : 0;
}

static int handle_packet(struct venc_worker *worker, AVPacket *packet)
{
	int64_t now_us = clock_now_us(), submitted_us;
	bool first = worker->newest_pts == INT64_MIN;
	int r;

	r = annexb_complete(&worker->sets, packet);
	if (r == -EAGAIN)
		return 0;
	if (r < 0)
		return venc_worker_fail(worker, "gives an IDR without parameter sets", r);
	if (packet->pts <= worker->newest_pts)
		return venc_worker_fail(worker, "reorders pictures", -EPROTO);
	r = venc_flights_land(&worker->flights, packet->pts, &submitted_us);
	if (r < 0)
		return venc_worker_fail(worker, "gives a time that no picture had", r);
	stats_add(&worker->encode, now_us - submitted_us, now_us);
	if (first) {
		r = prove(worker, packet, "gives a first picture that does not decode");
		if (r < 0)
			return r;
	}
	worker->newest_pts = packet->pts;
	packet->dts = packet->pts;
	r = deliver(worker, packet);
	if (r == 0 && !first && packet->flags & AV_PKT_FLAG_KEY)
		r = prove(worker, packet, "gives a key frame that does not decode");
	return r;
}

int venc_worker_receive(struct venc_worker *worker)
{
	int r = 0;

	while (r == 0) {
		r = worker->encoder->ops->receive(worker->encoder, worker->packet);
		if (r == -EAGAIN)
			return 0;
		if (r < 0)
			return venc_worker_fail(worker, "gives no coded picture", r);
		r = handle_packet(worker, worker->packet);
		av_packet_unref(worker->packet);
	}
	return r;
}
