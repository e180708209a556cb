/*
 * A growing byte buffer with a maximum, for whatever the network can make grow, and bounded
 * big-endian readers and writers for wire formats.
 */
#ifndef BALAI_BASE_BUFFER_H
#define BALAI_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
	uint8_t *data; /* owned */
	size_t length; /* bytes in use */
	size_t size;   /* bytes allocated */
	size_t maximum;
};

/* In place; allocates nothing yet. */
void buffer_init(struct buffer *buffer, size_t maximum);

/* Frees the bytes; the buffer is empty and may be used again. */
void buffer_finish(struct buffer *buffer);

/* Returns 0, -EMSGSIZE beyond the maximum (nothing is added) or -ENOMEM. */
int buffer_append(struct buffer *buffer, const void *data, size_t length)
	__attribute__((warn_unused_result));

/* Forgets the content, keeps the allocation. */
void buffer_clear(struct buffer *buffer);

static inline uint16_t buffer_get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t buffer_get_u32(const uint8_t *p)
{
	return (uint32_t)buffer_get_u16(p) << 16 | buffer_get_u16(p + 2);
}

static inline uint64_t buffer_get_u64(const uint8_t *p)
{
	return (uint64_t)buffer_get_u32(p) << 32 | buffer_get_u32(p + 4);
}

static inline void buffer_put_u16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void buffer_put_u32(uint8_t *p, uint32_t value)
{
	buffer_put_u16(p, (uint16_t)(value >> 16));
	buffer_put_u16(p + 2, (uint16_t)value);
}

static inline void buffer_put_u64(uint8_t *p, uint64_t value)
{
	buffer_put_u32(p, (uint32_t)(value >> 32));
	buffer_put_u32(p + 4, (uint32_t)value);
}

#endif
