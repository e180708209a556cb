#include "tools/hub/seat.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/random.h>

#include "base/base64url.h"

enum { SEAT_RANDOM_BYTES = 32 };

_Static_assert(BASE64URL_TEXT_LENGTH(SEAT_RANDOM_BYTES) == MESSAGE_SEAT_BYTES,
	       "a seat is 32 random bytes");

int seat_make(char seat[static MESSAGE_SEAT_BYTES + 1])
{
	uint8_t bytes[SEAT_RANDOM_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -EIO;
	base64url_encode(bytes, sizeof(bytes), seat);
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
