#include "tests/bench/sound/scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/sound_file.h"

#define SMALL {3, 4, 2.7}
#define LARGE {6, 8, 3}
#define CIRCLE_8 "circle 8 45"

/* The near voice at the microphones, -35 dBFS; the far one as it comes, -26 dBFS. */
#define NEAR_RMS 0.0178
#define FAR_RMS 0.05

/* clang-format off */
const struct scene scenes[] = {
	{"base", {LARGE, 0.4}, CIRCLE_8, "recorded-a", "recorded-b", 40, 0, 30, .clip = 0},
	{"small room, RT60 0.2 s", {SMALL, 0.2}, CIRCLE_8, "espeak-id", "espeak-en-f", 95, 0, 30, .clip = 0},
	{"RT60 0.7 s", {LARGE, 0.7}, CIRCLE_8, "recorded-a", "espeak-id", 200, 0, 30, .clip = 0},
	{"echo -10 dB", {LARGE, 0.4}, CIRCLE_8, "espeak-en", "recorded-b", 40, -10, 30, .clip = 0},
	{"echo +10 dB", {LARGE, 0.4}, CIRCLE_8, "recorded-a", "recorded-b", 40, 10, 30, .clip = 0},
	{"noise 15 dB", {LARGE, 0.4}, CIRCLE_8, "recorded-a", "recorded-b", 95, 0, 15, .clip = 0},
	{"loudspeaker clips", {LARGE, 0.4}, CIRCLE_8, "recorded-a", "recorded-b", 40, 0, 30, .clip = 0.3},
	{"delay steps by 40 ms", {LARGE, 0.4}, CIRCLE_8, "recorded-a", "recorded-b", 40, 0, 30, .step_ms = 40},
	{"drift +100 ppm", {LARGE, 0.4}, CIRCLE_8, "recorded-a", "recorded-b", 40, 0, 30, .drift_ppm = 100},
	{"drift -100 ppm", {LARGE, 0.4}, CIRCLE_8, "espeak-en", "espeak-id-f", 200, 0, 30, .drift_ppm = -100},
	{"echo path changes", {LARGE, 0.4}, CIRCLE_8, "recorded-a", "recorded-b", 40, 0, 30, .path_changes = true},
	{"circle of 4", {LARGE, 0.4}, "circle 4 45", "recorded-a", "recorded-b", 40, 0, 30, .clip = 0},
	{"line of 4", {LARGE, 0.4}, "line 4 40", "recorded-a", "recorded-b", 95, 0, 30, .clip = 0},
	{"line of 8", {LARGE, 0.4}, "line 8 40", "recorded-a", "recorded-b", 95, 0, 30, .clip = 0},
	{"9x11 m, RT60 0.6 s, echo +6 dB", {{9, 11, 3.2}, 0.6}, CIRCLE_8, "recorded-d", "recorded-c", 250, 6, 30,
	 .array_at = {4.2, 5.7, 0.75}, .loudspeaker_at = {4.9, 10.5, 1.6}, .away_m = 2.5},
	{"loudspeaker clips, 5x7 m", {{5, 7, 2.6}, 0.5}, CIRCLE_8, "recorded-c", "espeak-gb", 20, 3, 25, .clip = 0.4,
	 .array_at = {2.7, 3.9, 0.8}, .loudspeaker_at = {0.6, 6.5, 1.2}, .away_m = 1.6},
	{"line of 6, echo +10 dB", {{7, 5, 2.7}, 0.45}, "line 6 50", "espeak-ms", "recorded-c", 120, 10, 30,
	 .array_at = {3.6, 0.5, 1}, .loudspeaker_at = {4.7, 0.4, 0.8}, .away_m = 2.6},
	{.name = NULL},
};

