/*
 * bench-sound SPEECH OUT: runs all scenes through all systems. SPEECH is the folder that
 * tests/bench/sound/speech made; into OUT come table.md, and for each scene a table of echo over
 * time for gnuplot. Figures are said as tests/bench/figure.h does.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "microphone/loudness.h"
#include "tests/bench/figure.h"
#include "tests/bench/sound/beam_gain.h"
#include "tests/bench/sound/system.h"

enum {
	WINDOW = SOUND_RATE_HZ / 2,
	WINDOWS = SCENE_FAR_S * 2,
	LAG_MAX = 30 * SOUND_RATE_HZ / 1000,
	SEGMENT = SOUND_RATE_HZ / 50,
};

/* While both talk, after 3 s of it. */
#define BOTH_FIRST ((size_t)(SCENE_FAR_S + 3) * SOUND_RATE_HZ)
#define BOTH_END ((size_t)(SCENE_FAR_S + SCENE_BOTH_S) * SOUND_RATE_HZ)
#define NEAR_LEAST 1e-5 /* of power, for a segment to count */

struct score {
	double erle_db;       /* far voice alone, after the first second (of it, and of a change) */
	double first_db;      /* in the second second */
	double residual_dbfs; /* the loudest half second there */
	double loss_db;       /* of the near voice while both talk */
	double snr_db;        /* segmental, against the near voice at the first microphone */
	double whole_db;      /* segmental, against what comes out when the near voice is alone */
	double loudness_lu;   /* off -23 LUFS, from 3 s of the near voice alone on */
	double delay_ms;
	double over_time_db[WINDOWS];
	struct system_run run;
};

static double db(double ratio)
{
	return 10 * log10(fmax(ratio, 1e-12));
}

static double heard_power(const struct scene_sound *sound, size_t first, size_t end)
{
	return scene_power(sound->echo[0], first, end) + scene_power(sound->noise[0], first, end);
}

/* The second after a change is left out: it is the time to find the new path. */
static bool counts(const struct scene *scene, int window)
{
	bool changes = scene->step_ms > 0 || scene->path_changes;

	return window >= 2 &&
	       !(changes && window >= 2 * SCENE_CHANGE_S && window < 2 * (SCENE_CHANGE_S + 1));
}

static void score_echo(const struct scene_sound *sound, const float *out, struct score *score)
{
	double heard_sum = 0, left_sum = 0;

	score->residual_dbfs = -120;
	for (int w = 0; w < WINDOWS; w++) {
		size_t first = (size_t)w * WINDOW, end = first + WINDOW;
		double heard = heard_power(sound, first, end);
		double left = scene_power(out, first, end);

		score->over_time_db[w] = db(heard / left);
		if (!counts(sound->scene, w))
			continue;
		heard_sum += heard;
		left_sum += left;
		score->residual_dbfs = fmax(score->residual_dbfs, db(left));
	}
	score->erle_db = db(heard_sum / left_sum);
	score->first_db = db(heard_power(sound, SOUND_RATE_HZ, (size_t)2 * SOUND_RATE_HZ) /
			     scene_power(out, SOUND_RATE_HZ, (size_t)2 * SOUND_RATE_HZ));
}

static double correlate(const float *a, const float *b, size_t first, size_t end)
{
	double sum = 0;

	for (size_t i = first; i < end; i++)
		sum += (double)a[i] * b[i];
	return sum;
}

/* How much later `out` is than `in`, in frames. */
static size_t find_delay(const float *in, const float *out)
{
	const size_t first = (size_t)(SCENE_FAR_S + SCENE_BOTH_S + 2) * SOUND_RATE_HZ;
	double best = 0;
	size_t delay = 0;

	for (size_t lag = 0; lag < LAG_MAX; lag++) {
		double now = correlate(in + first, out + first + lag, 0, (size_t)2 * SOUND_RATE_HZ);

		if (now > best) {
			best = now;
			delay = lag;
		}
	}
	return delay;
}

