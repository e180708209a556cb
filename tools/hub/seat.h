/*
 * Seats: the secrets by which a member takes its place in a meeting again (PROTOCOL.md, section 2,
 * `join`).
 */
#ifndef BALAI_HUB_SEAT_H
#define BALAI_HUB_SEAT_H

#include <stdbool.h>

#include "meeting/message.h"

/* 32 random bytes as 43 characters of base64url. 0, or -EIO without randomness. */
int seat_make(char seat[static MESSAGE_SEAT_BYTES + 1]) __attribute__((warn_unused_result));

/* Takes as long for a seat that is nearly right as for any other. */
bool seat_is_same(const char *a, const char *b);

#endif
