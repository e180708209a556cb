/*
 * The decoding of one track in a thread of its own.
 *
 *     any thread ──submit──► [ queue ] ──► vdec ──► picture() ──► compositor
 *                                            └────► need_keyframe() ──► meeting
 *
 * While more packets wait, what is decoded is not shown: only the newest picture matters. A queue
 * that overflows is emptied, and the track goes on at its next IDR.
 */
#ifndef BALAI_SCREEN_DECODE_THREAD_H
#define BALAI_SCREEN_DECODE_THREAD_H

#include <jansson.h>

#include "screen/decode.h"

/* About a second of a track at 30 pictures a second. */
#define DECODE_QUEUE_PACKETS 32

struct decode_thread;

struct decode_events {
	/* In the decoding thread: a new picture, handed over; pts is the capture time (µs). */
	void (*picture)(void *context, AVFrame *take);
	/*
	 * In the decoding thread, for every packet that could not be used: the receiver limits how
	 * often the sender is asked.
	 */
	void (*need_keyframe)(void *context);
	void *context;
};

/* Starts the thread. Returns 0 and hands over *ret_thread, or -EINVAL, -ENOMEM, -EAGAIN. */
int decode_thread_create(const struct vdec_settings *settings, const struct decode_events *events,
			 struct decode_thread **ret_thread) __attribute__((warn_unused_result));

/* Ends and joins the thread: no event comes after it returns. NULL is allowed. */
void decode_thread_destroy(struct decode_thread *thread);

/*
 * Takes the packet in every case; see vdec_decode() for its fields. group and object are its numbers
 * in the track (meeting/object.h): one that does not follow on the packet before marks a gap.
 * Any thread, one at a time.
 */
void decode_thread_submit(struct decode_thread *thread, AVPacket *take, uint32_t group,
			  uint32_t object);

/*
 * {"decoder":…, "why" (this one is in use), "trial" (the decoder that is tried beside it, or null),
 *  "trial_failed" (why the last one ended, ""), "width":…, "height":…, "pictures":…, "shown":…,
 *  "errors":…, "dropped":…, "queue":…, "waiting_key":…, "decode":{stats},
 *  "changes": the newest 8 of [{"t_us", "from", "to", "cause"}]}.
 * Any thread; NULL without memory. Caller owns it.
 */
json_t *decode_thread_status(struct decode_thread *thread);

#endif
