/*
 * Looks at both nodes of drivers/kernel/vh264, in the guest: guest_vh264 ENCODER DECODER [long]. TAP.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/fake/holdings.h"

enum { BUFFERS = 4, WAIT_MS = 5000, PARAMETER_MAX = 128, GROWTH_KIB = 512 };

struct queue {
	uint32_t type;
	uint8_t *data[BUFFERS];
	size_t length[BUFFERS];
	struct v4l2_pix_format format; /* of its only plane */
};

struct codec {
	int fd;
	bool multiplanar;
	struct queue out, capture;
	int queued; /* buffers of the out queue that were filled since it started */
};

/* A buffer that came back. */
struct taken {
	int index;
	uint32_t flags;
	size_t size;
	long stamp;
};

static int cases;

static void result(bool good, const char *text)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++cases, text);
	fflush(stdout);
}

static bool parameter(const char *name, const char *value)
{
	char path[PARAMETER_MAX];
	int fd;
	bool good;

	snprintf(path, sizeof(path), "/sys/module/vh264/parameters/fault_%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	good = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	if (fd >= 0)
		close(fd);
	return good;
}

static bool set_format(struct codec *codec, struct queue *queue, uint32_t fourcc, int width,
		       int height)
{
	struct v4l2_format f = {.type = queue->type};

	if (codec->multiplanar) {
		f.fmt.pix_mp.pixelformat = fourcc;
		f.fmt.pix_mp.width = width;
		f.fmt.pix_mp.height = height;
		f.fmt.pix_mp.num_planes = 1;
	} else {
		f.fmt.pix.pixelformat = fourcc;
		f.fmt.pix.width = width;
		f.fmt.pix.height = height;
	}
	if (ioctl(codec->fd, VIDIOC_S_FMT, &f) != 0)
		return false;
	queue->format = f.fmt.pix;
	if (codec->multiplanar) {
		queue->format.width = f.fmt.pix_mp.width;
		queue->format.height = f.fmt.pix_mp.height;
		queue->format.bytesperline = f.fmt.pix_mp.plane_fmt[0].bytesperline;
		queue->format.sizeimage = f.fmt.pix_mp.plane_fmt[0].sizeimage;
	}
	return true;
}

/* One ioctl on buffer `index`; *ret_taken may be NULL. */
static bool on_buffer(struct codec *codec, struct queue *queue, unsigned long request, int index,
		      size_t used, long stamp, struct v4l2_buffer *ret_buffer)
{
	struct v4l2_plane plane = {.bytesused = (uint32_t)used};
	struct v4l2_buffer buffer = {
		.type = queue->type,
		.memory = V4L2_MEMORY_MMAP,
		.index = (uint32_t)index,
		.bytesused = (uint32_t)used,
		.timestamp = {.tv_sec = stamp},
	};

	if (codec->multiplanar) {
		buffer.m.planes = &plane;
		buffer.length = 1;
	}
	if (ioctl(codec->fd, request, &buffer) != 0)
		return false;
	if (codec->multiplanar) {
		buffer.bytesused = plane.bytesused;
		buffer.length = plane.length;
		buffer.m.offset = plane.m.mem_offset;
	}
	if (ret_buffer)
		*ret_buffer = buffer;
	return true;
}

static bool make_buffers(struct codec *codec, struct queue *queue)
{
	struct v4l2_requestbuffers request = {.count = BUFFERS,
					      .type = queue->type,
					      .memory = V4L2_MEMORY_MMAP};

	if (ioctl(codec->fd, VIDIOC_REQBUFS, &request) != 0 || request.count < BUFFERS)
		return false;
	for (int i = 0; i < BUFFERS; i++) {
		struct v4l2_buffer buffer;

		if (!on_buffer(codec, queue, VIDIOC_QUERYBUF, i, 0, 0, &buffer))
			return false;
		queue->length[i] = buffer.length;
		queue->data[i] = mmap(NULL, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED,
				      codec->fd, buffer.m.offset);
		if (queue->data[i] == MAP_FAILED)
			return false;
	}
	return true;
}

static void free_buffers(struct codec *codec, struct queue *queue)
{
	struct v4l2_requestbuffers request = {.type = queue->type, .memory = V4L2_MEMORY_MMAP};

	for (int i = 0; i < BUFFERS; i++) {
		if (queue->data[i])
			munmap(queue->data[i], queue->length[i]);
		queue->data[i] = NULL;
	}
	ioctl(codec->fd, VIDIOC_STREAMOFF, &queue->type);
	ioctl(codec->fd, VIDIOC_REQBUFS, &request);
}

static struct codec *codec_open(const char *path)
{
	struct codec *codec = calloc(1, sizeof(*codec));
	struct v4l2_capability capability = {0};

	codec->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (codec->fd < 0 || ioctl(codec->fd, VIDIOC_QUERYCAP, &capability) != 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	codec->multiplanar = capability.device_caps & V4L2_CAP_VIDEO_M2M_MPLANE;
	codec->out.type =
		codec->multiplanar ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT;
	codec->capture.type = codec->multiplanar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
						 : V4L2_BUF_TYPE_VIDEO_CAPTURE;
	return codec;
}

static void codec_close(struct codec *codec)
{
	free_buffers(codec, &codec->out);
	free_buffers(codec, &codec->capture);
	close(codec->fd);
	free(codec);
}

static bool start_queue(struct codec *codec, struct queue *queue)
{
	return ioctl(codec->fd, VIDIOC_STREAMON, &queue->type) == 0;
}

static bool start_capture(struct codec *codec)
{
	if (!make_buffers(codec, &codec->capture))
		return false;
	for (int i = 0; i < BUFFERS; i++) {
		if (!on_buffer(codec, &codec->capture, VIDIOC_QBUF, i, 0, 0, NULL))
			return false;
	}
	return start_queue(codec, &codec->capture);
}

static bool control(struct codec *codec, uint32_t id, int value)
{
	struct v4l2_control c = {.id = id, .value = value};

	return ioctl(codec->fd, VIDIOC_S_CTRL, &c) == 0;
}

static bool take(struct codec *codec, struct queue *queue, int wait_ms, struct taken *ret_taken)
{
	short events = queue == &codec->out ? POLLOUT : POLLIN;
	struct pollfd waited = {.fd = codec->fd, .events = events};
	struct v4l2_buffer buffer;

	if (poll(&waited, 1, wait_ms) <= 0 || !(waited.revents & events) ||
	    !on_buffer(codec, queue, VIDIOC_DQBUF, 0, 0, 0, &buffer))
		return false;
	*ret_taken = (struct taken){.index = (int)buffer.index,
				    .flags = buffer.flags,
				    .size = buffer.bytesused,
				    .stamp = buffer.timestamp.tv_sec};
	return true;
}

/* A buffer of the out queue that may be filled, or -1. */
static int free_input(struct codec *codec)
{
	struct taken taken;

	if (codec->queued < BUFFERS)
		return codec->queued++;
	return take(codec, &codec->out, WAIT_MS, &taken) ? taken.index : -1;
}

/* Noise that differs in each picture. */
static void draw(uint8_t *data, size_t size, long number)
{
	uint32_t state = (uint32_t)number * 2654435761U + 1;

	for (size_t i = 0; i < size; i++) {
		state = state * 1664525U + 1013904223U;
		data[i] = (uint8_t)(state >> 24);
	}
}

static bool send_picture(struct codec *encoder, long number)
{
	int index = free_input(encoder);

	if (index < 0)
		return false;
	draw(encoder->out.data[index], encoder->out.format.sizeimage, number);
	return on_buffer(encoder, &encoder->out, VIDIOC_QBUF, index, encoder->out.format.sizeimage,
			 number, NULL);
}

static bool send_coded(struct codec *decoder, const uint8_t *data, const struct taken *coded)
{
	int index = free_input(decoder);

	if (index < 0)
		return false;
	memcpy(decoder->out.data[index], data, coded->size);
	return on_buffer(decoder, &decoder->out, VIDIOC_QBUF, index, coded->size, coded->stamp,
			 NULL);
}

static bool give_back(struct codec *codec, const struct taken *taken)
{
	return on_buffer(codec, &codec->capture, VIDIOC_QBUF, taken->index, 0, 0, NULL);
}

static struct codec *start_encoder(const char *path, int width, int height, int bitrate)
{
	struct codec *encoder = codec_open(path);

	if (!set_format(encoder, &encoder->out, V4L2_PIX_FMT_NV12, width, height) ||
	    !set_format(encoder, &encoder->capture, V4L2_PIX_FMT_H264, width, height) ||
	    !control(encoder, V4L2_CID_MPEG_VIDEO_BITRATE, bitrate) ||
	    !control(encoder, V4L2_CID_MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR, 1) ||
	    !control(encoder, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 0) ||
	    !make_buffers(encoder, &encoder->out) || !start_queue(encoder, &encoder->out) ||
	    !start_capture(encoder)) {
		codec_close(encoder);
		return NULL;
	}
	return encoder;
}

static struct codec *start_decoder(const char *path)
{
	struct v4l2_event_subscription change = {.type = V4L2_EVENT_SOURCE_CHANGE};
	struct codec *decoder = codec_open(path);

	if (ioctl(decoder->fd, VIDIOC_SUBSCRIBE_EVENT, &change) != 0 ||
	    !set_format(decoder, &decoder->out, V4L2_PIX_FMT_H264, 640, 360) ||
	    !make_buffers(decoder, &decoder->out) || !start_queue(decoder, &decoder->out)) {
		codec_close(decoder);
		return NULL;
	}
	return decoder;
}

static bool source_changes(struct codec *decoder)
{
	struct pollfd waited = {.fd = decoder->fd, .events = POLLPRI};
	struct v4l2_event event = {0};

	return poll(&waited, 1, WAIT_MS) > 0 && ioctl(decoder->fd, VIDIOC_DQEVENT, &event) == 0 &&
	       event.type == V4L2_EVENT_SOURCE_CHANGE;
}

/* Codes picture `number`; *ret_coded is queued again by give_back(). */
static bool code(struct codec *encoder, long number, struct taken *ret_coded)
{
	return send_picture(encoder, number) &&
	       take(encoder, &encoder->capture, WAIT_MS, ret_coded);
}

static bool same_picture(const struct codec *encoder, const struct codec *decoder,
			 const struct taken *decoded, uint8_t *wanted)
{
	const struct v4l2_pix_format *a = &encoder->out.format;
	const struct v4l2_pix_format *b = &decoder->capture.format;

	draw(wanted, a->sizeimage, decoded->stamp);
	for (uint32_t y = 0; y < a->height * 3 / 2; y++) {
		if (memcmp(wanted + (size_t)y * a->bytesperline,
			   decoder->capture.data[decoded->index] + (size_t)y * b->bytesperline,
			   a->width) != 0)
			return false;
	}
	return true;
}

/* Picture `number` through both nodes, the decoder's capture queue not running for the first. */
static bool pass(struct codec *encoder, struct codec *decoder, long number, bool first)
{
	uint8_t *wanted = malloc(encoder->out.format.sizeimage);
	struct taken coded, decoded;
	bool good = code(encoder, number, &coded) && coded.stamp == number &&
		    send_coded(decoder, encoder->capture.data[coded.index], &coded) &&
		    give_back(encoder, &coded);

	if (good && first)
		good = source_changes(decoder) &&
		       set_format(decoder, &decoder->capture, V4L2_PIX_FMT_NV12, 0, 0) &&
		       decoder->capture.format.width == encoder->out.format.width &&
		       decoder->capture.format.height == encoder->out.format.height &&
		       start_capture(decoder);
	good = good && take(decoder, &decoder->capture, WAIT_MS, &decoded) &&
	       !(decoded.flags & V4L2_BUF_FLAG_ERROR) && decoded.stamp == number &&
	       same_picture(encoder, decoder, &decoded, wanted) && give_back(decoder, &decoded);
	free(wanted);
	return good;
}

static void comes_back_bit_by_bit(const char *encoder_path, const char *decoder_path)
{
	struct codec *encoder = start_encoder(encoder_path, 162, 90, 20000000);
	struct codec *decoder = start_decoder(decoder_path);
	bool good = encoder && decoder;

	for (long number = 1; good && number <= 12; number++)
		good = pass(encoder, decoder, number, number == 1);
	result(good, "a picture comes back from both nodes as it was, with its timestamp");
	if (decoder)
		codec_close(decoder);
	if (encoder)
		codec_close(encoder);
}

/* The decoder ends a size with an empty last buffer, and goes on with the next. */
static void follows_a_new_size(const char *encoder_path, const char *decoder_path)
{
	struct codec *small = start_encoder(encoder_path, 160, 90, 20000000);
	struct codec *large = start_encoder(encoder_path, 320, 180, 60000000);
	struct codec *decoder = start_decoder(decoder_path);
	struct taken coded, last;
	bool good = small && large && decoder && pass(small, decoder, 1, true) &&
		    pass(small, decoder, 2, false) && code(large, 3, &coded) &&
		    send_coded(decoder, large->capture.data[coded.index], &coded) &&
		    source_changes(decoder) && take(decoder, &decoder->capture, WAIT_MS, &last) &&
		    last.size == 0 && (last.flags & V4L2_BUF_FLAG_LAST);

	if (good) {
		free_buffers(decoder, &decoder->capture);
		good = set_format(decoder, &decoder->capture, V4L2_PIX_FMT_NV12, 0, 0) &&
		       decoder->capture.format.width == 320 && start_capture(decoder) &&
		       take(decoder, &decoder->capture, WAIT_MS, &last) && last.stamp == 3 &&
		       last.size == decoder->capture.format.sizeimage;
	}
	result(good, "the decoder follows a change of the size");
	codec_close(small);
	codec_close(large);
	codec_close(decoder);
}

static void drains(const char *path)
{
	struct v4l2_encoder_cmd stop = {.cmd = V4L2_ENC_CMD_STOP};
	struct v4l2_encoder_cmd start = {.cmd = V4L2_ENC_CMD_START};
	struct codec *encoder = start_encoder(path, 160, 90, 1000000);
	struct taken coded = {0};
	bool good = encoder != NULL;

	for (long number = 1; good && number <= 3; number++)
		good = send_picture(encoder, number);
	good = good && ioctl(encoder->fd, VIDIOC_ENCODER_CMD, &stop) == 0;
	for (long number = 1; good && number <= 3; number++)
		good = take(encoder, &encoder->capture, WAIT_MS, &coded) && coded.stamp == number &&
		       give_back(encoder, &coded);
	if (good && !(coded.flags & V4L2_BUF_FLAG_LAST))
		good = take(encoder, &encoder->capture, WAIT_MS, &coded) && coded.size == 0 &&
		       (coded.flags & V4L2_BUF_FLAG_LAST) && give_back(encoder, &coded);
	good = good && ioctl(encoder->fd, VIDIOC_ENCODER_CMD, &start) == 0 &&
	       code(encoder, 4, &coded) && coded.stamp == 4;
	result(good, "a drain ends with the last buffer, and goes on after START");
	codec_close(encoder);
}

static bool is_key(struct codec *encoder, long number)
{
	struct taken coded;

	return code(encoder, number, &coded) && give_back(encoder, &coded) &&
	       (coded.flags & V4L2_BUF_FLAG_KEYFRAME);
}

static void forces_a_key_picture(const char *path)
{
	struct codec *encoder = start_encoder(path, 160, 90, 1000000);
	bool good = is_key(encoder, 1) && !is_key(encoder, 2) &&
		    control(encoder, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 1) &&
		    is_key(encoder, 3) && !is_key(encoder, 4);

	result(good, "a forced key picture is the next one");
	good = parameter("lose_key", "1") &&
	       control(encoder, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 1) && !is_key(encoder, 5) &&
	       !is_key(encoder, 6) && parameter("lose_key", "0");
	result(good, "fault_lose_key: it does not come");
	codec_close(encoder);
}

static void has_faults(const char *path)
{
	struct codec *encoder = start_encoder(path, 160, 90, 20000000);
	struct taken coded, half;
	bool good = code(encoder, 1, &coded) && give_back(encoder, &coded) &&
		    parameter("error", "1") && code(encoder, 2, &coded) &&
		    (coded.flags & V4L2_BUF_FLAG_ERROR) && give_back(encoder, &coded) &&
		    code(encoder, 3, &coded) && !(coded.flags & V4L2_BUF_FLAG_ERROR) &&
		    give_back(encoder, &coded);

	result(good, "fault_error: one buffer has the error flag");
	good = parameter("short", "1") && code(encoder, 4, &half) && give_back(encoder, &half) &&
	       code(encoder, 5, &coded) && give_back(encoder, &coded) &&
	       half.size < coded.size * 3 / 4;
	result(good, "fault_short: one coded picture has only its first half");
	good = parameter("stall", "1") && send_picture(encoder, 6) &&
	       !take(encoder, &encoder->capture, 300, &coded) && parameter("stall", "0") &&
	       take(encoder, &encoder->capture, WAIT_MS, &coded) && give_back(encoder, &coded);
	result(good, "fault_stall: nothing comes until it is over");
	good = parameter("late_ms", "300") && send_picture(encoder, 7) &&
	       !take(encoder, &encoder->capture, 150, &coded) && parameter("late_ms", "0") &&
	       take(encoder, &encoder->capture, WAIT_MS, &coded) && give_back(encoder, &coded);
	result(good, "fault_late_ms: a picture comes late");
	good = parameter("stall", "1") && send_picture(encoder, 8);
	codec_close(encoder);
	result(parameter("stall", "0") && good, "a node that stalls can be closed");
	good = parameter("streamon", "1") && !start_encoder(path, 160, 90, 1000000) && errno != 0 &&
	       parameter("streamon", "0");
	result(good, "fault_streamon: the queues do not start");
}

static void reorders(const char *path)
{
	static const long wanted[] = {1, 3, 2, 5, 4};
	struct codec *encoder = start_encoder(path, 160, 90, 1000000);
	struct taken coded;
	bool good =
		parameter("reorder", "1") && code(encoder, 1, &coded) && give_back(encoder, &coded);

	for (long number = 2; good && number <= 5; number++) {
		good = send_picture(encoder, number);
		if (number % 2 == 0)
			continue;
		for (long i = number - 2; good && i < number; i++)
			good = take(encoder, &encoder->capture, WAIT_MS, &coded) &&
			       coded.stamp == wanted[i] && give_back(encoder, &coded);
	}
	result(parameter("reorder", "0") && good, "fault_reorder: pictures come in another order");
	codec_close(encoder);
}

static bool open_and_use(const char *encoder_path, int times)
{
	bool good = true;

	for (int i = 0; good && i < times; i++) {
		struct codec *encoder = start_encoder(encoder_path, 160, 90, 1000000);
		struct taken coded;

		good = encoder && code(encoder, 1, &coded) && coded.size > 0;
		if (encoder)
			codec_close(encoder);
	}
	return good;
}

static void leaks_nothing(const char *encoder_path, const char *decoder_path, int times)
{
	struct holdings before = {0}, after = {0};
	bool good = open_and_use(encoder_path, 20) && holdings_count(&before) == 0;
	char text[192];

	for (int i = 0; i < times; i++)
		codec_close(codec_open(i % 2 ? encoder_path : decoder_path));
	good = open_and_use(encoder_path, times / 10) && holdings_count(&after) == 0 && good;
	holdings_print(&before, &after, text, sizeof(text));
	printf("# %d times opened: %s\n", times, text);
	result(good && holdings_are_kept(&before, &after, GROWTH_KIB),
	       "opening and closing leaves nothing behind");
}

static const unsigned long requests[] = {
	VIDIOC_QUERYCAP,
	VIDIOC_ENUM_FMT,
	VIDIOC_G_FMT,
	VIDIOC_S_FMT,
	VIDIOC_TRY_FMT,
	VIDIOC_REQBUFS,
	VIDIOC_QUERYBUF,
	VIDIOC_QBUF,
	VIDIOC_DQBUF,
	VIDIOC_EXPBUF,
	VIDIOC_STREAMON,
	VIDIOC_STREAMOFF,
	VIDIOC_G_PARM,
	VIDIOC_S_PARM,
	VIDIOC_G_CTRL,
	VIDIOC_S_CTRL,
	VIDIOC_QUERYCTRL,
	VIDIOC_QUERYMENU,
	VIDIOC_ENCODER_CMD,
	VIDIOC_TRY_ENCODER_CMD,
	VIDIOC_DECODER_CMD,
	VIDIOC_SUBSCRIBE_EVENT,
	VIDIOC_DQEVENT,
	VIDIOC_ENUM_FRAMESIZES,
	VIDIOC_G_SELECTION,
	VIDIOC_S_SELECTION,
	VIDIOC_CREATE_BUFS,
	VIDIOC_PREPARE_BUF,
	VIDIOC_ENUM_FRAMEINTERVALS,
};

static uint32_t number(void)
{
	return (uint32_t)random() << 16 ^ (uint32_t)random();
}

/* Arguments that are mostly noise but often begin, as most do, with an index or a type that exists. */
static void fuzz_one(const struct codec *codec)
{
	uint32_t argument[128];
	unsigned long request = requests[number() % (sizeof(requests) / sizeof(requests[0]))];
	int dmabuf;

	for (size_t i = 0; i < sizeof(argument) / sizeof(argument[0]); i++)
		argument[i] = number() % 4 ? number() % 5 : number();
	argument[0] = number() % 3 ? (uint32_t[]){codec->out.type, codec->capture.type, 0, 1,
						  number()}[number() % 5]
				   : argument[0];
	if (request == VIDIOC_REQBUFS || request == VIDIOC_CREATE_BUFS)
		argument[request == VIDIOC_REQBUFS ? 0 : 1] %= 8;
	if (ioctl(codec->fd, request, argument) == 0 && request == VIDIOC_EXPBUF) {
		dmabuf = ((struct v4l2_exportbuffer *)argument)->fd;
		if (dmabuf > codec->fd)
			close(dmabuf);
	}
}

/* Well-formed use between noise, so that queues run while it goes on. */
static bool survives_noise(const char *path, bool encodes, int seconds, unsigned int seed)
{
	struct timespec now, end;
	long rounds = 0;

	srandom(seed);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	do {
		struct codec *codec =
			encodes ? start_encoder(path, 160, 90, 1000000) : start_decoder(path);

		if (!codec)
			return false;
		for (int i = 0; i < 200; i++) {
			fuzz_one(codec);
			if (encodes && i % 40 == 0 && codec->queued < BUFFERS)
				send_picture(codec, i);
		}
		codec_close(codec);
		rounds++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec);
	printf("# seed %u: %ld rounds of 200 ioctls\n", seed, rounds);
	return true;
}

int main(int argc, char **argv)
{
	bool all = argc > 3 && strcmp(argv[3], "long") == 0;
	unsigned int seed = all ? (unsigned int)time(NULL) : 1;

	if (argc < 3) {
		fprintf(stderr, "usage: guest_vh264 ENCODER DECODER [long]\n");
		return 2;
	}
	comes_back_bit_by_bit(argv[1], argv[2]);
	follows_a_new_size(argv[1], argv[2]);
	drains(argv[1]);
	forces_a_key_picture(argv[1]);
	has_faults(argv[1]);
	reorders(argv[1]);
	leaks_nothing(argv[1], argv[2], all ? 1000 : 100);
	result(survives_noise(argv[1], true, all ? 60 : 3, seed),
	       "the encoder's node survives ioctls with noise");
	result(survives_noise(argv[2], false, all ? 60 : 3, seed),
	       "the decoder's node survives ioctls with noise");
	printf("1..%d\n", cases);
	return 0;
}
