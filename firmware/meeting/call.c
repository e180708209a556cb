#include "meeting/call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "meeting/call_state.h"

#define SUBPROTOCOL "balai.1"
#define CONTROL_UNSENT_MAX (2U << 10)
#define PICTURES_UNSENT_MAX (16U << 10)
#define ATTACHED_BYTES_MAX (1U << 10)
#define PING_AFTER_US (5 * CLOCK_US_PER_S)
#define SILENT_AFTER_US (15 * CLOCK_US_PER_S)
#define ANSWER_TIMEOUT_US (10 * CLOCK_US_PER_S)
/* A connection that lasted so long was good. */
#define GOOD_AFTER_US (10 * CLOCK_US_PER_S)

enum close_code {
	CLOSE_NOT_ALLOWED = 1008,
	CLOSE_OVER_CAPACITY = 1013,
};

static void set_phase(struct call *call, enum meeting_phase phase, int64_t retry_us)
{
	struct meeting_state state = {.phase = phase, .retry_us = retry_us};

	if (phase == MEETING_LOST || phase == MEETING_REFUSED) {
		state.fault = call->fault;
		state.code = call->code;
	}
	call->phase = phase;
	call->phase_us = clock_now_us();
	call->changed(call->context);
	call->config->events.state(call->config->context, &state);
}

static void drop_socket(struct call_socket *socket, enum websocket_close code)
{
	size_t i;

	websocket_destroy(socket->websocket, code);
	for (i = 0; i < socket->text_count; i++)
		websocket_message_destroy(socket->texts[i]);
	*socket = (struct call_socket){.websocket = NULL};
}

static void disconnect(struct call *call, enum websocket_close code)
{
	drop_socket(&call->control, code);
	drop_socket(&call->pictures, code);
	outgoing_shut(call->outgoing);
	held_clear(call->held);
	requests_clear(&call->requests);
	keyframes_clear(&call->keyframes);
	if (call->you != 0)
		call_tell_lost(call);
	call->you = 0;
	call->is_attached = false;
	call->is_published = false;
}

/* To try again soon is of no use before somebody has done something. */
static bool is_refusal(const struct net_fault *fault, int code)
{
	switch (fault->kind) {
	case NET_FAULT_IDENTITY:
	case NET_FAULT_CERTIFICATE_NAME:
	case NET_FAULT_CERTIFICATE_CA:
	case NET_FAULT_CERTIFICATE_EXPIRED:
	case NET_FAULT_CERTIFICATE_NOT_YET:
	case NET_FAULT_CERTIFICATE_OTHER:
	case NET_FAULT_TLS_VERSION:
	case NET_FAULT_TLS_REFUSED:
	case NET_FAULT_UPGRADE:
		return true;
	case NET_FAULT_CLOSED:
		return fault->close_code == CLOSE_NOT_ALLOWED ||
		       fault->close_code == CLOSE_OVER_CAPACITY;
	default:
		return code != 0;
	}
}

static void finish_leaving(struct call *call)
{
	void (*left)(void *context) = call->left;

	call->left = NULL;
	/* What others still send until the thread ends finds no socket. */
	call->phase = MEETING_LOST;
	left(call->left_context);
}

static uint32_t random_bits(void)
{
	uint32_t bits = 0;

	/* Without them rooms come back a little closer together. */
	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) != sizeof(bits))
		return 0;
	return bits;
}

/* What was said once is over, or another cause takes its place. */
static void end_failures(struct call *call)
{
	if (call->failures > 1)
		log_info("meeting", "it was so at %u tries", call->failures);
	call->failures = 0;
}

/* Said once a cause, not at each try. */
static void note_failure(struct call *call, const struct net_fault *fault, int code)
{
	if (call->failures == 0 || call->fault.kind != fault->kind || call->code != code) {
		end_failures(call);
		log_warning("meeting", "%s", fault->text);
	}
	call->failures++;
	call->fault = *fault;
	call->code = code;
}

void call_lose(struct call *call, struct net_fault fault, int code)
{
	enum meeting_phase phase = is_refusal(&fault, code) ? MEETING_REFUSED : MEETING_LOST;
	enum websocket_close close = fault.kind == NET_FAULT_PROTOCOL ? WEBSOCKET_CLOSE_PROTOCOL
								      : WEBSOCKET_CLOSE_NORMAL;
	int64_t retry_us;

	disconnect(call, close);
	if (call->left != NULL) {
		finish_leaving(call);
		return;
	}
	note_failure(call, &fault, code);
	retry_us = backoff_next(&call->backoff, random_bits());
	net_timer_set(call->retry, retry_us);
	set_phase(call, phase, retry_us);
}

