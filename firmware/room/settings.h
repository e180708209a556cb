/*
 * The two settings files of a room, in INI form: what IT sets (room file) and what the hardware is
 * (board file). Each has one typed table (settings_table.c) for base/settings.h. One thread at a
 * time.
 */
#ifndef BALAI_ROOM_SETTINGS_H
#define BALAI_ROOM_SETTINGS_H

#include <stddef.h>
#include <stdio.h>

#include "base/settings.h"
#include "microphone/geometry.h"

#define SETTINGS_CAMERAS_MAX 8
#define SETTINGS_NAME_BYTES 65

struct settings_room {
	char name[SETTINGS_NAME_BYTES]; /* empty: that of the certificate */
	int language;                   /* enum words_language */
	char control_socket[108];       /* fits sockaddr_un.sun_path */

	struct settings_hub hub;
	char meeting[SETTINGS_NAME_BYTES];
	char ca[SETTINGS_PATH_BYTES]; /* PEM files */
	char certificate[SETTINGS_PATH_BYTES];
	char key[SETTINGS_PATH_BYTES];

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
	int microphone_pick;                /* the channel, counted from 1 */
	char geometry[GEOMETRY_TEXT_BYTES]; /* good for geometry_parse() */
	int voice;                          /* enum settings_voice */
	int echo;                           /* enum settings_echo */
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

/* As above from an open stream, at most 1 MiB of it. */
int settings_read_room(FILE *file, struct settings_room *ret_settings,
		       struct settings_faults *ret_faults) __attribute__((warn_unused_result));
int settings_read_board(FILE *file, struct settings_board *ret_settings,
			struct settings_faults *ret_faults) __attribute__((warn_unused_result));

/*
 * Reads a file as a board file if it has a [board] section, else as a room file, and keeps nothing
 * but the faults. Returns as above, and -EINVAL for faults that are borne too.
 */
int settings_check(const char *path, struct settings_faults *ret_faults)
	__attribute__((warn_unused_result));

/* Both tables as commented files with the defaults, which can be started from. */
void settings_print_help(FILE *out);

#endif
