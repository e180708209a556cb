#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "panel/live.h"
#include "panel/live_page.h"
#include "screen/paint.h"

#define DEADLINE_US (20 * CLOCK_US_PER_S)
/* Of the answer and of the first part together. */
#define HEADERS_MAX 1024

/* What stands in for the compositor: a picture that is another one whenever `serial` is. */
struct site {
	struct live *live;
	pthread_mutex_t lock;
	pthread_cond_t copied;
	uint64_t serial;
	bool changes; /* by itself, at each copy */
	bool absent;
	int copies;
	int width, height;
};

/* What compresses badly: xorshift, eight samples at a time. */
static AVFrame *draw_noise(int width, int height, uint64_t seed)
{
	AVFrame *frame = paint_frame_create(width, height);
	uint64_t random = seed * 88172645463325252U + 1;

	assert_non_null(frame);
	for (int plane = 0; plane < 3; plane++) {
		int n = frame->linesize[plane] * (plane ? height / 2 : height);

		for (int i = 0; i + 8 <= n; i += 8) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			memcpy(frame->data[plane] + i, &random, sizeof(random));
		}
	}
	return frame;
}

static int copy(void *context, uint64_t *serial, int64_t deadline_us, AVFrame **ret_picture)
{
	struct site *site = context;
	int ret = 0;

	(void)deadline_us;
	pthread_mutex_lock(&site->lock);
	site->copies++;
	if (site->changes)
		site->serial++;
	if (site->absent)
		ret = -ENODEV;
	else if (*serial == site->serial)
		ret = -EAGAIN;
	else
		*serial = site->serial;
	pthread_cond_broadcast(&site->copied);
	pthread_mutex_unlock(&site->lock);
	if (ret == 0)
		*ret_picture = draw_noise(site->width, site->height, *serial);
	return ret;
}

static void open_site(struct site *site)
{
	struct live_settings settings = {.address = "127.0.0.1",
					 .room = "Ruang <Garuda> & \"Kawan\"",
					 .copy = copy,
					 .context = site};

	*site = (struct site){.serial = 1, .width = 64, .height = 64};
	pthread_mutex_init(&site->lock, NULL);
	pthread_cond_init(&site->copied, NULL);
	assert_int_equal(live_create(&settings, &site->live), 0);
	assert_int_not_equal(live_port(site->live), 0);
}

static void close_site(struct site *site)
{
	live_destroy(site->live);
	pthread_cond_destroy(&site->copied);
	pthread_mutex_destroy(&site->lock);
}

static void wait_for_copies(struct site *site, int copies)
{
	struct timespec deadline = clock_timespec(clock_now_us() + DEADLINE_US);

	pthread_mutex_lock(&site->lock);
	while (site->copies < copies)
		assert_int_equal(pthread_cond_clockwait(&site->copied, &site->lock, CLOCK_MONOTONIC,
							&deadline),
				 0);
	pthread_mutex_unlock(&site->lock);
}

static int dial(const struct site *site)
{
	struct sockaddr_in where = {.sin_family = AF_INET,
				    .sin_port = htons(live_port(site->live)),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail();
	assert_int_equal(connect(fd, (const struct sockaddr *)&where, sizeof(where)), 0);
	return fd;
}

static void send_text(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static int request(const struct site *site, const char *path, const char *host)
{
	char text[256];
	int fd = dial(site);

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
		 path, host);
	send_text(fd, text);
	return fd;
}

/* Reads some; returns 0 at the end of the connection. */
static size_t read_some(int fd, char *data, size_t size)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	ssize_t n;

	assert_int_equal(poll(&poll_fd, 1, (int)(DEADLINE_US / 1000)), 1);
	n = recv(fd, data, size, 0);
	return n > 0 ? (size_t)n : 0;
}

/* Reads up to the end of the connection; the answer is a string too. */
static size_t read_all(int fd, char *data, size_t size)
{
	size_t length = 0, n;

	while ((n = read_some(fd, data + length, size - 1 - length)) > 0)
		length += n;
	data[length] = '\0';
	close(fd);
	return length;
}

static size_t fetch(const struct site *site, const char *path, const char *host, char *answer,
		    size_t size)
{
	int fd = request(site, path, host);

	return read_all(fd, answer, size);
}

static int status_of(const char *answer)
{
	assert_memory_equal(answer, "HTTP/1.1 ", 9);
	return (int)strtol(answer + 9, NULL, 10);
}

static int get_status(const struct site *site, const char *path, const char *host)
{
	char answer[65536];

	fetch(site, path, host, answer, sizeof(answer));
	return status_of(answer);
}

