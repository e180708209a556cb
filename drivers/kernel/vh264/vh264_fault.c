// SPDX-License-Identifier: GPL-2.0
/*
 * Faults of real encoders, switched on while the module is in use: files in
 * /sys/module/vh264/parameters. README.md has the table.
 */
#include <linux/moduleparam.h>
#include <linux/wait.h>

#include "vh264.h"

static DECLARE_WAIT_QUEUE_HEAD(waiting);

static int set_and_wake(const char *value, const struct kernel_param *param)
{
	int error = param_set_bool(value, param);

	vh264_fault_wake();
	return error;
}

static const struct kernel_param_ops waking_bool = {
	.set = set_and_wake,
	.get = param_get_bool,
};

static bool stall;
module_param_cb(fault_stall, &waking_bool, &stall, 0644);
MODULE_PARM_DESC(fault_stall, "While set, no job ends");

static unsigned int late_ms;
module_param_named(fault_late_ms, late_ms, uint, 0644);
MODULE_PARM_DESC(fault_late_ms, "Each job takes that many milliseconds longer");

static unsigned int error_count;
module_param_named(fault_error, error_count, uint, 0644);
MODULE_PARM_DESC(fault_error, "That many buffers come back with the error flag");

static unsigned int short_count;
module_param_named(fault_short, short_count, uint, 0644);
MODULE_PARM_DESC(fault_short, "That many coded pictures lose their second half");

static bool no_vui;
module_param_named(fault_no_vui, no_vui, bool, 0644);
MODULE_PARM_DESC(fault_no_vui, "While set, an SPS says nothing about reordering");

static bool reorder;
module_param_named(fault_reorder, reorder, bool, 0644);
MODULE_PARM_DESC(fault_reorder, "While set, pictures are coded in the order of B pictures");

static bool lose_key;
module_param_named(fault_lose_key, lose_key, bool, 0644);
MODULE_PARM_DESC(fault_lose_key, "While set, a forced key frame does not come");

static bool streamon;
module_param_named(fault_streamon, streamon, bool, 0644);
MODULE_PARM_DESC(fault_streamon, "While set, VIDIOC_STREAMON ends with EIO");

/* Two nodes may count down at once; a count that is off by one then does no harm. */
static bool use_up(unsigned int *count)
{
	unsigned int left = READ_ONCE(*count);

	if (!left)
		return false;
	WRITE_ONCE(*count, left - 1);
	return true;
}

bool vh264_fault_no_vui(void)
{
	return READ_ONCE(no_vui);
}

bool vh264_fault_reorder(void)
{
	return READ_ONCE(reorder);
}

bool vh264_fault_lose_key(void)
{
	return READ_ONCE(lose_key);
}

bool vh264_fault_streamon(void)
{
	return READ_ONCE(streamon);
}

bool vh264_fault_error(void)
{
	return use_up(&error_count);
}

bool vh264_fault_short(void)
{
	return use_up(&short_count);
}

bool vh264_fault_wait(struct vh264_ctx *ctx)
{
	unsigned int ms = READ_ONCE(late_ms);

	if (ms)
		wait_event_timeout(waiting, READ_ONCE(ctx->aborting), msecs_to_jiffies(ms));
	wait_event(waiting, !READ_ONCE(stall) || READ_ONCE(ctx->aborting));
	return !READ_ONCE(ctx->aborting);
}

void vh264_fault_wake(void)
{
	wake_up_all(&waiting);
}
