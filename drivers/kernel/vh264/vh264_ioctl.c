// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of both nodes.
 */
#include <media/v4l2-event.h>

#include "vh264.h"

static int querycap(struct file *file, void *fh, struct v4l2_capability *cap)
{
	strscpy(cap->driver, VH264_NAME, sizeof(cap->driver));
	strscpy(cap->card, vh264_ctx_of(file)->node->kind->name, sizeof(cap->card));
	return 0;
}

static int enum_framesizes(struct file *file, void *fh, struct v4l2_frmsizeenum *sizes)
{
	if (sizes->index)
		return -EINVAL;
	switch (sizes->pixel_format) {
	case V4L2_PIX_FMT_H264:
	case V4L2_PIX_FMT_NV12:
	case V4L2_PIX_FMT_YUV420:
	case V4L2_PIX_FMT_YUYV:
		break;
	default:
		return -EINVAL;
	}
	sizes->type = V4L2_FRMSIZE_TYPE_STEPWISE;
	sizes->stepwise = (struct v4l2_frmsize_stepwise){
		VH264_WIDTH_MIN, VH264_WIDTH_MAX, 2, VH264_HEIGHT_MIN, VH264_HEIGHT_MAX, 2,
	};
	return 0;
}

static int subscribe_event(struct v4l2_fh *fh, const struct v4l2_event_subscription *sub)
{
	switch (sub->type) {
	case V4L2_EVENT_EOS:
		return v4l2_event_subscribe(fh, sub, 2, NULL);
	case V4L2_EVENT_SOURCE_CHANGE:
		if (container_of(fh, struct vh264_ctx, fh)->node->kind->encodes)
			return -EINVAL;
		return v4l2_src_change_event_subscribe(fh, sub);
	default:
		return v4l2_ctrl_subscribe_event(fh, sub);
	}
}

static int get_selection(struct file *file, void *fh, struct v4l2_selection *s)
{
	struct vh264_ctx *ctx = vh264_ctx_of(file);

	return ctx->node->kind->get_selection(ctx, s);
}

const struct v4l2_ioctl_ops vh264_ioctls = {
	.vidioc_querycap = querycap,
	.vidioc_enum_framesizes = enum_framesizes,
	.vidioc_enum_frameintervals = vh264_enum_frameintervals,
	.vidioc_enum_fmt_vid_cap = vh264_enum_format,
	.vidioc_enum_fmt_vid_out = vh264_enum_format,
	.vidioc_g_fmt_vid_cap = vh264_get_format,
	.vidioc_g_fmt_vid_cap_mplane = vh264_get_format,
	.vidioc_g_fmt_vid_out = vh264_get_format,
	.vidioc_g_fmt_vid_out_mplane = vh264_get_format,
	.vidioc_try_fmt_vid_cap = vh264_try_format,
	.vidioc_try_fmt_vid_cap_mplane = vh264_try_format,
	.vidioc_try_fmt_vid_out = vh264_try_format,
	.vidioc_try_fmt_vid_out_mplane = vh264_try_format,
	.vidioc_s_fmt_vid_cap = vh264_set_format,
	.vidioc_s_fmt_vid_cap_mplane = vh264_set_format,
	.vidioc_s_fmt_vid_out = vh264_set_format,
	.vidioc_s_fmt_vid_out_mplane = vh264_set_format,
	.vidioc_g_selection = get_selection,
	.vidioc_s_selection = vh264_set_selection,
	.vidioc_g_parm = vh264_get_parm,
	.vidioc_s_parm = vh264_set_parm,
	.vidioc_try_encoder_cmd = v4l2_m2m_ioctl_try_encoder_cmd,
	.vidioc_encoder_cmd = vh264_encoder_cmd,
	.vidioc_try_decoder_cmd = v4l2_m2m_ioctl_try_decoder_cmd,
	.vidioc_decoder_cmd = vh264_decoder_cmd,
	.vidioc_reqbufs = v4l2_m2m_ioctl_reqbufs,
	.vidioc_create_bufs = v4l2_m2m_ioctl_create_bufs,
	.vidioc_remove_bufs = v4l2_m2m_ioctl_remove_bufs,
	.vidioc_querybuf = v4l2_m2m_ioctl_querybuf,
	.vidioc_expbuf = v4l2_m2m_ioctl_expbuf,
	.vidioc_qbuf = v4l2_m2m_ioctl_qbuf,
	.vidioc_dqbuf = v4l2_m2m_ioctl_dqbuf,
	.vidioc_prepare_buf = v4l2_m2m_ioctl_prepare_buf,
	.vidioc_streamon = v4l2_m2m_ioctl_streamon,
	.vidioc_streamoff = v4l2_m2m_ioctl_streamoff,
	.vidioc_subscribe_event = subscribe_event,
	.vidioc_unsubscribe_event = v4l2_event_unsubscribe,
};
