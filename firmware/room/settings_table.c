#include "room/settings_table.h"

#include <string.h>

#include "meeting/message.h"
#include "microphone/geometry.h"
#include "room/settings.h"

static const char *const languages[] = {"id", "en", NULL};
static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const formats[] = {"nv12", "i420", "yuyv", "mjpeg", NULL};
static const char *const encoders[] = {"auto", "encode_m2m", "h264_v4l2m2m", "libx264", NULL};
static const char *const decoders[] = {"auto", "decode_m2m", "h264_v4l2m2m", "h264", NULL};
static const char *const rates[] = {"constant", "variable", NULL};
static const char *const profiles[] = {"baseline", "high", NULL};
static const char *const voices[] = {"raw", "clear", NULL};
static const char *const kinds[] = {"microphone", "line", NULL};
static const char *const echoes[] = {"cancel", "done", NULL};
/* enum settings_secrecy_mode. A room file has not the last of them. */
static const char *const room_modes[] = {"require", "allow", NULL};
static const char *const modes[] = {"require", "allow", "off", NULL};
static const char *const answers[] = {"no", "yes", NULL};

static bool is_name_or_empty(const char *text)
{
	return text[0] == '\0' || message_is_name(text);
}

static bool is_path(const char *text)
{
	return text[0] == '/';
}

static bool is_path_or_empty(const char *text)
{
	return text[0] == '\0' || is_path(text);
}

/* What follows `prefix`, or NULL. */
static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

static bool is_file(const char *text)
{
	const char *path = after(text, "file:");

	return path && path[0] != '\0';
}

/* Whether it is a good one is told with its reason, after the whole file. */
static bool is_geometry(const char *text)
{
	return text[0] != '\0';
}

/* The digit tells rooms on one machine apart. */
static bool is_test(const char *text)
{
	const char *digit = after(text, "test:");

	return digit && (digit[0] == '\0' || (strchr("01234567", digit[0]) && digit[1] == '\0'));
}

static bool is_camera(const char *text)
{
	return strcmp(text, "auto") == 0 || strcmp(text, "none") == 0 || after(text, "/dev/") ||
	       is_file(text) || is_test(text);
}

static bool is_codec(const char *text)
{
	return text[0] != '\0' && (text[0] != '/' || after(text, "/dev/"));
}

/* "auto" and "none" are one word like an ALSA name; whether a card has it shows when it is opened. */
static bool is_sound_device(const char *text)
{
	return text[0] != '\0' && !strpbrk(text, " \t") && !after(text, "file:") &&
	       !after(text, "test:");
}

static bool is_speaker(const char *text)
{
	return is_sound_device(text) || is_file(text);
}

static bool is_microphone(const char *text)
{
	return is_speaker(text) || is_test(text);
}

static bool is_screen(const char *text)
{
	return strcmp(text, "memory") == 0 || strcmp(text, "kms:auto") == 0 ||
	       after(text, "kms:/dev/dri/card");
}

#define ROW(section_, key_, struct_, member_)                                                      \
	.section = (section_), .key = (key_), .offset = offsetof(struct struct_, member_),         \
	.size = sizeof(((struct struct_ *)NULL)->member_)
#define RANGE(minimum_, maximum_, step_)                                                           \
	.minimum = (minimum_), .maximum = (maximum_), .step = (step_)
#define PATH .is_valid = is_path, .form = "an absolute path"
#define PATH_OR_EMPTY                                                                              \
	.initial = "", .is_valid = is_path_or_empty, .form = "empty or an absolute path"

#define NAME_FORM "text without control characters"
#define MEETING_FORM "a name of the characters a-z 0-9 -"
#define CAMERA_FORM "auto, none, /dev/videoN, file:PATH, test: or test:0 to test:7"
#define MICROPHONE_FORM "auto, none, an ALSA name, file:PATH, test: or test:0 to test:7"
#define SPEAKER_FORM "auto, none, an ALSA name or file:PATH"
#define CODEC_FORM "auto, /dev/videoN or the name of a card"
#define SCREEN_FORM "kms:auto, kms:/dev/dri/cardN or memory"

