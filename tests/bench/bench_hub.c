/*
 * The hub under load: one publisher's picture goes to 100 members over TLS, all of them in this
 * process. Each object carries the time at which it was sent; what a member has of it last tells
 * the delay, with all that this process adds to it.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/thread.h"
#include "meeting/object.h"
#include "tests/bench/figure.h"
#include "tests/fake/hub_process.h"
#include "tests/fake/ws_client.h"

enum {
	MEMBERS = 100, /* the publisher among them: it is sent its own picture, too */
	SOCKETS = 2 * MEMBERS,
	FPS = 30,
	BITRATE = 2500000,
	GROUP = 300,   /* pictures from one key frame to the next */
	KEY_TIMES = 8, /* a key frame is so many times as large as another picture */
	PICTURE_BYTES = BITRATE / 8 / FPS * GROUP / (GROUP - 1 + KEY_TIMES),
	SAMPLES_MAX = MEMBERS * FPS * 60,
	STEADY_PICTURES = 20 * FPS,
	STUCK_PICTURES = 9 * FPS, /* after 10 s the hub closes who does not read */
	CEILING_PICTURES = 2000,
	CEILING_WINDOW = 4, /* pictures on their way at a time */
	LATE_US = 30000,    /* what comes later than this is not waited for */
	READ_BYTES = 16384,
	REALTIME_PRIORITY = 20,
};

/* One socket of a member, with how far it is in the frame that comes in. */
struct receiver {
	struct ws_client *client;
	bool is_pictures;
	bool is_stuck;
	uint8_t head[10];
	size_t head_length;
	uint64_t left; /* of the frame's payload */
	uint8_t object[OBJECT_HEADER_BYTES];
	size_t object_length; /* of the message */
	uint64_t objects;     /* received so far */
};

struct bench {
	struct hub_process *hub;
	struct receiver receivers[SOCKETS];
	struct ws_client *publisher; /* its pictures socket */
	uint16_t track;
	uint32_t group;
	uint32_t object;
	int epoll;
	uint64_t received; /* objects by all receivers */
	uint64_t received_bytes;
	int64_t *delays_us;
	size_t delay_count;
	int64_t slowest_key_us;
};

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "bench_hub: %s\n", what);
	exit(EXIT_FAILURE);
}

static int64_t soon(void)
{
	return clock_now_us() + HUB_PROCESS_PATIENCE_US;
}

/* Sends a request and takes its answer. */
static void ask(struct ws_client *client, const char *method, const char *params, char *answer,
		size_t size)
{
	struct ws_message message;
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{%s}}", method,
		 params);
	check(ws_client_send_text(client, text, soon()) == 0, "a request cannot be sent");
	do
		check(ws_client_receive(client, soon(), &message) == 0 && message.opcode == WS_TEXT,
		      "no answer");
	while (!strstr((const char *)message.data, "\"result\""));
	snprintf(answer, size, "%s", (const char *)message.data);
}

static struct ws_client *connect_room(struct bench *bench)
{
	struct ws_client_settings settings = hub_process_room(bench->hub, "ruang-1");
	struct ws_client *client;

	check(ws_client_connect(&settings, soon(), &client) == 0, "no connection");
	return client;
}

static void watch(struct bench *bench, struct receiver *receiver, struct ws_client *client)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = receiver};

	receiver->client = client;
	/* One system call a frame less: what receives here shall not be slower than what sends. */
	SSL_set_read_ahead(ws_client_tls(client), 1);
	check(epoll_ctl(bench->epoll, EPOLL_CTL_ADD, ws_client_socket(client), &event) == 0,
	      "epoll_ctl");
}

static void publish(struct bench *bench, struct ws_client *control)
{
	static const char words[] = "\"tracks\":[";
	char answer[256];
	const char *place;

	ask(control, "publish",
	    "\"tracks\":[{\"kind\":\"camera\",\"layers\":"
	    "[{\"width\":1280,\"height\":720,\"bitrate\":2500000}]}]",
	    answer, sizeof(answer));
	place = strstr(answer, words);
	check(place != NULL, "no tracks");
	bench->track = (uint16_t)strtoul(place + strlen(words), NULL, 10);
	check(bench->track > 0, "no track");
}