static void test_page(void **state)
{
	struct site site;
	char answer[16384];

	(void)state;
	open_site(&site);
	fetch(&site, "/", "localhost", answer, sizeof(answer));
	assert_int_equal(status_of(answer), 200);
	assert_non_null(strcasestr(answer, "content-type: text/html; charset=utf-8\r\n"));
	assert_non_null(strcasestr(answer, "content-security-policy: default-src 'none'"));
	assert_non_null(strstr(answer, "Ruang &lt;Garuda&gt; &amp; &quot;Kawan&quot;"));
	assert_null(strstr(answer, "<Garuda>"));
	assert_non_null(strstr(answer, "src=\"/live\""));
	assert_non_null(strstr(answer, "</html>\n"));
	close_site(&site);
	assert_int_equal(site.copies, 0);
}

static void test_png(void **state)
{
	static const char signature[] = "\r\n\r\n\x89PNG\r\n\x1a\n";
	struct site site;
	char answer[65536];
	size_t length;

	(void)state;
	open_site(&site);
	length = fetch(&site, "/screen.png", "127.0.0.1:80", answer, sizeof(answer));
	assert_int_equal(status_of(answer), 200);
	assert_non_null(strcasestr(answer, "content-type: image/png\r\n"));
	assert_non_null(memmem(answer, length, signature, sizeof(signature) - 1));
	assert_memory_equal(answer + length - 8, "IEND\xae\x42\x60\x82", 8);
	site.absent = true;
	assert_int_equal(get_status(&site, "/screen.png", "localhost"), 503);
	close_site(&site);
}

/* A reader of /live that takes its stream apart. */
struct viewer {
	int fd;
	char *data;
	size_t length, size;
	int parts; /* whole pictures so far */
	size_t at; /* of what was not looked at yet */
};

static void viewer_open(struct viewer *viewer, const struct site *site)
{
	*viewer = (struct viewer){.fd = request(site, "/live", "localhost"), .size = 64 << 20};
	viewer->data = malloc(viewer->size);
	assert_non_null(viewer->data);
}

static void viewer_close(struct viewer *viewer)
{
	close(viewer->fd);
	free(viewer->data);
}

/* Counts whole pictures: from a Content-Length to as many bytes after the blank line. */
static void take_apart(struct viewer *viewer)
{
	for (;;) {
		char *from = viewer->data + viewer->at, *head, *blank;
		size_t left = viewer->length - viewer->at, length, whole;
		size_t headers = left < HEADERS_MAX ? left : HEADERS_MAX;

		head = memmem(from, headers, "Content-Length: ", 16);
		blank = head ? memmem(head, headers - (size_t)(head - from), "\r\n\r\n", 4) : NULL;
		if (!blank)
			return;
		length = strtoul(head + 16, NULL, 10);
		whole = (size_t)(blank + 4 - from) + length + strlen("\r\n--picture\r\n");
		if (left < whole)
			return;
		assert_memory_equal(blank + 4, "\xff\xd8\xff", 3);
		assert_memory_equal(blank + 4 + length - 2, "\xff\xd9", 2);
		assert_memory_equal(blank + 4 + length, "\r\n--picture\r\n", 13);
		viewer->parts++;
		viewer->at += whole;
	}
}

static void view(struct viewer *viewer, int parts)
{
	while (viewer->parts < parts) {
		size_t n = read_some(viewer->fd, viewer->data + viewer->length,
				     viewer->size - viewer->length);

		assert_int_not_equal(n, 0);
		viewer->length += n;
		take_apart(viewer);
	}
}

static void test_live_shows_what_changed(void **state)
{
	struct site site;
	struct viewer first, second;

	(void)state;
	open_site(&site);
	viewer_open(&first, &site);
	view(&first, 1);
	assert_int_equal(status_of(first.data), 200);
	assert_non_null(memmem(first.data, first.length,
			       "multipart/x-mixed-replace; boundary=picture\r\n", 45));
	/* Nothing changes for some time; a second reader sees the picture there is. */
	wait_for_copies(&site, 4);
	viewer_open(&second, &site);
	view(&second, 1);
	pthread_mutex_lock(&site.lock);
	site.serial = 2;
	pthread_mutex_unlock(&site.lock);
	view(&first, 2);
	view(&second, 2);
	assert_int_equal(first.parts, 2);
	viewer_close(&first);
	viewer_close(&second);
	close_site(&site);
}

/* Without a screen the stream stays open, and goes on when there is one. */
static void test_live_waits_for_a_screen(void **state)
{
	struct site site;
	struct viewer viewer;

	(void)state;
	open_site(&site);
	site.absent = true;
	viewer_open(&viewer, &site);
	wait_for_copies(&site, 2);
	pthread_mutex_lock(&site.lock);
	site.absent = false;
	pthread_mutex_unlock(&site.lock);
	view(&viewer, 1);
	viewer_close(&viewer);
	close_site(&site);
}

