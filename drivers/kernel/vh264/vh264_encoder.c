// SPDX-License-Identifier: GPL-2.0
/*
 * The encoder's node: pictures on the OUTPUT queue, access units on the CAPTURE queue.
 */
#include <linux/slab.h>
#include <media/v4l2-event.h>

#include "vh264.h"
#include "core/transform.h"

#define RATE_MAX 480

static const u8 level_idcs[] = {
	[V4L2_MPEG_VIDEO_H264_LEVEL_1_0] = 10, [V4L2_MPEG_VIDEO_H264_LEVEL_1_1] = 11,
	[V4L2_MPEG_VIDEO_H264_LEVEL_1_2] = 12, [V4L2_MPEG_VIDEO_H264_LEVEL_1_3] = 13,
	[V4L2_MPEG_VIDEO_H264_LEVEL_2_0] = 20, [V4L2_MPEG_VIDEO_H264_LEVEL_2_1] = 21,
	[V4L2_MPEG_VIDEO_H264_LEVEL_2_2] = 22, [V4L2_MPEG_VIDEO_H264_LEVEL_3_0] = 30,
	[V4L2_MPEG_VIDEO_H264_LEVEL_3_1] = 31, [V4L2_MPEG_VIDEO_H264_LEVEL_3_2] = 32,
	[V4L2_MPEG_VIDEO_H264_LEVEL_4_0] = 40, [V4L2_MPEG_VIDEO_H264_LEVEL_4_1] = 41,
	[V4L2_MPEG_VIDEO_H264_LEVEL_4_2] = 42, [V4L2_MPEG_VIDEO_H264_LEVEL_5_0] = 50,
	[V4L2_MPEG_VIDEO_H264_LEVEL_5_1] = 51, [V4L2_MPEG_VIDEO_H264_LEVEL_5_2] = 52,
	[V4L2_MPEG_VIDEO_H264_LEVEL_6_0] = 60, [V4L2_MPEG_VIDEO_H264_LEVEL_6_1] = 61,
	[V4L2_MPEG_VIDEO_H264_LEVEL_6_2] = 62,
};

static int set_control(struct v4l2_ctrl *control)
{
	struct vh264_ctx *ctx = container_of(control->handler, struct vh264_ctx, controls);

	if (control->id == V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME && !vh264_fault_lose_key())
		WRITE_ONCE(ctx->force_key, true);
	return 0;
}

static const struct v4l2_ctrl_ops control_ops = {
	.s_ctrl = set_control,
};

static struct v4l2_ctrl *add(struct vh264_ctx *ctx, u32 id, s64 min, s64 max, s64 value)
{
	return v4l2_ctrl_new_std(&ctx->controls, &control_ops, id, min, max, min < max, value);
}

static struct v4l2_ctrl *add_menu(struct vh264_ctx *ctx, u32 id, u8 max, u64 without, u8 value)
{
	return v4l2_ctrl_new_std_menu(&ctx->controls, &control_ops, id, max, without, value);
}

static void add_layer_controls(struct vh264_ctx *ctx)
{
	ctx->hierarchical = add(ctx, V4L2_CID_MPEG_VIDEO_H264_HIERARCHICAL_CODING, 0, 1, 0);
	add_menu(ctx, V4L2_CID_MPEG_VIDEO_H264_HIERARCHICAL_CODING_TYPE,
		 V4L2_MPEG_VIDEO_H264_HIERARCHICAL_CODING_P,
		 BIT(V4L2_MPEG_VIDEO_H264_HIERARCHICAL_CODING_B),
		 V4L2_MPEG_VIDEO_H264_HIERARCHICAL_CODING_P);
	ctx->layers = add(ctx, V4L2_CID_MPEG_VIDEO_H264_HIERARCHICAL_CODING_LAYER, 1, 2, 2);
}

