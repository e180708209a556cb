#include "drivers/v4l2_sys.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int sys_open(void *context, const char *path)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	(void)context;
	if (fd < 0)
		return -errno;
	return fd;
}

static void sys_close(void *context, int fd)
{
	(void)context;
	close(fd);
}

static int sys_ioctl(void *context, int fd, unsigned long request, void *argument)
{
	int r;

	(void)context;
	do {
		r = ioctl(fd, request, argument);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int sys_mmap(void *context, int fd, uint64_t offset, size_t length, void **ret_memory)
{
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);

	(void)context;
	if (memory == MAP_FAILED)
		return -errno;
	*ret_memory = memory;
	return 0;
}

static void sys_munmap(void *context, void *memory, size_t length)
{
	(void)context;
	munmap(memory, length);
}

static int sys_poll(void *context, struct pollfd *fds, size_t count, int64_t deadline_us)
{
	int r;

	(void)context;
	do {
		const struct timespec left = clock_timespec(deadline_us - clock_now_us());

		r = ppoll(fds, count, &left, NULL);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

const struct v4l2_sys *v4l2_sys_kernel(void)
{
	static const struct v4l2_sys kernel = {
		.open = sys_open,
		.close = sys_close,
		.ioctl = sys_ioctl,
		.mmap = sys_mmap,
		.munmap = sys_munmap,
		.poll = sys_poll,
		.class_dir = "/sys/class/video4linux",
		.device_dir = "/dev",
	};

	return &kernel;
}