const struct settings_table *settings_room_table(void)
{
	static const struct setting rows[] = {
		{ROW("room", "name", settings_room, name), .type = SETTING_TEXT, .initial = "",
		 .is_valid = is_name_or_empty, .form = NAME_FORM,
		 .help = "name shown to the others; empty: as in the certificate"},
		{ROW("room", "language", settings_room, language), .type = SETTING_CHOICE,
		 .initial = "id", .choices = languages,
		 .help = "language of the texts on the screen"},
		{ROW("room", "control_socket", settings_room, control_socket), .type = SETTING_TEXT,
		 .initial = "/run/balai/control.sock", PATH,
		 .help = "where balaictl reaches the room"},
		{ROW("meeting", "url", settings_room, hub), .type = SETTING_HUB,
		 .help = "address of the hub"},
		{ROW("meeting", "meeting", settings_room, meeting), .type = SETTING_TEXT,
		 .is_valid = message_is_meeting, .form = MEETING_FORM,
		 .help = "the meeting to join"},
		{ROW("meeting", "ca", settings_room, ca), .type = SETTING_TEXT, PATH,
		 .help = "PEM file with the CA that the hub has its certificate from"},
		{ROW("meeting", "certificate", settings_room, certificate), .type = SETTING_TEXT,
		 PATH, .help = "PEM file with this box's certificate, which the hub sees"},
		{ROW("meeting", "key", settings_room, key), .type = SETTING_TEXT, PATH,
		 .help = "PEM file with the key of that certificate"},
		{ROW("secrecy", "authorities", settings_room, secrecy.authorities),
		 .type = SETTING_TEXT, PATH,
		 .help = "PEM file with the authorities that say which room is which"},
		{ROW("secrecy", "revoked", settings_room, secrecy.revoked), .type = SETTING_TEXT,
		 PATH_OR_EMPTY, .help = "PEM file with their lists of revoked certificates"},
		{ROW("secrecy", "certificate", settings_room, secrecy.certificate),
		 .type = SETTING_TEXT, PATH_OR_EMPTY,
		 .help = "PEM file with what one of them says of this room; empty: it is a guest"},
		{ROW("secrecy", "key", settings_room, secrecy.key), .type = SETTING_TEXT,
		 PATH_OR_EMPTY, .help = "PEM file with the key of that certificate"},
		{ROW("secrecy", "psk", settings_room, secrecy.psk), .type = SETTING_TEXT,
		 PATH_OR_EMPTY, .help = "file of 32 secret bytes that all rooms have; empty: none"},
		{ROW("secrecy", "psk_id", settings_room, secrecy.psk_id), .type = SETTING_TEXT,
		 .initial = "office", .is_valid = message_is_name, .form = NAME_FORM,
		 .help = "what those bytes are called, in all rooms alike"},
		{ROW("secrecy", "mode", settings_room, secrecy.mode), .type = SETTING_CHOICE,
		 .initial = "require", .choices = room_modes,
		 .form = "require or allow (off is for the centre's policy file)",
		 .help = "require: end-to-end encrypted or not at all; allow: also in clear"},
		{ROW("secrecy", "guests", settings_room, secrecy.guests), .type = SETTING_CHOICE,
		 .initial = "no", .choices = answers,
		 .help = "whether members may come whom no authority knows"},
		{ROW("picture", "width", settings_room, width), .type = SETTING_INT,
		 .initial = "1280", RANGE(160, 3840, 2),
		 .help = "width of the picture sent, in pixels"},
		{ROW("picture", "height", settings_room, height), .type = SETTING_INT,
		 .initial = "720", RANGE(90, 2160, 2),
		 .help = "height of the picture sent, in pixels"},
		{ROW("picture", "fps", settings_room, fps), .type = SETTING_INT, .initial = "30",
		 RANGE(1, 60, 1), .help = "pictures a second"},
		{ROW("picture", "bitrate_kbps", settings_room, bitrate_kbps), .type = SETTING_INT,
		 .initial = "2500", RANGE(50, 50000, 1),
		 .help = "bit rate of the picture sent, at most"},
		{ROW("picture", "keyframe_s", settings_room, keyframe_s), .type = SETTING_INT,
		 .initial = "10", RANGE(1, 600, 1),
		 .help = "a key frame at least every so many seconds"},
		{ROW("sound", "bitrate_kbps", settings_room, sound_bitrate_kbps),
		 .type = SETTING_INT, .initial = "32", RANGE(6, 128, 1),
		 .help = "bit rate of the sound sent, always"},
		{ROW("panel", "live_address", settings_room, live), .type = SETTING_ADDRESS,
		 .initial = "",
		 .help = "where a browser on this machine sees the screen live; empty: nowhere"},
		{ROW("log", "level", settings_room, log_level), .type = SETTING_CHOICE,
		 .initial = "info", .choices = log_levels,
		 .help = "the least important lines written"},
	};
	static const struct settings_table table = {
		.title = "room file",
		.about = "what IT sets",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
		.other = settings_board_table,
	};

	return &table;
}

