/*
 * What the files of fake_m2m share: fake_m2m.c (the kernel's side) and fake_m2m_codec.c (what the
 * device does with pictures).
 */
#ifndef BALAI_TESTS_FAKE_M2M_PRIVATE_H
#define BALAI_TESTS_FAKE_M2M_PRIVATE_H

#include "tests/fake/fake_m2m.h"
#include "tests/fake/fake_memory.h"

#include <libavcodec/avcodec.h>
#include <pthread.h>

enum { FAKE_M2M_BUFFERS = 4 };

enum fake_m2m_state { FAKE_M2M_IDLE, FAKE_M2M_QUEUED, FAKE_M2M_READY };

struct fake_m2m_buffer {
	struct fake_memory *planes[FAKE_MEMORY_PLANES];
	enum fake_m2m_state state;
	unsigned int turn; /* in its state, the lower the earlier */
	uint32_t used[FAKE_MEMORY_PLANES];
	int fds[FAKE_MEMORY_PLANES];
	uint32_t lengths[FAKE_MEMORY_PLANES];
	uint32_t flags;
	struct timeval time;
	bool keyframe; /* an IDR was asked for */
};

struct fake_m2m_queue {
	bool streaming;
	uint32_t memory;
	uint32_t fourcc, width, height, pitch;
	uint32_t sizes[FAKE_MEMORY_PLANES];
	uint32_t n_planes;
	struct fake_m2m_buffer buffers[FAKE_M2M_BUFFERS];
	uint32_t n_buffers;
};

struct fake_m2m {
	struct v4l2_sys sys;
	struct fake_m2m_config config;
	char *folder;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_open;
	enum fake_m2m_fault fault;
	unsigned int after;
	struct fake_m2m_queue in, out; /* OUTPUT and CAPTURE */
	unsigned int turn;
	bool keyframe_wanted;
	bool draining;
	int64_t controls[FAKE_M2M_CONTROLS];
	uint32_t visible_width, visible_height;
	struct fake_memories memories;
	struct fake_m2m_counts counts;

	/* a decoder's */
	bool source_changed;
	bool out_is_stale; /* the stream has another size than the capture queue */
	AVFrame *decoded;  /* waits for a buffer */

	AVCodecContext *codec;
	AVPacket *held; /* by faults that hold back */
};

/* Under the lock: codes or decodes as far as buffers are there. */
void fake_m2m_work(struct fake_m2m *fake);

/* The buffer of that state whose turn it is, or NULL. */
struct fake_m2m_buffer *fake_m2m_next(struct fake_m2m_queue *queue, enum fake_m2m_state state);

void fake_m2m_make_ready(struct fake_m2m *fake, struct fake_m2m_buffer *buffer);

#endif
