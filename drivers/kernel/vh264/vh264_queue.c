// SPDX-License-Identifier: GPL-2.0
/*
 * Queues of both nodes: memory that the kernel maps, MMAP and DMABUF.
 */
#include <linux/sizes.h>
#include <media/v4l2-event.h>
#include <media/videobuf2-vmalloc.h>

#include "vh264.h"

/* More than any format needs: an application that asks for more gets no memory for it. */
#define PLANE_MAX SZ_32M

static int queue_setup(struct vb2_queue *q, unsigned int *buffers, unsigned int *planes,
		       unsigned int sizes[], struct device *devices[])
{
	u32 size = vh264_format_of(vb2_get_drv_priv(q), q->type)->size;

	if (*planes)
		return *planes == 1 && sizes[0] >= size && sizes[0] <= PLANE_MAX ? 0 : -EINVAL;
	*planes = 1;
	sizes[0] = size;
	return 0;
}

static int buf_out_validate(struct vb2_buffer *vb)
{
	to_vb2_v4l2_buffer(vb)->field = V4L2_FIELD_NONE;
	return 0;
}

/* A coded picture may be as short as it is; a raw one is whole. */
static int buf_prepare(struct vb2_buffer *vb)
{
	struct vb2_queue *q = vb->vb2_queue;
	struct vh264_ctx *ctx = vb2_get_drv_priv(q);
	const struct vh264_format *format = vh264_format_of(ctx, q->type);

	if (format == &ctx->raw && vb2_plane_size(vb, 0) < format->size)
		return -EINVAL;
	if (V4L2_TYPE_IS_OUTPUT(q->type) && format == &ctx->raw &&
	    vb2_get_plane_payload(vb, 0) < format->size)
		return -EINVAL;
	return 0;
}

void vh264_send_eos(struct vh264_ctx *ctx)
{
	static const struct v4l2_event eos = {.type = V4L2_EVENT_EOS};

	v4l2_event_queue_fh(&ctx->fh, &eos);
}

static void finish(struct vh264_ctx *ctx, struct vb2_v4l2_buffer *buf, u32 bytes, bool error)
{
	buf->field = V4L2_FIELD_NONE;
	buf->sequence = vh264_format_of(ctx, buf->vb2_buf.vb2_queue->type)->sequence++;
	vb2_set_plane_payload(&buf->vb2_buf, 0, bytes);
	v4l2_m2m_buf_done(buf, error ? VB2_BUF_STATE_ERROR : VB2_BUF_STATE_DONE);
}

static void buf_queue(struct vb2_buffer *vb)
{
	struct vb2_v4l2_buffer *buf = to_vb2_v4l2_buffer(vb);
	struct vh264_ctx *ctx = vb2_get_drv_priv(vb->vb2_queue);
	struct v4l2_m2m_ctx *m2m = ctx->fh.m2m_ctx;

	if (V4L2_TYPE_IS_CAPTURE(vb->type) && vb2_is_streaming(vb->vb2_queue) &&
	    v4l2_m2m_dst_buf_is_last(m2m)) {
		vb2_set_plane_payload(vb, 0, 0);
		buf->field = V4L2_FIELD_NONE;
		buf->sequence = vh264_format_of(ctx, vb->type)->sequence++;
		vh264_send_eos(ctx);
		v4l2_m2m_last_buffer_done(m2m, buf);
		return;
	}
	if (V4L2_TYPE_IS_OUTPUT(vb->type) && ctx->node->kind->queued)
		ctx->node->kind->queued(ctx, buf);
	v4l2_m2m_buf_queue(m2m, buf);
}

static void return_all(struct vh264_ctx *ctx, struct vb2_queue *q, enum vb2_buffer_state state)
{
	struct vb2_v4l2_buffer *buf;

	for (;;) {
		if (V4L2_TYPE_IS_OUTPUT(q->type))
			buf = v4l2_m2m_src_buf_remove(ctx->fh.m2m_ctx);
		else
			buf = v4l2_m2m_dst_buf_remove(ctx->fh.m2m_ctx);
		if (!buf)
			return;
		v4l2_m2m_buf_done(buf, state);
	}
}

