/*
 * Judges what rooms show and play, for tests/qemu/run:
 *
 *   check strip ROOM PICTURE        the picture's time strip is that of the test camera ROOM; prints
 *                                   its time in µs, by the clock of that camera's machine
 *   check bars PICTURE              at the upper edge are the colour bars of vivid
 *   check differ PICTURE PICTURE    the upper left quarters differ
 *   check tone ROOM SAMPLES         a whole second has the steady tone of the test microphone ROOM,
 *                                   and no other's; a file of 16-bit mono, 48 kHz
 *   check hz ROOM                   prints that tone's frequency
 *
 * Ends with 0 for yes, 1 for no and why.
 */
#include <inttypes.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "camera/timestrip.h"
#include "drivers/mic_test.h"
#include "tests/fake/sound_marks.h"

#define TONE_FRAMES 48000
#define TONE_DBFS_MIN (-40.0)
#define TONE_ABOVE_OTHERS_DB 20.0
#define COLOUR_TOLERANCE 48
#define N_BARS 8

/* Decodes the only picture of an open file; NULL where there is none. */
static AVFrame *decode(AVFormatContext *file, AVCodecContext *decoder)
{
	AVPacket *packet = av_packet_alloc();
	AVFrame *frame = av_frame_alloc();

	if (!packet || !frame || av_read_frame(file, packet) < 0 ||
	    avcodec_send_packet(decoder, packet) < 0 || avcodec_send_packet(decoder, NULL) < 0 ||
	    avcodec_receive_frame(decoder, frame) < 0)
		av_frame_free(&frame);
	av_packet_free(&packet);
	return frame;
}

static AVFrame *to_bgr0(const AVFrame *picture)
{
	struct SwsContext *scaler =
		sws_getContext(picture->width, picture->height, picture->format, picture->width,
			       picture->height, AV_PIX_FMT_BGR0, SWS_POINT, NULL, NULL, NULL);
	AVFrame *result = av_frame_alloc();

	if (!scaler || !result || sws_scale_frame(scaler, result, picture) < 0)
		av_frame_free(&result);
	sws_freeContext(scaler);
	return result;
}

/* The picture of a PNG file as BGR0; the caller frees it. Ends the program where there is none. */
static AVFrame *load(const char *path)
{
	AVFormatContext *file = NULL;
	AVCodecContext *decoder = NULL;
	const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_PNG);
	AVFrame *decoded = NULL;
	AVFrame *picture = NULL;

	if (avformat_open_input(&file, path, NULL, NULL) == 0)
		decoder = avcodec_alloc_context3(codec);
	if (decoder && avcodec_open2(decoder, codec, NULL) == 0)
		decoded = decode(file, decoder);
	if (decoded)
		picture = to_bgr0(decoded);
	av_frame_free(&decoded);
	avcodec_free_context(&decoder);
	avformat_close_input(&file);
	if (!picture) {
		fprintf(stderr, "%s: no picture\n", path);
		exit(1);
	}
	return picture;
}

/* The number of a test room. Ends the program where it is none. */
static unsigned int room_number(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || number >= MIC_TEST_ROOMS) {
		fprintf(stderr, "%s: no room of 0 to %d\n", text, MIC_TEST_ROOMS - 1);
		exit(2);
	}
	return (unsigned int)number;
}

static bool strip(unsigned int room, const char *path)
{
	AVFrame *picture = load(path);
	struct timestrip_rect all = {.width = picture->width, .height = picture->height};
	struct timestrip found = {0};
	int error = timestrip_read(picture->data[0], (size_t)picture->linesize[0], TIMESTRIP_BGR0,
				   &all, &found);

	av_frame_free(&picture);
	if (error)
		fprintf(stderr, "%s: no time strip: %s\n", path, strerror(-error));
	else if (found.tag != room)
		fprintf(stderr, "%s: the strip is that of room %d\n", path, found.tag);
	else
		printf("%" PRId64 "\n", found.time_us);
	return !error && found.tag == room;
}

/* Blue, green, red; 75 % of full. */
static const int bar_colours[N_BARS][3] = {
	{191, 191, 191}, {0, 191, 191}, {191, 191, 0}, {0, 191, 0},
	{191, 0, 191},   {0, 0, 191},   {191, 0, 0},   {0, 0, 0},
};

