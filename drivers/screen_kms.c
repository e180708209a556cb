#include "drivers/screen_kms.h"

#include <errno.h>
#include <libswscale/swscale.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

#include "drivers/kms_buffer.h"
#include "drivers/kms_device.h"
#include "screen/paint.h"

#define BUFFERS 2
/* A display that refreshes at all does it many times within this. */
#define FLIP_DEADLINE_MS 3000

/*
 *     compositor ──► picture (memory) ──convert rows──► buffer not shown ──flip──► display
 *
 * The display's buffers are only written: reading what is mapped for a display is slow.
 */
struct screen_kms {
	struct screen base;
	int fd; /* -1: closed */
	struct kms_pipe pipe;
	uint32_t mode_blob; /* 0: none */
	uint32_t format;    /* of the buffers */
	struct kms_buffer buffers[BUFFERS];
	int shown;  /* index of the buffer on display */
	bool flips; /* to the other one, until the kernel says that it is done */
	AVFrame *picture;
	int age;
	struct SwsContext *context; /* converts context_height rows of this size and format */
	int context_height;
	struct screen_rect before; /* what the last present() changed, for the other buffer */
	char device[];             /* its file, or "auto" */
};

static const struct screen_ops kms_ops;

static struct screen_kms *from_screen(struct screen *screen)
{
	return screen->ops == &kms_ops ? (struct screen_kms *)screen : NULL;
}

__attribute__((format(printf, 2, 3))) static enum screen_result failed(struct screen_kms *kms,
								       const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(kms->base.reason, sizeof(kms->base.reason), format, arguments);
	va_end(arguments);
	return SCREEN_FAILED;
}

static void close_buffers(struct screen_kms *kms)
{
	for (int i = 0; i < BUFFERS; i++)
		kms_buffer_close(kms->fd, &kms->buffers[i]);
}

static void kms_close(struct screen *screen)
{
	struct screen_kms *kms = from_screen(screen);

	if (kms->fd < 0)
		return;
	close_buffers(kms);
	if (kms->mode_blob)
		drmModeDestroyPropertyBlob(kms->fd, kms->mode_blob);
	kms->mode_blob = 0;
	close(kms->fd);
	kms->fd = -1;
	av_frame_free(&kms->picture);
	sws_freeContext(kms->context);
	kms->context = NULL;
}

static int open_buffers(struct screen_kms *kms)
{
	int ret = 0;

	for (int i = 0; i < BUFFERS && ret == 0; i++)
		ret = kms_buffer_open(kms->fd, kms->format, kms->pipe.mode.hdisplay,
				      kms->pipe.mode.vdisplay, &kms->buffers[i]);
	if (ret < 0)
		close_buffers(kms);
	return ret;
}

/* One property of a request. */
struct setting {
	uint32_t object, property;
	uint64_t value;
};

/* Commits settings, those of property 0 left out. Returns 0 or -errno. */
static int commit(struct screen_kms *kms, const struct setting *settings, size_t n, uint32_t flags)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	int ret = request ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && ret >= 0; i++) {
		if (settings[i].property)
			ret = drmModeAtomicAddProperty(request, settings[i].object,
						       settings[i].property, settings[i].value);
	}
	if (ret >= 0 && drmModeAtomicCommit(kms->fd, request, flags, kms) != 0)
		ret = -errno;
	drmModeAtomicFree(request);
	return ret < 0 ? ret : 0;
}

/* Switches the display to the mode, showing buffer 0. */
static int set_mode(struct screen_kms *kms)
{
	const struct kms_pipe *pipe = &kms->pipe;
	uint64_t width = pipe->mode.hdisplay, height = pipe->mode.vdisplay;
	const struct setting settings[] = {
		{pipe->connector, pipe->connector_crtc_id, pipe->crtc},
		{pipe->crtc, pipe->crtc_mode_id, kms->mode_blob},
		{pipe->crtc, pipe->crtc_active, 1},
		{pipe->plane, pipe->plane_fb_id, kms->buffers[0].fb},
		{pipe->plane, pipe->plane_crtc_id, pipe->crtc},
		/* 16.16 fixed point */
		{pipe->plane, pipe->src_x, 0},
		{pipe->plane, pipe->src_y, 0},
		{pipe->plane, pipe->src_w, width << 16},
		{pipe->plane, pipe->src_h, height << 16},
		{pipe->plane, pipe->crtc_x, 0},
		{pipe->plane, pipe->crtc_y, 0},
		{pipe->plane, pipe->crtc_w, width},
		{pipe->plane, pipe->crtc_h, height},
		{pipe->plane, pipe->color_encoding, pipe->bt709},
		{pipe->plane, pipe->color_range, pipe->limited_range},
	};

	return commit(kms, settings, sizeof(settings) / sizeof(settings[0]),
		      DRM_MODE_ATOMIC_ALLOW_MODESET);
}

