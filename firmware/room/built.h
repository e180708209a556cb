/* When this program was built: no clock that is right shows less. Any thread. */
#ifndef BALAI_ROOM_BUILT_H
#define BALAI_ROOM_BUILT_H

#include <stdint.h>

/* Seconds since 1970, at most a day too early. */
uint64_t built_s(void);

#endif