static void enter(struct bench *bench, struct receiver *control, struct receiver *pictures)
{
	struct ws_client *first = connect_room(bench), *second = connect_room(bench);
	char answer[512], params[128], seat[64];
	const char *place;

	ask(first, "join", "\"version\":1,\"meeting\":\"bench\"", answer, sizeof(answer));
	place = strstr(answer, "\"seat\":\"");
	check(place && sscanf(place, "\"seat\":\"%43[A-Za-z0-9_-]\"", seat) == 1, "no seat");
	snprintf(params, sizeof(params), "\"seat\":\"%s\"", seat);
	ask(second, "attach", params, answer, sizeof(answer));
	if (!bench->publisher) {
		bench->publisher = second;
		publish(bench, first);
	}
	snprintf(params, sizeof(params), "\"wants\":[{\"track\":%u,\"layer\":0}]", bench->track);
	ask(first, "want", params, answer, sizeof(answer));
	pictures->is_pictures = true;
	watch(bench, control, first);
	watch(bench, pictures, second);
}

/* Sizes as an encoder makes them: much alike, with a key frame now and then. */
static size_t picture_bytes(uint32_t object)
{
	if (object == 0)
		return (size_t)PICTURE_BYTES * KEY_TIMES;
	return PICTURE_BYTES * (80 + object * 37 % 41) / 100;
}

static void send_picture(struct bench *bench)
{
	static uint8_t bytes[PICTURE_BYTES * KEY_TIMES];
	struct object_header header = {
		.flags = bench->object == 0 ? OBJECT_KEY : 0,
		.track = bench->track,
		.priority = 1,
		.group = bench->group,
		.object = bench->object,
		.capture_us = (uint64_t)clock_now_us(),
	};

	object_write(&header, bytes);
	check(ws_client_send_binary(bench->publisher, bytes, picture_bytes(bench->object),
				    soon()) == 0,
	      "a picture cannot be sent");
	if (++bench->object == GROUP) {
		bench->object = 0;
		bench->group++;
	}
}

static void take_object(struct bench *bench, struct receiver *receiver)
{
	struct object_header header;
	int64_t delay_us;
	uint8_t message[OBJECT_HEADER_BYTES + 1];

	memcpy(message, receiver->object, OBJECT_HEADER_BYTES);
	check(object_parse(message, sizeof(message), &header) == OBJECT_OK, "no object");
	delay_us = clock_now_us() - (int64_t)header.capture_us;
	if (bench->delay_count < SAMPLES_MAX)
		bench->delays_us[bench->delay_count++] = delay_us;
	if (header.object == 0 && delay_us > bench->slowest_key_us)
		bench->slowest_key_us = delay_us;
	receiver->objects++;
	bench->received++;
}

/* A frame of the hub is complete: its opcode and FIN are in the first byte of its head. */
static void end_frame(struct bench *bench, struct receiver *receiver)
{
	uint8_t first = receiver->head[0];

	receiver->head_length = 0;
	check((first & 0xf) != WS_CLOSE, "the hub closes");
	/* A pong that answers nothing is one, too (RFC 6455, 5.5.3): it says that somebody is here. */
	if ((first & 0xf) == WS_PING)
		check(ws_client_send_frame(receiver->client, WS_PONG, true, 0, "", 0, soon()) == 0,
		      "no pong");
	if ((first & 0x80) == 0 || (first & 0xf) >= WS_CLOSE)
		return;
	if (receiver->is_pictures)
		take_object(bench, receiver);
	receiver->object_length = 0;
}

/* Bytes that the head still lacks; 0: it is complete. */
static size_t head_lacks(const struct receiver *receiver)
{
	size_t needed = 2;

	if (receiver->head_length >= 2 && receiver->head[1] == 126)
		needed = 4;
	else if (receiver->head_length >= 2 && receiver->head[1] == 127)
		needed = 10;
	return needed - receiver->head_length;
}

