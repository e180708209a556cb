#include "drivers/encode_m2m_private.h"

#include "base/clock.h"
#include "camera/camera.h"
#include "drivers/encode_m2m_controls.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <string.h>

enum {
	CODED_EXTRA = 64 * 1024, /* headers beside a picture that no coding makes smaller */
	FEWEST = 1,
};

static struct encode_m2m_place place_of(const AVFrame *picture)
{
	const AVDRMFrameDescriptor *dmabuf = picture ? cam_frame_dmabuf(picture) : NULL;

	if (!dmabuf)
		return (struct encode_m2m_place){0};
	return (struct encode_m2m_place){dmabuf->nb_objects, picture->linesize[0]};
}

/* The device's format next to that of the pictures. */
static const struct v4l2_pixels *choose_pixels(const struct encode_m2m *encoder,
					       const AVFrame *picture)
{
	uint32_t n_memories = (uint32_t)place_of(picture).n_memories;
	const struct v4l2_pixels *best = NULL;
	int best_score = -1;

	for (size_t i = 0; i < encoder->device.n_pixels; i++) {
		const struct v4l2_pixels *pixels = encoder->device.pixels[i];
		/* 4:2:0 loses nothing on the way from 4:2:0 */
		int score = pixels->pixels == encoder->format.pixels ? 4
			    : pixels->pixels != AV_PIX_FMT_YUYV422   ? 2
								     : 0;

		/* by which NV12 and NV12M differ */
		score += pixels->n_memories == (n_memories > 0 ? n_memories : 1);
		if (score > best_score) {
			best_score = score;
			best = pixels;
		}
	}
	return best;
}

static int set_coded_format(struct encode_m2m *encoder)
{
	const struct venc_format *format = &encoder->format;
	const struct v4l2_wish wish = {
		.fourcc = V4L2_PIX_FMT_H264,
		.width = (uint32_t)format->width,
		.height = (uint32_t)format->height,
		.n_memories = 1,
		.size = (uint32_t)(format->width * format->height * 3 / 2) + CODED_EXTRA,
		.space = format->space,
	};
	struct v4l2_agreed agreed;
	int r = v4l2_layout_set(&encoder->device.node, encoder->device.capture, &wish, &agreed);

	if (r < 0)
		return m2m_fail(&encoder->fault, r, "the format of what it codes");
	if (agreed.fourcc != V4L2_PIX_FMT_H264 || agreed.n_memories != 1 || agreed.size[0] == 0)
		return m2m_fail(&encoder->fault, -EPROTO,
				"the driver answers with an impossible coded format");
	encoder->coded_bytes = agreed.size[0];
	return 0;
}

/* What of the picture is to be seen, where the device takes only larger ones. */
static void crop(const struct encode_m2m *encoder)
{
	struct v4l2_selection selection = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, /* of both APIs */
		.target = V4L2_SEL_TGT_CROP,
		.r = {.width = (uint32_t)encoder->format.width,
		      .height = (uint32_t)encoder->format.height},
	};

	/* a device without it goes by the format; whether it does, the probe finds out */
	(void)v4l2_node_ioctl(&encoder->device.node, VIDIOC_S_SELECTION, &selection);
}

static void set_rate(const struct encode_m2m *encoder)
{
	struct v4l2_streamparm parameters = {
		.type = encoder->device.output,
		.parm.output.timeperframe = {.numerator = (uint32_t)encoder->format.frame_us,
					     .denominator = (uint32_t)CLOCK_US_PER_S},
	};

	(void)v4l2_node_ioctl(&encoder->device.node, VIDIOC_S_PARM, &parameters);
}

static int set_raw_format(struct encode_m2m *encoder, const AVFrame *picture)
{
	const struct venc_format *format = &encoder->format;
	const struct v4l2_pixels *pixels = choose_pixels(encoder, picture);
	bool same = picture && pixels->pixels == format->pixels;
	const struct v4l2_wish wish = {
		.fourcc = pixels->fourcc,
		.width = (uint32_t)format->width,
		.height = (uint32_t)format->height,
		.n_memories = pixels->n_memories,
		.pitch = same ? (uint32_t)picture->linesize[0] : 0,
		.space = format->space,
	};
	struct v4l2_agreed agreed;
	int r = v4l2_layout_set(&encoder->device.node, encoder->device.output, &wish, &agreed);

	if (r < 0)
		return m2m_fail(&encoder->fault, r, "the format of pictures");
	if (!v4l2_layout_make(pixels, &agreed, &encoder->layout))
		return m2m_fail(&encoder->fault, -EPROTO,
				"the driver answers with an impossible format: %ux%u, stride %u",
				agreed.width, agreed.height, agreed.pitch[0]);
	if (encoder->layout.width < format->width || encoder->layout.height < format->height)
		return m2m_fail(&encoder->fault, -EPROTO, "it takes no pictures above %ux%u",
				agreed.width, agreed.height);
	encoder->pixels = pixels;
	encoder->agreed = agreed;
	return 0;
}