static void test_slow_reader_skips(void **state)
{
	const int seen = 15;
	struct site site;
	struct viewer slow, quick;

	(void)state;
	open_site(&site);
	site.width = 1920;
	site.height = 1080;
	site.changes = true;
	viewer_open(&slow, &site);
	viewer_open(&quick, &site);
	view(&quick, seen);
	/* More than sockets hold: what the slow one reads now begins with old pictures. */
	assert_true(quick.length > (size_t)12 << 20);
	pthread_mutex_lock(&site.lock);
	site.changes = false;
	pthread_mutex_unlock(&site.lock);
	view(&slow, 2);
	viewer_close(&quick);
	shutdown(slow.fd, SHUT_WR);
	for (size_t n = 1; n > 0 && slow.parts < seen;) {
		n = read_some(slow.fd, slow.data + slow.length, slow.size - slow.length);
		slow.length += n;
		take_apart(&slow);
	}
	assert_in_range(slow.parts, 2, seen / 2);
	viewer_close(&slow);
	close_site(&site);
}

static void test_too_many_clients(void **state)
{
	struct viewer viewers[LIVE_CLIENTS_MAX];
	int64_t deadline_us = clock_now_us() + DEADLINE_US;
	struct site site;
	int status;

	(void)state;
	open_site(&site);
	for (int i = 0; i < LIVE_CLIENTS_MAX; i++) {
		viewer_open(&viewers[i], &site);
		view(&viewers[i], 1);
	}
	assert_int_equal(get_status(&site, "/live", "localhost"), 503);
	assert_int_equal(get_status(&site, "/", "localhost"), 503);
	viewer_close(&viewers[0]);
	do {
		status = get_status(&site, "/", "localhost");
	} while (status == 503 && clock_now_us() < deadline_us);
	assert_int_equal(status, 200);
	for (int i = 1; i < LIVE_CLIENTS_MAX; i++)
		viewer_close(&viewers[i]);
	close_site(&site);
}

static void test_foreign_host(void **state)
{
	static const struct {
		const char *host;
		int status;
	} table[] = {
		{"localhost", 200},
		{"LocalHost:8080", 200},
		{"127.0.0.1", 200},
		{"127.9.8.7:1", 200},
		{"[::1]:8080", 200},
		{"evil.example", 403},
		{"localhost.evil.example", 403},
		{"127.0.0.1.evil.example", 403},
		{"192.168.1.7", 403},
		{"localhost:80@evil.example", 403},
		{"[::2]", 403},
	};
	struct site site;

	(void)state;
	open_site(&site);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(get_status(&site, "/", table[i].host), table[i].status);
	close_site(&site);
}

static void test_other_requests(void **state)
{
	static const struct {
		const char *text;
		int status; /* 0: the connection is closed, with an answer or without */
	} table[] = {
		{"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404},
		{"GET /live/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404},
		{"GET /../live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200},
		{"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
		 "Connection: close\r\n\r\n",
		 405},
		{"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 403},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 0},
		{"nonsense\r\n\r\n", 0},
	};
	struct site site;
	char answer[65536];

	(void)state;
	open_site(&site);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int fd = dial(&site);

		send_text(fd, table[i].text);
		if (table[i].status == 0)
			shutdown(fd, SHUT_WR);
		if (table[i].status == 200) {
			read_some(fd, answer, 9 + 4);
			close(fd);
		} else {
			read_all(fd, answer, sizeof(answer));
		}
		if (table[i].status)
			assert_int_equal(status_of(answer), table[i].status);
	}
	assert_int_equal(get_status(&site, "/", "localhost"), 200);
	close_site(&site);
}

static void test_create(void **state)
{
	static const struct {
		const char *address;
		int ret;
	} table[] = {
		{"0.0.0.0", -EPERM},     {"::", -EPERM},         {"192.0.2.1", -EPERM},
		{"2001:db8::1", -EPERM}, {"localhost", -EINVAL}, {"", -EINVAL},
		{"127.0.0.2", 0},
	};
	struct live_settings settings = {.room = "Ruang", .copy = copy};
	struct live *first = NULL, *second = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		first = NULL;
		settings.address = table[i].address;
		assert_int_equal(live_create(&settings, &first), table[i].ret);
		live_destroy(first);
	}
	settings.address = "127.0.0.1";
	assert_int_equal(live_create(&settings, &first), 0);
	settings.port = live_port(first);
	assert_int_equal(live_create(&settings, &second), -EADDRINUSE);
	assert_null(second);
	live_destroy(first);
	assert_int_equal(live_create(&settings, &first), 0);
	assert_int_equal(live_port(first), settings.port);
	live_destroy(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_png),
		cmocka_unit_test(test_live_shows_what_changed),
		cmocka_unit_test(test_live_waits_for_a_screen),
		cmocka_unit_test(test_slow_reader_skips),
		cmocka_unit_test(test_too_many_clients),
		cmocka_unit_test(test_foreign_host),
		cmocka_unit_test(test_other_requests),
		cmocka_unit_test(test_create),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
