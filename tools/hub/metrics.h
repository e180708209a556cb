/*
 * What the hub counts, and its Prometheus text (text exposition format 0.0.4).
 */
#ifndef BALAI_HUB_METRICS_H
#define BALAI_HUB_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define METRICS_DELAY_BUCKETS 9

/* Why a connection or a member was turned away. */
enum metrics_refusal {
	METRICS_REFUSED_TLS,      /* its certificate, its TLS version, no TLS at all */
	METRICS_REFUSED_SLOW,     /* no handshake or no `join` in time */
	METRICS_REFUSED_ROOM,     /* pushed out by a newer connection, or no room for it */
	METRICS_REFUSED_FULL,     /* members or meetings */
	METRICS_REFUSED_PROTOCOL, /* closed with 1002, 1008 or 1009 */
	METRICS_REFUSALS,
};

struct metrics {
	/* Now. */
	uint64_t meetings;
	uint64_t members;
	uint64_t connections;
	uint64_t handshakes; /* of the connections: not joined or attached yet */
	uint64_t groups;     /* meetings that are encrypted end to end */
	/* Since the start. */
	uint64_t accepted;
	uint64_t refused[METRICS_REFUSALS];
	uint64_t objects_in;
	uint64_t bytes_in;
	uint64_t objects_out;
	uint64_t bytes_out;
	uint64_t objects_unwanted;  /* of a track or layer that is not there (any more) */
	uint64_t objects_no_memory; /* not taken in: memory_max */
	uint64_t layers_dropped;    /* slow receivers: a layer, until its next group */
	uint64_t sounds_dropped;
	uint64_t keyframes_asked;
	uint64_t commits;        /* of MLS groups, passed on */
	uint64_t commits_late;   /* refused: another was first */
	uint64_t knocks;         /* of members at a group's door */
	uint64_t knocks_refused; /* by who keeps it */
	uint64_t welcomes;       /* members let in */
	uint64_t doors_vacated;  /* a knock was left unanswered */
	/* From the last byte of an object in to its last byte handed to a receiver's TLS. */
	uint64_t delay_buckets[METRICS_DELAY_BUCKETS];
	uint64_t delay_count;
	uint64_t delay_sum_us;
};

void metrics_add_delay(struct metrics *metrics, int64_t delay_us);

/* Appends the text; memory_bytes is what packets hold. Returns 0, -EMSGSIZE or -ENOMEM. */
int metrics_write(const struct metrics *metrics, size_t memory_bytes, struct buffer *text)
	__attribute__((warn_unused_result));

#endif
