#include "room/pipeline.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "camera/capture.h"
#include "meeting/meeting.h"
#include "microphone/front_end.h"
#include "microphone/opus_out.h"
#include "room/devices.h"
#include "room/far_members.h"
#include "room/notice.h"
#include "room/secrecy.h"
#include "room/standin.h"
#include "screen/compose.h"
#include "sound/sound_loop.h"

#define OPUS_COMPLEXITY 5
#define JITTER_MIN_US (20 * CLOCK_US_PER_MS)
#define JITTER_MAX_US (200 * CLOCK_US_PER_MS)
/* The meeting asks at most once a second, but for each epoch, whose joiners see nothing before. */
#define KEYFRAME_GAP_US (100 * CLOCK_US_PER_MS)
/* Below this a face is not recognized any more. */
#define BITRATE_MIN_BPS 150000

/*
 *   cams ─► capture ─┬─► venc ──────────────┐                  ┌─► far_members ─► decode threads ─┐
 *                    └─► compose (own)      ├─► meeting ─► hub ─► meeting                         ▼
 *   mic ─► sound_loop ─► opus_out ──────────┘   └─ secrecy ─┘  └─► far_members ─► mixer        compose
 *              ▲                                                                    │             │
 *              └────────────────────────────────────────────────────────────────────┘          screen
 *              └─► speaker
 */
struct pipeline {
	struct settings_room room;
	struct settings_board board;

	struct devices devices;
	_Atomic size_t camera; /* index of the one in use */

	const struct room_drivers *drivers;
	struct standin *standin;
	struct compose *compose;
	struct notice *notice;
	struct mixer *mixer;
	struct far_members *far;
	struct secrecy *secrecy;
	struct meeting *meeting;
	struct venc *venc;
	struct opus_out *opus_out;
	struct sound_loop *sound_loop;
	struct capture *capture;
};

/* From the camera to the meeting */

static void on_captured(void *context, const AVFrame *picture)
{
	struct pipeline *pipeline = context;
	AVFrame *own = av_frame_clone(picture);

	venc_submit(pipeline->venc, picture);
	if (own)
		compose_show_own(pipeline->compose, own);
}

static const AVFrame *on_standin(void *context, enum cam_result why)
{
	struct pipeline *pipeline = context;

	return standin_picture(pipeline->standin, why);
}

static void on_packet(void *context, const AVPacket *packet)
{
	struct pipeline *pipeline = context;

	meeting_send_picture(pipeline->meeting, packet);
}

static void on_voice(void *context, uint32_t sequence, int64_t capture_us, const uint8_t *data,
		     size_t length)
{
	struct pipeline *pipeline = context;

	meeting_send_sound(pipeline->meeting, sequence, capture_us, data, length);
}

/* From the meeting to screen and speaker */

static void on_roster(void *context, const struct message_roster *roster, uint16_t you)
{
	struct pipeline *pipeline = context;
	struct message_want want;

	secrecy_roster(pipeline->secrecy, roster);
	far_members_update(pipeline->far, roster, you, &want);
	notice_members(pipeline->notice, roster->count);
	meeting_want(pipeline->meeting, &want);
}

static void on_object(void *context, const struct object_header *header, const uint8_t *payload,
		      size_t length, int64_t arrival_us, int64_t capture_us)
{
	struct pipeline *pipeline = context;

	far_members_object(pipeline->far, header, payload, length, arrival_us, capture_us);
}

static void on_need_keyframe(void *context, struct message_track_layer layer)
{
	struct pipeline *pipeline = context;

	meeting_request_keyframe(pipeline->meeting, layer);
}

static void on_keyframe_wanted(void *context)
{
	struct pipeline *pipeline = context;

	venc_force_keyframe(pipeline->venc);
}

static void on_bitrate(void *context, int64_t bitrate_bps)
{
	struct pipeline *pipeline = context;

	venc_set_bitrate(pipeline->venc, bitrate_bps);
}

static void on_state(void *context, const struct meeting_state *state)
{
	struct pipeline *pipeline = context;

	notice_state(pipeline->notice, state);
}

static void on_group(void *context, const struct meeting_group_event *event)
{
	struct pipeline *pipeline = context;

	secrecy_group(pipeline->secrecy, event);
}

