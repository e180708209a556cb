#include "tools/hub/seat.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/random.h>

enum { SEAT_RANDOM_BYTES = 32 };

/* base64url without padding (RFC 4648, section 5). */
int seat_make(char seat[static MESSAGE_SEAT_BYTES + 1])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t bytes[SEAT_RANDOM_BYTES + 1] = {0};
	unsigned int three;
	size_t i;

	if (getrandom(bytes, SEAT_RANDOM_BYTES, 0) != SEAT_RANDOM_BYTES)
		return -EIO;
	for (i = 0; i < MESSAGE_SEAT_BYTES; i++) {
		three = (unsigned int)(bytes[i / 4 * 3] << 16 | bytes[i / 4 * 3 + 1] << 8);
		if (i / 4 * 3 + 2 < sizeof(bytes))
			three |= bytes[i / 4 * 3 + 2];
		seat[i] = digits[three >> (18 - i % 4 * 6) & 63];
	}
	seat[MESSAGE_SEAT_BYTES] = '\0';
	return 0;
}

bool seat_is_same(const char *a, const char *b)
{
	unsigned char differs = 0;
	size_t i;

	for (i = 0; i < MESSAGE_SEAT_BYTES; i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return differs == 0;
}