/* Above vivid's text and all that a screen lays over a picture. */
static bool is_bar(const AVFrame *picture, int bar)
{
	int x = (2 * bar + 1) * picture->width / (2 * N_BARS);
	int y = picture->height / 45;
	const uint8_t *pixel =
		picture->data[0] + (ptrdiff_t)y * picture->linesize[0] + (ptrdiff_t)4 * x;
	const int *wanted = bar_colours[bar];

	for (int i = 0; i < 3; i++) {
		if (abs(pixel[i] - wanted[i]) > COLOUR_TOLERANCE) {
			fprintf(stderr, "bar %d at %d,%d is %d,%d,%d, not %d,%d,%d\n", bar, x, y,
				pixel[2], pixel[1], pixel[0], wanted[2], wanted[1], wanted[0]);
			return false;
		}
	}
	return true;
}

static bool bars(const char *path)
{
	AVFrame *picture = load(path);
	bool all = true;

	for (int bar = 0; bar < N_BARS; bar++)
		all = is_bar(picture, bar) && all;
	av_frame_free(&picture);
	return all;
}

static bool quarters_differ(const AVFrame *a, const AVFrame *b)
{
	if (a->width != b->width || a->height != b->height)
		return false;
	for (int y = 0; y < a->height / 2; y++) {
		if (memcmp(a->data[0] + (ptrdiff_t)y * a->linesize[0],
			   b->data[0] + (ptrdiff_t)y * b->linesize[0], (size_t)a->width * 2) != 0)
			return true;
	}
	return false;
}

static bool differ(const char *path_a, const char *path_b)
{
	AVFrame *a = load(path_a);
	AVFrame *b = load(path_b);
	bool result = quarters_differ(a, b);

	av_frame_free(&a);
	av_frame_free(&b);
	if (!result)
		fprintf(stderr, "%s and %s show the same, or have two sizes\n", path_a, path_b);
	return result;
}

/* The samples of a file, *ret_count of them; the caller frees them. NULL where there are none. */
static float *read_samples(const char *path, size_t *ret_count)
{
	FILE *file = fopen(path, "rbe");
	struct stat info;
	float *samples = NULL;
	int16_t sample;

	*ret_count = 0;
	if (file && fstat(fileno(file), &info) == 0)
		samples = calloc((size_t)info.st_size / sizeof(sample) + 1, sizeof(*samples));
	while (samples && *ret_count < (size_t)info.st_size / sizeof(sample) &&
	       fread(&sample, sizeof(sample), 1, file) == 1)
		samples[(*ret_count)++] = (float)sample / 32768.0F;
	if (file)
		fclose(file);
	return samples;
}

static bool only_tone(const float *samples, unsigned int room)
{
	double level = sound_marks_tone_dbfs(samples, TONE_FRAMES, room);

	if (level < TONE_DBFS_MIN)
		return false;
	for (unsigned int other = 0; other < MIC_TEST_ROOMS; other++) {
		if (other != room && sound_marks_tone_dbfs(samples, TONE_FRAMES, other) >
					     level - TONE_ABOVE_OTHERS_DB)
			return false;
	}
	return true;
}

static bool tone(unsigned int room, const char *path)
{
	size_t count;
	float *samples = read_samples(path, &count);
	bool found = false;

	for (size_t i = 0; !found && i + TONE_FRAMES <= count; i += TONE_FRAMES / 4)
		found = only_tone(samples + i, room);
	free(samples);
	if (!found)
		fprintf(stderr, "%s: no tone of room %u in %zu s\n", path, room, count / 48000);
	return found;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 4 && strcmp(what, "strip") == 0)
		return strip(room_number(argv[2]), argv[3]) ? 0 : 1;
	if (argc == 3 && strcmp(what, "bars") == 0)
		return bars(argv[2]) ? 0 : 1;
	if (argc == 4 && strcmp(what, "differ") == 0)
		return differ(argv[2], argv[3]) ? 0 : 1;
	if (argc == 4 && strcmp(what, "tone") == 0)
		return tone(room_number(argv[2]), argv[3]) ? 0 : 1;
	if (argc == 3 && strcmp(what, "hz") == 0)
		return printf("%.1f\n", mic_test_tone_hz(room_number(argv[2]))) > 0 ? 0 : 1;
	fprintf(stderr, "check strip|bars|differ|tone|hz …: see check.c\n");
	return 2;
}