static void on_misdeed(void *context, enum meeting_misdeed misdeed, uint16_t member)
{
	struct pipeline *pipeline = context;

	(void)member;
	secrecy_misdeed(pipeline->secrecy, misdeed);
}

/* From secrecy to screen and names */

static void on_secrecy(void *context, const struct secrecy_state *state)
{
	struct pipeline *pipeline = context;

	far_members_set_clear(pipeline->far, state->phase == SECRECY_CLEAR);
	notice_secrecy(pipeline->notice, state);
}

static void on_people(void *context, const struct call_member *people, size_t n)
{
	struct pipeline *pipeline = context;

	far_members_set_people(pipeline->far, people, n);
}

static void on_changed(void *context)
{
	struct pipeline *pipeline = context;

	notice_changed(pipeline->notice);
}

static void on_refused(void *context, const struct call_refusal *refusal)
{
	struct pipeline *pipeline = context;

	notice_refused(pipeline->notice, refusal);
}

static void on_deceived(void *context)
{
	struct pipeline *pipeline = context;

	notice_deceived(pipeline->notice);
}

static void on_tick(void *context)
{
	struct pipeline *pipeline = context;

	notice_tick(pipeline->notice);
}

/* Creation: screen and what is shown */

static int create_screen(struct pipeline *pipeline)
{
	const struct settings_room *room = &pipeline->room;
	const enum words_language language = (enum words_language)room->language;
	const struct compose_settings compose = {.screen = pipeline->devices.screen,
						 .language = language};
	int r = standin_create(room->width, room->height, language, &pipeline->standin);

	if (r == 0)
		r = compose_create(&compose, &pipeline->compose);
	if (r == 0) {
		const struct notice_config notice = {
			.compose = pipeline->compose,
			.language = language,
			.meeting = room->meeting,
			.hub = room->hub.host,
		};

		r = notice_create(&notice, &pipeline->notice);
	}
	return r;
}

/* Creation: the far members, their decoders and their voices */

static int create_far(struct pipeline *pipeline)
{
	const struct mixer_config mixer = {
		.delay_min_us = JITTER_MIN_US,
		.delay_max_us = JITTER_MAX_US,
	};
	const struct settings_list *decoders = &pipeline->board.decoders;
	struct far_members_config config = {
		.compose = pipeline->compose,
		.language = (enum words_language)pipeline->room.language,
		.decoder = {.kinds = pipeline->drivers->decoders,
			    .n_kinds = pipeline->drivers->n_decoders,
			    .n_names = decoders->count},
		.need_keyframe = on_need_keyframe,
		.context = pipeline,
	};
	int r = mixer_create(&mixer, &pipeline->mixer);

	if (r < 0)
		return r;
	for (size_t i = 0; i < decoders->count; i++)
		config.decoder.names[i] = decoders->names[i];
	config.mixer = pipeline->mixer;
	return far_members_create(&config, &pipeline->far);
}

/* Creation: the call */

static uint64_t now_s(void *context)
{
	const struct room_drivers *drivers = context;

	return drivers->wall_clock ? drivers->wall_clock(drivers->context) : (uint64_t)time(NULL);
}

static int create_secrecy(struct pipeline *pipeline)
{
	const struct secrecy_config config = {
		.settings = &pipeline->room.secrecy,
		.name = pipeline->room.name,
		.meeting = pipeline->room.meeting,
		.now_s = now_s,
		.clock = (void *)(uintptr_t)pipeline->drivers,
		.events = {.state = on_secrecy,
			   .people = on_people,
			   .changed = on_changed,
			   .refused = on_refused,
			   .deceived = on_deceived,
			   .tick = on_tick},
		.context = pipeline,
	};

	return secrecy_create(&config, &pipeline->secrecy);
}

