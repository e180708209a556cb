/*
 * The keys of a meeting's media: what brings them (room/secrecy.h) and what uses them, the net
 * thread, meet here.
 *
 *     epoch ──begin──► [ this epoch, the one before ] ◄──seal, open── net thread
 *
 * Any thread. Nothing here takes longer than one object's cipher.
 */
#ifndef BALAI_ROOM_MEDIA_KEYS_H
#define BALAI_ROOM_MEDIA_KEYS_H

#include "e2ee/call_group.h"
#include "meeting/meeting.h"

struct media_keys;

/* Without keys: nothing is sealed or opened. Returns 0 or -ENOMEM. */
int media_keys_create(enum sframe_suite suite, struct media_keys **ret_keys)
	__attribute__((warn_unused_result));

/* Wipes all keys. NULL is allowed. */
void media_keys_destroy(struct media_keys *keys);

/* With a struct media_keys as their context. */
const struct meeting_cipher_ops *media_keys_cipher(void);

/* A new epoch. Returns 0, -ENOMEM or -EINVAL; after a failure nothing of it can be sealed or opened. */
int media_keys_begin(struct media_keys *keys, const struct call_epoch *epoch)
	__attribute__((warn_unused_result));

/* The meeting is in clear: media pass as they are. Keys are wiped. */
void media_keys_set_clear(struct media_keys *keys);

/* The meeting is not in clear, or not any more. Keys stay what they are. */
void media_keys_set_sealed(struct media_keys *keys);

/* Wipes the keys whose time is over. */
void media_keys_expire(struct media_keys *keys);

#endif
