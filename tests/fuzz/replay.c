/*
 * Runs a fuzz target without the fuzzer: gives it each file named as an argument and says so in
 * TAP. A fault ends the program before its plan is complete.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The block has exactly the size of the file, so that a read beyond it is seen. */
static int read_file(int fd, uint8_t **ret_data, size_t *ret_size)
{
	struct stat status;
	uint8_t *data;
	ssize_t n;

	if (fstat(fd, &status) < 0)
		return -errno;
	data = malloc((size_t)status.st_size);
	if (!data && status.st_size > 0)
		return -ENOMEM;
	n = read(fd, data, (size_t)status.st_size);
	if (n != status.st_size) {
		free(data);
		return n < 0 ? -errno : -EIO;
	}
	*ret_data = data;
	*ret_size = (size_t)status.st_size;
	return 0;
}

static int replay(const char *path)
{
	uint8_t *data = NULL;
	size_t size = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = read_file(fd, &data, &size);
	close(fd);
	if (r < 0)
		return r;
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		int r = replay(argv[i]);

		if (r < 0) {
			printf("not ok %d - %s: %s\n", i, argv[i], strerror(-r));
			failed = 1;
		} else {
			printf("ok %d - %s\n", i, argv[i]);
		}
		fflush(stdout);
	}
	return failed;
}
