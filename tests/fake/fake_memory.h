/*
 * The memory of fake V4L2 devices: lives as long as the device or a mapping refers to it, as the
 * kernel's does. Under the device's lock. For tests alone: what must not happen fails the test.
 */
#ifndef BALAI_TESTS_FAKE_MEMORY_H
#define BALAI_TESTS_FAKE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAKE_MEMORY_PLANES = 3, FAKE_MEMORY_MAX = 4096 };

struct fake_memory {
	uint8_t *data; /* NULL: gone */
	uint32_t size;
	bool of_device;
	bool mapped;
};

/* All that ever were, to be found by address. {0} is a valid empty one. */
struct fake_memories {
	struct fake_memory all[FAKE_MEMORY_MAX];
	size_t count;
};

/* All zero; not by malloc(), whose failures a test may arm. */
struct fake_memory *fake_memory_make(struct fake_memories *memories, uint32_t size);

/* The device needs it no more. NULL is allowed. */
void fake_memory_let_go(struct fake_memory *memory);

/* The mapping at that address ends. */
void fake_memory_unmap(struct fake_memories *memories, const void *data);

/* Nobody refers to any. */
void fake_memory_assert_none(const struct fake_memories *memories);

/* The next multiple of `align`; 0: any. */
uint32_t fake_memory_align(uint32_t value, uint32_t align);

/*
 * Bytes of each memory of a picture in that format, with strides and lines that are multiples of
 * `align` (0: any); returns the first's stride, 0 for coded pictures, which get a byte a pixel.
 */
uint32_t fake_memory_measure(uint32_t fourcc, uint32_t width, uint32_t height, uint32_t align,
			     uint32_t sizes[FAKE_MEMORY_PLANES]);

#endif