/* Buffers and mode in the first format that the device really takes. */
static int start(struct screen_kms *kms)
{
	int ret = -EINVAL;

	for (size_t i = 0; i < kms->pipe.n_formats; i++) {
		kms->format = kms->pipe.formats[i];
		ret = open_buffers(kms);
		if (ret < 0)
			continue;
		ret = set_mode(kms);
		if (ret == 0)
			return 0;
		close_buffers(kms);
	}
	return ret;
}

static enum screen_result kms_open(struct screen *screen, struct screen_format *ret_format)
{
	struct screen_kms *kms = from_screen(screen);
	const drmModeModeInfo *mode = &kms->pipe.mode;
	enum screen_result result;
	int ret;

	result = kms_device_open(kms->device, &kms->fd, &kms->pipe, screen->reason,
				 sizeof(screen->reason));
	if (result != SCREEN_OK) {
		kms->fd = -1;
		return result;
	}
	kms->picture = paint_frame_create(mode->hdisplay, mode->vdisplay);
	ret = kms->picture ? 0 : -ENOMEM;
	if (ret == 0 &&
	    drmModeCreatePropertyBlob(kms->fd, mode, sizeof(*mode), &kms->mode_blob) != 0)
		ret = -errno;
	if (ret == 0)
		ret = start(kms);
	if (ret < 0) {
		kms_close(screen);
		return failed(kms, "the display cannot be switched to %s: %s", mode->name,
			      strerror(-ret));
	}
	kms->age = 0;
	kms->shown = 0;
	kms->flips = false;
	kms->before = (struct screen_rect){0, 0, mode->hdisplay, mode->vdisplay};
	*ret_format = kms_mode_format(mode);
	return SCREEN_OK;
}

static void on_flip(int fd, unsigned int sequence, unsigned int seconds, unsigned int microseconds,
		    unsigned int crtc, void *context)
{
	struct screen_kms *kms = context;

	(void)fd;
	(void)sequence;
	(void)seconds;
	(void)microseconds;
	(void)crtc;
	kms->flips = false;
	kms->shown = !kms->shown;
}

static enum screen_result wait_for_flip(struct screen_kms *kms)
{
	drmEventContext events = {.version = 3, .page_flip_handler2 = on_flip};

	while (kms->flips) {
		struct pollfd poll_fd = {.fd = kms->fd, .events = POLLIN};
		int n = poll(&poll_fd, 1, FLIP_DEADLINE_MS);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return failed(kms, "the display takes no more pictures");
		if (drmHandleEvent(kms->fd, &events) != 0)
			return failed(kms, "the display tells nothing any more: %s",
				      strerror(errno));
	}
	return SCREEN_OK;
}

static enum screen_result kms_begin(struct screen *screen, AVFrame **ret_target, int *ret_age)
{
	struct screen_kms *kms = from_screen(screen);
	enum screen_result result = wait_for_flip(kms);

	if (result != SCREEN_OK)
		return result;
	*ret_target = kms->picture;
	*ret_age = kms->age;
	return SCREEN_OK;
}

/* The smallest that holds both. */
static struct screen_rect around(struct screen_rect a, struct screen_rect b)
{
	int left = a.x < b.x ? a.x : b.x;
	int top = a.y < b.y ? a.y : b.y;
	int right = a.x + a.width > b.x + b.width ? a.x + a.width : b.x + b.width;
	int bottom = a.y + a.height > b.y + b.height ? a.y + a.height : b.y + b.height;

	return (struct screen_rect){left, top, right - left, bottom - top};
}

