#include "drivers/camera_v4l2_format.h"

#include "base/clock.h"

#include <linux/videodev2.h>
#include <stdlib.h>

enum {
	ENUMERATED_MAX = 256, /* formats, sizes a format, intervals a size that are looked at */
	SLOW_PER_MILLE = 20,  /* 29.97 is as good as 30 */
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

	if (width < V4L2_SIDE_MIN || width > V4L2_SIDE_MAX || height < V4L2_SIDE_MIN ||
	    height > V4L2_SIDE_MAX)
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
		if (codes[i].n_memories > 1 && !v4l2_type_is_multiplanar(search->device->type))
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

static int set_format(const struct v4l2_device *device, const struct candidate *candidate,
		      struct v4l2_agreed *ret_agreed)
{
	const struct v4l2_wish wish = {
		.fourcc = candidate->code->fourcc,
		.width = candidate->width,
		.height = candidate->height,
		.n_memories = candidate->code->n_memories,
	};

	return v4l2_layout_set(&device->node, device->type, &wish, ret_agreed);
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

static bool lay_out(const struct candidate *candidate, const struct v4l2_agreed *agreed,
		    struct v4l2_layout *ret_layout)
{
	const struct v4l2_pixels *raw = v4l2_pixels_find(candidate->code->fourcc);
	const struct v4l2_pixels coded = {
		.fourcc = candidate->code->fourcc,
		.pixels = AV_PIX_FMT_NONE,
		.n_memories = candidate->code->n_memories,
	};

	return v4l2_layout_make(raw ? raw : &coded, agreed, ret_layout);
}

enum cam_result v4l2_format_agree(const struct v4l2_device *device, const struct cam_want *want,
				  struct v4l2_layout *ret_layout, struct cam_got *ret_got)
{
	struct search search = {.device = device, .want = want};
	struct v4l2_layout layout;
	struct v4l2_agreed agreed;
	int r;

	search_device(&search);
	if (!search.found)
		return cam_fail(device->cam, "it has none of the wanted formats");
	r = set_format(device, &search.best, &agreed);
	if (r < 0)
		return v4l2_device_result(device, "set the format", r);
	if (!lay_out(&search.best, &agreed, &layout))
		return cam_fail(device->cam, "the driver answers with an impossible format");
	*ret_got = (struct cam_got){
		.width = layout.width,
		.height = layout.height,
		.frame_us = set_interval(device, want),
		.format = search.best.code->format,
	};
	*ret_layout = layout;
	return CAM_OK;
}
