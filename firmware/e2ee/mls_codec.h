/*
 * The TLS presentation language as MLS uses it (RFC 9420, section 2.1): numbers are big-endian, and
 * a vector begins with its length in bytes, in 1, 2 or 4 bytes (section 2.1.2).
 *
 * Both ends remember their first fault and do nothing from then on, so that a struct is read or
 * written in one go and looked at once. One thread at a time.
 */
#ifndef BALAI_E2EE_MLS_CODEC_H
#define BALAI_E2EE_MLS_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "e2ee/mls_crypto.h"
#include "e2ee/mls_error.h"

/* Bytes that lie elsewhere, mostly in the message that was read; lent as long as that lives. */
struct mls_bytes {
	const uint8_t *data;
	size_t length;
};

bool mls_bytes_equal(struct mls_bytes a, struct mls_bytes b);

/* All members are private to mls_codec.c, but a test may look at them. */
struct mls_reader {
	const uint8_t *data;
	size_t at;
	size_t end;
	int fault;       /* 0 or a negative enum mls_error */
	size_t fault_at; /* offset into data */
};

void mls_reader_init(struct mls_reader *reader, struct mls_bytes bytes);

/* Sets the fault at the present offset; the first one stays. */
void mls_reader_fail(struct mls_reader *reader, enum mls_error error);

/* Bytes are left, in the vector entered last, and there is no fault. */
bool mls_reader_more(const struct mls_reader *reader);

/* 0, or the first fault; bytes that are left are MLS_ERROR_TRAILING. */
int mls_reader_close(struct mls_reader *reader) __attribute__((warn_unused_result));

/* Zero, or empty, after a fault. */
uint8_t mls_read_u8(struct mls_reader *reader);
uint16_t mls_read_u16(struct mls_reader *reader);
uint32_t mls_read_u32(struct mls_reader *reader);
uint64_t mls_read_u64(struct mls_reader *reader);
uint32_t mls_read_length(struct mls_reader *reader);
struct mls_bytes mls_read_vector(struct mls_reader *reader);

/* The presence byte of an optional<T>. */
bool mls_read_optional(struct mls_reader *reader);

/* What was read since `from`, an earlier reader->at. */
struct mls_bytes mls_reader_since(const struct mls_reader *reader, size_t from);

/*
 * Between enter and leave the reader ends where the vector ends. Returns the end before, for leave;
 * there, bytes of the vector that are left are a fault.
 */
size_t mls_reader_enter(struct mls_reader *reader);
void mls_reader_leave(struct mls_reader *reader, size_t end);

/* Grows on the heap up to a maximum; what it outgrows is wiped. */
struct mls_writer {
	uint8_t *data; /* owned */
	size_t length;
	size_t size;
	size_t maximum;
	int fault; /* 0, -MLS_ERROR_LIMIT or -ENOMEM */
};

void mls_writer_init(struct mls_writer *writer, size_t maximum);

/* Wipes and frees; the writer is empty and may be used again. */
void mls_writer_finish(struct mls_writer *writer);

/* What was written; empty after a fault. Lent until the next write. */
struct mls_bytes mls_writer_bytes(const struct mls_writer *writer);

/* The hash of what was written. Returns 0, the writer's fault or -EIO. */
int mls_writer_hash(const struct mls_writer *writer, uint8_t ret_hash[MLS_HASH_BYTES])
	__attribute__((warn_unused_result));

void mls_write(struct mls_writer *writer, const void *data, size_t length);
/* Room for that many bytes, for the caller to fill before the next write; NULL after a fault. */
uint8_t *mls_write_room(struct mls_writer *writer, size_t length);
void mls_write_u8(struct mls_writer *writer, uint8_t value);
void mls_write_u16(struct mls_writer *writer, uint16_t value);
void mls_write_u32(struct mls_writer *writer, uint32_t value);
void mls_write_u64(struct mls_writer *writer, uint64_t value);
void mls_write_length(struct mls_writer *writer, size_t length);
void mls_write_vector(struct mls_writer *writer, const void *data, size_t length);
void mls_write_bytes(struct mls_writer *writer, struct mls_bytes bytes); /* as a vector */

/* Between begin and end a vector's content is written. Returns where it began, for end. */
size_t mls_writer_begin(struct mls_writer *writer);
void mls_writer_end(struct mls_writer *writer, size_t begin);

#endif
