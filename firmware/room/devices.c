#include "room/devices.h"

#include <string.h>

#include "base/log.h"
#include "camera/camera.h"
#include "microphone/mic_stage.h"

#define SCREEN_REFRESH_HZ 60

int devices_create(struct devices *devices, const struct settings_board *board,
		   const struct room_drivers *drivers)
{
	const struct screen_format memory = {
		.width = board->screen_width,
		.height = board->screen_height,
		.refresh_hz = SCREEN_REFRESH_HZ,
	};
	const char *device = NULL;
	int r = 0;

	for (size_t i = 0; i < board->n_cameras && r == 0; i++) {
		device = board->cameras[i].device;
		r = drivers->camera(drivers->context, device, &devices->cams[i]);
	}
	if (r == 0) {
		device = board->microphone;
		r = drivers->microphone(drivers->context, device, &devices->mic);
	}
	for (size_t i = 0; i < board->n_sources && r == 0; i++) {
		device = board->sources[i].device;
		r = drivers->microphone(drivers->context, device, &devices->sources[i].mic);
	}
	if (r == 0) {
		device = board->speaker;
		r = drivers->speaker(drivers->context, device, &devices->speaker);
	}
	if (r == 0) {
		device = board->screen;
		r = drivers->screen(drivers->context, device, &memory, &devices->screen);
	}
	if (r < 0)
		log_error("room", "board file: \"%s\" cannot be used: %s", device, strerror(-r));
	return r;
}

/* A test sound is sent as it is: it measures what is on its way. */
static bool is_raw(const struct settings_board *board)
{
	return board->voice == SETTINGS_VOICE_RAW || strncmp(board->microphone, "test:", 5) == 0;
}

static int create_stage(struct devices *devices, const struct settings_board *board)
{
	struct front_end_config config = {
		.pick = (unsigned int)board->microphone_pick - 1,
		.order = FRONT_END_ECHO_FIRST,
		.beam = BEAM_SUPERDIRECTIVE,
		.cancels_echo = board->echo == SETTINGS_ECHO_CANCEL,
		.suppresses_noise = true,
	};
	char fault[SETTINGS_FAULT_BYTES];
	int r;

	if (is_raw(board))
		return mic_pick_create(config.pick, &devices->stage);
	r = geometry_parse(board->geometry, &config.geometry, fault, sizeof(fault));
	if (r < 0)
		return r;
	r = front_end_create(&config, &devices->front_end);
	if (r < 0)
		return r;
	devices->stage = front_end_stage(devices->front_end);
	return 0;
}

/* A microphone of people: its own echo, noise and level. */
static int create_source_stages(struct devices *devices, const struct settings_board *board)
{
	const struct front_end_config voice = {
		.cancels_echo = board->echo == SETTINGS_ECHO_CANCEL,
		.suppresses_noise = true,
	};
	int r = 0;

	for (size_t i = 0; i < board->n_sources && r == 0; i++) {
		struct sound_loop_source *source = &devices->sources[i];

		source->channel = (unsigned int)board->sources[i].pick - 1;
		if (is_raw(board) || board->sources[i].kind == SETTINGS_KIND_LINE) {
			r = mic_pick_create(0, &source->stage);
			continue;
		}
		r = front_end_create(&voice, &devices->source_front_ends[i]);
		if (r == 0)
			source->stage = front_end_stage(devices->source_front_ends[i]);
	}
	return r;
}

int devices_create_stages(struct devices *devices, const struct settings_board *board)
{
	int r = create_stage(devices, board);

	return r < 0 ? r : create_source_stages(devices, board);
}

void devices_destroy(struct devices *devices)
{
	for (size_t i = 0; i < SETTINGS_CAMERAS_MAX; i++)
		cam_destroy(devices->cams[i]);
	if (devices->stage)
		devices->stage->ops->destroy(devices->stage);
	if (devices->mic)
		devices->mic->ops->destroy(devices->mic);
	for (size_t i = 0; i < SETTINGS_SOURCES_MAX; i++) {
		struct sound_loop_source *source = &devices->sources[i];

		if (source->stage)
			source->stage->ops->destroy(source->stage);
		if (source->mic)
			source->mic->ops->destroy(source->mic);
	}
	if (devices->speaker)
		devices->speaker->ops->destroy(devices->speaker);
	screen_destroy(devices->screen);
}
