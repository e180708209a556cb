#include "drivers/kms_buffer.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <xf86drm.h>

static void fill_black(struct kms_buffer *buffer, uint32_t format)
{
	memset(buffer->data, 0, buffer->length);
	if (format == DRM_FORMAT_XRGB8888)
		return;
	memset(buffer->data, 16, buffer->layout.offsets[1]);
	memset(buffer->data + buffer->layout.offsets[1], 128,
	       buffer->length - buffer->layout.offsets[1]);
}

static int map(int fd, struct kms_buffer *buffer)
{
	uint64_t offset;
	void *data;

	if (drmModeMapDumbBuffer(fd, buffer->handle, &offset) != 0)
		return -errno;
	data = mmap(NULL, buffer->length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	if (data == MAP_FAILED)
		return -errno;
	buffer->data = data;
	return 0;
}

static int allocate(int fd, uint32_t format, uint32_t width, uint32_t height,
		    struct kms_buffer *buffer)
{
	uint32_t handles[4] = {0}, pitch;
	uint64_t length;
	int ret;

	if (drmModeCreateDumbBuffer(fd, width, kms_buffer_rows(format, height),
				    kms_buffer_bits(format), 0, &buffer->handle, &pitch,
				    &length) != 0)
		return -errno;
	buffer->length = (size_t)length;
	buffer->layout = kms_lay_out_planes(format, height, pitch);
	ret = map(fd, buffer);
	if (ret < 0)
		return ret;
	fill_black(buffer, format);
	for (int i = 0; i < buffer->layout.n_planes; i++)
		handles[i] = buffer->handle;
	if (drmModeAddFB2(fd, width, height, format, handles,
			  (uint32_t[4]){buffer->layout.pitches[0], buffer->layout.pitches[1],
					buffer->layout.pitches[2]},
			  (uint32_t[4]){buffer->layout.offsets[0], buffer->layout.offsets[1],
					buffer->layout.offsets[2]},
			  &buffer->fb, 0) != 0)
		return -errno;
	return 0;
}

int kms_buffer_open(int fd, uint32_t format, uint32_t width, uint32_t height,
		    struct kms_buffer *buffer)
{
	int ret = allocate(fd, format, width, height, buffer);

	if (ret < 0)
		kms_buffer_close(fd, buffer);
	return ret;
}

void kms_buffer_close(int fd, struct kms_buffer *buffer)
{
	if (buffer->fb)
		drmModeRmFB(fd, buffer->fb);
	if (buffer->data)
		munmap(buffer->data, buffer->length);
	if (buffer->handle)
		drmModeDestroyDumbBuffer(fd, buffer->handle);
	*buffer = (struct kms_buffer){0};
}
