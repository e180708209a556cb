#include "drivers/v4l2_layout.h"

enum { PITCH_MAXIMUM = 8 * V4L2_SIDE_MAX };

const struct v4l2_pixels *v4l2_pixels_find(uint32_t fourcc)
{
	static const struct v4l2_pixels known[] = {
		{V4L2_PIX_FMT_NV12, AV_PIX_FMT_NV12, 1},
		{V4L2_PIX_FMT_NV12M, AV_PIX_FMT_NV12, 2},
		{V4L2_PIX_FMT_YUV420, AV_PIX_FMT_YUV420P, 1},
		{V4L2_PIX_FMT_YUV420M, AV_PIX_FMT_YUV420P, 3},
		{V4L2_PIX_FMT_YUYV, AV_PIX_FMT_YUYV422, 1},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].fourcc == fourcc)
			return &known[i];
	}
	return NULL;
}

static struct v4l2_agreed read_single(const struct v4l2_pix_format *pix)
{
	return (struct v4l2_agreed){
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

static struct v4l2_agreed read_multi(const struct v4l2_pix_format_mplane *pix)
{
	struct v4l2_agreed agreed = {
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

static struct v4l2_agreed read_format(const struct v4l2_format *format)
{
	return v4l2_type_is_multiplanar(format->type) ? read_multi(&format->fmt.pix_mp)
						      : read_single(&format->fmt.pix);
}

static uint32_t colorspace_of(enum AVColorSpace space)
{
	switch (space) {
	case AVCOL_SPC_BT709:
		return V4L2_COLORSPACE_REC709;
	case AVCOL_SPC_SMPTE170M:
		return V4L2_COLORSPACE_SMPTE170M;
	default:
		return V4L2_COLORSPACE_DEFAULT;
	}
}

static void write_single(const struct v4l2_wish *wish, struct v4l2_pix_format *pix)
{
	pix->width = wish->width;
	pix->height = wish->height;
	pix->pixelformat = wish->fourcc;
	pix->field = V4L2_FIELD_NONE;
	pix->bytesperline = wish->pitch;
	pix->sizeimage = wish->size;
	pix->colorspace = colorspace_of(wish->space);
}

static void write_multi(const struct v4l2_wish *wish, struct v4l2_pix_format_mplane *pix)
{
	pix->width = wish->width;
	pix->height = wish->height;
	pix->pixelformat = wish->fourcc;
	pix->field = V4L2_FIELD_NONE;
	pix->num_planes = (uint8_t)wish->n_memories;
	pix->plane_fmt[0].bytesperline = wish->pitch;
	pix->plane_fmt[0].sizeimage = wish->size;
	pix->colorspace = colorspace_of(wish->space);
}

int v4l2_layout_set(const struct v4l2_node *node, uint32_t type, const struct v4l2_wish *wish,
		    struct v4l2_agreed *ret_agreed)
{
	struct v4l2_format format = {.type = type};
	int r;

	if (v4l2_type_is_multiplanar(type))
		write_multi(wish, &format.fmt.pix_mp);
	else
		write_single(wish, &format.fmt.pix);
	r = v4l2_node_ioctl(node, VIDIOC_S_FMT, &format);
	if (r < 0)
		return r;
	*ret_agreed = read_format(&format);
	return 0;
}

int v4l2_layout_get(const struct v4l2_node *node, uint32_t type, struct v4l2_agreed *ret_agreed)
{
	struct v4l2_format format = {.type = type};
	int r = v4l2_node_ioctl(node, VIDIOC_G_FMT, &format);

	if (r < 0)
		return r;
	*ret_agreed = read_format(&format);
	return 0;
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

	if (layout->pixels == AV_PIX_FMT_YUYV422)
		return 2 * width;
	return layout->pixels == AV_PIX_FMT_YUV420P && plane > 0 ? width / 2 : width;
}

/*
 * Places the planes of a pixel format. In one memory they follow each other, and the pitch of the
 * chroma of I420 is half of the first one's (the kernel's "Planar YUV formats").
 */
static void place(struct v4l2_layout *layout, const struct v4l2_agreed *agreed)
{
	uint32_t first = agreed->pitch[0] ? agreed->pitch[0] : line_bytes(layout, 0);
	uint32_t chroma_lines = (uint32_t)layout->height / 2;
	bool apart = agreed->n_memories > 1;

	set_plane(layout, 0, first, agreed->height);
	if (layout->pixels == AV_PIX_FMT_NV12)
		set_plane(layout, apart ? 1 : 0, apart ? agreed->pitch[1] : first, chroma_lines);
	if (layout->pixels == AV_PIX_FMT_YUV420P) {
		set_plane(layout, apart ? 1 : 0, apart ? agreed->pitch[1] : first / 2,
			  chroma_lines);
		set_plane(layout, apart ? 2 : 0, apart ? agreed->pitch[2] : first / 2,
			  chroma_lines);
	}
}

static bool is_sound(const struct v4l2_layout *layout, const struct v4l2_agreed *agreed)
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

static void set_colours(struct v4l2_layout *layout, const struct v4l2_agreed *agreed)
{
	uint32_t encoding = agreed->encoding;

	if (encoding == V4L2_YCBCR_ENC_DEFAULT)
		encoding = V4L2_MAP_YCBCR_ENC_DEFAULT(agreed->colorspace);
	layout->space = encoding == V4L2_YCBCR_ENC_709 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
	layout->range = agreed->quantization == V4L2_QUANTIZATION_FULL_RANGE ? AVCOL_RANGE_JPEG
									     : AVCOL_RANGE_MPEG;
}

static bool is_possible(const struct v4l2_pixels *pixels, const struct v4l2_agreed *agreed)
{
	return agreed->fourcc == pixels->fourcc && agreed->n_memories == pixels->n_memories &&
	       agreed->width >= V4L2_SIDE_MIN && agreed->width <= V4L2_SIDE_MAX &&
	       agreed->height >= V4L2_SIDE_MIN && agreed->height <= V4L2_SIDE_MAX &&
	       agreed->field != V4L2_FIELD_TOP && agreed->field != V4L2_FIELD_BOTTOM &&
	       agreed->field != V4L2_FIELD_ALTERNATE && agreed->pitch[0] <= PITCH_MAXIMUM;
}

bool v4l2_layout_make(const struct v4l2_pixels *pixels, const struct v4l2_agreed *agreed,
		      struct v4l2_layout *ret_layout)
{
	struct v4l2_layout layout = {
		.width = (int)agreed->width,
		.height = (int)agreed->height,
		.pixels = pixels->pixels,
		.n_memories = agreed->n_memories,
	};

	if (!is_possible(pixels, agreed))
		return false;
	set_colours(&layout, agreed);
	if (layout.pixels != AV_PIX_FMT_NONE) {
		/* drivers differ on the chroma of an odd last line or column; it is left out */
		layout.width &= ~1;
		layout.height &= ~1;
		place(&layout, agreed);
		if (!is_sound(&layout, agreed))
			return false;
	}
	*ret_layout = layout;
	return true;
}
