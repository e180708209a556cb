#include "tests/fake/hex.h"

#include <errno.h>
#include <string.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -EINVAL;
}

long hex_read(const char *hex, uint8_t *ret_bytes, size_t size)
{
	size_t length = strlen(hex);

	if (length % 2 != 0)
		return -EINVAL;
	if (length / 2 > size)
		return -EMSGSIZE;
	for (size_t i = 0; i < length; i += 2) {
		int high = digit(hex[i]);
		int low = digit(hex[i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		ret_bytes[i / 2] = (uint8_t)(high << 4 | low);
	}
	return (long)(length / 2);
}
