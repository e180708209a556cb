/*
 * The system calls that a V4L2 camera needs, so that tests can stand in for the kernel.
 */
#ifndef BALAI_DRIVERS_V4L2_SYS_H
#define BALAI_DRIVERS_V4L2_SYS_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

/* All calls return -errno on failure and come from any thread. */
struct v4l2_sys {
	/* Read and write, non-blocking, close-on-exec. Returns a descriptor. */
	int (*open)(void *context, const char *path);

	void (*close)(void *context, int fd);

	/* Repeated where a signal interrupts it. Returns 0. */
	int (*ioctl)(void *context, int fd, unsigned long request, void *argument);

	/* Shared, read and write. Returns 0 and hands over *ret_memory. */
	int (*mmap)(void *context, int fd, uint64_t offset, size_t length, void **ret_memory);

	void (*munmap)(void *context, void *memory, size_t length);

	/* Until deadline_us (CLOCK_MONOTONIC). Returns how many are ready, 0 at the deadline. */
	int (*poll)(void *context, struct pollfd *fds, size_t count, int64_t deadline_us);

	const char *class_dir;  /* "/sys/class/video4linux": lists the devices */
	const char *device_dir; /* "/dev": where they are opened */
	void *context;
};

/* The kernel. Lives as long as the program. */
const struct v4l2_sys *v4l2_sys_kernel(void);

#endif
