/* SFrame beside bare AES-GCM of the same library: pictures in MB/s a core, sound in µs a frame. */
#include <mbedtls/gcm.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "e2ee/mls_crypto.h"
#include "e2ee/sframe.h"
#include "tests/bench/figure.h"

#define PICTURE_BYTES ((size_t)100 << 10)
#define SOUND_BYTES 160
#define METADATA_BYTES 48
#define ROUND_US 300000
#define ROUNDS 5

struct bench {
	struct sframe_key key;
	mbedtls_gcm_context gcm;
	uint64_t counter;
	uint8_t plaintext[PICTURE_BYTES];
	uint8_t sealed[PICTURE_BYTES + SFRAME_ADDED_BYTES_MAX];
	uint8_t opened[PICTURE_BYTES];
};

static const uint8_t metadata[METADATA_BYTES];

static void must(int r)
{
	if (r != 0)
		abort();
}

static void run_bare(struct bench *bench, size_t length)
{
	uint8_t tag[SFRAME_TAG_BYTES];

	must(mbedtls_gcm_crypt_and_tag(&bench->gcm, MBEDTLS_GCM_ENCRYPT, length, bench->key.salt,
				       SFRAME_NONCE_BYTES, metadata, sizeof(metadata),
				       bench->plaintext, bench->sealed, sizeof(tag), tag));
}

static size_t seal(struct bench *bench, size_t length)
{
	size_t sealed;

	must(sframe_seal(&bench->key, bench->counter++, metadata, sizeof(metadata),
			 bench->plaintext, length, bench->sealed, &sealed));
	return sealed;
}

static void run_seal(struct bench *bench, size_t length)
{
	(void)seal(bench, length);
}

/* Of what run_seal() left. */
static void run_open(struct bench *bench, size_t length)
{
	struct sframe_header header;
	size_t opened;

	must(sframe_header_read(bench->sealed, SFRAME_HEADER_BYTES_MAX, &header));
	must(sframe_open(&bench->key, &header, metadata, sizeof(metadata), bench->sealed,
			 header.length + length + SFRAME_TAG_BYTES, bench->opened, &opened));
}

/* µs a frame, the least of some rounds: what else the machine does only adds. */
static double measure(struct bench *bench, void (*run)(struct bench *, size_t), size_t length)
{
	double least = 0;

	for (int round = 0; round < ROUNDS; round++) {
		int64_t begin_us = clock_now_us();
		int64_t end_us = begin_us;
		int64_t n = 0;
		double us;

		while (end_us - begin_us < ROUND_US) {
			for (int i = 0; i < 16; i++)
				run(bench, length);
			n += 16;
			end_us = clock_now_us();
		}
		us = (double)(end_us - begin_us) / (double)n;
		if (round == 0 || us < least)
			least = us;
	}
	return least;
}

int main(void)
{
	static const double share_goal = 90;
	uint8_t base_key[16] = {1};
	struct bench *bench = calloc(1, sizeof(*bench));
	double bare, sealing, opening;

	if (!bench)
		return 1;
	must(mls_crypto_init());
	must(sframe_key_derive(SFRAME_AES_128_GCM_SHA256_128, base_key, sizeof(base_key), 0x1234,
			       &bench->key));
	mbedtls_gcm_init(&bench->gcm);
	must(mbedtls_gcm_setkey(&bench->gcm, MBEDTLS_CIPHER_ID_AES, bench->key.key, 128));
	bare = measure(bench, run_bare, PICTURE_BYTES);
	sealing = measure(bench, run_seal, PICTURE_BYTES);
	opening = measure(bench, run_open, PICTURE_BYTES);
	figure_say("bare AES-128-GCM, 100 KiB", PICTURE_BYTES / bare, "MB/s", NULL, FIGURE_HIGHER);
	figure_say("SFrame sealing, 100 KiB", PICTURE_BYTES / sealing, "MB/s", NULL, FIGURE_HIGHER);
	figure_say("SFrame opening, 100 KiB", PICTURE_BYTES / opening, "MB/s", NULL, FIGURE_HIGHER);
	figure_say("SFrame sealing of bare AES-GCM", 100 * bare / sealing, "%", &share_goal,
		   FIGURE_HIGHER);
	figure_say("SFrame opening of bare AES-GCM", 100 * bare / opening, "%", &share_goal,
		   FIGURE_HIGHER);
	figure_say("SFrame sealing, a sound frame", measure(bench, run_seal, SOUND_BYTES), "us",
		   NULL, FIGURE_LOWER);
	figure_say("SFrame opening, a sound frame", measure(bench, run_open, SOUND_BYTES), "us",
		   NULL, FIGURE_LOWER);
	mbedtls_gcm_free(&bench->gcm);
	sframe_key_wipe(&bench->key);
	free(bench);
	return 0;
}
