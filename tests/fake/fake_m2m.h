/*
 * A kernel with one V4L2 codec behind struct v4l2_sys: a stateful encoder or decoder of H.264, by
 * libavcodec, with controls, strides of its own and faults.
 *
 * A test describes the device before it is opened. The other functions: any thread.
 */
#ifndef BALAI_TESTS_FAKE_M2M_H
#define BALAI_TESTS_FAKE_M2M_H

#include "drivers/v4l2_sys.h"

#include <linux/videodev2.h>
#include <stdbool.h>

#define FAKE_M2M_CONTROLS 24
#define FAKE_M2M_PIXELS 4

enum fake_m2m_fault {
	FAKE_M2M_SOUND,
	FAKE_M2M_STALLS,      /* takes pictures, gives none */
	FAKE_M2M_DAMAGES,     /* V4L2_BUF_FLAG_ERROR on what it gives */
	FAKE_M2M_DAMAGES_RAW, /* and on what it has read */
	FAKE_M2M_LATE,        /* gives each when the next has come */
	FAKE_M2M_CUTS,        /* gives half of each */
	FAKE_M2M_EMPTY,       /* an empty buffer before each */
	FAKE_M2M_BAD_INDEX,   /* names a buffer that it does not have */
	FAKE_M2M_BAD_LENGTH,  /* says that more is in a buffer than fits */
	FAKE_M2M_BAD_STRIDE,  /* answers with a stride shorter than a line */
	FAKE_M2M_BAD_SIZE,    /* answers with a size of nothing */
	FAKE_M2M_UNPLUGGED,   /* ENODEV from every call */
	FAKE_M2M_NO_STREAMON, /* EIO */
	FAKE_M2M_REORDERS,    /* gives each second one before the one before it */
	FAKE_M2M_DEAF,        /* does not hear requests for key frames */
	FAKE_M2M_OTHER_TIMES, /* gives times that no picture had */
	FAKE_M2M_NO_IMPORT,   /* refuses the memory of others */
};

struct fake_m2m_config {
	const char *card; /* NULL: "Fake Codec" */
	bool is_decoder;
	bool multiplanar;
	uint32_t pixels[FAKE_M2M_PIXELS];     /* raw formats; 0 ends the list */
	uint32_t align;                       /* of strides and lines; 0: none */
	uint32_t largest;                     /* side; 0: any */
	uint32_t controls[FAKE_M2M_CONTROLS]; /* ids that it has; 0 ends the list */
	int open_error;                       /* errno */
};

struct fake_m2m_counts {
	unsigned int open;
	unsigned int mapped;
	unsigned int starts;   /* of the queue that it reads */
	unsigned int pictures; /* that it has read */
	unsigned int imported; /* of them, from the memory of others */
	unsigned int keyframes_forced;
};

struct fake_m2m;

/* Never NULL: what must not fail ends the program. */
struct fake_m2m *fake_m2m_create(const struct fake_m2m_config *config);

/* Fails the program when something is still open or mapped. NULL is allowed. */
void fake_m2m_destroy(struct fake_m2m *fake);

const struct v4l2_sys *fake_m2m_sys(struct fake_m2m *fake);

/* From the picture after the next `after` on; in what other calls answer, at once. */
void fake_m2m_set_fault(struct fake_m2m *fake, enum fake_m2m_fault fault, unsigned int after);

struct fake_m2m_counts fake_m2m_get_counts(struct fake_m2m *fake);

/* What a control was set to last, or -1. */
int64_t fake_m2m_control(struct fake_m2m *fake, uint32_t id);

#endif
