/*
 * Writing a file that is there whole or not at all.
 */
#ifndef BALAI_CTL_FILE_H
#define BALAI_CTL_FILE_H

#include <stddef.h>

/*
 * Writes `data` beside `path` and puts it in its place once it is on the disk; what was at `path`
 * stays until then, and where writing fails. A device or pipe at `path` is written to. Returns 0 or
 * -errno, -EISDIR included.
 */
int file_write(const char *path, const void *data, size_t length)
	__attribute__((warn_unused_result));

#endif
