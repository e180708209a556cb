/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the codec needs of where it is built: the kernel, or a program that tests it.
 */
#ifndef VH264_TYPES_H
#define VH264_TYPES_H

#ifdef __KERNEL__
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef short s16;
typedef int s32;
typedef long long s64;

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

static inline s64 vh264_clip(s64 value, s64 low, s64 high)
{
	if (value < low)
		return low;
	return value > high ? high : value;
}

static inline u8 vh264_clip_pixel(int value)
{
	if (value < 0)
		return 0;
	return value > 255 ? 255 : value;
}

#endif
