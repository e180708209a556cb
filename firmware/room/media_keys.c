#include "room/media_keys.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "e2ee/mls_tree.h"

/* Which leaf is which member of the hub's. */
struct seating {
	uint64_t epoch;
	uint16_t members[MLS_LEAVES_MAX]; /* 0: nobody */
};

struct media_keys {
	pthread_mutex_t lock;
	enum sframe_suite suite;
	bool is_clear;
	struct sframe_session *session; /* NULL: no epoch yet */
	struct seating now, before;
};

int media_keys_create(enum sframe_suite suite, struct media_keys **ret_keys)
{
	struct media_keys *keys = calloc(1, sizeof(*keys));

	if (!keys)
		return -ENOMEM;
	keys->suite = suite;
	pthread_mutex_init(&keys->lock, NULL);
	*ret_keys = keys;
	return 0;
}

/* Locked. */
static void forget(struct media_keys *keys)
{
	sframe_session_destroy(keys->session);
	keys->session = NULL;
	keys->now = keys->before = (struct seating){0};
}

void media_keys_destroy(struct media_keys *keys)
{
	if (!keys)
		return;
	forget(keys);
	pthread_mutex_destroy(&keys->lock);
	free(keys);
}

static void seat(struct seating *seating, const struct call_epoch *epoch)
{
	*seating = (struct seating){.epoch = epoch->keys.number};
	for (size_t i = 0; i < epoch->n_members; i++)
		seating->members[epoch->members[i].leaf] = epoch->members[i].number;
}

/* Locked. Another group counts its epochs anew, so its keys have nothing to do with those before. */
static int begin(struct media_keys *keys, const struct call_epoch *epoch)
{
	int r = 0;

	keys->is_clear = false;
	if (epoch->is_other_group)
		forget(keys);
	if (!keys->session)
		r = sframe_session_create(keys->suite, &keys->session);
	if (r == 0)
		r = sframe_session_begin(keys->session, &epoch->keys, clock_now_us());
	if (r < 0) {
		forget(keys);
		return r;
	}
	keys->before = keys->now;
	seat(&keys->now, epoch);
	return 0;
}

int media_keys_begin(struct media_keys *keys, const struct call_epoch *epoch)
{
	int r;

	pthread_mutex_lock(&keys->lock);
	r = begin(keys, epoch);
	pthread_mutex_unlock(&keys->lock);
	return r;
}

void media_keys_set_clear(struct media_keys *keys)
{
	pthread_mutex_lock(&keys->lock);
	forget(keys);
	keys->is_clear = true;
	pthread_mutex_unlock(&keys->lock);
}

void media_keys_set_sealed(struct media_keys *keys)
{
	pthread_mutex_lock(&keys->lock);
	keys->is_clear = false;
	pthread_mutex_unlock(&keys->lock);
}

void media_keys_expire(struct media_keys *keys)
{
	pthread_mutex_lock(&keys->lock);
	if (keys->session)
		sframe_session_expire(keys->session, clock_now_us());
	pthread_mutex_unlock(&keys->lock);
}

/* What the net thread calls */

static const enum sframe_context contexts[MESSAGE_KINDS] = {
	[MESSAGE_CAMERA] = SFRAME_CAMERA,
	[MESSAGE_SHARE] = SFRAME_SHARE,
	[MESSAGE_SOUND] = SFRAME_SOUND,
};

static void copy(const uint8_t *from, size_t length, uint8_t *ret_bytes, size_t *ret_length)
{
	memcpy(ret_bytes, from, length);
	*ret_length = length;
}

static int seal(void *context, enum message_kind kind, const void *metadata, size_t metadata_length,
		const uint8_t *plain, size_t length, uint8_t *ret_sealed, size_t *ret_length)
{
	struct media_keys *keys = context;
	int r = 0;

	pthread_mutex_lock(&keys->lock);
	if (keys->is_clear)
		copy(plain, length, ret_sealed, ret_length);
	else if (!keys->session)
		r = -ENOKEY;
	else
		r = sframe_session_seal(keys->session, contexts[kind], metadata, metadata_length,
					plain, length, ret_sealed, ret_length);
	pthread_mutex_unlock(&keys->lock);
	return r;
}

/* Locked. */
static int find_sealer(const struct media_keys *keys, const struct sframe_source *source,
		       struct meeting_sealer *ret_sealer)
{
	const struct seating *seating =
		source->epoch == keys->now.epoch ? &keys->now : &keys->before;
	uint16_t member = seating->members[source->leaf];

	for (int kind = 0; kind < MESSAGE_KINDS; kind++) {
		if (member != 0 && seating->epoch == source->epoch &&
		    contexts[kind] == source->context) {
			ret_sealer->member = member;
			ret_sealer->kind = (enum message_kind)kind;
			return 0;
		}
	}
	return -EBADMSG;
}

/* Locked. */
static int open_sealed(struct media_keys *keys, const void *metadata, size_t metadata_length,
		       const uint8_t *sealed, size_t length, uint8_t *ret_plain, size_t *ret_length,
		       struct meeting_sealer *ret_sealer)
{
	struct sframe_source source;
	int r;

	if (!keys->session)
		return -ENOKEY;
	r = sframe_session_open(keys->session, clock_now_us(), metadata, metadata_length, sealed,
				length, ret_plain, ret_length, &source);
	return r < 0 ? r : find_sealer(keys, &source, ret_sealer);
}

static int open_object(void *context, const void *metadata, size_t metadata_length,
		       const uint8_t *sealed, size_t length, uint8_t *ret_plain, size_t *ret_length,
		       struct meeting_sealer *ret_sealer)
{
	struct media_keys *keys = context;
	int r = 0;

	pthread_mutex_lock(&keys->lock);
	if (keys->is_clear) {
		copy(sealed, length, ret_plain, ret_length);
		*ret_sealer = (struct meeting_sealer){.member = 0};
	} else {
		r = open_sealed(keys, metadata, metadata_length, sealed, length, ret_plain,
				ret_length, ret_sealer);
	}
	pthread_mutex_unlock(&keys->lock);
	return r;
}

const struct meeting_cipher_ops *media_keys_cipher(void)
{
	static const struct meeting_cipher_ops ops = {
		.added_max = SFRAME_ADDED_BYTES_MAX,
		.seal = seal,
		.open = open_object,
	};

	return &ops;
}