void call_lose_for_protocol(struct call *call, const char *what)
{
	call_lose(call, net_fault_make(NET_FAULT_PROTOCOL, "the hub breaks the protocol: %s", what),
		  0);
}

void call_check_in(struct call *call)
{
	if (call->phase != MEETING_JOINING || !call->is_attached || !call->is_published)
		return;
	end_failures(call);
	log_info("meeting", "in meeting %s as member %u", call->config->meeting, call->you);
	outgoing_open(call->outgoing);
	websocket_want_write(call->pictures.websocket);
	call->fault = (struct net_fault){.kind = NET_FAULT_NONE};
	set_phase(call, MEETING_IN, 0);
}

/* The sockets' events */

static void on_closed(void *context, const struct net_fault *why)
{
	call_lose(context, *why, 0);
}

static void on_control_open(void *context)
{
	struct call *call = context;

	call->control.is_open = true;
	set_phase(call, MEETING_JOINING, 0);
	call_send_join(call);
}

static void on_control_message(void *context, enum websocket_kind kind, const uint8_t *data,
			       size_t length, int64_t arrival_us)
{
	if (kind == WEBSOCKET_TEXT)
		call_control_text(context, data, length, arrival_us);
	else
		call_object(context, false, data, length, arrival_us);
}

static void on_control_writable(void *context)
{
	call_control_writable(context);
}

static void on_pictures_open(void *context)
{
	struct call *call = context;

	call->pictures.is_open = true;
	if (call->you != 0)
		call_send_attach(call);
}

static void on_pictures_message(void *context, enum websocket_kind kind, const uint8_t *data,
				size_t length, int64_t arrival_us)
{
	if (kind == WEBSOCKET_TEXT)
		call_pictures_text(context, data, length);
	else
		call_object(context, true, data, length, arrival_us);
}

static void on_pictures_writable(void *context)
{
	call_pictures_writable(context);
}

static const struct websocket_events control_events = {
	.open = on_control_open,
	.message = on_control_message,
	.writable = on_control_writable,
	.closed = on_closed,
};

static const struct websocket_events pictures_events = {
	.open = on_pictures_open,
	.message = on_pictures_message,
	.writable = on_pictures_writable,
	.closed = on_closed,
};

/* Connecting. Both sockets at once: their handshakes need not wait for each other. */

static int create_sockets(struct call *call)
{
	struct websocket_config config = {
		.tls = call->tls,
		.host = call->config->host,
		.port = call->config->port,
		.path = call->config->path,
		.subprotocol = SUBPROTOCOL,
		.text_max = MESSAGE_HUB_BYTES_MAX,
		.binary_max = OBJECT_SOUND_BYTES_MAX,
		.unsent_max = CONTROL_UNSENT_MAX,
		.ping_after_us = PING_AFTER_US,
		.silent_after_us = SILENT_AFTER_US,
	};
	int r;

	r = websocket_create(call->loop, &config, &control_events, call, &call->control.websocket);
	if (r < 0)
		return r;
	config.text_max = ATTACHED_BYTES_MAX;
	config.binary_max = OBJECT_PICTURE_BYTES_MAX;
	config.unsent_max = PICTURES_UNSENT_MAX;
	return websocket_create(call->loop, &config, &pictures_events, call,
				&call->pictures.websocket);
}

static void connect_now(void *context)
{
	struct call *call = context;
	const struct net_identity_files files = {
		.ca = call->config->ca,
		.certificate = call->config->certificate,
		.key = call->config->key,
	};
	struct net_fault fault;

	set_phase(call, MEETING_CONNECTING, 0);
	/* Kept until now, so that what was closing could do so in peace. */
	net_tls_destroy(call->tls);
	call->tls = NULL;
	if (net_tls_create(call->loop, &files, &call->tls, &fault) < 0)
		call_lose(call, fault, 0);
	else if (create_sockets(call) < 0)
		call_lose(call, net_fault_make(NET_FAULT_MEMORY, "out of memory"), 0);
}

/* Life */

