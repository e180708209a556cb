/*
 * The newest changes from one codec to another, for Status. One thread at a time.
 */
#ifndef BALAI_BASE_CHANGES_H
#define BALAI_BASE_CHANGES_H

#include <jansson.h>
#include <stdint.h>

#define CHANGES_MAX 8

struct change {
	int64_t t_us;
	const char *from; /* names that live as long as this; the same one: made anew */
	const char *to;
	char cause[192];
};

/* {0} is a valid empty one. */
struct changes {
	struct change newest[CHANGES_MAX]; /* a ring */
	uint64_t count;                    /* of all */
};

/* `cause` is copied. */
void changes_note(struct changes *changes, const char *from, const char *to, const char *cause,
		  int64_t now_us);

/* "FROM CAUSE" of the newest, or "first in the order". NULL without memory. Caller owns it. */
json_t *changes_why(const struct changes *changes);

/* [{"t_us", "from", "to", "cause"}], oldest first. NULL without memory. Caller owns it. */
json_t *changes_to_json(const struct changes *changes);

#endif
