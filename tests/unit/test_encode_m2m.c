/* drivers/encode_m2m: a V4L2 encoder behind the codec layer, sound, odd and faulty. */
#include "base/clock.h"
#include "drivers/encode_m2m.h"
#include "drivers/encode_m2m_controls.h"
#include "tests/fake/encode_bench.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/fake_m2m.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <libavutil/hwcontext_drm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const order[] = {"encode_m2m", "libx264", NULL};

static const struct fake_m2m_config plain = {
	.pixels = {V4L2_PIX_FMT_YUV420},
	.controls = {V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, V4L2_CID_MPEG_VIDEO_BITRATE},
};

/* The codec layer over that device, before libx264. */
static struct encode_bench *make_bench(struct fake_m2m *device)
{
	void *own;
	struct encode_bench *bench;

	encode_bench_set_up(&own);
	bench = own;
	bench->kinds[0] = encode_m2m_kind(fake_m2m_sys(device));
	return bench;
}

static void free_bench(struct encode_bench *bench)
{
	void *own = bench;

	encode_bench_tear_down(&own);
}

static void assert_says(struct encode_bench *bench, const char *key, const char *words)
{
	json_t *status = encode_bench_status(bench);
	const char *text = json_string_value(json_object_get(status, key));

	if (!text || !strstr(text, words))
		fail_msg("%s: \"%s\" does not say \"%s\"", key, text ? text : "", words);
	json_decref(status);
}

static bool status_flag(struct encode_bench *bench, const char *key)
{
	json_t *status = encode_bench_status(bench);
	bool flag = json_is_true(json_object_get(status, key));

	json_decref(status);
	return flag;
}