/* Of `out`, that much later than `wanted` and with the gain that fits it best, while both talk. */
static double segmental_snr_db(const struct scene_sound *sound, const float *wanted,
			       const float *out, size_t delay)
{
	const size_t first = BOTH_FIRST, end = BOTH_END - delay;
	double gain = correlate(wanted + first, out + first + delay, 0, end - first) /
		      correlate(wanted, wanted, first, end);
	double sum = 0;
	size_t count = 0;

	for (size_t at = first; at + SEGMENT <= end; at += SEGMENT) {
		double signal = 0, error = 0;

		if (scene_power(sound->near[0], at, at + SEGMENT) < NEAR_LEAST)
			continue;
		for (size_t i = at; i < at + SEGMENT; i++) {
			double kept = gain * wanted[i];

			signal += kept * kept;
			error += (out[i + delay] - kept) * (out[i + delay] - kept);
		}
		sum += fmax(-10, fmin(35, db(signal / fmax(error, 1e-12))));
		count++;
	}
	return sum / (double)count;
}

/* What of the near voice alone is still there when both talk. */
static void score_near(const struct scene_sound *sound, const float *both, const float *alone,
		       struct score *score)
{
	size_t delay = find_delay(sound->near[0], alone);
	double kept = correlate(both, alone, BOTH_FIRST, BOTH_END) /
		      correlate(alone, alone, BOTH_FIRST, BOTH_END);

	score->delay_ms = (double)delay * 1000 / SOUND_RATE_HZ;
	score->loss_db = -20 * log10(fmax(kept, 1e-3));
	score->snr_db = segmental_snr_db(sound, sound->near[0], both, delay);
	score->whole_db = segmental_snr_db(sound, alone, both, 0);
	if (getenv("DBG"))
		printf("alone against near: %.1f\n",
		       segmental_snr_db(sound, sound->near[0], alone, delay));
}

/* Gated as BS.1770-5, annex 1: blocks of 400 ms, -70 LUFS and 10 LU below the mean. */
static double integrated_lufs(const float *samples, size_t first, size_t end)
{
	enum { BLOCK = 40, MOST = SCENE_S * 100 };
	static double periods[MOST];
	struct loudness loudness = {0};
	size_t count = (end - first) / SOUND_PERIOD_FRAMES;
	double gate = -70, mean = 0;

	for (size_t p = 0; p < count; p++)
		periods[p] = loudness_period(&loudness, samples + first + p * SOUND_PERIOD_FRAMES);
	for (int pass = 0; pass < 2; pass++) {
		double sum = 0;
		size_t kept = 0;

		for (size_t p = 0; p + BLOCK <= count; p += BLOCK / 4) {
			double block = 0;

			for (size_t i = p; i < p + BLOCK; i++)
				block += periods[i] / BLOCK;
			if (loudness_lufs(block + 1e-12) < gate)
				continue;
			sum += block;
			kept++;
		}
		mean = loudness_lufs(sum / (double)(kept ? kept : 1) + 1e-12);
		gate = mean - 10;
	}
	return mean;
}

static void run_system(enum system_kind kind, const struct scene_sound *sound, struct score *score)
{
	static float both[SCENE_FRAMES], alone[SCENE_FRAMES];
	struct system_run without = {.out = alone};

	score->run.out = both;
	system_process(kind, sound, true, &score->run);
	system_process(kind, sound, false, &without);
	score_echo(sound, both, score);
	score_near(sound, both, alone, score);
	score->loudness_lu =
		integrated_lufs(alone, (size_t)(SCENE_FAR_S + 3) * SOUND_RATE_HZ, SCENE_FRAMES) +
		23;
}

static void print_row(FILE *table, const char *scene, const char *name, const struct score *score)
{
	fprintf(table, "| %s | %s | %.1f | %.1f | %.0f | %.1f | %.1f | %.1f | %+.1f | ", scene,
		name, score->erle_db, score->first_db, score->residual_dbfs, score->loss_db,
		score->snr_db, score->whole_db, score->loudness_lu);
	if (isnan(score->run.direction_deg))
		fprintf(table, "| ");
	else
		fprintf(table, "%.1f | ", score->run.direction_deg);
	fprintf(table, "%.1f | %.0f | %.1f |\n", score->delay_ms, score->run.us, score->run.mb);
	fflush(table);
}

static FILE *open_out(const char *folder, const char *name, const char *end)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s%s", folder, name, end);
	for (char *c = path + strlen(folder) + 1; *c; c++)
		if (*c == ' ' || *c == ',')
			*c = '-';
	file = fopen(path, "we");
	if (!file) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	return file;
}

