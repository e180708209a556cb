/*
 * balai-sound: a room's voice chain on files, as fast as it goes: what a board's microphones heard,
 * what the loudspeaker played meanwhile, and the voice that the room sends.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/sound_file.h"
#include "drivers/wav.h"
#include "microphone/front_end.h"
#include "microphone/loudness.h"
#include "room/settings.h"

enum {
	EXIT_USAGE = 2,
	DIRECTION_PERIODS = 10, /* 10 Hz */
};

struct options {
	const char *board, *mic, *far, *out, *json;
};

struct session {
	struct options options;
	struct settings_board board;
	struct front_end *front_end;
	struct sound_file *mic;
	struct sound_file *far; /* NULL: nobody spoke there */
	unsigned int channels;  /* of the microphones */
	unsigned int far_channels;
	struct wav *out;
	json_t *directions;
	struct loudness loudness;
	double power; /* weighted, sum over periods */
	uint64_t periods;
	int64_t work_us;
};

static int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int complain(const char *format, ...)
{
	va_list arguments;

	fputs("balai-sound: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return -EINVAL;
}

static void print_usage(FILE *out)
{
	fprintf(out, "Usage: balai-sound --board FILE --mic IN.wav [--far FAR.wav] --out OUT.wav "
		     "[--json SCORES]\n"
		     "\n"
		     "  --board FILE   the board file; its [microphone] says what is done\n"
		     "  --mic IN.wav   what the microphones heard, a channel each, 1 to 16\n"
		     "  --far FAR.wav  what the loudspeaker played from the same moment on\n"
		     "  --out OUT.wav  the voice that the room sends: 48 kHz, one channel\n"
		     "  --json SCORES  directions, levels and faults; - is standard output\n"
		     "\n"
		     "Whatever libavformat reads is taken, at any rate.\n");
}

/* Returns true to go on, or false with the program's result in *ret_exit. */
static bool parse_options(int argc, char **argv, struct options *options, int *ret_exit)
{
	static const struct option known[] = {
		{"board", required_argument, NULL, 'b'},
		{"mic", required_argument, NULL, 'm'},
		{"far", required_argument, NULL, 'f'},
		{"out", required_argument, NULL, 'o'},
		{"json", required_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	*ret_exit = EXIT_USAGE;
	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		switch (option) {
		case 'b':
			options->board = optarg;
			break;
		case 'm':
			options->mic = optarg;
			break;
		case 'f':
			options->far = optarg;
			break;
		case 'o':
			options->out = optarg;
			break;
		case 'j':
			options->json = optarg;
			break;
		case 'h':
			print_usage(stdout);
			*ret_exit = EXIT_SUCCESS;
			return false;
		default:
			return false;
		}
	}
	if (optind == argc && options->board && options->mic && options->out)
		return true;
	print_usage(stderr);
	return false;
}

static int open_sound(const char *path, struct sound_file **ret_file)
{
	int r = sound_file_open(path, ret_file);

	if (r == -EINVAL)
		return complain("%s: there is no sound of 1 to 16 channels in it", path);
	if (r < 0)
		complain("%s: %s", path, strerror(-r));
	return r;
}

static int open_front_end(struct session *session)
{
	const struct settings_board *board = &session->board;
	struct front_end_config config = {
		.pick = (unsigned int)board->microphone_pick - 1,
		.order = FRONT_END_ECHO_FIRST,
		.beam = BEAM_SUPERDIRECTIVE,
		.cancels_echo = session->far && board->echo == SETTINGS_ECHO_CANCEL,
		.suppresses_noise = true,
	};
	char fault[SETTINGS_FAULT_BYTES];

	if (geometry_parse(board->geometry, &config.geometry, fault, sizeof(fault)) < 0)
		return complain("%s: %s", session->options.board, fault);
	if (config.geometry.count && config.geometry.count != session->channels)
		return complain("%s has %u channels, but the array of %s has %u microphones",
				session->options.mic, session->channels, session->options.board,
				config.geometry.count);
	if (config.pick >= session->channels)
		return complain("%s has %u channels, but %s picks channel %u", session->options.mic,
				session->channels, session->options.board, config.pick + 1);
	return front_end_create(&config, &session->front_end);
}

static int open_all(struct session *session)
{
	const struct options *options = &session->options;
	struct settings_faults faults;
	int r = settings_load_board(options->board, &session->board, &faults);

	if (r < 0) {
		settings_print_faults(stderr, options->board, &faults);
		return r;
	}
	r = open_sound(options->mic, &session->mic);
	if (r < 0)
		return r;
	session->channels = sound_file_channels(session->mic);
	if (options->far) {
		r = open_sound(options->far, &session->far);
		if (r < 0)
			return r;
		session->far_channels = sound_file_channels(session->far);
	}
	r = open_front_end(session);
	if (r < 0)
		return r;
	session->directions = json_array();
	r = wav_create(options->out, 0, &session->out);
	if (r == 0)
		r = wav_begin(session->out, 0);
	if (r < 0)
		complain("%s: %s", options->out, strerror(-r));
	return r;
}

static void close_all(struct session *session)
{
	if (session->out)
		wav_close(session->out);
	json_decref(session->directions);
	front_end_destroy(session->front_end);
	sound_file_close(session->far);
	sound_file_close(session->mic);
}

static int read_far(struct session *session, float *reference)
{
	float interleaved[SOUND_PERIOD_FRAMES * SOUND_CHANNELS_MAX];
	int r;

	memset(reference, 0, SOUND_PERIOD_FRAMES * sizeof(*reference));
	if (!session->far)
		return 0;
	r = sound_file_read_once(session->far, interleaved);
	for (int i = 0; i < r; i++)
		for (unsigned int c = 0; c < session->far_channels; c++)
			reference[i] += interleaved[(unsigned int)i * session->far_channels + c] /
					(float)session->far_channels;
	return r < 0 ? r : 0;
}

static int note_directions(struct session *session)
{
	const struct front_end_status *status = front_end_get_status(session->front_end);
	json_t *entry;

	if (session->periods % DIRECTION_PERIODS || status->talker_count == 0 ||
	    status->talkers[0].silent_periods > DIRECTION_PERIODS)
		return 0;
	entry = json_pack("{s:f, s:f, s:f}", "s", (double)session->periods / 100, "azimuth_deg",
			  (double)status->talkers[0].azimuth_deg, "elevation_deg",
			  (double)status->talkers[0].elevation_deg);
	return json_array_append_new(session->directions, entry) < 0 ? -ENOMEM : 0;
}

/* Returns how many frames the microphones still had, 0 at the end. */
static int run_period(struct session *session)
{
	struct mic_stage *stage = front_end_stage(session->front_end);
	float interleaved[SOUND_PERIOD_FRAMES * SOUND_CHANNELS_MAX];
	float samples[SOUND_CHANNELS_MAX][SOUND_PERIOD_FRAMES], reference[SOUND_PERIOD_FRAMES];
	float *channels[SOUND_CHANNELS_MAX];
	int frames = sound_file_read_once(session->mic, interleaved);
	int r = frames > 0 ? read_far(session, reference) : 0;
	int64_t began_us = clock_now_us();

	if (frames <= 0 || r < 0)
		return frames <= 0 ? frames : r;
	for (unsigned int c = 0; c < session->channels; c++) {
		channels[c] = samples[c];
		for (unsigned int i = 0; i < SOUND_PERIOD_FRAMES; i++)
			samples[c][i] = interleaved[i * session->channels + c];
	}
	stage->ops->process(stage, channels, session->channels, reference);
	session->work_us += clock_now_us() - began_us;
	session->power += loudness_period(&session->loudness, samples[0]);
	session->periods++;
	r = wav_write(session->out, samples[0], (size_t)frames);
	if (r < 0)
		complain("%s: %s", session->options.out, strerror(-r));
	else
		r = note_directions(session);
	return r < 0 ? r : frames;
}

static int write_scores(struct session *session)
{
	double periods = (double)(session->periods ? session->periods : 1);
	json_t *scores =
		json_pack("{s:f, s:f, s:f, s:o, s:O}", "seconds", (double)session->periods / 100,
			  "us_a_period", (double)session->work_us / periods, "loudness_lufs",
			  loudness_lufs(session->power / periods + 1e-12), "front_end",
			  front_end_to_json(session->front_end), "directions", session->directions);
	const char *path = session->options.json;
	int r = -ENOMEM;

	if (scores && strcmp(path, "-") == 0)
		r = json_dumpf(scores, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	else if (scores)
		r = json_dump_file(scores, path, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	json_decref(scores);
	return r < 0 ? complain("%s: the scores cannot be written", path) : 0;
}

int main(int argc, char **argv)
{
	struct session session = {0};
	int r;

	if (!parse_options(argc, argv, &session.options, &r))
		return r;
	r = open_all(&session);
	if (r == 0) {
		do
			r = run_period(&session);
		while (r > 0);
		if (r < 0)
			complain("%s: the sound ends with an error: %s", session.options.mic,
				 strerror(-r));
	}
	if (r == 0 && session.options.json)
		r = write_scores(&session);
	close_all(&session);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