static int init(struct vh264_ctx *ctx)
{
	v4l2_ctrl_handler_init(&ctx->controls, 20);
	ctx->interval = (struct v4l2_fract){1, 30};
	ctx->bitrate = add(ctx, V4L2_CID_MPEG_VIDEO_BITRATE, 10000, 800000000, 2000000);
	ctx->bitrate_mode = add_menu(ctx, V4L2_CID_MPEG_VIDEO_BITRATE_MODE,
				     V4L2_MPEG_VIDEO_BITRATE_MODE_CBR, 0,
				     V4L2_MPEG_VIDEO_BITRATE_MODE_CBR);
	ctx->gop = add(ctx, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 0, 100000, 60);
	ctx->i_period = add(ctx, V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, 0, 100000, 0);
	add(ctx, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 0, 0, 0);
	ctx->profile = add_menu(ctx, V4L2_CID_MPEG_VIDEO_H264_PROFILE,
				V4L2_MPEG_VIDEO_H264_PROFILE_HIGH,
				BIT(V4L2_MPEG_VIDEO_H264_PROFILE_EXTENDED),
				V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE);
	ctx->level = add_menu(ctx, V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_6_2,
			      BIT(V4L2_MPEG_VIDEO_H264_LEVEL_1B), V4L2_MPEG_VIDEO_H264_LEVEL_3_1);
	ctx->header_mode = add_menu(ctx, V4L2_CID_MPEG_VIDEO_HEADER_MODE,
				    V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME, 0,
				    V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME);
	ctx->prepend = add(ctx, V4L2_CID_MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR, 0, 1, 0);
	ctx->qp_min = add(ctx, V4L2_CID_MPEG_VIDEO_H264_MIN_QP, VH264_QP_MIN, VH264_QP_MAX,
			  VH264_QP_MIN);
	ctx->qp_max = add(ctx, V4L2_CID_MPEG_VIDEO_H264_MAX_QP, VH264_QP_MIN, VH264_QP_MAX,
			  VH264_QP_MAX);
	add_layer_controls(ctx);
	ctx->slice_mode = add_menu(ctx, V4L2_CID_MPEG_VIDEO_MULTI_SLICE_MODE,
				   V4L2_MPEG_VIDEO_MULTI_SLICE_MODE_MAX_MB, 0,
				   V4L2_MPEG_VIDEO_MULTI_SLICE_MODE_MAX_MB);
	ctx->slice_mbs = add(ctx, V4L2_CID_MPEG_VIDEO_MULTI_SLICE_MAX_MB, 1, 36864, 512);
	add(ctx, V4L2_CID_MIN_BUFFERS_FOR_OUTPUT, 1, 2, 1);
	return ctx->controls.error;
}

static enum vh264_profile profile_of(s32 value)
{
	switch (value) {
	case V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE:
		return VH264_BASELINE;
	case V4L2_MPEG_VIDEO_H264_PROFILE_MAIN:
		return VH264_MAIN;
	case V4L2_MPEG_VIDEO_H264_PROFILE_HIGH:
		return VH264_HIGH;
	default:
		return VH264_CONSTRAINED_BASELINE;
	}
}

static struct vh264_sps sps_of(const struct vh264_ctx *ctx)
{
	return (struct vh264_sps){
		.width = ctx->crop.width,
		.height = ctx->crop.height,
		.profile = profile_of(v4l2_ctrl_g_ctrl(ctx->profile)),
		.level_idc = level_idcs[v4l2_ctrl_g_ctrl(ctx->level)],
		.rate = ctx->interval.denominator,
		.per = ctx->interval.numerator,
		.vui = !vh264_fault_no_vui(),
		.reorder = vh264_fault_reorder(),
	};
}

static struct vh264_enc_params params_of(const struct vh264_ctx *ctx)
{
	bool sliced = v4l2_ctrl_g_ctrl(ctx->slice_mode) == V4L2_MPEG_VIDEO_MULTI_SLICE_MODE_MAX_MB;
	u8 qp_max = v4l2_ctrl_g_ctrl(ctx->qp_max);

