/*
 * What arrives, object by object: whether it was wanted, and, once it is known to be what its member
 * sealed, whether something is missing before it, and how late it is. It keeps one record a wanted track layer.
 *
 * Pure: the caller tells the time. One thread.
 */
#ifndef BALAI_MEETING_INCOMING_H
#define BALAI_MEETING_INCOMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meeting/message.h"
#include "meeting/object.h"

/* Delays kept a report, of which the median is told: those of a second at 60 pictures in it. */
#define INCOMING_DELAYS_MAX 64

enum incoming_verdict {
	INCOMING_TAKE,
	INCOMING_UNWANTED,  /* of no wanted track layer, as may be while wants cross objects */
	INCOMING_MISPLACED, /* a picture on the socket for sound or the reverse */
	INCOMING_AGAIN,     /* seen before */
	INCOMING_GAP, /* something before it is missing: useless until the next key, please ask for it */
};

/* Whose a track is, by the roster. */
struct incoming_origin {
	uint16_t member;
	enum message_kind kind;
	bool is_started; /* something of it was taken since it is wanted */
};

struct incoming_stats {
	uint64_t pictures; /* taken */
	uint64_t sounds;   /* taken */
	uint64_t bytes;    /* of both, with headers */
	uint64_t gaps;
	uint64_t refused; /* all verdicts but TAKE and GAP */
};

struct incoming;

/* Returns 0 and hands over *ret_incoming, or -ENOMEM. */
int incoming_create(struct incoming **ret_incoming) __attribute__((warn_unused_result));

/* NULL is allowed. */
void incoming_destroy(struct incoming *incoming);

/*
 * What may come from now on: the wants whose track layers are on the roster. The records of those
 * that could come before are kept.
 */
void incoming_expect(struct incoming *incoming, const struct message_want *want,
		     const struct message_roster *roster);

/*
 * Whether an object with this header may come at all: TAKE and *ret_origin, UNWANTED or MISPLACED.
 * is_picture: it came on the socket for pictures.
 */
enum incoming_verdict incoming_admit(struct incoming *incoming, const struct object_header *header,
				     bool is_picture, struct incoming_origin *ret_origin);

/*
 * Judges an object of `length` bytes that was admitted, by what came before it.
 * delay_us: arrival minus capture; negative when it is not known.
 */
enum incoming_verdict incoming_object(struct incoming *incoming, const struct object_header *header,
				      size_t length, int64_t delay_us);

/* What to report since the last call: the pictures' tracks of which something came. */
void incoming_report(struct incoming *incoming, struct message_report *ret_report);

struct incoming_stats incoming_get_stats(const struct incoming *incoming);

#endif