/* Made anew for another height only: its tables cost more than a small conversion. */
static int ensure_context(struct screen_kms *kms, int height)
{
	const AVFrame *picture = kms->picture;
	enum AVPixelFormat format = kms_pixel_format(kms->format);

	if (kms->context && kms->context_height == height)
		return 0;
	sws_freeContext(kms->context);
	kms->context = sws_getContext(picture->width, height, picture->format, picture->width,
				      height, format, SWS_POINT, NULL, NULL, NULL);
	if (!kms->context)
		return -ENOMEM;
	kms->context_height = height;
	/* BT.709 of limited range to RGB of full range; YCbCr stays what it is. */
	sws_setColorspaceDetails(kms->context, sws_getCoefficients(SWS_CS_ITU709), 0,
				 sws_getCoefficients(SWS_CS_ITU709), format == AV_PIX_FMT_BGR0, 0,
				 1 << 16, 1 << 16);
	return 0;
}

/* Brings whole rows of the picture into a buffer. */
static int convert_rows(struct screen_kms *kms, struct kms_buffer *buffer, int top, int height)
{
	const AVFrame *picture = kms->picture;
	const uint8_t *from[4] = {0};
	uint8_t *to[4] = {0};
	int pitches[4] = {0};

	if (ensure_context(kms, height) < 0)
		return -ENOMEM;
	for (int i = 0; i < 3; i++)
		from[i] = picture->data[i] + (ptrdiff_t)(i ? top / 2 : top) * picture->linesize[i];
	for (int i = 0; i < buffer->layout.n_planes; i++) {
		pitches[i] = (int)buffer->layout.pitches[i];
		to[i] = buffer->data + buffer->layout.offsets[i] +
			(ptrdiff_t)(i ? top / 2 : top) * pitches[i];
	}
	return sws_scale(kms->context, from, picture->linesize, 0, height, to, pitches) == height
		       ? 0
		       : -EIO;
}

static enum screen_result kms_present(struct screen *screen, const struct screen_rect *damage,
				      size_t n_damage)
{
	struct screen_kms *kms = from_screen(screen);
	struct kms_buffer *buffer = &kms->buffers[!kms->shown];
	struct screen_rect now = {0}, both;
	int ret = 0;

	kms->age = 1;
	if (n_damage == 0)
		return SCREEN_OK;
	now = damage[0];
	for (size_t i = 1; i < n_damage; i++)
		now = around(now, damage[i]);
	/* This buffer has not seen the picture before. */
	both = around(now, kms->before);
	ret = convert_rows(kms, buffer, both.y, both.height);
	if (ret == 0)
		ret = commit(kms,
			     &(struct setting){kms->pipe.plane, kms->pipe.plane_fb_id, buffer->fb},
			     1, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT);
	if (ret < 0)
		return failed(kms, "the display refuses a picture: %s", strerror(-ret));
	kms->before = now;
	kms->flips = true;
	return SCREEN_OK;
}

static enum screen_result kms_check(struct screen *screen)
{
	struct screen_kms *kms = from_screen(screen);
	enum screen_result result = kms_device_check(kms->fd, &kms->pipe);

	if (result != SCREEN_OK)
		snprintf(screen->reason, sizeof(screen->reason), "the display was unplugged");
	return result;
}

static void kms_destroy(struct screen *screen)
{
	struct screen_kms *kms = from_screen(screen);

	kms_close(screen);
	free(kms);
}

static const struct screen_ops kms_ops = {
	.open = kms_open,
	.begin = kms_begin,
	.present = kms_present,
	.check = kms_check,
	.close = kms_close,
	.destroy = kms_destroy,
};

int screen_kms_create(const char *device, struct screen **ret_screen)
{
	size_t size = strlen(device) + 1;
	struct screen_kms *kms;

	if (strcmp(device, "auto") != 0 && strncmp(device, "/dev/", 5) != 0)
		return -EINVAL;
	kms = calloc(1, sizeof(*kms) + size);
	if (!kms)
		return -ENOMEM;
	kms->base.ops = &kms_ops;
	kms->fd = -1;
	memcpy(kms->device, device, size);
	*ret_screen = &kms->base;
	return 0;
}