	return (struct vh264_enc_params){
		.sps = sps_of(ctx),
		.bitrate = v4l2_ctrl_g_ctrl(ctx->bitrate),
		.constant = v4l2_ctrl_g_ctrl(ctx->bitrate_mode) == V4L2_MPEG_VIDEO_BITRATE_MODE_CBR,
		.gop = v4l2_ctrl_g_ctrl(ctx->gop),
		.i_period = v4l2_ctrl_g_ctrl(ctx->i_period),
		.qp_min = min_t(u8, v4l2_ctrl_g_ctrl(ctx->qp_min), qp_max),
		.qp_max = qp_max,
		.layers = v4l2_ctrl_g_ctrl(ctx->hierarchical) && !ctx->reordering ?
				  v4l2_ctrl_g_ctrl(ctx->layers) : 1,
		.slice_mbs = sliced ? v4l2_ctrl_g_ctrl(ctx->slice_mbs) : 0,
	};
}

/* One picture from @source into @destination. */
static void encode(struct vh264_ctx *ctx, struct vb2_v4l2_buffer *source,
		   struct vb2_v4l2_buffer *destination, const struct vh264_enc_params *params,
		   enum vh264_order order)
{
	struct vh264_raw raw = vh264_raw_of(ctx);
	struct vh264_enc_job job = {
		.source = vb2_plane_vaddr(&source->vb2_buf, 0),
		.raw = &raw,
		.order = order,
		.key = order == VH264_IN_ORDER && xchg(&ctx->force_key, false),
		.headers = v4l2_ctrl_g_ctrl(ctx->prepend),
		.first_headers = !ctx->headers_sent,
		.coded = vb2_plane_vaddr(&destination->vb2_buf, 0),
		.size = vb2_plane_size(&destination->vb2_buf, 0),
	};
	struct vh264_enc_result result = {};
	int error = -EFAULT;

	if (job.source && job.coded)
		error = vh264_enc_encode(ctx->enc, params, &job, &result);
	if (result.key && (job.headers || job.first_headers))
		ctx->reordering = params->sps.reorder;
	if (!error && vh264_fault_short())
		result.size /= 2;
	vh264_give_back(ctx, source, destination, result.size,
			result.key ? V4L2_BUF_FLAG_KEYFRAME : V4L2_BUF_FLAG_PFRAME,
			error || vh264_fault_error());
}

/* The parameter sets in a buffer of their own. */
static void send_headers(struct vh264_ctx *ctx, const struct vh264_enc_params *params)
{
	struct vb2_v4l2_buffer *source = v4l2_m2m_next_src_buf(ctx->fh.m2m_ctx);
	struct vb2_v4l2_buffer *destination = v4l2_m2m_next_dst_buf(ctx->fh.m2m_ctx);
	u8 *coded = vb2_plane_vaddr(&destination->vb2_buf, 0);
	int size = -EFAULT;

	if (coded)
		size = vh264_enc_headers(ctx->enc, params, coded,
					 vb2_plane_size(&destination->vb2_buf, 0));
	v4l2_m2m_buf_copy_metadata(source, destination, false);
	vh264_give_back(ctx, NULL, destination, max(size, 0), 0, size < 0);
	ctx->headers_sent = true;
	ctx->reordering = params->sps.reorder;
}

static struct vb2_v4l2_buffer *second(struct v4l2_m2m_queue_ctx *queue)
{
	struct v4l2_m2m_buffer *buf;
	struct vb2_v4l2_buffer *result = NULL;
	unsigned long flags;

	spin_lock_irqsave(&queue->rdy_spinlock, flags);
	if (queue->num_rdy >= 2) {
		buf = list_first_entry(&queue->rdy_queue, struct v4l2_m2m_buffer, list);
		result = &list_next_entry(buf, list)->vb;
	}
	spin_unlock_irqrestore(&queue->rdy_spinlock, flags);
	return result;
}

