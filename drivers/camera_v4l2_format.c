#include "drivers/camera_v4l2_format.h"

#include "base/clock.h"

#include <linux/videodev2.h>
#include <stdlib.h>

enum {
	ENUMERATED_MAX = 256, /* formats, sizes a format, intervals a size that are looked at */
	SIDE_MINIMUM = 16,
	SIDE_MAXIMUM = 8192,
	PITCH_MAXIMUM = 8 * SIDE_MAXIMUM,
	SLOW_PER_MILLE = 20, /* 29.97 is as good as 30 */
};

/* A format of ours by the kernel's codes: in one memory, and with one memory a plane. */
struct code {
	enum cam_format format;
	uint32_t fourcc;
	uint32_t n_memories;
};

static const struct code codes[] = {
	{CAM_FORMAT_NV12, V4L2_PIX_FMT_NV12, 1},   {CAM_FORMAT_NV12, V4L2_PIX_FMT_NV12M, 2},
	{CAM_FORMAT_I420, V4L2_PIX_FMT_YUV420, 1}, {CAM_FORMAT_I420, V4L2_PIX_FMT_YUV420M, 3},
	{CAM_FORMAT_YUYV, V4L2_PIX_FMT_YUYV, 1},   {CAM_FORMAT_MJPEG, V4L2_PIX_FMT_MJPEG, 1},
	{CAM_FORMAT_MJPEG, V4L2_PIX_FMT_JPEG, 1},
};

/* One way to run the device; the less, the better, in this order. */
struct candidate {
	uint64_t size_off; /* pixels of width and height beside the wanted ones */
	uint64_t slow_us;  /* what the time between two pictures is too long */
	size_t preference;

	const struct code *code;
	uint32_t width;
	uint32_t height;
};

struct search {
	const struct v4l2_device *device;
	const struct cam_want *want;
	bool found;
	struct candidate best;
};

static bool is_better(const struct candidate *a, const struct candidate *b)
{
	if (a->size_off != b->size_off)
		return a->size_off < b->size_off;
	if (a->slow_us != b->slow_us)
		return a->slow_us < b->slow_us;
	return a->preference < b->preference;
}

static int64_t wanted_us(const struct cam_want *want)
{
	return CLOCK_US_PER_S / want->fps;
}

/* 0 when the kernel gave no usable number. */
static int64_t interval_us(const struct v4l2_fract *interval)
{
	if (interval->numerator == 0 || interval->denominator == 0)
		return 0;
	return (int64_t)interval->numerator * CLOCK_US_PER_S / interval->denominator;
}

static uint64_t too_long_us(int64_t us, int64_t wanted)
{
	return us * 1000 > wanted * (1000 + SLOW_PER_MILLE) ? (uint64_t)(us - wanted) : 0;
}

/* How much too long the shortest time between two pictures of that size is. */
static uint64_t find_slowness(const struct search *search, const struct code *code, uint32_t width,
			      uint32_t height)
{
	int64_t wanted = wanted_us(search->want), shortest = 0;

	for (uint32_t i = 0; i < ENUMERATED_MAX; i++) {
		struct v4l2_frmivalenum interval = {
			.index = i,
			.pixel_format = code->fourcc,
			.width = width,
			.height = height,
		};
		int64_t us;

		if (v4l2_device_ioctl(search->device, VIDIOC_ENUM_FRAMEINTERVALS, &interval) < 0)
			break;
		us = interval_us(interval.type == V4L2_FRMIVAL_TYPE_DISCRETE
					 ? &interval.discrete
					 : &interval.stepwise.min);
		if (us > 0 && (shortest == 0 || us < shortest))
			shortest = us;
		if (interval.type != V4L2_FRMIVAL_TYPE_DISCRETE)
			break;
	}
	return shortest == 0 ? 0 : too_long_us(shortest, wanted);
}

static uint64_t distance(uint32_t a, int b)
{
	return (uint64_t)llabs((int64_t)a - b);
}

