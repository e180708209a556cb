/*
 * vivid's pictures into an encoder (m2m_path.h) and back:
 *
 *     m2m_path ─► vdec ─► compared with what went in, by time
 *
 * For test programs alone: what cannot be set up ends the program.
 */
#ifndef BALAI_TESTS_FAKE_CHAIN_H
#define BALAI_TESTS_FAKE_CHAIN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "screen/decode.h"
#include "tests/fake/m2m_path.h"

enum {
	CHAIN_SOURCES = 32,
	CHAIN_LOSSLESS_BPS = 50 * 1000 * 1000, /* for every macroblock of each picture as it is */
};

/* What was captured, encoded and decoded so far. */
struct chain {
	struct m2m_path path;
	struct vdec *vdec;

	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t changed;
	AVFrame *sources[CHAIN_SOURCES]; /* copies of the newest, a ring */
	unsigned int n_sources;
	unsigned int pictures; /* decoded */
	unsigned int equal;    /* of them, to their source in every bit */
	unsigned int strips;   /* of them, with a time strip that can be read and is right */
	unsigned int keys;
	bool draws_strips;
	int64_t newest_us; /* when the newest was decoded */
	int64_t freeze_us; /* the longest time between two */
};

/*
 * An encoder and a decoder by their names in a board's order, libx264 behind the encoder, and the
 * camera at 320x180 and 10 pictures a second. The decoder asks for key frames as a far room does.
 */
void chain_open(struct chain *chain, const char *encoder, const char *decoder);
void chain_close(struct chain *chain);

/* From now on the pictures have a time strip or not: drawn on a copy, which is what is encoded. */
void chain_draw_strips(struct chain *chain, bool on);

/* Waits for so many more pictures, counted anew. False: they do not come. */
bool chain_await(struct chain *chain, unsigned int count);

/* Whether all pictures counted since then are their sources in every bit. */
bool chain_all_equal(struct chain *chain);

/* Waits until nothing comes out for a while. False: something goes on coming. */
bool chain_await_silence(struct chain *chain);

/* Waits until the encoder is the one in use, while pictures come. False: it does not become it. */
bool chain_await_encoder(struct chain *chain, const char *encoder);

/* Whether that value of the encoder's Status is that text. */
bool chain_says(struct chain *chain, const char *key, const char *wanted);

#endif
