/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the codec needs of where it is built: the kernel, or a program that tests it.
 */
#ifndef VH264_TYPES_H
#define VH264_TYPES_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
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
