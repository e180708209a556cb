/*
 * What the control API (panel/control.h) answers to one line, apart from any socket.
 */
#ifndef BALAI_PANEL_CONTROL_ANSWER_H
#define BALAI_PANEL_CONTROL_ANSWER_H

#include <stddef.h>

#include "panel/control.h"

/*
 * Returns 0 and hands over *ret_answer (to be freed with free()), at most CONTROL_ANSWER_BYTES_MAX
 * bytes without line end, or NULL where a notification wants none; or -ENOMEM.
 */
int control_answer(const struct control_ops *ops, const char *line, size_t length,
		   char **ret_answer) __attribute__((warn_unused_result));

#endif