static void begin_payload(struct receiver *receiver)
{
	const uint8_t *head = receiver->head;

	receiver->left = head[1];
	if (head[1] == 126)
		receiver->left = buffer_get_u16(head + 2);
	else if (head[1] == 127)
		receiver->left = buffer_get_u64(head + 2);
}

static size_t take_payload(struct receiver *receiver, const uint8_t *bytes, size_t length)
{
	size_t wanted = OBJECT_HEADER_BYTES - receiver->object_length;

	if (length > receiver->left)
		length = (size_t)receiver->left;
	if ((receiver->head[0] & 0xf) < WS_CLOSE) {
		if (wanted > length)
			wanted = length;
		memcpy(receiver->object + receiver->object_length, bytes, wanted);
		receiver->object_length += wanted;
	}
	receiver->left -= length;
	return length;
}

static void take_bytes(struct bench *bench, struct receiver *receiver, const uint8_t *bytes,
		       size_t length)
{
	size_t part;

	while (length > 0) {
		part = head_lacks(receiver);
		if (part > 0) {
			if (part > length)
				part = length;
			memcpy(receiver->head + receiver->head_length, bytes, part);
			receiver->head_length += part;
			if (head_lacks(receiver) == 0)
				begin_payload(receiver);
		} else {
			part = take_payload(receiver, bytes, length);
		}
		bytes += part;
		length -= part;
		if (head_lacks(receiver) == 0 && receiver->left == 0)
			end_frame(bench, receiver);
	}
}

static void read_all(struct bench *bench, struct receiver *receiver)
{
	SSL *tls = ws_client_tls(receiver->client);
	static uint8_t bytes[READ_BYTES];
	int length;

	ERR_clear_error();
	while ((length = SSL_read(tls, bytes, sizeof(bytes))) > 0) {
		if (receiver->is_pictures)
			bench->received_bytes += (uint64_t)length;
		take_bytes(bench, receiver, bytes, (size_t)length);
	}
	check(SSL_get_error(tls, length) == SSL_ERROR_WANT_READ, "a connection is gone");
}

/* One round of what came in; returns whether the timer was in it. */
static bool serve(struct bench *bench, int timeout_ms)
{
	struct epoll_event events[SOCKETS + 1];
	int count = epoll_wait(bench->epoll, events, SOCKETS + 1, timeout_ms), i;
	bool is_time = false;

	for (i = 0; i < count; i++) {
		if (events[i].data.ptr)
			read_all(bench, events[i].data.ptr);
		else
			is_time = true;
	}
	return is_time;
}

/*
 * Until so many objects were received by all together. It does not sleep meanwhile: to wake it once
 * an object would cost the hub more than sending that.
 */
static void serve_until(struct bench *bench, uint64_t received)
{
	int64_t deadline_us = clock_now_us() + LATE_US;

	while (bench->received < received && clock_now_us() < deadline_us)
		serve(bench, 0);
}

static void send_at_pace(struct bench *bench, uint32_t pictures, uint64_t members)
{
	const struct itimerspec period = {
		.it_interval.tv_nsec = 1000000000 / FPS,
		.it_value.tv_nsec = 1000000000 / FPS,
	};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	uint64_t ticks, expected;

	check(timer >= 0 && timerfd_settime(timer, 0, &period, NULL) == 0 &&
		      epoll_ctl(bench->epoll, EPOLL_CTL_ADD, timer, &event) == 0,
	      "no timer");
	while (pictures > 0) {
		if (!serve(bench, 1000) || read(timer, &ticks, sizeof(ticks)) != sizeof(ticks))
			continue;
		expected = bench->received + members;
		send_picture(bench);
		serve_until(bench, expected);
		pictures--;
	}
	close(timer);
}

static double delay_ms(struct bench *bench, double part)
{
	check(bench->delay_count > 0, "nothing was received");
	return figure_percentile_ms(bench->delays_us, bench->delay_count, part);
}

