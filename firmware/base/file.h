/*
 * A file read as a whole. Any thread.
 */
#ifndef BALAI_BASE_FILE_H
#define BALAI_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

/* The content and, beyond `length`, two zero bytes, which parsers of PEM want. */
struct file_bytes {
	uint8_t *data;
	size_t length;
};

/*
 * Reads a plain file of at most length_max bytes. Returns 0 and fills *ret_bytes, to be given to
 * file_finish(); -ENXIO, it is no plain file; -EFBIG; -ENOMEM; or -errno of opening or reading it.
 */
int file_read(const char *path, size_t length_max, struct file_bytes *ret_bytes)
	__attribute__((warn_unused_result));

/* Wipes and frees; {0} is allowed, and is what it is then. */
void file_finish(struct file_bytes *bytes);

#endif