static int create_meeting(struct pipeline *pipeline)
{
	const struct settings_room *room = &pipeline->room;
	const struct meeting_config config = {
		.host = room->hub.host,
		.port = room->hub.port,
		.path = room->hub.path,
		.meeting = room->meeting,
		.ca = room->ca,
		.certificate = room->certificate,
		.key = room->key,
		.camera = {.width = (uint16_t)room->width,
			   .height = (uint16_t)room->height,
			   .bitrate = (uint32_t)room->bitrate_kbps * 1000},
		.bitrate_min_bps = BITRATE_MIN_BPS,
		.events = {.state = on_state,
			   .roster = on_roster,
			   .object = on_object,
			   .keyframe_wanted = on_keyframe_wanted,
			   .bitrate = on_bitrate,
			   .misdeed = on_misdeed,
			   .group = on_group},
		.context = pipeline,
		.cipher = media_keys_cipher(),
		.cipher_context = secrecy_keys(pipeline->secrecy),
	};

	return meeting_create(&config, &pipeline->meeting);
}

static int create_encoder(struct pipeline *pipeline)
{
	const struct settings_board *board = &pipeline->board;
	const struct venc_config config = {
		.order = board->encoders.names,
		.n_order = board->encoders.count,
		.kinds = pipeline->drivers->encoders,
		.n_kinds = pipeline->drivers->n_encoders,
		.bitrate_bps = (int64_t)pipeline->room.bitrate_kbps * 1000,
		.threads = board->encoder_threads,
		.tuning = {.device = board->encoder_device[0] ? board->encoder_device : NULL,
			   .variable_rate = board->encoder_rate,
			   .high_profile = board->encoder_profile,
			   .qp_min = board->encoder_qp_min,
			   .qp_max = board->encoder_qp_max,
			   .layers = board->encoder_layers},
		.keyframe_gap_us = KEYFRAME_GAP_US,
		.keyframe_every_us = pipeline->room.keyframe_s * CLOCK_US_PER_S,
		.on_packet = on_packet,
		.context = pipeline,
	};

	return venc_create(&config, &pipeline->venc);
}

int pipeline_create(const struct settings_room *room, const struct settings_board *board,
		    const struct room_drivers *drivers, struct pipeline **ret_pipeline)
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
	int r;

	if (!pipeline)
		return -ENOMEM;
	pipeline->room = *room;
	pipeline->board = *board;
	pipeline->drivers = drivers;
	r = devices_create(&pipeline->devices, &pipeline->board, drivers);
	if (r == 0)
		r = create_screen(pipeline);
	if (r == 0)
		r = create_far(pipeline);
	if (r == 0)
		r = create_secrecy(pipeline);
	if (r == 0)
		r = create_meeting(pipeline);
	if (r == 0)
		r = create_encoder(pipeline);
	if (r < 0) {
		pipeline_destroy(pipeline);
		return r;
	}
	*ret_pipeline = pipeline;
	return 0;
}

/* Start: what has threads of its own and feeds the others comes last */

static int start_sound(struct pipeline *pipeline)
{
	const struct opus_out_config voice = {
		.bitrate = (unsigned int)pipeline->room.sound_bitrate_kbps * 1000,
		.complexity = OPUS_COMPLEXITY,
		.sink = on_voice,
		.context = pipeline,
	};
	struct sound_loop_config loop = {
		.mic = pipeline->devices.mic,
		.speaker = pipeline->devices.speaker,
		.stages = &pipeline->devices.stage,
		.stage_count = 1,
		.sources = pipeline->devices.sources,
		.source_count = pipeline->board.n_sources,
		.mixer = pipeline->mixer,
	};
	int r = devices_create_stages(&pipeline->devices, &pipeline->board);

	if (r == 0)
		r = opus_out_create(&voice, &pipeline->opus_out);
	loop.opus_out = pipeline->opus_out;
	return r < 0 ? r : sound_loop_create(&loop, &pipeline->sound_loop);
}

static int start_camera(struct pipeline *pipeline)
{
	const struct settings_board *board = &pipeline->board;
	struct capture_camera cameras[SETTINGS_CAMERAS_MAX];
	struct capture_config config = {
		.cameras = cameras,
		.n_cameras = board->n_cameras,
		.want = {.width = pipeline->room.width,
			 .height = pipeline->room.height,
			 .fps = pipeline->room.fps,
			 .n_formats = board->formats.count},
		.convert_to = AV_PIX_FMT_YUV420P,
		.on_picture = on_captured,
		.standin = on_standin,
		.context = pipeline,
	};

	if (board->n_cameras == 0)
		return 0;
	for (size_t i = 0; i < board->n_cameras; i++)
		cameras[i] =
			(struct capture_camera){board->cameras[i].name, pipeline->devices.cams[i]};
	for (size_t i = 0; i < board->formats.count; i++) {
		if (cam_format_from_name(board->formats.names[i], &config.want.formats[i]) < 0)
			return -EINVAL;
	}
	return capture_create(&config, &pipeline->capture);
}

