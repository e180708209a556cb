/*
 * Bytes as text: base64url without padding (RFC 4648, section 5). Reading is strict, so that no two
 * texts stand for the same bytes. Any thread.
 */
#ifndef BALAI_BASE_BASE64URL_H
#define BALAI_BASE_BASE64URL_H

#include <stddef.h>
#include <stdint.h>

/* Characters that `length` bytes take, without the NUL. */
#define BASE64URL_TEXT_LENGTH(length) (((length) * 4 + 2) / 3)

/* Writes BASE64URL_TEXT_LENGTH(length) characters and a NUL. */
void base64url_encode(const uint8_t *data, size_t length, char *ret_text);

/*
 * Looks at `length` characters without decoding them. Returns 0 and how many bytes they stand for;
 * or -EINVAL: a character outside the alphabet (padding, too), a length that no bytes have, or bits
 * at the end that are not zero.
 */
int base64url_check(const char *text, size_t length, size_t *ret_length)
	__attribute__((warn_unused_result));

/* Writes at most `size` bytes. As base64url_check(), or -EMSGSIZE. */
int base64url_decode(const char *text, size_t length, uint8_t *ret_data, size_t size,
		     size_t *ret_length) __attribute__((warn_unused_result));

#endif
