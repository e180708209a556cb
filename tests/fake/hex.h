/* Bytes written in hexadecimal, as published vectors have them. Any thread. */
#ifndef BALAI_TESTS_HEX_H
#define BALAI_TESTS_HEX_H

#include <stddef.h>
#include <stdint.h>

/*
 * Returns the number of bytes written; -EINVAL, no hexadecimal or half a byte; -EMSGSIZE, more
 * bytes than `size`.
 */
long hex_read(const char *hex, uint8_t *ret_bytes, size_t size) __attribute__((warn_unused_result));

#endif
