#include "room/built.h"

#include <time.h>

#define DAY_S 86400

/* The compiler tells its day in the zone of its machine: "Nov 22 2026". */
uint64_t built_s(void)
{
	static const char date[] = __DATE__;
	struct tm parts = {0};

	if (!strptime(date, "%b %d %Y", &parts))
		return 0;
	return (uint64_t)(timegm(&parts) - DAY_S);
}
