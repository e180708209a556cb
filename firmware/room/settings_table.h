/*
 * The tables of room/settings.h.
 */
#ifndef BALAI_ROOM_SETTINGS_TABLE_H
#define BALAI_ROOM_SETTINGS_TABLE_H

#include "base/settings.h"

const struct settings_table *settings_room_table(void);
const struct settings_table *settings_board_table(void);
const struct settings_table *settings_policy_table(void);

#endif
