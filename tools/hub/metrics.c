#include "tools/hub/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static const int64_t delay_limits_us[METRICS_DELAY_BUCKETS] = {
	250, 500, 1000, 2000, 5000, 10000, 50000, 200000, 1000000,
};

static const char *const refusal_texts[METRICS_REFUSALS] = {
	[METRICS_REFUSED_TLS] = "tls",           [METRICS_REFUSED_SLOW] = "slow",
	[METRICS_REFUSED_ROOM] = "room",         [METRICS_REFUSED_FULL] = "full",
	[METRICS_REFUSED_PROTOCOL] = "protocol",
};

void metrics_add_delay(struct metrics *metrics, int64_t delay_us)
{
	size_t i;

	for (i = 0; i < METRICS_DELAY_BUCKETS; i++)
		if (delay_us <= delay_limits_us[i]) {
			metrics->delay_buckets[i]++;
			break;
		}
	metrics->delay_count++;
	metrics->delay_sum_us += (uint64_t)delay_us;
}

/* Keeps the first error in *r, so that a page is written without a test at each line. */
static void line(struct buffer *text, int *r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void line(struct buffer *text, int *r, const char *format, ...)
{
	char words[256];
	va_list arguments;
	int length;

	if (*r < 0)
		return;
	va_start(arguments, format);
	length = vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	if (length > 0)
		*r = buffer_append(text, words, (size_t)length);
}

static void value(struct buffer *text, int *r, const char *name, const char *type, uint64_t number)
{
	line(text, r, "# TYPE balai_hub_%s %s\nbalai_hub_%s %" PRIu64 "\n", name, type, name,
	     number);
}

static void refusals(const struct metrics *metrics, struct buffer *text, int *r)
{
	size_t i;

	line(text, r, "# TYPE balai_hub_refused_total counter\n");
	for (i = 0; i < METRICS_REFUSALS; i++)
		line(text, r, "balai_hub_refused_total{reason=\"%s\"} %" PRIu64 "\n",
		     refusal_texts[i], metrics->refused[i]);
}

static void delays(const struct metrics *metrics, struct buffer *text, int *r)
{
	uint64_t count = 0;
	size_t i;

	line(text, r, "# TYPE balai_hub_delay_seconds histogram\n");
	for (i = 0; i < METRICS_DELAY_BUCKETS; i++) {
		count += metrics->delay_buckets[i];
		line(text, r, "balai_hub_delay_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
		     (double)delay_limits_us[i] / 1e6, count);
	}
	line(text, r, "balai_hub_delay_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n",
	     metrics->delay_count);
	line(text, r, "balai_hub_delay_seconds_sum %.6f\n", (double)metrics->delay_sum_us / 1e6);
	line(text, r, "balai_hub_delay_seconds_count %" PRIu64 "\n", metrics->delay_count);
}

int metrics_write(const struct metrics *metrics, size_t memory_bytes, struct buffer *text)
{
	int r = 0;

	value(text, &r, "meetings", "gauge", metrics->meetings);
	value(text, &r, "members", "gauge", metrics->members);
	value(text, &r, "connections", "gauge", metrics->connections);
	value(text, &r, "handshakes", "gauge", metrics->handshakes);
	value(text, &r, "groups", "gauge", metrics->groups);
	value(text, &r, "memory_bytes", "gauge", memory_bytes);
	value(text, &r, "accepted_total", "counter", metrics->accepted);
	refusals(metrics, text, &r);
	value(text, &r, "objects_received_total", "counter", metrics->objects_in);
	value(text, &r, "received_bytes_total", "counter", metrics->bytes_in);
	value(text, &r, "objects_sent_total", "counter", metrics->objects_out);
	value(text, &r, "sent_bytes_total", "counter", metrics->bytes_out);
	value(text, &r, "objects_unwanted_total", "counter", metrics->objects_unwanted);
	value(text, &r, "objects_no_memory_total", "counter", metrics->objects_no_memory);
	value(text, &r, "layers_dropped_total", "counter", metrics->layers_dropped);
	value(text, &r, "sounds_dropped_total", "counter", metrics->sounds_dropped);
	value(text, &r, "keyframes_asked_total", "counter", metrics->keyframes_asked);
	value(text, &r, "commits_total", "counter", metrics->commits);
	value(text, &r, "commits_late_total", "counter", metrics->commits_late);
	value(text, &r, "knocks_total", "counter", metrics->knocks);
	value(text, &r, "knocks_refused_total", "counter", metrics->knocks_refused);
	value(text, &r, "welcomes_total", "counter", metrics->welcomes);
	value(text, &r, "doors_vacated_total", "counter", metrics->doors_vacated);
	delays(metrics, text, &r);
	return r;
}
