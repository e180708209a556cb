#include "e2ee/meeting_code.h"

void meeting_code(const uint8_t authenticator[MLS_HASH_BYTES], char ret_code[MEETING_CODE_BYTES])
{
	for (int group = 0; group < MEETING_CODE_GROUPS; group++) {
		char *at = ret_code + (size_t)group * (MEETING_CODE_DIGITS + 1);
		uint64_t number = 0;

		for (int i = 0; i < 5; i++)
			number = number << 8 | authenticator[5 * group + i];
		for (int i = MEETING_CODE_DIGITS; i-- > 0; number /= 10)
			at[i] = (char)('0' + number % 10);
		at[MEETING_CODE_DIGITS] = group + 1 < MEETING_CODE_GROUPS ? ' ' : '\0';
	}
}