static void consider(struct search *search, const struct code *code, size_t preference,
		     uint32_t width, uint32_t height)
{
	struct candidate candidate = {
		.size_off = distance(width, search->want->width) +
			    distance(height, search->want->height),
		.preference = preference,
		.code = code,
		.width = width,
		.height = height,
	};

	if (width < SIDE_MINIMUM || width > SIDE_MAXIMUM || height < SIDE_MINIMUM ||
	    height > SIDE_MAXIMUM)
		return;
	if (search->found && candidate.size_off > search->best.size_off)
		return;
	candidate.slow_us = find_slowness(search, code, width, height);
	if (search->found && !is_better(&candidate, &search->best))
		return;
	search->best = candidate;
	search->found = true;
}

/* The allowed value next to the wanted one. */
static uint32_t nearest(int wanted, uint32_t minimum, uint32_t maximum, uint32_t step)
{
	uint32_t value = (uint32_t)wanted;

	if (value <= minimum || maximum <= minimum)
		return minimum;
	if (value > maximum)
		value = maximum;
	return step > 1 ? value - (value - minimum) % step : value;
}

static void consider_sizes(struct search *search, const struct code *code, size_t preference)
{
	const struct cam_want *want = search->want;

	for (uint32_t i = 0; i < ENUMERATED_MAX; i++) {
		struct v4l2_frmsizeenum size = {.index = i, .pixel_format = code->fourcc};
		const struct v4l2_frmsize_stepwise *range = &size.stepwise;
		int r = v4l2_device_ioctl(search->device, VIDIOC_ENUM_FRAMESIZES, &size);

		/* a driver that lists no sizes adjusts what it is asked for */
		if (r < 0 && i == 0)
			consider(search, code, preference, (uint32_t)want->width,
				 (uint32_t)want->height);
		if (r < 0)
			return;
		if (size.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
			consider(search, code, preference, size.discrete.width,
				 size.discrete.height);
			continue;
		}
		consider(search, code, preference,
			 nearest(want->width, range->min_width, range->max_width,
				 range->step_width),
			 nearest(want->height, range->min_height, range->max_height,
				 range->step_height));
		return;
	}
}

static void consider_fourcc(struct search *search, uint32_t fourcc)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].fourcc != fourcc)
			continue;
		if (codes[i].n_memories > 1 && !v4l2_device_is_multiplanar(search->device))
			continue;
		for (size_t j = 0; j < search->want->n_formats; j++) {
			if (search->want->formats[j] == codes[i].format)
				consider_sizes(search, &codes[i], j);
		}
	}
}

static void search_device(struct search *search)
{
	for (uint32_t i = 0; i < ENUMERATED_MAX; i++) {
		struct v4l2_fmtdesc format = {.index = i, .type = search->device->type};

		if (v4l2_device_ioctl(search->device, VIDIOC_ENUM_FMT, &format) < 0)
			return;
		consider_fourcc(search, format.pixelformat);
	}
}

/* The parts of struct v4l2_format that both APIs have. */
struct agreed {
	uint32_t width;
	uint32_t height;
	uint32_t fourcc;
	uint32_t field;
	uint32_t colorspace;
	uint32_t encoding;
	uint32_t quantization;
	uint32_t n_memories;
	uint32_t pitch[V4L2_PLANES_MAX];
	uint32_t size[V4L2_PLANES_MAX];
};

static struct agreed read_single(const struct v4l2_pix_format *pix)
{
	return (struct agreed){
		.width = pix->width,
		.height = pix->height,
		.fourcc = pix->pixelformat,
		.field = pix->field,
		.colorspace = pix->colorspace,
		.encoding = pix->ycbcr_enc,
		.quantization = pix->quantization,
		.n_memories = 1,
		.pitch = {pix->bytesperline},
		.size = {pix->sizeimage},
	};
}