static void print_over_time(const char *folder, const char *scene,
			    const struct score scores[SYSTEM_COUNT])
{
	FILE *file = open_out(folder, scene, ".dat");

	fprintf(file, "s");
	for (int kind = 0; kind < SYSTEM_COUNT; kind++)
		fprintf(file, "\t\"%s\"", system_name((enum system_kind)kind));
	for (int w = 0; w < WINDOWS; w++) {
		fprintf(file, "\n%.2f", (w + 0.5) / 2);
		for (int kind = 0; kind < SYSTEM_COUNT; kind++)
			fprintf(file, "\t%.2f", scores[kind].over_time_db[w]);
	}
	fprintf(file, "\n");
	fclose(file);
}

static void say_goals(const struct score *base, double direction_deg)
{
	static const double erle = 40, loss = 3, direction = 5, cpu = 10, delay = 20;

	figure_say("echo: ERLE after 1 s, far voice alone", base->erle_db, "dB", &erle,
		   FIGURE_HIGHER);
	figure_say("echo: near voice lost while both talk", base->loss_db, "dB", &loss,
		   FIGURE_LOWER);
	figure_say("beam: direction error, worst scene", direction_deg, "degrees", &direction,
		   FIGURE_LOWER);
	figure_say("voice chain, 8 microphones", base->run.us / 100, "% of a core", &cpu,
		   FIGURE_LOWER);
	figure_say("voice chain: added delay", base->delay_ms, "ms", &delay, FIGURE_LOWER);
}

static void say_beam_gains(FILE *table)
{
	static const char *const arrays[] = {"circle 4 45", "circle 8 45", "line 4 40",
					     "line 8 40"};
	static const double goals[] = {5, 8, 5, 8};
	char name[80];

	fprintf(table,
		"\n| array | superdirective, white noise dB | delay-and-sum dB |\n|---|---|---|\n");
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
		double ours = beam_gain_db(arrays[i], BEAM_SUPERDIRECTIVE);
		double plain = beam_gain_db(arrays[i], BEAM_DELAY_AND_SUM);

		snprintf(name, sizeof(name), "beam: gain in white noise, %s", arrays[i]);
		figure_say(name, ours, "dB", &goals[i], FIGURE_HIGHER);
		fprintf(table, "| %s | %.1f | %.1f |\n", arrays[i], ours, plain);
	}
}

static void begin_table(FILE *table)
{
	fprintf(table, "| scene | | ERLE dB | from 1 to 2 s | loudest rest dBFS | near loss dB | "
		       "segmental SNR dB | the same against its voice alone | off -23 LUFS | "
		       "direction off | delay ms | us/10 ms | MB |\n"
		       "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
}

static void run_scene(const struct scene *scene, char **argv, FILE *table,
		      struct score scores[SYSTEM_COUNT])
{
	struct scene_sound sound;

	srandom(1);
	scene_simulate(scene, argv[1], &sound);
	for (int kind = 0; kind < SYSTEM_COUNT; kind++) {
		const char *name = system_name((enum system_kind)kind);

		run_system((enum system_kind)kind, &sound, &scores[kind]);
		print_row(table, scene->name, name, &scores[kind]);
		print_row(stdout, scene->name, name, &scores[kind]);
	}
	print_over_time(argv[2], scene->name, scores);
	scene_finish(&sound);
}

/* Returns the worst error of our direction. *ret_first: our scores in the first scene. */
static double run_scenes(const struct scene *scene, char **argv, FILE *table,
			 struct score *ret_first)
{
	struct score scores[SYSTEM_COUNT];
	double direction_deg = 0;
	bool is_first = true;

	for (begin_table(table); scene->name; scene++) {
		if (argv[3] && strcmp(argv[3], scene->name) != 0)
			continue;
		run_scene(scene, argv, table, scores);
		direction_deg = fmax(direction_deg, scores[SYSTEM_OURS].run.direction_deg);
		if (is_first)
			*ret_first = scores[SYSTEM_OURS];
		is_first = false;
	}
	return direction_deg;
}

int main(int argc, char **argv)
{
	struct score base = {0}, unused;
	double direction_deg;
	FILE *table;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: bench-sound SPEECH OUT [SCENE]\n");
		return 2;
	}
	table = open_out(argv[2], "table", ".md");
	direction_deg = run_scenes(scenes, argv, table, &base);
	fprintf(table, "\nRooms, places and voices that nothing is tuned on:\n\n");
	direction_deg = fmax(direction_deg, run_scenes(held_out_scenes, argv, table, &unused));
	say_beam_gains(table);
	say_goals(&base, direction_deg);
	fclose(table);
	return EXIT_SUCCESS;
}