static const struct setting board_rows[] = {
	{ROW("board", "name", settings_board, name), .type = SETTING_TEXT,
	 .is_valid = message_is_name, .form = NAME_FORM,
	 .help = "name of the hardware, for people"},
	{ROW("camera", "name", settings_board, cameras[0].name), .type = SETTING_TEXT,
	 .initial = "", .is_valid = is_name_or_empty, .form = NAME_FORM,
	 .element_size = sizeof(struct settings_camera),
	 .help = "name for balaictl and Status; empty: that of the section"},
	{ROW("camera", "device", settings_board, cameras[0].device), .type = SETTING_TEXT,
	 .initial = "auto", .is_valid = is_camera, .form = CAMERA_FORM,
	 .element_size = sizeof(struct settings_camera),
	 .help = "which one; auto: the first there is"},
	{ROW("camera", "formats", settings_board, formats), .type = SETTING_LIST,
	 .initial = "nv12, i420, yuyv, mjpeg", .choices = formats,
	 .help = "picture formats taken from all cameras, best first"},
	{ROW("encoder", "order", settings_board, encoders), .type = SETTING_LIST,
	 .initial = "libx264", .choices = encoders, .lenient = true,
	 .help = "encoders, best first; the next takes over where one fails; libx264 is in "
		 "software; auto: encode_m2m, and libx264 last"},
	{ROW("encoder", "device", settings_board, encoder_device), .type = SETTING_TEXT,
	 .initial = "auto", .is_valid = is_codec, .form = CODEC_FORM,
	 .help = "which one encode_m2m uses; auto: the first that encodes H.264"},
	{ROW("encoder", "rate", settings_board, encoder_rate), .type = SETTING_CHOICE,
	 .initial = "constant", .choices = rates,
	 .help = "whether difficult pictures may have more than the bit rate"},
	{ROW("encoder", "profile", settings_board, encoder_profile), .type = SETTING_CHOICE,
	 .initial = "baseline", .choices = profiles,
	 .help = "of H.264; baseline: constrained baseline"},
	{ROW("encoder", "qp_min", settings_board, encoder_qp_min), .type = SETTING_INT,
	 .initial = "0", RANGE(0, 51, 1),
	 .help = "the finest quantization; 0: as fine as the encoder likes"},
	{ROW("encoder", "qp_max", settings_board, encoder_qp_max), .type = SETTING_INT,
	 .initial = "0", RANGE(0, 51, 1),
	 .help = "the coarsest quantization; 0: as coarse as the encoder likes"},
	{ROW("encoder", "layers", settings_board, encoder_layers), .type = SETTING_INT,
	 .initial = "1", RANGE(1, 3, 1), .help = "layers of time, by hierarchical P pictures"},
	{ROW("encoder", "threads", settings_board, encoder_threads), .type = SETTING_INT,
	 .initial = "0", RANGE(0, 16, 1),
	 .help = "threads of an encoder in software; 0: as many as suit the machine"},
	{ROW("decoder", "order", settings_board, decoders), .type = SETTING_LIST, .initial = "h264",
	 .choices = decoders, .lenient = true,
	 .help = "decoders, best first; h264 is in software; auto: decode_m2m, and h264 last"},
	{ROW("microphone", "device", settings_board, microphone), .type = SETTING_TEXT,
	 .initial = "auto", .is_valid = is_microphone, .form = MICROPHONE_FORM,
	 .help = "which one; auto: the first there is"},
	{ROW("microphone", "pick", settings_board, microphone_pick), .type = SETTING_INT,
	 .initial = "1", RANGE(1, 16, 1),
	 .help = "the channel that is sent, where there is no array"},
	{ROW("microphone", "geometry", settings_board, geometry), .type = SETTING_TEXT,
	 .initial = "none", .is_valid = is_geometry, .form = GEOMETRY_FORM,
	 .help = "where the microphones of an array are"},
	{ROW("microphone", "voice", settings_board, voice), .type = SETTING_CHOICE,
	 .initial = "clear", .choices = voices,
	 .help = "clear: echo, noise and level are seen to; raw: sent as it is"},
	{ROW("microphone", "echo", settings_board, echo), .type = SETTING_CHOICE,
	 .initial = "cancel", .choices = echoes,
	 .help = "done: the room's own DSP has cancelled it already"},
	{ROW("source", "device", settings_board, sources[0].device), .type = SETTING_TEXT,
	 .initial = "none", .is_valid = is_microphone, .form = MICROPHONE_FORM,
	 .element_size = sizeof(struct settings_source),
	 .help = "what is heard beside the microphone: a wireless one, a line"},
	{ROW("source", "pick", settings_board, sources[0].pick), .type = SETTING_INT,
	 .initial = "1", RANGE(1, 16, 1), .element_size = sizeof(struct settings_source),
	 .help = "its channel that is sent"},
	{ROW("source", "kind", settings_board, sources[0].kind), .type = SETTING_CHOICE,
	 .initial = "microphone", .choices = kinds, .element_size = sizeof(struct settings_source),
	 .help = "line: no loudspeaker is heard in it, and its level is right"},
	{ROW("speaker", "device", settings_board, speaker), .type = SETTING_TEXT, .initial = "auto",
	 .is_valid = is_speaker, .form = SPEAKER_FORM,
	 .help = "which one; auto: the first there is"},
	{ROW("screen", "kind", settings_board, screen), .type = SETTING_TEXT, .initial = "kms:auto",
	 .is_valid = is_screen, .form = SCREEN_FORM,
	 .help = "which one; kms:auto: the first connected display"},
	{ROW("screen", "width", settings_board, screen_width), .type = SETTING_INT,
	 .initial = "1280", RANGE(64, 4096, 2), .help = "width of a memory screen, in pixels"},
	{ROW("screen", "height", settings_board, screen_height), .type = SETTING_INT,
	 .initial = "720", RANGE(64, 2304, 2), .help = "height of a memory screen, in pixels"},
};

const struct settings_table *settings_board_table(void)
{
	static const struct settings_table table = {
		.title = "board file (it has a [board] section)",
		.about = "what the hardware is",
		.elements_max = SETTINGS_CAMERAS_MAX,
		.rows = board_rows,
		.n_rows = sizeof(board_rows) / sizeof(board_rows[0]),
		.other = settings_room_table,
	};

	return &table;
}

const struct settings_table *settings_policy_table(void)
{
	static const struct setting rows[] = {
		{ROW("policy", "mode", settings_policy, mode), .type = SETTING_CHOICE,
		 .initial = "allow", .choices = modes,
		 .help = "require: whatever the room file says; allow: as it says; off: in clear"},
		{ROW("policy", "guests", settings_policy, guests), .type = SETTING_CHOICE,
		 .initial = "yes", .choices = answers,
		 .help = "no: whatever the room file says; yes: as it says"},
	};
	static const struct settings_table table = {
		.title = "policy file (it has a [policy] section)",
		.about = "what the centre demands",
		.rows = rows,
		.n_rows = sizeof(rows) / sizeof(rows[0]),
		.other = settings_room_table,
	};

	return &table;
}