int call_create(const struct call_config *config, struct call **ret_call)
{
	struct call *call = calloc(1, sizeof(*call));
	int r;

	if (call == NULL)
		return -ENOMEM;
	call->loop = config->loop;
	call->outgoing = config->outgoing;
	call->orders = config->orders;
	call->config = config->meeting;
	call->changed = config->changed;
	call->context = config->context;
	pacing_init(&call->sender.pacing, config->meeting->bitrate_min_bps,
		    config->meeting->camera.bitrate, clock_now_us());
	r = net_timer_create(call->loop, connect_now, call, &call->retry);
	if (r == 0)
		r = incoming_create(&call->incoming);
	if (r == 0)
		r = held_create(&call->held);
	if (r == 0 && call->config->cipher != NULL) {
		call->opened = malloc(OBJECT_PICTURE_BYTES_MAX);
		r = call->opened != NULL ? 0 : -ENOMEM;
	}
	if (r < 0) {
		call_destroy(call);
		return r;
	}
	*ret_call = call;
	return 0;
}

void call_destroy(struct call *call)
{
	if (call == NULL)
		return;
	disconnect(call, WEBSOCKET_CLOSE_NORMAL);
	net_tls_destroy(call->tls);
	net_timer_destroy(call->retry);
	incoming_destroy(call->incoming);
	held_destroy(call->held);
	free(call->opened);
	message_finish(&call->in);
	free(call);
}

void call_start(struct call *call)
{
	connect_now(call);
}

void call_hang_up(struct call *call, void (*done)(void *context), void *context)
{
	net_timer_clear(call->retry);
	call->left = done;
	call->left_context = context;
	if (call->you != 0) {
		call_send_leave(call);
	} else {
		disconnect(call, WEBSOCKET_CLOSE_NORMAL);
		finish_leaving(call);
	}
}

void call_want(struct call *call, const struct message_want *want)
{
	call->want = *want;
	call->has_want = true;
	incoming_expect(call->incoming, &call->want, &call->roster);
	if (call->you != 0)
		call_send_want(call);
}

void call_request_keyframe(struct call *call, struct message_track_layer layer)
{
	if (call->phase != MEETING_IN)
		return;
	keyframes_add(&call->keyframes, layer);
	call_send_keyframes(call, clock_now_us());
}

void call_set_epoch(struct call *call, uint64_t epoch, bool has_epoch)
{
	call->epoch = epoch;
	call->has_epoch = has_epoch;
}

void call_flush(struct call *call)
{
	call_send_orders(call);
	if (call->phase == MEETING_IN)
		call_want_write(call);
}

void call_tick(struct call *call)
{
	int64_t now_us = clock_now_us();
	int64_t asked_us = requests_oldest_us(&call->requests);

	if (call->phase != MEETING_JOINING && call->phase != MEETING_IN)
		return;
	if (asked_us != 0 && now_us - asked_us > ANSWER_TIMEOUT_US) {
		call_lose(call, net_fault_make(NET_FAULT_SILENT, "the hub does not answer"), 0);
		return;
	}
	call_expire_held(call, now_us);
	if (call->phase != MEETING_IN)
		return;
	if (now_us - call->phase_us > GOOD_AFTER_US)
		backoff_reset(&call->backoff);
	call_pace(call, now_us);
	call_send_keyframes(call, now_us);
	call_send_regular(call, now_us);
}

void call_get_figures(struct call *call, struct call_figures *ret_figures)
{
	const struct call_sender *sender = &call->sender;
	struct hub_clock_sample clock = {0};
	bool is_clock_known = hub_clock_best(&call->clock, &clock);

	*ret_figures = (struct call_figures){
		.phase = call->phase,
		.fault = call->fault,
		.code = call->code,
		.you = call->you,
		.resumes = call->resumes,
		.is_clock_known = is_clock_known,
		.rtt_us = clock.rtt_us,
		.offset_us = clock.offset_us,
		.bitrate_bps = sender->pacing.target_bps,
		.queue_us = call_queue_us(call, clock_now_us()),
		.pictures_sent = sender->pictures_sent,
		.sounds_sent = sender->sounds_sent,
		.bytes_sent = sender->bytes_sent,
		.incoming = incoming_get_stats(call->incoming),
		.cipher = call->figures,
	};
	ret_figures->cipher.waiting = held_count(call->held);
	ret_figures->cipher.unopened += held_dropped(call->held);
}
