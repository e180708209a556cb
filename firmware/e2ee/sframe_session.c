#include "e2ee/sframe_session.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "e2ee/mls_types.h"
#include "e2ee/sframe_window.h"

enum { EPOCH_BITS = 4 };

/* Of another member's context; made when its first frame comes. */
struct source {
	struct sframe_key key;
	struct sframe_window window;
};

struct keys {
	struct sframe_epoch epoch;
	unsigned int leaf_bits;
	uint64_t next[SFRAME_CONTEXTS]; /* own counters */
	struct sframe_key own[SFRAME_CONTEXTS];
	struct source *sources[MLS_LEAVES_MAX][SFRAME_CONTEXTS]; /* owned */
};

struct sframe_session {
	enum sframe_suite suite;
	struct keys *now;  /* or NULL before the first epoch */
	struct keys *past; /* or NULL */
	int64_t past_until_us;
};

int sframe_session_create(enum sframe_suite suite, struct sframe_session **ret_session)
{
	struct sframe_session *session = calloc(1, sizeof(*session));

	if (!session)
		return -ENOMEM;
	session->suite = suite;
	*ret_session = session;
	return 0;
}

static void keys_destroy(struct keys *keys)
{
	if (!keys)
		return;
	for (uint32_t leaf = 0; leaf < keys->epoch.n_leaves; leaf++) {
		for (int context = 0; context < SFRAME_CONTEXTS; context++) {
			struct source *source = keys->sources[leaf][context];

			if (source)
				mls_wipe(source, sizeof(*source));
			free(source);
		}
	}
	mls_wipe(keys, sizeof(*keys));
	free(keys);
}

void sframe_session_destroy(struct sframe_session *session)
{
	if (!session)
		return;
	keys_destroy(session->now);
	keys_destroy(session->past);
	free(session);
}

static uint64_t kid_of(const struct keys *keys, uint32_t leaf, unsigned int context)
{
	uint64_t index = (uint64_t)context << keys->leaf_bits | leaf;

	return index << EPOCH_BITS | keys->epoch.number % (1U << EPOCH_BITS);
}

static int keys_create(enum sframe_suite suite, const struct sframe_epoch *epoch,
		       struct keys **ret_keys)
{
	struct keys *keys = calloc(1, sizeof(*keys));
	int r = 0;

	if (!keys)
		return -ENOMEM;
	keys->epoch = *epoch;
	keys->leaf_bits = (unsigned int)__builtin_ctz(epoch->n_leaves);
	for (unsigned int context = 0; context < SFRAME_CONTEXTS && r == 0; context++)
		r = sframe_key_derive(suite, epoch->base_key, sframe_key_bytes(suite),
				      kid_of(keys, epoch->own_leaf, context), &keys->own[context]);
	if (r < 0)
		keys_destroy(keys);
	else
		*ret_keys = keys;
	return r;
}

int sframe_session_begin(struct sframe_session *session, const struct sframe_epoch *epoch,
			 int64_t now_us)
{
	struct keys *keys;
	int r;

	if (session->now && epoch->number <= session->now->epoch.number)
		return -EALREADY;
	if (epoch->n_leaves == 0 || epoch->n_leaves > MLS_LEAVES_MAX ||
	    (epoch->n_leaves & (epoch->n_leaves - 1)) != 0 || epoch->own_leaf >= epoch->n_leaves)
		return -EINVAL;
	r = keys_create(session->suite, epoch, &keys);
	if (r < 0)
		return r;
	keys_destroy(session->past);
	session->past = session->now;
	session->past_until_us = now_us + SFRAME_OVERLAP_US;
	session->now = keys;
	return 0;
}

void sframe_session_expire(struct sframe_session *session, int64_t now_us)
{
	if (now_us < session->past_until_us)
		return;
	keys_destroy(session->past);
	session->past = NULL;
}

int sframe_session_seal(struct sframe_session *session, enum sframe_context context,
			const void *metadata, size_t metadata_length, const void *plaintext,
			size_t length, uint8_t *ret_message, size_t *ret_length)
{
	struct keys *keys = session->now;
	int r;

	if (!keys)
		return -ENOKEY;
	if (keys->next[context] == UINT64_MAX)
		return -EOVERFLOW;
	r = sframe_seal(&keys->own[context], keys->next[context], metadata, metadata_length,
			plaintext, length, ret_message, ret_length);
	if (r == 0)
		keys->next[context]++;
	return r;
}

static bool is_of(const struct keys *keys, uint64_t kid)
{
	uint64_t mask = (1U << EPOCH_BITS) - 1;

	return keys && (kid & mask) == (keys->epoch.number & mask);
}

static int ensure_source(struct sframe_session *session, struct keys *keys, uint32_t leaf,
			 unsigned int context, struct source **ret_source)
{
	struct source *source = keys->sources[leaf][context];
	int r;

	if (!source) {
		source = calloc(1, sizeof(*source));
		if (!source)
			return -ENOMEM;
		r = sframe_key_derive(session->suite, keys->epoch.base_key,
				      sframe_key_bytes(session->suite), kid_of(keys, leaf, context),
				      &source->key);
		if (r < 0) {
			free(source);
			return r;
		}
		keys->sources[leaf][context] = source;
	}
	*ret_source = source;
	return 0;
}

/* By the low bits that a KID has of its epoch: nearer behind this one than before it. */
static bool is_gone(const struct keys *now, uint64_t kid)
{
	uint64_t mask = (1U << EPOCH_BITS) - 1;

	return now && ((kid - now->epoch.number) & mask) > mask / 2;
}

/* The keys and window that a KID names. */
static int find(struct sframe_session *session, uint64_t kid, struct source **ret_source,
		struct sframe_source *ret_name)
{
	struct keys *keys = is_of(session->now, kid) ? session->now : session->past;
	uint64_t context;
	uint32_t leaf;

	if (!is_of(keys, kid))
		return is_gone(session->now, kid) ? -ESTALE : -ENOKEY;
	leaf = (uint32_t)(kid >> EPOCH_BITS) & (keys->epoch.n_leaves - 1);
	context = kid >> EPOCH_BITS >> keys->leaf_bits;
	if (context >= SFRAME_CONTEXTS)
		return -EBADMSG;
	if (leaf == keys->epoch.own_leaf)
		return -EALREADY;
	*ret_name = (struct sframe_source){keys->epoch.number, leaf, (enum sframe_context)context};
	return ensure_source(session, keys, leaf, (unsigned int)context, ret_source);
}

int sframe_session_open(struct sframe_session *session, int64_t now_us, const void *metadata,
			size_t metadata_length, const uint8_t *message, size_t length,
			uint8_t *ret_plaintext, size_t *ret_length,
			struct sframe_source *ret_source)
{
	struct sframe_header header;
	struct sframe_source name;
	struct source *source;
	int r;

	sframe_session_expire(session, now_us);
	r = sframe_header_read(message, length, &header);
	if (r < 0)
		return r;
	r = find(session, header.kid, &source, &name);
	if (r < 0)
		return r;
	if (!sframe_window_is_new(&source->window, header.counter))
		return -EALREADY;
	r = sframe_open(&source->key, &header, metadata, metadata_length, message, length,
			ret_plaintext, ret_length);
	if (r < 0)
		return r;
	sframe_window_take(&source->window, header.counter);
	*ret_source = name;
	return 0;
}
