/*
 * A stateful codec of V4L2 (the kernel's "Memory-to-Memory Stateful Video Encoder Interface" and
 * its decoder's like): found by what it can do, and what encoders and decoders ask of it alike.
 */
#ifndef BALAI_DRIVERS_M2M_DEVICE_H
#define BALAI_DRIVERS_M2M_DEVICE_H

#include "drivers/v4l2_layout.h"

#include <stddef.h>

#define M2M_PIXELS_MAX 8

enum m2m_role {
	M2M_ENCODER, /* raw pictures in, H.264 out */
	M2M_DECODER,
};

struct m2m_device {
	struct v4l2_node node;
	uint32_t output;  /* the type of the queue that the device reads */
	uint32_t capture; /* and of the one it writes */
	const struct v4l2_pixels *pixels[M2M_PIXELS_MAX]; /* that it takes, or gives; its order */
	size_t n_pixels;
	char label[96]; /* for people: card and path */
};

/* A text for people about what went wrong. */
struct m2m_fault {
	char *text;
	size_t size;
};

/* Writes the text, with the error's own words behind it if it is not 0, and returns the error. */
int m2m_fail(const struct m2m_fault *fault, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * name: "auto", the path of a device, or the name of its card. Returns 0 and hands over *ret_device,
 * to be closed; -ENODEV: there is none; -ENOTTY: it is something else; -errno. Tells why.
 */
int m2m_device_open(const struct v4l2_sys *sys, const char *name, enum m2m_role role,
		    struct m2m_device *ret_device, const struct m2m_fault *fault)
	__attribute__((warn_unused_result));

void m2m_device_close(struct m2m_device *device);

/* Whether something is to be taken, or the device has gone, until deadline_us. 0 or -errno. */
int m2m_device_wait(const struct m2m_device *device, short events, int64_t deadline_us,
		    short *ret_events) __attribute__((warn_unused_result));

/*
 * Sets a control to the nearest value that it takes. Returns 0; -ENOENT: the device has no such
 * control, or none that can be set, and is left alone; -errno.
 */
int m2m_device_set(const struct m2m_device *device, uint32_t id, int64_t value);

/* Sets a menu to the first of the values that it has. Returns as above. */
int m2m_device_choose(const struct m2m_device *device, uint32_t id, const int64_t *values,
		      size_t n_values);

/* The value of a control, or `value_if_none`. */
int64_t m2m_device_get(const struct m2m_device *device, uint32_t id, int64_t value_if_none);

#endif