int pipeline_start(struct pipeline *pipeline)
{
	int r = start_sound(pipeline);

	if (r == 0)
		r = start_camera(pipeline);
	return r < 0 ? r : secrecy_start(pipeline->secrecy, pipeline->meeting);
}

/*
 * Secrecy, which starts the meeting, and the meeting first: after them nothing calls from outside.
 * Then each end before what it feeds.
 */
void pipeline_destroy(struct pipeline *pipeline)
{
	if (!pipeline)
		return;
	if (pipeline->secrecy)
		secrecy_stop(pipeline->secrecy);
	if (pipeline->meeting)
		meeting_stop(pipeline->meeting);
	capture_destroy(pipeline->capture);
	venc_destroy(pipeline->venc);
	sound_loop_destroy(pipeline->sound_loop);
	opus_out_destroy(pipeline->opus_out);
	far_members_destroy(pipeline->far);
	meeting_destroy(pipeline->meeting);
	secrecy_destroy(pipeline->secrecy);
	mixer_destroy(pipeline->mixer);
	notice_destroy(pipeline->notice);
	compose_destroy(pipeline->compose);
	standin_destroy(pipeline->standin);
	devices_destroy(&pipeline->devices);
	free(pipeline);
}

/* What others ask */

json_t *pipeline_status(struct pipeline *pipeline)
{
	json_t *camera = pipeline->capture ? capture_status(pipeline->capture) : json_null();
	json_t *front_end = pipeline->devices.front_end
				    ? front_end_to_json(pipeline->devices.front_end)
				    : json_null();

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "camera", camera,
			 "encoder", venc_status(pipeline->venc), "sound",
			 sound_loop_to_json(pipeline->sound_loop), "front_end", front_end, "voice",
			 opus_out_to_json(pipeline->opus_out), "meeting",
			 meeting_status(pipeline->meeting), "secrecy",
			 secrecy_status(pipeline->secrecy), "members",
			 far_members_status(pipeline->far), "screen",
			 compose_status(pipeline->compose), "notice",
			 notice_status(pipeline->notice));
}

int pipeline_copy_screen(struct pipeline *pipeline, uint64_t *serial, int64_t deadline_us,
			 AVFrame **ret_picture)
{
	return compose_copy(pipeline->compose, serial, deadline_us, ret_picture);
}

struct cam *pipeline_camera(struct pipeline *pipeline)
{
	return pipeline->devices.cams[pipeline->camera];
}

int pipeline_select_camera(struct pipeline *pipeline, const char *name)
{
	for (size_t i = 0; i < pipeline->board.n_cameras; i++) {
		if (strcmp(pipeline->board.cameras[i].name, name) == 0) {
			pipeline->camera = i;
			return capture_select(pipeline->capture, name);
		}
	}
	return -ENOENT;
}

int pipeline_set_echo(struct pipeline *pipeline, bool cancels_echo)
{
	if (!pipeline->devices.front_end)
		return -ENODEV;
	front_end_set_echo(pipeline->devices.front_end, cancels_echo);
	for (size_t i = 0; i < pipeline->board.n_sources; i++)
		if (pipeline->devices.source_front_ends[i])
			front_end_set_echo(pipeline->devices.source_front_ends[i], cancels_echo);
	return 0;
}

void pipeline_set_muted(struct pipeline *pipeline, bool is_muted)
{
	opus_out_set_muted(pipeline->opus_out, is_muted);
}

int pipeline_test_sound(struct pipeline *pipeline, int64_t deadline_us, json_t **ret_faults)
{
	struct geometry geometry;
	char fault[SETTINGS_FAULT_BYTES];
	int r = geometry_parse(pipeline->board.geometry, &geometry, fault, sizeof(fault));

	return r < 0 ? r
		     : sound_loop_test(pipeline->sound_loop, &geometry, deadline_us, ret_faults);
}

bool pipeline_healthy(struct pipeline *pipeline)
{
	return compose_healthy(pipeline->compose);
}
