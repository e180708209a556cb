/*
 * Dumb buffers of KMS: memory that a display reads and the processor writes. The thread that has
 * the device open uses them.
 */
#ifndef BALAI_DRIVERS_KMS_BUFFER_H
#define BALAI_DRIVERS_KMS_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "drivers/kms_choose.h"

/* {0} is a valid empty one. */
struct kms_buffer {
	uint32_t handle; /* 0: none */
	uint32_t fb;     /* id of the frame buffer; 0: none */
	uint8_t *data;   /* NULL: not mapped */
	size_t length;
	struct kms_plane_layout layout;
};

/* Allocates, maps and registers a black picture. Returns 0, or -errno and *buffer stays empty. */
int kms_buffer_open(int fd, uint32_t format, uint32_t width, uint32_t height,
		    struct kms_buffer *buffer) __attribute__((warn_unused_result));

/* Gives it back; an empty one is allowed. */
void kms_buffer_close(int fd, struct kms_buffer *buffer);

#endif