static struct agreed read_multi(const struct v4l2_pix_format_mplane *pix)
{
	struct agreed agreed = {
		.width = pix->width,
		.height = pix->height,
		.fourcc = pix->pixelformat,
		.field = pix->field,
		.colorspace = pix->colorspace,
		.encoding = pix->ycbcr_enc,
		.quantization = pix->quantization,
		.n_memories = pix->num_planes,
	};

	for (uint32_t i = 0; i < V4L2_PLANES_MAX; i++) {
		agreed.pitch[i] = pix->plane_fmt[i].bytesperline;
		agreed.size[i] = pix->plane_fmt[i].sizeimage;
	}
	return agreed;
}

static int set_format(const struct v4l2_device *device, const struct candidate *candidate,
		      struct agreed *ret_agreed)
{
	struct v4l2_format format = {.type = device->type};
	int r;

	if (v4l2_device_is_multiplanar(device)) {
		format.fmt.pix_mp.width = candidate->width;
		format.fmt.pix_mp.height = candidate->height;
		format.fmt.pix_mp.pixelformat = candidate->code->fourcc;
		format.fmt.pix_mp.field = V4L2_FIELD_NONE;
		format.fmt.pix_mp.num_planes = (uint8_t)candidate->code->n_memories;
	} else {
		format.fmt.pix.width = candidate->width;
		format.fmt.pix.height = candidate->height;
		format.fmt.pix.pixelformat = candidate->code->fourcc;
		format.fmt.pix.field = V4L2_FIELD_NONE;
	}
	r = v4l2_device_ioctl(device, VIDIOC_S_FMT, &format);
	if (r < 0)
		return r;
	*ret_agreed = v4l2_device_is_multiplanar(device) ? read_multi(&format.fmt.pix_mp)
							 : read_single(&format.fmt.pix);
	return 0;
}

/* What the device keeps to, or the wanted time where it does not say. */
static int64_t set_interval(const struct v4l2_device *device, const struct cam_want *want)
{
	struct v4l2_streamparm parameters = {.type = device->type};
	struct v4l2_fract *interval = &parameters.parm.capture.timeperframe;
	int64_t us;

	*interval = (struct v4l2_fract){1, (uint32_t)want->fps};
	if (v4l2_device_ioctl(device, VIDIOC_S_PARM, &parameters) < 0)
		return wanted_us(want);
	us = interval_us(interval);
	return us > 0 && us <= 60 * CLOCK_US_PER_S ? us : wanted_us(want);
}

static void set_plane(struct v4l2_layout *layout, uint32_t memory, uint32_t pitch, uint32_t lines)
{
	struct v4l2_layout_plane *plane = &layout->planes[layout->n_planes++];

	plane->memory = memory;
	plane->offset = layout->needed[memory];
	plane->pitch = pitch;
	/* fits with pitches in range, which is_sound() sees to */
	layout->needed[memory] += pitch * lines;
}

/* The bytes that a line of that plane has at least. */
static uint32_t line_bytes(const struct v4l2_layout *layout, uint32_t plane)
{
	uint32_t width = (uint32_t)layout->width;

	if (layout->format == CAM_FORMAT_YUYV)
		return 2 * width;
	return layout->format == CAM_FORMAT_I420 && plane > 0 ? width / 2 : width;
}

/*
 * Places the planes of a pixel format. In one memory they follow each other, and the pitch of the
 * chroma of I420 is half of the first one's (the kernel's "Planar YUV formats").
 */
static void place(struct v4l2_layout *layout, const struct agreed *agreed)
{
	uint32_t first = agreed->pitch[0] ? agreed->pitch[0] : line_bytes(layout, 0);
	uint32_t chroma_lines = (uint32_t)layout->height / 2;
	bool apart = agreed->n_memories > 1;

	set_plane(layout, 0, first, agreed->height);
	if (layout->format == CAM_FORMAT_NV12)
		set_plane(layout, apart ? 1 : 0, apart ? agreed->pitch[1] : first, chroma_lines);
	if (layout->format == CAM_FORMAT_I420) {
		set_plane(layout, apart ? 1 : 0, apart ? agreed->pitch[1] : first / 2,
			  chroma_lines);
		set_plane(layout, apart ? 2 : 0, apart ? agreed->pitch[2] : first / 2,
			  chroma_lines);
	}
}

