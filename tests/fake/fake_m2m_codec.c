#include "tests/fake/fake_m2m_private.h"

#include <assert.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static enum AVPixelFormat pixels_of(uint32_t fourcc)
{
	switch (fourcc) {
	case V4L2_PIX_FMT_YUYV:
		return AV_PIX_FMT_YUYV422;
	case V4L2_PIX_FMT_NV12:
	case V4L2_PIX_FMT_NV12M:
		return AV_PIX_FMT_NV12;
	default:
		return AV_PIX_FMT_YUV420P;
	}
}

/* Where the planes of a raw picture lie, its memories being at `bases`. */
static void find_planes(const struct fake_m2m_queue *queue,
			uint8_t *const bases[FAKE_MEMORY_PLANES], uint8_t *data[4], int strides[4])
{
	enum AVPixelFormat pixels = pixels_of(queue->fourcc);
	size_t area = (size_t)queue->pitch * queue->height;
	bool planar = pixels == AV_PIX_FMT_YUV420P;
	int chroma = planar ? (int)queue->pitch / 2 : (int)queue->pitch;

	data[0] = bases[0];
	data[1] = queue->n_planes > 1 ? bases[1] : bases[0] + area;
	data[2] = queue->n_planes > 2 ? bases[2] : bases[0] + area + area / 4;
	strides[0] = (int)queue->pitch;
	strides[1] = strides[2] = chroma;
	if (!planar)
		data[2] = NULL;
	if (pixels == AV_PIX_FMT_YUYV422)
		data[1] = NULL;
}

/* The real memory behind a buffer, the camera's by DMABUF. */
static void map_bases(const struct fake_m2m_queue *queue, const struct fake_m2m_buffer *buffer,
		      uint8_t *bases[FAKE_MEMORY_PLANES])
{
	for (uint32_t i = 0; i < queue->n_planes; i++) {
		if (queue->memory == V4L2_MEMORY_MMAP) {
			bases[i] = buffer->planes[i]->data;
			continue;
		}
		assert(buffer->lengths[i] >= queue->sizes[i]);
		bases[i] = mmap(NULL, buffer->lengths[i], PROT_READ, MAP_SHARED, buffer->fds[i], 0);
		assert(bases[i] != MAP_FAILED);
	}
}

static void unmap_bases(const struct fake_m2m_queue *queue, const struct fake_m2m_buffer *buffer,
			uint8_t *bases[FAKE_MEMORY_PLANES])
{
	for (uint32_t i = 0; i < queue->n_planes && queue->memory == V4L2_MEMORY_DMABUF; i++)
		munmap(bases[i], buffer->lengths[i]);
}

static int64_t time_of(const struct fake_m2m_buffer *buffer)
{
	return (int64_t)buffer->time.tv_sec * 1000000 + buffer->time.tv_usec;
}

static struct timeval time_from(int64_t us)
{
	return (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
}

/* The encoder takes planes of its own kind; YUYV goes in by its luma alone. */
static AVFrame *read_picture(struct fake_m2m *fake, const struct fake_m2m_buffer *buffer)
{
	enum AVPixelFormat pixels = pixels_of(fake->in.fourcc);
	AVFrame *frame = av_frame_alloc();
	uint8_t *bases[FAKE_MEMORY_PLANES] = {NULL}, *data[4] = {NULL};
	int strides[4] = {0};

	assert(frame);
	frame->format = pixels == AV_PIX_FMT_YUYV422 ? AV_PIX_FMT_YUV420P : pixels;
	frame->width = (int)fake->visible_width;
	frame->height = (int)fake->visible_height;
	frame->pts = time_of(buffer);
	frame->pict_type = buffer->keyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	if (av_frame_get_buffer(frame, 0) < 0)
		abort();
	map_bases(&fake->in, buffer, bases);
	find_planes(&fake->in, bases, data, strides);
	assert(data[0]);
	if (pixels != AV_PIX_FMT_YUYV422) {
		av_image_copy(frame->data, frame->linesize, (const uint8_t **)data, strides, pixels,
			      frame->width, frame->height);
	} else {
		for (int y = 0; y < frame->height; y++) {
			for (int x = 0; x < frame->width; x++)
				frame->data[0][y * frame->linesize[0] + x] =
					data[0][y * strides[0] + 2 * x];
		}
		for (int i = 1; i < 3; i++)
			memset(frame->data[i], 128,
			       (size_t)(frame->linesize[i] * frame->height / 2));
	}
	unmap_bases(&fake->in, buffer, bases);
	fake->counts.imported += fake->in.memory == V4L2_MEMORY_DMABUF;
	return frame;
}

static void open_encoder(struct fake_m2m *fake)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	AVCodecContext *context = avcodec_alloc_context3(codec);

