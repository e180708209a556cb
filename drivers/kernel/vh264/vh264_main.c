// SPDX-License-Identifier: GPL-2.0
/*
 * A stateful H.264 encoder and decoder that stand in for silicon in tests: README.md.
 */
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "vh264.h"

static bool multiplanar;
module_param(multiplanar, bool, 0444);
MODULE_PARM_DESC(multiplanar, "The nodes have the multi-planar API");

struct vh264_device {
	struct platform_device *platform;
	struct vh264_node nodes[2];
};

static struct vh264_device device;

static void run(struct work_struct *work)
{
	struct vh264_ctx *ctx = container_of(work, struct vh264_ctx, work);

	if (vh264_fault_wait(ctx))
		ctx->node->kind->run(ctx);
	v4l2_m2m_job_finish(ctx->node->m2m, ctx->fh.m2m_ctx);
}

static void device_run(void *priv)
{
	struct vh264_ctx *ctx = priv;

	WRITE_ONCE(ctx->aborting, false);
	queue_work(ctx->node->jobs, &ctx->work);
}

static int job_ready(void *priv)
{
	struct vh264_ctx *ctx = priv;

	return ctx->node->kind->ready(ctx);
}

static void job_abort(void *priv)
{
	struct vh264_ctx *ctx = priv;

	WRITE_ONCE(ctx->aborting, true);
	vh264_fault_wake();
}

static const struct v4l2_m2m_ops m2m_ops = {
	.device_run = device_run,
	.job_ready = job_ready,
	.job_abort = job_abort,
};

static void destroy(struct vh264_ctx *ctx)
{
	if (!IS_ERR_OR_NULL(ctx->fh.m2m_ctx))
		v4l2_m2m_ctx_release(ctx->fh.m2m_ctx);
	v4l2_ctrl_handler_free(&ctx->controls);
	v4l2_fh_exit(&ctx->fh);
	mutex_destroy(&ctx->lock);
	kvfree(ctx->enc);
	kvfree(ctx->dec);
	kfree(ctx);
}

static int open(struct file *file)
{
	struct vh264_node *node = video_drvdata(file);
	struct vh264_ctx *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
	int error;

	if (!ctx)
		return -ENOMEM;
	v4l2_fh_init(&ctx->fh, &node->video);
	ctx->node = node;
	mutex_init(&ctx->lock);
	spin_lock_init(&ctx->drain);
	INIT_WORK(&ctx->work, run);
	vh264_init_formats(ctx);
	error = node->kind->init(ctx);
	if (!error) {
		ctx->fh.ctrl_handler = &ctx->controls;
		ctx->fh.m2m_ctx = v4l2_m2m_ctx_init(node->m2m, ctx, vh264_init_queues);
		error = PTR_ERR_OR_ZERO(ctx->fh.m2m_ctx);
	}
	if (!error)
		error = v4l2_ctrl_handler_setup(&ctx->controls);
	if (error) {
		destroy(ctx);
		return error;
	}
	ctx->fh.m2m_ctx->q_lock = &ctx->lock;
	file->private_data = &ctx->fh;
	v4l2_fh_add(&ctx->fh);
	return 0;
}

/* The queues stop before the work is waited for, so that no other job begins. */
static int release(struct file *file)
{
	struct vh264_ctx *ctx = vh264_ctx_of(file);
	struct v4l2_m2m_ctx *m2m = ctx->fh.m2m_ctx;

	mutex_lock(&ctx->lock);
	v4l2_m2m_streamoff(file, m2m, m2m->out_q_ctx.q.type);
	v4l2_m2m_streamoff(file, m2m, m2m->cap_q_ctx.q.type);
	mutex_unlock(&ctx->lock);
	flush_work(&ctx->work);
	v4l2_fh_del(&ctx->fh);
	destroy(ctx);
	return 0;
}

static const struct v4l2_file_operations file_ops = {
	.owner = THIS_MODULE,
	.open = open,
	.release = release,
	.poll = v4l2_m2m_fop_poll,
	.unlocked_ioctl = video_ioctl2,
	.mmap = v4l2_m2m_fop_mmap,
};

static void close_node(struct vh264_node *node)
{
	if (!node->kind)
		return;
	video_unregister_device(&node->video);
	destroy_workqueue(node->jobs);
	v4l2_m2m_release(node->m2m);
	v4l2_device_unregister(&node->v4l2);
}

static int register_video(struct vh264_node *node)
{
	struct video_device *video = &node->video;

	strscpy(video->name, node->kind->name, sizeof(video->name));
	video->fops = &file_ops;
	video->ioctl_ops = &vh264_ioctls;
	video->release = video_device_release_empty;
	video->v4l2_dev = &node->v4l2;
	video->lock = &node->lock;
	video->vfl_dir = VFL_DIR_M2M;
	video->device_caps = V4L2_CAP_STREAMING |
			     (node->multiplanar ? V4L2_CAP_VIDEO_M2M_MPLANE : V4L2_CAP_VIDEO_M2M);
	video_set_drvdata(video, node);
	for (const unsigned int *ioctl = node->kind->without; *ioctl; ioctl++)
		v4l2_disable_ioctl(video, *ioctl);
	return video_register_device(video, VFL_TYPE_VIDEO, -1);
}

static int open_node(struct vh264_node *node, const struct vh264_kind *kind, struct device *parent)
{
	int error;

	node->device = parent;
	node->multiplanar = multiplanar;
	node->kind = kind;
	mutex_init(&node->lock);
	strscpy(node->v4l2.name, kind->name, sizeof(node->v4l2.name));
	error = v4l2_device_register(parent, &node->v4l2);
	if (error)
		goto no_device;
	node->m2m = v4l2_m2m_init(&m2m_ops);
	error = PTR_ERR_OR_ZERO(node->m2m);
	if (error)
		goto no_m2m;
	node->jobs = alloc_ordered_workqueue("%s", 0, kind->name);
	error = node->jobs ? 0 : -ENOMEM;
	if (error)
		goto no_jobs;
	error = register_video(node);
	if (!error)
		return 0;
	destroy_workqueue(node->jobs);
no_jobs:
	v4l2_m2m_release(node->m2m);
no_m2m:
	v4l2_device_unregister(&node->v4l2);
no_device:
	node->kind = NULL;
	return error;
}

static void vh264_exit(void)
{
	close_node(&device.nodes[1]);
	close_node(&device.nodes[0]);
	platform_device_unregister(device.platform);
}

static int __init vh264_init(void)
{
	int error;

	device.platform = platform_device_register_simple(VH264_NAME, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device.platform))
		return PTR_ERR(device.platform);
	error = open_node(&device.nodes[0], &vh264_encoder, &device.platform->dev);
	if (!error)
		error = open_node(&device.nodes[1], &vh264_decoder, &device.platform->dev);
	if (error)
		vh264_exit();
	return error;
}

static void __exit vh264_module_exit(void)
{
	vh264_exit();
}

module_init(vh264_init);
module_exit(vh264_module_exit);

MODULE_DESCRIPTION("H.264 encoder and decoder that stand in for silicon in tests");
MODULE_LICENSE("GPL");