/* Both APIs, every format, and strides of the driver's own: copied once, converted if need be. */
static void takes_pictures_as_the_device_wants_them(void **state)
{
	static const struct {
		uint32_t fourcc;
		bool multiplanar;
		uint32_t align;
		bool converts;
	} cases[] = {
		{V4L2_PIX_FMT_YUV420, false, 0, false}, {V4L2_PIX_FMT_YUV420, false, 64, false},
		{V4L2_PIX_FMT_YUV420, true, 16, false}, {V4L2_PIX_FMT_YUV420M, true, 32, false},
		{V4L2_PIX_FMT_NV12, false, 0, true},    {V4L2_PIX_FMT_NV12, true, 128, true},
		{V4L2_PIX_FMT_NV12M, true, 64, true},   {V4L2_PIX_FMT_YUYV, false, 32, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct fake_m2m_config config = {
			.pixels = {cases[i].fourcc},
			.multiplanar = cases[i].multiplanar,
			.align = cases[i].align,
		};
		struct fake_m2m *device = fake_m2m_create(&config);
		struct encode_bench *bench = make_bench(device);

		encode_bench_start_in_order(bench, order);
		encode_bench_encode(bench, 5);
		encode_bench_assert_stream(&bench->sink);
		encode_bench_assert_status(bench, "encoder", "encode_m2m");
		encode_bench_assert_status(bench, "device", "Fake Codec (/dev/video0)");
		encode_bench_assert_status(bench, "memory", "mmap");
		assert_says(bench, "copy_why", "do not lie in device memory");
		assert_int_equal(encode_bench_status_number(bench, "copies"), 1);
		assert_int_equal(status_flag(bench, "converts"), cases[i].converts);
		free_bench(bench);
		assert_int_equal(fake_m2m_get_counts(device).imported, 0);
		fake_m2m_destroy(device);
	}
}

/* How a camera lays out pictures in its memory. */
struct place {
	enum AVPixelFormat pixels;
	uint32_t pitch;
	uint32_t lines; /* of the first plane, before the chroma begins */
	int n_memories; /* 2: the chroma apart */
};

/* Device memory of a camera; the frame is its only owner. */
struct camera_memory {
	AVDRMFrameDescriptor descriptor;
	uint8_t *data;
	size_t size;
};

static void free_camera_memory(void *opaque, uint8_t *data)
{
	struct camera_memory *memory = opaque;

	(void)data;
	munmap(memory->data, memory->size);
	for (int i = 0; i < memory->descriptor.nb_objects; i++)
		close(memory->descriptor.objects[i].fd);
	free(memory);
}

static void leave_descriptor(void *opaque, uint8_t *data)
{
	(void)opaque;
	(void)data;
}

static int make_memfd(size_t size)
{
	int fd = memfd_create("picture", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

/* A grey picture as camera_v4l2 gives it; its DMABUFs are memfds. */
static AVFrame *make_camera_picture(struct encode_bench *bench, const struct place *place)
{
	struct camera_memory *memory = calloc(1, sizeof(*memory));
	size_t area = (size_t)place->pitch * place->lines;
	AVDRMFrameDescriptor *descriptor;
	AVFrame *frame = av_frame_alloc();
	bool nv12 = place->pixels == AV_PIX_FMT_NV12;

	assert_true(memory && frame);
	memory->size = place->n_memories == 2 ? area : area * 3 / 2;
	descriptor = &memory->descriptor;
	descriptor->nb_objects = place->n_memories;
	descriptor->objects[0] =
		(AVDRMObjectDescriptor){.fd = make_memfd(memory->size), .size = memory->size};
	if (place->n_memories == 2)
		descriptor->objects[1] =
			(AVDRMObjectDescriptor){.fd = make_memfd(area / 2), .size = area / 2};
	descriptor->nb_layers = 1;
	descriptor->layers[0].format = nv12 ? DRM_FORMAT_NV12 : DRM_FORMAT_YUV420;
	descriptor->layers[0].nb_planes = nv12 ? 2 : 3;
	descriptor->layers[0].planes[0].pitch = place->pitch;
	for (int i = 1; i < descriptor->layers[0].nb_planes; i++) {
		AVDRMPlaneDescriptor *plane = &descriptor->layers[0].planes[i];

		plane->pitch = nv12 ? place->pitch : place->pitch / 2;
		plane->object_index = place->n_memories - 1;
		plane->offset =
			place->n_memories == 2 ? 0 : (ptrdiff_t)(area + (i == 2 ? area / 4 : 0));
	}
	memory->data = mmap(NULL, memory->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			    descriptor->objects[0].fd, 0);
	assert_true(memory->data != MAP_FAILED);
	memset(memory->data, 128, memory->size);
	frame->format = place->pixels;
	frame->width = bench->width;
	frame->height = bench->height;
	bench->pts += ENCODE_BENCH_FRAME_US;
	frame->pts = bench->pts;
	frame->duration = ENCODE_BENCH_FRAME_US;
	for (int i = 0; i < descriptor->layers[0].nb_planes; i++) {
		frame->data[i] =
			memory->data +
			(place->n_memories == 2 ? 0 : descriptor->layers[0].planes[i].offset);
		frame->linesize[i] = (int)descriptor->layers[0].planes[i].pitch;
	}
	frame->buf[0] = av_buffer_create(memory->data, memory->size, free_camera_memory, memory, 0);
	frame->opaque_ref = av_buffer_create((uint8_t *)descriptor, sizeof(*descriptor),
					     leave_descriptor, NULL, AV_BUFFER_FLAG_READONLY);
	assert_true(frame->buf[0] && frame->opaque_ref);
	return frame;
}

static void encode_camera_pictures(struct encode_bench *bench, const struct place *place, int count)
{
	for (int i = 0; i < count; i++) {
		size_t before = encode_bench_count_packets(bench);
		AVFrame *frame = make_camera_picture(bench, place);

		venc_submit(bench->venc, frame);
		av_frame_free(&frame);
		assert_true(encode_bench_wait_beyond(&bench->sink, before,
						     clock_now_us() + ENCODE_BENCH_LONG_US));
	}
}

/* What of a camera's pictures gets in without a copy, and why not else. */
static void reads_the_cameras_memory_where_it_can(void **state)
{
	static const struct {
		uint32_t fourcc;
		bool multiplanar;
		uint32_t align;
		enum fake_m2m_fault fault;
		struct place place;
		const char *why; /* NULL: it can */
	} cases[] = {
		{V4L2_PIX_FMT_YUV420,
		 false,
		 0,
		 FAKE_M2M_SOUND,
		 {AV_PIX_FMT_YUV420P, 320, 180, 1},
		 NULL},
		{V4L2_PIX_FMT_NV12, true, 0, FAKE_M2M_SOUND, {AV_PIX_FMT_NV12, 320, 180, 1}, NULL},
		{V4L2_PIX_FMT_NV12, true, 64, FAKE_M2M_SOUND, {AV_PIX_FMT_NV12, 320, 192, 1}, NULL},
		{V4L2_PIX_FMT_NV12M, true, 0, FAKE_M2M_SOUND, {AV_PIX_FMT_NV12, 320, 180, 2}, NULL},
		{V4L2_PIX_FMT_NV12,
		 true,
		 64,
		 FAKE_M2M_SOUND,
		 {AV_PIX_FMT_NV12, 320, 180, 1},
		 "the device wants larger memory"},
		{V4L2_PIX_FMT_NV12,
		 true,
		 0,
		 FAKE_M2M_SOUND,
		 {AV_PIX_FMT_NV12, 384, 180, 1},
		 "the device wants other strides"},
		{V4L2_PIX_FMT_NV12,
		 true,
		 0,
		 FAKE_M2M_SOUND,
		 {AV_PIX_FMT_YUV420P, 320, 180, 1},
		 "the device has another pixel format"},
		{V4L2_PIX_FMT_NV12,
		 true,
		 0,
		 FAKE_M2M_SOUND,
		 {AV_PIX_FMT_NV12, 320, 180, 2},
		 "the planes lie otherwise"},
		{V4L2_PIX_FMT_NV12,
		 true,
		 0,
		 FAKE_M2M_NO_IMPORT,
		 {AV_PIX_FMT_NV12, 320, 180, 1},
		 "the device refuses the camera's memory: Invalid argument"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct fake_m2m_config config = {
			.pixels = {cases[i].fourcc},
			.multiplanar = cases[i].multiplanar,
			.align = cases[i].align,
		};
		struct fake_m2m *device = fake_m2m_create(&config);
		struct encode_bench *bench = make_bench(device);
		bool can = cases[i].why == NULL;

		fake_m2m_set_fault(device, cases[i].fault, 0);
		encode_bench_start_in_order(bench, order);
		encode_camera_pictures(bench, &cases[i].place, 5);
		encode_bench_assert_stream(&bench->sink);
		encode_bench_assert_status(bench, "encoder", "encode_m2m");
		encode_bench_assert_status(bench, "memory", can ? "dmabuf" : "mmap");
		encode_bench_assert_status(bench, "copy_why", can ? "" : cases[i].why);
		assert_int_equal(encode_bench_status_number(bench, "copies"), can ? 0 : 1);
		assert_int_equal(encode_bench_status_number(bench, "copied_bytes"),
				 can ? 0 : 5 * 320 * 180 * 3 / 2);
		assert_int_equal(fake_m2m_get_counts(device).imported, can ? 5 : 0);
		free_bench(bench);
		fake_m2m_destroy(device);
	}
}

/* Stand-ins, which lie in memory, while the camera is gone: copied, and DMABUF again after. */
static void goes_between_the_camera_and_stand_ins(void **state)
{
	static const struct place place = {AV_PIX_FMT_YUV420P, 320, 180, 1};
	struct fake_m2m *device = fake_m2m_create(&plain);
	struct encode_bench *bench = make_bench(device);

	(void)state;
	encode_bench_start_in_order(bench, order);
	encode_bench_encode(bench, 3);
	encode_bench_assert_status(bench, "memory", "mmap");
	encode_camera_pictures(bench, &place, 3);
	encode_bench_assert_status(bench, "memory", "dmabuf");
	encode_bench_encode(bench, 3);
	encode_bench_assert_status(bench, "memory", "mmap");
	encode_camera_pictures(bench, &place, 3);
	encode_bench_assert_status(bench, "memory", "dmabuf");
	encode_bench_assert_stream(&bench->sink);
	assert_int_equal(encode_bench_count_keys(bench, 0), 4);
	assert_int_equal(fake_m2m_get_counts(device).imported, 6);
	free_bench(bench);
	fake_m2m_destroy(device);
}

/* Each fault, from the start and in mid-stream: libx264 takes over, Status says why. */
static void gives_way_to_software(void **state)
{
	static const struct {
		enum fake_m2m_fault fault;
		const char *why;
		bool from_the_start;
		bool in_midstream;
	} cases[] = {
		{FAKE_M2M_STALLS, "stalls for", true, true},
		{FAKE_M2M_DAMAGES, "the driver damaged a coded picture", true, true},
		{FAKE_M2M_DAMAGES_RAW, "the driver damaged a picture", true, true},
		{FAKE_M2M_CUTS, "does not decode", true, false},
		{FAKE_M2M_BAD_INDEX, "the driver gives a buffer it does not have", true, false},
		{FAKE_M2M_BAD_LENGTH, "bytes are in a buffer of", true, false},
		{FAKE_M2M_BAD_STRIDE, "impossible format: 320x180, stride 2", true, false},
		{FAKE_M2M_BAD_SIZE, "an impossible coded format", true, false},
		{FAKE_M2M_UNPLUGGED, "no V4L2 encoder of H.264", true, false},
		{FAKE_M2M_UNPLUGGED, "", false, true},
		{FAKE_M2M_NO_STREAMON, "start the stream: Input/output error", true, false},
		{FAKE_M2M_REORDERS, "does not decode", true, false},
		{FAKE_M2M_REORDERS, "", false, true},
		{FAKE_M2M_OTHER_TIMES, "gives a time that no picture had", true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned int after = cases[i].from_the_start ? 0 : 5;
		     after <= (cases[i].in_midstream ? 5 : 0); after += 5) {
			struct fake_m2m *device = fake_m2m_create(&plain);
			struct encode_bench *bench = make_bench(device);

			fake_m2m_set_fault(device, cases[i].fault, after);
			if (cases[i].fault == FAKE_M2M_STALLS)
				encode_bench_start_to_stall(bench, order);
			else
				encode_bench_start_in_order(bench, order);
			do {
				encode_bench_submit_until_packet(bench);
			} while (encode_bench_count_changes(bench) == 0);
			encode_bench_submit_until_packet(bench);
			encode_bench_encode(bench, 3);
			encode_bench_assert_stream(&bench->sink);
			encode_bench_assert_status(bench, "encoder", "libx264");
			assert_says(bench, "why", cases[i].why);
			free_bench(bench);
			fake_m2m_destroy(device);
		}
	}
}

/* What is odd, and no fault. */
static void bears_what_is_odd(void **state)
{
	static const enum fake_m2m_fault odd[] = {FAKE_M2M_LATE, FAKE_M2M_EMPTY};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct fake_m2m *device = fake_m2m_create(&plain);
		struct encode_bench *bench = make_bench(device);

		fake_m2m_set_fault(device, odd[i], 0);
		encode_bench_start_in_order(bench, order);
		for (int k = 0; k < 5; k++)
			encode_bench_submit_until_packet(bench);
		encode_bench_assert_stream(&bench->sink);
		encode_bench_assert_status(bench, "encoder", "encode_m2m");
		assert_int_equal(encode_bench_count_changes(bench), 0);
		free_bench(bench);
		fake_m2m_destroy(device);
	}
}

/* Pictures still inside come out before those of the new size. */
static void drains_before_another_size(void **state)
{
	struct fake_m2m *device = fake_m2m_create(&plain);
	struct encode_bench *bench = make_bench(device);
	size_t count;

	(void)state;
	encode_bench_start_in_order(bench, order);
	encode_bench_encode(bench, 3);
	fake_m2m_set_fault(device, FAKE_M2M_LATE, 0);
	encode_bench_submit(bench);
	while (fake_m2m_get_counts(device).pictures < 4)
		assert_false(encode_bench_wait_beyond(&bench->sink, 3, clock_now_us() + 1000));
	fake_m2m_set_fault(device, FAKE_M2M_SOUND, 0);
	bench->width = 160;
	bench->height = 90;
	encode_bench_submit(bench);
	for (count = 3; count < 5; count++)
		assert_true(encode_bench_wait_beyond(&bench->sink, count,
						     clock_now_us() + ENCODE_BENCH_LONG_US));
	encode_bench_encode(bench, 3);
	encode_bench_assert_stream(&bench->sink);
	assert_int_equal(bench->sink.count, 8);
	assert_int_equal(encode_bench_count_keys(bench, 0), 2);
	assert_int_equal(encode_bench_status_number(bench, "width"), 160);
	assert_int_equal(encode_bench_count_changes(bench), 0);
	free_bench(bench);
	fake_m2m_destroy(device);
}

static void changes_the_bit_rate_without_reopening(void **state)
{
	struct fake_m2m *device = fake_m2m_create(&plain);
	struct encode_bench *bench = make_bench(device);

	(void)state;
	encode_bench_start_in_order(bench, order);
	for (int i = 1; i <= 10; i++) {
		venc_set_bitrate(bench->venc, (int64_t)i * 100000);
		encode_bench_encode(bench, 2);
		assert_int_equal(fake_m2m_control(device, V4L2_CID_MPEG_VIDEO_BITRATE), i * 100000);
	}
	assert_int_equal(encode_bench_count_keys(bench, 0), 1);
	assert_int_equal(fake_m2m_get_counts(device).starts, 1);
	free_bench(bench);
	fake_m2m_destroy(device);
}

/* By the control where there is one; else the stream begins anew. */
static void gives_key_frames(void **state)
{
	static const struct fake_m2m_config without = {.pixels = {V4L2_PIX_FMT_YUV420}};
	const struct fake_m2m_config *const configs[] = {&plain, &without};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fake_m2m *device = fake_m2m_create(configs[i]);
		struct encode_bench *bench = make_bench(device);
		struct venc_config config = encode_bench_make_config(bench, order);

		config.keyframe_gap_us = 1;
		encode_bench_start(bench, &config);
		encode_bench_encode(bench, 3);
		venc_force_keyframe(bench->venc);
		encode_bench_encode(bench, 3);
		encode_bench_assert_stream(&bench->sink);
		assert_true(bench->sink.packets[3]->flags & AV_PKT_FLAG_KEY);
		assert_int_equal(encode_bench_count_keys(bench, 0), 2);
		assert_int_equal(fake_m2m_get_counts(device).starts, i + 1);
		free_bench(bench);
		fake_m2m_destroy(device);
	}
}

/* All wishes of a board, on a device with every control. */
static void sets_every_control_there_is(void **state)
{
	static const struct {
		uint32_t id;
		int64_t value;
	} wanted[] = {
		{V4L2_CID_MPEG_VIDEO_BITRATE, ENCODE_BENCH_BITRATE},
		{V4L2_CID_MPEG_VIDEO_BITRATE_PEAK, ENCODE_BENCH_BITRATE * 3 / 2},
		{V4L2_CID_MPEG_VIDEO_BITRATE_MODE, V4L2_MPEG_VIDEO_BITRATE_MODE_VBR},
		{V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE, 1},
		{V4L2_CID_MPEG_VIDEO_B_FRAMES, 0},
		{V4L2_CID_MPEG_VIDEO_GOP_SIZE, 300},
		{V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, 300},
		{V4L2_CID_MPEG_VIDEO_HEADER_MODE,
		 V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME},
		{V4L2_CID_MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR, 1},
		/* left as it is: the codec layer repeats parameter sets itself */
		{V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, -1},
		{V4L2_CID_MPEG_VIDEO_AU_DELIMITER, 0},
		{V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH},
		{V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_1_3},
		{V4L2_CID_MPEG_VIDEO_H264_MIN_QP, 12},
		{V4L2_CID_MPEG_VIDEO_H264_MAX_QP, 40},
		{V4L2_CID_MPEG_VIDEO_H264_HIERARCHICAL_CODING, 1},
		{V4L2_CID_MPEG_VIDEO_H264_HIERARCHICAL_CODING_TYPE,
		 V4L2_MPEG_VIDEO_H264_HIERARCHICAL_CODING_P},
		{V4L2_CID_MPEG_VIDEO_H264_HIERARCHICAL_CODING_LAYER, 3},
	};
	struct fake_m2m_config config = {.pixels = {V4L2_PIX_FMT_YUV420}, .multiplanar = true};
	struct fake_m2m *device;
	struct encode_bench *bench;
	struct venc_config layer;

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		config.controls[i] = wanted[i].id;
	device = fake_m2m_create(&config);
	bench = make_bench(device);
	layer = encode_bench_make_config(bench, order);
	layer.tuning = (struct venc_tuning){
		.variable_rate = true,
		.high_profile = true,
		.qp_min = 12,
		.qp_max = 40,
		.layers = 3,
	};
	encode_bench_start(bench, &layer);
	encode_bench_encode(bench, 2);
	encode_bench_assert_status(bench, "encoder", "encode_m2m");
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_int_equal(fake_m2m_control(device, wanted[i].id), wanted[i].value);
	free_bench(bench);
	fake_m2m_destroy(device);
}

/* Found by what it can do; what cannot be used is told, and the pictures go on in software. */
static void says_why_there_is_none(void **state)
{
	static const struct {
		struct fake_m2m_config config;
		const char *device;
		const char *why; /* NULL: it is taken */
	} cases[] = {
		{{.pixels = {V4L2_PIX_FMT_NV12}}, NULL, NULL},
		{{.pixels = {V4L2_PIX_FMT_NV12}}, "auto", NULL},
		{{.pixels = {V4L2_PIX_FMT_NV12}}, "/dev/video0", NULL},
		{{.pixels = {V4L2_PIX_FMT_NV12}}, "Fake Codec", NULL},
		{{.pixels = {V4L2_PIX_FMT_NV12}},
		 "Other",
		 "no V4L2 encoder of H.264 named Other among the video devices, 1 in all"},
		{{.pixels = {V4L2_PIX_FMT_NV12}},
		 "/dev/video7",
		 "/dev/video7: No such file or directory"},
		{{.is_decoder = true, .pixels = {V4L2_PIX_FMT_NV12}},
		 "auto",
		 "no V4L2 encoder of H.264 among the video devices, 1 in all"},
		{{.is_decoder = true, .pixels = {V4L2_PIX_FMT_NV12}},
		 "/dev/video0",
		 "Fake Codec (/dev/video0) is a decoder, no encoder"},
		{{.pixels = {V4L2_PIX_FMT_RGB565}},
		 "/dev/video0",
		 "Fake Codec (/dev/video0) is an encoder of no format known here"},
		{{.pixels = {V4L2_PIX_FMT_NV12}, .open_error = EBUSY},
		 "auto",
		 "/dev/video0: Device or resource busy"},
		{{.pixels = {V4L2_PIX_FMT_NV12}, .largest = 256},
		 "auto",
		 "it takes no pictures above 256x180"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_m2m *device = fake_m2m_create(&cases[i].config);
		struct encode_bench *bench = make_bench(device);
		struct venc_config config = encode_bench_make_config(bench, order);

		config.tuning.device = cases[i].device;
		encode_bench_start(bench, &config);
		encode_bench_submit_until_packet(bench);
		encode_bench_assert_stream(&bench->sink);
		encode_bench_assert_status(bench, "encoder",
					   cases[i].why ? "libx264" : "encode_m2m");
		assert_says(bench, "why", cases[i].why ? cases[i].why : "first in the order");
		free_bench(bench);
		fake_m2m_destroy(device);
	}
}

static void knows_the_levels(void **state)
{
	static const struct {
		int width, height, fps;
		int64_t kbps;
		int64_t level;
	} cases[] = {
		{176, 144, 15, 64, V4L2_MPEG_VIDEO_H264_LEVEL_1_0},
		{320, 180, 30, 500, V4L2_MPEG_VIDEO_H264_LEVEL_1_3},
		{640, 360, 30, 1000, V4L2_MPEG_VIDEO_H264_LEVEL_3_0},
		{1280, 720, 30, 2500, V4L2_MPEG_VIDEO_H264_LEVEL_3_1},
		{1280, 720, 60, 2500, V4L2_MPEG_VIDEO_H264_LEVEL_3_2},
		{1920, 1080, 30, 8000, V4L2_MPEG_VIDEO_H264_LEVEL_4_0},
		{1920, 1080, 30, 40000, V4L2_MPEG_VIDEO_H264_LEVEL_4_1},
		{1920, 1080, 60, 8000, V4L2_MPEG_VIDEO_H264_LEVEL_4_2},
		{3840, 2160, 30, 20000, V4L2_MPEG_VIDEO_H264_LEVEL_5_1},
		{8192, 4320, 60, 20000, V4L2_MPEG_VIDEO_H264_LEVEL_5_1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(encode_m2m_level(cases[i].width, cases[i].height,
						  CLOCK_US_PER_S / cases[i].fps,
						  cases[i].kbps * 1000),
				 cases[i].level);
}

/* Everything an encoder does, with the nth allocation failing. */
static int use(const struct venc_kind *kind, struct encode_bench *bench)
{
	const struct venc_format format = {
		.width = bench->width,
		.height = bench->height,
		.pixels = AV_PIX_FMT_YUV420P,
		.frame_us = ENCODE_BENCH_FRAME_US,
		.keyframe_every_us = CLOCK_US_PER_S,
	};
	AVFrame *picture = encode_bench_make_picture(bench);
	AVPacket *packet = av_packet_alloc();
	struct venc_encoder *encoder;
	int r = -ENOMEM;

	if (packet)
		r = kind->ops->create(kind->context, &encoder);
	if (r == 0) {
		r = kind->ops->ensure(encoder, &format, ENCODE_BENCH_BITRATE);
		if (r == 0)
			r = kind->ops->submit(encoder, picture);
		if (r == 0)
			r = kind->ops->receive(encoder, packet);
		kind->ops->destroy(encoder);
	}
	av_packet_free(&packet);
	av_frame_free(&picture);
	return r;
}

static void runs_out_of_memory_cleanly(void **state)
{
	struct fake_m2m *device = fake_m2m_create(&plain);
	struct encode_bench *bench = make_bench(device);
	const struct venc_kind kind = encode_m2m_kind(fake_m2m_sys(device));
	int r;

	(void)state;
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		r = use(&kind, bench);
		if (!fake_alloc_disarm())
			break;
		assert_true(r == -ENOMEM || r == -ENODEV);
		assert_int_equal(fake_m2m_get_counts(device).open, 0);
	}
	assert_int_equal(r, 0);
	free_bench(bench);
	fake_m2m_destroy(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_pictures_as_the_device_wants_them),
		cmocka_unit_test(reads_the_cameras_memory_where_it_can),
		cmocka_unit_test(goes_between_the_camera_and_stand_ins),
		cmocka_unit_test(gives_way_to_software),
		cmocka_unit_test(bears_what_is_odd),
		cmocka_unit_test(drains_before_another_size),
		cmocka_unit_test(changes_the_bit_rate_without_reopening),
		cmocka_unit_test(gives_key_frames),
		cmocka_unit_test(sets_every_control_there_is),
		cmocka_unit_test(says_why_there_is_none),
		cmocka_unit_test(knows_the_levels),
		cmocka_unit_test(runs_out_of_memory_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
