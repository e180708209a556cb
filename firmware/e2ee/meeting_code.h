/*
 * The meeting code: what people compare by word of mouth to know that all of them are in one group
 * and nobody is between. Made of the epoch authenticator (RFC 9420, section 8.7), so that all in an
 * epoch have the same one and each epoch another.
 *
 * Six groups of five digits: bytes 5i to 5i + 4 of the authenticator, read big-endian, modulo 100000.
 * No digit's odds are off by more than one in ten million; all together are worth 99 bits.
 */
#ifndef BALAI_E2EE_MEETING_CODE_H
#define BALAI_E2EE_MEETING_CODE_H

#include "e2ee/mls_crypto.h"

#define MEETING_CODE_GROUPS 6
#define MEETING_CODE_DIGITS 5
/* "12345 67890 …", with the zero byte. */
#define MEETING_CODE_BYTES (MEETING_CODE_GROUPS * (MEETING_CODE_DIGITS + 1))

void meeting_code(const uint8_t authenticator[MLS_HASH_BYTES], char ret_code[MEETING_CODE_BYTES]);

#endif
