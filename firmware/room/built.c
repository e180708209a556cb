#include "room/built.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400

/* The compiler tells its day in the zone of its machine: "Nov 22 2026". */
uint64_t built_s(void)
{
	static const char date[] = __DATE__;
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm parts = {0};
	char month[4];

	if (sscanf(date, "%3s %d %d", month, &parts.tm_mday, &parts.tm_year) != 3)
		return 0;
	parts.tm_mon = (int)(strstr(months, month) - months) / 3;
	parts.tm_year -= 1900;
	return (uint64_t)(timegm(&parts) - DAY_S);
}
