// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder's node: access units on the OUTPUT queue, pictures on the CAPTURE queue.
 */
#include <linux/slab.h>
#include <media/v4l2-event.h>

#include "vh264.h"

static int init(struct vh264_ctx *ctx)
{
	v4l2_ctrl_handler_init(&ctx->controls, 1);
	v4l2_ctrl_new_std(&ctx->controls, NULL, V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, 1, 1, 1, 1);
	return ctx->controls.error;
}

static void change_source(struct vh264_ctx *ctx, const struct vh264_sps *sps)
{
	static const struct v4l2_event event = {
		.type = V4L2_EVENT_SOURCE_CHANGE,
		.u.src_change.changes = V4L2_EVENT_SRC_CH_RESOLUTION,
	};
	u32 coded_size = ctx->coded.size;

	vh264_set_size(ctx, sps->width, sps->height);
	ctx->coded.size = coded_size;
	ctx->size_known = true;
	v4l2_event_queue_fh(&ctx->fh, &event);
}

static bool find_sps(struct vb2_v4l2_buffer *source, struct vh264_sps *sps)
{
	const u8 *data = vb2_plane_vaddr(&source->vb2_buf, 0);

	return data && !vh264_dec_find_sps(data, vb2_get_plane_payload(&source->vb2_buf, 0), sps) &&
	       sps->width >= VH264_WIDTH_MIN && sps->height >= VH264_HEIGHT_MIN;
}

/* The first size is told before pictures can be taken: applications wait for it to make buffers. */
static void queued(struct vh264_ctx *ctx, struct vb2_v4l2_buffer *buf)
{
	struct vh264_sps sps;

	if (!ctx->size_known && find_sps(buf, &sps))
		change_source(ctx, &sps);
}

/* Makes room for pictures of the size that is known. */
static int fit(struct vh264_ctx *ctx)
{
	void *memory;

	if (ctx->dec && ctx->dec_width == ctx->crop.width && ctx->dec_height == ctx->crop.height)
		return 0;
	memory = kvmalloc(vh264_dec_memory(ctx->crop.width, ctx->crop.height), GFP_KERNEL);
	if (!memory)
		return -ENOMEM;
	kvfree(ctx->dec);
	ctx->dec = vh264_dec_init(memory, ctx->crop.width, ctx->crop.height);
	ctx->dec_width = ctx->crop.width;
	ctx->dec_height = ctx->crop.height;
	return 0;
}

/* The stream goes on with another size: an empty last picture, and the new size. */
static void end_size(struct vh264_ctx *ctx, struct vb2_v4l2_buffer *destination,
		     const struct vh264_sps *sps)
{
	change_source(ctx, sps);
	spin_lock(&ctx->drain);
	v4l2_m2m_mark_stopped(ctx->fh.m2m_ctx);
	spin_unlock(&ctx->drain);
	vh264_give_back(ctx, NULL, destination, 0, V4L2_BUF_FLAG_LAST, false);
}

static void decode(struct vh264_ctx *ctx, struct vb2_v4l2_buffer *source,
		   struct vb2_v4l2_buffer *destination)
{
	const u8 *coded = vb2_plane_vaddr(&source->vb2_buf, 0);
	u8 *to = vb2_plane_vaddr(&destination->vb2_buf, 0);
	const struct vh264_picture *picture;
	struct vh264_raw raw = vh264_raw_of(ctx);
	int error = fit(ctx);

	if (!error && (!coded || !to ||
		       vb2_plane_size(&destination->vb2_buf, 0) < ctx->raw.size))
		error = -EFAULT;
	if (!error)
		error = vh264_dec_decode(ctx->dec, coded,
					 vb2_get_plane_payload(&source->vb2_buf, 0), &picture);
	if (error == -ENOENT) {
		vh264_give_back(ctx, source, NULL, 0, 0, false);
		return;
	}
	if (!error)
		vh264_picture_store(picture, to, &raw);
	vh264_give_back(ctx, source, destination, error ? 0 : ctx->raw.size, 0,
			error || vh264_fault_error());
}

static void run(struct vh264_ctx *ctx)
{
	struct vb2_v4l2_buffer *source = v4l2_m2m_next_src_buf(ctx->fh.m2m_ctx);
	struct vb2_v4l2_buffer *destination = v4l2_m2m_next_dst_buf(ctx->fh.m2m_ctx);
	struct vh264_sps sps;

	if (find_sps(source, &sps) &&
	    (!ctx->size_known || sps.width != ctx->crop.width || sps.height != ctx->crop.height))
		end_size(ctx, destination, &sps);
	else
		decode(ctx, source, destination);
}

static bool ready(struct vh264_ctx *ctx)
{
	return true;
}

static int start(struct vh264_ctx *ctx, bool output)
{
	return 0;
}

/* After a pause of the coded stream it goes on with an IDR picture. */
static void stop(struct vh264_ctx *ctx, bool output)
{
	if (output && ctx->dec)
		vh264_dec_flush(ctx->dec);
}

int vh264_decoder_cmd(struct file *file, void *fh, struct v4l2_decoder_cmd *cmd)
{
	struct vh264_ctx *ctx = vh264_ctx_of(file);
	struct v4l2_m2m_ctx *m2m = ctx->fh.m2m_ctx;
	struct vb2_queue *capture = v4l2_m2m_get_dst_vq(m2m);
	int error = v4l2_m2m_ioctl_try_decoder_cmd(file, fh, cmd);

	if (error)
		return error;
	if (!vb2_is_streaming(v4l2_m2m_get_src_vq(m2m)) || !vb2_is_streaming(capture))
		return 0;
	spin_lock(&ctx->drain);
	error = v4l2_m2m_ioctl_decoder_cmd(file, fh, cmd);
	spin_unlock(&ctx->drain);
	if (error)
		return error;
	if (cmd->cmd == V4L2_DEC_CMD_STOP && v4l2_m2m_has_stopped(m2m))
		vh264_send_eos(ctx);
	if (cmd->cmd == V4L2_DEC_CMD_START)
		vb2_clear_last_buffer_dequeued(capture);
	v4l2_m2m_try_schedule(m2m);
	return 0;
}

static int get_selection(struct vh264_ctx *ctx, struct v4l2_selection *s)
{
	if (s->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	switch (s->target) {
	case V4L2_SEL_TGT_CROP:
	case V4L2_SEL_TGT_CROP_DEFAULT:
	case V4L2_SEL_TGT_CROP_BOUNDS:
	case V4L2_SEL_TGT_COMPOSE:
	case V4L2_SEL_TGT_COMPOSE_DEFAULT:
	case V4L2_SEL_TGT_COMPOSE_BOUNDS:
	case V4L2_SEL_TGT_COMPOSE_PADDED:
		s->r = ctx->crop;
		return 0;
	default:
		return -EINVAL;
	}
}

static const unsigned int without[] = {
	VIDIOC_ENCODER_CMD, VIDIOC_TRY_ENCODER_CMD, VIDIOC_S_SELECTION, VIDIOC_G_PARM,
	VIDIOC_S_PARM, VIDIOC_ENUM_FRAMEINTERVALS, 0,
};

const struct vh264_kind vh264_decoder = {
	.name = "vh264-decoder",
	.without = without,
	.init = init,
	.get_selection = get_selection,
	.run = run,
	.ready = ready,
	.queued = queued,
	.start = start,
	.stop = stop,
};
