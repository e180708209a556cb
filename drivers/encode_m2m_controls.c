#include "drivers/encode_m2m_controls.h"

#include "base/clock.h"

#include <errno.h>
#include <linux/v4l2-controls.h>

enum {
	MACROBLOCK = 16,
	PEAK_PER_CENT = 150, /* of the bit rate, where it may vary */
	LAYERS_MAX = 3,
};

/* ITU-T H.264 table A-1: macroblocks a second and a picture, and 1000 bits a second. */
static const struct level {
	int64_t value;
	int64_t blocks_per_s;
	int64_t blocks;
	int64_t kbps;
} levels[] = {
	{V4L2_MPEG_VIDEO_H264_LEVEL_1_0, 1485, 99, 64},
	{V4L2_MPEG_VIDEO_H264_LEVEL_1_1, 3000, 396, 192},
	{V4L2_MPEG_VIDEO_H264_LEVEL_1_2, 6000, 396, 384},
	{V4L2_MPEG_VIDEO_H264_LEVEL_1_3, 11880, 396, 768},
	{V4L2_MPEG_VIDEO_H264_LEVEL_2_0, 11880, 396, 2000},
	{V4L2_MPEG_VIDEO_H264_LEVEL_2_1, 19800, 792, 4000},
	{V4L2_MPEG_VIDEO_H264_LEVEL_2_2, 20250, 1620, 4000},
	{V4L2_MPEG_VIDEO_H264_LEVEL_3_0, 40500, 1620, 10000},
	{V4L2_MPEG_VIDEO_H264_LEVEL_3_1, 108000, 3600, 14000},
	{V4L2_MPEG_VIDEO_H264_LEVEL_3_2, 216000, 5120, 20000},
	{V4L2_MPEG_VIDEO_H264_LEVEL_4_0, 245760, 8192, 20000},
	{V4L2_MPEG_VIDEO_H264_LEVEL_4_1, 245760, 8192, 50000},
	{V4L2_MPEG_VIDEO_H264_LEVEL_4_2, 522240, 8704, 50000},
	{V4L2_MPEG_VIDEO_H264_LEVEL_5_0, 589824, 22080, 135000},
	{V4L2_MPEG_VIDEO_H264_LEVEL_5_1, 983040, 36864, 240000},
};

int64_t encode_m2m_level(int width, int height, int64_t frame_us, int64_t bitrate_bps)
{
	int64_t blocks = (int64_t)((width + MACROBLOCK - 1) / MACROBLOCK) *
			 ((height + MACROBLOCK - 1) / MACROBLOCK);
	size_t last = sizeof(levels) / sizeof(levels[0]) - 1, i = 0;

	/* a nominal time has lost its fraction */
	while (i < last && (blocks > levels[i].blocks ||
			    blocks * CLOCK_US_PER_S > levels[i].blocks_per_s * (frame_us + 1) ||
			    bitrate_bps > levels[i].kbps * 1000))
		i++;
	return levels[i].value;
}

static void choose_profile(const struct m2m_device *device, const struct venc_tuning *tuning)
{
	static const int64_t high[] = {
		V4L2_MPEG_VIDEO_H264_PROFILE_HIGH,
		V4L2_MPEG_VIDEO_H264_PROFILE_MAIN,
		V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE,
		V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE,
	};
	static const int64_t baseline[] = {
		V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE,
		V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE,
		V4L2_MPEG_VIDEO_H264_PROFILE_MAIN,
		V4L2_MPEG_VIDEO_H264_PROFILE_HIGH,
	};

	(void)m2m_device_choose(device, V4L2_CID_MPEG_VIDEO_H264_PROFILE,
				tuning->high_profile ? high : baseline,
				sizeof(high) / sizeof(high[0]));
}

static void set_layers(const struct m2m_device *device, int layers)
{
	static const int64_t by_p[] = {V4L2_MPEG_VIDEO_H264_HIERARCHICAL_CODING_P};
	int count = layers > LAYERS_MAX ? LAYERS_MAX : layers;

	(void)m2m_device_set(device, V4L2_CID_MPEG_VIDEO_H264_HIERARCHICAL_CODING, count > 1);
	if (count < 2)
		return;
	(void)m2m_device_choose(device, V4L2_CID_MPEG_VIDEO_H264_HIERARCHICAL_CODING_TYPE, by_p, 1);
	(void)m2m_device_set(device, V4L2_CID_MPEG_VIDEO_H264_HIERARCHICAL_CODING_LAYER, count);
}

int encode_m2m_set_bitrate(const struct m2m_device *device, const struct venc_format *format,
			   int64_t bitrate_bps)
{
	int r;

	if (format->tuning.variable_rate)
		(void)m2m_device_set(device, V4L2_CID_MPEG_VIDEO_BITRATE_PEAK,
				     bitrate_bps * PEAK_PER_CENT / 100);
	r = m2m_device_set(device, V4L2_CID_MPEG_VIDEO_BITRATE, bitrate_bps);
	return r == -ENOENT ? 0 : r;
}

int encode_m2m_set_controls(const struct m2m_device *device, const struct venc_format *format,
			    int64_t bitrate_bps)
{
	static const int64_t joined[] = {V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME};
	const struct venc_tuning *tuning = &format->tuning;
	int64_t mode = tuning->variable_rate ? V4L2_MPEG_VIDEO_BITRATE_MODE_VBR
					     : V4L2_MPEG_VIDEO_BITRATE_MODE_CBR;
	int64_t gop = format->keyframe_every_us / format->frame_us;
	int64_t level =
		encode_m2m_level(format->width, format->height, format->frame_us, bitrate_bps);

	(void)m2m_device_set(device, V4L2_CID_MPEG_VIDEO_B_FRAMES, 0);
	(void)m2m_device_set(device, V4L2_CID_MPEG_VIDEO_GOP_SIZE, gop);
	(void)m2m_device_set(device, V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, gop);
	(void)m2m_device_set(device, V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE, 1);
	(void)m2m_device_choose(device, V4L2_CID_MPEG_VIDEO_BITRATE_MODE, &mode, 1);
	(void)m2m_device_choose(device, V4L2_CID_MPEG_VIDEO_HEADER_MODE, joined, 1);
	(void)m2m_device_set(device, V4L2_CID_MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR, 1);
	(void)m2m_device_set(device, V4L2_CID_MPEG_VIDEO_AU_DELIMITER, 0);
	choose_profile(device, tuning);
	(void)m2m_device_choose(device, V4L2_CID_MPEG_VIDEO_H264_LEVEL, &level, 1);
	set_layers(device, tuning->layers);
	if (tuning->qp_min > 0)
		(void)m2m_device_set(device, V4L2_CID_MPEG_VIDEO_H264_MIN_QP, tuning->qp_min);
	if (tuning->qp_max > 0)
		(void)m2m_device_set(device, V4L2_CID_MPEG_VIDEO_H264_MAX_QP, tuning->qp_max);
	return encode_m2m_set_bitrate(device, format, bitrate_bps);
}

int encode_m2m_force_keyframe(const struct m2m_device *device)
{
	return m2m_device_set(device, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 1);
}