const struct scene held_out_scenes[] = {
	{"5.5x6.5 m, RT60 0.45 s", {{5.5, 6.5, 2.7}, 0.45}, CIRCLE_8, "espeak-de", "recorded-e", 285, 0, 28,
	 .array_at = {2.4, 3.6, 0.74}, .loudspeaker_at = {3.1, 6.1, 1.2}, .away_m = 1.6},
	{"3.5x5 m, RT60 0.25 s, echo +4 dB", {{3.5, 5, 2.5}, 0.25}, "circle 6 50", "recorded-e", "espeak-es", 205, 4, 30,
	 .array_at = {1.6, 2.8, 0.7}, .loudspeaker_at = {1.9, 0.4, 1}, .away_m = 1.1},
	{"8x10 m, RT60 0.65 s", {{8, 10, 3.4}, 0.65}, CIRCLE_8, "espeak-es", "espeak-sw", 65, -3, 30,
	 .array_at = {4.4, 4.3, 0.75}, .loudspeaker_at = {3.5, 9.5, 1.5}, .away_m = 2.2},
	{"5x6 m, echo +8 dB", {{5, 6, 2.8}, 0.35}, CIRCLE_8, "espeak-sw", "recorded-e", 340, 8, 27,
	 .array_at = {2.3, 3.3, 0.76}, .loudspeaker_at = {2.8, 5.6, 0.9}, .away_m = 1.4},
	{"loudspeaker clips, 6x5 m", {{6, 5, 2.7}, 0.4}, CIRCLE_8, "recorded-e", "espeak-de", 110, 2, 28, .clip = 0.35,
	 .array_at = {3.3, 2.2, 0.77}, .loudspeaker_at = {5.6, 2.8, 1.1}, .away_m = 1.5},
	{"delay steps by 60 ms", {{4.5, 6, 2.7}, 0.35}, "circle 4 40", "espeak-es", "recorded-e", 50, 0, 30,
	 .step_ms = 60, .array_at = {2, 3.2, 0.75}, .loudspeaker_at = {2.6, 5.7, 1.1}, .away_m = 1.7},
	{"path changes, drift -70 ppm", {{6.5, 7.5, 2.9}, 0.5}, CIRCLE_8, "espeak-de", "espeak-sw", 160, 0, 30,
	 .drift_ppm = -70, .path_changes = true, .array_at = {3.5, 3.5, 0.75}, .loudspeaker_at = {0.5, 4.4, 1.3},
	 .away_m = 1.9},
	{"line of 5, noise 17 dB, drift 130 ppm", {{6, 5, 2.6}, 0.4}, "line 5 45", "recorded-e", "espeak-es", 70, 0, 17,
	 .drift_ppm = 130, .array_at = {3.2, 0.6, 1.1}, .loudspeaker_at = {3.2, 0.5, 0.7}, .away_m = 2.2},
	{.name = NULL},
};
/* clang-format on */

static _Noreturn void fail(const char *what, const char *name)
{
	fprintf(stderr, "%s: %s\n", what, name);
	exit(EXIT_FAILURE);
}

static float *silence(void)
{
	float *samples = calloc(SCENE_FRAMES, sizeof(*samples));

	if (!samples)
		fail("no memory", "sound bench");
	return samples;
}

double scene_power(const float *samples, size_t first, size_t end)
{
	double sum = 0;

	for (size_t i = first; i < end; i++)
		sum += (double)samples[i] * samples[i];
	return sum / (double)(end - first);
}

static void scale(float *samples, double gain)
{
	for (size_t i = 0; i < SCENE_FRAMES; i++)
		samples[i] *= (float)gain;
}

/* A voice in the frames first..end, with that RMS there. */
static float *voice(const char *speech, const char *name, size_t first, size_t end, double rms)
{
	float *samples = silence();
	struct sound_file *file;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.wav", speech, name);
	if (sound_file_open(path, &file) < 0 || sound_file_channels(file) != 1)
		fail("no speech", path);
	for (size_t i = first; i + SOUND_PERIOD_FRAMES <= end; i += SOUND_PERIOD_FRAMES)
		if (sound_file_read(file, samples + i) < 0)
			fail("broken speech", path);
	sound_file_close(file);
	scale(samples, rms / sqrt(scene_power(samples, first, end)));
	return samples;
}

/* What a clock that is faster plays by when this one is at n. */
static void play_faster(const float *in, double ppm, float *out)
{
	for (size_t n = 0; n < SCENE_FRAMES; n++)
		out[n] = room_sim_sample(in, SCENE_FRAMES, (double)n * (1 + ppm / 1e6));
}

/* What the loudspeaker makes of the far voice: clipped, by its own clock. */
static void play(struct scene_sound *sound)
{
	const struct scene *scene = sound->scene;
	float *clipped = silence();
	float peak = 0, most;

	for (size_t i = 0; i < SCENE_FRAMES; i++)
		peak = fmaxf(peak, fabsf(sound->far[i]));
	most = scene->clip > 0 ? peak * (float)scene->clip : peak;
	for (size_t i = 0; i < SCENE_FRAMES; i++)
		clipped[i] = fmaxf(-most, fminf(most, sound->far[i]));
	sound->far_played = silence();
	if (scene->drift_ppm != 0)
		play_faster(clipped, scene->drift_ppm, sound->far_played);
	else
		memcpy(sound->far_played, clipped, SCENE_FRAMES * sizeof(*clipped));
	free(clipped);
}

