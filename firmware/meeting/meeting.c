#include "meeting/meeting.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "meeting/call.h"
#include "meeting/group_orders.h"
#include "meeting/outgoing.h"
#include "net/loop.h"

#define LEAVE_TIMEOUT_US CLOCK_US_PER_S
#define HOST_BYTES_MAX 253
#define KEYFRAMES_MAX 64

/* What other threads want of the call, until the net thread takes it. */
struct orders {
	bool is_woken; /* the net thread knows that there is something */
	bool has_want;
	struct message_want want;
	size_t keyframe_count;
	struct message_track_layer keyframes[KEYFRAMES_MAX];
	bool has_new_keys;
	bool has_epoch_change;
	bool has_epoch;
	uint64_t epoch;
};

struct meeting {
	struct meeting_config config; /* its strings are owned */
	struct outgoing *outgoing;
	struct group_orders *group_orders;

	/* Of the net thread while that runs. */
	struct call *call;
	struct net_timer *ticker;
	int result; /* of starting */

	pthread_mutex_t lock; /* for all below */
	pthread_cond_t has_left;
	struct net_loop *loop; /* NULL: not running */
	struct orders orders;
	struct call_figures figures;
	bool is_left;
};

/* Net thread */

static void take_figures(void *context)
{
	struct meeting *meeting = context;
	struct call_figures figures;

	call_get_figures(meeting->call, &figures);
	pthread_mutex_lock(&meeting->lock);
	meeting->figures = figures;
	pthread_mutex_unlock(&meeting->lock);
}

static void on_tick(void *context)
{
	struct meeting *meeting = context;

	net_timer_set(meeting->ticker, CALL_TICK_US);
	call_tick(meeting->call);
	take_figures(meeting);
}

static void carry_out(void *context)
{
	struct meeting *meeting = context;
	struct orders orders;
	size_t i;

	pthread_mutex_lock(&meeting->lock);
	orders = meeting->orders;
	meeting->orders.is_woken = false;
	meeting->orders.has_want = false;
	meeting->orders.keyframe_count = 0;
	meeting->orders.has_new_keys = false;
	meeting->orders.has_epoch_change = false;
	pthread_mutex_unlock(&meeting->lock);
	if (meeting->call == NULL)
		return;
	if (orders.has_want)
		call_want(meeting->call, &orders.want);
	for (i = 0; i < orders.keyframe_count; i++)
		call_request_keyframe(meeting->call, orders.keyframes[i]);
	if (orders.has_epoch_change)
		call_set_epoch(meeting->call, orders.epoch, orders.has_epoch);
	if (orders.has_new_keys)
		call_keys_changed(meeting->call);
	call_flush(meeting->call);
}

static void start_call(void *context)
{
	struct meeting *meeting = context;
	const struct call_config config = {
		.loop = meeting->loop,
		.outgoing = meeting->outgoing,
		.orders = meeting->group_orders,
		.meeting = &meeting->config,
		.changed = take_figures,
		.context = meeting,
	};

	meeting->result = net_timer_create(meeting->loop, on_tick, meeting, &meeting->ticker);
	if (meeting->result == 0)
		meeting->result = call_create(&config, &meeting->call);
	if (meeting->result < 0)
		return;
	net_timer_set(meeting->ticker, CALL_TICK_US);
	call_start(meeting->call);
}

static void on_left(void *context)
{
	struct meeting *meeting = context;

	pthread_mutex_lock(&meeting->lock);
	meeting->is_left = true;
	pthread_cond_signal(&meeting->has_left);
	pthread_mutex_unlock(&meeting->lock);
}

static void leave_call(void *context)
{
	struct meeting *meeting = context;

	call_hang_up(meeting->call, on_left, meeting);
}

static void destroy_call(void *context)
{
	struct meeting *meeting = context;

	call_destroy(meeting->call);
	meeting->call = NULL;
	net_timer_destroy(meeting->ticker);
	meeting->ticker = NULL;
}

/* Other threads */

static void free_config(struct meeting_config *config)
{
	free((char *)config->host);
	free((char *)config->path);
	free((char *)config->meeting);
	free((char *)config->ca);
	free((char *)config->certificate);
	free((char *)config->key);
}

static int copy_config(const struct meeting_config *from, struct meeting_config *to)
{
	*to = *from;
	to->host = strdup(from->host);
	to->path = strdup(from->path);
	to->meeting = strdup(from->meeting);
	to->ca = strdup(from->ca);
	to->certificate = strdup(from->certificate);
	to->key = strdup(from->key);
	if (to->host == NULL || to->path == NULL || to->meeting == NULL || to->ca == NULL ||
	    to->certificate == NULL || to->key == NULL)
		return -ENOMEM;
	return 0;
}

static bool is_valid(const struct meeting_config *config)
{
	return config->host[0] != '\0' && strlen(config->host) <= HOST_BYTES_MAX &&
	       config->port != 0 && config->path[0] == '/' && message_is_meeting(config->meeting);
}