static bool is_sound(const struct v4l2_layout *layout, const struct agreed *agreed)
{
	for (uint32_t i = 0; i < layout->n_planes; i++) {
		uint32_t pitch = layout->planes[i].pitch;

		if (pitch < line_bytes(layout, i) || pitch > PITCH_MAXIMUM)
			return false;
	}
	for (uint32_t i = 0; i < layout->n_memories; i++) {
		if (layout->needed[i] > agreed->size[i])
			return false;
	}
	return true;
}

static void set_pixels(struct v4l2_layout *layout, const struct agreed *agreed)
{
	static const enum AVPixelFormat pixels[CAM_FORMATS] = {
		[CAM_FORMAT_NV12] = AV_PIX_FMT_NV12,
		[CAM_FORMAT_I420] = AV_PIX_FMT_YUV420P,
		[CAM_FORMAT_YUYV] = AV_PIX_FMT_YUYV422,
		[CAM_FORMAT_MJPEG] = AV_PIX_FMT_NONE,
	};
	uint32_t encoding = agreed->encoding;

	if (encoding == V4L2_YCBCR_ENC_DEFAULT)
		encoding = V4L2_MAP_YCBCR_ENC_DEFAULT(agreed->colorspace);
	layout->pixels = pixels[layout->format];
	layout->space = encoding == V4L2_YCBCR_ENC_709 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
	layout->range = agreed->quantization == V4L2_QUANTIZATION_FULL_RANGE ? AVCOL_RANGE_JPEG
									     : AVCOL_RANGE_MPEG;
}

/* Checks what the kernel answered and derives the layout from it. */
static bool lay_out(const struct candidate *candidate, const struct agreed *agreed,
		    struct v4l2_layout *layout)
{
	if (agreed->fourcc != candidate->code->fourcc ||
	    agreed->n_memories != candidate->code->n_memories || agreed->width < SIDE_MINIMUM ||
	    agreed->width > SIDE_MAXIMUM || agreed->height < SIDE_MINIMUM ||
	    agreed->height > SIDE_MAXIMUM || agreed->field == V4L2_FIELD_TOP ||
	    agreed->field == V4L2_FIELD_BOTTOM || agreed->field == V4L2_FIELD_ALTERNATE ||
	    agreed->pitch[0] > PITCH_MAXIMUM)
		return false;
	/* drivers differ on the chroma of an odd last line or column; it is left out */
	layout->width = (int)(agreed->width & ~1U);
	layout->height = (int)(agreed->height & ~1U);
	layout->format = candidate->code->format;
	layout->n_memories = agreed->n_memories;
	set_pixels(layout, agreed);
	if (layout->format == CAM_FORMAT_MJPEG) {
		layout->width = (int)agreed->width;
		layout->height = (int)agreed->height;
		return true;
	}
	place(layout, agreed);
	return is_sound(layout, agreed);
}

enum cam_result v4l2_format_agree(const struct v4l2_device *device, const struct cam_want *want,
				  struct v4l2_layout *ret_layout)
{
	struct search search = {.device = device, .want = want};
	struct v4l2_layout layout = {0};
	struct agreed agreed;
	int r;

	search_device(&search);
	if (!search.found)
		return cam_fail(device->cam, "it has none of the wanted formats");
	r = set_format(device, &search.best, &agreed);
	if (r < 0)
		return v4l2_device_result(device, "set the format", r);
	if (!lay_out(&search.best, &agreed, &layout))
		return cam_fail(device->cam, "the driver answers with an impossible format");
	layout.frame_us = set_interval(device, want);
	*ret_layout = layout;
	return CAM_OK;
}
