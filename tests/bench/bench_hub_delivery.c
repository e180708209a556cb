/*
 * What it costs the hub that a hundred members are let into a meeting's group one by one, over TLS,
 * all of them in this process. What they send are zeros of the sizes that MLS messages have, with
 * leaves that carry certificates.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64url.h"
#include "base/clock.h"
#include "meeting/message.h"
#include "tests/bench/figure.h"
#include "tests/fake/hub_member.h"
#include "tests/fake/hub_process.h"

enum {
	LAST = 20, /* of the members: those who find a full group */
	PACKAGE_BYTES = 2048 + 81,
	COMMIT_BYTES = 16 << 10,
	WELCOME_BYTES = 128 << 10,
	REQUEST_BYTES = 256 << 10,
};

struct bench {
	struct hub_process *hub;
	struct ws_client *members[MESSAGE_MEMBERS_MAX];
	int64_t waits_us[LAST]; /* from the knock to the Welcome */
	char request[REQUEST_BYTES];
};

/* `length` bytes as the member `name` of an object, after what is in `text`. */
static size_t add_bytes(char *text, size_t used, const char *name, size_t length)
{
	used += (size_t)snprintf(text + used, REQUEST_BYTES - used, "\"%s\":\"", name);
	memset(text + used, 'A', BASE64URL_TEXT_LENGTH(length));
	used += BASE64URL_TEXT_LENGTH(length);
	return used + (size_t)snprintf(text + used, REQUEST_BYTES - used, "\"");
}

static size_t begin_request(char *text, const char *method)
{
	return (size_t)snprintf(text, REQUEST_BYTES,
				"{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"%s\",\"params\":{",
				method);
}

static void end_request(char *text, size_t used)
{
	snprintf(text + used, REQUEST_BYTES - used, "}}");
}

static void open_group(struct bench *bench)
{
	size_t used = begin_request(bench->request, "open");

	end_request(bench->request, add_bytes(bench->request, used, "key", MESSAGE_KEY_BYTES));
	hub_member_say(bench->members[0], bench->request);
	hub_member_hear(bench->members[0], "\"id\":9");
}

static void knock(struct bench *bench, size_t i)
{
	size_t used = begin_request(bench->request, "knock");

	end_request(bench->request, add_bytes(bench->request, used, "package", PACKAGE_BYTES));
	hub_member_say(bench->members[i], bench->request);
}

/* By who was let in last: all by one would be more bytes a second than the hub takes of it. */
static void commit(struct bench *bench, size_t i)
{
	char *text = bench->request;
	size_t used = begin_request(text, "commit");

	used += (size_t)snprintf(text + used, REQUEST_BYTES - used,
				 "\"epoch\":%zu,\"members\":[%zu],", i - 1, i + 1);
	used = add_bytes(text, used, "commit", COMMIT_BYTES);
	used += (size_t)snprintf(text + used, REQUEST_BYTES - used, ",");
	end_request(text, add_bytes(text, used, "welcome", WELCOME_BYTES));
	hub_member_say(bench->members[i - 1], text);
}

/* Returns how long it waited. */
static int64_t let_in(struct bench *bench, size_t i)
{
	int64_t start_us = clock_now_us(), wait_us;
	size_t j;

	knock(bench, i);
	hub_member_hear(bench->members[0], "\"knock\"");
	commit(bench, i);
	hub_member_hear(bench->members[i], "\"welcome\"");
	wait_us = clock_now_us() - start_us;
	hub_member_hear(bench->members[i - 1], "\"id\":9");
	for (j = 0; j < i - 1; j++)
		hub_member_hear(bench->members[j], "\"commit\"");
	return wait_us;
}

static void enter_all(struct bench *bench)
{
	size_t i;

	for (i = 0; i < MESSAGE_MEMBERS_MAX; i++) {
		bench->members[i] = hub_member_connect(bench->hub, "ruang-1");
		hub_member_join(bench->members[i], "bench");
	}
}

static void measure(struct bench *bench)
{
	const size_t full = MESSAGE_MEMBERS_MAX - LAST;
	double cpu_s = hub_process_cpu_s(bench->hub), last_cpu_s = 0;
	size_t i;

	open_group(bench);
	for (i = 1; i < MESSAGE_MEMBERS_MAX; i++) {
		if (i == full)
			last_cpu_s = hub_process_cpu_s(bench->hub);
		if (i < full)
			let_in(bench, i);
		else
			bench->waits_us[i - full] = let_in(bench, i);
	}
	last_cpu_s = hub_process_cpu_s(bench->hub) - last_cpu_s;
	cpu_s = hub_process_cpu_s(bench->hub) - cpu_s;
	figure_say("hub: CPU, 100 members are let in one by one", cpu_s * 1000, "ms", NULL,
		   FIGURE_LOWER);
	figure_say("hub: CPU, one more is let in beside 80 to 99", last_cpu_s * 1000 / LAST, "ms",
		   NULL, FIGURE_LOWER);
	figure_say("hub: knock to Welcome beside 80 to 99, p50",
		   figure_percentile_ms(bench->waits_us, LAST, 0.5), "ms", NULL, FIGURE_LOWER);
	figure_say("hub: kept after 100 members were let in",
		   hub_process_metric(bench->hub, "memory_bytes") / 1024, "KiB", NULL,
		   FIGURE_LOWER);
}

int main(void)
{
	static struct bench bench;
	size_t i;

	bench.hub = hub_process_create("");
	enter_all(&bench);
	measure(&bench);
	for (i = 0; i < MESSAGE_MEMBERS_MAX; i++)
		ws_client_destroy(bench.members[i]);
	hub_process_destroy(bench.hub);
	return EXIT_SUCCESS;
}