int meeting_create(const struct meeting_config *config, struct meeting **ret_meeting)
{
	struct meeting *meeting;
	int r;

	if (!is_valid(config))
		return -EINVAL;
	meeting = calloc(1, sizeof(*meeting));
	if (meeting == NULL)
		return -ENOMEM;
	pthread_mutex_init(&meeting->lock, NULL);
	pthread_cond_init(&meeting->has_left, NULL);
	r = copy_config(config, &meeting->config);
	if (r == 0)
		r = outgoing_create(&meeting->outgoing);
	if (r == 0)
		r = group_orders_create(&meeting->group_orders);
	if (r < 0) {
		meeting_destroy(meeting);
		return r;
	}
	outgoing_hold(meeting->outgoing, config->cipher != NULL);
	*ret_meeting = meeting;
	return 0;
}

void meeting_destroy(struct meeting *meeting)
{
	if (meeting == NULL)
		return;
	meeting_stop(meeting);
	group_orders_destroy(meeting->group_orders);
	outgoing_destroy(meeting->outgoing);
	free_config(&meeting->config);
	pthread_cond_destroy(&meeting->has_left);
	pthread_mutex_destroy(&meeting->lock);
	free(meeting);
}

/* Nobody is told to come to a loop that is going. */
static void end_loop(struct meeting *meeting)
{
	struct net_loop *loop;

	while (net_loop_call_wait(meeting->loop, destroy_call, meeting) != 0)
		continue;
	pthread_mutex_lock(&meeting->lock);
	loop = meeting->loop;
	meeting->loop = NULL;
	pthread_mutex_unlock(&meeting->lock);
	net_loop_destroy(loop);
}

int meeting_start(struct meeting *meeting)
{
	struct net_loop *loop;
	int r;

	r = net_loop_create(&loop);
	if (r < 0)
		return r;
	pthread_mutex_lock(&meeting->lock);
	meeting->loop = loop;
	meeting->is_left = false;
	pthread_mutex_unlock(&meeting->lock);
	r = net_loop_call_wait(loop, start_call, meeting);
	if (r == 0)
		r = meeting->result;
	if (r < 0)
		end_loop(meeting);
	return r;
}

void meeting_stop(struct meeting *meeting)
{
	const struct timespec deadline = clock_timespec(clock_now_us() + LEAVE_TIMEOUT_US);
	int r = 0;

	if (meeting->loop == NULL)
		return;
	while (net_loop_call_wait(meeting->loop, leave_call, meeting) != 0)
		continue;
	pthread_mutex_lock(&meeting->lock);
	while (!meeting->is_left && r == 0)
		r = pthread_cond_clockwait(&meeting->has_left, &meeting->lock, CLOCK_MONOTONIC,
					   &deadline);
	pthread_mutex_unlock(&meeting->lock);
	end_loop(meeting);
}

/* Under the lock. What does not reach the loop now is carried out with what comes next. */
static void wake(struct meeting *meeting)
{
	if (meeting->loop == NULL || meeting->orders.is_woken)
		return;
	meeting->orders.is_woken = net_loop_call(meeting->loop, carry_out, meeting) == 0;
}

/* Copies the payload; it has room in an object once it is sealed. */
static bool make_item(const struct meeting *meeting, const uint8_t *payload, size_t length,
		      size_t bytes_max, int64_t capture_us, struct outgoing_item *ret_item)
{
	const struct meeting_cipher_ops *cipher = meeting->config.cipher;
	size_t added = OBJECT_HEADER_BYTES + (cipher != NULL ? cipher->added_max : 0);
	uint8_t *copy;

	if (length == 0 || length > bytes_max - added)
		return false;
	copy = malloc(length);
	if (copy == NULL)
		return false;
	memcpy(copy, payload, length);
	*ret_item = (struct outgoing_item){.payload = copy,
					   .length = length,
					   .capture_us = capture_us,
					   .queued_us = clock_now_us()};
	return true;
}

static void wake_for(struct meeting *meeting, bool is_put)
{
	if (!is_put)
		return;
	pthread_mutex_lock(&meeting->lock);
	wake(meeting);
	pthread_mutex_unlock(&meeting->lock);
}

void meeting_send_picture(struct meeting *meeting, const AVPacket *packet)
{
	struct outgoing_item item;

	if (!make_item(meeting, packet->data, (size_t)packet->size, OBJECT_PICTURE_BYTES_MAX,
		       packet->pts, &item)) {
		outgoing_miss_picture(meeting->outgoing);
		return;
	}
	item.is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
	wake_for(meeting, outgoing_put_picture(meeting->outgoing, &item));
}

void meeting_send_sound(struct meeting *meeting, uint32_t sequence, int64_t capture_us,
			const uint8_t *data, size_t length)
{
	struct outgoing_item item;

	if (!make_item(meeting, data, length, OBJECT_SOUND_BYTES_MAX, capture_us, &item))
		return;
	item.sequence = sequence;
	wake_for(meeting, outgoing_put_sound(meeting->outgoing, &item));
}

