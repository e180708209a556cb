/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the module share: the two nodes, and an application's use of one of them.
 */
#ifndef VH264_H
#define VH264_H

#include <linux/workqueue.h>
#include <media/v4l2-ctrls.h>
#include <media/v4l2-device.h>
#include <media/v4l2-fh.h>
#include <media/v4l2-ioctl.h>
#include <media/v4l2-mem2mem.h>

#include "core/dec.h"
#include "core/enc.h"

#define VH264_NAME "vh264"

struct vh264_ctx;

/* What tells the encoder from the decoder. */
struct vh264_kind {
	const char *name;
	bool encodes;
	const unsigned int *without; /* ioctls that it does not have, up to 0 */
	int (*init)(struct vh264_ctx *ctx); /* adds its controls; frees nothing itself */
	int (*get_selection)(struct vh264_ctx *ctx, struct v4l2_selection *s);
	void (*run)(struct vh264_ctx *ctx); /* one job, may sleep */
	bool (*ready)(struct vh264_ctx *ctx); /* must not sleep */
	/* Of the OUTPUT queue; may be NULL. */
	void (*queued)(struct vh264_ctx *ctx, struct vb2_v4l2_buffer *buf);
	int (*start)(struct vh264_ctx *ctx, bool output);
	void (*stop)(struct vh264_ctx *ctx, bool output);
};

struct vh264_node {
	const struct vh264_kind *kind;
	struct device *device;
	bool multiplanar;
	struct v4l2_device v4l2;
	struct video_device video;
	struct mutex lock; /* of the node: open and close */
	struct v4l2_m2m_dev *m2m;
	struct workqueue_struct *jobs;
};

struct vh264_format {
	u32 fourcc;
	u32 width, height;
	u32 stride;
	u32 size;
	u32 sequence;
};

struct vh264_colour {
	u32 space, transfer, encoding, quantization;
};

/* An open file. */
struct vh264_ctx {
	struct v4l2_fh fh;
	struct vh264_node *node;
	struct mutex lock; /* its ioctls and queues */
	spinlock_t drain; /* taking buffers off the queues, against a command to drain */
	struct v4l2_ctrl_handler controls;
	struct work_struct work;
	bool aborting;

	struct vh264_format raw, coded;
	struct vh264_colour colour;
	struct v4l2_rect crop; /* of raw: what is coded */

	/* Of the encoder. */
	struct vh264_enc *enc;
	struct v4l2_fract interval;
	bool force_key;
	bool headers_sent;
	bool reordering; /* as the last SPS says */
	struct v4l2_ctrl *bitrate, *bitrate_mode, *gop, *i_period, *profile, *level;
	struct v4l2_ctrl *header_mode, *prepend, *qp_min, *qp_max;
	struct v4l2_ctrl *hierarchical, *layers, *slice_mode, *slice_mbs;

	/* Of the decoder. */
	struct vh264_dec *dec;
	u32 dec_width, dec_height; /* of the pictures that it is set up for */
	bool size_known;
};

extern const struct vh264_kind vh264_encoder;
extern const struct vh264_kind vh264_decoder;

/* Formats: vh264_format.c */
struct vh264_raw vh264_raw_of(const struct vh264_ctx *ctx);
/* Sets the picture's size, and with it both formats and what is cropped. */
void vh264_set_size(struct vh264_ctx *ctx, u32 width, u32 height);
void vh264_init_formats(struct vh264_ctx *ctx);
int vh264_enum_format(struct file *file, void *fh, struct v4l2_fmtdesc *f);
int vh264_get_format(struct file *file, void *fh, struct v4l2_format *f);
int vh264_try_format(struct file *file, void *fh, struct v4l2_format *f);
int vh264_set_format(struct file *file, void *fh, struct v4l2_format *f);
struct vh264_format *vh264_format_of(struct vh264_ctx *ctx, enum v4l2_buf_type type);

/* Ioctls of one of them: vh264_encoder.c, vh264_decoder.c */
int vh264_encoder_cmd(struct file *file, void *fh, struct v4l2_encoder_cmd *cmd);
int vh264_decoder_cmd(struct file *file, void *fh, struct v4l2_decoder_cmd *cmd);
int vh264_set_selection(struct file *file, void *fh, struct v4l2_selection *s);
int vh264_get_parm(struct file *file, void *fh, struct v4l2_streamparm *parm);
int vh264_set_parm(struct file *file, void *fh, struct v4l2_streamparm *parm);
int vh264_enum_frameintervals(struct file *file, void *fh, struct v4l2_frmivalenum *f);

/* Ioctls of both: vh264_ioctl.c */
extern const struct v4l2_ioctl_ops vh264_ioctls;

/* Queues: vh264_queue.c */
int vh264_init_queues(void *priv, struct vb2_queue *source, struct vb2_queue *destination);
void vh264_send_eos(struct vh264_ctx *ctx);
/*
 * Ends a job: gives the buffers back, with what was written to @destination; marks the last one of
 * a drain. Either may be NULL.
 */
void vh264_give_back(struct vh264_ctx *ctx, struct vb2_v4l2_buffer *source,
		     struct vb2_v4l2_buffer *destination, u32 bytes, u32 flags, bool error);

/* Faults: vh264_fault.c. Each takes effect, and is used up, as its parameter says. */
bool vh264_fault_no_vui(void);
bool vh264_fault_reorder(void);
bool vh264_fault_lose_key(void);
bool vh264_fault_streamon(void);
bool vh264_fault_error(void);
bool vh264_fault_short(void);
/* Waits as the parameters say; false where the job was aborted meanwhile. */
bool vh264_fault_wait(struct vh264_ctx *ctx);
/* Wakes a job that waits. */
void vh264_fault_wake(void);

/* An application's use of a node, from the file of an ioctl. */
static inline struct vh264_ctx *vh264_ctx_of(struct file *file)
{
	return container_of(file->private_data, struct vh264_ctx, fh);
}

#endif
