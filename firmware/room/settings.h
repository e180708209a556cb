/*
 * The settings files of a room, in INI form: what IT sets (room file), what the hardware is (board
 * file) and, where there is one, what the centre demands (policy file). Each has one typed table
 * (settings_table.c) for base/settings.h. One thread at a time.
 */
#ifndef BALAI_ROOM_SETTINGS_H
#define BALAI_ROOM_SETTINGS_H

#include <stddef.h>
#include <stdio.h>

#include "base/settings.h"
#include "microphone/geometry.h"

#define SETTINGS_CAMERAS_MAX 8
#define SETTINGS_SOURCES_MAX 8 /* as many as cameras: settings_table.elements_max holds for both */
#define SETTINGS_NAME_BYTES 65

/* Whether a meeting has to be end-to-end encrypted; the stricter first. */
enum settings_secrecy_mode {
	SETTINGS_SECRECY_REQUIRE, /* nothing is sent or shown in clear */
	SETTINGS_SECRECY_ALLOW,   /* goes along with a meeting that others hold in clear */
	SETTINGS_SECRECY_OFF,     /* in clear; the centre's word alone */
};

struct settings_secrecy {
	char authorities[SETTINGS_PATH_BYTES]; /* PEM files */
	char revoked[SETTINGS_PATH_BYTES];     /* empty: none is */
	char certificate[SETTINGS_PATH_BYTES]; /* this and the key empty: a guest, called `name` */
	char key[SETTINGS_PATH_BYTES];
	char psk[SETTINGS_PATH_BYTES]; /* 32 bytes; empty: none */
	char psk_id[SETTINGS_NAME_BYTES];
	int mode;   /* enum settings_secrecy_mode */
	int guests; /* 1: they may be members */
};

struct settings_policy {
	int mode; /* enum settings_secrecy_mode; ALLOW: as the room's own */
	int guests;
};

struct settings_room {
	char name[SETTINGS_NAME_BYTES]; /* empty: that of the certificate */
	int language;                   /* enum words_language */
	char control_socket[108];       /* fits sockaddr_un.sun_path */

	struct settings_hub hub;
	char meeting[SETTINGS_NAME_BYTES];
	char ca[SETTINGS_PATH_BYTES]; /* PEM files */
	char certificate[SETTINGS_PATH_BYTES];
	char key[SETTINGS_PATH_BYTES];
	struct settings_secrecy secrecy;

	int width; /* pixels, even */
	int height;
	int fps;
	int bitrate_kbps;
	int keyframe_s; /* at least every so many seconds a key frame */
	int sound_bitrate_kbps;

	struct settings_address live;
	int log_level; /* enum log_level */
};

/* What is done to the microphones' sound. */
enum settings_voice {
	SETTINGS_VOICE_RAW,
	SETTINGS_VOICE_CLEAR,
};

enum settings_echo {
	SETTINGS_ECHO_CANCEL,
	SETTINGS_ECHO_DONE,
};

struct settings_camera {
	char name[SETTINGS_NAME_BYTES]; /* unique on the board */
	char device[SETTINGS_PATH_BYTES];
};

enum settings_kind {
	SETTINGS_KIND_MICROPHONE,
	SETTINGS_KIND_LINE,
};

/* Heard beside the microphone. */
struct settings_source {
	char device[SETTINGS_PATH_BYTES];
	int pick; /* the channel, counted from 1 */
	int kind; /* enum settings_kind */
};

struct settings_board {
	char name[SETTINGS_NAME_BYTES];

	struct settings_camera cameras[SETTINGS_CAMERAS_MAX]; /* none of them "none" */
	size_t n_cameras;                                     /* may be 0 */
	struct settings_list formats; /* words of cam_format_from_name(), best first */

	struct settings_list encoders; /* names of encoders, best first; the last in software */
	char encoder_device[SETTINGS_PATH_BYTES];
	int encoder_threads; /* 0: as many as suit the machine */
	int encoder_rate;    /* 1: variable */
	int encoder_profile; /* 1: high */
	int encoder_qp_min;  /* 0: no limit */
	int encoder_qp_max;
	int encoder_layers;
	struct settings_list decoders; /* likewise */

	char microphone[SETTINGS_PATH_BYTES];
	int microphone_pick;                                  /* the channel, counted from 1 */
	char geometry[GEOMETRY_TEXT_BYTES];                   /* good for geometry_parse() */
	int voice;                                            /* enum settings_voice */
	int echo;                                             /* enum settings_echo */
	struct settings_source sources[SETTINGS_SOURCES_MAX]; /* none of them "none" */
	size_t n_sources;
	char speaker[SETTINGS_PATH_BYTES];

	char screen[SETTINGS_PATH_BYTES];
	int screen_width; /* of a memory screen: pixels, even */
	int screen_height;
};

/*
 * Read a file. Return 0 and fill *ret_settings, perhaps with faults told that are borne: an order of
 * encoders or decoders that cannot be had becomes that of software; or -EINVAL for its content or
 * -errno from opening it, with at least one fault told.
 */
int settings_load_room(const char *path, struct settings_room *ret_settings,
		       struct settings_faults *ret_faults) __attribute__((warn_unused_result));
int settings_load_board(const char *path, struct settings_board *ret_settings,
			struct settings_faults *ret_faults) __attribute__((warn_unused_result));
int settings_load_policy(const char *path, struct settings_policy *ret_settings,
			 struct settings_faults *ret_faults) __attribute__((warn_unused_result));

/* As above from an open stream, at most 1 MiB of it. */
int settings_read_room(FILE *file, struct settings_room *ret_settings,
		       struct settings_faults *ret_faults) __attribute__((warn_unused_result));
int settings_read_board(FILE *file, struct settings_board *ret_settings,
			struct settings_faults *ret_faults) __attribute__((warn_unused_result));

int settings_read_policy(FILE *file, struct settings_policy *ret_settings,
			 struct settings_faults *ret_faults) __attribute__((warn_unused_result));

/*
 * The stricter of the two is what counts, but that off is the centre's to say and then stands
 * whatever the room's own is.
 */
void settings_apply_policy(const struct settings_policy *policy, struct settings_secrecy *secrecy);

/*
 * Reads a file as a board file if it has a [board] section, as a policy file if it has a [policy]
 * section, else as a room file, and keeps nothing but the faults. Returns as above, and -EINVAL for faults that are borne too.
 */
int settings_check(const char *path, struct settings_faults *ret_faults)
	__attribute__((warn_unused_result));

/* All tables as commented files with the defaults, which can be started from. */
void settings_print_help(FILE *out);

#endif