static int start_streaming(struct vb2_queue *q, unsigned int count)
{
	struct vh264_ctx *ctx = vb2_get_drv_priv(q);
	int error = 0;

	if (vh264_fault_streamon())
		error = -EIO;
	if (!error)
		error = ctx->node->kind->start(ctx, V4L2_TYPE_IS_OUTPUT(q->type));
	if (error) {
		return_all(ctx, q, VB2_BUF_STATE_QUEUED);
		return error;
	}
	v4l2_m2m_update_start_streaming_state(ctx->fh.m2m_ctx, q);
	vh264_format_of(ctx, q->type)->sequence = 0;
	return 0;
}

static void stop_streaming(struct vb2_queue *q)
{
	struct vh264_ctx *ctx = vb2_get_drv_priv(q);
	bool output = V4L2_TYPE_IS_OUTPUT(q->type);

	v4l2_m2m_update_stop_streaming_state(ctx->fh.m2m_ctx, q);
	if (output && v4l2_m2m_has_stopped(ctx->fh.m2m_ctx))
		vh264_send_eos(ctx);
	return_all(ctx, q, VB2_BUF_STATE_ERROR);
	ctx->node->kind->stop(ctx, output);
}

static const struct vb2_ops queue_ops = {
	.queue_setup = queue_setup,
	.buf_out_validate = buf_out_validate,
	.buf_prepare = buf_prepare,
	.buf_queue = buf_queue,
	.start_streaming = start_streaming,
	.stop_streaming = stop_streaming,
	.wait_prepare = vb2_ops_wait_prepare,
	.wait_finish = vb2_ops_wait_finish,
};

static int init_queue(struct vh264_ctx *ctx, struct vb2_queue *q, enum v4l2_buf_type single,
		      enum v4l2_buf_type multi)
{
	q->type = ctx->node->multiplanar ? multi : single;
	q->io_modes = VB2_MMAP | VB2_DMABUF;
	q->drv_priv = ctx;
	q->buf_struct_size = sizeof(struct v4l2_m2m_buffer);
	q->ops = &queue_ops;
	q->mem_ops = &vb2_vmalloc_memops;
	q->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_COPY;
	q->lock = &ctx->lock;
	q->dev = ctx->node->device;
	return vb2_queue_init(q);
}

int vh264_init_queues(void *priv, struct vb2_queue *source, struct vb2_queue *destination)
{
	int error = init_queue(priv, source, V4L2_BUF_TYPE_VIDEO_OUTPUT,
			       V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE);

	if (error)
		return error;
	return init_queue(priv, destination, V4L2_BUF_TYPE_VIDEO_CAPTURE,
			  V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE);
}

void vh264_give_back(struct vh264_ctx *ctx, struct vb2_v4l2_buffer *source,
		     struct vb2_v4l2_buffer *destination, u32 bytes, u32 flags, bool error)
{
	struct v4l2_m2m_ctx *m2m = ctx->fh.m2m_ctx;
	bool last = false;

	spin_lock(&ctx->drain);
	if (source) {
		last = v4l2_m2m_is_last_draining_src_buf(m2m, source);
		v4l2_m2m_src_buf_remove_by_buf(m2m, source);
		if (destination)
			v4l2_m2m_buf_copy_metadata(source, destination, false);
	}
	/* Applications look for the event when they see the last buffer. */
	if (last)
		vh264_send_eos(ctx);
	if (last && !destination) {
		destination = v4l2_m2m_next_dst_buf(m2m);
		bytes = 0;
	}
	if (destination) {
		v4l2_m2m_dst_buf_remove_by_buf(m2m, destination);
		destination->flags &= ~(V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME |
					V4L2_BUF_FLAG_BFRAME | V4L2_BUF_FLAG_LAST);
		destination->flags |= flags | (last ? V4L2_BUF_FLAG_LAST : 0);
		finish(ctx, destination, bytes, error);
	}
	if (source)
		finish(ctx, source, vb2_get_plane_payload(&source->vb2_buf, 0), false);
	if (last)
		v4l2_m2m_mark_stopped(m2m);
	spin_unlock(&ctx->drain);
}
