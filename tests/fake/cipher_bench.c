#include "tests/fake/cipher_bench.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "e2ee/mls_crypto.h"
#include "e2ee/sframe_session.h"

#define MEETING "kabinet"
#define TREE_LEAVES 4

struct cipher_bench {
	pthread_mutex_t lock;
	uint16_t members[CIPHER_BENCH_LEAVES];
	struct sframe_session *sessions[CIPHER_BENCH_LEAVES];
};

static const enum sframe_context contexts[MESSAGE_KINDS] = {
	[MESSAGE_CAMERA] = SFRAME_CAMERA,
	[MESSAGE_SHARE] = SFRAME_SHARE,
	[MESSAGE_SOUND] = SFRAME_SOUND,
};

static enum message_kind kind_of(enum sframe_context context)
{
	int kind = MESSAGE_CAMERA;

	while (kind < MESSAGE_KINDS && contexts[kind] != context)
		kind++;
	assert_int_not_equal(kind, MESSAGE_KINDS);
	return (enum message_kind)kind;
}

static int seal_at(struct cipher_bench *bench, unsigned int leaf, enum message_kind kind,
		   const void *metadata, size_t metadata_length, const uint8_t *plain,
		   size_t length, uint8_t *ret_sealed, size_t *ret_length)
{
	int r;

	pthread_mutex_lock(&bench->lock);
	r = sframe_session_seal(bench->sessions[leaf], contexts[kind], metadata, metadata_length,
				plain, length, ret_sealed, ret_length);
	pthread_mutex_unlock(&bench->lock);
	return r;
}

static int open_at(struct cipher_bench *bench, unsigned int leaf, const void *metadata,
		   size_t metadata_length, const uint8_t *sealed, size_t length, uint8_t *ret_plain,
		   size_t *ret_length, struct meeting_sealer *ret_sealer)
{
	struct sframe_source source;
	int r;

	pthread_mutex_lock(&bench->lock);
	r = sframe_session_open(bench->sessions[leaf], clock_now_us(), metadata, metadata_length,
				sealed, length, ret_plain, ret_length, &source);
	pthread_mutex_unlock(&bench->lock);
	if (r == 0)
		*ret_sealer = (struct meeting_sealer){.member = bench->members[source.leaf],
						      .kind = kind_of(source.context)};
	return r;
}

static int seal_of_room(void *context, enum message_kind kind, const void *metadata,
			size_t metadata_length, const uint8_t *plain, size_t length,
			uint8_t *ret_sealed, size_t *ret_length)
{
	return seal_at(context, CIPHER_BENCH_ROOM, kind, metadata, metadata_length, plain, length,
		       ret_sealed, ret_length);
}

static int open_of_room(void *context, const void *metadata, size_t metadata_length,
			const uint8_t *sealed, size_t length, uint8_t *ret_plain,
			size_t *ret_length, struct meeting_sealer *ret_sealer)
{
	return open_at(context, CIPHER_BENCH_ROOM, metadata, metadata_length, sealed, length,
		       ret_plain, ret_length, ret_sealer);
}

const struct meeting_cipher_ops *cipher_bench_ops(void)
{
	static const struct meeting_cipher_ops ops = {
		.added_max = SFRAME_ADDED_BYTES_MAX,
		.seal = seal_of_room,
		.open = open_of_room,
	};

	return &ops;
}

struct cipher_bench *cipher_bench_create(const uint16_t members[CIPHER_BENCH_LEAVES])
{
	struct cipher_bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	assert_int_equal(mls_crypto_init(), 0);
	pthread_mutex_init(&bench->lock, NULL);
	memcpy(bench->members, members, sizeof(bench->members));
	for (unsigned int leaf = 0; leaf < CIPHER_BENCH_LEAVES; leaf++)
		assert_int_equal(sframe_session_create(SFRAME_AES_128_GCM_SHA256_128,
						       &bench->sessions[leaf]),
				 0);
	return bench;
}

void cipher_bench_destroy(struct cipher_bench *bench)
{
	if (bench == NULL)
		return;
	for (unsigned int leaf = 0; leaf < CIPHER_BENCH_LEAVES; leaf++)
		sframe_session_destroy(bench->sessions[leaf]);
	pthread_mutex_destroy(&bench->lock);
	free(bench);
}

void cipher_bench_begin(struct cipher_bench *bench, unsigned int leaf, uint64_t epoch)
{
	struct sframe_epoch keys = {.number = epoch, .n_leaves = TREE_LEAVES, .own_leaf = leaf};
	int r;

	memset(keys.base_key, (int)epoch, sizeof(keys.base_key));
	pthread_mutex_lock(&bench->lock);
	r = sframe_session_begin(bench->sessions[leaf], &keys, clock_now_us());
	pthread_mutex_unlock(&bench->lock);
	assert_int_equal(r, 0);
}

static void make_metadata(const uint8_t *object,
			  uint8_t ret_metadata[OBJECT_HEADER_BYTES + sizeof(MEETING) - 1])
{
	memcpy(ret_metadata, object, OBJECT_HEADER_BYTES);
	memcpy(ret_metadata + OBJECT_HEADER_BYTES, MEETING, sizeof(MEETING) - 1);
}

size_t cipher_bench_seal(struct cipher_bench *bench, unsigned int leaf, enum message_kind kind,
			 uint8_t *object, size_t payload_length)
{
	uint8_t metadata[OBJECT_HEADER_BYTES + sizeof(MEETING) - 1];
	uint8_t *plain = malloc(payload_length);
	size_t length;

	assert_non_null(plain);
	make_metadata(object, metadata);
	memcpy(plain, object + OBJECT_HEADER_BYTES, payload_length);
	assert_int_equal(seal_at(bench, leaf, kind, metadata, sizeof(metadata), plain,
				 payload_length, object + OBJECT_HEADER_BYTES, &length),
			 0);
	free(plain);
	return OBJECT_HEADER_BYTES + length;
}

int cipher_bench_open(struct cipher_bench *bench, unsigned int leaf, const uint8_t *object,
		      size_t length, uint8_t *ret_payload, enum message_kind *ret_kind)
{
	uint8_t metadata[OBJECT_HEADER_BYTES + sizeof(MEETING) - 1];
	struct meeting_sealer sealer = {0};
	size_t payload_length;
	int r;

	make_metadata(object, metadata);
	r = open_at(bench, leaf, metadata, sizeof(metadata), object + OBJECT_HEADER_BYTES,
		    length - OBJECT_HEADER_BYTES, ret_payload, &payload_length, &sealer);
	if (r < 0)
		return r;
	assert_int_equal(sealer.member, bench->members[CIPHER_BENCH_ROOM]);
	*ret_kind = sealer.kind;
	return (int)payload_length;
}
