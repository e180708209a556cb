#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PADDING 2

static int read_all(int fd, uint8_t *data, size_t length)
{
	ssize_t n;

	while (length > 0) {
		n = read(fd, data, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		length -= (size_t)n;
	}
	return 0;
}

static int read_open_file(int fd, size_t length_max, struct file_bytes *ret_bytes)
{
	struct file_bytes bytes;
	struct stat status;
	int r;

	if (fstat(fd, &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -ENXIO;
	if (status.st_size < 0 || (uint64_t)status.st_size > length_max)
		return -EFBIG;
	bytes.length = (size_t)status.st_size;
	bytes.data = calloc(1, bytes.length + PADDING);
	if (!bytes.data)
		return -ENOMEM;
	r = read_all(fd, bytes.data, bytes.length);
	if (r < 0)
		file_finish(&bytes);
	else
		*ret_bytes = bytes;
	return r;
}

int file_read(const char *path, size_t length_max, struct file_bytes *ret_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	r = read_open_file(fd, length_max, ret_bytes);
	close(fd);
	return r;
}

void file_finish(struct file_bytes *bytes)
{
	if (bytes->data)
		explicit_bzero(bytes->data, bytes->length);
	free(bytes->data);
	*bytes = (struct file_bytes){0};
}