/* A picture that waits for the one after it, as an encoder of B pictures has it. */
static bool may_swap(struct vh264_ctx *ctx)
{
	return READ_ONCE(ctx->reordering) && !READ_ONCE(ctx->force_key);
}

static void run(struct vh264_ctx *ctx)
{
	struct v4l2_m2m_ctx *m2m = ctx->fh.m2m_ctx;
	struct vh264_enc_params params = params_of(ctx);
	struct vb2_v4l2_buffer *later = second(&m2m->out_q_ctx);
	struct vb2_v4l2_buffer *behind = second(&m2m->cap_q_ctx);
	bool separate = v4l2_ctrl_g_ctrl(ctx->header_mode) == V4L2_MPEG_VIDEO_HEADER_MODE_SEPARATE;

	if (separate && !ctx->headers_sent) {
		send_headers(ctx, &params);
		return;
	}
	if (may_swap(ctx) && later && behind && !vh264_enc_key_is_due(ctx->enc, &params)) {
		struct vb2_v4l2_buffer *earlier = v4l2_m2m_next_src_buf(m2m);

		encode(ctx, later, v4l2_m2m_next_dst_buf(m2m), &params, VH264_AHEAD);
		encode(ctx, earlier, behind, &params, VH264_BEHIND);
		return;
	}
	encode(ctx, v4l2_m2m_next_src_buf(m2m), v4l2_m2m_next_dst_buf(m2m), &params,
	       VH264_IN_ORDER);
	ctx->headers_sent = true;
}

static bool ready(struct vh264_ctx *ctx)
{
	struct v4l2_m2m_ctx *m2m = ctx->fh.m2m_ctx;

	if (!may_swap(ctx) || m2m->is_draining)
		return true;
	return v4l2_m2m_num_src_bufs_ready(m2m) >= 2 && v4l2_m2m_num_dst_bufs_ready(m2m) >= 2;
}

static int start(struct vh264_ctx *ctx, bool output)
{
	void *memory;

	if (!output)
		return 0;
	memory = kvmalloc(vh264_enc_memory(ctx->crop.width, ctx->crop.height), GFP_KERNEL);
	if (!memory)
		return -ENOMEM;
	kvfree(ctx->enc);
	ctx->enc = vh264_enc_init(memory, ctx->crop.width, ctx->crop.height);
	ctx->headers_sent = false;
	ctx->reordering = false;
	return 0;
}

static void stop(struct vh264_ctx *ctx, bool output)
{
	if (!output)
		return;
	kvfree(ctx->enc);
	ctx->enc = NULL;
}

int vh264_encoder_cmd(struct file *file, void *fh, struct v4l2_encoder_cmd *cmd)
{
	struct vh264_ctx *ctx = vh264_ctx_of(file);
	struct v4l2_m2m_ctx *m2m = ctx->fh.m2m_ctx;
	struct vb2_queue *capture = v4l2_m2m_get_dst_vq(m2m);
	int error = v4l2_m2m_ioctl_try_encoder_cmd(file, fh, cmd);

	if (error)
		return error;
	if (!vb2_is_streaming(v4l2_m2m_get_src_vq(m2m)) || !vb2_is_streaming(capture))
		return 0;
	spin_lock(&ctx->drain);
	error = v4l2_m2m_ioctl_encoder_cmd(file, fh, cmd);
	spin_unlock(&ctx->drain);
	if (error)
		return error;
	if (cmd->cmd == V4L2_ENC_CMD_STOP && v4l2_m2m_has_stopped(m2m))
		vh264_send_eos(ctx);
	if (cmd->cmd == V4L2_ENC_CMD_START)
		vb2_clear_last_buffer_dequeued(capture);
	v4l2_m2m_try_schedule(m2m);
	return 0;
}