static void measure_steady(struct bench *bench)
{
	const double goal = 2;
	double cpu = hub_process_cpu_s(bench->hub);
	int64_t start_us = clock_now_us();

	bench->delay_count = 0;
	bench->slowest_key_us = 0;
	send_at_pace(bench, STEADY_PICTURES, MEMBERS);
	cpu = (hub_process_cpu_s(bench->hub) - cpu) * 1e6 / (double)(clock_now_us() - start_us);
	figure_say("hub: CPU, 2.5 Mb/s to 100 members", cpu * 100, "% of a core", NULL,
		   FIGURE_LOWER);
	figure_say("hub: added delay p50", delay_ms(bench, 0.5), "ms", NULL, FIGURE_LOWER);
	figure_say("hub: added delay p99", delay_ms(bench, 0.99), "ms", &goal, FIGURE_LOWER);
	figure_say("hub: key frame at the last of 100 members",
		   (double)bench->slowest_key_us / 1000, "ms", NULL, FIGURE_LOWER);
}

/* The last member reads nothing any more; the others must not notice. */
static void measure_beside_a_stuck_one(struct bench *bench)
{
	const double goal = 2;
	struct receiver *stuck = &bench->receivers[SOCKETS - 1];

	check(epoll_ctl(bench->epoll, EPOLL_CTL_DEL, ws_client_socket(stuck->client), NULL) == 0,
	      "epoll_ctl");
	stuck->is_stuck = true;
	bench->delay_count = 0;
	send_at_pace(bench, STUCK_PICTURES, MEMBERS - 1);
	figure_say("hub: added delay p99 beside a member that stops reading", delay_ms(bench, 0.99),
		   "ms", &goal, FIGURE_LOWER);
	ws_client_destroy(stuck->client);
	stuck->client = NULL;
}

/* As fast as all members take it, some pictures being on their way at a time. */
static void measure_ceiling(struct bench *bench)
{
	const double goal = 1.5;
	uint64_t before = bench->received, bytes = bench->received_bytes, i;
	double cpu = hub_process_cpu_s(bench->hub);
	int64_t start_us = clock_now_us();
	double bits;

	bench->delay_count = 0;
	for (i = 0; i < CEILING_PICTURES; i++) {
		send_picture(bench);
		if (i >= CEILING_WINDOW)
			serve_until(bench, before + (i - CEILING_WINDOW) * (MEMBERS - 1));
	}
	serve_until(bench, before + (uint64_t)CEILING_PICTURES * (MEMBERS - 1));
	bits = (double)(bench->received_bytes - bytes) * 8;
	figure_say("hub: throughput over TLS, a core",
		   bits / (hub_process_cpu_s(bench->hub) - cpu) / 1e9, "Gb/s", &goal,
		   FIGURE_HIGHER);
	figure_say("hub: throughput with the clients on the same machine",
		   bits / (double)(clock_now_us() - start_us) / 1e3, "Gb/s", NULL, FIGURE_HIGHER);
}

int main(void)
{
	static struct bench bench;
	size_t i;

	/* The hub inherits it: what else runs on the machine is not measured. */
	if (!thread_set_realtime(REALTIME_PRIORITY))
		printf("bench_hub: no real-time priority, other programs are measured, too\n");
	bench.delays_us = malloc(SAMPLES_MAX * sizeof(*bench.delays_us));
	bench.epoll = epoll_create1(EPOLL_CLOEXEC);
	check(bench.delays_us && bench.epoll >= 0, "no memory");
	bench.hub = hub_process_create("");
	for (i = 0; i < SOCKETS; i += 2) {
		enter(&bench, &bench.receivers[i], &bench.receivers[i + 1]);
		/* Those who are in are pinged while the rest comes in. */
		serve(&bench, 0);
	}
	measure_steady(&bench);
	measure_beside_a_stuck_one(&bench);
	measure_ceiling(&bench);
	for (i = 0; i < SOCKETS; i++)
		ws_client_destroy(bench.receivers[i].client);
	hub_process_destroy(bench.hub);
	close(bench.epoll);
	free(bench.delays_us);
	return EXIT_SUCCESS;
}
