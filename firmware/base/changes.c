#include "base/changes.h"

#include <stdio.h>

void changes_note(struct changes *changes, const char *from, const char *to, const char *cause,
		  int64_t now_us)
{
	struct change *change = &changes->newest[changes->count++ % CHANGES_MAX];

	change->t_us = now_us;
	change->from = from;
	change->to = to;
	snprintf(change->cause, sizeof(change->cause), "%s", cause);
}

json_t *changes_why(const struct changes *changes)
{
	const struct change *last = &changes->newest[(changes->count - 1) % CHANGES_MAX];

	if (changes->count == 0)
		return json_string("first in the order");
	return json_sprintf("%s %s", last->from, last->cause);
}

static json_t *change_to_json(const struct change *change)
{
	return json_pack("{s:I, s:s, s:s, s:s}", "t_us", (json_int_t)change->t_us, "from",
			 change->from, "to", change->to, "cause", change->cause);
}

json_t *changes_to_json(const struct changes *changes)
{
	uint64_t first = changes->count > CHANGES_MAX ? changes->count - CHANGES_MAX : 0;
	json_t *array = json_array();

	for (uint64_t i = first; i < changes->count; i++) {
		const struct change *change = &changes->newest[i % CHANGES_MAX];

		if (json_array_append_new(array, change_to_json(change)) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}
