#include "base/base64url.h"

#include <errno.h>

enum { NOT_A_DIGIT = 64 };

void base64url_encode(const uint8_t *data, size_t length, char *ret_text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	unsigned int waiting = 0;
	size_t i;

	for (i = 0; i < length; i++) {
		bits = bits << 8 | data[i];
		for (waiting += 8; waiting >= 6; waiting -= 6)
			*ret_text++ = digits[bits >> (waiting - 6) & 63];
	}
	if (waiting > 0)
		*ret_text++ = digits[bits << (6 - waiting) & 63];
	*ret_text = '\0';
}

static uint8_t value_of(char digit)
{
	if (digit >= 'A' && digit <= 'Z')
		return (uint8_t)(digit - 'A');
	if (digit >= 'a' && digit <= 'z')
		return (uint8_t)(digit - 'a' + 26);
	if (digit >= '0' && digit <= '9')
		return (uint8_t)(digit - '0' + 52);
	if (digit == '-')
		return 62;
	return digit == '_' ? 63 : NOT_A_DIGIT;
}

int base64url_check(const char *text, size_t length, size_t *ret_length)
{
	unsigned int spare = length % 4 == 2 ? 4 : length % 4 == 3 ? 2 : 0;
	size_t i;

	if (length % 4 == 1)
		return -EINVAL;
	for (i = 0; i < length; i++)
		if (value_of(text[i]) == NOT_A_DIGIT)
			return -EINVAL;
	if (spare > 0 && (value_of(text[length - 1]) & ((1U << spare) - 1)) != 0)
		return -EINVAL;
	*ret_length = length / 4 * 3 + (length % 4 > 0 ? length % 4 - 1 : 0);
	return 0;
}

int base64url_decode(const char *text, size_t length, uint8_t *ret_data, size_t size,
		     size_t *ret_length)
{
	unsigned int waiting = 0;
	uint32_t bits = 0;
	size_t decoded, i;
	int r = base64url_check(text, length, &decoded);

	if (r < 0)
		return r;
	if (decoded > size)
		return -EMSGSIZE;
	for (i = 0; i < length; i++) {
		bits = bits << 6 | value_of(text[i]);
		waiting += 6;
		if (waiting < 8)
			continue;
		waiting -= 8;
		*ret_data++ = (uint8_t)(bits >> waiting);
	}
	*ret_length = decoded;
	return 0;
}