int encode_m2m_agree(struct encode_m2m *encoder, const AVFrame *picture)
{
	int r = set_coded_format(encoder);

	if (r == 0)
		r = set_raw_format(encoder, picture);
	if (r < 0)
		return r;
	crop(encoder);
	set_rate(encoder);
	r = encode_m2m_set_controls(&encoder->device, &encoder->format, encoder->bitrate_bps);
	return r < 0 ? m2m_fail(&encoder->fault, r, "the bit rate") : 0;
}

static uint32_t drm_format_of(enum AVPixelFormat pixels)
{
	return pixels == AV_PIX_FMT_NV12      ? DRM_FORMAT_NV12
	       : pixels == AV_PIX_FMT_YUV420P ? DRM_FORMAT_YUV420
					      : DRM_FORMAT_INVALID;
}

/* NULL, or why the device cannot read the picture where it lies. */
static const char *find_obstacle(const struct encode_m2m *encoder, const AVFrame *picture)
{
	const AVDRMFrameDescriptor *dmabuf = cam_frame_dmabuf(picture);
	const struct v4l2_layout *layout = &encoder->layout;
	const AVDRMLayerDescriptor *layer;

	if (!dmabuf)
		return "the pictures do not lie in device memory";
	layer = &dmabuf->layers[0];
	if (picture->format != (int)layout->pixels || dmabuf->nb_layers != 1 ||
	    layer->format != drm_format_of(layout->pixels))
		return "the device has another pixel format";
	if (dmabuf->nb_objects != (int)layout->n_memories ||
	    layer->nb_planes != (int)layout->n_planes)
		return "the planes lie otherwise";
	for (int i = 0; i < dmabuf->nb_objects; i++) {
		if (dmabuf->objects[i].size < encoder->agreed.size[i])
			return "the device wants larger memory";
	}
	for (int i = 0; i < layer->nb_planes; i++) {
		const AVDRMPlaneDescriptor *plane = &layer->planes[i];

		if (plane->object_index != (int)layout->planes[i].memory ||
		    plane->offset != layout->planes[i].offset ||
		    plane->pitch != layout->planes[i].pitch)
			return "the device wants other strides";
	}
	return NULL;
}

bool encode_m2m_suits(const struct encode_m2m *encoder, const AVFrame *picture)
{
	struct encode_m2m_place place = place_of(picture);

	if (encoder->raw.memory == V4L2_MEMORY_DMABUF)
		return !find_obstacle(encoder, picture);
	/* copies are made of anything; pictures that lie in a new place may do without */
	return encoder->dmabuf_refused || place.n_memories == 0 ||
	       (place.n_memories == encoder->place.n_memories &&
		place.pitch == encoder->place.pitch);
}

static int open_queues(struct encode_m2m *encoder, uint32_t memory)
{
	struct v4l2_queue_config raw = {
		.node = encoder->device.node,
		.type = encoder->device.output,
		.memory = memory,
		.n_memories = encoder->layout.n_memories,
		.wanted = ENCODE_M2M_BUFFERS,
		.fewest = FEWEST,
	};
	const struct v4l2_queue_config coded = {
		.node = encoder->device.node,
		.type = encoder->device.capture,
		.memory = V4L2_MEMORY_MMAP,
		.n_memories = 1,
		.needed = {encoder->coded_bytes},
		.wanted = ENCODE_M2M_BUFFERS,
		.fewest = FEWEST,
	};
	int r;

	memcpy(raw.needed, encoder->layout.needed, sizeof(raw.needed));
	r = v4l2_queue_open(&encoder->raw, &raw);
	return r < 0 ? r : v4l2_queue_open(&encoder->coded, &coded);
}

static int start_queues(struct encode_m2m *encoder)
{
	int r = 0;

	for (uint32_t i = 0; i < encoder->coded.n_slots && r == 0; i++) {
		const struct v4l2_load empty = {.index = i};

		r = v4l2_queue_put(&encoder->coded, &empty);
	}
	if (r == 0)
		r = v4l2_queue_start(&encoder->raw);
	return r < 0 ? r : v4l2_queue_start(&encoder->coded);
}

