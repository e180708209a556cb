#include "meeting/keyframes.h"

static struct keyframe *find(struct keyframes *keyframes, struct message_track_layer layer)
{
	struct keyframe *entry;
	size_t i;

	for (i = 0; i < keyframes->count; i++) {
		entry = &keyframes->layers[i];
		if (entry->layer.track == layer.track && entry->layer.layer == layer.layer)
			return entry;
	}
	return NULL;
}

/* A new place, or that of the layer that was asked for longest ago. */
static struct keyframe *make_place(struct keyframes *keyframes)
{
	struct keyframe *oldest = &keyframes->layers[0];
	size_t i;

	if (keyframes->count < MESSAGE_WANTS_MAX)
		return &keyframes->layers[keyframes->count++];
	for (i = 1; i < keyframes->count; i++)
		if (keyframes->layers[i].asked_us < oldest->asked_us)
			oldest = &keyframes->layers[i];
	return oldest;
}

void keyframes_add(struct keyframes *keyframes, struct message_track_layer layer)
{
	struct keyframe *entry = find(keyframes, layer);

	if (entry == NULL) {
		entry = make_place(keyframes);
		*entry = (struct keyframe){.layer = layer, .asked_us = INT64_MIN / 2};
	}
	entry->is_due = true;
}

bool keyframes_next(struct keyframes *keyframes, int64_t now_us,
		    struct message_track_layer *ret_layer)
{
	struct keyframe *entry;
	size_t i;

	for (i = 0; i < keyframes->count; i++) {
		entry = &keyframes->layers[i];
		if (!entry->is_due || now_us - entry->asked_us < KEYFRAMES_EVERY_US)
			continue;
		entry->is_due = false;
		entry->asked_us = now_us;
		*ret_layer = entry->layer;
		return true;
	}
	return false;
}

void keyframes_clear(struct keyframes *keyframes)
{
	keyframes->count = 0;
}