	assert(context);
	context->width = (int)fake->visible_width;
	context->height = (int)fake->visible_height;
	context->pix_fmt = pixels_of(fake->in.fourcc) == AV_PIX_FMT_NV12 ? AV_PIX_FMT_NV12
									 : AV_PIX_FMT_YUV420P;
	context->time_base = (AVRational){1, 1000000};
	context->gop_size = 10000;
	context->thread_count = 1;
	context->log_level_offset = AV_LOG_DEBUG - AV_LOG_WARNING;
	av_opt_set(context->priv_data, "preset", "ultrafast", 0);
	av_opt_set(context->priv_data, "tune", "zerolatency", 0);
	av_opt_set(context->priv_data, "profile", "baseline", 0);
	av_opt_set(context->priv_data, "forced-idr", "1", 0);
	av_opt_set(context->priv_data, "qp", "20", 0);
	if (avcodec_open2(context, codec, NULL) < 0)
		abort();
	fake->codec = context;
}

static void give(struct fake_m2m *fake, const AVPacket *packet)
{
	struct fake_m2m_buffer *buffer = fake_m2m_next(&fake->out, FAKE_M2M_QUEUED);
	enum fake_m2m_fault fault = fake->after > 0 ? FAKE_M2M_SOUND : fake->fault;

	assert(buffer && (uint32_t)packet->size <= buffer->planes[0]->size);
	memcpy(buffer->planes[0]->data, packet->data, (size_t)packet->size);
	buffer->used[0] = (uint32_t)packet->size;
	buffer->time = time_from(packet->pts + (fault == FAKE_M2M_OTHER_TIMES));
	buffer->flags = packet->flags & AV_PKT_FLAG_KEY ? V4L2_BUF_FLAG_KEYFRAME : 0;
	if (fault == FAKE_M2M_CUTS)
		buffer->used[0] /= 2;
	if (fault == FAKE_M2M_DAMAGES)
		buffer->flags |= V4L2_BUF_FLAG_ERROR;
	fake_m2m_make_ready(fake, buffer);
}

static void give_empty(struct fake_m2m *fake, uint32_t flags)
{
	struct fake_m2m_buffer *buffer = fake_m2m_next(&fake->out, FAKE_M2M_QUEUED);

	if (!buffer)
		return;
	buffer->used[0] = 0;
	buffer->flags = flags;
	fake_m2m_make_ready(fake, buffer);
}

/* Keeps each back until the next has come, or gives each second one first. */
static void give_in_turn(struct fake_m2m *fake, AVPacket *packet)
{
	enum fake_m2m_fault fault = fake->after > 0 ? FAKE_M2M_SOUND : fake->fault;
	bool reorders = fault == FAKE_M2M_REORDERS;

	if (fault != FAKE_M2M_LATE && !reorders) {
		give(fake, packet);
		av_packet_free(&packet);
	} else if (!fake->held) {
		fake->held = packet;
	} else {
		give(fake, reorders ? packet : fake->held);
		if (reorders)
			give(fake, fake->held);
		av_packet_free(&fake->held);
		if (reorders)
			av_packet_free(&packet);
		else
			fake->held = packet;
	}
}

static void encode(struct fake_m2m *fake, struct fake_m2m_buffer *raw)
{
	AVFrame *frame = read_picture(fake, raw);
	AVPacket *packet = av_packet_alloc();
	enum fake_m2m_fault fault;

	assert(packet);
	if (!fake->codec)
		open_encoder(fake);
	if (avcodec_send_frame(fake->codec, frame) < 0 ||
	    avcodec_receive_packet(fake->codec, packet) < 0)
		abort();
	av_frame_free(&frame);
	fake->counts.pictures++;
	fault = fake->after > 0 ? FAKE_M2M_SOUND : fake->fault;
	raw->flags = fault == FAKE_M2M_DAMAGES_RAW ? V4L2_BUF_FLAG_ERROR : 0;
	fake_m2m_make_ready(fake, raw);
	if (fault == FAKE_M2M_EMPTY)
		give_empty(fake, 0);
	if (fault == FAKE_M2M_STALLS)
		av_packet_free(&packet);
	else
		give_in_turn(fake, packet);
	if (fake->after > 0)
		fake->after--;
}

static unsigned int count_queued(const struct fake_m2m_queue *queue)
{
	unsigned int count = 0;

	for (uint32_t i = 0; i < queue->n_buffers; i++)
		count += queue->buffers[i].state == FAKE_M2M_QUEUED;
	return count;
}

static void work_encoder(struct fake_m2m *fake)
{
	struct fake_m2m_buffer *raw;

	/* two for faults that give twice */
	while ((raw = fake_m2m_next(&fake->in, FAKE_M2M_QUEUED)) && count_queued(&fake->out) >= 2)
		encode(fake, raw);
	if (!fake->draining || raw)
		return;
	if (fake->held)
		give(fake, fake->held);
	av_packet_free(&fake->held);
	give_empty(fake, V4L2_BUF_FLAG_LAST);
	fake->draining = false;
}

static void open_decoder(struct fake_m2m *fake)
{
	const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);

	fake->codec = avcodec_alloc_context3(codec);
	assert(fake->codec);
	fake->codec->thread_count = 1;
	fake->codec->flags |= AV_CODEC_FLAG_LOW_DELAY;
	fake->codec->log_level_offset = AV_LOG_DEBUG - AV_LOG_ERROR;
	if (avcodec_open2(fake->codec, codec, NULL) < 0)
		abort();
}