/* Adds the part of `in` from frame `first` to `end` through the room. */
static void hear(const struct scene *scene, struct room_sim_point from, struct room_sim_point to,
		 const float *in, size_t first, size_t end, size_t delay, float *out)
{
	size_t length = (size_t)(fmax(scene->room.rt60_s, 0.05) * SOUND_RATE_HZ);
	float *response = calloc(length, sizeof(*response));
	float *part = silence();

	if (!response)
		fail("no memory", scene->name);
	for (size_t i = first; i < end && i + delay < SCENE_FRAMES; i++)
		part[i + delay] = in[i];
	room_sim_response(&scene->room, from, to, response, length);
	room_sim_convolve(part, SCENE_FRAMES, response, length, 1, out);
	free(part);
	free(response);
}

/* `at`, or where it usually is. */
static struct room_sim_point place(struct room_sim_point at, struct room_sim_point usual)
{
	return at.z > 0 ? at : usual;
}

static void add_echo(struct scene_sound *sound, struct room_sim_point microphone, float *out)
{
	const struct scene *scene = sound->scene;
	struct room_sim_point size = scene->room.size;
	struct room_sim_point one =
		place(scene->loudspeaker_at,
		      (struct room_sim_point){size.x / 2 + 0.3, size.y - 0.4, 1.1});
	struct room_sim_point other = {size.x - 0.5, size.y / 3, 1.4};
	bool changes = scene->step_ms > 0 || scene->path_changes;
	size_t change = changes ? (size_t)SCENE_CHANGE_S * SOUND_RATE_HZ : SCENE_FRAMES;
	size_t delay = (size_t)(scene->step_ms * SOUND_RATE_HZ / 1000);

	hear(scene, one, microphone, sound->far_played, 0, change, 0, out);
	if (changes)
		hear(scene, scene->path_changes ? other : one, microphone, sound->far_played,
		     change, SCENE_FRAMES, delay, out);
}

static double gaussian(void)
{
	double u = ((double)random() + 1) / ((double)RAND_MAX + 2);

	return sqrt(-2 * log(u)) * cos(2 * M_PI * (double)random() / RAND_MAX);
}

void scene_simulate(const struct scene *scene, const char *speech, struct scene_sound *ret_sound)
{
	struct scene_sound sound = {.scene = scene};
	const size_t far_end = (size_t)(SCENE_FAR_S + SCENE_BOTH_S) * SOUND_RATE_HZ;
	const size_t near_first = (size_t)SCENE_FAR_S * SOUND_RATE_HZ;
	double angle = scene->azimuth_deg * M_PI / 180;
	double away = scene->away_m > 0 ? scene->away_m : fmin(1.7, scene->room.size.x / 2 - 0.3);
	struct room_sim_point middle =
		place(scene->array_at, (struct room_sim_point){scene->room.size.x / 2,
							       scene->room.size.y / 2, 0.75});
	struct room_sim_point talker = {middle.x + away * cos(angle), middle.y + away * sin(angle),
					1.15};
	double echo_gain, near_gain;
	float *near;
	char fault[160];

	if (geometry_parse(scene->array, &sound.geometry, fault, sizeof(fault)) < 0)
		fail(scene->array, fault);
	sound.far = voice(speech, scene->far, 0, far_end, FAR_RMS);
	near = voice(speech, scene->near, near_first, SCENE_FRAMES, FAR_RMS);
	play(&sound);
	for (unsigned int m = 0; m < sound.geometry.count; m++) {
		struct geometry_point at = sound.geometry.at[m];
		struct room_sim_point microphone = {middle.x + at.x, middle.y + at.y,
						    middle.z + at.z};

		sound.echo[m] = silence();
		sound.near[m] = silence();
		sound.noise[m] = silence();
		add_echo(&sound, microphone, sound.echo[m]);
		hear(scene, talker, microphone, near, near_first, SCENE_FRAMES, 0, sound.near[m]);
	}
	near_gain = NEAR_RMS / sqrt(scene_power(sound.near[0], near_first, SCENE_FRAMES));
	echo_gain = NEAR_RMS * pow(10, scene->echo_db / 20) /
		    sqrt(scene_power(sound.echo[0], 0, far_end));
	for (unsigned int m = 0; m < sound.geometry.count; m++) {
		scale(sound.near[m], near_gain);
		scale(sound.echo[m], echo_gain);
		for (size_t i = 0; i < SCENE_FRAMES; i++)
			sound.noise[m][i] =
				(float)(NEAR_RMS * pow(10, -scene->noise_db / 20) * gaussian());
	}
	free(near);
	*ret_sound = sound;
}

void scene_finish(struct scene_sound *sound)
{
	for (unsigned int m = 0; m < sound->geometry.count; m++) {
		free(sound->echo[m]);
		free(sound->near[m]);
		free(sound->noise[m]);
	}
	free(sound->far_played);
	free(sound->far);
}
