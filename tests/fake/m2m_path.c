#include "tests/fake/m2m_path.h"

#include "base/clock.h"
#include "camera/encode_avcodec.h"
#include "drivers/camera_v4l2.h"
#include "drivers/encode_m2m.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void m2m_path_die(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(EXIT_FAILURE);
}

static const AVFrame *on_standin(void *context, enum cam_result why)
{
	(void)context;
	printf("# camera: %s\n", cam_result_name(why));
	return NULL;
}

void m2m_path_start_camera(struct m2m_path *path, int width, int height)
{
	const struct capture_camera camera = {.name = "vivid", .cam = path->cam};
	const struct capture_config config = {
		.cameras = &camera,
		.n_cameras = 1,
		.want = {.width = width,
			 .height = height,
			 .fps = 10,
			 .formats = {CAM_FORMAT_NV12, CAM_FORMAT_I420},
			 .n_formats = 2},
		.convert_to = AV_PIX_FMT_YUV420P,
		.on_picture = path->config.on_picture,
		.standin = on_standin,
		.context = path->config.context,
	};

	if (capture_create(&config, &path->capture) < 0)
		m2m_path_die("no capture");
}

static void open_encoder(struct m2m_path *path)
{
	const char *const order[] = {path->config.encoder, "libx264"};
	size_t count;
	const struct venc_config config = {
		.order = order,
		.n_order = 2,
		.kinds = path->kinds,
		.n_kinds = sizeof(path->kinds) / sizeof(path->kinds[0]),
		.bitrate_bps = path->config.bitrate_bps,
		.threads = 1,
		.on_packet = path->config.on_packet,
		.context = path->config.context,
		.stall_us = path->config.stall_us,
		.quiet_us = CLOCK_US_PER_S,
		.trial_first_us = CLOCK_US_PER_S,
		.trial_limit_us = CLOCK_US_PER_S,
	};

	path->kinds[0] = encode_m2m_kind(NULL);
	memcpy(path->kinds + 1, venc_avcodec_kinds(&count), 2 * sizeof(path->kinds[0]));
	if (venc_create(&config, &path->venc) < 0)
		m2m_path_die("no encoder");
}

void m2m_path_open(struct m2m_path *path, const struct m2m_path_config *config)
{
	*path = (struct m2m_path){.config = *config};
	if (camera_v4l2_create("vivid", NULL, &path->cam) < 0)
		m2m_path_die("no camera");
	open_encoder(path);
	m2m_path_start_camera(path, config->width, config->height);
}

void m2m_path_stop_camera(struct m2m_path *path)
{
	capture_destroy(path->capture);
	path->capture = NULL;
}

void m2m_path_close(struct m2m_path *path)
{
	m2m_path_stop_camera(path);
	venc_destroy(path->venc);
	cam_destroy(path->cam);
}

void m2m_path_get_text(struct m2m_path *path, const char *key, char *text, size_t size)
{
	json_t *status = venc_status(path->venc);
	const json_t *value = json_object_get(status, key);

	if (json_is_integer(value))
		snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		snprintf(text, size, "%s", value ? json_string_value(value) : "");
	json_decref(status);
}
