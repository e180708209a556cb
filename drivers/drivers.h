/*
 * All the real devices and codecs, by the words of a board file.
 */
#ifndef BALAI_DRIVERS_DRIVERS_H
#define BALAI_DRIVERS_DRIVERS_H

#include "room/drivers.h"

/* Lives as long as the program. */
const struct room_drivers *drivers_all(void);

#endif
