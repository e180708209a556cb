/*
 * The header in front of every media object (PROTOCOL.md, "Objects"): what the hub routes by.
 *
 *      0      1      2             4      5        6           8        12       16            24
 *     ┌──────┬──────┬─────────────┬──────┬────────┬───────────┬────────┬────────┬─────────────┐
 *     │ ver. │flags │   track     │layer │priority│ reserved 0│ group  │ object │ capture µs  │
 *     └──────┴──────┴─────────────┴──────┴────────┴───────────┴────────┴────────┴─────────────┘
 *
 * All fields are big-endian. The object model is that of Media over QUIC (draft-ietf-moq-transport):
 * a track has groups, each starting at a picture that needs no other; a group has objects.
 */
#ifndef BALAI_MEETING_OBJECT_H
#define BALAI_MEETING_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#define OBJECT_VERSION 1
#define OBJECT_HEADER_BYTES 24
#define OBJECT_LAYERS_MAX 4
/* Header and payload together. */
#define OBJECT_PICTURE_BYTES_MAX (2U << 20)
#define OBJECT_SOUND_BYTES_MAX 1536U

enum object_flags {
	OBJECT_KEY = 1 << 0, /* first object of its group: decodable alone */
	OBJECT_FLAGS_KNOWN = OBJECT_KEY,
};

struct object_header {
	uint8_t flags;    /* enum object_flags */
	uint16_t track;   /* given by the hub in the answer to `publish`, never 0 */
	uint8_t layer;    /* 0 is the largest; < OBJECT_LAYERS_MAX */
	uint8_t priority; /* 0 is the most important: sound 0, pictures 1 + layer */
	uint32_t group;   /* counts up a track layer from any start, modulo 2^32; sound: a packet */
	uint32_t object;  /* counts up from 0 a group; 0 and only 0 carries OBJECT_KEY */
	uint64_t capture_us; /* by the meeting's clock (PROTOCOL.md, "Clock"); at most INT64_MAX */
};

enum object_error {
	OBJECT_OK = 0,
	OBJECT_TRUNCATED,   /* shorter than the header and one byte of payload */
	OBJECT_BAD_VERSION, /* not OBJECT_VERSION */
	OBJECT_BAD_FIELD,   /* reserved bits set, a field out of range, key and object disagree */
};

/* Reads the header off `message`; *ret_header is untouched on failure. */
enum object_error object_parse(const uint8_t *message, size_t length,
			       struct object_header *ret_header);

/* Writes OBJECT_HEADER_BYTES bytes. The fields must be in range: they are this program's own. */
void object_write(const struct object_header *header, uint8_t *message);

/* For a log line or a close reason: "truncated header". */
const char *object_error_text(enum object_error error);

#endif