void meeting_want(struct meeting *meeting, const struct message_want *want)
{
	pthread_mutex_lock(&meeting->lock);
	meeting->orders.want = *want;
	meeting->orders.has_want = true;
	wake(meeting);
	pthread_mutex_unlock(&meeting->lock);
}

void meeting_request_keyframe(struct meeting *meeting, struct message_track_layer layer)
{
	struct orders *orders = &meeting->orders;

	pthread_mutex_lock(&meeting->lock);
	/* More at a time than there are decoders: the decoder asks again. */
	if (orders->keyframe_count < KEYFRAMES_MAX)
		orders->keyframes[orders->keyframe_count++] = layer;
	wake(meeting);
	pthread_mutex_unlock(&meeting->lock);
}

void meeting_hold_media(struct meeting *meeting, bool is_held)
{
	outgoing_hold(meeting->outgoing, is_held);
	wake_for(meeting, !is_held);
}

void meeting_keys_changed(struct meeting *meeting)
{
	pthread_mutex_lock(&meeting->lock);
	meeting->orders.has_new_keys = true;
	wake(meeting);
	pthread_mutex_unlock(&meeting->lock);
}

void meeting_set_epoch(struct meeting *meeting, uint64_t epoch, bool has_epoch)
{
	pthread_mutex_lock(&meeting->lock);
	meeting->orders.epoch = epoch;
	meeting->orders.has_epoch = has_epoch;
	meeting->orders.has_epoch_change = true;
	wake(meeting);
	pthread_mutex_unlock(&meeting->lock);
}

int meeting_send_group(struct meeting *meeting, const struct meeting_group_order *order)
{
	int r = group_orders_put(meeting->group_orders, order);

	wake_for(meeting, r == 0);
	return r;
}

/* Status */

static const char *phase_text(enum meeting_phase phase)
{
	switch (phase) {
	case MEETING_CONNECTING:
		return "connecting";
	case MEETING_JOINING:
		return "joining";
	case MEETING_IN:
		return "in";
	case MEETING_LOST:
		return "lost";
	case MEETING_REFUSED:
		return "refused";
	}
	return "unknown";
}

static json_t *pictures_status(const struct call_figures *figures,
			       const struct outgoing_stats *outgoing)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "sent", (json_int_t)figures->pictures_sent,
			 "dropped", (json_int_t)outgoing->pictures_dropped, "queue",
			 (json_int_t)outgoing->pictures, "queue_us", (json_int_t)figures->queue_us,
			 "bytes", (json_int_t)figures->bytes_sent);
}

static json_t *sound_status(const struct call_figures *figures,
			    const struct outgoing_stats *outgoing)
{
	return json_pack("{s:I, s:I, s:I}", "sent", (json_int_t)figures->sounds_sent, "dropped",
			 (json_int_t)outgoing->sounds_dropped, "queue",
			 (json_int_t)outgoing->sounds);
}

static json_t *received_status(const struct incoming_stats *incoming)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "pictures", (json_int_t)incoming->pictures,
			 "sound", (json_int_t)incoming->sounds, "bytes",
			 (json_int_t)incoming->bytes, "gaps", (json_int_t)incoming->gaps, "refused",
			 (json_int_t)incoming->refused);
}

static json_t *cipher_status(const struct call_cipher_figures *cipher)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "sealed",
			 (json_int_t)cipher->sealed, "unsealed", (json_int_t)cipher->unsealed,
			 "opened", (json_int_t)cipher->opened, "forged", (json_int_t)cipher->forged,
			 "replayed", (json_int_t)cipher->replayed, "misattributed",
			 (json_int_t)cipher->misattributed, "waiting", (json_int_t)cipher->waiting,
			 "unopened", (json_int_t)cipher->unopened);
}

static json_t *known(bool is_known, int64_t value)
{
	return is_known ? json_integer(value) : json_null();
}

json_t *meeting_status(struct meeting *meeting)
{
	const struct outgoing_stats outgoing = outgoing_get_stats(meeting->outgoing);
	bool has_cipher = meeting->config.cipher != NULL;
	char hub[HOST_BYTES_MAX + 8];
	struct call_figures figures;

	pthread_mutex_lock(&meeting->lock);
	figures = meeting->figures;
	pthread_mutex_unlock(&meeting->lock);
	snprintf(hub, sizeof(hub), "%s:%u", meeting->config.host, meeting->config.port);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:I, s:o, s:o, s:o, s:b, s:o}",
			 "phase", phase_text(figures.phase), "why", figures.fault.text, "hub", hub,
			 "meeting", meeting->config.meeting, "member",
			 known(figures.you != 0, figures.you), "resumes",
			 (json_int_t)figures.resumes, "rtt_us",
			 known(figures.is_clock_known, figures.rtt_us), "clock_offset_us",
			 known(figures.is_clock_known, figures.offset_us), "bitrate_bps",
			 (json_int_t)figures.bitrate_bps, "pictures",
			 pictures_status(&figures, &outgoing), "sound",
			 sound_status(&figures, &outgoing), "received",
			 received_status(&figures.incoming), "held_back", outgoing.is_held,
			 "cipher", has_cipher ? cipher_status(&figures.cipher) : json_null());
}