/* A picture of the next access unit, or NULL where it gives none. */
static AVFrame *decode(struct fake_m2m *fake, struct fake_m2m_buffer *coded)
{
	AVPacket *packet = av_packet_alloc();
	AVFrame *frame = av_frame_alloc();

	assert(packet && frame);
	if (!fake->codec)
		open_decoder(fake);
	if (av_new_packet(packet, (int)coded->used[0]) < 0)
		abort();
	memcpy(packet->data, coded->planes[0]->data, coded->used[0]);
	packet->pts = time_of(coded);
	if (avcodec_send_packet(fake->codec, packet) < 0 ||
	    avcodec_receive_frame(fake->codec, frame) < 0)
		av_frame_free(&frame);
	av_packet_free(&packet);
	fake->counts.pictures++;
	fake_m2m_make_ready(fake, coded);
	return frame;
}

/* Another size than the capture queue was made for: what is there is the last of the old. */
static void change_source(struct fake_m2m *fake)
{
	struct fake_m2m_queue *out = &fake->out;

	fake->visible_width = (uint32_t)fake->decoded->width;
	fake->visible_height = (uint32_t)fake->decoded->height;
	if (out->streaming)
		give_empty(fake, V4L2_BUF_FLAG_LAST);
	out->fourcc = fake->config.pixels[0];
	out->pitch = fake_memory_measure(out->fourcc, fake->visible_width, fake->visible_height,
					 fake->config.align, out->sizes);
	out->width = fake->visible_width;
	out->height = fake->config.align ? (fake->visible_height + fake->config.align - 1) /
						   fake->config.align * fake->config.align
					 : fake->visible_height;
	out->n_planes = 0;
	for (uint32_t i = 0; i < FAKE_MEMORY_PLANES; i++)
		out->n_planes += out->sizes[i] > 0;
	fake->out_is_stale = true;
	fake->source_changed = true;
	pthread_cond_broadcast(&fake->changed);
}

/* libavcodec gives YUV420P; NV12 has its chroma in pairs. */
static void write_picture(const struct fake_m2m_queue *out, const AVFrame *frame,
			  struct fake_m2m_buffer *buffer)
{
	uint8_t *bases[FAKE_MEMORY_PLANES] = {NULL}, *data[4] = {NULL};
	int strides[4] = {0};

	map_bases(out, buffer, bases);
	find_planes(out, bases, data, strides);
	if (pixels_of(out->fourcc) == AV_PIX_FMT_YUV420P) {
		av_image_copy(data, strides, (const uint8_t **)frame->data, frame->linesize,
			      AV_PIX_FMT_YUV420P, frame->width, frame->height);
		return;
	}
	av_image_copy_plane(data[0], strides[0], frame->data[0], frame->linesize[0], frame->width,
			    frame->height);
	assert(data[1]);
	for (int y = 0; y < frame->height / 2; y++) {
		for (int x = 0; x < frame->width / 2; x++) {
			data[1][y * strides[1] + 2 * x] =
				frame->data[1][y * frame->linesize[1] + x];
			data[1][y * strides[1] + 2 * x + 1] =
				frame->data[2][y * frame->linesize[2] + x];
		}
	}
}

static void give_decoded(struct fake_m2m *fake, struct fake_m2m_buffer *buffer)
{
	enum fake_m2m_fault fault = fake->after > 0 ? FAKE_M2M_SOUND : fake->fault;

	write_picture(&fake->out, fake->decoded, buffer);
	for (uint32_t i = 0; i < fake->out.n_planes; i++)
		buffer->used[i] =
			fault == FAKE_M2M_CUTS ? fake->out.sizes[i] / 2 : fake->out.sizes[i];
	buffer->time = time_from(fake->decoded->pts + (fault == FAKE_M2M_OTHER_TIMES));
	buffer->flags = fault == FAKE_M2M_DAMAGES ? V4L2_BUF_FLAG_ERROR : 0;
	if (fault != FAKE_M2M_STALLS)
		fake_m2m_make_ready(fake, buffer);
	av_frame_free(&fake->decoded);
	if (fake->after > 0)
		fake->after--;
}

static void work_decoder(struct fake_m2m *fake)
{
	for (;;) {
		struct fake_m2m_buffer *coded = fake_m2m_next(&fake->in, FAKE_M2M_QUEUED);
		struct fake_m2m_buffer *buffer = fake_m2m_next(&fake->out, FAKE_M2M_QUEUED);

		if (!fake->decoded && coded)
			fake->decoded = decode(fake, coded);
		else if (!fake->decoded)
			return;
		if (!fake->decoded)
			continue;
		if ((uint32_t)fake->decoded->width != fake->visible_width ||
		    (uint32_t)fake->decoded->height != fake->visible_height)
			change_source(fake);
		if (fake->out_is_stale || !fake->out.streaming || !buffer)
			return;
		give_decoded(fake, buffer);
	}
}

void fake_m2m_work(struct fake_m2m *fake)
{
	if (!fake->in.streaming)
		return;
	if (fake->config.is_decoder)
		work_decoder(fake);
	else if (fake->out.streaming)
		work_encoder(fake);
}
