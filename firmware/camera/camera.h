/*
 * What a camera is to the firmware: the ops every driver (drivers/camera_*.c) and the fake
 * (tests/fake/fake_camera.c) fill in, and what the capture loop (camera/capture.h) lives on.
 *
 * Pictures are AVFrames with pts = capture time, CLOCK_MONOTONIC µs. The memory of one goes back to
 * its driver when the last reference to it goes, from whatever thread, even after close() and after
 * the device was pulled out.
 *
 * Threads: open, next and close come from one thread at a time (the capture thread); wake and the
 * controls from any thread, at any time between create and destroy; destroy when nobody else is in.
 */
#ifndef BALAI_CAMERA_CAMERA_H
#define BALAI_CAMERA_CAMERA_H

#include <jansson.h>
#include <libavcodec/packet.h>
#include <libavutil/frame.h>
#include <libavutil/hwcontext_drm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the caller must act on differently. */
enum cam_result {
	CAM_OK,
	CAM_TIMEOUT,   /* next: the deadline passed, or wake() was called. Call again */
	CAM_CORRUPT,   /* next: a damaged picture came and was dropped. Call again */
	CAM_UNPLUGGED, /* the device went away while it was open */
	CAM_ABSENT,    /* open: there is no such device */
	CAM_BUSY,      /* open: another program holds it */
	CAM_NO_SIGNAL, /* the device is there, what is connected to it sends no steady picture */
	CAM_FAILED,    /* anything else, no wanted format included; cam->fault says what */
};

/* In the order a board prefers them, see struct cam_want. */
enum cam_format {
	CAM_FORMAT_NV12,  /* AV_PIX_FMT_NV12 */
	CAM_FORMAT_I420,  /* AV_PIX_FMT_YUV420P */
	CAM_FORMAT_YUYV,  /* AV_PIX_FMT_YUYV422 */
	CAM_FORMAT_MJPEG, /* JPEG pictures as AVPackets */
};
#define CAM_FORMATS 4

struct cam_want {
	int width; /* 16..8192 pixels */
	int height;
	int fps;                              /* 1..240 */
	enum cam_format formats[CAM_FORMATS]; /* best first */
	size_t n_formats;
};

/* What the device agreed to: the wanted values, or the nearest it has. */
struct cam_got {
	int width;
	int height;
	int64_t frame_us; /* nominal time between two pictures, > 0 */
	enum cam_format format;
	char device[96]; /* for people: card and path */
};

/* One of the two is set and belongs to the caller. */
struct cam_picture {
	AVFrame *frame;
	AVPacket *coded;  /* CAM_FORMAT_MJPEG: one JPEG; pts = capture time */
	uint32_t skipped; /* pictures of the device that were lost or passed over before this one */
};

enum cam_control_type {
	CAM_CONTROL_INTEGER,
	CAM_CONTROL_BOOLEAN, /* 0 or 1 */
	CAM_CONTROL_MENU,    /* one of minimum..maximum; the device may lack some of them */
	CAM_CONTROL_BUTTON,  /* setting any value does it; cannot be read */
};

struct cam_control {
	char name[32]; /* lower case with underscores: "pan_absolute" */
	enum cam_control_type type;
	int64_t minimum; /* in the device's own units */
	int64_t maximum;
	int64_t step; /* >= 1 */
	int64_t default_value;
	bool read_only;
};
#define CAM_CONTROLS_MAX 96

/* The first member of every camera. */
struct cam {
	const struct cam_ops *ops;
	char fault[128]; /* for people: why CAM_FAILED; for the thread that called */
};

/* All members are required, but the three of the controls: NULL for a camera without any. */
struct cam_ops {
	/*
	 * Finds the device, negotiates and starts it. Anything but CAM_OK leaves it closed and
	 * *ret_got untouched. May take as long as the device does. A replug is just another open.
	 */
	enum cam_result (*open)(struct cam *cam, const struct cam_want *want,
				struct cam_got *ret_got);

	/*
	 * Waits until deadline_us for the newest valid picture; older ones that wait are given back
	 * to the device and counted in `skipped`. After CAM_UNPLUGGED, CAM_NO_SIGNAL or CAM_FAILED
	 * the caller closes.
	 */
	enum cam_result (*next)(struct cam *cam, int64_t deadline_us,
				struct cam_picture *ret_picture);

	/* Stops the device. Pictures still referenced stay readable. Closing a closed one is fine. */
	void (*close)(struct cam *cam);

	/* Makes the running, or else the coming, next() return CAM_TIMEOUT at once. */
	void (*wake)(struct cam *cam);

	/* See cam_list_controls() and its like. */
	int (*list_controls)(struct cam *cam, struct cam_control *controls, size_t capacity,
			     size_t *ret_count);
	int (*get_control)(struct cam *cam, const char *name, int64_t *ret_value);
	int (*set_control)(struct cam *cam, const char *name, int64_t value);

	/* Closes and frees. */
	void (*destroy)(struct cam *cam);
};

/* NULL is allowed. */
void cam_destroy(struct cam *cam);

/* For drivers: writes cam->fault and returns CAM_FAILED. */
enum cam_result cam_fail(struct cam *cam, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Controls of the open device. list fills at most `capacity`. 0 or -errno: -ENODEV while the camera
 * is closed, -ENOENT no such control, -ERANGE out of its range or off its step, -EACCES read-only
 * or not readable, others as the device says.
 */
int cam_list_controls(struct cam *cam, struct cam_control *controls, size_t capacity,
		      size_t *ret_count) __attribute__((warn_unused_result));
int cam_get_control(struct cam *cam, const char *name, int64_t *ret_value)
	__attribute__((warn_unused_result));
int cam_set_control(struct cam *cam, const char *name, int64_t value)
	__attribute__((warn_unused_result));

/* Short words for Status and logs: "unplugged", "nv12". Static strings. */
const char *cam_result_name(enum cam_result result);
const char *cam_format_name(enum cam_format format);

/* Finds a format by that word. Returns 0 or -EINVAL. */
int cam_format_from_name(const char *name, enum cam_format *ret_format)
	__attribute__((warn_unused_result));

/*
 * All controls with their ranges and values: [{"name", "type", "minimum", "maximum", "step",
 * "default", "read_only", "value"}], empty while the camera is closed. Asks the device for each
 * value, which takes milliseconds on USB. Caller owns it; NULL without memory.
 */
json_t *cam_controls_to_json(struct cam *cam);

/*
 * The DMABUF of a picture that lies in device memory: valid as long as the frame's reference, file
 * descriptors included. NULL where there is none. A driver hangs it on AVFrame.opaque_ref, which
 * nothing else in this firmware uses.
 */
const AVDRMFrameDescriptor *cam_frame_dmabuf(const AVFrame *frame);

#endif
