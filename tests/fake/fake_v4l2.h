/*
 * A kernel with V4L2 devices behind struct v4l2_sys: as many nodes as a test lists, each with
 * formats, controls and an input, and faults. Counts what is open, mapped and exported.
 *
 * A test describes the nodes before it opens one and changes a description while nothing is inside a
 * call. The other functions: any thread.
 */
#ifndef BALAI_TESTS_FAKE_V4L2_H
#define BALAI_TESTS_FAKE_V4L2_H

#include "drivers/v4l2_sys.h"

#include <linux/videodev2.h>
#include <stdbool.h>

#define FAKE_V4L2_NODES 8
#define FAKE_V4L2_FORMATS 4
#define FAKE_V4L2_SIZES 4
#define FAKE_V4L2_CONTROLS 16

struct fake_v4l2_size {
	uint32_t width; /* 0 ends the list */
	uint32_t height;
	uint32_t fps[FAKE_V4L2_SIZES]; /* 0 ends the list; none: intervals are not listed */
};

struct fake_v4l2_format {
	uint32_t fourcc;    /* 0 ends the list */
	uint32_t size_type; /* V4L2_FRMSIZE_TYPE_DISCRETE, or: sizes[0] to sizes[1] in steps of 8 */
	struct fake_v4l2_size sizes[FAKE_V4L2_SIZES]; /* none: sizes are not listed */
};

/* What the kernel says wrongly; 0: nothing. */
struct fake_v4l2_lies {
	uint32_t width; /* S_FMT */
	uint32_t height;
	uint32_t fourcc;
	uint32_t field;
	uint32_t pitch[3];
	uint32_t size[3];
	uint32_t n_planes;
	uint32_t n_buffers;          /* REQBUFS */
	uint32_t length;             /* QUERYBUF */
	uint32_t index;              /* DQBUF, one more than the index */
	unsigned long error_request; /* this ioctl fails */
	int error;                   /* with this errno */
};

struct fake_v4l2_node {
	const char *name; /* "video0" */
	const char *card;
	uint32_t caps;
	int open_error; /* errno */
	struct fake_v4l2_format formats[FAKE_V4L2_FORMATS];
	struct v4l2_input input;
	int timings_error;                                       /* errno of QUERY_DV_TIMINGS */
	struct v4l2_query_ext_ctrl controls[FAKE_V4L2_CONTROLS]; /* id 0 ends the list */
	int64_t values[FAKE_V4L2_CONTROLS];
	bool exports;
	struct fake_v4l2_lies lies;
};

/* A picture that the device takes. */
struct fake_v4l2_shot {
	uint8_t fill;     /* the value of all its bytes */
	uint32_t flags;   /* beside V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC */
	bool other_clock; /* without that flag */
	uint32_t used[3]; /* bytes in each memory; 0: as many as the format has */
	uint32_t data_offset;
	int64_t time_us;
	uint32_t sequence;
};

struct fake_v4l2_counts {
	unsigned int open;
	unsigned int mapped;
	unsigned int exported;
	unsigned int queued;
	bool streaming;
	bool timings_set;
	uint32_t fourcc; /* as set last */
	uint32_t width;
	uint32_t height;
	uint32_t fps;
};

struct fake_v4l2;

/* Makes the folder that lists the devices. NULL when it cannot. */
struct fake_v4l2 *fake_v4l2_create(void);

/* Fails the program when something is still open, mapped or exported. NULL is allowed. */
void fake_v4l2_destroy(struct fake_v4l2 *fake);

/* Adds a node, to be described. `name` is copied by none: it outlives the fake. */
struct fake_v4l2_node *fake_v4l2_add(struct fake_v4l2 *fake, const char *name);

const struct v4l2_sys *fake_v4l2_sys(struct fake_v4l2 *fake);

/* The path of a node; lent until the next call. */
const char *fake_v4l2_path(struct fake_v4l2 *fake, const char *name);

/* The open device takes a picture into the buffer queued first. False: none is queued. */
bool fake_v4l2_shoot(struct fake_v4l2 *fake, const struct fake_v4l2_shot *shot);

/* From now on all calls on the open device answer ENODEV, and it polls as an error. */
void fake_v4l2_unplug(struct fake_v4l2 *fake);

/* A source-change event. */
void fake_v4l2_change_source(struct fake_v4l2 *fake);

struct fake_v4l2_counts fake_v4l2_get_counts(struct fake_v4l2 *fake);

#endif