/* Says how pictures get in from now on. */
static void note_path(struct encode_m2m *encoder, uint32_t memory, const char *obstacle)
{
	bool converts = encoder->layout.pixels != encoder->format.pixels;
	struct venc_path *path = &encoder->path;

	path->memory = memory == V4L2_MEMORY_DMABUF ? "dmabuf" : "mmap";
	path->copies = memory == V4L2_MEMORY_DMABUF ? 0 : 1;
	path->converts = converts;
	if (encoder->dmabuf_refused)
		return; /* it says by what */
	snprintf(path->why, sizeof(path->why), "%s", obstacle ? obstacle : "");
}

int encode_m2m_start(struct encode_m2m *encoder, const AVFrame *picture)
{
	const char *obstacle;
	uint32_t memory;
	int r;

	encode_m2m_stop(encoder);
	r = encode_m2m_agree(encoder, picture);
	if (r < 0)
		return r;
	obstacle = find_obstacle(encoder, picture);
	memory = obstacle || encoder->dmabuf_refused ? V4L2_MEMORY_MMAP : V4L2_MEMORY_DMABUF;
	r = open_queues(encoder, memory);
	if (r == -EOVERFLOW)
		r = m2m_fail(&encoder->fault, -EPROTO, "the driver gives impossible buffers");
	else if (r < 0)
		m2m_fail(&encoder->fault, r, "buffers");
	if (r == 0) {
		r = start_queues(encoder);
		if (r < 0)
			m2m_fail(&encoder->fault, r, "start the stream");
	}
	if (r < 0) {
		encode_m2m_stop(encoder);
		return r;
	}
	note_path(encoder, memory, obstacle);
	encoder->place = place_of(picture);
	encoder->streaming = true;
	return 0;
}

void encode_m2m_stop(struct encode_m2m *encoder)
{
	v4l2_queue_close(&encoder->raw);
	v4l2_queue_close(&encoder->coded);
	for (size_t i = 0; i < V4L2_QUEUE_MAX; i++)
		av_frame_free(&encoder->held[i]);
	encoder->inside = (struct venc_flights){0};
	encoder->streaming = false;
}

static int convert(struct encode_m2m *encoder, const AVFrame *picture, uint8_t *const *data,
		   const int *strides)
{
	encoder->converter =
		sws_getCachedContext(encoder->converter, picture->width, picture->height,
				     picture->format, picture->width, picture->height,
				     encoder->layout.pixels, SWS_POINT, NULL, NULL, NULL);
	if (!encoder->converter)
		return -ENOTSUP;
	if (sws_scale(encoder->converter, (const uint8_t *const *)picture->data, picture->linesize,
		      0, picture->height, data, strides) < picture->height)
		return -ENOTSUP;
	return 0;
}

static void copy_plane(uint8_t *to, int pitch, const uint8_t *from, int linesize, int bytes,
		       int lines)
{
	/* lines without gaps are one: at 720p a call for each costs a tenth of the copy */
	if (pitch == bytes && linesize == bytes)
		memcpy(to, from, (size_t)bytes * (size_t)lines);
	else
		av_image_copy_plane(to, pitch, from, linesize, bytes, lines);
}

/* Of 4:2:0 with even sides, or in one plane. */
static void copy_planes(const AVFrame *picture, uint8_t *const *data, const int *strides)
{
	for (int i = 0; i < AV_NUM_DATA_POINTERS && data[i]; i++)
		copy_plane(data[i], strides[i], picture->data[i], picture->linesize[i],
			   av_image_get_linesize(picture->format, picture->width, i),
			   i > 0 ? picture->height / 2 : picture->height);
}

int encode_m2m_copy(struct encode_m2m *encoder, const AVFrame *picture, uint32_t index)
{
	const struct v4l2_layout *layout = &encoder->layout;
	const struct v4l2_slot *slot = &encoder->raw.slots[index];
	uint8_t *data[AV_NUM_DATA_POINTERS] = {NULL};
	int strides[AV_NUM_DATA_POINTERS] = {0};

	for (uint32_t i = 0; i < layout->n_planes; i++) {
		const struct v4l2_layout_plane *plane = &layout->planes[i];

		data[i] = (uint8_t *)slot->memories[plane->memory].data + plane->offset;
		strides[i] = (int)plane->pitch;
	}
	encoder->path.copied_bytes +=
		(uint64_t)av_image_get_buffer_size(layout->pixels, picture->width, picture->height,
						   1);
	if (picture->format != (int)layout->pixels)
		return convert(encoder, picture, data, strides);
	copy_planes(picture, data, strides);
	return 0;
}