static int get_selection(struct vh264_ctx *ctx, struct v4l2_selection *s)
{
	if (s->type != V4L2_BUF_TYPE_VIDEO_OUTPUT)
		return -EINVAL;
	switch (s->target) {
	case V4L2_SEL_TGT_CROP:
		s->r = ctx->crop;
		return 0;
	case V4L2_SEL_TGT_CROP_DEFAULT:
	case V4L2_SEL_TGT_CROP_BOUNDS:
		s->r = (struct v4l2_rect){0, 0, ctx->raw.width, ctx->raw.height};
		return 0;
	default:
		return -EINVAL;
	}
}

int vh264_set_selection(struct file *file, void *fh, struct v4l2_selection *s)
{
	struct vh264_ctx *ctx = vh264_ctx_of(file);
	struct v4l2_rect *r = &s->r;

	if (s->type != V4L2_BUF_TYPE_VIDEO_OUTPUT || s->target != V4L2_SEL_TGT_CROP)
		return -EINVAL;
	if (vb2_is_streaming(v4l2_m2m_get_src_vq(ctx->fh.m2m_ctx)))
		return -EBUSY;
	r->width = clamp(r->width & ~1U, (u32)VH264_WIDTH_MIN, ctx->raw.width);
	r->height = clamp(r->height & ~1U, (u32)VH264_HEIGHT_MIN, ctx->raw.height);
	r->left = clamp(r->left, 0, (int)(ctx->raw.width - r->width)) & ~1;
	r->top = clamp(r->top, 0, (int)(ctx->raw.height - r->height)) & ~1;
	ctx->crop = *r;
	ctx->coded.width = r->width;
	ctx->coded.height = r->height;
	return 0;
}

int vh264_get_parm(struct file *file, void *fh, struct v4l2_streamparm *parm)
{
	if (!V4L2_TYPE_IS_OUTPUT(parm->type))
		return -EINVAL;
	parm->parm.output.capability = V4L2_CAP_TIMEPERFRAME;
	parm->parm.output.timeperframe = vh264_ctx_of(file)->interval;
	return 0;
}

int vh264_set_parm(struct file *file, void *fh, struct v4l2_streamparm *parm)
{
	struct v4l2_fract *wanted = &parm->parm.output.timeperframe;
	struct v4l2_fract *interval = &vh264_ctx_of(file)->interval;

	if (!V4L2_TYPE_IS_OUTPUT(parm->type))
		return -EINVAL;
	if (wanted->numerator && wanted->denominator &&
	    wanted->denominator / wanted->numerator <= RATE_MAX &&
	    wanted->numerator / wanted->denominator < 60 && wanted->denominator <= 1000000)
		*interval = *wanted;
	else
		*interval = (struct v4l2_fract){1, 30};
	parm->parm.output.capability = V4L2_CAP_TIMEPERFRAME;
	*wanted = *interval;
	return 0;
}

int vh264_enum_frameintervals(struct file *file, void *fh, struct v4l2_frmivalenum *f)
{
	if (f->index || f->width < VH264_WIDTH_MIN || f->width > VH264_WIDTH_MAX ||
	    f->height < VH264_HEIGHT_MIN || f->height > VH264_HEIGHT_MAX || (f->width & 1) ||
	    (f->height & 1))
		return -EINVAL;
	switch (f->pixel_format) {
	case V4L2_PIX_FMT_H264:
	case V4L2_PIX_FMT_NV12:
	case V4L2_PIX_FMT_YUV420:
	case V4L2_PIX_FMT_YUYV:
		break;
	default:
		return -EINVAL;
	}
	f->type = V4L2_FRMIVAL_TYPE_CONTINUOUS;
	f->stepwise = (struct v4l2_frmival_stepwise){{1, RATE_MAX}, {59, 1}, {1, 1}};
	return 0;
}

static const unsigned int without[] = {VIDIOC_DECODER_CMD, VIDIOC_TRY_DECODER_CMD, 0};

const struct vh264_kind vh264_encoder = {
	.name = "vh264-encoder",
	.encodes = true,
	.without = without,
	.init = init,
	.get_selection = get_selection,
	.run = run,
	.ready = ready,
	.start = start,
	.stop = stop,
};
