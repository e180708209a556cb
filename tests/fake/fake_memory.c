#include "tests/fake/fake_memory.h"

#include <assert.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>

static void drop(struct fake_memory *memory)
{
	if (memory->of_device || memory->mapped)
		return;
	free(memory->data);
	memory->data = NULL;
}

struct fake_memory *fake_memory_make(struct fake_memories *memories, uint32_t size)
{
	struct fake_memory *memory = &memories->all[memories->count++];

	assert(memories->count <= FAKE_MEMORY_MAX);
	*memory = (struct fake_memory){.size = size, .of_device = true};
	memory->data = aligned_alloc(8, ((size_t)size + 7) / 8 * 8);
	assert(memory->data);
	memset(memory->data, 0, size);
	return memory;
}

void fake_memory_let_go(struct fake_memory *memory)
{
	if (!memory)
		return;
	memory->of_device = false;
	drop(memory);
}

void fake_memory_unmap(struct fake_memories *memories, const void *data)
{
	struct fake_memory *memory = memories->all;

	while (memory < memories->all + memories->count &&
	       (memory->data != data || !memory->mapped))
		memory++;
	assert(memory < memories->all + memories->count);
	memory->mapped = false;
	drop(memory);
}

void fake_memory_assert_none(const struct fake_memories *memories)
{
	for (size_t i = 0; i < memories->count; i++)
		assert(!memories->all[i].data);
}

uint32_t fake_memory_align(uint32_t value, uint32_t align)
{
	return align > 0 ? (value + align - 1) / align * align : value;
}

uint32_t fake_memory_measure(uint32_t fourcc, uint32_t width, uint32_t height, uint32_t align,
			     uint32_t sizes[FAKE_MEMORY_PLANES])
{
	uint32_t pitch = fake_memory_align(fourcc == V4L2_PIX_FMT_YUYV ? 2 * width : width, align);
	uint32_t area = pitch * fake_memory_align(height, align);

	memset(sizes, 0, FAKE_MEMORY_PLANES * sizeof(sizes[0]));
	sizes[0] = area;
	switch (fourcc) {
	case V4L2_PIX_FMT_NV12M:
		sizes[1] = area / 2;
		return pitch;
	case V4L2_PIX_FMT_YUV420M:
		sizes[1] = sizes[2] = area / 4;
		return pitch;
	case V4L2_PIX_FMT_YUYV:
		return pitch;
	case V4L2_PIX_FMT_NV12:
	case V4L2_PIX_FMT_YUV420:
		sizes[0] = area + area / 2;
		return pitch;
	default:
		return 0;
	}
}
