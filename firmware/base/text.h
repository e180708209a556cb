/* Text that comes from outside and is shown to people. Any thread. */
#ifndef BALAI_BASE_TEXT_H
#define BALAI_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* UTF-8 without control characters (C0, DEL, C1); false without memory too. */
bool text_is_plain(const char *text, size_t length);

#endif
