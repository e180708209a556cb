#include "screen/decode_thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/queue.h"
#include "base/stats.h"
#include "base/thread.h"

struct decode_thread {
	struct decode_events events;
	struct vdec *vdec;
	struct queue *queue;
	struct thread *thread;
	struct stats decode; /* how long it took */

	uint32_t group, object; /* of the packet before; the submitting thread's */

	pthread_mutex_t lock; /* for what follows */
	const char *decoder;
	const char *trial;
	char trial_failed[VDEC_FAULT_BYTES];
	struct changes changes;
	int width, height;
	uint64_t pictures, shown, errors;
	bool waiting_key;
};

static void packet_free(void *item)
{
	AVPacket *packet = item;

	av_packet_free(&packet);
}

/* Keeps what Status tells of the decoders; locked. */
static void note_decoders(struct decode_thread *thread)
{
	const struct vdec *vdec = thread->vdec;

	thread->decoder = vdec_name(vdec);
	thread->trial = vdec_trial(vdec);
	snprintf(thread->trial_failed, sizeof(thread->trial_failed), "%s", vdec_trial_failed(vdec));
	if (thread->changes.count != vdec_changes(vdec)->count)
		thread->changes = *vdec_changes(vdec);
}

/* Counts what became of a packet. */
static void count(struct decode_thread *thread, enum vdec_result result, const AVFrame *picture,
		  bool is_shown)
{
	pthread_mutex_lock(&thread->lock);
	note_decoders(thread);
	thread->waiting_key = result == VDEC_NEED_KEYFRAME || result == VDEC_FAILED;
	thread->errors += thread->waiting_key;
	if (picture) {
		thread->pictures++;
		thread->shown += is_shown;
		thread->width = picture->width;
		thread->height = picture->height;
	}
	pthread_mutex_unlock(&thread->lock);
}

static void decode(struct decode_thread *thread, const AVPacket *packet)
{
	int64_t started_us = clock_now_us();
	AVFrame *picture = NULL;
	enum vdec_result result = vdec_decode(thread->vdec, packet, &picture);
	bool is_newest = queue_get_stats(thread->queue).depth == 0;
	int64_t now_us = clock_now_us();

	count(thread, result, picture, is_newest);
	if (result == VDEC_NEED_KEYFRAME || result == VDEC_FAILED)
		thread->events.need_keyframe(thread->events.context);
	if (!picture)
		return;
	stats_add(&thread->decode, now_us - started_us, now_us);
	if (is_newest)
		thread->events.picture(thread->events.context, picture);
	else
		av_frame_free(&picture);
}

static void run(void *context)
{
	struct decode_thread *thread = context;
	void *item;

	while (queue_pop(thread->queue, INT64_MAX, &item) == 0) {
		decode(thread, item);
		packet_free(item);
	}
}

static int init(struct decode_thread *thread, const struct vdec_settings *settings)
{
	int ret = vdec_create(settings, &thread->vdec);

	if (ret < 0)
		return ret;
	ret = queue_create(DECODE_QUEUE_PACKETS, QUEUE_NEWEST_WINS, packet_free, &thread->queue);
	if (ret < 0)
		return ret;
	return thread_start("decode", run, thread, &thread->thread);
}

int decode_thread_create(const struct vdec_settings *settings, const struct decode_events *events,
			 struct decode_thread **ret_thread)
{
	struct decode_thread *thread = calloc(1, sizeof(*thread));
	int ret;

	if (!thread)
		return -ENOMEM;
	thread->events = *events;
	pthread_mutex_init(&thread->lock, NULL);
	ret = init(thread, settings);
	if (ret < 0) {
		decode_thread_destroy(thread);
		return ret;
	}
	*ret_thread = thread;
	return 0;
}

void decode_thread_destroy(struct decode_thread *thread)
{
	if (!thread)
		return;
	if (thread->queue)
		queue_close(thread->queue);
	thread_join(thread->thread);
	queue_destroy(thread->queue);
	vdec_destroy(thread->vdec);
	pthread_mutex_destroy(&thread->lock);
	free(thread);
}

void decode_thread_submit(struct decode_thread *thread, AVPacket *take, uint32_t group,
			  uint32_t object)
{
	struct queue_stats stats = queue_get_stats(thread->queue);
	bool follows = object == 0 || (group == thread->group && object == thread->object + 1);

	thread->group = group;
	thread->object = object;
	/* Where a full queue gives one out just now, this costs no more than a keyframe. */
	if (!follows || stats.depth == stats.capacity)
		take->flags |= AV_PKT_FLAG_CORRUPT;
	queue_push(thread->queue, take, 0);
}

json_t *decode_thread_status(struct decode_thread *thread)
{
	struct queue_stats queue = queue_get_stats(thread->queue);
	json_t *decode = stats_to_json(&thread->decode, clock_now_us());
	json_t *status;

	pthread_mutex_lock(&thread->lock);
	status = json_pack(
		"{s:s?, s:o, s:s?, s:s, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:b, s:o, s:o}",
		"decoder", thread->decoder, "why", changes_why(&thread->changes), "trial",
		thread->trial, "trial_failed", thread->trial_failed, "width", thread->width,
		"height", thread->height, "pictures", (json_int_t)thread->pictures, "shown",
		(json_int_t)thread->shown, "errors", (json_int_t)thread->errors, "dropped",
		(json_int_t)queue.dropped, "queue", (json_int_t)queue.depth, "waiting_key",
		thread->waiting_key, "decode", decode, "changes",
		changes_to_json(&thread->changes));
	pthread_mutex_unlock(&thread->lock);
	return status;
}
